"""One model, one operation: place, permit, call, settle; wait, and again while that makes sense.

The same code runs whole answers and streams: a `Call` says how one attempt is made. A stream's permit stays
out until its last event, so its `Lease` is handed on instead of being settled here.

More than 400 lines in one piece, because whoever holds a place, a permit or a wait must be found here by the kill
switch: what is not in this file cannot be under way.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from hive_console.core.budget import RetryBudget
from hive_console.core.cost import cost_of
from hive_console.core.errors import ProviderError, place_of
from hive_console.core.events import AttemptFinished, Event, HoldEnded, HoldPlaced, ServiceFailed
from hive_console.core.fleet import Fleet
from hive_console.core.hop import Hop
from hive_console.core.member import Member
from hive_console.core.outcome import CANCELLED, SUCCESS, Outcome, OutcomeKind
from hive_console.core.policies import retry_policy_of
from hive_console.core.raw_body import RawBody
from hive_console.core.retry import Backoff
from hive_console.core.roster import Roster
from hive_console.core.settings import ModelSettings, ResilienceSettings, RetryBeforeFallback, Settings
from hive_console.core.states import HoldKind
from hive_console.core.task import Piece, RateLimits, Task, Usage
from hive_console.core.transitions import Permit, Refusal
from hive_console.engine.bulkhead import Bulkhead
from hive_console.engine.bus import NOTHING, Bus
from hive_console.engine.deadlines import Deadlines, Limit
from hive_console.engine.operation import Operation
from hive_console.engine.overdue import Overdue
from hive_console.engine.ports import Clock

Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")

BYTES_PER_TOKEN = 4
"""Bytes of English text that make a token, by the providers' own rule of thumb; used where none is told."""

EVENT_END = b"\n\n"
"""Ends a server-sent event; one event of content holds about one token."""

CLOSING = 2.0
"""Seconds that the closing of one stream may take; a connection that does not close is the system's then."""

FIRST_ERROR = 400
"""The lowest status of an answer that no tokens are counted for."""


class Lease:
    """A place and a permit for one call; given back exactly once, whatever happens.

    Attributes:
        started_at: when the call began.
        first_token: seconds to the first content of a stream.
        usage: tokens of the call, as far as the provider told them.
        limits: what the provider said is left of its rate limits, with the answer that ends the call.
        counts_tokens: whether a limit counts its tokens, so that they are estimated where none are told.
        written: tokens of the answer by that estimate.
        killed: why a kill switch ended the call, or empty.
        waits_since: since when the next piece of a stream is waited for; `None` while nobody asks for it.
        ends: ends the attempt now; `None` while it is not under way.
        breaks_off: ends the stream that the attempt opened; `None` where there is none.
    """

    # On the class, since most calls never set them and every call would pay for it.
    first_token: float | None = None
    usage: Usage | None = None
    limits: RateLimits | None = None
    written = 0
    killed = ""
    waits_since: float | None = None
    ends: Callable[[], None] | None = None
    breaks_off: Callable[[], None] | None = None

    def __init__(
        self, executor: Executor, member: Member, permit: Permit, operation: Operation, now: float
    ) -> None:
        self._executor = executor
        self._member = member
        self._permit = permit
        self._operation = operation
        self._number = operation.attempts
        self.started_at = now
        self._is_settled = False
        self.counts_tokens = member.restraint.pace.counts_tokens
        executor.under_way[self] = None

    @property
    def member(self) -> Member:
        """The model that is called."""
        return self._member

    def kill(self, why: str) -> None:
        """Ends the call now: its caller is told why."""
        self.killed = why
        for end in (self.ends, self.breaks_off):
            if end is not None:
                end()

    def close_soon(self, close: Callable[[], Awaitable[None]]) -> None:
        """Has something closed that nobody reads now, and that would be open for as long as nobody does."""
        self._executor.closing.put_nowait(close)

    def mark_first_token(self) -> None:
        """Notes when the first content came; a stream's latency is the time to here."""
        self.first_token = self._executor.clock.now() - self.started_at

    def wait_for_piece(self) -> None:
        """Notes that the next piece of a stream is asked for now."""
        self.waits_since = self._executor.clock.now()

    def note(self, piece: Piece) -> None:
        """Takes what a piece of a stream tells beside its content: tokens so far, and rate limits at once, since
        a stream may last.
        """
        if piece.usage is not None:
            told, known = piece.usage, self.usage
            # Some tell what was read in the first event only, and what was written in the last.
            self.usage = (
                told if known is None else Usage(max(told.read, known.read), max(told.written, known.written))
            )
        if piece.limits is not None:
            self._member.heed(piece.limits, self._executor.clock.now(), is_under_way=True)
        if self.counts_tokens and piece.has_content:
            self.written += piece.data.count(EVENT_END)

    def settle(self, outcome: Outcome) -> None:
        """Tells breaker, health and recording what came of the call and frees its place."""
        if self._is_settled:
            return
        self._is_settled = True
        del self._executor.under_way[self]
        now = self._executor.clock.now()
        seconds = now - self.started_at
        model = self._member.settings
        latency = seconds if self.first_token is None else self.first_token
        usage = self.usage
        estimate = self._estimate(outcome) if self.counts_tokens and usage is None else 0
        caused = self._member.settle(self._permit, outcome, now, latency=latency, usage=usage, estimate=estimate)
        if self.limits is not None:
            self._member.heed(self.limits, now)
        further = self._executor.settled(self._member, outcome, now)
        finished = AttemptFinished(
            at=now,
            operation=self._operation.id,
            model=model.id,
            number=self._number,
            kind=outcome.kind,
            latency=seconds,
            first_token=self.first_token,
            status=outcome.status,
            message=outcome.message,
            read_tokens=None if usage is None else usage.read,
            written_tokens=None if usage is None else usage.written,
            cost=None if usage is None else cost_of(model, read=usage.read, written=usage.written),
        )
        self._executor.bus.publish([finished, *caused, *further])

    def _estimate(self, outcome: Outcome) -> int:
        """Tokens that the call probably used."""
        was_begun = outcome.kind is not OutcomeKind.CONNECTION_FAILED and (outcome.status or 0) < FIRST_ERROR
        return request_tokens(self._operation.task) + self.written if was_begun else 0


def request_tokens(task: Task) -> int:
    """What a request has, by our own estimate."""
    request = task.request
    size = len(request.raw) if isinstance(request, RawBody) else len(str(request))
    return size // BYTES_PER_TOKEN


class Call(Protocol[Result_co]):
    """How one attempt is made."""

    @property
    def keeps_lease(self) -> bool:
        """Whether the result carries the lease on (a stream) instead of ending with the call."""
        ...

    def patience(self, model: ModelSettings) -> float:
        """Seconds one attempt may take until its answer, or its first content."""
        ...

    async def __call__(self, model: ModelSettings, task: Task, lease: Lease) -> Result_co:
        """Calls the provider; raises `ProviderError`."""
        ...


@dataclass(frozen=True, slots=True)
class Tried(Generic[Result]):
    """What came of trying one model; `result` is there exactly when `outcome` is a success."""

    outcome: Outcome
    result: Result | None = None


class Executor:
    """Runs operations on single models."""

    def __init__(self, settings: Settings, *, fleet: Fleet, clock: Clock, bus: Bus, rng: random.Random) -> None:
        self.clock = clock
        self.bus = bus
        self._fleet = fleet
        self._rng = rng
        self._resilience = settings.resilience
        self.bulkheads = Roster(
            {
                model.id: Bulkhead(model.max_concurrent_requests, settings.resilience.max_queued_requests)
                for model in settings.models
            }
        )
        self._overdue = Roster({name: Overdue(member, clock) for name, member in fleet.members.items()})
        # Who wants the same model asked again, come what may, wants no call moved on.
        self._may_move_on = settings.resilience.retry_before_fallback is not RetryBeforeFallback.ALWAYS
        self._limits: dict[float, Deadlines] = {}  # as many as the settings have different timeouts
        self._retries = Roster({model.id: retry_policy_of(model, settings.resilience) for model in settings.models})
        self.under_way: dict[Lease, None] = {}  # in the order they began
        self._pauses: dict[asyncio.Timeout, Member] = {}  # of those that wait to try again
        self.closing: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        # One budget a route: its retries and hedges together, whichever of its models they go to.
        self.budgets = Roster({name: _budget_of(settings.resilience) for name in fleet.routes})

    def reconfigure(self, settings: Settings) -> None:
        """Runs by these settings from the next attempt on; who has a place or waits for one keeps it."""
        fleet = self._resilience = settings.resilience
        self._may_move_on = fleet.retry_before_fallback is not RetryBeforeFallback.ALWAYS
        self._limits = {}  # those that run go on; the others would only pile up
        self._retries.become({model.id: retry_policy_of(model, fleet) for model in settings.models})
        bulkheads: dict[str, Bulkhead] = {}
        overdue: dict[str, Overdue] = {}
        for name, member in self._fleet.members.items():
            # One that returns before its calls ended has those still: they come back to the same places.
            bulkheads[name] = self.bulkheads.known(name) or Bulkhead(member.places, fleet.max_queued_requests)
            bulkheads[name].bound(fleet.max_queued_requests)
            bulkheads[name].resize(member.places)
            watch = self._overdue.known(name)
            overdue[name] = watch if watch is not None and watch.member is member else Overdue(member, self.clock)
        self.bulkheads.become(bulkheads)
        self._overdue.become(overdue)
        budgets = {name: self.budgets.known(name) or _budget_of(fleet) for name in self._fleet.routes}
        for budget in budgets.values():
            budget.ratio, budget.floor = fleet.retry_budget, fleet.retry_budget_floor
        self.budgets.become(budgets)

    def oldest_calls(self) -> dict[str, float]:
        """Since when the call to each model that has waited longest waits: for its answer, or its next piece.

        A stream that talks, or whose reader takes its time, waits for nothing.
        """
        oldest: dict[str, float] = {}
        for lease in self.under_way:  # at most as many as the whole fleet serves at once
            since = lease.started_at if lease.first_token is None else lease.waits_since
            name = lease.member.settings.id
            if since is not None and since < oldest.get(name, math.inf):
                oldest[name] = since
        return oldest

    def is_idle(self, name: str) -> bool:
        """Whether no call is under way to this model and none waits for it; of a virtual one always."""
        places = self.bulkheads.known(name)
        return places is None or places.is_idle

    def forget(self, names: Iterable[str]) -> None:
        """Forgets models and routes that have left and that no operation asks any more."""
        for roster in (self.bulkheads, self._overdue, self.budgets, self._retries):
            roster.forget(names)

    def take(self, event: Event) -> tuple[Event, ...]:
        """Ends what a kill switch forbids from now on, and follows safe mode; a bus reader."""
        if isinstance(event, HoldPlaced | HoldEnded):
            if event.kind is HoldKind.SAFE_MODE:
                self._resize()
            elif event.kind is HoldKind.KILLED:
                self._kill()
        return NOTHING

    def _resize(self) -> None:
        for name, member in self._fleet.members.items():
            self.bulkheads[name].resize(member.places)

    def _kill(self) -> None:
        """Ends the calls under way to whom nobody may call any more, and wakes who waits to call them again."""
        stops = self._fleet.warden.stops
        for lease in list(self.under_way):
            why = stops(lease.member)
            if why and not lease.killed:
                lease.kill(why)
        now = asyncio.get_running_loop().time()
        for pause, member in list(self._pauses.items()):
            if stops(member) and not pause.expired():
                pause.reschedule(now)

    async def close_broken_off(self) -> None:
        """Closes for ever the streams that a kill switch ended while nobody read them: they cost money."""
        while True:
            close = await self.closing.get()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await close()

    async def run(
        self,
        member: Member,
        operation: Operation,
        call: Call[Result],
        *,
        has_standby: Callable[[], bool],
    ) -> Tried[Result]:
        """Tries one model until it answered, may not be tried again, or another should have its turn.

        Args:
            member: the model.
            operation: whose deadline bounds everything, waits included.
            call: how one attempt is made.
            has_standby: whether another candidate would admit a call now.
        """
        started_at = self.clock.now()
        tried = await self._attempt(member, operation, call, has_standby=has_standby)
        if not tried.outcome.is_success:
            tried = await self._again(tried, member, operation, call, has_standby=has_standby)
        seconds = self.clock.now() - started_at
        operation.hops.append(Hop(member.settings.id, _said(tried.outcome), seconds))
        return tried

    def settled(self, member: Member, outcome: Outcome, now: float) -> list[Event]:
        """A call of real traffic came back: its place is free; what it means beyond its own model."""
        bulkhead = self.bulkheads[member.settings.id]
        bulkhead.release()
        if member.is_retired:
            return []
        if member.limit is not None:
            bulkhead.resize(member.places)
        return self._fleet.settled(member, outcome, now)

    async def _again(
        self,
        tried: Tried[Result],
        member: Member,
        operation: Operation,
        call: Call[Result],
        *,
        has_standby: Callable[[], bool],
    ) -> Tried[Result]:
        """Waits and calls again for as long as that makes sense: BIP-03's ladder, within deadline and budget."""
        backoff = Backoff(self._retries[member.settings.id])
        budget = self.budgets[operation.route.name]
        while not tried.outcome.is_success and self._may_retry(tried.outcome, member, operation, has_standby):
            now = self.clock.now()
            # A throttle that names no time is a wait like one that does: retrying within it would be refused.
            floor = max(tried.outcome.retry_after or 0.0, member.retry_in(now) or 0.0)
            delay = backoff.next(self._rng.random(), retry_after=floor)
            if delay is None or now + delay >= operation.deadline_at or not budget.withdraw(now):
                break
            await self._pause_until(now + delay, member)
            tried = await self._attempt(member, operation, call, has_standby=has_standby)
        return tried

    async def _pause_until(self, due: float, member: Member) -> None:
        """Waits until `due`, or until a kill switch makes the wait senseless."""
        try:
            async with asyncio.timeout(None) as pause:
                self._pauses[pause] = member
                try:
                    await self._sleep_until(due)
                finally:
                    del self._pauses[pause]
        except TimeoutError:
            return

    async def _sleep_until(self, due: float) -> None:
        """Waits until `due` and never less: a timer that fires early would retry before Retry-After is over."""
        while (left := due - self.clock.now()) > 0:
            await self.clock.sleep(left)

    def _may_retry(
        self, outcome: Outcome, member: Member, operation: Operation, has_standby: Callable[[], bool]
    ) -> bool:
        wish = self._resilience.retry_before_fallback
        if not outcome.may_retry or wish is RetryBeforeFallback.NEVER or self._fleet.warden.stops(member):
            return False
        if outcome.is_uncertain and not operation.may_replay:
            return False
        if not member.breaker.would_admit(self.clock.now()):
            return False
        return wish is RetryBeforeFallback.ALWAYS or not has_standby()

    async def _attempt(
        self, member: Member, operation: Operation, call: Call[Result], *, has_standby: Callable[[], bool]
    ) -> Tried[Result]:
        if self._fleet.warden.book.has_kills and self._fleet.warden.stops(member):
            return Tried(self._refusal(member))
        now = self.clock.now()
        bulkhead = self.bulkheads[member.settings.id]
        # A breaker that admits everybody leaves the other reasons to `acquire`; else nobody waits in vain.
        if member.breaker.standing is None or not bulkhead.try_take():
            if not member.would_admit(now):
                return Tried(self._refusal(member))
            patience = operation.deadline_at - now
            if not bulkhead.try_take() and (has_standby() or not await bulkhead.take(patience)):
                return Tried(Outcome(OutcomeKind.NO_ROOM, message="all its places are taken"))
            now = self.clock.now()
        admission, caused = member.acquire(now)
        if caused:
            self.bus.publish(caused)
        if isinstance(admission, Refusal):
            bulkhead.release()
            return Tried(self._refusal(member))
        operation.attempts += 1
        operation.tried.append(member.settings.id)
        lease = Lease(self, member, admission, operation, now)
        return await self._call(member.settings, operation, call, lease, has_standby=has_standby)

    async def _call(
        self,
        model: ModelSettings,
        operation: Operation,
        call: Call[Result],
        lease: Lease,
        *,
        has_standby: Callable[[], bool],
    ) -> Tried[Result]:
        """One call under the shorter of the model's timeout and what is left of the deadline."""
        left = operation.deadline_at - lease.started_at
        patience = call.patience(model)
        limit = self._limit(patience, left)
        overdue = self._overdue[model.id]
        may_move = operation.may_replay and self._may_move_on and not self._fleet.warden.book.is_safe
        movable = limit if may_move and isinstance(limit, Limit) else None
        waiting = overdue.enter(movable, lease.started_at, has_standby)
        outcome = CANCELLED
        result: Result | None = None
        try:
            async with limit:
                lease.ends = limit.strike if isinstance(limit, Limit) else partial(_end_now, limit)
                try:
                    result = await call(model, operation.task, lease)
                finally:
                    lease.ends = None
            outcome = SUCCESS
        except TimeoutError:
            if lease.killed:
                outcome = Outcome(OutcomeKind.KILLED, message=lease.killed, is_uncertain=True)
                return Tried(outcome)
            has_moved = waiting is not None and waiting.has_moved
            waited = self.clock.now() - lease.started_at if has_moved else min(patience, left)
            outcome = Outcome(OutcomeKind.TIMED_OUT, message=f"no answer within {waited:.3g} s", is_uncertain=True)
            # A caller in a hurry says nothing about the model: only its own full timeout counts against it.
            lease.settle(outcome if left >= patience and not has_moved else CANCELLED)
        except ProviderError as error:
            outcome = error.outcome
        except Exception as error:  # noqa: BLE001 - an adapter's bug must not end the engine; it is published
            outcome = Outcome(OutcomeKind.MALFORMED, message=f"internal: {place_of(error)}")
            self.bus.publish([ServiceFailed(at=self.clock.now(), service="provider", message=outcome.message)])
        finally:
            overdue.leave(waiting)
            if result is None or not call.keeps_lease:
                lease.settle(outcome)
        return Tried(outcome, result)

    def _limit(self, patience: float, left: float) -> Limit | asyncio.Timeout:
        """Bounds one attempt: by a model's patience, which many calls share, or by what its operation has left."""
        if left < patience:
            return asyncio.timeout(left)
        if patience not in self._limits:
            self._limits[patience] = Deadlines(patience)
        return self._limits[patience].limit()

    def _refusal(self, member: Member) -> Outcome:
        killed = self._fleet.warden.stops(member)
        if killed:
            return Outcome(OutcomeKind.KILLED, message=killed)
        now = self.clock.now()
        refusal = member.refusal(now)
        why = member.fault or f"breaker {member.breaker.state.value}" if refusal is None else refusal.cause
        is_throttle = refusal is not None and refusal.is_throttle
        kind = OutcomeKind.THROTTLED if is_throttle else OutcomeKind.REFUSED
        return Outcome(kind, message=why, retry_after=member.retry_in(now))


def _end_now(timeout: asyncio.Timeout) -> None:
    if not timeout.expired():
        timeout.reschedule(asyncio.get_running_loop().time())


def _budget_of(fleet: ResilienceSettings) -> RetryBudget:
    return RetryBudget(fleet.retry_budget, floor=fleet.retry_budget_floor)


def _said(outcome: Outcome) -> str:
    is_refusal = outcome.kind in {OutcomeKind.REFUSED, OutcomeKind.THROTTLED, OutcomeKind.KILLED}
    return f"refused: {outcome.message}" if is_refusal else outcome.kind.value
