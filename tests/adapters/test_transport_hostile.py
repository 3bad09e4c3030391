"""Bodies and headers that no honest server sends end in an outcome, in bounded time and memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hive_console.adapters.transport import HttpProviders
from hive_console.adapters.transport import providers as calls
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Dialect
from hive_console.core.task import Answer, Task
from tests.adapters.upstream import KEY, Exchange, Keys, Script, Upstream, completion, model_at

TASK = Task.chat("m", "please keep this prompt private")

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
MANY_HEADERS = b"".join(b"x-%d: y\r\n" % number for number in range(1000))


@pytest.fixture
async def providers() -> AsyncIterator[HttpProviders]:
    async with HttpProviders(Keys(), now=lambda: 1_700_000_000.0) as providers:
        yield providers


async def answer_to(
    script: Script, providers: HttpProviders, dialect: Dialect = Dialect.OPENAI, task: Task = TASK
) -> Answer:
    async with Upstream(script) as upstream:
        return await providers.complete(model_at(upstream.endpoint, dialect), task)


async def failure_of(
    script: Script, providers: HttpProviders, dialect: Dialect = Dialect.OPENAI, task: Task = TASK
) -> Outcome:
    with pytest.raises(ProviderError) as caught:
        await answer_to(script, providers, dialect, task)
    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value.outcome


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"null",
        b"[]",
        b"{}",
        b'{"choices":[]}',
        b'{"choices":[{}]}',
        b'{"choices":{}}',
        b'{"choices":[{"message":{"content":"cut',
        b"<html>sign in</html>",
        b"\xff\xfe\x00",
        b'{"note":"\xff","choices":[{"message":{}}]}',
        b'{"choices":[{"message":{"n":NaN}}]}',
        b'{"choices":[{"message":{"n":1e999}}]}',
        b'{"choices":' + b"[" * 100_000,
        b'{"deep":' + b"[" * 100_000 + b"]" * 100_000 + b',"choices":[{"message":{}}]}',
        b'{"deep":' + b'{"a":' * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("caller", list(Dialect))
async def test_a_body_that_is_no_answer_is_malformed(
    providers: HttpProviders, body: bytes, dialect: Dialect, caller: Dialect
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, body)

    task = replace(TASK, dialect=caller)
    assert (await failure_of(script, providers, dialect, task)).kind is OutcomeKind.MALFORMED


async def test_an_error_object_in_a_200_is_classified(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, {"error": {"code": 429, "message": "slow down"}, "choices": []})

    outcome = await failure_of(script, providers)

    assert (outcome.kind, outcome.status) == (OutcomeKind.RATE_LIMITED, 429)


async def test_an_announced_flood_is_not_read(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n{")
        await exchange.hang()

    outcome = await failure_of(script, providers)

    assert outcome.kind is OutcomeKind.MALFORMED
    assert "larger" in outcome.message


async def test_an_unannounced_flood_is_cut_off(providers: HttpProviders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "BODY_CAP", 1_000_000)

    async def script(exchange: Exchange) -> None:
        await exchange.start_events("application/json")
        while True:
            await exchange.chunk(b" " * 65_536)

    assert (await failure_of(script, providers)).kind is OutcomeKind.MALFORMED


async def test_a_flood_in_an_error_body_leaves_the_status_to_decide(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 503 No\r\n\r\n")
        while True:
            await exchange.send(b"x" * 65_536)

    assert (await failure_of(script, providers)).kind is OutcomeKind.SERVER_ERROR


async def test_an_error_body_that_never_ends_leaves_the_status_to_decide(
    providers: HttpProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "ERROR_SECONDS", 0.01)

    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 429 No\r\nretry-after: 2\r\ncontent-length: 9\r\n\r\n{")
        await exchange.hang()

    outcome = await failure_of(script, providers)

    assert (outcome.kind, outcome.retry_after) == (OutcomeKind.RATE_LIMITED, 2.0)


@pytest.mark.parametrize("status", [200, 500])
async def test_nothing_compressed_is_inflated(providers: HttpProviders, status: int) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(status, b"\x1f\x8b" + b"\0" * 50, {"content-encoding": "gzip"})

    kind = (await failure_of(script, providers)).kind

    assert kind is (OutcomeKind.MALFORMED if status == 200 else OutcomeKind.SERVER_ERROR)


@pytest.mark.parametrize(
    "head",
    [
        b"HELO there\r\n\r\n",
        b"<html>as in HTTP/0.9</html>\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 9\r\n\r\n",
    ],
    ids=lambda head: repr(head[:24]),
)
async def test_what_is_not_http_is_malformed(providers: HttpProviders, head: bytes) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(head)
        await exchange.hang()

    assert (await failure_of(script, providers)).kind is OutcomeKind.MALFORMED


@pytest.mark.parametrize(
    "begun", [b"HTTP/1.1 200 OK\r\n", CHUNKED + b"2\r\n{}\r\n0\r\n"], ids=["headers", "trailers"]
)
async def test_n3_a_million_headers_are_not_read(providers: HttpProviders, begun: bytes) -> None:
    sent = 0

    async def script(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(begun)
        for _ in range(1000):
            await exchange.send(MANY_HEADERS)
            sent += 1
        await exchange.hang()

    outcome = await failure_of(script, providers)

    assert outcome.kind is OutcomeKind.MALFORMED
    assert sent < 1000


async def test_answers_that_only_announce_themselves_are_a_timeout(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        while True:
            await exchange.send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 100)

    async with Upstream(script) as upstream:
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model_at(upstream.endpoint, headers_timeout=0.2), TASK)

    assert caught.value.outcome.kind is OutcomeKind.TIMED_OUT


async def test_an_announcement_before_the_answer_is_passed_over(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        await exchange.reply(200, completion("pong"))

    assert b"pong" in (await answer_to(script, providers)).body


async def test_broken_chunks_are_a_cut_answer(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n{}\r\n")
        await exchange.hang()

    assert (await failure_of(script, providers)).kind in {OutcomeKind.STREAM_CUT, OutcomeKind.MALFORMED}


async def test_a_body_that_ends_early_is_cut(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"choices":[')
        exchange.close()

    assert (await failure_of(script, providers)).kind is OutcomeKind.STREAM_CUT
