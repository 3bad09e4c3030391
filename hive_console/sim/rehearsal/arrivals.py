"""Traffic: sessions that come by the time of day, each a series of operations. The same seed, the same traffic.

BIP-03's own work comes in rounds (a vote asks every model in turn) and in jobs (one application asks one model
many times). So does this traffic: between sessions nothing is asked and only probes watch the fleet.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hive_console.core.task import Task
from hive_console.sim.rehearsal.dice import Dice
from hive_console.sim.rehearsal.models import IS_BAD

DAY = 86_400.0

OPERATIONS_PER_MODEL = 500.0
"""Operations a model and day: light, so that thirty days of six models are 90,000 operations."""

SESSION_LENGTH = 24.0
"""Mean operations of a session: four rounds over six models."""

LONGEST_SESSION = 240
"""No session has more operations: ten times the mean."""

PACE = 1.0
"""Mean seconds between two operations of a session."""

DAILY_SWING = 0.6
"""How far traffic goes above and below its mean in the course of a day."""

PEAK = 15 / 24
"""The share of the day at which most is asked: three in the afternoon."""

ROUND_SHARE = 0.4
"""Share of sessions that are rounds over all models; the others ask one model."""

STREAM_SHARE = 0.1
"""Share of streamed operations: enough to break some, cheap enough for thirty days."""

BOUND_SHARE = 0.01
"""Share of operations that only the very model may do (a model's own vote); each is lost while it is down."""

BAD_SHARE = 0.003
"""Share of operations that are their caller's fault."""

LEAVING_SHARE = 0.005
"""Share of callers that go away before any deadline."""

LEAVES_WITHIN = (0.1, 10.0)
"""Seconds after which such a caller is gone, between these."""

PATIENCES: tuple[tuple[float | None, float], ...] = ((None, 0.7), (60.0, 0.2), (45.0, 0.1))
"""Deadlines that callers bring, with their shares; `None` takes the settings' one."""

MESSAGES: tuple[dict[str, str], ...] = ({"role": "user", "content": "yes or no?"},)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One operation that a caller wants.

    Attributes:
        at: seconds after the beginning.
        task: what is wanted.
        is_streamed: whether the answer is streamed.
        leaves_after: seconds after which the caller goes away, `None` for the patient.
    """

    at: float
    task: Task
    is_streamed: bool
    leaves_after: float | None


@dataclass(slots=True)
class _Session:
    """A session under way: the model it asks (`None`: all by turns) and how many operations are left."""

    model: str | None
    left: int
    turn: int


def draw_arrivals(models: Sequence[str], seed: str, length: float) -> Iterator[Arrival]:
    """The arrivals of the first `length` seconds in order of time."""
    dice = Dice(seed, "traffic")
    waiting: list[tuple[float, int, _Session]] = []
    number = 0
    per_day = OPERATIONS_PER_MODEL * len(models) / SESSION_LENGTH
    coming = _next_session(dice, 0.0, per_day)
    while True:
        if not waiting or coming <= waiting[0][0]:
            if coming >= length:
                if not waiting:
                    return
            else:
                number += 1
                heapq.heappush(waiting, (coming, number, _session(dice, models)))
            coming = _next_session(dice, coming, per_day) if coming < length else math.inf
            continue
        at, place, session = heapq.heappop(waiting)
        if at < length:
            yield _arrival(dice, at, models, session)
        session.left -= 1
        if session.left:
            heapq.heappush(waiting, (at + dice.exponential(PACE), place, session))


def _next_session(dice: Dice, now: float, per_day: float) -> float:
    """When the next session begins: a Poisson process thinned to the shape of the day (Lewis, Shedler, 1979)."""
    mean = DAY / (per_day * (1 + DAILY_SWING))
    while True:
        now += dice.exponential(mean)
        shape = 1 + DAILY_SWING * math.cos(math.tau * (now / DAY - PEAK))
        if dice.roll() * (1 + DAILY_SWING) < shape:
            return now


def _session(dice: Dice, models: Sequence[str]) -> _Session:
    is_round = dice.chance(ROUND_SHARE)
    # Exponential lengths, cut to whole operations: the continuous twin of a geometric number.
    left = min(LONGEST_SESSION, 1 + int(dice.exponential(SESSION_LENGTH - 0.5)))
    return _Session(None if is_round else dice.pick(models), left, int(dice.roll() * len(models)))


def _arrival(dice: Dice, at: float, models: Sequence[str], session: _Session) -> Arrival:
    session.turn = (session.turn + 1) % len(models)
    is_bad = dice.chance(BAD_SHARE)
    task = Task(
        session.model or models[session.turn],
        {"messages": MESSAGES, IS_BAD: True} if is_bad else {"messages": MESSAGES},
        deadline=dice.weighted(PATIENCES),
        allow_fallback=not dice.chance(BOUND_SHARE),
    )
    is_streamed = dice.chance(STREAM_SHARE)
    leaves_after = dice.between(*LEAVES_WITHIN) if dice.chance(LEAVING_SHARE) else None
    return Arrival(at, task, is_streamed, leaves_after)
