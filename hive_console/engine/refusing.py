"""The half of `EngineClient` that acts, where there is nothing to act on."""

from __future__ import annotations

from concurrent.futures import Future

from hive_console.core.command import Command, CommandResult, Effect
from hive_console.core.reload_report import ReloadReport

REFUSAL = "this is a recording; nothing can be acted on"


class Refusing:
    """Refuses everything that would act, at once."""

    is_read_only = True
    trouble = ""
    session = 0.0

    def become_read_only(self) -> None:
        """It is already."""

    def preview(self, command: Command) -> Effect:
        """Nothing: this is a recording."""
        return Effect(is_allowed=False, title=f"{command.action.value} {command.target}", refusal=REFUSAL)

    def command(self, command: Command) -> Future[CommandResult]:
        """Refuses."""
        del command
        return _refused()

    def undo(self) -> Future[CommandResult]:
        """Refuses."""
        return _refused()

    def stop(self, reason: str) -> Future[CommandResult]:
        """Refuses."""
        del reason
        return _refused()

    def reload(self, *, dry_run: bool, expected: str = "") -> Future[ReloadReport]:
        """Refuses."""
        del dry_run, expected
        future: Future[ReloadReport] = Future()
        future.set_result(ReloadReport(is_good=False, message=REFUSAL))
        return future


def _refused() -> Future[CommandResult]:
    future: Future[CommandResult] = Future()
    future.set_result(CommandResult(is_done=False, message=REFUSAL))
    return future
