"""Health checks: one watch per model, so that a hanging one delays nobody else.

The next probe is due after the interval with a tenth of jitter, two seconds after a failed one, and at the
very moment an open breaker's open time is over: that probe is the breaker's trial, so that no client's
request has to be. A model that real calls have judged meanwhile is not asked: they know better, and are paid
for already. Paid probes end with their daily budget; the free list of models is asked instead.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from dataclasses import replace

from hive_console.core.events import (
    BreakerChanged,
    Event,
    HoldEnded,
    HoldPlaced,
    ProbeBudgetSpent,
    ProbeFinished,
    StatusChanged,
)
from hive_console.core.fleet import Fleet
from hive_console.core.member import Member
from hive_console.core.outcome import CANCELLED, Outcome, OutcomeKind, Verdict
from hive_console.core.probe_budget import ProbeBudget
from hive_console.core.settings import ModelSettings, ProbeKind
from hive_console.core.states import BreakerState, HoldKind
from hive_console.core.transitions import Permit, Refusal
from hive_console.engine.bus import NOTHING, Bus
from hive_console.engine.deadlines import Deadlines, Limit
from hive_console.engine.ports import Clock, Provider

RECHECK = 2.0
"""Seconds after which a failed probe is repeated: waiting a whole interval would detect in 75 s on average."""

JITTER = 0.1
"""Share of the interval by which a probe may be early or late, so that probes do not march in step."""

TRIAL_LOOK = 1.0
"""Seconds after which a half-open breaker whose trial another call holds is looked at again."""

FIRST_SPREAD = 0.5
"""Seconds over which the first probes are spread: the screen should know something at once."""


class Prober:
    """Asks every model how it is; of one without a probe, only whether it has its key."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        daily_budget: int,
        provider: Provider,
        clock: Clock,
        bus: Bus,
        rng: random.Random,
    ) -> None:
        self._fleet = fleet
        self.budget = ProbeBudget(daily_budget)
        self._has_told_of_budget = False
        self._provider = provider
        self._clock = clock
        self._bus = bus
        self._rng = rng
        self._suspected: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pauses: dict[str, asyncio.Future[bool]] = {}
        self._limits: dict[float, Deadlines] = {}  # as many as the settings have different timeouts
        self._has_failed = dict.fromkeys(fleet.members, False)
        self._asking: dict[Limit, Member] = {}  # probes under way, in the order they began

    def reconfigure(self, daily_budget: int, changed: Collection[str]) -> None:
        """Follows other settings of the fleet; asks the changed models at once how they are."""
        self.budget.budget = daily_budget
        self._limits = {}  # those that run go on; the others would only pile up
        self._has_failed = {name: self._has_failed.get(name, False) for name in self._fleet.members}
        self._suspected.intersection_update(self._fleet.members)
        self._pauses = {name: pause for name, pause in self._pauses.items() if name in self._fleet.members}
        for name in changed:
            self._end_pause(name)

    def take(self, event: Event) -> tuple[Event, ...]:
        """Wakes the watch of a model whose breaker moved, or that became suspect; ends the probes of what a kill
        switch stops, and asks at once how it is when it is revived; a bus reader.
        """
        if isinstance(event, BreakerChanged):
            self._end_pause(event.model, is_woken=True)
        elif isinstance(event, StatusChanged) and self._fleet.members[event.model].is_suspect:
            self._suspected.add(event.model)
            self._end_pause(event.model, is_woken=True)
        elif isinstance(event, HoldPlaced | HoldEnded) and event.kind is HoldKind.KILLED:
            self._follow_kills(event.target)
        return NOTHING

    def _follow_kills(self, target: str) -> None:
        for limit, member in list(self._asking.items()):
            if self._fleet.warden.stops(member):
                limit.strike()
        for name in self._fleet.warden.covered(target):
            self._end_pause(name)

    async def watch(self, member: Member) -> None:
        """Probes one model for ever."""
        pause = self._rng.random() * FIRST_SPREAD
        while True:
            if await self._woken_within(member, pause):
                is_trial_free = member.breaker.state is BreakerState.HALF_OPEN
                pause = 0.0 if is_trial_free or self._is_suspected(member) else self._until_next(member)
                continue
            spared = self._spared_for(member)
            if spared > 0:
                pause = spared
                continue
            await self.check(member)
            pause = self._until_next(member)

    async def check(self, member: Member) -> Outcome:
        """One probe now; it counts like any call, unless the breaker is held open by hand. None of what is killed.

        A key that is missing, or is there again, is noticed also where probes are switched off.
        """
        killed = self._fleet.warden.stops(member)
        if killed:
            return Outcome(OutcomeKind.KILLED, message=killed)
        member.fixed_fault = self._provider.fault_of(member.settings)
        if member.fixed_fault:
            self._bus.publish(member.refresh(self._clock.now()))
            return Outcome(OutcomeKind.KEY_REFUSED, message=member.fixed_fault)
        if member.settings.probe is ProbeKind.NONE:
            return Outcome(OutcomeKind.REFUSED, message="probes are switched off for this model")
        started_at = self._clock.now()
        is_recovery = member.breaker.state in (BreakerState.OPEN, BreakerState.HALF_OPEN)
        admission, caused = member.acquire(started_at, is_probe=True)
        self._bus.publish(caused)
        if isinstance(admission, Refusal) and member.breaker.state is not BreakerState.ISOLATED:
            return Outcome(OutcomeKind.REFUSED, message=admission.cause)
        outcome = CANCELLED
        try:
            outcome = await self._ask(member)
        finally:
            permit = admission if isinstance(admission, Permit) else None
            self._has_failed[member.settings.id] = outcome.verdict is Verdict.FAILURE
            self._finish(member, permit, outcome, started_at=started_at, is_recovery=is_recovery)
        return outcome

    async def _ask(self, member: Member) -> Outcome:
        limit = self._limit(member.settings.probe_timeout).limit()
        try:
            async with limit:
                self._asking[limit] = member
                try:
                    return await self._provider.probe(self._affordable(member.settings))
                finally:
                    del self._asking[limit]
        except TimeoutError:
            killed = self._fleet.warden.stops(member)
            if killed:
                return Outcome(OutcomeKind.KILLED, message=killed)
            said = f"no answer within {member.settings.probe_timeout:g} s"
            return Outcome(OutcomeKind.TIMED_OUT, message=said)

    def _limit(self, seconds: float) -> Deadlines:
        if seconds not in self._limits:
            self._limits[seconds] = Deadlines(seconds)
        return self._limits[seconds]

    def _affordable(self, model: ModelSettings) -> ModelSettings:
        """The model as it may be probed now: a paid probe gives way to the free one when the money is spent."""
        if model.probe is not ProbeKind.COMPLETION:
            return model
        now = self._clock.now()
        if self.budget.pay(model.probe_cost, now):
            self._has_told_of_budget = False
            return model
        if not self._has_told_of_budget:
            self._has_told_of_budget = True
            spent = ProbeBudgetSpent(at=now, spent=self.budget.spent, budget=self.budget.budget)
            self._bus.publish([spent])
        return replace(model, probe=ProbeKind.MODELS)

    def _finish(
        self, member: Member, permit: Permit | None, outcome: Outcome, *, started_at: float, is_recovery: bool
    ) -> None:
        """Tells what came of the probe, then what that changed."""
        now = self._clock.now()
        latency = now - started_at
        finished = ProbeFinished(
            at=now,
            model=member.settings.id,
            kind=outcome.kind,
            latency=latency,
            status=outcome.status,
            message=outcome.message,
            is_recovery=is_recovery,
        )
        if permit is None:
            caused = member.observe(outcome, now, latency=latency)
        else:
            caused = member.settle(permit, outcome, now, latency=latency, is_probe=True)
        self._bus.publish([finished, *caused, *self._fleet.key_news(member.restraint.key, now)])

    def _is_suspected(self, member: Member) -> bool:
        """Whether callers came to suspect it since it was last looked at, and a probe may say more."""
        was_suspected = member.settings.id in self._suspected
        self._suspected.discard(member.settings.id)
        return was_suspected and member.breaker.standing is not None and not self._has_failed[member.settings.id]

    def _spared_for(self, member: Member) -> float:
        """Seconds for which real calls make a probe needless; 0 where it is due all the same.

        The first check always is, so that a missing key is seen; so are trials, and a model that just failed. Of
        a refused key one look a minute is enough, whichever of its models takes it.
        """
        if member.restraint.key.is_refused:
            return member.restraint.key.until - self._clock.now()
        last = member.record.last_real_call
        is_well = member.breaker.state is BreakerState.CLOSED and not member.breaker.consecutive_failures
        if last is None or not is_well or member.fault or self._has_failed[member.settings.id]:
            return 0.0
        return member.settings.health_check_interval - (self._clock.now() - last)

    def _until_next(self, member: Member) -> float:
        """Seconds until the next probe of this model is due."""
        # No trial can be made.
        if member.restraint.killed or member.fixed_fault or member.settings.probe is ProbeKind.NONE:
            return self._about_an_interval(member)
        match member.breaker.state:
            case BreakerState.OPEN:
                now = self._clock.now()
                is_frozen = member.breaker.is_frozen(now)
                return TRIAL_LOOK if is_frozen else max(0.0, (member.breaker.open_until or now) - now)
            case BreakerState.HALF_OPEN:
                return TRIAL_LOOK
            case BreakerState.ISOLATED:
                return self._about_an_interval(member)
            case BreakerState.CLOSED | BreakerState.METRICS_ONLY | BreakerState.DISABLED:
                has_failed = self._has_failed[member.settings.id]
                return RECHECK if has_failed else self._about_an_interval(member)

    def _about_an_interval(self, member: Member) -> float:
        return member.settings.health_check_interval * (1 + JITTER * (2 * self._rng.random() - 1))

    async def _woken_within(self, member: Member, seconds: float) -> bool:
        """Waits; whether the breaker moved meanwhile. A timer and a future: this is waited for all the time."""
        loop = self._loop or asyncio.get_running_loop()
        self._loop = loop
        pause: asyncio.Future[bool] = loop.create_future()
        self._pauses[member.settings.id] = pause
        timer = loop.call_later(seconds, self._end_pause, member.settings.id)
        try:
            return await pause
        finally:
            timer.cancel()

    def _end_pause(self, model: str, *, is_woken: bool = False) -> None:
        pause = self._pauses.get(model)
        if pause is not None and not pause.done():
            pause.set_result(is_woken)
