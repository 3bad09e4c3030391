"""What an operator can do about alerts, silences and channels, each with its key; each opens a dialog."""

from __future__ import annotations

from collections.abc import Callable

from textual.binding import Binding

from hive_console.core.command import Command, CommandResult
from hive_console.core.snapshot import AlertView, FleetSnapshot
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import AnyApp, Now, is_read_only, refusal_to_act

INBOX, STORY, SILENCES, CHANNELS, DELIVERIES = "alerts-list", "alerts-story", "silences", "channels", "deliveries"

PANES = {INBOX: "inbox", SILENCES: "silences", CHANNELS: "channels", DELIVERIES: "delivery log"}
"""Panes of the inbox's screen: ids and names, in the order of tab."""

ALERT_KEYS = {
    Action.ACKNOWLEDGE: "a",
    Action.UNACKNOWLEDGE: "A",
    Action.SILENCE: "s",
    Action.UNSILENCE: "S",
    Action.ESCALATE: "P",
    Action.RESOLVE: "r",
    Action.NOTE: "n",
    Action.TEST_CHANNEL: "C",
}
"""The key of each."""

ALERT_WORDS = {
    Action.ACKNOWLEDGE: "acknowledge",
    Action.UNACKNOWLEDGE: "give back",
    Action.SILENCE: "silence …",
    Action.UNSILENCE: "end the silence",
    Action.ESCALATE: "escalate now",
    Action.RESOLVE: "resolve by hand",
    Action.NOTE: "note",
    Action.TEST_CHANNEL: "test the channel",
}

_TOOLTIPS = {
    Action.ACKNOWLEDGE: "I have it: stop telling others",
    Action.UNACKNOWLEDGE: "nobody has it any more",
    Action.SILENCE: "tell nobody for a while",
    Action.UNSILENCE: "tell people again",
    Action.ESCALATE: "page the next ones now",
    Action.RESOLVE: "away until it was well once",
    Action.NOTE: "write something on it",
    Action.TEST_CHANNEL: "send a marked test",
}

_SHORT = {
    Action.SILENCE: "silence",
    Action.UNSILENCE: "end silence",
    Action.ESCALATE: "escalate",
    Action.RESOLVE: "resolve",
    Action.TEST_CHANNEL: "test",
}
"""Words of the line of keys, where it has no room for others."""

_HIDDEN = frozenset({Action.UNACKNOWLEDGE})
"""Those that the line of keys leaves to the help."""

NO_ALERT = "there is no alert under the cursor"
NO_SILENCE = "no silence covers this: tab goes to the silences"
NO_CHANNEL = "no channel is under the cursor: tab goes to the channels"


def alert_bindings(*, leave_out: frozenset[Action] = frozenset()) -> list[Binding]:
    """The keys, with ids by which they can be remapped."""
    return [
        Binding(
            key,
            f"alert('{action.value}')",
            _SHORT.get(action, ALERT_WORDS[action]),
            id=f"alerts.{action.value}",
            show=action not in _HIDDEN,
            tooltip=_TOOLTIPS[action],
        )
        for action, key in ALERT_KEYS.items()
        if action not in leave_out
    ]


def targets_of(action: Action, alerts: tuple[AlertView, ...], silence_id: str = "", channel: str = "") -> str:
    """The target of a command about what is chosen; empty where nothing is."""
    match action:
        case Action.UNSILENCE:
            return silence_id or next((alert.silenced_by for alert in alerts if alert.silenced_by), "")
        case Action.TEST_CHANNEL:
            return channel
        case _:
            return ",".join(alert.alert_id for alert in alerts)


def nothing_chosen(action: Action) -> str:
    """Why there is nothing to do."""
    match action:
        case Action.UNSILENCE:
            return NO_SILENCE
        case Action.TEST_CHANNEL:
            return NO_CHANNEL
        case _:
            return NO_ALERT


def refusal_of(client: EngineClient, action: Action, target: str) -> str:
    """Why it cannot be done now; empty when it can."""
    if action is Action.SILENCE:
        return ""  # what it is of is asked next
    if not target:
        return nothing_chosen(action)
    said = "…" if action is Action.NOTE else ""
    return client.preview(Command(action, target, said)).refusal


def begin(
    app: AnyApp,
    client: EngineClient,
    action: Action,
    target: str,
    *,
    now: Now | None = None,
    then: Callable[[CommandResult | None], None] | None = None,
) -> str:
    """Opens the dialog of the deed; a silence asks first what it is of, or, of nothing, has it typed.

    Args:
        app: that shows the dialog.
        client: the engine.
        action: what to do.
        target: as `Command` takes it: ids joined by commas, a silence's id, a channel's name.
        now: Unix seconds; the app's clock when not given.
        then: told how the dialog ended.

    Returns:
        Why there is nothing to open, or ``""``.
    """
    if is_read_only(app):
        return refusal_to_act(app)
    if not target and action is not Action.SILENCE:
        return nothing_chosen(action)
    # Dialogs, with their buttons and inputs, cost 40 ms to load.
    from hive_console.ui.alert_dialog import AlertDialog

    if action is not Action.SILENCE:
        app.push_screen(AlertDialog(client, Command(action, target), now), then)
        return ""
    from hive_console.ui.silence_dialog import SilenceDialog
    from hive_console.ui.silence_picker import OTHER, SilencePicker

    def go_on(targets: tuple[str, ...] | None) -> None:
        if targets is not None:
            dialog = SilenceDialog(client, targets, now, is_typed=targets == OTHER)
            app.push_screen(dialog, then)

    if target:
        app.push_screen(SilencePicker(client, tuple(target.split(","))), go_on)
    else:
        go_on(OTHER)
    return ""


def my_name(fleet: FleetSnapshot, session: float) -> str:
    """Whom the engine takes this console's person for; empty while it does not say."""
    return next((console.actor for console in fleet.consoles if console.since == session), "")
