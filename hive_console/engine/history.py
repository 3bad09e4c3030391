"""What a live console asks a recording for: the past beyond the engine's latest events, and the audit trail."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from typing import Protocol

from hive_console.core.delivery_log import NoticeRow
from hive_console.core.events import Event
from hive_console.core.snapshot import AlertView
from hive_console.core.store import AuditCheck, AuditRow, Gap, Wanted


class History(Protocol):
    """Answers from the recording on a thread of its own; every call returns at once.

    A future ends with `HiveError` when the recording cannot be read, or does not answer in time.
    """

    def moved(self, wanted: Wanted) -> Future[tuple[Event, ...]]:
        """Everything that moved something, oldest first: no requests, no checks."""
        ...

    def events(self, wanted: Wanted, kinds: Iterable[type[Event]] | None = None) -> Future[tuple[Event, ...]]:
        """All events, oldest first; of some kinds only when they are named."""
        ...

    def audit(self, wanted: Wanted) -> Future[tuple[AuditRow, ...]]:
        """Rows of the audit trail, oldest first."""
        ...

    def notices(self, wanted: Wanted, *, alert_id: str = "", channel: str = "") -> Future[tuple[NoticeRow, ...]]:
        """The delivery log, newest first: all of it, of one alert, or of one channel."""
        ...

    def story(self, name: str, *, raised_at: float | None = None) -> Future[tuple[Event, ...]]:
        """All that is about one alert, silence or notice, oldest first: see `Store.story`."""
        ...

    def alerts(self, wanted: Wanted) -> Future[tuple[AlertView, ...]]:
        """Alerts that fired at some time of the window, newest first, as they are by now."""
        ...

    def gaps(self, begin: float, end: float) -> Future[tuple[Gap, ...]]:
        """Stretches that are not whole, oldest first."""
        ...

    def verify(self) -> Future[AuditCheck]:
        """Whether the audit trail is what was written; takes as long as the trail is long."""
        ...
