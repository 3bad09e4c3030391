"""Posted inboxes: a busy one with silences, channels and notices, a storm, and what was told of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hive_console.core import events as e
from hive_console.core.snapshot import (
    AlertView,
    ChannelView,
    FleetSnapshot,
    PendingView,
    SilenceView,
)
from hive_console.core.states import (
    Action,
    ActionPhase,
    AlertRule,
    AlertState,
    NoticeEnd,
    NoticeKind,
    Severity,
)
from tests.screens.posted import NOW, PROVIDERS, alert, incident

BEGAN = NOW - 14 * 60
"""When the outage of claude-4-sonnet began."""


def labels(model: str) -> tuple[tuple[str, str], ...]:
    return (("model", model), ("provider", PROVIDERS.get(model, "acme")))


def silence(silence_id: str = "S-1", **changes: Any) -> SilenceView:  # Any: replace() takes any field of the view
    """A silence of deepseek's alerts that hides two and ends in 50 minutes."""
    view = SilenceView(
        silence_id=silence_id,
        matchers=("provider=deepseek",),
        by="maria",
        reason="vendor does maintenance, INC-4412",
        begins=NOW - 600,
        until=NOW + 3000,
        hides=2,
        hid=3,
    )
    return replace(view, **changes)


def channel(name: str = "slack", **changes: Any) -> ChannelView:  # as above
    """A Slack channel that works."""
    view = ChannelView(name=name, kind="slack", delivered=12, last_delivered_at=NOW - 90)
    return replace(view, **changes)


def mail_fails() -> ChannelView:
    return channel(
        "mail",
        kind="email",
        is_open=True,
        waiting=2,
        oldest=NOW - 240,
        delivered=3,
        dead=1,
        last_error="535 5.7.8 authentication failed",
        next_at=NOW + 45,
    )


def busy_alerts() -> tuple[AlertView, ...]:
    """One of each standing."""
    return (
        alert(
            "A-1",
            labels=labels("claude-4-sonnet"),
            told=("slack", "pager"),
            untold=("mail",),
            step=1,
            next_step_at=NOW + 60,
            next_told=("on-call",),
            times=2,
            changed=4,
        ),
        alert(
            "A-2",
            rule=AlertRule.QUOTA_EXHAUSTED,
            severity=Severity.ERROR,
            subject="grok-3",
            text="the quota of grok-3 is used up: 402 payment required",
            raised_at=NOW - 180,
            labels=labels("grok-3"),
            told=("slack",),
            next_step_at=NOW + 240,
            next_told=("mail",),
        ),
        alert(
            "A-3",
            rule=AlertRule.MODEL_SLOW,
            severity=Severity.WARNING,
            subject="gpt-5",
            text="p95 of gpt-5 is 9.2 s, twice its usual 4.1 s",
            raised_at=NOW - 300,
            labels=labels("gpt-5"),
            is_flapping=True,
        ),
        alert(
            "A-4",
            rule=AlertRule.BREAKER_OPEN,
            severity=Severity.WARNING,
            text="breaker of claude-4-sonnet is open",
            acknowledged_by="maria",
            acknowledged_at=NOW - 600,
            acknowledged_until=NOW + 3 * 3600,
            note="vendor called",
            labels=labels("claude-4-sonnet"),
            told=("slack",),
            notes=("jo: their status page is green",),
        ),
        alert(
            "A-5",
            rule=AlertRule.MODEL_ERRORS,
            severity=Severity.ERROR,
            subject="deepseek-v3",
            text="12.5 % of the calls to deepseek-v3 fail",
            raised_at=NOW - 190,
            silenced_by="S-1",
            labels=labels("deepseek-v3"),
        ),
        alert(
            "A-6",
            rule=AlertRule.FIRST_TOKEN_SLOW,
            severity=Severity.WARNING,
            subject="deepseek-v3",
            text="first tokens of deepseek-v3 take 11 s",
            raised_at=NOW - 170,
            silenced_by="S-1",
            labels=labels("deepseek-v3"),
        ),
        alert(
            "A-7",
            rule=AlertRule.FALLBACK_SLOWER,
            severity=Severity.WARNING,
            text="gpt-5 answers 40 % slower for claude-4-sonnet",
            raised_at=NOW - 600,
            inhibited_by="A-1",
            labels=labels("claude-4-sonnet"),
        ),
        alert(
            "A-0",
            subject="grok-3",
            text="grok-3 was unavailable",
            state=AlertState.RESOLVED,
            raised_at=NOW - 9000,
            resolved_at=NOW - 8100,
            cause="it is available again",
            labels=labels("grok-3"),
        ),
    )


def busy() -> FleetSnapshot:
    """The incident with an inbox in which everything occurs."""
    waiting = PendingView(
        AlertRule.RATE_LIMITED, "gpt-5-mini", "11 % of the calls to gpt-5-mini are answered 429", NOW - 40, NOW + 80
    )
    return replace(
        incident(),
        alerts=busy_alerts(),
        pending=(waiting,),
        silences=(
            silence(),
            silence(
                "S-2",
                matchers=("model=gpt-5-mini", "severity!=critical"),
                by="jo",
                reason="load test",
                until=NOW + 600,
                is_maintenance=True,
                ends_on_resolve=True,
                hides=0,
                hid=0,
            ),
        ),
        channels=(channel(), mail_fails(), channel("pager", kind="pagerduty", delivered=2)),
        on_call="maria",
    )


def storm(count: int = 200) -> FleetSnapshot:
    """So many alerts of a few rules, as when a region goes."""
    rules = (
        (AlertRule.MODEL_UNAVAILABLE, Severity.CRITICAL, "is unavailable"),
        (AlertRule.MODEL_ERRORS, Severity.ERROR, "fails in 40 % of its calls"),
        (AlertRule.MODEL_SLOW, Severity.WARNING, "answers slowly"),
        (AlertRule.RATE_LIMITED, Severity.WARNING, "is rate limited"),
    )
    names = tuple(PROVIDERS)
    alerts = []
    for place in range(count):
        rule, severity, words = rules[place % len(rules)]
        model = names[place % len(names)]
        subject = f"{model}-{place:03d}"
        alerts.append(
            alert(
                f"A-{place:03d}",
                rule=rule,
                severity=severity,
                subject=subject,
                text=f"{subject} {words}",
                raised_at=NOW - 60 - place,
                labels=(("model", subject), ("provider", PROVIDERS[model])),
            )
        )
    return replace(incident(), alerts=tuple(alerts), channels=(channel(waiting=1, oldest=NOW - 4),))


def told() -> tuple[e.Event, ...]:
    """What happened to A-1, and every notice of it, oldest first."""
    about: dict[str, Any] = {"rule": AlertRule.MODEL_UNAVAILABLE, "subject": "claude-4-sonnet"}
    events: list[e.Event] = [
        e.AlertRaised(
            at=BEGAN,
            alert_id="A-1",
            severity=Severity.WARNING,
            text="claude-4-sonnet is unavailable: 5 failures in a row",
            **about,
        ),
        *notice("N-1", "slack", BEGAN + 10, (429, "rate_limited", False), (200, "ok", True)),
        e.AlertChanged(
            at=BEGAN + 60,
            alert_id="A-1",
            old=Severity.WARNING,
            new=Severity.CRITICAL,
            text="nobody serves its callers",
            **about,
        ),
        e.AlertAcknowledged(
            at=BEGAN + 120, alert_id="A-1", actor="jo", note="looking", until=BEGAN + 4 * 3600, **about
        ),
        e.OperatorActed(
            at=BEGAN + 150,
            action_id="a-7",
            actor="jo",
            action=Action.FAIL_OVER,
            phase=ActionPhase.DONE,
            target="claude-4-sonnet",
            reason="INC-4412",
            parameter="gpt-5",
        ),
        e.AlertResolved(at=BEGAN + 300, alert_id="A-1", lasted=300.0, cause="it is available again", **about),
        e.AlertReopened(
            at=BEGAN + 420,
            alert_id="A-1",
            severity=Severity.CRITICAL,
            text="claude-4-sonnet is unavailable: 5 failures in a row",
            times=1,
            **about,
        ),
        *notice("N-2", "pager", BEGAN + 430, (202, "Event processed", True)),
        e.AlertNoted(at=BEGAN + 500, alert_id="A-1", actor="maria", note="their status page is green", **about),
        *notice("N-3", "mail", BEGAN + 520, (535, "5.7.8 authentication failed", False), end=NoticeEnd.DEAD),
        e.NoticeQueued(
            at=NOW - 240,
            notice_id="N-4",
            channel="mail",
            kind=NoticeKind.REPEAT,
            alert_ids=("A-1",),
            count=1,
            due=NOW + 45,
            key="k-4",
        ),
    ]
    return tuple(sorted(events, key=lambda event: event.at))


def notice(
    notice_id: str,
    channel_name: str,
    at: float,
    *answers: tuple[int, str, bool],
    kind: NoticeKind = NoticeKind.FIRING,
    alert_ids: tuple[str, ...] = ("A-1",),
    end: NoticeEnd | None = NoticeEnd.DELIVERED,
) -> tuple[e.Event, ...]:
    """A notice, one attempt a second, and how it ended."""
    events: list[e.Event] = [
        e.NoticeQueued(
            at=at,
            notice_id=notice_id,
            channel=channel_name,
            kind=kind,
            alert_ids=alert_ids,
            count=len(alert_ids),
            due=at,
            key=f"k-{notice_id}",
        )
    ]
    for number, (status, answer, is_good) in enumerate(answers, 1):
        events.append(e.NoticeTried(at=at + number, notice_id=notice_id, channel=channel_name, number=number))
        events.append(
            e.NoticeTried(
                at=at + number + 0.25,
                notice_id=notice_id,
                channel=channel_name,
                number=number,
                took=0.25,
                is_delivered=is_good,
                status=status,
                answer=answer,
                next_at=None if is_good or number == len(answers) else at + number + 1,
            )
        )
    if end is not None:
        events.append(
            e.NoticeSettled(
                at=at + len(answers) + 0.5,
                notice_id=notice_id,
                channel=channel_name,
                end=end,
                kind=kind,
                alert_ids=alert_ids,
                attempts=len(answers),
                cause="" if end is NoticeEnd.DELIVERED else "given up: 535 5.7.8 authentication failed",
            )
        )
    return tuple(events)
