"""What a free probe may say of completions: that the model answers lists, not that it answers callers."""

from __future__ import annotations

import pytest

from hive_console.core.member import Member
from hive_console.core.outcome import SUCCESS
from hive_console.core.settings import ProbeKind
from hive_console.core.states import BreakerState
from tests.core.member_driver import THRESHOLD, call, calls, member_of
from tests.core.samples import FAILED, NOW


def failing_between_probes(member: Member) -> Member:
    """Every real call fails; a probe succeeds after each."""
    for number in range(THRESHOLD):
        call(member, FAILED, NOW + 60 * number)
        if number < THRESHOLD - 1:
            call(member, SUCCESS, NOW + 60 * number + 30, is_probe=True)
    return member


def test_free_probes_that_succeed_do_not_keep_a_model_closed_whose_callers_all_fail() -> None:
    assert failing_between_probes(member_of(probe=ProbeKind.MODELS)).breaker.state is BreakerState.OPEN


def test_a_paid_probe_asks_what_callers_ask_and_ends_their_row_of_failures() -> None:
    assert failing_between_probes(member_of(probe=ProbeKind.COMPLETION)).breaker.state is BreakerState.CLOSED


def test_a_free_probe_ends_a_row_of_failed_probes() -> None:
    member = member_of(probe=ProbeKind.MODELS)
    call(member, FAILED, NOW, is_probe=True)

    call(member, SUCCESS, NOW + 2, is_probe=True)

    assert member.breaker.consecutive_failures == 0


@pytest.mark.parametrize("probe", [ProbeKind.MODELS, ProbeKind.COMPLETION])
def test_a_real_answer_ends_every_row(probe: ProbeKind) -> None:
    member = member_of(probe=probe)
    calls(member, FAILED, NOW, THRESHOLD - 1)

    call(member, SUCCESS, NOW + 1)

    assert member.breaker.consecutive_failures == 0
    assert not member.is_suspect


def test_a_free_probe_still_decides_the_trial_of_an_open_breaker() -> None:
    member = failing_between_probes(member_of(probe=ProbeKind.MODELS))
    due = member.breaker.open_until
    assert due is not None

    call(member, SUCCESS, due, is_probe=True)

    assert member.breaker.state is BreakerState.CLOSED
    assert member.share < 1
