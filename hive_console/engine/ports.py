"""What the engine needs from outside, as protocols; adapters and storage fit them by shape."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

from hive_console.core.events import Event
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt
from hive_console.core.outcome import Outcome
from hive_console.core.settings import ModelSettings
from hive_console.core.snapshot import RecorderView
from hive_console.core.task import Answer, Piece, Task


class Clock(Protocol):
    """The one who may ask the time."""

    def now(self) -> float:
        """Unix seconds that never run backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        ...


class Provider(Protocol):
    """A way to call models. Every failure is a `ProviderError` with a classified outcome."""

    async def complete(self, model: ModelSettings, task: Task) -> Answer:
        """One answer. The caller bounds the time by cancelling."""
        ...

    def stream(self, model: ModelSettings, task: Task) -> AsyncGenerator[Piece, None]:
        """A streamed answer, some whole events a piece, ending after the last; closing it frees the connection.

        A stream that ends without its end (no finish, no `[DONE]`) raises `STREAM_CUT`.
        """
        ...

    async def probe(self, model: ModelSettings) -> Outcome:
        """The cheapest honest question after the model's health; never raises for what a provider does."""
        ...

    def unfit(self, model: ModelSettings, task: Task) -> str:
        """Why this model cannot serve such a task (its dialect cannot say it, it does no such work), or ``""``."""
        ...

    def fault_of(self, model: ModelSettings) -> str:
        """Why this model cannot be called at all before a person acts (such as a missing key), or ``""``."""
        ...


class Recorder(Protocol):
    """The memory. `record` costs microseconds and never waits; `record_durably` returns when it is on disk."""

    def record(self, event: Event) -> None:
        """Takes an event for the next batch; when the queue is full it is dropped and counted."""
        ...

    async def record_durably(self, event: Event) -> None:
        """Writes the event and everything queued before it; raises `RecordingFailed` when it could not."""
        ...

    async def flush(self) -> None:
        """Returns when every event recorded by now is on disk, with the states kept before it.

        Raises `RecordingFailed` when it is not.
        """
        ...

    def keep_state(self, model: str, state: Mapping[str, Any]) -> None:
        """Keeps what a model must remember over a restart (JSON values), with the next batch; the newest wins.

        Costs microseconds and never waits. Raises `ValueError` for what no file can hold.
        """
        ...

    def view(self) -> RecorderView:
        """Counts and the last error."""
        ...


class Notifier(Protocol):
    """One channel's transport. Failures are receipts; the caller bounds the time by cancelling."""

    async def deliver(self, notice: Notice) -> Receipt:
        """Sends a notice."""
        ...

    async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:
        """Says again what still fires, to a receiver that would forget it; `None` where none does."""
        ...

    async def close(self) -> None:
        """Lets go of its connections."""
        ...


class Heart(Protocol):
    """The way to a URL outside that is asked while all of this works."""

    async def beat(self) -> Receipt:
        """Asks it. The caller bounds the time by cancelling."""
        ...

    async def close(self) -> None:
        """Lets go of its connections."""
        ...


class NoRecorder:
    """Forgets everything: for scripts that use the engine without a recording."""

    def record(self, event: Event) -> None:
        """Forgets the event."""

    async def record_durably(self, event: Event) -> None:
        """Forgets the event."""

    async def flush(self) -> None:
        """Has nothing to write."""

    def keep_state(self, model: str, state: Mapping[str, Any]) -> None:
        """Forgets the state."""

    def view(self) -> RecorderView:
        """Nothing was recorded, nothing was dropped."""
        return RecorderView()
