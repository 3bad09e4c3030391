"""The one plain sentence on top: what is wrong, since when, and who serves now."""

from __future__ import annotations

from hive_console.core.holding import HOLD_WORDS, holds_of, lasts, owner
from hive_console.core.level_words import CONSEQUENCES
from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot, HoldView, ModelView
from hive_console.core.states import EVERYTHING, PROVIDER_PREFIX, HoldKind, ModelStatus
from hive_console.core.wording import ago, latency, percent, whole_percent, whole_span


def headline(fleet: FleetSnapshot, now: float) -> str:
    """What an engineer at 3 am needs to read first; worst and oldest first, at most one model in detail."""
    if fleet.sequence == 0:
        return "The engine is starting; nothing is known yet."
    troubled = _troubled(fleet)
    prefix = f"{_emergency_words(fleet, now)}{_degraded_words(fleet)}"
    if troubled:
        worst, *others = troubled
        more = f"; {len(others)} more in trouble" if others else ""
        asides = "".join(f"; {said}" for said in _asides(fleet, now, told=worst))
        return f"{prefix}{_trouble(worst, fleet, now)}{more}{asides}."
    return f"{prefix}{_calm(fleet, now)}"


def _calm(fleet: FleetSnapshot, now: float) -> str:
    asides = _asides(fleet, now)
    unknown = sum(1 for model in fleet.models if model.status is ModelStatus.UNKNOWN)
    if unknown:
        more = "".join(f"; {said}" for said in asides)
        why = "not checked yet" if past_of(fleet) is None else "of unknown status"
        return f"{unknown} of {len(fleet.models)} models {why}; nothing is known to be wrong{more}."
    if not asides:
        return f"All {len(fleet.models)} models are well{_since_last_trouble(fleet, now)}."
    is_well = all(model.ramp is None for model in fleet.models)
    return f"{'; '.join(['All models are well' if is_well else 'No model is down', *asides])}."


def _asides(fleet: FleetSnapshot, now: float, told: ModelView | None = None) -> list[str]:
    """What is no trouble and must not be forgotten: models on their way back, and those that hands hold still."""
    said: list[str] = []
    recovering = [model for model in fleet.models if model.ramp is not None]
    if len(recovering) == 1:
        said.append(_recovering(recovering[0]))
    elif recovering:
        said.append(f"{len(recovering)} models recovering")
    held = [(model, hold) for model in fleet.models for hold in holds_of(model, fleet)]
    for kind in _MANY:
        said += _held(held, now, kind, told=told)
    return said


_MANY = {
    HoldKind.FROZEN: "frozen by hand",
    HoldKind.PINNED: "pinned by hand",
    HoldKind.WEIGHTED: "weighted by hand",
}


def _held(
    held: list[tuple[ModelView, HoldView]], now: float, kind: HoldKind, *, told: ModelView | None
) -> list[str]:
    """One hold of a kind in detail, more of them by their number; a freeze is said where the trouble is told."""
    found = [
        (model, hold)
        for model, hold in held
        if hold.kind is kind and not (model is told and kind is HoldKind.FROZEN)
    ]
    if len(found) != 1:
        return [f"{len(found)} models {_MANY[kind]}"] if found else []
    model, hold = found[0]
    what = {
        HoldKind.FROZEN: f"{model.model_id} frozen",
        HoldKind.PINNED: f"traffic of {model.model_id} is sent to {hold.detail}",
        HoldKind.WEIGHTED: f"{model.model_id} has weight {hold.detail}",
    }[kind]
    return [f"{what} {owner(hold)}{lasts(hold, now)}"]


def _emergency_words(fleet: FleetSnapshot, now: float) -> str:
    """What stands above everything: kill switches that are on, and safe mode."""
    said = [
        f"KILL SWITCH on for {_target(hold.target)} {owner(hold)}{lasts(hold, now)}: nothing of it is called."
        for hold in fleet.holds
        if hold.kind is HoldKind.KILLED
    ]
    if len(said) > 1:
        others = len(said) - 1
        said = [said[0], f"{others} more kill {'switch is' if others == 1 else 'switches are'} on."]
    said += [
        f"SAFE MODE {owner(hold)}{lasts(hold, now)}." for hold in fleet.holds if hold.kind is HoldKind.SAFE_MODE
    ]
    return "".join(f"{one} " for one in said)


def _target(target: str) -> str:
    if target == EVERYTHING:
        return "the whole fleet"
    return f"provider {target.removeprefix(PROVIDER_PREFIX)}" if target.startswith(PROVIDER_PREFIX) else target


def _recovering(model: ModelView) -> str:
    return f"{model.model_id} recovering, {whole_percent(model.ramp or 0)} % of its traffic"


_URGENCY = {ModelStatus.UNAVAILABLE: 0, ModelStatus.DEGRADED: 1}


def _troubled(fleet: FleetSnapshot) -> list[ModelView]:
    bad = [model for model in fleet.models if model.status in _URGENCY]
    return sorted(bad, key=lambda model: _by_urgency(model, fleet))


def _by_urgency(model: ModelView, fleet: FleetSnapshot) -> tuple[bool, int, bool, float]:
    """What somebody did on purpose comes after what happened; then the worst, the unserved, the oldest."""
    is_meant = _taken_out(model, fleet) is not None and model.serving is not None
    return is_meant, _URGENCY[model.status], model.serving is not None, model.status_since


def _degraded_words(fleet: FleetSnapshot) -> str:
    if not fleet.is_degraded:
        return ""
    means = CONSEQUENCES[fleet.level]
    level = f", {fleet.level.value}: {means}" if means else ""
    return f"DEGRADED MODE{level} ({percent(fleet.available_share)} % available). "


def _trouble(model: ModelView, fleet: FleetSnapshot, now: float) -> str:
    lasted = whole_span(now - model.status_since)
    frozen = ", frozen by hand" if model.breaker.is_frozen else ""
    serves = f"{frozen}{_who_serves(model, fleet)}"
    out = _taken_out(model, fleet)
    if out is not None:
        return f"{model.model_id} {HOLD_WORDS[out.kind]} {owner(out)} for {lasted}{serves}"
    word = "DEGRADED" if model.status is ModelStatus.DEGRADED else "DOWN"
    return f"{model.model_id} {word} for {lasted} ({model.status_cause}){serves}"


def _taken_out(model: ModelView, fleet: FleetSnapshot) -> HoldView | None:
    """The hand that keeps the model from being called, if any."""
    kinds = {HoldKind.KILLED, HoldKind.DEACTIVATED}
    return next((hold for hold in holds_of(model, fleet) if hold.kind in kinds), None)


def _who_serves(model: ModelView, fleet: FleetSnapshot) -> str:
    if model.serving is None:
        return " → NOBODY serves its traffic"
    if model.serving == model.model_id:
        return ", still serving"
    standby = fleet.model(model.serving)
    speed = f" (p95 {latency(standby.p95)})" if standby is not None and standby.p95 is not None else ""
    return f" → traffic on {model.serving}{speed}"


def _since_last_trouble(fleet: FleetSnapshot, now: float) -> str:
    resolved = [alert.resolved_at for alert in fleet.alerts if alert.resolved_at is not None]
    return f"; last alert ended {ago(now - max(resolved))}" if resolved else ""
