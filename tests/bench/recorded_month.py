"""A recording of thirty days of fifty busy models, made in a minute for the benches that ask it.

Rows come in the order in which a live recorder writes them, so that pages lie on the disk as they would. Sums are
drawn from a few hundred that were folded from realistic latencies: their bytes cost, not their variety.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import aiosqlite

from hive_console.core import events as e
from hive_console.core.configured import configured
from hive_console.core.outcome import OutcomeKind
from hive_console.core.rollup import Rolled, Sums, Tier
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.states import (
    Action,
    ActionPhase,
    AlertRule,
    BreakerState,
    ModelStatus,
    NoticeEnd,
    NoticeKind,
    Severity,
)
from hive_console.core.store import GapCause
from hive_storage import sql
from hive_storage.batch import Batch
from hive_storage.folder import DataFolder
from hive_storage.names import Names
from hive_storage.request_rows import Row, Taken
from hive_storage.rolled_rows import KEEP_ROLLED, row_of
from hive_storage.writer import BatchWriter
from tests.recordings.requests import streamed

DAYS = 30
MODELS = tuple(f"provider-{number % 5}/model-{number:02}" for number in range(50))
_SETTINGS = Settings(
    tuple(
        ModelSettings(
            model, model.partition("/")[0], "https://models.example/v1", model, fallbacks=(MODELS[0], MODELS[-1])
        )
        if model not in {MODELS[0], MODELS[-1]}
        else ModelSettings(model, model.partition("/")[0], "https://models.example/v1", model)
        for model in MODELS
    )
)
CALLS_A_MINUTE = 600
REQUESTS = 500_000
"""Requests of the last minutes that are kept one by one."""

ACTS = 20_000
INCIDENTS = 9_000
"""Each of twenty-two events: what moved, its alert, two notices that it fires, and one that it is over."""

END = 1_795_696_497
"""12:34:57 UTC: an hour and a day are open, and seven seconds of events are not summed up yet."""

BEGIN = END - END % Tier.DAY - (DAYS - 1) * Tier.DAY
FINAL = END - END % Tier.TEN_SECONDS
TENS_SINCE = FINAL - 2 * Tier.DAY
"""Ten-second windows are kept for two days."""

_US = 1_000_000
_DRAWN = {Tier.TEN_SECONDS: 1_000, Tier.MINUTE: 600, Tier.HOUR: 60, Tier.DAY: 6}
_SAMPLES = 10_000
"""Latencies of an hour and a day are this many, told several times over: their buckets are all taken by then."""

_PROBE_EVERY = 30
_BATCH = 20_000
_TIMEOUTS = 0.015


def latency(rng: random.Random) -> float:
    """Seconds of one call: quick answers, long ones, and 1.5 % that wait for a timeout."""
    draw = rng.random()
    if draw < _TIMEOUTS:
        return rng.gauss(30.0, 0.05)
    return rng.lognormvariate(-0.7, 0.35) if draw < 0.6 else rng.lognormvariate(1.9, 0.5)


def sums_of_calls(rng: random.Random, calls: int, *, seconds: int, has_first_tokens: bool = False) -> Sums:
    """What a window of so many calls leaves."""
    sums = Sums(
        calls=calls,
        failed=calls // 60,
        timeouts=calls // 90,
        throttled=calls // 200,
        neutral=calls // 150,
        operations=calls - calls // 70,
        answered=calls - calls // 60,
        unanswered=calls // 200,
        retries=calls // 70,
        moved_out=calls // 100,
        moved_in=calls // 110,
        read_tokens=calls * rng.randint(900, 1_500),
        written_tokens=calls * rng.randint(200, 400),
        cost=calls * rng.randint(300, 900),
        probes=max(1, seconds // _PROBE_EVERY),
        probe_us=max(1, seconds // _PROBE_EVERY) * rng.randint(100_000, 300_000),
        known_ms=seconds * 1_000,
        available_ms=seconds * 1_000 - (rng.randrange(seconds * 10) if rng.random() < 0.02 else 0),
        status=ModelStatus.AVAILABLE,
        breaker=BreakerState.CLOSED,
    )
    few = min(calls, _SAMPLES)
    drawn = [latency(rng) for _ in range(few)]
    for value in drawn:
        sums.latency.add(value)
        if has_first_tokens:
            sums.first_token.add(value * rng.uniform(0.1, 0.3))
    for histogram in (sums.latency, sums.first_token):
        for bucket in histogram._buckets:
            histogram._buckets[bucket] *= calls // few
        histogram.count = sum(histogram._buckets.values())
    sums.latency_us = int(sum(drawn) * _US) * (calls // few)
    sums.latency_min_us, sums.latency_max_us = int(min(drawn) * _US), int(max(drawn) * _US)
    if has_first_tokens:
        sums.first_tokens, sums.first_token_us = calls, sums.latency_us // 5
    return sums


def drawn_rows(names: Names, rng: random.Random, tier: Tier, *, has_first_tokens: bool = False) -> list[Row]:
    """Rows of one tier without model and time."""
    calls = CALLS_A_MINUTE * tier // Tier.MINUTE
    return [
        row_of(
            Rolled(
                tier=tier,
                begin=0,
                model=MODELS[0],
                sums=sums_of_calls(rng, calls, seconds=tier, has_first_tokens=has_first_tokens),
            ),
            names,
        )[2:]
        for _ in range(_DRAWN[tier])
    ]


class _Month:
    """Writes it, hour by hour."""

    def __init__(self, writer: BatchWriter, *, rng: random.Random) -> None:
        self._writer = writer
        self._rng = rng
        names = writer._names
        self._ids = [names.id_of(model) for model in MODELS]
        self._success = names.id_of(OutcomeKind.SUCCESS.value)
        self._timed_out = names.id_of(OutcomeKind.TIMED_OUT.value)
        self._drawn = {tier: drawn_rows(names, rng, tier) for tier in Tier}

    async def write(self) -> None:
        events = sorted(self._events(), key=lambda taken: taken[0])
        await self._writer.write(Batch(events=[], rolled=(), rolled_until=FINAL * _US, health=None))
        place = 0
        for hour in range(BEGIN, END + 1, Tier.HOUR):
            end = min(hour + Tier.HOUR, END)
            first = place
            while place < len(events) and events[place][0] < end * _US:
                place += 1
            await self._writer.write(Batch(events=events[first:place], rolled_until=FINAL * _US))
            await self._rows_of_hour(hour, end)
        await self._requests()

    async def _rows_of_hour(self, hour: int, end: int) -> None:
        connection = self._writer.connection
        await connection.execute("BEGIN IMMEDIATE")
        await connection.executemany(sql.INSERT_PROBE, self._probes(hour, end))
        for tier in (Tier.TEN_SECONDS, Tier.MINUTE):
            begin = max(hour, TENS_SINCE) if tier is Tier.TEN_SECONDS else hour
            times = range(begin, min(end, FINAL) // tier * tier, tier)
            await connection.executemany(KEEP_ROLLED[tier], self._windows(tier, times))
        await connection.executemany(KEEP_ROLLED[Tier.HOUR], self._windows(Tier.HOUR, range(hour, hour + 1)))
        day = hour - hour % Tier.DAY
        await connection.executemany(KEEP_ROLLED[Tier.DAY], self._windows(Tier.DAY, range(day, day + 1)))
        await connection.execute("COMMIT")

    def _windows(self, tier: Tier, times: range) -> Iterator[Row]:
        drawn, choice = self._drawn[tier], self._rng.choice
        for t in times:
            for model in self._ids:
                yield (model, t, *choice(drawn))

    def _probes(self, hour: int, end: int) -> Iterator[Row]:
        rng = self._rng
        for t in range(hour, end, _PROBE_EVERY):
            for place, model in enumerate(self._ids):
                seq = t * _US + place * 500_000 + 7
                if rng.random() < 0.01:
                    yield seq, 0, model, self._timed_out, 5_000_000, None, 0, "no answer within 5 s"
                else:
                    yield seq, 0, model, self._success, rng.randint(90_000, 400_000), 200, 0, ""

    def _events(self) -> Iterator[Taken]:
        rng = self._rng
        for start in range(BEGIN, END, 3 * Tier.DAY):
            yield _taken(e.EngineStarted(at=start + 0.25, version="1.0", models=MODELS, environment="production"))
            yield _taken(configured(_SETTINGS, start + 0.5))
            yield (
                _taken(e.EngineStopped(at=start + 3 * Tier.DAY - 0.5))
                if start + 3 * Tier.DAY < END
                else _taken(e.ConsoleAttached(at=start + 1.0, actor="ann"))
            )
        span = (END - BEGIN - 600) / INCIDENTS
        for number in range(INCIDENTS):
            yield from map(_taken, _incident(rng, number, BEGIN + 5 + number * span))
        yield from (_taken(_act(number)) for number in range(ACTS))

    async def _requests(self) -> None:
        """Plain requests, and two of a hundred that were retried or failed."""
        rate = CALLS_A_MINUTE * len(MODELS) / 60
        rng = self._rng
        batch: list[Taken] = []
        for number in range(REQUESTS):
            at = END - (REQUESTS - number) / rate
            batch += map(_taken, _request(rng, number, at, model=MODELS[number % len(MODELS)]))
            if len(batch) >= _BATCH:
                await self._writer.write(Batch(events=batch))
                batch = []
        await self._writer.write(Batch(events=batch))


def _taken(event: e.Event) -> Taken:
    return round(event.at * _US), 0, event


def _act(number: int) -> e.OperatorActed:
    return e.OperatorActed(
        at=BEGIN + 60.0003 + number * (END - BEGIN - 120) / ACTS,
        action_id=f"r-op{number // 2}",
        actor="ann" if number % 3 else "bob",
        action=Action.TRIP if number % 4 < 2 else Action.RESET,
        phase=ActionPhase.DONE if number % 2 else ActionPhase.INTENDED,
        target=MODELS[number // 2 % len(MODELS)],
        reason="it answers slowly",
        before="closed",
        after="isolated",
        origin="ssh 10.0.0.5",
    )


def _incident(rng: random.Random, number: int, at: float) -> Iterator[e.Event]:
    model = MODELS[rng.randrange(len(MODELS))]
    other = MODELS[(MODELS.index(model) + 1) % len(MODELS)]
    lasts = rng.uniform(20, 200)
    up, down = ModelStatus.AVAILABLE, ModelStatus.UNAVAILABLE
    closed, opened, half = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
    cause = "5 failures in a row: timed out"
    told = {
        "alert_id": f"model-unavailable/{model}/{number}",
        "rule": AlertRule.MODEL_UNAVAILABLE,
        "subject": model,
    }
    yield e.BreakerChanged(at=at, model=model, old=closed, new=opened, cause=cause, open_until=at + 60)
    yield e.StatusChanged(at=at + 0.0001, model=model, old=up, new=down, cause="breaker open")
    yield e.TrafficMoved(at=at + 0.0002, model=model, old=model, new=other, primary=model)
    yield e.AlertRaised(at=at + 0.0003, severity=Severity.CRITICAL, text=f"{model} is unavailable", **told)  # type: ignore[arg-type]
    for place, channel in enumerate(("ops-slack", "mail")):
        yield from _notice(f"N{number * 3 + place}", channel, NoticeKind.FIRING, told["alert_id"], at + 10 + place)  # type: ignore[arg-type]
    end = at + lasts
    yield e.BreakerChanged(at=end - 1, model=model, old=opened, new=half, cause="trial")
    yield e.BreakerChanged(at=end, model=model, old=half, new=closed, cause="trials passed")
    yield e.StatusChanged(at=end + 0.0001, model=model, old=down, new=up, cause="breaker closed")
    yield e.ModelRecovered(at=end + 0.0002, model=model, down_for=lasts)
    yield e.RecoveryEnded(at=end + 0.0003, model=model, took=lasts)
    yield e.TrafficMoved(at=end + 0.0004, model=model, old=other, new=model, primary=model)
    yield e.AlertResolved(at=end + 0.0005, lasted=lasts, **told)  # type: ignore[arg-type]
    yield from _notice(f"N{number * 3 + 2}", "ops-slack", NoticeKind.RESOLVED, told["alert_id"], end + 2)  # type: ignore[arg-type]


def _notice(notice_id: str, channel: str, kind: NoticeKind, alert_id: str, at: float) -> Iterator[e.Event]:
    ids = (alert_id,)
    yield e.NoticeQueued(
        at=at,
        notice_id=notice_id,
        channel=channel,
        kind=kind,
        alert_ids=ids,
        count=1,
        due=at,
        key=f"{notice_id}/key",
    )
    yield e.NoticeTried(at=at + 0.1, notice_id=notice_id, channel=channel, number=1)
    yield e.NoticeTried(
        at=at + 0.4,
        notice_id=notice_id,
        channel=channel,
        number=1,
        took=0.3,
        is_delivered=True,
        status=200,
        answer="ok",
    )
    yield e.NoticeSettled(
        at=at + 0.4001,
        notice_id=notice_id,
        channel=channel,
        end=NoticeEnd.DELIVERED,
        kind=kind,
        alert_ids=ids,
        attempts=1,
    )


def _request(rng: random.Random, number: int, at: float, *, model: str) -> Iterator[e.Event]:
    took = latency(rng)
    return streamed(
        number,
        at,
        model=model,
        latency=took,
        first_token=took / 5,
        tokens=(1_000 + number % 977, 100 + number % 331),
        cost=400 + number % 97,
        failed=OutcomeKind.TIMED_OUT if rng.random() < 0.02 else None,
        spacing=1e-5,
    )


async def _lives_and_gaps(connection: aiosqlite.Connection) -> None:
    await connection.execute("BEGIN IMMEDIATE")
    await connection.executemany(
        "INSERT INTO run (started_us, ended_us, clean, pid, host, version) VALUES (?, ?, 1, 4711, 'host', '1.0')",
        [((at + 0) * _US, (at + 3 * Tier.DAY - 1) * _US) for at in range(BEGIN, END - 3 * Tier.DAY, 3 * Tier.DAY)],
    )
    await connection.executemany(
        sql.INSERT_GAP,
        [
            (at * _US, (at + 20) * _US, GapCause.QUEUE_FULL.value, 17, "")
            for at in range(BEGIN + 500, END - 60, Tier.HOUR * 4)
        ],
    )
    # Of the run that writes this: it began when the last engine did, and a crash ended it.
    await connection.execute("UPDATE run SET started_us = ? WHERE ended_us IS NULL", ((END - Tier.HOUR) * _US,))
    await connection.execute("COMMIT")


async def _make(folder: Path, say: Callable[[str], None]) -> None:
    held = DataFolder.open(folder, started=float(BEGIN))
    try:
        async with BatchWriter.open(held, now=lambda: float(END), version="1.0") as writer:
            await _Month(writer, rng=random.Random("month")).write()
            await _lives_and_gaps(writer.connection)
            for schema in ("main", "day"):
                await writer.connection.execute_fetchall(f"PRAGMA {schema}.wal_checkpoint(TRUNCATE)")
    finally:
        held.release()
    say(f"made in {folder}")


def make_month(folder: Path, say: Callable[[str], None] = print) -> None:
    """Makes it in an empty folder, as a killed engine would have left it."""
    asyncio.run(_make(folder, say))
