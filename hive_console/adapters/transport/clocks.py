"""The clocks of one attempt: how long each part may be waited for, and what it means when one strikes.

They run only while the provider is waited for: the time a consumer takes to read on is nobody's failure. The
engine's own bounds (a model's `timeout`, the operation's deadline) come from outside, by cancelling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self, TypeVar

from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings

_T = TypeVar("_T")


class Stage(Enum):
    """How far the attempt has come."""

    CONNECTING = auto()
    ASKED = auto()  # connected, the answer's headers have not come
    ANSWERING = auto()  # the headers are here, and nothing the model said
    SPEAKING = auto()  # content has come


@dataclass(slots=True)
class _Clock:
    """One bound.

    Attributes:
        seconds: what it was set to.
        said: what did not happen in time, as a message begins.
        left: seconds until it strikes.
    """

    seconds: float
    said: str
    left: float


class Clocks:
    """Counts the seconds that one attempt waits for its provider; one attempt, one object.

    Args:
        connect: seconds to reach the endpoint, each new connection anew; kept by the wire itself.
        headers: seconds until the answer's headers.
        first_content: seconds until the first content of a stream.
        idle: seconds between two pieces of content, from the first on.
        total: seconds of the whole attempt.

    Attributes:
        connect: as given.
        waited: seconds waited for the provider so far.
    """

    def __init__(
        self,
        connect: float,
        *,
        headers: float | None = None,
        first_content: float | None = None,
        idle: float | None = None,
        total: float | None = None,
    ) -> None:
        self.connect = connect
        self._stage = Stage.CONNECTING
        self._is_sent = False
        self.waited = 0.0
        self._idle_seconds = idle
        self._headers = _clock(headers, "no headers")
        self._stopped: _Clock | None = None
        self._first_content = _clock(first_content, "no content")
        self._idle: _Clock | None = None
        self._total = _clock(total, "not done")

    @classmethod
    def of_answer(cls, model: ModelSettings) -> Self:
        """The clocks of an answer in one piece."""
        return cls(model.connect_timeout, headers=model.headers_timeout, total=model.total_timeout)

    @classmethod
    def of_stream(cls, model: ModelSettings) -> Self:
        """The clocks of a streamed answer."""
        return cls(
            model.connect_timeout,
            headers=model.headers_timeout,
            first_content=model.first_token_timeout,
            idle=model.idle_timeout,
            total=model.total_timeout,
        )

    @classmethod
    def of_probe(cls, model: ModelSettings) -> Self:
        """The clocks of a probe, which has its own bound for all that follows the connection."""
        return cls(model.connect_timeout)

    def begin_connecting(self) -> None:
        """A connection is looked for; the other clocks go on."""
        self._stage = Stage.CONNECTING

    def note_connected(self) -> None:
        """A connection is there, new or kept: the request goes out."""
        self._stage = Stage.ASKED
        self._is_sent = True

    def note_headers(self) -> None:
        """The answer's headers have come."""
        self._stage = Stage.ANSWERING
        self._stopped, self._headers = self._headers, None
        self._is_sent = False

    def ask_again(self) -> None:
        """The answer refused the request, which is put right and sent again: the wait for headers goes on."""
        self._headers = self._stopped

    def note_content(self) -> None:
        """The model said something: the wait for the first content is over, the one for the next begins."""
        self._stage = Stage.SPEAKING
        self._first_content = None
        self._idle = _clock(self._idle_seconds, "nothing more")

    async def wait(self, waited: Awaitable[_T]) -> _T:
        """What `waited` gives; raises `ProviderError` for the first clock that strikes before."""
        running = [clock for clock in (self._headers, self._first_content, self._idle, self._total) if clock]
        if not running:  # a timer costs more than all the rest of a wait
            return await waited
        loop = asyncio.get_running_loop()
        nearest = min(running, key=lambda clock: clock.left)
        began = loop.time()
        bound = asyncio.timeout(nearest.left)
        try:
            async with bound:
                return await waited
        except TimeoutError:
            if not bound.expired():
                raise
        finally:
            spent = loop.time() - began
            self.waited += spent
            for clock in running:
                clock.left -= spent
        # Raised outside the handler: what was cancelled knows the request's headers.
        raise ProviderError(self._outcome(nearest))

    def _outcome(self, struck: _Clock) -> Outcome:
        within = f"within {struck.seconds:g} s"
        match self._stage:
            case Stage.CONNECTING:
                # Whatever clock it was: nothing can be said of the answer. A kept connection that died may have
                # carried the request before.
                message = f"not connected {within}"
                return Outcome(OutcomeKind.CONNECTION_FAILED, message=message, is_uncertain=self._is_sent)
            case Stage.ASKED:
                return Outcome(OutcomeKind.TIMED_OUT, message=f"{struck.said} {within}", is_uncertain=True)
            case Stage.ANSWERING:
                return Outcome(OutcomeKind.TIMED_OUT, message=f"{struck.said} {within}")
            case Stage.SPEAKING:
                message = f"{struck.said} {within}, in the middle of the answer"
                return Outcome(OutcomeKind.STREAM_STALLED, message=message)


def _clock(seconds: float | None, said: str) -> _Clock | None:
    return None if seconds is None else _Clock(seconds, said, seconds)
