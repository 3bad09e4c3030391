"""How the console itself fares: engine, recorder, channels, silences, and whether anybody has what is critical."""

from __future__ import annotations

from collections.abc import Iterator

from hive_console.core.alerting.effective import EffectiveRules
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.alerting.standing import FLEET
from hive_console.core.snapshot import ChannelView, FleetSnapshot, SilenceView
from hive_console.core.states import AlertRule, AlertState, Severity
from hive_console.core.wording import span, whole_span

RECORDER = "recorder"
"""The subject of what is about the recorder."""

LOSS_KEEP = 60.0
"""Seconds after the last lost event for which the recorder counts as failing."""

LAST_QUARTER = 0.75
"""Share of its time after which a silence may be said to end soon: one of ten minutes not at its beginning."""

NAMED = 5
"""Alerts that are named; of more the number is told."""


class ConsoleSeen:
    """What was lost so far; everything else stands in the snapshot."""

    __slots__ = ("_dropped", "_lost_at", "rules")

    def __init__(self, rules: EffectiveRules) -> None:
        self.rules = rules
        self._dropped: int | None = None
        self._lost_at: float | None = None

    def look(self, fleet: FleetSnapshot, now: float) -> Iterator[Sighting]:
        """What holds now."""
        if fleet.loop_lag > self.rules.of(AlertRule.ENGINE_LATE).bound:
            text = f"the engine's loop is {span(fleet.loop_lag)} late"
            yield Sighting(rule=AlertRule.ENGINE_LATE, subject=FLEET, is_bad=True, text=text)
        yield from self._recorder(fleet, now)
        for channel in fleet.channels:
            yield from self._channel(channel, now)
        for silence in fleet.silences:
            yield from self._silence(silence, now)
        yield from self._unacknowledged(fleet, now)

    def _recorder(self, fleet: FleetSnapshot, now: float) -> Iterator[Sighting]:
        view = fleet.recorder
        lost = 0 if self._dropped is None else view.dropped - self._dropped
        self._dropped = view.dropped
        if lost > 0:
            self._lost_at = now
        is_losing = self._lost_at is not None and now - self._lost_at < LOSS_KEEP
        if view.error:
            text, severity = f"nothing can be recorded: {view.error}", None
        elif is_losing:
            text, severity = f"the recorder loses events: {view.dropped} so far", None
        elif view.caution:
            text, severity = view.caution, Severity.WARNING
        else:
            return
        yield Sighting(rule=AlertRule.RECORDER_FAILING, subject=RECORDER, is_bad=True, text=text, severity=severity)

    def _channel(self, channel: ChannelView, now: float) -> Iterator[Sighting]:
        waits = 0.0 if channel.oldest is None else now - channel.oldest
        why = f": {channel.last_error}" if channel.last_error else ""
        if channel.is_open:
            text = f"channel {channel.name} is given up for a while{why}"
        elif waits > self.rules.of(AlertRule.NOTIFIER_FAILING).bound:
            text = f"channel {channel.name} has not sent {channel.waiting} notices for {whole_span(waits)}{why}"
        else:
            return
        labels = (("channel", channel.name),)
        yield Sighting(rule=AlertRule.NOTIFIER_FAILING, subject=channel.name, is_bad=True, text=text, labels=labels)

    def _silence(self, silence: SilenceView, now: float) -> Iterator[Sighting]:
        warn = self.rules.of(AlertRule.SILENCE_ENDING).bound
        late = silence.begins + LAST_QUARTER * (silence.until - silence.begins)
        if silence.hides and max(silence.until - warn, late) <= now < silence.until:
            what = f"the silence of {', '.join(silence.matchers)} by {silence.by}"
            hides = f"{silence.hides} firing alert{'' if silence.hides == 1 else 's'}"
            text = f"{what} ends in {whole_span(silence.until - now)} and hides {hides}"
            yield Sighting(rule=AlertRule.SILENCE_ENDING, subject=silence.silence_id, is_bad=True, text=text)

    def _unacknowledged(self, fleet: FleetSnapshot, now: float) -> Iterator[Sighting]:
        """Never of its own alert, whatever severity a file gives it: it would go on for its own sake."""
        bound = self.rules.of(AlertRule.UNACKNOWLEDGED).bound
        waiting = [
            alert
            for alert in fleet.alerts
            if alert.state is AlertState.FIRING
            and alert.severity is Severity.CRITICAL
            and alert.wants_attention
            and now - alert.raised_at > bound
            and alert.rule is not AlertRule.UNACKNOWLEDGED
        ]
        if waiting:
            oldest = min(alert.raised_at for alert in waiting)
            names = ", ".join(f"{alert.alert_id} {alert.rule_id}" for alert in waiting[:NAMED])
            more = f" and {len(waiting) - NAMED} more" if len(waiting) > NAMED else ""
            text = f"nobody has {names}{more}: for {whole_span(now - oldest)}"
            yield Sighting(rule=AlertRule.UNACKNOWLEDGED, subject=FLEET, is_bad=True, text=text)
