"""The table of the audit trail: made, asked page by page, and brought over from versions that had no chain.

Triggers keep an honest program from damaging it. Whoever can write the file can drop them; what finds him out is
the chain (`audit_chain`) and anchors that he cannot reach (`anchors`).
"""

# ruff: noqa: S608  # statements are put together from constants of this file, never from what comes from outside

from __future__ import annotations

import aiosqlite

from hive_storage.audit_chain import TEXTS, AuditChain, unchained_row

CHAINED_SINCE = 4
"""The first version of the schema whose trail is a chain."""

PAGE = 2_000
"""Rows of one page: a reader that stops between two pages pins no log, and 2,000 rows take 10 ms to verify."""

_TRIGGERS = (
    """
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
""",
    """
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
""",
    # It fires before a conflict is resolved, so that INSERT OR REPLACE never comes to delete what it would
    # replace; SQLite fires no DELETE trigger for that unless recursive_triggers is on.
    """
CREATE TRIGGER audit_only_onward BEFORE INSERT ON audit
  WHEN NEW.number IS NOT (SELECT coalesce((SELECT number FROM audit ORDER BY seq DESC LIMIT 1), 0) + 1)
    OR NEW.seq <= (SELECT coalesce(max(seq), -9223372036854775808) FROM audit)
  BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
""",
)

_TABLE = """
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  skew INTEGER NOT NULL DEFAULT 0 CHECK (skew >= 0),
  at_us INTEGER GENERATED ALWAYS AS (seq - skew) VIRTUAL,
  number INTEGER NOT NULL UNIQUE,
  action_id TEXT NOT NULL, phase TEXT NOT NULL, actor TEXT NOT NULL, origin TEXT NOT NULL, action TEXT NOT NULL,
  target TEXT NOT NULL, reason TEXT NOT NULL, parameter TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
  detail TEXT NOT NULL, digest BLOB NOT NULL CHECK (length(digest) = 32)) STRICT;
"""

AUDIT_SCHEMA = _TABLE + "".join(_TRIGGERS)
"""The table and its triggers, in a new file."""

INSERT_AUDIT = (
    f"INSERT INTO audit (seq, skew, number, {', '.join(TEXTS)}, digest)"
    f" VALUES (?, ?, ?, {', '.join('?' * len(TEXTS))}, ?)"
)
"""Takes the rows of `AuditChain.rows`."""

LAST_LINK = "SELECT number, digest FROM audit ORDER BY seq DESC LIMIT 1"
"""Where the chain stands, for `AuditChain`; no row in an empty trail."""

TRAIL_COLUMNS = f"number, seq, at_us, {', '.join(f'CAST({text} AS BLOB)' for text in TEXTS)}, digest"
"""Texts as bytes: one that is no text any more must reach the verifier as a bad row, not as an error."""

TRAIL_PAGE = f"SELECT {TRAIL_COLUMNS} FROM audit WHERE seq > :after ORDER BY seq LIMIT :limit"
"""The next rows after a key, in the order of the table itself: an index could be made to hide one."""

_CHOSEN = """
at_us >= :first AND at_us < :end
  AND (:actor = '' OR instr(lower(actor || ' ' || origin), lower(:actor)) > 0)
  AND (:target = '' OR instr(lower(target), lower(:target)) > 0)
"""

CHOSEN_NEWEST = f"SELECT {TRAIL_COLUMNS} FROM audit WHERE {_CHOSEN} ORDER BY seq DESC LIMIT :limit"
"""The newest rows of a window by some actor about some target, newest first; empty words leave nothing out."""

CHOSEN_PAGE = f"SELECT {TRAIL_COLUMNS} FROM audit WHERE seq > :after AND {_CHOSEN} ORDER BY seq LIMIT :limit"

LINK_BEFORE = "SELECT digest FROM audit WHERE seq < :seq ORDER BY seq DESC LIMIT 1"
"""The digest that the row with this key follows."""

SHOWN_CHAINED = """
CREATE TEMP VIEW audit AS SELECT seq, skew, at_us, NULL AS number, action_id, phase, actor, '' AS origin, action,
  target, reason, parameter, before, after, detail, NULL AS digest FROM main.audit;
"""
"""What lets a reader ask a file of version 1 to 3 as if it were of this one; its rows have no number, no digest."""

_OLD = "audit_unchained"
_OLD_PAGE = (
    "SELECT seq, skew, action_id, phase, actor, action, target, reason, parameter, before, after, detail"
    f" FROM {_OLD} ORDER BY seq"
)


async def migrate_audit(connection: aiosqlite.Connection) -> AuditChain:
    """Gives every row of a version 3 trail its number and digest; where the chain then stands.

    Runs inside the transaction that the caller has begun, in little memory. The rows are copied, since they can
    only be chained whole; a trail has a few thousand. What was done to them before nobody can tell: from now on
    they are as they are.
    """
    chain = AuditChain()
    for trigger in ("audit_no_update", "audit_no_delete", "audit_only_onward"):
        await connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    await connection.execute(f"ALTER TABLE audit RENAME TO {_OLD}")
    await connection.execute(_TABLE)
    async with connection.execute(_OLD_PAGE) as cursor:
        while page := await cursor.fetchmany(PAGE):
            rows = [unchained_row(tuple(row)) for row in page]
            await connection.executemany(INSERT_AUDIT, chain.linked(rows))
            chain.kept()
    await connection.execute(f"DROP TABLE {_OLD}")
    for trigger in _TRIGGERS:
        await connection.execute(trigger)
    return chain
