"""The dialog of one operator's command on one model or alert."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from hive_console.core.command import REASON_REQUIRED, Command, CommandResult
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import Action
from hive_console.core.wording import span
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import Now, is_ascii, moment
from hive_console.ui.deed_dialog import DeedDialog, Phase
from hive_console.ui.deed_question import Question, ReasonRule
from hive_console.ui.deeds import UNDO_KEY, can_undo
from hive_console.ui.model_story import breaker_words, status_words, traffic_words
from hive_console.ui.undo_dialog import UndoDialog
from hive_widgets.alert_list import standing_of
from hive_widgets.pieces import harmless

"""What `core.command` says when nobody would serve; such a deed wants the model's name typed."""


class ActionDialog(DeedDialog):
    """Shows what a command would do, asks why, does it, and shows what became of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(UNDO_KEY, "undo", "undo it", show=False)]

    def __init__(self, client: EngineClient, command: Command, now: Now | None = None) -> None:
        """Asks about `command`.

        Args:
            client: the engine.
            command: what to do; its reason is asked for here.
            now: Unix seconds; the app's clock when not given.
        """
        super().__init__()
        self._client = client
        self._command = command
        self._now = now

    def question(self) -> Question:
        """The engine's dry run, as it stands now."""
        effect = self._client.preview(self._command)
        is_note = self._command.action is Action.ACKNOWLEDGE
        required = self._command.action in REASON_REQUIRED
        return Question(
            title=effect.title,
            now=effect.now,
            effect=effect.effect,
            warnings=effect.warnings,
            refusal="" if effect.is_allowed else effect.refusal or "the engine would refuse it",
            must_type=harmless(self._command.target) if effect.is_outage else "",
            reason=ReasonRule.REQUIRED if required else ReasonRule.OPTIONAL,
            reason_label="Note" if is_note else "Reason",
        )

    def perform(self, reason: str) -> Sequence[Future[CommandResult]]:
        """Says the command with its reason."""
        return (self._client.command(replace(self._command, reason=reason)),)

    def action_undo(self) -> None:
        """Closes, and asks whether to take it back; nothing while there is nothing to take back."""
        now = moment(self.app, self._client, self._now)
        if self.phase is Phase.ENDED and can_undo(self._client.snapshot(), now):
            self.action_close()
            self.app.push_screen(UndoDialog(self._client, self._now))

    def aftermath(self) -> Sequence[tuple[str, str]]:
        """How the model or the alert stands now."""
        fleet = self._client.snapshot()
        now = moment(self.app, self._client, self._now)
        tell = _of_alert if self._command.action is Action.ACKNOWLEDGE else _of_model
        facts = tell(fleet, self._command.target, now=now, plain=is_ascii(self.app))
        if fleet.undo_until is not None and can_undo(fleet, now):
            facts.append(("Undo", f"u within {span(fleet.undo_until - now)}: {fleet.undo_text}"))
        return facts


def _of_model(fleet: FleetSnapshot, model_id: str, *, now: float, plain: bool) -> list[tuple[str, str]]:
    model = fleet.model(model_id)
    if model is None:
        return [("Now", f"{model_id} is not in the fleet any more")]
    return [
        ("Status", status_words(model, now, plain=plain)),
        ("Breaker", breaker_words(model.breaker, now, ramp=model.ramp)),
        ("Traffic", traffic_words(model, fleet, plain=plain)),
    ]


def _of_alert(fleet: FleetSnapshot, alert_id: str, *, now: float, plain: bool) -> list[tuple[str, str]]:
    alert = fleet.alert(alert_id)
    if alert is None:
        return [("Alert", "it is not in the inbox any more")]
    return [("Alert", f"{standing_of(alert, is_ascii=plain)}, raised {span(now - alert.raised_at)} ago")]
