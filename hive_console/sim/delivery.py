"""Puts one answer on the wire, whole or as a stream, in whatever broken way the fault of the moment wants it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import cycle
from typing import NoReturn

from aiohttp import web

from hive_console.sim.faults import (
    ByteDrip,
    Cut,
    Drip,
    Endless,
    ErrorIn200,
    Garbage,
    HangAfterHeaders,
    Huge,
    Outage,
    ResetAfter,
    Stall,
    SteadyFault,
    Torn,
)
from hive_console.sim.hostile import GARBAGE
from hive_console.sim.shape import Problem, Shape, Simulated, encoded

KEEP_ALIVE_SECONDS = 1.0
"""A stream that has nothing to say shows this often that it is open; real ones do so every 1 to 15 s."""

FILLER = b"a" * 65_536
"""What a huge answer is made of."""

SLICES = 8
"""Into how many pieces a dripping answer without tokens is cut."""

Active = Outage | SteadyFault | None

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger on, for no time: close sends a reset


def reset_transport(transport: asyncio.BaseTransport | None) -> None:
    """Ends a connection with a TCP reset."""
    if not isinstance(transport, asyncio.Transport):
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):  # the other side was quicker
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


async def never() -> NoReturn:
    """Waits until the connection's end cancels the handler."""
    while True:
        await asyncio.Event().wait()


class Delivery:
    """The way of one answer to its client.

    Args:
        request: whose answer it is.
        shape: the dialect.
        headers: of the answer.
        fault: what is wrong with it.
        new_id: draws an id for an error that stands in for the answer.
    """

    def __init__(
        self,
        request: web.Request,
        shape: Shape,
        *,
        headers: dict[str, str],
        fault: Active,
        new_id: Callable[[], str],
    ) -> None:
        self._request = request
        self._shape = shape
        self._headers = headers
        self._fault = fault
        self._new_id = new_id

    async def whole(self, payload: bytes, *, slices: int = SLICES) -> web.StreamResponse:
        """An answer in one piece; `slices` is in how many it comes when it drips."""
        match self._fault:
            case Garbage():
                payload = GARBAGE
            case ErrorIn200():
                payload = encoded(self._shape.error(Problem(500), self._new_id()))
            case (
                Cut()
                | Torn()
                | ResetAfter()
                | Stall()
                | HangAfterHeaders()
                | Drip()
                | ByteDrip()
                | Huge()
                | Endless()
            ):
                return await self._broken(payload, slices)
            case _:
                pass
        return web.Response(body=payload, headers=self._headers, content_type="application/json")

    async def _broken(self, payload: bytes, slices: int) -> web.StreamResponse:
        response = web.StreamResponse(headers=self._headers)
        response.content_type = "application/json"
        if not isinstance(self._fault, (Huge, Endless)):
            response.content_length = len(payload)
        with contextlib.suppress(ConnectionError):  # the client left
            await response.prepare(self._request)
            match self._fault:
                case HangAfterHeaders():
                    await never()
                case Huge() | Endless():
                    await response.write(b'{"id":"')
                    await self._fill(response)
                case Drip(seconds):
                    size = max(1, -(-len(payload) // max(1, slices)))
                    await _drip(response, [payload[at : at + size] for at in range(0, len(payload), size)], seconds)
                case ByteDrip(seconds):
                    await _drip(response, [bytes([byte]) for byte in payload], seconds)
                case _:
                    await response.write(payload[: len(payload) // 2])
                    await self._end_badly()
            await response.write_eof()
        return response

    async def stream(self, answer: Simulated, *, first_token: float, pace: float) -> web.StreamResponse:
        """An answer token by token.

        Args:
            answer: what is said.
            first_token: seconds until the first token.
            pace: tokens per second after it.
        """
        response = web.StreamResponse(headers=self._headers)
        response.content_type = "text/event-stream"
        response.headers["cache-control"] = "no-cache"
        with contextlib.suppress(ConnectionError):  # the client left, or an outage began, between two events
            await response.prepare(self._request)
            if isinstance(self._fault, HangAfterHeaders):
                await never()
            await self._wait(response, first_token)
            async for data in self._events(answer, pace):
                if isinstance(self._fault, ByteDrip):
                    await _drip(response, [bytes([byte]) for byte in data], self._fault.seconds)
                else:
                    await response.write(data)
            match self._fault:
                case Huge():
                    await self._fill(response)
                case Torn(tokens):
                    self._tear(self._shape.pieces(answer), tokens)
                    await self._end_badly()
                case Cut() | ResetAfter():
                    await self._end_badly()
                case Stall():
                    while True:
                        await asyncio.sleep(KEEP_ALIVE_SECONDS)
                        await response.write(self._shape.keep_alive)
                case _:
                    await response.write_eof()
        return response

    async def _events(self, answer: Simulated, pace: float) -> AsyncIterator[bytes]:
        """The events of a stream, as far as the fault lets them come."""
        pieces: Iterator[bytes] = iter(self._shape.pieces(answer))
        match self._fault:
            case Garbage():
                yield b"data: " + GARBAGE + b"\n\n"
                return
            case ErrorIn200():
                yield self._shape.error_event(Problem(529), self._new_id())
                return
            case Huge():
                yield b'data: {"id":"'
                return
            case Drip(seconds):
                pace = 1 / seconds
            case Endless():
                pieces, pace = cycle(self._shape.pieces(answer)), 0.0
            case Cut(tokens) | Stall(tokens) | Torn(tokens) | ResetAfter(tokens):
                pieces = iter(self._shape.pieces(answer)[:tokens])
            case _:
                pass
        yield self._shape.opening(answer)
        for index, piece in enumerate(pieces):
            if index or isinstance(self._fault, Drip):
                await asyncio.sleep(1 / pace if pace else 0)
            yield piece
        if not isinstance(self._fault, (Cut, Stall, Torn, ResetAfter)):
            yield self._shape.closing(answer)

    async def _wait(self, response: web.StreamResponse, seconds: float) -> None:
        """Sleeps, and shows meanwhile that the line is open."""
        while seconds > KEEP_ALIVE_SECONDS:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            await response.write(self._shape.keep_alive)
            seconds -= KEEP_ALIVE_SECONDS
        await asyncio.sleep(seconds)

    async def _fill(self, response: web.StreamResponse) -> NoReturn:
        while True:
            await response.write(FILLER)  # waits while the client does not read

    def _tear(self, pieces: Sequence[bytes], tokens: int) -> None:
        """Half of the next piece, in a chunk that says it is whole."""
        transport = self._request.transport
        if isinstance(transport, asyncio.Transport) and pieces:
            piece = pieces[min(tokens, len(pieces) - 1)]
            transport.write(f"{len(piece):x}\r\n".encode() + piece[: len(piece) // 2])

    async def _end_badly(self) -> NoReturn:
        match self._fault:
            case ResetAfter():
                reset_transport(self._request.transport)
            case Cut() | Torn():
                if self._request.transport is not None:
                    self._request.transport.close()
            case _:
                pass
        await never()


async def _drip(response: web.StreamResponse, parts: Sequence[bytes], seconds: float) -> None:
    for part in parts:
        await asyncio.sleep(seconds)
        await response.write(part)
