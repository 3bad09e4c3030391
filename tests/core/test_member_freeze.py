"""A freeze that runs out is told, once, whoever noticed it first."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.member import Member
from hive_console.core.restart import restore_member, save_member
from tests.core.samples import NOW, model_settings


def thaws(events: list[e.Event]) -> list[str]:
    return [event.cause for event in events if isinstance(event, e.AutomationThawed)]


def frozen_member() -> Member:
    member = Member(model_settings("a"), NOW)
    member.freeze(NOW, "by ada: deploy", until=NOW + 60)
    return member


def test_a_freeze_that_runs_out_is_told_once() -> None:
    member = frozen_member()

    assert thaws(member.refresh(NOW + 59)) == []
    assert thaws(member.refresh(NOW + 60)) == ["its time is over"]
    assert thaws(member.refresh(NOW + 61)) == []


def test_a_freeze_that_a_call_saw_ending_is_told_all_the_same() -> None:
    member = frozen_member()
    member.trip(NOW + 1, "by ada")

    _, events = member.acquire(NOW + 70, is_probe=True)

    assert thaws([*events, *member.refresh(NOW + 71)]) == ["its time is over"]


def test_a_thaw_by_hand_is_told_by_its_own_word_only() -> None:
    member = frozen_member()

    assert thaws(member.thaw(NOW + 5, "by ada: done")) == ["by ada: done"]
    assert thaws(member.refresh(NOW + 61)) == []


def test_a_freeze_that_runs_out_while_the_engine_is_down_is_told_when_it_is_up_again() -> None:
    saved = save_member(frozen_member())
    member = Member(model_settings("a"), NOW + 100)

    assert thaws(restore_member(member, saved, NOW + 100)) == ["its time is over"]
