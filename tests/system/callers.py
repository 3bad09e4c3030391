"""Callers with one request after the other, and what each answer's headers said."""

from __future__ import annotations

import itertools
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp

TICK = 0.002
"""Seconds by which a timer may seem early: the loop's clock counts milliseconds, and a trail rounds them."""


@dataclass(frozen=True, slots=True)
class Called:
    """One answer: which model was asked, which one answered, after which calls, in how many seconds."""

    asked: str
    seconds: float
    status: int
    served_by: str
    attempts: int
    trail: str

    def met(self, model: str, cause: str) -> bool:
        """Whether this answer's request had that outcome at that model."""
        return f"{model} {cause} " in self.trail

    def waited_for(self, model: str, cause: str) -> float:
        """Seconds that this answer's request spent at that model before that outcome; 0 without it."""
        found = re.search(rf"{re.escape(model)} {re.escape(cause)} (\d+)ms", self.trail)
        return int(found[1]) / 1000 if found else 0.0


@dataclass
class Calling:
    """All callers of one gateway, on the loop that enters it."""

    gateway: str
    called: list[Called] = field(default_factory=list)
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60), trust_env=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def loop(self, models: Sequence[str], seconds: float) -> None:
        """One caller that asks for the models in turn, for so many seconds."""
        end = time.monotonic() + seconds
        for model in itertools.cycle(models):
            if time.monotonic() >= end:
                return
            await self.once(model)

    async def once(self, model: str) -> None:
        """One request for a short answer."""
        assert self._session is not None
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
        began = time.monotonic()
        async with self._session.post(f"{self.gateway}/chat/completions", json=body) as response:
            await response.read()
            told = response.headers
            self.called.append(
                Called(
                    model,
                    time.monotonic() - began,
                    response.status,
                    told.get("x-hive-model", ""),
                    int(told.get("x-hive-attempts", "0")),
                    told.get("x-hive-trail", ""),
                )
            )


def median(called: Sequence[Called]) -> float:
    """Seconds of the answer in the middle."""
    return statistics.median(one.seconds for one in called)
