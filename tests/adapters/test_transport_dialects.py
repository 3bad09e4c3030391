"""Both dialects at both kinds of models over real sockets: what is sent, what comes back, who is unfit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from hive_console.adapters.transport import HttpProviders
from hive_console.adapters.transport.clocks import Clocks
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import OutcomeKind
from hive_console.core.raw_body import RawBody
from hive_console.core.settings import Dialect
from hive_console.core.task import Task, Work
from tests.adapters.upstream import DONE, FINISH, Exchange, Keys, Script, Upstream, completion, model_at, token

OPENAI, ANTHROPIC = Dialect.OPENAI, Dialect.ANTHROPIC
ASKED = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "ping"}]}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "wire-m",
    "content": [{"type": "text", "text": "pong"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
EVENTS = [
    'event: message_start\ndata: {"type":"message_start","message":{"model":"wire-m"}}\n\n',
    'event: x\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"pong"}}\n\n',
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n',
    'event: message_stop\ndata: {"type":"message_stop"}\n\n',
]


@pytest.fixture
async def providers() -> AsyncIterator[HttpProviders]:
    async with HttpProviders(Keys(), now=lambda: 1_700_000_000.0) as providers:
        yield providers


def task(dialect: Dialect, request: Any = None, work: Work = Work.CHAT) -> Task:
    return Task("m", RawBody(json.dumps(request or ASKED).encode()), dialect=dialect, work=work)


def answering(dialect: Dialect) -> Script:
    async def script(exchange: Exchange) -> None:
        streams = exchange.asked.json.get("stream")
        if dialect is OPENAI:
            whole, events = completion(), [token("pong"), FINISH, DONE]
        else:
            whole, events = MESSAGE, EVENTS
        await (exchange.events(*events) if streams else exchange.reply(200, whole))

    return script


@pytest.mark.parametrize("model_dialect", list(Dialect))
@pytest.mark.parametrize("dialect", list(Dialect))
async def test_an_answer_comes_in_the_callers_dialect_under_our_name(
    providers: HttpProviders, dialect: Dialect, model_dialect: Dialect
) -> None:
    async with Upstream(answering(model_dialect)) as upstream:
        answer = await providers.complete(model_at(upstream.endpoint, model_dialect), task(dialect))

    [asked] = upstream.asked
    body = json.loads(answer.body)
    assert asked.path == ("/v1/chat/completions" if model_dialect is OPENAI else "/v1/messages")
    assert asked.json["model"] == "wire-m"
    assert body["model"] == "m"
    assert (body["choices"][0]["message"]["content"] if dialect is OPENAI else body["content"][0]["text"]) == "pong"


@pytest.mark.parametrize("model_dialect", list(Dialect))
@pytest.mark.parametrize("dialect", list(Dialect))
async def test_a_stream_comes_in_the_callers_dialect_under_our_name(
    providers: HttpProviders, dialect: Dialect, model_dialect: Dialect
) -> None:
    async with Upstream(answering(model_dialect)) as upstream:
        model = model_at(upstream.endpoint, model_dialect)
        data = b"".join([piece.data async for piece in providers.stream(model, task(dialect))])

    assert upstream.asked[0].json["stream"] is True
    assert b'"pong"' in data
    assert b"wire-m" not in data
    assert data.endswith(b"data: [DONE]\n\n" if dialect is OPENAI else b'data: {"type":"message_stop"}\n\n')


@pytest.mark.parametrize("dialect", list(Dialect))
async def test_a_request_of_the_models_own_dialect_keeps_its_bytes(
    providers: HttpProviders, dialect: Dialect
) -> None:
    raw = b'{ "model" :  "m", "messages":[1.50], "vendor": {"x":1e2} }'
    async with Upstream(answering(dialect)) as upstream:
        model = model_at(upstream.endpoint, dialect)
        await providers.complete(model, Task("m", RawBody(raw), dialect=dialect))

    assert upstream.asked[0].body == raw.replace(b'"m"', b'"wire-m"', 1)


async def test_betas_go_along_to_a_model_of_the_same_dialect_only(providers: HttpProviders) -> None:
    asked = replace(task(ANTHROPIC), options=(("anthropic-beta", "x-2026"),))
    async with Upstream(answering(ANTHROPIC)) as same, Upstream(answering(OPENAI)) as other:
        await providers.complete(model_at(same.endpoint, ANTHROPIC), asked)
        await providers.complete(model_at(other.endpoint, OPENAI), asked)

    assert same.asked[0].headers["anthropic-beta"] == "x-2026"
    assert "anthropic-beta" not in other.asked[0].headers


@pytest.mark.parametrize(
    ("dialects", "work", "request_", "reason"),
    [
        ((OPENAI, OPENAI), Work.CHAT, {"n": 5, "unheard_of": 1}, ""),
        ((ANTHROPIC, ANTHROPIC), Work.CHAT, {"top_k": 5}, ""),
        ((OPENAI, OPENAI), Work.EMBEDDINGS, {"input": "x"}, ""),
        ((ANTHROPIC, ANTHROPIC), Work.COUNT, ASKED, ""),
        ((OPENAI, ANTHROPIC), Work.CHAT, ASKED, ""),
        ((ANTHROPIC, OPENAI), Work.CHAT, ASKED, ""),
        ((OPENAI, ANTHROPIC), Work.CHAT, {**ASKED, "n": 2}, "this model's dialect has no counterpart for n"),
        (
            (ANTHROPIC, OPENAI),
            Work.CHAT,
            {**ASKED, "top_k": 2},
            "this model's dialect has no counterpart for top_k",
        ),
        ((OPENAI, ANTHROPIC), Work.EMBEDDINGS, {"input": "x"}, "this model's dialect gives no embeddings"),
        ((ANTHROPIC, OPENAI), Work.COUNT, ASKED, "this model's dialect counts no tokens"),
    ],
)
async def test_a_model_says_what_it_is_unfit_for(
    providers: HttpProviders, dialects: tuple[Dialect, Dialect], work: Work, request_: Any, reason: str
) -> None:
    model, asked = model_at("http://127.0.0.1:1/v1", dialects[1]), task(dialects[0], request_, work)

    assert providers.unfit(model, asked) == reason
    if reason:
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model, asked)
        assert (caught.value.outcome.kind, caught.value.outcome.message) == (OutcomeKind.UNFIT, reason)


async def test_a_translation_is_made_once_for_question_and_call(providers: HttpProviders) -> None:
    asked = task(OPENAI)
    assert isinstance(asked.request, RawBody)
    async with Upstream(answering(ANTHROPIC)) as upstream:
        model = model_at(upstream.endpoint, ANTHROPIC)
        assert providers.unfit(model, asked) == ""
        kept = dict(asked.request.kept)
        await providers.complete(model, asked)
        await providers.complete(model, asked)

    assert list(kept) == [ANTHROPIC]
    assert asked.request.kept[ANTHROPIC] is kept[ANTHROPIC]
    assert upstream.asked[0].body == upstream.asked[1].body


def test_a_refusal_is_kept_and_the_models_own_dialect_costs_nothing() -> None:
    providers = HttpProviders(Keys(), now=lambda: 0.0)
    asked = task(OPENAI, {**ASKED, "n": 2})
    assert isinstance(asked.request, RawBody)

    assert providers.unfit(model_at("http://x", OPENAI), asked) == ""
    assert asked.request.kept == {}
    assert providers.unfit(model_at("http://x", ANTHROPIC), asked)
    asked.request.kept[ANTHROPIC] = replace(asked.request.kept[ANTHROPIC], message="as it was kept")
    assert providers.unfit(model_at("http://x", ANTHROPIC), asked) == "as it was kept"


@pytest.mark.parametrize("work", [Work.EMBEDDINGS, Work.COUNT])
async def test_only_conversations_are_streamed(providers: HttpProviders, work: Work) -> None:
    with pytest.raises(ProviderError) as caught:
        await anext(providers.stream(model_at("http://127.0.0.1:1/v1"), task(OPENAI, None, work)))

    assert caught.value.outcome.kind is OutcomeKind.UNFIT


async def test_vectors_and_counts_are_asked_for_and_relayed(providers: HttpProviders) -> None:
    vectors = {"object": "list", "data": [{"embedding": [0.5]}], "model": "wire-m", "usage": {"prompt_tokens": 1}}

    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, vectors if exchange.asked.path == "/v1/embeddings" else {"input_tokens": 14})

    async with Upstream(script) as upstream:
        embedded = await providers.complete(
            model_at(upstream.endpoint), task(OPENAI, {"model": "m", "input": "x"}, Work.EMBEDDINGS)
        )
        counted = await providers.complete(
            model_at(upstream.endpoint, ANTHROPIC), task(ANTHROPIC, ASKED, Work.COUNT)
        )

    assert [asked.path for asked in upstream.asked] == ["/v1/embeddings", "/v1/messages/count_tokens"]
    assert json.loads(embedded.body) == {**vectors, "model": "m"}
    assert json.loads(counted.body) == {"input_tokens": 14}


OLD_NAME = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
)
HOT = "Unsupported value: 'temperature' does not support 0.2 with this model."


def picky(exchange: Exchange) -> str:
    """What one of OpenAI's newest models has to say about a request; ``""`` when it takes it."""
    if "max_tokens" in exchange.asked.json:
        return OLD_NAME
    return HOT if "temperature" in exchange.asked.json else ""


async def newest(exchange: Exchange) -> None:
    message = picky(exchange)
    if message:
        await exchange.reply(400, {"error": {"message": message, "type": "invalid_request_error"}})
    else:
        await answering(OPENAI)(exchange)


@pytest.mark.parametrize("streams", [False, True])
async def test_what_is_refused_by_name_is_put_right_once_and_remembered(
    providers: HttpProviders, *, streams: bool
) -> None:
    async with Upstream(newest) as upstream:
        model = model_at(upstream.endpoint)
        asked = task(ANTHROPIC, {**ASKED, "temperature": 0.2})
        for _ in range(2):
            if streams:
                assert [piece async for piece in providers.stream(model, asked)]
            else:
                await providers.complete(model, asked)

    sent = [{"max_tokens", "max_completion_tokens", "temperature"} & set(asked.json) for asked in upstream.asked]
    put_right = {"max_completion_tokens"}
    assert sent == [{"max_tokens", "temperature"}, {*put_right, "temperature"}, put_right, put_right]


async def test_a_clients_own_temperature_is_its_own_fault(providers: HttpProviders) -> None:
    async with Upstream(newest) as upstream:
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model_at(upstream.endpoint), task(OPENAI, {**ASKED, "temperature": 0.2}))

    assert caught.value.outcome.kind is OutcomeKind.BAD_REQUEST
    assert len(upstream.asked) == 2  # the limit's other name is the same wish


async def test_a_refusal_that_repeats_itself_ends_and_is_not_remembered(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(400, {"error": {"message": f"{OLD_NAME} max_tokens max_completion_tokens"}})

    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint)
        for _ in range(2):
            with pytest.raises(ProviderError):
                await providers.complete(model, task(OPENAI))

    assert ["max_tokens" in asked.json for asked in upstream.asked] == [True, False, True, False]


EXPECTED = 5
"""Pieces delivered before the verdict: at 0, 9, 18, 27 and 36 seconds, where six are due in any thirty."""


async def test_a_stream_that_drips_is_stalled_after_what_it_said(
    providers: HttpProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nine seconds pass with each read: the clock of the waits is the one the pace is judged by.
    wait = Clocks.wait

    async def long_wait(clocks: Clocks, waited: Any) -> Any:
        result = await wait(clocks, waited)
        clocks.waited += 9.0
        return result

    monkeypatch.setattr(Clocks, "wait", long_wait)
    is_read = asyncio.Semaphore(0)

    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        while True:
            await exchange.chunk(token("a").encode())
            await is_read.acquire()

    async with Upstream(script) as upstream:
        stream = providers.stream(model_at(upstream.endpoint), task(OPENAI))
        for _ in range(EXPECTED):
            await anext(stream)
            is_read.release()
        with pytest.raises(ProviderError) as caught:
            await anext(stream)
        is_read.release()

    assert caught.value.outcome.kind is OutcomeKind.STREAM_STALLED
    assert "slow drip" in caught.value.outcome.message
