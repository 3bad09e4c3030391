"""Outages out of events: when they began and ended, who served, whose word it was."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core import outages
from hive_console.core.outages import STAND_INS, Outage, OutageBook
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.store import FleetAt, ModelAt
from tests.recordings.evening import an_evening

T0 = 1_790_000_000.0


def status(at: float, new: ModelStatus, model: str = "a", cause: str = "5 failures") -> e.StatusChanged:
    return e.StatusChanged(at=T0 + at, model=model, old=ModelStatus.UNKNOWN, new=new, cause=cause)


def moved(at: float, new: str | None, model: str = "a") -> e.TrafficMoved:
    return e.TrafficMoved(at=T0 + at, model=model, old=None, new=new)


def isolated(at: float) -> e.BreakerChanged:
    return e.BreakerChanged(
        at=T0 + at, model="a", old=BreakerState.CLOSED, new=BreakerState.ISOLATED, cause="by hand"
    )


DOWN, UP = status(10, ModelStatus.UNAVAILABLE), status(70, ModelStatus.AVAILABLE)


def told(*events: e.Event, fleet: FleetAt | None = None) -> tuple[Outage, ...]:
    book = OutageBook(fleet or FleetAt(at=T0))
    for event in events:
        book.observe(event)
    return book.outages()


def test_an_outage_lasts_from_unavailable_to_the_next_status() -> None:
    (outage,) = told(*sorted(an_evening(T0), key=lambda event: event.at))

    assert (outage.model, outage.begin, outage.end) == ("gpt-5", T0 + 1200, T0 + 1500)
    assert outage.cause == "breaker open: 5 failures"
    assert outage.served_by == ("claude-4-sonnet",)
    assert not outage.had_nobody


def test_one_that_began_before_the_window_is_told_from_its_beginning() -> None:
    model = ModelAt(
        model="a", status=ModelStatus.UNAVAILABLE, status_since=T0 - 60, status_cause="refused", serving="b"
    )

    (outage,) = told(UP, fleet=FleetAt(at=T0, models=(model, ModelAt(model="b"))))

    assert (outage.begin, outage.end, outage.cause, outage.served_by) == (T0 - 60, T0 + 70, "refused", ("b",))


def test_one_whose_beginning_nobody_knows_begins_with_the_window() -> None:
    (outage,) = told(fleet=FleetAt(at=T0, models=(ModelAt(model="a", status=ModelStatus.UNAVAILABLE),)))

    assert (outage.begin, outage.end) == (T0, None)
    assert outage.within(T0, T0 + 30) == 30


def test_a_restart_ends_no_outage() -> None:
    start = e.EngineStarted(at=T0 + 20, version="1", models=("a", "b"))

    (outage,) = told(DOWN, start, status(21, ModelStatus.UNAVAILABLE), UP)

    assert (outage.begin, outage.end) == (T0 + 10, T0 + 70)


@pytest.mark.parametrize(
    "event",
    [
        e.EngineStarted(at=T0 + 30, version="1", models=("b",)),
        e.SettingsReloaded(at=T0 + 30, source="hive.yaml", models=("b",)),
    ],
)
def test_a_model_that_left_the_settings_is_not_down_any_more(event: e.Event) -> None:
    (outage,) = told(DOWN, event)

    assert outage.end == T0 + 30


def test_a_reload_that_names_no_models_ends_nothing() -> None:
    (outage,) = told(DOWN, e.SettingsReloaded(at=T0 + 30, source="hive.yaml"))

    assert outage.end is None


def test_who_served_is_told_in_order_once_each_and_bounded() -> None:
    events = (
        DOWN,
        moved(11, "b"),
        moved(12, None),
        moved(13, "b"),
        moved(14, "a"),
        *(moved(15, f"m{n}") for n in range(9)),
    )

    (outage,) = told(*events)

    assert outage.served_by[:2] == ("b", "m0")
    assert len(outage.served_by) == STAND_INS
    assert outage.had_nobody


def test_a_word_by_hand_begins_and_ends_one() -> None:
    back = e.ModelRecovered(at=T0 + 70, model="a", down_for=60.0, by_operator=True)

    (begun,) = told(isolated(9), DOWN)
    (ended,) = told(DOWN, UP, back)

    assert begun.is_by_hand
    assert not begun.ended_by_hand
    assert ended.ended_by_hand
    assert not ended.is_by_hand


def test_a_model_that_was_isolated_before_the_window_is_down_by_hand() -> None:
    model = ModelAt(model="a", status=ModelStatus.UNAVAILABLE, breaker=BreakerState.ISOLATED)
    free = e.BreakerChanged(at=T0 + 1, model="a", old=BreakerState.ISOLATED, new=BreakerState.CLOSED, cause="reset")

    first, second = told(free, UP, status(80, ModelStatus.UNAVAILABLE), fleet=FleetAt(at=T0, models=(model,)))

    assert (first.is_by_hand, second.is_by_hand) == (True, False)


def test_a_recovery_of_a_model_that_was_never_down_is_no_outage() -> None:
    back = e.ModelRecovered(at=T0 + 70, model="a", down_for=60.0, by_operator=True)

    assert told(back, status(80, ModelStatus.AVAILABLE), e.EngineStopped(at=T0 + 90)) == ()


def test_of_too_many_the_oldest_that_are_over_are_counted_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "MOST_OUTAGES", 2)
    book = OutageBook(FleetAt(at=T0))

    for number in range(3):
        book.observe(status(number, ModelStatus.UNAVAILABLE, "kept"))
        book.observe(status(100 + number, ModelStatus.UNAVAILABLE))
        book.observe(status(150 + number, ModelStatus.AVAILABLE))
    book.observe(status(200, ModelStatus.UNAVAILABLE, "third"))
    book.observe(status(201, ModelStatus.UNAVAILABLE, "fourth"))

    assert [outage.model for outage in book.outages()] == ["kept", "third", "fourth"]
    assert book.forgotten == 3


def test_seconds_in_degraded_mode_are_those_of_the_window() -> None:
    entered = e.DegradedModeEntered(at=T0 + 100, available_share=0.5, threshold=0.6)
    left = e.DegradedModeLeft(at=T0 + 50, available_share=1.0, threshold=0.6, lasted=80.0)
    book = OutageBook(FleetAt(at=T0, is_degraded=True, degraded_since=T0 - 30))

    for event in (left, entered, entered):
        book.observe(event)

    assert book.degraded_for(T0, T0 + 120) == 70
    assert book.degraded_for(T0 - 100, T0 + 10) == 40


def test_degraded_mode_that_is_left_without_having_begun_is_none() -> None:
    book = OutageBook(FleetAt(at=T0))
    book.observe(e.DegradedModeLeft(at=T0 + 50, available_share=1.0, threshold=0.6, lasted=80.0))

    assert book.degraded_for(T0, T0 + 100) == 0
    assert OutageBook(FleetAt(at=T0, is_degraded=True)).degraded_for(T0, T0 + 10) == 10
