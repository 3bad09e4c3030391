"""Each cell of the fault matrix through the real program, asked by the official clients."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import anthropic
import openai
import pytest

from hive_console.adapters.control_socket import fetch_snapshot
from hive_console.core.outcome import Verdict
from hive_console.core.settings import Dialect
from hive_console.core.snapshot import ModelView
from hive_console.sim.port import Port
from tests.make_docs import MATRIX, with_matrix
from tests.system.callers import TICK
from tests.system.matrix import CELLS, Cell, Mode, Wait
from tests.system.program import Headless, Provider, eventually, failed_services, set_fault, traffic_of

TIMEOUT = 1.0
"""Seconds the primaries have for their first content."""

IDLE_TIMEOUT = 0.4
"""Seconds a stream may be silent in its middle; shorter than the drip, so that the drip is seen."""

PATIENT = 20.0
"""Seconds for the primaries whose answer is huge: reading up to the bound takes what it takes."""

SLACK = 6.0
"""Seconds added to a limit on a busy machine."""

SIDE_BY_SIDE = 12
"""Cells under way at once: enough that waits overlap, few enough that two cores keep up."""

WELL = "well"


@dataclass(frozen=True, slots=True)
class Observed:
    """What a client saw of one request."""

    headers: Mapping[str, str]
    tokens: int
    error: BaseException | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the clients saw, what the engine counted, and what the providers were asked."""

    observed: Mapping[Cell, Observed]
    views: Mapping[str, ModelView]
    asked: Mapping[str, int]


class Clients:
    """The official client of each dialect, without retries of its own."""

    def __init__(self, gateway: str) -> None:
        self._openai = openai.AsyncOpenAI(base_url=gateway, api_key="none", max_retries=0, timeout=60)
        self._anthropic = anthropic.AsyncAnthropic(
            base_url=gateway.removesuffix("/v1"), api_key="none", max_retries=0, timeout=60
        )

    async def ask(self, cell: Cell) -> Observed:
        began = time.monotonic()
        headers: dict[str, str] = {}
        words: list[str] = []
        error: BaseException | None = None
        try:
            if cell.client is Dialect.OPENAI:
                await self._ask_openai(cell, headers, words)
            else:
                await self._ask_anthropic(cell, headers, words)
        except (openai.OpenAIError, anthropic.AnthropicError) as failed:
            error = failed
        return Observed(headers, len(words), error, time.monotonic() - began)

    async def _ask_openai(self, cell: Cell, headers: dict[str, str], words: list[str]) -> None:
        raw = self._openai.chat.completions.with_raw_response
        if cell.mode is Mode.WHOLE:
            whole = await raw.create(model=cell.model, messages=[{"role": "user", "content": "hello"}])
            headers.update(whole.headers)
            words.extend((whole.parse().choices[0].message.content or "").split())
            return
        streamed = await raw.create(model=cell.model, messages=[{"role": "user", "content": "hello"}], stream=True)
        headers.update(streamed.headers)
        async for chunk in streamed.parse():
            words.extend(choice.delta.content for choice in chunk.choices if choice.delta.content)

    async def _ask_anthropic(self, cell: Cell, headers: dict[str, str], words: list[str]) -> None:
        raw = self._anthropic.messages.with_raw_response
        if cell.mode is Mode.WHOLE:
            whole = await raw.create(
                model=cell.model, messages=[{"role": "user", "content": "hello"}], max_tokens=200
            )
            headers.update(whole.headers)
            words.extend(
                word
                for block in (await whole.parse()).content
                if block.type == "text"
                for word in block.text.split()
            )
            return
        streamed = await raw.create(
            model=cell.model, messages=[{"role": "user", "content": "hello"}], max_tokens=200, stream=True
        )
        headers.update(streamed.headers)
        async for event in await streamed.parse():
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                words += [event.delta.text] if event.delta.text else []

    async def close(self) -> None:
        await self._openai.close()
        await self._anthropic.close()


def write_settings(
    folder: Path, endpoints: Mapping[Dialect, str], well: Mapping[Dialect, str], closed: int
) -> Path:
    """A model for each cell, whose fallback speaks the other dialect than itself."""
    lines = ["gateway: {port: 0}", "resilience: {maxConcurrentRequests: 100}", "models:"]
    lines += [
        f"  {WELL}-{dialect.value}: {{provider: well, endpoint: '{well[dialect]}', dialect: {dialect.value},"
        " probe: none, timeout: 20s}"
        for dialect in Dialect
    ]
    for cell in CELLS:
        endpoint = endpoints[cell.primary] if cell.row.fault else f"http://127.0.0.1:{closed}/v1"
        timeout = PATIENT if cell.row.fault == "huge" else TIMEOUT
        lines.append(
            f"  {cell.model}: {{provider: {cell.model}, endpoint: '{endpoint}', dialect: {cell.primary.value},"
            f" probe: none, timeout: {timeout:g}s, idleTimeout: {IDLE_TIMEOUT:g}s,"
            f" fallbacks: [{fallback_of(cell)}]}}"
        )
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


def fallback_of(cell: Cell) -> str:
    other = Dialect.ANTHROPIC if cell.primary is Dialect.OPENAI else Dialect.OPENAI
    return f"{WELL}-{other.value}"


async def ask_all(gateway: str) -> dict[Cell, Observed]:
    clients, room = Clients(gateway), asyncio.Semaphore(SIDE_BY_SIDE)

    async def ask(cell: Cell) -> Observed:
        async with room:
            return await clients.ask(cell)

    try:
        observed = await asyncio.gather(*(ask(cell) for cell in CELLS))
    finally:
        await clients.close()
    return dict(zip(CELLS, observed, strict=True))


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    folder = tmp_path_factory.mktemp("matrix")
    closed = Port()
    sick = {
        dialect: Provider(
            folder, *(cell.model for cell in CELLS if cell.primary is dialect), dialect=dialect.value, latency="5ms"
        )
        for dialect in Dialect
    }
    well = {
        dialect: Provider(folder, f"{WELL}-{dialect.value}", dialect=dialect.value, latency="5ms")
        for dialect in Dialect
    }
    engine: Headless | None = None
    try:
        for cell in CELLS:
            if cell.row.fault:
                set_fault(sick[cell.primary], cell.model, cell.row.fault)
        engine = Headless(
            folder,
            str(
                write_settings(
                    folder,
                    {dialect: one.endpoint for dialect, one in sick.items()},
                    {dialect: one.endpoint for dialect, one in well.items()},
                    closed.number,
                )
            ),
        )
        observed = asyncio.run(ask_all(engine.gateway()))
        yield Evidence(observed, judged(engine.data), asked_of(*sick.values()))
        assert engine.stop() == 0, engine.log()
        assert "Traceback" not in engine.log()
        assert failed_services(engine.data) == []
    finally:
        if engine is not None:
            engine.kill()
        for provider in (*sick.values(), *well.values()):
            provider.kill()
        closed.release()


def judged(data: Path) -> dict[str, ModelView]:
    """The models' views once every call is counted."""

    def look() -> dict[str, ModelView]:
        views = {view.model_id: view for view in asyncio.run(fetch_snapshot(data)).models}
        return views if all(views[cell.model].requests for cell in CELLS) else {}

    return eventually(look, what="every cell's call is counted")


def asked_of(*providers: Provider) -> dict[str, int]:
    return {model: count for provider in providers for model, count in traffic_of(provider)["asked"].items()}


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.model)
def test_cell(evidence: Evidence, cell: Cell) -> None:
    seen, ending = evidence.observed[cell], cell.ending
    told = (seen.headers["x-hive-model"], seen.headers["x-hive-fallback"], seen.headers["x-hive-attempts"])
    limit = {Wait.NONE: TIMEOUT, Wait.TIMEOUT: TIMEOUT, Wait.IDLE: TIMEOUT + IDLE_TIMEOUT}[ending.wait]

    if ending.is_fallback:
        assert seen.error is None
        assert seen.tokens > 0
        assert told == (fallback_of(cell), "1", "2")
        hop = re.match(rf"{cell.model} (\w+) (\d+)ms", seen.headers["x-hive-trail"])
        assert hop is not None, seen.headers["x-hive-trail"]
        assert hop[1] == ending.kind.value
        assert int(hop[2]) / 1000 >= (TIMEOUT - TICK if ending.wait is Wait.TIMEOUT else 0)
    else:
        error = openai.APIError if cell.client is Dialect.OPENAI else anthropic.APIError
        assert isinstance(seen.error, error)
        assert seen.tokens == ending.tokens
        assert told == (cell.model, "0", "1")
        assert seen.seconds >= (IDLE_TIMEOUT if ending.wait is Wait.IDLE else 0)
    assert seen.seconds < limit + SLACK + (PATIENT if cell.row.fault == "huge" else 0)

    view = evidence.views[cell.model]
    assert view.breaker.consecutive_failures == (1 if ending.verdict is Verdict.FAILURE else 0)
    assert view.requests == 1
    # A connection that was kept alive and is reset at once may have been closed long ago: it is asked again.
    assert evidence.asked.get(cell.model, 0) in (
        {1, 2} if cell.row.fault == "reset" else {int(bool(cell.row.fault))}
    )


def test_matrix_has_each_way_of_asking_for_each_fault() -> None:
    assert len({cell.model for cell in CELLS}) == len(CELLS) == 8 * len({cell.row for cell in CELLS})


def test_page_is_what_the_table_says() -> None:
    page = MATRIX.read_text()

    assert with_matrix(page) == page
