"""Answers in one piece over real sockets: what is sent, what comes back, and how failures are told."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest

from hive_console.adapters.transport import HttpProviders
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Dialect
from hive_console.core.task import Answer, RateLimits, Task, Usage
from tests.adapters.upstream import KEY, Exchange, Keys, Script, Upstream, completion, model_at

TASK = Task.chat("m", "please keep this prompt private", temperature=0.5, unheard_of=[1, None])
PLAIN_TASK = Task.chat("m", "please keep this prompt private")


@pytest.fixture
async def providers() -> AsyncIterator[HttpProviders]:
    async with HttpProviders(Keys(), now=lambda: 1_700_000_000.0) as providers:
        yield providers


async def answer_to(script: Script, providers: HttpProviders, dialect: Dialect = Dialect.OPENAI) -> Answer:
    async with Upstream(script) as upstream:
        return await providers.complete(model_at(upstream.endpoint, dialect), PLAIN_TASK)


async def failure_of(script: Script, providers: HttpProviders, dialect: Dialect = Dialect.OPENAI) -> Outcome:
    with pytest.raises(ProviderError) as caught:
        await answer_to(script, providers, dialect)
    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value.outcome


async def test_a_request_goes_out_with_the_key_and_the_wire_name(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, completion())

    async with Upstream(script) as upstream:
        await providers.complete(model_at(upstream.endpoint), TASK)

    [asked] = upstream.asked
    assert (asked.method, asked.path) == ("POST", "/v1/chat/completions")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.json == {**TASK.request, "model": "wire-m"}


async def test_the_answer_is_relayed_under_our_name(providers: HttpProviders) -> None:
    body = b' {"model": "wire-m", "vendor_field": 1.50, "choices":[ {"message":{"content":"\xc3\xa4"}}]}\n'

    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, body)

    assert await answer_to(script, providers) == Answer(body.replace(b"wire-m", b"m"), 200)


async def test_tokens_and_limits_are_told_with_the_answer(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        body = {**completion(), "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}
        await exchange.reply(200, body, {"X-RateLimit-Remaining-Tokens": "9", "x-ratelimit-reset-tokens": "2s"})

    answer = await answer_to(script, providers)

    assert (answer.usage, answer.limits) == (Usage(3, 4), RateLimits(tokens_left=9, tokens_reset=2.0))


async def test_an_endpoint_may_have_a_query_and_need_no_key(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, completion())

    async with Upstream(script) as upstream:
        await providers.complete(model_at(f"{upstream.endpoint}/?api-version=2", key=None), TASK)

    [asked] = upstream.asked
    assert asked.path == "/v1/chat/completions?api-version=2"
    assert "authorization" not in asked.headers


async def test_a_large_request_arrives_whole(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, completion())

    async with Upstream(script) as upstream:
        await providers.complete(model_at(upstream.endpoint), Task.chat("m", "ä" * 3_000_000))

    assert upstream.asked[0].json["messages"][0]["content"] == "ä" * 3_000_000


async def test_half_a_surrogate_pair_in_a_prompt_is_sent_as_an_escape(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, completion())

    async with Upstream(script) as upstream:
        await providers.complete(model_at(upstream.endpoint), Task.chat("m", "\ud83d"))

    assert upstream.asked[0].json["messages"][0]["content"] == "\ud83d"


async def test_a_request_that_json_cannot_say_is_the_callers_fault(providers: HttpProviders) -> None:
    with pytest.raises(ProviderError) as caught:
        await providers.complete(model_at("http://127.0.0.1:1"), Task.chat("m", "x", odd=object()))

    assert caught.value.outcome.kind is OutcomeKind.BAD_REQUEST


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": "context_length_exceeded"}, OutcomeKind.CONTEXT_LENGTH),
        (401, {"message": "bad key"}, OutcomeKind.KEY_REFUSED),
        (404, {"code": "model_not_found"}, OutcomeKind.MODEL_NOT_FOUND),
        (429, {"code": "insufficient_quota"}, OutcomeKind.QUOTA_EXHAUSTED),
        (500, {"message": "oops"}, OutcomeKind.SERVER_ERROR),
        (529, {"type": "overloaded_error"}, OutcomeKind.OVERLOADED),
    ],
)
@pytest.mark.parametrize("dialect", list(Dialect))
async def test_a_status_is_classified(
    providers: HttpProviders, status: int, error: dict[str, str], kind: OutcomeKind, dialect: Dialect
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(status, {"error": error}, {"Retry-After": "4"})

    outcome = await failure_of(script, providers, dialect)

    assert (outcome.kind, outcome.status, outcome.retry_after) == (kind, status, 4.0)


async def test_neither_keys_nor_prompts_nor_escapes_come_back_in_an_error(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        text = f"\x1b]0;PWNED\x07 key {KEY} sk-proj-abcdefgh12345678"
        await exchange.reply(500, {"error": {"message": text}})

    outcome = await failure_of(script, providers)

    assert outcome.message == "␛]0;PWNED␇ key [redacted] [redacted]"


async def test_an_echoed_prompt_is_withheld(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(400, {"error": {"message": f"cannot do: {exchange.asked.json['messages']}"}})

    outcome = await failure_of(script, providers)

    assert "private" not in outcome.message


async def test_redirects_are_not_followed_and_the_key_stays_here(providers: HttpProviders) -> None:
    async def other(exchange: Exchange) -> None:
        await exchange.reply(200, completion())

    async with Upstream(other) as elsewhere:

        async def script(exchange: Exchange) -> None:
            await exchange.reply(307, b"", {"location": f"{elsewhere.endpoint}/chat/completions"})

        outcome = await failure_of(script, providers)

    assert outcome.kind is OutcomeKind.MALFORMED
    assert elsewhere.connections == 0


async def test_a_refused_connection_failed_and_names_no_address(providers: HttpProviders) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model_at(f"http://127.0.0.1:{port}/v1"), TASK)

    assert caught.value.outcome == Outcome(OutcomeKind.CONNECTION_FAILED, message="connection refused")


@pytest.mark.parametrize(
    "endpoint", ["ftp://127.0.0.1/v1", "nonsense", "http://", "http://127.0.0.1:99999/v1", "http://[::1"]
)
async def test_an_unusable_address_is_not_called_and_not_told(providers: HttpProviders, endpoint: str) -> None:
    with pytest.raises(ProviderError) as caught:
        await providers.complete(model_at(endpoint), TASK)

    assert caught.value.outcome.kind is OutcomeKind.ENDPOINT_REFUSED
    assert "127.0.0.1" not in str(caught.value)


async def test_plain_text_where_tls_is_expected_failed(providers: HttpProviders) -> None:
    def answer_in_plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer_in_plain, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model_at(f"https://127.0.0.1:{port}/v1"), TASK)

    assert caught.value.outcome == Outcome(OutcomeKind.CONNECTION_FAILED, message="the TLS handshake failed")


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_connection_closed_before_any_answer_failed_once(providers: HttpProviders, how: str) -> None:
    async def script(exchange: Exchange) -> None:
        exchange.close() if how == "close" else exchange.reset()

    async with Upstream(script) as upstream:
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model_at(upstream.endpoint), TASK)

    assert caught.value.outcome.kind is OutcomeKind.CONNECTION_FAILED
    assert upstream.connections == 1  # a new connection proves nothing stale: the engine decides on retries


async def test_a_missing_key_is_a_fault_and_no_call_is_made() -> None:
    async def script(exchange: Exchange) -> None:
        raise AssertionError

    async with Upstream(script) as upstream, HttpProviders(Keys({}), now=lambda: 0.0) as providers:
        model = model_at(upstream.endpoint, key="env:OPENAI_API_KEY")
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model, TASK)

    assert providers.fault_of(model) == "no key: set OPENAI_API_KEY"
    assert caught.value.outcome == Outcome(OutcomeKind.KEY_REFUSED, message="no key: set OPENAI_API_KEY")
    assert upstream.connections == 0


async def test_faults_of_keys_are_told_without_the_key() -> None:
    keys = Keys({"env:A": "good", "file:b": "two\nlines-of-a-key", "file:c": ""})
    providers = HttpProviders(keys, now=lambda: 0.0)

    assert providers.fault_of(model_at("https://x", key=None)) == ""
    assert providers.fault_of(model_at("https://x", key="env:A")) == ""
    assert providers.fault_of(model_at("https://x", key="file:z")) == "no key: file:z cannot be read"
    for reference in ("file:b", "file:c"):
        fault = providers.fault_of(model_at("https://x", key=reference))
        assert fault.startswith("no key: ")
        assert "lines" not in fault


async def test_an_answer_keeps_its_connection_for_the_next_call(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200 if exchange.asked.json["messages"] else 500, completion())

    async with Upstream(script) as upstream:
        for _ in range(3):
            await providers.complete(model_at(upstream.endpoint), TASK)
        with pytest.raises(ProviderError):
            await providers.complete(model_at(upstream.endpoint), Task("m", {"messages": []}))
        await providers.complete(model_at(upstream.endpoint), TASK)

    assert upstream.connections == 1


async def test_no_cookie_is_kept(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, completion(), {"set-cookie": "a=b; Path=/"})

    async with Upstream(script) as upstream:
        for _ in range(2):
            await providers.complete(model_at(upstream.endpoint), TASK)

    assert "cookie" not in upstream.asked[1].headers


async def test_an_anthropic_answer_becomes_a_chat_completion(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(
            200,
            {
                "id": "msg_1",
                "model": "claude",
                "content": [{"type": "text", "text": "pong"}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": 3, "output_tokens": 2},
            },
        )

    async with Upstream(script) as upstream:
        answer = await providers.complete(
            model_at(upstream.endpoint, Dialect.ANTHROPIC), Task.chat("m", "ping", temperature=1.5)
        )

    [asked] = upstream.asked
    assert asked.path == "/v1/messages"
    assert (asked.headers["x-api-key"], asked.headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert asked.json == {
        "model": "wire-m",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "ping"}]}],
        "temperature": 1.0,
    }
    assert json.loads(answer.body)["choices"][0]["message"]["content"] == "pong"
