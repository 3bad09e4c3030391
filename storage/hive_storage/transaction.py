"""All of a block on disk, or nothing of it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import aiosqlite


@asynccontextmanager
async def transaction(connection: aiosqlite.Connection) -> AsyncGenerator[None, None]:
    """Takes the lock at once, commits at the end; raises what the block or SQLite raised, with nothing written."""
    await connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        await connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite has often rolled back by itself
            await connection.execute("ROLLBACK")
        raise
