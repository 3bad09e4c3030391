"""Simulated models under the weather, in virtual time (fits `engine.ports.Provider`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from hive_console.core.errors import ProviderError
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings
from hive_console.core.task import Answer, Piece, Task
from hive_console.sim.rehearsal.dice import Dice
from hive_console.sim.rehearsal.episodes import Episode, Sky, Trouble

MEDIANS = (1.2, 0.9, 1.6, 0.7, 2.0, 1.1)
"""Median seconds of a whole answer, by turns over the models: chat answers of current models, large and small."""

SPREAD = 0.35
"""Sigma of the logarithm of those times: p95 at 1.8 times the median."""

FIRST_TOKEN = 0.4
"""Share of an answer's time until its first token."""

PIECES = 3
"""Pieces of a streamed answer: enough to break between them; more would only cost the computer's time."""

PROBE_SECONDS = 0.12
"""What a list of models takes."""

REFUSED_SECONDS = 0.03
"""What a refused connection, an error of a load balancer, a 429 and a 529 take: one round trip; the request is
turned away at the door."""

LIMITED_SHARE = 0.7
"""Share of calls that a rate limit hits while it holds: the rest are within it."""

PROBE_SHARE = 0.3
"""Probes fail in a partial incident this much as often as calls do: the list of models is another service."""

CUT_SHARE = 0.2
"""Share of a stream's partial errors that come after its first content, where no other model may go on."""

COLD_EVERY = 3
"""Every third model is unloaded when nobody asks for it, as small and self-hosted ones are."""

COLD_AFTER = 900.0
"""Seconds without a call after which such a model is cold."""

COLD_SECONDS = 4.0
"""Median seconds that a cold model's first answer takes more."""

FAULT_SHARE = 0.3
"""Share of an answer's time until an internal error (500): the work was begun."""

ANSWER = Answer(b'{"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]}')

_REFUSED = Outcome(OutcomeKind.CONNECTION_FAILED, message="connection refused")
_DOWN = Outcome(OutcomeKind.SERVER_ERROR, status=503, message="service unavailable")
_BROKEN = Outcome(OutcomeKind.SERVER_ERROR, status=500, message="internal error")
_OVERLOADED = Outcome(OutcomeKind.OVERLOADED, status=529, message="overloaded")
_CUT = Outcome(OutcomeKind.STREAM_CUT, message="the connection ended")
_BAD = Outcome(OutcomeKind.BAD_REQUEST, status=400, message="invalid request")

IS_BAD = "bad"
"""A key in a task's request that makes it the caller's fault."""

_OPENING = Piece(b": opening\n\n", has_content=False)
_CONTENT = Piece(b"data: {}\n\n", has_content=True)


class WeatheredModels:
    """All models of a rehearsal. What is wrong when a call begins decides what becomes of it.

    Args:
        models: the fleet.
        sky: the weather.
        seed: of response times and of which calls fail.
        elapsed: seconds since the weather began.
        sleep: how to wait.
    """

    def __init__(
        self,
        models: Sequence[ModelSettings],
        sky: Sky,
        *,
        seed: str,
        elapsed: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sky = sky
        self._elapsed = elapsed
        self._sleep = sleep
        self._dice = Dice(seed, "models")
        self._medians = {model.id: MEDIANS[place % len(MEDIANS)] for place, model in enumerate(models)}
        self._last_call = {
            model.id: 0.0 for place, model in enumerate(models) if place % COLD_EVERY == COLD_EVERY - 1
        }
        self.in_flight = {model.id: 0 for model in models}
        self.most_in_flight = dict(self.in_flight)

    async def complete(self, model: ModelSettings, task: Task) -> Answer:
        """One whole answer, or what the weather makes of it."""
        self._enter(model.id)
        try:
            await self._work(model.id, task, share=1.0)
        finally:
            self.in_flight[model.id] -= 1
        return ANSWER

    async def stream(self, model: ModelSettings, task: Task) -> AsyncGenerator[Piece, None]:
        """A streamed answer; in partial incidents some break after their first content."""
        self._enter(model.id)
        try:
            yield _OPENING
            over = self._sky.over(model.id, self._elapsed())
            is_partial = over is not None and over.trouble is Trouble.PARTIAL
            is_cut = is_partial and self._dice.chance(over.strength * CUT_SHARE if over else 0.0)
            if is_cut:
                seconds = self._seconds(model.id)
                await self._sleep(seconds * FIRST_TOKEN)
            else:
                seconds = await self._work(model.id, task, share=FIRST_TOKEN)
            for number in range(PIECES):
                if is_cut and number == PIECES - 1:
                    raise ProviderError(_CUT)
                yield _CONTENT
                await self._sleep(seconds * (1 - FIRST_TOKEN) / PIECES)
        finally:
            self.in_flight[model.id] -= 1

    async def probe(self, model: ModelSettings) -> Outcome:
        """The list of models: down when the model is, blind to slowness and limits, half blind to errors."""
        over = self._sky.over(model.id, self._elapsed())
        if over is None:
            await self._sleep(PROBE_SECONDS)
            return SUCCESS
        match over.trouble:
            case Trouble.HANGING:
                await _for_ever()
            case Trouble.REFUSING:
                await self._sleep(REFUSED_SECONDS)
                return _REFUSED
            case Trouble.UNAVAILABLE:
                await self._sleep(REFUSED_SECONDS)
                return _DOWN
            case Trouble.PARTIAL if self._dice.chance(over.strength * PROBE_SHARE):
                await self._sleep(PROBE_SECONDS)
                return _BROKEN
            case Trouble.PARTIAL | Trouble.SLOW | Trouble.LIMITED:
                pass
        await self._sleep(PROBE_SECONDS)
        return SUCCESS

    def unfit(self, model: ModelSettings, task: Task) -> str:  # noqa: ARG002 - the port's; all here do the same work
        """Nothing."""
        return ""

    def fault_of(self, model: ModelSettings) -> str:  # noqa: ARG002 - the port's; nobody's key is asked for here
        """Nothing: a rehearsal needs no keys."""
        return ""

    def _enter(self, model: str) -> None:
        count = self.in_flight[model] + 1
        self.in_flight[model] = count
        self.most_in_flight[model] = max(self.most_in_flight[model], count)

    def _seconds(self, model: str) -> float:
        """How long the whole answer takes while nothing is wrong."""
        seconds = self._dice.log_normal(self._medians[model], SPREAD)
        last = self._last_call.get(model)
        if last is not None:
            now = self._elapsed()
            self._last_call[model] = now
            if now - last > COLD_AFTER:
                seconds += self._dice.log_normal(COLD_SECONDS, SPREAD)
        return seconds

    async def _work(self, model: str, task: Task, *, share: float) -> float:
        """Takes this share of an answer's time, or fails as the weather wants it; the seconds of all of it."""
        over = self._sky.over(model, self._elapsed())
        if over is not None:
            await self._suffer(over, model)
        seconds = self._seconds(model)
        if over is not None and over.trouble is Trouble.SLOW:
            seconds *= over.strength
        if IS_BAD in task.request:
            await self._sleep(REFUSED_SECONDS)
            raise ProviderError(_BAD)
        await self._sleep(seconds * share)
        return seconds

    async def _suffer(self, over: Episode, model: str) -> None:
        """Fails where the trouble makes this call fail."""
        match over.trouble:
            case Trouble.HANGING:
                await _for_ever()
            case Trouble.REFUSING:
                await self._sleep(REFUSED_SECONDS)
                raise ProviderError(_REFUSED)
            case Trouble.UNAVAILABLE:
                await self._sleep(REFUSED_SECONDS)
                raise ProviderError(_DOWN)
            case Trouble.PARTIAL if self._dice.chance(over.strength):
                if self._dice.chance(0.5):
                    await self._sleep(REFUSED_SECONDS)
                    raise ProviderError(_OVERLOADED)
                await self._sleep(self._medians[model] * FAULT_SHARE)
                raise ProviderError(_BROKEN)
            case Trouble.LIMITED if self._dice.chance(LIMITED_SHARE):
                await self._sleep(REFUSED_SECONDS)
                wait = over.strength or None
                raise ProviderError(Outcome(OutcomeKind.RATE_LIMITED, status=429, retry_after=wait))
            case Trouble.PARTIAL | Trouble.LIMITED | Trouble.SLOW:
                pass


async def _for_ever() -> None:
    """Waits until the caller gives up, without a timer for the loop to keep."""
    await asyncio.get_running_loop().create_future()
