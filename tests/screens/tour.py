"""A walk through every screen and dialog, for what must be true of all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from hive_console.core.command import Command
from hive_console.core.states import EVERYTHING, Action
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.action_menu import ActionMenu
from hive_console.ui.alert_dialog import AlertDialog
from hive_console.ui.alert_menu import AlertMenu
from hive_console.ui.app import HiveApp
from hive_console.ui.confirm_dialog import ConfirmDialog
from hive_console.ui.emergency_menu import EmergencyMenu
from hive_console.ui.quit_dialog import QuitDialog
from hive_console.ui.reload_dialog import ReloadDialog
from hive_console.ui.silence_dialog import SilenceDialog
from hive_console.ui.silence_picker import OTHER, SilencePicker
from hive_console.ui.stop_dialog import StopDialog
from hive_console.ui.target_picker import TargetPicker
from hive_console.ui.undo_dialog import UndoDialog
from hive_console.ui.weight_dialog import WeightDialog
from tests.screens.payloads import PAYLOADS
from tests.screens.posted import FakeClient

KEYS = (
    "j",
    "enter",
    "escape",
    "2",
    "enter",
    "escape",
    "v",
    "enter",
    "tab",
    "tab",
    "enter",
    "escape",
    "tab",
    "tab",
    "x",
    "escape",
    "3",
    "space",
    "escape",
    "4",
    "5",
    "1",
    "question_mark",
    "escape",
    "y",
    "Y",
    "m",
    "T",
    "s",
    "p",
    "p",
)
"""Keys on the fleet that show something else each."""

TYPED = PAYLOADS[0] + PAYLOADS[2] + PAYLOADS[8]
"""What somebody pastes into every field there is."""


def dialogs(client: FakeClient) -> list[Screen[Any]]:  # of every result type
    """Each dialog, about the first model and every alert."""
    first, second, *_ = client.fleet.models
    alerts = tuple(alert.alert_id for alert in client.fleet.alerts)
    commands = (
        Command(Action.TRIP, first.model_id),
        Command(Action.FAIL_OVER, first.model_id, parameter=second.model_id),
        Command(Action.FREEZE, second.model_id),
        Command(Action.KILL, EVERYTHING),
        Command(Action.ACKNOWLEDGE, alerts[0]),
    )
    return [
        *(ActionDialog(client, command) for command in commands),
        ActionMenu(client, first.model_id),
        EmergencyMenu(client, first.model_id),
        WeightDialog(client, first.model_id),
        TargetPicker(client, first.model_id),
        AlertDialog(client, Command(Action.ACKNOWLEDGE, ",".join(alerts))),
        AlertDialog(client, Command(Action.UNSILENCE, client.fleet.silences[0].silence_id)),
        AlertDialog(client, Command(Action.TEST_CHANNEL, client.fleet.channels[0].name)),
        AlertMenu(client, alerts[0], lambda _: alerts[0], model_id=first.model_id),
        SilencePicker(client, alerts),
        SilenceDialog(client, alerts),
        SilenceDialog(client, OTHER, is_typed=True),
        UndoDialog(client),
        ReloadDialog(client),
        QuitDialog(client.fleet),
        StopDialog(client),
        ConfirmDialog(PAYLOADS[9], PAYLOADS[12], yes=PAYLOADS[7], no=PAYLOADS[1]),
    ]


async def tour(app: HiveApp, pilot: Pilot[Any], client: FakeClient) -> AsyncIterator[str]:  # as the library has it
    """Yields at every stop, with a name for it; the app stands on the fleet at the end."""
    await pilot.pause()
    yield "fleet"
    for key in KEYS:
        await pilot.press(key)
        await pilot.pause()
        yield key
    for key in ("slash", "colon"):
        await pilot.press(key)
        await _paste(app, pilot)
        yield f"{key} and a paste"
        await pilot.press("escape")
    for dialog in dialogs(client):
        app.push_screen(dialog)
        await pilot.pause()
        await _paste(app, pilot)
        yield type(dialog).__name__
        app.action_show_fleet()
        await pilot.pause()
    app.notify(TYPED + PAYLOADS[7], title=PAYLOADS[1], timeout=3600)
    await pilot.pause()
    yield "toast"


async def _paste(app: HiveApp, pilot: Pilot[Any]) -> None:  # as the library has it
    app.post_message(events.Paste(TYPED))
    await pilot.pause()
