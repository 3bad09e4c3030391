"""From an action's key to its dialog: what every screen that acts on models shares."""

from __future__ import annotations

from hive_console.core.command import Command
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.action_menu import ActionMenu
from hive_console.ui.app_traits import AnyApp, Now, is_read_only, refusal_to_act
from hive_console.ui.deeds import alert_wanting_attention, refusal_of
from hive_console.ui.emergency_menu import EmergencyMenu
from hive_console.ui.target_picker import TargetPicker
from hive_console.ui.weight_dialog import WeightDialog


def begin(app: AnyApp, client: EngineClient, action: Action, *, model_id: str, now: Now | None = None) -> str:
    """Opens the dialog of the action on this model; a fail-over asks for its target first.

    Args:
        app: that shows the dialog.
        client: the engine.
        action: what to do.
        model_id: to which model; of an acknowledgement, whose first waiting alert.
        now: Unix seconds; the app's clock when not given.

    Returns:
        Why there is nothing to open, or ``""``.
    """
    if is_read_only(app):
        return refusal_to_act(app)
    if action is Action.ACKNOWLEDGE:
        alert = alert_wanting_attention(client.snapshot(), model_id)
        if alert is None:
            return refusal_of(client, action, model_id)
        from hive_console.ui.alert_dialog import AlertDialog  # loads what only alerts need

        app.push_screen(AlertDialog(client, Command(action, alert.alert_id), now))
    elif action is Action.FAIL_OVER:
        app.push_screen(
            TargetPicker(client, model_id),
            lambda target: _send(app, client, Command(action, model_id, parameter=target or ""), now),
        )
    elif action is Action.SET_WEIGHT:
        app.push_screen(WeightDialog(client, model_id, now))
    else:
        app.push_screen(ActionDialog(client, Command(action, model_id), now))
    return ""


def open_emergency(app: AnyApp, client: EngineClient, model_id: str = "", *, now: Now | None = None) -> None:
    """Opens the emergency menu, and then the dialog of what was chosen."""

    def go_on(command: Command | None) -> None:
        if command is not None:
            app.push_screen(ActionDialog(client, command, now))

    app.push_screen(EmergencyMenu(client, model_id, now), go_on)


def open_menu(app: AnyApp, client: EngineClient, model_id: str, *, now: Now | None = None) -> None:
    """Opens the action menu of this model, and then the dialog of what was chosen."""

    def go_on(action: Action | None) -> None:
        if action is not None:
            begin(app, client, action, model_id=model_id, now=now)

    app.push_screen(ActionMenu(client, model_id, now), go_on)


def _send(app: AnyApp, client: EngineClient, command: Command, now: Now | None) -> None:
    if command.parameter:
        app.push_screen(ActionDialog(client, command, now))
