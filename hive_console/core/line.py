"""One line for people, as `core.narration` makes of every event."""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.states import Severity


@dataclass(frozen=True, slots=True)
class Line:
    """One line for people.

    Attributes:
        text: the sentence, without its time.
        severity: how much it wants a person.
        is_routine: whether a log leaves it out unless asked: one of the many (good probes and calls), or a step
            that another event tells with its result.
        topic: what it is one more of; lines of one topic may be told as one, with their count. Empty when each
            stands for itself.
        is_progress: whether the latest line of its topic tells all of them; it is not counted then.
    """

    text: str
    severity: Severity = Severity.INFO
    is_routine: bool = False
    topic: str = ""
    is_progress: bool = False
