"""The models that may be asked for, as each dialect lists them: ids with their aliases, then routes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hive_console.core.settings import Dialect, ModelSettings, Settings

Page = dict[str, Any]
"""A JSON object on its way out."""

ROUTE_OWNER = "hive-console"
"""Who owns a route: it is nobody's model."""


class Listing:
    """The names of a fleet; made anew when its settings change."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._models: dict[str, ModelSettings | None] = {
            name: model for model in settings.models for name in (model.id, *model.aliases)
        } | {route.name: None for route in settings.routes}

    def all(self, created: float, dialect: Dialect) -> Page:
        """`GET /v1/models`; `created` (Unix seconds) is when the engine started: clients demand one.

        All names come on one page: a fleet has at most a few hundred.
        """
        entries = [self._entry(name, created, dialect) for name in self._models]
        if dialect is not Dialect.ANTHROPIC:
            return {"object": "list", "data": entries}
        names = self.names
        ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
        return {"data": entries, "has_more": False, **ends}

    def one(self, name: str, created: float, dialect: Dialect) -> Page | None:
        """`GET /v1/models/{name}`, or `None` when there is no such model."""
        return self._entry(name, created, dialect) if name in self._models else None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that a caller may ask for."""
        return tuple(self._models)

    def _entry(self, name: str, created: float, dialect: Dialect) -> Page:
        model = self._models[name]
        if dialect is not Dialect.ANTHROPIC:
            owner = ROUTE_OWNER if model is None else model.provider
            return {"id": name, "object": "model", "created": int(created), "owned_by": owner}
        shown: Page = {
            "type": "model",
            "id": name,
            "display_name": name,
            "created_at": datetime.fromtimestamp(int(created), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lifecycle": "active",
        }
        if model is not None and model.context_window:
            shown["max_input_tokens"] = model.context_window
        return shown
