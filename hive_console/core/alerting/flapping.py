"""How much of late an alert comes and goes: Nagios' weighted change of its last 21 states.

A state is taken whenever it changes and, while it does not, every `SAMPLE_EVERY` seconds: an alert that turns every
few seconds flaps at its ninth turn, one that turns every two minutes never does, and one that has become calm
leaves it by time alone.
"""

from __future__ import annotations

from collections.abc import Container

from hive_console.core.alerting.identity import Key

CHANGES = 20
"""Steps between the 21 states that are looked at (Nagios Core, "Detection and Handling of State Flapping")."""

SAMPLE_EVERY = 30.0
"""Seconds between two states of a calm alert: 21 of them span ten minutes, within which what fires anew is the
same episode. Nagios takes one each check.
"""

START = 0.5
"""Change at which it flaps: Nagios' high threshold."""

STOP = 0.25
"""Change at which it does no longer: half of the other, so that this does not flap in its turn."""

MOST_HISTORIES = 25_000
"""Histories kept: those of all alerts that can fire, and of more that could anew."""

_ALL = 2**CHANGES - 1
_NEWEST, _OLDEST = 1.2, 0.8  # Nagios' weights; those between lie on a line, and together they are 20
_WEIGHTS = tuple(_NEWEST - (_NEWEST - _OLDEST) * step / (CHANGES - 1) for step in range(CHANGES))
_ROUNDING = 1e-6  # of a sample: instants of today are kept to a quarter of a microsecond


class History:
    """The latest changes of one alert's state.

    Attributes:
        at: when the latest state was taken.
        changes: a bit a step, the newest the lowest; set where the state changed.
    """

    __slots__ = ("at", "changes")

    def __init__(self, at: float, changes: int = 0) -> None:
        """Nothing changed before `at`."""
        self.at = at
        self.changes = changes & _ALL

    def turn(self, now: float) -> None:
        """The state changed."""
        self._age(now)
        self.changes = (self.changes << 1 | 1) & _ALL
        self.at = now

    def change(self, now: float) -> float:
        """How much changes, 0..1, the latest weighing most."""
        self._age(now)
        return _weight(self.changes)

    def calm_at(self) -> float:
        """When it flaps no longer, if nothing changes from now on."""
        steps = 0
        while _weight(self.changes << steps & _ALL) > STOP:
            steps += 1
        return self.at + steps * SAMPLE_EVERY

    def _age(self, now: float) -> None:
        """Takes the states between the latest one and now, in which nothing changed."""
        steps = max(0, int((now - self.at) / SAMPLE_EVERY + _ROUNDING))
        self.changes = 0 if steps >= CHANGES else self.changes << steps & _ALL
        self.at += steps * SAMPLE_EVERY


def _weight(changes: int) -> float:
    return sum(weight for step, weight in enumerate(_WEIGHTS) if changes >> step & 1) / CHANGES


class Histories:
    """The histories of all alerts that turned lately."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Key, History] = {}

    def get(self, key: Key) -> History | None:
        """The history of this alert, where it has one."""
        return self._known.get(key)

    def of(self, key: Key, now: float, firing: Container[Key]) -> History:
        """The history of this alert, begun now where it has none; `firing` are those whose histories are needed."""
        history = self._known.get(key)
        if history is None:
            if len(self._known) >= MOST_HISTORIES:
                self._known = {known: one for known, one in self._known.items() if known in firing}
            history = self._known[key] = History(now)
        return history

    def restore(self, key: Key, history: History) -> None:
        """Takes back one from before a restart."""
        self._known[key] = history

    def forget(self, key: Key) -> None:
        """What comes next of this alert has nothing to do with what was."""
        self._known.pop(key, None)
