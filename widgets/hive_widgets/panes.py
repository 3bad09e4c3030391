"""Panes: parts of a screen with a heading that tells which one has the focus, with and without color.

A `ListPane` shows lines and scrolls. Which pane is meant or zoomed decides the screen.
"""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

from textual.binding import BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message

from hive_widgets.cursor_keys import cursor_keys
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.pieces import Piece, width_of

CURRENT = "-current"
"""The class of the pane to which keys go: the focus comes a frame later where a pane has to be shown first."""

WHEEL_ROWS = 3
"""Lines that one notch of the mouse wheel scrolls."""


@runtime_checkable
class Marked(Protocol):
    """A pane that shows whether it is the one that is meant."""

    def mark(self) -> None:
        """Draws that anew; whether it is, its class `CURRENT` tells."""
        ...


def heading(name: str, width: int, *, is_focused: bool, is_ascii: bool, aside: str = "", words: str = "") -> Pieces:
    """The first line of a pane: `── name ───── aside ──`; a focused one has a mark and a heavy line.

    Args:
        name: of the pane.
        width: of the line.
        is_focused: whether keys go to it.
        is_ascii: whether the terminal has no Unicode.
        aside: what stands at the right end.
        words: what stands beside the name.
    """
    light, heavy, mark = ("-", "=", ">") if is_ascii else ("─", "━", "▌")
    rule = heavy if is_focused else light
    role = Role.ACCENT if is_focused else Role.MUTED
    begin = f"{mark if is_focused else rule}{rule} {name} "
    said = f"{words} " if words else ""
    end = f" {aside} {rule}" if aside else ""
    room = width - width_of(begin) - width_of(said) - width_of(end)
    if room < 0:
        end, room = "", max(0, width - width_of(begin) - width_of(said))
    return (
        Piece(begin, role, is_bold=is_focused),
        Piece(said),
        Piece(rule * room, role),
        Piece(end, Role.MUTED),
    )


class ListPane(LinePane, can_focus=True):
    """Lines below a heading; what has no room is scrolled to, and counted in the heading."""

    BINDING_GROUP_TITLE = "The pane"
    BINDINGS: ClassVar[list[BindingType]] = cursor_keys("pane", enter="open")

    class Opened(Message):
        """Somebody wants more of what the pane shows."""

        def __init__(self, pane: ListPane) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> ListPane:
            """The pane."""
            return self.pane

    def __init__(self, name: str, *, is_ascii: bool = False, is_tailing: bool = False, id: str) -> None:  # noqa: A002 - Textual's name
        """Shows a heading only until it is given lines.

        Args:
            name: of the pane.
            is_ascii: whether the terminal has no Unicode.
            is_tailing: whether the last lines are those that matter, as in a log.
            id: the widget's id.
        """
        super().__init__(id=id)
        self._title = name
        self._is_ascii = is_ascii
        self._is_tailing = is_tailing
        self._all: tuple[Pieces, ...] = ()
        self._scrolled = 0
        self.aside = ""

    @property
    def everything(self) -> str:
        """All lines, those out of sight as well, as plain text."""
        return "\n".join("".join(piece.text for piece in line) for line in self._all)

    def fill(self, lines: tuple[Pieces, ...]) -> None:
        """Shows these lines; the place scrolled to stays."""
        self._all = lines
        self._draw()

    def _draw(self) -> None:
        room = max(0, self.size.height - 1)
        self._scrolled = max(0, min(self._scrolled, len(self._all) - room))
        start = max(0, len(self._all) - room - self._scrolled) if self._is_tailing else self._scrolled
        shown = self._all[start : start + room]
        place = f"{start + 1}-{start + len(shown)} of {len(self._all)}" if 0 < len(shown) < len(self._all) else ""
        top = heading(
            self._title,
            self.size.width,
            is_focused=self.has_class(CURRENT),
            is_ascii=self._is_ascii,
            aside=self.aside,
            words=place,
        )
        self.show((top, *shown))

    def on_resize(self, _: Resize) -> None:
        """Another size shows other lines."""
        self._draw()

    def mark(self) -> None:
        """The heading tells whether this is the pane that is meant."""
        self._draw()

    def action_move(self, rows: int) -> None:
        """Scrolls by some lines."""
        self._scrolled += -rows if self._is_tailing else rows
        self._draw()

    def action_page(self, pages: int) -> None:
        """Scrolls by some panes."""
        self.action_move(pages * max(1, self.size.height - 1))

    def action_move_to(self, row: int) -> None:
        """Scrolls to the first (0) or to the last line (-1)."""
        is_first = row >= 0
        self._scrolled = len(self._all) if is_first is self._is_tailing else 0
        self._draw()

    def action_open(self) -> None:
        """Asks for more."""
        self.post_message(self.Opened(self))

    def on_click(self, event: Click) -> None:
        """A double click opens."""
        if event.chain == 2:
            self.action_open()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The wheel scrolls."""
        event.stop()
        self.action_move(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The wheel scrolls."""
        event.stop()
        self.action_move(-WHEEL_ROWS)
