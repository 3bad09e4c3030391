"""Existing client objects on an engine of the same process: the gateway's own answers, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from types import ModuleType

import anthropic
import httpx
import httpx2
import openai
import pytest
from anthropic.types import MessageParam
from openai.types.chat import ChatCompletionMessageParam

from hive_console import AsyncOpenAITransport
from hive_console.core.errors import OperationFailed, StreamBroken
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Settings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.task import Answer, Reply
from tests.adapters.operations import (
    BY_FALLBACK,
    DONE,
    FLEET,
    MESSAGE,
    MESSAGE_BEGINS,
    MESSAGE_ENDS,
    SETTINGS,
    FakeOperations,
    FakeStream,
    delta_of,
    event_of,
)

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello"}]
TO_CLAUDE: list[MessageParam] = [{"role": "user", "content": "hello"}]
CHAT = {"model": "gpt-4", "messages": HELLO}


class FakeEngine(FakeOperations):
    """The fake engine with what the transport shows of the fleet."""

    @property
    def settings(self) -> Settings:
        return SETTINGS

    def snapshot(self) -> FleetSnapshot:
        return FLEET


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
async def client(engine: FakeEngine) -> AsyncIterator[openai.AsyncOpenAI]:
    http = httpx2.AsyncClient(transport=AsyncOpenAITransport(engine))
    async with openai.AsyncOpenAI(api_key="unused", http_client=http, max_retries=0) as client:
        yield client


@pytest.fixture
async def claude(engine: FakeEngine) -> AsyncIterator[anthropic.AsyncAnthropic]:
    http = httpx2.AsyncClient(transport=AsyncOpenAITransport(engine))
    async with anthropic.AsyncAnthropic(api_key="unused", http_client=http, max_retries=0) as client:
        yield client


def saying(*events: bytes, then: BaseException | None = None) -> Callable[[], AsyncGenerator[bytes, None]]:
    async def script() -> AsyncGenerator[bytes, None]:
        for event in events:
            yield event
        if then is not None:
            raise then

    return script


async def endless() -> AsyncGenerator[bytes, None]:
    yield event_of("hello")
    await asyncio.Event().wait()


async def test_a_chat_is_answered_by_the_engine(client: openai.AsyncOpenAI, engine: FakeEngine) -> None:
    answer = await client.chat.completions.with_raw_response.create(model="gpt-4", messages=HELLO)

    assert answer.parse().choices[0].message.content == "hello there"
    assert answer.headers["x-hive-model"] == "claude-3"
    assert engine.tasks[0].request["messages"] == HELLO


async def test_a_chat_is_streamed(client: openai.AsyncOpenAI, engine: FakeEngine) -> None:
    engine.stream = FakeStream(saying(event_of("hel"), event_of("lo") + DONE))

    stream = await client.chat.completions.create(model="gpt-4", messages=HELLO, stream=True)
    said = [chunk.choices[0].delta.content async for chunk in stream]

    assert said == ["hel", "lo"]
    assert engine.stream.closed.is_set()


async def test_a_stream_that_breaks_raises(client: openai.AsyncOpenAI, engine: FakeEngine) -> None:
    engine.stream = FakeStream(saying(event_of("hel"), then=StreamBroken(Outcome(OutcomeKind.STREAM_STALLED))))

    stream = await client.chat.completions.create(model="gpt-4", messages=HELLO, stream=True)
    await anext(stream)

    with pytest.raises(openai.APIError, match="stopped talking in the middle"):
        await anext(stream)


async def test_closing_a_stream_ends_the_upstream_call(client: openai.AsyncOpenAI, engine: FakeEngine) -> None:
    engine.stream = FakeStream(endless)
    stream = await client.chat.completions.create(model="gpt-4", messages=HELLO, stream=True)
    await anext(stream)

    await stream.close()

    assert engine.stream.closed.is_set()


async def test_cancelling_a_request_cancels_its_operation(client: openai.AsyncOpenAI, engine: FakeEngine) -> None:
    engine.hold = asyncio.Event()
    asking = asyncio.ensure_future(client.chat.completions.create(model="gpt-4", messages=HELLO))
    await engine.asked.wait()

    asking.cancel()

    await asyncio.wait_for(engine.cancelled.wait(), 10)


async def test_the_clients_own_timeout_counts(client: openai.AsyncOpenAI, engine: FakeEngine) -> None:
    engine.hold = asyncio.Event()

    with pytest.raises(openai.APITimeoutError):
        await client.chat.completions.create(model="gpt-4", messages=HELLO, timeout=0.05)

    assert engine.cancelled.is_set()


async def test_a_silent_stream_meets_the_clients_own_timeout(
    client: openai.AsyncOpenAI, engine: FakeEngine
) -> None:
    engine.stream = FakeStream(endless)
    stream = await client.chat.completions.create(model="gpt-4", messages=HELLO, stream=True, timeout=0.05)
    await anext(stream)

    with pytest.raises(openai.APITimeoutError):
        await anext(stream)

    assert engine.stream.closed.is_set()


async def test_failures_are_the_clients_own_exceptions(client: openai.AsyncOpenAI, engine: FakeEngine) -> None:
    engine.error = OperationFailed("gpt-4", Outcome(OutcomeKind.RATE_LIMITED), tried=(), retry_after=3)

    with pytest.raises(openai.RateLimitError) as raised:
        await client.chat.completions.create(model="gpt-4", messages=HELLO)

    assert raised.value.response.headers["Retry-After"] == "3"


async def test_models_are_listed(client: openai.AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()][-1] == "fast"


async def test_anthropics_client_is_served_too(claude: anthropic.AsyncAnthropic, engine: FakeEngine) -> None:
    engine.reply = Reply(Answer(MESSAGE), BY_FALLBACK)
    engine.stream = FakeStream(saying(MESSAGE_BEGINS + delta_of("hel"), delta_of("lo") + MESSAGE_ENDS))

    answer = await claude.messages.create(model="gpt-4", max_tokens=9, messages=TO_CLAUDE)
    async with claude.messages.stream(model="gpt-4", max_tokens=9, messages=TO_CLAUDE) as stream:
        said = [text async for text in stream.text_stream]

    assert answer.id == "msg_1"
    assert said == ["hel", "lo"]


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_both_libraries_get_answers_of_their_own(library: ModuleType, engine: FakeEngine) -> None:
    engine.stream = FakeStream(saying(event_of("hello") + DONE))
    async with library.AsyncClient(transport=AsyncOpenAITransport(engine), base_url="http://engine/v1") as http:
        answer = await http.post("/chat/completions", json=CHAT)
        async with http.stream("POST", "/chat/completions", json={**CHAT, "stream": True}) as stream:
            said = b"".join([chunk async for chunk in stream.aiter_raw()])

    assert isinstance(answer, library.Response)
    assert answer.json()["id"] == "c1"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert said == event_of("hello") + DONE


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_an_engine_that_takes_too_long_is_the_librarys_own_timeout(
    library: ModuleType, engine: FakeEngine
) -> None:
    engine.hold = asyncio.Event()
    async with library.AsyncClient(transport=AsyncOpenAITransport(engine), timeout=0.05) as http:
        with pytest.raises(library.ReadTimeout):
            await http.post("http://engine/v1/chat/completions", json=CHAT)


async def test_no_host_and_no_origin_is_asked_for(engine: FakeEngine) -> None:
    async with httpx.AsyncClient(transport=AsyncOpenAITransport(engine)) as http:
        answer = await http.get("https://anywhere.example/v1/models", headers={"Origin": "https://page.example"})

    assert answer.status_code == 200


async def test_a_body_that_is_sent_in_pieces_arrives_whole(engine: FakeEngine) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"model":"gpt-4",'
        yield b'"messages":[]}'

    async with httpx.AsyncClient(transport=AsyncOpenAITransport(engine)) as http:
        answer = await http.post("http://engine/v1/chat/completions", content=pieces())

    assert answer.status_code == 200
