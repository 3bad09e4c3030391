"""The alert inbox as a list: what wants a person first, drawn line by line, never as markup."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from hive_console.core.snapshot import AlertView, PendingView
from hive_console.core.states import AlertState
from hive_console.core.wording import span, whole_span
from hive_widgets.cursor_keys import cursor_keys
from hive_widgets.glyphs import (
    ACKNOWLEDGED,
    FLAPPING,
    INHIBITED,
    PENDING,
    RESOLVED,
    SEVERITY_MARKS,
    SILENCED,
    Mark,
    Role,
)
from hive_widgets.inbox_rows import Head, InboxRow, key_of
from hive_widgets.line_list import LineList
from hive_widgets.pieces import Piece, fit, harmless, width_of

COMPACT_BELOW = 66
"""Columns below which only glyph, age, text and who has it are shown: the pane beside a fleet table."""

SUBJECT_FROM, TOLD_FROM, RULE_FROM = 96, 110, 140
"""Columns from which the subject (which the text names too), who was told, and the rule have their own columns."""

_WORD, _AGE, _STANDING, _SUBJECT, _RULE, _TOLD = 9, 9, 18, 18, 24, 22
"""Columns, with the air behind them."""

_NAMES = 2
"""Channels that are named; of more, how many."""


def mark_of(alert: AlertView) -> Mark:
    """How the alert is shown now: by its severity while it fires, quietly once it is over."""
    return RESOLVED if alert.state is AlertState.RESOLVED else SEVERITY_MARKS[alert.severity]


def standing_of(alert: AlertView, *, is_ascii: bool = False) -> str:
    """Who has the alert, or that it is over, muted, or fires."""
    if alert.state is AlertState.RESOLVED:
        return RESOLVED.word
    if alert.acknowledged_by is not None:
        return f"{_glyph(ACKNOWLEDGED, is_ascii=is_ascii)} {harmless(alert.acknowledged_by)}"
    if alert.is_muted:
        return SILENCED.word if alert.silenced_by else INHIBITED.word
    return "FIRING"


def next_words(alert: AlertView, now: float, *, is_ascii: bool = False) -> str:
    """What comes next of the alert: who is told when, or until when somebody has it."""
    standing = standing_of(alert, is_ascii=is_ascii)
    if alert.state is AlertState.RESOLVED or alert.is_muted:
        return standing
    if alert.acknowledged_by is not None:
        until = alert.acknowledged_until
        return standing if until is None else f"{standing} {whole_span(until - now)}"
    if alert.next_step_at is None:
        return standing
    arrow = "->" if is_ascii else "→"
    due = f"in {whole_span(alert.next_step_at - now)}" if alert.next_step_at > now else "now"
    whom = f"{names_of(alert.next_told, most=1)} " if alert.next_told else ""
    return f"{arrow} {whom}{due}"


def names_of(names: tuple[str, ...], *, most: int = _NAMES) -> str:
    """The first names, and how many there are besides."""
    shown = ", ".join(map(harmless, names[:most]))
    return f"{shown} +{len(names) - most}" if len(names) > most else shown


class AlertList(LineList):
    """Alerts, one a line, with a cursor that stays on its alert while others come and go."""

    BINDINGS: ClassVar[list[BindingType]] = cursor_keys("alerts", enter="open")

    class Moved(LineList.Moved):
        """The cursor is on another line, or the inbox is empty."""

    class Opened(LineList.Opened):
        """Somebody wants to see what is behind the line under the cursor."""

    def __init__(
        self,
        *,
        is_ascii: bool = False,
        title: str = "",
        empty_text: str = "no alerts: nothing wants you",
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        """Shows nothing until `show` is called.

        Args:
            is_ascii: whether the terminal has no Unicode.
            title: what stands above the list; nothing does without one.
            empty_text: what to say while there is no alert.
            id: the widget's id.
            classes: its style classes.
        """
        super().__init__(is_ascii=is_ascii, title=title, empty_text=empty_text, id=id, classes=classes)
        self._rows: tuple[InboxRow, ...] = ()
        self._now = 0.0
        self._alerts: dict[str, AlertView] = {}
        self._marked: frozenset[str] = frozenset()

    @property
    def row(self) -> InboxRow | None:
        """What is under the cursor."""
        return None if self.place is None else self._rows[self.place]

    @property
    def current(self) -> AlertView | None:
        """The alert under the cursor; `None` on other lines."""
        row = self.row
        return row if isinstance(row, AlertView) else None

    @property
    def marked(self) -> tuple[AlertView, ...]:
        """The marked alerts, in the inbox's order; those that are folded away count too."""
        return tuple(alert for alert_id, alert in self._alerts.items() if alert_id in self._marked)

    @property
    def chosen(self) -> tuple[AlertView, ...]:
        """What a deed is about: the marked alerts, else the one under the cursor, or those below the head there."""
        if self.marked:
            return self.marked
        row = self.row
        if isinstance(row, Head):
            return row.alerts
        return (row,) if isinstance(row, AlertView) else ()

    def show(
        self,
        rows: tuple[InboxRow, ...],
        now: float,
        *,
        alerts: tuple[AlertView, ...] | None = None,
        empty_text: str = "",
    ) -> None:
        """Shows these rows; only lines that look different are sent.

        The cursor stays with its alert, but for one on the first line that is over: whoever looks there wants what
        is first.

        Args:
            rows: from the top.
            now: Unix seconds, for ages.
            alerts: all that can be marked, in the inbox's order; those of the rows when not given.
            empty_text: what to say when there is none.
        """
        first = self.current if self.place == 0 else None
        self._rows, self._now = rows, now
        shown = [row for row in rows if isinstance(row, AlertView)] if alerts is None else alerts
        self._alerts = {alert.alert_id: alert for alert in shown}
        self._marked &= self._alerts.keys()
        keys = [key_of(row) for row in rows]
        self.show_lines(keys, lambda place, width: self._words(self._rows[place], width), empty_text=empty_text)
        current = self.current
        is_same = first is not None and current is not None and current.alert_id == first.alert_id
        if first is not None and current is not None and is_same and _has_ended(first, current):
            self.action_move_to(0)

    def toggle_mark(self) -> None:
        """Marks what is under the cursor, or takes its marks away, and goes on to the next line."""
        row = self.row
        ids = {alert.alert_id for alert in row.alerts} if isinstance(row, Head) else set[str]()
        if isinstance(row, AlertView):
            ids = {row.alert_id}
        if ids:
            self._marked = self._marked - ids if ids <= self._marked else self._marked | ids
            self.action_move(1)

    def clear_marks(self) -> None:
        """Takes all marks away."""
        self._marked = frozenset()
        self._send_changes()

    def margin(self, place: int) -> Piece:
        """The cursor's and the mark's place."""
        row = self._rows[place]
        ids = {alert.alert_id for alert in row.alerts} if isinstance(row, Head) else set[str]()
        if isinstance(row, AlertView):
            ids = {row.alert_id}
        if ids & self._marked:
            return Piece("*", Role.ACCENT, is_bold=True)
        return super().margin(place)

    def _words(self, row: InboxRow, width: int) -> tuple[Piece, ...]:
        match row:
            case Head():
                return self._head(row)
            case PendingView():
                return self._pending(row, width)
            case AlertView():
                return self._compact(row, width) if width < COMPACT_BELOW else self._alert(row, width)

    def _head(self, head: Head) -> tuple[Piece, ...]:
        fold = "v" if head.is_open else ">"
        if not self._is_ascii:
            fold = "▾" if head.is_open else "▸"
        is_group = head.begins is not None
        age = "" if head.begins is None else f"  {span(self._now - head.begins)}"
        subjects = [alert.subject for alert in head.alerts if alert.subject]
        named = "" if head.is_open or not is_group else f"  {names_of(tuple(dict.fromkeys(subjects)), most=4)}"
        return (
            Piece(f"{fold} ", Role.ACCENT),
            Piece(f"{_glyph(head.mark, is_ascii=self._is_ascii)} ", head.mark.role),
            Piece(f"{head.words} ", head.mark.role if is_group else Role.MUTED, is_bold=is_group),
            Piece(f"{head.count}", is_bold=True),
            Piece(f"{age}{named}", Role.MUTED),
        )

    def _pending(self, pending: PendingView, width: int) -> tuple[Piece, ...]:
        glyph = Piece(f"{_glyph(PENDING, is_ascii=self._is_ascii)} ", PENDING.role)
        age = Piece(fit(span(self._now - pending.since), _AGE), Role.MUTED)
        left = whole_span(pending.fires_at - self._now)
        if width < COMPACT_BELOW:
            return (glyph, age, Piece(fit(pending.text, max(0, width - 2 - _AGE)), Role.MUTED))
        said = (glyph, Piece(fit(PENDING.word, _WORD), Role.MUTED), age, Piece(fit(f"fires in {left}", _STANDING)))
        room = width - sum(width_of(piece.text) for piece in said)
        return (*said, Piece(fit(pending.text, max(0, room)), Role.MUTED))

    def _compact(self, alert: AlertView, width: int) -> tuple[Piece, ...]:
        mark, who = mark_of(alert), standing_of(alert, is_ascii=self._is_ascii)
        glyph = Piece(f"{_glyph(mark, is_ascii=self._is_ascii)} ", mark.role)
        age = Piece(fit(span(self._now - alert.raised_at), _AGE), Role.MUTED)
        owner = "" if alert.wants_attention else f" {who}"
        room = max(0, width - width_of(glyph.text) - _AGE - width_of(owner))
        return (glyph, age, Piece(fit(alert.text, room), _told_role(alert)), Piece(owner, _standing_role(alert)))

    def _alert(self, alert: AlertView, width: int) -> tuple[Piece, ...]:
        mark, told = mark_of(alert), _told_role(alert)
        words = [
            Piece(f"{_glyph(mark, is_ascii=self._is_ascii)} ", mark.role),
            Piece(fit(SEVERITY_MARKS[alert.severity].word, _WORD), mark.role),
            Piece(fit(span(self._now - alert.raised_at), _AGE), Role.MUTED),
            Piece(
                fit(fit(next_words(alert, self._now, is_ascii=self._is_ascii), _STANDING - 1), _STANDING),
                _standing_role(alert),
            ),
        ]
        if width >= SUBJECT_FROM:
            words.append(Piece(fit(fit(alert.subject or "fleet", _SUBJECT - 1), _SUBJECT), told))
        if width >= RULE_FROM:
            words.append(Piece(fit(fit(alert.rule_id, _RULE - 1), _RULE), Role.MUTED))
        words += self._signs(alert)
        last = self._told(alert)
        if width < TOLD_FROM:
            words += [piece for piece in last if piece.role is Role.BAD]
            last = []
        room = width - sum(width_of(piece.text) for piece in words) - (_TOLD if last else 0)
        text = Piece(fit(alert.text, max(0, room)), told)
        return (*words, text, *(Piece(fit(f" {piece.text}", _TOLD), piece.role) for piece in last))

    def _signs(self, alert: AlertView) -> list[Piece]:
        signs = []
        if alert.is_flapping:
            signs.append(Piece(f"{_glyph(FLAPPING, is_ascii=self._is_ascii)} ", FLAPPING.role, is_bold=True))
        if alert.times:
            signs.append(Piece(f"{'x' if self._is_ascii else '×'}{alert.times + 1} ", Role.WARN))
        return signs

    def _told(self, alert: AlertView) -> list[Piece]:
        """Who was not told yet, which matters more than who was."""
        if alert.state is AlertState.RESOLVED:
            return []
        if alert.untold:
            return [Piece(f"NOT TOLD {names_of(alert.untold, most=1)} ", Role.BAD, is_bold=True)]
        return [Piece(f"told {names_of(alert.told)} ", Role.MUTED)] if alert.told else []


def _has_ended(before: AlertView, after: AlertView) -> bool:
    return before.state is AlertState.FIRING and after.state is AlertState.RESOLVED


def _told_role(alert: AlertView) -> Role:
    return Role.MUTED if alert.state is AlertState.RESOLVED or alert.is_muted else Role.PLAIN


def _standing_role(alert: AlertView) -> Role:
    if alert.state is AlertState.RESOLVED or (alert.is_muted and alert.acknowledged_by is None):
        return Role.MUTED
    return Role.HELD if alert.acknowledged_by is not None else mark_of(alert).role


def _glyph(mark: Mark, *, is_ascii: bool) -> str:
    return mark.ascii_glyph if is_ascii else mark.glyph
