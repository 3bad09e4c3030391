"""The fleet as it was: the last word of each kind about each model, found by index, never by a scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hive_console.core import events as e
from hive_console.core.bygone import (
    OF_FLEET,
    OF_MODEL,
    TELLING_BEFORE,
    Words,
    fleet_at,
    holds_at,
    model_at,
    routes_at,
)
from hive_console.core.configured import FleetSetup, setup_of
from hive_console.core.journal import UnknownEvent
from hive_console.core.outcome import OutcomeKind
from hive_console.core.store import FleetAt, Gap
from hive_storage import codec, sql
from hive_storage.alerts_read import alerts_at
from hive_storage.asking import Asker, View
from hive_storage.days_read import DAY_US, Days
from hive_storage.lives import gap_of_row
from hive_storage.micros import clamped_microseconds, seconds
from hive_storage.notices_read import channels_at
from hive_storage.request_rows import Row
from hive_storage.stories import silences_then

LAST_CHECKS = 20
"""Checks of a model before the instant that are looked through for its last failure."""

MOST_WORDS = 100
"""Words about keys, and about settings, that are looked through: each is rare."""

MOST_HOLDS = 1_000
"""Words of one kind about holds that are looked through: an operator's, of one life of an engine."""

_FARTHEST = 2**62
_SUCCESS = OutcomeKind.SUCCESS.value

_LAST = """
SELECT seq, at_us, kind, body FROM event
  WHERE kind = :kind AND model IS NULL AND seq >= :since AND seq < :last AND at_us <= :at
  ORDER BY seq DESC LIMIT :limit
"""

_LAST_OF_MODELS = """
SELECT e.model, e.seq, e.at_us, e.kind, e.body FROM m CROSS JOIN event AS e WHERE e.seq = (
  SELECT seq FROM event
    WHERE kind = :kind AND model = m.id AND seq >= :since AND seq < :last AND at_us <= :at
    ORDER BY seq DESC LIMIT 1)
"""

_NEXT_OF_MODELS = """
SELECT e.model, e.seq, e.at_us, e.kind, e.body FROM m CROSS JOIN event AS e WHERE e.seq = (
  SELECT seq FROM event
    WHERE kind = :kind AND model = m.id AND seq > :at AND seq < :until AND at_us > :at ORDER BY seq LIMIT 1)
"""

_NEXT_START = (
    "SELECT min(seq) FROM event WHERE kind = 'EngineStarted' AND model IS NULL AND seq > :at AND at_us > :at"
)

_LAST_CHECK = """
SELECT m.id, (SELECT at_us FROM probe WHERE model = m.id AND seq < :last AND at_us <= :at ORDER BY seq DESC LIMIT 1)
  FROM m
"""

_FAILED_CHECK = """
SELECT m.id, p.at_us, p.message FROM m CROSS JOIN probe AS p WHERE p.seq = (
  SELECT max(seq) FROM (
    SELECT seq, message, kind FROM probe WHERE model = m.id AND seq < :last AND at_us <= :at
      ORDER BY seq DESC LIMIT :limit)
    WHERE message <> '' AND kind <> :success)
"""

_FAILED_CALL = """
SELECT m.id, a.at_us, a.message FROM m CROSS JOIN {schema}attempt AS a WHERE a.seq = (
  SELECT seq FROM {schema}attempt
    WHERE model = m.id AND seq < :last AND at_us <= :at AND message <> '' AND kind <> :success
    ORDER BY seq DESC LIMIT 1)
"""

_RUN_ENDED = "SELECT coalesce(ended_us, :never) FROM run WHERE started_us <= :at ORDER BY id DESC LIMIT 1"

_GAP = """
SELECT t0_us, t1_us, cause, dropped, detail FROM gap WHERE t0_us <= :at AND t1_us >= :at ORDER BY id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class _Instant:
    """An instant in microseconds, the first key that is surely later, and the first of the engine of that time."""

    at: int
    last: int
    since: int = 0

    def asked(self, **more: Any) -> dict[str, Any]:  # numbers and texts that a statement names
        return {"at": self.at, "last": self.last, "since": self.since, **more}


class PastFleet:
    """Answers with the fleet as it was."""

    def __init__(self, asker: Asker, days: Days) -> None:
        self._asker = asker
        self._days = days
        self._setup: tuple[int, FleetSetup | None] = (-1, None)

    async def at(self, at: float) -> FleetAt:
        """See `Store.state_at`."""
        at_us = clamped_microseconds(at)
        async with self._asker.view(self._days.within(at_us - DAY_US, at_us)[:2]) as view:
            instant = _Instant(at_us, at_us + 1 + int(await view.value(sql.MAX_SKEW) or 0))
            begun = None
            for seq, event in await _last(view, e.EngineStarted, instant):
                instant, begun = replace(instant, since=seq), event
            words = {kind: said[-1] for kind in OF_FLEET if (said := await _last(view, kind, instant))}
            ended = await view.value(_RUN_ENDED, {"at": at_us, "never": _FARTHEST})
            setup = await self._configured_as(view, instant)
            fleet = fleet_at(at, words, begun=begun, is_running=ended is None or ended >= at_us, setup=setup)
            told = await _of_models(view, _LAST_OF_MODELS, OF_MODEL, view.names, asked=instant.asked())
            models, routes = await _configured(view, begun, told, instant)
            ids = view.ids(models)
            until = await view.value(_NEXT_START, {"at": at_us}) or _FARTHEST
            later = await _of_models(
                view, _NEXT_OF_MODELS, TELLING_BEFORE, ids, asked={"at": at_us, "until": until}
            )
            refused = await _refused(view, instant)
            checks, errors = await self._checks(view, ids, instant)
            alerts = await alerts_at(view, at_us, last=instant.last)
            return replace(
                fleet,
                models=tuple(
                    model_at(
                        model,
                        at,
                        told.get(model, {}),
                        later={kind: event for kind, (_, event) in later.get(model, {}).items()},
                        begun=begun,
                        is_key_refused=model in refused,
                        last_check=checks.get(model),
                        last_error=errors.get(model, ""),
                        setup=setup,
                    )
                    for model in models
                ),
                alerts=alerts,
                routes=routes_at(
                    {name: said[e.TrafficMoved][1] for name, said in told.items() if e.TrafficMoved in said},
                    setup,
                    known=routes,
                ),
                gap=await _gap(view, at_us),
                holds=holds_at(await _held(view, instant), at),
                silences=await silences_then(view, at_us, last=instant.last, alerts=alerts),
                channels=await channels_at(view, at_us, last=instant.last, since=instant.since),
            )

    async def _configured_as(self, view: View, instant: _Instant) -> FleetSetup | None:
        """How the fleet was configured; the last one is kept, as most questions are about the same settings."""
        for row in await view.rows(_LAST, instant.asked(kind=e.FleetConfigured.__name__, limit=1)):
            if row[0] != self._setup[0]:
                event = _event(row)
                self._setup = row[0], setup_of(event) if isinstance(event, e.FleetConfigured) else None
            return self._setup[1]
        return None

    async def _checks(
        self, view: View, ids: list[int], instant: _Instant
    ) -> tuple[dict[str, float], dict[str, str]]:
        """When each model was last checked, and its last failure's message."""
        if not ids:
            return {}, {}
        these = {number: view.names[number] for number in ids}
        asked = instant.asked(limit=LAST_CHECKS, success=next(iter(view.ids([_SUCCESS])), 0))
        checked = await view.rows(_with(ids) + _LAST_CHECK, asked)
        failed = [
            (these[number], at_us, message)
            for statement in (_FAILED_CHECK, _FAILED_CALL.format(schema=""))
            for number, at_us, message in await view.rows(_with(ids) + statement, asked)
        ]
        for path, (schema, names) in view.days.items():
            wanted = set(these.values())
            there = {number: name for number, name in names.items() if name in wanted}
            if there:
                with self._asker.noting(path):
                    success = next((number for number, name in names.items() if name == _SUCCESS), 0)
                    rows = await view.rows(
                        _with(there) + _FAILED_CALL.format(schema=f"{schema}."), {**asked, "success": success}
                    )
                    failed += [(there[number], at_us, message) for number, at_us, message in rows]
        errors: dict[str, tuple[int, str]] = {}
        for model, at_us, message in failed:
            errors[model] = max(errors.get(model, (-_FARTHEST, "")), (at_us, message))
        return (
            {these[number]: seconds(at_us) for number, at_us in checked if at_us is not None},
            {model: message for model, (_, message) in errors.items()},
        )


def _with(ids: Iterable[int]) -> str:
    return f"WITH m(id) AS (VALUES {', '.join(f'({number})' for number in ids)})"


def _event(row: Row) -> e.Event | None:
    """The event of a row; one that this version does not know tells nothing."""
    try:
        return codec.event_of_row(row, {})
    except (UnknownEvent, ValueError, KeyError, TypeError):
        return None


async def _last(view: View, kind: type[e.Event], instant: _Instant, *, limit: int = 1) -> list[tuple[int, Any]]:
    """The last words of a kind about the whole fleet, oldest first. Any: events of that kind."""
    rows = await view.rows(_LAST, instant.asked(kind=kind.__name__, limit=limit))
    found = [(row[0], _event(row)) for row in reversed(rows)]
    return [(seq, event) for seq, event in found if event is not None]


async def _of_models(
    view: View, statement: str, kinds: Iterable[type[e.Event]], ids: Iterable[int], *, asked: dict[str, Any]
) -> dict[str, dict[type[e.Event], tuple[int, Any]]]:
    """A word of each kind about each model. Any: what a statement names, and events of the kind they are under."""
    found: dict[str, dict[type[e.Event], tuple[int, Any]]] = {}
    if not (these := _with(ids) if (ids := list(ids)) else ""):
        return found
    for kind in kinds:
        for model, *row in await view.rows(these + statement, {**asked, "kind": kind.__name__}):
            event = _event(tuple(row))
            if event is not None:
                found.setdefault(view.names[model], {})[kind] = row[0], event
    return found


async def _configured(
    view: View, begun: e.EngineStarted | None, told: Mapping[str, Words], instant: _Instant
) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The models that were configured then, and the virtual models where they are known."""
    models = None if begun is None else begun.models
    routes = None
    for _, reloaded in await _last(view, e.SettingsReloaded, instant, limit=MOST_WORDS):
        models = reloaded.models or models
        routes = reloaded.routes or routes
    if models is None:
        models = tuple(sorted(model for model, words in told.items() if set(words) & set(TELLING_BEFORE)))
    return models, routes


async def _refused(view: View, instant: _Instant) -> set[str]:
    """The models whose key was refused."""
    words = await _last(view, e.KeyQuarantined, instant, limit=MOST_WORDS)
    words += await _last(view, e.KeyRestored, instant, limit=MOST_WORDS)
    refused: dict[tuple[str, str], tuple[str, ...]] = {}
    for _, event in sorted(words, key=_number):
        refused[event.provider, event.key] = event.models if isinstance(event, e.KeyQuarantined) else ()
    return {model for models in refused.values() for model in models}


async def _held(view: View, instant: _Instant) -> list[e.HoldPlaced | e.HoldEnded]:
    """What was said of holds, oldest first."""
    words = await _last(view, e.HoldPlaced, instant, limit=MOST_HOLDS)
    words += await _last(view, e.HoldEnded, instant, limit=MOST_HOLDS)
    return [event for _, event in sorted(words, key=_number)]


def _number(word: tuple[int, Any]) -> int:
    return word[0]


async def _gap(view: View, at_us: int) -> Gap | None:
    for row in await view.rows(_GAP, {"at": at_us}):
        return gap_of_row(row)
    return None
