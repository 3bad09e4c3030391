"""kill -9 of a primary in the middle of a series of streams, heard by the official clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hive_console.core.settings import Dialect
from tests.system.program import Headless, Provider, eventually
from tests.system.speakers import Heard, Speaker, speaker_of

LISTENERS = 6
"""Clients of each dialect, each with one stream after the other."""

BEFORE, AFTER = 1.0, 2.0
"""Seconds of streams before the kill, and after it."""


@dataclass(frozen=True, slots=True)
class Listened:
    """One stream: when it was asked for, when it ended, what was heard, and how it failed."""

    began: float
    ended: float
    heard: Heard
    error: Exception | None


async def listen(speaker: Speaker, until: Callable[[], float], results: list[Listened]) -> None:
    while (began := time.monotonic()) < until():
        heard, error = Heard(), None
        try:
            await speaker.stream("primary", heard)
        except speaker.error as failed:
            error = failed
        results.append(Listened(began, time.monotonic(), heard, error))


async def listen_while(gateway: str, kill: Callable[[], object]) -> tuple[list[Listened], float]:
    """Every stream of a series in whose middle `kill` is called, and when that was."""
    results: list[Listened] = []
    end = time.monotonic() + BEFORE + AFTER
    async with asyncio.TaskGroup() as group:
        for number in range(2 * LISTENERS):
            speaker = speaker_of(list(Dialect)[number % 2], gateway)
            group.create_task(_one(speaker, end, results))
        # The moment of the kill is the test's subject, not a wait for something.
        await asyncio.sleep(BEFORE)
        killed_at = time.monotonic()
        await asyncio.to_thread(kill)
    return results, killed_at


async def _one(speaker: Speaker, end: float, results: list[Listened]) -> None:
    async with speaker:
        await listen(speaker, lambda: end, results)


@pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: f"{dialect.value}-primary")
def test_a_dead_primarys_streams_raise_and_every_other_answer_comes_from_the_stand_in(
    tmp_path: Path, headless: Callable[..., Headless], dialect: Dialect
) -> None:
    other = Dialect.ANTHROPIC if dialect is Dialect.OPENAI else Dialect.OPENAI
    primary = Provider(tmp_path, "primary", dialect=dialect.value, latency="20ms")
    stand_in = Provider(tmp_path, "stand-in", dialect=other.value, latency="20ms")
    try:
        path = tmp_path / "hive.yaml"
        path.write_text(
            "gateway: {port: 0}\nresilience: {maxConcurrentRequests: 100}\nmodels:\n"
            f"  primary: {{provider: a, endpoint: '{primary.endpoint}', dialect: {dialect.value}, timeout: 20s,"
            " fallbacks: [stand-in]}\n"
            f"  stand-in: {{provider: b, endpoint: '{stand_in.endpoint}', dialect: {other.value}, timeout: 20s}}\n"
        )
        path.chmod(0o600)
        engine = headless(str(path))

        results, killed_at = asyncio.run(listen_while(engine.gateway(), primary.kill))
    finally:
        primary.kill()
        stand_in.kill()

    whole = [one for one in results if one.error is None]
    cut = [one for one in results if one.error is not None]
    assert {one.heard.headers["x-hive-model"] for one in whole if one.began > killed_at} == {"stand-in"}
    assert {one.heard.headers["x-hive-model"] for one in whole if one.ended < killed_at} == {"primary"}
    assert all(one.heard.model == one.heard.headers["x-hive-model"] for one in whole)
    assert cut, "nobody was in the middle of an answer"
    for one in cut:
        assert one.began < killed_at < one.ended
        assert one.heard.pieces > 0
        assert one.heard.headers["x-hive-model"] == "primary"
        assert "broke off" in str(one.error)
    assert eventually(lambda: engine.stop() == 0)
