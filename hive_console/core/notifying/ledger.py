"""What is known of each alert's notices: which steps are done, who was told, and who must hear that it is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hive_console.core.notifying.notice import AlertBrief
from hive_console.core.notifying.timetable import Timed
from hive_console.core.states import Severity

KEPT_OVER = 200
"""Alerts that are over, owe nobody a word, and are remembered for the inbox: as many as the alert book keeps."""

Group = tuple[str, str]
"""The rule's name, and the provider or the route it is about: alerts of one group are told together."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One episode of one alert.

    Attributes:
        brief: the alert as it was last seen.
        group: what it is told together with.
        thread: names the incident it belongs to.
        since: from when its steps are counted: when it was raised, fired anew, or began to weigh more.
        done: what was due until then is done.
        times: how often it fired anew within its episode.
        peak: the most it mattered since it was raised or fired anew: what falls and rises again tells nobody anew.
        is_over: whether it is resolved.
        is_acknowledged: whether somebody has it.
        is_muted: whether a silence covers it or another alert explains it.
        is_flapping: whether it comes and goes.
        asked: channels for which a notice was made since `since`.
        told: when each channel was first told that it fires, since it was raised or fired anew.
        owed: channels that know that it fires, and must hear when it is over; `False` where they may know.
        missed: channels whose notice was withdrawn while somebody had it or it was muted, with its step
            and serial.
        over_at: when it was resolved.
        flapped_at: when it was last told that it comes and goes.
        by_hand: how often a person asked that the next people are told.
        taken: how often somebody took it.
        steps: its escalation by the settings of now; `None` until somebody asks. It is not kept.
        wake_at: when something of it is due; `None` when nothing is. It is not kept: it follows from the rest.
    """

    alert_id: str
    brief: AlertBrief
    group: Group
    thread: str
    since: float
    done: float
    times: int = 0
    peak: Severity = Severity.INFO
    is_over: bool = False
    is_acknowledged: bool = False
    is_muted: bool = False
    is_flapping: bool = False
    asked: dict[str, None] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)
    owed: dict[str, bool] = field(default_factory=dict)
    missed: dict[str, tuple[int, str]] = field(default_factory=dict)
    over_at: float | None = None
    flapped_at: float | None = None
    by_hand: int = 0
    taken: int = 0
    steps: tuple[Timed, ...] | None = None
    wake_at: float | None = None

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.brief.severity

    @property
    def is_held(self) -> bool:
        """Whether nobody new is told of it now."""
        return self.is_acknowledged or self.is_muted or self.is_over

    @property
    def about(self) -> str:
        """The channel it is about; empty where it is about none."""
        return dict(self.brief.labels).get("channel", "")

    def begin(self, since: float, *, is_anew: bool) -> None:
        """Counts its steps from `since`; `is_anew` where it fires anew and everybody is told anew."""
        self.since = since
        self.done = since - 1
        self.asked.clear()
        self.missed.clear()
        self.is_over = False
        self.over_at = None
        self.peak = self.severity
        if is_anew:
            self.told.clear()
            self.flapped_at = None


class Ledger:
    """All entries by alert id, in the order in which they were made."""

    __slots__ = ("_entries", "dirty")

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self.dirty: dict[str, None] = {}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def get(self, alert_id: str) -> Entry | None:
        """The entry of this alert."""
        return self._entries.get(alert_id)

    def add(self, entry: Entry) -> None:
        """Takes an entry."""
        self._entries[entry.alert_id] = entry
        self.dirty[entry.alert_id] = None

    def touch(self, entry: Entry) -> None:
        """Notes that it changed and must be kept."""
        self.dirty[entry.alert_id] = None

    def thread_of(self, group: Group) -> str | None:
        """The thread of the group's incident; `None` when none is going on."""
        return next((one.thread for one in self if one.group == group and not one.is_over), None)

    def forget(self, is_needed: set[str]) -> None:
        """Lets go of the oldest that are over, owe nobody a word and wait for nothing."""
        spare = [one.alert_id for one in self if one.is_over and not one.owed and one.alert_id not in is_needed]
        for alert_id in spare[: max(0, len(spare) - KEPT_OVER)]:
            del self._entries[alert_id]
            self.dirty[alert_id] = None
