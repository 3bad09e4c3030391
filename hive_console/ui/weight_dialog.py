"""The dialog that gives a model another weight: the number is asked for with the one that it has."""

from __future__ import annotations

from dataclasses import replace

from hive_console.core.command import Command
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.app_traits import Now
from hive_console.ui.deed_question import Question

ASKS_FOR = "Weight"


class WeightDialog(ActionDialog):
    """Asks for the weight; what is no weight is said to be none while it is typed."""

    def __init__(self, client: EngineClient, model_id: str, now: Now | None = None) -> None:
        """Asks about the weight of this model."""
        super().__init__(client, Command(Action.SET_WEIGHT, model_id), now)

    def question(self) -> Question:
        """The dry run with the number that was typed; without one, what it is now."""
        typed = self.form.value
        self._command = replace(self._command, parameter=typed)
        asked = super().question()
        model = self._client.snapshot().model(self._command.target)
        if model is None:
            return asked
        has = f"{model.weight:g}"
        asked = replace(asked, title=f"Set the weight of {model.model_id}", asks_for=ASKS_FOR)
        now = f"{model.strategy.value}, its weight is {has}" if model.strategy.value else f"its weight is {has}"
        if not typed:
            return replace(asked, now=now, refusal="", missing=f"type the new weight; it is {has} now")
        if asked.refusal:
            return replace(asked, now=now, refusal="", missing=asked.refusal)
        return replace(asked, now=now)
