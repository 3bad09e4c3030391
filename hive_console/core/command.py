"""What an operator says to the engine, and what would come of it (a dry run on a snapshot, pure)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hive_console.core import effects_on_many as many
from hive_console.core import effects_on_one as one
from hive_console.core.effect import Effect as Effect  # noqa: PLC0414 - asked for beside the command it belongs to
from hive_console.core.effect import refused
from hive_console.core.effects_on_alerts import Asked, effect_on_alerts
from hive_console.core.holds import is_wide
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import ALERT_ACTIONS, NOT_COMMANDED, Action, HoldKind

REASON_LIMIT = 500
"""Characters kept of a reason or note."""

WATCHES_ONLY = "this console may only look; open one that is not read-only"
"""Why nothing that a read-only console says is done."""

FREEZE_SECONDS = 3600.0
"""Seconds a freeze holds: it must not outlive the incident that nobody remembers it for."""

LONGEST_HOLD = 30 * 86_400.0
"""Seconds that a hold with an end may last: who wants more changes the settings."""

REASON_REQUIRED = frozenset(
    {
        Action.TRIP,
        Action.DEACTIVATE,
        Action.FAIL_OVER,
        Action.FREEZE,
        Action.SET_WEIGHT,
        Action.SAFE_MODE,
        Action.KILL,
        Action.SILENCE,
    }
)
"""Actions that move traffic, or hide what is wrong: somebody will ask tomorrow why."""

_HALF_AN_HOUR, _HOUR, _DAY = 1800.0, 3600.0, 86_400.0

DURATIONS: Mapping[Action, tuple[float | None, ...]] = {
    Action.FAIL_OVER: (_HALF_AN_HOUR, 2 * _HOUR, None),
    Action.DEACTIVATE: (None, _HALF_AN_HOUR, 2 * _HOUR, _DAY),
    Action.FREEZE: (FREEZE_SECONDS, _HALF_AN_HOUR, 4 * _HOUR),
    Action.SET_WEIGHT: (_HOUR, 4 * _HOUR, None),
    Action.SAFE_MODE: (_HOUR, _HALF_AN_HOUR, 4 * _HOUR),
    Action.ACKNOWLEDGE: (None, _HOUR, 4 * _HOUR, 8 * _HOUR),  # none is the setting's, `acknowledgeFor`
    Action.SILENCE: (_HOUR, _HALF_AN_HOUR / 2, 4 * _HOUR, _DAY),
}
"""The ends that can be chosen, the usual one first. What nobody must forget (a freeze, safe mode) always ends."""

PLACES: Mapping[Action, HoldKind] = {
    Action.FAIL_OVER: HoldKind.PINNED,
    Action.DEACTIVATE: HoldKind.DEACTIVATED,
    Action.FREEZE: HoldKind.FROZEN,
    Action.SET_WEIGHT: HoldKind.WEIGHTED,
    Action.SAFE_MODE: HoldKind.SAFE_MODE,
    Action.KILL: HoldKind.KILLED,
}
"""What each action holds."""

LIFTS: Mapping[Action, HoldKind] = {
    Action.FAIL_BACK: HoldKind.PINNED,
    Action.ACTIVATE: HoldKind.DEACTIVATED,
    Action.THAW: HoldKind.FROZEN,
    Action.RESTORE_WEIGHT: HoldKind.WEIGHTED,
    Action.NORMAL_MODE: HoldKind.SAFE_MODE,
    Action.REVIVE: HoldKind.KILLED,
}
"""What each action lets go of."""

UNDO_WORDS: Mapping[Action, str] = {
    Action.TRIP: "undo closes its breaker again",
    Action.DEACTIVATE: "undo lets it back in as it was",
    Action.ACTIVATE: "undo deactivates it again, as before",
    Action.FAIL_OVER: "undo sends its traffic where it went before",
    Action.FAIL_BACK: "undo sends its traffic away again, as before",
    Action.FREEZE: "undo thaws it",
    Action.THAW: "undo freezes it again for the rest of the time",
    Action.SET_WEIGHT: "undo gives it the weight that it had before",
    Action.RESTORE_WEIGHT: "undo sets the weight that it had before again",
    Action.SAFE_MODE: "undo ends it",
    Action.NORMAL_MODE: "undo brings safe mode back for the rest of its time",
    Action.KILL: "undo revives it; calls that were ended stay ended",
    Action.REVIVE: "undo kills it again",
    Action.ACKNOWLEDGE: "undo gives it back",
    Action.SILENCE: "undo ends it",
}


@dataclass(frozen=True, slots=True)
class Command:
    """One action by one person.

    Attributes:
        action: what to do.
        target: the model's id; `provider:NAME` and `*` where an action takes them. Of words about alerts: ids
            joined by commas; for `silence` one id, or matchers joined by commas; for `unsilence` the silence's id;
            for `test-channel` the channel's name.
        reason: why, in the operator's words.
        parameter: the model to fail over to, for `fail-over`; the weight, for `set-weight`; for `silence` words
            out of `maintenance` and `until-resolved`; for `acknowledge` the alert's `changed` as it was seen, or
            nothing.
        duration: seconds after which what it sets ends by itself, at most `LONGEST_HOLD`; `None` is no end, and
            where an action must have one (`freeze`, `safe-mode`), the usual one.
        is_watcher: whether it comes from a console that may only look; stamped like the actor, and refused.
        actor: who; stamped by the client from what the system attests, never typed.
        origin: how they came, such as `ssh 10.0.0.5`; a hint that nobody attests.
    """

    action: Action
    target: str
    reason: str = ""
    parameter: str = ""
    actor: str = ""
    origin: str = ""
    duration: float | None = None
    is_watcher: bool = False

    @property
    def lasts(self) -> float | None:
        """Seconds until what it sets ends by itself; `None` when only a word ends it."""
        choices = DURATIONS.get(self.action, (None,))
        return choices[0] if self.duration is None and None not in choices else self.duration


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of a command; the audit row is durable when this arrives."""

    is_done: bool
    message: str
    action_id: str = ""


def effect_of(command: Command, fleet: FleetSnapshot) -> Effect:
    """What `command` would do to the fleet as it stands in this snapshot."""
    effect = _effect_of(command, fleet)
    if not effect.is_allowed:
        return effect
    trouble = _trouble_with(command)
    if trouble:
        return refused(effect.title, trouble, effect.now)
    durations, undo = DURATIONS.get(command.action, ()), UNDO_WORDS.get(command.action, "")
    return replace(effect, durations=durations, undo=undo)


def _trouble_with(command: Command) -> str:
    """What is wrong with its duration, or ``""``."""
    seconds = command.duration
    if seconds is None:
        return ""
    if command.action is Action.KILL:
        return "a kill never ends by itself: somebody must revive it"
    if command.action not in DURATIONS:
        return f"{command.action.value} takes no duration"
    if math.isnan(seconds) or seconds <= 0:
        return "a duration is a number of seconds above 0"
    if seconds > LONGEST_HOLD:
        return f"a duration is at most {LONGEST_HOLD / _DAY:g} days; for longer, change the settings"
    return ""


def _effect_of(command: Command, fleet: FleetSnapshot) -> Effect:
    target, seconds = command.target, command.lasts
    match command.action:
        case action if action in NOT_COMMANDED:
            return refused(f"{action.value} {target}".strip(), "it is no command to the fleet")
        case action if action in ALERT_ACTIONS:
            return effect_on_alerts(asked_of(command), fleet)
        case Action.SAFE_MODE:
            return many.of_safe_mode(target, fleet, seconds)
        case Action.NORMAL_MODE:
            return many.of_normal_mode(target, fleet)
        case _:
            pass
    if is_wide(target):
        return _effect_on_many(command, fleet)
    model = fleet.model(target)
    if model is None:
        return refused(f"{command.action.value} {target}", f"there is no model {target}")
    return _effect_on_one(command, model, fleet)


def asked_of(command: Command) -> Asked:
    """A command about alerts, as `effects_on_alerts` takes it."""
    return Asked(
        command.action,
        command.target,
        note=command.reason,
        parameter=command.parameter,
        actor=command.actor,
        seconds=command.lasts,
    )


def _effect_on_many(command: Command, fleet: FleetSnapshot) -> Effect:
    match command.action:
        case Action.FREEZE:
            return many.of_freeze_of_many(command.target, fleet, command.lasts)
        case Action.THAW:
            return many.of_thaw_of_many(command.target, fleet)
        case Action.KILL:
            return many.of_kill(command.target, fleet)
        case Action.REVIVE:
            return many.of_revival(command.target, fleet)
        case action:
            return refused(f"{action.value} {command.target}", f"{action.value} is of one model at a time")


def _effect_on_one(command: Command, model: ModelView, fleet: FleetSnapshot) -> Effect:
    match command.action:
        case Action.FAIL_OVER:
            return one.of_failover(model, fleet, command.parameter, command.lasts)
        case Action.SET_WEIGHT:
            return one.of_weight(model, fleet, command.parameter, command.lasts)
        case Action.DEACTIVATE:
            return one.of_deactivation(model, fleet, command.lasts)
        case Action.FREEZE:
            return one.of_freeze(model, fleet, command.lasts)
        case Action.KILL:
            return many.of_kill(command.target, fleet)
        case Action.REVIVE:
            return many.of_revival(command.target, fleet)
        case action:
            return _EFFECTS_ON_ONE[action](model, fleet)


_EFFECTS_ON_ONE: Mapping[Action, Callable[[ModelView, FleetSnapshot], Effect]] = {
    Action.TRIP: one.of_trip,
    Action.RESET: one.of_reset,
    Action.ACTIVATE: one.of_activation,
    Action.FAIL_BACK: one.of_failback,
    Action.CHECK_NOW: one.of_check,
    Action.HALF_OPEN: one.of_half_open,
    Action.THAW: one.of_thaw,
    Action.RESTORE_WEIGHT: one.of_restored_weight,
}
"""What has neither parameter nor end; `test_every_action_has_an_effect` keeps it whole."""
