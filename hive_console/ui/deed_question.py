"""What a dialog asks, and the lines that say it; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from hive_widgets.glyphs import Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, wrapped

LABEL = 9
"""Columns of a fact's label."""

MOST_LINES = 4
"""Lines that one fact may take."""

NO_END = "no end"
"""What the duration without an end is called where nothing else is said."""

CHANGED = "changed: "
"""Stands before a fact that is another than the one that was read."""

_NUMBER = re.compile(r"(?<![\w.:/-])\d+(?:[.,]\d+)*(?![\w-])")
"""A number that stands by itself: loads move all the time, names such as gpt-5 do not."""


class ReasonRule(Enum):
    """Whether a dialog asks why."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Fact:
    """One labeled line of a question.

    Attributes:
        label: what it is about.
        text: what is so, or would be.
        role: how it looks.
        is_promise: whether a person agrees to it.
    """

    label: str
    text: str
    role: Role = Role.PLAIN
    is_promise: bool = True

    @property
    def claim(self) -> tuple[str, str]:
        """What is compared: other words are another promise, other figures are not."""
        return self.label, _NUMBER.sub("#", self.text)


@dataclass(frozen=True, slots=True)
class Question:
    """What a dialog asks.

    Attributes:
        title: the deed in words.
        now: how things stand.
        effect: what would change.
        capacity: what whoever takes over carries, and would carry.
        chain: what remains behind them.
        warnings: what a careful colleague would say.
        refusal: why it cannot be done; no question is asked then.
        missing: what has to be given before anything can be asked; the fields stay.
        must_type: what has to be typed (harmless text) to confirm, for deeds that are wide or let requests fail;
            empty for all others.
        is_outage: whether requests would fail.
        reason: whether a reason is asked for.
        reason_label: what the reason is called.
        durations: the ends that can be chosen, in seconds, the usual one first; `None` is no end.
        no_end: what the duration without an end is called.
        options: ways to do it, one of which is chosen, the usual one first; none where there is one way.
        options_label: what is chosen by them.
        asks_for: what else has to be typed, as a label; empty for most.
        undo: how it can be undone.
    """

    title: str
    now: str = ""
    effect: str = ""
    capacity: str = ""
    chain: str = ""
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    missing: str = ""
    must_type: str = ""
    is_outage: bool = False
    reason: ReasonRule = ReasonRule.OPTIONAL
    reason_label: str = "Reason"
    durations: tuple[float | None, ...] = ()
    no_end: str = NO_END
    options: tuple[str, ...] = ()
    options_label: str = ""
    asks_for: str = ""
    undo: str = ""

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What is told, from the top."""
        facts = (Fact("Now", self.now, is_promise=False),)
        if self.refusal:
            return (*facts, Fact("Refused", self.refusal, Role.BAD))
        if self.missing:
            return (*facts, Fact("Missing", self.missing, Role.WARN, is_promise=False))
        return (
            *facts,
            Fact("Effect", self.effect, Role.BAD if self.is_outage else Role.PLAIN),
            Fact("Capacity", self.capacity),
            Fact("Chain", self.chain),
            *(Fact("Careful", warning, Role.WARN) for warning in self.warnings),
        )

    @property
    def promise(self) -> frozenset[tuple[str, str]]:
        """What a person agrees to; how things stand meanwhile, and how loaded they are, is no part of it."""
        told = {fact.claim for fact in self.facts if fact.is_promise and fact.text}
        return frozenset({*told, ("Type it", self.must_type)})


def story_of(asked: Question, width: int, *, read: Question | None = None, most: int = MOST_LINES) -> list[Pieces]:
    """The question as lines of at most `width` columns.

    Args:
        asked: the question.
        width: columns.
        read: the question as it was read; what is another now is marked.
        most: lines that one fact may take.
    """
    known = asked.promise if read is None else read.promise
    lines: list[Pieces] = [title_line(asked.title), ()]
    for fact in asked.facts:
        if fact.text:
            is_new = fact.is_promise and fact.claim not in known
            text = f"{CHANGED}{fact.text}" if is_new else fact.text
            role = Role.WARN if is_new and fact.role is Role.PLAIN else fact.role
            lines += fact_lines(fact.label, text, width, role=role, most=most)
    return lines


def title_line(text: str) -> Pieces:
    """A dialog's first line."""
    return (Piece(text, Role.ACCENT, is_bold=True),)


def fact_lines(
    label: str, text: str, width: int, *, role: Role = Role.PLAIN, most: int = MOST_LINES
) -> list[Pieces]:
    """A labeled text, wrapped beside its label."""
    shown = Role.MUTED if role is Role.PLAIN else role
    rows = wrapped(text, width - LABEL, most)
    return [
        (Piece(f"{'' if place else label:<{LABEL}}", shown), Piece(row, role)) for place, row in enumerate(rows)
    ]
