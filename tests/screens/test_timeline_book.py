"""The timeline's book: news from the feed, pages of the recording before them, and its bounds."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.store import Gap, GapCause
from hive_console.engine.client import EventPage
from hive_console.ui import timeline_book
from hive_console.ui.timeline_book import Book
from tests.screens.posted import NOW


def ejected(at: float, model: str = "") -> e.OutlierEjected:
    """One more thing that is like no other."""
    return e.OutlierEjected(at=at, model=model or f"m{at}", until=at + 1, cause="")


def returned(at: float) -> e.OutlierReturned:
    return e.OutlierReturned(at=at, model=f"m{at}")


def times(book: Book) -> list[float]:
    return [moment.at - NOW for moment in book.chronicle.moments]


def page(*events: e.Event, lost: int = 0) -> EventPage:
    return EventPage(events, len(events), lost)


def test_pages_of_the_recording_stand_before_what_the_feed_brought() -> None:
    book = Book()
    book.take(page(returned(NOW)), NOW)

    assert book.put_before([returned(NOW - 20), returned(NOW - 10)], [], begins_at=NOW - 20) == 2
    book.take(page(returned(NOW + 1)), NOW)

    assert times(book) == [-20, -10, 0, 1]


def test_numbers_stay_what_they_were_when_older_things_come() -> None:
    book = Book()
    book.take(page(returned(NOW)), NOW)
    number = book.chronicle.moments[0].number

    book.put_before([returned(NOW - 20)], [], begins_at=NOW - 20)

    assert book.chronicle.moments[1].number == number


def test_what_a_page_shares_with_what_is_here_is_told_once() -> None:
    at = NOW + 0.12345678
    book = Book()
    book.take(page(ejected(at, "a")), NOW)

    book.put_before([ejected(NOW - 5), ejected(round(at, 6), "a")], [], begins_at=NOW - 5)

    assert len(book.chronicle.moments) == 2


def test_a_gap_stands_where_it_began_and_once() -> None:
    gap = Gap(begin=NOW - 15, end=NOW - 12, cause=GapCause.DISK_FULL)
    book = Book()
    book.take(page(returned(NOW)), NOW)
    book.put_before([returned(NOW - 10)], [gap], begins_at=NOW - 10)

    assert book.put_before([returned(NOW - 20)], [gap], begins_at=NOW - 20) == 1
    assert times(book) == [-20, -15, -10, 0]
    assert book.gaps == ((NOW - 15, NOW - 12),)


def test_events_that_came_too_fast_are_a_gap() -> None:
    book = Book()
    book.take(page(returned(NOW)), NOW)
    book.take(page(returned(NOW + 9), lost=70), NOW + 9)

    assert "70 events lost (more than this screen could read)" in book.chronicle.moments[1].text


def test_whoever_follows_lets_go_of_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_book, "KEPT", 4)
    monkeypatch.setattr(timeline_book, "SLACK", 2)
    book = Book()

    book.take(page(*(returned(NOW + place) for place in range(7))), NOW)

    assert times(book) == [3, 4, 5, 6]
    assert book.begins_at == NOW + 3
    assert not book.is_cut


def test_whoever_goes_back_lets_go_of_the_newest_and_counts_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_book, "KEPT", 3)
    book = Book()
    book.take(page(returned(NOW), returned(NOW + 1)), NOW)

    book.put_before([returned(NOW - 2), returned(NOW - 1)], [], begins_at=NOW - 2)
    book.take(page(returned(NOW + 2)), NOW)

    assert times(book) == [-2, -1, 0]
    assert (book.is_cut, book.missed) == (True, 1)


def test_a_page_that_brings_nothing_still_says_how_far_back_everything_is_here() -> None:
    book = Book()

    assert book.put_before([], [], begins_at=NOW - 60) == 0
    assert book.begins_at == NOW - 60
