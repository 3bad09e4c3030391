"""The alert desk: what time brings about comes when it is due, and what only a look shows within a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from hive_console.core import events as e
from hive_console.core.alert_settings import (
    AlertRoute,
    AlertSettings,
    ChannelKind,
    ChannelSettings,
    RuleChange,
    Step,
)
from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.matching import Matcher
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.errors import OperationFailed
from hive_console.core.notifying.planner import Planner
from hive_console.core.settings import Settings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import AlertRule, NoticeEnd, NoticeKind
from hive_console.core.task import Task
from hive_console.engine.alert_desk import EVERY, AlertDesk
from hive_console.engine.bus import NOTHING, Bus
from hive_console.engine.supervisor import ResilienceEngine
from hive_console.sim.virtual_time import EPOCH, VirtualClock, run_virtually
from tests.core.samples import fleet_view
from tests.engine.outside import Line, Outside
from tests.engine.scripted import DOWN, ListRecorder, ScriptedProvider, model
from tests.engine.scripted import Line as Answer

WAIT, GROUP_WAIT = 7.25, 10.0
RULE = AlertRule.MODEL_UNAVAILABLE
ABOUT = Matcher("rule", RULE.value)
SLACK = ChannelSettings("slack", ChannelKind.WEBHOOK, "http://127.0.0.1:1/")
BELL = ChannelSettings("bell", ChannelKind.TERMINAL)


def told_at_once(*channels: ChannelSettings, **more: object) -> AlertSettings:
    names = tuple(channel.name for channel in channels)
    return AlertSettings(
        channels=channels,
        routes=(AlertRoute(matchers=(ABOUT,), steps=(Step(0.0, names),)),) if names else (),
        group_wait=GROUP_WAIT,
        **more,  # type: ignore[arg-type]  # further fields of `AlertSettings`
    )


class Looking(AlertBook):
    """Counts its looks at the fleet."""

    __slots__ = ("looks",)

    def look(self, fleet: FleetSnapshot, now: float) -> list[e.Event]:
        self.looks = [*getattr(self, "looks", []), round(now - EPOCH, 3)]
        return super().look(fleet, now)


@dataclass
class Desk:
    book: Looking
    bus: Bus
    clock: VirtualClock
    heard: list[e.Event] = field(default_factory=list)

    def see(self, *, is_bad: bool) -> None:
        """What a request may do: a condition holds from now on, and no event tells of it."""
        seen = Sighting(rule=RULE, subject="a", is_bad=is_bad, text="it is down")
        self.bus.publish(self.book.see([seen], self.clock.now()))

    def when(self, kind: type[e.Event]) -> list[float]:
        return [round(event.at - EPOCH, 3) for event in self.heard if isinstance(event, kind)]


@asynccontextmanager
async def desk(*, is_watched: bool = False) -> AsyncIterator[Desk]:
    clock = VirtualClock(asyncio.get_running_loop())
    rules = (RuleChange(RULE, wait=WAIT, keep=3.0),)
    settings = Settings(models=(model("a"),), alerts=told_at_once(SLACK, rules=rules))
    book, bus = Looking(settings, now=clock.now()), Bus()
    planner = Planner(settings.alerts, alert_of=book.alert, draw=lambda: 0.5, now=clock.now())
    made = Desk(book, bus, clock)

    def note(event: e.Event) -> tuple[e.Event, ...]:
        made.heard.append(event)
        return NOTHING

    def fleet() -> FleetSnapshot:
        return fleet_view(at=clock.now())

    at = AlertDesk(book, planner, fleet=fleet if is_watched else None, clock=clock, bus=bus)
    bus.subscribe(planner.observe, *Planner.KINDS)
    bus.subscribe(at.take, *Planner.KINDS)
    bus.subscribe(note)
    task = asyncio.create_task(at.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_what_waits_becomes_an_alert_and_its_notice_a_notice_when_they_are_due() -> None:
    async def scene() -> None:
        async with desk() as made:
            await asyncio.sleep(1.1)
            made.see(is_bad=True)
            await asyncio.sleep(30)
            made.see(is_bad=False)
            await asyncio.sleep(30)

            raised = 1.1 + WAIT
            assert made.when(e.AlertRaised) == [raised]
            assert made.when(e.NoticeQueued)[0] == raised + GROUP_WAIT
            assert made.when(e.AlertResolved) == [31.1 + 3.0]

    run_virtually(scene())


def test_the_fleet_is_looked_at_once_a_second_and_only_where_somebody_watches() -> None:
    async def scene() -> None:
        async with desk(is_watched=True) as made:
            for _ in range(20):  # news does not make it look more often
                made.see(is_bad=True)
                made.see(is_bad=False)
                await asyncio.sleep(0.2)
            assert made.book.looks == [0.0, EVERY, 2 * EVERY, 3 * EVERY, 4 * EVERY]

        async with desk() as made:
            await asyncio.sleep(10)
            assert not hasattr(made.book, "looks")

    run_virtually(scene())


# --- in the engine -----------------------------------------------------------------------------------


@dataclass
class House:
    engine: ResilienceEngine
    provider: ScriptedProvider
    outside: Outside
    recorder: ListRecorder
    lines: list[Line]

    async def fail(self, name: str) -> None:
        """A call finds the model down, and its breaker opens at once."""
        self.provider.lines[name] = Answer(seconds=0.05, outcome=DOWN)
        with suppress(OperationFailed):
            await self.engine.execute(Task(name, {"messages": []}, allow_fallback=False))

    def settled(self) -> list[tuple[str, NoticeEnd]]:
        return [(event.channel, event.end) for event in self.recorder.events if isinstance(event, e.NoticeSettled)]


@asynccontextmanager
async def house(alerts: AlertSettings, *, delivers: bool = True) -> AsyncIterator[House]:
    clock = VirtualClock(asyncio.get_running_loop())
    provider, outside, recorder = ScriptedProvider(now=clock.now), Outside(now=clock.now), ListRecorder()
    lines: list[Line] = []

    def line(channel: ChannelSettings) -> Line:
        lines.append(Line(outside, channel))
        return lines[-1]

    models = tuple(model(name, threshold=1, retries=0) for name in ("a", "b", "c"))
    engine = ResilienceEngine(
        Settings(models=models, alerts=alerts),
        provider=provider,
        clock=clock,
        recorder=recorder,
        notifiers=line if delivers else None,
    )
    async with engine:
        yield House(engine, provider, outside, recorder, lines)


def test_the_inbox_shows_who_is_told_and_when() -> None:
    async def scene() -> None:
        async with house(told_at_once(SLACK)) as made:
            await made.fail("a")
            await asyncio.sleep(GROUP_WAIT + 2)

            snapshot = made.engine.snapshot()
            [alert] = [one for one in snapshot.alerts if one.rule is AlertRule.MODEL_UNAVAILABLE]
            [view] = snapshot.channels
            assert (alert.told, alert.untold, alert.step) == (("slack",), (), 1)
            assert (view.name, view.delivered, view.waiting) == ("slack", 1, 0)
            [told] = made.outside.taken("slack")
            assert (told.kind, told.alerts[0].alert_id) == (NoticeKind.FIRING, alert.alert_id)
            assert made.outside.arrivals[0].at - alert.raised_at <= GROUP_WAIT + 1

    run_virtually(scene())


def test_without_transports_alerts_fire_and_nobody_is_told() -> None:
    async def scene() -> None:
        async with house(told_at_once(SLACK), delivers=False) as made:
            await made.fail("a")
            await asyncio.sleep(60)

            assert made.engine.snapshot().channels == ()
            assert AlertRule.MODEL_UNAVAILABLE in {one.rule for one in made.engine.snapshot().alerts}
            assert not [one for one in made.recorder.events if isinstance(one, e.NoticeQueued)]

    run_virtually(scene())


def test_the_bell_rings_where_somebody_looks_and_is_not_rung_late() -> None:
    async def scene() -> None:
        async with house(told_at_once(BELL)) as made:
            await made.fail("a")
            await asyncio.sleep(GROUP_WAIT + 2)
            assert made.settled() == [("bell", NoticeEnd.SUPERSEDED)]

            made.engine.consoles.attach("ann")
            await made.fail("b")
            await asyncio.sleep(GROUP_WAIT + 2)

            assert ("bell", NoticeEnd.DELIVERED) in made.settled()
            assert made.lines == []

    run_virtually(scene())


def test_a_channel_that_other_settings_bring_is_used_and_one_that_they_take_is_not() -> None:
    async def scene() -> None:
        async with house(told_at_once()) as made:
            made.engine.reconfigure(replace(made.engine.settings, alerts=told_at_once(SLACK)))
            await made.fail("a")
            await asyncio.sleep(GROUP_WAIT + 2)
            assert [notice.kind for notice in made.outside.taken("slack")] == [NoticeKind.FIRING]

            made.engine.reconfigure(replace(made.engine.settings, alerts=told_at_once()))
            await made.fail("b")
            await asyncio.sleep(GROUP_WAIT + 2)

            assert len(made.outside.taken("slack")) == 1
            assert [line.is_closed for line in made.lines] == [True]

    run_virtually(scene())
