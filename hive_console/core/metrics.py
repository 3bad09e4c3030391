"""BIP-03's ResilienceMetrics as one fold over events, and of sums; nobody else computes availability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hive_console.core import events as e
from hive_console.core.rollup import Sums
from hive_console.core.snapshot import MetricsView
from hive_console.core.states import ModelStatus, OperationResult

MEASURED = (e.OperationFinished, e.FailedOver, e.StatusChanged, e.ModelRecovered, e.SettingsReloaded)
"""The events that the meter counts; of others it takes no notice."""


@dataclass(slots=True)
class _Known:
    """Time a model was known and available so far."""

    status: ModelStatus
    since: float
    known: float = 0.0
    available: float = 0.0

    def advance(self, now: float) -> None:
        elapsed = max(0.0, now - self.since)
        if self.status is not ModelStatus.UNKNOWN:
            self.known += elapsed
        if self.status is ModelStatus.AVAILABLE or self.status is ModelStatus.DEGRADED:
            self.available += elapsed
        self.since = now


class ResilienceMeter:
    """Counts since the engine started.

    Model availability is the share of the time with a known status in which the model was not unavailable.
    Reliability leaves out what callers cancelled and what was their own fault.
    """

    __slots__ = ("_answered", "_degraded", "_failed", "_failovers", "_models", "_operations", "_recoveries")

    def __init__(self, models: tuple[str, ...], now: float) -> None:
        self._models = {model: _Known(ModelStatus.UNKNOWN, now) for model in models}
        self._failovers = 0
        self._recoveries: tuple[int, float] = (0, 0.0)
        self._degraded = 0
        self._answered = 0
        self._failed = 0
        self._operations = 0

    def observe(self, event: e.Event) -> None:
        """Takes an event."""
        match event:
            case e.OperationFinished():
                self._count(event)
            case e.FailedOver():
                self._failovers += 1
            case e.StatusChanged():
                known = self._models[event.model]
                known.advance(event.at)
                known.status = event.new
            case e.ModelRecovered():
                count, total = self._recoveries
                self._recoveries = (count + 1, total + event.down_for)
            case e.SettingsReloaded() if event.models:
                self._models = {
                    model: self._models.get(model, _Known(ModelStatus.UNKNOWN, event.at)) for model in event.models
                }
            case _:
                pass

    def availability(self, model: str, now: float) -> float | None:
        """Share of known time the model was not unavailable, 0..1; `None` while nothing is known."""
        known = self._models[model]
        known.advance(now)
        return known.available / known.known if known.known > 0 else None

    def view(self, now: float) -> MetricsView:
        """All metrics at `now`."""
        judged = self._answered + self._failed
        recoveries, total = self._recoveries
        shares = ((model, self.availability(model, now)) for model in self._models)
        return MetricsView(
            model_availability=tuple((model, share) for model, share in shares if share is not None),
            failover_events=self._failovers,
            recovery_time=total / recoveries if recoveries else None,
            degraded_operations=self._degraded,
            system_reliability=self._answered / judged if judged else None,
            operations=self._operations,
        )

    def _count(self, event: e.OperationFinished) -> None:
        self._operations += 1
        self._degraded += event.is_degraded
        if event.result is OperationResult.ANSWERED:
            self._answered += 1
        elif event.result in {OperationResult.FAILED, OperationResult.SHED}:
            self._failed += 1


def metrics_of(sums: Mapping[str, Sums]) -> MetricsView:
    """All metrics of a stretch of a recording: what the meter would say of it, times to the millisecond.

    A model's availability is `None`, hence left out, where its status was never known in that stretch.
    """
    parts = sums.values()
    answered = sum(part.answered for part in parts)
    judged = answered + sum(part.unanswered for part in parts)
    recoveries = sum(part.recoveries for part in parts)
    return MetricsView(
        model_availability=tuple(
            (model, part.available_ms / part.known_ms) for model, part in sums.items() if part.known_ms
        ),
        failover_events=sum(part.moved_out for part in parts),
        recovery_time=sum(part.recovery_ms for part in parts) / 1_000 / recoveries if recoveries else None,
        degraded_operations=sum(part.degraded for part in parts),
        system_reliability=answered / judged if judged else None,
        operations=sum(part.operations for part in parts),
    )
