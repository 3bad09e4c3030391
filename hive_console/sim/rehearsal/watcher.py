"""The engine's promises, watched after every event. Numbers are those of docs/simulation.md.

The watch is a synchronous reader of the bus: when it looks, the engine stands exactly where the event left it.
What can be said from the event and a few counters is checked each time; what needs a look at all models is
checked once a minute of virtual time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import ActionPhase, BreakerState, ModelStatus
from hive_console.engine.supervisor import ResilienceEngine
from hive_console.sim.rehearsal import engine_view as view
from hive_console.sim.rehearsal.episodes import Sky

TICK = 1e-6
"""Seconds by which two times that mean the same may differ: they are sums of the same numbers."""

SWEEP = 60.0
"""Virtual seconds between two looks at everything."""

RECOUNT = 3600.0
"""Virtual seconds between two recounts of availability."""

KEPT = 20
"""Broken promises that are kept: the first ones tell what is wrong."""


_GOOD = frozenset({OutcomeKind.SUCCESS, OutcomeKind.CANCELLED})


class Invariant(IntEnum):
    """The promises by their numbers; 14, the digest, is a test's to check."""

    SERVICES_LIVE = 0
    TRIAL_HAS_A_PERMIT = 1
    OPEN_ADMITS_NOTHING = 2
    BULKHEAD_HOLDS = 3
    ATTEMPTS_ARE_BOUNDED = 4
    EVERY_OPERATION_ENDS_ONCE = 5
    EVERY_PERMIT_IS_SETTLED = 6
    ISOLATED_STAYS = 7
    AVAILABILITY_IS_A_RECOUNT = 8
    ALERTS_ARE_SAID_ONCE = 9
    QUEUES_ARE_BOUNDED = 10
    POLICY_IS_KEPT = 11
    DEADLINES_HOLD = 12
    RECOVERED_GETS_TRAFFIC = 13


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was not kept.

    Attributes:
        invariant: which.
        at: virtual seconds after the beginning.
        what: what was seen, in words.
    """

    invariant: Invariant
    at: float
    what: str

    def __str__(self) -> str:
        """One line for people."""
        words = self.invariant.name.lower().replace("_", " ")
        return f"invariant {self.invariant.value} ({words}) broke after {self.at:.3f} s: {self.what}"


@dataclass(slots=True)
class _Recount:
    """A second count of one model's availability, from the statuses alone."""

    status: ModelStatus
    since: float
    known: float = 0.0
    usable: float = 0.0

    def move(self, now: float, new: ModelStatus | None = None) -> None:
        if self.status is not ModelStatus.UNKNOWN:
            self.known += now - self.since
            if self.status is not ModelStatus.UNAVAILABLE:
                self.usable += now - self.since
        self.since = now
        if new is not None:
            self.status = new


class Watcher:
    """Watches one engine.

    Args:
        engine: not yet started.
        sky: the weather, to know which models should be well.
        in_flight: the most calls each model ever had at once, kept by the simulated models.
        epoch: the virtual time at which the weather begins.
    """

    def __init__(self, engine: ResilienceEngine, sky: Sky, *, most_in_flight: dict[str, int], epoch: float) -> None:
        self._engine = engine
        self._sky = sky
        self._most_in_flight = most_in_flight
        self._epoch = epoch
        self._members = view.members_of(engine)
        self._chains = {name: {name, *member.settings.fallbacks} for name, member in self._members.items()}
        self._attempts_allowed = {name: view.attempts_allowed(engine, name) for name in self._members}
        self._deadline = engine.settings.resilience.operation_deadline
        self._shut: dict[str, tuple[float, float]] = {}
        self._half_open_since: dict[str, float] = {}
        self._failed_at: dict[str, float] = {}
        self._attempts: dict[str, int] = {}
        self._ended: set[int] = set()
        self._all_ended_below = 1
        self._isolated: set[str] = set()
        self._spoken_for: set[str] = set()
        self._recounts = {name: _Recount(ModelStatus.UNKNOWN, epoch) for name in self._members}
        self._firing: dict[tuple[str, str], str] = {}
        self._next_sweep = epoch
        self._next_recount = epoch
        self.broken: list[Broken] = []
        self._handlers: dict[type[e.Event], Callable[[Any], None]] = {  # each takes its own kind of event
            e.AttemptFinished: self._on_attempt,
            e.ProbeFinished: self._on_probe,
            e.OperationFinished: self._on_operation,
            e.BreakerChanged: self._on_breaker,
            e.StatusChanged: self._on_status,
            e.OperatorActed: self._on_operator,
            e.RoutePinned: self._on_pin,
            e.AlertRaised: self._on_alert,
            e.AlertReopened: self._on_alert,
            e.AlertResolved: self._on_resolved,
            e.ServiceFailed: self._on_service_failed,
        }

    def observe(self, event: e.Event) -> None:
        """Looks at the engine right after an event."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)
        if event.at >= self._next_sweep:
            self._next_sweep = event.at + SWEEP
            self._sweep(event.at)

    def at_rest(self, now: float, started: int) -> None:
        """The last look, when no operation is under way: `started` operations were let in."""
        self._sweep(now)
        self._recount(now)
        ended = self._all_ended_below - 1 + len(self._ended)
        if ended != started:
            self.say(Invariant.EVERY_OPERATION_ENDS_ONCE, now, f"{started} operations came in, {ended} ended")
        if self._attempts:
            self.say(Invariant.EVERY_PERMIT_IS_SETTLED, now, f"calls without operation: {list(self._attempts)[:3]}")
        for what in view.left_behind(self._engine):
            self.say(Invariant.EVERY_PERMIT_IS_SETTLED, now, what)

    def say(self, invariant: Invariant, now: float, what: str) -> None:
        """Notes a broken promise."""
        if len(self.broken) < KEPT:
            self.broken.append(Broken(invariant, now - self._epoch, what))

    def _on_attempt(self, event: e.AttemptFinished) -> None:
        self._attempts[event.operation] = self._attempts.get(event.operation, 0) + 1
        if event.kind not in _GOOD:
            self._failed_at[event.model] = event.at
        self._check_admission(event.model, event.at, event.latency)

    def _on_probe(self, event: e.ProbeFinished) -> None:
        if event.kind not in _GOOD:
            self._failed_at[event.model] = event.at
        self._check_admission(event.model, event.at, event.latency)

    def _check_admission(self, model: str, at: float, latency: float) -> None:
        shut = self._shut.get(model)
        if shut is None:
            return
        began = at - latency
        if shut[0] + TICK < began < shut[1] - TICK and model not in self._isolated:
            what = f"a call to {model} began {shut[1] - began:.3f} s before its open breaker's time was over"
            self.say(Invariant.OPEN_ADMITS_NOTHING, at, what)
        permits = view.permits_out(self._members[model])
        if permits > view.TRIAL_PERMITS:
            self.say(Invariant.OPEN_ADMITS_NOTHING, at, f"{permits} trial permits of {model} are out")

    def _on_operation(self, event: e.OperationFinished) -> None:
        number = int(event.operation.rpartition("-")[2])
        if number < self._all_ended_below or number in self._ended:
            self.say(Invariant.EVERY_OPERATION_ENDS_ONCE, event.at, f"{event.operation} ended twice")
        self._ended.add(number)
        while self._all_ended_below in self._ended:
            self._ended.discard(self._all_ended_below)
            self._all_ended_below += 1
        settled = self._attempts.pop(event.operation, 0)
        if settled != event.attempts:
            what = f"{event.operation} made {event.attempts} calls and settled {settled}"
            self.say(Invariant.EVERY_PERMIT_IS_SETTLED, event.at, what)
        if event.attempts > self._attempts_allowed[event.requested]:
            what = f"{event.attempts} calls, {self._attempts_allowed[event.requested]} allowed"
            self.say(Invariant.ATTEMPTS_ARE_BOUNDED, event.at, what)
        if event.served_by is not None and event.served_by not in self._chains[event.requested]:
            what = f"{event.served_by} answered for {event.requested} and is not in its chain"
            self.say(Invariant.POLICY_IS_KEPT, event.at, what)

    def _on_breaker(self, event: e.BreakerChanged) -> None:
        model = event.model
        if event.new is BreakerState.OPEN and event.open_until is not None:
            self._shut[model] = (event.at, event.open_until)
        elif event.new is BreakerState.CLOSED:
            self._shut.pop(model, None)
        if event.new is BreakerState.HALF_OPEN:
            self._half_open_since[model] = event.at
        else:
            self._half_open_since.pop(model, None)
        if event.new is BreakerState.ISOLATED:
            self._isolated.add(model)
        if event.old is BreakerState.ISOLATED:
            self._isolated.discard(model)
            if model not in self._spoken_for:
                what = f"{model} was deactivated and moved to {event.new.value} without anybody's word"
                self.say(Invariant.ISOLATED_STAYS, event.at, what)
        self._spoken_for.discard(model)

    def _on_operator(self, event: e.OperatorActed) -> None:
        if event.phase is ActionPhase.INTENDED:
            self._spoken_for.add(event.target)

    def _on_pin(self, event: e.RoutePinned) -> None:
        """Whom an operator sends a route to may answer for it, from now on and until the last call has ended."""
        if event.target is not None:
            self._chains[event.model].add(event.target)
            self._attempts_allowed[event.model] = view.attempts_allowed(self._engine, event.model)

    def _on_status(self, event: e.StatusChanged) -> None:
        self._recounts[event.model].move(event.at, event.new)

    def _on_alert(self, event: e.AlertRaised | e.AlertReopened) -> None:
        key = (event.rule.value, event.subject)
        if key in self._firing:
            self.say(Invariant.ALERTS_ARE_SAID_ONCE, event.at, f"{event.alert_id} fires beside {self._firing[key]}")
        self._firing[key] = event.alert_id

    def _on_resolved(self, event: e.AlertResolved) -> None:
        if self._firing.pop((event.rule.value, event.subject), None) != event.alert_id:
            self.say(Invariant.ALERTS_ARE_SAID_ONCE, event.at, f"{event.alert_id} was resolved and did not fire")

    def _on_service_failed(self, event: e.ServiceFailed) -> None:
        self.say(Invariant.SERVICES_LIVE, event.at, f"{event.service}: {event.message}")

    def _sweep(self, now: float) -> None:
        """What needs a look at all models."""
        for name, member in self._members.items():
            self._look_at_trial(name, now)
            if self._most_in_flight[name] > member.settings.max_concurrent_requests:
                what = f"{name} had {self._most_in_flight[name]} calls at once"
                self.say(Invariant.BULKHEAD_HOLDS, now, what)
            if not view.has_full_traffic(member, now) and not view.is_held_by_hand(member):
                self._look_at_recovery(name, now)
        for what in view.overfull_places(self._engine):
            self.say(Invariant.BULKHEAD_HOLDS, now, what)
        for what in view.overfull_queues(self._engine):
            self.say(Invariant.QUEUES_ARE_BOUNDED, now, what)
        if now >= self._next_recount:
            self._next_recount = now + RECOUNT
            self._recount(now)

    def _look_at_recovery(self, name: str, now: float) -> None:
        """A model that does not get its traffic must have been in trouble lately, by the weather or by its calls:
        a timeout that is too short for the model fails it in the best weather.
        """
        well_since = self._sky.well_since(name, now - self._epoch)
        if well_since is None:
            return
        well_for = now - max(self._epoch + well_since, self._failed_at.get(name, self._epoch))
        if well_for > view.FULL_TRAFFIC_WITHIN:
            what = f"{name} is well for {well_for:.0f} s and has not got its traffic back"
            self.say(Invariant.RECOVERED_GETS_TRAFFIC, now, what)

    def _look_at_trial(self, name: str, now: float) -> None:
        since = self._half_open_since.get(name)
        if since is None:
            return
        member = self._members[name]
        if not view.is_stuck_half_open(member, now):
            self._half_open_since[name] = now
        elif now - since > view.TRIAL_PATIENCE:
            what = f"{name} is half-open without a permit out for {now - since:.0f} s"
            self.say(Invariant.TRIAL_HAS_A_PERMIT, now, what)

    def _recount(self, now: float) -> None:
        for name, recount in self._recounts.items():
            recount.move(now)
            told = view.availability_of(self._engine, name, now)
            counted = recount.usable / recount.known if recount.known > 0 else None
            if told is None or counted is None:
                continue
            if not 0 <= told <= 1 or abs(told - counted) > TICK:
                what = f"availability of {name} is told as {told!r} and counted as {counted!r}"
                self.say(Invariant.AVAILABILITY_IS_A_RECOUNT, now, what)
