"""What the gateway tells about itself and the fleet to whoever watches it: three pages of JSON."""

from __future__ import annotations

from typing import Any

from hive_console.core.settings import Settings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import AlertState, ModelStatus
from hive_console.core.wire import status_to_data

Page = dict[str, Any]
"""A JSON object on its way out."""


def health_page(fleet: FleetSnapshot) -> Page:
    """`/healthz`: the fleet in a few numbers; it has no names, because it is shown without a token.

    `status` is `ok`, `degraded` (the fleet is in degraded mode) or `unavailable` (no model can serve). The
    HTTP status stays 200 in each case: it says that this process lives, and restarting it would mend no model.
    """
    serving = _serving(fleet)
    status = "degraded" if fleet.is_degraded else "ok"
    if fleet.models and not serving:
        status = "unavailable"
    counts = {state.value: sum(1 for model in fleet.models if model.status is state) for state in ModelStatus}
    return {
        "status": status,
        "models": {"total": len(fleet.models), "served": serving, **counts},
        "available_share": fleet.available_share,
        "alerts_firing": sum(1 for alert in fleet.alerts if alert.state is AlertState.FIRING),
        "started_at": fleet.started_at,
        "snapshot_at": fleet.at,
    }


def readiness_page(fleet: FleetSnapshot, *, is_stopping: bool) -> tuple[Page, bool]:
    """`/readyz`: why requests should not be sent here, if they should not, and whether they should."""
    serving = _serving(fleet)
    total = len(fleet.models)
    if is_stopping:
        why = "the gateway is stopping"
    elif not serving:
        why = f"none of {total} models can serve"
    else:
        return {"status": "ready", "why": f"{serving} of {total} models are served"}, True
    return {"status": "not ready", "why": why}, False


def status_page(fleet: FleetSnapshot, settings: Settings) -> Page:
    """`/v1/hive/status`: what `hive-console status --json` prints, and the routes."""
    routes = [
        {
            "name": route.name,
            "primary": route.primary,
            "fallbacks": route.fallbacks,
            "strategy": route.strategy.value,
            "hedge_after": route.hedge_after,
        }
        for route in settings.routes
    ]
    return {**status_to_data(fleet), "routes": routes}


def _serving(fleet: FleetSnapshot) -> int:
    return sum(1 for model in fleet.models if model.serving is not None)
