"""The dialog that takes the last action back."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import ClassVar

from hive_console.core.command import CommandResult
from hive_console.core.headline import headline
from hive_console.core.wording import countdown
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import Now, moment
from hive_console.ui.deed_dialog import DeedDialog
from hive_console.ui.deed_outcome import Aftermath
from hive_console.ui.deed_question import Question, ReasonRule
from hive_console.ui.deeds import NOTHING_TO_UNDO, can_undo


class UndoDialog(DeedDialog):
    """Shows what would be undone and how long that is possible."""

    is_harmless: ClassVar[bool] = True

    def __init__(self, client: EngineClient, now: Now | None = None) -> None:
        """Asks about the last action.

        Args:
            client: the engine.
            now: Unix seconds; the app's clock when not given.
        """
        super().__init__()
        self._client = client
        self._now = now

    def question(self) -> Question:
        """What would be undone; refused once it is too late."""
        fleet = self._client.snapshot()
        now = moment(self.app, self._client, self._now)
        if fleet.undo_until is None or not can_undo(fleet, now):
            return Question("Undo", refusal=NOTHING_TO_UNDO)
        return Question(
            "Undo the last action",
            now=f"possible for {countdown(fleet.undo_until - now)}",
            effect="; ".join(filter(None, (f"takes back: {fleet.undo_text}", fleet.undo_effect))),
            reason=ReasonRule.NONE,
        )

    def perform(self, reason: str) -> Sequence[Future[CommandResult]]:
        """Undoes; no reason is asked."""
        del reason
        return (self._client.undo(),)

    def aftermath(self) -> Aftermath:
        """How the fleet stands now."""
        said = headline(self._client.snapshot(), moment(self.app, self._client, self._now))
        return Aftermath(facts=(("Now", said),))
