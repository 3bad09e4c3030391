"""A command under way, looked at from time to time: futures of another thread must not be awaited here.

Awaiting one would cancel it when the dialog goes, and what is being written down must be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from hive_console.core.command import CommandResult
from hive_console.core.errors import HiveError
from hive_console.core.text import clean, clean_message

ENDED_EARLY = "the engine ended before it answered"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an errand ended.

    Attributes:
        result: what the engine answered; of several the first refusal, or the first.
        failure: why there is no answer.
    """

    result: CommandResult | None
    failure: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the engine did it."""
        return self.result is not None and self.result.is_done

    @property
    def words(self) -> str:
        """How it ended, for people."""
        result = self.result
        if result is None:
            return f"not done: {self.failure}"
        if not result.is_done:
            return f"refused: {clean(result.message)}"
        audited = f", audited as {clean(result.action_id)}" if result.action_id else ""
        # The engine's plain "fail-over X done" would say done twice.
        said = "" if not result.message or result.message.endswith("done") else f": {clean(result.message)}"
        return f"done{audited}{said}"


class Errand:
    """One or more commands that were said together."""

    def __init__(self, say: Callable[[], Sequence[Future[CommandResult]]]) -> None:
        """Says them; what an engine cannot even take is an outcome, too."""
        self._futures: tuple[Future[CommandResult], ...] = ()
        self._outcome: Outcome | None = None
        try:
            self._futures = tuple(say())
        except HiveError as error:
            self._outcome = Outcome(None, clean_message(str(error)))

    def outcome(self) -> Outcome | None:
        """How it ended; `None` while it is under way."""
        if self._outcome is None and all(future.done() for future in self._futures):
            self._outcome = self._ended()
        return self._outcome

    def _ended(self) -> Outcome:
        results: list[CommandResult] = []
        for future in self._futures:
            if future.cancelled():
                return Outcome(None, ENDED_EARLY)
            error = future.exception()
            if error is not None:
                return Outcome(None, clean_message(str(error)) or type(error).__name__)
            results.append(future.result())
        refused = [result for result in results if not result.is_done]
        return Outcome((refused or results)[0])
