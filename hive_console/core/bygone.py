"""One model and the fleet around it, put together again from what was said of them. Alerts have their own module.

A restart begins afresh, so the words are those since the engine of that time started. What a later word says it was
before counts where there is no earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hive_console.core import events as e
from hive_console.core.configured import FleetSetup
from hive_console.core.faults import FAULTS, KEY_REFUSED
from hive_console.core.holds import STOP_FILE, HoldBook
from hive_console.core.snapshot import HoldView
from hive_console.core.states import BreakerState, DegradationLevel, ModelStatus
from hive_console.core.store import FleetAt, ModelAt, RouteAt

OF_MODEL: tuple[type[e.Event], ...] = (
    e.StatusChanged,
    e.BreakerChanged,
    e.RampAdvanced,
    e.RoutePinned,
    e.AutomationFrozen,
    e.AutomationThawed,
    e.TrafficMoved,
    e.OutlierEjected,
    e.OutlierReturned,
)
"""Kinds whose last word about each model counts."""

OF_FLEET: tuple[type[e.Event], ...] = (
    e.EngineStopped,
    e.DegradedModeEntered,
    e.DegradedModeLeft,
    e.DegradationChanged,
)
"""Kinds whose last word of all counts."""

TELLING_BEFORE: tuple[type[e.Event], ...] = (e.StatusChanged, e.BreakerChanged)
"""Kinds whose first word after an instant tells what was before."""

Words = Mapping[type[e.Event], tuple[int, Any]]
"""The last event of each kind, with a number that grows from event to event. Any: it is of that kind."""

_FAULT_WORDS = frozenset(FAULTS.values())


def model_at(
    model: str,
    at: float,
    words: Words,
    *,
    later: Mapping[type[e.Event], Any],
    begun: e.EngineStarted | None,
    is_key_refused: bool = False,
    last_check: float | None = None,
    last_error: str = "",
    setup: FleetSetup | None = None,
) -> ModelAt:
    """One model as it was at `at`.

    Args:
        model: its id.
        at: Unix seconds.
        words: what was said of it by then, since `begun`.
        later: the first word of each of `TELLING_BEFORE` after it, by the same engine. Any: of that kind.
        begun: what the engine of that time said when it started; `None` when the recording does not tell.
        is_key_refused: whether the provider refused its key then.
        last_check: when it was last probed.
        last_error: the last failure's message.
        setup: how the fleet was configured then; `None` when the recording does not tell.
    """
    status, status_since, status_cause = _status(words, later, begun)
    moved_number, moved = _word(words, e.BreakerChanged)
    ramp_number, ramp = _word(words, e.RampAdvanced)
    frozen = _unless_later(words, e.AutomationFrozen, e.AutomationThawed)
    if frozen is not None and frozen.until is not None and frozen.until <= at:
        frozen = None
    ejected = _unless_later(words, e.OutlierEjected, e.OutlierReturned)
    _, pinned = _word(words, e.RoutePinned)
    _, served = _word(words, e.TrafficMoved)
    next_moved = later.get(e.BreakerChanged)
    open_until = moved.open_until if moved is not None and moved.new is BreakerState.OPEN else None
    share = ramp.share if ramp is not None and ramp.share < 1.0 and ramp_number > moved_number else None
    # An engine tells at its start of the breakers that are not closed: of the others the next word may be far off.
    breaker = next_moved.old if next_moved is not None else BreakerState.CLOSED if begun is not None else None
    return ModelAt(
        model=model,
        status=status,
        status_since=status_since,
        status_cause=status_cause,
        breaker=breaker if moved is None else moved.new,
        breaker_since=moved.at if moved is not None else begun.at if begun is not None else None,
        breaker_cause="" if moved is None else moved.cause,
        open_until=open_until,
        consecutive_failures=0 if moved is None else moved.consecutive_failures,
        ramp=share,
        pinned_to=None if pinned is None else pinned.target,
        is_frozen=frozen is not None,
        frozen_until=None if frozen is None else frozen.until,
        serving=model if served is None else served.new,
        ejected_until=ejected.until if ejected is not None and ejected.until > at else None,
        fault=KEY_REFUSED if is_key_refused else status_cause if status_cause in _FAULT_WORDS else "",
        last_check=last_check,
        last_error=last_error,
        setup=None if setup is None else setup.models.get(model),
    )


def routes_at(
    moved: Mapping[str, e.TrafficMoved], setup: FleetSetup | None, *, known: tuple[str, ...] | None = None
) -> tuple[RouteAt, ...]:
    """The virtual models as they were.

    Args:
        moved: the last word of each name about who answers it, since the engine of that time started.
        setup: how the fleet was configured then; `None` when the recording does not tell.
        known: where it does not, the names that a reload left; `None` when there was none.
    """
    if setup is None:
        return tuple(
            RouteAt(name=name, primary=event.primary, serving=event.new)
            for name, event in sorted(moved.items())
            if event.primary and (known is None or name in known)
        )
    return tuple(
        RouteAt(
            name=name,
            primary=route.primary,
            serving=moved[name].new if name in moved else route.primary,
            fallbacks=route.fallbacks,
            strategy=route.strategy,
        )
        for name, route in setup.routes.items()
    )


def fleet_at(
    at: float, words: Words, *, begun: e.EngineStarted | None, is_running: bool, setup: FleetSetup | None = None
) -> FleetAt:
    """The fleet as it was at `at`, without its models, alerts, routes and gaps.

    `words` are those of `OF_FLEET` since `begun`; `is_running` says whether an engine ran then as far as anything
    but they knows; `setup` is how it was configured, `None` when the recording does not tell.
    """
    entered_number, entered = _word(words, e.DegradedModeEntered)
    left_number, left = _word(words, e.DegradedModeLeft)
    level_number, level = _word(words, e.DegradationChanged)
    turned = max((entered_number, entered), (left_number, left), key=_number)[1]
    counted = max((entered_number, entered), (left_number, left), (level_number, level), key=_number)[1]
    is_degraded = entered_number > left_number
    threshold = None if turned is None else turned.threshold
    has_run = is_running and begun is not None and e.EngineStopped not in words
    return FleetAt(
        at=at,
        started_at=begun.at if has_run and begun is not None else None,
        is_running=has_run,
        environment="" if begun is None else begun.environment,
        is_degraded=is_degraded,
        degraded_since=entered.at if is_degraded else None,
        available_share=None if counted is None else counted.available_share,
        degraded_threshold=threshold if setup is None else setup.degraded_threshold,
        level=DegradationLevel.FULL if level is None else level.new,
    )


def holds_at(told: Iterable[e.HoldPlaced | e.HoldEnded], at: float) -> tuple[HoldView, ...]:
    """What was held at `at`, oldest first; `told` is what was said of it since the engine of that time started."""
    book = HoldBook()
    for event in told:
        known = book.find(event.kind, event.target, of_file=event.by == STOP_FILE)
        if isinstance(event, e.HoldPlaced):
            book.put(
                HoldView(
                    kind=event.kind,
                    target=event.target,
                    by=event.by,
                    since=event.since,
                    until=event.until,
                    reason=event.reason,
                    detail=event.detail,
                )
            )
        elif known is not None:
            book.take(known)
    return tuple(hold for hold in book.views() if hold.until is None or hold.until > at)


def _word(words: Words, kind: type[e.Event]) -> tuple[int, Any]:
    """The last event of a kind with its number; -1 and `None` without one. Any: it is of that kind."""
    return words.get(kind) or (-1, None)


def _number(word: tuple[int, Any]) -> int:
    return word[0]


def _status(
    words: Words, later: Mapping[type[e.Event], Any], begun: e.EngineStarted | None
) -> tuple[ModelStatus | None, float | None, str]:
    _, changed = _word(words, e.StatusChanged)
    if changed is not None:
        return changed.new, changed.at, changed.cause
    changes = later.get(e.StatusChanged)
    if begun is None:
        return (None if changes is None else changes.old), None, ""
    return (ModelStatus.UNKNOWN if changes is None else changes.old), begun.at, ""


def _unless_later(words: Words, kind: type[e.Event], end: type[e.Event]) -> Any:
    """The last event of a kind, unless one that ends it came later."""
    number, event = _word(words, kind)
    return event if number > _word(words, end)[0] else None
