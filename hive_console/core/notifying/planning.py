"""What is due of each alert, and who is told of it: steps, repeats, ends, and what a person asks for."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.notifying.gates import STORM
from hive_console.core.notifying.ledger import Entry, Group
from hive_console.core.notifying.office import STATEFUL, Office
from hive_console.core.notifying.quiet import quiet_until
from hive_console.core.notifying.rota import reached
from hive_console.core.notifying.routes import tellable
from hive_console.core.notifying.timetable import Occurrence, next_at, next_step, overdue
from hive_console.core.states import NoticeKind

STALE = 86_400.0
"""Seconds after which a step that could not be told is no news any more, and is left out."""

RESOLVED_WAIT = 2.0
"""Seconds that the news that something is over waits for its rest: ten models of a provider recover at once."""

FLAPPING_AGAIN = 1800.0
"""Seconds between two words about what comes and goes."""


class Planning:
    """Drafts what is due."""

    __slots__ = ("_office",)

    def __init__(self, office: Office) -> None:
        self._office = office

    def plan(
        self, entry: Entry, now: float, *, opened: dict[Group, None], swept: dict[tuple[Group, int], None]
    ) -> None:
        """Drafts what is due of a firing alert, unless its group, the quiet hours or a person hold it."""
        if entry.is_held:
            entry.wake_at = None
            return
        due = self._due(entry, now)
        if due or entry.missed or self._is_flapping_due(entry, now):
            quiet = quiet_until(entry.severity, self._office.settings, now, self._office.local)
            if quiet is not None:
                entry.wake_at = quiet
                return
        if entry.missed or any(one.is_news(entry.since) for one in due):
            group = STORM if self._office.gates.is_storm(now) else entry.group
            opens_at = self._office.gates.opens_at(group, now, since=entry.since)
            if opens_at > now:
                entry.wake_at = opens_at
                return
            opened[group] = None
        swept.update(dict.fromkeys((entry.group, one.step) for one in due if not one.is_news(entry.since)))
        self._draft(entry, due, now)
        self._rest(entry, now)

    def _due(self, entry: Entry, now: float) -> list[Occurrence]:
        """What is due and still news. Where nobody was told at all in time, the alert begins anew: it fires now."""
        due = overdue(self._office.steps(entry), entry.since, done=entry.done, now=now)
        if due and now - due[0].at > STALE and not entry.asked:
            entry.begin(now, is_anew=False)
            return overdue(self._office.steps(entry), now, done=entry.done, now=now)
        return [one for one in due if now - one.at <= STALE]

    def _rest(self, entry: Entry, now: float) -> None:
        """Sets when the entry is looked at next."""
        dues = [next_at(self._office.steps(entry), entry.since, entry.done)]
        if entry.is_flapping:
            dues.append(now if entry.flapped_at is None else entry.flapped_at + FLAPPING_AGAIN)
        entry.wake_at = min((due for due in dues if due is not None), default=None)

    def _draft(self, entry: Entry, due: list[Occurrence], now: float) -> None:
        places = {name: Occurrence(now, step, 0, (name,)) for name, (step, _) in entry.missed.items()}
        serials = {name: serial for name, (_, serial) in entry.missed.items()}
        asked_before = dict(entry.asked)
        mirrors = self._office.mirrors
        for one in due:
            names = reached(one.channels, self._office.settings, now, self._office.local)
            for name in tellable(names, self._office.settings, about=entry.about, spare=mirrors):
                is_old = entry.is_flapping and name in entry.owed  # its digests tell that it comes and goes
                if not is_old and (name in asked_before or name not in places):
                    places[name] = one
                    serials[name] = f"{entry.since}/{entry.severity.value}/{one.repeat}"
        heard = {name for name in asked_before if name in entry.owed}
        is_first = heard.issubset(mirrors)
        is_storm = self._office.gates.is_storm(now)
        for name, one in places.items():
            kind = NoticeKind.REPEAT if name in heard else NoticeKind.ESCALATION
            if is_first and name not in heard:
                kind = NoticeKind.FIRING
                if is_storm and self._office.kind_of(name) not in STATEFUL:
                    kind = NoticeKind.DIGEST
            self._ask(entry, name, kind, one, serial=serials[name])
        entry.missed.clear()
        entry.done = max([entry.done, now, *(one.at for one in due)])
        if self._is_flapping_due(entry, now):
            self._draft_flapping(entry, now)
        self._office.ledger.touch(entry)

    def _ask(self, entry: Entry, name: str, kind: NoticeKind, one: Occurrence, *, serial: str) -> None:
        """Drafts one word to one channel, unless it waits to hear of the alert anyway."""
        if self._office.settings.channel(name) is None:
            return
        entry.asked[name] = None
        if self._office.waits(name, entry):
            return
        self._office.drafts.add(entry, name, kind, one, serial=serial)

    def _is_flapping_due(self, entry: Entry, now: float) -> bool:
        if not entry.is_flapping:
            return False
        return entry.flapped_at is None or now >= entry.flapped_at + FLAPPING_AGAIN

    def _draft_flapping(self, entry: Entry, now: float) -> None:
        kind = NoticeKind.FLAPPING if entry.flapped_at is None else NoticeKind.DIGEST
        entry.flapped_at = now
        for name in tuple(entry.owed):
            if self._office.kind_of(name) not in STATEFUL:
                self._ask(entry, name, kind, Occurrence(now, 0, 0, ()), serial=f"{entry.since}/flaps/{now}")

    def sweep(self, swept: dict[tuple[Group, int], None], now: float) -> None:
        """Takes along what is due within the group's wait, so that twenty alerts are one letter and not twenty."""
        soon = now + self._office.settings.group_wait
        groups = {group for group, _ in swept}
        for entry in self._office.ledger:
            is_close = entry.wake_at is not None and now < entry.wake_at <= soon
            if not is_close or entry.is_held or entry.group not in groups:
                continue
            due = overdue(self._office.steps(entry), entry.since, done=entry.done, now=soon)
            fits = bool(due) and all(
                (entry.group, one.step) in swept and not one.is_news(entry.since) for one in due
            )
            if fits and quiet_until(entry.severity, self._office.settings, now, self._office.local) is None:
                self._draft(entry, due, now)
                self._rest(entry, now)

    def plan_end(self, entry: Entry, now: float) -> None:
        """Drafts that an alert is over, to whoever was told that it fires; to nobody twice."""
        entry.wake_at = None
        ready_at = (entry.over_at or now) + min(RESOLVED_WAIT, self._office.settings.group_wait)
        if entry.owed and now < ready_at:
            entry.wake_at = ready_at
            return
        quiet = quiet_until(entry.severity, self._office.settings, now, self._office.local)
        for name in tuple(entry.owed):
            channel = self._office.settings.channel(name)
            if any(
                item.is_in_flight and item.tells_firing
                for item in self._office.outbox.waiting_on(name, entry.alert_id)
            ):
                continue  # what comes of it wakes this entry again
            if (
                channel is not None
                and channel.sends_resolved
                and quiet is not None
                and channel.kind not in STATEFUL
            ):
                entry.wake_at = quiet
                continue
            is_certain = entry.owed.pop(name)
            self._office.ledger.touch(entry)
            if channel is not None and channel.sends_resolved:
                remark = "" if is_certain else "that it fired may not have arrived"
                one = Occurrence(now, 0, 0, ())
                self._office.drafts.add(
                    entry, name, NoticeKind.RESOLVED, one, serial=f"{entry.since}/over", remark=remark
                )

    def escalate(self, event: e.AlertEscalated) -> list[e.Event]:
        """Tells the next people now; where none are left, the last ones again. A person's word beats a hold."""
        entry = self._office.ledger.get(event.alert_id)
        if entry is None or entry.is_over:
            return []
        steps = [step for step in self._office.steps(entry) if not step.is_reminder]
        place = next_step(steps, entry.since, entry.done)
        if place is not None:
            entry.done = entry.since + steps[place].after
            names = reached(steps[place].channels, self._office.settings, event.at, self._office.local)
        else:
            place = max(0, len(steps) - 1)
            every = [channel.name for channel in self._office.settings.channels]
            names = reached(
                steps[place].channels if steps else every, self._office.settings, event.at, self._office.local
            )
        entry.by_hand += 1
        entry.wake_at = event.at
        self._office.ledger.touch(entry)
        one = Occurrence(event.at, place, 0, ())
        for name in tellable(names, self._office.settings, about=entry.about):
            for item in self._office.outbox.waiting_on(name, entry.alert_id):
                item.is_by_hand = True
                self._office.outbox.dirty[item.number] = None
            serial = f"{entry.since}/by hand/{entry.by_hand}"
            self._ask(entry, name, NoticeKind.ESCALATION, one, serial=serial)
        drafts = list(self._office.drafts.made(self._office.kind_of, event.at))
        for draft in drafts:
            draft.is_by_hand, draft.remark, draft.cause = True, f"asked for by {event.actor}", event.note
        return [told for draft in drafts for told in self._office.outbox.queue(draft, event.at)]
