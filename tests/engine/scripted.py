"""A provider that does what its script says, and an engine around it in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hive_console.core.alert_settings import AlertSettings, ChannelSettings
from hive_console.core.command import Command, CommandResult
from hive_console.core.errors import ProviderError
from hive_console.core.events import Event
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import (
    ModelSettings,
    ProbeKind,
    ResilienceSettings,
    RetryBeforeFallback,
    RouteSettings,
    Settings,
    Strategy,
)
from hive_console.core.snapshot import ModelView, RecorderView
from hive_console.core.states import Action
from hive_console.core.task import Answer, Piece, RateLimits, Task, Usage
from hive_console.engine.ports import Notifier
from hive_console.engine.publisher import LONGEST
from hive_console.engine.supervisor import ResilienceEngine
from hive_console.sim.virtual_time import VirtualClock

Kind = TypeVar("Kind", bound=Event)

DOWN = Outcome(OutcomeKind.CONNECTION_FAILED, message="refused")
BROKEN = Outcome(OutcomeKind.SERVER_ERROR, status=500)


@dataclass(slots=True)
class Line:
    """What a model does: how long it takes, and what comes of it; a stream breaks after `cut_after` pieces.

    Giving its connection back takes `closing` seconds. A stream tells its limits and what it read first, and what
    it wrote last.
    """

    seconds: float = 0.1
    outcome: Outcome = SUCCESS
    pieces: int = 3
    cut_after: int | None = None
    closing: float = 0.0
    usage: Usage | None = None
    limits: RateLimits | None = None


@dataclass
class ScriptedProvider:
    """Fits `engine.ports.Provider`; `lines` may be changed at any time, `queue` goes before it.

    Streams are silent for `hush` seconds after each piece.
    """

    lines: dict[str, Line] = field(default_factory=dict)
    queues: dict[str, list[Line]] = field(default_factory=dict)
    probes: dict[str, Line] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    called_at: list[float] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    probed: list[tuple[float, str]] = field(default_factory=list)
    probe_kinds: list[ProbeKind] = field(default_factory=list)
    in_flight: dict[str, int] = field(default_factory=dict)
    most_in_flight: dict[str, int] = field(default_factory=dict)
    unfits: dict[str, str] = field(default_factory=dict)
    closed_streams: int = 0
    hush: float = 0.01
    now: Callable[[], float] = lambda: 0.0

    def _next(self, model: str) -> Line:
        queue = self.queues.get(model)
        return queue.pop(0) if queue else self.lines.get(model, Line())

    @asynccontextmanager
    async def _connection(self, model: str, line: Line) -> AsyncIterator[None]:
        self.in_flight[model] = self.in_flight.get(model, 0) + 1
        self.most_in_flight[model] = max(self.most_in_flight.get(model, 0), self.in_flight[model])
        try:
            yield
        finally:
            try:
                if line.closing:
                    await asyncio.sleep(line.closing)
            finally:
                self.in_flight[model] -= 1

    def _note(self, model: ModelSettings, task: Task) -> None:
        self.calls.append(model.id)
        self.called_at.append(self.now())
        self.tasks.append(task)

    async def complete(self, model: ModelSettings, task: Task) -> Answer:
        self._note(model, task)
        line = self._next(model.id)
        async with self._connection(model.id, line):
            await asyncio.sleep(line.seconds)
        if not line.outcome.is_success:
            raise ProviderError(line.outcome)
        body = b'{"choices":[{"message":{"content":"from %s"}}]}' % model.id.encode()
        return Answer(body, usage=line.usage, limits=line.limits)

    async def stream(self, model: ModelSettings, task: Task) -> AsyncGenerator[Piece, None]:
        self._note(model, task)
        line = self._next(model.id)
        try:
            async with self._connection(model.id, line):
                await asyncio.sleep(line.seconds)
                if not line.outcome.is_success and line.cut_after is None:
                    raise ProviderError(line.outcome)
                read = None if line.usage is None else Usage(line.usage.read, 0)
                yield Piece(b": hello\n\n", has_content=False, usage=read, limits=line.limits)
                for number in range(line.pieces):
                    if line.cut_after == number:
                        raise ProviderError(line.outcome)
                    yield Piece(b"data: %d\n\n" % number, has_content=True)
                    await asyncio.sleep(self.hush)
                if line.usage is not None:
                    yield Piece(b"data: usage\n\n", has_content=False, usage=Usage(0, line.usage.written))
        finally:
            self.closed_streams += 1

    async def probe(self, model: ModelSettings) -> Outcome:
        self.probed.append((self.now(), model.id))
        self.probe_kinds.append(model.probe)
        line = self.probes.get(model.id, self.lines.get(model.id, Line()))
        await asyncio.sleep(line.seconds)
        return line.outcome

    def unfit(self, model: ModelSettings, task: Task) -> str:
        return self.unfits.get(model.id, "")

    def fault_of(self, model: ModelSettings) -> str:
        return self.faults.get(model.id, "")


class ListRecorder:
    """Fits `engine.ports.Recorder`; keeps everything in lists, or fails on demand."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.durable: list[Event] = []
        self.kept: dict[str, Any] = {}
        self.failure: Exception | None = None

    def record(self, event: Event) -> None:
        self.events.append(event)

    async def record_durably(self, event: Event) -> None:
        await asyncio.sleep(0.001)
        if self.failure is not None:
            raise self.failure
        self.durable.append(event)

    async def flush(self) -> None:
        await asyncio.sleep(0.001)
        if self.failure is not None:
            raise self.failure

    def keep_state(self, model: str, state: Mapping[str, Any]) -> None:
        self.kept[model] = json.loads(json.dumps(state))

    def view(self) -> RecorderView:
        return RecorderView(recorded=len(self.events))


def model(
    name: str,
    *fallbacks: str,
    strategy: Strategy = Strategy.SEQUENTIAL,
    probe: ProbeKind = ProbeKind.NONE,
    retries: int = 3,
    threshold: int = 5,
    places: int = 10,
    weight: float = 1.0,
    timeout: float = 5.0,
    context: int = 0,
    ramp: int = 0,
    hedge_after: float | None = 0.0,
    **more: Any,  # any further field of the dataclass
) -> ModelSettings:
    """Settings of one scripted model; no probe and no ramp unless asked for, and trials after 20 s."""
    known: dict[str, Any] = {
        "id": name,
        "provider": f"{name}-provider",
        "endpoint": "http://127.0.0.1:1/v1",
        "wire_name": name,
        "aliases": (f"{name}-alias",),
        "fallbacks": fallbacks,
        "strategy": strategy,
        "probe": probe,
        "max_retries": retries,
        "breaker_threshold": threshold,
        "max_concurrent_requests": places,
        "weight": weight,
        "timeout": timeout,
        "context_window": context,
        "recovery_timeout": 20.0,
        "ramp_calls": ramp,
        "hedge_after": hedge_after,
    }
    return ModelSettings(**(known | more))


@dataclass
class Stage:
    """An engine, its scripted provider and its memory."""

    engine: ResilienceEngine
    provider: ScriptedProvider
    recorder: ListRecorder

    async def ask(self, model_id: str, **options: object) -> str:
        """One operation; the model that answered."""
        return (await self.engine.execute(Task(model_id, {"messages": []}, **options))).served_by  # type: ignore[arg-type]  # options are Task's own fields

    def happened(self, kind: type[Kind]) -> list[Kind]:
        """The recorded events of one kind."""
        return [event for event in self.recorder.events if isinstance(event, kind)]

    def view(self, name: str) -> ModelView:
        """The model as the latest snapshot shows it; `engine.snapshot` is at most a second old."""
        found = self.engine.snapshot().model(name)
        assert found is not None
        return found

    async def say(self, action: Action, target: str, parameter: str = "") -> CommandResult:
        """One operator's word with a reason."""
        return await self.engine.command(Command(action, target, "drill", parameter, "ada"))


@asynccontextmanager
async def staged(
    *models: ModelSettings,
    deadline: float = 90.0,
    retry: RetryBeforeFallback = RetryBeforeFallback.AUTO,
    queued: int = 1000,
    threshold: float = 0.6,
    pace: float = LONGEST,
    saved: Mapping[str, Any] | None = None,
    recorder: ListRecorder | None = None,
    make_clock: Callable[[asyncio.AbstractEventLoop], VirtualClock] = VirtualClock,
    routes: tuple[RouteSettings, ...] = (),
    is_stopped: bool = False,
    alerts: AlertSettings | None = None,
    notifiers: Callable[[ChannelSettings], Notifier] | None = None,
    **fleet: Any,  # any further field of `ResilienceSettings`
) -> AsyncIterator[Stage]:
    """A running engine in virtual time."""
    clock = make_clock(asyncio.get_running_loop())
    provider = ScriptedProvider(now=clock.now)
    recorder = recorder or ListRecorder()
    settings = Settings(
        models=models,
        resilience=ResilienceSettings(
            operation_deadline=deadline,
            retry_before_fallback=retry,
            max_queued_requests=queued,
            degraded_mode_threshold=threshold,
            **fleet,
        ),
        routes=routes,
        alerts=alerts or AlertSettings(),
    )
    engine = ResilienceEngine(
        settings,
        provider=provider,
        clock=clock,
        recorder=recorder,
        seed="7",
        pace=pace,
        saved=saved,
        is_stopped=is_stopped,
        notifiers=notifiers,
    )
    async with engine:
        yield Stage(engine, provider, recorder)
