"""What a command would do, as people read it before they confirm, and the questions about a snapshot behind it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hive_console.core.holds import is_of_file, is_wide
from hive_console.core.snapshot import FleetSnapshot, HoldView, ModelView
from hive_console.core.states import ADMITTING, BreakerState, HoldKind, ModelStatus
from hive_console.core.wording import whole_span

NAMES_SHOWN = 3
"""Names that are told one by one; of more only how many."""

WORD_FOR_ALL = "everything"
"""What is typed to confirm an action on all models where the environment has no name."""

_HOUR = 3600
_HOURS_FROM = 2 * _HOUR


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
        capacity: what whoever takes over carries now and would carry, against its bound; empty where nobody does.
        chain: what remains of the chain behind it, in words.
        must_type: what has to be typed to confirm (a name, or a word), for what is wide or takes the last healthy
            model; empty for all others.
        durations: the ends that can be chosen, in seconds, the usual one first; `None` is no end; empty where the
            action has no duration.
        undo: how it can be undone, in words; empty when it cannot.
    """

    is_allowed: bool
    title: str
    now: str = ""
    effect: str = ""
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    is_outage: bool = False
    capacity: str = ""
    chain: str = ""
    must_type: str = ""
    durations: tuple[float | None, ...] = ()
    undo: str = ""


def refused(title: str, why: str, now: str = "") -> Effect:
    """What the engine would not do, and why."""
    return Effect(is_allowed=False, title=title, now=now, refusal=why)


def standing(model: ModelView, fleet: FleetSnapshot | None = None) -> str:
    """How a model stands; with the fleet also whose holds are on it, and for how long."""
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
    if fleet is not None:
        words += [owned(hold, fleet.at) for hold in fleet.holds_on(model)]
    return ", ".join(words)


def owned(hold: HoldView, now: float) -> str:
    """A hold in a few words: what it is, whose, and how long still."""
    where = f" ({hold.target})" if is_wide(hold.target) else ""
    left = "" if hold.until is None else f" for {whole_span(hold.until - now)} more"
    return f"{hold.kind.value}{where} by {hold.by}{left}"


def could_serve(model: ModelView) -> bool:
    """Whether it would take its callers' requests now, as far as anybody knows."""
    return model.breaker.state in ADMITTING and model.status is not ModelStatus.UNAVAILABLE and not model.fault


def could_serve_by_id(model_id: str, fleet: FleetSnapshot) -> bool:
    """The same by name; nobody serves who is not there."""
    model = fleet.model(model_id)
    return model is not None and could_serve(model)


def others_of(model: ModelView, fleet: FleetSnapshot) -> tuple[str, ...]:
    """The models of its chain that would admit a call, in order."""
    return tuple(name for name in model.fallbacks if could_serve_by_id(name, fleet))


def left_alone(fleet: FleetSnapshot, out: Collection[str]) -> tuple[str, ...]:
    """The models and routes whose callers have somebody now, and would have nobody without these models."""
    able = {model.model_id for model in fleet.models if could_serve(model)}
    remaining = able.difference(out)
    return tuple(
        name for name, chain in _chains(fleet) if not able.isdisjoint(chain) and remaining.isdisjoint(chain)
    )


def _chains(fleet: FleetSnapshot) -> list[tuple[str, tuple[str, ...]]]:
    pins = {model.model_id: (model.pinned_to,) if model.pinned_to else () for model in fleet.models}
    plain = [(model.model_id, (*pins[model.model_id], model.model_id, *model.fallbacks)) for model in fleet.models]
    return [*plain, *((route.name, (*pins.get(route.primary, ()), *route.chain)) for route in fleet.routes)]


def taking_out(model: ModelView, fleet: FleetSnapshot, title: str, *, then: str) -> Effect:
    """The effect of no longer calling a model: who takes over, what that carries, and who is left."""
    alone = left_alone(fleet, {model.model_id})
    others = others_of(model, fleet)
    pin = None if model.pinned_to is None else fleet.model(model.pinned_to)
    is_pinned = pin is not None and could_serve(pin)
    takes_over = pin if is_pinned else fleet.model(others[0]) if others else None
    taker = None if takes_over is None else takes_over.model_id
    warnings: tuple[str, ...] = ()
    if taker is None:
        goes, warnings = "its requests FAIL", ("no fallback can take over: clients will see errors",)
    elif is_pinned:
        goes = f"its traffic stays on {taker}"
    else:
        goes = f"its traffic goes to {taker}"
        if len(others) == 1:
            warnings = (f"{taker} is the only model left in the chain",)
    strangers = tuple(name for name in alone if name != model.model_id)
    if strangers:
        warnings = (*warnings, f"nobody is left for the callers of {named(strangers)}: they will see errors")
    return Effect(
        is_allowed=True,
        title=title,
        now=standing(model, fleet),
        effect=f"{goes}; {then}",
        warnings=warnings,
        is_outage=taker is None or bool(strangers),
        capacity="" if takes_over is None else load_words(takes_over, model.in_flight),
        chain="" if taker is None else behind_words(taker, others),
        must_type=model.model_id if alone else "",
    )


def load_words(model: ModelView, more: int) -> str:
    """What a model carries now, and would carry with so many calls more."""
    then = model.in_flight + more
    said = f"{model.model_id} carries {model.in_flight} of {model.max_in_flight} calls now and would carry {then}"
    over = then - model.max_in_flight
    return f"{said}: {over} too many, which wait or go further down the chain" if over > 0 else said


def behind_words(taker: str, others: Sequence[str]) -> str:
    """Who would still stand behind the one that takes over."""
    behind = tuple(name for name in others if name != taker)
    return f"behind {taker}: {named(behind)}" if behind else f"thin: nobody who could serve stands behind {taker}"


def named(names: Sequence[str]) -> str:
    """The first names, and how many there are besides."""
    shown = ", ".join(names[:NAMES_SHOWN])
    return f"{shown} and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else shown


def lasting(seconds: float | None, otherwise: str) -> str:
    """For how long, or what is said where only a word ends it."""
    if seconds is None:
        return otherwise
    if seconds < _HOURS_FROM:
        return f"for {seconds / 60:g} minutes"
    return f"for {seconds / _HOUR:g} hours"


def person_holds(fleet: FleetSnapshot, kind: HoldKind, target: str) -> HoldView | None:
    """A person's hold of this kind on this very target."""
    for hold in fleet.holds:
        if hold.kind is kind and hold.target == target and not is_of_file(hold):
            return hold
    return None


def with_warning(effect: Effect, warning: str) -> Effect:
    """The effect with one more thing to say; none where it is empty."""
    return replace(effect, warnings=(*effect.warnings, warning)) if warning else effect
