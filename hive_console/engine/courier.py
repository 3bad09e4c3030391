"""Carries notices: one task a channel, so that a slow one holds up no other, and one notice at a time, in order.

The outbox decides what is sent when, and what an answer means. Here is the order of deeds: that an attempt begins
is on disk before it does, and what came of it as soon as it is known, so that a kill at any moment loses no notice
and repeats one only when it came in the middle of the sending.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from contextlib import suppress
from typing import TypeVar

from hive_console.core.alert_settings import ChannelSettings
from hive_console.core.errors import RecordingFailed, place_of
from hive_console.core.events import ServiceFailed
from hive_console.core.notifying.notice import Notice, Receipt, Verdict
from hive_console.core.notifying.outbox import Outbox
from hive_console.engine.bus import Bus
from hive_console.engine.ports import Clock, Notifier, Recorder

DISK_WAIT = 2.0
"""Seconds for the disk before a notice is sent all the same: a lost one is worse than a repeated one."""

REFRESH_EVERY = 60.0
"""Seconds between two words to receivers that forget: Alertmanager is told to after four minutes, so that three of
them may be lost."""

REFRESH_AGAIN = 15.0
"""Seconds after which one that failed is tried again."""

TRANSPORT_MORE = 3.0
"""Seconds beyond a channel's timeout after which an attempt is given up here: the transport keeps to the timeout
itself, and knows better what it waited for."""

Came = TypeVar("Came", bound=Receipt | None)


class Courier:
    """The one who carries what goes out by one channel."""

    def __init__(
        self,
        channel: ChannelSettings,
        notifier: Notifier,
        outbox: Outbox,
        *,
        recorder: Recorder,
        clock: Clock,
        bus: Bus,
    ) -> None:
        self.channel = channel
        self._notifier = notifier
        self._outbox = outbox
        self._recorder = recorder
        self._clock = clock
        self._bus = bus
        self._news = asyncio.Event()
        self._refresh_at: float | None = -math.inf  # what a receiver forgot while we were away is said at once
        self._has_failed = False
        self._is_leaving = False

    def wake(self) -> None:
        """There is news that may be about this channel."""
        self._news.set()

    def leave(self) -> None:
        """Begins nothing more; what is under way goes on."""
        self._is_leaving = True
        self._news.set()

    async def run(self) -> None:
        """Carries until it has left."""
        while not self._is_leaving:
            self._news.clear()
            now = self._clock.now()
            notice = self._outbox.next(self.channel.name, now)
            if notice is not None:
                await self._send(notice)
            elif self._refresh_at is not None and self._refresh_at <= now:
                await self._refresh()
            else:
                await self._wait(now)

    async def close(self) -> None:
        """Lets go of the transport's connections; call it when `run` has ended."""
        await self._notifier.close()

    async def _wait(self, now: float) -> None:
        """Until the next notice is due, or there is news."""
        dues = (self._outbox.next_at(self.channel.name, now), self._refresh_at)
        due = min((due for due in dues if due is not None), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - now)):
                await self._news.wait()

    async def _send(self, notice: Notice) -> None:
        self._bus.publish(self._outbox.begin(notice.notice_id, self._clock.now()))
        await self._onto_disk()
        if not self._outbox.is_wanted(notice.notice_id):  # somebody took the alert while the disk was busy
            self._bus.publish(self._outbox.recall(notice.notice_id, self._clock.now()))
            return
        began = self._clock.now()
        receipt = await self._came_of(self._notifier.deliver(notice))
        now = self._clock.now()
        self._bus.publish(self._outbox.settle(notice.notice_id, receipt, now, now - began))
        await self._onto_disk()

    async def _refresh(self) -> None:
        """Says again what fires; a transport that does not need it is asked once."""
        receipt = await self._came_of(self._notifier.refresh(self._outbox.firing_on(self.channel.name)))
        now = self._clock.now()
        is_well = receipt is None or receipt.verdict is Verdict.DELIVERED
        if receipt is not None and not is_well and not self._has_failed:
            self._tell(f"it could not be told again what fires: {receipt.answer}")
        self._has_failed = not is_well
        self._refresh_at = None if receipt is None else now + (REFRESH_EVERY if is_well else REFRESH_AGAIN)

    async def _onto_disk(self) -> None:
        with suppress(RecordingFailed, TimeoutError):
            async with asyncio.timeout(DISK_WAIT):
                await self._recorder.flush()

    async def _came_of(self, words: Coroutine[None, None, Came]) -> Came | Receipt:
        """What came back; that nothing did, or that the transport has a bug, is a reason to try again."""
        try:
            async with asyncio.timeout(self.channel.timeout + TRANSPORT_MORE):
                return await words
        except TimeoutError:
            return Receipt(verdict=Verdict.RETRY, answer=f"no answer within {self.channel.timeout:g} s")
        except Exception as error:  # noqa: BLE001 - a transport's bug must not end the carrying; the event tells of it
            self._tell(place_of(error))
            return Receipt(verdict=Verdict.RETRY, answer="the transport failed")

    def _tell(self, message: str) -> None:
        service = f"the transport of {self.channel.name}"
        self._bus.publish([ServiceFailed(at=self._clock.now(), service=service, message=message)])
