"""Where in a recording one is, in words and as a line: what a review shows beside the ordinary screens; pure."""

from __future__ import annotations

from datetime import tzinfo

from hive_console.core.past import Past, past_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.wording import span
from hive_console.ui.formatting import short_moment, time_of_day
from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece
from hive_widgets.time_bar import TimeBar

LONG_LINE = 43_200.0
"""Seconds from which the ends of a line tell their day."""


def place_word(past: Past) -> Piece:
    """What is so at the cursor, in capitals where it must be seen; the gravest first."""
    if past.problem:
        return Piece("CANNOT READ", Role.BAD)
    if past.is_loading:
        return Piece("reading", Role.MUTED)
    if past.gap:
        return Piece("NOT WHOLE", Role.WARN, is_bold=True)
    if not past.is_running:
        return Piece("NO ENGINE", Role.WARN, is_bold=True)
    if past.note:
        return Piece(past.note, Role.WARN)
    if past.end is not None and past.cursor >= past.end:
        return Piece("LIVE END", Role.GOOD) if past.is_live else Piece("the end", Role.MUTED)
    if past.begin is not None and past.cursor <= past.begin:
        return Piece("the begin", Role.MUTED)
    return Piece(f"← → {span(past.step)}", Role.MUTED)


def draw_bar(bar: TimeBar, fleet: FleetSnapshot, zone: tzinfo | None, *, is_ascii: bool) -> None:
    """Draws the line around the cursor; nothing where the fleet is from no recording."""
    past = past_of(fleet)
    if past is None:
        return
    with_day = past.line.end - past.line.begin >= LONG_LINE
    left, right = (short_moment(at, zone, with_day=with_day) for at in (past.line.begin, past.line.end))
    bar.draw(past.line, past.cursor, ends=(left, right), word=place_word(past), is_ascii=is_ascii)


def doubts_of(past: Past, at: float, zone: tzinfo | None) -> str:
    """What to know before believing what is shown of the instant `at`; empty where there is nothing."""
    said: list[str] = []
    if past.problem:
        shown = f" What stands below is of {time_of_day(at, zone)}." if at else ""
        said.append(f"CANNOT READ the recording: {past.problem}.{shown}")
    if past.gap:
        said.append(f"NOT RECORDED WHOLE then: {past.gap}.")
    if not past.is_running and past.end is not None:
        said.append("No engine ran then; this is how the last one left it.")
    if past.caution:
        said.append(f"{past.caution}.")
    return " ".join(said)
