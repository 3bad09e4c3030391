"""Asks a URL outside while all of this works, so that somebody there hears when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from hive_console.core import alert_settings
from hive_console.core.errors import place_of
from hive_console.core.events import ServiceFailed
from hive_console.core.notifying.notice import Receipt, Verdict
from hive_console.engine.bus import Bus
from hive_console.engine.ports import Clock, Heart

PATIENCE = 10.0
"""Seconds one beat may take."""

SERVICE = "the heartbeat"


class Heartbeat:
    """One service of the engine. It runs on the engine's loop: where that hangs, no beat goes out."""

    def __init__(
        self,
        settings: alert_settings.Heartbeat | None,
        heart: Callable[[alert_settings.Heartbeat], Heart],
        *,
        illness: Callable[[], str],
        clock: Clock,
        bus: Bus,
    ) -> None:
        """Takes the parts.

        Args:
            settings: what to ask, and how often; `None` is nothing.
            heart: makes the way to it.
            illness: what of the engine does not work now, or ``""``; then no beat goes out.
            clock: tells when.
            bus: hears when a beat is not answered, once until one is.
        """
        self._settings = settings
        self._make = heart
        self._illness = illness
        self._clock = clock
        self._bus = bus
        self._has_failed = False
        self._changed = asyncio.Event()

    def reconfigure(self, settings: alert_settings.Heartbeat | None) -> None:
        """Asks another URL, or none, from now on."""
        if settings != self._settings:
            self._settings = settings
            self._changed.set()

    async def run(self) -> None:
        """Beats for ever."""
        while True:
            self._changed.clear()
            settings = self._settings
            if settings is None:
                await self._changed.wait()
                continue
            heart = self._make(settings)
            try:
                await self._beat_until_changed(heart, settings.every)
            finally:
                await heart.close()

    async def _beat_until_changed(self, heart: Heart, every: float) -> None:
        while not self._changed.is_set():
            began = self._clock.now()
            if not self._illness():
                self._heed(await _answer_of(heart))
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, began + every - self._clock.now())):
                    await self._changed.wait()

    def _heed(self, receipt: Receipt) -> None:
        has_failed = receipt.verdict is not Verdict.DELIVERED
        if has_failed and not self._has_failed:
            self._bus.publish([ServiceFailed(at=self._clock.now(), service=SERVICE, message=receipt.answer)])
        self._has_failed = has_failed


async def _answer_of(heart: Heart) -> Receipt:
    try:
        async with asyncio.timeout(PATIENCE):
            return await heart.beat()
    except TimeoutError:
        return Receipt(verdict=Verdict.RETRY, answer=f"no answer within {PATIENCE:g} s")
    except Exception as error:  # noqa: BLE001 - whatever a beat meets, the next one is due; the event tells of it
        return Receipt(verdict=Verdict.RETRY, answer=place_of(error))
