"""A recording's answers as a fleet's view: what it tells is shown, what it does not tell is never made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.configured import ModelSetup
from hive_console.core.past import Past, PastFleet, TimeLine, past_of
from hive_console.core.playback import (
    MOST_MARKS,
    NOT_RECORDED,
    Reading,
    chart_window,
    fleet_of,
    gap_words,
    recent_window,
    time_line,
)
from hive_console.core.rollup import Sums
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import (
    ChannelView,
    FleetSnapshot,
    HoldView,
    MetricsView,
    ModelView,
    RouteView,
    SilenceView,
)
from hive_console.core.states import BreakerState, DegradationLevel, HoldKind, ModelStatus, Severity
from hive_console.core.store import FleetAt, Gap, GapCause, ModelAt, RouteAt, Run, Series
from tests.core.samples import alert_view

AT = 10_005.0
PAST = Past(name="incident.db", cursor=AT, line=TimeLine(begin=0.0, end=1.0), step=10.0, leap=600.0)


def shown(model: ModelAt | None = None, **reading: Any) -> ModelView:  # any field of the reading
    """The view of one model."""
    fleet = FleetAt(at=AT, models=(model or ModelAt(model="a"),))
    (view,) = fleet_of(Reading(fleet=fleet, **reading), PAST, sequence=1).models
    return view


def calls(good: int = 0, failed: int = 0, *, seconds: float = 1.0, **changes: Any) -> Sums:  # any field of the sums
    """Sums of so many calls, the good ones of equal length."""
    sums = Sums(calls=good + failed, failed=failed, latency_us=round(good * seconds * 1e6), **changes)
    for _ in range(good):
        sums.latency.add(seconds)
    return sums


def charted(*points: Sums | None, begin: float = 9_960.0) -> dict[str, Series]:
    return {"a": Series(begin=begin, step=10.0, points=points)}


# --- windows ---


def test_charts_end_with_the_last_whole_window_and_are_half_an_hour_long() -> None:
    assert chart_window(AT) == (10_000.0 - 1_800, 10_000.0)


def test_a_window_that_ends_at_the_instant_is_whole() -> None:
    assert chart_window(10_000.0)[1] == 10_000.0


def test_p95_and_error_rate_are_of_two_minutes() -> None:
    assert recent_window(AT) == (9_880.0, 10_000.0)


# --- the fleet ---


def test_what_the_fleet_was_is_shown() -> None:
    alert = alert_view()
    silence = SilenceView("S1", ("model=a",), by="ann", reason="x", begins=AT, until=AT + 60)
    channel = ChannelView("ops", "", waiting=1)
    fleet = FleetAt(
        at=AT,
        started_at=9_000.0,
        environment="prod",
        is_degraded=True,
        degraded_since=9_900.0,
        available_share=0.25,
        degraded_threshold=0.6,
        level=DegradationLevel.ESSENTIAL,
        alerts=(alert,),
        silences=(silence,),
        channels=(channel,),
        routes=(RouteAt(name="chat", primary="a", serving="b", fallbacks=("b", "c"), strategy=Strategy.FASTEST),),
    )

    view = fleet_of(Reading(fleet=fleet, metrics=MetricsView(operations=7)), PAST, sequence=3)

    assert (view.sequence, view.at, view.started_at, view.environment) == (3, AT, 9_000.0, "prod")
    assert (view.is_degraded, view.degraded_since, view.level) == (True, 9_900.0, DegradationLevel.ESSENTIAL)
    assert (view.available_share, view.degraded_threshold) == (0.25, 0.6)
    assert view.alerts == (alert,)
    assert (view.silences, view.channels) == ((silence,), (channel,))
    assert view.metrics.operations == 7
    assert view.routes == (RouteView("chat", "a", "b", Strategy.FASTEST, ("a", "b", "c")),)


def test_a_share_that_was_never_recorded_is_counted() -> None:
    models = (ModelAt(model="a", status=ModelStatus.UNAVAILABLE), ModelAt(model="b"))

    view = fleet_of(Reading(fleet=FleetAt(at=AT, models=models)), PAST, sequence=1)

    assert view.available_share == 0.5


def test_an_empty_fleet_lacks_nobody() -> None:
    assert fleet_of(Reading(fleet=FleetAt(at=AT)), PAST, sequence=1).available_share == 1.0


def test_the_view_says_where_it_is_from_and_a_live_one_does_not() -> None:
    view = fleet_of(Reading(fleet=FleetAt(at=AT)), PAST, sequence=1)

    assert past_of(view) is PAST
    assert past_of(FleetSnapshot(sequence=1, at=AT, started_at=AT, models=())) is None
    assert isinstance(view, PastFleet)


# --- a model ---


def test_what_a_model_was_is_shown() -> None:
    model = ModelAt(
        model="a",
        status=ModelStatus.UNAVAILABLE,
        status_since=9_900.0,
        status_cause="5 failures",
        breaker=BreakerState.OPEN,
        breaker_since=9_950.0,
        breaker_cause="timed out",
        open_until=10_010.0,
        consecutive_failures=5,
        ramp=0.25,
        pinned_to="b",
        is_frozen=True,
        frozen_until=11_000.0,
        serving="b",
        ejected_until=10_020.0,
        fault="refused key",
        last_check=9_990.0,
        last_error="boom",
    )

    view = shown(model)

    assert (view.status, view.status_since, view.status_cause) == (ModelStatus.UNAVAILABLE, 9_900.0, "5 failures")
    assert (view.breaker.state, view.breaker.since, view.breaker.open_until) == (
        BreakerState.OPEN,
        9_950.0,
        10_010.0,
    )
    assert (view.breaker.consecutive_failures, view.breaker.last_failure_cause) == (5, "timed out")
    assert (view.breaker.is_frozen, view.breaker.frozen_until, view.breaker.is_known) == (True, 11_000.0, True)
    assert (view.ramp, view.pinned_to, view.serving) == (0.25, "b", "b")
    assert (view.ejected_until, view.fault) == (10_020.0, "refused key")
    assert (view.last_health_check, view.last_error) == (9_990.0, "boom")


def test_how_a_model_was_configured_is_shown() -> None:
    setup = ModelSetup(
        provider="acme",
        fallbacks=("b", "c"),
        strategy=Strategy.WEIGHTED,
        weight=2.5,
        breaker_threshold=7,
        recovery_timeout=15.0,
        max_in_flight=40,
    )

    view = shown(ModelAt(model="a", setup=setup))

    assert view.is_setup_known
    assert (view.provider, view.fallbacks) == ("acme", ("b", "c"))
    assert (view.strategy, view.weight) == (Strategy.WEIGHTED, 2.5)
    assert (view.breaker.failure_threshold, view.breaker.recovery_timeout, view.max_in_flight) == (7, 15.0, 40)


def test_what_was_held_is_shown_and_a_weight_by_hand_counts() -> None:
    def held(target: str, detail: str) -> HoldView:
        return HoldView(HoldKind.WEIGHTED, target, "ann", AT - 60, detail=detail)

    known = ModelAt(model="a", setup=ModelSetup(weight=2.5))
    holds = (held("b", "9"), held("a", "4"))
    by_hand = fleet_of(Reading(fleet=FleetAt(at=AT, models=(known,), holds=holds)), PAST, sequence=1)
    unreadable = FleetAt(at=AT, models=(known,), holds=(held("a", "much"),))

    assert (by_hand.holds, by_hand.models[0].weight) == (holds, 4.0)
    assert fleet_of(Reading(fleet=unreadable), PAST, sequence=1).models[0].weight == 2.5


@pytest.mark.parametrize(("state", "is_known"), [(BreakerState.CLOSED, False), (BreakerState.OPEN, True)])
def test_failures_in_a_row_are_known_of_a_breaker_that_counts_no_more(
    state: BreakerState, *, is_known: bool
) -> None:
    assert shown(ModelAt(model="a", breaker=state)).breaker.is_count_known is is_known


@pytest.mark.parametrize(
    ("last_check", "points", "checked"),
    [
        (None, (calls(good=1), None, Sums()), 9_980.0),  # the end of its window
        (9_975.0, (calls(good=1), None, None), 9_980.0),
        (9_985.0, (calls(failed=1), None, None), 9_985.0),  # a later probe
        (9_950.0, (None, Sums(calls=2, neutral=2), Sums(probes=1)), 9_950.0),  # nothing judged
        (None, (None, None, None), None),
        (9_950.0, (None, None, calls(good=1), calls(good=1)), AT),  # never later than the instant
    ],
)
def test_last_check_is_the_last_probe_or_the_last_window_with_a_judged_call(
    last_check: float | None, points: tuple[Sums | None, ...], checked: float | None
) -> None:
    # A whole minute of windows, so that none of them is taken for a minute of which only the sum is left.
    chart = Series(begin=9_970.0, step=10.0, points=points)

    assert shown(ModelAt(model="a", last_check=last_check), charts={"a": chart}).last_health_check == checked


def test_what_is_not_told_is_unknown() -> None:
    view = shown()

    assert (view.status, view.status_cause) == (ModelStatus.UNKNOWN, NOT_RECORDED)
    assert not view.breaker.is_known
    assert not view.is_setup_known
    assert (view.provider, view.fallbacks, view.max_in_flight, view.breaker.failure_threshold) == ("", (), 0, 0)
    assert (view.p95, view.error_rate, view.availability, view.response_time) == (None, None, None, None)
    assert (view.response_times, view.error_rates) == ((), ())


def test_a_closed_breaker_counts_on_unrecorded_so_no_count_is_claimed() -> None:
    model = ModelAt(model="a", breaker=BreakerState.CLOSED, consecutive_failures=3, breaker_cause="trial succeeded")

    breaker = shown(model).breaker

    assert (breaker.consecutive_failures, breaker.last_failure_cause) == (0, "")


def test_requests_and_availability_are_of_the_engines_life() -> None:
    totals = {"a": Sums(calls=90, probes=10, known_ms=1_000, available_ms=750)}

    view = shown(totals=totals)

    assert (view.requests, view.availability) == (100, 0.75)


# --- figures ---


def test_p95_and_error_rate_come_from_the_last_two_minutes() -> None:
    recent = {"a": calls(19, 1, probes=5, probes_failed=1, latency_max_us=1_002_000)}

    view = shown(recent=recent)

    assert view.p95 is not None
    assert 0.99 < view.p95 <= 1.002
    assert (view.error_rate, view.failure_count) == (2 / 25, 2)


def test_p95_is_never_longer_than_the_longest_answer() -> None:
    assert shown(recent={"a": calls(3, latency_max_us=900_000)}).p95 == 0.9


def test_p95_without_a_longest_answer_is_the_sketchs() -> None:
    assert shown(recent={"a": calls(3)}).p95 is not None


def test_neutral_calls_are_no_evidence() -> None:
    assert shown(recent={"a": Sums(calls=3, neutral=3)}).error_rate is None


# --- charts ---


def test_a_chart_draws_good_answers_else_probes_else_a_gap() -> None:
    charts = charted(
        calls(2, seconds=3.0),
        Sums(probes=2, probes_failed=1, probe_us=400_000),
        Sums(probes=1, probes_failed=1),
        None,
    )

    view = shown(charts=charts)

    assert view.response_times == (3.0, 0.4, None, None)
    assert view.error_rates == (0.0, 0.5, 1.0, None)


def test_a_minute_of_which_only_the_minute_is_left_fills_its_six_windows() -> None:
    charts = charted(calls(1, seconds=2.0), *(None,) * 5, calls(1, seconds=4.0), None)

    assert shown(charts=charts).response_times == (*(2.0,) * 6, 4.0, 4.0)


def test_a_minute_begins_where_the_clock_says_not_where_the_chart_does() -> None:
    charts = charted(None, calls(1, seconds=2.0), None, begin=9_950.0)

    assert shown(charts=charts).response_times == (None, 2.0, 2.0)


def test_a_minute_in_which_anybody_has_a_shorter_window_is_no_coarse_one() -> None:
    charts = charted(calls(1, seconds=2.0), None, None, None, None, None)
    charts["b"] = replace(charts["a"], points=(None, None, calls(1), None, None, None))

    assert shown(charts=charts).response_times == (2.0, None, None, None, None, None)


# --- where it is not whole ---


def test_a_gap_is_said_with_what_was_lost() -> None:
    gap = Gap(begin=0, end=1, cause=GapCause.DISK_FULL, dropped=12)

    assert gap_words(gap) == "disk full, 12 events lost"
    assert gap_words(replace(gap, dropped=0)) == "disk full"
    assert gap_words(None) == ""


# --- the line ---


def probe(at: float) -> e.Event:
    return e.ThresholdCrossed(at=at, model="a", cause="")


def opened(at: float) -> e.Event:
    return e.BreakerChanged(at=at, model="a", old=BreakerState.CLOSED, new=BreakerState.OPEN, cause="")


def test_the_line_has_gaps_and_lives_of_engines() -> None:
    run = Run(run_id=1, started=10.0, ended=50.0, is_clean=True, pid=1, host="", version="")

    line = time_line(
        (0.0, 400.0),
        gaps=(Gap(begin=20.0, end=30.0, cause=GapCause.CRASHED),),
        runs=(run, replace(run, started=60.0, ended=None)),
        end=99.0,
    )

    assert line == TimeLine(begin=0.0, end=400.0, gaps=((20.0, 30.0),), runs=((10.0, 50.0), (60.0, 99.0)))


def test_of_what_lies_close_together_the_loudest_is_marked() -> None:
    window = (0.0, float(MOST_MARKS))

    line = time_line(window, moved=(probe(5.1), opened(5.2), probe(5.3), probe(7.0)), end=9.0)

    assert line.marks == ((5.2, Severity.CRITICAL), (7.0, Severity.WARNING))


def test_what_a_log_leaves_out_is_no_mark() -> None:
    routine = e.FailedOver(at=5.0, operation="1", from_model="a", to_model="b", cause="")

    assert time_line((0.0, 10.0), moved=(routine,), end=9.0).marks == ()
