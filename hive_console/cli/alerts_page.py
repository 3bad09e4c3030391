"""Alerts, silences and channels in plain lines: words beside signs, no colour, nothing a terminal would obey."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hive_console.core.alerting.rules import RULES
from hive_console.core.plain_words import utc_time
from hive_console.core.snapshot import AlertView, ChannelView, FleetSnapshot, PendingView, SilenceView
from hive_console.core.states import AlertState
from hive_console.core.wording import span

_RANKED = {AlertState.FIRING: 0, AlertState.RESOLVED: 1}


def in_order(alerts: Iterable[AlertView]) -> list[AlertView]:
    """Firing ones first, those that want somebody before the others, the gravest and newest first."""
    return sorted(
        alerts,
        key=lambda alert: (
            _RANKED[alert.state],
            not alert.wants_attention,
            -alert.severity.rank,
            -alert.raised_at,
        ),
    )


def alert_line(alert: AlertView, now: float) -> str:
    """One alert in one line."""
    standing = "; ".join(standings(alert, now))
    return f"{alert.alert_id:<6} {alert.severity.value:<8} {alert.subject}: {alert.text} [{standing}]"


def standings(alert: AlertView, now: float) -> Iterator[str]:
    """How an alert stands: since when, who has it, what keeps people from being told, who was told."""
    if alert.resolved_at is not None:
        yield f"resolved {span(now - alert.resolved_at)} ago after {span(alert.resolved_at - alert.raised_at)}"
    else:
        yield f"firing for {span(now - alert.raised_at)}"
    if alert.times:
        yield f"again {alert.times} times"
    if alert.is_flapping:
        yield "flapping"
    if alert.acknowledged_by and alert.state is AlertState.RESOLVED:
        yield f"{alert.acknowledged_by} had it"
    elif alert.acknowledged_by:
        until = alert.acknowledged_until
        yield f"{alert.acknowledged_by} has it" + ("" if until is None else f" for {span(until - now)} more")
    elif alert.state is AlertState.FIRING and not alert.is_muted:
        yield "NOBODY has it"
    if alert.silenced_by:
        yield f"silenced by {alert.silenced_by}"
    if alert.inhibited_by:
        yield f"explained by {alert.inhibited_by}"
    if alert.told:
        yield f"told {', '.join(alert.told)}"
    if alert.untold:
        yield f"NOT told yet: {', '.join(alert.untold)}"
    if alert.next_step_at is not None:
        yield f"next step in {span(max(0.0, alert.next_step_at - now))}"


def list_lines(fleet: FleetSnapshot, alerts: Iterable[AlertView], now: float) -> Iterator[str]:
    """What fires and what did, what is pending, what is silent and what does not get out."""
    shown = in_order(alerts)
    firing = [alert for alert in shown if alert.state is AlertState.FIRING]
    open_ones = sum(alert.wants_attention for alert in firing)
    yield f"{len(firing)} firing, {open_ones} want somebody" + (
        f"; on call: {fleet.on_call}" if fleet.on_call else ""
    )
    for alert in shown:
        yield alert_line(alert, now)
    for pending in fleet.pending:
        yield _pending_line(pending, now)
    for silence in fleet.silences:
        yield silence_line(silence, now)
    for channel in fleet.channels:
        if channel.is_open or channel.last_error:
            yield channel_line(channel, now)


def _pending_line(pending: PendingView, now: float) -> str:
    left = span(max(0.0, pending.fires_at - now))
    return f"pending {pending.name or pending.rule.value} {pending.subject}: {pending.text} [fires in {left}]"


def show_lines(alert: AlertView, now: float) -> Iterator[str]:
    """Everything about one alert, what to do included."""
    yield f"{alert.alert_id} {alert.severity.value} {alert.rule_id}: {alert.text}"
    yield f"  since     {utc_time(alert.raised_at)}"
    for standing in standings(alert, now):
        yield f"  {standing}"
    for name, value in alert.labels:
        yield f"  {name:<9} {value}"
    if alert.cause:
        yield f"  ended     {alert.cause}"
    if alert.note:
        yield f"  said      {alert.note}"
    for note in alert.notes:
        yield f"  note      {note}"
    rule = RULES.get(alert.rule)
    if rule is not None:
        yield f"  do        {rule.advice}"
        yield f"  ends      {rule.ends}"
        yield f"  runbook   {rule.runbook}"


def silence_line(silence: SilenceView, now: float) -> str:
    """One silence in one line."""
    what = "maintenance" if silence.is_maintenance else "silence"
    begins = f"begins in {span(silence.begins - now)}, " if silence.begins > now else ""
    until = f"{begins}ends in {span(max(0.0, silence.until - now))}"
    ends = ", or when all is resolved" if silence.ends_on_resolve else ""
    hides = f"hides {silence.hides} now, {silence.hid} in all"
    whose = f"{what} {silence.silence_id} {', '.join(silence.matchers)} by {silence.by}: {silence.reason}"
    return f"{whose} [{until}{ends}; {hides}]"


def channel_line(channel: ChannelView, now: float) -> str:
    """One channel in one line."""
    state = "BREAKER OPEN" if channel.is_open else "FAILING" if channel.last_error else "well"
    counts = f"{channel.delivered} delivered, {channel.dead} dead, {channel.dropped} dropped"
    waiting = f"; {channel.waiting} waiting" if channel.waiting else ""
    if channel.oldest is not None:
        waiting += f", the oldest for {span(now - channel.oldest)}"
    last = (
        "" if channel.last_delivered_at is None else f"; last delivered {span(now - channel.last_delivered_at)} ago"
    )
    why = f": {channel.last_error}" if channel.last_error else ""
    return f"channel {channel.name} ({channel.kind}): {state}{why} [{counts}{waiting}{last}]"
