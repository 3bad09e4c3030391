"""What an action on a model, a provider's models or all of them would do now: freeze, kill switch, safe mode."""

from __future__ import annotations

from hive_console.core.effect import (
    WORD_FOR_ALL,
    Effect,
    could_serve,
    lasting,
    left_alone,
    named,
    owned,
    person_holds,
    refused,
    standing,
    taking_out,
    with_warning,
)
from hive_console.core.holds import MOST_WIDE, STOP_FILE, is_of_file, is_wide, target_words
from hive_console.core.snapshot import FleetSnapshot, HoldView, ModelView
from hive_console.core.states import ADMITTING, EVERYTHING, PROVIDER_PREFIX, HoldKind

TOO_MANY = f"{MOST_WIDE} holds on providers and on the fleet stand already; lift some"


def meant_by(target: str, fleet: FleetSnapshot) -> tuple[ModelView, ...]:
    """The models that a target means."""
    if target == EVERYTHING:
        return fleet.models
    if target.startswith(PROVIDER_PREFIX):
        provider = target.removeprefix(PROVIDER_PREFIX)
        return tuple(model for model in fleet.models if model.provider == provider)
    return tuple(model for model in fleet.models if model.model_id == target)


def of_freeze_of_many(target: str, fleet: FleetSnapshot, seconds: float | None) -> Effect:
    """No automatic moves of a provider's models, or of any."""
    title, models = f"Freeze {target_words(target)}", meant_by(target, fleet)
    refusal = _no_more(target, models, fleet, HoldKind.FROZEN, "frozen")
    if refusal:
        return refused(title, refusal, summed_up(target, models, fleet))
    out = tuple(model.model_id for model in models if model.breaker.state not in ADMITTING)
    effect = Effect(
        is_allowed=True,
        title=title,
        now=summed_up(target, models, fleet),
        effect=f"{lasting(seconds, 'until somebody thaws them')} nothing but an operator moves the breakers of"
        f" {counted(len(models))}",
        warnings=("models that fail meanwhile go on being called",),
        must_type=to_type(target, fleet),
    )
    return with_warning(effect, f"what is out stays out, well or not: {named(out)}" if out else "")


def of_thaw_of_many(target: str, fleet: FleetSnapshot) -> Effect:
    """The end of that."""
    title, models = f"Thaw {target_words(target)}", meant_by(target, fleet)
    now = summed_up(target, models, fleet)
    if person_holds(fleet, HoldKind.FROZEN, target) is None:
        return refused(
            title, f"{target_words(target)} was not frozen; what is frozen by itself is thawed by itself", now
        )
    still = tuple(
        model.model_id
        for model in models
        if any(hold.kind is HoldKind.FROZEN and hold.target != target for hold in fleet.holds_on(model))
    )
    effect = Effect(
        is_allowed=True, title=title, now=now, effect=f"{counted(len(models))} move by themselves again"
    )
    return with_warning(effect, f"frozen otherwise, and stay so: {named(still)}" if still else "")


def of_kill(target: str, fleet: FleetSnapshot) -> Effect:
    """The kill switch."""
    title, models = f"Kill {target_words(target)}", meant_by(target, fleet)
    refusal = _no_more(target, models, fleet, HoldKind.KILLED, "killed")
    if refusal:
        return refused(title, refusal, summed_up(target, models, fleet))
    under_way = sum(model.in_flight for model in models)
    does = (
        f"nothing calls {target_words(target)}, probes neither, until somebody revives it;"
        f" {under_way} calls under way are ended; callers are told your reason"
    )
    if not is_wide(target):
        return taking_out(models[0], fleet, title, then=does)
    alone = left_alone(fleet, {model.model_id for model in models})
    effect = Effect(
        is_allowed=True,
        title=title,
        now=summed_up(target, models, fleet),
        effect=does,
        is_outage=bool(alone),
        chain=_remains(models, fleet, alone),
        must_type=to_type(target, fleet),
    )
    if not alone:
        return effect
    return with_warning(effect, f"nobody is left for the callers of {named(alone)}: they get 503")


def of_revival(target: str, fleet: FleetSnapshot) -> Effect:
    """The end of a kill."""
    title, models = f"Revive {target_words(target)}", meant_by(target, fleet)
    now = summed_up(target, models, fleet)
    kills = [hold for hold in fleet.holds if hold.kind is HoldKind.KILLED]
    own = person_holds(fleet, HoldKind.KILLED, target)
    others = [hold for hold in kills if hold is not own and _concerns(hold, target, models)]
    if own is None:
        return refused(title, _why_not_revived(others), now)
    effect = Effect(
        is_allowed=True,
        title=title,
        now=now,
        effect=f"{counted(len(models))} may be called again, and a check comes at once",
    )
    return with_warning(effect, f"stopped otherwise, and stays so: {_whose(others[0])}" if others else "")


def of_safe_mode(target: str, fleet: FleetSnapshot, seconds: float | None) -> Effect:
    """The plainest way to serve."""
    title = "Safe mode"
    now = summed_up(EVERYTHING, fleet.models, fleet)
    held = person_holds(fleet, HoldKind.SAFE_MODE, EVERYTHING)
    if target != EVERYTHING:
        return refused(title, f"safe mode is of the whole fleet ({EVERYTHING})", now)
    if held is not None:
        return refused(title, f"it is on already: {owned(held, fleet.at)}", now)
    halves = {model.model_id: max(1, model.max_in_flight // 2) for model in fleet.models}
    busy = sum(model.in_flight for model in fleet.models)
    full = tuple(model.model_id for model in fleet.models if model.in_flight > halves[model.model_id])
    effect = Effect(
        is_allowed=True,
        title=title,
        now=now,
        effect=f"{lasting(seconds, 'until somebody ends it')} one model is asked after the other: no copies, no"
        " hedges, no weights, timeouts as in the settings, and half of each model's places",
        capacity=f"{busy} calls now, in {sum(halves.values())} places instead of"
        f" {sum(model.max_in_flight for model in fleet.models)}",
        must_type=to_type(EVERYTHING, fleet),
    )
    return with_warning(effect, f"new calls wait where more than half is taken: {named(full)}" if full else "")


def of_normal_mode(target: str, fleet: FleetSnapshot) -> Effect:
    """The end of that."""
    title, now = "Normal mode", summed_up(EVERYTHING, fleet.models, fleet)
    if target != EVERYTHING:
        return refused(title, f"safe mode is of the whole fleet ({EVERYTHING})", now)
    if person_holds(fleet, HoldKind.SAFE_MODE, EVERYTHING) is None:
        return refused(title, "safe mode is not on", now)
    return Effect(
        is_allowed=True,
        title=title,
        now=now,
        effect="strategies, hedges and weights count again, and all places are there",
    )


def counted(count: int) -> str:
    """So many models."""
    return "1 model" if count == 1 else f"{count} models"


def summed_up(target: str, models: tuple[ModelView, ...], fleet: FleetSnapshot) -> str:
    """How the models of a target stand: one by one as ever, several as counts, with what is held on the target."""
    if not is_wide(target):
        return standing(models[0], fleet) if models else ""
    able = sum(could_serve(model) for model in models)
    held = [owned(hold, fleet.at) for hold in fleet.holds if hold.target == target]
    return ", ".join([counted(len(models)), f"{able} can serve", *held])


def to_type(target: str, fleet: FleetSnapshot) -> str:
    """What confirms an action on a provider's models, or on all."""
    if target == EVERYTHING:
        return fleet.environment or WORD_FOR_ALL
    return target.removeprefix(PROVIDER_PREFIX)


def _no_more(target: str, models: tuple[ModelView, ...], fleet: FleetSnapshot, kind: HoldKind, word: str) -> str:
    """Why the target cannot be held so, or ``""``."""
    if not models:
        return f"there is no model that {target} means"
    held = person_holds(fleet, kind, target)
    if held is not None:
        return f"it is {word} already: {owned(held, fleet.at)}"
    if is_wide(target) and sum(is_wide(hold.target) for hold in fleet.holds) >= MOST_WIDE:
        return TOO_MANY
    return ""


def _concerns(hold: HoldView, target: str, models: tuple[ModelView, ...]) -> bool:
    """Whether a hold is also on what the target means."""
    if hold.target in {target, EVERYTHING}:
        return True
    return any(hold.target in {model.model_id, f"{PROVIDER_PREFIX}{model.provider}"} for model in models)


def _why_not_revived(others: list[HoldView]) -> str:
    if not others:
        return "it is not killed"
    if all(map(is_of_file, others)):
        return f"{STOP_FILE} stops it: remove it from the data folder"
    first = next(hold for hold in others if not is_of_file(hold))
    return f"it is killed with {first.target} by {first.by}: revive that"


def _whose(hold: HoldView) -> str:
    return STOP_FILE if is_of_file(hold) else f"{hold.target} by {hold.by}"


def _remains(models: tuple[ModelView, ...], fleet: FleetSnapshot, alone: tuple[str, ...]) -> str:
    """What is left for everybody's callers."""
    gone = {model.model_id for model in models}
    able = tuple(one.model_id for one in fleet.models if one.model_id not in gone and could_serve(one))
    left = f"{named(able)} can serve" if able else "nobody can serve"
    chains = len(fleet.models) + len(fleet.routes)
    return f"{left}; {len(alone)} of {chains} chains have nobody left"
