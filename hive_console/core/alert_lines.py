"""What happens to alerts, silences, notices and channels, in sentences; `core.narration` asks here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, assert_never

from hive_console.core import events as e
from hive_console.core.line import Line
from hive_console.core.restart import AS_BEFORE
from hive_console.core.states import AlertRule, NoticeEnd, NoticeKind, Severity
from hive_console.core.wording import latency, span, whole_percent

NAMED = 4
"""Alerts that a line names; more are counted."""

TOLD_ELSEWHERE = frozenset(
    {
        AlertRule.MODEL_UNAVAILABLE,
        AlertRule.BREAKER_OPEN,
        AlertRule.DEGRADED_MODE,
        AlertRule.FALLBACKS_EXHAUSTED,
        AlertRule.SETTINGS_REFUSED,
        AlertRule.KEY_REFUSED,
        AlertRule.KILL_SWITCH,
    }
)
"""Rules of which a log needs no line: the event that raised the alert has one. Of what is measured nothing else
tells."""

_KINDS = {
    NoticeKind.FIRING: "firing",
    NoticeKind.REPEAT: "still firing",
    NoticeKind.ESCALATION: "nobody has taken",
    NoticeKind.FLAPPING: "flapping",
    NoticeKind.DIGEST: "many at once,",
    NoticeKind.RESOLVED: "resolved",
    NoticeKind.PASSED: "fired and resolved",
    NoticeKind.ACKNOWLEDGED: "acknowledged",
    NoticeKind.TEST: "a test",
}

AlertEvent: TypeAlias = (
    e.AlertRaised
    | e.AlertReopened
    | e.AlertChanged
    | e.AlertResolved
    | e.AlertAcknowledged
    | e.AlertUnacknowledged
    | e.AlertNoted
    | e.AlertMuted
    | e.AlertFlapping
    | e.AlertEscalated
    | e.AlertsRestored
)

NoticeEvent: TypeAlias = e.NoticeQueued | e.NoticeTried | e.NoticeSettled | e.ChannelChanged


def of_alert(event: AlertEvent) -> Line:
    """What became of an alert."""
    match event:
        case e.AlertsRestored():
            return Line(_still_firing(event), Severity.WARNING)
        case e.AlertRaised() | e.AlertReopened():
            again = " fires again" if isinstance(event, e.AlertReopened) else ""
            return Line(f"alert{again}: {event.text}", event.severity, is_routine=event.rule in TOLD_ELSEWHERE)
        case e.AlertChanged():
            said = f"alert {_what(event)} {event.old.value} → {event.new.value}: {event.text}"
            is_worse = event.new.rank > event.old.rank
            severity = event.new if is_worse else Severity.INFO
            return Line(said, severity, is_routine=event.rule in TOLD_ELSEWHERE)
        case e.AlertResolved():
            why = f" ({_by(event.actor)}{event.cause})" if event.cause or event.actor else ""
            said = f"alert over: {_what(event)} after {span(event.lasted)}{why}"
            # Who put it away has a deed that tells it.
            return Line(said, is_routine=bool(event.actor) or event.rule in TOLD_ELSEWHERE)
        case e.AlertAcknowledged() | e.AlertUnacknowledged():
            return _of_owner(event)
        case e.AlertNoted():
            # Told by the operator's deed, as is the word to escalate.
            return Line(f"{event.actor} on the alert {_what(event)}: {event.note}", is_routine=True)
        case e.AlertEscalated():
            said = f"{event.actor} has the next people told of the alert {_what(event)}{_with(event.note)}"
            return Line(said, Severity.WARNING, is_routine=True)
        case e.AlertMuted():
            return _of_muting(event)
        case e.AlertFlapping():
            if not event.is_flapping:
                return Line(f"alert {_what(event)} no longer comes and goes")
            said = f"alert {_what(event)} comes and goes ({whole_percent(event.change)} % changes): kept firing"
            return Line(said, Severity.WARNING)
        case _:
            assert_never(event)


def of_silence(event: e.SilencePlaced | e.SilenceEnded) -> Line:
    """That nobody is told of something for a while, or no longer."""
    if isinstance(event, e.SilenceEnded):
        hid = f"it hid {_counted(event.hid, 'alert')}" if event.hid else "it hid nothing"
        return Line(f"silence {event.silence_id} over ({_by(event.actor)}{event.cause}): {hid}")
    name = "maintenance" if event.is_maintenance else "silence"
    begins = f" in {span(event.begins - event.at)}" if event.begins > event.at else ""
    lasts = span(event.until - max(event.begins, event.at))
    early = " or until what it hides is over" if event.ends_on_resolve else ""
    why = f" “{event.reason}”" if event.reason else ""
    what = ", ".join(event.matchers) or "everything"
    said = f"{name} {event.silence_id}{begins} for {lasts}{early} by {event.by}: {what}{why}"
    return Line(said, Severity.WARNING)


def of_notice(event: NoticeEvent) -> Line:
    """What became of a notice, or of the channel it goes by."""
    match event:
        case e.NoticeQueued():
            wait = f" in {span(event.due - event.at)}" if event.due > event.at else ""
            why = f" ({event.cause})" if event.cause else ""
            told = _news(event.kind, event.alert_ids, event.count)
            return Line(f"notice to {event.channel}{wait}: {told}{why}", is_routine=True)
        case e.NoticeTried():
            return _of_attempt(event)
        case e.NoticeSettled():
            return _of_end(event)
        case e.ChannelChanged() if event.is_open:
            lasts = "" if event.until is None else f" for {span(event.until - event.at)}"
            said = f"nothing is sent to {event.channel}{lasts}{_with(event.cause)}"
            return Line(said, Severity.WARNING, topic=f"channel {event.channel}")
        case e.ChannelChanged():
            why = f" ({event.cause})" if event.cause else ""
            return Line(f"notices go to {event.channel} again{why}")
        case _:
            assert_never(event)


def of_audit(event: e.AuditChecked) -> Line:
    """What became of looking whether the audit trail is what was written."""
    rows = _counted(event.rows, "row")
    if event.problem:
        return Line(f"AUDIT TRAIL BROKEN: {event.problem} ({rows} verified)", Severity.CRITICAL, topic="audit")
    return Line(f"audit trail verified: {rows}", is_routine=True)


def named(alert_ids: Sequence[str], count: int) -> str:
    """The first ids, and how many there are besides."""
    shown = ", ".join(alert_ids[:NAMED])
    more = count - min(len(alert_ids), NAMED)
    return f"{shown} and {more} more" if shown and more > 0 else shown


# --- of alerts -------------------------------------------------------------------------------------


def _what(event: AlertEvent) -> str:
    if isinstance(event, e.AlertsRestored):
        return named(event.alert_ids, event.count)
    name = event.name if isinstance(event, e.AlertRaised) else ""
    return " ".join(word for word in (name or event.rule.value, event.subject) if word)


def _still_firing(event: e.AlertsRestored) -> str:
    fire = "1 alert fires" if event.count == 1 else f"{event.count} alerts fire"
    taken = f", {event.acknowledged} acknowledged" if event.acknowledged else ""
    return f"{fire} {AS_BEFORE}: {_what(event)}{taken}"


def _of_owner(event: e.AlertAcknowledged | e.AlertUnacknowledged) -> Line:
    if isinstance(event, e.AlertUnacknowledged):
        said = f"nobody has the alert {_what(event)} any more ({_by(event.actor)}{event.cause})"
        return Line(said, Severity.WARNING, is_routine=bool(event.actor))
    lasts = "" if event.until is None else f" for {span(event.until - event.at)}"
    return Line(f"{event.actor} has the alert {_what(event)}{lasts}{_with(event.note)}")


def _of_muting(event: e.AlertMuted) -> Line:
    """Many at once where a provider is down: the alert, or the silence, that mutes them has its own line."""
    if event.silence_id:
        by = f"silence {event.silence_id}"
    elif event.by_alert:
        by = f"{event.by_alert} explains it"
    else:
        return Line(f"alert {_what(event)} is told again", is_routine=True, topic="muted no more")
    return Line(f"alert {_what(event)} is told to nobody ({by})", is_routine=True, topic=f"muted {by}")


# --- of notices ------------------------------------------------------------------------------------


def _news(kind: NoticeKind, alert_ids: Sequence[str], count: int) -> str:
    of = named(alert_ids, count)
    return f"{_KINDS[kind].removesuffix(',')}" if not of else f"{_KINDS[kind]} {of}"


def _of_attempt(event: e.NoticeTried) -> Line:
    what = f"notice {event.notice_id} to {event.channel}, attempt {event.number}"
    if event.took is None and not event.is_delivered:
        return Line(f"{what} begins", is_routine=True)
    answer = " ".join(part for part in ("" if event.status is None else str(event.status), event.answer) if part)
    took = "" if event.took is None else f" in {latency(event.took)}"
    if event.is_delivered:
        return Line(f"{what} delivered{took}{_with(answer)}", is_routine=True)
    again = "" if event.next_at is None else f"; again in {span(event.next_at - event.at)}"
    said = f"{what} failed{took}{_with(answer)}{again}"
    return Line(said, Severity.WARNING, topic=f"attempt {event.channel}")


def _of_end(event: e.NoticeSettled) -> Line:
    told = _news(event.kind, event.alert_ids, len(event.alert_ids))
    what = f"notice to {event.channel}"
    attempts = f" after {_counted(event.attempts, 'attempt')}" if event.attempts else ""
    topic = f"notice {event.channel} {event.end.value}"
    match event.end:
        case NoticeEnd.DELIVERED:
            return Line(f"{what} delivered: {told}", topic=topic)
        case NoticeEnd.DEAD:
            said = f"{what} GIVEN UP{attempts}: {told}{_because(event.cause)}"
            return Line(said, Severity.CRITICAL, topic=topic)
        case NoticeEnd.SUPERSEDED:
            return Line(f"{what} not needed any more: {told}{_because(event.cause)}", is_routine=True)
        case NoticeEnd.DROPPED:
            said = f"{what} not sent, there are too many: {told}{_because(event.cause)}"
            return Line(said, Severity.WARNING, topic=topic)
        case _:
            assert_never(event.end)


# --- words -----------------------------------------------------------------------------------------


def _with(message: str) -> str:
    return f": {message}" if message else ""


def _because(cause: str) -> str:
    return f" ({cause})" if cause else ""


def _by(actor: str) -> str:
    return f"by {actor}: " if actor else ""


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
