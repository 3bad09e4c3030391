"""Hanging and dead primaries under callers, one and many at once: every answer, and what each was asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tests.system.callers import TICK, Called, Calling
from tests.system.program import Headless, Provider, set_fault, traffic_of

THRESHOLD = 5
"""BIP-03's `failureThreshold`, the default."""

TIMEOUT = 0.5
RECOVERY = 1.5
SECONDS = 4.0
"""One outage as its callers see it: its beginning, and at least one trial."""

LATENCY = "150ms"
"""The fallback's own: callers who wait for it leave the two cores to the engine."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One sick model and how many ask for it at once."""

    model: str
    fault: str
    cause: str
    callers: int


OUTAGES = (
    Outage("hanging-for-one", "hang", "timed_out", 1),
    Outage("hanging-for-many", "hang", "timed_out", 12),
    Outage("dead-for-one", "reset", "connection_failed", 1),
    Outage("dead-for-many", "reset", "connection_failed", 12),
)

OPEN = "open"
"""A model whose breaker opens before the callers come, and stays open."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What all callers met, and what each model was asked."""

    called: list[Called]
    asked: dict[str, int]

    def of(self, model: str) -> list[Called]:
        return [one for one in self.called if one.asked == model]

    def costly(self, outage: Outage) -> int:
        """Answers that met the fault on their way."""
        return sum(one.met(outage.model, outage.cause) for one in self.of(outage.model))

    def slow(self, outage: Outage) -> int:
        """Answers that met it, and waited for all of its timeout."""
        return sum(one.waited_for(outage.model, outage.cause) >= TIMEOUT - TICK for one in self.of(outage.model))


def write_settings(folder: Path, sick: Provider, well: Provider) -> str:
    lines = ["gateway: {port: 0}", "resilience: {maxConcurrentRequests: 100}", "models:"]
    for model in (*(outage.model for outage in OUTAGES), OPEN):
        recovery = 60.0 if model == OPEN else RECOVERY
        lines.append(
            f"  {model}: {{provider: {model}, endpoint: '{sick.endpoint}', probe: none, timeout: {TIMEOUT}s,"
            f" recoveryTimeout: {recovery}s, maxRecoveryTimeout: {recovery}s, fallbacks: [well]}}"
        )
    lines.append(f"  well: {{provider: well, endpoint: '{well.endpoint}', probe: none, timeout: 20s}}")
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return str(path)


async def call_all(gateway: str) -> list[Called]:
    async with Calling(gateway) as calling:
        await asyncio.gather(*(calling.once(OPEN) for _ in range(THRESHOLD)))
        loops = [calling.loop([outage.model], SECONDS) for outage in OUTAGES for _ in range(outage.callers)]
        loops += [calling.loop([OPEN, "well"], SECONDS) for _ in range(4)]
        await asyncio.gather(*loops)
        return calling.called


def outage_costs(folder: Path) -> Costs:
    """All outages at once, each with its callers; takes `SECONDS` and the starts."""
    sick = Provider(folder, *(outage.model for outage in OUTAGES), OPEN)
    well = Provider(folder, "well", latency=LATENCY)
    for outage in OUTAGES:
        set_fault(sick, outage.model, outage.fault)
    set_fault(sick, OPEN, "hang")
    engine = Headless(folder, write_settings(folder, sick, well))
    try:
        called = asyncio.run(call_all(engine.gateway()))
        return Costs(called, traffic_of(sick)["asked"])
    finally:
        engine.kill()
        sick.kill()
        well.kill()
