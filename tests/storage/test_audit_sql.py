"""The table of the audit trail: it only grows, in order, and an older version's trail becomes a chain."""

# ruff: noqa: S608  # statements are put together from constants, never from what comes from outside

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import aiosqlite
import pytest

from hive_storage.audit_chain import NOT_CHAINED, TEXTS, AuditChain, audit_row_of
from hive_storage.audit_sql import (
    AUDIT_SCHEMA,
    INSERT_AUDIT,
    LAST_LINK,
    PAGE,
    SHOWN_CHAINED,
    TRAIL_PAGE,
    migrate_audit,
)
from tests.storage.audit_samples import BEGIN_US, append, taken, trail_database, trail_of, verify

_VERSION_3 = """
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  skew INTEGER NOT NULL DEFAULT 0 CHECK (skew >= 0),
  at_us INTEGER GENERATED ALWAYS AS (seq - skew) VIRTUAL,
  action_id TEXT NOT NULL, phase TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
  reason TEXT NOT NULL, parameter TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
  detail TEXT NOT NULL) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_only_onward BEFORE INSERT ON audit
  WHEN NEW.seq <= (SELECT coalesce(max(seq), -9223372036854775808) FROM audit)
  BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
"""
_INSERT_3 = "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_WORDS = ", ".join(TEXTS)
_NAMES = f"seq, skew, number, {_WORDS}, digest"


@pytest.fixture
def trail() -> Iterator[sqlite3.Connection]:
    connection = trail_database(rows=5)
    yield connection
    connection.close()


def _next_row(chain: AuditChain, number: int) -> tuple[object, ...]:
    (row,) = chain.rows(taken([number]))
    return row


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET reason = 'other'",
        "UPDATE OR REPLACE audit SET seq = seq + 1",
        "UPDATE OR IGNORE audit SET digest = zeroblob(32) WHERE number = 3",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE number = 5",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 5",
        f"REPLACE INTO audit ({_NAMES}) SELECT seq, 0, 6, {_WORDS}, digest FROM audit WHERE number = 5",
        f"REPLACE INTO audit ({_NAMES}) SELECT seq + 9, 0, 5, {_WORDS}, digest FROM audit WHERE number = 5",
        "INSERT INTO audit (seq, number) VALUES (9000000000000000, NULL)",
        "INSERT INTO audit (seq, number) VALUES (NULL, 6)",
        "INSERT INTO audit (seq, number) VALUES (9000000000000000, 7)",
        "INSERT INTO audit (seq, number) VALUES (1, 6)",
    ],
)
def test_what_is_written_stays(trail: sqlite3.Connection, statement: str, recursive: str) -> None:
    before = trail_of(trail)
    trail.execute(f"PRAGMA recursive_triggers = {recursive}")

    with pytest.raises(sqlite3.Error):
        trail.execute(statement)

    assert trail_of(trail) == before


@pytest.mark.parametrize("policy", ["OR REPLACE", "OR IGNORE", "OR FAIL", "OR ROLLBACK"])
def test_no_conflict_policy_lets_an_old_row_in_again(trail: sqlite3.Connection, policy: str) -> None:
    before = trail_of(trail)
    old = _next_row(AuditChain(), 1)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        trail.execute(INSERT_AUDIT.replace("INSERT", f"INSERT {policy}"), old)

    assert trail_of(trail) == before


def test_an_upsert_changes_nothing(trail: sqlite3.Connection) -> None:
    old = _next_row(AuditChain(), 1)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        trail.execute(f"{INSERT_AUDIT} ON CONFLICT (number) DO UPDATE SET reason = 'other'", old)


def test_only_a_digest_of_32_bytes_is_taken(trail: sqlite3.Connection) -> None:
    number, head = trail.execute(LAST_LINK).fetchone()
    *row, digest = _next_row(AuditChain(number, head), 6)

    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        trail.execute(INSERT_AUDIT, (*row, b"short"))

    trail.execute(INSERT_AUDIT, (*row, digest))
    assert verify(trail_of(trail)).rows == 6


def test_the_chain_goes_on_where_the_file_ends(trail: sqlite3.Connection) -> None:
    chain = AuditChain(*trail.execute(LAST_LINK).fetchone())

    append(trail, chain, range(6, 9))

    assert verify(trail_of(trail)).rows == 8
    assert trail.execute(LAST_LINK).fetchone() == (chain.number, chain.head)


# --- older versions ---------------------------------------------------------------------------------


def _version_3(path: Path, rows: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(_VERSION_3)
    connection.execute("BEGIN")
    links = AuditChain().rows(taken(range(1, rows + 1)))
    connection.executemany(_INSERT_3, [(*row[:2], *row[3:6], *row[7:14]) for row in links])
    connection.execute("COMMIT")
    connection.close()


async def _migrate(path: Path, *, ending: str = "COMMIT") -> AuditChain:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        await connection.execute("BEGIN IMMEDIATE")
        chain = await migrate_audit(connection)
        await connection.execute(ending)
    return chain


@pytest.mark.parametrize("rows", [0, 1, PAGE + 3])
async def test_an_older_trail_becomes_a_chain(tmp_path: Path, rows: int) -> None:
    file = tmp_path / "old.db"
    _version_3(file, rows)

    chain = await _migrate(file)

    connection = sqlite3.connect(file, isolation_level=None)
    found = trail_of(connection)
    checked = verify(found)
    append(connection, chain, range(rows + 1, rows + 3))
    after = verify(trail_of(connection))
    integrity = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    assert (checked.rows, checked.first_bad) == (rows, None)
    assert (after.rows, after.first_bad) == (rows + 2, None)
    assert chain.number == rows + 2
    assert integrity == ("ok",)


async def test_an_older_row_keeps_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    _version_3(file, 3)
    before = sqlite3.connect(file)
    said = before.execute("SELECT seq, at_us, action_id, actor, reason, detail FROM audit").fetchall()
    before.close()

    await _migrate(file)

    connection = sqlite3.connect(file)
    told = connection.execute("SELECT seq, at_us, action_id, actor, reason, detail FROM audit").fetchall()
    connection.close()
    assert told == said


async def test_a_migrated_file_has_the_schema_of_a_new_one(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    _version_3(file, 1)
    await _migrate(file)
    schema = "SELECT name, sql FROM sqlite_master ORDER BY name"
    new, old = sqlite3.connect(":memory:"), sqlite3.connect(file)
    new.executescript(AUDIT_SCHEMA)

    made, brought = new.execute(schema).fetchall(), old.execute(schema).fetchall()

    new.close()
    old.close()
    assert brought == made


async def test_a_migration_that_is_rolled_back_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    _version_3(file, 4)

    await _migrate(file, ending="ROLLBACK")

    connection = sqlite3.connect(file)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(audit)")]
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("DELETE FROM audit")
    connection.close()
    assert "digest" not in columns


def test_an_older_file_that_is_only_read_says_that_it_is_not_chained(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    _version_3(file, 4)
    connection = sqlite3.connect(file)
    connection.executescript(SHOWN_CHAINED)

    rows = trail_of(connection)
    connection.close()

    assert verify(rows).problem == NOT_CHAINED
    shown = audit_row_of(rows[0])
    assert (shown.number, shown.digest, shown.act.origin) == (0, "", "")
    assert shown.act.action_id == "r-op1"


def test_a_page_is_read_in_the_order_of_the_table_itself(trail: sqlite3.Connection) -> None:
    plan = trail.execute(f"EXPLAIN QUERY PLAN {TRAIL_PAGE}", {"after": BEGIN_US, "limit": 5}).fetchall()

    assert [row[3] for row in plan] == ["SEARCH audit USING INTEGER PRIMARY KEY (rowid>?)"]
