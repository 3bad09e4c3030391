"""The channel of the consoles: told is who looks; where nobody does, nobody is told late."""

from __future__ import annotations

import asyncio

import pytest

from hive_console.core.notifying.notice import Notice, Receipt, Verdict
from hive_console.core.states import NoticeKind
from hive_console.engine.console_channel import ConsoleChannel

NOTICE = Notice(
    notice_id="N1",
    key="k",
    channel="bell",
    kind=NoticeKind.FIRING,
    thread="A1",
    alerts=(),
    count=0,
    queued_at=1.0,
    due=1.0,
)


@pytest.mark.parametrize(
    ("consoles", "verdict", "answer"),
    [
        (0, Verdict.NOBODY, "no console is attached"),
        (1, Verdict.DELIVERED, "rung at 1 console"),
        (2, Verdict.DELIVERED, "rung at 2 consoles"),
    ],
)
def test_delivered_is_what_somebody_can_hear(consoles: int, verdict: Verdict, answer: str) -> None:
    told = asyncio.run(ConsoleChannel(lambda: consoles).deliver(NOTICE))

    assert told == Receipt(verdict=verdict, answer=answer)


def test_consoles_have_the_inbox_and_need_no_refresh() -> None:
    async def scene() -> Receipt | None:
        channel = ConsoleChannel(lambda: 1)
        answer = await channel.refresh(())
        await channel.close()
        return answer

    assert asyncio.run(scene()) is None
