"""A notice as a mail: plain text, in one thread for all that is said of one incident."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from hive_console.adapters.notifiers import wording
from hive_console.adapters.notifiers.escaping import mail_header, mail_line
from hive_console.core.notifying.notice import Notice
from hive_console.core.states import NoticeKind, Severity

_PRIORITIES = {Severity.CRITICAL: "1", Severity.ERROR: "2", Severity.WARNING: "3", Severity.INFO: "5"}
"""Of `X-Priority`: 1 is the highest, 3 the usual one."""

_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
NO_DOMAIN = "hive-console.invalid"


def letter_of(notice: Notice, *, sender: str, recipients: tuple[str, ...], now: float) -> EmailMessage:
    """The mail. Raises `ValueError` for a sender or a recipient that is no address.

    Args:
        notice: what to say.
        sender: an address, with a name or without.
        recipients: who is told that they are all told.
        now: the mail's date, Unix seconds.
    """
    letter = EmailMessage(policy=SMTP)
    domain = domain_of(sender)
    letter["Subject"] = mail_header(wording.headline(notice))
    letter["From"] = _address(sender)
    letter["To"] = [_address(recipient) for recipient in recipients]
    letter["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    letter["Message-ID"] = _id("notice", notice.environment, notice.channel, notice.key, domain=domain)
    # The thread's root is a mail that nobody got, so that whichever comes first begins it.
    root = _id("thread", notice.environment, notice.thread, domain=domain)
    letter["In-Reply-To"] = root
    letter["References"] = root
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday note answers it
    is_over = notice.kind in {NoticeKind.RESOLVED, NoticeKind.PASSED}
    letter["X-Priority"] = "3" if is_over else _PRIORITIES[notice.severity]
    letter.set_content("\n".join(lines_of(notice, now)) + "\n", charset="utf-8")
    return letter


def lines_of(notice: Notice, now: float) -> list[str]:
    """The lines of the text."""
    lines = [wording.headline(notice)]
    for alert in notice.alerts:
        lines += ["", *wording.paragraph(alert, now, kind=notice.kind).lines]
    remarks = wording.remarks(notice, told=len(notice.alerts))
    lines += ["", *remarks] if remarks else []
    where = f" ({notice.environment})" if notice.environment else ""
    lines += ["", "-- ", f"hive-console{where}, channel {notice.channel}"]
    return [mail_line(line) for line in lines]


def bare_address(text: str) -> str:
    """The address alone, without a name: what the envelope carries. Raises `ValueError` for none."""
    return _address(text).addr_spec


def domain_of(sender: str) -> str:
    """The domain of an address, for ids; one that nobody owns where it has none."""
    _, at, domain = parseaddr(sender)[1].rpartition("@")
    return domain if at and _DOMAIN.fullmatch(domain) else NO_DOMAIN


def _address(text: str) -> Address:
    name, address = parseaddr(mail_header(text, 400))
    box, _, domain = address.rpartition("@")
    if not address.isascii() or not box or not _DOMAIN.fullmatch(domain):
        raise ValueError("no address")
    try:
        return Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError):  # the library's parser of addresses raises both
        pass
    raise ValueError("no address")


def _id(*names: str, domain: str) -> str:
    digest = hashlib.sha256("\n".join(names).encode("utf-8", "replace")).hexdigest()
    return f"<{digest[:32]}@{domain}>"
