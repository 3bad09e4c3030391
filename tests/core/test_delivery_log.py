"""The delivery log: one row a notice, with every attempt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hive_console.core import events as e
from hive_console.core.delivery_log import MOST_ATTEMPTS, DeliveryLog, NoticeRow
from hive_console.core.states import NoticeEnd, NoticeKind
from tests.core.samples import NOW

N1: dict[str, Any] = {"notice_id": "N1", "channel": "ops"}

QUEUED = e.NoticeQueued(
    at=NOW, kind=NoticeKind.FIRING, alert_ids=("A1",), count=3, due=NOW + 10, key="k", step=1, cause="asked", **N1
)
SETTLED = e.NoticeSettled(
    at=NOW + 20, end=NoticeEnd.DELIVERED, kind=NoticeKind.FIRING, alert_ids=("A1",), attempts=1, **N1
)


def began(number: int, at: float = NOW + 10) -> e.NoticeTried:
    return e.NoticeTried(at=at, number=number, **N1)


def came_back(number: int, at: float = NOW + 11, **changes: Any) -> e.NoticeTried:  # any field of the event
    return replace(e.NoticeTried(at=at, number=number, took=1.0, **N1), **changes)


def log_of(*events: e.Event) -> DeliveryLog:
    log = DeliveryLog()
    for event in events:
        log.take(event)
    return log


def row(*events: e.Event) -> NoticeRow:
    (one,) = log_of(*events).rows()
    return one


def test_an_attempt_is_one_from_its_beginning_to_its_answer() -> None:
    one = row(QUEUED, began(1), came_back(1, status=200, is_delivered=True), SETTLED)

    (attempt,) = one.attempts
    assert (attempt.begun_at, attempt.ended_at, attempt.took) == (NOW + 10, NOW + 11, 1.0)
    assert (one.end, one.tries, one.count, one.step, one.why) == (NoticeEnd.DELIVERED, 1, 3, 1, "asked")
    assert not one.is_unsure


def test_an_attempt_of_which_nobody_knows_the_end_stays_without_one() -> None:
    waits = row(QUEUED, began(1))
    killed = row(QUEUED, began(1), began(2), came_back(2), replace(SETTLED, end=NoticeEnd.DEAD, attempts=2))
    unsure = row(QUEUED, began(1), SETTLED)

    assert [attempt.ended_at for attempt in killed.attempts] == [None, NOW + 11]
    assert (waits.is_unsure, killed.is_unsure, unsure.is_unsure) == (False, False, True)


def test_an_answer_without_a_beginning_is_told_all_the_same() -> None:
    late = row(QUEUED, began(1), came_back(2))
    alone = row(came_back(3, status=500))

    assert [(attempt.number, attempt.begun_at) for attempt in late.attempts] == [(1, NOW + 10), (2, None)]
    assert (alone.kind, alone.queued_at, alone.tries) == (None, NOW + 11, 3)


def test_a_notice_whose_beginning_is_gone_is_told_by_its_end() -> None:
    one = row(SETTLED)

    assert (one.kind, one.alert_ids, one.count, one.queued_at) == (NoticeKind.FIRING, ("A1",), 1, NOW + 20)


def test_attempts_of_one_notice_are_bounded_and_counted() -> None:
    tries = [event for number in range(1, 61) for event in (began(number), came_back(number))]

    one = row(QUEUED, *tries)

    assert (len(one.attempts), one.attempts[-1].number, one.tries) == (MOST_ATTEMPTS, 60, 60)


def test_the_log_is_newest_first_and_bounded_by_its_owner() -> None:
    notices = [replace(QUEUED, notice_id=f"N{number}", at=NOW + number) for number in range(5)]
    log = log_of(*notices, e.EngineStopped(at=NOW))

    log.keep(2)
    log.keep(9)

    assert [one.notice_id for one in log.rows()] == ["N4", "N3"]


def test_answers_and_alerts_are_searched() -> None:
    one = row(QUEUED, began(1), came_back(1, answer="Slow Down"))

    assert one.holds("slow")
    assert one.holds("a1")
    assert one.holds("firing")
    assert not one.holds("delivered")
