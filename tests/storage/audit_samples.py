"""Trails for the tests of the audit, made with the statements of the house, and a file without its guards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from hive_console.core.events import OperatorActed
from hive_console.core.states import Action, ActionPhase
from hive_console.core.store import AuditCheck
from hive_storage import sql
from hive_storage.audit_chain import AuditChain, TrailRow, Verification
from hive_storage.audit_sql import AUDIT_SCHEMA, CHAINED_SINCE, INSERT_AUDIT, TRAIL_PAGE

BEGIN_US = 1_790_000_000_000_000
SPACING_US = 1_000_003
"""Between two rows; no sum of powers of 256, so that an edited byte never makes one row's key another's."""

LONGEST = 1_000_000


def act(number: int) -> OperatorActed:
    return OperatorActed(
        at=(BEGIN_US + number * SPACING_US) / 1e6,
        action_id=f"r-op{number}",
        actor="ann" if number % 2 else "bob",
        action=Action.TRIP if number % 3 else Action.RESET,
        phase=ActionPhase.INTENDED,
        target="alpha" if number % 5 else "bêta",
        reason="it lies" if number % 4 else "",
        parameter="",
        before="closed",
        after="open",
        detail="",
        origin="ssh 10.0.0.5" if number % 2 else "",
    )


def taken(numbers: Iterable[int]) -> list[tuple[int, int, OperatorActed]]:
    return [(BEGIN_US + number * SPACING_US, number % 3, act(number)) for number in numbers]


def trail_database(
    path: Path | str = ":memory:", *, rows: int = 0, schema: str = AUDIT_SCHEMA
) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        f"PRAGMA application_id = {sql.APPLICATION_ID}; PRAGMA user_version = {CHAINED_SINCE}; {schema}"
    )
    append(connection, AuditChain(), range(1, rows + 1))
    return connection


def append(connection: sqlite3.Connection, chain: AuditChain, numbers: Iterable[int]) -> None:
    connection.execute("BEGIN")
    connection.executemany(INSERT_AUDIT, chain.rows(taken(numbers)))
    connection.execute("COMMIT")
    chain.kept()


def trail_of(connection: sqlite3.Connection) -> list[TrailRow]:
    return connection.execute(TRAIL_PAGE, {"after": 0, "limit": LONGEST}).fetchall()


def without_guards() -> str:
    """The schema as somebody leaves it who wants to change rows."""
    table = AUDIT_SCHEMA.split("CREATE TRIGGER")[0]
    return (
        table.replace(" UNIQUE", "").replace(" CHECK (length(digest) = 32)", "").replace(" CHECK (skew >= 0)", "")
    )


def verify(rows: Iterable[TrailRow], anchors: Iterable[tuple[int, str]] = ()) -> AuditCheck:
    """What is found when all rows are taken at once."""
    verification = Verification(anchors)
    verification.take(rows)
    return verification.result()
