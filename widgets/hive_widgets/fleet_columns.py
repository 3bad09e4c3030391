"""Which columns the fleet table has at a width, and what each shows; 80 cells hold all that matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from hive_console.core.snapshot import ModelView
from hive_console.core.states import ModelStatus
from hive_widgets import fleet_cells as cells
from hive_widgets.glyphs import STATUS_MARKS, Role
from hive_widgets.pieces import Piece, fit
from hive_widgets.sparkline import TREND_VALUES, error_level, latency_level, sparkline

_WIDEST_NAME = 26
_NARROWEST_NAME = 16
_WIDEST_TREND = TREND_VALUES
"""More cells than values would only repeat them."""


class Row(NamedTuple):
    """What the cells of one row are made from."""

    model: ModelView
    now: float
    holds: cells.Holds = ()


Cell = Callable[[Row], Piece]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, its cells' width, and how a row fills it.

    `rank` says which column goes where width is short: the highest first.
    """

    title: str
    width: int
    cell: Cell
    is_right: bool = False
    rank: int = 0


def _glyph(row: Row) -> Piece:
    mark = STATUS_MARKS[row.model.status]
    return Piece(mark.glyph, mark.role)


def _ascii_glyph(row: Row) -> Piece:
    mark = STATUS_MARKS[row.model.status]
    return Piece(mark.ascii_glyph, mark.role)


def _name(row: Row) -> Piece:
    return Piece(row.model.model_id, is_bold=row.model.status is ModelStatus.UNAVAILABLE)


def _notes(row: Row) -> Piece:
    notes = cells.notes_of(*row)
    return Piece(", ".join(note.text for note in notes), notes[0].role if notes else Role.PLAIN)


def _candidates(*, is_ascii: bool) -> tuple[Column, ...]:
    """All columns in the order in which they stand, each as narrow as it may be."""
    return (
        Column("", 1, _ascii_glyph if is_ascii else _glyph),
        Column("MODEL", _NARROWEST_NAME, _name),
        Column("", 1, lambda row: cells.badge_of(*row), rank=4),
        Column("PROVIDER", 10, lambda row: Piece(row.model.provider or cells.NOTHING, Role.MUTED), rank=11),
        Column("STATE", 12, lambda row: cells.state_cell(row.model, row.now), rank=1),
        Column("BREAKER", 12, lambda row: cells.breaker_cell(*row), rank=2),
        Column("P95", 5, lambda row: cells.p95_cell(row.model), is_right=True, rank=6),
        Column("ERR%", 4, lambda row: cells.error_cell(row.model), is_right=True, rank=3),
        Column("LATENCY", 7, _latencies(7, is_ascii=is_ascii), rank=7),
        Column("ERROR", 5, _errors(5, is_ascii=is_ascii), rank=8),
        Column("SERVED BY", 17, lambda row: cells.served_cell(row.model), rank=9),
        Column("FLIGHT", 6, lambda row: cells.in_flight_cell(row.model), is_right=True, rank=10),
        Column("NOTES", 34, _notes, rank=12),
        Column("CHECKED", 7, lambda row: cells.age_cell(row.model, row.now), is_right=True, rank=5),
    )


def _latencies(width: int, *, is_ascii: bool) -> Cell:
    def drawn(row: Row) -> Piece:
        return Piece(sparkline(row.model.response_times, width, latency_level, is_ascii=is_ascii), Role.TRACE)

    return drawn


def _errors(width: int, *, is_ascii: bool) -> Cell:
    def drawn(row: Row) -> Piece:
        has_errors = any(row.model.error_rates[-TREND_VALUES:])
        said = sparkline(row.model.error_rates, width, error_level, is_ascii=is_ascii)
        return Piece(said, Role.BAD if has_errors else Role.MUTED)

    return drawn


def plan(width: int, *, is_ascii: bool = False) -> tuple[Column, ...]:
    """The columns for a table of `width` cells; one cell stands left of each of them.

    What does not fit goes by its rank: a terminal of 20 cells keeps glyph and name, one of 80 has all but who runs
    a model, who serves for it, how many calls are in flight and the notes in words. What room is left goes to names
    (up to 26 cells), then to the trends, two thirds to latency.
    """
    chosen: list[Column] = []
    room = width
    for column in sorted(_candidates(is_ascii=is_ascii), key=lambda column: column.rank):
        needed = column.width + 1
        if column.title == "MODEL":
            needed = min(needed, max(2, room))
        if needed <= room:
            chosen.append(column)
            room -= needed
    titles = {column.title for column in chosen}
    trends = titles & {"LATENCY", "ERROR"}
    room = max(0, room)
    name_growth = min(_WIDEST_NAME - _NARROWEST_NAME, (room + 1) // 2 if trends else room)
    name_width = min(_NARROWEST_NAME, max(1, width - 3)) + name_growth
    spare = room - name_growth
    error_growth = min(_WIDEST_TREND - 5, spare // 3 if "LATENCY" in trends else spare) if "ERROR" in trends else 0
    latency_growth = min(_WIDEST_TREND - 7, spare - error_growth)
    return tuple(
        _grown(column, name_width, 7 + latency_growth, 5 + error_growth, is_ascii=is_ascii)
        for column in _candidates(is_ascii=is_ascii)
        if column.title in titles and (column.title or column.rank in {kept.rank for kept in chosen})
    )


def _grown(column: Column, name: int, latency: int, error: int, *, is_ascii: bool) -> Column:
    """The column with what room there was for it."""
    match column.title:
        case "MODEL":
            return replace(column, width=name)
        case "LATENCY":
            return replace(
                column,
                title=_title(column, "LATENCY 10m", latency),
                width=latency,
                cell=_latencies(latency, is_ascii=is_ascii),
            )
        case "ERROR":
            return replace(
                column,
                title=_title(column, "ERRORS 10m", error),
                width=error,
                cell=_errors(error, is_ascii=is_ascii),
            )
        case _:
            return column


def _title(column: Column, longer: str, width: int) -> str:
    return longer if width >= len(longer) else column.title


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


def row_pieces(columns: tuple[Column, ...], row: Row) -> tuple[Piece, ...]:
    """The line of one model."""
    return tuple(_pieces(columns, row))


def _pieces(columns: tuple[Column, ...], row: Row) -> Iterator[Piece]:
    yield Piece(" ")
    last = len(columns) - 1
    for index, column in enumerate(columns):
        piece = column.cell(row)
        gap = "" if index == last else " "
        yield Piece(fit(piece.text, column.width, is_right=column.is_right) + gap, piece.role, piece.is_bold)
