"""The dialog of one deed on alerts, on a silence or on a channel: many alerts at once are one deed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from hive_console.core.command import Command, CommandResult
from hive_console.core.effects_on_alerts import ids_of
from hive_console.core.events import Event, NoticeQueued, NoticeSettled, NoticeTried
from hive_console.core.evidence import Check, Standing, seen
from hive_console.core.snapshot import AlertView, FleetSnapshot
from hive_console.core.states import Action, AlertState, NoticeEnd, NoticeKind
from hive_console.core.wording import span
from hive_console.engine.client import EngineClient
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.alert_feed import NOTICE_EVENTS
from hive_console.ui.app_traits import Now
from hive_console.ui.deed_outcome import Aftermath
from hive_console.ui.deed_question import Question, ReasonRule
from hive_console.ui.delivery_lines import END_MARKS

NAMED = 6
"""Alerts that are named; of more, the rest is counted."""

_ANYTHING = "…"
"""Stands for a note that is not typed yet: without one, none could be asked for."""

_NOTES = frozenset({Action.ACKNOWLEDGE, Action.UNACKNOWLEDGE, Action.NOTE})


class AlertDialog(ActionDialog):
    """Shows what the deed would do to each alert, does it as one command, and looks whether it came true."""

    def __init__(self, client: EngineClient, command: Command, now: Now | None = None) -> None:
        """Asks about `command`; its reason and duration are asked for here."""
        super().__init__(client, command, now)
        self._since: float | None = None
        self._notices: list[Event] = []
        self._before: dict[str, AlertView] = {}

    def question(self) -> Question:
        """The dry run on the alerts as they are now."""
        command = self._command
        alerts = self._alerts()
        if command.action is Action.ACKNOWLEDGE and len(alerts) == 1:
            self._command = replace(command, parameter=str(alerts[0].changed))
        if command.action is Action.NOTE:
            self._command = replace(command, reason=_ANYTHING)
        asked = super().question()
        many = ids_of(command.target) if command.action is not Action.TEST_CHANNEL else ()
        shown = [f"{alert.subject or 'fleet'}: {alert.text}" for alert in alerts[:NAMED]]
        more = [f"and {len(alerts) - NAMED} more"] if len(alerts) > NAMED else []
        is_required = command.action is Action.NOTE
        return replace(
            asked,
            warnings=(*asked.warnings, *(shown + more if len(many) > 1 and not asked.refusal else ())),
            reason=ReasonRule.REQUIRED if is_required else asked.reason,
            reason_label="Note" if command.action in _NOTES else asked.reason_label,
            no_end="as usual" if command.action is Action.ACKNOWLEDGE else asked.no_end,
        )

    def reasons(self) -> tuple[str, ...]:
        """Notes and reasons that were given lately; none for a note, which is about one thing."""
        return () if self._command.action is Action.NOTE else super().reasons()

    def perform(self, reason: str) -> Sequence[Future[CommandResult]]:
        """Says the command, and remembers how the alerts stood."""
        self._cursor = self._client.events(self._cursor).cursor
        self._since = self.present()
        self._before = {alert.alert_id: alert for alert in self._alerts()}
        return (self._client.command(replace(self._command, reason=reason)),)

    def aftermath(self) -> Aftermath:
        """Whether the snapshot, or the channel, shows it."""
        fleet, now = self._client.snapshot(), self.present()
        checks: tuple[Check, ...]
        if self._command.action is Action.TEST_CHANNEL:
            page = self._client.events(self._cursor)
            self._cursor = page.cursor
            self._notices += (event for event in page.events if isinstance(event, NOTICE_EVENTS))
            checks = tuple(_of_test(self._command.target, self._notices))
        elif self._command.action is Action.UNSILENCE:
            is_over = all(silence.silence_id != self._command.target for silence in fleet.silences)
            checks = (seen(is_over, "it is over: people are told again", "it is to be over"),)
        else:
            checks = tuple(self._checks(fleet))
        is_late = self._since is not None and now - self._since > PATIENCE
        return Aftermath(unseen(checks) if is_late else checks, self._facts(fleet, now))

    def _facts(self, fleet: FleetSnapshot, now: float) -> tuple[tuple[str, str], ...]:
        if fleet.undo_until is None or fleet.undo_until <= now:
            return ()
        return (("Undo", f"u within {span(fleet.undo_until - now)}: {fleet.undo_text}"),)

    def _alerts(self) -> tuple[AlertView, ...]:
        fleet = self._client.snapshot()
        if self._command.action in {Action.UNSILENCE, Action.TEST_CHANNEL}:
            return ()
        found = (fleet.alert(alert_id) for alert_id in ids_of(self._command.target))
        return tuple(alert for alert in found if alert is not None)

    def _checks(self, fleet: FleetSnapshot) -> list[Check]:
        true = [alert for alert in self._before.values() if self._is_so(alert, fleet.alert(alert.alert_id))]
        every, many = len(self._before), len(self._before) > 1
        now, then = _SIGHTS[self._command.action]
        count = f"{len(true)} of {every}: " if many else ""
        return [seen(len(true) == every, f"{count}{now}", f"{count}{then}")]

    def _is_so(self, before: AlertView, after: AlertView | None) -> bool:
        if after is None:
            return self._command.action is not Action.NOTE
        match self._command.action:
            case Action.ACKNOWLEDGE:
                return after.acknowledged_by is not None or after.state is AlertState.RESOLVED
            case Action.UNACKNOWLEDGE:
                return after.acknowledged_by is None or after.state is AlertState.RESOLVED
            case Action.RESOLVE:
                return after.state is AlertState.RESOLVED
            case _:
                return after.changed != before.changed or after.notes != before.notes or after.step != before.step


PATIENCE = 15.0
"""Seconds after which what has not been seen is said to be not seen: a notice has ten to be taken."""

_SIGHTS = {
    Action.ACKNOWLEDGE: ("somebody has it, and nobody else is told", "somebody is to have it"),
    Action.UNACKNOWLEDGE: ("nobody has it any more", "it is to be given back"),
    Action.RESOLVE: ("it is put away until it was well once", "it is to be put away"),
    Action.ESCALATE: ("its next step is under way", "its next step is to begin"),
    Action.NOTE: ("the note stands on it", "the note is to stand on it"),
}


def unseen(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """What was waited for in vain is said as not seen."""
    return tuple(
        replace(check, standing=Standing.UNSEEN) if check.standing is Standing.AWAITED else check
        for check in checks
    )


def _of_test(channel: str, events: list[Event]) -> list[Check]:
    """How far the test has come, by the notices of its channel."""
    ids = {
        event.notice_id
        for event in events
        if isinstance(event, NoticeQueued) and event.channel == channel and event.kind is NoticeKind.TEST
    }
    tried = [event for event in events if isinstance(event, NoticeTried) and event.notice_id in ids]
    ended = [event for event in events if isinstance(event, NoticeSettled) and event.notice_id in ids]
    answered = [event for event in tried if event.took is not None]
    checks = [seen(bool(ids), "the test is queued", "the test is to be queued")]
    for event in answered[-2:]:
        status = "" if event.status is None else f"{event.status} "
        said = f"try {event.number} after {span(event.took or 0.0)}: {status}{event.answer or 'taken'}"
        checks.append(failed_or_seen(said, is_good=event.is_delivered))
    if not ended:
        return [*checks, Check("an answer is awaited", Standing.AWAITED)]
    end = ended[-1]
    words = END_MARKS[end.end].word + (f": {end.cause}" if end.cause else "")
    return [*checks, failed_or_seen(words, is_good=end.end is NoticeEnd.DELIVERED)]


def failed_or_seen(text: str, *, is_good: bool) -> Check:
    """A check that is over."""
    return Check(text, Standing.SEEN if is_good else Standing.FAILED)
