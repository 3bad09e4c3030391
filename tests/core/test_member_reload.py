"""A member under other settings: what it learned stays as far as it means the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hive_console.core.events import BreakerChanged, Event, RampAdvanced, StatusChanged
from hive_console.core.member import Member
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import BreakerMode
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.succession import successor
from hive_console.core.task import RateLimits
from tests.core.member_driver import THRESHOLD, TRIAL, call, calls, down, member_of, of_kind, permit_of, recovering
from tests.core.samples import FAILED, NOW

S = BreakerState


def adopt(member: Member, now: float = NOW, **changes: Any) -> list[Event]:  # any field of `ModelSettings`
    kept, events = successor(member, replace(member.settings, **changes), now)
    assert kept is member
    return events


def test_an_open_breaker_stays_open_until_its_time() -> None:
    member = down()
    until = member.breaker.open_until

    adopt(member, breaker_threshold=100, recovery_timeout=1.0)

    assert (member.breaker.state, member.breaker.open_until) == (S.OPEN, until)


def test_failures_in_a_row_are_held_against_the_new_threshold_from_the_next_call_on() -> None:
    member = member_of(breaker_threshold=5)
    calls(member, FAILED, NOW, 3)

    adopt(member, breaker_threshold=4)
    before = member.breaker.state
    call(member, FAILED, NOW)

    assert [before, member.breaker.state] == [S.CLOSED, S.OPEN]


def test_a_permit_that_is_out_counts_under_the_new_settings() -> None:
    member = member_of()
    permit = permit_of(member, NOW)

    adopt(member, breaker_threshold=1)
    member.settle(permit, FAILED, NOW, latency=1.0)

    assert member.breaker.state is S.OPEN


def test_a_trial_under_way_decides() -> None:
    member = down(half_open_probes=1)
    permit = permit_of(member, TRIAL, is_probe=True)

    adopt(member, TRIAL, recovery_timeout=7.0)
    member.settle(permit, SUCCESS, TRIAL, latency=1.0, is_probe=True)

    assert member.breaker.state is S.CLOSED


def test_a_window_of_the_same_length_keeps_its_counts_and_another_begins_empty() -> None:
    rates: dict[str, Any] = {"breaker_threshold": 100, "failure_rate_threshold": 0.9, "minimum_calls": 4}
    member = member_of(**rates)
    calls(member, FAILED, NOW, 3)

    adopt(member, failure_rate_threshold=0.8)
    assert member.breaker.counters(NOW).failures == 3

    adopt(member, breaker_window=30.0)
    assert member.breaker.counters(NOW).failures == 0


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        (BreakerMode.ENFORCING, BreakerMode.METRICS_ONLY, S.METRICS_ONLY),
        (BreakerMode.ENFORCING, BreakerMode.DISABLED, S.DISABLED),
        (BreakerMode.METRICS_ONLY, BreakerMode.ENFORCING, S.CLOSED),
        (BreakerMode.DISABLED, BreakerMode.ENFORCING, S.CLOSED),
        (BreakerMode.DISABLED, BreakerMode.METRICS_ONLY, S.METRICS_ONLY),
    ],
)
def test_the_breaker_follows_its_mode(before: BreakerMode, after: BreakerMode, state: BreakerState) -> None:
    member = member_of(breaker_mode=before)

    events = adopt(member, breaker_mode=after)

    assert member.breaker.state is state
    assert [event.new for event in events if isinstance(event, BreakerChanged)] == [state]


def test_an_open_breaker_that_is_to_observe_only_stops_nobody() -> None:
    member = down()

    adopt(member, breaker_mode=BreakerMode.METRICS_ONLY)

    assert member.would_admit(NOW)


def test_a_breaker_tripped_by_hand_stays_open_when_it_is_to_enforce_again() -> None:
    member = member_of(breaker_mode=BreakerMode.DISABLED)
    member.trip(NOW, "a drill")

    adopt(member, breaker_mode=BreakerMode.ENFORCING)

    assert member.breaker.state is S.OPEN


def test_a_hold_by_hand_stays_whatever_the_settings_say() -> None:
    member = member_of()
    member.isolate(NOW, "maintenance")

    adopt(member, breaker_mode=BreakerMode.DISABLED)

    assert member.breaker.state is S.ISOLATED


def test_a_ramp_goes_on_and_ends_at_once_where_traffic_is_to_return_at_once() -> None:
    member = recovering()
    adopt(member, TRIAL, timeout=7.0)
    was_climbing = member.ramp is not None

    events = adopt(member, TRIAL, ramp_calls=0)

    assert (was_climbing, member.ramp) == (True, None)
    assert [event.share for event in events if isinstance(event, RampAdvanced)] == [1.0]


def test_another_key_begins_without_the_limits_and_faults_of_the_old_one() -> None:
    member = member_of()
    call(member, Outcome(OutcomeKind.RATE_LIMITED, status=429, retry_after=60.0), NOW)
    member.settle(permit_of(member, NOW + 61), Outcome(OutcomeKind.QUOTA_EXHAUSTED, status=429), NOW, latency=0.1)

    adopt(member, key="env:OTHER")

    assert (member.restraint.is_throttled(NOW), member.fault) == (False, "")


def test_what_was_told_to_the_old_key_of_rate_limits_says_nothing_of_the_new_one() -> None:
    member = member_of()
    member.heed(RateLimits(requests_left=0, requests_reset=60.0), NOW)
    assert not member.would_admit(NOW)

    adopt(member, key="env:OTHER")

    assert member.would_admit(NOW)


def test_limits_of_a_minute_count_on_under_other_settings() -> None:
    member = member_of(requests_per_minute=5)
    calls(member, SUCCESS, NOW, 3)

    adopt(member, requests_per_minute=3)
    is_free = [member.would_admit(NOW)]
    adopt(member, requests_per_minute=4)
    is_free.append(member.would_admit(NOW))
    adopt(member, requests_per_minute=None)

    assert is_free == [False, True]
    assert member.restraint.pace.is_free


def test_the_same_key_keeps_its_limits() -> None:
    member = member_of()
    call(member, Outcome(OutcomeKind.RATE_LIMITED, status=429, retry_after=60.0), NOW)

    adopt(member, timeout=7.0)

    assert member.restraint.is_throttled(NOW)


def test_places_follow_the_settings_and_what_was_learned_of_them_stays_below() -> None:
    member = member_of(max_concurrent_requests=10)
    adopt(member, max_concurrent_requests=6, adaptive_concurrency=True)
    assert member.places == 6

    adopt(member, max_concurrent_requests=9)
    assert member.places == 9

    call(member, Outcome(OutcomeKind.OVERLOADED, status=529), NOW)
    adopt(member, max_concurrent_requests=20)
    assert member.places == 8
    adopt(member, max_concurrent_requests=4)
    assert member.places == 4

    adopt(member, adaptive_concurrency=False)
    assert (member.limit, member.places) == (None, 4)


def test_a_status_that_the_new_limits_change_is_told() -> None:
    member = member_of(degraded_response_time=5.0)
    for _ in range(10):
        call(member, SUCCESS, NOW, latency=3.0)
    assert member.status is ModelStatus.AVAILABLE

    events = adopt(member, degraded_response_time=1.0)

    assert [event.new for event in of_kind(events, StatusChanged)] == [ModelStatus.DEGRADED]


def test_nothing_of_a_retired_member_is_told_or_counted() -> None:
    member = member_of()
    held = [permit_of(member, NOW) for _ in range(THRESHOLD)]
    probe = permit_of(member, NOW, is_probe=True)
    member.retire()

    told = [event for permit in held for event in member.settle(permit, FAILED, NOW, latency=1.0)]
    told += member.settle(probe, FAILED, NOW, latency=1.0, is_probe=True)
    told += [*member.trip(NOW, "by hand"), *member.refresh(NOW), *member.observe(FAILED, NOW, latency=1.0)]

    assert told == []
    assert (member.in_flight, member.breaker.consecutive_failures) == (0, 0)
