"""Help: the keys that work on the screen below, taken from its live bindings, and what the signs mean."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from hive_console.core.level_words import CONSEQUENCES
from hive_console.ui.app_traits import is_ascii, is_review
from hive_console.ui.filtering import FLAGS, HINT
from hive_console.ui.key_bar import AnyScreen, by_place
from hive_console.ui.model_story import glyph_of
from hive_widgets.glyphs import BREAKER_MARKS, STATUS_MARKS, Role
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.pieces import Piece, fit, wrapped

KEY_WIDTH = 14
"""Cells for the keys of one action."""

NAME_WIDTH, LEGEND_LINES = 9, 4
"""Cells for the name of a sign, and lines that its meaning may take."""

WORD_WIDTH = 24
"""Cells for what they do; two columns of both fit 80."""

_BREAKERS = (
    "OPEN 0:21 until the next probe; CLOSED 3/5 failures of threshold; HALF 1/3 good trials of those needed; "
    "RAMP 25% of its traffic; FROZEN only an operator moves it; ISOLATED by hand; METRICS counts only; "
    "OFF admits everything"
)
_LETTERS = (
    "K killed by hand; F fault that only a person can mend; T throttled by its provider; E ejected as an outlier; "
    "Z frozen, P pinned, W weighted by hand; S in safe mode"
)
_LEVELS = "; ".join(f"{level.value.upper()} {means}" for level, means in CONSEQUENCES.items() if means)

TIME_LEGEND = (
    "time",
    "◆ here; ┴ ▲ ✖ something happened, a warning, a failure; ╱ not recorded whole; blank: no engine ran",
)
"""What stands below the others in a review."""

LEGEND = (
    ("", _BREAKERS),
    ("LATENCY", "each bar is twice the one below: up to 125 ms, 250 ms, 0.5, 1, 2, 4, 8 s, and more; · no data"),
    ("ERROR", "lowest bar: none at all; highest: every call"),
    ("letters", _LETTERS),
    ("CHECKED", "age of the last check; bold and ! when older than two intervals: is the monitor itself at fault?"),
    ("title", f"while the fleet is degraded: {_LEVELS}"),
    ("filter", f"{HINT} {' '.join(FLAGS)}"),
)


class HelpScreen(ModalScreen[None]):
    """Two columns of keys, the legend below; scrolls where there is no room."""

    BINDING_GROUP_TITLE = "This help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "back", id="help.close"),
        Binding("j,down", "scroll(1)", "down", id="help.down"),
        Binding("k,up", "scroll(-1)", "up", id="help.up"),
        Binding("pagedown,space", "scroll(10)", "page down", id="help.page-down"),
        Binding("pageup", "scroll(-10)", "page up", id="help.page-up"),
    ]

    def __init__(self, below: AnyScreen) -> None:
        super().__init__()
        self._below = below
        self._top = 0

    def compose(self) -> ComposeResult:
        yield LinePane(id="help-title")
        yield LinePane(id="help")
        yield LinePane(id="help-keys")

    def on_mount(self) -> None:
        self.query_one("#help-title", LinePane).show(((Piece(" HELP", Role.ACCENT, is_bold=True),),))

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._draw)

    def action_scroll(self, lines: int) -> None:
        room = self.query_one("#help", LinePane).size.height
        self._top = max(0, min(self._top + lines, len(self._lines()) - room))
        self._draw()

    def _draw(self) -> None:
        pane = self.query_one("#help", LinePane)
        lines = self._lines()
        pane.show(lines[self._top :])
        more = len(lines) - self._top - pane.size.height
        below = f" scroll, {more} more lines below" if more > 0 else " scroll"
        keys = [
            Piece(" esc", Role.ACCENT, is_bold=True),
            Piece(" back   "),
            Piece("j k", Role.ACCENT, is_bold=True),
        ]
        self.query_one("#help-keys", LinePane).show(((*keys, Piece(below)),))

    def _lines(self) -> tuple[Pieces, ...]:
        lines: list[Pieces] = []
        for title, actives in by_place(self._below):
            lines += [(), (Piece(title, Role.ACCENT, is_bold=True),)]
            words = _entries(
                [(self.app.get_key_display(a.binding), a.binding.tooltip or a.binding.description) for a in actives]
            )
            lines += [(*left, *right) for left, right in _paired(words)]
        lines += [(), (Piece("What the signs mean", Role.ACCENT, is_bold=True),)]
        plain = is_ascii(self.app)
        for name, marks in (("STATE", STATUS_MARKS), ("BREAKER", BREAKER_MARKS)):
            signs = [Piece(f"{glyph_of(mark, plain=plain)} {mark.word}   ", mark.role) for mark in marks.values()]
            lines.append((Piece(fit(name, NAME_WIDTH), Role.MUTED), *signs))
        room = max(20, self.query_one("#help", LinePane).content_size.width - NAME_WIDTH)
        for name, text in (*LEGEND, TIME_LEGEND) if is_review(self.app) else LEGEND:
            rows = wrapped(text, room, LEGEND_LINES)
            lines += [
                (Piece(fit("" if place else name, NAME_WIDTH), Role.MUTED), Piece(row))
                for place, row in enumerate(rows)
            ]
        return tuple(lines[1:])


def _entries(pairs: list[tuple[str, str]]) -> list[Pieces]:
    """One entry an action, with all its keys."""
    keys: dict[str, list[str]] = {}
    for key, word in pairs:
        keys.setdefault(word, []).append(key)
    return [
        (Piece(fit(" ".join(dict.fromkeys(names)), KEY_WIDTH), is_bold=True), Piece(fit(word, WORD_WIDTH)))
        for word, names in keys.items()
    ]


def _paired(entries: list[Pieces]) -> list[tuple[Pieces, Pieces]]:
    half = (len(entries) + 1) // 2
    right = [*entries[half:], ()]
    return list(zip(entries[:half], right, strict=False))
