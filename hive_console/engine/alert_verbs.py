"""Manual words about alerts: what each does to the alert book and to the notices."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hive_console.core.alerting.book import AlertBook
from hive_console.core.command import Command, asked_of
from hive_console.core.effects_on_alerts import MAINTENANCE, UNTIL_RESOLVED, ids_of, matchers_of, refusal_of
from hive_console.core.events import AlertAcknowledged, Event, SilencePlaced
from hive_console.core.snapshot import AlertView, SilenceView
from hive_console.core.states import Action

TestChannel = Callable[[str, str, float], list[Event]]
"""Queues a test notice: the channel's name, who asks, now."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What came of a word about alerts.

    Attributes:
        events: what happened.
        said: the outcome in words; empty where the command says it all.
        made: what an undo needs: the silence's id, or those of the alerts that were taken.
    """

    events: list[Event]
    said: str = ""
    made: str = ""


class AlertVerbs:
    """Says the operator's words to the alert book."""

    def __init__(self, alerts: AlertBook, test_channel: TestChannel) -> None:
        self._alerts = alerts
        self._test_channel = test_channel

    def standing(self, target: str) -> str:
        """How the alerts of a target stand, for the audit."""
        found = [alert for alert in map(self._alerts.alert, ids_of(target)) if alert is not None]
        if len(found) != 1:
            return f"{len(found)} alerts" if found else ""
        by = found[0].acknowledged_by
        return f"{found[0].state.value}, {f'{by} has it' if by else 'nobody has it'}"

    def say(self, command: Command, note: str, now: float) -> Spoken:
        """Does it; what was refused a moment ago by all is done to none."""
        match command.action:
            case Action.SILENCE:
                return self._silence(command, note, now)
            case Action.UNSILENCE:
                return Spoken(self._alerts.unsilence(command.target, command.actor, now))
            case Action.TEST_CHANNEL:
                return Spoken(self._test_channel(command.target, command.actor, now), "a test is on its way")
            case _:
                return self._each(command, note, now)

    def _each(self, command: Command, note: str, now: float) -> Spoken:
        asked, names = asked_of(command), ids_of(command.target)
        found = [alert for alert in map(self._alerts.alert, names) if alert is not None]
        able = [alert for alert in found if not refusal_of(asked, alert)]
        events = [event for alert in able for event in self._one(alert, command, note, now)]
        taken = ",".join(event.alert_id for event in events if isinstance(event, AlertAcknowledged))
        said = "" if len(names) == 1 else f"{command.action.value}: {len(able)} of {len(names)} alerts"
        return Spoken(events, said, taken)

    def _one(self, alert: AlertView, command: Command, note: str, now: float) -> Iterable[Event]:
        name, actor, alerts = alert.alert_id, command.actor, self._alerts
        match command.action:
            case Action.ACKNOWLEDGE:
                until = None if command.duration is None else now + command.duration
                return alerts.acknowledge(name, actor, note, now, until=until)
            case Action.UNACKNOWLEDGE:
                return alerts.unacknowledge(name, actor, note, now)
            case Action.RESOLVE:
                return alerts.resolve(name, actor, note, now)
            case Action.ESCALATE:
                return alerts.escalate(name, actor, note, now)
            case _:
                return alerts.note(name, actor, note, now)

    def refusal(self, command: Command, now: float) -> str:
        """Why it cannot be done, where only the alert book knows; else ``""``."""
        if command.action is not Action.SILENCE:
            return ""
        return self._alerts.silence_refusal(self._wanted(command, command.reason, now), now)

    def _silence(self, command: Command, reason: str, now: float) -> Spoken:
        events = self._alerts.silence(self._wanted(command, reason, now), now)
        made = next((event.silence_id for event in events if isinstance(event, SilencePlaced)), "")
        return Spoken(events, f"silence {made}" if made else "not silenced: it is refused by now", made)

    def _wanted(self, command: Command, reason: str, now: float) -> SilenceView:
        words = command.parameter.split()
        matchers = matchers_of(command.target, self._alerts.alert(command.target))
        return SilenceView(
            silence_id="",
            matchers=tuple(map(str, matchers)),
            by=command.actor,
            reason=reason,
            begins=now,
            until=now + (command.lasts or 0.0),
            is_maintenance=MAINTENANCE in words,
            ends_on_resolve=UNTIL_RESOLVED in words,
        )
