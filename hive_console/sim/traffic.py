"""Light traffic through a gateway, as a few applications would make it. Counts what comes back, logs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

import aiohttp

RATE = 5.0
"""Requests per second: enough that a breaker opens while one looks, light on a laptop."""

STREAM_SHARE = 0.25
"""One request in four is streamed."""

MAX_IN_FLIGHT = 32
"""More than the rate times the longest wait of the demo's settings; beyond it arrivals are skipped and counted."""

REQUEST_SECONDS = 30.0
"""The patience of one client."""

TOKEN_LIMIT = 64
"""Keeps every answer below the demo's timeout."""

QUESTIONS = (
    "Summarize the incident report in one sentence.",
    "Which of these three titles is the clearest?",
    "Translate the release note to French.",
    "Name two risks of this change.",
)


@dataclass(frozen=True, slots=True)
class TrafficCounts:
    """What came of the traffic so far.

    Attributes:
        sent: requests that were begun.
        streamed: how many of them were streams.
        answered: answers that came to their end.
        refused: error answers, and streams that ended in an error.
        unreachable: no answer: nobody listens, or the connection broke.
        skipped: arrivals while too many were in flight.
    """

    sent: int = 0
    streamed: int = 0
    answered: int = 0
    refused: int = 0
    unreachable: int = 0
    skipped: int = 0


class Traffic:
    """Poisson arrivals over weighted models.

    Args:
        models: names and their weights, of which at least one is positive.
        rng: the dice for arrivals, models and kinds.
        rate: mean requests per second.
    """

    def __init__(self, models: Sequence[tuple[str, float]], *, rng: Random, rate: float = RATE) -> None:
        self._names = [name for name, _ in models]
        self._weights = [weight for _, weight in models]
        self._rng = rng
        self._rate = rate
        self._in_flight = 0
        self.counts = TrafficCounts()

    async def run(self, gateway_url: Callable[[], str]) -> None:
        """Sends until cancelled. `gateway_url` gives the gateway's root (`http://127.0.0.1:8484`), asked before
        every request; while it gives nothing, nothing is sent.
        """
        timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
        # Outside the group: a session must outlive the requests that the group still cancels.
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session, asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self._rng.expovariate(self._rate))
                root = gateway_url().rstrip("/").removesuffix("/v1")
                if not root:
                    continue
                if self._in_flight >= MAX_IN_FLIGHT:
                    self.counts = replace(self.counts, skipped=self.counts.skipped + 1)
                    continue
                self._in_flight += 1
                group.create_task(self._request(session, root))

    async def _request(self, session: aiohttp.ClientSession, root: str) -> None:
        is_stream = self._rng.random() < STREAM_SHARE
        body = {
            "model": self._rng.choices(self._names, self._weights)[0],
            "messages": [{"role": "user", "content": self._rng.choice(QUESTIONS)}],
            "max_tokens": TOKEN_LIMIT,
            "stream": is_stream,
        }
        self.counts = replace(
            self.counts, sent=self.counts.sent + 1, streamed=self.counts.streamed + int(is_stream)
        )
        try:
            async with session.post(f"{root}/v1/chat/completions", json=body) as response:
                content = await response.read()
            is_answer = response.status == 200 and (not is_stream or content.rstrip().endswith(b"data: [DONE]"))
            if is_answer:
                self.counts = replace(self.counts, answered=self.counts.answered + 1)
            else:
                self.counts = replace(self.counts, refused=self.counts.refused + 1)
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.counts = replace(self.counts, unreachable=self.counts.unreachable + 1)
        finally:
            self._in_flight -= 1
