"""The two ways to make an attempt: a whole answer, and a stream opened up to its first content."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from hive_console.core.errors import ProviderError
from hive_console.core.outcome import CANCELLED, SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings
from hive_console.core.task import Answer, Piece, Task
from hive_console.engine.executor import BYTES_PER_TOKEN, Lease
from hive_console.engine.ports import Provider


class WholeAnswer:
    """One answer; the call's end is the permit's end."""

    keeps_lease = False

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def patience(self, model: ModelSettings) -> float:
        """The model's timeout."""
        return model.timeout

    async def __call__(self, model: ModelSettings, task: Task, lease: Lease) -> Answer:
        """Asks for the answer."""
        answer = await self._provider.complete(model, task)
        lease.usage = answer.usage
        lease.limits = answer.limits
        if lease.counts_tokens:
            lease.written = len(answer.body) // BYTES_PER_TOKEN
        return answer


@dataclass(slots=True)
class OpenedStream:
    """A stream whose first content has come.

    Attributes:
        pieces: what came so far, the first content last.
        source: the rest.
        lease: place and permit, kept until the stream ends.
    """

    pieces: list[bytes] = field(repr=False)
    source: AsyncGenerator[Piece, None]
    lease: Lease
    _reader: asyncio.Task[object] | None = field(default=None, init=False)
    _others: int = field(default=0, init=False)
    _is_closed: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Can be ended by a kill switch from here on."""
        self.lease.breaks_off = self._break_off

    async def abandon(self) -> None:
        """Ends it early (a lost race, a client that left): neutral for the model, the connection is freed."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            await self.source.aclose()
        finally:
            self.lease.settle(CANCELLED)

    async def next(self) -> bytes | None:
        """The next event's bytes, or `None` after the last; a broken stream raises and counts."""
        if self.lease.killed:
            raise self._killed()
        self._reader = asyncio.current_task()
        self.lease.wait_for_piece()
        try:
            piece = await anext(self.source)
        except StopAsyncIteration:
            self.lease.settle(SUCCESS)
            return None
        except ProviderError as error:
            self.lease.settle(error.outcome)
            raise
        except asyncio.CancelledError:
            if self._is_struck():
                raise self._killed() from None
            raise
        finally:
            self._reader = None
            self.lease.waits_since = None
        if piece.usage is not None or self.lease.counts_tokens:
            self.lease.note(piece)
        return piece.data

    def _break_off(self) -> None:
        """Ends it now: who reads it is told, and while nobody does it is closed all the same."""
        self.lease.settle(self._killed().outcome)
        if self._reader is None:
            self.lease.close_soon(self.abandon)
        else:
            self._others = self._reader.cancelling()
            self._reader.cancel()

    def _is_struck(self) -> bool:
        """Whether the kill switch, and nobody else, cancelled the reader; takes that back."""
        if not self.lease.killed or self._reader is None:
            return False
        return self._reader.uncancel() <= self._others == 0

    def _killed(self) -> ProviderError:
        return ProviderError(Outcome(OutcomeKind.KILLED, message=self.lease.killed, is_uncertain=True))


class FirstContent:
    """A stream, read until something the model said has come; until then a fallback may still take over."""

    keeps_lease = True

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def patience(self, model: ModelSettings) -> float:
        """The model's timeout, or what it has for its first content."""
        return model.timeout if model.first_token_timeout is None else model.first_token_timeout

    async def __call__(self, model: ModelSettings, task: Task, lease: Lease) -> OpenedStream:
        """Opens the stream."""
        source = self._provider.stream(model, task)
        pieces: list[bytes] = []
        try:
            async for piece in source:
                pieces.append(piece.data)
                lease.note(piece)
                if piece.has_content:
                    lease.mark_first_token()
                    return OpenedStream(pieces, source, lease)
        except BaseException:
            await source.aclose()
            raise
        raise ProviderError(Outcome(OutcomeKind.MALFORMED, message="the stream ended without any content"))
