"""Couriers: what is on disk before a notice goes out, what comes of an answer, who waits for whom, the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertRoute, AlertSettings, ChannelKind, ChannelSettings, Step
from hive_console.core.errors import RecordingFailed
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt
from hive_console.core.notifying.planner import Planner
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertState, NoticeEnd, NoticeKind, Severity
from hive_console.engine.bus import NOTHING, Bus
from hive_console.engine.courier import DISK_WAIT, REFRESH_AGAIN, REFRESH_EVERY
from hive_console.engine.couriers import FAREWELL, Couriers
from hive_console.sim.virtual_time import VirtualClock, run_virtually
from tests.core.samples import alert_view
from tests.engine.outside import BROKEN, BUSY, CUT, Disk, DiskRecorder, Line, Outside


def channel(name: str, *, timeout: float = 5.0, rate: float = 100.0) -> ChannelSettings:
    return ChannelSettings(name, ChannelKind.WEBHOOK, "http://127.0.0.1:1/", timeout=timeout, rate=rate, burst=100)


@dataclass
class Office:
    """Couriers, what they carry and where it goes; alerts are raised and ended by hand."""

    clock: VirtualClock
    settings: AlertSettings
    alerts: dict[str, AlertView] = field(default_factory=dict)
    outside: Outside = field(default_factory=Outside)
    events: list[e.Event] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    forgets: bool = False

    def __post_init__(self) -> None:
        self.bus = Bus()
        self.recorder = DiskRecorder(Disk())
        self.planner = Planner(self.settings, alert_of=self.alerts.get, draw=lambda: 0.5, now=self.clock.now())
        self.outside.now = self.clock.now
        self.couriers = Couriers(
            self.planner.outbox,
            self._line,
            recorder=self.recorder,
            clock=self.clock,
            bus=self.bus,
            serve=self._serve,
        )
        self.bus.subscribe(self.planner.observe, *Planner.KINDS)
        self.bus.subscribe(self.couriers.take, e.NoticeQueued, e.NoticeSettled, e.AlertAcknowledged)
        self.bus.subscribe(self._note)

    def _line(self, settings: ChannelSettings) -> Line:
        self.lines.append(Line(self.outside, settings, forgets=self.forgets))
        return self.lines[-1]

    def _serve(self, name: str, run: Callable[[], Coroutine[None, None, None]]) -> asyncio.Task[None]:
        task = asyncio.create_task(run(), name=name)
        self.tasks.append(task)
        return task

    def _note(self, event: e.Event) -> tuple[e.Event, ...]:
        self.events.append(event)
        self.recorder.record(event)
        return NOTHING

    def raise_alert(self, alert_id: str = "A1", severity: Severity = Severity.CRITICAL) -> None:
        """An alert fires, and the planner is given its time."""
        now = self.clock.now()
        view = alert_view(alert_id, subject=alert_id, severity=severity, raised_at=now)
        self.alerts[alert_id] = view
        raised = e.AlertRaised(
            at=now, alert_id=alert_id, rule=view.rule, severity=severity, subject=alert_id, text="it is down"
        )
        self.bus.publish([raised])
        self.tick()

    def acknowledge(self, alert_id: str = "A1") -> None:
        now = self.clock.now()
        view = self.alerts[alert_id] = replace(self.alerts[alert_id], acknowledged_by="ann", acknowledged_at=now)
        taken = e.AlertAcknowledged(
            at=now, alert_id=alert_id, rule=view.rule, subject=alert_id, actor="ann", note=""
        )
        self.bus.publish([taken])

    def resolve(self, alert_id: str = "A1") -> None:
        now = self.clock.now()
        view = replace(self.alerts[alert_id], state=AlertState.RESOLVED, resolved_at=now)
        self.alerts[alert_id] = view
        ended = e.AlertResolved(
            at=now, alert_id=alert_id, rule=view.rule, subject=alert_id, lasted=now - view.raised_at
        )
        self.bus.publish([ended])
        self.tick()

    def tick(self) -> None:
        self.bus.publish(self.planner.tick(self.clock.now()))

    def tried(self) -> list[tuple[bool, str]]:
        """Attempts that came back: whether each was delivered, and what was said."""
        came = [event for event in self.events if isinstance(event, e.NoticeTried) and event.took is not None]
        return [(event.is_delivered, event.answer) for event in came]

    def ends(self) -> list[NoticeEnd]:
        return [event.end for event in self.events if isinstance(event, e.NoticeSettled)]


@asynccontextmanager
async def office(*channels: ChannelSettings, forgets: bool = False) -> AsyncIterator[Office]:
    """Couriers at work; every channel is told of everything at once."""
    names = tuple(one.name for one in channels)
    settings = AlertSettings(
        channels=channels, routes=(AlertRoute(steps=(Step(0.0, names),)),), group_wait=0.0, group_interval=1.0
    )
    made = Office(VirtualClock(asyncio.get_running_loop()), settings, forgets=forgets)
    made.couriers.use(channels)
    yield made
    await made.couriers.stop()
    await asyncio.gather(*made.tasks, return_exceptions=True)


def test_that_an_attempt_begins_is_on_disk_before_the_notice_goes_out() -> None:
    async def scene() -> None:
        async with office(channel("slack")) as post:
            on_disk: list[list[e.Event]] = []
            post.lines[0].on_attempt = lambda: on_disk.append(list(post.recorder.disk.events))

            post.raise_alert()
            await asyncio.sleep(1)

            before = on_disk[0]
            assert [type(event) for event in before[-2:]] == [e.NoticeQueued, e.NoticeTried]
            assert [notice.kind for notice in post.outside.taken("slack")] == [NoticeKind.FIRING]
            assert isinstance(post.recorder.disk.events[-1], e.NoticeSettled)  # and what came of it is too

    run_virtually(scene())


def test_a_notice_goes_out_although_the_disk_fails_or_hangs() -> None:
    async def scene() -> None:
        async with office(channel("slack")) as post:
            post.recorder.failure = RecordingFailed("the disk is full")
            post.raise_alert("A1")
            await asyncio.sleep(1)
            post.recorder.failure = None
            post.recorder.delay = 1_000.0
            post.raise_alert("A2")
            await asyncio.sleep(DISK_WAIT + 1)

            assert [notice.alerts[0].alert_id for notice in post.outside.taken("slack")] == ["A1", "A2"]

    run_virtually(scene())


def test_what_is_refused_for_now_is_tried_again_when_its_receiver_says() -> None:
    async def scene() -> None:
        async with office(channel("slack")) as post:
            post.outside.answers["slack"] = [BUSY, BROKEN, CUT]
            post.raise_alert()
            await asyncio.sleep(2.9)
            assert post.outside.attempts["slack"] == 1  # its Retry-After is 3 s

            await asyncio.sleep(60)

            assert post.tried() == [
                (False, "slow down"),
                (False, "unavailable"),
                (False, "connection reset"),
                (True, "ok"),
            ]
            assert post.ends() == [NoticeEnd.DELIVERED]

    run_virtually(scene())


def test_an_attempt_that_takes_too_long_is_given_up_and_repeated_under_the_same_key() -> None:
    async def scene() -> None:
        async with office(channel("slack", timeout=2.0)) as post:
            post.lines[0].hang = asyncio.Event()
            post.raise_alert()
            await asyncio.sleep(5.5)
            assert post.tried() == [(False, "no answer within 2 s")]
            post.lines[0].hang.set()

            await asyncio.sleep(30)

            [queued] = [event for event in post.events if isinstance(event, e.NoticeQueued)]
            [notice] = post.outside.taken("slack")
            assert (notice.key, notice.is_unsure, notice.attempts) == (queued.key, True, 2)

    run_virtually(scene())


class Broken(Line):
    """A transport with a bug."""

    async def deliver(self, notice: Notice) -> Receipt:
        raise KeyError(notice.channel)


def test_a_bug_in_a_transport_is_told_and_ends_nothing() -> None:
    async def scene() -> None:
        async with office(channel("slack")) as post:
            working = post.lines[0].deliver
            post.lines[0].deliver = Broken(post.outside, channel("slack")).deliver  # type: ignore[method-assign]
            post.raise_alert()
            await asyncio.sleep(0.5)
            [failed] = [event for event in post.events if isinstance(event, e.ServiceFailed)]
            assert (failed.service, failed.message.split()[0]) == ("the transport of slack", "KeyError")
            post.lines[0].deliver = working  # type: ignore[method-assign]

            await asyncio.sleep(30)

            assert post.ends() == [NoticeEnd.DELIVERED]

    run_virtually(scene())


def test_a_slow_channel_holds_up_no_other_and_its_own_order_is_kept() -> None:
    async def scene() -> None:
        async with office(channel("slack"), channel("email")) as post:
            post.lines[0].hang = asyncio.Event()
            for name in ("A1", "A2", "A3"):
                post.raise_alert(name)
                await asyncio.sleep(1.1)
            told = [notice.alerts[0].alert_id for notice in post.outside.taken("email")]
            assert (told, post.outside.attempts["slack"]) == (["A1", "A2", "A3"], 1)

            post.lines[0].hang.set()
            await asyncio.sleep(5)

            assert post.outside.taken("slack")[0].alerts[0].alert_id == "A1"
            assert post.outside.attempts["slack"] == len(post.outside.taken("slack"))

    run_virtually(scene())


def test_who_takes_the_alert_while_the_disk_is_busy_stops_the_notice() -> None:
    async def scene() -> None:
        async with office(channel("slack")) as post:
            post.recorder.delay = 1.0
            post.raise_alert()
            await asyncio.sleep(0.5)

            post.acknowledge()
            await asyncio.sleep(5)

            assert post.outside.attempts["slack"] == 0
            assert post.ends() == [NoticeEnd.SUPERSEDED]

    run_virtually(scene())


def test_an_attempt_under_way_at_the_end_has_a_moment_and_is_settled() -> None:
    async def scene() -> None:
        async with office(channel("slack")) as post:
            post.outside.latency = 0.4
            post.raise_alert()
            await asyncio.sleep(0.05)

            await post.couriers.stop()

            assert post.ends() == [NoticeEnd.DELIVERED]
            assert post.lines[0].is_closed

    run_virtually(scene())


def test_an_attempt_that_does_not_end_in_that_moment_stays_unsettled() -> None:
    async def scene() -> None:
        async with office(channel("slack")) as post:
            post.lines[0].hang = asyncio.Event()
            post.raise_alert()
            await asyncio.sleep(0.05)
            begun = post.clock.now()

            await post.couriers.stop()

            assert post.clock.now() - begun == FAREWELL
            assert (post.tried(), post.ends()) == ([], [])

    run_virtually(scene())


def test_channels_come_go_and_change_while_notices_are_under_way() -> None:
    async def scene() -> None:
        async with office(channel("slack"), channel("email")) as post:
            post.lines[0].hang = asyncio.Event()
            post.raise_alert("A1")
            await asyncio.sleep(0.5)
            changed = replace(post.settings, channels=(channel("slack", rate=50.0), channel("webhook")), routes=())
            post.bus.publish(post.planner.reconfigure(changed, post.clock.now()))
            post.couriers.use(changed.channels)
            await asyncio.sleep(0.5)

            slack, email = post.lines[:2]
            assert slack.hang is not None
            assert (slack.is_closed, email.is_closed, len(post.lines)) == (False, True, 4)
            slack.hang.set()
            await asyncio.sleep(5)

            assert slack.is_closed
            assert [notice.alerts[0].alert_id for notice in post.outside.taken("slack")] == ["A1"]

    run_virtually(scene())


def test_a_receiver_that_forgets_is_told_again_at_once_and_every_minute_what_fires() -> None:
    async def scene() -> None:
        async with office(channel("alertmanager"), forgets=True) as post:
            post.raise_alert()
            await asyncio.sleep(REFRESH_EVERY + 1)
            post.resolve()
            await asyncio.sleep(REFRESH_EVERY)

            told = [[brief.alert_id for brief in firing] for firing in post.outside.refreshed["alertmanager"]]
            assert told == [["A1"], ["A1"], []]

    run_virtually(scene())


def test_a_refresh_that_fails_is_told_once_and_tried_again_sooner() -> None:
    async def scene() -> None:
        async with office(channel("alertmanager"), forgets=True) as post:
            post.outside.answers["alertmanager"] = [BROKEN, BROKEN]
            await asyncio.sleep(2 * REFRESH_AGAIN + 1)

            assert len(post.outside.refreshed["alertmanager"]) == 3
            [failed] = [event for event in post.events if isinstance(event, e.ServiceFailed)]
            assert failed.message == "it could not be told again what fires: unavailable"

    run_virtually(scene())


def test_a_transport_that_does_not_forget_is_asked_once() -> None:
    async def scene() -> None:
        asked: list[tuple[AlertBrief, ...]] = []

        class Asked(Line):
            async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:
                asked.append(firing)
                return None

        async with office(channel("slack")) as post:
            post.lines[0].refresh = Asked(post.outside, channel("slack")).refresh  # type: ignore[method-assign]
            await asyncio.sleep(10 * REFRESH_EVERY)

            assert asked == [()]

    run_virtually(scene())
