"""A day's file: its schema (version 1) and what the recorder writes into it.

`seq` is what it is in the main file (see `sql`). Names are numbered anew in each file, so that a file opens
anywhere without any other. A plain request (one attempt, answered) is one row of `request`, from which both of its
events come back; what it has in common with thousands of others stands once, in `name`.
"""

# ruff: noqa: S608  # statements are put together from constants of this file, never from what comes from outside

from __future__ import annotations

from hive_storage.sql import KEY

FOLDER = "raw"
"""The folder of the days' files, in the data folder."""

APPLICATION_ID = 0x48495652
"""`HIVR` in the file's header."""

DAY_VERSION = 1
"""`PRAGMA user_version` of the days' files this version writes."""

SCHEMA_NAME = "day"
"""As what today's file is attached to the one connection that writes."""

PREPARE = f"""
PRAGMA {SCHEMA_NAME}.page_size = 4096;
"""

PRAGMAS = f"""
PRAGMA {SCHEMA_NAME}.journal_mode = WAL;
PRAGMA {SCHEMA_NAME}.synchronous = FULL;
PRAGMA {SCHEMA_NAME}.journal_size_limit = 67108864;
PRAGMA {SCHEMA_NAME}.cache_size = -8192;
PRAGMA {SCHEMA_NAME}.mmap_size = 0;
"""

TABLES = f"""
CREATE TABLE {{schema}}.name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE {{schema}}.request (
  seq INTEGER PRIMARY KEY, skew INTEGER NOT NULL, later INTEGER NOT NULL, later_skew INTEGER NOT NULL,
  operation ANY NOT NULL, shape INTEGER NOT NULL, latency_us INTEGER NOT NULL, first_token_us INTEGER,
  around_us INTEGER NOT NULL, read_tokens INTEGER, written_tokens INTEGER, cost INTEGER) STRICT;

CREATE TABLE {{schema}}.attempt ({KEY},
  operation TEXT NOT NULL, model INTEGER NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL,
  latency_us INTEGER NOT NULL, first_token_us INTEGER, status INTEGER,
  message TEXT NOT NULL, read_tokens INTEGER, written_tokens INTEGER, cost INTEGER) STRICT;
CREATE INDEX {{schema}}.attempt_model ON attempt (model);

CREATE TABLE {{schema}}.operation ({KEY},
  operation TEXT NOT NULL, requested INTEGER NOT NULL, result INTEGER NOT NULL, latency_us INTEGER NOT NULL,
  attempts INTEGER NOT NULL, served_by INTEGER, kind INTEGER NOT NULL, is_degraded INTEGER NOT NULL,
  priority INTEGER, level INTEGER, route INTEGER) STRICT;

CREATE TABLE {{schema}}.event ({KEY},
  kind TEXT NOT NULL, model INTEGER, body TEXT NOT NULL) STRICT;
CREATE INDEX {{schema}}.event_of ON event (kind, model);

CREATE VIEW {{schema}}.requests AS SELECT r.seq, datetime((r.seq - r.skew) / 1000000, 'unixepoch') AS utc,
  coalesce(json_extract(n.text, '$[0]') || '-', '') || r.operation AS operation,
  json_extract(n.text, '$[1]') AS model, json_extract(n.text, '$[3]') AS requested,
  json_extract(n.text, '$[4]') AS route, r.latency_us / 1000.0 AS latency_ms,
  r.first_token_us / 1000.0 AS first_token_ms, r.read_tokens, r.written_tokens, r.cost / 1e6 AS dollars
  FROM request r JOIN name n ON n.id = r.shape;
CREATE VIEW {{schema}}.attempts AS SELECT a.seq, datetime(a.at_us / 1000000, 'unixepoch') AS utc, a.operation,
  m.text AS model, a.number, k.text AS kind, a.latency_us / 1000.0 AS latency_ms,
  a.first_token_us / 1000.0 AS first_token_ms, a.status, a.message, a.read_tokens, a.written_tokens,
  a.cost / 1e6 AS dollars FROM attempt a JOIN name m ON m.id = a.model JOIN name k ON k.id = a.kind;
CREATE VIEW {{schema}}.operations AS SELECT o.seq, datetime(o.at_us / 1000000, 'unixepoch') AS utc, o.operation,
  q.text AS requested, r.text AS result, o.latency_us / 1000.0 AS latency_ms, o.attempts,
  s.text AS served_by, k.text AS kind, o.is_degraded, coalesce(w.text, '') AS route
  FROM operation o JOIN name q ON q.id = o.requested JOIN name r ON r.id = o.result JOIN name k ON k.id = o.kind
  LEFT JOIN name s ON s.id = o.served_by LEFT JOIN name w ON w.id = o.route;
"""
"""`later`: microseconds from the attempt's `seq` to the operation's. `operation`: the number of the operation, or
its whole id. `shape`: a name, a JSON list of what both events say beside the numbers; see `request_rows`.
`around_us`: what the operation took longer than its attempt."""

SCHEMA = f"""
PRAGMA {SCHEMA_NAME}.application_id = {APPLICATION_ID};
{TABLES.format(schema=SCHEMA_NAME)}
PRAGMA {SCHEMA_NAME}.user_version = {DAY_VERSION};
"""

INSERT_NAME = "INSERT OR IGNORE INTO day.name (id, text) VALUES (?, ?)"
INSERT_EVENT = "INSERT INTO day.event (seq, skew, kind, model, body) VALUES (?, ?, ?, ?, ?)"
INSERT_ATTEMPT = (
    "INSERT INTO day.attempt (seq, skew, operation, model, number, kind, latency_us, first_token_us, status,"
    " message, read_tokens, written_tokens, cost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_OPERATION = (
    "INSERT INTO day.operation (seq, skew, operation, requested, result, latency_us, attempts, served_by, kind,"
    " is_degraded, priority, level, route) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
