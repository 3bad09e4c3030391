"""What is known of notices over a restart: which rows changed, and what rows of the last run mean now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hive_console.core import events as e
from hive_console.core.notifying.following import Following
from hive_console.core.notifying.ledger import Entry
from hive_console.core.notifying.office import Office
from hive_console.core.notifying.queued import Queued
from hive_console.core.notifying.saved import (
    LEDGER,
    MARGIN,
    NOTICES,
    NUMBERS,
    SLOTS,
    Rows,
    entries_of,
    notices_of,
    numbers_of,
    parts_of,
    row_of_entries,
    row_of_notices,
    slot_of,
)
from hive_console.core.saved_state import UnreadableState
from hive_console.core.snapshot import AlertView


class OverRestart:
    """Saves and restores the ledger and the outbox."""

    __slots__ = ("_following", "_office")

    def __init__(self, office: Office, following: Following) -> None:
        self._office = office
        self._following = following

    def save(self) -> Rows:
        """Everything that must outlive a restart, by the name of its row."""
        for entry in self._office.ledger:
            self._office.ledger.touch(entry)
        self._office.outbox.dirty.update(dict.fromkeys(item.number for item in self._office.outbox))
        return self.changed()

    def changed(self) -> Rows:
        """The rows that changed since this was last asked; keep them with the event that changed them."""
        ledger: dict[int, list[Entry]] = {slot_of(alert_id): [] for alert_id in self._office.ledger.dirty}
        outbox: dict[int, list[Queued]] = {number % SLOTS: [] for number in self._office.outbox.dirty}
        for entry in self._office.ledger if ledger else ():
            if (entries := ledger.get(slot_of(entry.alert_id))) is not None:
                entries.append(entry)
        for item in self._office.outbox if outbox else ():
            if (items := outbox.get(item.number % SLOTS)) is not None:
                items.append(item)
        rows: Rows = {f"{LEDGER}{slot}": row_of_entries(entries) for slot, entries in ledger.items()}
        rows |= {f"{NOTICES}{slot}": row_of_notices(items) for slot, items in outbox.items()}
        if outbox:
            rows[NUMBERS] = {"numbers": self._office.outbox.numbers}
        self._office.ledger.dirty.clear()
        self._office.outbox.dirty.clear()
        return rows

    def restore(self, rows: Mapping[str, Any], now: float, alerts: Iterable[AlertView] = ()) -> list[e.Event]:
        """Takes what was kept, when the alert book has its own; `alerts` are all that it has.

        What was under way is unsure and tried again with the same key. Alerts that the ledger does not know are
        planned as they are, and what is over and was told is told to be over.
        """
        events: list[e.Event] = []

        def read(name: str, take: Callable[[object], None]) -> None:
            try:
                take(rows[name])
            except UnreadableState as error:
                message = f"it cannot be read and is left out: {error}"
                events.append(e.ServiceFailed(at=now, service="the saved state of notices", message=message))

        for name in parts_of(rows, LEDGER):
            read(name, self._restore_entries)
        for name in parts_of(rows, NOTICES):
            read(name, self._restore_notices)
        if NUMBERS in rows:
            read(NUMBERS, self._restore_numbers)
        if events:
            self._office.outbox.numbers += MARGIN
            self._ask_again()
        for entry in self._office.ledger:
            entry.wake_at = now
        names = [*(entry.alert_id for entry in self._office.ledger), *(alert.alert_id for alert in alerts)]
        for alert_id in dict.fromkeys(names):
            events += self._following.sync(alert_id, now)
        return [*events, *self._office.outbox.recheck(now)]

    def _ask_again(self) -> None:
        """Parts are lost: whoever was to be told, and nobody knows whether they were, is told."""
        for entry in self._office.ledger:
            lost = [name for name in entry.asked if name not in entry.told and not self._office.waits(name, entry)]
            for name in lost:
                del entry.asked[name]
                entry.missed[name] = 0, f"{entry.since}/lost"

    def _restore_entries(self, row: object) -> None:
        for entry in entries_of(row):
            self._office.ledger.add(entry)

    def _restore_notices(self, row: object) -> None:
        for item in notices_of(row):
            self._office.outbox.put_back(item)

    def _restore_numbers(self, row: object) -> None:
        self._office.outbox.numbers = max(self._office.outbox.numbers, numbers_of(row))
