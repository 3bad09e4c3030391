"""What a console in another process and its engine say to each other: one JSON object a line.

The console greets (`hello`), watches, and asks; each request has a number, which its answer repeats. What nobody
asked for (news, heartbeats) has none. `docs/adr/0022-consoles-attach-over-a-unix-socket.md` tells why it is so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hive_console.core.command import Command, CommandResult, Effect
from hive_console.core.console_settings import ConsoleSettings
from hive_console.core.errors import HiveError
from hive_console.core.events import Event, event_types
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot_delta import Slice

HEARTBEAT = 1.0
"""Seconds at most between two lines of the engine to a console that watches."""

EVENTS_AT_ONCE = 500
"""Events in one line: a millisecond of writing; more come in the next."""


class Unreadable(HiveError):
    """A line is not what this version says or hears."""


class Request(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What a console asks.

    Attributes:
        op: `hello`, `watch`, `command`, `undo`, `reload`, `preview`, `read-only`, `stop` or `bye`.
        id: repeated in the answer.
        version: of the console; in `hello`.
        origin: how they came, as they say; in `hello`.
        is_read_only: whether it may only look; in `hello`.
        after: the last event it has, by the engine's count; in `watch`.
        command: what to do; in `command` and `preview`. Whose it is, is not read from it.
        is_dry_run: whether only to tell what would change; in `reload`.
        expected: the digest of the settings that are meant; in `reload`.
        reason: why; in `stop` and `bye`.
    """

    op: str
    id: int = 0
    version: str = ""
    origin: str = ""
    is_read_only: bool = False
    after: int = 0
    command: Command | None = None
    is_dry_run: bool = True
    expected: str = ""
    reason: str = ""


class Greeting(msgspec.Struct, kw_only=True):
    """The engine's answer to `hello`.

    Attributes:
        version: of the engine.
        run: names this run of it; another one counts its events anew.
        session: names this console among `FleetSnapshot.consoles`: its `since`.
        settings: what its settings file says of consoles.
    """

    version: str
    run: str
    session: float
    settings: ConsoleSettings


class Page(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Events after those that were told before: kind and fields of each, up to `cursor`; `lost` came between."""

    cursor: int
    events: list[tuple[str, msgspec.Raw]] = []
    lost: int = 0


class Line(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What the engine says: news (a slice of a snapshot, a page of events), a heartbeat, or an answer.

    Attributes:
        id: of the request that it answers; 0 where it answers none.
        is_ok: whether the request was understood; what came of it stands in its own field.
        error: why not.
        beat: the engine's time; a sign of life.
    """

    id: int = 0
    is_ok: bool = msgspec.field(default=False, name="ok")
    error: str = ""
    beat: float | None = None
    news: Slice | None = None
    page: Page | None = None
    hello: Greeting | None = None
    result: CommandResult | None = None
    reload: ReloadReport | None = None
    effect: Effect | None = None


_encoder = msgspec.json.Encoder()
_requests = msgspec.json.Decoder(Request)
_lines = msgspec.json.Decoder(Line)

_KINDS = {kind.__name__: msgspec.json.Decoder(kind) for kind in event_types()}

_NOT_READABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encoded(said: Request | Line) -> bytes:
    """One line, with its end. Raises `Unreadable` for text that JSON cannot hold."""
    try:
        return _encoder.encode(said) + b"\n"
    except (ValueError, TypeError) as error:
        raise Unreadable(f"it cannot be written as JSON ({type(error).__name__}); this is a bug") from error


def request_of(line: bytes) -> Request:
    """Reads a console's line; raises `Unreadable`."""
    request: Request = _decoded(_requests, line)
    return request


def line_of(line: bytes) -> Line:
    """Reads an engine's line; raises `Unreadable`."""
    said: Line = _decoded(_lines, line)
    return said


def _decoded(decoder: msgspec.json.Decoder[Any], line: bytes) -> Any:  # Any: the decoder's own type
    try:
        return decoder.decode(line)
    except _NOT_READABLE as error:
        raise Unreadable(f"this version cannot read it ({error})") from error


def page_of(events: Iterable[Event], cursor: int, lost: int = 0) -> Page:
    """Events as they are written."""
    told = [(type(event).__name__, msgspec.Raw(_encoder.encode(event))) for event in events]
    return Page(cursor=cursor, events=told, lost=lost)


def events_of(page: Page) -> tuple[Event, ...]:
    """Events as they were; raises `Unreadable` for what is none of this version's."""
    return tuple(_event(kind, raw) for kind, raw in page.events)


def _event(kind: str, raw: msgspec.Raw) -> Event:
    if kind not in _KINDS:
        raise Unreadable(f"event kind {kind!r} is not known to this version")
    event: Event = _decoded(_KINDS[kind], bytes(raw))
    return event
