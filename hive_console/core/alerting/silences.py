"""Silences and maintenance: of what they match nobody is told, from a begin to an end, and never again after it.

Each has an author, a reason and an end; the settings file's weekly windows are silences of the author `settings`.
One that is over is taken out of here for good, so that no restart and no clock set back brings it back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from hive_console.core.alert_settings import AlertSettings, Maintenance
from hive_console.core.alerting.identity import Key, fingerprint
from hive_console.core.alerting.matching import MOST_MATCHERS, Matcher, all_match
from hive_console.core.errors import SettingsError
from hive_console.core.local_time import LocalClock, utc
from hive_console.core.snapshot import SilenceView
from hive_console.core.wording import span

SILENCE_PREFIX = "S"
"""What the ids of silences begin with."""

BY_SETTINGS = "settings"
"""The author of the silences that the settings file's windows make."""

MOST_SILENCES = 200
"""Silences at a time: more than anybody can answer for, few enough to be tried on each new alert."""

FARTHEST_BEGIN = 30 * 86_400.0
"""Seconds from now in which a silence must begin: what lies farther ahead is forgotten before it comes."""

REASON_LIMIT = 500
"""Characters of a reason that are kept."""

MATCHERS_LIMIT = 1_000
"""Characters that the matchers of one silence may have together, so that a saved part holds seven of them."""

RESOLVED = "what it covered is resolved"
EXPIRED = "its time is over"
LEFT_SETTINGS = "the settings file has its window no longer"


@dataclass(slots=True)
class Silence:
    """One silence.

    Attributes:
        view: as people see it, but for what it hides now.
        number: what its id ends in.
        matchers: as they are matched.
        window: which window of the settings file made it; empty of a person's.
        hides: the firing alerts that it hides now.
        is_begun: whether it holds.
    """

    view: SilenceView
    number: int
    matchers: tuple[Matcher, ...]
    window: str = ""
    hides: dict[Key, None] = field(default_factory=dict)
    is_begun: bool = False

    @property
    def silence_id(self) -> str:
        """Its id."""
        return self.view.silence_id

    def covers(self, labels: Mapping[str, str]) -> bool:
        """Whether it holds of what bears these labels."""
        return self.is_begun and all_match(self.matchers, labels)

    def shown(self) -> SilenceView:
        """As people see it."""
        return replace(self.view, hides=len(self.hides))


class Silences:
    """All silences that hold or will.

    Attributes:
        longest: seconds that one of a person may last.
        version: moves when one comes, goes, or hides another alert.
    """

    __slots__ = ("_ended_windows", "_local", "_numbers", "_silences", "_windows", "longest", "version")

    def __init__(self, settings: AlertSettings | None = None, local: LocalClock = utc) -> None:
        self._local = local
        self._silences: dict[str, Silence] = {}
        self._numbers = 0
        self.version = 0
        self._ended_windows: dict[str, float] = {}
        self.reconfigure(settings or AlertSettings(), local)

    def __iter__(self) -> Iterator[Silence]:
        """In the order in which they were placed."""
        return iter(tuple(self._silences.values()))

    def reconfigure(self, settings: AlertSettings, local: LocalClock) -> None:
        """Goes on by other settings; silences that stand stay, and windows that left are `over`."""
        self._local = local
        self.longest = settings.longest_silence
        self._windows = {_name_of(window): window for window in settings.maintenance}
        self._ended_windows = {name: at for name, at in self._ended_windows.items() if name in self._windows}

    def find(self, silence_id: str) -> Silence | None:
        """The silence of this id, while it holds or will."""
        return self._silences.get(silence_id)

    def covering(self, labels: Mapping[str, str]) -> Silence | None:
        """The silence that covers these labels; of several the one that ends last, so that reasons change least."""
        found = [one for one in self._silences.values() if one.covers(labels)]
        return max(found, key=lambda one: one.view.until, default=None)

    # --- placing and ending -----------------------------------------------------------------------

    def refusal(self, wanted: SilenceView, now: float) -> str:
        """Why it cannot be placed, for a person; empty when it can."""
        if sum(not one.window for one in self._silences.values()) >= MOST_SILENCES:
            return f"there are {MOST_SILENCES} silences already; end one first"
        if not wanted.reason.strip():
            return "a reason is required: somebody will ask why nobody was told"
        if not all(map(math.isfinite, (wanted.begins, wanted.until))) or wanted.until <= max(now, wanted.begins):
            return "it would be over before it begins"
        if wanted.until - max(now, wanted.begins) > self.longest:
            return f"it would last longer than {span(self.longest)}, the longest that the settings allow"
        if wanted.begins - now > FARTHEST_BEGIN:
            return f"it would begin in more than {span(FARTHEST_BEGIN)}"
        return _refusal_of(wanted.matchers)

    def place(self, wanted: SilenceView, now: float, *, window: str = "") -> Silence | None:
        """Takes a silence in and gives it an id; `None` when it is refused. `begun` tells when it holds.

        Args:
            wanted: what shall be silenced; its id and counts are not looked at.
            now: the time.
            window: the name of the settings file's window that makes it; the bounds of persons do not hold there.
        """
        if not window and self.refusal(wanted, now):
            return None
        self._numbers += 1
        view = replace(
            wanted,
            silence_id=f"{SILENCE_PREFIX}{self._numbers}",
            matchers=tuple(str(Matcher.parse(text)) for text in wanted.matchers),
            reason=wanted.reason.strip()[:REASON_LIMIT],
            begins=max(wanted.begins, now),
            hides=0,
            hid=0,
        )
        return self._take_in(Silence(view, self._numbers, tuple(map(Matcher.parse, view.matchers)), window))

    def end(self, silence_id: str, now: float) -> Silence | None:
        """Takes a silence out for good; a window of the settings file stays away until its hours are over."""
        self.version += 1
        one = self._silences.pop(silence_id, None)
        if one is not None and one.window and now < one.view.until:
            self._ended_windows[one.window] = one.view.until
        return one

    # --- time -------------------------------------------------------------------------------------

    def begun(self, now: float) -> list[Silence]:
        """Those that begin to hold now."""
        found = [one for one in self._silences.values() if not one.is_begun and one.view.begins <= now]
        for one in found:
            one.is_begun = True
        return found

    def over(self, now: float) -> list[tuple[Silence, str]]:
        """Those whose time is over, and why; `end` takes them out."""
        local = self._local(now)
        found: list[tuple[Silence, str]] = []
        for one in self._silences.values():
            if not one.window:
                if one.view.until <= now:
                    found.append((one, EXPIRED))
            elif one.window not in self._windows:
                found.append((one, LEFT_SETTINGS))
            elif not self._windows[one.window].window.covers(local):  # the wall clock counts, whatever was foreseen
                found.append((one, EXPIRED))
            elif one.view.until <= now:  # hours that the wall clock was set back by, or a window that follows it
                one.view = replace(one.view, until=now + self._windows[one.window].window.minutes_left(local) * 60)
        return found

    def windows(self, now: float) -> list[tuple[str, SilenceView]]:
        """The windows of the settings file whose hours have begun, as silences that are to be placed."""
        local = self._local(now)
        placed = {one.window for one in self._silences.values()}
        found: list[tuple[str, SilenceView]] = []
        for name, work in self._windows.items():
            if not work.window.covers(local):
                self._ended_windows.pop(name, None)
            elif name not in placed and name not in self._ended_windows:
                wanted = SilenceView(
                    silence_id="",
                    matchers=tuple(map(str, work.matchers)),
                    by=BY_SETTINGS,
                    reason=work.reason,
                    begins=now,
                    until=now + work.window.minutes_left(local) * 60,
                    is_maintenance=True,
                )
                found.append((name, wanted))
        return found

    def next_at(self) -> float | None:
        """When one begins or ends next; of windows that have not begun nothing is foreseen."""
        times = [one.view.until if one.is_begun else one.view.begins for one in self._silences.values()]
        return min(times, default=None)

    # --- counts and views -------------------------------------------------------------------------

    def hide(self, one: Silence, key: Key) -> None:
        """Counts an alert that it begins to hide."""
        if key not in one.hides:
            one.hides[key] = None
            self.version += 1
            one.view = replace(one.view, hid=one.view.hid + 1)

    def views(self) -> tuple[SilenceView, ...]:
        """Those first that end first."""
        shown = (one.shown() for one in self._silences.values())
        return tuple(sorted(shown, key=lambda view: (view.until, view.begins)))

    # --- over a restart ---------------------------------------------------------------------------

    @property
    def numbers(self) -> int:
        """How many were ever placed."""
        return self._numbers

    @property
    def ended_windows(self) -> tuple[tuple[str, float], ...]:
        """Windows that somebody ended before their hours were over, and until when those last."""
        return tuple(self._ended_windows.items())

    def restore(self, one: Silence) -> None:
        """Takes back one that stood before a restart; what it hides is told anew."""
        self._take_in(one)

    def restore_past(self, numbers: int, ended_windows: tuple[tuple[str, float], ...], now: float) -> None:
        """Goes on numbering behind these, and leaves those windows away whose hours last."""
        self._numbers = max(self._numbers, numbers)
        self._ended_windows.update((name, at) for name, at in ended_windows if name in self._windows and at > now)

    def _take_in(self, one: Silence) -> Silence:
        self._silences[one.silence_id] = one
        self.version += 1
        return one


def _refusal_of(matchers: tuple[str, ...]) -> str:
    if not matchers:
        return "it would hide everything; say of what it is, such as model=gpt-5"
    if len(matchers) > MOST_MATCHERS or sum(map(len, matchers)) > MATCHERS_LIMIT:
        return f"its matchers are too long: at most {MOST_MATCHERS}, with {MATCHERS_LIMIT} characters together"
    try:
        for text in matchers:
            Matcher.parse(text)
    except SettingsError as error:
        return str(error)
    return ""


def _name_of(work: Maintenance) -> str:
    """A word for the window that stays the same when others come and go."""
    hours = f"{work.window.begin}-{work.window.end}/{''.join(map(str, work.window.days))}"
    return fingerprint(hours, ", ".join(map(str, work.matchers)))
