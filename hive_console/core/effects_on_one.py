"""What an action on one model would do now, on a snapshot."""

from __future__ import annotations

from dataclasses import replace

from hive_console.core.effect import (
    Effect,
    behind_words,
    could_serve,
    lasting,
    load_words,
    named,
    others_of,
    owned,
    person_holds,
    refused,
    standing,
    taking_out,
    with_warning,
)
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import ADMITTING, BreakerState, HoldKind, ModelStatus
from hive_console.core.weights import HEAVIEST, weight_of
from hive_console.core.wording import percent

_SET_ASIDE = frozenset({BreakerState.METRICS_ONLY, BreakerState.DISABLED})
"""States that settings choose and that no operator's action brings back."""

_REFUSES_NOW = "its settings keep it from refusing calls; this does it all the same, until a trial succeeds"


def of_trip(model: ModelView, fleet: FleetSnapshot) -> Effect:
    """Opening its breaker."""
    title = f"Trip the breaker of {model.model_id}"
    if model.breaker.state is BreakerState.ISOLATED:
        return refused(title, "it is deactivated already; activate it first", standing(model, fleet))
    if model.breaker.state is BreakerState.OPEN:
        return refused(title, "its breaker is open already", standing(model, fleet))
    then = (
        "it stays so while it is frozen"
        if model.breaker.is_frozen
        else f"a probe tries it again after {model.breaker.recovery_timeout:g} s or more"
    )
    effect = taking_out(model, fleet, title, then=then)
    return with_warning(effect, _REFUSES_NOW if model.breaker.state in _SET_ASIDE else "")


def of_reset(model: ModelView, fleet: FleetSnapshot) -> Effect:
    """Closing its breaker."""
    title = f"Reset the breaker of {model.model_id}"
    if model.breaker.state is BreakerState.ISOLATED:
        return refused(title, "it is deactivated; activate it instead", standing(model, fleet))
    counts_nothing = not model.breaker.consecutive_failures and not model.fault and model.ramp is None
    if model.breaker.state in ADMITTING and counts_nothing:
        does = "is closed" if model.breaker.state is BreakerState.CLOSED else "stops nobody"
        return refused(title, f"its breaker {does} and counts no failure", standing(model, fleet))
    warnings: tuple[str, ...] = ()
    if model.status is ModelStatus.UNAVAILABLE:
        warnings = ("nothing shows that it is well again: it may fail its next calls and open again",)
    return Effect(
        is_allowed=True,
        title=title,
        now=standing(model, fleet),
        effect="the breaker closes, its counters start at zero, and all of its traffic flows to it at once",
        warnings=warnings,
    )


def of_check(model: ModelView, fleet: FleetSnapshot) -> Effect:
    """One probe at once."""
    title = f"Check {model.model_id} now"
    kills = [hold for hold in fleet.holds_on(model) if hold.kind is HoldKind.KILLED]
    if kills:
        said = f"nothing may call it, probes neither: {owned(kills[0], fleet.at)}"
        return refused(title, said, standing(model, fleet))
    return Effect(
        is_allowed=True,
        title=title,
        now=standing(model, fleet),
        effect="one probe is sent at once; its result counts like any other",
    )


def of_half_open(model: ModelView, fleet: FleetSnapshot) -> Effect:
    """Its trial at once."""
    title = f"Try {model.model_id} now"
    if model.breaker.state is not BreakerState.OPEN:
        return refused(title, "its breaker is not open", standing(model, fleet))
    said = "it is frozen: the trial decides nothing until somebody thaws it" if model.breaker.is_frozen else ""
    effect = Effect(
        is_allowed=True,
        title=title,
        now=standing(model, fleet),
        effect="the breaker goes to its trial at once: the next call decides whether it closes",
    )
    return with_warning(effect, said)


def of_freeze(model: ModelView, fleet: FleetSnapshot, seconds: float | None) -> Effect:
    """No automatic moves for a while."""
    title = f"Freeze {model.model_id}"
    if model.breaker.is_frozen:
        return refused(title, "it is frozen already", standing(model, fleet))
    warnings = (
        ("if it fails meanwhile, calls to it go on",)
        if model.breaker.state in ADMITTING
        else ("its breaker is not closed: the model stays out, well or not",)
    )
    return Effect(
        is_allowed=True,
        title=title,
        now=standing(model, fleet),
        effect=f"{lasting(seconds, 'until somebody thaws it')} nothing but an operator moves its breaker",
        warnings=warnings,
    )


def of_thaw(model: ModelView, fleet: FleetSnapshot) -> Effect:
    """Automatic moves again."""
    title, now = f"Thaw {model.model_id}", standing(model, fleet)
    if not model.breaker.is_frozen:
        return refused(title, "it is not frozen", now)
    freezes = [hold for hold in fleet.holds_on(model) if hold.kind is HoldKind.FROZEN]
    wide = [hold for hold in freezes if hold.target != model.model_id]
    if wide and len(wide) == len(freezes):
        return refused(title, f"it is frozen with {wide[0].target} by {wide[0].by}: thaw that", now)
    effect = Effect(is_allowed=True, title=title, now=now, effect="its breaker moves by itself again")
    return with_warning(effect, f"it stays frozen with {wide[0].target} by {wide[0].by}" if wide else "")


def of_deactivation(model: ModelView, fleet: FleetSnapshot, seconds: float | None) -> Effect:
    """Taking it out."""
    title = f"Deactivate {model.model_id}"
    if model.breaker.state is BreakerState.ISOLATED:
        return refused(title, "it is deactivated already", standing(model, fleet))
    stays = lasting(seconds, "until somebody activates it")
    later = "" if seconds is None else "; then a probe decides"
    return taking_out(model, fleet, title, then=f"it stays so {stays}; calls under way finish{later}")


def of_activation(model: ModelView, fleet: FleetSnapshot) -> Effect:
    """Letting it back in."""
    title = f"Activate {model.model_id}"
    if model.breaker.state is not BreakerState.ISOLATED:
        return refused(title, "it is not deactivated", standing(model, fleet))
    return Effect(
        is_allowed=True,
        title=title,
        now=standing(model, fleet),
        effect="a probe is sent at once; traffic flows when the probe is answered",
    )


def of_failover(model: ModelView, fleet: FleetSnapshot, target_id: str, seconds: float | None) -> Effect:
    """Sending its traffic elsewhere, or extending that."""
    title, now = f"Fail over {model.model_id} → {target_id or '?'}", standing(model, fleet)
    if not target_id:
        return refused(title, "choose the model that shall take over", now)
    target = fleet.model(target_id)
    if target is None or target_id == model.model_id:
        return refused(title, f"{target_id} cannot take over from {model.model_id}", now)
    held = person_holds(fleet, HoldKind.PINNED, model.model_id)
    is_there = model.pinned_to == target_id
    if is_there and (held is None or held.until is None):
        return refused(title, f"its traffic goes to {target_id} already", now)
    if not could_serve(target):
        return refused(title, f"{target_id} cannot serve now ({standing(target)})", now)
    warnings: list[str] = []
    if target_id not in model.fallbacks:
        warnings.append(f"{target_id} is not in the fallback list of {model.model_id}")
    if target.status is ModelStatus.DEGRADED:
        warnings.append(f"{target_id} is degraded")
    first = "stays the first that is asked" if is_there else "is asked first"
    able = tuple(
        name for name in (model.model_id, *others_of(model, fleet)) if name != model.model_id or could_serve(model)
    )
    return Effect(
        is_allowed=True,
        title=title,
        now=now,
        effect=f"{target_id} {first} {lasting(seconds, 'until somebody fails back')}; the chain stays behind it",
        warnings=tuple(warnings),
        capacity=load_words(target, 0 if is_there else model.in_flight),
        chain=behind_words(target_id, able),
    )


def of_failback(model: ModelView, fleet: FleetSnapshot) -> Effect:
    """Its own traffic again."""
    title = f"Fail back {model.model_id}"
    if model.pinned_to is None:
        return refused(title, "its traffic was not sent elsewhere by hand", standing(model, fleet))
    said = "" if could_serve(model) else f"{model.model_id} itself cannot serve now; its chain will"
    effect = Effect(
        is_allowed=True,
        title=title,
        now=standing(model, fleet),
        effect=f"{model.model_id} is asked first again",
    )
    return with_warning(effect, said)


def of_weight(model: ModelView, fleet: FleetSnapshot, said: str, seconds: float | None) -> Effect:
    """Another share under the weighted strategy."""
    title, now = f"Set the weight of {model.model_id} to {said or '?'}", standing(model, fleet)
    weight = weight_of(said)
    if weight is None:
        return refused(title, f"a weight is a number from 0 to {HEAVIEST:g}", now)
    if weight == model.weight:
        return refused(title, f"its weight is {weight:g} already", now)
    stays = lasting(seconds, "until somebody restores it")
    effect = Effect(
        is_allowed=True,
        title=title,
        now=now,
        effect=f"its weight is {weight:g} instead of {model.weight:g} {stays}",
    )
    chains = [chain for chain in _weighted_chains(fleet) if model.model_id in chain]
    if not chains:
        return with_warning(effect, "no chain that it belongs to is used by weight: nothing changes now")
    before = {one.model_id: one.weight for one in fleet.models}
    after = {**before, model.model_id: weight}
    share, old = _share(model.model_id, chains[0], after), _share(model.model_id, chains[0], before)
    turns = (
        f"{percent(share)} % of the turns with {named(_without(model.model_id, chains[0]))}, {percent(old)} % now"
    )
    effect = replace(effect, effect=f"{effect.effect}: {turns}")
    if any(not any(after.get(name) for name in chain) for chain in chains):
        return with_warning(effect, "every weight of the chain is 0 then: it is gone down in order")
    if any(_is_lost(chain, before, after, fleet) for chain in chains):
        effect = replace(effect, is_outage=True, must_type=model.model_id)
        return with_warning(effect, "nobody else with a weight can serve: clients will see errors")
    return effect


def of_restored_weight(model: ModelView, fleet: FleetSnapshot) -> Effect:
    """The weight of the settings again."""
    title = f"Restore the weight of {model.model_id}"
    if person_holds(fleet, HoldKind.WEIGHTED, model.model_id) is None:
        return refused(title, "its weight is that of the settings", standing(model, fleet))
    return Effect(
        is_allowed=True,
        title=title,
        now=standing(model, fleet),
        effect=f"its weight is that of the settings again, {model.weight:g} no more",
    )


def _weighted_chains(fleet: FleetSnapshot) -> list[tuple[str, ...]]:
    plain = [(one.model_id, *one.fallbacks) for one in fleet.models if one.strategy is Strategy.WEIGHTED]
    return [*plain, *(route.chain for route in fleet.routes if route.strategy is Strategy.WEIGHTED)]


def _without(model_id: str, chain: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in chain if name != model_id)


def _share(model_id: str, chain: tuple[str, ...], weights: dict[str, float]) -> float:
    total = sum(weights.get(name, 0.0) for name in chain)
    return weights[model_id] / total if total else 0.0


def _is_lost(
    chain: tuple[str, ...], before: dict[str, float], after: dict[str, float], fleet: FleetSnapshot
) -> bool:
    """Whether somebody with a weight can serve on this chain now, and nobody could then."""
    able = {model.model_id for model in fleet.models if could_serve(model)}.intersection(chain)
    return any(before[name] for name in able) and not any(after[name] for name in able)
