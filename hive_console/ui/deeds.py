"""What an operator can do to a model, each with its key: one table for screens, menu and help."""

from __future__ import annotations

from collections.abc import Sequence

from hive_console.core.command import Command
from hive_console.core.events import Event, OperatorActed
from hive_console.core.snapshot import AlertView, FleetSnapshot
from hive_console.core.states import Action, ActionPhase
from hive_console.core.weights import HEAVIEST
from hive_console.engine.client import EngineClient

NOTHING_TO_UNDO = "nothing was done that can still be undone"

RECENT = 20
"""Reasons that are offered again."""

EMERGENCY_KEY = "E"
"""The key of the menu for what stops much at once."""

UNDO_KEY = "u"
"""The key that takes the last action back, on every screen."""

DEED_KEYS = {
    Action.TRIP: "t",
    Action.RESET: "b",
    Action.DEACTIVATE: "d",
    Action.ACTIVATE: "e",
    Action.FAIL_OVER: "f",
    Action.FAIL_BACK: "F",
    Action.CHECK_NOW: "c",
    Action.HALF_OPEN: "h",
    Action.FREEZE: "z",
    Action.THAW: "Z",
    Action.SET_WEIGHT: "w",
    Action.RESTORE_WEIGHT: "W",
    Action.KILL: "K",
    Action.REVIVE: "V",
    Action.ACKNOWLEDGE: "a",
}
"""The key of each action on a model: in its menu, and on the screens those that `ui.operator_keys` binds."""

DEED_WORDS = {
    Action.TRIP: "trip the breaker",
    Action.RESET: "reset the breaker",
    Action.DEACTIVATE: "deactivate",
    Action.ACTIVATE: "activate",
    Action.FAIL_OVER: "fail over to …",
    Action.FAIL_BACK: "fail back",
    Action.CHECK_NOW: "check now",
    Action.HALF_OPEN: "let its trial begin",
    Action.FREEZE: "freeze its automation",
    Action.THAW: "thaw its automation",
    Action.SET_WEIGHT: "set its weight …",
    Action.RESTORE_WEIGHT: "weight as configured",
    Action.KILL: "kill: nothing calls it",
    Action.REVIVE: "revive after a kill",
    Action.ACKNOWLEDGE: "acknowledge its alert",
}

FLEET_WIDE = frozenset({Action.SAFE_MODE, Action.NORMAL_MODE})
"""Actions that are on the whole fleet and on nothing else; the emergency menu has them."""


def alert_wanting_attention(fleet: FleetSnapshot, model_id: str) -> AlertView | None:
    """The model's first alert that fires and that nobody has."""
    wanting = (alert for alert in fleet.alerts if alert.subject == model_id and alert.wants_attention)
    return next(wanting, None)


def candidates_for(fleet: FleetSnapshot, model_id: str) -> tuple[str, ...]:
    """Models that traffic could be sent to: the fallbacks in their order, then all others in theirs."""
    model = fleet.model(model_id)
    first = () if model is None else tuple(name for name in model.fallbacks if fleet.model(name) is not None)
    others = (view.model_id for view in fleet.models if view.model_id not in first and view.model_id != model_id)
    return (*first, *others)


def recent_reasons(events: Sequence[Event]) -> tuple[str, ...]:
    """What operators gave as reasons, the latest first, each once; what the engine says for an undo is none."""
    found: dict[str, None] = {}
    for event in reversed(events):
        if isinstance(event, OperatorActed) and event.phase is ActionPhase.INTENDED and event.reason:
            if not event.reason.startswith("undo "):
                found[event.reason] = None
            if len(found) >= RECENT:
                break
    return tuple(found)


def can_undo(fleet: FleetSnapshot, now: float) -> bool:
    """Whether the last action can still be undone."""
    return fleet.undo_until is not None and fleet.undo_until > now


def refusal_of(client: EngineClient, action: Action, model_id: str) -> str:
    """Why the action cannot be done to this model now; ``""`` when it can."""
    fleet = client.snapshot()
    if action is Action.ACKNOWLEDGE:
        wanting = alert_wanting_attention(fleet, model_id)
        return "" if wanting is not None else "no alert of this model waits for anybody"
    if action is Action.FAIL_OVER:
        return _refusal_of_failover(client, fleet, model_id)
    return client.preview(Command(action, model_id, parameter=_any_weight(fleet, action, model_id))).refusal


def _any_weight(fleet: FleetSnapshot, action: Action, model_id: str) -> str:
    """Some other weight than it has: which one will be asked for."""
    model = fleet.model(model_id)
    return "" if model is None or action is not Action.SET_WEIGHT else f"{(model.weight + 1) % HEAVIEST:g}"


def _refusal_of_failover(client: EngineClient, fleet: FleetSnapshot, model_id: str) -> str:
    """The first candidate's refusal, when every candidate would be refused."""
    first = ""
    for name in candidates_for(fleet, model_id):
        effect = client.preview(Command(Action.FAIL_OVER, model_id, parameter=name))
        if effect.is_allowed:
            return ""
        first = first or effect.refusal
    return first or "there is no other model"
