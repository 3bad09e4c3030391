"""What every list of lines does alike: a cursor that stays with its line, a window that follows it, the keys.

Drawn line by line, never as markup; only lines that look different are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from hive_widgets.cursor_keys import cursor_keys
from hive_widgets.glyphs import Role
from hive_widgets.panes import CURRENT, heading
from hive_widgets.pieces import Piece, changed_cells, strip_of

WHEEL_ROWS = 3
"""Lines that one notch of the mouse wheel moves the cursor."""

Pieces = tuple[Piece, ...]

Draw = Callable[[int, int], Pieces]
"""The pieces of one line: its place among the keys, and the columns there are."""


class LineList(Widget, can_focus=True):
    """Lines with a cursor. It knows a key of each line and asks for the pieces of those in sight only.

    A list that `follows` keeps the cursor on the last line while it stands there, as `less +F` does; once it has
    left, `below` counts what came since. Nothing here asks the time.
    """

    DEFAULT_CSS = """
    LineList { height: 1fr; width: 1fr; }
    """

    BINDING_GROUP_TITLE = "The list"
    BINDINGS: ClassVar[list[BindingType]] = cursor_keys("list", enter="open")

    class Moved(Message):
        """The cursor is on another line, or there are no lines any more."""

    class Opened(Message):
        """Somebody wants to see what is behind the line under the cursor."""

    class ReachedFirst(Message):
        """Somebody went to the first line, or tried to go past it: what is older may be wanted."""

    def __init__(
        self,
        *,
        follows: bool = False,
        is_newest_first: bool = False,
        is_ascii: bool = False,
        title: str = "",
        empty_text: str = "",
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        """Shows nothing until it is given lines.

        Args:
            follows: whether the newest line, the last one, is followed.
            is_newest_first: whether the newest line is the first one, and is followed while the cursor is on it.
            is_ascii: whether the terminal has no Unicode.
            title: what stands above the lines, where the list is one of several panes; nothing does without one.
            empty_text: what to say while there is no line.
            id: the widget's id.
            classes: its style classes.
        """
        super().__init__(id=id, classes=classes)
        self._follows = follows
        self._is_newest_first = is_newest_first
        self._is_ascii = is_ascii
        self._title = title
        self._head_lines = 1 if title else 0
        self._aside = self._beside = ""
        self._empty_text = empty_text
        self._keys: Sequence[Hashable] = ()
        self._draw: Draw = lambda _place, _width: ()
        self._cursor = 0
        self._top = 0
        self._is_at_end = follows
        self._left_at: Hashable = None
        self._drawn: dict[int, tuple[bool, Pieces]] = {}

    @property
    def place(self) -> int | None:
        """The place of the line under the cursor; `None` where there are no lines."""
        return self._cursor if self._keys else None

    @property
    def key(self) -> Hashable:
        """Its key; `None` where there are no lines."""
        return self._keys[self._cursor] if self._keys else None

    @property
    def is_following(self) -> bool:
        """Whether the newest line is followed."""
        return self._is_at_end

    @property
    def below(self) -> int:
        """Lines that came since the newest one was left; 0 while it is followed."""
        if self._is_at_end or not self._keys:
            return 0
        place = self._find(self._left_at)
        return 0 if place is None else len(self._keys) - 1 - place

    @property
    def window(self) -> range:
        """Places of the lines in sight."""
        return range(self._top, min(len(self._keys), self._top + self._room))

    @property
    def text(self) -> str:
        """The lines in sight, as plain text."""
        return "\n".join("".join(piece.text for piece in self._line(y)) for y in range(self.size.height)).rstrip()

    def entitle(self, *, beside: str = "", aside: str = "") -> None:
        """Says more in the heading: beside the title, and at its right end."""
        if (beside, aside) != (self._beside, self._aside):
            self._beside, self._aside = beside, aside
            self.mark()

    def mark(self) -> None:
        """The heading tells whether keys go here."""
        if self._head_lines:
            self.refresh(Region(0, 0, self.size.width, 1))

    def words(self, width: int) -> str:
        """The line under the cursor as plain text, in at most `width` columns; empty where there is none."""
        return "".join(piece.text for piece in self._draw(self._cursor, width)).strip() if self._keys else ""

    def show_lines(self, keys: Sequence[Hashable], draw: Draw, *, empty_text: str = "") -> None:
        """Shows these lines; the cursor stays with its key, and that at its place on the screen.

        Args:
            keys: one a line, all different, from the top.
            draw: gives the pieces of a line.
            empty_text: what to say where there are none.
        """
        before, was, stood = self.key, self._cursor, self._cursor - self._top
        self._keys, self._draw = keys, draw
        self._empty_text = empty_text or self._empty_text
        if self._is_at_end and self._follows:
            self._place(len(keys) - 1)
        elif self._is_newest_first and not was:
            self._place(0)
        else:
            found = was if was < len(keys) and keys[was] == before else self._find(before)
            if found is not None and found != was:
                self._top = max(0, found - stood)
            self._place(was if found is None else found)
        self._send_changes()
        if self.key != before:
            self.post_message(self.Moved())

    def select(self, key: Hashable) -> bool:
        """Moves the cursor to this line; tells whether it is there."""
        place = self._find(key)
        if place is None:
            return False
        self.action_move_to(place)
        return True

    def follow(self) -> None:
        """Goes to the newest line, and follows it."""
        self.action_move_to(-1)

    def action_move(self, rows: int) -> None:
        """Moves the cursor by some lines."""
        is_stuck = rows < 0 and not self._cursor
        self.action_move_to(max(0, self._cursor + rows))
        if is_stuck:
            self.post_message(self.ReachedFirst())

    def action_page(self, pages: int) -> None:
        """Moves the cursor by some pages."""
        self.action_move(pages * self._room)

    def action_move_to(self, row: int) -> None:
        """Moves the cursor to a line; -1 is the last one."""
        before = self._cursor
        self._place(row if row >= 0 else len(self._keys) + row)
        is_at_end = self._follows and self._cursor == max(0, len(self._keys) - 1)
        if self._is_at_end and not is_at_end:
            self._left_at = self._keys[-1]
        self._is_at_end = is_at_end
        self._send_changes()
        if self._cursor != before:
            self.post_message(self.Moved())
            if not self._cursor:
                self.post_message(self.ReachedFirst())

    def action_open(self) -> None:
        """Asks for what is behind the line."""
        if self._keys:
            self.post_message(self.Opened())

    def margin(self, place: int) -> Piece:
        """The cursor's place, one cell; the cursor is seen here where reverse video is not."""
        if place == self._cursor:
            return Piece(">" if self._is_ascii else "›", Role.ACCENT)
        return Piece(" ")

    @property
    def _room(self) -> int:
        return max(1, self.size.height - self._head_lines)

    def _find(self, key: Hashable) -> int | None:
        """The place of a key; from the end, where people are."""
        for place in range(len(self._keys) - 1, -1, -1):
            if self._keys[place] == key:
                return place
        return None

    def _place(self, row: int) -> None:
        """Puts the cursor on the nearest line there is, and the window around it."""
        self._cursor = max(0, min(row, len(self._keys) - 1))
        lowest_top = max(0, len(self._keys) - self._room)
        self._top = min(max(self._top, self._cursor - self._room + 1), self._cursor, lowest_top)

    def _send_changes(self) -> None:
        for y in range(self.size.height):
            is_at_cursor, line = self._is_at_cursor(y), self._line(y)
            drawn = self._drawn.get(y)
            if drawn == (is_at_cursor, line):
                continue
            start, count = 0, self.size.width
            if drawn is not None and drawn[0] is is_at_cursor:
                start, count = changed_cells(drawn[1], line, self.size.width)
            self.refresh(Region(start, y, count, 1))

    def on_resize(self) -> None:
        """Columns depend on the width."""
        self._drawn.clear()
        self._place(self._cursor)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """One click moves the cursor, a double click opens."""
        place = self._top + event.y - self._head_lines
        if event.y >= self._head_lines and place < len(self._keys):
            self.action_move_to(place)
            if event.chain == 2:
                self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor."""
        event.stop()
        self.action_move(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor."""
        event.stop()
        self.action_move(-WHEEL_ROWS)

    def render_line(self, y: int) -> Strip:
        """One line, as the compositor asks for it."""
        pieces = self._line(y)
        is_at_cursor = self._is_at_cursor(y)
        self._drawn[y] = (is_at_cursor, pieces)
        is_selected = is_at_cursor and self.has_focus
        return strip_of(
            pieces, self.size.width, self.app.theme_variables, base=self.rich_style, is_selected=is_selected
        )

    def _is_at_cursor(self, y: int) -> bool:
        return bool(self._keys) and y >= self._head_lines and self._top + y - self._head_lines == self._cursor

    def _line(self, y: int) -> Pieces:
        if y < self._head_lines:
            return heading(
                self._title,
                self.size.width,
                is_focused=self.has_class(CURRENT),
                is_ascii=self._is_ascii,
                aside=self._aside,
                words=self._beside,
            )
        place = self._top + y - self._head_lines
        if place < len(self._keys):
            return (self.margin(place), *self._draw(place, max(0, self.size.width - 1)))
        return (Piece(f" {self._empty_text}", Role.MUTED),) if not self._keys and y == self._head_lines else ()
