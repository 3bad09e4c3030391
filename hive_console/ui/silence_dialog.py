"""The dialog of a silence: for how long, as what, and why; it says first how many firing alerts it would hide."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from hive_console.core.command import Command, CommandResult
from hive_console.core.effects_on_alerts import MAINTENANCE, UNTIL_RESOLVED
from hive_console.core.evidence import Check, seen
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.alert_dialog import AlertDialog
from hive_console.ui.app_traits import Now
from hive_console.ui.deed_question import Question
from hive_console.ui.silence_picker import Targets, hides

ASKS_FOR = "Matches"

WAYS = {
    "silence": "",
    "until resolved": UNTIL_RESOLVED,
    "maintenance": MAINTENANCE,
    "both": f"{MAINTENANCE} {UNTIL_RESOLVED}",
}
"""What it can be, and the words of the command; until then, but no longer than its time."""

EXAMPLE = "write what it matches, such as model=gpt-*, rule=breaker-open"


class SilenceDialog(AlertDialog):
    """Places one silence, or one for each of several alerts."""

    def __init__(
        self, client: EngineClient, targets: Targets, now: Now | None = None, *, is_typed: bool = False
    ) -> None:
        """Asks about a silence of each of these.

        Args:
            client: the engine.
            targets: what they match: matchers, or ids of alerts; at least one.
            now: Unix seconds; the app's clock when not given.
            is_typed: whether what it matches is still to be typed.
        """
        super().__init__(client, Command(Action.SILENCE, targets[0]), now)
        self._targets = targets
        self._is_typed = is_typed
        self._known: frozenset[str] = frozenset()

    def question(self) -> Question:
        """The dry run, with what was chosen and typed."""
        if self._is_typed:
            typed = self.form.value
            self._command = replace(self._command, target=typed)
            self._targets = (typed,)
        self._command = replace(self._command, parameter=tuple(WAYS.values())[self.form.way])
        asked = replace(super().question(), options=tuple(WAYS), options_label="As")
        if len(self._targets) > 1:
            count = hides(self._targets, self._client.snapshot())
            title = f"Silence {len(self._targets)} alerts, each by itself"
            asked = replace(asked, title=title, now=f"{count} firing alerts match", warnings=())
        if not self._is_typed:
            return asked
        asked = replace(asked, asks_for=ASKS_FOR)
        if not self._command.target:
            return replace(asked, title="Silence …", refusal="", missing=EXAMPLE)
        return replace(asked, refusal="", missing=asked.refusal) if asked.refusal else asked

    def perform(self, reason: str) -> Sequence[Future[CommandResult]]:
        """Says one command a silence."""
        self._known = _ids(self._client.snapshot())
        self._since = self.present()
        command = replace(self._command, reason=reason)
        return [self._client.command(replace(command, target=target)) for target in self._targets]

    def _checks(self, fleet: FleetSnapshot) -> list[Check]:
        count = len(_ids(fleet) - self._known)
        every = len(self._targets)
        if every == 1:
            return [seen(count >= 1, "it holds: nobody is told of what matches", "it is to hold")]
        return [seen(count >= every, f"{count} of {every} hold", f"{count} of {every} hold")]


def _ids(fleet: FleetSnapshot) -> frozenset[str]:
    return frozenset(silence.silence_id for silence in fleet.silences)
