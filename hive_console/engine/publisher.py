"""Publishes what screens see: an immutable snapshot, at most four a second, at least one."""

from __future__ import annotations

import asyncio
import math

from hive_console.core.command import UNDO_WORDS
from hive_console.core.degradation import Degradation
from hive_console.core.events import Event
from hive_console.core.fleet import Fleet
from hive_console.core.member import Member
from hive_console.core.metrics import ResilienceMeter
from hive_console.core.probe_budget import ProbeBudget
from hive_console.core.settings import Settings
from hive_console.core.snapshot import (
    BreakerView,
    ConsoleView,
    FleetSnapshot,
    LimitsView,
    ModelView,
    RouteView,
    before_start,
)
from hive_console.core.states import BreakerState
from hive_console.engine.alerts import Alerts
from hive_console.engine.bulkhead import Bulkhead
from hive_console.engine.bus import NOTHING, Bus
from hive_console.engine.executor import Executor
from hive_console.engine.operator import Undo
from hive_console.engine.ports import Clock, Recorder

SHORTEST = 0.25
"""Seconds between two snapshots at least: what a screen can draw and a person can read."""

LONGEST = 1.0
"""Seconds between two snapshots at most: windows age, throttles end and countdowns run without events."""


class Publisher:
    """Folds what everybody knows into one snapshot."""

    def __init__(
        self,
        settings: Settings,
        *,
        fleet: Fleet,
        executor: Executor,
        degradation: Degradation,
        alerts: Alerts,
        meter: ResilienceMeter,
        probe_budget: ProbeBudget,
        recorder: Recorder,
        clock: Clock,
        bus: Bus,
        pace: float = LONGEST,
        is_watched: bool = True,
    ) -> None:
        self._is_watched = is_watched
        self._pace = pace
        self._shortest = min(SHORTEST, pace) if pace <= LONGEST else pace
        self._environment = settings.environment
        self._fleet = fleet
        self._executor = executor
        self._degradation = degradation
        self._alerts = alerts
        self._meter = meter
        self._probe_budget = probe_budget
        self._recorder = recorder
        self._clock = clock
        self._bus = bus
        self._news = asyncio.Event()
        self._started_at = clock.now()
        self._lag = 0.0
        self.gateway = ""
        self.consoles: tuple[ConsoleView, ...] = ()
        self.undo: Undo | None = None
        self.latest = before_start(settings, clock.now())

    def reconfigure(self, settings: Settings) -> None:
        """Shows the fleet of these settings from the next snapshot on."""
        self._environment = settings.environment

    def take(self, event: Event) -> tuple[Event, ...]:  # noqa: ARG002 - any event is news
        """Notes that there is something to show; a bus reader."""
        self._news.set()
        return NOTHING

    async def run(self) -> None:
        """Publishes for ever."""
        while True:
            if self._is_watched:
                self.publish()
            else:
                self._look()
            before = self._clock.now()
            await self._clock.sleep(self._shortest)
            self._lag = max(0.0, self._clock.now() - before - self._shortest)
            if self._pace <= self._shortest:
                continue
            try:
                async with asyncio.timeout(self._pace - self._shortest):
                    await self._news.wait()
            except TimeoutError:
                continue

    def publish(self) -> FleetSnapshot:
        """Judges what time alone changes, then publishes the view of now."""
        now = self._look()
        self._news.clear()
        self.latest = self._snapshot(now)
        return self.latest

    def _look(self) -> float:
        """Judges what time alone changes; the time it was judged for."""
        now = self._clock.now()
        self._bus.publish(self._fleet.refresh(now))
        self._bus.publish(self.look_at_degradation(now))
        self._bus.publish(self._alerts.tick(now))
        return now

    def look_at_degradation(self, now: float) -> list[Event]:
        """Whether the fleet as it stands is degraded."""
        return self._degradation.look((member.status for member in self._fleet.members.values()), now)

    def _snapshot(self, now: float) -> FleetSnapshot:
        recorder = self._recorder.view()
        book, planner = self._alerts.book, self._alerts.planner
        oldest = self._executor.oldest_calls()
        undo = self.undo if self.undo is not None and now < self.undo.until else None
        return FleetSnapshot(
            sequence=self.latest.sequence + 1,
            at=now,
            started_at=self._started_at,
            models=tuple(
                _view(
                    member,
                    self._fleet,
                    places=self._executor.bulkheads[model_id],
                    oldest_call=oldest.get(model_id),
                    availability=self._meter.availability(model_id, now),
                    now=now,
                )
                for model_id, member in self._fleet.members.items()
            ),
            is_degraded=self._degradation.is_degraded,
            level=self._degradation.level,
            degraded_since=self._degradation.since,
            available_share=self._degradation.available_share,
            degraded_threshold=self._degradation.threshold,
            alerts=planner.dressed(book.views()),
            pending=book.pending(),
            silences=book.silences(),
            channels=planner.channels(now),
            on_call=planner.on_call(now),
            metrics=self._meter.view(now),
            recorder=recorder,
            environment=self._environment,
            gateway=self.gateway,
            loop_lag=self._lag,
            events_dropped=recorder.dropped,
            undo_until=undo.until if undo else None,
            undo_text=undo.text if undo else "",
            undo_effect=UNDO_WORDS.get(undo.command.action, "") if undo else "",
            probe_spent=self._probe_budget.spent_today(now),
            probe_budget=self._probe_budget.budget,
            consoles=self.consoles,
            routes=tuple(
                RouteView(name, route.primary, self._fleet.serving(name), route.strategy, route.chain)
                for name, route in self._fleet.routes.items()
                if route.virtual_name
            ),
            holds=self._fleet.warden.book.views(),
        )


def _view(
    member: Member,
    fleet: Fleet,
    *,
    places: Bulkhead,
    oldest_call: float | None,
    availability: float | None,
    now: float,
) -> ModelView:
    settings = member.settings
    breaker = member.breaker
    response_times, error_rates = member.record.trend.series(now)
    fastest, p95s = member.record.trend.spread(now)
    is_on_trial = breaker.state is BreakerState.HALF_OPEN
    return ModelView(
        model_id=settings.id,
        provider=settings.provider,
        status=member.status,
        status_since=member.status_since,
        status_cause=member.status_cause,
        breaker=BreakerView(
            state=breaker.state,
            since=breaker.since,
            failure_threshold=breaker.policy.failure_threshold,
            recovery_timeout=breaker.policy.recovery_timeout,
            consecutive_failures=breaker.consecutive_failures,
            last_failure=breaker.last_failure,
            last_failure_cause=breaker.last_failure_cause,
            open_until=breaker.open_until,
            trips=breaker.trips,
            is_frozen=breaker.is_frozen(now),
            frozen_until=breaker.frozen_until if breaker.frozen_until != math.inf else None,
            trials_passed=breaker.counters(now).successes if is_on_trial else 0,
            trials_needed=(breaker.policy.trial.successes or 0) if is_on_trial else 0,
        ),
        last_health_check=member.record.last_check,
        response_time=member.record.response_time,
        p95=member.record.window.p95,
        error_rate=member.record.window.error_rate,
        failure_count=member.record.window.failures,
        requests=member.record.requests,
        in_flight=places.taken,
        max_in_flight=places.places,
        waiting=places.waiting,
        throttled_until=_throttled_until(member, now),
        fault=member.fault,
        pinned_to=member.pinned_to,
        serving=fleet.serving(settings.id),
        fallbacks=settings.fallbacks,
        strategy=settings.strategy,
        weight=member.weight,
        availability=availability,
        response_times=response_times,
        error_rates=error_rates,
        ramp=None if member.ramp is None else member.share,
        ejected_until=member.restraint.ejected_until,
        last_error=member.record.last_error,
        fastest=fastest,
        p95s=p95s,
        limits=LimitsView.of(settings),
        oldest_call=oldest_call,
    )


def _throttled_until(member: Member, now: float) -> float | None:
    """Until when it is left alone for its rate limits: the provider's word, or what is left of them."""
    if member.restraint.is_throttled(now):
        return member.restraint.throttled_until
    limited = None if member.restraint.pace.is_free else member.restraint.pace.refusal(now, member.in_flight)
    return None if limited is None else now + limited[1]
