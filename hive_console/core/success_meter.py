"""BIP-03's success metrics as one fold over events, each defined here and nowhere else.

The simulator folds what it makes, and a recording can be folded the same way. A *route* is the model that
callers ask for; a route's *normal time* is the median of its answers that came at the first call from the
model asked for while that model was well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hive_console.core import events as e
from hive_console.core.histogram import Histogram
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import ActionPhase, BreakerState, ModelStatus, OperationResult
from hive_console.core.success import SuccessReport

TICK = 0.05
"""Seconds by which an answer at its very deadline may come later: a turn of the loop on a busy machine."""

GOOD_IN_A_ROW = 3
"""Good operations in a row that end a route's episode; one may be luck."""

NOTICEABLE = 0.1
"""Share of the normal time by which an operation must be later to count as affected (BIP-03: 10 %)."""

ENOUGH = 20
"""Normal answers of a route before its normal time is known: a median of fewer moves with each of them."""

REFRESH = 1.1
"""Growth of the number of normal answers after which their median is computed again."""

MAX_OPEN = 10_000
"""Operations whose calls are remembered until they end; a recording that was cut leaves some open for ever."""

FOR_PEOPLE = frozenset(
    {
        OutcomeKind.KEY_REFUSED,
        OutcomeKind.QUOTA_EXHAUSTED,
        OutcomeKind.MODEL_NOT_FOUND,
        OutcomeKind.ENDPOINT_REFUSED,
    }
)
"""Failures that no automatism can mend; their episodes are listed apart."""

_JUDGED = frozenset({OperationResult.ANSWERED, OperationResult.FAILED, OperationResult.SHED})


@dataclass(slots=True)
class _Calls:
    """The calls of an operation that has not ended: when the first one failed, how long the good one took."""

    failed_at: float | None = None
    answer: float | None = None


@dataclass(slots=True)
class _Route:
    """What is known of one route.

    Attributes:
        times: of normal answers.
        normal: their median as of `known_at` answers.
        broken_at: when the first call of the running episode failed.
        bad_until: when its latest failed operation ended.
        took: seconds from then to the first of the good operations in a row, as `recovery_p95` counts them.
        good: good operations in a row.
        has_failed: whether an operation failed for its caller in this episode.
        is_by_hand: whether an operator acted in this episode.
        own: operations in a row that the route's own model answered at the first call.
        is_diverted: whether a fallback scenario lasts.
    """

    times: Histogram = field(default_factory=Histogram)
    normal: float | None = None
    known_at: int = 0
    broken_at: float | None = None
    bad_until: float = 0.0
    took: float = 0.0
    good: int = 0
    has_failed: bool = False
    is_by_hand: bool = False
    own: int = 0
    is_diverted: bool = False

    def follow_diversion(self, *, is_own: bool) -> bool:
        """Takes an answered operation; whether it belongs to a fallback scenario."""
        self.own = self.own + 1 if is_own else 0
        was_diverted, self.is_diverted = (
            self.is_diverted,
            (self.is_diverted or not is_own) and self.own < GOOD_IN_A_ROW,
        )
        return was_diverted or self.is_diverted

    def take_normal(self, seconds: float) -> None:
        self.times.add(seconds)
        if self.times.count >= max(ENOUGH, self.known_at * REFRESH):
            self.known_at = self.times.count
            self.normal = self.times.quantile(0.5)


class SuccessMeter:
    """The fold. Costs a few microseconds an event; memory is bounded by models and by `MAX_OPEN`.

    Args:
        deadline: seconds an operation may take (`operation_deadline` of the settings).
    """

    __slots__ = (
        "_affected",
        "_cancelled",
        "_deadline",
        "_degraded",
        "_degraded_good",
        "_episodes",
        "_failed",
        "_failed_recoveries",
        "_fallbacks",
        "_for_people",
        "_good",
        "_handlers",
        "_isolated",
        "_last_kind",
        "_manual",
        "_normal_sum",
        "_open",
        "_recoveries",
        "_rejected",
        "_routes",
        "_scenario_normal",
        "_scenario_wait",
        "_shed",
        "_slowness_sum",
        "_statuses",
        "_unavailable",
        "_wait_ratios",
        "_wait_sum",
    )

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._open: dict[str, _Calls] = {}
        self._routes: dict[str, _Route] = {}
        self._statuses: dict[str, ModelStatus] = {}
        self._last_kind: dict[str, OutcomeKind] = {}
        self._isolated: set[str] = set()
        self._unavailable: dict[str, bool] = {}
        self._good = self._failed = self._shed = self._rejected = self._cancelled = 0
        self._affected = self._fallbacks = self._degraded = self._degraded_good = 0
        self._episodes = self._manual = self._for_people = 0
        self._wait_sum = self._normal_sum = self._slowness_sum = 0.0
        self._scenario_wait = self._scenario_normal = 0.0
        self._wait_ratios = Histogram()
        self._recoveries = Histogram()
        self._failed_recoveries = Histogram()
        self._handlers: dict[type[e.Event], Callable[[Any], None]] = {  # each takes its own kind of event
            e.EngineStarted: self._on_start,
            e.AttemptFinished: self._on_attempt,
            e.ProbeFinished: self._on_probe,
            e.OperationFinished: self._on_operation,
            e.StatusChanged: self._on_status,
            e.BreakerChanged: self._on_breaker,
            e.ModelRecovered: self._on_recovered,
            e.OperatorActed: self._on_operator,
        }

    def observe(self, event: e.Event) -> None:
        """Takes an event; events come in their order."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def report(self) -> SuccessReport:
        """Everything up to now."""
        judged = self._good + self._failed + self._shed
        return SuccessReport(
            uptime=_share(self._good, judged),
            recovery_p95=self._recoveries.quantile(0.95),
            failure_impact=_share(self._affected, judged),
            manual_intervention=_share(self._manual, self._episodes),
            fallback_wait=_share(self._scenario_wait, self._scenario_normal),
            stand_in_wait=_share(self._wait_sum, self._normal_sum),
            degraded_capacity=self._capacity(judged),
            recovery_p50=self._recoveries.quantile(0.5),
            failed_recovery_p95=self._failed_recoveries.quantile(0.95),
            fallback_wait_p95=self._wait_ratios.quantile(0.95),
            fallback_slowness=_share(self._slowness_sum, self._normal_sum),
            answered=self._good,
            failed=self._failed,
            shed=self._shed,
            rejected=self._rejected,
            cancelled=self._cancelled,
            fallbacks=self._fallbacks,
            degraded=self._degraded,
            recoveries=self._recoveries.count,
            failed_recoveries=self._failed_recoveries.count,
            episodes=self._episodes,
            for_people=self._for_people,
        )

    def _capacity(self, judged: int) -> float | None:
        degraded = _share(self._degraded_good, self._degraded)
        before = _share(self._good - self._degraded_good, judged - self._degraded)
        return None if degraded is None or not before else degraded / before

    def _on_start(self, _: e.EngineStarted) -> None:
        """What an earlier run left open never ends."""
        self._open.clear()
        self._statuses.clear()
        self._unavailable.clear()
        self._isolated.clear()

    def _on_attempt(self, event: e.AttemptFinished) -> None:
        self._last_kind[event.model] = event.kind
        calls = self._open.get(event.operation)
        if calls is None:
            if len(self._open) >= MAX_OPEN:
                del self._open[next(iter(self._open))]
            calls = self._open[event.operation] = _Calls()
        if event.kind is OutcomeKind.SUCCESS:
            calls.answer = event.latency
        elif event.kind is not OutcomeKind.CANCELLED and calls.failed_at is None:
            calls.failed_at = event.at

    def _on_probe(self, event: e.ProbeFinished) -> None:
        self._last_kind[event.model] = event.kind

    def _on_operation(self, event: e.OperationFinished) -> None:
        calls = self._open.pop(event.operation, None) or _Calls()
        if event.result not in _JUDGED:
            self._rejected += event.result is OperationResult.REJECTED
            self._cancelled += event.result is OperationResult.CANCELLED
            return
        is_good = event.result is OperationResult.ANSWERED and event.latency <= self._deadline + TICK
        self._degraded += event.is_degraded
        if is_good:
            self._good += 1
            self._degraded_good += event.is_degraded
        elif event.result is OperationResult.SHED:
            self._shed += 1
        else:
            self._failed += 1
        route = self._route(event.route or event.requested)
        self._follow_episode(route, event, calls, is_good=is_good)
        if is_good:
            self._measure_answer(route, event, calls)
        else:
            self._affected += 1

    def _measure_answer(self, route: _Route, event: e.OperationFinished, calls: _Calls) -> None:
        answer = event.latency if calls.answer is None else min(calls.answer, event.latency)
        waiting = event.latency - answer
        is_fallback = event.served_by is not None and event.served_by != event.requested
        is_well = self._statuses.get(event.requested) in {None, ModelStatus.AVAILABLE, ModelStatus.UNKNOWN}
        self._fallbacks += is_fallback
        if not is_fallback and event.attempts == 1 and is_well:
            route.take_normal(event.latency)
        is_in_scenario = route.follow_diversion(is_own=not is_fallback and event.attempts == 1)
        normal = route.normal
        if normal is None:
            return
        if is_in_scenario:
            self._scenario_wait += waiting
            self._scenario_normal += normal
        taken = event.latency
        if is_fallback:
            self._wait_sum += waiting
            self._normal_sum += normal
            self._slowness_sum += answer - normal
            self._wait_ratios.add(waiting / normal)
            # The stand-in's usual time, not this one answer's: chance is no consequence of an episode.
            taken = waiting + (self._route(event.served_by or "").normal or normal)
        elif is_well:
            taken = normal + waiting
        self._affected += taken > (1 + NOTICEABLE) * normal

    def _follow_episode(self, route: _Route, event: e.OperationFinished, calls: _Calls, *, is_good: bool) -> None:
        """From the first failed call to the first of three good operations in a row."""
        if route.broken_at is None:
            if is_good and calls.failed_at is None:
                return
            route.broken_at = event.at if calls.failed_at is None else calls.failed_at
            route.bad_until = route.broken_at
            route.good = 0
            route.has_failed = route.is_by_hand = False
        if not is_good:
            route.has_failed = True
            route.bad_until = event.at
            route.good = 0
            return
        route.good += 1
        if route.good == 1:
            came_at = event.at - event.latency
            answer = event.latency if calls.answer is None else min(calls.answer, event.latency)
            idle = max(0.0, came_at - route.bad_until)
            route.took = max(0.0, event.at - answer - route.broken_at - idle)
        if route.good < GOOD_IN_A_ROW:
            return
        if not route.is_by_hand:
            self._recoveries.add(route.took)
            if route.has_failed:
                self._failed_recoveries.add(route.took)
        route.broken_at = None

    def _on_status(self, event: e.StatusChanged) -> None:
        self._statuses[event.model] = event.new
        if event.new is ModelStatus.UNAVAILABLE and event.model not in self._isolated:
            self._unavailable[event.model] = self._last_kind.get(event.model) in FOR_PEOPLE

    def _on_breaker(self, event: e.BreakerChanged) -> None:
        if event.new is BreakerState.ISOLATED:
            self._isolated.add(event.model)
            self._unavailable.pop(event.model, None)
        else:
            self._isolated.discard(event.model)

    def _on_recovered(self, event: e.ModelRecovered) -> None:
        is_for_people = self._unavailable.pop(event.model, None)
        if is_for_people is None:
            return
        if is_for_people:
            self._for_people += 1
            return
        self._episodes += 1
        self._manual += event.by_operator

    def _on_operator(self, event: e.OperatorActed) -> None:
        if event.phase is ActionPhase.DONE and event.target in self._routes:
            self._routes[event.target].is_by_hand = True

    def _route(self, model: str) -> _Route:
        route = self._routes.get(model)
        if route is None:
            route = self._routes[model] = _Route()
        return route


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
