"""A hundred further services through apprise, an optional extra. It says yes or no, and nothing more.

It calls where its own addresses lead: the rules of which addresses may be called are not its.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any

from hive_console.adapters.notifiers import wording
from hive_console.adapters.notifiers.escaping import mail_header, mail_line
from hive_console.adapters.notifiers.letter import lines_of
from hive_console.adapters.notifiers.references import References, Unresolved
from hive_console.adapters.notifiers.verdicts import at_fault
from hive_console.core.alert_settings import ChannelSettings
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt, Verdict
from hive_console.core.states import NoticeKind, Severity

MISSING = 'apprise is not installed; pip install "hive-console[apprise]"'

_TYPES = {
    Severity.INFO: "info",
    Severity.WARNING: "warning",
    Severity.ERROR: "failure",
    Severity.CRITICAL: "failure",
}


class Apprise:
    """Fits `engine.ports.Notifier` by shape. It blocks, so that it runs on a thread of its own, one at a time."""

    def __init__(self, channel: ChannelSettings, references: References, now: Callable[[], float]) -> None:
        self._channel = channel
        self._references = references
        self._now = now
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: Future[Receipt] | None = None

    async def deliver(self, notice: Notice) -> Receipt:
        """Hands the notice to apprise."""
        if self._under_way is not None and not self._under_way.done():
            return Receipt(verdict=Verdict.RETRY, answer="the attempt before this one has not ended yet")
        try:
            url = self._references.address_of(self._channel.address)
        except Unresolved as error:
            return at_fault(error.why)
        body = "\n".join(mail_line(line) for line in lines_of(notice, self._now())[1:])
        is_over = notice.kind in {NoticeKind.RESOLVED, NoticeKind.PASSED}
        kind = "success" if is_over else _TYPES[notice.severity]
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="apprise")
        self._under_way = self._thread.submit(_told, url, mail_header(wording.headline(notice)), body, kind)
        try:
            async with asyncio.timeout(self._channel.timeout):
                return await asyncio.wrap_future(self._under_way)
        except TimeoutError:
            return Receipt(verdict=Verdict.RETRY, answer=f"no answer within {self._channel.timeout:g} s")

    async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:  # noqa: ARG002 - the port's shape
        """Nothing: people remember."""
        return None

    async def close(self) -> None:
        """Lets the thread end when what it does is done."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None


def _told(url: str, title: str, body: str, kind: str) -> Receipt:
    try:
        # An optional extra: 270 ms and 45 MB, on this thread. Where it is not installed no checker knows its types.
        apprise: Any = import_module("apprise")
    except ImportError:
        return at_fault(MISSING)
    try:
        service = apprise.Apprise()
        if not service.add(url):
            return at_fault("apprise knows no service of such an address")
        is_taken = service.notify(title=title, body=body, notify_type=kind, body_format="text")
    except Exception as error:  # noqa: BLE001 - a plugin of a hundred; its words may hold the address
        return Receipt(verdict=Verdict.RETRY, answer=f"apprise failed: {type(error).__name__}")
    if is_taken:
        return Receipt(verdict=Verdict.DELIVERED, answer="apprise says yes")
    return Receipt(verdict=Verdict.RETRY, answer="apprise says no, and not why")
