"""The judge of the outbox: whether a notice is still wanted, and what follows from what became of it."""

from __future__ import annotations

from collections.abc import Iterable

from hive_console.core import events as e
from hive_console.core.alert_settings import ChannelKind
from hive_console.core.notifying.ledger import Entry
from hive_console.core.notifying.notice import AlertBrief
from hive_console.core.notifying.office import STATEFUL, Office
from hive_console.core.notifying.queued import Queued, Told
from hive_console.core.notifying.rota import reached
from hive_console.core.notifying.timetable import Occurrence
from hive_console.core.states import NoticeEnd, NoticeKind, Severity


class Judging:
    """Fits `outbox.Judge` by shape."""

    __slots__ = ("_office",)

    def __init__(self, office: Office) -> None:
        self._office = office

    def wanted(self, item: Queued) -> list[str]:
        """The alerts of the notice of which its channel must still be told this."""
        return [alert_id for alert_id, told in item.alerts.items() if self._is_wanted(item, alert_id, told)]

    def brief(self, alert_id: str) -> AlertBrief | None:
        """The alert as it is now; `None` when it is forgotten."""
        return self._office.brief(alert_id)

    def firing_on(self, channel: str) -> tuple[AlertBrief, ...]:
        """What this channel was told that it fires, and still does."""
        return tuple(
            self.brief(entry.alert_id) or entry.brief
            for entry in self._office.ledger
            if not entry.is_over and channel in entry.owed
        )

    def withdrawn(self, item: Queued, alert_ids: Iterable[str], now: float) -> list[e.Event]:
        """These alerts will not be told by this notice: remembers who may have heard, and who must still hear."""
        passed: list[Entry] = []
        taken: list[Entry] = []
        for alert_id in alert_ids:
            entry = self._office.ledger.get(alert_id)
            if entry is None:
                continue
            self._office.ledger.touch(entry)
            entry.wake_at = now
            if item.kind is NoticeKind.RESOLVED:
                entry.owed[item.channel] = True
            elif item.tells_firing and item.is_unsure:
                if self._is_newly_taken(item, entry):
                    taken.append(entry)
                entry.owed.setdefault(item.channel, False)
            elif item.tells_firing and item.alerts[alert_id].times == entry.times:
                if entry.is_over:
                    passed.append(entry)
                else:
                    entry.missed[item.channel] = item.step, item.alerts[alert_id].serial
                    entry.asked.pop(item.channel, None)
        events = [event for entry in taken for event in tell_taken(self._office, entry, item.channel, now)]
        return [*events, *self._tell_passed(item, passed, now)]

    def ended(self, item: Queued, end: NoticeEnd, now: float) -> list[e.Event]:
        """The notice was delivered, given up or dropped: writes down who knows."""
        if not item.tells_firing:
            return []
        entries = [entry for alert_id in item.alerts if (entry := self._office.ledger.get(alert_id)) is not None]
        is_delivered = end is NoticeEnd.DELIVERED
        taken = [entry for entry in entries if is_delivered and self._is_newly_taken(item, entry)]
        for entry in entries:
            if is_delivered:
                entry.told.setdefault(item.channel, now)
                entry.owed[item.channel] = True
            elif item.is_unsure:
                entry.owed.setdefault(item.channel, False)
            entry.wake_at = now
            self._office.ledger.touch(entry)
        if is_delivered:
            return [event for entry in taken for event in tell_taken(self._office, entry, item.channel, now)]
        return self._tell_elsewhere(item, entries, now) if end is NoticeEnd.DEAD else []

    @staticmethod
    def _is_newly_taken(item: Queued, entry: Entry) -> bool:
        """Whether a channel learns, or may, of an alert that somebody took while it was being told.

        Whoever knew before was told who has it, and who is told by hand is to be woken.
        """
        is_taken = entry.is_acknowledged and not entry.is_over
        return is_taken and not item.is_by_hand and item.channel not in entry.owed

    def _is_wanted(self, item: Queued, alert_id: str, told: Told) -> bool:
        entry = self._office.ledger.get(alert_id)
        is_end = item.kind in {NoticeKind.RESOLVED, NoticeKind.PASSED}
        if entry is None:
            return is_end  # forgotten, as only what is over is
        is_same = entry.times == told.times
        if is_end:
            return item.is_unsure or (entry.is_over and is_same)
        if item.kind is NoticeKind.ACKNOWLEDGED:
            return entry.is_acknowledged and not entry.is_over
        return is_same and not entry.is_over and (item.is_by_hand or not entry.is_held)

    def _tell_passed(self, item: Queued, entries: list[Entry], now: float) -> list[e.Event]:
        """That something fired and is over, in one word, of errors and critical alerts alone.

        It waited longer than its group's wait, so the channel was broken or slow: somebody who was not told of an
        error should know of it, and of a warning that has passed nobody needs to.
        """
        if self._office.kind_of(item.channel) in STATEFUL:
            return []
        for entry in entries:
            may_know = item.channel in entry.owed or self._office.waits(item.channel, entry)
            if entry.severity.rank >= Severity.ERROR.rank and not may_know:
                serial = f"{entry.since}/passed"
                self._office.drafts.add(
                    entry, item.channel, NoticeKind.PASSED, Occurrence(now, 0, 0, ()), serial=serial
                )
        return self._office.queue_all(now)

    def _tell_elsewhere(self, item: Queued, entries: list[Entry], now: float) -> list[e.Event]:
        """What was given up is told on another channel, unless somebody heard of it or is about to."""
        for entry in entries:
            others = [
                channel.name
                for channel in self._office.settings.channels
                if channel.name != item.channel and not self._office.outbox.is_open(channel.name)
            ]
            if entry.is_held or any(name in entry.told or self._office.waits(name, entry) for name in others):
                continue  # each channel is asked once, so that two that fail do not feed each other
            routed = [name for step in self._office.steps(entry) for name in step.channels]
            names = [*reached(routed, self._office.settings, now, self._office.local), *others]
            spare = next(
                (name for name in names if name in others and name not in {entry.about, *entry.asked}), None
            )
            if spare is not None:
                one = Occurrence(now, item.step, 0, ())
                serial = f"{entry.since}/for {item.channel}/{item.number}"
                remark = f"{item.channel} could not be told"
                entry.asked[spare] = None
                self._office.drafts.add(entry, spare, NoticeKind.FIRING, one, serial=serial, remark=remark)
        return self._office.queue_all(now)


def tell_taken(office: Office, entry: Entry, name: str, now: float) -> list[e.Event]:
    """That somebody has it, to a channel that would go on waking people."""
    if office.kind_of(name) is not ChannelKind.PAGERDUTY:
        return []
    serial = f"{entry.since}/taken/{entry.taken}"
    office.drafts.add(entry, name, NoticeKind.ACKNOWLEDGED, Occurrence(now, 0, 0, ()), serial=serial)
    return office.queue_all(now)
