"""The dialog that takes several alerts at once; each is a command and an audit row of its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from hive_console.core.command import Command, CommandResult
from hive_console.core.evidence import seen
from hive_console.core.snapshot import AlertView
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.deed_dialog import DeedDialog
from hive_console.ui.deed_outcome import Aftermath
from hive_console.ui.deed_question import Question

NAMED = 6
"""Alerts that are named; of more, the rest is counted."""


class AcknowledgeDialog(DeedDialog):
    """Acknowledges the alerts that still can be, with one note for all."""

    def __init__(self, client: EngineClient, alert_ids: tuple[str, ...]) -> None:
        """Asks about these alerts.

        Args:
            client: the engine.
            alert_ids: in the order in which they were shown.
        """
        super().__init__()
        self._client = client
        self._alert_ids = alert_ids

    def question(self) -> Question:
        """Names what would be acknowledged; refused when nothing is left to take."""
        open_ones = self._open_alerts()
        left_out = len(self._alert_ids) - len(open_ones)
        warnings = tuple(f"{alert.subject or 'fleet'}: {alert.text}" for alert in open_ones[:NAMED])
        if len(open_ones) > NAMED:
            warnings = (*warnings, f"and {len(open_ones) - NAMED} more")
        return Question(
            title=f"Acknowledge {len(open_ones)} alerts",
            now=f"{left_out} of the marked ones are over or taken and are left alone" if left_out else "",
            effect="they stay in the inbox, marked as yours",
            warnings=warnings,
            refusal="" if open_ones else "all marked alerts are over or taken",
            reason_label="Note",
        )

    def perform(self, reason: str) -> Sequence[Future[CommandResult]]:
        """Says one command an alert, in the order shown."""
        taken = self._open_alerts()
        return [self._client.command(Command(Action.ACKNOWLEDGE, alert.alert_id, reason)) for alert in taken]

    def aftermath(self) -> Aftermath:
        """How many of them still wait for somebody."""
        every, waiting = len(self._alert_ids), len(self._open_alerts())
        said = f"{every - waiting} of {every} are taken or over"
        return Aftermath((seen(not waiting, said, said),))

    def _open_alerts(self) -> list[AlertView]:
        fleet = self._client.snapshot()
        found = (fleet.alert(alert_id) for alert_id in self._alert_ids)
        return [alert for alert in found if alert is not None and self._can_take(alert)]

    def _can_take(self, alert: AlertView) -> bool:
        return self._client.preview(Command(Action.ACKNOWLEDGE, alert.alert_id)).is_allowed
