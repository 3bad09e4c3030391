"""The fleet table: one line a model, drawn line by line, so that a change costs its line and nothing else.

Not a DataTable: that one repaints all of itself for each changed cell (28 kB against 0.5 kB at 120x40), and
its cost grows with the rows, which this one's does not.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from hive_console.core.holding import holds_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_widgets.cursor_keys import cursor_keys
from hive_widgets.fleet_columns import Column, Row, header_pieces, plan, row_pieces
from hive_widgets.glyphs import Role
from hive_widgets.panes import CURRENT
from hive_widgets.pieces import Piece, changed_cells, strip_of

WHEEL_ROWS = 3
"""Rows that one notch of the mouse wheel moves the cursor."""


class FleetTable(Widget, can_focus=True):
    """Shows models in the order given; the cursor stays with its model when the order changes.

    Line 0 is the header. The window follows the cursor. Nothing here sorts, filters or asks the time.
    """

    BINDING_GROUP_TITLE = "The table"
    BINDINGS: ClassVar[list[BindingType]] = cursor_keys("fleet", enter="open")

    class Moved(Message):
        """The cursor is on another model (`None`: there are no rows)."""

        def __init__(self, model_id: str | None) -> None:
            super().__init__()
            self.model_id = model_id

        def can_replace(self, message: Message) -> bool:
            """Of a held key's many moves the last one counts."""
            return isinstance(message, FleetTable.Moved)

    class Opened(Message):
        """The model under the cursor is asked for."""

        def __init__(self, model_id: str) -> None:
            super().__init__()
            self.model_id = model_id

    def __init__(self, *, is_ascii: bool = False, empty_text: str = "no models", id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._is_ascii = is_ascii
        self._empty_text = empty_text
        self._models: tuple[ModelView, ...] = ()
        self._now = 0.0
        self._fleet: FleetSnapshot | None = None
        self._selected: str | None = None
        self._cursor = 0
        self._top = 0
        self._columns: tuple[Column, ...] = plan(80, is_ascii=is_ascii)
        self._drawn: dict[int, tuple[Piece, ...]] = {}
        self._made: dict[int, tuple[Piece, ...]] = {}
        self._is_moved = False

    @property
    def selected(self) -> ModelView | None:
        """The model under the cursor."""
        return self._models[self._cursor] if self._models else None

    @property
    def window(self) -> range:
        """Indices of the rows in sight."""
        return range(self._top, min(len(self._models), self._top + self._room))

    @property
    def _room(self) -> int:
        return max(1, self.size.height - 1)

    def show(
        self,
        models: tuple[ModelView, ...],
        now: float,
        *,
        fleet: FleetSnapshot | None = None,
        follow: bool = True,
        empty_text: str = "",
    ) -> None:
        """Draws these models in this order; sends only the lines that differ from what is on the screen.

        Args:
            models: the rows, from the top.
            now: Unix seconds, for ages and countdowns.
            fleet: whose models they are, for what hands hold of them.
            follow: keeps the cursor on its model; otherwise it stays on its line.
            empty_text: what to say when there are no rows.
        """
        self._models, self._now, self._fleet = models, now, fleet
        self._empty_text = empty_text or self._empty_text
        if follow and self._selected is not None:
            self._cursor = next(
                (index for index, model in enumerate(models) if model.model_id == self._selected), self._cursor
            )
        self._place(self._cursor)
        self._send_changes()

    def select(self, model_id: str) -> bool:
        """Moves the cursor to this model; tells whether it is there."""
        for index, model in enumerate(self._models):
            if model.model_id == model_id:
                self._place(index)
                self._send_changes()
                return True
        return False

    def action_move(self, rows: int) -> None:
        self.action_move_to(max(0, self._cursor + rows))

    def action_move_to(self, row: int) -> None:
        self._place(row if row >= 0 else len(self._models) + row)
        if not self._is_moved:
            # Behind the keys that wait already: a held key costs one drawing, not one a line.
            self._is_moved = True
            self.call_later(self._send_moved)

    def _send_moved(self) -> None:
        self._is_moved = False
        self._send_changes()

    def action_page(self, pages: int) -> None:
        self.action_move(pages * self._room)

    def action_open(self) -> None:
        model = self.selected
        if model is not None:
            self.post_message(self.Opened(model.model_id))

    def _place(self, row: int) -> None:
        """Puts the cursor on the nearest row there is, and the window around it."""
        before = self._selected
        self._cursor = max(0, min(row, len(self._models) - 1))
        model = self.selected
        self._selected = None if model is None else model.model_id
        lowest_top = max(0, len(self._models) - self._room)
        self._top = min(max(self._top, self._cursor - self._room + 1), self._cursor, lowest_top)
        if self._selected != before:
            self.post_message(self.Moved(self._selected))

    def _line(self, y: int) -> tuple[Piece, ...]:
        if y == 0:
            window, rows = self.window, len(self._models)
            place = "" if len(window) == rows else f"{window.start + 1}-{window.stop}/{rows}"
            return header_pieces(self._columns, place)
        index = self._top + y - 1
        if index < len(self._models):
            model = self._models[index]
            holds = () if self._fleet is None else holds_of(model, self._fleet)
            row = row_pieces(self._columns, Row(model, self._now, holds))
            # The first piece is the margin; a mark there keeps the cursor visible where reverse video is not.
            return (Piece("›" if not self._is_ascii else ">", Role.ACCENT), *row[1:]) if self._is_at(index) else row
        return (Piece(f"  {self._empty_text}", Role.MUTED),) if y == 1 else ()

    def _is_at(self, index: int) -> bool:
        return index == self._cursor

    def _send_changes(self) -> None:
        # What is made here to be compared is drawn a moment later.
        self._made = {y: self._line(y) for y in range(self.size.height)}
        for y, line in self._made.items():
            drawn = self._drawn.get(y)
            if drawn == line:
                continue
            start, count = (0, self.size.width)
            # The first piece tells whether the cursor is here, and that changes how all of the line looks.
            if drawn and line and drawn[0] == line[0]:
                start, count = changed_cells(drawn, line, self.size.width)
            self.refresh(Region(start, y, count, 1))

    def render_line(self, y: int) -> Strip:
        """One line, as the compositor asks for it."""
        pieces = self._made[y] if y in self._made else self._line(y)
        self._drawn[y] = pieces
        is_selected = self.has_class(CURRENT) and bool(self._models) and y > 0 and self._is_at(self._top + y - 1)
        variables = self.app.theme_variables
        return strip_of(pieces, self.size.width, variables, base=self.rich_style, is_selected=is_selected)

    def mark(self) -> None:
        """The cursor's line is in reverse video while keys go to the table; else only its mark stays."""
        self.refresh(Region(0, 1 + self._cursor - self._top, max(1, self.size.width), 1))

    def on_resize(self) -> None:
        self._columns = plan(self.size.width, is_ascii=self._is_ascii)
        self._drawn.clear()
        self._made.clear()
        self._place(self._cursor)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        row = self._top + event.y - 1
        if event.y == 0 or row >= len(self._models):
            return
        self.action_move_to(row)
        if event.chain == 2:
            self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_move(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_move(-WHEEL_ROWS)
