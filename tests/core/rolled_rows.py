"""Builders for tests of roll-ups: a fold that is driven as the recorder does it, and the rows on its disk."""

from __future__ import annotations

from collections.abc import Iterable

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.rolling_up import RollUps
from hive_console.core.rollup import Rolled, Sums, Tier
from hive_console.core.states import BreakerState, ModelStatus, OperationResult

SECOND = 1_000_000
MIDNIGHT = 20_000 * 86_400
"""A midnight in UTC, in Unix seconds, at which tests begin."""

TEN, MINUTE, HOUR, DAY = Tier


class Recorded:
    """A fold and everything that it handed out, newest as it is; times are seconds after `MIDNIGHT`."""

    def __init__(self, begin: float = 0.0, disk: Iterable[Rolled] = ()) -> None:
        self.rollups = RollUps(begin_us=instant(begin))
        self.disk = {(row.tier, row.begin, row.model): row for row in disk}
        self.rollups.resume(self.disk.values())

    def observe(self, *events: e.Event) -> Recorded:
        for event in events:
            self.rollups.observe(event, round(event.at * SECOND))
        return self

    def close(self, until: float) -> list[Rolled]:
        return self._write(self.rollups.close(instant(until)))

    def fetch(self) -> list[Rolled]:
        return self._write(self.rollups.fetch())

    def stop(self, at: float) -> list[Rolled]:
        return self._write(self.rollups.as_it_stands(instant(at)))

    def sums(self, tier: Tier, begin: float, model: str = "a") -> Sums:
        return self.disk[tier, MIDNIGHT + int(begin), model].sums

    def begins(self, tier: Tier, model: str = "a") -> list[int]:
        return [begin - MIDNIGHT for kind, begin, name in self.disk if (kind, name) == (tier, model)]

    def _write(self, rows: list[Rolled]) -> list[Rolled]:
        self.disk.update({(row.tier, row.begin, row.model): row for row in rows})
        return rows


def instant(seconds: float) -> int:
    return round((MIDNIGHT + seconds) * SECOND)


def started(at: float, *models: str) -> e.EngineStarted:
    return e.EngineStarted(at=MIDNIGHT + at, version="1", models=models)


def stopped(at: float) -> e.EngineStopped:
    return e.EngineStopped(at=MIDNIGHT + at)


def reloaded(at: float, *models: str) -> e.SettingsReloaded:
    return e.SettingsReloaded(at=MIDNIGHT + at, source="file", models=models)


def status(at: float, new: ModelStatus, model: str = "a") -> e.StatusChanged:
    return e.StatusChanged(at=MIDNIGHT + at, model=model, old=ModelStatus.UNKNOWN, new=new, cause="why")


def breaker(at: float, new: BreakerState, model: str = "a") -> e.BreakerChanged:
    return e.BreakerChanged(at=MIDNIGHT + at, model=model, old=BreakerState.CLOSED, new=new, cause="why")


def attempt(
    at: float,
    kind: OutcomeKind = OutcomeKind.SUCCESS,
    model: str = "a",
    *,
    latency: float = 1.0,
    first_token: float | None = None,
    number: int = 1,
    tokens: tuple[int | None, int | None] = (None, None),
    cost: int | None = None,
) -> e.AttemptFinished:
    return e.AttemptFinished(
        at=MIDNIGHT + at,
        operation="o",
        model=model,
        number=number,
        kind=kind,
        latency=latency,
        first_token=first_token,
        read_tokens=tokens[0],
        written_tokens=tokens[1],
        cost=cost,
    )


def probe(at: float, kind: OutcomeKind = OutcomeKind.SUCCESS, model: str = "a") -> e.ProbeFinished:
    return e.ProbeFinished(at=MIDNIGHT + at, model=model, kind=kind, latency=0.25)


def operation(
    at: float,
    result: OperationResult = OperationResult.ANSWERED,
    model: str = "a",
    *,
    served_by: str | None = None,
    is_degraded: bool = False,
) -> e.OperationFinished:
    return e.OperationFinished(
        at=MIDNIGHT + at,
        operation="o",
        requested=model,
        result=result,
        latency=1.0,
        attempts=1,
        served_by=served_by,
        is_degraded=is_degraded,
    )


def failover(at: float, model: str = "a", to: str = "b") -> e.FailedOver:
    return e.FailedOver(at=MIDNIGHT + at, operation="o", from_model=model, to_model=to, cause="down")


def recovered(at: float, model: str = "a", down_for: float = 12.3456) -> e.ModelRecovered:
    return e.ModelRecovered(at=MIDNIGHT + at, model=model, down_for=down_for)
