"""From SMTP's codes and aiosmtplib's exceptions to receipts: 4xx is not now, 5xx is never like this."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hive_console.adapters.notifiers.verdicts import at_fault
from hive_console.adapters.transport.failures import reason_of
from hive_console.core.notifying.notice import Receipt, Verdict
from hive_console.core.text import clean

NAMED = 3
"""Refused recipients that a receipt names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said of a recipient."""

    code: int
    text: str

    @property
    def is_for_now(self) -> bool:
        """Whether it may be otherwise later."""
        return 400 <= self.code < 500


def receipt_of_mail(
    refused: Mapping[str, Answer], total: int, told: Callable[[str], str], *, may_retry: bool
) -> Receipt:
    """The receipt of a mail that was taken for some of its recipients at least.

    Args:
        refused: who was refused.
        total: recipients, those of earlier attempts included.
        told: makes a server's words fit to be told.
        may_retry: whether those that are only busy are worth another attempt.
    """
    if not refused:
        return Receipt(
            verdict=Verdict.DELIVERED, answer=f"taken for all {total}" if total > 1 else "taken", status=250
        )
    busy = [address for address, answer in refused.items() if answer.is_for_now]
    answer = f"taken for {total - len(refused)} of {total}; refused: {_names(refused, told)}"
    if busy and may_retry:
        return Receipt(verdict=Verdict.RETRY, answer=clean(answer), status=refused[busy[0]].code)
    return Receipt(verdict=Verdict.DELIVERED, answer=clean(answer), status=250)


def receipt_of_failure(error: Exception, told: Callable[[str], str], seconds: float) -> Receipt:
    """The receipt of a mail that nobody took."""
    # Loaded already by whoever raised it.
    import aiosmtplib

    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            refused = {one.recipient: Answer(one.code, one.message) for one in error.recipients}
            return _of_refused(refused, told)
        case aiosmtplib.SMTPAuthenticationError():
            return _of_code(error.code, f"login refused: {told(error.message)}", is_channels=True)
        case aiosmtplib.SMTPDataError():
            return _of_code(error.code, told(error.message), is_channels=False)
        case aiosmtplib.SMTPResponseException():
            return _of_code(error.code, told(error.message), is_channels=True)
        case aiosmtplib.SMTPTimeoutError() | TimeoutError():
            return Receipt(verdict=Verdict.RETRY, answer=f"no answer within {seconds:g} s")
        case aiosmtplib.SMTPServerDisconnected():
            return Receipt(verdict=Verdict.RETRY, answer="the connection was closed")
        case aiosmtplib.SMTPConnectError():
            return _of_connecting(error.__cause__)
        case aiosmtplib.SMTPException():
            return at_fault(told(error.message))
        case OSError():
            return _of_connecting(error)
        case _:
            return at_fault("an address is none that mail can go to")


def _of_connecting(error: BaseException | None) -> Receipt:
    match error:
        case ssl.SSLCertVerificationError():
            answer = "the server's certificate is not trusted"
        case ssl.SSLError():
            answer = "the TLS handshake failed"
        case OSError():
            answer = reason_of(error)
        case _:
            answer = "the connection failed"
    return Receipt(verdict=Verdict.RETRY, answer=answer)


def _of_refused(refused: Mapping[str, Answer], told: Callable[[str], str]) -> Receipt:
    answer = clean(f"refused for all: {_names(refused, told)}")
    code = next(iter(refused.values())).code if refused else None
    if any(one.is_for_now for one in refused.values()):
        return Receipt(verdict=Verdict.RETRY, answer=answer, status=code)
    # Whoever is told is a setting: the next mail would go to the same.
    return Receipt(verdict=Verdict.REFUSED, answer=answer, status=code, is_channel_at_fault=True)


def _of_code(code: int, answer: str, *, is_channels: bool) -> Receipt:
    # -1 stands for what was no answer of SMTP.
    status = code if code > 0 else None
    if not 500 <= code < 600:
        return Receipt(verdict=Verdict.RETRY, answer=clean(answer), status=status)
    return Receipt(verdict=Verdict.REFUSED, answer=clean(answer), status=status, is_channel_at_fault=is_channels)


def _names(refused: Mapping[str, Answer], told: Callable[[str], str]) -> str:
    named = [f"{address} ({answer.code} {told(answer.text)[:40]})" for address, answer in refused.items()]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more
