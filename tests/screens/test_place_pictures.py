"""Pictures of timeline, routes and audit, under a frozen clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hive_console.core.settings import Strategy
from hive_console.core.snapshot import FleetSnapshot, HoldView, RouteView
from hive_console.core.states import HoldKind
from hive_console.ui.app import HiveApp
from tests.screens.evening_events import told
from tests.screens.posted import NOW, FakeClient, incident

Console = Callable[..., HiveApp]
SnapCompare = Callable[..., bool]

KEYS = {"timeline": ("3", "g", *"jjjjjj"), "routes": ("4", "j"), "audit": ("5", "k")}


def fleet() -> FleetSnapshot:
    route = RouteView("fast", "gpt-5-mini", "gpt-5-mini", Strategy.FASTEST, ("gpt-5-mini", "o4-mini", "grok-3"))
    pin = HoldView(HoldKind.PINNED, "claude-4-opus", "maria", NOW - 60, NOW + 1450, "INC-4412", "gpt-5")
    return replace(
        incident(), routes=(route,), holds=(pin,), undo_until=NOW + 42, undo_text="deactivate mistral-large"
    )


@pytest.mark.parametrize("place", [*KEYS])
@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
def test_picture_of_a_place(snap_compare: SnapCompare, console: Console, place: str, size: tuple[int, int]) -> None:
    assert snap_compare(console(FakeClient(fleet(), told())), terminal_size=size, press=KEYS[place])


def test_picture_of_the_timeline_without_colour(snap_compare: SnapCompare, console: Console) -> None:
    app = console(FakeClient(fleet(), told()), no_color=True)

    assert snap_compare(app, terminal_size=(120, 40), press=KEYS["timeline"])
