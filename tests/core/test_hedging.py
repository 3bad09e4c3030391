"""When copies of a call are sent, and which are cancelled."""

from __future__ import annotations

import pytest

from hive_console.core.errors import SettingsError
from hive_console.core.hedging import HedgePlan, HedgeState, hedge_delay
from tests.core.samples import NOW


def sent(plan: HedgePlan, now: float) -> list[int]:
    found = []
    while (number := plan.due(now)) is not None:
        found.append(number)
    return found


def state(plan: HedgePlan) -> HedgeState:
    return plan.state


def two_out() -> HedgePlan:
    """A plan of three copies, half a second apart, of which two are out at NOW + 0.5."""
    plan = HedgePlan(3, 0.5, NOW)
    assert [*sent(plan, NOW), *sent(plan, NOW + 0.5)] == [0, 1]
    return plan


def test_copies_are_due_one_delay_apart() -> None:
    plan = HedgePlan(3, 0.5, NOW)

    assert sent(plan, NOW) == [0]
    assert sent(plan, NOW + 0.49) == []
    assert sent(plan, NOW + 0.5) == [1]
    assert sent(plan, NOW + 1.0) == [2]
    assert plan.next_at is None
    assert plan.running == (0, 1, 2)


def test_a_busy_loop_does_not_stretch_the_plan() -> None:
    plan = HedgePlan(3, 0.5, NOW)
    sent(plan, NOW)

    assert sent(plan, NOW + 0.8) == [1]
    assert plan.next_at == NOW + 1.0


def test_no_delay_sends_all_at_once() -> None:
    assert sent(HedgePlan(4, 0, NOW), NOW) == [0, 1, 2, 3]


def test_the_first_answer_wins_and_cancels_the_others() -> None:
    plan = two_out()

    assert plan.on_success(1) == (0,)
    assert (plan.state, plan.winner) == (HedgeState.WON, 1)
    assert sent(plan, NOW + 9) == []


def test_an_answer_after_the_end_counts_for_nothing() -> None:
    plan = two_out()
    plan.on_success(1)

    assert plan.on_success(0) == ()
    assert plan.on_fatal(0) == ()
    plan.on_nonfatal(0, NOW + 1)
    assert (plan.state, plan.winner, plan.next_at) == (HedgeState.WON, 1, None)


def test_a_fatal_error_cancels_the_others() -> None:
    plan = two_out()

    assert plan.on_fatal(0) == (1,)
    assert (plan.state, plan.winner) == (HedgeState.FATAL, None)
    assert sent(plan, NOW + 9) == []


def test_a_nonfatal_error_sends_the_next_at_once_and_the_others_one_delay_later_each() -> None:
    plan = HedgePlan(3, 0.5, NOW)
    sent(plan, NOW)

    plan.on_nonfatal(0, NOW + 0.2)

    assert sent(plan, NOW + 0.2) == [1]
    assert plan.next_at == pytest.approx(NOW + 0.7)
    assert plan.running == (1,)


def test_the_same_copy_fails_once() -> None:
    plan = HedgePlan(3, 0.5, NOW)
    sent(plan, NOW)
    plan.on_nonfatal(0, NOW + 0.2)
    sent(plan, NOW + 0.2)

    plan.on_nonfatal(0, NOW + 0.3)

    assert sent(plan, NOW + 0.3) == []


def test_a_pushback_delays_the_next_copy() -> None:
    plan = HedgePlan(2, 0.5, NOW)
    sent(plan, NOW)

    plan.on_nonfatal(0, NOW + 0.2, retry_after=3)

    assert plan.next_at == pytest.approx(NOW + 3.2)


def test_a_negative_pushback_sends_no_further_copy() -> None:
    plan = two_out()

    plan.on_nonfatal(0, NOW + 0.6, retry_after=-1)

    assert plan.next_at is None
    assert state(plan) is HedgeState.RUNNING
    assert plan.on_success(1) == ()
    assert plan.winner == 1


def test_when_every_copy_failed_it_is_over() -> None:
    plan = HedgePlan(2, 0.5, NOW)
    for number in range(2):
        assert sent(plan, NOW + number) == [number]
        assert state(plan) is HedgeState.RUNNING
        plan.on_nonfatal(number, NOW + number)

    assert state(plan) is HedgeState.EXHAUSTED


def test_a_stopped_plan_waits_for_what_is_out() -> None:
    plan = two_out()

    plan.stop()
    assert sent(plan, NOW + 9) == []
    assert state(plan) is HedgeState.RUNNING
    plan.on_nonfatal(0, NOW + 1)
    plan.on_nonfatal(1, NOW + 1)

    assert state(plan) is HedgeState.EXHAUSTED


def test_stopping_what_is_over_changes_nothing() -> None:
    plan = two_out()
    plan.on_success(0)

    plan.stop()

    assert state(plan) is HedgeState.WON


@pytest.mark.parametrize(
    ("field", "count", "delay"), [("count", 0, 1), ("count", 101, 1), ("delay", 2, -1), ("delay", 2, float("nan"))]
)
def test_a_plan_that_makes_no_sense_is_refused_by_name(field: str, count: int, delay: float) -> None:
    with pytest.raises(SettingsError) as caught:
        HedgePlan(count, delay, NOW)

    assert caught.value.field == field


@pytest.mark.parametrize(("p95", "delay"), [(None, 10), (0.1, 0.5), (3, 3), (60, 10)])
def test_the_delay_is_the_p95_within_bounds(p95: float | None, delay: float) -> None:
    assert hedge_delay(p95, floor=0.5, ceiling=10) == delay
