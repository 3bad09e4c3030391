"""The official Anthropic client against the gateway: answers, streams, and its own exception for each failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import anthropic
import pytest
from anthropic.types import MessageParam

from hive_console.adapters.gateway import Gateway
from hive_console.core.errors import OperationFailed, StreamBroken, UnknownModel
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.hop import Hop
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Dialect
from hive_console.core.task import Answer, Reply, Work
from tests.adapters.operations import (
    BY_FALLBACK,
    FLEET,
    MESSAGE,
    MESSAGE_BEGINS,
    MESSAGE_ENDS,
    SETTINGS,
    FakeOperations,
    FakeStream,
    delta_of,
)

HELLO: list[MessageParam] = [{"role": "user", "content": "hello"}]


@pytest.fixture
def operations() -> FakeOperations:
    operations = FakeOperations()
    operations.reply = Reply(Answer(MESSAGE), BY_FALLBACK)
    return operations


@pytest.fixture
async def client(operations: FakeOperations) -> AsyncIterator[anthropic.AsyncAnthropic]:
    gateway = Gateway(GatewaySettings(port=0), operations, snapshot=lambda: FLEET, fleet=lambda: SETTINGS)
    base_url = await gateway.start()
    root = base_url.removesuffix("/v1")
    async with anthropic.AsyncAnthropic(base_url=root, api_key="unused", max_retries=0) as client:
        yield client
    await gateway.stop(grace=1)


def failing(kind: OutcomeKind, *, retry_after: float | None = None) -> OperationFailed:
    return OperationFailed(
        "gpt-4",
        Outcome(kind),
        tried=("gpt-4",),
        retry_after=retry_after,
        operation="op-9",
        attempts=2,
        trail=(Hop("gpt-4", kind.value, 0.5),),
    )


async def test_a_message_is_answered(client: anthropic.AsyncAnthropic, operations: FakeOperations) -> None:
    answer = await client.messages.create(model="gpt-4", max_tokens=9, messages=HELLO)

    assert answer.content[0].type == "text"
    assert answer.content[0].text == "hello there"
    assert answer._request_id == "op-1"
    task = operations.tasks[0]
    assert (task.dialect, task.work, task.model) == (Dialect.ANTHROPIC, Work.CHAT, "gpt-4")


async def test_a_beta_that_its_caller_asks_for_is_handed_on(
    client: anthropic.AsyncAnthropic, operations: FakeOperations
) -> None:
    wish = {"anthropic-beta": "context-1m-2025-08-07"}
    await client.messages.create(model="gpt-4", max_tokens=9, messages=HELLO, extra_headers=wish)

    names, values = zip(*operations.tasks[0].options, strict=True)
    assert names == ("anthropic-version", "anthropic-beta")
    assert values[1] == "context-1m-2025-08-07"


async def test_a_base_url_with_v1_is_served_all_the_same(client: anthropic.AsyncAnthropic) -> None:
    other = client.with_options(base_url=client.base_url.join("/v1"))

    assert (await other.messages.create(model="gpt-4", max_tokens=9, messages=HELLO)).id == "msg_1"


async def test_beta_messages_are_answered(client: anthropic.AsyncAnthropic) -> None:
    answer = await client.beta.messages.create(
        model="gpt-4", max_tokens=9, messages=[{"role": "user", "content": "hello"}], betas=["any-beta"]
    )

    assert answer.id == "msg_1"


async def test_tokens_are_counted(client: anthropic.AsyncAnthropic, operations: FakeOperations) -> None:
    operations.reply = Reply(Answer(b'{"input_tokens":14}'), BY_FALLBACK)

    counted = await client.messages.count_tokens(model="gpt-4", messages=HELLO)

    assert counted.input_tokens == 14
    assert operations.tasks[0].work is Work.COUNT


async def test_a_message_is_streamed(client: anthropic.AsyncAnthropic, operations: FakeOperations) -> None:
    async def script() -> AsyncGenerator[bytes, None]:
        yield MESSAGE_BEGINS + delta_of("hel")
        yield delta_of("lo") + MESSAGE_ENDS

    operations.stream = FakeStream(script)

    async with client.messages.stream(model="gpt-4", max_tokens=9, messages=HELLO) as stream:
        said = [text async for text in stream.text_stream]
        message = await stream.get_final_message()

    assert said == ["hel", "lo"]
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 2)
    await asyncio.wait_for(operations.stream.closed.wait(), 5)


async def test_a_stream_that_breaks_raises_after_what_was_said(
    client: anthropic.AsyncAnthropic, operations: FakeOperations
) -> None:
    async def script() -> AsyncGenerator[bytes, None]:
        yield MESSAGE_BEGINS + delta_of("hel")
        raise StreamBroken(Outcome(OutcomeKind.STREAM_CUT, message="reset by https://upstream.invalid"))

    operations.stream = FakeStream(script)
    said: list[str] = []

    async def listen() -> None:
        async with client.messages.stream(model="gpt-4", max_tokens=9, messages=HELLO) as stream:
            async for text in stream.text_stream:
                said.append(text)  # noqa: PERF401 - what was said before the error is the point

    with pytest.raises(anthropic.APIStatusError) as raised:
        await listen()

    assert said == ["hel"]
    assert raised.value.type == "api_error"
    assert raised.value.api_message == "claude-3 broke off in the middle; the answer above is incomplete"
    assert "upstream.invalid" not in str(raised.value.body)


@pytest.mark.parametrize(
    ("kind", "exception", "told"),
    [
        (OutcomeKind.BAD_REQUEST, anthropic.BadRequestError, (400, "invalid_request_error")),
        (OutcomeKind.CONTEXT_LENGTH, anthropic.BadRequestError, (400, "invalid_request_error")),
        (OutcomeKind.UNFIT, anthropic.BadRequestError, (400, "invalid_request_error")),
        (OutcomeKind.TOO_LARGE, anthropic.APIStatusError, (413, "request_too_large")),
        (OutcomeKind.RATE_LIMITED, anthropic.RateLimitError, (429, "rate_limit_error")),
        (OutcomeKind.SERVER_ERROR, anthropic.InternalServerError, (502, "api_error")),
        (OutcomeKind.KEY_REFUSED, anthropic.InternalServerError, (502, "api_error")),
        (OutcomeKind.REFUSED, anthropic.InternalServerError, (503, "overloaded_error")),
        (OutcomeKind.SHED, anthropic.InternalServerError, (503, "overloaded_error")),
        (OutcomeKind.TIMED_OUT, anthropic.InternalServerError, (504, "timeout_error")),
        (OutcomeKind.OVERLOADED, anthropic.InternalServerError, (529, "overloaded_error")),
    ],
)
async def test_each_failure_is_the_clients_own_exception(
    client: anthropic.AsyncAnthropic,
    operations: FakeOperations,
    kind: OutcomeKind,
    exception: type[anthropic.APIStatusError],
    told: tuple[int, str],
) -> None:
    operations.error = failing(kind)

    with pytest.raises(exception) as raised:
        await client.messages.create(model="gpt-4", max_tokens=9, messages=HELLO)

    assert (raised.value.status_code, raised.value.type) == told
    assert raised.value.request_id == "op-9"
    assert raised.value.body == {
        "type": "error",
        "error": {"type": told[1], "message": raised.value.api_message},
        "request_id": "op-9",
    }


async def test_everything_down_says_when_to_come_back_and_who_was_asked(
    client: anthropic.AsyncAnthropic, operations: FakeOperations
) -> None:
    operations.error = failing(OutcomeKind.REFUSED, retry_after=6.2)

    with pytest.raises(anthropic.InternalServerError) as raised:
        await client.messages.create(model="gpt-4", max_tokens=9, messages=HELLO)

    headers = raised.value.response.headers
    assert (raised.value.status_code, headers["Retry-After"]) == (503, "7")
    assert (headers["x-hive-attempts"], headers["x-hive-trail"]) == ("2", "gpt-4 refused 500ms")


async def test_an_unknown_model_is_not_found(client: anthropic.AsyncAnthropic, operations: FakeOperations) -> None:
    operations.error = UnknownModel("gpt-5", ("gpt-4", "claude-3"))

    with pytest.raises(anthropic.NotFoundError, match="gpt-4, claude-3") as raised:
        await client.messages.create(model="gpt-5", max_tokens=9, messages=HELLO)

    assert raised.value.type == "not_found_error"


async def test_a_bad_request_is_refused_in_its_own_words(client: anthropic.AsyncAnthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="x-hive-priority must be one of"):
        await client.messages.create(
            model="gpt-4", max_tokens=9, messages=HELLO, extra_headers={"x-hive-priority": "urgent"}
        )
