"""The heartbeat: it beats while all works, is silent while something does not, and tells once that it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hive_console.core import alert_settings
from hive_console.core.events import Event, ServiceFailed
from hive_console.core.notifying.notice import Receipt, Verdict
from hive_console.engine.bus import NOTHING, Bus
from hive_console.engine.heartbeat import PATIENCE, Heartbeat
from hive_console.sim.virtual_time import VirtualClock, run_virtually
from tests.engine.outside import BROKEN, TAKEN

URL = alert_settings.Heartbeat("https://watch.example/1")
OTHER = alert_settings.Heartbeat("https://watch.example/2", every=20.0)


@dataclass
class Watch:
    """Somebody outside who hears the beats; fits `engine.ports.Heart` for each URL."""

    beats: list[tuple[float, str]] = field(default_factory=list)
    answers: list[Receipt | Exception | None] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)
    illness: str = ""


class Way:
    def __init__(self, watch: Watch, settings: alert_settings.Heartbeat) -> None:
        self._watch, self._url = watch, settings.address

    async def beat(self) -> Receipt:
        loop = asyncio.get_running_loop()
        self._watch.beats.append((loop.time(), self._url[-1]))
        answer = self._watch.answers.pop(0) if self._watch.answers else TAKEN
        if answer is None:
            await loop.create_future()
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        return answer

    async def close(self) -> None:
        self._watch.closed.append(self._url[-1])


@asynccontextmanager
async def beating(settings: alert_settings.Heartbeat | None, watch: Watch) -> AsyncIterator[Heartbeat]:
    bus = Bus()

    def note(event: Event) -> tuple[Event, ...]:
        watch.told.append(event)
        return NOTHING

    bus.subscribe(note)
    heartbeat = Heartbeat(
        settings,
        lambda one: Way(watch, one),
        illness=lambda: watch.illness,
        clock=VirtualClock(asyncio.get_running_loop()),
        bus=bus,
    )
    task = asyncio.create_task(heartbeat.run())
    yield heartbeat
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_it_beats_at_once_and_in_its_rhythm_whatever_a_beat_takes() -> None:
    async def scene() -> None:
        watch = Watch(answers=[TAKEN, None])
        async with beating(URL, watch):
            await asyncio.sleep(200)

        assert watch.beats == [(0.0, "1"), (60.0, "1"), (120.0, "1"), (180.0, "1")]
        assert watch.closed == ["1"]

    run_virtually(scene())


def test_no_beat_goes_out_while_something_does_not_work() -> None:
    async def scene() -> None:
        watch = Watch()
        async with beating(URL, watch):
            await asyncio.sleep(30)
            watch.illness = "the recorder cannot write"
            await asyncio.sleep(300)
            watch.illness = ""
            await asyncio.sleep(60)

        assert [at for at, _ in watch.beats] == [0.0, 360.0]

    run_virtually(scene())


def test_beats_that_are_not_answered_are_told_once_until_one_is() -> None:
    async def scene() -> None:
        watch = Watch(answers=[None, BROKEN, KeyError("x"), TAKEN, Receipt(verdict=Verdict.REFUSED, answer="gone")])
        async with beating(URL, watch):
            await asyncio.sleep(500)

        told = [event for event in watch.told if isinstance(event, ServiceFailed)]
        assert [(event.service, event.message) for event in told] == [
            ("the heartbeat", f"no answer within {PATIENCE:g} s"),
            ("the heartbeat", "gone"),
        ]

    run_virtually(scene())


def test_other_settings_are_beaten_to_at_once_and_none_is_silence() -> None:
    async def scene() -> None:
        watch = Watch()
        async with beating(None, watch) as heartbeat:
            await asyncio.sleep(100)
            heartbeat.reconfigure(OTHER)
            await asyncio.sleep(30)
            heartbeat.reconfigure(OTHER)
            await asyncio.sleep(5)
            heartbeat.reconfigure(URL)
            await asyncio.sleep(5)
            heartbeat.reconfigure(None)
            await asyncio.sleep(500)

        assert watch.beats == [(100.0, "2"), (120.0, "2"), (135.0, "1")]
        assert watch.closed == ["2", "1"]

    run_virtually(scene())
