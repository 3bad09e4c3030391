"""What undoes an action: the opposite word, or the very hold that stood before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core.command import LIFTS, PLACES, REASON_REQUIRED, Command
from hive_console.core.reversal import Reversal, kind_of, reversal_of
from hive_console.core.snapshot import HoldView
from hive_console.core.states import Action, HoldKind
from tests.core.samples import NOW

WAS = HoldView(HoldKind.PINNED, "a", "bob", NOW - 60, NOW + 30, "slow", "c")


def undo(action: Action, former: HoldView | None = None, *, at: float = NOW) -> Reversal | None:
    return reversal_of(Command(action, "a", "too slow", "b", "ada"), former, at)


def test_a_trip_is_undone_by_a_reset() -> None:
    assert undo(Action.TRIP) == Reversal(Command(Action.RESET, "a", "undo trip"))


@pytest.mark.parametrize("action", PLACES)
def test_what_was_placed_where_nothing_stood_is_lifted(action: Action) -> None:
    found = undo(action)

    assert found is not None
    assert LIFTS[found.command.action] is PLACES[action]
    assert found.command.reason == f"undo {action.value}"
    assert found.hold is None


@pytest.mark.parametrize("action", [Action.FAIL_OVER, Action.FAIL_BACK])
def test_what_stood_before_comes_back_with_owner_and_end(action: Action) -> None:
    found = undo(action, WAS)

    assert found == Reversal(Command(Action.FAIL_OVER, "a", f"undo {action.value}", "c"), WAS)


def test_what_ran_out_meanwhile_does_not_come_back() -> None:
    replaced, lifted = undo(Action.FAIL_OVER, WAS, at=NOW + 30), undo(Action.FAIL_BACK, WAS, at=NOW + 30)

    assert replaced == Reversal(Command(Action.FAIL_BACK, "a", "undo fail-over"))
    assert lifted is None


def test_a_hold_without_an_end_always_comes_back() -> None:
    for_ever = replace(WAS, until=None)

    found = undo(Action.FAIL_BACK, for_ever, at=NOW + 1e6)

    assert found is not None
    assert found.hold == for_ever


def test_a_model_that_was_well_is_let_back_in_without_a_trial() -> None:
    found = reversal_of(Command(Action.DEACTIVATE, "a"), None, NOW, was_well=True)

    assert found == Reversal(Command(Action.ACTIVATE, "a", "undo deactivate"), is_trusted=True)


@pytest.mark.parametrize(
    "action",
    [Action.RESET, Action.CHECK_NOW, Action.HALF_OPEN, Action.ACKNOWLEDGE, Action.RELOAD, *LIFTS],
)
def test_what_changed_nothing_that_could_come_back_is_not_undone(action: Action) -> None:
    assert undo(action) is None


def test_every_hold_has_one_word_that_places_it_and_one_that_lifts_it() -> None:
    assert set(PLACES.values()) == set(LIFTS.values()) == set(HoldKind)
    assert {kind_of(action) for action in Action} == {*HoldKind, None}


def test_an_undo_always_carries_the_reason_that_the_engine_asks_for() -> None:
    undos = [found for action in Action for former in (None, WAS) if (found := undo(action, former)) is not None]

    assert all(found.command.reason for found in undos if found.command.action in REASON_REQUIRED)
