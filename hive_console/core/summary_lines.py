"""What mattered of many events, as few lines: more of the same is one line with its count."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hive_console.core import events as e
from hive_console.core.chronicle import FOLD_WITHIN
from hive_console.core.narration import narrate
from hive_console.core.states import Severity

MOST_LINES = 200
"""Lines of a summary: what is critical first, then warnings, then the rest."""

_TOPICS = 5_000

_LOUDEST_FIRST = tuple(sorted(Severity, key=lambda severity: -severity.rank))


@dataclass(slots=True, kw_only=True)
class SummaryLine:
    """One line.

    Attributes:
        at: when it was first so, in Unix seconds.
        until: when it was last so.
        severity: how loud it is.
        text: the sentence, of the last time.
        count: how many events it stands for.
    """

    at: float
    until: float
    severity: Severity
    text: str
    count: int = 1


class SummaryLines:
    """The fold; of each loudness the newest `MOST_LINES` lines are kept, whatever it is given.

    Attributes:
        left_out: lines that found no room so far.
    """

    def __init__(self) -> None:
        self._lines: dict[Severity, deque[SummaryLine]] = {severity: deque() for severity in _LOUDEST_FIRST}
        self._topics: dict[str, SummaryLine] = {}
        self.left_out = 0

    def observe(self, event: e.Event) -> None:
        """Takes an event; routine ones leave no line."""
        line = narrate(event)
        if line.is_routine:
            return
        known = self._topics.get(line.topic) if line.topic else None
        if known is not None and known.until >= event.at - FOLD_WITHIN:
            known.until, known.text = event.at, line.text
            known.count += not line.is_progress
            return
        told = SummaryLine(at=event.at, until=event.at, severity=line.severity, text=line.text)
        if line.topic:
            if len(self._topics) >= _TOPICS:
                self._topics.clear()
            self._topics[line.topic] = told
        lines = self._lines[line.severity]
        if len(lines) == MOST_LINES:
            lines.popleft()
            self.left_out += 1
        lines.append(told)

    def lines(self) -> tuple[tuple[SummaryLine, ...], int]:
        """The lines in the order of time, and how many were left out."""
        room = MOST_LINES
        kept: list[SummaryLine] = []
        for severity in _LOUDEST_FIRST:
            newest = list(self._lines[severity])[-room:] if room else []
            kept += newest
            room -= len(newest)
        found = sum(map(len, self._lines.values()))
        return tuple(sorted(kept, key=lambda told: told.at)), self.left_out + found - len(kept)
