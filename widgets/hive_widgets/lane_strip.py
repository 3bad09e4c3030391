"""Strips of models' states over time, one a line, and the axis below them; pure."""

from __future__ import annotations

from collections.abc import Sequence

from hive_console.core.lanes import Cell, Lane
from hive_widgets.glyphs import Mark, Role
from hive_widgets.pieces import Piece, fit, width_of

LANE_MARKS = {
    Cell.UNKNOWN: Mark("·", ".", "not known", Role.MUTED),
    Cell.OK: Mark("▬", "=", "ok", Role.GOOD),
    Cell.GAP: Mark("╱", "/", "not recorded whole", Role.WARN),
    Cell.DEGRADED: Mark("▒", "%", "degraded", Role.WARN),
    Cell.DOWN: Mark("█", "#", "down", Role.BAD),
}
"""Each is told from the others by its shape alone."""

HERE = Mark("◆", "^", "the line under the cursor", Role.ACCENT)
NAME_CELLS = 18
"""Cells for a model's name, with the air around it."""


def lane_pieces(lane: Lane, *, is_ascii: bool = False) -> tuple[Piece, ...]:
    """A model's name and its strip; equal neighbours are one piece."""
    pieces = [Piece(f" {fit(lane.model, NAME_CELLS - 2)} ")]
    begin = 0
    for place in range(1, len(lane.cells) + 1):
        if place == len(lane.cells) or lane.cells[place] is not lane.cells[begin]:
            mark = LANE_MARKS[lane.cells[begin]]
            pieces.append(Piece((mark.ascii_glyph if is_ascii else mark.glyph) * (place - begin), mark.role))
            begin = place
    return tuple(pieces)


def axis_pieces(
    name: str, ends: tuple[str, str], *, cells: int, here: int | None, is_ascii: bool = False
) -> tuple[Piece, ...]:
    """The line below: from when until when, and where the cursor's line is.

    Args:
        name: what stands under the models' names.
        ends: both ends as they are written.
        cells: of a strip.
        here: the cell to mark; `None` for none.
        is_ascii: draws without Unicode.
    """
    dash = "-" if is_ascii else "─"
    left, right = f"{ends[0]} ", f" {ends[1]}"
    line = f"{left}{dash * max(0, cells - width_of(left) - width_of(right))}{right}"[:cells]
    begin = Piece(f" {fit(name, NAME_CELLS - 2)} ", Role.MUTED)
    if here is None or not 0 <= here < len(line):
        return (begin, Piece(line, Role.MUTED))
    mark = Piece(HERE.ascii_glyph if is_ascii else HERE.glyph, HERE.role, is_bold=True)
    return (begin, Piece(line[:here], Role.MUTED), mark, Piece(line[here + 1 :], Role.MUTED))


def lane_lines(
    lanes: Sequence[Lane], rows: int, axis: tuple[Piece, ...], *, is_ascii: bool = False
) -> tuple[tuple[Piece, ...], ...]:
    """At most `rows` strips, and the axis."""
    return (*(lane_pieces(lane, is_ascii=is_ascii) for lane in lanes[:rows]), axis)
