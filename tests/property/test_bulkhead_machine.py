"""The bulkhead under any order of arrivals, cancellations, timeouts and ends: no place is lost or given twice."""

from __future__ import annotations

import asyncio
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from hive_console.engine.bulkhead import Bulkhead
from hive_console.sim.virtual_time import run_virtually
from tests.property.modest import MODEST

PLACES = 2
MAX_WAITING = 4

ARRIVAL = st.tuples(st.just("arrive"), st.sampled_from([0.0, 1.0, 2.0, 60.0, 60.0]))  # with so much patience
FINISH = st.tuples(st.just("finish"), st.sampled_from([0.0, 0.0, 1.0, 2.0]))  # so many seconds later
CANCEL = st.tuples(st.just("cancel"), st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0]))  # the n-th of those that wait
TIME = st.tuples(st.just("time"), st.sampled_from([0.5, 1.0, 2.0]))
MOMENT = st.lists(st.one_of(ARRIVAL, ARRIVAL, ARRIVAL, FINISH, FINISH, CANCEL), min_size=1, max_size=6)
"""What happens before the loop has had a turn: a release and a cancellation in one moment are the hard case."""


class Scene:
    """A bulkhead, everybody who came to it, and in which order they were served."""

    def __init__(self) -> None:
        self.bulkhead = Bulkhead(PLACES, MAX_WAITING)
        self.numbers = count()
        self.callers: dict[int, asyncio.Task[None]] = {}
        self.inside: list[int] = []
        self.served_late: list[int] = []

    @property
    def waiting(self) -> list[int]:
        return [number for number, task in self.callers.items() if not task.done()]

    async def caller(self, number: int, patience: float) -> None:
        has_to_wait = self.bulkhead.is_full
        if not await self.bulkhead.take(patience):
            return
        self.inside.append(number)
        if has_to_wait:
            self.served_late.append(number)

    def do(self, deed: str, value: float) -> None:
        match deed:
            case "arrive":
                number = next(self.numbers)
                self.callers[number] = asyncio.get_running_loop().create_task(self.caller(number, value))
            case "finish" if value:
                asyncio.get_running_loop().call_later(value, self.finish)
            case "finish":
                self.finish()
            case "cancel" if self.waiting:
                self.callers[self.waiting[int(value) % len(self.waiting)]].cancel()
            case _:
                pass

    def finish(self) -> None:
        if self.inside:
            self.inside.pop(0)
            self.bulkhead.release()

    def check(self) -> None:
        assert self.bulkhead.taken == len(self.inside) <= PLACES
        assert len(self.waiting) <= MAX_WAITING
        assert not self.waiting or len(self.inside) == PLACES  # nobody waits beside a free place
        assert self.served_late == sorted(self.served_late)  # first come, first served


async def play(moments: list[tuple[list[tuple[str, float]], tuple[str, float]]]) -> None:
    scene = Scene()
    for deeds, (_, seconds) in moments:
        for deed, value in deeds:
            scene.do(deed, value)
        await settle()
        scene.check()
        await asyncio.sleep(seconds)
        await settle()
        scene.check()

    while scene.waiting or scene.inside:
        scene.finish()
        await settle()
    assert scene.bulkhead.taken == 0
    assert not scene.bulkhead.is_full


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@MODEST
@given(moments=st.lists(st.tuples(MOMENT, TIME), min_size=10, max_size=30))
def test_places_are_neither_lost_nor_given_twice(
    moments: list[tuple[list[tuple[str, float]], tuple[str, float]]],
) -> None:
    run_virtually(play(moments))
