"""A model that failed twice in a row is asked less often, before its breaker has judged."""

from __future__ import annotations

import pytest

from hive_console.core.doubt import SUSPECT_TURNS
from hive_console.core.health import FAILURES_IN_A_ROW
from hive_console.core.member import Member
from hive_console.core.outcome import SUCCESS
from hive_console.core.settings import BreakerMode
from tests.core.member_driver import THRESHOLD, call, calls, member_of, recovering
from tests.core.samples import FAILED, NOW


def suspect() -> Member:
    member = member_of()
    calls(member, FAILED, NOW, FAILURES_IN_A_ROW)
    assert member.is_suspect
    return member


def turns(member: Member, times: int) -> list[bool]:
    return [member.takes_its_share() for _ in range(times)]


def test_a_model_that_never_failed_gets_everything() -> None:
    member = member_of()

    assert not member.is_suspect
    assert member.part == 1.0
    assert all(turns(member, 9))


def test_one_failure_makes_no_suspect_and_the_second_does() -> None:
    member = member_of()
    call(member, FAILED, NOW)
    assert member.is_suspect is False

    call(member, FAILED, NOW)
    assert member.is_suspect is True


def test_a_suspect_gets_each_fourth_turn_and_not_the_first() -> None:
    member = suspect()

    assert turns(member, 2 * SUSPECT_TURNS) == 2 * [False, False, False, True]
    assert member.part == 0.25


def test_an_answer_clears_it_of_suspicion() -> None:
    member = suspect()

    call(member, SUCCESS, NOW + 1)

    assert member.part == 1.0
    assert turns(member, 3) == [True, True, True]


@pytest.mark.parametrize("mode", [BreakerMode.METRICS_ONLY, BreakerMode.DISABLED])
def test_a_model_whose_breaker_only_observes_is_no_suspect(mode: BreakerMode) -> None:
    member = member_of(breaker_mode=mode)

    calls(member, FAILED, NOW, THRESHOLD)

    assert not member.is_suspect
    assert member.part == 1.0


def test_a_frozen_model_is_no_suspect() -> None:
    member = suspect()

    member.freeze(NOW, "by ann")

    assert not member.is_suspect


def test_a_recovering_model_has_the_part_of_its_ramp() -> None:
    assert recovering().part == pytest.approx(0.1)
