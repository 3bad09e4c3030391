"""What a member remembers of calls, and what it leaves out."""

from __future__ import annotations

import pytest

from hive_console.core.comeback import BASELINE_CALLS
from hive_console.core.events import ThresholdCrossed
from hive_console.core.outcome import CANCELLED, SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import ProbeKind
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.transitions import Refusal
from tests.core.member_driver import THRESHOLD, TRIAL, call, calls, down, member_of, of_kind, permit_of, status_of
from tests.core.samples import FAILED, NOW


def test_a_new_model_says_that_nobody_looked_yet() -> None:
    member = member_of()

    assert (member.status, member.status_since, member.status_cause) == (
        ModelStatus.UNKNOWN,
        NOW,
        "not checked yet",
    )


def test_only_a_callers_answer_counts_as_real_traffic() -> None:
    member = member_of()
    call(member, SUCCESS, NOW + 1, is_probe=True)
    assert member.record.last_real_call is None

    call(member, SUCCESS, NOW + 2)
    call(member, SUCCESS, NOW + 3, is_probe=True)

    assert member.record.last_real_call == NOW + 2


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome(OutcomeKind.RATE_LIMITED, message="slow down"), "rate limited: slow down"),
        (Outcome(OutcomeKind.KEY_REFUSED, message="revoked"), "key refused: revoked"),
        (Outcome(OutcomeKind.BAD_REQUEST, message="no such field"), ""),
        (CANCELLED, ""),
    ],
)
def test_a_callers_own_mistake_is_no_error_of_the_model(outcome: Outcome, told: str) -> None:
    member = member_of()

    call(member, outcome, NOW)

    assert member.record.last_error == told


def test_a_callers_answer_is_what_speed_is_judged_by_and_a_probe_is_not() -> None:
    member = member_of()
    call(member, SUCCESS, NOW, latency=4.0, is_probe=True)
    assert member.record.ewma.score(0) == member_of().record.ewma.score(0)

    call(member, SUCCESS, NOW, latency=4.0)

    assert member.record.ewma.score(0) > member_of().record.ewma.score(0)


def test_a_key_that_is_found_missing_is_seen_when_a_call_comes_back() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)
    assert status_of(member) is ModelStatus.AVAILABLE

    permit = permit_of(member, NOW)
    member.fixed_fault = "no key in OPENAI_API_KEY"
    member.settle(permit, SUCCESS, NOW + 1, latency=1.0)

    assert status_of(member) is not ModelStatus.AVAILABLE
    assert member.fault == member.fixed_fault == "no key in OPENAI_API_KEY"


def test_who_says_nothing_of_himself_is_a_caller_and_waits_for_the_prober() -> None:
    refusal, _ = down().acquire(TRIAL)

    assert isinstance(refusal, Refusal)


def test_what_a_slow_model_answers_in_is_not_taken_for_normal() -> None:
    member = member_of()
    calls(member, SUCCESS, NOW, BASELINE_CALLS)
    member.refresh(NOW)
    normal = member.comeback.baseline_p95
    assert normal == pytest.approx(1.0)

    for _ in range(2 * BASELINE_CALLS):
        call(member, SUCCESS, NOW + 1, latency=9.0)
    member.refresh(NOW + 1)

    assert member.status is ModelStatus.DEGRADED
    assert member.comeback.baseline_p95 == normal


def test_an_opening_tells_of_its_threshold_once_as_the_opening() -> None:
    member = down()

    events = [*member.reset(NOW + 1, "by ada"), *call(member, SUCCESS, NOW + 2)]

    assert of_kind(events, ThresholdCrossed) == []


def test_after_a_reset_a_free_probe_ends_a_row_of_failed_probes_again() -> None:
    member = member_of(probe=ProbeKind.MODELS)
    calls(member, FAILED, NOW, THRESHOLD)
    member.reset(NOW + 1, "by ada")
    assert member.breaker.state is BreakerState.CLOSED

    call(member, FAILED, NOW + 2, is_probe=True)
    call(member, SUCCESS, NOW + 3, is_probe=True)

    assert member.breaker.consecutive_failures == 0
