"""The engine as one thing: it builds the parts, owns their tasks, starts them in order and stops them in order.

Readers on the bus, in this order: metrics, degradation, alert book, planner, desk, couriers, executor, prober,
publisher, feed, keeper, recorder.
More than 400 lines in one piece: the order of start and stop is read here or nowhere.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from hive_console.core import alert_settings
from hive_console.core.command import WATCHES_ONLY, Command, CommandResult
from hive_console.core.configured import configured
from hive_console.core.degradation import Degradation
from hive_console.core.errors import place_of
from hive_console.core.events import (
    MANY_CHANGES,
    BreakerChanged,
    EngineStarted,
    EngineStopped,
    Event,
    HoldEnded,
    HoldPlaced,
    OperatorActed,
    ServiceFailed,
    SettingsRefused,
    SettingsReloaded,
    StatusChanged,
)
from hive_console.core.fleet import Fleet
from hive_console.core.local_time import LocalClock, utc
from hive_console.core.member import Member
from hive_console.core.memory import Memory
from hive_console.core.metrics import MEASURED, ResilienceMeter
from hive_console.core.narration import CHANGES_SHOWN
from hive_console.core.settings import Settings
from hive_console.core.settings_diff import Change, applicable, changes_between, summary
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.task import Reply, ReplyStream, Task
from hive_console.engine.alert_verbs import AlertVerbs
from hive_console.engine.alerts import Alerts
from hive_console.engine.bus import NOTHING, Bus, Reader
from hive_console.engine.consoles import Consoles
from hive_console.engine.door import Door
from hive_console.engine.executor import Executor
from hive_console.engine.feed import EventFeed
from hive_console.engine.keeper import Keeper
from hive_console.engine.operator import Operator
from hive_console.engine.ports import Clock, Heart, NoRecorder, Notifier, Provider, Recorder
from hive_console.engine.prober import Prober
from hive_console.engine.publisher import LONGEST, Publisher
from hive_console.engine.reconfiguration import Reconfiguration, StillLeaving

AFTER_FAILURE = 1.0
"""Seconds a service that met an unexpected error waits before it goes on, so that it cannot spin."""


class ResilienceEngine:
    """Keeps traffic flowing while models fail. Use it as `async with`; everything runs on the caller's loop."""

    def __init__(
        self,
        settings: Settings,
        *,
        provider: Provider,
        clock: Clock,
        recorder: Recorder | None = None,
        seed: str = "",
        version: str = "",
        pace: float = LONGEST,
        is_watched: bool = True,
        readers: Sequence[Reader] = (),
        saved: Mapping[str, Any] | None = None,
        is_stopped: bool = False,
        notifiers: Callable[[alert_settings.ChannelSettings], Notifier] | None = None,
        heart: Callable[[alert_settings.Heartbeat], Heart] | None = None,
        local: LocalClock = utc,
    ) -> None:
        """Builds the parts; nothing runs yet.

        Args:
            settings: the fleet.
            provider: the way to the models.
            clock: who may ask the time.
            recorder: the memory; none when left out.
            seed: names the streams of chance (jitter); the same seed draws the same numbers.
            version: written into the recording.
            pace: seconds between two looks at what time alone changes, and between two snapshots at most.
            is_watched: whether somebody looks: snapshots are published all the time and the latest events kept for
                screens, instead of only when an operator acts and not at all.
            readers: further readers of the bus, behind the built-in ones.
            saved: what outlived a restart, by the names of its rows, as the recorder kept it; what cannot be read
                is told and left out.
            is_stopped: whether the file `EMERGENCY_STOP` is there: then nothing is called from the very start.
            notifiers: makes the transport of a channel; when left out nobody is told of alerts, whatever channels
                the settings have.
            heart: makes the way to the URL of the heartbeat; none when left out.
            local: the wall clock that quiet hours, shifts and maintenance of the settings speak of.
        """
        now = clock.now()
        self.settings = settings
        self._clock = clock
        self._provider = provider
        self._version = version
        self._run_id = f"{int(now):x}"
        self._is_watched = is_watched
        self._bus = Bus()
        self._recorder: Recorder = recorder or NoRecorder()
        self._fleet = Fleet(settings, now)
        self._degradation = Degradation(settings.resilience.degraded_mode_threshold)
        self._alerts = Alerts(
            settings,
            notifiers=notifiers,
            heart=heart,
            local=local,
            fleet=self.snapshot if is_watched else None,
            consoles=lambda: len(self.consoles.views),
            recorder=self._recorder,
            clock=clock,
            bus=self._bus,
            rng=random.Random(f"{seed}/notices"),
        )
        meter = ResilienceMeter(tuple(self._fleet.members), now)
        executor = Executor(
            settings, fleet=self._fleet, clock=clock, bus=self._bus, rng=random.Random(f"{seed}/retry")
        )
        self._prober = Prober(
            self._fleet,
            daily_budget=settings.resilience.probe_daily_budget,
            provider=provider,
            clock=clock,
            bus=self._bus,
            rng=random.Random(f"{seed}/probe"),
        )
        self._memory = Memory(
            fleet=self._fleet, alerts=self._alerts.book, degradation=self._degradation, budget=self._prober.budget
        )
        self._publisher = Publisher(
            settings,
            fleet=self._fleet,
            executor=executor,
            degradation=self._degradation,
            alerts=self._alerts,
            meter=meter,
            probe_budget=self._prober.budget,
            recorder=self._recorder,
            clock=clock,
            bus=self._bus,
            pace=pace,
            is_watched=is_watched,
        )
        self._operator = Operator(
            self._fleet,
            alerts=AlertVerbs(self._alerts.book, self._alerts.planner.test),
            prober=self._prober,
            recorder=self._recorder,
            clock=clock,
            bus=self._bus,
            snapshot=self._publisher.publish,
            run_id=self._run_id,
        )
        self.consoles = Consoles(
            clock=clock,
            bus=self._bus,
            recorder=self._recorder,
            run_id=self._run_id,
            changed=self._consoles_changed,
        )
        self._how_to_stop: Callable[[], None] | None = None
        self._door = Door(
            settings,
            fleet=self._fleet,
            executor=executor,
            degradation=self._degradation,
            provider=provider,
            clock=clock,
            bus=self._bus,
            rng=random.Random(f"{seed}/route"),
            run_id=self._run_id,
        )
        self._reconfiguration = Reconfiguration(
            fleet=self._fleet,
            door=self._door,
            executor=executor,
            prober=self._prober,
            publisher=self._publisher,
            operator=self._operator,
            degradation=self._degradation,
            provider=provider,
        )
        self._has_refused = False
        self._followers: list[Callable[[Settings], None]] = []
        self._saved = saved or {}
        self._is_stopped = is_stopped
        self.feed = EventFeed()
        self._executor = executor
        self._subscribe(meter, readers)
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._watches: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        """Starts probing and publishing."""
        now = self._clock.now()
        started = EngineStarted(
            at=now,
            version=self._version,
            models=tuple(self._fleet.members),
            environment=self.settings.environment,
        )
        self._bus.publish([started, configured(self.settings, now), *self._fleet.begin(now)])
        for member in self._fleet.members.values():
            member.fixed_fault = self._provider.fault_of(member.settings)
        self._bus.publish(self._memory.restore(self._saved, now))
        self._bus.publish(self._fleet.warden.heed_file(now, is_there=self._is_stopped))
        self._bus.publish(self._memory.reconcile(now))
        self._bus.publish(self._alerts.kept.restore(self._saved, now))
        self._publisher.publish()  # whoever looks at once must not see a deactivated model as a fresh one
        await self._group.__aenter__()
        self._tasks.append(self._serve("publisher", self._publisher.run))
        self._tasks.append(self._serve("closing of streams", self._executor.close_broken_off))
        self._alerts.start(self.serve)
        for member in self._fleet.members.values():
            self._watch(member)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops everything and says so in the recording."""
        try:
            await self._alerts.stop()
        finally:
            await self._end(kind)

    async def _end(self, kind: type[BaseException] | None) -> None:
        for task in (*self._tasks, *self._watches.values()):
            task.cancel()
        self._watches.clear()  # from here on there are no other settings
        try:
            # The body's own error is not the group's: it goes on to the caller as it is, in no ExceptionGroup.
            await self._group.__aexit__(None, None, None)
        finally:
            self._bus.publish([EngineStopped(at=self._clock.now(), cause=kind.__name__ if kind else "in order")])

    async def execute(self, task: Task) -> Reply:
        """Runs a task on its model or a fallback; raises `UnknownModel` or `OperationFailed`."""
        return await self._door.execute(task)

    async def open_stream(self, task: Task) -> ReplyStream:
        """The same, streamed; returns when the first content is there."""
        return await self._door.open_stream(task)

    async def command(self, command: Command) -> CommandResult:
        """Does what an operator asks, audited."""
        result = await self._operator.say(command)
        self._show()
        return result

    async def undo(self, actor: str, *, origin: str = "", is_watcher: bool = False) -> CommandResult:
        """Undoes the last operator action while that is still offered; refused to whom may only look."""
        result = await self._operator.undo(actor, origin=origin, is_watcher=is_watcher)
        self._show()
        return result

    async def stop(
        self, actor: str, *, reason: str = "", origin: str = "", is_watcher: bool = False
    ) -> CommandResult:
        """Has the process that runs this engine stop it in order, audited; refused where none said how."""
        how = self._how_to_stop
        if how is None:
            return CommandResult(is_done=False, message="this engine is part of a program; that program stops it")
        return await self._operator.stop(actor, how, reason=reason, origin=origin, is_watcher=is_watcher)

    def say_how_to_stop(self, act: Callable[[], None]) -> None:
        """Tells what `stop` calls, on the engine's loop; it must begin the end and return."""
        self._how_to_stop = act

    @property
    def run_id(self) -> str:
        """Names this run in audit rows."""
        return self._run_id

    async def heed_stop_file(self, is_there: bool) -> None:  # noqa: FBT001 - it is what a look at the file gives
        """Nothing is called while the file is there, whoever says what; as it was before once it is gone."""
        if await self._operator.heed_file(is_there=is_there):
            self._show()

    def changes_to(self, settings: Settings) -> tuple[Change, ...]:
        """What these settings would change now."""
        return changes_between(self.settings, settings)

    def reconfigure(self, settings: Settings, *, source: str = "script", actor: str = "") -> tuple[Change, ...]:
        """Applies other settings at once while requests run; what changed.

        What needs a restart is left as it was. Raises `StillLeaving` when nothing could be changed now.

        Args:
            settings: the whole of the new settings.
            source: what brought them: `command`, `signal`, `file`, `script`.
            actor: who asked, where the system attests it.
        """
        if not self._watches:
            raise RuntimeError("the engine is not running; give it the settings when it is made")
        changes = self.changes_to(settings)
        wanted = applicable(self.settings, settings)
        now = self._clock.now()
        events: list[Event] = []
        has_other_names = _names_of(wanted) != _names_of(self.settings)
        if wanted != self.settings:
            switched = self._reconfiguration.switch(self.settings, wanted, now)
            self.settings = wanted
            for follow in self._followers:
                follow(wanted)
            for name in switched.left:
                self._watches.pop(name).cancel()
            for member in switched.joined:
                self._watch(member)
            events = [configured(wanted, now), *switched.events, *self._alerts.reconfigure(wanted, now)]
        if changes or self._has_refused:
            self._has_refused = False
            reloaded = SettingsReloaded(
                at=now,
                source=source,
                changes=tuple(map(str, changes[:MANY_CHANGES])),
                count=len(changes),
                models=tuple(model.id for model in wanted.models) if has_other_names else (),
                routes=tuple(route.name for route in wanted.routes) if has_other_names else (),
                actor=actor,
            )
            self._bus.publish([reloaded, *events, *self._publisher.look_at_degradation(now)])
            self._show()
        return changes

    async def refuse_reload(self, actor: str, *, origin: str = "") -> CommandResult:
        """Notes that a console which may only look asked for other settings."""
        return await self._operator.reload(actor, lambda: (), refusal=WATCHES_ONLY, origin=origin)

    async def reload(self, settings: Settings, *, source: str, actor: str = "", origin: str = "") -> CommandResult:
        """`reconfigure`, or why not; with an actor an operator's word, written down durably before it is done.

        Whoever asks has looked at the fleet: refused keys are tried again, since theirs may have been replaced.
        """

        def apply() -> tuple[Change, ...]:
            changes = self.reconfigure(settings, source=source, actor=actor)
            if source != "file":
                self._bus.publish(self._fleet.free_keys(self._clock.now()))
            return changes

        if actor:
            changes = self.changes_to(settings)
            told = "; ".join((summary(changes), *map(str, changes[:CHANGES_SHOWN])))
            return await self._operator.reload(actor, apply, told=told, origin=origin)
        try:
            return CommandResult(is_done=True, message=f"applied: {summary(apply())}")
        except StillLeaving as error:
            return CommandResult(is_done=False, message=str(error))

    async def refuse_settings(
        self, problem: str, *, count: int = 1, source: str, actor: str = "", origin: str = ""
    ) -> CommandResult:
        """Notes that settings were read which cannot be used: in log and alerts, and in the audit of an actor."""
        self._has_refused = True
        refused = SettingsRefused(at=self._clock.now(), source=source, problem=problem, count=count, actor=actor)
        self._bus.publish([refused])
        if not actor:
            return CommandResult(is_done=False, message=problem)
        return await self._operator.reload(actor, lambda: (), refusal=problem, origin=origin)

    def save(self) -> dict[str, Any]:
        """What must survive a restart, as JSON values by the names of their rows; give it back as `saved`."""
        return {**self._memory.save(self._clock.now()), **self._alerts.kept.save()}

    def snapshot(self) -> FleetSnapshot:
        """The latest published view; may be read from any thread."""
        return self._publisher.latest

    def publish(self, event: Event) -> None:
        """Puts an event of a part around the engine (gateway, console) on the bus; on the engine's thread."""
        self._bus.publish([event])

    def follow(self, follower: Callable[[Settings], None]) -> None:
        """Tells a part around the engine of other settings, in the same step in which they come into force."""
        self._followers.append(follower)

    def serve(self, name: str, run: Callable[[], Coroutine[None, None, None]]) -> asyncio.Task[None]:
        """Runs a service of a part around the engine until it returns, or the engine ends, whatever it meets."""
        task = self._serve(name, run)
        self._tasks = [*(one for one in self._tasks if not one.done()), task]
        return task

    def say_gateway(self, url: str) -> None:
        """Tells the address that clients use, for the screens."""
        self._publisher.gateway = url
        self._show()

    def now(self) -> float:
        """The engine's time."""
        return self._clock.now()

    def _consoles_changed(self) -> None:
        self._publisher.consoles = self.consoles.views
        self._publisher.publish()

    def _show(self) -> None:
        self._publisher.undo = self._operator.undo_offer()
        self._publisher.publish()

    def _subscribe(self, meter: ResilienceMeter, further: Sequence[Reader]) -> None:
        """Readers of the bus, in the order of the module's docstring; who is not there costs nothing."""

        def measure(event: Event) -> tuple[Event, ...]:
            meter.observe(event)
            return NOTHING

        def record(event: Event) -> tuple[Event, ...]:
            if type(event) is not OperatorActed:  # the operator made it durable before it was published
                self._recorder.record(event)
            return NOTHING

        self._bus.subscribe(measure, *MEASURED)
        self._bus.subscribe(self._look_at_degradation, StatusChanged)
        self._alerts.subscribe()
        self._bus.subscribe(self._executor.take, HoldPlaced, HoldEnded)
        self._bus.subscribe(self._prober.take, BreakerChanged, StatusChanged, HoldPlaced, HoldEnded)
        if self._is_watched:
            self._bus.subscribe(self._publisher.take)
            self._bus.subscribe(self.feed.take)
        if not isinstance(self._recorder, NoRecorder):
            keeper = Keeper(
                self._memory, alerts=self._alerts.book, notices=self._alerts.kept, recorder=self._recorder
            )
            self._bus.subscribe(keeper.take, *keeper.kinds)
            self._bus.subscribe(record)
        for reader in further:
            self._bus.subscribe(reader)

    def _look_at_degradation(self, event: Event) -> list[Event]:
        return self._publisher.look_at_degradation(event.at) if isinstance(event, StatusChanged) else []

    def _watch(self, member: Member) -> None:
        name = member.settings.id
        self._watches[name] = self._serve(f"prober of {name}", partial(self._prober.watch, member))

    def _serve(self, name: str, run: Callable[[], Coroutine[None, None, None]]) -> asyncio.Task[None]:
        return self._group.create_task(self._survive(name, run), name=name)

    async def _survive(self, name: str, run: Callable[[], Coroutine[None, None, None]]) -> None:
        """Runs a service until it returns: an error nobody expected is published, and the service goes on."""
        while True:
            try:
                return await run()
            except Exception as error:  # noqa: BLE001 - a service outlives its bugs; the event tells of them
                failed = ServiceFailed(at=self._clock.now(), service=name, message=place_of(error))
                self._bus.publish([failed])
                await self._clock.sleep(AFTER_FAILURE)


def _names_of(settings: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(model.id for model in settings.models), tuple(route.name for route in settings.routes)
