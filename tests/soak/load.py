"""The soak's load: so many requests a second of both kinds and both dialects, one in twenty given up by its client.

`python -m tests.soak.load GATEWAY RATE SECONDS SEED DIALECTS` prints its counts as JSON when all answers have come.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from random import Random

import aiohttp
import uvloop

from hive_console.core.settings import Dialect

MODELS = ("first", "second", "third")
"""Each meets a fault of every passing kind by dice, and stands in for the others."""

LASTING = {"limited": "rate-limited:1s", "unpaid": "quota-exhausted", "locked": "key-refused"}
"""Models whose account is what is wrong: their faults last, and their fallbacks answer."""

LASTING_SHARE = 0.05
STREAM_SHARE = 0.5
LEAVING_SHARE = 0.075
PATIENCE_OF_LEAVERS = 0.06
"""Mean seconds until a client that means to leave does so: two in three come to it before their answer's end, which
makes one disconnect in twenty requests, before the first byte and in the middle of streams."""

TOKENS = 6
GIVE_UP = 30.0
"""Seconds after which a client gives an answer up; none should take so long."""

MOST_IN_FLIGHT = 2000
"""Requests of this load under way at once; beyond it arrivals are skipped and counted, so that a gateway that is
too slow shows as such and not as an endless queue."""

PATHS = {Dialect.OPENAI: "/chat/completions", Dialect.ANTHROPIC: "/messages"}
LAST = {Dialect.OPENAI: b"data: [DONE]", Dialect.ANTHROPIC: b"event: message_stop"}


class Load:
    """Sends at fixed times, whatever became of what was sent before."""

    def __init__(self, gateway: str, *, rng: Random, dialects: tuple[Dialect, ...]) -> None:
        self._gateway = gateway
        self._rng = rng
        self._dialects = dialects
        self._in_flight = 0
        self.counts: Counter[str] = Counter()

    async def run(self, rate: float, seconds: float) -> None:
        timeout = aiohttp.ClientTimeout(total=GIVE_UP)
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False) as session,
            asyncio.TaskGroup() as group,
        ):
            began = time.monotonic()
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                if self._in_flight >= MOST_IN_FLIGHT:
                    self.counts["skipped"] += 1
                    continue
                self._in_flight += 1
                group.create_task(self._request(session))

    async def _request(self, session: aiohttp.ClientSession) -> None:
        dialect = self._rng.choice(self._dialects)
        is_stream = self._rng.random() < STREAM_SHARE
        patience = self._rng.expovariate(1 / PATIENCE_OF_LEAVERS)
        leaves = self._rng.random() < LEAVING_SHARE
        body = {
            "model": self._rng.choice(tuple(LASTING) if self._rng.random() < LASTING_SHARE else MODELS),
            "messages": [{"role": "user", "content": "hello"}],
            "max_tokens": TOKENS,
            "stream": is_stream,
        }
        self.counts["sent"] += 1
        self.counts[f"sent {dialect.value}{' streamed' if is_stream else ''}"] += 1
        try:
            async with asyncio.timeout(patience if leaves else None):
                async with session.post(self._gateway + PATHS[dialect], json=body) as response:
                    self.counts[_said(response.status, await response.read(), dialect, is_stream=is_stream)] += 1
        except TimeoutError:
            self.counts["gave up on purpose" if leaves else "no answer in time"] += 1
        except (aiohttp.ClientError, OSError) as error:
            self.counts[f"broken: {type(error).__name__} {getattr(error, 'errno', None) or ''}".rstrip()] += 1
        finally:
            self._in_flight -= 1


def _said(status: int, body: bytes, dialect: Dialect, *, is_stream: bool) -> str:
    if status != 200:
        return f"status {status} {_code_of(body)}"
    if is_stream and LAST[dialect] not in body[-200:]:
        return "streams ended by an error event" if b'"error"' in body[-2000:] else "streams without an end"
    return "answered"


def _code_of(body: bytes) -> str:
    """What the error says for programs: OpenAI's `code`, Anthropic's `type`."""
    try:
        error = json.loads(body)["error"]
        return str(error.get("code") or error["type"])
    except (ValueError, KeyError, TypeError):
        return "without an error in it"


def main() -> None:
    gateway, rate, seconds, seed, dialects = sys.argv[1:]
    load = Load(gateway, rng=Random(seed), dialects=tuple(Dialect(name) for name in dialects.split(",")))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(load.run(float(rate), float(seconds)))
    print(json.dumps(load.counts))


if __name__ == "__main__":
    main()
