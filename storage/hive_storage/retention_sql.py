"""What retention asks and removes. Each statement touches a bounded number of rows, and finds them by a key."""

# ruff: noqa: S608  # statements are put together from constants of this house, never from what comes from outside

from __future__ import annotations

from hive_storage.sql import ROLL_UP_TABLES

_SPANS = """
WITH RECURSIVE known (model) AS (
  SELECT min(model) FROM main.{table}
  UNION ALL
  SELECT (SELECT min(next.model) FROM main.{table} AS next WHERE next.model > known.model)
  FROM known WHERE known.model IS NOT NULL)
SELECT model, (SELECT min(own.t) FROM main.{table} AS own WHERE own.model = known.model),
  (SELECT max(own.t) FROM main.{table} AS own WHERE own.model = known.model)
FROM known WHERE model IS NOT NULL
"""

SPANS_OF = {tier: _SPANS.format(table=table) for tier, table in ROLL_UP_TABLES.items()}
"""Each model with its first and its last window: three seeks a model, however many windows there are."""

REMOVE_WINDOWS = {
    tier: f"DELETE FROM main.{table} WHERE model = ? AND t < ?" for tier, table in ROLL_UP_TABLES.items()
}

WINDOW_BYTES = 115
"""What a window takes beside its two histograms, measured with two bytes a number."""

MEASURE_WINDOWS = {
    tier: (
        f"SELECT count(*), total({WINDOW_BYTES} + coalesce(length(latency), 0) + coalesce(length(first_token), 0))"
        f" FROM main.{table} WHERE model = ? AND t >= ? AND t < ?"
    )
    for tier, table in ROLL_UP_TABLES.items()
}

PROBE_BYTES = 34
"""What a health check takes beside its message, its entry in the index included."""

MEASURE_PROBES = (
    f"SELECT count(*), total({PROBE_BYTES} + length(message)) FROM main.probe WHERE seq >= ? AND seq < ?"
)
PROBE_SPAN = "SELECT min(seq), max(seq) FROM main.probe"

_UP_TO = """
SELECT max(seq) FROM (SELECT seq FROM main.{table} WHERE seq > :after AND seq < :cut ORDER BY seq LIMIT :rows)
"""
BY_SEQ = ("probe", "attempt", "operation")
"""Tables whose rows go by their age alone. Requests are here only in files of before the days had their own."""

UP_TO = {table: _UP_TO.format(table=table) for table in (*BY_SEQ, "event")}
REMOVE_BY_SEQ = {table: f"DELETE FROM main.{table} WHERE seq <= :upto" for table in BY_SEQ}

REMOVE_EVENTS = """
DELETE FROM main.event WHERE seq > :after AND seq <= :upto AND EXISTS (
  SELECT 1 FROM main.event AS later WHERE later.kind = event.kind AND later.model IS event.model
  AND later.seq > event.seq AND later.seq < :cut)
"""
"""The newest event of each kind and model before the cut stays: what was true at the cut is told nowhere else."""

REMOVE_ABOUT = """
DELETE FROM main.about WHERE seq > :after AND seq <= :upto
  AND NOT EXISTS (SELECT 1 FROM main.event WHERE event.seq = about.seq)
  AND NOT EXISTS (SELECT 1 FROM main.audit WHERE audit.seq = about.seq)
"""
"""What those events were about."""

REMOVE_SMALL = {
    "gap": "DELETE FROM main.gap WHERE id IN (SELECT id FROM main.gap ORDER BY id LIMIT :rows) AND t1_us < :cut",
    "run": (
        "DELETE FROM main.run WHERE id IN (SELECT id FROM main.run ORDER BY id LIMIT :rows) AND ended_us < :cut"
        " AND id < (SELECT max(id) FROM main.run)"
    ),
    "alert": (
        "DELETE FROM main.alert WHERE seq IN (SELECT seq FROM main.alert ORDER BY seq LIMIT :rows)"
        " AND resolved_us < :cut"
    ),
    "recorder": (
        "DELETE FROM main.recorder WHERE t IN (SELECT t FROM main.recorder ORDER BY t LIMIT :rows)"
        " AND t * 1000000 < :cut"
    ),
}
"""Small tables, oldest rows first. What is not over (a life, an alert) has no end, and stays."""

PAGE_SIZE = "PRAGMA main.page_size"
PAGE_COUNT = "PRAGMA main.page_count"
FREE_PAGES = "PRAGMA main.freelist_count"
FILES = "PRAGMA database_list"
GIVE_BACK = "PRAGMA main.incremental_vacuum({pages})"
