"""What a dead and a hanging primary cost many clients at once: counted in calls and ratios, not in milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system.callers import Called, Calling, median
from tests.system.program import Headless, Provider, set_fault, traffic_of

THRESHOLD = 5
"""BIP-03's `failureThreshold`, the default."""

TIMEOUT = 0.5
RECOVERY = 1.5
SECONDS = 4.0
"""One outage as its callers see it: its beginning, and at least one trial."""

CLOSE = 1.5
"""How far two medians of one run may lie apart on a busy machine."""

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


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Costs]:
    folder = tmp_path_factory.mktemp("outage")
    sick = Provider(folder, *(outage.model for outage in OUTAGES), OPEN)
    well = Provider(folder, "well", latency=LATENCY)
    for outage in OUTAGES:
        set_fault(sick, outage.model, outage.fault)
    set_fault(sick, OPEN, "hang")
    engine = Headless(folder, write_settings(folder, sick, well))
    try:
        called = asyncio.run(call_all(engine.gateway()))
        yield Costs(called, traffic_of(sick)["asked"])
    finally:
        engine.kill()
        sick.kill()
        well.kill()


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.model)
def test_an_outage_costs_the_threshold_and_one_trial_for_each_recovery_interval(
    costs: Costs, outage: Outage
) -> None:
    called = costs.of(outage.model)
    costly = [one for one in called if one.met(outage.model, outage.cause)]

    # Callers who were already waiting when the breaker opened had asked before anybody could know.
    assert 0 < len(costly) <= THRESHOLD + (outage.callers - 1) + int(SECONDS / RECOVERY)
    assert {(one.status, one.served_by) for one in called} == {(200, "well")}
    # A connection that was kept alive and is reset at once is replaced and asked once more.
    assert len(costly) <= costs.asked[outage.model] <= len(costly) * (2 if outage.fault == "reset" else 1)


def test_with_the_breaker_open_answers_take_as_long_as_the_fallbacks_own(costs: Costs) -> None:
    instead, own = costs.of(OPEN)[THRESHOLD:], costs.of("well")

    assert {(one.served_by, one.attempts) for one in instead} == {("well", 1)}
    assert median(instead) < CLOSE * median(own)
    assert costs.asked[OPEN] == THRESHOLD
