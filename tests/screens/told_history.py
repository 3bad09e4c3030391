"""A past that answers at once, or when a test lets it: fits `History`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TypeVar

from hive_console.core import events as e
from hive_console.core.alert_story import named_in
from hive_console.core.bygone_alerts import AlertFold
from hive_console.core.delivery_log import DeliveryLog, NoticeRow
from hive_console.core.errors import HiveError
from hive_console.core.sifting import MOVING, is_wanted
from hive_console.core.snapshot import AlertView
from hive_console.core.store import AuditCheck, AuditRow, Gap, Wanted

T = TypeVar("T")


class ToldHistory:
    """Holds what a test tells it, and notes what it was asked for.

    While `is_holding`, answers wait for `release`; with a `problem` there are none.
    """

    def __init__(self, *happened: e.Event, gaps: tuple[Gap, ...] = ()) -> None:
        self.happened: list[e.Event] = sorted(happened, key=lambda event: event.at)
        self.gap_rows = gaps
        self.check = AuditCheck(rows=2, head="ab", anchors=1)
        self.asked: list[Wanted] = []
        self.verified = 0
        self.problem = ""
        self.is_holding = False
        self._held: list[Callable[[], None]] = []

    def release(self) -> None:
        """Gives the answers that wait."""
        held, self._held = self._held, []
        for answer in held:
            answer()

    def moved(self, wanted: Wanted) -> Future[tuple[e.Event, ...]]:
        return self.events(wanted, MOVING)

    def events(self, wanted: Wanted, kinds: Iterable[type[e.Event]] | None = None) -> Future[tuple[e.Event, ...]]:
        chosen = None if kinds is None else tuple(kinds)
        self.asked.append(wanted)
        found = [
            event
            for event in self.happened
            if is_wanted(event, wanted) and (chosen is None or isinstance(event, chosen))
        ]
        return self._answer(tuple(found[-wanted.limit :]))

    def audit(self, wanted: Wanted) -> Future[tuple[AuditRow, ...]]:
        self.asked.append(wanted)
        acts = [event for event in self.happened if isinstance(event, e.OperatorActed)]
        rows = [AuditRow(number=number, act=act, digest=f"{number:064x}") for number, act in enumerate(acts, 1)]
        return self._answer(tuple([row for row in rows if is_wanted(row.act, wanted)][-wanted.limit :]))

    def notices(self, wanted: Wanted, *, alert_id: str = "", channel: str = "") -> Future[tuple[NoticeRow, ...]]:
        log = DeliveryLog()
        for event in self.happened:
            log.take(event)
        found = [
            row
            for row in log.rows()
            if (not alert_id or alert_id in row.alert_ids) and (not channel or channel == row.channel)
        ]
        return self._answer(tuple(found[: wanted.limit]))

    def story(self, name: str, *, raised_at: float | None = None) -> Future[tuple[e.Event, ...]]:
        named = [event for event in self.happened if name in named_in(event)]
        return self._answer(tuple(event for event in named if raised_at is None or event.at >= raised_at))

    def alerts(self, wanted: Wanted) -> Future[tuple[AlertView, ...]]:
        fold = AlertFold()
        for number, event in enumerate(self.happened):
            fold.take(number, event)
        return self._answer(tuple(reversed(fold.episodes.values()))[: wanted.limit])

    def gaps(self, begin: float, end: float) -> Future[tuple[Gap, ...]]:
        return self._answer(tuple(gap for gap in self.gap_rows if gap.begin < end and gap.end >= begin))

    def verify(self) -> Future[AuditCheck]:
        self.verified += 1
        return self._answer(self.check)

    def _answer(self, value: T) -> Future[T]:
        future: Future[T] = Future()

        def give() -> None:
            if self.problem:
                future.set_exception(HiveError(self.problem))
            else:
                future.set_result(value)

        if self.is_holding:
            self._held.append(give)
        else:
            give()
        return future
