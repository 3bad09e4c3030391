"""The dialog that applies the settings file again: what would change, and the deliberate yes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from hive_console.core.command import CommandResult
from hive_console.core.reload_report import ReloadReport
from hive_console.core.text import clean
from hive_console.engine.client import EngineClient
from hive_console.ui.deed_dialog import DeedDialog
from hive_console.ui.deed_question import Question, ReasonRule

TITLE = "Reload the settings"

SHOWN = 4
"""Changes that the dialog lists; the rest are counted, and `hive-console reload --dry-run` lists them."""


class ReloadDialog(DeedDialog):
    """Reads the file once, shows what it would change, and applies exactly what was shown."""

    def __init__(self, client: EngineClient) -> None:
        """Asks about the settings file of this engine."""
        super().__init__()
        self._client = client
        self._preview = client.reload(dry_run=True)

    def question(self) -> Question:
        """What the file would change; refused while it is read, and where there is nothing to apply."""
        if not self._preview.done():
            return Question(TITLE, refusal="the file is being read …")
        report = self._preview.result()
        if not report.is_good:
            return Question(TITLE, refusal="; ".join((report.message, *report.problems[:SHOWN])))
        if not report.changes:
            return Question(TITLE, refusal="the file is what is in force already")
        more = len(report.changes) - SHOWN
        listed = (*report.changes[:SHOWN], f"and {more} more") if more > 0 else report.changes
        return Question(TITLE, effect="; ".join(listed), warnings=report.warnings[:SHOWN], reason=ReasonRule.NONE)

    def perform(self, reason: str) -> Sequence[Future[CommandResult]]:
        """Applies what was shown; no reason is asked, the file is one."""
        del reason
        shown = self._preview.result()
        return (_result_of(self._client.reload(dry_run=False, expected=shown.digest)),)


def _result_of(reload: Future[ReloadReport]) -> Future[CommandResult]:
    """The future of the command's result behind the one of the report."""
    future: Future[CommandResult] = Future()

    def pass_on(done: Future[ReloadReport]) -> None:
        if done.cancelled():
            future.cancel()
        elif (error := done.exception()) is not None:
            future.set_exception(error)
        else:
            report = done.result()
            said = clean("; ".join((report.message, *report.problems)))
            future.set_result(CommandResult(is_done=report.is_good, message=said, action_id=report.action_id))

    reload.add_done_callback(pass_on)
    return future
