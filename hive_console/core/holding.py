"""What hands keep as it is: the holds on a model, and how they are said."""

from __future__ import annotations

from hive_console.core.snapshot import FleetSnapshot, HoldView, ModelView
from hive_console.core.states import EVERYTHING, PROVIDER_PREFIX, BreakerState, HoldKind
from hive_console.core.wording import countdown, whole_span

HOLD_WORDS = {
    HoldKind.KILLED: "KILLED",
    HoldKind.SAFE_MODE: "safe mode",
    HoldKind.DEACTIVATED: "deactivated",
    HoldKind.FROZEN: "frozen",
    HoldKind.PINNED: "pinned",
    HoldKind.WEIGHTED: "weight",
}
"""Each kind in a word, the gravest first."""

_GRAVITY = {kind: place for place, kind in enumerate(HOLD_WORDS)}

_HOUR = 3600.0


def holds_of(model: ModelView, fleet: FleetSnapshot) -> tuple[HoldView, ...]:
    """The holds that concern this model, the gravest first.

    Besides those that the engine tells there are those that only the model's own state shows, as in a recording:
    they have no owner.
    """
    breaker = model.breaker
    is_held = breaker.is_frozen or model.pinned_to is not None or breaker.state is BreakerState.ISOLATED
    if not fleet.holds and not is_held:
        return ()  # nearly always, and asked of each of many models each second
    told = fleet.holds_on(model)
    breaker = model.breaker
    is_free = breaker.state is not BreakerState.ISOLATED and not breaker.is_frozen and model.pinned_to is None
    if is_free and not told:  # as nearly every model is, and asked of each at every drawing
        return ()
    kinds = {hold.kind for hold in told}
    found = list(told)
    if breaker.state is BreakerState.ISOLATED and not kinds & {HoldKind.DEACTIVATED, HoldKind.KILLED}:
        found.append(HoldView(HoldKind.DEACTIVATED, model.model_id, "", breaker.since))
    if breaker.is_frozen and HoldKind.FROZEN not in kinds:
        found.append(HoldView(HoldKind.FROZEN, model.model_id, "", breaker.since, breaker.frozen_until))
    if model.pinned_to is not None and HoldKind.PINNED not in kinds:
        found.append(HoldView(HoldKind.PINNED, model.model_id, "", model.status_since, detail=model.pinned_to))
    return tuple(sorted(found, key=lambda hold: _GRAVITY[hold.kind]))


def hold_word(hold: HoldView) -> str:
    """What is held, without who and how long: `pinned → gpt-5`, `KILLED with provider openai`."""
    to = {HoldKind.PINNED: f" → {hold.detail}", HoldKind.WEIGHTED: f" {hold.detail}"}.get(hold.kind, "")
    return f"{HOLD_WORDS[hold.kind]}{to if hold.detail else ''}{_scope(hold)}"


def _scope(hold: HoldView) -> str:
    if hold.target == EVERYTHING:
        return "" if hold.kind is HoldKind.SAFE_MODE else " with the whole fleet"
    if hold.target.startswith(PROVIDER_PREFIX):
        return f" with provider {hold.target.removeprefix(PROVIDER_PREFIX)}"
    return ""


def owner(hold: HoldView) -> str:
    """`by maria`, or `by hand` where nobody tells whose it is."""
    return f"by {hold.by or 'hand'}"


def time_left(hold: HoldView, now: float) -> str:
    """Until it ends by itself: `12:30`, `2 h 5 m`; empty where only a word ends it."""
    if hold.until is None:
        return ""
    left = hold.until - now
    return countdown(left) if left < _HOUR else whole_span(left)


def hold_words(hold: HoldView, now: float) -> str:
    """All of it but the reason: `pinned → gpt-5 by maria, 12:30 left`."""
    left = time_left(hold, now)
    return f"{hold_word(hold)} {owner(hold)}{f', {left} left' if left else ''}"


def lasts(hold: HoldView, now: float) -> str:
    """How much longer, in a sentence that is not sent anew each second: `for 12 m more`; empty without an end."""
    return "" if hold.until is None else f" for {whole_span(hold.until - now)} more"
