"""Any receiver of one's own: JSON over HTTP, signed, with a key by which it can tell what it has already."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from hive_console.adapters.notifiers.body import body_of
from hive_console.adapters.notifiers.http import JSON_HEADERS, Outgoing, Post
from hive_console.adapters.notifiers.references import References, Unresolved
from hive_console.adapters.notifiers.verdicts import at_fault, receipt_of
from hive_console.core.alert_settings import ChannelSettings
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt

SIGNATURE, KEY, ATTEMPT = "x-hive-signature", "idempotency-key", "x-hive-attempt"
"""The headers that receivers look at."""


class Webhook:
    """Fits `engine.ports.Notifier` by shape."""

    def __init__(
        self, channel: ChannelSettings, outgoing: Outgoing, references: References, now: Callable[[], float]
    ) -> None:
        self._channel = channel
        self._outgoing = outgoing
        self._references = references
        self._now = now

    async def deliver(self, notice: Notice) -> Receipt:
        """Posts the notice."""
        try:
            url = self._references.address_of(self._channel.address)
            secret = self._references.secret_of(self._channel.secret)
        except Unresolved as error:
            return at_fault(error.why)
        body = body_of(notice)
        headers = {**JSON_HEADERS, KEY: idempotency_key(notice), ATTEMPT: str(max(1, notice.attempts))}
        if secret:
            headers[SIGNATURE] = signature_of(body, secret, self._now())
        post = Post(url, body, headers, may_repeat=True)
        said = await self._outgoing.send(post, self._channel.timeout)
        return receipt_of(said, self._outgoing.told(said, post))

    async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:  # noqa: ARG002 - the port's shape
        """Nothing: the receiver was told once, and remembers."""
        return None

    async def close(self) -> None:
        """Nothing is its own: the connections are all channels'."""


def signature_of(body: bytes, secret: str, now: float) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 of the seconds, a dot and the body, as in Stripe's scheme of that name.

    The seconds are signed too, so that a receiver can refuse what somebody recorded and sends again.
    """
    seconds = str(int(now))
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def idempotency_key(notice: Notice) -> str:
    """The notice's key as a header can carry it, the same at every attempt."""
    return hashlib.sha256(f"{notice.channel}\n{notice.key}".encode("utf-8", "replace")).hexdigest()[:32]
