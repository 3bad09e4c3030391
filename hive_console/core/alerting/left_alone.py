"""Models that are not called on purpose: of them nothing can be expected, and nothing they do not do is wrong."""

from __future__ import annotations

from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import EVERYTHING, PROVIDER_PREFIX, BreakerState, HoldKind


def held_out(fleet: FleetSnapshot) -> frozenset[str]:
    """The models that a person keeps from being called: deactivated, or killed with their provider or the fleet."""
    out = {view.model_id for view in fleet.models if view.breaker.state is BreakerState.ISOLATED}
    killed = {hold.target for hold in fleet.holds if hold.kind is HoldKind.KILLED}
    if killed:
        out.update(
            view.model_id
            for view in fleet.models
            if not killed.isdisjoint({view.model_id, f"{PROVIDER_PREFIX}{view.provider}", EVERYTHING})
        )
    return frozenset(out)


def is_left_alone(view: ModelView) -> bool:
    """Whether a model waits for a person, for its provider's limit, for the fleet's judgement, or is frozen."""
    return bool(
        view.fault or view.throttled_until is not None or view.ejected_until is not None or view.breaker.is_frozen
    )
