"""Follows the alerts: makes what is known of each fit what it is, and withdraws what is no longer wanted."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.notifying.brief import brief_of
from hive_console.core.notifying.judging import tell_taken
from hive_console.core.notifying.ledger import Entry
from hive_console.core.notifying.office import Office
from hive_console.core.notifying.queued import weightiest
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertState


class Following:
    """Reads alerts as the book has them, whatever an event says of them."""

    __slots__ = ("_office",)

    def __init__(self, office: Office) -> None:
        self._office = office

    def sync(self, alert_id: str, now: float) -> list[e.Event]:
        """Makes the entry fit the alert; withdraws what is no longer wanted."""
        view = self._office.alert_of(alert_id)
        entry = self._office.ledger.get(alert_id)
        if view is None:
            if entry is None or entry.is_over:
                return []
            entry.is_over, entry.over_at = True, now
            return self._changed(entry, now)
        is_over = view.state is AlertState.RESOLVED
        if entry is None:
            if is_over:
                return []
            entry = self._entered(view, now)
        was_acknowledged = entry.is_acknowledged
        rises = view.severity.rank > entry.peak.rank
        entry.brief, entry.steps = brief_of(view, self._office.settings), None
        if not is_over and (entry.is_over or view.times > entry.times):
            entry.times = view.times
            entry.begin(now, is_anew=True)
        elif is_over and not entry.is_over:
            entry.is_over, entry.over_at = True, now
        elif rises:
            entry.begin(now, is_anew=False)
        entry.is_acknowledged = view.acknowledged_by is not None
        entry.is_muted = view.is_muted
        entry.is_flapping = view.is_flapping
        is_taken = entry.is_acknowledged and not was_acknowledged and not entry.is_over
        entry.taken += is_taken
        knowing = tuple(entry.owed) if is_taken else ()
        events = self._changed(entry, now)
        return [*events, *(event for name in knowing for event in tell_taken(self._office, entry, name, now))]

    def _changed(self, entry: Entry, now: float) -> list[e.Event]:
        self._office.ledger.touch(entry)
        entry.wake_at = now
        items = [item for item in self._office.outbox if entry.alert_id in item.alerts]
        for item in items:
            item.severity = weightiest((item.severity, entry.severity))
            self._office.outbox.dirty[item.number] = None
        return self._office.outbox.recheck(now, items)

    def _entered(self, view: AlertView, now: float) -> Entry:
        labels = dict(view.labels)
        group = view.rule_id, labels.get("provider", "") or labels.get("route", "")
        since = now if view.times else view.raised_at
        entry = Entry(
            alert_id=view.alert_id,
            brief=brief_of(view, self._office.settings),
            group=group,
            thread=self._office.ledger.thread_of(group) or view.alert_id,
            since=since,
            done=since - 1,
            times=view.times,
            peak=view.severity,
        )
        self._office.ledger.add(entry)
        return entry
