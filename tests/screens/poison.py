"""A fleet, its events and the engine's answers with hostile text wherever there is text at all."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from itertools import count
from typing import Any

from hive_console.core import events as e
from hive_console.core.command import Command, CommandResult, Effect
from hive_console.core.events import Event
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot
from tests.core.samples import every_event
from tests.screens import posted
from tests.screens.alert_scenes import busy, told
from tests.screens.payloads import PAYLOADS
from tests.screens.posted import NOW, FakeClient


class Poison:
    """Deals out the payloads in turn; one text is always the same one, so that names fit."""

    def __init__(self, offset: int) -> None:
        self._next = count(offset)
        self._given: dict[str, str] = {}

    def of(self, text: str) -> str:
        """The payload in the place of this text."""
        if text not in self._given:
            turn = next(self._next)
            # Two models never bear one name.
            self._given[text] = PAYLOADS[turn % len(PAYLOADS)] + (str(turn) if turn >= len(PAYLOADS) else "")
        return self._given[text]

    def into(self, value: Any) -> Any:  # any value of a snapshot or an event
        """The same value with every text in it poisoned, however deep."""
        if isinstance(value, Enum):
            return value
        if isinstance(value, str):
            return self.of(value) if value else value
        if isinstance(value, tuple):
            return tuple(map(self.into, value))
        if is_dataclass(value) and not isinstance(value, type):
            inits = [field.name for field in fields(value) if field.init]
            return replace(value, **{name: self.into(getattr(value, name)) for name in inits})
        return value


class HostileClient(FakeClient):
    """An engine whose every word is hostile."""

    def __init__(self, offset: int = 0) -> None:
        poison = Poison(offset)
        super().__init__(poison.into(_wordy()), tuple(poison.into(event) for event in _all_events()))
        self._poison = poison
        self.result = poison.into(CommandResult(is_done=True, message="it is done", action_id="a-1"))
        self.report = poison.into(
            ReloadReport(
                is_good=True,
                message="would be applied",
                changes=("one", "another"),
                warnings=("careful",),
                digest="d",
            )
        )

    def preview(self, command: Command) -> Effect:
        """What the deed would do, in hostile words that leave it possible."""
        effect: Effect = self._poison.into(replace(super().preview(command), refusal=""))
        return effect


def _wordy() -> FleetSnapshot:
    """An incident in which no text is empty that could be there."""
    fleet, inbox = posted.incident(), busy()
    down = replace(
        fleet.models[0], fault="key refused", pinned_to=fleet.models[1].model_id, last_error="boom: it broke"
    )
    return replace(
        fleet,
        models=(down, *fleet.models[1:]),
        undo_text="failed over",
        undo_until=NOW + 60,
        recorder=replace(fleet.recorder, error="the disk is full"),
        alerts=(*fleet.alerts, *inbox.alerts),
        pending=inbox.pending,
        silences=inbox.silences,
        channels=inbox.channels,
        on_call=inbox.on_call,
    )


def _all_events() -> list[Event]:
    happened: list[Event] = [replace(event, at=NOW - 300 + place) for place, event in enumerate(every_event())]
    return [
        *happened,
        *told(),
        *(e.ServiceFailed(at=NOW, service=payload, message=payload) for payload in PAYLOADS),
    ]
