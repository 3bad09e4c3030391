"""One transport for each channel, over one set of connections."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Protocol, assert_never

from aiohttp.abc import AbstractResolver

from hive_console.adapters.notifiers.alertmanager import Alertmanager
from hive_console.adapters.notifiers.apprise import Apprise
from hive_console.adapters.notifiers.email import Email
from hive_console.adapters.notifiers.heart import Heart
from hive_console.adapters.notifiers.http import Outgoing
from hive_console.adapters.notifiers.pagerduty import PagerDuty
from hive_console.adapters.notifiers.references import KeySource, References
from hive_console.adapters.notifiers.slack import Slack
from hive_console.adapters.notifiers.webhook import Webhook
from hive_console.core.alert_settings import ChannelKind, ChannelSettings, Heartbeat
from hive_console.core.gateway_settings import NetworkSettings
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt


class Transport(Protocol):
    """What all of them can do: `engine.ports.Notifier`, which this floor does not know."""

    async def deliver(self, notice: Notice) -> Receipt:
        """Sends a notice."""
        ...

    async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:
        """Says again what still fires; `None` where none does."""
        ...

    async def close(self) -> None:
        """Lets go of its connections."""
        ...


class Notifiers:
    """Makes the transports of the channels.

    Args:
        keys: where secrets are kept; asked at each attempt.
        network: which addresses may be called.
        now: Unix seconds.
        environment: the settings' word for where this runs, which receivers that put alerts together need.
        resolver: who knows the hosts' names; the system's own when left out.
        tls: makes what mail servers' certificates are checked with; the system's own when left out.
    """

    def __init__(
        self,
        keys: KeySource,
        *,
        network: NetworkSettings,
        now: Callable[[], float],
        environment: str = "",
        resolver: AbstractResolver | None = None,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._references = References(keys)
        self._outgoing = Outgoing(network, now=now, secrets=keys.known, resolver=resolver)
        self._now = now
        self._environment = environment
        self._resolver = resolver
        self._tls = tls

    def __call__(self, channel: ChannelSettings) -> Transport:
        """The channel's transport; nothing is opened or fetched yet."""
        match channel.kind:
            case ChannelKind.SLACK:
                return Slack(channel, self._outgoing, self._references, self._now)
            case ChannelKind.WEBHOOK:
                return Webhook(channel, self._outgoing, self._references, self._now)
            case ChannelKind.EMAIL:
                return Email(
                    channel,
                    self._references,
                    lambda: self._outgoing.rules,
                    now=self._now,
                    tls=self._tls,
                    resolver=self._resolver,
                )
            case ChannelKind.PAGERDUTY:
                return PagerDuty(channel, self._outgoing, self._references)
            case ChannelKind.ALERTMANAGER:
                return Alertmanager(
                    channel,
                    self._outgoing,
                    self._references,
                    now=self._now,
                    environment=lambda: self._environment,
                )
            case ChannelKind.APPRISE:
                return Apprise(channel, self._references, self._now)
            case ChannelKind.TERMINAL:
                raise ValueError("the consoles are told by the engine, over no transport")
            case _:
                assert_never(channel.kind)

    def use(self, network: NetworkSettings, *, environment: str) -> None:
        """Other settings, from the next attempt on."""
        self._outgoing.use(network)
        self._environment = environment

    def heart(self, heartbeat: Heartbeat) -> Heart:
        """The way to the heartbeat's URL."""
        return Heart(heartbeat, self._outgoing, self._references)

    async def close(self) -> None:
        """Closes every connection."""
        await self._outgoing.close()
