"""What a digest is made of: the few questions that a store is asked about the time since somebody last looked."""

from __future__ import annotations

from hive_console.core.alert_story import NAMING
from hive_console.core.digest import Missed, digest
from hive_console.core.events import NoticeSettled, OperatorActed
from hive_console.core.outages import OutageBook
from hive_console.core.sifting import MOVING
from hive_console.core.states import ActionPhase, NoticeEnd
from hive_console.core.store import ROW_LIMIT, Store, Wanted

REACH = 7 * 86_400.0
"""Seconds that a digest reaches back at most: who was away for longer reads a report."""

ACTS_READ, ALERTS_READ = 200, 200

_TELLING_OF_OUTAGES = tuple(kind for kind in MOVING if kind not in NAMING)
"""What is said of alerts and notices may be a multiple of what moved, and leaves no room for it."""


async def digest_of(store: Store, since: float, now: float, *, actor: str) -> tuple[str, ...]:
    """The lines for somebody who last looked at `since`; none when nothing happened that was not their own deed."""
    return digest(await missed_by(store, since, now, actor=actor))


async def missed_by(store: Store, since: float, now: float, *, actor: str) -> Missed:
    """What happened meanwhile; `actor` knows what they did themselves."""
    begin = max(since, now - REACH)
    wanted = Wanted(begin=begin, end=now)
    if begin >= now:
        return Missed(since=since, told_from=begin, now=now)
    moved = await store.events(wanted, kinds=_TELLING_OF_OUTAGES)
    is_cut = len(moved) == ROW_LIMIT
    # Of what was cut off nobody knows how it ended: outages begin where the events do.
    book = OutageBook(await store.state_at(moved[0].at if is_cut else begin))
    for event in moved:
        book.observe(event)
    settled = await store.events(wanted, kinds=(NoticeSettled,))
    acts = await store.events(Wanted(begin=begin, end=now, limit=ACTS_READ), kinds=(OperatorActed,))
    return Missed(
        since=since,
        told_from=begin,
        now=now,
        outages=tuple(outage for outage in book.outages() if outage.begin >= begin or outage.end is not None),
        is_cut=is_cut,
        acts=tuple(act for act in acts if isinstance(act, OperatorActed) and _is_news(act, actor)),
        alerts=tuple(
            alert
            for alert in await store.alerts(Wanted(begin=begin, end=now, limit=ALERTS_READ))
            if alert.raised_at >= begin
        ),
        given_up=tuple(
            notice for notice in settled if isinstance(notice, NoticeSettled) and notice.end is NoticeEnd.DEAD
        ),
        gaps=await store.gaps(begin, now),
        runs=tuple(run for run in await store.runs() if run.ended is None or run.ended >= begin),
    )


def _is_news(act: OperatorActed, actor: str) -> bool:
    return act.phase is ActionPhase.DONE and act.actor != actor
