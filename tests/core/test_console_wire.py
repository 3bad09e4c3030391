"""What console and engine say to each other survives the way, and everything else is refused."""

from __future__ import annotations

import pytest

from hive_console.core.command import Command
from hive_console.core.console_wire import (
    Line,
    Page,
    Request,
    Unreadable,
    encoded,
    events_of,
    line_of,
    page_of,
    request_of,
)
from hive_console.core.states import Action
from tests.core.samples import every_variant


def test_every_event_comes_through() -> None:
    events = tuple(every_variant())

    line = line_of(encoded(Line(page=page_of(events, 7, lost=2))))

    assert line.page is not None
    assert events_of(line.page) == events
    assert (line.page.cursor, line.page.lost) == (7, 2)


def test_a_request_comes_through_as_one_line() -> None:
    command = Command(Action.TRIP, "a\nb", "why", duration=60.0)
    said = Request(op="command", id=3, command=command)

    line = encoded(said)

    assert line.count(b"\n") == 1
    assert request_of(line) == said


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"{}", b'{"op":7}', b"\xff", b'{"op":"command","command":{"action":"dance"}}']
)
def test_what_is_no_request_is_refused(line: bytes) -> None:
    with pytest.raises(Unreadable):
        request_of(line)


@pytest.mark.parametrize("raw", [b'["Strange",{}]', b'["ConsoleAttached",{}]', b'["ConsoleAttached",7]'])
def test_an_event_of_another_version_is_refused(raw: bytes) -> None:
    line = line_of(b'{"page":{"cursor":1,"events":[' + raw + b"]}}")

    assert isinstance(line.page, Page)
    with pytest.raises(Unreadable):
        events_of(line.page)


def test_text_that_is_no_unicode_cannot_be_said() -> None:
    with pytest.raises(Unreadable, match="bug"):
        encoded(Request(op="bye", reason="\udc80"))
