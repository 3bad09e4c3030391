"""Slack's incoming webhooks, in Block Kit. They take one message a second, and can neither edit nor read replies:
an alert is acknowledged in the console, and each message says how.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hive_console.adapters.notifiers import escaping, wording
from hive_console.adapters.notifiers.http import Outgoing, Post, Said
from hive_console.adapters.notifiers.references import References, Unresolved
from hive_console.adapters.notifiers.verdicts import at_fault, receipt_of
from hive_console.core.alert_settings import ChannelSettings
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt, Verdict
from hive_console.core.states import NoticeKind, Severity

MOST_BLOCKS, HEADER_LIMIT, SECTION_LIMIT, TEXT_LIMIT = 50, 150, 3000, 3000
"""Blocks of a message, and characters of its header, of a section, and of the line that phones show. Slack allows
40,000 for the last, which would be a wall on a phone."""

ALL_LIMIT = 12_000
"""Characters of all blocks. From about 13,200 on Slack answers `msg_blocks_too_long` (bolt-js #2509)."""

_RESERVE = 700
"""Of `ALL_LIMIT`, kept for the remarks at the end."""

_COLOURS = {
    Severity.INFO: "#6b7280",
    Severity.WARNING: "#d97706",
    Severity.ERROR: "#ea580c",
    Severity.CRITICAL: "#dc2626",
}
_OVER = "#16a34a"

_CLOSED = frozenset(
    {
        "account_inactive",
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "invalid_token",
        "no_active_hooks",
        "no_service",
        "no_service_id",
        "no_team",
        "posting_to_general_channel_denied",
        "team_disabled",
        "token_revoked",
        "user_not_found",
    }
)
"""What Slack says of a webhook that is gone, whatever the status: no other message would be taken."""


class Slack:
    """Fits `engine.ports.Notifier` by shape."""

    def __init__(
        self, channel: ChannelSettings, outgoing: Outgoing, references: References, now: Callable[[], float]
    ) -> None:
        self._channel = channel
        self._outgoing = outgoing
        self._references = references
        self._now = now

    async def deliver(self, notice: Notice) -> Receipt:
        """Posts the notice as one message."""
        try:
            url = self._references.address_of(self._channel.address)
        except Unresolved as error:
            return at_fault(error.why)
        # Slack knows no key of ours: the same twice is two messages.
        post = Post(url, msgspec.json.encode(message_of(notice, self._now())), may_repeat=False)
        said = await self._outgoing.send(post, self._channel.timeout)
        return _judged(said, receipt_of(said, self._outgoing.told(said, post)))

    async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:  # noqa: ARG002 - the port's shape
        """Nothing: people remember."""
        return None

    async def close(self) -> None:
        """Nothing is its own: the connections are all channels'."""


def message_of(notice: Notice, now: float) -> dict[str, Any]:  # JSON has no narrower Python type
    """The message, within every limit; alerts that do not fit are counted at its end."""
    headline = wording.headline(notice)
    header = _block("header", _plain(escaping.slack_plain(headline), HEADER_LIMIT))
    left = ALL_LIMIT - _RESERVE - len(header["text"]["text"])
    blocks: list[dict[str, Any]] = []
    told = 0
    for alert in notice.alerts:
        section = _section(wording.paragraph(alert, now, kind=notice.kind))
        # The header, the divider-less sections and one block of remarks.
        if len(blocks) + 2 >= MOST_BLOCKS or len(section["text"]["text"]) > left:
            break
        left -= len(section["text"]["text"])
        blocks.append(section)
        told += 1
    remarks = "\n".join(_fitting(line, _RESERVE // 3) for line in wording.remarks(notice, told=told))
    if remarks:
        blocks.append({"type": "context", "elements": [_marked(remarks)]})
    text = _fitting(headline, TEXT_LIMIT)
    message: dict[str, Any] = {
        "text": text,
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [header],
    }
    if blocks:
        message["attachments"] = [{"color": colour_of(notice), "fallback": text, "blocks": blocks}]
    return message


def colour_of(notice: Notice) -> str:
    """The colour at a message's edge; the words beside it say the same."""
    is_over = notice.kind in {NoticeKind.RESOLVED, NoticeKind.PASSED}
    return _OVER if is_over else _COLOURS[notice.severity]


def _judged(said: Said, receipt: Receipt) -> Receipt:
    word = said.text.strip()
    if receipt.verdict is not Verdict.DELIVERED and word in _CLOSED:
        return replace(receipt, verdict=Verdict.REFUSED, is_channel_at_fault=True, retry_after=None, answer=word)
    return receipt


def _section(told: wording.Paragraph) -> dict[str, Any]:
    marked = [_fitting(line, SECTION_LIMIT // 4) for line in replace(told, head="", runbook="", command="").lines]
    head = f"*{_fitting(told.head, SECTION_LIMIT // 8)}*"
    link = [f"Runbook: {_link(told.runbook)}"] if told.runbook else []
    command = [f"To take it: {_code(told.command)}"] if told.command else []
    lines = [head, *marked, *link, *command]
    while len("\n".join(lines)) > SECTION_LIMIT:  # only texts that are nothing but `&` come here
        lines.pop(-2)
    return _block("section", _marked("\n".join(lines)))


def _link(runbook: str) -> str:
    """A runbook from the settings may be pressed, if it is a plain URL; anything else is text."""
    try:
        parts = urlsplit(runbook)
    except ValueError:
        parts = urlsplit("")
    is_plain = runbook.isascii() and runbook.isprintable() and not set(runbook) & set(" <>|&\"'`")
    if parts.scheme in {"http", "https"} and parts.netloc and is_plain and len(runbook) <= SECTION_LIMIT // 8:
        return f"<{runbook}>"
    return _code(runbook)


def _code(text: str) -> str:
    """In Slack's code no link and no formatting is looked for, so that what is to be copied stays as it is."""
    return f"`{escaping.slack_code(text[: SECTION_LIMIT // 16])}`"


def _fitting(text: str, limit: int) -> str:
    """Escaped, and of at most `limit` characters then: an escape is never cut in two."""
    escaped, room = escaping.slack(text), limit
    while len(escaped) > limit:
        room = room * 3 // 4
        escaped = escaping.slack(text[:room]) + "…"
    return escaped


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": text if len(text) <= limit else text[: limit - 1] + "…", "emoji": False}


def _marked(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _block(kind: str, text: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "text": text}
