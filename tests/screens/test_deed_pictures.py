"""Pictures of manual recovery at 80x24: menus, the palette, what became of a deed; reviewed when they change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from hive_console.core.command import Command
from hive_console.core.events import OperationFinished
from hive_console.core.snapshot import HoldView
from hive_console.core.states import Action, HoldKind, OperationResult
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.app import HiveApp
from hive_console.ui.deed_dialog import DeedDialog, Phase
from hive_console.ui.emergency_menu import EmergencyMenu
from hive_console.ui.weight_dialog import WeightDialog
from tests.screens.posted import NOW, FakeClient, healthy, incident

Compare = Callable[..., bool]
"""The plugin's `snap_compare`."""

SMALL = (80, 24)

HOLDS = (
    HoldView(HoldKind.KILLED, "provider:openai", "maria", NOW - 720, reason="INC-4412"),
    HoldView(HoldKind.PINNED, "claude-4-opus", "jo", NOW - 300, NOW + 1500, "slow answers", "gpt-5"),
    HoldView(HoldKind.FROZEN, "*", "jo", NOW - 30, NOW + 3570, "deploy"),
)


def console(client: FakeClient) -> HiveApp:
    return HiveApp(client, now=lambda: NOW, zone=UTC)


def showing(
    make: Callable[[FakeClient], Screen[Any]] | None, *keys: str, then: Callable[[FakeClient], None] | None = None
) -> Callable[[Pilot[Any]], Awaitable[None]]:  # pilots of any app, screens of any result
    """Pushes a screen, presses keys as a person does, and lets something happen before the picture is taken."""

    async def before(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, HiveApp)
        client = app.client
        assert isinstance(client, FakeClient)
        if make is not None:
            app.push_screen(make(client))
        await pilot.pause()
        for key in keys:
            if isinstance(app.screen, DeedDialog):
                while not app.screen.is_ready:
                    await pilot.pause()
            await pilot.press(key)
        if isinstance(app.screen, DeedDialog):
            while not app.screen.is_ready and app.screen.phase is Phase.ASKING:
                await pilot.pause()
            if then is not None:
                then(client)
                app.screen.on_resize(None)  # type: ignore[arg-type]  # looks again at once
        await pilot.pause()

    return before


def ask(action: Action, target: str, parameter: str = "") -> Callable[[FakeClient], Screen[Any]]:
    return lambda client: ActionDialog(client, Command(action, target, parameter=parameter), lambda: NOW)


def post_the_fail_over(client: FakeClient) -> None:
    models = tuple(
        replace(view, pinned_to="gpt-5", serving="gpt-5") if view.model_id == "claude-4-sonnet" else view
        for view in incident().models
    )
    undo = "fail-over claude-4-sonnet → gpt-5"
    client.post(replace(incident(), models=models, undo_until=NOW + 52, undo_text=undo))


def answer(client: FakeClient) -> None:
    post_the_fail_over(client)
    client.publish(
        OperationFinished(
            at=NOW,
            operation="op-9",
            requested="claude-4-sonnet",
            result=OperationResult.ANSWERED,
            latency=0.412,
            attempts=1,
            served_by="gpt-5",
        )
    )


FAIL_OVER = ask(Action.FAIL_OVER, "claude-4-sonnet", "gpt-5")
CONFIRMED = (*"INC-4412", "enter", "enter")


def test_picture_of_a_deed_that_waits_for_its_proof(snap_compare: Compare) -> None:
    before = showing(FAIL_OVER, *CONFIRMED, then=post_the_fail_over)

    assert snap_compare(console(FakeClient(incident())), terminal_size=SMALL, run_before=before)


def test_picture_of_a_deed_that_is_proven(snap_compare: Compare) -> None:
    before = showing(FAIL_OVER, *CONFIRMED, then=answer)

    assert snap_compare(console(FakeClient(incident())), terminal_size=SMALL, run_before=before)


def test_picture_of_what_changed_while_one_was_reading(snap_compare: Compare) -> None:
    before = showing(ask(Action.DEACTIVATE, "claude-4-opus"), *"drill", then=lambda client: client.post(incident()))

    assert snap_compare(console(FakeClient(healthy())), terminal_size=SMALL, run_before=before)


def test_picture_of_the_kill_switch_for_all(snap_compare: Compare) -> None:
    assert snap_compare(
        console(FakeClient(incident())), terminal_size=SMALL, run_before=showing(ask(Action.KILL, "*"))
    )


def test_picture_of_a_weight(snap_compare: Compare) -> None:
    before = showing(lambda client: WeightDialog(client, "gpt-5-mini", lambda: NOW), "5")

    assert snap_compare(console(FakeClient(incident())), terminal_size=SMALL, run_before=before)


def test_picture_of_the_emergency_menu(snap_compare: Compare) -> None:
    before = showing(lambda client: EmergencyMenu(client, "gpt-5", lambda: NOW))
    fleet = replace(incident(), holds=HOLDS)

    assert snap_compare(console(FakeClient(fleet)), terminal_size=SMALL, run_before=before)


def test_picture_of_the_palette(snap_compare: Compare) -> None:
    before = showing(None, "colon", *"trip")

    assert snap_compare(console(FakeClient(incident())), terminal_size=SMALL, run_before=before)
