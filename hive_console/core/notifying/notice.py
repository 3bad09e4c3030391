"""A notice: what is said to whom about which alerts, and what came back. No transport is in here.

Nothing but what an alert says reaches a notice: no prompt, no answer, no key, no body of a provider.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hive_console.core.states import AlertRule, AlertState, NoticeKind, Severity

MOST_BRIEFS = 10
"""Alerts that one notice tells one by one; of more it tells how many."""

BRIEF_TEXT = 300
"""Characters of an alert's text in a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBrief:
    """What a notice tells of one alert.

    Attributes:
        alert_id: its id, by which it is acknowledged.
        fingerprint: names its rule and identity, the same in every episode: what receivers deduplicate by.
        rule: the rule.
        name: the rule's name, as settings and people write it.
        title: what is wrong, without the subject.
        severity: how much it matters.
        subject: what it is about.
        labels: (name, value) pairs.
        text: what is wrong, with its numbers.
        state: whether it fires.
        raised_at: since when.
        resolved_at: until when.
        acknowledged_by: who has it; empty when nobody.
        advice: what to do.
        runbook: where to read more.
        times: how often it fired anew within its episode.
    """

    alert_id: str
    fingerprint: str
    rule: AlertRule
    name: str
    title: str
    severity: Severity
    subject: str
    labels: tuple[tuple[str, str], ...]
    text: str
    state: AlertState
    raised_at: float
    resolved_at: float | None = None
    acknowledged_by: str = ""
    advice: str = ""
    runbook: str = ""
    times: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to one channel.

    Attributes:
        notice_id: its id.
        key: what a receiver may tell repeats by: the same for every attempt, and for the same news after a restart.
        channel: the channel.
        kind: what it tells.
        thread: names what it belongs to, so that a receiver can put the notices of one incident together.
        alerts: the first `MOST_BRIEFS` of `count`.
        count: alerts it tells of.
        queued_at: when it was put into the outbox.
        due: from when on it may be sent.
        step: of the escalation.
        environment: the settings' word for where this runs.
        remark: what else should be said (`late by 20 min`, `hid by ...`).
        attempts: attempts that were begun.
        is_unsure: whether an attempt was begun whose end nobody knows: it may have been delivered.
    """

    notice_id: str
    key: str
    channel: str
    kind: NoticeKind
    thread: str
    alerts: tuple[AlertBrief, ...]
    count: int
    queued_at: float
    due: float
    step: int = 0
    environment: str = ""
    remark: str = ""
    attempts: int = 0
    is_unsure: bool = False

    @property
    def severity(self) -> Severity:
        """The greatest of its alerts'."""
        return max((brief.severity for brief in self.alerts), key=lambda one: one.rank, default=Severity.INFO)


class Verdict(Enum):
    """What an attempt came to."""

    DELIVERED = "delivered"
    RETRY = "retry"  # not now: 429, 5xx, a cut connection, a timeout
    REFUSED = "refused"  # never like this: a wrong key, a closed address, a malformed message
    NOBODY = "nobody"  # nobody is there to be told, and later it is no news: a bell with no console


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came back.

    Attributes:
        verdict: what to do now.
        answer: what the other side said, short and sanitised; never our own message.
        status: of HTTP or SMTP; `None` where nothing came.
        retry_after: seconds it asks to wait; `None` where it does not.
        is_channel_at_fault: whether no other notice would be taken either (401, 403, 404, 410, no such server).
    """

    verdict: Verdict
    answer: str = ""
    status: int | None = None
    retry_after: float | None = None
    is_channel_at_fault: bool = False
