"""A bulkhead, of one model or of all: so many at once, the others wait in line, and a full line refuses."""

from __future__ import annotations

import asyncio
from collections import deque


class Bulkhead:
    """Places for calls, handed out first come, first served. A refusal is no failure of the model."""

    def __init__(self, places: int, max_waiting: int) -> None:
        self.places = places
        self.taken = 0
        self._max_waiting = max_waiting
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """Calls in line."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether a new call would have to wait."""
        return self.taken >= self.places or bool(self._waiting)

    def try_take(self) -> bool:
        """Takes a place if one is free and nobody waits for it."""
        if self.is_full:
            return False
        self.taken += 1
        return True

    async def take(self, patience: float) -> bool:
        """Takes a place, waiting in line for at most `patience` seconds; `False` when there was none."""
        if self.try_take():
            return True
        if len(self._waiting) >= self._max_waiting or patience <= 0:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(patience):
                await turn
        except TimeoutError:
            return self._gave_up(turn)
        except asyncio.CancelledError:
            if self._gave_up(turn):
                self.release()
            raise
        return True

    def release(self) -> None:
        """Gives a place back: to the first in line, if anybody waits and there are not fewer places by now."""
        self.taken -= 1
        if self._waiting:
            self._hand_over()

    @property
    def is_idle(self) -> bool:
        """Whether nobody has a place or waits for one."""
        return self.taken == 0 and not self._waiting

    def bound(self, max_waiting: int) -> None:
        """Changes how many may wait; who waits already goes on waiting."""
        self._max_waiting = max_waiting

    def resize(self, places: int) -> None:
        """Changes the number of places; who has one keeps it, and new ones go to the line at once."""
        if places != self.places:
            self.places = places
            self._hand_over()

    def _hand_over(self) -> None:
        while self._waiting and self.taken < self.places:
            turn = self._waiting.popleft()
            if not turn.done():
                self.taken += 1
                turn.set_result(None)

    def _gave_up(self, turn: asyncio.Future[None]) -> bool:
        """Leaves the line; whether the place had been handed over in that very moment."""
        if turn.done() and not turn.cancelled():
            return True
        turn.cancel()
        if turn in self._waiting:
            self._waiting.remove(turn)
        return False
