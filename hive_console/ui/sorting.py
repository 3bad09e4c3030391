"""The order of the fleet's rows, and how it holds still while somebody reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hive_console.core.snapshot import ModelView
from hive_console.core.states import BreakerState, ModelStatus

IDLE = 5.0
"""Seconds without a key after which rows may move: nobody's finger hangs over one."""

_URGENCY = {
    ModelStatus.UNAVAILABLE: 0,
    ModelStatus.DEGRADED: 1,
    ModelStatus.UNKNOWN: 2,
    ModelStatus.AVAILABLE: 3,
}

Key = tuple[float | str, ...]


def _worst(model: ModelView) -> Key:
    held = model.breaker.state is BreakerState.ISOLATED  # by hand: somebody knows
    needs_person = not model.fault
    is_settled = model.ramp is None and not model.breaker.is_frozen
    return (
        _URGENCY[model.status],
        held,
        model.serving is not None,
        needs_person,
        is_settled,
        # Trouble stands in the order it came; what is well stands where one looks for it.
        0.0 if model.status is ModelStatus.AVAILABLE else model.status_since,
        model.model_id,
    )


_STANDING = {
    BreakerState.OPEN: 0,
    BreakerState.HALF_OPEN: 1,
    BreakerState.CLOSED: 4,  # 2 on a ramp, 3 while it counts failures
    BreakerState.ISOLATED: 5,
    BreakerState.METRICS_ONLY: 6,
    BreakerState.DISABLED: 7,
}


def _breaker(model: ModelView) -> Key:
    """Those that keep traffic away first; of equals those that tripped more often."""
    breaker = model.breaker
    place = _STANDING[breaker.state]
    if breaker.state is BreakerState.CLOSED:
        place -= 2 if model.ramp is not None else bool(breaker.consecutive_failures)
    return place, -breaker.trips, model.model_id


def _number(value: float | None) -> float:
    """Largest first; what is not known comes last."""
    return float("inf") if value is None else -value


ORDERS: dict[str, Callable[[ModelView], Key]] = {
    "worst": _worst,
    "name": lambda model: (model.model_id,),
    "provider": lambda model: (model.provider, model.model_id),
    "breaker": _breaker,
    "p95": lambda model: (_number(model.p95), model.model_id),
    "errors": lambda model: (_number(model.error_rate), model.model_id),
    "checked": lambda model: (model.last_health_check or 0.0, model.model_id),
}
"""Orders by name; a key press goes through them in this order."""


@dataclass(frozen=True, slots=True)
class Order:
    """The chosen order and the ids as they stand on the screen."""

    name: str = "worst"
    is_reversed: bool = False
    ids: tuple[str, ...] = ()

    def next(self) -> Order:
        """The same rows with the next order chosen; they move when `sorted_anew` is asked for."""
        names = tuple(ORDERS)
        return Order(names[(names.index(self.name) + 1) % len(names)], is_reversed=False, ids=self.ids)

    def turned(self) -> Order:
        """The other way round."""
        return Order(self.name, is_reversed=not self.is_reversed, ids=self.ids)

    def sorted_anew(self, models: tuple[ModelView, ...]) -> Order:
        """Rows in the chosen order."""
        chosen = sorted(models, key=ORDERS[self.name], reverse=self.is_reversed)
        return Order(self.name, self.is_reversed, tuple(model.model_id for model in chosen))

    def apply(self, models: tuple[ModelView, ...]) -> tuple[ModelView, ...]:
        """The models where their rows stand; new ones come last."""
        by_id = {model.model_id: model for model in models}
        known = [by_id[name] for name in self.ids if name in by_id]
        placed = set(self.ids)
        return (*known, *(model for model in models if model.model_id not in placed))
