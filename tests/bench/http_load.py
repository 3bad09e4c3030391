"""A loopback upstream and a client that cost as little as Python allows, so that what is between them shows.

`python -m tests.bench.http_load SECONDS` is the upstream: it answers chat completions after so many seconds, and
streamed ones with `EVENTS` events as fast as they are taken.
"""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

EVENTS = 200
"""Events of one streamed answer: a page of text."""

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_ANSWER = (
    b'{"id": "1", "object": "chat.completion", "created": 1, "model": "alpha", "choices": [{"index": 0, "message": '
    b'{"role": "assistant", "content": "hello"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9, '
    b'"completion_tokens": 2, "total_tokens": 11}}'
)
_END = b"\r\n0\r\n\r\n"
_BLOCK = 256 * 1024
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_EVENT = (
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"alpha","choices":[{"index":0,"delta":'
    b'{"content":" hello"},"finish_reason":null}]}\n\n'
)
_LAST = (
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"alpha","choices":[{"index":0,'
    b'"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


def body(*, is_streamed: bool) -> bytes:
    """The request's body."""
    stream = b'"stream": true, ' if is_streamed else b""
    return b'{"model": "alpha", %s"messages": [{"role": "user", "content": "hello"}]}' % stream


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one load: latencies in seconds, sorted, of what was answered in `seconds`; events streamed."""

    latencies: tuple[float, ...]
    seconds: float
    events: int = 0

    def quantile(self, share: float) -> float:
        """The latency below which `share` of the requests lie."""
        return self.latencies[math.ceil(share * len(self.latencies)) - 1]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


class Client:
    """One connection, one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self._request = request

    @classmethod
    async def to(cls, address: str, *, is_streamed: bool) -> Client:
        url = urlsplit(address)
        said = body(is_streamed=is_streamed)
        head = (
            f"POST {url.path}/chat/completions HTTP/1.1\r\nhost: {url.netloc}\r\n"
            f"authorization: Bearer sk-bench-only\r\ncontent-type: application/json\r\n"
            f"content-length: {len(said)}\r\n\r\n"
        )
        return cls(*await asyncio.open_connection(url.hostname, url.port), head.encode() + said)

    async def ask(self) -> int:
        """Asks once and reads the whole answer; the number of events it had."""
        self._writer.write(self._request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise AssertionError(head.decode("latin-1"))
        _, length_named, length = head.partition(b"content-length:")
        if length_named:
            await self._reader.readexactly(int(length.split(b"\r\n", 1)[0]))
            return 0
        # Whole blocks: a client that reads each event by itself would be slower than what it measures.
        events = 0
        tail = b""
        while not tail.endswith(_END):
            block = await self._reader.read(_BLOCK)
            events += block.count(b"data:")  # one cut in two by a block's end is not missed among thousands
            tail = (tail + block)[-len(_END) :]
        return events

    def close(self) -> None:
        self._writer.close()


async def load(address: str, in_flight: int, seconds: float, *, is_streamed: bool = False) -> Run:
    """`in_flight` clients for `seconds` seconds."""
    latencies: list[float] = []
    events = 0
    clients = [await Client.to(address, is_streamed=is_streamed) for _ in range(in_flight)]
    began = time.perf_counter()

    async def go_on(client: Client) -> None:
        nonlocal events
        while (asked := time.perf_counter()) < began + seconds:
            told = await client.ask()
            events += told
            latencies.append(time.perf_counter() - asked)

    try:
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(go_on(client))
    finally:
        for client in clients:
            client.close()
    return Run(tuple(sorted(latencies)), time.perf_counter() - began, events)


@contextmanager
def upstream(delay: float, *, core: int) -> Iterator[str]:
    """The base URL of an upstream in a process of its own, on one core."""
    command = (sys.executable, "-m", "tests.bench.http_load", str(delay))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(process.pid, {core})
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process has used so far, all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid: int) -> float:
    """Memory of a process that is in use now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if head.startswith(b"get"):
                writer.write(_HEAD % 12 + b'{"data": []}')
                continue
            length = head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]
            asked = await reader.readexactly(int(length))
            if delay:
                await asyncio.sleep(delay)
            if b'"stream": true' in asked or b'"stream":true' in asked:
                await _stream(writer)
            else:
                writer.write(_HEAD % len(_ANSWER) + _ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _stream(writer: asyncio.StreamWriter) -> None:
    writer.write(_STREAM_HEAD)
    chunk = b"%x\r\n%s\r\n" % (len(_EVENT), _EVENT)
    for _ in range(EVENTS):
        writer.write(chunk)
    await writer.drain()
    writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(_LAST), _LAST))


async def _serve(delay: float) -> None:
    server = await asyncio.start_server(lambda reader, writer: _answer(reader, writer, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(float(sys.argv[1])))
