"""Every SQL statement of the house: the schema (version 3), what the recorder writes, what the reader asks.

Times are whole microseconds. `seq` is the time an event was taken in, in microseconds since 1970, moved up by
as little as keeps it unique and growing over all tables; so it is order, key and time index in one, without a
second index. `at_us = seq - skew` is the event's own time; `skew` is 0 for most rows and then takes no byte.
"""

# ruff: noqa: S608  # statements are put together from constants of this file, never from what comes from outside

from __future__ import annotations

APPLICATION_ID = 0x48495645
"""`HIVE` in the file's header, so that `file` and we can tell it from any other database."""

SCHEMA_VERSION = 3
"""`PRAGMA user_version` of the files this version writes."""

PREPARE = """
PRAGMA page_size = 4096;
PRAGMA auto_vacuum = INCREMENTAL;
"""
"""Must come before the first table; incremental vacuum lets a later version give space back in small steps."""

WRITER_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 1000;
PRAGMA journal_size_limit = 67108864;
PRAGMA secure_delete = FAST;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -8192;
PRAGMA trusted_schema = OFF;
PRAGMA mmap_size = 0;
PRAGMA cell_size_check = ON;
"""
"""FULL: one fsync a batch, so a power cut loses no more than kill -9 does. No mmap: it turns bugs into damage."""

READER_PRAGMAS = """
PRAGMA query_only = ON;
PRAGMA busy_timeout = 2000;
PRAGMA cache_size = -8192;
PRAGMA trusted_schema = OFF;
PRAGMA mmap_size = 0;
"""

_KEY = """
  seq INTEGER PRIMARY KEY,
  skew INTEGER NOT NULL DEFAULT 0 CHECK (skew >= 0),
  at_us INTEGER GENERATED ALWAYS AS (seq - skew) VIRTUAL"""

_STATE = """
CREATE TABLE state (model TEXT NOT NULL PRIMARY KEY, at_us INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
"""

_OPERATIONS_VIEW = """
CREATE VIEW operations AS SELECT o.seq, datetime(o.at_us / 1000000, 'unixepoch') AS utc, o.operation,
  q.text AS requested, r.text AS result, o.latency_us / 1000.0 AS latency_ms, o.attempts,
  s.text AS served_by, k.text AS kind, o.is_degraded, coalesce(p.text, 'normal') AS priority,
  coalesce(l.text, 'full') AS level, coalesce(w.text, '') AS route
  FROM operation o JOIN name q ON q.id = o.requested JOIN name r ON r.id = o.result
  JOIN name k ON k.id = o.kind LEFT JOIN name s ON s.id = o.served_by
  LEFT JOIN name p ON p.id = o.priority LEFT JOIN name l ON l.id = o.level LEFT JOIN name w ON w.id = o.route;
"""

_ATTEMPTS_VIEW = """
CREATE VIEW attempts AS SELECT a.seq, datetime(a.at_us / 1000000, 'unixepoch') AS utc, a.operation,
  m.text AS model, a.number, k.text AS kind, a.latency_us / 1000.0 AS latency_ms,
  a.first_token_us / 1000.0 AS first_token_ms, a.status, a.message, a.read_tokens, a.written_tokens
  FROM attempt a JOIN name m ON m.id = a.model JOIN name k ON k.id = a.kind;
"""

_TO_2 = f"""
{_STATE}
ALTER TABLE operation ADD COLUMN priority INTEGER;
ALTER TABLE operation ADD COLUMN level INTEGER;
"""

_TO_3 = f"""
ALTER TABLE operation ADD COLUMN route INTEGER;
ALTER TABLE attempt ADD COLUMN read_tokens INTEGER;
ALTER TABLE attempt ADD COLUMN written_tokens INTEGER;
DROP VIEW operations;
{_OPERATIONS_VIEW}
DROP VIEW attempts;
{_ATTEMPTS_VIEW}
"""

MIGRATIONS = (_TO_2, _TO_3)
"""What brings a file from version 1 on to the next one, each. They only ever add tables and columns with defaults:
no row is read or rewritten, so that a file of any size takes a moment, and a step is there whole or not at all."""

_TOKENLESS = "CREATE TEMP VIEW attempt AS SELECT *, NULL AS read_tokens, NULL AS written_tokens FROM main.attempt;"

SHOWN_AS_NEWER = (
    f"""
PRAGMA temp_store = MEMORY;
CREATE TEMP VIEW operation AS SELECT *, NULL AS priority, NULL AS level, NULL AS route FROM main.operation;
{_TOKENLESS}
""",
    f"""
PRAGMA temp_store = MEMORY;
CREATE TEMP VIEW operation AS SELECT *, NULL AS route FROM main.operation;
{_TOKENLESS}
""",
)
"""What lets a reader ask a file of version 1 on, each, as if it were of this version; nothing is written."""

SCHEMA = f"""
BEGIN IMMEDIATE;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;

CREATE TABLE run (
  id INTEGER PRIMARY KEY, started_us INTEGER NOT NULL, ended_us INTEGER, clean INTEGER NOT NULL DEFAULT 0,
  pid INTEGER NOT NULL, host TEXT NOT NULL, version TEXT NOT NULL) STRICT;

CREATE TABLE gap (
  id INTEGER PRIMARY KEY, t0_us INTEGER NOT NULL, t1_us INTEGER NOT NULL, cause TEXT NOT NULL,
  dropped INTEGER NOT NULL, detail TEXT NOT NULL) STRICT;

CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE event ({_KEY},
  kind TEXT NOT NULL, model INTEGER, body TEXT NOT NULL) STRICT;
CREATE INDEX event_kind ON event (kind);

CREATE TABLE probe ({_KEY},
  model INTEGER NOT NULL, kind INTEGER NOT NULL, latency_us INTEGER NOT NULL, status INTEGER,
  is_recovery INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
CREATE INDEX probe_model ON probe (model);

CREATE TABLE attempt ({_KEY},
  operation TEXT NOT NULL, model INTEGER NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL,
  latency_us INTEGER NOT NULL, first_token_us INTEGER, status INTEGER,
  message TEXT NOT NULL, read_tokens INTEGER, written_tokens INTEGER) STRICT;
CREATE INDEX attempt_model ON attempt (model);

CREATE TABLE operation ({_KEY},
  operation TEXT NOT NULL, requested INTEGER NOT NULL, result INTEGER NOT NULL, latency_us INTEGER NOT NULL,
  attempts INTEGER NOT NULL, served_by INTEGER, kind INTEGER NOT NULL, is_degraded INTEGER NOT NULL,
  priority INTEGER, level INTEGER, route INTEGER) STRICT;

CREATE TABLE audit ({_KEY},
  action_id TEXT NOT NULL, phase TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
  reason TEXT NOT NULL, parameter TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
  detail TEXT NOT NULL) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_only_onward BEFORE INSERT ON audit
  WHEN NEW.seq <= (SELECT coalesce(max(seq), -9223372036854775808) FROM audit)
  BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

{_STATE}
CREATE VIEW probes AS SELECT p.seq, datetime(p.at_us / 1000000, 'unixepoch') AS utc, m.text AS model,
  k.text AS kind, p.latency_us / 1000.0 AS latency_ms, p.status, p.is_recovery, p.message
  FROM probe p JOIN name m ON m.id = p.model JOIN name k ON k.id = p.kind;
{_ATTEMPTS_VIEW}{_OPERATIONS_VIEW}
CREATE VIEW events AS SELECT e.seq, datetime(e.at_us / 1000000, 'unixepoch') AS utc, e.kind, m.text AS model,
  e.body FROM event e LEFT JOIN name m ON m.id = e.model;
COMMIT;
"""


def migration(version: int) -> str:
    """The script that brings a file of `version` one version further, in one transaction."""
    step = MIGRATIONS[version - 1]
    return f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {version + 1}; COMMIT;"


# --- what the recorder writes ---------------------------------------------------------------------

LAST_SEQ = """
SELECT max(last) FROM (
  SELECT max(seq) AS last FROM event UNION ALL SELECT max(seq) FROM probe UNION ALL SELECT max(seq) FROM attempt
  UNION ALL SELECT max(seq) FROM operation UNION ALL SELECT max(seq) FROM audit)
"""
ALL_NAMES = "SELECT id, text FROM name"
MAX_SKEW = "SELECT value FROM meta WHERE key = 'max_skew_us'"
STATES = """
SELECT CAST(model AS BLOB), CASE WHEN length(CAST(body AS BLOB)) <= :longest THEN CAST(body AS BLOB) END
FROM state ORDER BY at_us DESC LIMIT :most
"""
"""As bytes: text that a broken disk made no text must not keep the file from opening."""

INSERT_NAME = "INSERT OR IGNORE INTO name (id, text) VALUES (?, ?)"
INSERT_EVENT = "INSERT INTO event (seq, skew, kind, model, body) VALUES (?, ?, ?, ?, ?)"
INSERT_PROBE = (
    "INSERT INTO probe (seq, skew, model, kind, latency_us, status, is_recovery, message)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_ATTEMPT = (
    "INSERT INTO attempt (seq, skew, operation, model, number, kind, latency_us, first_token_us, status, message,"
    " read_tokens, written_tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_OPERATION = (
    "INSERT INTO operation (seq, skew, operation, requested, result, latency_us, attempts, served_by, kind,"
    " is_degraded, priority, level, route) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_AUDIT = (
    "INSERT INTO audit (seq, skew, action_id, phase, actor, action, target, reason, parameter, before, after,"
    " detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_GAP = "INSERT INTO gap (t0_us, t1_us, cause, dropped, detail) VALUES (?, ?, ?, ?, ?)"
KEEP_STATE = "INSERT OR REPLACE INTO state (model, at_us, body) VALUES (?, ?, ?)"
FORGET_OLDEST_STATES = "DELETE FROM state WHERE model NOT IN (SELECT model FROM state ORDER BY at_us DESC LIMIT ?)"
SET_MAX_SKEW = "INSERT OR REPLACE INTO meta (key, value) VALUES ('max_skew_us', ?)"

END_CRASHED_RUNS = "UPDATE run SET ended_us = max(started_us, coalesce(?, started_us)) WHERE ended_us IS NULL"
BEGIN_RUN = "INSERT INTO run (started_us, pid, host, version) VALUES (?, ?, ?, ?)"
END_RUN = "UPDATE run SET ended_us = ?, clean = ? WHERE id = ?"

# --- what the reader asks: newest first, so that a limit keeps the newest ---------------------------

_WINDOW = "seq >= :first AND seq < :last AND at_us >= :first AND at_us < :end ORDER BY seq DESC LIMIT :limit"

SELECT_EVENTS = f"SELECT seq, at_us, kind, body FROM event WHERE {_WINDOW}"
SELECT_EVENTS_OF_KIND = f"SELECT seq, at_us, kind, body FROM event WHERE kind = :kind AND {_WINDOW}"
SELECT_PROBES = (
    f"SELECT seq, at_us, model, kind, latency_us, status, is_recovery, message FROM probe WHERE {_WINDOW}"
)
SELECT_ATTEMPTS = (
    "SELECT seq, at_us, operation, model, number, kind, latency_us, first_token_us, status, message,"
    f" read_tokens, written_tokens FROM attempt WHERE {_WINDOW}"
)
SELECT_OPERATIONS = (
    "SELECT seq, at_us, operation, requested, result, latency_us, attempts, served_by, kind, is_degraded,"
    f" priority, level, route FROM operation WHERE {_WINDOW}"
)
SELECT_AUDIT = (
    "SELECT seq, at_us, action_id, phase, actor, action, target, reason, parameter, before, after, detail"
    f" FROM audit WHERE {_WINDOW}"
)
SELECT_RUNS = "SELECT id, started_us, ended_us, clean, pid, host, version FROM run ORDER BY id DESC LIMIT :limit"
SELECT_GAPS = (
    "SELECT t0_us, t1_us, cause, dropped, detail FROM gap"
    " WHERE t1_us >= :first AND t0_us < :end ORDER BY id DESC LIMIT :limit"
)

SELECT_OF = {
    "ProbeFinished": SELECT_PROBES,
    "AttemptFinished": SELECT_ATTEMPTS,
    "OperationFinished": SELECT_OPERATIONS,
    "OperatorActed": SELECT_AUDIT,
}
"""Kinds with a table of their own."""

NEW_NAMES = "SELECT id, text FROM name WHERE id > :after"

_BUCKETS = (
    "SELECT (at_us - :first) / :step AS bucket, kind, count(*), sum(latency_us)"
    " FROM {table} WHERE model = (SELECT id FROM name WHERE text = :model)"
    " AND seq >= :first AND seq < :last AND at_us >= :first AND at_us < :end"
    " GROUP BY bucket, kind LIMIT :limit"
)
PROBE_BUCKETS = _BUCKETS.format(table="probe")
ATTEMPT_BUCKETS = _BUCKETS.format(table="attempt")

INTEGRITY_CHECK = "PRAGMA integrity_check(100)"
