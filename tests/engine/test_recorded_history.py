"""The history's thread: nothing before it is asked, an answer or an error after, and an end in time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import pytest

from hive_console.core.errors import HiveError
from hive_console.core.events import OperatorActed, StatusChanged
from hive_console.core.store import Store, Wanted
from hive_console.engine.history import History
from hive_console.engine.recorded_history import QUESTIONS_WAITING, HistoryThread, StoreHistory
from tests.recordings.evening import ReviewedStore, an_evening

BEGIN = 1_700_000_000.0
PATIENCE = 10.0


class Shelf:
    """A recording that can be opened; counts how often."""

    def __init__(self) -> None:
        self.store = ReviewedStore(*an_evening(BEGIN))
        self.opened = self.closed = 0
        self.problem = ""

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Store, None]:
        self.opened += 1
        if self.problem:
            raise HiveError(self.problem)
        try:
            yield self.store
        finally:
            self.closed += 1


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def thread(shelf: Shelf) -> Iterator[HistoryThread]:
    made = HistoryThread(shelf.open)
    yield made
    assert made.close()


def test_nothing_is_opened_before_something_is_asked(shelf: Shelf, thread: HistoryThread) -> None:
    StoreHistory(thread)

    assert thread.close()
    assert shelf.opened == 0


def test_questions_are_answered_from_one_opening(shelf: Shelf, thread: HistoryThread) -> None:
    history: History = StoreHistory(thread)

    moved = history.moved(Wanted()).result(PATIENCE)
    statuses = history.events(Wanted(limit=2), [StatusChanged]).result(PATIENCE)

    assert any(isinstance(event, StatusChanged) for event in moved)
    assert len(statuses) == 2
    assert history.gaps(BEGIN, BEGIN + 1).result(PATIENCE) == ()
    assert history.audit(Wanted()).result(PATIENCE) == ()
    assert [alert.alert_id for alert in history.alerts(Wanted()).result(PATIENCE)] == ["al-1"]
    assert len(history.story("al-1").result(PATIENCE)) == 2
    assert history.notices(Wanted(), alert_id="al-1", channel="ops").result(PATIENCE) == ()
    assert shelf.opened == 1


def test_a_recording_that_is_not_there_yet_is_tried_again(shelf: Shelf, thread: HistoryThread) -> None:
    history = StoreHistory(thread)
    shelf.problem = "nothing has been recorded yet"
    with pytest.raises(HiveError, match="nothing has been recorded yet"):
        history.moved(Wanted()).result(PATIENCE)

    shelf.problem = ""

    assert history.moved(Wanted()).result(PATIENCE)


def test_an_error_of_the_program_comes_as_ours_without_its_text(shelf: Shelf, thread: HistoryThread) -> None:
    async def question(_: Store) -> None:
        raise KeyError("sk-secret")

    with pytest.raises(HiveError, match="KeyError at test_recorded_history") as caught:
        thread.ask(question).result(PATIENCE)

    assert "sk-secret" not in str(caught.value)


def test_the_end_ends_the_question_under_way_and_then_the_store(shelf: Shelf, thread: HistoryThread) -> None:
    is_under_way = threading.Event()

    async def question(_: Store) -> None:
        is_under_way.set()
        await asyncio.Event().wait()

    asked = thread.ask(question)
    assert is_under_way.wait(PATIENCE)

    assert thread.close()
    assert asked.cancelled()
    assert shelf.closed == 1


def test_after_the_end_nothing_is_answered(thread: HistoryThread) -> None:
    thread.close()

    with pytest.raises(HiveError, match="closed"):
        StoreHistory(thread).moved(Wanted()).result(PATIENCE)


def test_questions_do_not_pile_up_behind_a_stuck_disk(thread: HistoryThread) -> None:
    async def question(_: Store) -> None:
        await asyncio.Event().wait()

    for _ in range(QUESTIONS_WAITING):
        thread.ask(question)

    with pytest.raises(HiveError, match="16 questions wait"):
        thread.ask(question).result(PATIENCE)


def test_the_anchors_beside_the_trail_are_compared(thread: HistoryThread) -> None:
    history = StoreHistory(thread, anchors=lambda: [(1, "ab")])

    check = history.verify().result(PATIENCE)

    assert check.first_bad == 1


def test_an_event_of_the_audit_is_asked_for_by_its_kind(thread: HistoryThread) -> None:
    assert StoreHistory(thread).events(Wanted(), (OperatorActed,)).result(PATIENCE) == ()
