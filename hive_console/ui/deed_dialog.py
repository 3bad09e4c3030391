"""The dialog behind every deed: what would happen, why, the deliberate yes, and whether it worked.

Keys that were typed before the dialog could be read confirm nothing: a confirmation counts only when the dialog
has been on the screen for a moment, and again when the button has been in focus for a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from enum import Enum
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Input

from hive_console.core.command import REASON_LIMIT, CommandResult
from hive_console.core.errors import HiveError
from hive_console.core.text import clean, clean_message
from hive_console.ui.app_traits import is_ascii, is_read_only, refusal_to_act
from hive_console.ui.deed_input import ReasonInput
from hive_console.ui.deed_question import MOST_LINES, Question, ReasonRule, fact_lines, story_of, title_line
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.pieces import Piece, wrapped

HOLD_OFF = 0.3
"""Seconds for which a dialog, and then its button, must have been seen before enter counts: longer than a key
repeats, shorter than a person reads."""

LOOK_AGAIN = 0.5
"""Seconds between two looks at how things stand."""

POLL = 0.05
"""Seconds between two looks at a command under way: a future of another thread, which must not be cancelled when
the dialog goes, and so is not awaited."""

WIDTH = 76
"""Columns of a dialog; fits a terminal of 80."""


class Phase(Enum):
    """Where a dialog is."""

    ASKING = "asking"
    RECORDING = "recording"
    ENDED = "ended"


class DeedDialog(ModalScreen[CommandResult | None]):
    """Asks, does and watches; closes with the result, or with `None` when nothing was done."""

    DEFAULT_CSS = """
    DeedDialog { align: center middle; background: $background; }
    DeedDialog > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; padding: 0 1; background: $surface;
    }
    DeedDialog.-ascii > Vertical { border: ascii $accent; }
    DeedDialog LinePane { height: 1; width: 1fr; }
    DeedDialog Horizontal { height: 1; width: 1fr; }
    DeedDialog .deed-label { width: 9; }
    DeedDialog Input { height: 1; width: 1fr; border: none; padding: 0; background: $boost; }
    DeedDialog Input:focus { border: none; }
    DeedDialog #deed-buttons { align-horizontal: right; margin-top: 1; }
    DeedDialog Button { margin-left: 2; min-width: 12; text-style: none; }
    DeedDialog Button:focus { text-style: bold reverse; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "cancel"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    AUTO_FOCUS = None

    hold_off: ClassVar[float] = HOLD_OFF

    def __init__(self) -> None:
        super().__init__()
        self._phase = Phase.ASKING
        self._is_ready = False
        self._shown: Question | None = None
        self._result: CommandResult | None = None
        self._failure = ""
        self._futures: tuple[Future[CommandResult], ...] = ()
        self._poll: Timer | None = None

    def question(self) -> Question:
        """What is asked now; asked again while the dialog is open."""
        raise NotImplementedError

    def perform(self, reason: str) -> Sequence[Future[CommandResult]]:
        """Says the deed to the engine; `reason` is sanitised."""
        raise NotImplementedError

    def aftermath(self) -> Sequence[tuple[str, str]]:
        """Label and text of how things stand after the deed: did it work?"""
        return ()

    @property
    def phase(self) -> Phase:
        """Where the dialog is."""
        return self._phase

    @property
    def is_ready(self) -> bool:
        """Whether a confirmation counts now."""
        return self._is_ready

    @property
    def text(self) -> str:
        """What the dialog says, as plain text."""
        return "\n".join(pane.text for pane in self.query(LinePane))

    def compose(self) -> ComposeResult:
        """A story, the fields, a message and two buttons."""
        with Vertical():
            yield LinePane(id="deed-story")
            with Horizontal(id="deed-reason-row"):
                yield LinePane(classes="deed-label", id="deed-reason-label")
                yield ReasonInput(max_length=REASON_LIMIT, id="deed-reason")
            with Horizontal(id="deed-typed-row"):
                yield LinePane(classes="deed-label", id="deed-typed-label")
                yield ReasonInput(max_length=REASON_LIMIT, id="deed-typed")
            yield LinePane(id="deed-message")
            with Horizontal(id="deed-buttons"):
                yield Button(Content("Cancel"), id="deed-cancel", compact=True)
                yield Button(Content("Do it"), id="deed-do", compact=True, variant="warning")

    def on_mount(self) -> None:
        """Shows the question, and starts to count once it has been painted."""
        self.set_class(is_ascii(self.app), "-ascii")
        self._look_again()
        self._focus_first()
        self._say(self._opening_words(), Role.MUTED)
        self.set_interval(LOOK_AGAIN, self._look_again)
        self.call_after_refresh(self._hold)

    def on_resize(self, _: events.Resize) -> None:
        """Lines are wrapped to the width."""
        self._look_again()

    # --- asking ---

    def _look_again(self) -> None:
        match self._phase:
            case Phase.ASKING:
                self._ask(self.question())
            case Phase.RECORDING:
                pass
            case Phase.ENDED:
                self._tell_aftermath()

    def _ask(self, asked: Question) -> None:
        if is_read_only(self.app) and not asked.refusal:
            asked = Question(asked.title, now=asked.now, refusal=refusal_to_act(self.app))
        was_refused, self._shown = self._is_refused, asked
        self._tell("#deed-story", story_of(asked, self._room))
        is_open = not asked.refusal
        self.query_one("#deed-reason-row").display = is_open and asked.reason is not ReasonRule.NONE
        self.query_one("#deed-typed-row").display = is_open and bool(asked.must_type)
        self.query_one("#deed-do").display = is_open
        self._tell("#deed-reason-label", [(Piece(asked.reason_label, Role.MUTED),)])
        self._tell("#deed-typed-label", [(Piece("Type it", Role.BAD),)])
        reason = self.query_one("#deed-reason", ReasonInput)
        reason.placeholder = "required" if asked.reason is ReasonRule.REQUIRED else "optional"
        self.query_one("#deed-typed", ReasonInput).placeholder = f"{asked.must_type} — its requests will fail"
        self._name_cancel("Cancel" if is_open else "Close")
        if not is_open and not self.query_one("#deed-cancel").has_focus:
            self.query_one("#deed-cancel").focus()
        if was_refused and is_open:  # what was not known yet is known: it is a question from now on
            self._focus_first()
            self._say(self._opening_words(), Role.MUTED)
            self._hold()

    @property
    def _is_refused(self) -> bool:
        return self._shown is not None and bool(self._shown.refusal)

    def _first_field(self) -> ReasonInput | None:
        """The first field that asks for something."""
        for name in ("#deed-reason", "#deed-typed"):
            if self.query_one(f"{name}-row").display:
                return self.query_one(name, ReasonInput)
        return None

    def _focus_first(self) -> None:
        (self._first_field() or self.query_one("#deed-cancel")).focus()

    def _opening_words(self) -> str:
        if self._is_refused:
            return "esc closes"
        return "tab and enter do it, esc cancels" if self._first_field() is None else "enter goes on, esc cancels"

    def _hold(self) -> None:
        self._is_ready = False
        self.set_timer(self.hold_off, self._be_ready)

    def _be_ready(self) -> None:
        self._is_ready = True

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a field goes on to what is missing, and at last to the button; it never confirms."""
        event.stop()
        if self._phase is not Phase.ASKING or not self._is_ready or not self._is_complete():
            return
        self.query_one("#deed-do").focus()
        self._say("enter once more does it, esc cancels", Role.WARN)
        self._hold()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Cancel closes; the other one does it, if it was meant."""
        event.stop()
        if event.button.id == "deed-cancel":
            self.action_close()
        elif self._phase is Phase.ASKING and self._is_ready and self._is_complete() and self._still_stands():
            self._do()

    def _is_complete(self) -> bool:
        """Whether all that is asked for is there; if not, goes there and says so."""
        asked = self._shown
        if asked is None or asked.refusal:
            return False
        if asked.reason is ReasonRule.REQUIRED and not self._reason():
            self._say("a reason is required: somebody will ask tomorrow why", Role.BAD)
            self.query_one("#deed-reason").focus()
            return False
        typed = self.query_one("#deed-typed", ReasonInput)
        if asked.must_type and typed.value.strip() != asked.must_type:
            self._say(f"type {asked.must_type} to confirm that its requests will fail", Role.BAD)
            typed.focus()
            return False
        return True

    def _still_stands(self) -> bool:
        """Whether the deed would do what the person read; if not, shows what it would do now."""
        before = self._shown
        self._ask(self.question())
        after = self._shown
        if before is None or after is None or after.refusal:
            return False
        if before.promise == after.promise:
            return True
        self._say("things changed while you were reading: look again", Role.BAD)
        self._hold()
        return False

    def _reason(self) -> str:
        return clean(self.query_one("#deed-reason", ReasonInput).value.strip(), REASON_LIMIT)

    # --- doing ---

    def _do(self) -> None:
        self._phase = Phase.RECORDING
        self.query_one("#deed-do").display = False
        for field in self.query(ReasonInput):
            field.disabled = True
        self._name_cancel("Close")
        self.query_one("#deed-cancel").focus()
        self._say("recording …", Role.WARN)
        try:
            self._futures = tuple(self.perform(self._reason()))
        except HiveError as error:
            self._end(None, clean_message(str(error)))
            return
        self._poll = self.set_interval(POLL, self._look_for_results)
        self._look_for_results()

    def _look_for_results(self) -> None:
        if self._phase is not Phase.RECORDING or not all(future.done() for future in self._futures):
            return
        results: list[CommandResult] = []
        for future in self._futures:
            if future.cancelled():
                self._end(None, "the engine ended before it answered")
                return
            error = future.exception()
            if error is not None:
                self._end(None, clean_message(str(error)) or type(error).__name__)
                return
            results.append(future.result())
        refused = [result for result in results if not result.is_done]
        self._end((refused or results)[0], "")

    def _end(self, result: CommandResult | None, failure: str) -> None:
        if self._poll is not None:
            self._poll.stop()
        self._phase, self._result, self._failure = Phase.ENDED, result, failure
        self.query_one("#deed-reason-row").display = False
        self.query_one("#deed-typed-row").display = False
        self._tell_aftermath()

    # --- after ---

    def _tell_aftermath(self) -> None:
        lines: list[Pieces] = [title_line(self._shown.title if self._shown is not None else ""), ()]
        for label, text in self.aftermath():
            lines += fact_lines(label, text, self._room)
        self._tell("#deed-story", lines)
        good, bad = ("v", "X") if is_ascii(self.app) else ("✔", "✖")
        result = self._result
        if result is None:
            self._say(f"{bad} not done: {self._failure}", Role.BAD)
        elif not result.is_done:
            self._say(f"{bad} refused: {clean(result.message)}", Role.BAD)
        else:
            audited = f", audited as {clean(result.action_id)}" if result.action_id else ""
            # The engine's plain "fail-over X done" would say done twice.
            said = "" if result.message.endswith("done") else f": {clean(result.message)}"
            said = said if result.message else ""
            self._say(f"{good} done{audited}{said}", Role.GOOD)

    def action_close(self) -> None:
        """Leaves the dialog; a command under way goes on."""
        if self._phase is Phase.RECORDING:
            self.app.notify("still being recorded: the event log will tell how it ended", markup=False)
        self.dismiss(self._result)

    # --- drawing ---

    @property
    def _room(self) -> int:
        return max(20, min(WIDTH, self.app.size.width) - 4)

    def _say(self, text: str, role: Role) -> None:
        rows = wrapped(text, self._room, MOST_LINES)
        self._tell("#deed-message", [(Piece(row, role),) for row in rows])

    def _tell(self, name: str, lines: Sequence[Pieces]) -> None:
        pane = self.query_one(name, LinePane)
        pane.show(tuple(lines))
        if pane.styles.height is None or pane.styles.height.value != max(1, len(lines)):
            pane.styles.height = max(1, len(lines))

    def _name_cancel(self, label: str) -> None:
        button = self.query_one("#deed-cancel", Button)
        if str(button.label) != label:
            button.label = Content(label)
