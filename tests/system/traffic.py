"""A steady load through the official client, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import Self

from openai import AsyncOpenAI, OpenAIError


@dataclass(slots=True)
class Result:
    """One request: when it began, how long it took, which model answered, or which error came."""

    began: float
    seconds: float
    served_by: str = ""
    error: str = ""


@dataclass
class Load:
    """So many requests a second for one model until `stop`."""

    base_url: str
    model: str
    rate: float = 10.0
    results: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._end = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(60)

    def errors(self) -> list[str]:
        return [result.error for result in self.results if result.error]

    def served_since(self, moment: float) -> list[str]:
        """Who answered the requests that began after `moment`."""
        return [result.served_by for result in self.results if result.began >= moment]

    async def _run(self) -> None:
        client = AsyncOpenAI(base_url=self.base_url, api_key="none", max_retries=0, timeout=30)
        async with client, asyncio.TaskGroup() as group:
            began = time.monotonic()
            number = 0
            while not self._end.is_set():
                group.create_task(self._ask(client))
                number += 1
                # A pace, not a wait for something: the next request is due at its own time.
                await asyncio.sleep(max(0.0, began + number / self.rate - time.monotonic()))

    async def _ask(self, client: AsyncOpenAI) -> None:
        began = time.monotonic()
        try:
            raw = await client.chat.completions.with_raw_response.create(
                model=self.model, messages=[{"role": "user", "content": "hello"}]
            )
        except OpenAIError as error:
            self.results.append(Result(began, time.monotonic() - began, error=f"{type(error).__name__}: {error}"))
        else:
            served_by = raw.headers.get("x-hive-model", "")
            self.results.append(Result(began, time.monotonic() - began, served_by=served_by))
