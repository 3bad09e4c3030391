"""The delivery log: each notice as one row, with every attempt to send it, what came back, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hive_console.core import events as e
from hive_console.core.states import NoticeEnd, NoticeKind

MOST_ATTEMPTS = 50
"""Attempts of one notice that are told, the latest; a day of the longest backoff has 300 of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to send a notice.

    Attributes:
        number: from 1.
        begun_at: when it began, in Unix seconds; `None` where that was not told.
        ended_at: when it came back; `None` while it is under way, or where nobody knows what came of it.
        took: seconds.
        is_delivered: whether it arrived.
        status: of HTTP or SMTP; `None` where nothing came.
        answer: what the other side said, sanitised and short.
        next_at: when the next one was to be.
    """

    number: int
    begun_at: float | None = None
    ended_at: float | None = None
    took: float | None = None
    is_delivered: bool = False
    status: int | None = None
    answer: str = ""
    next_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """One notice.

    Attributes:
        notice_id: its id.
        channel: where it goes.
        kind: what it tells; `None` where its beginning is not there any more.
        alert_ids: the first alerts that it tells of.
        count: alerts that it tells of.
        queued_at: when it was put into the outbox; of one whose beginning is gone, the first that is known of it.
        due: from when on it was to be sent.
        step: of the escalation.
        why: why it was made, where it is out of turn.
        attempts: oldest first, the latest `MOST_ATTEMPTS`.
        tries: attempts in all.
        end: how it ended; `None` while it waits.
        ended_at: when.
        cause: why it ended so.
    """

    notice_id: str
    channel: str
    kind: NoticeKind | None = None
    alert_ids: tuple[str, ...] = ()
    count: int = 0
    queued_at: float = 0.0
    due: float | None = None
    step: int = 0
    why: str = ""
    attempts: tuple[Attempt, ...] = ()
    tries: int = 0
    end: NoticeEnd | None = None
    ended_at: float | None = None
    cause: str = ""

    @property
    def is_unsure(self) -> bool:
        """Whether it ended although nobody knows what came of its last attempt."""
        return self.end is not None and bool(self.attempts) and self.attempts[-1].ended_at is None

    def holds(self, folded: str) -> bool:
        """Whether one of its texts holds `folded`, which is text without case."""
        words = (self.notice_id, self.channel, *self.alert_ids, self.why, self.cause)
        states = (one.value for one in (self.kind, self.end) if one is not None)
        answers = (attempt.answer for attempt in self.attempts)
        return any(folded in text.casefold() for text in (*words, *states, *answers))


class DeliveryLog:
    """Takes events in order and keeps their notices; its owner bounds it by what it is given, or with `keep`."""

    def __init__(self) -> None:
        self._rows: dict[str, NoticeRow] = {}

    def take(self, event: e.Event) -> None:
        """Adds one event; others than those of notices change nothing."""
        match event:
            case e.NoticeQueued():
                self._rows[event.notice_id] = NoticeRow(
                    notice_id=event.notice_id,
                    channel=event.channel,
                    kind=event.kind,
                    alert_ids=event.alert_ids,
                    count=event.count,
                    queued_at=event.at,
                    due=event.due,
                    step=event.step,
                    why=event.cause,
                )
            case e.NoticeTried():
                row = self._row(event)
                attempts = _with(row.attempts, event)
                self._rows[event.notice_id] = replace(row, attempts=attempts, tries=max(row.tries, event.number))
            case e.NoticeSettled():
                row = self._row(event)
                self._rows[event.notice_id] = replace(
                    row,
                    kind=event.kind,
                    alert_ids=row.alert_ids or event.alert_ids,
                    count=max(row.count, len(event.alert_ids)),
                    tries=max(row.tries, event.attempts),
                    end=event.end,
                    ended_at=event.at,
                    cause=event.cause,
                )
            case _:
                pass

    def keep(self, count: int) -> None:
        """Lets go of all but the newest."""
        for name in list(self._rows)[: max(0, len(self._rows) - count)]:
            del self._rows[name]

    def rows(self) -> tuple[NoticeRow, ...]:
        """All notices, newest first."""
        return tuple(sorted(self._rows.values(), key=lambda row: row.queued_at, reverse=True))

    def _row(self, event: e.NoticeTried | e.NoticeSettled) -> NoticeRow:
        known = self._rows.get(event.notice_id)
        return known or NoticeRow(notice_id=event.notice_id, channel=event.channel, queued_at=event.at)


def _with(attempts: tuple[Attempt, ...], event: e.NoticeTried) -> tuple[Attempt, ...]:
    """The attempts with one that begins, or with what came of one that began."""
    if event.took is None and not event.is_delivered:
        return (*attempts, Attempt(number=event.number, begun_at=event.at))[-MOST_ATTEMPTS:]
    is_known = bool(attempts) and attempts[-1].number == event.number and attempts[-1].ended_at is None
    *before, begun = attempts if is_known else (*attempts, Attempt(number=event.number))
    ended = replace(
        begun,
        ended_at=event.at,
        took=event.took,
        is_delivered=event.is_delivered,
        status=event.status,
        answer=event.answer,
        next_at=event.next_at,
    )
    return (*before, ended)[-MOST_ATTEMPTS:]
