"""Pictures of the model's screen, the inbox and the dialogs; reviewed as pictures when they change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from hive_console.core.command import Command
from hive_console.core.states import Action
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.action_menu import ActionMenu
from hive_console.ui.alerts_screen import AlertsScreen
from hive_console.ui.app import HiveApp
from hive_console.ui.deed_dialog import DeedDialog
from hive_console.ui.model_screen import ModelScreen
from hive_console.ui.target_picker import TargetPicker
from tests.screens.posted import (
    NOW,
    FakeClient,
    healthy,
    held,
    incident,
    incident_events,
    model_events,
    returning,
    unknown,
)

Compare = Callable[..., bool]
"""The plugin's `snap_compare`."""

SMALL, LARGE = (80, 24), (140, 40)


def console(client: FakeClient, theme: str = "hive-dark") -> HiveApp:
    return HiveApp(client, now=lambda: NOW, zone=UTC, theme=theme)


def showing(
    make: Callable[[FakeClient], Screen[Any]], *keys: str
) -> Callable[[Pilot[Any]], Awaitable[None]]:  # pilots of any app, screens of any result
    """Pushes a screen and presses keys before the picture is taken."""

    async def before(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, HiveApp)
        assert isinstance(app.client, FakeClient)
        app.push_screen(make(app.client))
        await pilot.pause()
        for key in keys:
            if isinstance(app.screen, DeedDialog):
                while not app.screen.is_ready:  # a picture of what a person's enter does
                    await pilot.pause()
            await pilot.press(key)
        await pilot.pause()

    return before


def ask(action: Action, target: str, parameter: str = "") -> Callable[[FakeClient], Screen[Any]]:
    return lambda client: ActionDialog(client, Command(action, target, parameter=parameter), lambda: NOW)


@pytest.mark.parametrize("theme", ["hive-dark", "hive-mono"])
@pytest.mark.parametrize("size", [SMALL, (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
def test_picture_of_a_model_that_is_down(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    app = console(FakeClient(held(), model_events()), theme=theme)
    before = showing(lambda client: ModelScreen(client, "claude-4-sonnet", lambda: NOW))

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("name", ["claude-4-sonnet", "deepseek-v3"])
def test_picture_of_a_model_that_comes_back_or_is_frozen(snap_compare: Compare, name: str) -> None:
    before = showing(lambda client: ModelScreen(client, name, lambda: NOW))

    assert snap_compare(console(FakeClient(returning())), terminal_size=SMALL, run_before=before)


def test_picture_of_a_freeze(snap_compare: Compare) -> None:
    before = showing(ask(Action.FREEZE, "gpt-5"), *"deploy")

    assert snap_compare(console(FakeClient(incident())), terminal_size=SMALL, run_before=before)


def test_picture_of_a_model_that_is_well_in_the_light(snap_compare: Compare) -> None:
    app = console(FakeClient(healthy(), incident_events()), theme="hive-light")
    before = showing(lambda client: ModelScreen(client, "gpt-5", lambda: NOW))

    assert snap_compare(app, terminal_size=LARGE, run_before=before)


def test_picture_of_a_chain_and_its_holds_on_a_small_terminal(snap_compare: Compare) -> None:
    app = console(FakeClient(held(), model_events()))
    before = showing(lambda client: ModelScreen(client, "claude-4-opus", lambda: NOW), "shift+tab")

    assert snap_compare(app, terminal_size=SMALL, run_before=before)


def test_picture_of_a_model_that_was_never_checked(snap_compare: Compare) -> None:
    before = showing(lambda client: ModelScreen(client, "gpt-5", lambda: NOW))

    assert snap_compare(console(FakeClient(unknown())), terminal_size=SMALL, run_before=before)


def test_picture_of_a_calm_inbox(snap_compare: Compare) -> None:
    before = showing(lambda client: AlertsScreen(client, lambda: NOW))

    assert snap_compare(console(FakeClient(healthy())), terminal_size=SMALL, run_before=before)


def test_picture_of_a_fail_over(snap_compare: Compare) -> None:
    before = showing(ask(Action.FAIL_OVER, "claude-4-sonnet", "grok-3"), *"INC-4412")

    assert snap_compare(console(FakeClient(incident())), terminal_size=SMALL, run_before=before)


def test_picture_of_a_deed_that_lets_requests_fail(snap_compare: Compare) -> None:
    before = showing(ask(Action.DEACTIVATE, "gpt-5"))

    assert snap_compare(console(FakeClient(incident())), terminal_size=SMALL, run_before=before)


def test_picture_of_a_refusal(snap_compare: Compare) -> None:
    before = showing(ask(Action.TRIP, "claude-4-sonnet"))

    assert snap_compare(console(FakeClient(incident())), terminal_size=LARGE, run_before=before)


def test_picture_of_what_became_of_it(snap_compare: Compare) -> None:
    fleet = replace(incident(), undo_until=NOW + 52, undo_text="reset claude-4-sonnet")
    before = showing(ask(Action.RESET, "claude-4-sonnet"), "enter", "enter")

    assert snap_compare(console(FakeClient(fleet)), terminal_size=SMALL, run_before=before)


def test_picture_of_the_action_menu(snap_compare: Compare) -> None:
    before = showing(lambda client: ActionMenu(client, "claude-4-sonnet", lambda: NOW))

    assert snap_compare(console(FakeClient(incident())), terminal_size=SMALL, run_before=before)


def test_picture_of_the_target_picker(snap_compare: Compare) -> None:
    before = showing(lambda client: TargetPicker(client, "claude-4-sonnet"))

    assert snap_compare(console(FakeClient(incident())), terminal_size=SMALL, run_before=before)
