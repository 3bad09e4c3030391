"""The way back of a recovered model: its shares, its steps, its ends."""

from __future__ import annotations

import json
import math

import pytest

from hive_console.core.errors import SettingsError
from hive_console.core.ramp import (
    LATENCIES,
    LATENCY_SECONDS,
    MIN_CALLS,
    STEP_SECONDS,
    STEPS,
    Ramp,
    RampPolicy,
    RampVerdict,
    slow_start,
)
from tests.core.samples import NOW

V = RampVerdict
POLICY = RampPolicy()


def answer(ramp: Ramp, times: int, *, now: float = NOW, latency: float = 1.0) -> list[RampVerdict]:
    return [ramp.record(now, is_failure=False, latency=latency) for _ in range(times)]


def admitted(ramp: Ramp, asks: int) -> list[int]:
    """The numbers, 1 first, of the asks admitted."""
    return [number for number in range(1, asks + 1) if ramp.admits()]


def test_a_tenth_is_admitted_evenly_spread() -> None:
    assert admitted(Ramp(POLICY, NOW), 30) == [10, 20, 30]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.3, 0.5, 0.7])
def test_exactly_the_share_is_admitted_without_drift(share: float) -> None:
    ramp = Ramp(RampPolicy(steps=(share,)), NOW)

    assert len(admitted(ramp, 10_000)) == round(10_000 * share)


def test_twenty_good_calls_pass_a_step() -> None:
    ramp = Ramp(POLICY, NOW)

    assert answer(ramp, MIN_CALLS) == [V.HOLD] * 19 + [V.ADVANCED]
    assert ramp.share == 0.25
    assert (ramp.calls, ramp.failures, ramp.since) == (0, 0, NOW)


def test_thirty_seconds_pass_a_step_without_any_call() -> None:
    ramp = Ramp(POLICY, NOW)

    assert ramp.age(NOW + STEP_SECONDS - 0.001) is V.HOLD
    assert ramp.age(NOW + STEP_SECONDS) is V.ADVANCED
    assert ramp.share == 0.25


def test_it_is_finished_when_all_of_the_traffic_is_back() -> None:
    ramp = Ramp(POLICY, NOW)

    verdicts = [ramp.age(NOW + STEP_SECONDS * number) for number in range(1, 5)]

    assert verdicts == [V.ADVANCED, V.ADVANCED, V.FINISHED, V.HOLD]
    assert ramp.outcome is V.FINISHED
    assert ramp.share == 1
    assert admitted(ramp, 5) == [1, 2, 3, 4, 5]


def test_a_ramp_that_stops_below_everything_is_finished_after_its_last_step() -> None:
    ramp = Ramp(RampPolicy(steps=(0.5,)), NOW)

    assert ramp.age(NOW + STEP_SECONDS) is V.FINISHED
    assert ramp.share == 1


def test_a_ramp_of_one_whole_step_is_finished_at_once() -> None:
    assert Ramp(RampPolicy(steps=(1.0,)), NOW).outcome is V.FINISHED


def test_a_first_call_that_fails_fails_it() -> None:
    ramp = Ramp(POLICY, NOW)

    assert ramp.record(NOW, is_failure=True, latency=1) is V.FAILED
    assert ramp.share == 0
    assert admitted(ramp, 20) == []


def test_half_of_twenty_calls_fail_it_and_less_does_not() -> None:
    ramp = Ramp(POLICY, NOW)
    answer(ramp, 1)

    verdicts = [ramp.record(NOW, is_failure=True, latency=1) for _ in range(MIN_CALLS // 2)]

    assert verdicts == [V.HOLD] * (MIN_CALLS // 2 - 1) + [V.FAILED]


def test_one_failure_in_twenty_calls_holds_a_step_until_its_time_is_over() -> None:
    ramp = Ramp(POLICY, NOW)
    answer(ramp, 3)
    ramp.record(NOW, is_failure=True, latency=1)

    assert answer(ramp, MIN_CALLS - 4)[-1] is V.HOLD
    assert ramp.age(NOW + STEP_SECONDS - 1) is V.HOLD
    assert ramp.age(NOW + STEP_SECONDS) is V.ADVANCED


def test_less_than_five_percent_of_many_calls_pass_a_step() -> None:
    ramp = Ramp(POLICY, NOW)
    answer(ramp, 3)
    ramp.record(NOW, is_failure=True, latency=1)

    assert answer(ramp, MIN_CALLS - 3)[-1] is V.ADVANCED  # one of 21


def test_what_comes_after_the_end_counts_for_nothing() -> None:
    ramp = Ramp(POLICY, NOW)
    ramp.record(NOW, is_failure=True, latency=1)

    assert answer(ramp, 1) == [V.HOLD]
    assert ramp.age(NOW + 1000) is V.HOLD
    assert (ramp.calls, ramp.outcome) == (1, V.FAILED)


def test_a_slow_step_is_held_until_it_is_fast_again() -> None:
    ramp = Ramp(POLICY, NOW, baseline_p95=2)
    answer(ramp, MIN_CALLS, latency=3)  # exactly 1.5 times
    assert ramp.age(NOW + STEP_SECONDS) is V.HOLD

    verdicts = answer(ramp, LATENCIES, latency=2.9)

    assert verdicts == [V.HOLD] * (LATENCIES - 2) + [V.ADVANCED] + [V.HOLD]


def test_one_slow_answer_of_twenty_does_not_hold_a_step() -> None:
    ramp = Ramp(POLICY, NOW, baseline_p95=2)
    answer(ramp, 1, latency=60)

    assert answer(ramp, MIN_CALLS - 1)[-1] is V.ADVANCED


def test_without_a_baseline_latency_is_not_looked_at() -> None:
    assert answer(Ramp(POLICY, NOW), MIN_CALLS, latency=999)[-1] is V.ADVANCED


def test_a_failures_latency_says_nothing() -> None:
    ramp = Ramp(RampPolicy(clean_error_rate=0.5), NOW, baseline_p95=1)
    answer(ramp, 1)
    for _ in range(9):
        ramp.record(NOW, is_failure=True, latency=99)

    assert answer(ramp, 10)[-1] is V.ADVANCED


def test_a_model_nobody_asks_is_not_held_by_its_last_slow_answer() -> None:
    ramp = Ramp(POLICY, NOW, baseline_p95=1)
    answer(ramp, 1, latency=9)

    assert ramp.age(NOW + LATENCY_SECONDS - 1) is V.HOLD
    assert ramp.age(NOW + LATENCY_SECONDS) is V.ADVANCED


def test_a_ramp_is_restored_where_it_was() -> None:
    ramp = Ramp(POLICY, NOW)
    answer(ramp, MIN_CALLS)
    answer(ramp, 5, now=NOW + 3)

    saved = json.loads(json.dumps(ramp.save()))
    again = Ramp.restore(POLICY, saved, NOW + 10)

    assert again.save() == ramp.save()
    assert again.share == 0.25
    assert answer(again, 15, now=NOW + 11)[-1] is V.ADVANCED


def test_a_restored_ramp_does_not_wait_for_a_clock_that_was_set_back() -> None:
    saved = Ramp(POLICY, NOW + 3600).save()

    assert Ramp.restore(POLICY, saved, NOW).age(NOW + STEP_SECONDS) is V.ADVANCED


def test_a_finished_ramp_is_restored_finished() -> None:
    saved = {"step": len(STEPS) - 1, "calls": 0, "failures": 0, "since": NOW}

    assert Ramp.restore(POLICY, saved, NOW).outcome is V.FINISHED


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"step": 9, "calls": 0, "failures": 0, "since": NOW},
        {"step": -1, "calls": 0, "failures": 0, "since": NOW},
        {"step": 2, "calls": 1, "failures": 2, "since": NOW},
        {"step": 2, "calls": 1, "failures": 0, "since": math.nan},
        {"step": 2, "calls": 1, "failures": 0, "since": "yesterday"},
        {"step": 2.5, "calls": 1, "failures": 0, "since": NOW},
    ],
)
def test_what_is_no_ramp_begins_anew(saved: dict[str, object]) -> None:
    ramp = Ramp.restore(POLICY, saved, NOW)

    assert ramp.save() == Ramp(POLICY, NOW).save()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("steps", {"steps": ()}),
        ("steps", {"steps": (0.0, 1.0)}),
        ("steps", {"steps": (0.5, 0.5)}),
        ("steps", {"steps": (0.5, 1.5)}),
        ("steps", {"steps": tuple(number / 1000 for number in range(1, 102))}),
        ("minCalls", {"min_calls": 0}),
        ("stepSeconds", {"step_seconds": 0}),
        ("cleanErrorRate", {"clean_error_rate": 0}),
        ("cleanErrorRate", {"clean_error_rate": 1.5}),
        ("maxErrorRate", {"max_error_rate": 0}),
        ("maxErrorRate", {"max_error_rate": 1.5}),
        ("maxSlowdown", {"max_slowdown": 0.5}),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_name(field: str, wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as caught:
        RampPolicy(**wrong)  # type: ignore[arg-type]  # one field at a time

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("age", "weight"), [(-5, 0.1), (0, 0.1), (3, 0.1), (15, 0.25), (30, 0.5), (60, 1), (600, 1)]
)
def test_slow_start_rises_evenly_from_its_floor(age: float, weight: float) -> None:
    assert slow_start(age, 60) == pytest.approx(weight)


def test_more_aggression_rises_faster_at_first() -> None:
    assert slow_start(15, 60, aggression=2) == pytest.approx(0.5)
    assert slow_start(30, 60, aggression=0.5) == pytest.approx(0.25)


def test_without_a_window_all_of_the_weight_is_there_at_once() -> None:
    assert slow_start(0, 0) == 1
