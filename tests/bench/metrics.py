"""What metrics cost: each event of a request, and one scrape. `python -m tests.bench.metrics`."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Histogram

from hive_console.adapters.metrics_page import MetricsPage
from hive_console.core.events import AttemptFinished, OperationFinished
from hive_console.core.outcome import OutcomeKind
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import OperationResult
from tests.core.samples import fleet_view, model_view

EVENTS = 200_000
ROUNDS = 5
FLEETS = (6, 100, 2000)


def fleet_of(size: int) -> FleetSnapshot:
    return fleet_view(*(model_view(f"model-{number}") for number in range(size)))


def events_of(model: str, number: int) -> tuple[AttemptFinished, OperationFinished]:
    """What one answered request tells."""
    name = f"o-{number}"
    attempt = AttemptFinished(at=1.0, operation=name, model=model, number=1, kind=OutcomeKind.SUCCESS, latency=0.3)
    operation = OperationFinished(
        at=1.0,
        operation=name,
        requested=model,
        result=OperationResult.ANSWERED,
        latency=0.3,
        attempts=1,
        served_by=model,
    )
    return attempt, operation


def _seconds_of(page: MetricsPage, pairs: list[tuple[AttemptFinished, OperationFinished]]) -> float:
    began = time.perf_counter()
    for _ in range(EVENTS // 200):
        for attempt, operation in pairs:
            page.take(attempt)
            page.take(operation)
    return time.perf_counter() - began


def main() -> None:
    fleet = fleet_of(6)
    page = MetricsPage(lambda: fleet, version="bench")
    pairs = [events_of("model-1", number) for number in range(100)]
    spent = min(_seconds_of(page, pairs) for _ in range(ROUNDS))
    print(f"one event: {spent / EVENTS * 1e6:.2f} us; one request (two events): {spent / EVENTS * 2e6:.2f} us")

    registry = CollectorRegistry()
    counter = Counter("calls", "Calls.", ["model", "outcome"], registry=registry)
    histogram = Histogram("seconds", "Seconds.", ["model", "outcome"], registry=registry)
    began = time.perf_counter()
    for _ in range(EVENTS // 10):
        counter.labels("model-1", "success").inc()
        histogram.labels("model-1", "success").observe(0.3)
    spent = time.perf_counter() - began
    print(f"the library's counter and histogram for one event: {spent / EVENTS * 10e6:.2f} us")

    for size in FLEETS:
        shown = fleet_of(size)
        page = MetricsPage(lambda shown=shown: shown, version="bench")  # type: ignore[misc]  # mypy sees no default here
        for view in shown.models:
            for event in events_of(view.model_id, 1):
                page.take(event)
        page.render("")
        began = time.perf_counter()
        text, _ = page.render("")
        spent = time.perf_counter() - began
        lines = text.count(b"\n")
        print(f"a scrape of {size} models: {spent * 1e3:.1f} ms, {lines} lines")


if __name__ == "__main__":
    main()
