"""A model on its way out gets no more calls than its breaker needs to judge it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core.doubt import SUSPECT_TURNS
from hive_console.core.member import Member
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import BreakerMode, ProbeKind
from hive_console.core.succession import successor
from hive_console.core.task import RateLimits, Usage
from hive_console.core.transitions import Refusal
from tests.core.member_driver import THRESHOLD, call, calls, down, member_of, permit_of, recovering, refusal_of
from tests.core.samples import FAILED, NOW

TIMED_OUT = Outcome(OutcomeKind.TIMED_OUT, message="no answer within 5 s")


def is_doubted(member: Member) -> bool:
    return member.doubt.is_doubted(member.breaker, member.in_flight, threshold=THRESHOLD)


def test_after_a_timeout_it_is_doubted_while_enough_calls_are_under_way() -> None:
    member = member_of()
    call(member, TIMED_OUT, NOW)
    parts = []
    for _ in range(THRESHOLD):
        parts.append((is_doubted(member), member.part, member.takes_its_share()))
        permit_of(member, NOW)

    assert parts == [(False, 1.0, True)] * (THRESHOLD - 1) + [(True, 0.0, False)]


def test_a_quick_failure_makes_nobody_doubt() -> None:
    member = member_of()
    call(member, FAILED, NOW)
    for _ in range(THRESHOLD):
        permit_of(member, NOW)

    assert not is_doubted(member)
    assert member.part == 1.0


def test_an_answer_after_a_timeout_ends_the_doubt() -> None:
    member = member_of()
    call(member, TIMED_OUT, NOW)
    for _ in range(THRESHOLD):
        permit_of(member, NOW)
    before = is_doubted(member)
    call(member, SUCCESS, NOW)

    assert (before, is_doubted(member)) == (True, False)


def test_a_suspect_that_nobody_asks_has_its_turns_however_low_the_threshold_is_set() -> None:
    member = member_of()
    calls(member, FAILED, NOW, THRESHOLD - 1)
    successor(member, replace(member.settings, breaker_threshold=1), NOW)

    assert member.part == 1 / SUSPECT_TURNS


def test_a_suspect_has_no_more_under_way_than_failures_are_missing() -> None:
    member = member_of()
    calls(member, FAILED, NOW, 2)
    before = is_doubted(member)
    permit_of(member, NOW)

    assert (before, is_doubted(member)) == (False, True)


def test_a_silent_model_is_doubted_until_it_answers() -> None:
    member = member_of()
    member.doubt.is_silent = True
    permits = [permit_of(member, NOW) for _ in range(THRESHOLD)]
    before = is_doubted(member)
    member.settle(permits[0], SUCCESS, NOW, latency=1.0)

    assert (before, member.doubt.is_silent, is_doubted(member)) == (True, False, False)
    assert member.record.served_at == NOW


def test_a_silent_model_with_few_calls_under_way_has_its_turns() -> None:
    member = member_of()
    member.doubt.is_silent = True

    assert member.part == 1.0
    assert member.takes_its_share()


def test_a_free_probe_does_not_break_the_silence() -> None:
    member = member_of()
    member.doubt.is_silent = True

    call(member, SUCCESS, NOW, is_probe=True)

    assert member.doubt.is_silent
    assert (member.restraint.answered_at, member.record.served_at) == (NOW, None)


def test_a_breaker_that_closed_again_begins_without_silence() -> None:
    member = down()
    member.doubt.is_silent = True

    member.reset(NOW + 1, "by ann")

    assert not member.doubt.is_silent


@pytest.mark.parametrize("mode", [BreakerMode.METRICS_ONLY, BreakerMode.DISABLED])
def test_a_model_whose_breaker_only_observes_is_not_doubted(mode: BreakerMode) -> None:
    member = member_of(breaker_mode=mode)
    member.doubt.is_silent = True
    for _ in range(THRESHOLD):
        permit_of(member, NOW)

    assert not is_doubted(member)


def test_a_frozen_model_is_not_doubted() -> None:
    member = member_of()
    member.freeze(NOW, "by ann")
    calls(member, FAILED, NOW, THRESHOLD + 2)
    permit_of(member, NOW)
    before = is_doubted(member)
    member.breaker.thaw()

    assert (before, is_doubted(member)) == (False, True)


def test_a_recovering_model_climbs_by_its_ramp() -> None:
    member = recovering()
    member.doubt.is_silent = True

    assert member.part == pytest.approx(0.1)


# --- limits --------------------------------------------------------------------------------------


def test_what_its_provider_says_is_left_stops_real_traffic_and_no_probe() -> None:
    member = member_of()
    member.heed(RateLimits(requests_left=0, requests_reset=7.0), NOW)

    assert refusal_of(member, NOW) == Refusal("rate limit nearly used up", 7.0, is_throttle=True)
    assert member.retry_in(NOW) == 7.0
    permit_of(member, NOW, is_probe=True)


def test_a_limit_is_no_fault_of_the_models_health() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)
    before = member.status
    member.heed(RateLimits(requests_left=0, requests_reset=7.0), NOW)

    assert member.refresh(NOW) == []
    assert member.status is before


def test_real_calls_count_and_their_tokens_when_they_are_over() -> None:
    member = member_of(requests_per_minute=2, tokens_per_minute=1000)
    permit = permit_of(member, NOW)
    member.settle(permit, SUCCESS, NOW, latency=1.0, usage=Usage(500, 499))
    before = member.would_admit(NOW)
    permit = permit_of(member, NOW)
    member.settle(permit, SUCCESS, NOW, latency=1.0, estimate=1)

    assert before
    assert "requests a minute" in refusal_of(member, NOW).cause
    assert member.restraint.pace.refusal(NOW + 62, 0) is None


@pytest.mark.parametrize(("usage", "estimate"), [(Usage(500, 500), 0), (None, 1000)])
def test_tokens_count_as_told_or_else_as_estimated(usage: Usage | None, estimate: int) -> None:
    member = member_of(tokens_per_minute=1000)

    member.settle(permit_of(member, NOW), SUCCESS, NOW, latency=1.0, usage=usage, estimate=estimate)

    assert "tokens a minute" in refusal_of(member, NOW).cause


def test_a_call_of_which_nothing_is_told_or_estimated_counts_no_tokens() -> None:
    member = member_of(tokens_per_minute=1)

    call(member, SUCCESS, NOW)

    assert (member.restraint.pace.usual_tokens, member.would_admit(NOW)) == (0.0, True)


@pytest.mark.parametrize(("usage", "usual"), [(Usage(500, 500), 1000.0), (None, 0.0)])
def test_what_a_call_usually_uses_is_learned_from_what_is_told_also_without_a_limit(
    usage: Usage | None, usual: float
) -> None:
    member = member_of()

    member.settle(permit_of(member, NOW), SUCCESS, NOW, latency=1.0, usage=usage, estimate=7)

    assert member.restraint.pace.usual_tokens == usual


@pytest.mark.parametrize(("probe", "is_counted"), [(ProbeKind.COMPLETION, True), (ProbeKind.MODELS, False)])
def test_only_a_probing_completion_counts_as_a_request(probe: ProbeKind, *, is_counted: bool) -> None:
    member = member_of(requests_per_minute=1, probe=probe)

    call(member, SUCCESS, NOW, is_probe=True)

    assert member.would_admit(NOW) is not is_counted
