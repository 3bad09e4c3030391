"""One model: breaker, window, throttle and fault moved together by one outcome."""

from __future__ import annotations

import pytest

from hive_console.core.breaker import PROBE_GRACE
from hive_console.core.breaker_policy import PERMIT_LEASE
from hive_console.core.events import BreakerChanged, ModelRecovered, RampAdvanced, StatusChanged
from hive_console.core.outcome import CANCELLED, SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import ProbeKind
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.transitions import Permit
from hive_console.core.window import WINDOW_SECONDS
from tests.core.member_driver import (
    THRESHOLD,
    TIMEOUT,
    TRIAL,
    call,
    calls,
    down,
    member_of,
    permit_of,
    refusal_of,
    status_of,
)
from tests.core.samples import FAILED, NOW

# --- status --------------------------------------------------------------------------------------


def test_h2_a_new_member_is_unknown_until_something_is_observed() -> None:
    member = member_of()

    assert member.refresh(NOW + 3600) == []
    assert member.status is ModelStatus.UNKNOWN
    assert member.record.last_check is None


def test_the_first_good_answer_makes_it_available() -> None:
    member = member_of()

    events = call(member, SUCCESS, NOW + 1)

    assert events == [
        StatusChanged(
            at=NOW + 1,
            model="a",
            old=ModelStatus.UNKNOWN,
            new=ModelStatus.AVAILABLE,
            cause="answers in time",
        )
    ]
    assert (member.record.last_check, member.status_since, member.record.requests) == (NOW + 1, NOW + 1, 1)


def test_failures_in_a_row_open_the_breaker_and_say_why() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)

    events = calls(member, FAILED, NOW + 1, THRESHOLD)

    assert [type(event) for event in events] == [StatusChanged, BreakerChanged, StatusChanged]
    opened = events[1]
    assert isinstance(opened, BreakerChanged)
    assert opened.open_until == NOW + 1 + TIMEOUT
    assert opened.cause == "3 failures in a row, last: server error: boom"
    assert member.status is ModelStatus.UNAVAILABLE
    assert member.record.last_error == "server error: boom"
    assert member.comeback.unavailable_since == NOW + 1


def test_a_status_that_stays_is_no_event_but_its_reason_is_kept_fresh() -> None:
    member = down()
    before = member.status_cause

    events = member.isolate(NOW + 1, "by ada")

    assert [type(event) for event in events] == [BreakerChanged]
    assert before != member.status_cause == "deactivated by hand"
    assert member.status_since == NOW


def test_an_idle_window_forgets_the_errors_and_the_model_is_judged_afresh() -> None:
    member = member_of()
    for second in range(20):
        call(member, SUCCESS, NOW + second)
        call(member, FAILED, NOW + second)
    call(member, SUCCESS, NOW + 20)
    assert status_of(member) is ModelStatus.DEGRADED

    events = member.refresh(NOW + 20 + WINDOW_SECONDS)

    assert [type(event) for event in events] == [StatusChanged]
    assert status_of(member) is ModelStatus.AVAILABLE


def test_a_slow_model_is_degraded_not_unavailable() -> None:
    member = member_of()
    for _ in range(10):
        call(member, SUCCESS, NOW, latency=9.0)

    assert member.status is ModelStatus.DEGRADED
    assert member.would_admit(NOW)


# --- recovery ------------------------------------------------------------------------------------


def test_a_good_trial_recovers_the_model_and_says_how_long_it_was_down() -> None:
    member = down()

    permit, opening = member.acquire(TRIAL, is_probe=True)
    assert isinstance(permit, Permit)
    events = member.settle(permit, SUCCESS, TRIAL + 1, latency=0.1, is_probe=True)

    assert [type(event) for event in opening] == [BreakerChanged]
    assert [type(event) for event in events] == [BreakerChanged, RampAdvanced, StatusChanged, ModelRecovered]
    assert events[-1] == ModelRecovered(at=TRIAL + 1, model="a", down_for=TIMEOUT + 1, by_operator=False)
    assert member.comeback.unavailable_since is None


def test_a_recovered_model_is_judged_afresh() -> None:
    member = down()
    assert (member.record.window.calls, member.record.window.failures) == (THRESHOLD + 1, THRESHOLD)

    call(member, SUCCESS, TRIAL, is_probe=True)

    assert (member.record.window.calls, member.breaker.consecutive_failures) == (0, 0)
    assert member.status is ModelStatus.AVAILABLE


def test_what_was_drawn_of_an_outage_stays_when_the_model_is_judged_afresh() -> None:
    member = down()

    call(member, SUCCESS, TRIAL, latency=0.5, is_probe=True)

    latencies, rates = member.record.trend.series(TRIAL)
    assert (latencies[0], latencies[-1]) == (1.0, 0.5)
    assert rates == (0.75, None, 0.0)


def test_a_failed_trial_keeps_the_episode_going() -> None:
    member = down()

    events = call(member, FAILED, TRIAL, is_probe=True)

    assert [type(event) for event in events] == [BreakerChanged, BreakerChanged]
    assert member.comeback.unavailable_since == NOW
    assert member.breaker.open_until == TRIAL + TIMEOUT


def test_a_recovery_that_an_operators_reset_brought_is_said_to_be_his() -> None:
    member = down()

    events = member.reset(NOW + 5, "by ada")

    recovered = [event for event in events if isinstance(event, ModelRecovered)]
    assert recovered == [ModelRecovered(at=NOW + 5, model="a", down_for=5.0, by_operator=True)]


def test_an_operator_takes_credit_for_one_recovery_and_not_for_the_next() -> None:
    member = down()
    member.reset(NOW + 5, "by ada")
    calls(member, FAILED, NOW + 100, THRESHOLD)

    events = call(member, SUCCESS, NOW + 100 + TIMEOUT, is_probe=True)

    assert events[-1] == ModelRecovered(at=NOW + 120, model="a", down_for=TIMEOUT, by_operator=False)


def test_an_earlier_reset_of_a_well_model_takes_no_credit_for_a_later_recovery() -> None:
    member = member_of()
    call(member, SUCCESS, NOW - 3600)
    member.reset(NOW - 3600, "just in case")
    calls(member, FAILED, NOW, THRESHOLD)

    events = call(member, SUCCESS, TRIAL, is_probe=True)

    recovered = events[-1]
    assert isinstance(recovered, ModelRecovered)
    assert not recovered.by_operator


def test_a_member_without_a_prober_lets_traffic_be_the_trial_at_once() -> None:
    member = member_of(probe=ProbeKind.NONE)
    calls(member, FAILED, NOW, THRESHOLD)

    assert member.would_admit(TRIAL)


def test_a_probed_member_leaves_the_trial_to_the_prober_first() -> None:
    member = down()

    assert not member.would_admit(TRIAL)
    assert member.would_admit(TRIAL + PROBE_GRACE)


# --- results that come late ----------------------------------------------------------------------


def test_a_late_success_of_an_earlier_generation_does_not_recover_the_model() -> None:
    member = member_of()
    late = permit_of(member, NOW)
    calls(member, FAILED, NOW, THRESHOLD)

    member.settle(late, SUCCESS, NOW + 5, latency=5.0)

    assert member.status is ModelStatus.UNAVAILABLE
    assert member.breaker.state is BreakerState.OPEN


def test_late_failures_of_an_earlier_generation_do_not_degrade_a_recovered_model() -> None:
    member = member_of()
    late = [permit_of(member, NOW) for _ in range(10)]
    calls(member, FAILED, NOW, THRESHOLD)
    call(member, SUCCESS, TRIAL, is_probe=True)

    for permit in late:
        member.settle(permit, FAILED, TRIAL + 10, latency=30.0)

    assert member.status is ModelStatus.AVAILABLE
    assert member.breaker.state is BreakerState.CLOSED


def test_late_failures_are_drawn_all_the_same() -> None:
    member = member_of()
    late = permit_of(member, NOW)
    calls(member, FAILED, NOW, THRESHOLD)

    member.settle(late, FAILED, TRIAL, latency=20.0)

    assert member.record.trend.series(TRIAL)[1] == (1.0, None, 1.0)


def test_a_cancelled_call_counts_as_nothing_but_a_request() -> None:
    member = member_of()

    events = call(member, CANCELLED, NOW, latency=12.0)

    assert events == []
    assert (
        member.record.requests,
        member.record.last_check,
        member.record.window.calls,
        member.record.last_error,
    ) == (1, None, 0, "")
    assert member.status is ModelStatus.UNKNOWN


def test_a_cancelled_trial_gives_the_permit_back() -> None:
    member = down()

    call(member, CANCELLED, TRIAL, is_probe=True)

    assert member.breaker.state is BreakerState.HALF_OPEN
    permit_of(member, TRIAL, is_probe=True)


def test_a_callers_fault_in_a_trial_does_not_close_the_breaker_of_a_dead_model() -> None:
    member = down()

    call(member, Outcome(OutcomeKind.BAD_REQUEST, status=400), TRIAL + PROBE_GRACE)

    assert member.breaker.state is BreakerState.HALF_OPEN
    assert member.status is ModelStatus.UNAVAILABLE


def test_bad_requests_never_open_a_breaker() -> None:
    member = member_of()

    calls(member, Outcome(OutcomeKind.BAD_REQUEST, status=400), NOW, THRESHOLD * 10)

    assert member.breaker.state is BreakerState.CLOSED
    assert member.record.window.calls == 0


# --- by hand -------------------------------------------------------------------------------------


def test_tripping_says_who_and_why() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)

    events = member.trip(NOW, "by ada: drill")

    assert [type(event) for event in events] == [BreakerChanged, StatusChanged]
    assert member.status_cause == "by ada: drill"
    assert refusal_of(member, NOW).cause == "breaker open (by ada: drill)"


def test_tripping_an_open_breaker_leaves_the_reason_of_the_outage() -> None:
    member = down()

    events = member.trip(NOW + 1, "by ada: drill")

    assert events == []
    assert member.breaker.last_failure_cause == "server error: boom"


@pytest.mark.parametrize("kind", [OutcomeKind.KEY_REFUSED, OutcomeKind.QUOTA_EXHAUSTED])
def test_r2_a_reset_lets_traffic_in_again_whatever_stopped_it(kind: OutcomeKind) -> None:
    member = down()
    member.restraint.throttled_until = NOW + 600
    member.observe(Outcome(kind), NOW, latency=0.1)

    member.reset(NOW + 1, "by ada")

    assert member.would_admit(NOW + 1)
    assert (member.fault, member.restraint.is_throttled(NOW + 1)) == ("", False)
    assert member.status is ModelStatus.AVAILABLE


def test_a_reset_of_a_model_that_only_a_person_can_mend_does_not_pretend_it_is_mended() -> None:
    member = member_of(fixed_fault="no key in ACME_KEY")

    member.reset(NOW, "by ada")

    assert not member.would_admit(NOW)


def test_a_deactivated_model_stays_out_whatever_its_probes_say() -> None:
    member = member_of()
    member.isolate(NOW, "by ada")

    for second in range(10):
        events = member.observe(SUCCESS, NOW + second, latency=0.2)
        assert events == []

    assert (member.breaker.state, member.status) == (BreakerState.ISOLATED, ModelStatus.UNAVAILABLE)
    assert (member.record.last_check, member.record.response_time) == (NOW + 9, 0.2)


def test_an_activated_model_comes_back_through_one_trial() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)
    member.isolate(NOW, "by ada")

    member.release(NOW + 60, "by ada")
    permit = permit_of(member, NOW + 60, is_probe=True)
    refusal_of(member, NOW + 60, is_probe=True)
    events = member.settle(permit, SUCCESS, NOW + 61, latency=0.1, is_probe=True)

    assert events[-1] == ModelRecovered(at=NOW + 61, model="a", down_for=61.0, by_operator=True)


def test_a_stuck_trial_is_given_out_again() -> None:
    member = down()
    permit_of(member, TRIAL, is_probe=True)

    refusal_of(member, TRIAL + PERMIT_LEASE - 1, is_probe=True)
    permit_of(member, TRIAL + PERMIT_LEASE, is_probe=True)


# --- how fast it answers -------------------------------------------------------------------------


def test_the_response_time_is_of_the_latest_good_answer() -> None:
    member = member_of()
    call(member, SUCCESS, NOW, latency=1.5)

    call(member, FAILED, NOW, latency=30.0)

    assert member.record.response_time == 1.5


def test_h3_a_transient_failure_does_not_make_a_fast_model_degraded() -> None:
    member = member_of()
    for _ in range(30):
        call(member, SUCCESS, NOW, latency=0.1)

    call(member, FAILED, NOW, latency=7.0)
    call(member, SUCCESS, NOW, latency=0.1)

    assert member.status is ModelStatus.AVAILABLE
    assert (member.record.window.p95, member.record.response_time) == (0.1, 0.1)


def test_a_probes_speed_does_not_hide_that_of_real_calls() -> None:
    member = member_of()
    call(member, SUCCESS, NOW, latency=0.02, is_probe=True)
    assert member.record.response_time == 0.02
    call(member, SUCCESS, NOW, latency=4.0)

    call(member, SUCCESS, NOW, latency=0.02, is_probe=True)

    assert member.record.response_time == 4.0


def test_an_outcome_without_words_is_told_by_its_kind() -> None:
    member = member_of()

    call(member, Outcome(OutcomeKind.CONNECTION_FAILED), NOW)

    assert member.record.last_error == "connection failed"


def test_a_reset_of_a_model_that_was_never_checked_is_no_recovery() -> None:
    member = member_of()
    member.trip(NOW, "by ada: drill")

    events = member.reset(NOW + 60, "by ada")

    assert member.status is ModelStatus.UNKNOWN
    assert [event for event in events if isinstance(event, ModelRecovered)] == []
