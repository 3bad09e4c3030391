"""One question at a time on the connection that reads: in a transaction, in limited time, with the names it needs.

Files of days are attached for one question only: a file that stays attached can be neither sealed nor given up.
"""

# ruff: noqa: S608  # statements are put together from names of schemas, never from what comes from outside

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiosqlite

from hive_console.core.errors import HiveError
from hive_storage import day_sql
from hive_storage.database import words_of
from hive_storage.opening import reading_address
from hive_storage.request_rows import Row

QUERY_WAIT = 2.0
"""Seconds a question may take before it is interrupted: a screen that waits longer looks dead."""

MOST_ATTACHED = 8
"""Days in one question; SQLite attaches at most ten files."""

_STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's machine, well under a millisecond; ROLLBACK takes a handful

Parameters = Mapping[str, Any] | Sequence[Any]  # numbers and texts that a statement names

Names = dict[int, str]


class View:
    """One consistent view of the recording and of some days, for as long as the question is asked.

    Attributes:
        names: the recording's names.
        days: the days that could be attached, each with the schema and the names it has here; as they were named.
    """

    def __init__(self, connection: aiosqlite.Connection, names: Names, days: dict[Path, tuple[str, Names]]) -> None:
        self._connection = connection
        self.names = names
        self.days = days

    async def rows(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of a statement; who asks bounds them."""
        return [tuple(row) for row in await self._connection.execute_fetchall(statement, parameters)]

    async def value(self, statement: str, parameters: Parameters = ()) -> Any:  # whatever the column holds
        """The first value of the first row, or `None`."""
        for row in await self._connection.execute_fetchall(statement, parameters):
            return row[0]
        return None

    def ids(self, texts: Iterable[str]) -> list[int]:
        """The numbers of those names that the recording knows."""
        wanted = set(texts)
        return [number for number, text in self.names.items() if text in wanted]


class Asker:
    """Asks a connection, one question after the other.

    Attributes:
        problems: days that could not be read, and why, in words.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._names: Names = {}
        self._turn = asyncio.Lock()
        self._is_given_up = False
        self.problems: dict[Path, str] = {}

    async def prepare(self) -> None:
        """Must be called once, before the first question."""
        await self._connection.set_progress_handler(self._says_stop, _STEPS_BETWEEN_LOOKS)

    @asynccontextmanager
    async def view(
        self, days: Sequence[Path] = (), *, wait: float | None = QUERY_WAIT
    ) -> AsyncGenerator[View, None]:
        """A view of the recording and of at most `MOST_ATTACHED` days; those that cannot be read are left out.

        Raises `HiveError` when the recording cannot be read, or when `wait` seconds are over.
        """
        connection = self._connection
        attached: dict[Path, str] = {}
        async with self._turn:
            try:
                async with asyncio.timeout(wait):
                    for number, path in enumerate(days[:MOST_ATTACHED]):
                        if await self._attach(path, f"day{number}"):
                            attached[path] = f"day{number}"
                    await connection.execute("BEGIN")
                    await self._learn_names()
                    yield View(connection, self._names, await self._readable(attached))
            except TimeoutError as error:
                self._is_given_up = True
                raise HiveError(f"the question took longer than {wait:g} s; ask for a shorter time") from error
            except sqlite3.Error as error:
                raise HiveError(f"cannot read the recording: {words_of(error)}") from error
            except (asyncio.CancelledError, GeneratorExit):
                self._is_given_up = True
                raise
            finally:
                with suppress(sqlite3.Error):  # a failed BEGIN leaves nothing to end
                    await connection.execute("ROLLBACK")
                self._is_given_up = False
                for schema in attached.values():
                    with suppress(sqlite3.Error):
                        await connection.execute(f"DETACH {schema}")

    @contextmanager
    def noting(self, path: Path) -> Generator[None, None, None]:
        """Passes over a day that turns out to be damaged while it is asked; the others can still answer."""
        try:
            yield
        except sqlite3.Error as error:
            if self._is_given_up:
                raise
            self._note(path, words_of(error))

    async def data_version(self) -> int:
        """What SQLite's number for what others committed to the recording is now."""
        async with self._turn:
            try:
                rows = await self._connection.execute_fetchall("PRAGMA data_version")
            except sqlite3.Error as error:
                raise HiveError(f"cannot read the recording: {words_of(error)}") from error
        return int(next(iter(rows))[0])

    async def _learn_names(self) -> None:
        known = {"after": max(self._names, default=0)}
        fresh = await self._connection.execute_fetchall("SELECT id, text FROM main.name WHERE id > :after", known)
        self._names.update((int(row[0]), str(row[1])) for row in fresh)

    async def _attach(self, path: Path, schema: str) -> bool:
        try:
            await self._connection.execute(f"ATTACH ? AS {schema}", (reading_address(path),))
        except HiveError:
            return False  # it was removed since it was listed
        except sqlite3.Error as error:
            self._note(path, words_of(error))
            return False
        return True

    async def _readable(self, attached: Mapping[Path, str]) -> dict[Path, tuple[str, Names]]:
        """The attached days that this version can read, with their names."""
        found: dict[Path, tuple[str, Names]] = {}
        for path, schema in attached.items():
            try:
                problem, names = await self._looked_at(schema)
            except sqlite3.Error as error:
                problem, names = words_of(error), {}
            if problem:
                self._note(path, problem)
            else:
                found[path] = schema, names
        return found

    async def _looked_at(self, schema: str) -> tuple[str, Names]:
        fetch = self._connection.execute_fetchall
        (application,) = next(iter(await fetch(f"PRAGMA {schema}.application_id")))
        (version,) = next(iter(await fetch(f"PRAGMA {schema}.user_version")))
        if (application, version) == (0, 0):
            return "it is empty", {}
        if application != day_sql.APPLICATION_ID:
            return "it is a database of another program", {}
        if version > day_sql.DAY_VERSION:
            return f"a newer hive-console wrote it (schema {version}); upgrade to read it", {}
        return "", {int(row[0]): str(row[1]) for row in await fetch(f"SELECT id, text FROM {schema}.name")}

    def _note(self, path: Path, problem: str) -> None:
        if path.exists():  # a day that was removed meanwhile is no problem
            self.problems[path] = problem

    def _says_stop(self) -> bool:
        """Asked by SQLite's thread in the middle of a question; unlike an interrupt it cannot come too early."""
        return self._is_given_up
