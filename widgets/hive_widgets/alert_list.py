"""The alert inbox as a list: what wants a person first, drawn line by line, never as markup."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertState, Severity
from hive_console.core.wording import span
from hive_widgets.cursor_keys import cursor_keys
from hive_widgets.glyphs import ACKNOWLEDGED, RESOLVED, SEVERITY_MARKS, Mark, Role
from hive_widgets.line_list import LineList
from hive_widgets.pieces import Piece, fit, harmless, width_of

COMPACT_BELOW = 66
"""Columns below which only glyph, age, text and who has it are shown: the pane beside a fleet table."""

SUBJECT_FROM, WIDE_FROM = 96, 110
"""Columns from which the subject, which the text names too, and the rule have columns of their own."""

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


class AlertList(LineList):
    """Alerts, one a line, with a cursor that stays on its alert while others come and go."""

    BINDINGS: ClassVar[list[BindingType]] = cursor_keys("alerts", enter="open the model")

    class Moved(LineList.Moved):
        """The cursor is on another alert, or the inbox is empty."""

    class Opened(LineList.Opened):
        """Somebody wants to see what the alert under the cursor is about."""

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
        super().__init__(is_ascii=is_ascii, empty_text=empty_text, id=id, classes=classes)
        self._alerts: tuple[AlertView, ...] = ()
        self._now = 0.0
        self._marked: frozenset[str] = frozenset()

    @property
    def current(self) -> AlertView | None:
        """The alert under the cursor."""
        return None if self.place is None else self._alerts[self.place]

    @property
    def marked(self) -> tuple[AlertView, ...]:
        """The marked alerts, in the order shown."""
        return tuple(alert for alert in self._alerts if alert.alert_id in self._marked)

    def show(self, alerts: tuple[AlertView, ...], now: float, *, empty_text: str = "") -> None:
        """Shows these alerts, in the inbox's order; only lines that look different are sent.

        Args:
            alerts: in any order.
            now: Unix seconds, for ages.
            empty_text: what to say when there is none.
        """
        self._alerts, self._now = inbox_order(alerts), now
        ids = [alert.alert_id for alert in self._alerts]
        self._marked &= set(ids)
        self.show_lines(ids, lambda place, width: self._words(self._alerts[place], width), empty_text=empty_text)

    def toggle_mark(self) -> None:
        """Marks the alert under the cursor, or takes its mark away, and goes on to the next one."""
        if self.current is not None:
            self._marked ^= {self.current.alert_id}
            self.action_move(1)

    def clear_marks(self) -> None:
        """Takes all marks away."""
        self._marked = frozenset()
        self._send_changes()

    def margin(self, place: int) -> Piece:
        """The cursor's and the mark's place."""
        if self._alerts[place].alert_id in self._marked:
            return Piece("*", Role.ACCENT, is_bold=True)
        return super().margin(place)

    def _words(self, alert: AlertView, width: int) -> tuple[Piece, ...]:
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
