"""What hands keep as it is: whose it is, how long, and in which words."""

from __future__ import annotations

import pytest

from hive_console.core.holding import hold_words, holds_of, lasts, time_left
from hive_console.core.snapshot import HoldView
from hive_console.core.states import BreakerState, HoldKind
from tests.core.samples import NOW, breaker_view, fleet_view, model_view

PIN = HoldView(HoldKind.PINNED, "a", "maria", NOW, NOW + 750, detail="b")


def test_holds_of_a_model_come_from_itself_its_provider_and_the_fleet_the_gravest_first() -> None:
    model = model_view("a", provider="acme", pinned_to="b")
    kill = HoldView(HoldKind.KILLED, "provider:acme", "bob", NOW)
    calm = HoldView(HoldKind.SAFE_MODE, "*", "bob", NOW)
    other = HoldView(HoldKind.KILLED, "b", "bob", NOW)

    assert holds_of(model, fleet_view(model, holds=(PIN, calm, other, kill))) == (kill, calm, PIN)


def test_what_only_the_models_state_tells_is_a_hold_without_an_owner() -> None:
    out = model_view("a", breaker=breaker_view(BreakerState.ISOLATED))
    still = model_view("b", breaker=breaker_view(is_frozen=True, frozen_until=NOW + 60), pinned_to="a")
    fleet = fleet_view(out, still)

    assert [hold.kind for hold in holds_of(out, fleet)] == [HoldKind.DEACTIVATED]
    assert [hold_words(hold, NOW) for hold in holds_of(still, fleet)] == [
        "frozen by hand, 1:00 left",
        "pinned → a by hand",
    ]


def test_a_model_whose_hold_is_told_is_not_told_twice() -> None:
    out = model_view("a", breaker=breaker_view(BreakerState.ISOLATED, is_frozen=True), pinned_to="b")
    kinds = (HoldKind.KILLED, HoldKind.FROZEN, HoldKind.PINNED)
    holds = tuple(HoldView(kind, "a", "bob", NOW) for kind in kinds)

    assert holds_of(out, fleet_view(out, holds=holds)) == holds


@pytest.mark.parametrize(
    ("hold", "said"),
    [
        (PIN, "pinned → b by maria, 12:30 left"),
        (HoldView(HoldKind.KILLED, "*", "bob", NOW), "KILLED with the whole fleet by bob"),
        (HoldView(HoldKind.KILLED, "provider:acme", "bob", NOW), "KILLED with provider acme by bob"),
        (HoldView(HoldKind.SAFE_MODE, "*", "bob", NOW), "safe mode by bob"),
        (HoldView(HoldKind.WEIGHTED, "a", "bob", NOW, NOW + 7500, detail="0.5"), "weight 0.5 by bob, 2 h 5 m left"),
    ],
)
def test_a_hold_is_said_with_its_scope_owner_and_end(hold: HoldView, said: str) -> None:
    assert hold_words(hold, NOW) == said


def test_a_hold_without_an_end_has_no_time_left() -> None:
    for_ever = HoldView(HoldKind.FROZEN, "a", "bob", NOW)

    assert time_left(for_ever, NOW) == lasts(for_ever, NOW) == ""
    assert lasts(PIN, NOW) == " for 12 m more"
