"""The sign of life: a GET of a URL outside, where somebody hears when it stays away."""

from __future__ import annotations

from hive_console.adapters.notifiers.http import Outgoing, Post
from hive_console.adapters.notifiers.references import References, Unresolved
from hive_console.adapters.notifiers.verdicts import at_fault, receipt_of
from hive_console.core.alert_settings import Heartbeat
from hive_console.core.notifying.notice import Receipt

BEAT_SECONDS = 9.0
"""Seconds one may take: less than the shortest time between two, which is 10."""


class Heart:
    """Fits `engine.ports.Heart` by shape."""

    def __init__(self, heartbeat: Heartbeat, outgoing: Outgoing, references: References) -> None:
        self._heartbeat = heartbeat
        self._outgoing = outgoing
        self._references = references

    async def beat(self) -> Receipt:
        """Asks the URL once."""
        try:
            url = self._references.address_of(self._heartbeat.address)
        except Unresolved as error:
            return at_fault(error.why)
        post = Post(url, headers={}, may_repeat=True)
        said = await self._outgoing.send(post, BEAT_SECONDS)
        return receipt_of(said, self._outgoing.told(said, post))

    async def close(self) -> None:
        """Nothing is its own: the connections are all channels'."""
