"""Each clock of an attempt strikes over a real socket, says so in its own words, and has its own kind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from hive_console.adapters.transport import HttpProviders
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings, ProbeKind
from hive_console.core.task import Task
from tests.adapters.upstream import KEY, Exchange, Keys, Script, Upstream, completion, model_at, token

TASK = Task.chat("m", "ping")
ROLE = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
KEEP_ALIVE = ": OPENROUTER PROCESSING\n\n"

SHORT = 0.3
"""Seconds of the clock that is to strike; every other one is far beyond what a busy machine needs."""


@pytest.fixture
async def providers() -> AsyncIterator[HttpProviders]:
    async with asyncio.timeout(30), HttpProviders(Keys(), now=lambda: 0.0) as providers:
        yield providers


@pytest.fixture
def full_endpoint() -> Iterator[str]:
    """A listening socket whose backlog is full: Linux drops what comes, as a host behind a firewall would."""
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        pytest.skip("only Linux drops what a full backlog cannot hold")
    with ExitStack() as sockets:
        full = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}/v1"


async def hang(exchange: Exchange) -> None:
    await exchange.hang()


async def headers_then_nothing(exchange: Exchange) -> None:
    await exchange.start_events()
    await exchange.hang()


async def keep_alives_only(exchange: Exchange) -> None:
    await exchange.start_events()
    while True:
        await exchange.chunk((KEEP_ALIVE + ROLE).encode())
        await asyncio.sleep(0.01)


async def drip_of_tokens(exchange: Exchange) -> None:
    await exchange.start_events()
    while True:
        await exchange.chunk(token("a").encode())
        await asyncio.sleep(0.01)


async def drip_of_a_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99999\r\n\r\n")
    while True:
        await exchange.send(b" ")
        await asyncio.sleep(0.01)


async def outcome_of_answer(providers: HttpProviders, model: ModelSettings) -> Outcome:
    with pytest.raises(ProviderError) as caught:
        await providers.complete(model, TASK)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None  # it would know the key
    return caught.value.outcome


async def outcome_of_stream(providers: HttpProviders, model: ModelSettings) -> Outcome:
    with pytest.raises(ProviderError) as caught:
        async for _ in providers.stream(model, TASK):
            pass
    return caught.value.outcome


async def test_a_host_that_takes_no_connection_is_given_up(providers: HttpProviders, full_endpoint: str) -> None:
    outcome = await outcome_of_answer(providers, model_at(full_endpoint, connect_timeout=SHORT))

    assert outcome == Outcome(OutcomeKind.CONNECTION_FAILED, message="not connected within 0.3 s")


@pytest.mark.parametrize("probe", [ProbeKind.MODELS, ProbeKind.COMPLETION])
async def test_a_probe_has_the_same_clock_for_its_connection(
    providers: HttpProviders, full_endpoint: str, probe: ProbeKind
) -> None:
    outcome = await providers.probe(model_at(full_endpoint, probe=probe, connect_timeout=SHORT))

    assert outcome == Outcome(OutcomeKind.CONNECTION_FAILED, message="not connected within 0.3 s")


async def test_a_shorter_clock_that_strikes_while_connecting_says_so(
    providers: HttpProviders, full_endpoint: str
) -> None:
    for model in (
        model_at(full_endpoint, headers_timeout=SHORT),
        model_at(full_endpoint, first_token_timeout=SHORT),
        model_at(full_endpoint, total_timeout=SHORT),
    ):
        outcome = await outcome_of_stream(providers, model)

        assert outcome == Outcome(OutcomeKind.CONNECTION_FAILED, message="not connected within 0.3 s")


async def test_a_server_that_takes_the_request_and_says_nothing_sent_no_headers(providers: HttpProviders) -> None:
    async with Upstream(hang) as upstream:
        model = model_at(upstream.endpoint, headers_timeout=SHORT)
        outcomes = [await outcome_of_answer(providers, model), await outcome_of_stream(providers, model)]
        await upstream.until(lambda: upstream.open == 0)

    uncertain = Outcome(OutcomeKind.TIMED_OUT, message="no headers within 0.3 s", is_uncertain=True)
    assert outcomes == [uncertain] * 2


async def test_the_repeat_for_a_kept_connection_that_died_has_no_clock_of_its_own(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        if len(upstream.asked) == 1:
            await exchange.reply(200, completion())
        elif exchange.asked.connection == 1:
            exchange.close()
        else:
            await exchange.hang()

    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint, headers_timeout=1.0)
        await providers.complete(model, TASK)
        outcome = await outcome_of_answer(providers, model)

    assert outcome == Outcome(OutcomeKind.TIMED_OUT, message="no headers within 1 s", is_uncertain=True)
    assert len(upstream.asked) == 3


@pytest.mark.parametrize("script", [hang, headers_then_nothing, keep_alives_only])
async def test_a_stream_that_says_nothing_has_no_content_in_time(providers: HttpProviders, script: Script) -> None:
    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint, first_token_timeout=SHORT)
        outcome = await outcome_of_stream(providers, model)
        await upstream.until(lambda: upstream.open == 0)

    is_uncertain = script is hang  # a status came otherwise
    assert outcome == Outcome(OutcomeKind.TIMED_OUT, message="no content within 0.3 s", is_uncertain=is_uncertain)


async def test_silence_after_content_has_the_idle_clocks_words(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.events(token("a"), end=False)
        await exchange.hang()

    async with Upstream(script) as upstream:
        outcome = await outcome_of_stream(providers, model_at(upstream.endpoint, idle_timeout=SHORT))

    assert outcome == Outcome(
        OutcomeKind.STREAM_STALLED, message="nothing more within 0.3 s, in the middle of the answer"
    )


async def test_a_drip_beyond_the_total_is_ended_in_the_middle(providers: HttpProviders) -> None:
    async with Upstream(drip_of_tokens) as upstream:
        outcome = await outcome_of_stream(providers, model_at(upstream.endpoint, total_timeout=1.0))
        await upstream.until(lambda: upstream.open == 0)

    assert outcome == Outcome(
        OutcomeKind.STREAM_STALLED, message="not done within 1 s, in the middle of the answer"
    )


@pytest.mark.parametrize("script", [hang, headers_then_nothing, keep_alives_only])
async def test_a_total_that_ends_before_any_content_is_a_timeout(providers: HttpProviders, script: Script) -> None:
    async with Upstream(script) as upstream:
        outcome = await outcome_of_stream(providers, model_at(upstream.endpoint, total_timeout=SHORT))

    is_uncertain = script is hang
    assert outcome == Outcome(OutcomeKind.TIMED_OUT, message="not done within 0.3 s", is_uncertain=is_uncertain)


async def test_a_body_that_drips_beyond_the_total_is_a_timeout(providers: HttpProviders) -> None:
    async with Upstream(drip_of_a_body) as upstream:
        model = model_at(upstream.endpoint, headers_timeout=20.0, total_timeout=1.0)
        outcome = await outcome_of_answer(providers, model)
        await upstream.until(lambda: upstream.open == 0)

    assert outcome == Outcome(OutcomeKind.TIMED_OUT, message="not done within 1 s")


async def test_headers_in_time_leave_the_rest_of_the_answer_to_the_other_clocks(providers: HttpProviders) -> None:
    headers_are_late = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        body = b'{"choices":[{"message":{"content":"pong"}}]}'
        await exchange.send(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n".encode())
        await headers_are_late.wait()
        await exchange.send(body)

    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint, headers_timeout=1.0)
        call = asyncio.ensure_future(providers.complete(model, TASK))
        done, _ = await asyncio.wait([call], timeout=1.5)  # longer than the headers' clock
        assert not done
        headers_are_late.set()

        assert (await call).status == 200


async def test_an_error_whose_body_never_ends_is_told_by_its_status(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 503 Busy\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{")
        await exchange.hang()

    async with Upstream(script) as upstream:
        outcome = await outcome_of_answer(providers, model_at(upstream.endpoint, total_timeout=1.0))

    assert (outcome.kind, outcome.status) == (OutcomeKind.SERVER_ERROR, 503)


async def test_the_time_a_consumer_takes_is_not_the_attempts(providers: HttpProviders) -> None:
    go_on = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.events(token("a"), end=False)
        await go_on.wait()
        for event in (token("b"), "data: [DONE]\n\n", ""):
            await exchange.chunk(event.encode())

    async with Upstream(script) as upstream:
        stream = providers.stream(model_at(upstream.endpoint, total_timeout=1.0), TASK)
        await anext(stream)
        await asyncio.sleep(1.1)  # the clocks run only while the upstream is waited for
        go_on.set()
        rest = b"".join([piece.data async for piece in stream])

    assert rest.endswith(b"[DONE]\n\n")


async def test_a_probing_completion_is_bound_by_the_probes_own_timeout(providers: HttpProviders) -> None:
    async with Upstream(hang) as upstream:
        model = model_at(upstream.endpoint, probe=ProbeKind.COMPLETION, probe_timeout=0.6, headers_timeout=SHORT)
        outcome = await providers.probe(model)

    assert outcome == Outcome(OutcomeKind.TIMED_OUT, message="no answer to a probe within 0.6 s")


async def test_no_clock_tells_the_key(providers: HttpProviders) -> None:
    async with Upstream(hang) as upstream:
        outcome = await outcome_of_answer(providers, model_at(upstream.endpoint, total_timeout=SHORT))

    assert KEY not in repr(outcome)
