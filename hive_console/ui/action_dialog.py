"""The dialog of one operator's command: on a model, a provider, the fleet or an alert."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from hive_console.core.command import REASON_REQUIRED, Command, CommandResult, Effect
from hive_console.core.headline import headline
from hive_console.core.proof import Watch
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import Action
from hive_console.core.wording import span
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import Now, is_ascii, moment
from hive_console.ui.deed_dialog import DeedDialog, Phase
from hive_console.ui.deed_outcome import Aftermath
from hive_console.ui.deed_question import Question, ReasonRule
from hive_console.ui.deeds import UNDO_KEY, can_undo, recent_reasons
from hive_console.ui.model_story import breaker_words, status_words, traffic_words
from hive_console.ui.undo_dialog import UndoDialog
from hive_widgets.alert_list import standing_of
from hive_widgets.pieces import harmless


class ActionDialog(DeedDialog):
    """Shows what a command would do, asks why, does it, and watches until it is proven."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(UNDO_KEY, "undo", "undo it", show=False)]

    def __init__(self, client: EngineClient, command: Command, now: Now | None = None) -> None:
        """Asks about `command`.

        Args:
            client: the engine.
            command: what to do; its reason and its duration are asked for here.
            now: Unix seconds; the app's clock when not given.
        """
        super().__init__()
        self._client = client
        self._command = command
        self._now = now
        self._cursor = 0
        self._watch: Watch | None = None

    def present(self) -> float:
        """The engine's time, from which durations count."""
        return moment(self.app, self._client, self._now)

    def reasons(self) -> tuple[str, ...]:
        """What anybody gave as a reason lately."""
        page = self._client.events(0)
        self._cursor = page.cursor
        return recent_reasons(page.events)

    def question(self) -> Question:
        """The engine's dry run of the command with what was chosen, as it stands now."""
        effect = self._client.preview(self._command)
        chosen = self._with_duration(effect)
        if chosen != self._command:
            self._command = chosen
            effect = self._client.preview(chosen)
        is_note = self._command.action is Action.ACKNOWLEDGE
        required = self._command.action in REASON_REQUIRED
        target = self._command.target if effect.is_outage else ""
        return Question(
            title=effect.title,
            now=effect.now,
            effect=effect.effect,
            capacity=effect.capacity,
            chain=effect.chain,
            warnings=effect.warnings,
            refusal="" if effect.is_allowed else effect.refusal or "the engine would refuse it",
            must_type=harmless(effect.must_type or target),
            is_outage=effect.is_outage,
            reason=ReasonRule.REQUIRED if required else ReasonRule.OPTIONAL,
            reason_label="Note" if is_note else "Reason",
            durations=effect.durations,
            undo=effect.undo,
        )

    def _with_duration(self, effect: Effect) -> Command:
        if not effect.durations:
            return self._command
        place = min(self.form.chosen, len(effect.durations) - 1)
        return replace(self._command, duration=effect.durations[place])

    def perform(self, reason: str) -> Sequence[Future[CommandResult]]:
        """Says the command with its reason, and begins to watch what it does."""
        self._cursor = self._client.events(self._cursor).cursor
        self._watch = Watch(self._command, self._client.snapshot(), self.present())
        return (self._client.command(replace(self._command, reason=reason)),)

    def action_undo(self) -> None:
        """Closes, and asks whether to take it back; nothing while there is nothing to take back."""
        if self.phase is Phase.ENDED and can_undo(self._client.snapshot(), self.present()):
            self.action_close()
            self.app.push_screen(UndoDialog(self._client, self._now))

    def aftermath(self) -> Aftermath:
        """What is proven, and how the model, the alert or the fleet stands now."""
        fleet, now = self._client.snapshot(), self.present()
        facts = _facts(self._command, fleet, now, plain=is_ascii(self.app))
        if fleet.undo_until is not None and can_undo(fleet, now):
            facts.append(("Undo", f"{UNDO_KEY} within {span(fleet.undo_until - now)}: {fleet.undo_text}"))
        if self._watch is None:
            return Aftermath(facts=tuple(facts))
        page = self._client.events(self._cursor)
        self._cursor = page.cursor
        self._watch.take(page.events)
        return Aftermath(self._watch.checks(fleet, now), tuple(facts))


def _facts(command: Command, fleet: FleetSnapshot, now: float, *, plain: bool) -> list[tuple[str, str]]:
    model = fleet.model(command.target)
    if model is not None:
        return [
            ("Status", status_words(model, now, plain=plain)),
            ("Breaker", breaker_words(model.breaker, now, ramp=model.ramp)),
            ("Traffic", traffic_words(model, fleet, plain=plain)),
        ]
    if command.action is not Action.ACKNOWLEDGE:
        return [("Now", headline(fleet, now))]
    alert = fleet.alert(command.target)
    if alert is None:
        return []
    return [("Alert", f"{standing_of(alert, is_ascii=plain)}, raised {span(now - alert.raised_at)} ago")]
