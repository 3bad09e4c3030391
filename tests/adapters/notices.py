"""Notices, channels and transports for the tests of what leaves the house."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp.abc import AbstractResolver

from hive_console.adapters.notifiers import Notifiers
from hive_console.core.alert_settings import ChannelKind, ChannelSettings
from hive_console.core.gateway_settings import NetworkSettings
from hive_console.core.notifying.notice import AlertBrief, Notice
from hive_console.core.states import AlertRule, AlertState, NoticeKind, Severity
from tests.adapters.upstream import Exchange, Keys, Upstream

NOW = 1_800_000_000.0
SECRET = "not-shaped-like-a-secret-77aa"

HOSTILE = (
    "<!channel> <@U123> <http://evil.example|ok> *b* _i_ ~s~ `c` http://evil.example/x evil.example @here &lt; "
    "mailto:a@evil.example x\r\nBcc: a@evil.example\r\n\r\n<b>html</b> \x1b[2J \x00 \u202e \ud800 \u2028"
)
"""What whoever names a model or answers a call could write (X2, E of the reference)."""


def brief(**changes: Any) -> AlertBrief:  # fields of any type
    fields: dict[str, Any] = {
        "alert_id": "A12",
        "fingerprint": "0123456789abcdef",
        "rule": AlertRule.MODEL_UNAVAILABLE,
        "name": "model-unavailable",
        "title": "model unavailable",
        "severity": Severity.CRITICAL,
        "subject": "gpt_4",
        "labels": (("provider", "openai"), ("group", "big")),
        "text": "5 of 5 calls failed",
        "state": AlertState.FIRING,
        "raised_at": NOW - 300,
        "advice": "Look at its last error.",
        "runbook": "docs/runbooks.md#model-unavailable",
    }
    return AlertBrief(**{**fields, **changes})


def over(**changes: Any) -> AlertBrief:  # fields of any type
    return brief(**{"state": AlertState.RESOLVED, "resolved_at": NOW - 60, **changes})


def notice(
    *alerts: AlertBrief, kind: NoticeKind = NoticeKind.FIRING, **changes: Any
) -> Notice:  # fields of any type
    told = alerts or (() if kind is NoticeKind.TEST else (brief(),))
    fields: dict[str, Any] = {
        "notice_id": "N1",
        "key": "A12/firing/1",
        "channel": "ops",
        "kind": kind,
        "thread": "A12",
        "alerts": told,
        "count": len(told),
        "queued_at": NOW - 10,
        "due": NOW,
        "environment": "prod",
        "attempts": 1,
    }
    return Notice(**{**fields, **changes})


def channel(kind: ChannelKind, address: str = "", **changes: Any) -> ChannelSettings:  # fields of any type
    return ChannelSettings("ops", kind, address, **{"timeout": 5.0, **changes})


@asynccontextmanager
async def notifiers(
    keys: Keys | None = None, *allowed: str, resolver: AbstractResolver | None = None, **more: Any
) -> AsyncIterator[Notifiers]:
    """Transports as the house makes them; closed at the end."""
    made = Notifiers(
        keys or Keys({"env:SECRET": SECRET}),
        network=NetworkSettings(allowed),
        now=lambda: NOW,
        environment="prod",
        resolver=resolver,
        **more,
    )
    try:
        yield made
    finally:
        await made.close()


def answering(
    status: int, body: bytes | dict[str, Any] = b"", headers: Mapping[str, str] = {}
) -> Callable[[Exchange], Awaitable[None]]:
    """A script that answers so to everything."""

    async def script(exchange: Exchange) -> None:
        await exchange.reply(status, body, headers)

    return script


def answering_in_turn(*statuses: int) -> Callable[[Exchange], Awaitable[None]]:
    """A script that answers with one status after the other; the last one stays."""
    left = list(statuses)

    async def script(exchange: Exchange) -> None:
        await exchange.reply(left.pop(0) if len(left) > 1 else left[0])

    return script


def url_of(server: Upstream, path: str = "/hook") -> str:
    return f"http://127.0.0.1:{server.port}{path}"
