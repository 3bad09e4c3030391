"""Which columns the fleet table has at a width, and what each shows; 80 cells hold all that matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hive_console.core.snapshot import ModelView
from hive_console.core.states import ModelStatus
from hive_widgets import fleet_cells as cells
from hive_widgets.glyphs import STATUS_MARKS, Role
from hive_widgets.pieces import Piece, fit
from hive_widgets.sparkline import TREND_VALUES, error_level, latency_level, sparkline

PROVIDER_FROM = 100
SERVED_FROM = 116
NOTES_FROM = 136
"""Widths of the table from which it shows who runs a model, who serves for it, and its notes in words."""

_WIDEST_NAME = 26
_NARROWEST_NAME = 16
_NARROWEST_TRENDS = 12
_NARROWEST_ERRORS = 5
_WIDEST_TREND = TREND_VALUES
"""More cells than values would only repeat them."""

Cell = Callable[[ModelView, float], Piece]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, its cells' width, and how a model fills it."""

    title: str
    width: int
    cell: Cell
    is_right: bool = False


def _glyph(model: ModelView, now: float) -> Piece:
    del now
    mark = STATUS_MARKS[model.status]
    return Piece(mark.glyph, mark.role)


def _ascii_glyph(model: ModelView, now: float) -> Piece:
    del now
    mark = STATUS_MARKS[model.status]
    return Piece(mark.ascii_glyph, mark.role)


def _name(model: ModelView, now: float) -> Piece:
    del now
    return Piece(model.model_id, is_bold=model.status is ModelStatus.UNAVAILABLE)


def _notes(model: ModelView, now: float) -> Piece:
    notes = cells.notes_of(model, now)
    return Piece(", ".join(note.text for note in notes), notes[0].role if notes else Role.PLAIN)


def _trends(latency_width: int, error_width: int, *, is_ascii: bool) -> tuple[Column, Column]:
    def latencies(model: ModelView, now: float) -> Piece:
        del now
        drawn = sparkline(model.response_times, latency_width, latency_level, is_ascii=is_ascii)
        return Piece(drawn, Role.TRACE)

    def errors(model: ModelView, now: float) -> Piece:
        del now
        drawn = sparkline(model.error_rates, error_width, error_level, is_ascii=is_ascii)
        has_errors = any(model.error_rates[-TREND_VALUES:])
        return Piece(drawn, Role.BAD if has_errors else Role.MUTED)

    return (
        Column("LATENCY 10m" if latency_width >= 11 else "LATENCY", latency_width, latencies),
        Column("ERRORS 10m" if error_width >= 10 else "ERROR", error_width, errors),
    )


def plan(width: int, *, is_ascii: bool = False) -> tuple[Column, ...]:
    """The columns for a table of `width` cells; one cell stands between two columns.

    What room is left goes to names first (up to 26 cells), then to the trends, two thirds to latency. Narrower
    than 80 cells, columns that do not fit are left out from the right end: `CHECKED` first.
    """
    head = [
        Column("", 1, _ascii_glyph if is_ascii else _glyph),
        Column("MODEL", _NARROWEST_NAME, _name),
        Column("", 1, cells.badge_of),
    ]
    if width >= PROVIDER_FROM:
        head.append(Column("PROVIDER", 10, lambda model, _: Piece(model.provider or cells.NOTHING, Role.MUTED)))
    middle = [
        Column("STATE", 12, cells.state_cell),
        Column("BREAKER", 12, cells.breaker_cell),
        Column("P95", 5, lambda model, _: cells.p95_cell(model), is_right=True),
        Column("ERR%", 4, lambda model, _: cells.error_cell(model), is_right=True),
    ]
    tail: list[Column] = []
    if width >= SERVED_FROM:
        tail.append(Column("SERVED BY", 17, lambda model, _: cells.served_cell(model)))
    if width >= NOTES_FROM:
        tail.append(Column("NOTES", 22, _notes))
    tail.append(Column("CHECKED", 7, cells.age_cell, is_right=True))
    fixed = head + middle + tail
    # One cell stands left of the first column, and one between each two, the two trends included.
    spare = max(_NARROWEST_TRENDS, width - sum(column.width for column in fixed) - len(fixed) - 2)
    name_growth = min(_WIDEST_NAME - _NARROWEST_NAME, (spare - _NARROWEST_TRENDS) // 2)
    head[1] = Column("MODEL", _NARROWEST_NAME + name_growth, _name)
    spare -= name_growth
    error_width = min(_WIDEST_TREND, max(_NARROWEST_ERRORS, spare // 3))
    trends = _trends(min(_WIDEST_TREND, spare - error_width), error_width, is_ascii=is_ascii)
    return tuple(_fitting((*head, *middle, *trends, *tail), width))


def _fitting(columns: tuple[Column, ...], width: int) -> Iterator[Column]:
    used = 0
    for column in columns:
        used += column.width + 1
        if used > max(width, _NARROWEST_NAME):
            return
        yield column


def header_pieces(columns: tuple[Column, ...], place: str = "") -> tuple[Piece, ...]:
    """The header line; `place` says which rows are in sight (`1-14/50`), beside the name of their column."""
    names = (
        fit(
            f"{column.title} {place}" if column.title == "MODEL" else column.title,
            column.width,
            is_right=column.is_right,
        )
        for column in columns
    )
    return (Piece(" " + " ".join(names), Role.MUTED),)


def row_pieces(columns: tuple[Column, ...], model: ModelView, now: float) -> tuple[Piece, ...]:
    """The line of one model."""
    return tuple(_row(columns, model, now))


def _row(columns: tuple[Column, ...], model: ModelView, now: float) -> Iterator[Piece]:
    yield Piece(" ")
    for index, column in enumerate(columns):
        piece = column.cell(model, now)
        gap = " " if index < len(columns) - 1 else ""
        yield Piece(fit(piece.text, column.width, is_right=column.is_right) + gap, piece.role, piece.is_bold)
