"""An engine whose models come and go, whose receivers have bad days, and that is killed again and again."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from hive_console.core.alert_settings import (
    AlertRoute,
    AlertSettings,
    ChannelKind,
    ChannelSettings,
    RuleChange,
    Step,
)
from hive_console.core.events import AlertRaised, NoticeSettled
from hive_console.core.notifying.notice import Notice
from hive_console.core.outcome import SUCCESS, Outcome
from hive_console.core.settings import ModelSettings, ProbeKind, ResilienceSettings, Settings
from hive_console.core.states import AlertRule, NoticeEnd, NoticeKind, Severity
from hive_console.engine.supervisor import ResilienceEngine
from hive_console.sim.virtual_time import VirtualClock
from tests.engine.outside import Disk, DiskRecorder, Line, Outside
from tests.engine.scripted import DOWN, ScriptedProvider, model

HOUSEKEEPING = 30.0
MAYBE = "that it fired may not have arrived"
"""What a resolve says when nobody can know: the attempt to tell was cut, and the alert was over before the next."""

BETWEEN_LIVES = (1.0, 100.0)
"""Seconds from a kill to the next start: sometimes an alert is over by then."""

REOPEN = 60.0
"""Seconds in which an alert is the same again: less than models stay up."""

TELLS = frozenset({NoticeKind.FIRING, NoticeKind.DIGEST, NoticeKind.ESCALATION})


@dataclass(frozen=True, slots=True)
class Tides:
    """When each of so many models is down: once a period, each at its own time.

    Attributes:
        models: how many.
        rounds: how often each goes down.
        period: seconds from one time to the next.
        low: seconds it stays down.
    """

    models: int
    rounds: int
    period: float = 300.0
    low: float = 120.0

    def is_down(self, index: int, elapsed: float) -> bool:
        into = elapsed - self.period * index / self.models
        turn, at = divmod(into, self.period)
        return 0 <= turn < self.rounds and at < self.low

    @property
    def lasts(self) -> float:
        return self.period * (self.rounds + 1)


class TidalProvider(ScriptedProvider):
    """Answers probes as the tides have it."""

    def __init__(self, tides: Tides, clock: VirtualClock) -> None:
        super().__init__(now=clock.now)
        self._tides = tides
        self._begun = clock.now()

    async def probe(self, model: ModelSettings) -> Outcome:
        await asyncio.sleep(0.05)
        is_down = self._tides.is_down(int(model.id.removeprefix("m")), self.now() - self._begun)
        return DOWN if is_down else SUCCESS


def fleet(tides: Tides, channels: tuple[ChannelSettings, ...]) -> Settings:
    """Settings of that many models; every channel is told of everything at once."""
    names = tuple(channel.name for channel in channels)
    return Settings(
        models=tuple(
            model(f"m{index}", probe=ProbeKind.MODELS, threshold=2, health_check_interval=30.0)
            for index in range(tides.models)
        ),
        resilience=ResilienceSettings(degraded_mode_threshold=0.1),
        alerts=AlertSettings(
            channels=channels,
            routes=(AlertRoute(steps=(Step(0.0, names),)),),
            storm_above=10_000,
            reopen_within=REOPEN,
            rules=(
                RuleChange(AlertRule.MODEL_UNAVAILABLE, severity=Severity.ERROR),
                RuleChange(AlertRule.BREAKER_OPEN, is_enabled=False),  # explained by the other: nobody is told
            ),
        ),
    )


def channel(name: str) -> ChannelSettings:
    """A channel whose own bounds play no part."""
    return ChannelSettings(
        name, ChannelKind.WEBHOOK, "http://127.0.0.1:1/", timeout=5.0, rate=10.0, burst=10, hourly=10_000
    )


@dataclass
class History:
    """All lives of one engine, and what came of them.

    Attributes:
        disk: what the kills left, and the end.
        outside: who was told.
        lives: how many there were.
        killed_amid: kills in the middle of an attempt.
    """

    disk: Disk = field(default_factory=Disk)
    outside: Outside = field(default_factory=Outside)
    lives: int = 0
    killed_amid: int = 0

    @property
    def raised(self) -> list[str]:
        """The alerts that fired, as far as the disk knows."""
        return [event.alert_id for event in self.disk.events if isinstance(event, AlertRaised)]

    def problems(self, channel: str) -> list[str]:
        """What a person behind the channel would complain about: something lost, told twice, never called off."""
        found: list[str] = []
        sent = Counter(arrival.notice.key for arrival in self.outside.arrivals if arrival.channel == channel)
        for key, count in sent.items():
            if count - 1 > self.outside.unheard[channel, key]:
                found.append(f"{key} came {count} times, and its sender knew that it had")
        told: dict[str, int] = {}
        heard: set[str] = set()
        for notice in _once_each(self.outside.taken(channel)):
            for brief in notice.alerts:
                name = brief.alert_id
                heard.add(name)
                if notice.kind in TELLS:
                    if told.get(name, -1) >= brief.times:
                        found.append(f"{name} was told twice: {notice.kind.value}")
                    told[name] = brief.times
                elif notice.kind is NoticeKind.RESOLVED:
                    if told.pop(name, None) is None and MAYBE not in notice.remark:
                        found.append(f"{name} was called off, and was not told")
                elif notice.kind is NoticeKind.PASSED and name in told:
                    found.append(f"{name} was told that it came and went, and was told that it came")
            if notice.count != len(notice.alerts):
                found.append(f"a notice tells of {notice.count} alerts, more than this can check")
        found += [f"{name} was never called off" for name in told]
        found += [f"{name} was lost" for name in self.raised if name not in heard]
        found += [
            f"{event.notice_id} came to nothing: {event.cause}"
            for event in self.disk.events
            if isinstance(event, NoticeSettled) and event.end in {NoticeEnd.DEAD, NoticeEnd.DROPPED}
        ]
        return found


def _once_each(notices: list[Notice]) -> Iterator[Notice]:
    """Without those whose key the receiver knows."""
    known: set[str] = set()
    for notice in notices:
        if notice.key not in known:
            known.add(notice.key)
            yield notice


@dataclass
class Scene:
    """A story that `play` tells: tides, channels, trouble, and how often the engine is killed."""

    seed: str
    tides: Tides
    channels: tuple[ChannelSettings, ...]
    trouble: float = 0.2
    kills: int = 20


async def play(scene: Scene) -> History:
    """Lives one life after the other over one disk; the last ends in order, when everything is quiet."""
    clock = VirtualClock(asyncio.get_running_loop())
    rng = random.Random(f"{scene.seed}/kills")
    history = History()
    outside = history.outside
    outside.rng, outside.trouble, outside.now = random.Random(f"{scene.seed}/outside"), scene.trouble, clock.now
    begun = clock.now()
    provider = TidalProvider(scene.tides, clock)
    settings = fleet(scene.tides, scene.channels)
    spans = scene.tides.lasts / (scene.kills + 1)
    for life in range(scene.kills + 1):
        history.lives += 1
        one = _Life(history, is_last=life == scene.kills)
        if not one.is_last and life % 2:
            one.dies_at_moment = rng.randrange(1, 80)
        engine = ResilienceEngine(
            settings,
            provider=provider,
            clock=clock,
            recorder=one.recorder,
            seed=f"{scene.seed}/{life}",
            pace=HOUSEKEEPING,
            is_watched=False,
            saved=history.disk.saved(),
            notifiers=one.line,
        )
        writing = asyncio.create_task(one.recorder.run())
        left = begun + spans * (life + 1) - clock.now()
        async with engine:
            with suppress(TimeoutError):
                async with asyncio.timeout(left if one.is_last else left - spans * rng.random() * 0.3):
                    await one.end.wait()
            if not one.is_last:
                one.die()
        await one.recorder.flush()
        writing.cancel()
        await clock.sleep(rng.uniform(*BETWEEN_LIVES))
    return history


class _Life:
    """What belongs to one engine, from its start to its kill."""

    def __init__(self, history: History, *, is_last: bool) -> None:
        self.is_last = is_last
        self.end = asyncio.Event()
        self.recorder = DiskRecorder(history.disk)
        self.recorder.on_flush = self._moment
        self.dies_at_moment: int | None = None
        self._history = history
        self._lines: list[Line] = []
        self._moments = 0

    def line(self, channel: ChannelSettings) -> Line:
        line = Line(self._history.outside, channel)
        line.on_attempt = self._moment
        self._lines.append(line)
        return line

    def die(self) -> None:
        """From here on nothing reaches the disk or a receiver; what is not on disk was never heard."""
        if self.recorder.is_dead:
            return
        self.recorder.die()
        settled = {event.notice_id for event in self._history.disk.events if isinstance(event, NoticeSettled)}
        for line in self._lines:
            line.is_dead = True
            if line.heard is not None and line.heard.notice_id not in settled:
                self._history.outside.unheard[line.channel, line.heard.key] += 1
        self.end.set()

    def _moment(self) -> None:
        """Something is about to become true outside; a kill just before it is the worst there is."""
        self._moments += 1
        if self._moments == self.dies_at_moment:
            self._history.killed_amid += 1
            self.die()
