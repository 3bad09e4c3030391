"""The dialog behind every deed: what would happen, why, the deliberate yes, and whether it worked.

Keys that were typed before the dialog could be read are dropped, until the terminal has drawn it; a confirmation
counts only when the dialog, and then the button, has been in sight for a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from enum import Enum
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Button, Input

from hive_console.core.command import CommandResult
from hive_console.ui.app_traits import (
    is_ascii,
    is_read_only,
    refusal_to_act,
    wall_clock,
    zone_of,
)
from hive_console.ui.deed_errand import Errand, Outcome
from hive_console.ui.deed_form import DeedForm
from hive_console.ui.deed_outcome import Aftermath, outcome_lines, verdict
from hive_console.ui.deed_question import Question
from hive_console.ui.modal import Modal
from hive_console.ui.sight import Sight
from hive_widgets.choice_row import ChoiceRow
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane

HOLD_OFF = 0.3
"""Seconds for which a dialog, and then its button, must have been seen before enter counts: longer than a key
repeats, shorter than a person reads."""

LOOK_AGAIN = 0.5
"""Seconds between two looks at how things stand."""

POLL = 0.05
"""Seconds between two looks at a command under way."""

IGNORED = "keys typed before this was shown were ignored"
CHANGED = "things changed while you were reading: look again before you go on"


class Phase(Enum):
    """Where a dialog is."""

    ASKING = "asking"
    RECORDING = "recording"
    ENDED = "ended"


class DeedDialog(Modal[CommandResult | None]):
    """Asks, does and watches; closes with the result, or with `None` when nothing was done."""

    DEFAULT_CSS = """
    DeedDialog { align: center middle; background: $background; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "cancel"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    AUTO_FOCUS = None

    hold_off: ClassVar[float] = HOLD_OFF
    is_harmless: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._phase = Phase.ASKING
        self._sight = Sight(self, hold_off=lambda: self.hold_off, on_seen=self._begin)
        self._ignored = False
        self._shown: Question | None = None
        self._read: Question | None = None
        self._errand: Errand | None = None
        self._outcome: Outcome | None = None

    def question(self) -> Question:
        """What is asked now; asked again while the dialog is open."""
        raise NotImplementedError

    def perform(self, reason: str) -> Sequence[Future[CommandResult]]:
        """Says the deed to the engine; `reason` is sanitised."""
        raise NotImplementedError

    def aftermath(self) -> Aftermath:
        """How things stand after the deed: did it work?"""
        return Aftermath()

    def reasons(self) -> tuple[str, ...]:
        """Reasons that were given before, the latest first."""
        return ()

    def present(self) -> float:
        """The time from which durations count, Unix seconds."""
        return wall_clock(self.app, lambda: 0.0)

    @property
    def phase(self) -> Phase:
        """Where the dialog is."""
        return self._phase

    @property
    def is_seen(self) -> bool:
        """Whether the terminal has drawn it, so that keys go to its fields."""
        return self._sight.is_seen

    @property
    def is_ready(self) -> bool:
        """Whether a confirmation counts now."""
        return self._sight.is_ready

    @property
    def form(self) -> DeedForm:
        """What is shown, and what was given."""
        return self.query_one(DeedForm)

    @property
    def text(self) -> str:
        """What the dialog says, as plain text."""
        return "\n".join(pane.text for pane in self.query(LinePane))

    def compose(self) -> ComposeResult:
        """The form is all there is."""
        yield DeedForm()

    def on_mount(self) -> None:
        """Shows the question, and starts to count once it has been painted."""
        self.form.remember(self.reasons())
        self._look_again()
        self._say_how()
        self.set_interval(LOOK_AGAIN, self._look_again)
        self._sight.hold()

    def on_resize(self, _: events.Resize) -> None:
        """Lines are wrapped to the width."""
        self._look_again()

    # --- keys that were typed too early ---

    def on_key(self, event: events.Key) -> None:
        """Drops what was typed before anything could be read; nothing has the focus until then."""
        if not self._sight.is_seen and event.key != "escape":
            event.stop()
            event.prevent_default()
            self._say_ignored()

    def on_paste(self, event: events.Paste) -> None:
        """The same of a paste."""
        if not self._sight.is_seen:
            event.stop()
            self._say_ignored()

    def _say_ignored(self) -> None:
        self._ignored = True
        self._say_how()

    # --- asking ---

    def _look_again(self) -> None:
        match self._phase:
            case Phase.ASKING:
                self._ask(self._question())
            case Phase.RECORDING:
                pass
            case Phase.ENDED:
                self._tell_aftermath()

    def _question(self) -> Question:
        asked = self.question()
        if is_read_only(self.app) and not asked.refusal:
            return Question(asked.title, now=asked.now, refusal=refusal_to_act(self.app))
        return asked

    def _ask(self, asked: Question) -> None:
        before, self._shown = self._shown, asked
        if self._read is None or before is None or bool(before.refusal) != bool(asked.refusal):
            self._read = asked
        self.form.ask(asked, self._read, ends_from=self.present(), zone=zone_of(self.app))
        if before is None:
            return
        if before.refusal and not asked.refusal:  # what was not known yet is known: it is a question from now on
            if self._sight.is_seen:
                self._begin()
            self._say_how()
            self._sight.hold()
        elif asked.refusal and not before.refusal and self._sight.is_seen:
            self.form.focus_first()
            self._say_how()
        elif asked.promise not in {before.promise, self._read.promise}:
            self.form.say(CHANGED, Role.BAD)
            self._sight.hold()

    def _begin(self) -> None:
        if self._phase is not Phase.ASKING:
            return
        if self.is_harmless and self._shown is not None and not self._shown.refusal:
            self.query_one("#deed-do").focus()
        else:
            self.form.focus_first()

    def _say_how(self) -> None:
        """What keys do now."""
        words = [IGNORED] if self._ignored else []
        if self._shown is not None and self._shown.refusal:
            words.append("esc closes")
        elif self.is_harmless:
            words.append("enter does it, esc cancels")
        elif self.form.first_field() is None:
            words.append("tab and enter do it, esc cancels")
        else:
            words += ["↑ recent reasons"] if self.form.offers_reasons else []
            words.append("enter goes on, tab moves, esc cancels")
        self.form.say("; ".join(words), Role.WARN if self._ignored else Role.MUTED)

    def on_choice_row_changed(self, event: ChoiceRow.Changed) -> None:
        """Another end is another promise, and whoever chose it knows."""
        event.stop()
        self._ask_as_chosen()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was typed may be part of the question."""
        event.stop()
        if event.input.id == "deed-value":
            self._ask_as_chosen()

    def _ask_as_chosen(self) -> None:
        if self._phase is Phase.ASKING:
            self._read = self._shown = None
            self._ask(self._question())
            self._sight.hold()

    def on_choice_row_submitted(self, event: ChoiceRow.Submitted) -> None:
        """Enter goes on."""
        event.stop()
        self._go_on()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a field goes on to what is missing, and at last to the button; it never confirms."""
        event.stop()
        self._go_on()

    def _go_on(self) -> None:
        if self._phase is not Phase.ASKING or not self._is_complete():
            return
        if not self._sight.is_ready:
            self._say_ignored()
            return
        self._read = self._shown
        self._look_again()
        self.query_one("#deed-do").focus()
        self.form.say("enter once more does it, esc cancels", Role.WARN)
        self._sight.hold()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Cancel closes; the other one does it, if it was meant."""
        event.stop()
        if event.button.id == "deed-cancel":
            self.action_close()
        elif self._phase is Phase.ASKING and not self._sight.is_ready:
            self._say_ignored()
        elif self._phase is Phase.ASKING and self._is_complete() and self._still_stands():
            self._do()

    def _is_complete(self) -> bool:
        """Whether all that is asked for is there; if not, says so."""
        asked = self._shown
        if asked is None or asked.refusal:
            return False
        missing = self.form.missing(asked)
        if missing:
            self.form.say(missing, Role.BAD)
        return not missing

    def _still_stands(self) -> bool:
        """Whether the deed would do what the person read; if not, shows what it would do now."""
        self._ask(self._question())
        asked, read = self._shown, self._read
        if asked is None or read is None or asked.refusal or asked.missing:
            return False
        if asked.promise == read.promise:
            return True
        self._read = asked  # it is shown with its marks until the next look, and counts as read from then on
        self.form.say(CHANGED, Role.BAD)
        self._sight.hold()
        return False

    # --- doing ---

    def _do(self) -> None:
        reason = self.form.reason
        self._phase = Phase.RECORDING
        self.form.close_fields()
        self.form.say("recording …", Role.WARN)
        self._errand = Errand(lambda: self.perform(reason))
        self._look_for_result()

    def _look_for_result(self) -> None:
        outcome = None if self._errand is None else self._errand.outcome()
        if outcome is None:
            self.set_timer(POLL, self._look_for_result)
            return
        self._phase, self._outcome = Phase.ENDED, outcome
        self._tell_aftermath()

    # --- after ---

    def _tell_aftermath(self) -> None:
        outcome, form = self._outcome, self.form
        if outcome is None:
            return
        after = self.aftermath()
        said, role = verdict(outcome, after.checks)
        form.say(said, role)
        title = "" if self._shown is None else self._shown.title
        plain = is_ascii(self.app)
        form.tell(
            form.fitted(lambda most: outcome_lines(title, outcome, after, form.width, most=most, plain=plain))
        )

    def action_close(self) -> None:
        """Leaves the dialog; a command under way goes on."""
        if self._phase is Phase.RECORDING:
            self.app.notify("still being recorded: the event log will tell how it ended", markup=False)
        self.dismiss(None if self._outcome is None else self._outcome.result)
