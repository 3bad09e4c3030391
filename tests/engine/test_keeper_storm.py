"""Of a storm of alerts each part of the book is written once, however many words are said about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hive_console.core.alert_settings import AlertSettings
from hive_console.core.alerting.book import AlertBook
from hive_console.core.degradation import Degradation
from hive_console.core.events import Event
from hive_console.core.fleet import Fleet
from hive_console.core.memory import ALERTS, SILENCES, Memory
from hive_console.core.notifying.planner import Planner
from hive_console.core.probe_budget import ProbeBudget
from hive_console.engine.keeper import Keeper
from hive_console.engine.kept_notices import KeptNotices
from tests.core.alert_driver import bad, good, provider_down, see, wanted
from tests.core.samples import NOW, fleet_settings
from tests.engine.scripted import ListRecorder


class Counting(ListRecorder):
    """Counts how often each row was given."""

    def __init__(self) -> None:
        super().__init__()
        self.times: Counter[str] = Counter()

    def keep_state(self, model: str, state: Mapping[str, Any]) -> None:
        super().keep_state(model, state)
        self.times[model] += 1


class Kept:
    """A book whose words reach a keeper, as the bus brings them: when the book has said all of them."""

    def __init__(self) -> None:
        self.book = AlertBook()
        self.recorder = Counting()
        fleet = Fleet(fleet_settings(), NOW)
        memory = Memory(fleet=fleet, alerts=self.book, degradation=Degradation(0.6), budget=ProbeBudget(0))
        notices = KeptNotices(Planner(AlertSettings(), alert_of=self.book.alert, draw=lambda: 0.0), self.book)
        self.keeper = Keeper(memory, alerts=self.book, notices=notices, recorder=self.recorder)

    def hear(self, events: list[Event]) -> Counter[str]:
        """The rows that these words wrote."""
        self.recorder.times.clear()
        for event in events:
            self.keeper.take(event)
        return self.recorder.times


def test_of_a_storm_each_part_is_written_once_with_all_that_it_holds() -> None:
    kept = Kept()
    events = [*see(kept.book, NOW, *(bad(model=f"{number}") for number in range(600)), provider_down())]

    times = kept.hear(events)

    assert len(events) == 1201
    assert set(times.values()) == {1}
    parts = [row for name, row in kept.recorder.kept.items() if name.startswith(ALERTS)]
    assert sum(len(row["alerts"]) for row in parts) == 601
    assert sum(alert.get("inhibited_by") == "A601" for row in parts for alert in row["alerts"]) == 600


def test_a_silence_that_hides_a_storm_is_written_once_and_again_when_it_hides_more() -> None:
    kept = Kept()
    kept.hear(see(kept.book, NOW, *(bad(model=f"{number}") for number in range(50))))

    first = kept.hear(kept.book.silence(wanted("provider=acme"), NOW))[f"{SILENCES}1"]
    more = kept.hear(see(kept.book, NOW + 1, bad(model="late")))[f"{SILENCES}1"]
    rest = kept.hear(see(kept.book, NOW + 2, good(model="late")))[f"{SILENCES}1"]

    assert (first, more, rest) == (2, 1, 0)  # as it is placed, and with what it hides
    assert kept.recorder.kept[f"{SILENCES}1"]["silences"][0]["hid"] == 51
