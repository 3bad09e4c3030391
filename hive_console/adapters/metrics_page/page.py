"""The page itself: counts events as they pass, and writes them down when somebody asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from hive_console.adapters.metrics_page.counters import Counters
from hive_console.core.snapshot import FleetSnapshot

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import CollectorRegistry

OPEN_METRICS = "application/openmetrics-text"
PLAIN = "text/plain"

_QUALITY = re.compile(r"q=(0(?:\.\d{1,3})?|1(?:\.0{1,3})?)")


class MetricsPage:
    """Prometheus metrics of one engine.

    Args:
        snapshot: gives the latest published view.
        version: of hive-console.

    Attributes:
        counters: what was counted so far.
        take: counts an event and causes none: a bus reader.
    """

    def __init__(self, snapshot: Callable[[], FleetSnapshot], *, version: str) -> None:
        self.counters = Counters()
        self.take = self.counters.take
        self._snapshot = snapshot
        self._version = version
        self._registry: CollectorRegistry | None = None

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """The page and its content type; from any thread.

        The first one loads the library (50 ms), each takes about 5 µs a line: from a thread of its own it holds
        nobody up.

        Args:
            accept: the `Accept` header of whoever asks: OpenMetrics 1.0 for who prefers it, else the plain text
                format 0.0.4 that everybody reads.
        """
        from prometheus_client import exposition  # at the first scrape: a start takes 50 ms less without it
        from prometheus_client.openmetrics import exposition as openmetrics

        registry = self._registry
        if registry is None:
            registry = self._registry = self._new_registry()
        if _prefers_open_metrics(accept):
            page: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]  # it has no types
            return page, openmetrics.CONTENT_TYPE_LATEST
        return exposition.generate_latest(registry), exposition.CONTENT_TYPE_PLAIN_0_0_4

    def collect(self) -> Iterator[Metric]:
        """The families of now (the library's `Collector`)."""
        from hive_console.adapters.metrics_page.families import families  # loads the library

        return families(self.counters, self._snapshot(), version=self._version)

    def _new_registry(self) -> CollectorRegistry:
        """This page, and what the library knows of the process; not its global registry, which is everybody's."""
        from prometheus_client.gc_collector import GCCollector
        from prometheus_client.platform_collector import PlatformCollector
        from prometheus_client.process_collector import ProcessCollector
        from prometheus_client.registry import CollectorRegistry

        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        return registry


def _prefers_open_metrics(accept: str) -> bool:
    """Whether the header names OpenMetrics, and plain text no more than it. Nothing of the header is repeated."""
    qualities = {OPEN_METRICS: 0.0, PLAIN: 0.0}
    for item in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        if kind in qualities:
            found = [float(match[1]) for part in parameters if (match := _QUALITY.fullmatch(part))]
            qualities[kind] = max(qualities[kind], found[0] if found else 1.0)
    return 0.0 < qualities[OPEN_METRICS] >= qualities[PLAIN]
