"""One channel of the outbox: its pace, its breaker, and what is told of it. And who judges what waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hive_console.core import events as e
from hive_console.core.notifying.notice import AlertBrief, Receipt, Verdict
from hive_console.core.notifying.pacing import Pacing, Turn
from hive_console.core.notifying.queued import Queued
from hive_console.core.snapshot import ChannelView
from hive_console.core.states import NoticeEnd


class Judge(Protocol):
    """Knows the alerts that notices are about."""

    def wanted(self, item: Queued) -> list[str]:
        """The alerts of the notice of which its channel must still be told this."""
        ...

    def brief(self, alert_id: str) -> AlertBrief | None:
        """The alert as it is now; `None` when it is forgotten."""
        ...

    def withdrawn(self, item: Queued, alert_ids: Iterable[str], now: float) -> list[e.Event]:
        """These alerts will not be told by this notice."""
        ...

    def ended(self, item: Queued, end: NoticeEnd, now: float) -> list[e.Event]:
        """The notice, with the alerts it has, was delivered, given up or dropped."""
        ...

    def firing_on(self, channel: str) -> tuple[AlertBrief, ...]:
        """What this channel was told that it fires, and still does."""
        ...


@dataclass(slots=True)
class Lane:
    """One channel.

    Attributes:
        pacing: when it may be used.
        delivered: notices delivered since start.
        dead: notices given up since start.
        dropped: notices left out since start.
        left_out: of those, which nobody was told of on this channel yet.
        last_error: why the last failed attempt failed.
        last_delivered_at: when the last notice was delivered.
    """

    pacing: Pacing
    delivered: int = 0
    dead: int = 0
    dropped: int = 0
    left_out: int = 0
    last_error: str = ""
    last_delivered_at: float | None = None

    @property
    def remark(self) -> str:
        """What the next notice says of those that were left out; empty when none was."""
        if not self.left_out:
            return ""
        were = "notice before this one was" if self.left_out == 1 else "notices before this one were"
        return f"{self.left_out} {were} left out"

    def count(self, end: NoticeEnd, *, told_left_out: int) -> None:
        """A notice ended, which told of so many that were left out."""
        self.delivered += end is NoticeEnd.DELIVERED
        self.dead += end is NoticeEnd.DEAD
        self.dropped += end is NoticeEnd.DROPPED
        self.left_out += end is NoticeEnd.DROPPED
        self.left_out -= told_left_out if end is NoticeEnd.DELIVERED else 0

    def turn(self, receipt: Receipt, now: float, *, attempts: int, draw: float) -> list[e.Event]:
        """What an answer to the `attempts`-th attempt did to the channel."""
        pacing = self.pacing
        if receipt.verdict is Verdict.DELIVERED:
            self.last_delivered_at = now
            turn = pacing.succeed(now)
            cause = "a notice was delivered"
        elif receipt.verdict is Verdict.RETRY or receipt.is_channel_at_fault:
            turn = pacing.fail(
                attempts,
                now,
                draw=draw,
                retry_after=receipt.retry_after,
                is_at_fault=receipt.is_channel_at_fault,
            )
            cause = self.last_error
        else:
            return []
        if turn is Turn.NONE:
            return []
        name = pacing.settings.name
        return [
            e.ChannelChanged(at=now, channel=name, is_open=pacing.is_open, cause=cause, until=pacing.open_until)
        ]

    def view(self, *, waiting: Sequence[float], next_at: float | None, now: float) -> ChannelView:
        """The channel as people see it; `waiting` are the times at which its notices were queued."""
        return ChannelView(
            name=self.pacing.settings.name,
            kind=self.pacing.settings.kind.value,
            is_open=self.pacing.is_open,
            waiting=len(waiting),
            oldest=min(waiting, default=None),
            delivered=self.delivered,
            dead=self.dead,
            dropped=self.dropped,
            last_error=self.last_error,
            last_delivered_at=self.last_delivered_at,
            next_at=next_at if next_at is not None and next_at > now else None,
        )
