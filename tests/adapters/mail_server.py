"""A real mail server on a loopback socket of the test's own loop (aiosmtpd), with or without TLS."""

from __future__ import annotations

import asyncio
import email
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class MailServer:
    """Takes mails, or says what it is told to say.

    Attributes:
        answers: by recipient, what is said to `RCPT`; 250 where nothing stands.
        data_answer: what is said after a mail.
        login: user and password that are let in; `None` asks for none.
        tls: what its own side of TLS is made with.
        is_tls_from_the_start: whether TLS comes before SMTP.
    """

    answers: dict[str, str] = field(default_factory=dict)
    data_answer: str = "250 OK"
    login: tuple[str, str] | None = None
    tls: ssl.SSLContext | None = None
    is_tls_from_the_start: bool = False
    mails: list[Envelope] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None
    _spoken: list[SMTP] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        starttls = None if self.is_tls_from_the_start else self.tls
        more: dict[str, Any] = {}  # keyword arguments of any type
        if self.login is not None:
            more = {
                "authenticator": self._let_in,
                "auth_required": starttls is not None,
                "auth_require_tls": starttls is not None,
            }

        def connected() -> SMTP:
            spoken = SMTP(self, hostname="mail.example", tls_context=starttls, loop=loop, timeout=20, **more)
            self._spoken.append(spoken)
            return spoken

        outer = self.tls if self.is_tls_from_the_start else None
        self._server = await loop.create_server(connected, "127.0.0.1", 0, ssl=outer)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for spoken in self._spoken:
            for transport in (spoken._original_transport, spoken.transport):
                if isinstance(transport, asyncio.WriteTransport):
                    transport.abort()
            waiting = [task for task in (spoken._handler_coroutine,) if task is not None]
            await asyncio.gather(*waiting, return_exceptions=True)

    def read(self, number: int = -1) -> EmailMessage:
        """A mail as its reader gets it."""
        content = self.mails[number].content
        assert isinstance(content, bytes)
        letter = email.message_from_bytes(content, policy=default)
        assert isinstance(letter, EmailMessage)
        return letter

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if self.data_answer.startswith("250"):
            self.mails.append(envelope)
        return self.data_answer

    def _let_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, credentials: LoginPassword
    ) -> AuthResult:
        self.logins.append(mechanism)
        given = credentials.login.decode(), credentials.password.decode()
        return AuthResult(success=given == self.login, handled=False)
