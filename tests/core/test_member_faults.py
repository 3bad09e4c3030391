"""What keeps a model out without any failure: the provider's wish, and what only a person can mend."""

from __future__ import annotations

import pytest

from hive_console.core.breaker import PROBE_GRACE
from hive_console.core.events import ModelRecovered
from hive_console.core.faults import FAULT_SECONDS
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.restraint import THROTTLE_SECONDS
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.transitions import Refusal
from tests.core.member_driver import (
    THRESHOLD,
    TIMEOUT,
    TRIAL,
    call,
    down,
    member_of,
    permit_of,
    refusal_of,
    status_of,
)
from tests.core.samples import NOW

# --- throttles -----------------------------------------------------------------------------------


def throttled(retry_after: float | None) -> Outcome:
    return Outcome(OutcomeKind.RATE_LIMITED, status=429, retry_after=retry_after)


@pytest.mark.parametrize(("retry_after", "wait"), [(None, THROTTLE_SECONDS), (30.0, 30.0)])
def test_a_throttled_model_is_left_alone_as_long_as_the_provider_asked(
    retry_after: float | None, wait: float
) -> None:
    member = member_of()

    call(member, throttled(retry_after), NOW)

    refusal = Refusal("rate limited by the provider", wait, is_throttle=True)
    assert refusal_of(member, NOW) == member.refusal(NOW) == refusal
    assert member.restraint.is_throttled(NOW + wait - 0.001)
    assert not member.would_admit(NOW + wait - 0.001)
    assert not member.restraint.is_throttled(NOW + wait)
    assert member.would_admit(NOW + wait)


def test_a_throttle_is_no_failure_of_the_breaker() -> None:
    member = member_of()

    for number in range(THRESHOLD * 2):
        call(member, throttled(0.0), NOW + number)

    assert member.breaker.state is BreakerState.CLOSED
    assert member.record.window.calls == 0


def test_a_throttled_model_is_degraded_and_well_again_when_the_time_is_over() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)
    call(member, throttled(10.0), NOW)
    assert status_of(member) is ModelStatus.DEGRADED

    member.refresh(NOW + 10)

    assert status_of(member) is ModelStatus.AVAILABLE


def test_a_throttle_that_names_no_time_does_not_shorten_one_that_did() -> None:
    member = member_of()
    permits = [permit_of(member, NOW), permit_of(member, NOW)]

    member.settle(permits[0], throttled(60.0), NOW, latency=0.1)
    member.settle(permits[1], throttled(None), NOW, latency=0.1)

    assert not member.would_admit(NOW + 59)


def test_probes_go_through_a_throttle() -> None:
    member = member_of()
    call(member, throttled(60.0), NOW)

    permit_of(member, NOW, is_probe=True)


# --- faults that a person must mend --------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (OutcomeKind.KEY_REFUSED, "key refused by the provider"),
        (OutcomeKind.QUOTA_EXHAUSTED, "quota exhausted"),
        (OutcomeKind.MODEL_NOT_FOUND, "the provider does not know this model"),
    ],
)
def test_what_only_a_person_can_mend_takes_the_model_out_at_once(kind: OutcomeKind, words: str) -> None:
    member = member_of()
    call(member, SUCCESS, NOW)

    call(member, Outcome(kind, status=401), NOW)

    assert member.fault == words
    assert (member.status, member.status_cause) == (ModelStatus.UNAVAILABLE, words)
    assert member.breaker.state is BreakerState.CLOSED
    assert refusal_of(member, NOW) == Refusal(words, FAULT_SECONDS)


def test_a_faulty_model_is_tried_again_after_a_while() -> None:
    member = member_of()
    call(member, Outcome(OutcomeKind.KEY_REFUSED), NOW)

    assert not member.would_admit(NOW + FAULT_SECONDS - 0.001)
    assert member.would_admit(NOW + FAULT_SECONDS)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (OutcomeKind.KEY_REFUSED, "key refused by the provider"),
        (OutcomeKind.QUOTA_EXHAUSTED, "quota exhausted"),
    ],
)
def test_one_call_finds_out_whether_a_fault_was_mended_and_the_others_wait_for_it(
    kind: OutcomeKind, words: str
) -> None:
    member = member_of()
    call(member, Outcome(kind), NOW)
    after = NOW + FAULT_SECONDS

    permit_of(member, after)

    assert refusal_of(member, after) == Refusal(words, FAULT_SECONDS)


def test_a_call_that_the_breaker_refused_found_nothing_out() -> None:
    member = down()
    member.observe(Outcome(OutcomeKind.KEY_REFUSED), NOW - FAULT_SECONDS, latency=0.1)

    assert refusal_of(member, NOW + 1).cause.startswith("breaker open")

    assert member.would_admit(TRIAL + PROBE_GRACE)


def test_a_fault_is_not_mended_by_time_alone() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)
    call(member, Outcome(OutcomeKind.KEY_REFUSED), NOW)

    events = member.refresh(NOW + FAULT_SECONDS * 10)

    assert [event for event in events if isinstance(event, ModelRecovered)] == []
    assert member.status is not ModelStatus.AVAILABLE


@pytest.mark.parametrize("kind", [OutcomeKind.KEY_REFUSED, OutcomeKind.QUOTA_EXHAUSTED])
def test_a_good_real_call_mends_a_fault(kind: OutcomeKind) -> None:
    member = member_of()
    call(member, Outcome(kind), NOW)
    after = NOW + FAULT_SECONDS

    call(member, SUCCESS, after)

    assert member.fault == ""
    assert member.status is ModelStatus.AVAILABLE


def test_a_free_probe_does_not_mend_a_fault_that_real_calls_met() -> None:
    member = member_of()
    call(member, Outcome(OutcomeKind.QUOTA_EXHAUSTED), NOW)

    call(member, SUCCESS, NOW + 1, is_probe=True)

    assert member.fault == "quota exhausted"
    assert member.status is ModelStatus.UNAVAILABLE


def test_nor_does_one_while_the_model_is_deactivated() -> None:
    member = member_of()
    member.settle(permit_of(member, NOW), Outcome(OutcomeKind.QUOTA_EXHAUSTED), NOW, latency=0.1)
    member.isolate(NOW, "by ada")

    member.observe(SUCCESS, NOW + 1, latency=0.1)

    assert member.fault == "quota exhausted"


def test_a_probe_mends_a_fault_that_a_probe_met() -> None:
    member = member_of()
    call(member, Outcome(OutcomeKind.KEY_REFUSED), NOW, is_probe=True)

    call(member, SUCCESS, NOW + 1, is_probe=True)

    assert member.fault == ""


def test_a_missing_key_takes_the_model_out_for_good() -> None:
    member = member_of(fixed_fault="no key in ACME_KEY")
    member.refresh(NOW)

    assert member.status is ModelStatus.UNAVAILABLE
    assert refusal_of(member, NOW + 1e6) == Refusal("no key in ACME_KEY", None)
    assert member.retry_in(NOW) is None


# --- when to come back ---------------------------------------------------------------------------


def test_a_well_model_may_be_called_now() -> None:
    assert member_of().retry_in(NOW) == 0.0


def test_the_longest_of_all_reasons_to_wait_counts() -> None:
    member = down()
    assert member.retry_in(NOW) == TIMEOUT

    member.restraint.throttled_until = NOW + 35
    assert member.retry_in(NOW) == 35.0
    assert member.retry_in(NOW + 36) == 0.0


def test_a_fault_says_when_it_is_tried_again() -> None:
    member = member_of()
    call(member, Outcome(OutcomeKind.KEY_REFUSED), NOW)

    assert member.retry_in(NOW + 10) == FAULT_SECONDS - 10


def test_nobody_knows_when_a_deactivated_model_comes_back() -> None:
    member = member_of()
    member.isolate(NOW, "by ada")

    assert member.retry_in(NOW) is None
