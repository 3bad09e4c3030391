"""What an operator says to the engine, and what would come of it (a dry run on a snapshot, pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hive_console.core.snapshot import AlertView, FleetSnapshot, ModelView
from hive_console.core.states import ADMITTING, Action, AlertState, BreakerState, ModelStatus

REASON_LIMIT = 500
"""Characters kept of a reason or note."""

FREEZE_SECONDS = 3600.0
"""Seconds a freeze holds: it must not outlive the incident that nobody remembers it for."""

REASON_REQUIRED = frozenset({Action.TRIP, Action.DEACTIVATE, Action.FAIL_OVER, Action.FREEZE})
"""Actions that move traffic: somebody will ask tomorrow why."""


@dataclass(frozen=True, slots=True)
class Command:
    """One action by one person.

    Attributes:
        action: what to do.
        target: the model's id, or the alert's id for `acknowledge`.
        reason: why, in the operator's words.
        parameter: the model to fail over to, for `fail-over`.
        actor: who; stamped by the client from what the system attests, never typed.
        origin: how they came, such as `ssh 10.0.0.5`; a hint that nobody attests.
    """

    action: Action
    target: str
    reason: str = ""
    parameter: str = ""
    actor: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of a command; the audit row is durable when this arrives."""

    is_done: bool
    message: str
    action_id: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a command would do now.

    Attributes:
        is_allowed: whether the engine would do it.
        title: the command in words.
        now: how things stand.
        effect: what would change.
        warnings: what a careful colleague would say.
        refusal: why not, when not allowed.
        is_outage: whether clients would see errors.
    """

    is_allowed: bool
    title: str
    now: str = ""
    effect: str = ""
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    is_outage: bool = False


_SET_ASIDE = frozenset({BreakerState.METRICS_ONLY, BreakerState.DISABLED})
"""States that settings choose and that no operator's action brings back."""

_REFUSES_NOW = "its settings keep it from refusing calls; this does it all the same, until a trial succeeds"

_INVERSE = {
    Action.TRIP: Action.RESET,
    Action.DEACTIVATE: Action.ACTIVATE,
    Action.ACTIVATE: Action.DEACTIVATE,
    Action.FAIL_OVER: Action.FAIL_BACK,
    Action.FREEZE: Action.THAW,
    Action.THAW: Action.FREEZE,
}


def inverse_of(command: Command, was_pinned_to: str | None) -> Command | None:
    """The command that undoes this one, or `None` when it cannot be undone.

    Args:
        command: what was done.
        was_pinned_to: where the model's traffic was sent before, for `fail-back`.
    """
    reason = f"undo {command.action.value}"
    if command.action is Action.FAIL_OVER and was_pinned_to is not None:
        return Command(Action.FAIL_OVER, command.target, reason, was_pinned_to, command.actor)
    if command.action is Action.FAIL_BACK and was_pinned_to is not None:
        return Command(Action.FAIL_OVER, command.target, reason, was_pinned_to, command.actor)
    inverse = _INVERSE.get(command.action)
    return Command(inverse, command.target, reason, "", command.actor) if inverse else None


def effect_of(command: Command, fleet: FleetSnapshot) -> Effect:
    """What `command` would do to the fleet as it stands in this snapshot."""
    if command.action is Action.RELOAD:
        return _refused("Reload the settings", "it is no command to a model; use hive-console reload")
    if command.action is Action.ACKNOWLEDGE:
        return _effect_on_alert(fleet.alert(command.target), command)
    model = fleet.model(command.target)
    if model is None:
        return _refused(f"{command.action.value} {command.target}", f"there is no model {command.target}")
    match command.action:
        case Action.TRIP:
            return _effect_of_trip(model, fleet)
        case Action.DEACTIVATE:
            return _effect_of_deactivation(model, fleet)
        case Action.FAIL_OVER:
            return _effect_of_failover(model, fleet, command.parameter)
        case action:
            return _EFFECTS_ON_ONE[action](model)


def _refused(title: str, why: str, now: str = "") -> Effect:
    return Effect(is_allowed=False, title=title, now=now, refusal=why)


def _standing(model: ModelView) -> str:
    breaker = model.breaker
    words = [model.status.value, f"breaker {breaker.state.value}"]
    if model.fault:
        words.append(model.fault)
    if model.breaker.is_frozen:
        words.append("frozen")
    if model.pinned_to:
        words.append(f"traffic sent to {model.pinned_to}")
    if breaker.last_failure_cause and breaker.state is not BreakerState.CLOSED:
        words.append(breaker.last_failure_cause)
    return ", ".join(words)


def _others(model: ModelView, fleet: FleetSnapshot) -> tuple[str, ...]:
    """The models of the chain that would admit a call, in order."""
    return tuple(name for name in model.fallbacks if _could_serve_by_id(name, fleet))


def _could_serve_by_id(model_id: str, fleet: FleetSnapshot) -> bool:
    model = fleet.model(model_id)
    return model is not None and _could_serve(model)


def _could_serve(model: ModelView) -> bool:
    return model.breaker.state in ADMITTING and model.status is not ModelStatus.UNAVAILABLE and not model.fault


def _taking_out(model: ModelView, fleet: FleetSnapshot, title: str, *, then: str) -> Effect:
    """The effect of no longer calling a model: who takes over, and what comes later."""
    others = _others(model, fleet)
    warnings: tuple[str, ...] = ()
    if model.pinned_to is not None and _could_serve_by_id(model.pinned_to, fleet):
        goes = f"its traffic stays on {model.pinned_to}"
    elif others:
        goes = f"its traffic goes to {others[0]}"
        if len(others) == 1:
            warnings = (f"{others[0]} is the only model left in the chain",)
    else:
        warning = "no fallback can take over: clients will see errors"
        return Effect(
            is_allowed=True,
            title=title,
            now=_standing(model),
            effect=f"its requests FAIL; {then}",
            warnings=(warning,),
            is_outage=True,
        )
    return Effect(is_allowed=True, title=title, now=_standing(model), effect=f"{goes}; {then}", warnings=warnings)


def _effect_of_trip(model: ModelView, fleet: FleetSnapshot) -> Effect:
    title = f"Trip the breaker of {model.model_id}"
    if model.breaker.state is BreakerState.ISOLATED:
        return _refused(title, "it is deactivated already; activate it first", _standing(model))
    if model.breaker.state is BreakerState.OPEN:
        return _refused(title, "its breaker is open already", _standing(model))
    then = (
        "it stays so while it is frozen"
        if model.breaker.is_frozen
        else f"a probe tries it again after {model.breaker.recovery_timeout:g} s or more"
    )
    effect = _taking_out(model, fleet, title, then=then)
    if model.breaker.state in _SET_ASIDE:
        return replace(effect, warnings=(*effect.warnings, _REFUSES_NOW))
    return effect


def _effect_of_reset(model: ModelView) -> Effect:
    title = f"Reset the breaker of {model.model_id}"
    if model.breaker.state is BreakerState.ISOLATED:
        return _refused(title, "it is deactivated; activate it instead", _standing(model))
    counts_nothing = not model.breaker.consecutive_failures and not model.fault and model.ramp is None
    if model.breaker.state in ADMITTING and counts_nothing:
        does = "is closed" if model.breaker.state is BreakerState.CLOSED else "stops nobody"
        return _refused(title, f"its breaker {does} and counts no failure", _standing(model))
    warnings: tuple[str, ...] = ()
    if model.status is ModelStatus.UNAVAILABLE:
        warnings = ("nothing shows that it is well again: it may fail its next calls and open again",)
    return Effect(
        is_allowed=True,
        title=title,
        now=_standing(model),
        effect="the breaker closes, its counters start at zero, and all of its traffic flows to it at once",
        warnings=warnings,
    )


def _effect_of_check(model: ModelView) -> Effect:
    return Effect(
        is_allowed=True,
        title=f"Check {model.model_id} now",
        now=_standing(model),
        effect="one probe is sent at once; its result counts like any other",
    )


def _effect_of_half_open(model: ModelView) -> Effect:
    title = f"Try {model.model_id} now"
    if model.breaker.state is not BreakerState.OPEN:
        return _refused(title, "its breaker is not open", _standing(model))
    warnings = (
        ("it is frozen: the trial decides nothing until somebody thaws it",) if model.breaker.is_frozen else ()
    )
    return Effect(
        is_allowed=True,
        title=title,
        now=_standing(model),
        effect="the breaker goes to its trial at once: the next call decides whether it closes",
        warnings=warnings,
    )


def _effect_of_freeze(model: ModelView) -> Effect:
    title = f"Freeze {model.model_id}"
    if model.breaker.is_frozen:
        return _refused(title, "it is frozen already", _standing(model))
    warnings = (
        ("if it fails meanwhile, calls to it go on",)
        if model.breaker.state in ADMITTING
        else ("its breaker is not closed: the model stays out, well or not",)
    )
    return Effect(
        is_allowed=True,
        title=title,
        now=_standing(model),
        effect=f"for {FREEZE_SECONDS / 60:g} minutes nothing but an operator moves its breaker",
        warnings=warnings,
    )


def _effect_of_thaw(model: ModelView) -> Effect:
    title = f"Thaw {model.model_id}"
    if not model.breaker.is_frozen:
        return _refused(title, "it is not frozen", _standing(model))
    return Effect(is_allowed=True, title=title, now=_standing(model), effect="its breaker moves by itself again")


def _effect_of_deactivation(model: ModelView, fleet: FleetSnapshot) -> Effect:
    title = f"Deactivate {model.model_id}"
    if model.breaker.state is BreakerState.ISOLATED:
        return _refused(title, "it is deactivated already", _standing(model))
    then = "it stays so until somebody activates it; calls under way finish"
    return _taking_out(model, fleet, title, then=then)


def _effect_of_activation(model: ModelView) -> Effect:
    title = f"Activate {model.model_id}"
    if model.breaker.state is not BreakerState.ISOLATED:
        return _refused(title, "it is not deactivated", _standing(model))
    return Effect(
        is_allowed=True,
        title=title,
        now=_standing(model),
        effect="a probe is sent at once; traffic flows when the probe is answered",
    )


def _effect_of_failover(model: ModelView, fleet: FleetSnapshot, target_id: str) -> Effect:
    title = f"Fail over {model.model_id} → {target_id or '?'}"
    if not target_id:
        return _refused(title, "choose the model that shall take over", _standing(model))
    target = fleet.model(target_id)
    if target is None or target_id == model.model_id:
        return _refused(title, f"{target_id} cannot take over from {model.model_id}", _standing(model))
    if model.pinned_to == target_id:
        return _refused(title, f"its traffic goes to {target_id} already", _standing(model))
    if not _could_serve(target):
        return _refused(title, f"{target_id} cannot serve now ({_standing(target)})", _standing(model))
    warnings: list[str] = []
    if target_id not in model.fallbacks:
        warnings.append(f"{target_id} is not in the fallback list of {model.model_id}")
    if target.status is ModelStatus.DEGRADED:
        warnings.append(f"{target_id} is degraded")
    return Effect(
        is_allowed=True,
        title=title,
        now=_standing(model),
        effect=f"{target_id} is asked first until somebody fails back; the chain stays behind it",
        warnings=tuple(warnings),
    )


def _effect_of_failback(model: ModelView) -> Effect:
    title = f"Fail back {model.model_id}"
    if model.pinned_to is None:
        return _refused(title, "its traffic was not sent elsewhere by hand", _standing(model))
    warnings = () if _could_serve(model) else (f"{model.model_id} itself cannot serve now; its chain will",)
    return Effect(
        is_allowed=True,
        title=title,
        now=_standing(model),
        effect=f"{model.model_id} is asked first again",
        warnings=warnings,
    )


_EFFECTS_ON_ONE: Mapping[Action, Callable[[ModelView], Effect]] = {
    Action.RESET: _effect_of_reset,
    Action.ACTIVATE: _effect_of_activation,
    Action.FAIL_BACK: _effect_of_failback,
    Action.CHECK_NOW: _effect_of_check,
    Action.HALF_OPEN: _effect_of_half_open,
    Action.FREEZE: _effect_of_freeze,
    Action.THAW: _effect_of_thaw,
}
"""What concerns no other model; `test_every_action_has_an_effect` keeps it whole."""


def _effect_on_alert(alert: AlertView | None, command: Command) -> Effect:
    if alert is None:
        return _refused(f"Acknowledge {command.target}", "there is no such alert any more")
    title = f"Acknowledge: {alert.text}"
    if alert.state is AlertState.RESOLVED:
        return _refused(title, "it is resolved already")
    if alert.acknowledged_by is not None:
        return _refused(title, f"{alert.acknowledged_by} has it already")
    return Effect(is_allowed=True, title=title, now="firing", effect="it stays in the inbox, marked as yours")
