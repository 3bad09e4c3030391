"""What the gateway tells about the fleet: OpenAI's list of models, and the health page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hive_console.core.settings import ModelSettings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import AlertState, ModelStatus

Page = dict[str, Any]
"""A JSON object on its way out."""


class Listing:
    """The configured models in OpenAI's shape: ids first, each followed by its aliases."""

    def __init__(self, models: Sequence[ModelSettings]) -> None:
        self._owners = {name: model.provider for model in models for name in (model.id, *model.aliases)}

    def all(self, created: int) -> Page:
        """`GET /v1/models`; `created` (Unix seconds) is when the engine started: OpenAI's clients demand one."""
        return {"object": "list", "data": [self._entry(name, created) for name in self._owners]}

    def one(self, name: str, created: int) -> Page | None:
        """`GET /v1/models/{name}`, or `None` when there is no such model."""
        return self._entry(name, created) if name in self._owners else None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that a caller may ask for."""
        return tuple(self._owners)

    def _entry(self, name: str, created: int) -> Page:
        return {"id": name, "object": "model", "created": created, "owned_by": self._owners[name]}


def health_page(fleet: FleetSnapshot) -> Page:
    """The fleet in a few numbers.

    `status` is `ok`, `degraded` (the fleet is in degraded mode) or `unavailable` (no model can serve). The
    HTTP status stays 200 in each case: it says that this process lives, and restarting it would mend no model.
    """
    serving = sum(1 for model in fleet.models if model.serving is not None)
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
