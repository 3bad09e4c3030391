"""How a fleet is set up, as an event that a recording keeps, and back: what a review shows of the settings.

Only what screens show goes in. Where a model is reached and where its key is never does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hive_console.core.bounds import MAX_SECONDS
from hive_console.core.events import FleetConfigured
from hive_console.core.settings import MAX_MODELS, ModelSettings, RouteSettings, Settings, Strategy
from hive_console.core.text import NAME_LIMIT, clean

MOST_FALLBACKS = 100
"""Fallbacks of one chain that are kept: more than any chain that is walked to its end within a deadline."""

LONGEST_ENTRY = 32_768
"""Characters of one entry that are read: 100 fallbacks with names of 300 characters."""

_STRATEGIES = {strategy.value: strategy for strategy in Strategy}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSetup:
    """How one model was configured; zero or empty is what its entry does not tell.

    Attributes:
        provider: who runs it.
        fallbacks: its chain.
        strategy: how the chain is used.
        weight: its share under the weighted strategy.
        breaker_threshold: failures in a row that open its breaker.
        recovery_timeout: seconds an open breaker waits before its first trial.
        max_in_flight: calls in flight at once.
    """

    provider: str = ""
    fallbacks: tuple[str, ...] = ()
    strategy: Strategy = Strategy.SEQUENTIAL
    weight: float = 1.0
    breaker_threshold: int = 0
    recovery_timeout: float = 0.0
    max_in_flight: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSetup:
    """How one virtual model was configured: its primary, its fallbacks, and how they are used."""

    primary: str
    fallbacks: tuple[str, ...] = ()
    strategy: Strategy = Strategy.SEQUENTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSetup:
    """How a fleet was configured.

    Attributes:
        models: by their ids, in the order of the settings.
        routes: by their names, in the order of the settings.
        degraded_threshold: the share of available models below which it is degraded.
    """

    models: Mapping[str, ModelSetup] = field(default_factory=dict)
    routes: Mapping[str, RouteSetup] = field(default_factory=dict)
    degraded_threshold: float


def configured(settings: Settings, now: float) -> FleetConfigured:
    """The event that tells of settings which are in force from `now` on."""
    return FleetConfigured(
        at=now,
        model_setups=tuple(_text(_entry_of_model(model)) for model in settings.models),
        route_setups=tuple(_text(_entry_of_route(route)) for route in settings.routes),
        degraded_threshold=settings.resilience.degraded_mode_threshold,
    )


def setup_of(event: FleetConfigured) -> FleetSetup:
    """What the event tells; damaged entries are left out, fields that this version does not know are ignored."""
    models: dict[str, ModelSetup] = {}
    for entry in _entries(event.model_setups):
        if name := _name(entry.get("id")):
            models[name] = ModelSetup(
                provider=clean(_name(entry.get("provider")), NAME_LIMIT),
                fallbacks=_names(entry.get("fallbacks")),
                strategy=_strategy(entry.get("strategy")),
                weight=_number(entry.get("weight"), 1000, otherwise=1.0),
                breaker_threshold=int(_number(entry.get("breaker_threshold"), 1000)),
                recovery_timeout=_number(entry.get("recovery_timeout"), MAX_SECONDS),
                max_in_flight=int(_number(entry.get("max_in_flight"), 10_000)),
            )
    routes: dict[str, RouteSetup] = {}
    for entry in _entries(event.route_setups):
        name, primary = _name(entry.get("name")), _name(entry.get("primary"))
        if name and primary:
            routes[name] = RouteSetup(
                primary=primary,
                fallbacks=_names(entry.get("fallbacks")),
                strategy=_strategy(entry.get("strategy")),
            )
    return FleetSetup(models=models, routes=routes, degraded_threshold=_number(event.degraded_threshold, 1))


_Entry = dict[str, Any]
"""One model or route as JSON data. Any: what stands in a recording may be anything."""


def _entry_of_model(model: ModelSettings) -> _Entry:
    return {
        "id": model.id,
        "provider": model.provider,
        "fallbacks": model.fallbacks[:MOST_FALLBACKS],
        "strategy": model.strategy.value,
        "weight": model.weight,
        "breaker_threshold": model.breaker_threshold,
        "recovery_timeout": model.recovery_timeout,
        "max_in_flight": model.max_concurrent_requests,
    }


def _entry_of_route(route: RouteSettings) -> _Entry:
    return {
        "name": route.name,
        "primary": route.primary,
        "fallbacks": route.fallbacks[:MOST_FALLBACKS],
        "strategy": route.strategy.value,
    }


def _text(entry: _Entry) -> str:
    return json.dumps(entry, separators=(",", ":"))


def _entries(texts: Any) -> list[_Entry]:  # Any: see `_Entry`
    found: list[_Entry] = []
    for text in texts[:MAX_MODELS] if isinstance(texts, tuple) else ():
        try:
            entry = json.loads(_name(text)[:LONGEST_ENTRY])
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found


def _name(value: Any) -> str:  # Any: see `_Entry`
    return value if isinstance(value, str) else ""


def _names(value: Any) -> tuple[str, ...]:  # Any: see `_Entry`
    return tuple(filter(None, map(_name, value[:MOST_FALLBACKS]))) if isinstance(value, list) else ()


def _strategy(value: Any) -> Strategy:  # Any: see `_Entry`
    return _STRATEGIES.get(_name(value), Strategy.SEQUENTIAL)


def _number(value: Any, most: float, *, otherwise: float = 0.0) -> float:  # Any: see `_Entry`
    """The number, or what stands for none where it is no number of `0..most`."""
    is_number = isinstance(value, int | float) and 0 <= value <= most
    return float(value) if is_number else otherwise
