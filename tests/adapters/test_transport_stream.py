"""Streams over real sockets: relayed untouched, ended honestly, and bounded in silence and size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hive_console.adapters.transport import HttpProviders, relay
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Dialect
from hive_console.core.task import Piece, RateLimits, Task, Usage
from tests.adapters.upstream import DONE, FINISH, Exchange, Keys, Script, Upstream, model_at, ours, token

TASK = Task.chat("m", "ping")
ROLE = 'data: {"model":"wire-m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
USAGE = 'data: {"model":"wire-m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
KEEP_ALIVE = ": OPENROUTER PROCESSING\n\n"


@pytest.fixture
async def providers() -> AsyncIterator[HttpProviders]:
    async with HttpProviders(Keys(), now=lambda: 1_700_000_000.0) as providers:
        yield providers


def sending(*events: str) -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.events(*events)

    return script


async def stream_of(
    script: Script, providers: HttpProviders, dialect: Dialect = Dialect.OPENAI, *, idle_timeout: float = 10.0
) -> tuple[list[Piece], Outcome | None]:
    """The pieces that came, and the failure that ended them, if one did."""
    pieces: list[Piece] = []
    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint, dialect, idle_timeout=idle_timeout)
        try:
            async for piece in providers.stream(model, TASK):
                pieces.append(piece)  # noqa: PERF401 - what came before a failure counts
        except ProviderError as error:
            return pieces, error.outcome
    return pieces, None


async def kind_of(
    script: Script, providers: HttpProviders, dialect: Dialect = Dialect.OPENAI
) -> OutcomeKind | None:
    _, failure = await stream_of(script, providers, dialect)
    return failure.kind if failure else None


async def test_a_stream_is_relayed_byte_for_byte(providers: HttpProviders) -> None:
    events = [KEEP_ALIVE, ROLE, token("pö"), token("ng").replace("\n", "\r\n"), FINISH, USAGE, DONE]

    pieces, failure = await stream_of(sending(*events), providers)

    assert failure is None
    assert b"".join(piece.data for piece in pieces).decode() == ours("".join(events))
    assert [piece.usage for piece in pieces if piece.usage] == [Usage(1, 2)]


async def test_what_came_in_one_read_is_one_piece(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        await exchange.chunk((ROLE + token("a") + token("b") + FINISH + DONE).encode())
        await exchange.chunk(b"")

    pieces, failure = await stream_of(script, providers)

    assert failure is None
    assert [piece.has_content for piece in pieces] == [True]


@pytest.mark.parametrize("bad", ["data: not json\n\n", 'data: {"error":{"type":"overloaded_error"}}\n\n'])
async def test_what_was_said_before_a_fault_in_the_same_read_is_delivered_first(
    providers: HttpProviders, bad: str
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        await exchange.chunk((token("a") + bad + token("b")).encode())
        await exchange.hang()

    pieces, failure = await stream_of(script, providers)

    assert failure is not None
    assert [piece.data.decode() for piece in pieces] == [ours(token("a"))]


async def test_what_was_said_before_a_cut_in_the_same_read_is_delivered_first(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        await exchange.chunk((token("a") + token("b")[:20]).encode())
        exchange.close()

    pieces, failure = await stream_of(script, providers)

    assert failure is not None
    assert failure.kind is OutcomeKind.STREAM_CUT
    assert [piece.data.decode() for piece in pieces] == [ours(token("a"))]


async def test_the_first_piece_tells_what_is_left_of_the_limits(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nX-RateLimit-Remaining-Requests: 7\r\n\r\n"
        await exchange.send((head + token("a")).encode())
        await go_on.wait()
        await exchange.send((FINISH + DONE).encode())
        exchange.close()

    go_on = asyncio.Event()
    async with Upstream(script) as upstream:
        stream = providers.stream(model_at(upstream.endpoint), TASK)
        first = await anext(stream)
        go_on.set()
        rest = [piece async for piece in stream]

    assert first.limits == RateLimits(requests_left=7)
    assert [piece.limits for piece in rest] == [None]


async def test_a_stream_is_asked_for(providers: HttpProviders) -> None:
    async with Upstream(sending(token("a"), FINISH, DONE)) as upstream:
        async for _ in providers.stream(model_at(upstream.endpoint), Task.chat("m", "ping", seed=7)):
            pass

    [asked] = upstream.asked
    assert asked.json == {**Task.chat("m", "ping", seed=7).request, "model": "wire-m", "stream": True}
    assert asked.headers["accept"] == "text/event-stream"


async def test_the_cuts_of_the_network_do_not_show(providers: HttpProviders) -> None:
    whole = (token("pö€𝄞ng") + FINISH + DONE).encode()

    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        for at in range(0, len(whole), 3):
            await exchange.chunk(whole[at : at + 3])
        await exchange.chunk(b"")

    pieces, failure = await stream_of(script, providers)

    assert failure is None
    assert b"".join(piece.data for piece in pieces).decode() == ours(whole.decode())


@pytest.mark.parametrize(
    "delta",
    [
        '{"content":"x"}',
        '{"tool_calls":[{"index":0}]}',
        '{"refusal":"no"}',
        '{"reasoning_content":"hm"}',
        '{"reasoning":"hm"}',
    ],
)
async def test_what_the_model_says_is_content(providers: HttpProviders, delta: str) -> None:
    event = f'data: {{"choices":[{{"delta":{delta}}}]}}\n\n'

    pieces, _ = await stream_of(sending(event, DONE), providers)

    assert pieces[0].has_content


async def test_a_finish_without_done_is_whole_and_gets_its_done(providers: HttpProviders) -> None:
    pieces, failure = await stream_of(sending(token("a"), FINISH), providers)

    assert failure is None
    assert pieces[-1].data == DONE.encode()


async def test_a_done_without_its_empty_line_is_done(providers: HttpProviders) -> None:
    pieces, failure = await stream_of(sending(token("a"), "data: [DONE]\n"), providers)

    assert failure is None
    assert pieces[-1].data == DONE.encode()


async def test_what_follows_done_is_not_relayed(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        await exchange.chunk((token("a") + DONE + token("more")).encode())
        await exchange.hang()

    pieces, failure = await stream_of(script, providers)

    assert failure is None
    assert [piece.data.decode() for piece in pieces] == [ours(token("a")) + DONE]


async def test_a_finished_stream_keeps_its_connection(providers: HttpProviders) -> None:
    async with Upstream(sending(token("a"), FINISH, DONE)) as upstream:
        for _ in range(3):
            async for _ in providers.stream(model_at(upstream.endpoint), TASK):
                pass

    assert upstream.connections == 1


@pytest.mark.parametrize("how", ["end", "close", "reset"])
@pytest.mark.parametrize("events", [(), (ROLE,), (ROLE, token("a")), (token("a"), 'data: {"choi')])
async def test_a_stream_without_its_end_is_cut(providers: HttpProviders, how: str, events: tuple[str, ...]) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.events(*events, end=how == "end")
        if how == "close":
            exchange.close()
        elif how == "reset":
            exchange.reset()

    assert await kind_of(script, providers) is OutcomeKind.STREAM_CUT


async def test_a_connection_lost_after_the_finish_costs_nothing(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.events(token("a"), FINISH, end=False)
        exchange.close()

    assert await kind_of(script, providers) is None


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ((DONE,), OutcomeKind.MALFORMED),
        ((ROLE, KEEP_ALIVE, DONE), OutcomeKind.MALFORMED),
        ((token("a"), "data: not json\n\n"), OutcomeKind.MALFORMED),
        (("data: [1]\n\n",), OutcomeKind.MALFORMED),
        (("data: " + "[" * 100_000 + "\n\n",), OutcomeKind.MALFORMED),
        (('data: {"choices":' + '[{"a":' * 100_000 + "\n\n",), OutcomeKind.MALFORMED),
        (("data: " + "x" * 1_100_000,), OutcomeKind.MALFORMED),
        (('data: {"error":{"type":"overloaded_error"}}\n\n',), OutcomeKind.OVERLOADED),
        ((token("a"), 'data: {"error":{"message":"boom","code":502}}\n\n'), OutcomeKind.SERVER_ERROR),
        (('event: error\ndata: {"type":"rate_limit_error"}\n\n',), OutcomeKind.RATE_LIMITED),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_stream_that_goes_wrong_is_classified(
    providers: HttpProviders, events: tuple[str, ...], kind: OutcomeKind
) -> None:
    assert await kind_of(sending(*events), providers) is kind


async def test_a_page_instead_of_a_stream_is_malformed(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, b"<html>", {"content-type": "Text/HTML; charset=\x1b[2J"})

    _, failure = await stream_of(script, providers)

    assert failure is not None
    assert failure.message == "answered with text/html instead of an event stream"


async def test_an_error_in_json_instead_of_a_stream_is_classified(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, {"error": {"type": "overloaded_error"}})

    assert await kind_of(script, providers) is OutcomeKind.OVERLOADED


async def test_an_answer_in_one_piece_instead_of_a_stream_is_malformed(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, {"choices": [{"message": {"content": "a"}}]})

    assert await kind_of(script, providers) is OutcomeKind.MALFORMED


async def test_a_status_is_classified_before_anything_is_streamed(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(429, {"error": {"message": "slow down"}}, {"retry-after": "5"})

    pieces, failure = await stream_of(script, providers)

    assert pieces == []
    assert failure == Outcome(OutcomeKind.RATE_LIMITED, 429, 5.0, "slow down")


async def test_silence_between_tokens_is_a_stall(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.events(token("a"), end=False)
        await exchange.hang()

    pieces, failure = await stream_of(script, providers, idle_timeout=0.05)

    assert failure is not None
    assert failure.kind is OutcomeKind.STREAM_STALLED
    assert len(pieces) == 1


async def test_keep_alives_between_tokens_do_not_hide_a_stall(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.events(token("a"), end=False)
        while True:
            await exchange.chunk((KEEP_ALIVE + ROLE).encode())
            await asyncio.sleep(0.01)

    _, failure = await stream_of(script, providers, idle_timeout=0.1)

    assert failure is not None
    assert failure.kind is OutcomeKind.STREAM_STALLED


async def test_a_drip_of_single_bytes_is_a_stall(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.events(token("a"), end=False)
        for byte in token("never whole" * 1000).encode():
            await exchange.chunk(bytes([byte]))
            await asyncio.sleep(0.01)

    _, failure = await stream_of(script, providers, idle_timeout=0.1)

    assert failure is not None
    assert failure.kind is OutcomeKind.STREAM_STALLED


async def test_the_wait_for_the_first_token_is_the_callers(providers: HttpProviders) -> None:
    first_wait_over = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        await exchange.chunk(KEEP_ALIVE.encode())
        await first_wait_over.wait()
        for event in (token("a"), FINISH, DONE, ""):
            await exchange.chunk(event.encode())

    async with Upstream(script) as upstream:
        stream = providers.stream(model_at(upstream.endpoint, idle_timeout=0.05), TASK)
        assert not (await anext(stream)).has_content
        following = asyncio.ensure_future(anext(stream))
        done, _ = await asyncio.wait([following], timeout=0.2)
        assert not done
        first_wait_over.set()
        assert (await following).has_content
        await stream.aclose()


async def test_the_time_a_consumer_takes_is_no_stall(providers: HttpProviders) -> None:
    go_on = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.events(token("a"), end=False)
        await go_on.wait()
        for event in (token("b"), FINISH, DONE, ""):
            await exchange.chunk(event.encode())

    async with Upstream(script) as upstream:
        stream = providers.stream(model_at(upstream.endpoint, idle_timeout=0.5), TASK)
        await anext(stream)
        await asyncio.sleep(0.6)  # longer than the idle timeout, which only runs while the upstream is waited for
        go_on.set()
        rest = b"".join([piece.data async for piece in stream])

    assert rest.decode() == ours(token("b") + FINISH + DONE)


async def test_a_flood_of_keep_alives_is_ended(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        while True:
            await exchange.chunk((f": {'x' * 1000}\n\n" * 20).encode())

    assert await kind_of(script, providers) is OutcomeKind.MALFORMED


async def test_an_endless_stream_is_ended(providers: HttpProviders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "STREAM_CAP", 200_000)

    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        while True:
            await exchange.chunk(token("a").encode() * 100)

    assert await kind_of(script, providers) is OutcomeKind.MALFORMED


async def test_a_fast_upstream_waits_for_a_slow_consumer(providers: HttpProviders) -> None:
    sent = 0

    async def script(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.start_events()
        while True:
            await exchange.chunk(token("x" * 10_000).encode())
            sent += 10_000

    async with Upstream(script) as upstream:
        stream = providers.stream(model_at(upstream.endpoint), TASK)
        await anext(stream)
        before = -1
        async with asyncio.timeout(20):
            while before != sent:  # until the sender is blocked
                before = sent
                await asyncio.sleep(0.1)
        await stream.aclose()

    assert sent < 50_000_000  # kernel buffers, not ours
