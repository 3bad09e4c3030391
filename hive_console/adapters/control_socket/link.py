"""A console's connection to an engine: greeted, then lines both ways."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from hive_console.adapters.control_socket.asking import ANSWER_TIMEOUT, EngineNotReachable, connected
from hive_console.adapters.control_socket.hang_up import hang_up
from hive_console.core.console_wire import Greeting, Line, Request, Unreadable, encoded, line_of
from hive_console.core.errors import HiveError
from hive_console.core.text import clean

LINE_BYTES = 16 * 1024 * 1024
"""Bytes one line of an engine may have; the longest (the fleet's own fields, 5,000 alerts) take two."""


class LinkLost(HiveError):
    """The connection ended; the message says how."""


class Link:
    """One connection, of which the engine knows who is here."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, greeting: Greeting) -> None:
        self._reader, self._writer = reader, writer
        self._greeting = greeting

    @property
    def greeting(self) -> Greeting:
        """What the engine said of itself."""
        return self._greeting

    async def receive(self) -> Line:
        """The next line.

        Raises:
            LinkLost: there will be none.
            Unreadable: it is not of this version.
        """
        return await _received(self._reader)

    def send(self, request: Request) -> None:
        """Says something at once; whoever calls bounds how much is under way."""
        with contextlib.suppress(ConnectionError, RuntimeError):  # `receive` tells that it is lost
            self._writer.write(encoded(request))

    async def close(self) -> None:
        """Ends it, with what was said last."""
        await hang_up(self._writer)


async def attach_to(
    folder: Path, *, version: str, origin: str = "", is_read_only: bool = False, wait: float = ANSWER_TIMEOUT
) -> Link:
    """A greeted connection to the engine on this data folder; `origin` is how we came.

    Raises:
        EngineNotReachable: there is none, it refuses, or it does not answer within `wait` seconds.
    """
    try:
        async with asyncio.timeout(wait):
            reader, writer = await connected(folder, limit=LINE_BYTES)
            try:
                hello = Request(op="hello", id=1, version=version, origin=origin, is_read_only=is_read_only)
                writer.write(encoded(hello))
                with contextlib.suppress(ConnectionError):  # refused at the door: the reason is there to be read
                    await writer.drain()
                return Link(reader, writer, await _greeted(reader, folder))
            except BaseException:
                await hang_up(writer)
                raise
    except TimeoutError:
        raise EngineNotReachable(
            f"the engine on {folder} did not answer within {wait:g} s; it hangs or is stopping"
        ) from None


async def _greeted(reader: asyncio.StreamReader, folder: Path) -> Greeting:
    try:
        answer = await _received(reader)
    except LinkLost:
        raise EngineNotReachable(f"the engine on {folder} hung up without an answer; it is stopping") from None
    except Unreadable as error:
        raise EngineNotReachable(
            f"the engine on {folder} answered: {error}; run the same version of hive-console on both sides"
        ) from error
    if answer.hello is None:
        raise EngineNotReachable(f"the engine on {folder} refused: {clean(answer.error)}")
    return answer.hello


async def _received(reader: asyncio.StreamReader) -> Line:
    try:
        line = await reader.readuntil(b"\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        raise LinkLost("the engine hung up") from None
    except asyncio.LimitOverrunError:
        raise LinkLost(f"the engine sent a line of more than {LINE_BYTES} bytes") from None
    return line_of(line)
