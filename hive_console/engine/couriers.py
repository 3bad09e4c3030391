"""One courier a channel, as settings let channels come, change and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial

from hive_console.core.alert_settings import ChannelSettings
from hive_console.core.events import Event
from hive_console.core.notifying.outbox import Outbox
from hive_console.engine.bus import NOTHING, Bus
from hive_console.engine.courier import Courier
from hive_console.engine.ports import Clock, Notifier, Recorder

FAREWELL = 1.0
"""Seconds that attempts under way have at the end of the engine; then nobody knows what came of them, and they are
repeated under the same key after the next start. The whole program has 1.9 (`wiring.last_exit`)."""

Serve = Callable[[str, Callable[[], Coroutine[None, None, None]]], asyncio.Task[None]]
"""Runs a service under its name, whatever errors it meets, until it returns."""


class Couriers:
    """All couriers of an engine; their tasks belong to the engine, which `serve` stands for."""

    def __init__(
        self,
        outbox: Outbox,
        notifier: Callable[[ChannelSettings], Notifier],
        *,
        recorder: Recorder,
        clock: Clock,
        bus: Bus,
        serve: Serve,
    ) -> None:
        self._outbox = outbox
        self._notifier = notifier
        self._recorder = recorder
        self._clock = clock
        self._bus = bus
        self._serve = serve
        self._at_work: dict[str, Courier] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def take(self, event: Event) -> tuple[Event, ...]:  # noqa: ARG002 - any of the events subscribed to is news
        """Has everybody look for work; a bus reader behind the planner."""
        for courier in self._at_work.values():
            courier.wake()
        return NOTHING

    def use(self, channels: Iterable[ChannelSettings]) -> None:
        """Carries by these channels from now on. One that changed gets another courier, who begins where the one
        before leaves off: what that one has under way is not interrupted.
        """
        wanted = {channel.name: channel for channel in channels}
        for name, courier in list(self._at_work.items()):
            if wanted.get(name) != courier.channel:
                self._at_work.pop(name).leave()
        self._tasks = [task for task in self._tasks if not task.done()]
        for name, channel in wanted.items():
            if name not in self._at_work:
                courier = Courier(
                    channel,
                    self._notifier(channel),
                    self._outbox,
                    recorder=self._recorder,
                    clock=self._clock,
                    bus=self._bus,
                )
                self._at_work[name] = courier
                self._tasks.append(self._serve(f"courier of {name}", partial(_carry, courier)))

    async def stop(self) -> None:
        """Begins nothing more; attempts under way have `FAREWELL` seconds to end."""
        for courier in self._at_work.values():
            courier.leave()
        self._at_work.clear()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FAREWELL)
        for task in self._tasks:
            task.cancel()


async def _carry(courier: Courier) -> None:
    await courier.run()
    await courier.close()
