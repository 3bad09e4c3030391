"""What a recording holds, and what a person who reads it should know first."""

from __future__ import annotations

from hive_console.core.errors import HiveError
from hive_console.core.events import EngineStarted, SettingsReloaded
from hive_console.core.store import Holdings
from hive_storage import codec, sql
from hive_storage.asking import MOST_ATTACHED, Asker, View
from hive_storage.days_read import Days
from hive_storage.folder import holder_of
from hive_storage.micros import seconds
from hive_storage.opening import Opened
from hive_storage.tables import IN_DAY, IN_MAIN

MOST_STARTS = 500
"""Starts and reloads whose lists of models are read: the oldest ones, in the order models were first met."""

_SPAN = "SELECT (SELECT min(seq) FROM {table}), (SELECT max(seq) FROM {table})"
"""Two subselects: SQLite finds either end by the key, but both together by reading the whole table."""

_LISTS = """
SELECT seq, at_us, kind, body FROM event WHERE kind = :kind AND model IS NULL ORDER BY seq LIMIT :limit
"""
_MET = """
SELECT n.text FROM name AS n WHERE EXISTS (SELECT 1 FROM r86400 WHERE model = n.id)
  OR EXISTS (SELECT 1 FROM r60 WHERE model = n.id)
  OR EXISTS (SELECT 1 FROM probe WHERE model = n.id) OR EXISTS (SELECT 1 FROM attempt WHERE model = n.id)
  OR EXISTS (SELECT 1 FROM event WHERE kind IN ('StatusChanged', 'BreakerChanged') AND model = n.id)
  ORDER BY n.id
"""
_LAST_RUN_ENDED = "SELECT ended_us IS NOT NULL FROM run ORDER BY id DESC LIMIT 1"


async def holdings_of(opened: Opened, asker: Asker, days: Days) -> Holdings:
    """See `Store.holdings`."""
    paths = [path for _, path in days.all()]
    edges = list(dict.fromkeys([*paths[:1], *paths[-(MOST_ATTACHED - 1) :]]))
    async with asker.view(edges) as view:
        spans = [await _span(view, table.name) for table in IN_MAIN]
        for path, (schema, _) in view.days.items():
            with asker.noting(path):
                spans += [await _span(view, f"{schema}.{table.name}") for table in IN_DAY]
        models = await _models(view)
        is_ended = bool(await view.value(_LAST_RUN_ENDED))
    firsts = [first for first, _ in spans if first is not None]
    lasts = [last for _, last in spans if last is not None]
    is_live = opened.day_alone is None and _is_held(opened)
    return Holdings(
        begin=seconds(min(firsts)) if firsts else None,
        end=seconds(max(lasts)) if lasts else None,
        models=models,
        is_live=is_live,
        caution=_caution(opened, asker, has_lost_log=opened.is_without_log and not is_ended and not is_live),
    )


async def _span(view: View, table: str) -> tuple[int | None, int | None]:
    ((first, last),) = await view.rows(_SPAN.format(table=table))
    return first, last


async def _models(view: View) -> tuple[str, ...]:
    """In the order they were first met: those of the settings as they stood there, then what else was told of."""
    rows = [
        row
        for kind in (EngineStarted, SettingsReloaded)
        for row in await view.rows(_LISTS, {"kind": kind.__name__, "limit": MOST_STARTS})
    ]
    found: dict[str, None] = {}
    for row in sorted(rows, key=lambda row: int(row[0])):
        try:
            event = codec.event_of_row(row, {})
        except (HiveError, ValueError, KeyError, TypeError):
            continue
        found.update(dict.fromkeys(getattr(event, "models", ())))
    found.update((str(row[0]), None) for row in await view.rows(_MET))
    return tuple(found)


def _is_held(opened: Opened) -> bool:
    try:
        return holder_of(opened.file.parent) is not None
    except HiveError:
        return False


def _caution(opened: Opened, asker: Asker, *, has_lost_log: bool) -> str:
    said: list[str] = []
    if opened.day_alone is not None:
        said.append("one day alone: requests only")
    if has_lost_log:
        said.append("copied without its log (hive.db-wal) while it was written: the newest rows may be missing")
    if opened.version < sql.SCHEMA_VERSION:
        said.append(f"written by an older version (schema {opened.version})")
    said += [f"{path.name} cannot be read: {problem}" for path, problem in asker.problems.items()]
    return "; ".join(said)
