"""How alerts fared in a window: how many there were of each rule, how soon somebody had them, who could be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from hive_console.core import events as e
from hive_console.core.states import NoticeEnd

MOST_RULES = 100
"""Rules that are told apart: the default ones, and as many of a settings file; of more only the first."""

MOST_ALERTS = 10_000
"""Alerts of which it is kept when they began; of more, nobody is said to have taken them late or soon."""

MOST_SILENCES = 200
"""Silences that are told apart."""


@dataclass(slots=True, kw_only=True)
class RuleFound:
    """The alerts of one rule.

    Attributes:
        rule: its name.
        raised: episodes that began.
        reopened: how often one fired anew.
        muted: how often one was told to nobody from then on.
        taken: how often somebody took one that had begun in the window.
        taken_after: seconds that took, in all.
        resolved: how often one ended.
        resolved_after: seconds that took since it fired (anew), in all.
    """

    rule: str
    raised: int = 0
    reopened: int = 0
    muted: int = 0
    taken: int = 0
    taken_after: float = 0.0
    resolved: int = 0
    resolved_after: float = 0.0

    @property
    def mean_time_to_acknowledge(self) -> float | None:
        """Seconds; `None` where nobody took one."""
        return self.taken_after / self.taken if self.taken else None

    @property
    def mean_time_to_resolve(self) -> float | None:
        """Seconds; `None` where none ended."""
        return self.resolved_after / self.resolved if self.resolved else None


@dataclass(slots=True, kw_only=True)
class ChannelFound:
    """The notices of one channel.

    Attributes:
        name: its name.
        ends: how many came to each end.
        attempts: attempts to send those.
        broken: how often nothing was sent over it for a while.
    """

    name: str
    ends: dict[NoticeEnd, int] = field(default_factory=lambda: dict.fromkeys(NoticeEnd, 0))
    attempts: int = 0
    broken: int = 0

    @property
    def failed(self) -> int:
        """Attempts that did not deliver."""
        return max(0, self.attempts - self.ends[NoticeEnd.DELIVERED])


@dataclass(slots=True, kw_only=True)
class SilenceFound:
    """A silence that hid something.

    Attributes:
        silence_id: its id.
        hid: alerts that it hid.
        what: its matchers; empty where it was placed before the window.
        by: whose it was, where that is known.
        reason: why, likewise.
    """

    silence_id: str
    hid: int = 0
    what: str = ""
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsFound:
    """What was found.

    Attributes:
        rules: most alerts first.
        channels: by name.
        silences: that hid something, most first.
    """

    rules: tuple[RuleFound, ...] = ()
    channels: tuple[ChannelFound, ...] = ()
    silences: tuple[SilenceFound, ...] = ()


class AlertMeter:
    """Takes events in order; each other one than those of alerts changes nothing."""

    def __init__(self) -> None:
        self._rules: dict[str, RuleFound] = {}
        self._names: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._channels: dict[str, ChannelFound] = {}
        self._silences: dict[str, SilenceFound] = {}

    def observe(self, event: e.Event) -> None:
        """Takes an event."""
        match event:
            case e.AlertRaised():
                if event.name and len(self._names) < MOST_ALERTS:
                    self._names[event.alert_id] = event.name
                self._rule(event).raised += 1
                self._begin(event)
            case e.AlertReopened():
                self._rule(event).reopened += 1
                self._begin(event)
            case e.AlertAcknowledged():
                since = self._since.pop(event.alert_id, None)
                if since is not None:
                    rule = self._rule(event)
                    rule.taken += 1
                    rule.taken_after += max(0.0, event.at - since)
            case e.AlertResolved():
                self._since.pop(event.alert_id, None)
                rule = self._rule(event)
                rule.resolved += 1
                rule.resolved_after += event.lasted
            case e.AlertMuted():
                self._mute(event)
            case e.SilencePlaced() | e.SilenceEnded():
                self._of_silence(event)
            case e.NoticeSettled():
                channel = self._channel(event.channel)
                channel.ends[event.end] += 1
                channel.attempts += event.attempts
            case e.ChannelChanged():
                self._channel(event.channel).broken += event.is_open
            case _:
                pass

    def found(self) -> AlertsFound:
        """What was found so far."""
        silences = (one for one in self._silences.values() if one.hid)
        return AlertsFound(
            rules=tuple(sorted(self._rules.values(), key=lambda one: (-one.raised, one.rule))),
            channels=tuple(sorted(self._channels.values(), key=lambda one: one.name)),
            silences=tuple(sorted(silences, key=lambda one: (-one.hid, one.silence_id))),
        )

    def _rule(self, event: e.AlertRaised | e.AlertReopened | e.AlertAcknowledged | e.AlertResolved) -> RuleFound:
        return self._rule_named(self._names.get(event.alert_id, event.rule.value))

    def _rule_named(self, name: str) -> RuleFound:
        if name not in self._rules and len(self._rules) >= MOST_RULES:
            return RuleFound(rule=name)  # nobody sees it
        return self._rules.setdefault(name, RuleFound(rule=name))

    def _begin(self, event: e.AlertRaised | e.AlertReopened) -> None:
        if len(self._since) < MOST_ALERTS:
            self._since[event.alert_id] = event.at

    def _mute(self, event: e.AlertMuted) -> None:
        if event.silence_id or event.by_alert:
            self._rule_named(self._names.get(event.alert_id, event.rule.value)).muted += 1
        if event.silence_id:
            silence = self._silence(event.silence_id)
            if silence is not None:
                silence.hid += 1

    def _of_silence(self, event: e.SilencePlaced | e.SilenceEnded) -> None:
        silence = self._silence(event.silence_id)
        if silence is None:
            return
        if isinstance(event, e.SilenceEnded):
            silence.hid = max(silence.hid, event.hid)
        else:
            silence.what, silence.by, silence.reason = ", ".join(event.matchers), event.by, event.reason

    def _silence(self, silence_id: str) -> SilenceFound | None:
        """The silence; of more than are told apart, those that hid nothing make room."""
        if silence_id not in self._silences and len(self._silences) >= MOST_SILENCES:
            idle = next((name for name, one in self._silences.items() if not one.hid), None)
            if idle is None:
                return None
            del self._silences[idle]
        return self._silences.setdefault(silence_id, SilenceFound(silence_id=silence_id))

    def _channel(self, name: str) -> ChannelFound:
        return self._channels.setdefault(name, ChannelFound(name=name))
