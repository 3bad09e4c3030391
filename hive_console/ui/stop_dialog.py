"""The dialog that stops the engine: never one key, because others may depend on it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from hive_console.core.command import CommandResult
from hive_console.engine.client import EngineClient
from hive_console.ui.company import others_of
from hive_console.ui.deed_dialog import DeedDialog
from hive_console.ui.deed_question import Question, ReasonRule

WORD = "stop"
"""What has to be typed."""


class StopDialog(DeedDialog):
    """Says who loses what, has the word typed, and asks the engine to end in order."""

    def __init__(self, client: EngineClient) -> None:
        """Asks about the engine of this client."""
        super().__init__()
        self._client = client

    def question(self) -> Question:
        """What would end."""
        fleet = self._client.snapshot()
        others = others_of(fleet, self._client.session)
        gateway = f"programs that use {fleet.gateway} lose their gateway" if fleet.gateway else ""
        watched = f"others look at it now: {others}" if others else ""
        return Question(
            "Stop the engine",
            now=f"it watches {len(fleet.models)} model{'' if len(fleet.models) == 1 else 's'}",
            effect="requests under way may finish, new ones are refused; then nobody watches the models",
            warnings=tuple(warning for warning in (gateway, watched) if warning),
            refusal=self._client.trouble,
            must_type=WORD,
            reason=ReasonRule.OPTIONAL,
        )

    def perform(self, reason: str) -> Sequence[Future[CommandResult]]:
        """Asks the engine to end."""
        return (self._client.stop(reason),)
