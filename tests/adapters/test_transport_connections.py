"""Connections are freed by cancelling and closing, and a kept one that died is replaced without a word."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import pytest

from hive_console.adapters.endpoints import EndpointRules
from hive_console.adapters.providers.request import HttpRequest
from hive_console.adapters.transport import HttpProviders, wire
from hive_console.adapters.transport.clocks import Clocks
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Replay
from hive_console.core.task import Task
from tests.adapters.upstream import Exchange, Keys, Script, Upstream, completion, model_at, token

TASK = Task.chat("m", "ping")
STORM = 500

Address = tuple[int, int, int, str, tuple[object, ...]]


@pytest.fixture
async def providers() -> AsyncIterator[HttpProviders]:
    async with _providers() as providers:
        yield providers


def _providers() -> HttpProviders:
    return HttpProviders(Keys(), now=lambda: 0.0)


async def hang(exchange: Exchange) -> None:
    await exchange.hang()


async def hang_in_the_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")
    await exchange.hang()


@pytest.mark.parametrize("script", [hang, hang_in_the_body])
async def test_cancelling_a_call_frees_its_connection(providers: HttpProviders, script: Script) -> None:
    async with Upstream(script) as upstream:
        call = asyncio.ensure_future(providers.complete(model_at(upstream.endpoint), TASK))
        await upstream.until(lambda: len(upstream.asked) == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        await upstream.until(lambda: upstream.open == 0)


async def test_closing_a_stream_frees_its_connection(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        await exchange.chunk(token("a").encode())
        await exchange.hang()

    async with Upstream(script) as upstream:
        stream = providers.stream(model_at(upstream.endpoint), TASK)
        await anext(stream)
        await stream.aclose()

        await upstream.until(lambda: upstream.open == 0)


async def test_cancelling_a_waiting_stream_frees_its_connection(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.start_events()
        await exchange.hang()

    async with Upstream(script) as upstream:
        stream = providers.stream(model_at(upstream.endpoint), TASK)
        waiting = asyncio.ensure_future(anext(stream))
        await upstream.until(lambda: len(upstream.asked) == 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        await upstream.until(lambda: upstream.open == 0)


async def test_a_storm_of_cancelled_calls_leaks_nothing(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        if exchange.asked.json.get("n") == 1:
            await exchange.reply(200, completion())
        else:
            await exchange.hang()

    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint)
        for _ in range(STORM // 50):
            # Cancelled at every stage: before it began, while connecting, while waiting.
            calls = [asyncio.ensure_future(providers.complete(model, TASK)) for _ in range(50)]
            for number, call in enumerate(calls):
                if number % 5 == 0:
                    await asyncio.sleep(0)
                call.cancel()
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results)
        await upstream.until(lambda: upstream.open == 0)

        for _ in range(10):
            await providers.complete(model, Task.chat("m", "x", n=1))
        assert upstream.open == 1


async def test_what_came_before_a_connection_was_lost_can_still_be_taken() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.events(token("a"), end=False)
        exchange.reset()

    async with asyncio.timeout(20), Upstream(script) as upstream, wire.Wire(EndpointRules(())) as lines:
        request = HttpRequest("POST", f"{upstream.endpoint}/x", {}, b"{}")
        received = await lines.send(request, Clocks(5.0))
        while received._response.content.exception() is None:  # noqa: ASYNC110 - the library tells nobody
            await asyncio.sleep(0)

        assert received.at_hand() == token("a").encode()
        assert received.at_hand() == b""
        with pytest.raises(ProviderError):
            await received.next_bytes()
        received.close()


async def test_leaving_closes_every_connection() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, completion())

    async with Upstream(script) as upstream:
        async with _providers() as providers:
            await providers.complete(model_at(upstream.endpoint), TASK)

        await upstream.until(lambda: upstream.open == 0)


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("kept", [1, 5])
async def test_a_kept_connection_that_died_is_replaced_at_once(
    providers: HttpProviders, how: str, kept: int
) -> None:
    everyone_asked = asyncio.Event()
    warmed: set[int] = set()

    async def script(exchange: Exchange) -> None:
        connection = exchange.asked.connection
        if connection in warmed:
            # As a server that closed an idle connection just before our request came.
            exchange.close() if how == "close" else exchange.reset()
            return
        if connection <= kept:
            warmed.add(connection)
            if len(warmed) == kept:
                everyone_asked.set()
            await everyone_asked.wait()
        await exchange.reply(200, completion())

    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint)
        await asyncio.gather(*(providers.complete(model, TASK) for _ in range(kept)))
        assert upstream.connections == kept

        await providers.complete(model, TASK)

        assert upstream.connections == kept + 1  # not one of the other kept ones: they may be as dead


async def test_the_immediate_repeat_is_made_only_once(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        if len(upstream.asked) == 1:
            await exchange.reply(200, completion())
        else:
            exchange.close()

    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint)
        await providers.complete(model, TASK)
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model, TASK)

        assert caught.value.outcome.kind is OutcomeKind.CONNECTION_FAILED
        assert len(upstream.asked) == 3


async def test_the_immediate_repeat_is_not_made_for_a_request_that_may_not_be_sent_again(
    providers: HttpProviders,
) -> None:
    async def script(exchange: Exchange) -> None:
        if len(upstream.asked) == 1:
            await exchange.reply(200, completion())
        else:
            exchange.close()

    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint)
        await providers.complete(model, TASK)
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model, replace(TASK, replay=Replay.DENY))

        assert caught.value.outcome.is_uncertain
        assert len(upstream.asked) == 2


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_request_that_was_sent_and_got_no_status_is_uncertain(providers: HttpProviders, how: str) -> None:
    async def script(exchange: Exchange) -> None:
        exchange.close() if how == "close" else exchange.reset()

    async with Upstream(script) as upstream:
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model_at(upstream.endpoint), TASK)

    assert caught.value.outcome.is_uncertain


async def test_a_request_that_never_went_out_is_certain(providers: HttpProviders) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model_at(f"http://127.0.0.1:{unheard.getsockname()[1]}/v1"), TASK)

    assert not caught.value.outcome.is_uncertain


async def test_a_repeat_that_finds_no_connection_leaves_the_first_dispatch_uncertain(
    providers: HttpProviders,
) -> None:
    async def script(exchange: Exchange) -> None:
        if len(upstream.asked) == 1:
            await exchange.reply(200, completion())
        else:
            assert upstream._server is not None
            upstream._server.close()
            exchange.close()

    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint)
        await providers.complete(model, TASK)
        with pytest.raises(ProviderError) as caught:
            await providers.complete(model, TASK)

    assert caught.value.outcome == Outcome(
        OutcomeKind.CONNECTION_FAILED, message="connection refused", is_uncertain=True
    )


async def test_a_kept_connection_that_began_to_answer_is_not_repeated(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        if len(upstream.asked) == 1:
            await exchange.reply(200, completion())
        else:
            await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-le")
            exchange.close()

    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint)
        await providers.complete(model, TASK)
        with pytest.raises(ProviderError):
            await providers.complete(model, TASK)

        assert len(upstream.asked) == 2


async def test_a_server_that_closes_idle_connections_costs_no_request(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, completion())
        exchange.close()

    async with Upstream(script) as upstream:
        model = model_at(upstream.endpoint)
        for _ in range(50):
            await providers.complete(model, TASK)

    assert len(upstream.asked) == 50


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux bounds unsent bytes")
async def test_a_server_that_never_reads_does_not_hold_the_socket_of_a_cancelled_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[socket.socket] = []
    accepted: list[asyncio.StreamWriter] = []
    came = asyncio.Event()
    really_open = wire._open_socket

    def open_and_note(address: Address) -> socket.socket:
        opened.append(really_open(address))
        return opened[-1]

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cast("asyncio.ReadTransport", writer.transport).pause_reading()
        accepted.append(writer)
        came.set()

    monkeypatch.setattr(wire, "_open_socket", open_and_note)
    monkeypatch.setattr(wire, "UNSENT_LIMIT", 100)
    async with await asyncio.start_server(accept, "127.0.0.1") as server, _providers() as providers:
        port = server.sockets[0].getsockname()[1]
        large = Task.chat("m", "x" * 20_000_000)
        call = asyncio.ensure_future(providers.complete(model_at(f"http://127.0.0.1:{port}/v1"), large))
        await came.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(20):
            while opened[0].fileno() != -1:  # noqa: ASYNC110 - the kernel closes it, and tells nobody
                await asyncio.sleep(0.01)
        accepted[0].transport.abort()
