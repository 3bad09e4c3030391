"""A scriptable upstream on a real loopback socket: raw bytes out, so that it can misbehave in every way."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from hive_console.core.errors import SettingsError
from hive_console.core.settings import Dialect, ModelSettings, ProbeKind

KEY = "not-shaped-like-a-key-5e0d"
"""Looks like no known key shape, so that only the exact match can take it out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Exchange:
    """One request and the means to answer it."""

    asked: Asked
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_over: bool = False

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self, status: int, body: bytes | dict[str, Any] = b"", headers: Mapping[str, str] = {}) -> None:
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        lines = {"content-type": "application/json", "content-length": str(len(content)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await self.send(f"HTTP/1.1 {status} Any\r\n{head}\r\n".encode("latin-1") + content)

    async def start_events(self, content_type: str = "text/event-stream") -> None:
        await self.send(
            f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        )

    async def chunk(self, data: bytes) -> None:
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def events(self, *events: str, end: bool = True) -> None:
        await self.start_events()
        for event in events:
            await self.chunk(event.encode())
        if end:
            await self.chunk(b"")

    def close(self) -> None:
        self.is_over = True
        self.writer.close()

    def reset(self) -> None:
        """Closes with a TCP reset."""
        self.is_over = True
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def hang(self) -> None:
        """Says nothing more; returns when the client has gone."""
        while await self.reader.read(65536):
            pass
        self.close()


Script = Callable[[Exchange], Awaitable[None]]


@dataclass
class Upstream:
    """Serves one script; counts what it saw."""

    script: Script
    reads_body: bool = True
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _server: asyncio.Server | None = None
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self.until(lambda: self.open == 0)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(condition)

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self._writers.append(writer)
        number = self.connections
        await self._note()
        try:
            while (asked := await self._read(reader, number)) is not None:
                self.asked.append(asked)
                await self._note()
                exchange = Exchange(asked, reader, writer)
                await self.script(exchange)
                if exchange.is_over:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._writers.remove(writer)
            self.open -= 1
            await self._note()

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Asked | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0")) if self.reads_body else 0
        body = await reader.readexactly(length)
        return Asked(method, path, headers, body, number)


@dataclass
class Keys:
    """A key source that holds its keys in the open, and knows those that were fetched."""

    kept: dict[str, str] = field(default_factory=lambda: {"env:UPSTREAM_KEY": KEY})
    fetched: list[str] = field(default_factory=list)

    def key_of(self, reference: str) -> str:
        if reference not in self.kept:
            raise SettingsError("key", f"{reference} cannot be read")
        self.fetched.append(self.kept[reference])
        return self.kept[reference]

    def known(self) -> tuple[str, ...]:
        return tuple(self.fetched)


def model_at(
    endpoint: str,
    dialect: Dialect = Dialect.OPENAI,
    *,
    key: str | None = "env:UPSTREAM_KEY",
    connect_timeout: float = 5.0,
    headers_timeout: float | None = None,
    first_token_timeout: float | None = None,
    idle_timeout: float = 10.0,
    total_timeout: float | None = None,
    probe: ProbeKind = ProbeKind.MODELS,
    probe_timeout: float = 10.0,
    probe_path: str | None = None,
) -> ModelSettings:
    return ModelSettings(
        "m",
        "provider",
        endpoint,
        "wire-m",
        dialect=dialect,
        key=key,
        connect_timeout=connect_timeout,
        headers_timeout=headers_timeout,
        first_token_timeout=first_token_timeout,
        idle_timeout=idle_timeout,
        total_timeout=total_timeout,
        probe=probe,
        probe_timeout=probe_timeout,
        probe_path=probe_path,
    )


def completion(text: str = "pong") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "c1",
        "object": "chat.completion",
        "model": "wire-m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


def ours(data: str) -> str:
    """What a client gets for it: our name for the model instead of the provider's."""
    return data.replace('"wire-m"', '"m"')


def token(text: str) -> str:
    return f'data: {{"model":"wire-m","choices":[{{"index":0,"delta":{{"content":{json.dumps(text)}}}}}]}}\n\n'


FINISH = 'data: {"model":"wire-m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = "data: [DONE]\n\n"
