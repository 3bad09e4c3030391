"""Questions to the recording that a screen waits for: looked at from its own timer, so that nothing blocks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from hive_console.core.text import clean

T = TypeVar("T")

LOOK = 0.05
"""Seconds between two looks at an answer under way: faster than an eye waits."""

PROBLEM_LIMIT = 300
"""Characters kept of why there is no answer."""


class Asked(Generic[T]):
    """The latest question of one kind; an earlier one is forgotten, and its answer with it."""

    def __init__(self) -> None:
        self._future: Future[T] | None = None
        self._then: Callable[[T], None] = lambda _: None
        self.problem = ""

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is under way."""
        return self._future is not None

    def ask(self, future: Future[T], then: Callable[[T], None]) -> None:
        """Waits for this one from now on."""
        self._future, self._then, self.problem = future, then, ""

    def forget(self) -> None:
        """Waits for nothing."""
        self._future = None

    def look(self) -> bool:
        """Hands on the answer once it is there, or notes why there is none; whether either happened."""
        future = self._future
        if future is None or not future.done():
            return False
        self._future = None
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or error is not None:
            self.problem = clean(str(error) if error is not None else "the recording was closed", PROBLEM_LIMIT)
        else:
            self._then(future.result())
        return True
