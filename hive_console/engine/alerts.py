"""The alert side of an engine as one part: the book, who is told, and those who carry the notices.

Without transports (`notifiers`) nobody is told, whatever channels the settings have: a rehearsal fires alerts and
sends nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from hive_console.core import alert_settings
from hive_console.core.alert_settings import AlertSettings, ChannelKind, ChannelSettings
from hive_console.core.alerting.book import ALERTING, AlertBook
from hive_console.core.events import Event
from hive_console.core.local_time import LocalClock
from hive_console.core.notifying.planner import Planner
from hive_console.core.settings import Settings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.engine.alert_desk import OF_REQUESTS, AlertDesk
from hive_console.engine.bus import Bus
from hive_console.engine.console_channel import ConsoleChannel
from hive_console.engine.couriers import Couriers, Serve
from hive_console.engine.heartbeat import Heartbeat
from hive_console.engine.kept_notices import KeptNotices
from hive_console.engine.ports import Clock, Heart, Notifier, Recorder

STALE = 10.0
"""Seconds after which the latest snapshot tells that the engine's own watch over the fleet stands still."""


class Alerts:
    """Book, planner, desk, couriers and heartbeat.

    Attributes:
        book: which alerts there are.
        planner: who is told of them.
        kept: what of the planner outlives a restart.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        notifiers: Callable[[ChannelSettings], Notifier] | None,
        heart: Callable[[alert_settings.Heartbeat], Heart] | None,
        local: LocalClock,
        fleet: Callable[[], FleetSnapshot] | None,
        consoles: Callable[[], int],
        recorder: Recorder,
        clock: Clock,
        bus: Bus,
        rng: random.Random,
    ) -> None:
        """Builds the parts; nothing runs yet.

        Args:
            settings: rules, channels, routes.
            notifiers: makes the transport of a channel; `None` tells nobody.
            heart: makes the way to the heartbeat's URL; `None` is none.
            local: the wall clock of the settings' place.
            fleet: the latest snapshot; `None` where nobody publishes one.
            consoles: counts the consoles that look.
            recorder: has what a notice needs on disk.
            clock: tells when.
            bus: hears all of it.
            rng: spreads the waits between attempts.
        """
        now = clock.now()
        self._notifiers = notifiers
        self._heart = heart
        self._fleet = fleet
        self._console = ConsoleChannel(consoles)
        self._recorder = recorder
        self._clock = clock
        self._bus = bus
        self.book = AlertBook(settings, local=local, now=now)
        self.planner = Planner(
            self._deliverable(settings),
            alert_of=self.book.alert,
            draw=rng.random,
            local=local,
            environment=settings.environment,
            now=now,
        )
        self.kept = KeptNotices(self.planner, self.book)
        self._settings = settings.alerts
        self._desk: AlertDesk | None = None
        if fleet is not None or notifiers is not None:
            self._desk = AlertDesk(self.book, self.planner, fleet=fleet, clock=clock, bus=bus)
        self._couriers: Couriers | None = None
        self._heartbeat: Heartbeat | None = None

    def subscribe(self) -> None:
        """Has them hear what they must, in their order."""
        self._bus.subscribe(self.book.observe, *ALERTING)
        self._bus.subscribe(self.planner.observe, *Planner.KINDS)
        if self._desk is not None:
            kinds = dict.fromkeys((*ALERTING, *KeptNotices.KINDS))
            self._bus.subscribe(self._desk.take, *(kind for kind in kinds if kind not in OF_REQUESTS))
        if self._notifiers is not None:
            self._bus.subscribe(self._wake, *KeptNotices.KINDS)

    def start(self, serve: Serve) -> None:
        """Has the services run."""
        if self._desk is not None:
            serve("the alert desk", self._desk.run)
        notifiers = self._notifiers
        if notifiers is not None:

            def notifier(channel: ChannelSettings) -> Notifier:
                return self._console if channel.kind is ChannelKind.TERMINAL else notifiers(channel)

            self._couriers = Couriers(
                self.planner.outbox,
                notifier,
                recorder=self._recorder,
                clock=self._clock,
                bus=self._bus,
                serve=serve,
            )
            self._couriers.use(self._settings.channels)
        if self._heart is not None:
            self._heartbeat = Heartbeat(
                self._settings.heartbeat, self._heart, illness=self._illness, clock=self._clock, bus=self._bus
            )
            serve("the heartbeat", self._heartbeat.run)

    def reconfigure(self, settings: Settings, now: float) -> list[Event]:
        """Other rules, channels and routes from now on; what changed by that."""
        events = self.book.reconfigure(settings, now)
        events += self.planner.reconfigure(self._deliverable(settings), now)
        self._settings = settings.alerts
        if self._couriers is not None:
            self._couriers.use(settings.alerts.channels)
        if self._heartbeat is not None:
            self._heartbeat.reconfigure(settings.alerts.heartbeat)
        return events

    def tick(self, now: float) -> list[Event]:
        """What time alone ends in the book, where no desk sees to it."""
        return self.book.tick(now) if self._desk is None else []

    async def stop(self) -> None:
        """Lets attempts under way end, for a moment, and begins none."""
        if self._couriers is not None:
            await self._couriers.stop()

    def _wake(self, event: Event) -> Iterable[Event]:
        return () if self._couriers is None else self._couriers.take(event)

    def _deliverable(self, settings: Settings) -> AlertSettings:
        return AlertSettings() if self._notifiers is None else settings.alerts

    def _illness(self) -> str:
        if self._recorder.view().error:
            return "the recorder cannot write"
        if self._fleet is not None and self._clock.now() - self._fleet().at > STALE:
            return "nobody watches over the fleet"
        return ""
