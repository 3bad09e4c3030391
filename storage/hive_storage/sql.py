"""The main file: its schema (version 5), how older files become it, and what the recorder writes into it.

Times are whole microseconds. `seq` is the time an event was taken in, in microseconds since 1970, moved up by
as little as keeps it unique and growing over all tables; so it is order, key and time index in one, without a
second index. `at_us = seq - skew` is the event's own time; `skew` is 0 for most rows and then takes no byte.
"""

# ruff: noqa: S608  # statements are put together from constants of this file, never from what comes from outside

from __future__ import annotations

from hive_console.core.rollup import Tier
from hive_storage.audit_sql import AUDIT_SCHEMA, SHOWN_CHAINED

ROLL_UP_TABLES = {Tier.TEN_SECONDS: "r10", Tier.MINUTE: "r60", Tier.HOUR: "r3600", Tier.DAY: "r86400"}
"""Where windows of each length are kept. `t` is when one begins, in Unix seconds."""

APPLICATION_ID = 0x48495645
"""`HIVE` in the file's header, so that `file` and we can tell it from any other database."""

SCHEMA_VERSION = 5
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

KEY = """
  seq INTEGER PRIMARY KEY,
  skew INTEGER NOT NULL DEFAULT 0 CHECK (skew >= 0),
  at_us INTEGER GENERATED ALWAYS AS (seq - skew) VIRTUAL"""
"""The columns every table of events begins with."""

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

_ROLL_UP_TABLES = "".join(
    f"""
CREATE TABLE {table} (
  model INTEGER NOT NULL, t INTEGER NOT NULL,
  calls INTEGER NOT NULL, failed INTEGER NOT NULL, timeouts INTEGER NOT NULL, throttled INTEGER NOT NULL,
  neutral INTEGER NOT NULL, retries INTEGER NOT NULL,
  operations INTEGER NOT NULL, answered INTEGER NOT NULL, unanswered INTEGER NOT NULL, moved_out INTEGER NOT NULL,
  moved_in INTEGER NOT NULL, degraded INTEGER NOT NULL,
  latency_us INTEGER NOT NULL, latency_min_us INTEGER, latency_max_us INTEGER,
  first_tokens INTEGER NOT NULL, first_token_us INTEGER NOT NULL,
  read_tokens INTEGER NOT NULL, written_tokens INTEGER NOT NULL, cost INTEGER NOT NULL,
  probes INTEGER NOT NULL, probes_failed INTEGER NOT NULL, probe_us INTEGER NOT NULL,
  recoveries INTEGER NOT NULL, recovery_ms INTEGER NOT NULL,
  known_ms INTEGER NOT NULL, available_ms INTEGER NOT NULL, status INTEGER, breaker INTEGER,
  latency BLOB, first_token BLOB,
  PRIMARY KEY (model, t)) WITHOUT ROWID, STRICT;
"""
    for table in ROLL_UP_TABLES.values()
)

_ROLL_UP_VIEWS = "".join(
    f"""
CREATE VIEW {view} AS SELECT n.text AS model, datetime(r.t, 'unixepoch') AS utc, r.calls, r.failed, r.neutral,
  r.operations, r.answered, r.moved_out, r.moved_in,
  r.latency_us / 1000.0 / nullif(r.calls - r.failed - r.neutral, 0) AS mean_ms,
  r.latency_max_us / 1000.0 AS slowest_ms,
  r.read_tokens, r.written_tokens, r.cost / 1e6 AS dollars,
  100.0 * r.available_ms / nullif(r.known_ms, 0) AS available_percent
  FROM {ROLL_UP_TABLES[tier]} r JOIN name n ON n.id = r.model;
"""
    for view, tier in (("minutes", Tier.MINUTE), ("hours", Tier.HOUR), ("days", Tier.DAY))
)

_ALERT_COLUMNS = """
  seq INTEGER PRIMARY KEY, alert_id TEXT NOT NULL, rule TEXT NOT NULL, severity TEXT NOT NULL,
  subject TEXT NOT NULL, text TEXT NOT NULL, raised_us INTEGER NOT NULL, resolved_us INTEGER,
  acknowledged_us INTEGER, acknowledged_by TEXT, note TEXT"""

_ALERT_4 = f"""
CREATE TABLE alert ({_ALERT_COLUMNS}) STRICT;
CREATE INDEX alert_firing ON alert (alert_id) WHERE resolved_us IS NULL;
CREATE INDEX alert_resolved ON alert (resolved_us);
"""

_ALERT = f"""
CREATE TABLE alert ({_ALERT_COLUMNS}, changed_us INTEGER, body TEXT) STRICT;
CREATE INDEX alert_resolved ON alert (resolved_us);
"""

_ABOUT = """
CREATE TABLE about (seq INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (seq, id)) WITHOUT ROWID, STRICT;
"""

_ABOUT_INDEXES = """
CREATE INDEX about_id ON about (id, seq);
CREATE INDEX alert_of ON alert (alert_id);
"""

_SELF = """
CREATE TABLE recorder (
  t INTEGER PRIMARY KEY, taken INTEGER NOT NULL, recorded INTEGER NOT NULL, dropped INTEGER NOT NULL,
  queued_max INTEGER NOT NULL, commits INTEGER NOT NULL, commit_us INTEGER NOT NULL, commit_max_us INTEGER NOT NULL,
  log_bytes INTEGER NOT NULL, file_bytes INTEGER NOT NULL, free_bytes INTEGER NOT NULL) STRICT;
"""

_EVENT_INDEX = """
CREATE INDEX event_of ON event (kind, model);
"""

_TO_4 = f"""
{_ROLL_UP_TABLES}{_ROLL_UP_VIEWS}{_ALERT_4}{_SELF}
DROP INDEX event_kind;
{_EVENT_INDEX}
"""

_TO_5 = f"""
ALTER TABLE alert ADD COLUMN changed_us INTEGER;
ALTER TABLE alert ADD COLUMN body TEXT;
DROP INDEX alert_firing;
{_ABOUT}{_ABOUT_INDEXES}
"""

MIGRATIONS = (_TO_2, _TO_3, _TO_4, _TO_5)
"""What brings a file from version 1 on to the next one, each. They only ever add tables and columns with defaults:
no row is rewritten, and of a large table none is read, so that a file of any size takes a moment; a step is there
whole or not at all."""

_TOKENLESS = "CREATE TEMP VIEW attempt AS SELECT *, NULL AS read_tokens, NULL AS written_tokens FROM main.attempt;"

_SHOWN_AS_4 = f"""
{(_ROLL_UP_TABLES + _ALERT.partition("CREATE INDEX")[0] + _ABOUT).replace("CREATE TABLE", "CREATE TEMP TABLE")}
{SHOWN_CHAINED}
"""
"""Nothing was rolled up, and alerts are told by their events."""

_SHOWN_AS_5 = f"""
CREATE TEMP VIEW alert AS SELECT *, NULL AS changed_us, NULL AS body FROM main.alert;
{_ABOUT.replace("CREATE TABLE", "CREATE TEMP TABLE")}
"""
"""Nobody wrote down which events are about which alert."""

_IN_MEMORY = "PRAGMA temp_store = MEMORY;"  # comes first: it removes what is temporary already

SHOWN_AS_NEWER = (
    f"""
{_IN_MEMORY}
CREATE TEMP VIEW operation AS SELECT *, NULL AS priority, NULL AS level, NULL AS route FROM main.operation;
{_TOKENLESS}{_SHOWN_AS_4}
""",
    f"""
{_IN_MEMORY}
CREATE TEMP VIEW operation AS SELECT *, NULL AS route FROM main.operation;
{_TOKENLESS}{_SHOWN_AS_4}
""",
    f"{_IN_MEMORY}{_SHOWN_AS_4}",
    f"{_IN_MEMORY}{_SHOWN_AS_5}",
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

CREATE TABLE event ({KEY},
  kind TEXT NOT NULL, model INTEGER, body TEXT NOT NULL) STRICT;
{_EVENT_INDEX}
CREATE TABLE probe ({KEY},
  model INTEGER NOT NULL, kind INTEGER NOT NULL, latency_us INTEGER NOT NULL, status INTEGER,
  is_recovery INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
CREATE INDEX probe_model ON probe (model);

CREATE TABLE attempt ({KEY},
  operation TEXT NOT NULL, model INTEGER NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL,
  latency_us INTEGER NOT NULL, first_token_us INTEGER, status INTEGER,
  message TEXT NOT NULL, read_tokens INTEGER, written_tokens INTEGER) STRICT;
CREATE INDEX attempt_model ON attempt (model);

CREATE TABLE operation ({KEY},
  operation TEXT NOT NULL, requested INTEGER NOT NULL, result INTEGER NOT NULL, latency_us INTEGER NOT NULL,
  attempts INTEGER NOT NULL, served_by INTEGER, kind INTEGER NOT NULL, is_degraded INTEGER NOT NULL,
  priority INTEGER, level INTEGER, route INTEGER) STRICT;

{AUDIT_SCHEMA}
{_STATE}{_ROLL_UP_TABLES}{_ROLL_UP_VIEWS}{_ALERT}{_SELF}{_ABOUT}{_ABOUT_INDEXES}
CREATE VIEW probes AS SELECT p.seq, datetime(p.at_us / 1000000, 'unixepoch') AS utc, m.text AS model,
  k.text AS kind, p.latency_us / 1000.0 AS latency_ms, p.status, p.is_recovery, p.message
  FROM probe p JOIN name m ON m.id = p.model JOIN name k ON k.id = p.kind;
{_ATTEMPTS_VIEW}{_OPERATIONS_VIEW}
CREATE VIEW events AS SELECT e.seq, datetime(e.at_us / 1000000, 'unixepoch') AS utc, e.kind, m.text AS model,
  e.body FROM event e LEFT JOIN name m ON m.id = e.model;
COMMIT;
"""


# --- what the recorder writes ---------------------------------------------------------------------

LAST_SEQ = """
SELECT max(last) FROM (
  SELECT max(seq) AS last FROM event UNION ALL SELECT max(seq) FROM probe UNION ALL SELECT max(seq) FROM attempt
  UNION ALL SELECT max(seq) FROM operation UNION ALL SELECT max(seq) FROM audit)
"""
ALL_NAMES = "SELECT id, text FROM name"
ROLLED_UNTIL = "SELECT value FROM meta WHERE key = 'rolled_us'"
MAX_SKEW = "SELECT value FROM meta WHERE key = 'max_skew_us'"
STATES = """
SELECT CAST(model AS BLOB), CASE WHEN length(CAST(body AS BLOB)) <= :longest THEN CAST(body AS BLOB) END
FROM state ORDER BY at_us DESC LIMIT :most
"""
"""As bytes: text that a broken disk made no text must not keep the file from opening."""

INSERT_NAME = "INSERT OR IGNORE INTO name (id, text) VALUES (?, ?)"
INSERT_EVENT = "INSERT INTO event (seq, skew, kind, model, body) VALUES (?, ?, ?, ?, ?)"
INSERT_ABOUT = "INSERT OR IGNORE INTO about (seq, id) VALUES (?, ?)"
INSERT_PROBE = (
    "INSERT INTO probe (seq, skew, model, kind, latency_us, status, is_recovery, message)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
EXTEND_GAP = (
    "UPDATE gap SET t1_us = max(t1_us, ?), dropped = dropped + ?, detail = ? WHERE id = (SELECT max(id) FROM gap)"
)
INSERT_GAP = "INSERT INTO gap (t0_us, t1_us, cause, dropped, detail) VALUES (?, ?, ?, ?, ?)"
INSERT_HEALTH = (
    "INSERT OR REPLACE INTO recorder (t, taken, recorded, dropped, queued_max, commits, commit_us, commit_max_us,"
    " log_bytes, file_bytes, free_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
KEEP_STATE = "INSERT OR REPLACE INTO state (model, at_us, body) VALUES (?, ?, ?)"
FORGET_OLDEST_STATES = "DELETE FROM state WHERE model NOT IN (SELECT model FROM state ORDER BY at_us DESC LIMIT ?)"
SET_ROLLED = "INSERT OR REPLACE INTO meta (key, value) VALUES ('rolled_us', ?)"
SET_MAX_SKEW = "INSERT OR REPLACE INTO meta (key, value) VALUES ('max_skew_us', ?)"

CRASHED_RUNS = "SELECT id FROM run WHERE ended_us IS NULL"
END_CRASHED_RUNS = "UPDATE run SET ended_us = max(started_us, coalesce(?, started_us)) WHERE ended_us IS NULL"
BEGIN_RUN = "INSERT INTO run (started_us, pid, host, version) VALUES (?, ?, ?, ?)"
END_RUN = "UPDATE run SET ended_us = ?, clean = ? WHERE id = ?"

# --- what a reader asks of tables of one kind ---------------------------------------------------------

PROBE_COLUMNS = "seq, at_us, model, kind, latency_us, status, is_recovery, message"
ATTEMPT_COLUMNS = (
    "seq, at_us, operation, model, number, kind, latency_us, first_token_us, status, message, read_tokens,"
    " written_tokens"
)
OPERATION_COLUMNS = (
    "seq, at_us, operation, requested, result, latency_us, attempts, served_by, kind, is_degraded, priority, level,"
    " route"
)
