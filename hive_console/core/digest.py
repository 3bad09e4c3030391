"""What somebody missed while they did not look, in at most four lines: at login, and for `status --since-last`."""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.deed_words import where_to, whom
from hive_console.core.events import NoticeSettled, OperatorActed
from hive_console.core.outages import Outage
from hive_console.core.plain_words import in_words
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertState
from hive_console.core.store import Gap, GapCause, Run
from hive_console.core.wording import span

MOST_LINES = 4
"""Outages, deeds, alerts and gaps: one line each."""

NAMED = 2
"""Of each, how many are told; the others are counted."""

LINE_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """What a recording tells of the time since somebody last looked.

    Attributes:
        since: when they did, in Unix seconds.
        told_from: from when on it is told, where that is later: a digest does not reach back for ever.
        now: Unix seconds.
        outages: that began or lasted in that time, in the order they began.
        is_cut: whether there were more events than one question brings, so that older outages may be missing.
        acts: what others did, oldest first: each once, with what became of it.
        alerts: that fired in that time, newest first.
        given_up: notices that were never delivered, oldest first.
        gaps: stretches that were not recorded whole.
        runs: lives of engines that touch that time, oldest first.
    """

    since: float
    told_from: float
    now: float
    outages: tuple[Outage, ...] = ()
    is_cut: bool = False
    acts: tuple[OperatorActed, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    given_up: tuple[NoticeSettled, ...] = ()
    gaps: tuple[Gap, ...] = ()
    runs: tuple[Run, ...] = ()


def digest(missed: Missed) -> tuple[str, ...]:
    """The lines, the gravest first; none when nothing happened."""
    told = [_outages(missed), _acts(missed), _alerts(missed), _unwatched(missed)]
    lines = [line for line in told if line]
    if not lines:
        return ()
    reach = f" (the last {span(missed.now - missed.told_from)} are told)" if missed.told_from > missed.since else ""
    first, *rest = lines
    lines = [f"Since you last looked {span(missed.now - missed.since)} ago{reach}: {first}", *rest]
    return tuple(in_words(line, LINE_LIMIT) for line in lines)


def _outages(missed: Missed) -> str:
    if not missed.outages:
        return ""
    longest = sorted(missed.outages, key=lambda outage: (outage.end is not None, -_lasted(outage, missed)))
    told = ", ".join(_outage(outage, missed) for outage in longest[:NAMED])
    at_least = "at least " if missed.is_cut else ""
    return f"{at_least}{_counted(len(missed.outages), 'outage')}: {told}{_more(len(longest))}"


def _lasted(outage: Outage, missed: Missed) -> float:
    return (missed.now if outage.end is None else outage.end) - outage.begin


def _outage(outage: Outage, missed: Missed) -> str:
    lasted = span(_lasted(outage, missed))
    if outage.end is None:
        return f"{outage.model} STILL DOWN for {lasted}"
    return f"{outage.model} for {lasted}, {span(missed.now - outage.end)} ago"


def _acts(missed: Missed) -> str:
    if not missed.acts:
        return ""
    newest = missed.acts[::-1]
    told = "; ".join(_act(act, missed.now) for act in newest[:NAMED])
    return f"by hand: {told}{_more(len(newest), joint='; ')}"


def _act(act: OperatorActed, now: float) -> str:
    why = f' "{act.reason}"' if act.reason else ""
    return f"{act.actor} {act.action.value} {whom(act)}{where_to(act, 'to')} {span(now - act.at)} ago{why}"


def _alerts(missed: Missed) -> str:
    """What still fires, and of whom nobody could be told: whoever was to be woken was not."""
    still = [alert for alert in missed.alerts if alert.state is AlertState.FIRING]
    said: list[str] = []
    if missed.given_up:
        where = ", ".join(dict.fromkeys(notice.channel for notice in missed.given_up))
        said.append(f"{_counted(len(missed.given_up), 'notice')} NEVER DELIVERED ({where})")
    if still:
        unowned = sum(alert.wants_attention for alert in still)
        muted = sum(alert.is_muted for alert in still)
        nobody = f", {unowned} of them nobody's" if unowned else ""
        hidden = f", {muted} told to nobody" if muted else ""
        told = "; ".join(f"{alert.text} ({span(missed.now - alert.raised_at)})" for alert in still[:NAMED])
        said.append(f"alerts still open: {len(still)}{nobody}{hidden}: {told}{_more(len(still), joint='; ')}")
    return "; ".join(said)


def _unwatched(missed: Missed) -> str:
    """What nobody can tell: no engine ran, or what it told was lost."""
    told: list[str] = []
    asleep = _asleep(missed)
    if asleep:
        told.append(f"no engine ran for {span(asleep)}")
    lossy = [gap for gap in missed.gaps if gap.cause is not GapCause.CRASHED]
    if lossy:
        causes = ", ".join(dict.fromkeys(gap.cause.value for gap in lossy))
        told.append(f"not recorded whole for {span(sum(gap.end - gap.begin for gap in lossy))} ({causes})")
    lost = sum(gap.dropped for gap in missed.gaps)
    if lost:
        told.append(f"{_counted(lost, 'event')} lost")
    return f"not known: {', '.join(told)}" if told else ""


def _asleep(missed: Missed) -> float:
    """Seconds between the lives of engines; before the first and after the last one nobody was missed."""
    return sum(
        max(0.0, min(later.started, missed.now) - max(earlier.ended, missed.told_from))
        for earlier, later in zip(missed.runs, missed.runs[1:], strict=False)
        if earlier.ended is not None
    )


def _more(count: int, joint: str = ", ") -> str:
    return f"{joint}and {count - NAMED} more" if count > NAMED else ""


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
