"""What a user missed, told when their console opens, and that they looked, remembered when it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path

from hive_console.adapters.last_look import LastLook
from hive_console.wiring.history import open_history


class Looks:
    """One user's looks at the engine of one data folder, and the past that they can ask for.

    Args:
        folder: the data folder.
        environ: where the user's own state is.
        actor: whose deeds are no news to them.
        now: the clock, Unix seconds.
        is_remembered: whether anybody wants to know: nobody misses anything of a demo.

    Attributes:
        history: the past; whoever shows the console closes it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        environ: Mapping[str, str],
        actor: str,
        now: Callable[[], float],
        is_remembered: bool = True,
    ) -> None:
        self.history = open_history(folder)
        self._look = LastLook(folder, environ)
        self._actor, self._now, self._is_remembered = actor, now, is_remembered

    def digest(self) -> Future[tuple[str, ...]]:
        """What they missed; empty for somebody who never looked before. For `HiveApp`: it does not wait."""
        since = self._look.at() if self._is_remembered else None
        if since is None:
            nothing: Future[tuple[str, ...]] = Future()
            nothing.set_result(())
            return nothing
        return self.history.digest(since, self._now(), actor=self._actor)

    def until_left(self, show: Callable[[], object]) -> None:
        """Shows something; when that ends, however it does, they have seen all there was until then."""
        try:
            show()
        finally:
            if self._is_remembered:
                self._look.note(self._now())
