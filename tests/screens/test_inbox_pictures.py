"""Pictures of the inbox and what stands beside it; reviewed when they change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import pytest

from hive_console.core.snapshot import FleetSnapshot
from hive_console.ui.app import HiveApp
from tests.screens.alert_scenes import busy, storm, told
from tests.screens.posted import NOW, FakeClient

Compare = Callable[..., bool]
"""The plugin's `snap_compare`."""

SMALL, LARGE = (80, 24), (120, 40)

SCENES = {
    "busy": (busy, SMALL, ("2",)),
    "busy-and-wide": (busy, LARGE, ("2",)),
    "storm": (storm, SMALL, ("2",)),
    "storm-by-provider": (storm, LARGE, ("2", "v", "j", "enter", "space")),
    "story": (busy, SMALL, ("2", "enter")),
    "story-and-wide": (busy, LARGE, ("2", "enter")),
    "silences": (busy, SMALL, ("2", "tab")),
    "channels": (busy, SMALL, ("2", "tab", "tab", "j")),
    "delivery-log": (busy, SMALL, ("2", "tab", "tab", "tab", "G")),
    "what-to-silence": (busy, SMALL, ("2", "s")),
    "silence": (busy, SMALL, ("2", "s", "p")),
}


@pytest.mark.parametrize("name", [*SCENES])
def test_picture_of(snap_compare: Compare, name: str) -> None:
    scene, size, keys = SCENES[name]
    fleet: FleetSnapshot = scene()
    app = HiveApp(FakeClient(fleet, told()), now=lambda: NOW, zone=UTC)

    assert snap_compare(app, terminal_size=size, press=keys)
