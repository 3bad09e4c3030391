"""The queue before the disk: one order, two bounds, and counts that always balance."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from hive_console.core.events import Event
from hive_storage.intake import Bounds, Intake
from hive_storage.request_rows import Taken
from tests.storage.support import T0, attempt, breaker


def _intake(bounds: Bounds, dropped: list[Taken], *, last_seq: int = 0) -> Intake:
    return Intake(bounds, last_seq=last_seq, on_drop=dropped.append)


def _events(batch: list[Taken]) -> list[Event]:
    return [event for _, _, event in batch]


def test_full_best_effort_lane_drops_its_oldest_and_keeps_the_others() -> None:
    dropped: list[Taken] = []
    intake = _intake(Bounds(best_effort=2, must_keep=9, batch=99), dropped)
    events = [breaker(0), attempt(1), attempt(2), breaker(3), attempt(4)]

    for event in events:
        intake.take(event)

    assert _events(dropped) == [attempt(1)]
    assert _events(intake.batch(intake.last_seq)) == [breaker(0), attempt(2), breaker(3), attempt(4)]


def test_must_keep_kinds_have_a_bound_of_their_own() -> None:
    dropped: list[Taken] = []
    intake = _intake(Bounds(best_effort=1, must_keep=2, batch=99), dropped)

    for number in range(3):
        intake.take(breaker(number))

    assert _events(dropped) == [breaker(0)]


def test_events_of_one_instant_keep_their_order_and_their_time() -> None:
    intake = _intake(Bounds(), [])

    for number in (1, 2, 3):
        intake.take(attempt(number, at=T0))

    taken = intake.batch(intake.last_seq)
    assert _events(taken) == [attempt(number, at=T0) for number in (1, 2, 3)]
    assert [seq - skew for seq, skew, _ in taken] == [round(T0 * 1e6)] * 3


def test_clock_that_was_set_back_between_runs_keeps_the_order() -> None:
    hour_ahead = round((T0 + 3600) * 1e6)
    intake = _intake(Bounds(), [], last_seq=hour_ahead)

    intake.take(attempt(0))

    ((seq, skew, _),) = intake.batch(intake.last_seq)
    assert seq == hour_ahead + 1
    assert seq - skew == round(T0 * 1e6)


def test_event_without_a_time_is_dropped_and_counted() -> None:
    dropped: list[Taken] = []
    intake = _intake(Bounds(), dropped)

    answers = [intake.take(attempt(1, at=at)) for at in (math.nan, math.inf)]

    assert answers == [None, None]
    assert (intake.taken, intake.dropped, intake.queued) == (2, 2, 0)


def test_batch_comes_again_until_it_is_settled() -> None:
    intake = _intake(Bounds(batch=2), [])
    for number in range(3):
        intake.take(attempt(number))

    first, again = intake.batch(intake.last_seq), intake.batch(intake.last_seq)
    intake.settle()
    second = intake.batch(intake.last_seq)

    assert first == again
    assert _events(first) == [attempt(0), attempt(1)]
    assert _events(second) == [attempt(2)]


def test_halving_finds_the_one_row_and_keeps_the_rest_in_order() -> None:
    dropped: list[Taken] = []
    intake = _intake(Bounds(), dropped)
    for number in range(7):
        intake.take(attempt(number))
    written: list[Event] = []

    while batch := intake.batch(intake.last_seq):
        if attempt(4) in _events(batch):
            intake.halve()
        else:
            written += _events(batch)
            intake.settle()

    assert written == [attempt(number) for number in (0, 1, 2, 3, 5, 6)]
    assert _events(dropped) == [attempt(4)]
    assert (intake.recorded, intake.dropped, intake.queued) == (6, 1, 0)


@given(st.lists(st.sampled_from(["attempt", "breaker", "batch", "settle", "halve", "nan"]), max_size=60))
def test_recorded_dropped_and_queued_are_all_that_was_taken(steps: list[str]) -> None:
    dropped: list[Taken] = []
    intake = _intake(Bounds(best_effort=3, must_keep=4, batch=3), dropped)

    for number, step in enumerate(steps):
        if step == "attempt":
            intake.take(attempt(number))
        elif step == "breaker":
            intake.take(breaker(number))
        elif step == "nan":
            intake.take(attempt(number, at=math.nan))
        elif intake.batch(intake.last_seq):
            {"batch": lambda: None, "settle": intake.settle, "halve": intake.halve}[step]()

        assert intake.recorded + intake.dropped + intake.queued == intake.taken
        assert len(dropped) == intake.dropped
        assert intake.queued <= 3 + 4 + 3

    lost = intake.give_up()
    assert intake.queued == 0
    assert intake.recorded + intake.dropped == intake.taken
    assert len(dropped) == intake.dropped >= lost
