"""What each event adds to the sums of its window, and which rows a window leaves when it ends."""

from __future__ import annotations

import pytest

from hive_console.core import open_windows
from hive_console.core.outcome import JUDGEMENTS, OutcomeKind, Verdict
from hive_console.core.rollup import Sums
from hive_console.core.states import BreakerState, ModelStatus, OperationResult
from tests.core.rolled_rows import (
    DAY,
    HOUR,
    MIDNIGHT,
    MINUTE,
    TEN,
    Recorded,
    attempt,
    breaker,
    failover,
    instant,
    operation,
    probe,
    recovered,
    reloaded,
    started,
    status,
    stopped,
)
from tests.core.samples import every_event

S = ModelStatus
K = OutcomeKind


def running(*models: str) -> Recorded:
    """An engine that started at midnight."""
    return Recorded().observe(started(0, *(models or ("a",))))


# --- what events add -----------------------------------------------------------------------------


def test_a_good_answer_is_a_call_with_its_times_and_tokens() -> None:
    recorded = running().observe(
        attempt(1, latency=0.5, first_token=0.125, tokens=(100, 20)),
        attempt(2, latency=2.0, tokens=(1, None)),
        attempt(3, latency=1.0, number=2),
    )

    recorded.close(10)

    sums = recorded.sums(TEN, 0)
    assert (sums.calls, sums.failed, sums.neutral, sums.retries) == (3, 0, 0, 1)
    assert (sums.latency_us, sums.latency_min_us, sums.latency_max_us) == (3_500_000, 500_000, 2_000_000)
    assert sums.latency.count == 3
    assert sums.latency.quantile(1.0) == pytest.approx(2.0, rel=0.01)
    assert (sums.first_tokens, sums.first_token_us, sums.first_token.count) == (1, 125_000, 1)
    assert (sums.read_tokens, sums.written_tokens) == (101, 20)


def test_what_calls_cost_is_summed_up_where_it_is_known() -> None:
    recorded = running().observe(attempt(1, cost=300), attempt(2, K.TIMED_OUT, cost=20), attempt(3))

    recorded.close(10)

    assert recorded.sums(TEN, 0).cost == 320


@pytest.mark.parametrize("kind", [kind for kind in K if kind is not K.SUCCESS])
def test_a_bad_end_counts_as_the_taxonomy_judges_it_and_has_no_latency(kind: OutcomeKind) -> None:
    recorded = running().observe(attempt(1, kind, tokens=(7, 1)))

    recorded.close(10)

    sums = recorded.sums(TEN, 0)
    is_failure = JUDGEMENTS[kind].verdict is Verdict.FAILURE
    assert (sums.calls, sums.failed, sums.neutral) == (1, int(is_failure), int(not is_failure))
    assert (sums.latency.count, sums.latency_min_us, sums.latency_us) == (0, None, 0)
    assert (sums.read_tokens, sums.written_tokens) == (7, 1)


def test_of_failures_those_that_took_too_long_and_of_refusals_those_for_the_rate_are_counted_apart() -> None:
    recorded = running().observe(*(attempt(1, kind) for kind in K))

    recorded.close(10)

    assert (recorded.sums(TEN, 0).timeouts, recorded.sums(TEN, 0).throttled) == (3, 1)


def test_operations_are_told_of_the_model_that_was_asked() -> None:
    recorded = running("a", "b").observe(*(operation(1, result) for result in OperationResult))
    recorded.observe(operation(2, served_by="b", is_degraded=True))

    recorded.close(10)

    sums = recorded.sums(TEN, 0)
    assert (sums.operations, sums.answered, sums.unanswered, sums.degraded) == (6, 2, 2, 1)
    assert recorded.sums(TEN, 0, "b").operations == 0


def test_a_failover_is_told_of_both_models() -> None:
    recorded = running("a", "b").observe(failover(1))

    recorded.close(10)

    assert (recorded.sums(TEN, 0, "a").moved_out, recorded.sums(TEN, 0, "a").moved_in) == (1, 0)
    assert (recorded.sums(TEN, 0, "b").moved_out, recorded.sums(TEN, 0, "b").moved_in) == (0, 1)


def test_health_checks_are_no_calls() -> None:
    recorded = running().observe(probe(1), probe(2, K.TIMED_OUT), probe(3, K.RATE_LIMITED))

    recorded.close(10)

    sums = recorded.sums(TEN, 0)
    assert (sums.calls, sums.probes, sums.probes_failed, sums.probe_us) == (0, 3, 1, 250_000)


def test_recoveries_and_how_long_they_took() -> None:
    recorded = running().observe(recovered(1, down_for=12.3456), recovered(2, down_for=1.0))

    recorded.close(10)

    assert (recorded.sums(TEN, 0).recoveries, recorded.sums(TEN, 0).recovery_ms) == (2, 13_346)


def test_time_with_a_status_is_known_time_to_the_millisecond() -> None:
    recorded = running().observe(
        status(1.0004, S.AVAILABLE), status(3.0016, S.UNAVAILABLE), status(4, S.DEGRADED), status(9, S.UNKNOWN)
    )

    recorded.close(10)

    assert (recorded.sums(TEN, 0).known_ms, recorded.sums(TEN, 0).available_ms) == (8_000, 7_001)
    assert recorded.sums(TEN, 0).status is S.UNKNOWN


def test_an_idle_model_has_a_minute_and_no_ten_seconds() -> None:
    recorded = running().observe(status(1, S.AVAILABLE))

    recorded.close(120)

    assert recorded.begins(TEN) == [0]
    assert recorded.begins(MINUTE) == [0, 60]
    assert [recorded.sums(MINUTE, begin).known_ms for begin in (0, 60)] == [59_000, 60_000]
    assert recorded.sums(MINUTE, 60).status is S.AVAILABLE


def test_a_breaker_that_moved_is_told_until_the_engine_starts_again() -> None:
    recorded = running().observe(breaker(1, BreakerState.OPEN))
    recorded.close(60)
    recorded.observe(started(61, "a"))
    recorded.close(120)

    assert recorded.sums(TEN, 0).breaker is recorded.sums(MINUTE, 0).breaker is BreakerState.OPEN
    assert recorded.sums(MINUTE, 60).breaker is None


def test_a_model_that_nobody_configured_has_counts_and_no_status() -> None:
    recorded = running().observe(attempt(1, model="x"))

    recorded.close(120)

    assert recorded.begins(MINUTE, "x") == [0]
    assert (recorded.sums(MINUTE, 0, "x").calls, recorded.sums(MINUTE, 0, "x").status) == (1, None)


def test_a_status_of_a_model_nobody_told_of_makes_it_known() -> None:
    recorded = Recorded().observe(status(1, S.AVAILABLE), breaker(2, BreakerState.OPEN, "b"))

    recorded.close(60)

    assert recorded.sums(MINUTE, 0).known_ms == 59_000
    assert recorded.sums(MINUTE, 0, "b").status is S.UNKNOWN


def test_a_reload_lets_models_join_and_leave() -> None:
    recorded = running("a", "b").observe(
        status(0, S.AVAILABLE), status(0, S.AVAILABLE, "b"), reloaded(15, "b", "c"), reloaded(16)
    )

    recorded.close(120)

    assert (recorded.sums(TEN, 10).known_ms, recorded.sums(TEN, 10).status) == (5_000, None)
    assert (recorded.sums(MINUTE, 0).known_ms, recorded.sums(MINUTE, 0).status) == (15_000, None)
    assert recorded.begins(MINUTE) == [0]
    assert recorded.sums(MINUTE, 60, "b").known_ms == 60_000
    assert (recorded.sums(TEN, 10, "c").status, recorded.sums(MINUTE, 60, "c").known_ms) == (S.UNKNOWN, 0)


def test_after_a_stop_nothing_is_known() -> None:
    recorded = running().observe(status(0, S.AVAILABLE), stopped(15))

    recorded.close(120)

    assert (recorded.sums(TEN, 10).known_ms, recorded.sums(TEN, 10).status) == (5_000, None)
    assert recorded.begins(MINUTE) == [0]


def test_a_start_without_a_stop_ends_what_is_known_at_the_latest_event() -> None:
    recorded = running().observe(status(0, S.AVAILABLE), attempt(3), started(42, "a"))

    recorded.close(60)

    assert recorded.begins(TEN) == [0, 40]
    assert recorded.sums(TEN, 0).status is None
    assert recorded.sums(MINUTE, 0).known_ms == 3_000


def test_a_start_in_the_same_window_ends_what_is_known_as_well() -> None:
    recorded = running().observe(status(0, S.AVAILABLE), attempt(3), started(7, "a"))

    recorded.close(10)

    assert (recorded.sums(TEN, 0).known_ms, recorded.sums(TEN, 0).status) == (3_000, S.UNKNOWN)


def test_an_interruption_is_told_before_windows_are_closed() -> None:
    recorded = running().observe(status(0, S.AVAILABLE), attempt(3))

    recorded.rollups.interrupt()
    recorded.close(60)

    assert (recorded.sums(MINUTE, 0).known_ms, recorded.sums(MINUTE, 0).status) == (3_000, None)


def test_any_event_may_be_observed() -> None:
    recorded = Recorded()
    for number, event in enumerate(every_event()):
        recorded.rollups.observe(event, instant(0) + number)

    recorded.close(60)

    assert sum(sums.calls for sums in (row.sums for row in recorded.disk.values() if row.tier is MINUTE)) == 1


# --- windows that end ----------------------------------------------------------------------------


def test_a_window_ends_with_the_first_instant_that_is_not_in_it() -> None:
    recorded = running().observe(attempt(9.999_999))

    assert recorded.close(9.999_999) == []
    recorded.observe(attempt(10))
    assert [row.sums.calls for row in recorded.close(10) if row.tier is TEN] == [1]
    assert [row.sums.calls for row in recorded.close(20) if row.tier is TEN] == [1]


def test_a_row_that_was_handed_out_never_changes() -> None:
    recorded = running().observe(status(0, S.AVAILABLE), attempt(1))
    rows = recorded.close(60)
    before = [(row.tier, row.sums.copy()) for row in rows]

    recorded.observe(attempt(61), attempt(59), status(62, S.UNAVAILABLE))
    recorded.close(7_200)

    assert [(row.tier, row.sums) for row in rows] == before
    assert recorded.sums(HOUR, 0).calls == 3


def test_each_minute_tells_of_the_open_hour_and_day() -> None:
    recorded = running().observe(attempt(1))
    first = {row.tier: row.sums.calls for row in recorded.close(60)}
    recorded.observe(attempt(61), attempt(62))
    second = {row.tier: row.sums.calls for row in recorded.close(120)}

    assert first == {TEN: 1, MINUTE: 1, HOUR: 1, DAY: 1}
    assert second == {TEN: 2, MINUTE: 2, HOUR: 3, DAY: 3}
    assert recorded.close(120) == []


def test_hours_and_days_begin_anew() -> None:
    recorded = running()
    for hour in range(25):
        recorded.observe(*(attempt(hour * 3_600 + minute * 600 + 1) for minute in range(6)))

    recorded.close(90_000)

    assert [recorded.sums(HOUR, hour * 3_600).calls for hour in range(25)] == [6] * 25
    assert [recorded.sums(DAY, day).calls for day in (0, 86_400)] == [144, 6]


def test_a_model_that_left_long_ago_is_not_told_of_each_minute() -> None:
    recorded = running("a", "b").observe(reloaded(5, "b"))
    recorded.close(60)

    assert {row.model for row in recorded.close(120)} == {"b"}


def test_after_an_hour_without_a_word_there_are_windows_only_where_it_began_and_ended() -> None:
    recorded = running().observe(status(0, S.AVAILABLE), attempt(65))
    awake = 3 * 86_400 + 7_275.0

    recorded.close(awake)
    recorded.observe(attempt(awake + 1))
    recorded.close(awake + 60)

    woken = int(awake) // 10 * 10
    assert recorded.begins(TEN) == [0, 60, woken - 10, woken]
    assert recorded.begins(MINUTE) == [0, 60, woken // 60 * 60]
    assert recorded.begins(HOUR) == [0, woken // 3_600 * 3_600]
    assert recorded.begins(DAY) == [0, 3 * 86_400]
    assert recorded.sums(DAY, 0).known_ms == 70_000
    assert recorded.sums(MINUTE, woken // 60 * 60).known_ms == (woken // 60 * 60 + 60 - woken) * 1_000
    assert (recorded.sums(TEN, woken - 10).known_ms, recorded.sums(TEN, woken - 10).status) == (0, S.AVAILABLE)


def test_a_leap_inside_a_day_leaves_the_day_open() -> None:
    recorded = running().observe(attempt(5))
    recorded.close(7_200)
    recorded.observe(attempt(7_201))
    recorded.close(7_260)

    assert recorded.sums(DAY, 0).calls == 2
    assert recorded.begins(MINUTE) == [0, 7_140, 7_200]


def test_an_hour_without_a_word_is_no_leap() -> None:
    recorded = running().observe(status(0, S.AVAILABLE))

    recorded.close(3_600)

    assert len(recorded.begins(MINUTE)) == 60
    assert recorded.sums(HOUR, 0).known_ms == 3_600_000


# --- stopping and going on -----------------------------------------------------------------------


def test_an_orderly_stop_tells_of_all_open_windows() -> None:
    recorded = running("a", "b").observe(status(0, S.AVAILABLE), status(0, S.AVAILABLE, "b"))
    recorded.close(60)
    recorded.observe(attempt(61), attempt(72, model="x"))

    rows = recorded.stop(75)

    assert recorded.sums(TEN, 70, "x").calls == recorded.sums(DAY, 0, "x").calls == 1
    assert [recorded.sums(tier, begin).known_ms for tier, begin in ((MINUTE, 60), (HOUR, 0), (DAY, 0))] == [
        15_000,
        75_000,
        75_000,
    ]
    assert recorded.begins(TEN, "b") == [0]
    assert recorded.sums(DAY, 0, "b").known_ms == 75_000
    assert len(rows) == len({(row.tier, row.begin, row.model) for row in rows})


def test_telling_how_it_stands_changes_nothing() -> None:
    looked_at = running().observe(status(0, S.AVAILABLE), attempt(1))
    looked_at.stop(5)
    left_alone = running().observe(status(0, S.AVAILABLE), attempt(1))

    assert looked_at.close(7_200) == left_alone.close(7_200)


def test_going_on_needs_the_minute_before_to_know_what_each_model_was() -> None:
    first = running().observe(status(0, S.AVAILABLE))
    for until in (1_800, 3_600, 3_630):
        first.close(until)

    rows = [row for row in first.disk.values() if row.tier is MINUTE and row.begin == MIDNIGHT + 3_540]
    resumed = Recorded(3_630, rows)
    resumed.close(3_660)
    blind = Recorded(3_630)
    blind.close(3_660)

    assert resumed.sums(MINUTE, 3_600).known_ms == 60_000
    assert blind.disk == {}


def test_ten_seconds_refill_the_minute_with_what_lay_between_them() -> None:
    first = running().observe(status(2, S.AVAILABLE), status(33, S.UNAVAILABLE))
    first.close(50)

    resumed = Recorded(50, first.disk.values())
    resumed.close(60)

    assert (resumed.sums(MINUTE, 0).known_ms, resumed.sums(MINUTE, 0).available_ms) == (58_000, 31_000)


def test_a_model_that_left_is_taken_back_with_its_counts_only() -> None:
    first = running("a", "b").observe(status(0, S.AVAILABLE), attempt(1), reloaded(12, "b"))
    first.close(20)

    resumed = Recorded(20, first.disk.values())
    resumed.close(60)

    assert (resumed.sums(MINUTE, 0).calls, resumed.sums(MINUTE, 0).known_ms) == (1, 12_000)
    assert resumed.sums(MINUTE, 0).status is None


def test_open_windows_as_they_stood_are_not_counted_twice() -> None:
    first = running().observe(attempt(1), attempt(61), attempt(3_601), attempt(3_661), attempt(3_671))
    first.close(3_680)

    resumed = Recorded(3_680, first.disk.values())
    resumed.close(3_720)

    assert (resumed.sums(MINUTE, 3_660).calls, resumed.sums(HOUR, 3_600).calls) == (2, 3)
    assert resumed.sums(DAY, 0).calls == 5


def test_an_orderly_stop_and_a_kill_in_one_minute_count_everything_once() -> None:
    first = running().observe(attempt(3_601), attempt(3_661, latency=9.0))
    first.close(3_660)
    first.stop(3_662.5)
    second = Recorded(3_662.5, first.disk.values()).observe(attempt(3_663), attempt(3_675))
    second.close(3_670)

    third = Recorded(3_670, second.disk.values()).observe(attempt(3_675))
    third.close(3_720)

    whole = running().observe(
        *(attempt(at, latency=9.0 if at == 3_661 else 1.0) for at in (3_601, 3_661, 3_663, 3_675))
    )
    whole.close(3_720)
    for tier, begin in ((MINUTE, 3_660), (HOUR, 3_600), (DAY, 0)):
        got, true = third.sums(tier, begin), whole.sums(tier, begin)
        assert (got.calls, got.latency_us, got.latency) == (true.calls, true.latency_us, true.latency)
        assert (got.latency_min_us, got.latency_max_us) == (true.latency_min_us, true.latency_max_us)


# --- bounds --------------------------------------------------------------------------------------


def test_one_model_too_many_is_counted_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_windows, "MAX_MODELS", 2)
    recorded = running("a", "b", "c")
    told = (attempt(1, model="c"), operation(1, model="c"), probe(1, model="c"), recovered(1, "c"))

    recorded.observe(*told, status(1, S.AVAILABLE, "c"), breaker(1, BreakerState.OPEN, "c"), failover(1, "c", "d"))
    recorded.stop(5)

    assert {model for _, _, model in recorded.disk} == {"a", "b"}
    assert recorded.rollups.left_out == 9


def test_one_model_too_many_is_not_taken_back_either(monkeypatch: pytest.MonkeyPatch) -> None:
    first = running("a", "b")
    first.close(60)
    monkeypatch.setattr(open_windows, "MAX_MODELS", 1)

    rows = Recorded(60, first.disk.values()).stop(70)

    assert {row.model for row in rows} == {"a"}


def test_there_is_room_for_others_on_another_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_windows, "MAX_MODELS", 1)
    recorded = Recorded().observe(attempt(1), attempt(2, model="b"))
    recorded.close(86_400)

    recorded.observe(attempt(86_401, model="b"))
    recorded.close(86_460)

    assert recorded.sums(DAY, 86_400, "b").calls == 1


def test_rows_that_nobody_fetches_are_lost_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_windows, "MAX_WAITING", 5)
    recorded = running()

    rows = recorded.close(600)

    assert [(row.tier, row.begin - MIDNIGHT) for row in rows] == [
        (MINUTE, 420),
        (MINUTE, 480),
        (MINUTE, 540),
        (HOUR, 0),
        (DAY, 0),
    ]
    assert recorded.rollups.lost == 8


def test_an_open_hour_that_nobody_fetches_waits_once() -> None:
    recorded = running()
    for minute in range(5):
        recorded.observe(attempt(minute * 60 + 61))

    rows = recorded.close(360)

    assert [row.sums.calls for row in rows if row.tier is HOUR] == [5]


def test_an_event_before_the_open_window_is_counted_in_it() -> None:
    recorded = running()
    recorded.close(10)

    recorded.observe(attempt(9), status(9, S.AVAILABLE))
    recorded.close(20)

    assert recorded.sums(TEN, 10) == Sums(
        calls=1,
        latency_us=1_000_000,
        latency_min_us=1_000_000,
        latency_max_us=1_000_000,
        latency=recorded.sums(TEN, 10).latency,
        known_ms=10_000,
        available_ms=10_000,
        status=S.AVAILABLE,
    )


# --- in parts ------------------------------------------------------------------------------------


def test_a_minute_is_added_up_in_as_small_parts_as_one_wants() -> None:
    recorded = running("a", "b", "c").observe(*(attempt(1, model=model) for model in "abc"))
    rolls = recorded.rollups

    rolls.turn(instant(60))

    assert [rolls.advance(2), rolls.advance(2), rolls.advance(2)] == [False, True, True]
    rows = [(row.tier, row.model) for row in rolls.fetch()]
    assert sorted(row for row in rows if row[0] is not TEN) == [
        (tier, model) for tier in (MINUTE, HOUR, DAY) for model in "abc"
    ]


def test_what_happens_meanwhile_is_none_of_the_minute_that_is_added_up() -> None:
    recorded = running("a", "b")
    recorded.rollups.turn(instant(60))
    recorded.rollups.advance(1)
    recorded.observe(status(61, S.UNAVAILABLE, "b"), attempt(62, model="b"))

    recorded.close(70)

    assert recorded.sums(MINUTE, 0, "b").status is S.UNKNOWN
    assert recorded.sums(HOUR, 0, "b").calls == 0
    recorded.close(120)
    assert recorded.sums(HOUR, 0, "b").calls == 1


def test_a_model_that_left_is_told_with_the_minute_after_its_own() -> None:
    recorded = running("a", "b").observe(attempt(1, model="b"), reloaded(2, "a"))

    recorded.close(150)

    assert recorded.sums(HOUR, 0, "b").calls == 1
