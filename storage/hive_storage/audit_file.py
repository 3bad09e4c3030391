"""The audit trail of a file, read without the rest of the program: live, copied or sealed, and never written.

Plain blocking SQLite, for commands. It reads in pages, so that a reader who waits between two (an export into a
pager) holds no snapshot that would keep a live recorder's log from shrinking; the trail only grows meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hive_console.core.errors import HiveError
from hive_console.core.store import AuditCheck, Wanted
from hive_storage import sql
from hive_storage.anchors import ANCHOR_NAME
from hive_storage.audit_chain import GENESIS, NOT_CHAINED, TrailRow, Verification
from hive_storage.audit_sql import (
    CHAINED_SINCE,
    CHOSEN_NEWEST,
    CHOSEN_PAGE,
    LINK_BEFORE,
    PAGE,
    SHOWN_CHAINED,
    TRAIL_PAGE,
)
from hive_storage.database import words_of
from hive_storage.folder import DATABASE_NAME
from hive_storage.micros import clamped_microseconds
from hive_storage.opening import reading_address
from hive_storage.request_rows import Row

BUSY_WAIT = 2.0
"""Seconds for a lock that another program holds while it opens or closes the file."""


class AuditFile:
    """An opened trail.

    Attributes:
        path: the file.
        is_chained: whether its rows have numbers and digests; those of a version before 4 have none.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, is_chained: bool) -> None:
        self.path = path
        self.is_chained = is_chained
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[AuditFile]:
        """Opens the trail of the recording at `path`, a data folder or the file in it.

        Raises `HiveError` where there is none, or where this version cannot read it.
        """
        file = path / DATABASE_NAME if path.is_dir() else path
        if not file.is_file():
            raise HiveError(f"there is no recording at {file}")
        address = reading_address(file)
        with _in_words(file), closing(_connected(address)) as connection:
            version = _version(connection, file)
            if version < CHAINED_SINCE:
                connection.executescript(f"PRAGMA temp_store = MEMORY; {SHOWN_CHAINED}")
            connection.executescript(sql.READER_PRAGMAS)
            yield cls(file, connection, is_chained=version >= CHAINED_SINCE)

    @property
    def anchors_beside(self) -> Path:
        """Where the recorder keeps this trail's anchors; it need not exist."""
        return self.path.with_name(ANCHOR_NAME)

    def verify(self, anchors: Iterable[tuple[int, str]] = ()) -> AuditCheck:
        """Whether the trail is what was written; the first bad row if it is not.

        Raises `HiveError`, naming the last good row, where the file cannot be read to its end.
        """
        if not self.is_chained:
            return AuditCheck(rows=0, problem=NOT_CHAINED)
        verification = Verification(anchors)
        try:
            for page in self._pages(TRAIL_PAGE, {}):
                if not verification.take(page):
                    break
        except sqlite3.Error as error:
            rows = verification.result().rows
            raise HiveError(f"cannot read {self.path} after {rows} rows of its trail: {words_of(error)}") from error
        return verification.result()

    def newest(self, wanted: Wanted, *, actor: str = "", target: str = "") -> list[TrailRow]:
        """The newest `wanted.limit` rows, oldest first, whose actor (or origin) and target hold these words."""
        question = {**_chosen(wanted, actor, target), "limit": wanted.limit}
        with _in_words(self.path):
            return list(reversed(self._ask(CHOSEN_NEWEST, question)))

    def rows(self, wanted: Wanted) -> Iterator[tuple[TrailRow, bytes]]:
        """Every row of a window, oldest first, each with the digest before it; in little memory.

        Raises `HiveError` for a trail that is not chained, and where the file cannot be read.
        """
        if not self.is_chained:
            raise HiveError(f"{self.path}: {NOT_CHAINED}; `audit list --json` shows its rows")
        last: tuple[int, bytes] | None = None  # number and digest of the row before
        with _in_words(self.path):
            for page in self._pages(CHOSEN_PAGE, _chosen(wanted, "", "")):
                for row in page:
                    is_next = last is not None and row[0] == last[0] + 1
                    yield row, last[1] if last is not None and is_next else self._link_before(row[1])
                    last = (row[0], row[-1])

    def _link_before(self, seq: int) -> bytes:
        for (digest,) in self._ask(LINK_BEFORE, {"seq": seq}):
            return bytes(digest)
        return GENESIS

    def _pages(self, statement: str, question: dict[str, object]) -> Iterator[list[TrailRow]]:
        after = -(2**63)
        while page := self._ask(statement, {**question, "after": after, "limit": PAGE}):
            yield page
            after = page[-1][1]

    def _ask(self, statement: str, question: dict[str, object]) -> list[Row]:
        return self._connection.execute(statement, question).fetchall()


def _chosen(wanted: Wanted, actor: str, target: str) -> dict[str, object]:
    return {
        "first": clamped_microseconds(wanted.begin),
        "end": clamped_microseconds(wanted.end),
        "actor": actor,
        "target": target,
    }


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise HiveError(f"cannot read {path}: {words_of(error)}") from error


def _connected(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_WAIT)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version; raises `HiveError` for what is not ours, holds nothing or is newer than we are."""
    application, version = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in _FACTS)
    known = max(sql.SCHEMA_VERSION, CHAINED_SINCE)
    if (application, version) == (0, 0):
        raise HiveError(f"{path} is empty: nothing has been recorded yet")
    if application != sql.APPLICATION_ID:
        raise HiveError(f"{path} is a database of another program")
    if not 1 <= version <= known:
        raise HiveError(f"{path} says version {version}; this hive-console knows 1 to {known}: upgrade to read it")
    return version


_FACTS = ("application_id", "user_version")
