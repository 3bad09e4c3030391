"""The inside of a deed's dialog: the story, the fields that ask for something, a message and two buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from hive_console.core.command import REASON_LIMIT
from hive_console.core.text import clean
from hive_console.core.wording import span
from hive_console.ui.app_traits import is_ascii
from hive_console.ui.deed_input import ReasonInput
from hive_console.ui.deed_question import MOST_LINES, Question, ReasonRule, fact_lines, story_of
from hive_console.ui.formatting import short_moment
from hive_widgets.choice_row import ChoiceRow
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.pieces import Piece, harmless, wrapped

WIDTH = 76
"""Columns of a dialog; fits a terminal of 80."""

FRAME = 4
"""Lines that are always there: the border, and the buttons with the air above them."""

_CHOSEN, _TYPED = ("lasts", "as"), ("value", "reason", "typed")
_FIELDS = (*_CHOSEN, *_TYPED)


class DeedForm(Vertical):
    """Shows a question and what became of it; knows what is still missing, and decides nothing."""

    DEFAULT_CSS = """
    DeedForm {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; padding: 0 1; background: $surface;
    }
    DeedForm.-ascii { border: ascii $accent; }
    DeedForm LinePane { height: 1; width: 1fr; }
    DeedForm Horizontal { height: 1; width: 1fr; }
    DeedForm .deed-label { width: 9; }
    DeedForm ChoiceRow { height: 1; width: 1fr; background: $surface; }
    DeedForm Input { height: 1; width: 1fr; border: none; padding: 0; background: $boost; }
    DeedForm Input:focus { border: none; }
    DeedForm #deed-buttons { align-horizontal: right; margin-top: 1; }
    DeedForm Button { margin-left: 2; min-width: 12; text-style: none; }
    DeedForm Button:focus { text-style: bold reverse; }
    """

    def compose(self) -> ComposeResult:
        """From the top: what is told, what is asked, what to know, and the way on."""
        yield LinePane(id="deed-story")
        for name in _CHOSEN:
            yield from self._row(name, ChoiceRow(is_ascii=is_ascii(self.app), id=f"deed-{name}"))
        for name in _TYPED:
            yield from self._row(name, ReasonInput(max_length=REASON_LIMIT, id=f"deed-{name}"))
        yield LinePane(id="deed-undo")
        yield LinePane(id="deed-message")
        with Horizontal(id="deed-buttons"):
            for name, label in (("cancel", "Cancel"), ("do", "Do it")):
                button = Button(
                    Content(label),
                    id=f"deed-{name}",
                    compact=True,
                    variant="warning" if name == "do" else "default",
                )
                button.active_effect_duration = 0  # a flash is traffic on a slow link
                yield button

    def _row(self, name: str, field: Widget) -> ComposeResult:
        with Horizontal(id=f"deed-{name}-row"):
            yield LinePane(classes="deed-label", id=f"deed-{name}-label")
            yield field

    def on_mount(self) -> None:
        """Draws a frame that this terminal knows; fields are shown when there is a question."""
        self.set_class(is_ascii(self.app), "-ascii")
        for name in _FIELDS:
            self.query_one(f"#deed-{name}-row").display = False
        self.query_one("#deed-undo").display = False

    # --- what was given ---

    @property
    def reason(self) -> str:
        """The reason, sanitised."""
        return clean(self._input("reason").value.strip(), REASON_LIMIT)

    @property
    def value(self) -> str:
        """What else was asked for, sanitised."""
        return clean(self._input("value").value.strip(), REASON_LIMIT)

    @property
    def chosen(self) -> int:
        """The place of the duration that is chosen."""
        return self.query_one("#deed-lasts", ChoiceRow).chosen

    @property
    def way(self) -> int:
        """The place of the way that is chosen."""
        return self.query_one("#deed-as", ChoiceRow).chosen

    def remember(self, reasons: tuple[str, ...]) -> None:
        """Offers reasons that were given before."""
        self._input("reason").remember(reasons)

    @property
    def offers_reasons(self) -> bool:
        """Whether there are reasons to go through, and a line to put them into."""
        return self._is_shown("reason") and self._input("reason").has_earlier

    def missing(self, asked: Question) -> str:
        """What still has to be given, in words; goes to its field."""
        if self._is_shown("value") and asked.missing:
            self._input("value").focus()
            return asked.missing
        if asked.reason is ReasonRule.REQUIRED and not self.reason:
            self._input("reason").focus()
            return "a reason is required: somebody will ask tomorrow why"
        if asked.must_type and self._input("typed").value.strip() != asked.must_type:
            self._input("typed").focus()
            return f"type {asked.must_type} to confirm" + (" that its requests will fail" * asked.is_outage)
        return ""

    def first_field(self) -> Widget | None:
        """The first line that asks for something to be typed."""
        return next((self._input(name) for name in _TYPED if self._is_shown(name)), None)

    def focus_first(self) -> None:
        """Goes to what is asked for first, or to the way out."""
        (self.first_field() or self.query_one("#deed-cancel")).focus()

    # --- showing ---

    def ask(self, asked: Question, read: Question | None, *, ends_from: float, zone: tzinfo | None) -> None:
        """Shows the question.

        Args:
            asked: the question.
            read: as it was read; what changed since is marked.
            ends_from: the time from which durations count, Unix seconds.
            zone: in which their ends are told.
        """
        is_open = not asked.refusal
        shown = {
            "lasts": len(asked.durations) > 1,
            "as": len(asked.options) > 1,
            "value": bool(asked.asks_for),
            "reason": asked.reason is not ReasonRule.NONE,
            "typed": bool(asked.must_type),
        }
        for name, is_shown in shown.items():
            self.query_one(f"#deed-{name}-row").display = is_open and is_shown
        labels = {
            "lasts": "Lasts",
            "as": asked.options_label,
            "value": asked.asks_for,
            "reason": asked.reason_label,
            "typed": "Type it",
        }
        for name, label in labels.items():
            role = Role.BAD if name == "typed" else Role.MUTED
            self._tell(f"#deed-{name}-label", [(Piece(label, role),)])
        self.query_one("#deed-lasts", ChoiceRow).offer(
            tuple(
                _lasting(end, ends_from, zone, asked.no_end) if place == self.chosen else _span(end, asked.no_end)
                for place, end in enumerate(asked.durations)
            )
        )
        self.query_one("#deed-as", ChoiceRow).offer(asked.options)
        is_required = asked.reason is ReasonRule.REQUIRED
        self._input("reason").placeholder = "required" if is_required else "optional"
        self._input("typed").placeholder = harmless(asked.must_type)
        undo = fact_lines("Undo", asked.undo, self.width, most=1) if asked.undo and is_open else []
        self.query_one("#deed-undo").display = bool(undo)
        self._tell("#deed-undo", undo)
        self.query_one("#deed-do").display = is_open and not (asked.missing and not asked.asks_for)
        self.name_cancel("Cancel" if is_open else "Close")
        self.tell(self.fitted(lambda most: story_of(asked, self.width, read=read, most=most)))

    def close_fields(self) -> None:
        """Takes no more: what was asked for is on its way."""
        for field in (*self.query(ReasonInput), *self.query(ChoiceRow)):
            field.disabled = True
        for name in _FIELDS:
            self.query_one(f"#deed-{name}-row").display = False
        self.query_one("#deed-undo").display = False
        self.query_one("#deed-do").display = False
        self.name_cancel("Close")
        self.query_one("#deed-cancel").focus()

    def tell(self, lines: Sequence[Pieces]) -> None:
        """Shows these lines in place of the question."""
        self._tell("#deed-story", list(lines)[: max(1, self.room)])

    def say(self, text: str, role: Role) -> None:
        """Shows a message above the buttons."""
        rows = wrapped(text, self.width, MOST_LINES)
        self._tell("#deed-message", [(Piece(row, role),) for row in rows])

    def name_cancel(self, label: str) -> None:
        """Says what the way out is called."""
        button = self.query_one("#deed-cancel", Button)
        if str(button.label) != label:
            button.label = Content(label)

    @property
    def width(self) -> int:
        """Columns of a line."""
        return max(20, min(WIDTH, self.app.size.width) - 4)

    @property
    def room(self) -> int:
        """Lines that the story may take so that everything below it is seen."""
        rows = sum(self._is_shown(name) for name in _FIELDS) + self.query_one("#deed-undo").display
        message = len(self.query_one("#deed-message", LinePane).lines)
        return self.app.size.height - FRAME - rows - max(1, message)

    def fitted(self, make: Callable[[int], list[Pieces]]) -> list[Pieces]:
        """The lines that `make` gives with as many a fact as there is room for."""
        lines: list[Pieces] = []
        for most in range(MOST_LINES, 0, -1):
            lines = make(most)
            if len(lines) <= self.room:
                return lines
        return [line for line in lines if line]

    def _tell(self, name: str, lines: Sequence[Pieces]) -> None:
        pane = self.query_one(name, LinePane)
        pane.show(tuple(lines))
        if pane.styles.height is None or pane.styles.height.value != max(1, len(lines)):
            pane.styles.height = max(1, len(lines))

    def _is_shown(self, name: str) -> bool:
        return bool(self.query_one(f"#deed-{name}-row").display)

    def _input(self, name: str) -> ReasonInput:
        return self.query_one(f"#deed-{name}", ReasonInput)


def _span(seconds: float | None, no_end: str) -> str:
    return no_end if seconds is None else span(seconds)


def _lasting(seconds: float | None, begin: float, zone: tzinfo | None, no_end: str) -> str:
    """A duration, and the time of day at which it is over."""
    if seconds is None:
        return no_end
    is_another_day = (
        datetime.fromtimestamp(begin, zone).date() != datetime.fromtimestamp(begin + seconds, zone).date()
    )
    return f"{span(seconds)} → {short_moment(begin + seconds, zone, with_day=is_another_day)}"
