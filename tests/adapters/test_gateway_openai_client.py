"""The official OpenAI client against the gateway: answers, streams, and its own exception for each failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from hive_console.adapters.gateway import Gateway
from hive_console.core.errors import OperationFailed, StreamBroken, UnknownModel
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.hop import Hop
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.task import Answer, Reply, Work
from tests.adapters.operations import (
    BY_FALLBACK,
    DONE,
    EMBEDDINGS,
    FLEET,
    SETTINGS,
    FakeOperations,
    FakeStream,
    event_of,
)

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello"}]


@pytest.fixture
def operations() -> FakeOperations:
    return FakeOperations()


@pytest.fixture
async def client(operations: FakeOperations) -> AsyncIterator[openai.AsyncOpenAI]:
    gateway = Gateway(GatewaySettings(port=0), operations, snapshot=lambda: FLEET, fleet=lambda: SETTINGS)
    base_url = await gateway.start()
    async with openai.AsyncOpenAI(base_url=base_url, api_key="unused", max_retries=0) as client:
        yield client
    await gateway.stop(grace=1)


def failing(kind: OutcomeKind, message: str = "", *, retry_after: float | None = None) -> OperationFailed:
    return OperationFailed(
        "gpt-4",
        Outcome(kind, message=message),
        tried=("gpt-4",),
        retry_after=retry_after,
        operation="op-9",
        attempts=2,
        trail=(Hop("gpt-4", "server_error", 0.5),),
    )


async def test_a_chat_is_answered(client: openai.AsyncOpenAI) -> None:
    completion = await client.chat.completions.create(model="gpt-4", messages=HELLO)

    assert completion.choices[0].message.content == "hello there"


async def test_the_task_is_the_request(client: openai.AsyncOpenAI, operations: FakeOperations) -> None:
    await client.chat.completions.create(model="gpt-4", messages=HELLO, temperature=0.5, stream=False)

    assert operations.tasks[0].model == "gpt-4"
    assert dict(operations.tasks[0].request) == {
        "model": "gpt-4",
        "messages": HELLO,
        "temperature": 0.5,
        "stream": False,
    }


async def test_headers_tell_who_served(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.with_raw_response.create(model="gpt-4", messages=HELLO)

    told = {name: value for name, value in answer.headers.items() if name.startswith("x-hive-")}
    assert told == {
        "x-hive-model": "claude-3",
        "x-hive-fallback": "1",
        "x-hive-level": "full",
        "x-hive-attempts": "3",
        "x-hive-degraded": "1",
        "x-hive-request-id": "op-1",
        "x-hive-trail": "gpt-4 timed_out 1500ms, claude-3 success 250ms",
    }


async def test_embeddings_are_answered(client: openai.AsyncOpenAI, operations: FakeOperations) -> None:
    operations.reply = Reply(Answer(EMBEDDINGS), BY_FALLBACK)

    answer = await client.embeddings.create(model="gpt-4", input="hello", encoding_format="float")

    assert answer.data[0].embedding == [0.25, -1.0]
    assert operations.tasks[0].work is Work.EMBEDDINGS


async def test_the_responses_api_is_not_found_and_says_what_is(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="POST /v1/chat/completions"):
        await client.responses.create(model="gpt-4", input="hello")


async def test_a_client_whose_base_url_lacks_v1_is_served_all_the_same(client: openai.AsyncOpenAI) -> None:
    other = client.with_options(base_url=str(client.base_url).removesuffix("v1/"))

    assert (await other.chat.completions.create(model="gpt-4", messages=HELLO)).id == "c1"


async def test_exceptions_know_the_operations_id(client: openai.AsyncOpenAI, operations: FakeOperations) -> None:
    operations.error = failing(OutcomeKind.SERVER_ERROR)

    with pytest.raises(openai.InternalServerError) as raised:
        await client.chat.completions.create(model="gpt-4", messages=HELLO)

    headers = raised.value.response.headers
    assert raised.value.request_id == headers["x-hive-request-id"] == "op-9"
    assert (headers["x-hive-attempts"], headers["x-hive-tried"]) == ("2", "gpt-4")
    assert headers["x-hive-trail"] == "gpt-4 server_error 500ms"


async def test_headers_ask_for_deadline_and_no_fallback(
    client: openai.AsyncOpenAI, operations: FakeOperations
) -> None:
    await client.chat.completions.create(
        model="gpt-4", messages=HELLO, extra_headers={"x-hive-deadline": "12.5", "x-hive-fallback": "Off"}
    )

    assert operations.tasks[0].deadline == 12.5
    assert not operations.tasks[0].allow_fallback


async def test_a_chat_is_streamed(client: openai.AsyncOpenAI, operations: FakeOperations) -> None:
    async def script() -> AsyncGenerator[bytes, None]:
        yield event_of("hel")
        yield event_of("lo") + DONE

    operations.stream = FakeStream(script)

    stream = await client.chat.completions.create(model="gpt-4", messages=HELLO, stream=True)
    said = [chunk.choices[0].delta.content async for chunk in stream]

    assert said == ["hel", "lo"]
    assert stream.response.headers["x-hive-model"] == "claude-3"
    assert stream.response.headers["content-type"].startswith("text/event-stream")
    await asyncio.wait_for(operations.stream.closed.wait(), 5)


async def test_a_stream_that_breaks_raises_after_what_was_said(
    client: openai.AsyncOpenAI, operations: FakeOperations
) -> None:
    async def script() -> AsyncGenerator[bytes, None]:
        yield event_of("hel")
        raise StreamBroken(Outcome(OutcomeKind.STREAM_CUT, message="reset by https://upstream.invalid"))

    operations.stream = FakeStream(script)

    stream = await client.chat.completions.create(model="gpt-4", messages=HELLO, stream=True)
    first = await anext(stream)
    with pytest.raises(openai.APIError, match="claude-3 broke off in the middle") as raised:
        await anext(stream)

    assert first.choices[0].delta.content == "hel"
    assert "upstream.invalid" not in str(raised.value.body)


async def test_an_error_before_the_first_content_of_a_stream_is_an_http_error(
    client: openai.AsyncOpenAI, operations: FakeOperations
) -> None:
    operations.error = failing(OutcomeKind.SERVER_ERROR)

    with pytest.raises(openai.InternalServerError) as raised:
        await client.chat.completions.create(model="gpt-4", messages=HELLO, stream=True)

    assert raised.value.status_code == 502


@pytest.mark.parametrize(
    ("kind", "exception", "told"),
    [
        (OutcomeKind.BAD_REQUEST, openai.BadRequestError, (400, "bad_request")),
        (OutcomeKind.CONTEXT_LENGTH, openai.BadRequestError, (400, "context_length_exceeded")),
        (OutcomeKind.CONTENT_FILTER, openai.BadRequestError, (400, "content_filter")),
        (OutcomeKind.TOO_LARGE, openai.APIStatusError, (413, "request_too_large")),
        (OutcomeKind.RATE_LIMITED, openai.RateLimitError, (429, "rate_limit_exceeded")),
        (OutcomeKind.SERVER_ERROR, openai.InternalServerError, (502, "server_error")),
        (OutcomeKind.KEY_REFUSED, openai.InternalServerError, (502, "key_refused")),
        (OutcomeKind.QUOTA_EXHAUSTED, openai.InternalServerError, (502, "quota_exhausted")),
        (OutcomeKind.CONNECTION_FAILED, openai.InternalServerError, (502, "connection_failed")),
        (OutcomeKind.REFUSED, openai.InternalServerError, (503, "no_model_available")),
        (OutcomeKind.TIMED_OUT, openai.InternalServerError, (504, "timed_out")),
    ],
)
async def test_each_failure_is_the_clients_own_exception(
    client: openai.AsyncOpenAI,
    operations: FakeOperations,
    kind: OutcomeKind,
    exception: type[openai.APIStatusError],
    told: tuple[int, str],
) -> None:
    operations.error = failing(kind)

    with pytest.raises(exception) as raised:
        await client.chat.completions.create(model="gpt-4", messages=HELLO)

    assert (raised.value.status_code, raised.value.code) == told


async def test_an_unknown_model_is_not_found(client: openai.AsyncOpenAI, operations: FakeOperations) -> None:
    operations.error = UnknownModel("gpt-5", ("gpt-4", "claude-3"))

    with pytest.raises(openai.NotFoundError, match="gpt-4, claude-3") as raised:
        await client.chat.completions.create(model="gpt-5", messages=HELLO)

    assert raised.value.code == "model_not_found"


async def test_models_and_aliases_are_listed(client: openai.AsyncOpenAI) -> None:
    listed = [(model.id, model.owned_by) async for model in client.models.list()]

    assert listed == [
        ("gpt-4", "openai"),
        ("best", "openai"),
        ("claude-3", "anthropic"),
        ("meta/llama-3", "together"),
        ("fast", "hive-console"),
    ]


@pytest.mark.parametrize("name", ["best", "meta/llama-3"])
async def test_a_model_is_retrieved_by_name(client: openai.AsyncOpenAI, name: str) -> None:
    assert (await client.models.retrieve(name)).id == name


async def test_retrieving_an_unknown_model_is_not_found(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("nobody")
