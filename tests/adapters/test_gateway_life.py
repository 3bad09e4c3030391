"""The gateway's life: taking a port, letting requests finish, cancelling what its clients gave up."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator

import aiohttp
import pytest

from hive_console.adapters.gateway import CannotListen, Gateway
from hive_console.adapters.gateway.limits import Limits
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.task import Answer, Reply
from tests.adapters.operations import BY_FALLBACK, DONE, FLEET, KEY, SETTINGS, FakeOperations, FakeStream, event_of

GOOD = {"model": "gpt-4", "messages": [{"role": "user", "content": "hello"}]}
STREAMED = {**GOOD, "stream": True}
LONG = event_of("x" * 10_000)

IN_BETWEEN = 16 * 1024 * 1024
"""Bytes that all buffers between upstream and a client hold at most: two of the kernel's, and one of ours."""

SOON = 10.0
"""Seconds after which a test gives up; nothing here takes that long."""


def gateway_of(
    operations: FakeOperations, *, port: int = 0, host: str = "127.0.0.1", limits: Limits | None = None
) -> Gateway:
    return Gateway(
        GatewaySettings(host=host, port=port),
        operations,
        snapshot=lambda: FLEET,
        fleet=lambda: SETTINGS,
        limits=limits or Limits(),
    )


async def endless() -> AsyncGenerator[bytes, None]:
    """Speaks once, then says nothing for ever."""
    yield event_of("hello")
    await asyncio.Event().wait()


async def babbling() -> AsyncGenerator[bytes, None]:
    """Speaks for ever, as fast as somebody listens."""
    while True:
        yield event_of("x" * 10_000)
        await asyncio.sleep(0)


async def test_a_port_in_use_says_which_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CannotListen, match=rf"127\.0\.0\.1:{port}.*set gateway\.port") as raised:
            await gateway_of(FakeOperations(), port=port).start()

    assert raised.value.port == port


async def test_localhost_takes_one_port() -> None:
    gateway = gateway_of(FakeOperations(), host="localhost")

    base_url = await gateway.start()
    await gateway.stop(grace=0)

    assert base_url.startswith("http://127.0.0.1:")
    assert base_url.endswith("/v1")


async def test_stopping_twice_or_before_the_start_is_harmless() -> None:
    gateway = gateway_of(FakeOperations())
    await gateway.stop(grace=1)
    await gateway.start()

    await gateway.stop(grace=1)
    await gateway.stop(grace=1)


async def test_stop_lets_a_request_finish_and_takes_no_new_connection() -> None:
    operations = FakeOperations()
    operations.hold = asyncio.Event()
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    async with aiohttp.ClientSession() as http:
        asking = asyncio.ensure_future(http.post(f"{base_url}/chat/completions", json=GOOD))
        await asyncio.wait_for(operations.asked.wait(), SOON)

        stopping = asyncio.ensure_future(gateway.stop(grace=SOON))
        await asyncio.sleep(0)
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(f"{base_url}/models")
        operations.hold.set()

        async with await asyncio.wait_for(asking, SOON) as response:
            assert response.status == 200
        await asyncio.wait_for(stopping, SOON)


@pytest.mark.parametrize("is_early", [False, True], ids=["while it stops", "before it stops"])
async def test_a_stop_that_is_hurried_does_not_wait_for_requests(*, is_early: bool) -> None:
    operations = FakeOperations()
    operations.hold = asyncio.Event()
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    async with aiohttp.ClientSession() as http:
        asking = asyncio.ensure_future(http.post(f"{base_url}/chat/completions", json=GOOD))
        await asyncio.wait_for(operations.asked.wait(), SOON)
        if is_early:
            gateway.hurry()

        stopping = asyncio.ensure_future(gateway.stop(grace=10 * SOON))
        await asyncio.sleep(0)
        gateway.hurry()
        await asyncio.wait_for(stopping, SOON)

        async with await asyncio.wait_for(asking, SOON) as response:
            assert response.status == 503


async def test_a_connection_kept_alive_is_told_that_the_gateway_stops() -> None:
    operations = FakeOperations()
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    async with aiohttp.ClientSession() as http, aiohttp.ClientSession() as other:
        async with http.get(f"{base_url}/models") as response:
            await response.read()
        operations.hold = asyncio.Event()
        asking = asyncio.ensure_future(other.post(f"{base_url}/chat/completions", json=GOOD))
        await asyncio.wait_for(operations.asked.wait(), SOON)

        stopping = asyncio.ensure_future(gateway.stop(grace=SOON))
        await asyncio.sleep(0)
        async with http.get(f"{base_url}/models") as response:
            body = await response.json()
        operations.hold.set()
        (await asyncio.wait_for(asking, SOON)).release()
        await asyncio.wait_for(stopping, SOON)

    assert (response.status, body["error"]["code"]) == (503, "stopping")
    assert response.headers["Retry-After"] == "1"


async def test_stop_cancels_what_does_not_finish_in_time() -> None:
    operations = FakeOperations()
    operations.hold = asyncio.Event()
    operations.stream = FakeStream(endless)
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    async with aiohttp.ClientSession() as http:
        asking = asyncio.ensure_future(http.post(f"{base_url}/chat/completions", json=GOOD))
        await asyncio.wait_for(operations.asked.wait(), SOON)
        operations.hold = None
        async with http.post(f"{base_url}/chat/completions", json=STREAMED) as streamed:
            await streamed.content.readline()

            await asyncio.wait_for(gateway.stop(grace=0.01), SOON)

            told = await streamed.read()
        async with await asking as unanswered:
            refusal = unanswered.status, unanswered.headers["Retry-After"], await unanswered.text()

    assert refusal[:2] == (503, "1")
    assert '"code":"stopping"' in refusal[2]
    assert b'"code":"stopping"' in told
    assert b"[DONE]" not in told
    assert operations.cancelled.is_set()
    assert operations.stream.closed.is_set()


async def test_a_client_that_goes_away_cancels_its_operation() -> None:
    operations = FakeOperations()
    operations.hold = asyncio.Event()
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    async with aiohttp.ClientSession() as http:
        asking = asyncio.ensure_future(http.post(f"{base_url}/chat/completions", json=GOOD))
        await asyncio.wait_for(operations.asked.wait(), SOON)

        asking.cancel()

        await asyncio.wait_for(operations.cancelled.wait(), SOON)
    await gateway.stop(grace=0)


async def test_a_client_that_leaves_a_silent_stream_closes_it() -> None:
    operations = FakeOperations()
    operations.stream = FakeStream(endless)
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    async with aiohttp.ClientSession() as http:
        response = await http.post(f"{base_url}/chat/completions", json=STREAMED)
        await response.content.readline()

        response.close()

        await asyncio.wait_for(operations.stream.closed.wait(), SOON)
    await gateway.stop(grace=0)


def connected(base_url: str) -> socket.socket:
    """A client that asked for a stream, and has read nothing of it."""
    port = int(base_url.removesuffix("/v1").rsplit(":", 1)[1])
    body = b'{"model":"gpt-4","messages":[],"stream":true}'
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    return client


async def test_a_client_that_does_not_read_loses_its_stream() -> None:
    operations = FakeOperations()
    operations.stream = FakeStream(babbling)
    gateway = gateway_of(operations, limits=Limits(stall_timeout=0.2))
    base_url = await gateway.start()
    with connected(base_url):
        await asyncio.wait_for(operations.stream.closed.wait(), SOON)
    await gateway.stop(grace=0)


async def test_a_client_that_does_not_read_a_whole_answer_is_cut_off() -> None:
    operations = FakeOperations()
    operations.reply = Reply(Answer(b" " * IN_BETWEEN * 2), BY_FALLBACK)
    gateway = gateway_of(operations, limits=Limits(stall_timeout=0.2))
    base_url = await gateway.start()
    with socket.create_connection(("127.0.0.1", int(base_url.removesuffix("/v1").rsplit(":", 1)[1]))) as client:
        body = b'{"model":"gpt-4","messages":[]}'
        client.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
            % (len(body), body)
        )
        await asyncio.wait_for(operations.asked.wait(), SOON)
        await asyncio.wait_for(gateway.stop(grace=SOON), SOON)
        read = 0
        with contextlib.suppress(ConnectionError):
            while chunk := client.recv(1 << 20):
                read += len(chunk)

    assert read < IN_BETWEEN * 2


async def test_nothing_is_read_from_upstream_that_the_client_has_no_room_for() -> None:
    pulled = 0

    async def script() -> AsyncGenerator[bytes, None]:
        nonlocal pulled
        for _ in range(4 * IN_BETWEEN // len(LONG)):
            pulled += len(LONG)
            yield LONG

    operations = FakeOperations()
    operations.stream = FakeStream(script)
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    reader, writer = await asyncio.open_connection(sock=connected(base_url), limit=2**16)
    read, ahead = 0, 0
    while chunk := await asyncio.wait_for(reader.read(2**16), SOON):
        read += len(chunk)
        ahead = max(ahead, pulled - read)
        if chunk.endswith(b"0\r\n\r\n"):
            break
    writer.close()
    await gateway.stop(grace=1)

    assert pulled == 4 * IN_BETWEEN // len(LONG) * len(LONG)
    assert ahead < IN_BETWEEN


async def test_a_stream_that_the_stop_ends_tells_anthropics_clients_so() -> None:
    operations = FakeOperations()
    operations.stream = FakeStream(endless)
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{base_url}/messages", json=STREAMED) as streamed,
    ):
        await streamed.content.readline()

        await asyncio.wait_for(gateway.stop(grace=0.01), SOON)

        told = await streamed.read()

    assert b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"' in told


async def test_an_old_client_reads_its_stream_until_the_connection_ends() -> None:
    async def script() -> AsyncGenerator[bytes, None]:
        yield event_of("hello") + DONE

    operations = FakeOperations()
    operations.stream = FakeStream(script)
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    body = b'{"model":"gpt-4","messages":[],"stream":true}'
    reader, writer = await asyncio.open_connection("127.0.0.1", int(base_url.removesuffix("/v1").rsplit(":", 1)[1]))
    writer.write(
        b"POST /v1/chat/completions HTTP/1.0\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    answer = await asyncio.wait_for(reader.read(), SOON)
    writer.close()
    await gateway.stop(grace=1)

    assert answer.endswith(b"\r\n\r\n" + event_of("hello") + DONE)
    assert b"chunked" not in answer


async def test_an_empty_piece_does_not_end_a_stream() -> None:
    async def script() -> AsyncGenerator[bytes, None]:
        yield b""
        yield event_of("hello")
        yield b""
        yield DONE

    operations = FakeOperations()
    operations.stream = FakeStream(script)
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{base_url}/chat/completions", json=STREAMED) as response,
    ):
        assert await response.read() == event_of("hello") + DONE
    await gateway.stop(grace=1)


async def test_more_connections_than_the_bound_are_told_to_come_back() -> None:
    gateway = gateway_of(FakeOperations(), limits=Limits(max_connections=1, lingering_time=0.1))
    base_url = await gateway.start()
    async with aiohttp.ClientSession() as http, aiohttp.ClientSession() as other:
        async with http.get(f"{base_url}/models") as response:
            assert response.status == 200
        async with other.get(f"{base_url}/models") as refused:
            body = await refused.json()
        async with http.get(f"{base_url}/models") as response:
            assert response.status == 200
    async with aiohttp.ClientSession() as http:
        while (await http.get(f"{base_url}/models")).status == 503:
            pass  # until the first connection is seen to be gone
    await gateway.stop(grace=1)

    assert (refused.status, body["error"]["code"], refused.headers["Retry-After"]) == (503, "busy", "1")


async def test_an_unexpected_error_inside_a_stream_is_told_inside_it() -> None:
    async def script() -> AsyncGenerator[bytes, None]:
        yield event_of("hello")
        raise RuntimeError(KEY)

    operations = FakeOperations()
    operations.stream = FakeStream(script)
    gateway = gateway_of(operations)
    base_url = await gateway.start()
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{base_url}/chat/completions", json=STREAMED) as response,
    ):
        said = await response.read()
    await gateway.stop(grace=1)

    assert said.startswith(event_of("hello") + b'data: {"error":{')
    assert said.endswith(b"}\n\n")
    assert b"DONE" not in said
    assert KEY.encode() not in said


async def test_a_stream_that_cannot_be_closed_is_reported_and_the_answer_stands() -> None:
    class Stuck(FakeStream):
        async def aclose(self) -> None:
            raise RuntimeError(KEY)

    async def script() -> AsyncGenerator[bytes, None]:
        yield event_of("hello") + DONE

    operations = FakeOperations()
    operations.stream = Stuck(script)
    errors: list[str] = []
    gateway = Gateway(
        GatewaySettings(port=0),
        operations,
        snapshot=lambda: FLEET,
        fleet=lambda: SETTINGS,
        on_error=lambda _service, message: errors.append(message),
    )
    base_url = await gateway.start()
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{base_url}/chat/completions", json=STREAMED) as response,
    ):
        said = await response.read()
    await gateway.stop(grace=1)

    assert said == event_of("hello") + DONE
    assert len(errors) == 1
    assert errors[0].startswith("RuntimeError at test_gateway_life.py:")


async def test_an_address_that_is_not_ours_says_what_to_do() -> None:
    settings = GatewaySettings("192.0.2.1", 0, token="env:TOKEN")  # reserved for documentation: no machine has it
    gateway = Gateway(
        settings, FakeOperations(), snapshot=lambda: FLEET, fleet=lambda: SETTINGS, token=lambda: "secret"
    )

    with pytest.raises(CannotListen, match=r"does not have the address; set gateway\.host"):
        await gateway.start()


async def test_more_requests_than_the_bound_are_told_to_come_back() -> None:
    operations = FakeOperations()
    operations.hold = asyncio.Event()
    gateway = gateway_of(operations, limits=Limits(max_requests=1))
    base_url = await gateway.start()
    async with aiohttp.ClientSession() as http:
        asking = asyncio.ensure_future(http.post(f"{base_url}/chat/completions", json=GOOD))
        await asyncio.wait_for(operations.asked.wait(), SOON)

        async with http.post(f"{base_url}/chat/completions", json=GOOD) as response:
            body = await response.json()
        async with http.get(f"{base_url}/models") as listing:
            assert listing.status == 200

        operations.hold.set()
        (await asyncio.wait_for(asking, SOON)).release()
    await gateway.stop(grace=1)

    assert (response.status, body["error"]["code"]) == (503, "busy")


async def test_a_connection_without_a_request_is_closed() -> None:
    gateway = gateway_of(FakeOperations(), limits=Limits(idle_timeout=0.1))
    base_url = await gateway.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(base_url.removesuffix("/v1").rsplit(":", 1)[1]))

    writer.write(b"POST /v1/chat")  # and never the rest
    rest = await asyncio.wait_for(reader.read(), SOON)

    writer.close()
    await gateway.stop(grace=0)
    assert rest == b""
