"""Who looks at this engine: consoles come and go, are told in the recording, and stand in the audit trail."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

from hive_console.core.events import ConsoleAttached, ConsoleDetached, OperatorActed
from hive_console.core.snapshot import ConsoleView
from hive_console.core.states import Action, ActionPhase
from hive_console.core.text import MESSAGE_LIMIT, NAME_LIMIT, clean
from hive_console.engine.bus import Bus
from hive_console.engine.ports import Clock, Recorder

THE_CONSOLE = "console"
"""The target of their rows in the audit trail."""

READ_ONLY = "read-only"


class Consoles:
    """The consoles on one engine. Everything happens on the engine's loop and returns at once.

    A console is named by the moment it came, which no two share.

    Args:
        clock: tells when.
        bus: hears of it.
        recorder: keeps the audit rows; unlike a deed's, nothing waits for them.
        run_id: begins the names of the rows.
        changed: called when there are others than before.
    """

    def __init__(
        self, *, clock: Clock, bus: Bus, recorder: Recorder, run_id: str, changed: Callable[[], None]
    ) -> None:
        self._clock, self._bus, self._recorder = clock, bus, recorder
        self._run_id, self._changed = run_id, changed
        self._open: dict[float, ConsoleView] = {}
        self._last = -math.inf
        self._numbers = itertools.count(1)

    @property
    def views(self) -> tuple[ConsoleView, ...]:
        """Who is here, in the order they came."""
        return tuple(self._open.values())

    def attach(self, actor: str, *, origin: str = "", is_read_only: bool = False) -> float:
        """Notes that a console came; what names it from now on."""
        at = self._clock.now()
        since = at if at > self._last else math.nextafter(self._last, math.inf)
        self._last = since
        view = ConsoleView(actor, clean(origin, NAME_LIMIT), since, is_read_only)
        self._open[since] = view
        self._bus.publish([ConsoleAttached(at=at, actor=actor, origin=view.origin, is_read_only=is_read_only)])
        self._write(Action.ATTACH, view, READ_ONLY if is_read_only else "")
        self._changed()
        return since

    def become_read_only(self, session: float) -> None:
        """From here on this console may only look; there is no way back."""
        view = self._open.get(session)
        if view is not None and not view.is_read_only:
            self._open[session] = replace(view, is_read_only=True)
            self._changed()

    def detach(self, session: float, cause: str) -> None:
        """Notes that a console went away; nothing when it had already."""
        view = self._open.pop(session, None)
        if view is None:
            return
        cause = clean(cause, MESSAGE_LIMIT)
        self._bus.publish([ConsoleDetached(at=self._clock.now(), cause=cause, actor=view.actor)])
        self._write(Action.DETACH, view, cause)
        self._changed()

    def _write(self, action: Action, view: ConsoleView, detail: str) -> None:
        row = OperatorActed(
            at=self._clock.now(),
            action_id=f"{self._run_id}-c{next(self._numbers)}",
            actor=view.actor,
            origin=view.origin,
            action=action,
            phase=ActionPhase.DONE,
            target=THE_CONSOLE,
            detail=detail,
        )
        self._recorder.record(row)
        self._bus.publish([row])
