"""The plain words of a notice, which all transports share. Nothing is in them but what the notice holds.

Glyph and word say the severity together, because a colour is nothing to whoever cannot see it.
"""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.notifying.notice import AlertBrief, Notice
from hive_console.core.plain_words import utc_time
from hive_console.core.states import AlertState, NoticeKind, Severity
from hive_console.core.text import clean
from hive_console.core.wording import span

NAME_ROOM, TEXT_ROOM = 120, 600
"""Characters of a name, and of a sentence, in a notice."""

GLYPHS = {Severity.INFO: "·", Severity.WARNING: "▲", Severity.ERROR: "◆", Severity.CRITICAL: "✖"}
WORDS = {
    Severity.INFO: "info",
    Severity.WARNING: "warning",
    Severity.ERROR: "ERROR",
    Severity.CRITICAL: "CRITICAL",
}
RESOLVED = "○ resolved"
TEST = "test: nothing is wrong"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What is said of one alert, as plain text without line breaks in it.

    Attributes:
        head: severity, title and subject.
        text: what is wrong, with its numbers.
        times: since when, and how long.
        owner: who has it.
        advice: what to do; may be empty.
        runbook: where to read more; may be empty.
        command: what takes it; empty when nobody needs to.
    """

    head: str
    text: str
    times: str
    owner: str
    advice: str
    runbook: str
    command: str

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it, one thing a line."""
        labelled = (
            ("", self.head),
            ("", self.text),
            ("", self.times),
            ("", self.owner),
            ("To do: ", self.advice),
            ("Runbook: ", self.runbook),
            ("To take it: ", self.command),
        )
        return tuple(label + told for label, told in labelled if told)


def headline(notice: Notice) -> str:
    """The notice in one line: where, how bad, what."""
    where = f"[{clean(notice.environment, NAME_ROOM)}] " if notice.environment else ""
    return where + _news(notice)


def paragraph(alert: AlertBrief, now: float, *, kind: NoticeKind = NoticeKind.FIRING) -> Paragraph:
    """What a notice of this kind, sent `now`, says of one alert."""
    is_over, is_test = alert.state is AlertState.RESOLVED, kind is NoticeKind.TEST
    owner = ""
    if alert.acknowledged_by:
        owner = f"{clean(alert.acknowledged_by, NAME_ROOM)} has it"
    elif not is_over and not is_test:
        owner = "nobody has it yet"
    wants_owner = not is_over and not is_test and not alert.acknowledged_by
    return Paragraph(
        head=f"{badge(alert, kind)}: {name_of(alert)}",
        text=clean(alert.text, TEXT_ROOM),
        times=_times(alert, now),
        owner=owner,
        advice="" if is_over else clean(alert.advice, TEXT_ROOM),
        runbook="" if is_over else clean(alert.runbook, TEXT_ROOM),
        command=f"hive-console alerts ack {clean(alert.alert_id, NAME_ROOM)}" if wants_owner else "",
    )


def name_of(alert: AlertBrief) -> str:
    """What is wrong with what."""
    title = clean(alert.title or alert.name, NAME_ROOM)
    return f"{title}: {clean(alert.subject, NAME_ROOM)}" if alert.subject else title


def badge(alert: AlertBrief, kind: NoticeKind = NoticeKind.FIRING) -> str:
    """How bad it is, or that it is over, as a glyph and a word."""
    if kind is NoticeKind.TEST:
        return TEST
    return RESOLVED if alert.state is AlertState.RESOLVED else badge_of(alert.severity)


def badge_of(severity: Severity) -> str:
    """A severity as a glyph and a word."""
    return f"{GLYPHS[severity]} {WORDS[severity]}"


def remarks(notice: Notice, *, told: int) -> tuple[str, ...]:
    """What is said beside the alerts, of which `told` are told one by one."""
    lines = [clean(notice.remark, TEXT_ROOM)] if notice.remark else []
    if notice.is_unsure:
        lines.append("This may be the second time that you read this: an earlier attempt ended without an answer.")
    more = notice.count - told
    if more > 0:
        lines.append(f"And {more} more: hive-console alerts list")
    return tuple(lines)


def _news(notice: Notice) -> str:
    first = notice.alerts[0] if notice.alerts else None
    if first is None:
        return TEST if notice.kind is NoticeKind.TEST else _many(notice, "alerts")
    if notice.count > 1:
        return _of_many(notice)
    name = name_of(first)
    match notice.kind:
        case NoticeKind.TEST:
            return f"{TEST}: {name}"
        case NoticeKind.RESOLVED:
            return f"{RESOLVED}: {name}"
        case NoticeKind.PASSED:
            return f"{RESOLVED}, fired and passed before anybody was told: {name}"
        case NoticeKind.ACKNOWLEDGED:
            return f"{badge(first)}, {clean(first.acknowledged_by, NAME_ROOM) or 'somebody'} has it: {name}"
        case NoticeKind.REPEAT:
            return f"{badge(first)}, still: {name}"
        case NoticeKind.ESCALATION:
            return f"{badge(first)}, nobody has taken it: {name}"
        case NoticeKind.FLAPPING:
            return f"{badge(first)}, comes and goes: {name}"
        case NoticeKind.FIRING | NoticeKind.DIGEST:
            return f"{badge(first)}: {name}"


def _of_many(notice: Notice) -> str:
    match notice.kind:
        case NoticeKind.TEST:
            return TEST
        case NoticeKind.RESOLVED:
            return f"{RESOLVED}: {_many(notice, 'alerts')}"
        case NoticeKind.PASSED:
            return f"{RESOLVED}, fired and passed before anybody was told: {_many(notice, 'alerts')}"
        case NoticeKind.ACKNOWLEDGED:
            return f"taken: {_many(notice, 'alerts')}"
        case NoticeKind.REPEAT:
            return f"{badge_of(notice.severity)}, still: {_many(notice, 'alerts')}"
        case NoticeKind.ESCALATION:
            return f"{badge_of(notice.severity)}, nobody has taken them: {_many(notice, 'alerts')}"
        case NoticeKind.FLAPPING:
            return f"{badge_of(notice.severity)}, come and go: {_many(notice, 'alerts')}"
        case NoticeKind.DIGEST:
            return f"{badge_of(notice.severity)}, a storm: {_many(notice, 'alerts')}"
        case NoticeKind.FIRING:
            return f"{badge_of(notice.severity)}: {_many(notice, 'alerts')}"


def _many(notice: Notice, noun: str) -> str:
    names = ", ".join(name_of(alert) for alert in notice.alerts[:3])
    more = ", …" if notice.count > 3 and names else ""
    return f"{notice.count} {noun}" + (f": {names}{more}" if names else "")


def _times(alert: AlertBrief, now: float) -> str:
    anew = f", fired anew {alert.times} times" if alert.times > 1 else ", fired anew once" if alert.times else ""
    if alert.state is AlertState.RESOLVED and alert.resolved_at is not None:
        took = span(alert.resolved_at - alert.raised_at)
        return f"From {utc_time(alert.raised_at)} to {utc_time(alert.resolved_at)}, for {took}{anew}"
    return f"Since {utc_time(alert.raised_at)}, for {span(now - alert.raised_at)}{anew}"
