"""What a dialog asks, and the lines that say it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hive_widgets.glyphs import Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, wrapped

LABEL = 9
"""Columns of a fact's label."""

MOST_LINES = 4
"""Lines that one fact may take."""


class ReasonRule(Enum):
    """Whether a dialog asks why."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Question:
    """What a dialog asks.

    Attributes:
        title: the deed in words.
        now: how things stand.
        effect: what would change.
        warnings: what a careful colleague would say.
        refusal: why it cannot be done; no question is asked then.
        must_type: what has to be typed (harmless text) to confirm, for deeds that let requests fail; empty for
            all others.
        reason: whether a reason is asked for.
        reason_label: what the reason is called.
    """

    title: str
    now: str = ""
    effect: str = ""
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    must_type: str = ""
    reason: ReasonRule = ReasonRule.OPTIONAL
    reason_label: str = "Reason"

    @property
    def promise(self) -> tuple[str, ...]:
        """What a person agrees to: the effect and its warnings, not how things stand meanwhile."""
        return (self.effect, *self.warnings, self.must_type)


def story_of(asked: Question, width: int) -> list[Pieces]:
    """The question as lines of at most `width` columns."""
    lines: list[Pieces] = [title_line(asked.title), ()]
    if asked.now:
        lines += fact_lines("Now", asked.now, width)
    if asked.effect and not asked.refusal:
        is_outage = bool(asked.must_type)
        lines += fact_lines("Effect", asked.effect, width, role=Role.BAD if is_outage else Role.PLAIN)
    for warning in asked.warnings:
        lines += fact_lines("Careful", warning, width, role=Role.WARN)
    if asked.refusal:
        lines += fact_lines("Refused", asked.refusal, width, role=Role.BAD)
    return lines


def title_line(text: str) -> Pieces:
    """A dialog's first line."""
    return (Piece(text, Role.ACCENT, is_bold=True),)


def fact_lines(label: str, text: str, width: int, *, role: Role = Role.PLAIN) -> list[Pieces]:
    """A labeled text, wrapped beside its label."""
    shown = Role.MUTED if role is Role.PLAIN else role
    rows = wrapped(text, width - LABEL, MOST_LINES)
    return [
        (Piece(f"{'' if place else label:<{LABEL}}", shown), Piece(row, role)) for place, row in enumerate(rows)
    ]
