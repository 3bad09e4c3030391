"""The two ways to make an attempt: a whole answer, and a stream opened up to its first content."""

from __future__ import annotations

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

    async def abandon(self) -> None:
        """Ends it early (a lost race, a client that left): neutral for the model, the connection is freed."""
        try:
            await self.source.aclose()
        finally:
            self.lease.settle(CANCELLED)

    async def next(self) -> bytes | None:
        """The next event's bytes, or `None` after the last; a broken stream raises and counts."""
        try:
            piece = await anext(self.source)
        except StopAsyncIteration:
            self.lease.settle(SUCCESS)
            return None
        except ProviderError as error:
            self.lease.settle(error.outcome)
            raise
        if piece.usage is not None or self.lease.counts_tokens:
            self.lease.note(piece)
        return piece.data


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
