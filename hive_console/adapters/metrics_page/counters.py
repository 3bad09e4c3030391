"""What is counted while traffic flows: plain integers, because every request pays for them.

The client library's own counters take a lock and look their labels up on each call, which costs microseconds;
these cost tenths of one (`python -m tests.bench.metrics`). They are read at a scrape, and begin at zero with the
engine: a restart is a counter reset, which Prometheus knows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import OperationResult

MAX_SERIES = 20_000
"""Label sets of one table. Names of models come from the settings, so that only many reloads could reach it."""

OTHER = "other"
"""Stands for every name that came after a table was full."""

DURATIONS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Seconds; OpenTelemetry's bounds for `gen_ai.client.operation.duration`."""

FIRST_TOKENS = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds; OpenTelemetry's bounds for `gen_ai.server.time_to_first_token`."""

TOKENS = tuple(4.0**power for power in range(14))
"""Tokens; OpenTelemetry's bounds for `gen_ai.client.token.usage`: 1, 4, 16, ... 67108864."""

RECOVERIES = (1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""Seconds; BIP-03 wants less than 30, so that there is a bound."""

# Looked up once: an enum's member takes longer to find than a number to add.
_SUCCESS = OutcomeKind.SUCCESS
_ANSWERED = OperationResult.ANSWERED

MAX_UNSETTLED = 10_000
"""Operations under way whose failed calls are remembered; above it the oldest are forgotten."""

Labels = tuple[str, ...]


class Distribution:
    """A histogram with fixed bounds: how many values were at most each bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Takes one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """Values taken."""
        return sum(self.counts)


class Distributions:
    """Distributions by label set, made when the first value comes; their number is bounded."""

    __slots__ = ("_bounds", "by_labels")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.by_labels: dict[Labels, Distribution] = {}

    def add(self, labels: Labels, value: float) -> None:
        """Takes one value."""
        self.of(labels).add(value)

    def of(self, labels: Labels) -> Distribution:
        """The one of this label set, or that of all others once the table is full."""
        found = self.by_labels.get(labels)
        if found is None:
            if len(self.by_labels) >= MAX_SERIES:
                labels = (OTHER,) * len(labels)
            found = self.by_labels.setdefault(labels, Distribution(self._bounds))
        return found


class Tally:
    """Counts by label set, their number bounded."""

    __slots__ = ("by_labels",)

    def __init__(self) -> None:
        self.by_labels: dict[Labels, int] = {}

    def add(self, *labels: str) -> None:
        """Counts one."""
        if labels not in self.by_labels and len(self.by_labels) >= MAX_SERIES:
            labels = (OTHER,) * len(labels)
        self.by_labels[labels] = self.by_labels.get(labels, 0) + 1


class Counters:
    """A reader of the engine's bus; `take` and the scrape may run on different threads.

    Attributes:
        operations: latency by (requested, served by, error type); the last two are empty where there is none.
        results: operations by (requested, result), where the result is not `answered`.
        degraded_operations: operations admitted while the fleet was degraded.
        attempts: latency of calls by (model, outcome).
        first_tokens: time to the first content of a stream, by (model).
        tokens: tokens of a call by (model, `input` or `output`).
        retries: calls of a model that had failed before in the same operation, by (model).
        hedges: calls that were cancelled because another model answered first, by (model).
        failovers: by (from, to).
        transitions: moves of breakers by (model, old state, new state).
        recoveries: seconds from unavailable to available again, by (model, whether an operator did it).
        probes: latency by (model, outcome).
        commands: what operators asked, by (action, phase).
        alerts: alerts raised by (rule, severity).
        notices: notices that ended, by (channel, end).
        attempts_to_tell: attempts to send one that came back, by (channel, `delivered` or `failed`).
        service_failures: errors of service loops.
        degraded_for: seconds in degraded mode that are over.
        degraded_since: since when the fleet is in degraded mode.
    """

    def __init__(self) -> None:
        self.operations = Distributions(DURATIONS)
        self.results = Tally()
        self.degraded_operations = 0
        self.attempts = Distributions(DURATIONS)
        self.first_tokens = Distributions(FIRST_TOKENS)
        self.tokens = Distributions(TOKENS)
        self.retries = Tally()
        self.hedges = Tally()
        self.failovers = Tally()
        self.transitions = Tally()
        self.recoveries = Distributions(RECOVERIES)
        self.probes = Distributions(DURATIONS)
        self.commands = Tally()
        self.alerts = Tally()
        self.notices = Tally()
        self.attempts_to_tell = Tally()
        self.service_failures = 0
        self.degraded_for = 0.0
        self.degraded_since: float | None = None
        # The two distributions that nearly all traffic goes to, found by one name each.
        self._well: dict[str, Distribution] = {}
        self._own: dict[str, Distribution] = {}
        # Operation to the models of its calls that failed, and of those that were cancelled.
        self._unsettled: dict[str, tuple[set[str], list[str]]] = {}
        # The handler's argument is the event of its own key, which a dictionary's type cannot say.
        self._handlers: dict[type[e.Event], Callable[[Any], None]] = {
            e.OperationFinished: self._on_operation,
            e.AttemptFinished: self._on_attempt,
            e.ProbeFinished: self._on_probe,
            e.FailedOver: lambda event: self.failovers.add(event.from_model, event.to_model),
            e.BreakerChanged: lambda event: self.transitions.add(event.model, event.old.value, event.new.value),
            e.ModelRecovered: self._on_recovery,
            e.DegradedModeEntered: self._on_degraded,
            e.DegradedModeLeft: self._on_undegraded,
            e.AlertRaised: lambda event: self.alerts.add(event.rule.value, event.severity.value),
            e.NoticeSettled: lambda event: self.notices.add(event.channel, event.end.value),
            e.NoticeTried: self._on_notice_tried,
            e.OperatorActed: lambda event: self.commands.add(event.action.value, event.phase.value),
            e.ServiceFailed: self._on_service_failure,
        }

    def take(self, event: e.Event) -> Iterable[e.Event]:
        """Counts an event; causes none."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)
        return ()

    def _on_notice_tried(self, event: e.NoticeTried) -> None:
        if event.took is not None or event.is_delivered:  # else it has only begun
            self.attempts_to_tell.add(event.channel, "delivered" if event.is_delivered else "failed")

    def count_tokens(self, model: str, read: int, written: int) -> None:
        """Counts the tokens of one call."""
        self.tokens.add((model, "input"), read)
        self.tokens.add((model, "output"), written)

    def _on_operation(self, event: e.OperationFinished) -> None:
        requested = event.requested
        if event.result is _ANSWERED:
            if event.served_by == requested:
                seen = self._own.get(requested)
                if seen is None:
                    seen = self._own[requested] = self.operations.of((requested, requested, ""))
                seen.add(event.latency)
            else:
                self.operations.add((requested, event.served_by or "", ""), event.latency)
        else:
            self.operations.add((requested, event.served_by or "", event.kind.value), event.latency)
            self.results.add(requested, event.result.value)
        if event.is_degraded:
            self.degraded_operations += 1
        if self._unsettled:
            _, cancelled = self._unsettled.pop(event.operation, ((), ()))
            if event.result is _ANSWERED:
                for model in cancelled:
                    self.hedges.add(model)

    def _on_attempt(self, event: e.AttemptFinished) -> None:
        model = event.model
        if event.kind is _SUCCESS:
            seen = self._well.get(model)
            if seen is None:
                seen = self._well[model] = self.attempts.of((model, "success"))
            seen.add(event.latency)
        else:
            self.attempts.add((model, event.kind.value), event.latency)
        if event.first_token is not None:
            self.first_tokens.add((model,), event.first_token)
        if event.read_tokens is not None or event.written_tokens is not None:
            self.count_tokens(model, event.read_tokens or 0, event.written_tokens or 0)
        if event.number > 1 and event.operation in self._unsettled:
            failed, _ = self._unsettled[event.operation]
            if model in failed:
                self.retries.add(model)
        if event.kind is not _SUCCESS:
            self._remember(event)

    def _remember(self, event: e.AttemptFinished) -> None:
        if event.operation not in self._unsettled and len(self._unsettled) >= MAX_UNSETTLED:
            del self._unsettled[next(iter(self._unsettled))]
        failed, cancelled = self._unsettled.setdefault(event.operation, (set(), []))
        if event.kind is OutcomeKind.CANCELLED:
            cancelled.append(event.model)
        else:
            failed.add(event.model)

    def _on_probe(self, event: e.ProbeFinished) -> None:
        self.probes.add((event.model, event.kind.value), event.latency)

    def _on_recovery(self, event: e.ModelRecovered) -> None:
        self.recoveries.add((event.model, "true" if event.by_operator else "false"), event.down_for)

    def _on_degraded(self, event: e.DegradedModeEntered) -> None:
        self.degraded_since = event.at

    def _on_undegraded(self, event: e.DegradedModeLeft) -> None:
        self.degraded_for += event.lasted
        self.degraded_since = None

    def _on_service_failure(self, event: e.ServiceFailed) -> None:  # noqa: ARG002 - every handler's shape
        self.service_failures += 1
