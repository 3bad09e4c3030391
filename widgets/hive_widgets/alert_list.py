"""The alert inbox as a list: what wants a person first, drawn line by line, never as markup."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertState, Severity
from hive_console.core.wording import span
from hive_widgets.cursor_keys import cursor_keys
from hive_widgets.glyphs import ACKNOWLEDGED, RESOLVED, SEVERITY_MARKS, Mark, Role
from hive_widgets.pieces import Piece, fit, harmless, strip_of, width_of

COMPACT_BELOW = 66
"""Columns below which only glyph, age, text and who has it are shown: the pane beside a fleet table."""

SUBJECT_FROM, WIDE_FROM = 96, 110
"""Columns from which the subject, which the text names too, and the rule have columns of their own."""

WHEEL_ROWS = 3
"""Lines that one notch of the mouse wheel moves the cursor."""

_WORD, _AGE, _WHO, _SUBJECT, _RULE = 9, 9, 13, 18, 24
"""Columns, with the air behind them."""

_URGENCY = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


def inbox_order(alerts: tuple[AlertView, ...]) -> tuple[AlertView, ...]:
    """Firing ones that nobody has first, then acknowledged, then resolved; in each, severe and new ones first."""
    return tuple(
        sorted(alerts, key=lambda alert: (_stage(alert), _urgency(alert), -alert.raised_at, alert.alert_id))
    )


def _stage(alert: AlertView) -> int:
    if alert.state is AlertState.RESOLVED:
        return 2
    return 0 if alert.wants_attention else 1


def _urgency(alert: AlertView) -> int:
    """What is over is ordered by time alone."""
    return 0 if alert.state is AlertState.RESOLVED else _URGENCY[alert.severity]


def mark_of(alert: AlertView) -> Mark:
    """How the alert is shown now: by its severity while it fires, quietly once it is over."""
    return RESOLVED if alert.state is AlertState.RESOLVED else SEVERITY_MARKS[alert.severity]


def standing_of(alert: AlertView, *, is_ascii: bool = False) -> str:
    """Who has the alert, or that it is over, or that it fires."""
    if alert.state is AlertState.RESOLVED:
        return RESOLVED.word
    if alert.acknowledged_by is None:
        return "FIRING"
    return f"{ACKNOWLEDGED.ascii_glyph if is_ascii else ACKNOWLEDGED.glyph} {harmless(alert.acknowledged_by)}"


class AlertList(Widget, can_focus=True):
    """Alerts, one a line, with a cursor that stays on its alert while others come and go.

    The window follows the cursor. Nothing here asks the time.
    """

    DEFAULT_CSS = """
    AlertList { height: 1fr; width: 1fr; }
    """

    BINDING_GROUP_TITLE = "The list"
    BINDINGS: ClassVar[list[BindingType]] = cursor_keys("alerts", enter="open the model")

    class Moved(Message):
        """The cursor is on another alert, or the alert under it changed (`None`: the inbox is empty)."""

        def __init__(self, alert: AlertView | None) -> None:
            super().__init__()
            self.alert = alert

    class Opened(Message):
        """Somebody wants to see what the alert is about."""

        def __init__(self, alert: AlertView) -> None:
            super().__init__()
            self.alert = alert

    def __init__(
        self,
        *,
        is_ascii: bool = False,
        empty_text: str = "no alerts: nothing wants you",
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        """Shows nothing until `show` is called.

        Args:
            is_ascii: whether the terminal has no Unicode.
            empty_text: what to say while there is no alert.
            id: the widget's id.
            classes: its style classes.
        """
        super().__init__(id=id, classes=classes)
        self._is_ascii = is_ascii
        self._empty_text = empty_text
        self._alerts: tuple[AlertView, ...] = ()
        self._now = 0.0
        self._cursor = 0
        self._top = 0
        self._marked: frozenset[str] = frozenset()
        self._drawn: dict[int, tuple[bool, tuple[Piece, ...]]] = {}

    @property
    def current(self) -> AlertView | None:
        """The alert under the cursor."""
        return self._alerts[self._cursor] if self._alerts else None

    @property
    def marked(self) -> tuple[AlertView, ...]:
        """The marked alerts, in the order shown."""
        return tuple(alert for alert in self._alerts if alert.alert_id in self._marked)

    @property
    def text(self) -> str:
        """The lines in sight, as plain text."""
        return "\n".join("".join(piece.text for piece in self._line(y)) for y in range(self.size.height)).rstrip()

    def show(self, alerts: tuple[AlertView, ...], now: float, *, empty_text: str = "") -> None:
        """Shows these alerts, in the inbox's order; only lines that look different are sent.

        Args:
            alerts: in any order.
            now: Unix seconds, for ages.
            empty_text: what to say when there is none.
        """
        was = self.current
        self._alerts, self._now = inbox_order(alerts), now
        self._empty_text = empty_text or self._empty_text
        self._marked &= {alert.alert_id for alert in self._alerts}
        if was is not None:
            places = (place for place, alert in enumerate(self._alerts) if alert.alert_id == was.alert_id)
            self._cursor = next(places, self._cursor)
        self._place(self._cursor)
        self._send_changes()
        if self.current != was:
            self.post_message(self.Moved(self.current))

    def toggle_mark(self) -> None:
        """Marks the alert under the cursor, or takes its mark away, and goes on to the next one."""
        if self.current is not None:
            self._marked ^= {self.current.alert_id}
            self.action_move(1)

    def clear_marks(self) -> None:
        """Takes all marks away."""
        self._marked = frozenset()
        self._send_changes()

    def action_move(self, rows: int) -> None:
        """Moves the cursor by some lines."""
        self.action_move_to(max(0, self._cursor + rows))

    def action_page(self, pages: int) -> None:
        """Moves the cursor by some pages."""
        self.action_move(pages * self._room)

    def action_move_to(self, row: int) -> None:
        """Moves the cursor to a line; -1 is the last one."""
        before = self._cursor
        self._place(row if row >= 0 else len(self._alerts) + row)
        self._send_changes()
        if self._cursor != before:
            self.post_message(self.Moved(self.current))

    def action_open(self) -> None:
        """Asks for what the alert is about."""
        if self.current is not None:
            self.post_message(self.Opened(self.current))

    @property
    def _room(self) -> int:
        return max(1, self.size.height)

    def _place(self, row: int) -> None:
        """Puts the cursor on the nearest line there is, and the window around it."""
        self._cursor = max(0, min(row, len(self._alerts) - 1))
        lowest_top = max(0, len(self._alerts) - self._room)
        self._top = min(max(self._top, self._cursor - self._room + 1), self._cursor, lowest_top)

    def _send_changes(self) -> None:
        for y in range(self.size.height):
            if self._drawn.get(y) != (self._is_at_cursor(y), self._line(y)):
                self.refresh(Region(0, y, self.size.width, 1))

    def on_resize(self) -> None:
        """Columns depend on the width."""
        self._drawn.clear()
        self._place(self._cursor)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """One click moves the cursor, a double click opens."""
        if self._top + event.y < len(self._alerts):
            self.action_move_to(self._top + event.y)
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
        return bool(self._alerts) and self._top + y == self._cursor

    def _line(self, y: int) -> tuple[Piece, ...]:
        place = self._top + y
        if place < len(self._alerts):
            return (self._margin(place), *self._words(self._alerts[place]))
        return tuple([Piece(f" {self._empty_text}", Role.MUTED)] if y == 0 else [])

    def _margin(self, place: int) -> Piece:
        """The cursor's and the mark's place; the cursor is seen here where reverse video is not."""
        if self._alerts[place].alert_id in self._marked:
            return Piece("*", Role.ACCENT, is_bold=True)
        if place == self._cursor:
            return Piece(">" if self._is_ascii else "›", Role.ACCENT)
        return Piece(" ")

    def _words(self, alert: AlertView) -> tuple[Piece, ...]:
        width = self.size.width - 1
        mark = mark_of(alert)
        is_over = alert.state is AlertState.RESOLVED
        glyph = Piece(f"{mark.ascii_glyph if self._is_ascii else mark.glyph} ", mark.role)
        age = Piece(fit(span(self._now - alert.raised_at), _AGE), Role.MUTED)
        who = standing_of(alert, is_ascii=self._is_ascii)
        held = Role.HELD if alert.acknowledged_by is not None and not is_over else mark.role
        told = Role.MUTED if is_over else Role.PLAIN
        if width < COMPACT_BELOW:
            owner = "" if alert.wants_attention else f" {who}"
            room = max(0, width - width_of(glyph.text) - _AGE - width_of(owner))
            return (glyph, age, Piece(fit(alert.text, room), told), Piece(owner, held))
        words = [
            glyph,
            Piece(fit(SEVERITY_MARKS[alert.severity].word, _WORD), mark.role),
            age,
            Piece(fit(fit(who, _WHO - 1), _WHO), held),
        ]
        if width >= SUBJECT_FROM:
            words.append(Piece(fit(fit(alert.subject or "fleet", _SUBJECT - 1), _SUBJECT), told))
        if width >= WIDE_FROM:
            words.append(Piece(fit(alert.rule.value, _RULE), Role.MUTED))
        room = width - sum(width_of(piece.text) for piece in words)
        return (*words, Piece(fit(alert.text, max(0, room)), told))
