"""A streamed answer for scripts, as the gateway gives it: fall back until the first content, then never."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType

from hive_console.core.task import Operations, ReplyStream, Task


class TaskStream:
    """What `engine.stream(task)` gives: iterate over it, or enter it first to learn who serves.

        async for events in engine.stream(task):
            ...

        async with engine.stream(task) as stream:
            print(stream.provenance.served_by)
            async for events in stream:
                ...

    Each item is bytes: one or several whole server-sent events of the task's dialect. `UnknownModel` and
    `OperationFailed` are raised before the first item, `StreamBroken` when the model breaks off afterwards.
    Leaving the loop or the block early ends the upstream call, which is neutral for the model; the block does it
    at once, the bare loop as soon as nothing refers to its iterator.
    """

    def __init__(self, operations: Operations, task: Task) -> None:
        self._operations = operations
        self._task = task
        self._opened: ReplyStream | None = None

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """The answer from its beginning: every loop runs the task anew."""
        stream = await self._operations.open_stream(self._task)
        try:
            async for events in stream:
                yield events
        finally:
            await stream.aclose()

    async def __aenter__(self) -> ReplyStream:
        """Runs the task until its first content is there."""
        self._opened = await self._operations.open_stream(self._task)
        return self._opened

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the upstream call, if it still runs."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()
