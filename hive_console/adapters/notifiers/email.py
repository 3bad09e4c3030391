"""E-mail over SMTP. The connection is made secret before anything is said, or nothing is said.

A mail that some of its recipients' servers refuse is delivered: the receipt says who was left out.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp.abc import AbstractResolver

from hive_console.adapters.endpoints import EndpointRules, is_loopback
from hive_console.adapters.notifiers.dialing import Unreachable, dial
from hive_console.adapters.notifiers.hiding import hidden
from hive_console.adapters.notifiers.letter import bare_address, letter_of
from hive_console.adapters.notifiers.mail_answers import Answer, receipt_of_failure, receipt_of_mail
from hive_console.adapters.notifiers.progress import Progress
from hive_console.adapters.notifiers.references import References, Unresolved
from hive_console.adapters.notifiers.verdicts import at_fault
from hive_console.core.alert_settings import ChannelSettings, MailSecurity
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt, Verdict

if TYPE_CHECKING:
    from aiosmtplib import SMTP

PORTS = {MailSecurity.STARTTLS: 587, MailSecurity.TLS: 465, MailSecurity.NONE: 25}

GOODBYE = 1.0
"""Seconds for the server's goodbye: the mail is taken by then, whatever becomes of it."""

PARTIAL_TRIES = 3
"""Attempts for boxes that are busy while others took the mail; after them the mail counts as delivered."""


@dataclass(frozen=True, slots=True)
class _Mail:
    """One mail on its way.

    Attributes:
        host: the server.
        password: of the account; empty where none is set.
        sender: the envelope's.
        recipients: who has not got it yet.
        content: the mail.
    """

    host: str
    password: str = field(repr=False)
    sender: str
    recipients: list[str]
    content: bytes = field(repr=False)


class Email:
    """Fits `engine.ports.Notifier` by shape.

    Args:
        channel: server, account, sender, recipients.
        references: where the password is.
        rules: which addresses may be called; asked at each attempt.
        now: Unix seconds.
        tls: makes what certificates are checked with; the system's own when left out.
        resolver: who knows the servers' names; the system's own when left out.
    """

    def __init__(
        self,
        channel: ChannelSettings,
        references: References,
        rules: Callable[[], EndpointRules],
        *,
        now: Callable[[], float],
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._channel = channel
        self._references = references
        self._rules = rules
        self._now = now
        self._tls = tls
        self._resolver = resolver
        self._progress = Progress()

    async def deliver(self, notice: Notice) -> Receipt:
        """Sends one mail to all recipients; a repeated attempt leaves out who has it."""
        channel = self._channel
        try:
            host = self._references.address_of(channel.address)
            password = self._references.secret_of(channel.secret)
        except Unresolved as error:
            return at_fault(error.why)
        if channel.security is MailSecurity.NONE and not is_loopback(host):
            return at_fault("without starttls or tls only this machine is called")
        try:
            sender = bare_address(channel.sender)
            everybody = {bare_address(one): one for one in channel.recipients}
            letter = letter_of(notice, sender=channel.sender, recipients=channel.recipients, now=self._now())
        except ValueError:
            return at_fault("sender or recipients are no addresses, or there are none")
        if not everybody:
            return at_fault("there are no recipients")
        has_it = self._progress.arrived(notice.key)
        waiting = [address for address in everybody if address not in has_it]
        receipt = await self._sent(notice, _Mail(host, password, sender, waiting, letter.as_bytes()))
        if receipt.verdict is not Verdict.RETRY:
            self._progress.forget(notice.key)
        return receipt

    async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:  # noqa: ARG002 - the port's shape
        """Nothing: people remember."""
        return None

    async def close(self) -> None:
        """Nothing stays open between two mails."""

    async def _sent(self, notice: Notice, mail: _Mail) -> Receipt:
        # Costs 5 ms at the first mail, and nothing for whoever sends none.
        from aiosmtplib import SMTPException

        secrets = self._secrets(mail.password)

        def told(text: str) -> str:
            return hidden(text, "", secrets, sent=mail.content)

        try:
            async with asyncio.timeout(self._channel.timeout):
                refused = await self._spoken(mail)
        except Unreachable as error:
            return at_fault(error.why) if error.is_forbidden else Receipt(verdict=Verdict.RETRY, answer=error.why)
        except (SMTPException, OSError, ValueError) as error:
            return receipt_of_failure(error, told, self._channel.timeout)
        self._progress.note(notice.key, *(address for address in mail.recipients if address not in refused))
        total = len(self._progress.arrived(notice.key)) + len(refused)
        return receipt_of_mail(refused, total, told, may_retry=notice.attempts < PARTIAL_TRIES)

    async def _spoken(self, mail: _Mail) -> Mapping[str, Answer]:
        """Hands the mail over, and returns who was refused why."""
        from aiosmtplib import SMTP  # as above

        channel = self._channel
        tls = None
        if channel.security is not MailSecurity.NONE:
            tls = await asyncio.to_thread(self._tls)  # reads the certificates of the system from disk
        port = channel.port or PORTS[channel.security]
        opened = await dial(mail.host, port, self._rules(), self._resolver)
        try:
            client = SMTP(
                hostname=mail.host,
                sock=opened,
                timeout=channel.timeout,
                use_tls=channel.security is MailSecurity.TLS,
                start_tls=channel.security is MailSecurity.STARTTLS,
                tls_context=tls,
                username=channel.user or None,
                password=mail.password or None,
                local_hostname=_own_name(opened.getsockname()),
            )
        except ValueError:
            opened.close()
            raise
        # From here on the socket is the client's, which closes it whatever happens.
        await client.connect()
        try:
            refused, _ = await client.sendmail(mail.sender, mail.recipients, mail.content)
            await _leave(client)
        finally:
            client.close()
        return {address: Answer(answer.code, answer.message) for address, answer in refused.items()}

    def _secrets(self, password: str) -> tuple[str, ...]:
        plain = f"\0{self._channel.user}\0{password}"  # what AUTH PLAIN says, and servers may repeat
        own = (base64.b64encode(plain.encode()).decode(),) if password else ()
        return (*own, *self._references.known())


async def _leave(client: SMTP) -> None:
    from aiosmtplib import SMTPException  # as above

    with suppress(SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(GOODBYE):
            await client.quit()


def _own_name(address: tuple[str, ...]) -> str:
    """This machine's address as RFC 5321 (4.1.3) wants it of whoever has no name; a look for one may take long."""
    host = address[0].partition("%")[0]
    return f"[IPv6:{host}]" if ":" in host else f"[{host}]"
