"""The delivery log, and the channels that notices went by, found by index: by alert, by channel, by notice."""

# ruff: noqa: S608  # statements are put together from constants of this house; text from outside is a parameter

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from hive_console.core import events as e
from hive_console.core.bygone_alerts import channel_at
from hive_console.core.delivery_log import DeliveryLog, NoticeRow
from hive_console.core.snapshot import ChannelView
from hive_console.core.states import NoticeEnd
from hive_console.core.store import ROW_LIMIT, Wanted
from hive_storage import codec
from hive_storage.asking import View
from hive_storage.lists import UNREADABLE
from hive_storage.micros import clamped_microseconds
from hive_storage.request_rows import Row

MOST_CHANNELS = 100
"""Channels that are told; a settings file has a handful."""

LATEST = 100
"""Notices of a channel, before an instant, that are looked through for what waited then."""

MOST_COUNTED = 1_000
"""Notices of a channel whose ends are counted, the latest: a count goes through them all, at each instant anew."""

LAST_TRIES = 20
"""Attempts that are looked through for the last error, and the last delivery."""

MOST_EVENTS = 20_000
"""Events of the notices of one page."""

_FARTHEST = 2**62
_DELIVERED = f'"end":"{NoticeEnd.DELIVERED.value}"'
_PAGE = 200  # notices of one look; their events are found by 200 seeks

_CHANNELS = """
WITH RECURSIVE known (channel) AS (
  SELECT min(model) FROM event WHERE kind = :kind
  UNION ALL
  SELECT (SELECT min(model) FROM event WHERE kind = :kind AND model > known.channel)
  FROM known WHERE known.channel IS NOT NULL)
SELECT channel FROM known WHERE channel IS NOT NULL LIMIT :limit
"""
"""A seek a channel, however many notices there are."""

_ROWS = "SELECT seq, at_us, kind, body FROM event"
_QUEUED_ON = f"""
{_ROWS} WHERE kind = 'NoticeQueued' AND model = :channel AND seq >= :first AND seq < :before
  AND at_us >= :begin AND at_us < :end ORDER BY seq DESC LIMIT :limit
"""
_QUEUED_OF = """
SELECT e.seq, e.at_us, e.kind, e.body FROM about AS a CROSS JOIN event AS e ON e.seq = a.seq
  WHERE a.id = :alert AND a.seq >= :first AND a.seq < :before AND e.kind = 'NoticeQueued'
  AND e.at_us >= :begin AND e.at_us < :end ORDER BY a.seq DESC LIMIT :limit
"""
_OF_NOTICES = """
SELECT e.seq, e.at_us, e.kind, e.body FROM about AS a CROSS JOIN event AS e ON e.seq = a.seq
  WHERE a.id IN ({marks}) ORDER BY a.seq LIMIT ?
"""
_LAST_ON = f"""
{_ROWS} WHERE kind = :kind AND model = :channel AND seq < :last AND at_us <= :at ORDER BY seq DESC LIMIT :limit
"""
_ENDS = (
    "SELECT "
    + ", ".join(f"""total(instr(body, '"end":"{end.value}"') > 0)""" for end in NoticeEnd)
    + " FROM (SELECT body FROM event WHERE kind = 'NoticeSettled' AND model = :channel"
    + f" AND seq >= :since AND seq < :last AND at_us <= :at ORDER BY seq DESC LIMIT {MOST_COUNTED})"
)
"""A body is JSON: a quotation mark within a text is escaped, so that none looks like a field."""

_HOLDING = """
SELECT seq, at_us, kind, body FROM event WHERE kind = :kind AND model = :channel AND seq >= :first AND seq < :before
  AND (instr(lower(body), :text) > 0 OR instr(body, '\\u') > 0) ORDER BY seq DESC LIMIT :limit
"""
"""SQLite folds ASCII only: a body that has other letters is left to us."""

_OF_NOTICE = (e.NoticeQueued, e.NoticeTried, e.NoticeSettled)
_KINDS = (*_OF_NOTICE, e.ChannelChanged)


async def notices_within(
    view: View, wanted: Wanted, *, alert_id: str, channel: str, last: int
) -> tuple[NoticeRow, ...]:
    """See `Store.notices`; `last` is the first key that is too late for the window."""
    limit = max(0, min(wanted.limit, ROW_LIMIT))
    window = {
        "begin": clamped_microseconds(wanted.begin),
        "end": clamped_microseconds(wanted.end),
        "first": clamped_microseconds(wanted.begin),
    }
    if alert_id:
        found = await _page_by_page(view, _QUEUED_OF, {**window, "alert": alert_id}, wanted, last=last, limit=limit)
        return tuple(row for row in found if not channel or row.channel == channel)
    channels = view.ids([channel]) if channel else await _channels(view)
    rows: list[NoticeRow] = []
    text = wanted.text.casefold()
    is_plain = bool(text) and text.isascii() and json.dumps(text)[1:-1] == text
    for one in channels:
        asked = {**window, "channel": one}
        if is_plain:
            rows += await _by_text(view, {**asked, "text": text}, wanted, limit)
        else:
            rows += await _page_by_page(view, _QUEUED_ON, asked, wanted, last=last, limit=limit)
    return tuple(sorted(rows, key=_queued_at, reverse=True)[:limit])


async def channels_at(view: View, at_us: int, *, last: int, since: int) -> tuple[ChannelView, ...]:
    """The channels that were known at an instant, by name; `since` is the key with which its engine began."""
    found: list[ChannelView] = []
    for number in await _channels(view):
        asked = {"channel": number, "last": last, "at": at_us, "since": since}
        told = [
            *await view.rows(_LAST_ON, {**asked, "kind": e.ChannelChanged.__name__, "limit": 1}),
            *await view.rows(_LAST_ON, {**asked, "kind": e.NoticeTried.__name__, "limit": LAST_TRIES}),
            *await _unsettled(view, asked),
        ]
        if told:
            ((*ends,),) = await view.rows(_ENDS, asked)
            ended = {end: int(count) for end, count in zip(NoticeEnd, ends, strict=True)}
            found.append(channel_at(view.names[number], events_of(told), ended=ended))
    return tuple(sorted(found, key=lambda one: one.name))


def events_of(rows: Sequence[Row]) -> list[e.Event]:
    """The events of rows of `event`, oldest first, each once; those of newer versions are left out."""
    return [event for _, event in placed_events_of(rows)]


def placed_events_of(rows: Sequence[Row]) -> list[tuple[int, e.Event]]:
    """The same with their keys."""
    found: list[tuple[int, e.Event]] = []
    for seq, row in sorted({row[0]: row for row in rows}.items()):
        try:
            found.append((seq, codec.event_of_row(row, {})))
        except UNREADABLE:
            continue
    return found


async def rows_of_notices(view: View, notice_ids: Sequence[str]) -> list[Row]:
    """All events of these notices."""
    found: list[Row] = []
    for begin in range(0, len(notice_ids), _PAGE):
        some = notice_ids[begin : begin + _PAGE]
        statement = _OF_NOTICES.format(marks=", ".join("?" * len(some)))
        found += await view.rows(statement, (*some, MOST_EVENTS))
    return found


async def _channels(view: View) -> list[int]:
    """The channels that anything was said of."""
    found: dict[int, None] = {}
    for kind in _KINDS:
        rows = await view.rows(_CHANNELS, {"kind": kind.__name__, "limit": MOST_CHANNELS})
        found.update(dict.fromkeys(int(row[0]) for row in rows))
    return [number for number in found if number in view.names]


async def _unsettled(view: View, asked: Mapping[str, int]) -> list[Row]:
    """The words about a channel's notices that waited, and about the last one that was delivered."""
    words: list[Row] = []
    for kind in (e.NoticeQueued, e.NoticeSettled):
        words += await view.rows(_LAST_ON, {**asked, "kind": kind.__name__, "limit": LATEST})
    waiting: dict[str, Row] = {}
    settled: list[Row] = []
    for row in sorted(words, key=_seq):
        name = _notice_of(row)
        if row[2] == e.NoticeQueued.__name__:
            waiting[name] = row
            continue
        waiting.pop(name, None)
        if not settled or _DELIVERED in row[3] or _DELIVERED not in settled[0][3]:
            settled = [row]
    return [*waiting.values(), *settled]


def _notice_of(row: Row) -> str:
    """Of a hundred rows only this is wanted: to make events of them would take ten times as long."""
    try:
        return str(json.loads(row[3])["notice_id"])
    except UNREADABLE:
        return ""


async def _by_text(view: View, asked: Mapping[str, int | str], wanted: Wanted, limit: int) -> list[NoticeRow]:
    """Notices of which a word holds the text, newest first: found by SQL, for there may be very many others."""
    said: dict[str, int] = {}
    for kind in _OF_NOTICE:
        page = {**asked, "kind": kind.__name__, "before": _FARTHEST, "limit": ROW_LIMIT}
        for row in await view.rows(_HOLDING, page):
            name = _notice_of(row)
            said[name] = max(said.get(name, 0), row[0])
    names = sorted(said, key=lambda name: said[name], reverse=True)
    found: list[NoticeRow] = []
    for begin in range(0, len(names), _PAGE):
        log = DeliveryLog()
        for event in events_of(await rows_of_notices(view, names[begin : begin + _PAGE])):
            log.take(event)
        found += [
            row
            for row in log.rows()
            if wanted.begin <= row.queued_at < wanted.end
            and row.kind is not None
            and row.holds(wanted.text.casefold())
        ]
        if len(found) >= limit:
            break
    return found


async def _page_by_page(
    view: View, statement: str, asked: Mapping[str, int | str], wanted: Wanted, *, last: int, limit: int
) -> list[NoticeRow]:
    """Notices, newest first, until there are enough that hold the text."""
    found: list[NoticeRow] = []
    before, text = last, wanted.text.casefold()
    size = min(_PAGE, max(limit, 1))
    while len(found) < limit:
        rows = await view.rows(statement, {**asked, "before": before, "limit": size})
        queued = [event for event in events_of(rows) if isinstance(event, e.NoticeQueued)]
        log = DeliveryLog()
        for event in events_of(rows + await rows_of_notices(view, [event.notice_id for event in queued])):
            log.take(event)
        found += [row for row in log.rows() if not text or row.holds(text)]
        if len(rows) < size:
            break
        before = rows[-1][0]
    return found[:limit]


def _seq(row: Row) -> int:
    return int(row[0])


def _queued_at(row: NoticeRow) -> float:
    return row.queued_at
