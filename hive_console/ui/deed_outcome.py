"""What a dialog tells after the deed: what is proven, how things stand, and a line of verdict; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hive_console.core.evidence import Check, Standing
from hive_console.core.proof import is_settled
from hive_console.ui.deed_errand import Outcome
from hive_console.ui.deed_question import fact_lines, title_line
from hive_widgets.glyphs import Mark, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, wrapped

CHECK_MARKS = {
    Standing.AWAITED: Mark("…", ".", "waiting", Role.WARN),
    Standing.SEEN: Mark("✔", "v", "seen", Role.GOOD),
    Standing.FAILED: Mark("✖", "X", "not so", Role.BAD),
    Standing.UNSEEN: Mark("▲", "!", "not seen", Role.WARN),
}
"""How a check is shown; its word stands beside it where it is no plain success."""

CHECK_LINES = 2
"""Lines that one check may take."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """How things stand after the deed.

    Attributes:
        checks: what shows that it came true.
        facts: labels and texts beside them.
    """

    checks: tuple[Check, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def outcome_lines(
    title: str, outcome: Outcome, after: Aftermath, width: int, *, most: int, plain: bool
) -> list[Pieces]:
    """Everything above the verdict, in lines of at most `width` columns."""
    first = Check(outcome.words, Standing.SEEN if outcome.is_done else Standing.FAILED)
    lines: list[Pieces] = [title_line(title), ()]
    lines += _check_lines(first, width, most=most, plain=plain, is_first=True)
    if outcome.is_done:
        for check in after.checks:
            lines += _check_lines(check, width, most=min(most, CHECK_LINES), plain=plain)
    if after.facts:
        lines.append(())
    for label, text in after.facts:
        lines += fact_lines(label, text, width, most=most)
    return lines


def verdict(outcome: Outcome, checks: Sequence[Check]) -> tuple[str, Role]:
    """Whether it worked, in one line, and how that looks."""
    if not outcome.is_done:
        return "nothing was changed", Role.BAD
    if not checks:
        return "", Role.GOOD
    if any(check.standing is Standing.FAILED for check in checks):
        return "done, but not all is well: look at the lines marked as not so", Role.BAD
    if not is_settled(checks):
        return "watching until it is proven; esc leaves, it goes on", Role.WARN
    if any(check.standing is Standing.UNSEEN for check in checks):
        return "done; not all of it was seen in time, it still shows here when it comes", Role.WARN
    return "it worked", Role.GOOD


def _check_lines(check: Check, width: int, *, most: int, plain: bool, is_first: bool = False) -> list[Pieces]:
    mark = CHECK_MARKS[check.standing]
    sign = f"{mark.ascii_glyph if plain else mark.glyph} "
    word = "" if is_first or check.standing is Standing.SEEN else f"{mark.word}: "
    rows = wrapped(f"{word}{check.text}", width - len(sign), most)
    role = Role.PLAIN if check.standing is Standing.SEEN else mark.role
    return [(Piece(sign if not place else "  ", mark.role), Piece(row, role)) for place, row in enumerate(rows)]
