"""What alerts need from outside the engine: transports of channels, the heartbeat's URL, the wall clock there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hive_console.adapters.secrets import KeyRing
from hive_console.adapters.zone_clock import ZoneClock
from hive_console.core import alert_settings
from hive_console.core.settings import Settings
from hive_console.engine.ports import Heart, Notifier

if TYPE_CHECKING:
    from hive_console.adapters.notifiers.notifiers import Notifiers


class Outlets:
    """Follows the settings; a channel's connections open with its first notice.

    Attributes:
        local: the wall clock of the settings' place.

    Args:
        settings: those in force.
        keys: where the channels' secrets are kept.
        now: Unix seconds.
    """

    def __init__(self, settings: Settings, keys: KeyRing, *, now: Callable[[], float]) -> None:
        self._settings = settings
        self._keys = keys
        self._now = now
        self._notifiers: Notifiers | None = None
        self.local = ZoneClock(settings.alerts.timezone)

    def notifier(self, channel: alert_settings.ChannelSettings) -> Notifier:
        """The transport of a channel."""
        return self._all()(channel)

    def heart(self, heartbeat: alert_settings.Heartbeat) -> Heart:
        """The way to the heartbeat's URL."""
        return self._all().heart(heartbeat)

    def use(self, settings: Settings) -> None:
        """Other settings, from now on."""
        self._settings = settings
        self.local.use(settings.alerts.timezone)
        if self._notifiers is not None:
            self._notifiers.use(settings.network, environment=settings.environment)

    async def close(self) -> None:
        """Closes every connection."""
        if self._notifiers is not None:
            await self._notifiers.close()

    def _all(self) -> Notifiers:
        if self._notifiers is None:
            # 10 to 20 ms, which nobody pays who has no channel: they would stand before the first paint.
            from hive_console.adapters.notifiers.notifiers import Notifiers

            settings = self._settings
            self._notifiers = Notifiers(
                self._keys, network=settings.network, now=self._now, environment=settings.environment
            )
        return self._notifiers
