"""The end of a connection, in bounded time."""

from __future__ import annotations

import asyncio

CLOSE_WAIT = 0.5
"""Seconds the last bytes of a connection may take; on one machine they are gone at once, or unwanted."""


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Closes a connection that may be broken already."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_WAIT):
            await writer.wait_closed()
    except TimeoutError:  # the other side does not read what is left
        writer.transport.abort()
    except OSError:
        pass  # it was broken already: closed all the same
