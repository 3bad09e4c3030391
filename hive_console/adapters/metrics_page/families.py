"""Turns counters and the latest snapshot into metric families, at a scrape and only then.

Names: OpenTelemetry's semantic conventions for generative AI (`gen_ai_*`, where dots become underscores), and
`hive_*` for what BIP-03 calls ResilienceMetrics and what else only this console knows. Shares are 0..1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.utils import floatToGoString

from hive_console.adapters.metrics_page.counters import Counters, Distribution, Distributions, Labels, Tally
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import (
    AlertState,
    BreakerState,
    DegradationLevel,
    ModelStatus,
    OperationResult,
    Severity,
)
from hive_console.core.text import NAME_LIMIT, clean

DOLLAR = 1_000_000
"""Micro-dollars."""


class Names:
    """Label values: sanitised, and two that look alike then still told apart.

    A page with the same sample twice is refused as a whole.
    """

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, name: str) -> str:
        """How `name` is written."""
        shown = self._shown.get(name)
        if shown is None:
            shown = clean(name, NAME_LIMIT)
            number = 1
            while shown in self._taken:
                number += 1
                shown = f"{clean(name, NAME_LIMIT - 8)}#{number}"
            self._taken.add(shown)
            self._shown[name] = shown
        return shown


def families(counters: Counters, fleet: FleetSnapshot, *, version: str) -> Iterator[Metric]:
    """All families of one page."""
    names = Names()
    providers = {model.model_id: model.provider for model in fleet.models}
    yield InfoMetricFamily("hive_build", "The version of hive-console.", value={"version": clean(version)})
    yield from _generative(counters, names, providers)
    yield from _operations(counters, names)
    yield from _models(fleet, names)
    yield from _fleet(counters, fleet)
    yield from _channels(counters, fleet, names)
    yield from _engine(counters, fleet)


def _generative(counters: Counters, names: Names, providers: Mapping[str, str]) -> Iterator[Metric]:
    """What OpenTelemetry's conventions name."""
    durations = HistogramMetricFamily(
        "gen_ai_client_operation_duration_seconds",
        "Duration of whole operations, waits and fallbacks included, in seconds. The response model is the one that"
        " answered; error_type is empty for answers.",
        labels=("gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model", "error_type"),
    )
    for (requested, served_by, error), seen in _copied(counters.operations):
        provider = providers.get(served_by or requested, "")
        labels = (provider, requested, served_by, error)
        _fill(durations, tuple(map(names.of, labels)), seen)
    yield durations
    first_tokens = HistogramMetricFamily(
        "gen_ai_server_time_to_first_token_seconds",
        "Time from a streamed call's start to the first content of its model, in seconds.",
        labels=("gen_ai_provider_name", "gen_ai_request_model"),
    )
    for (model,), seen in _copied(counters.first_tokens):
        _fill(first_tokens, (names.of(providers.get(model, "")), names.of(model)), seen)
    yield first_tokens
    tokens = HistogramMetricFamily(
        "gen_ai_client_token_usage",
        "Tokens of calls, as the provider told them: input (caches included) and output.",
        labels=("gen_ai_provider_name", "gen_ai_request_model", "gen_ai_token_type"),
    )
    for (model, kind), seen in _copied(counters.tokens):
        _fill(tokens, (names.of(providers.get(model, "")), names.of(model), kind), seen)
    yield tokens


def _operations(counters: Counters, names: Names) -> Iterator[Metric]:
    results = Tally()
    results.by_labels = counters.results.by_labels.copy()
    answered: dict[str, int] = {}
    for (requested, _, error), seen in _copied(counters.operations):
        if not error:
            answered[requested] = answered.get(requested, 0) + seen.count
    for requested, count in answered.items():
        results.by_labels[(requested, OperationResult.ANSWERED.value)] = count
    yield _counter("hive_operations", "Operations that ended, by result.", ("model", "result"), results, names)
    yield CounterMetricFamily(
        "hive_degraded_operations",
        "Operations admitted while the fleet was degraded (BIP-03 degradedOperations).",
        value=counters.degraded_operations,
    )
    attempts = HistogramMetricFamily(
        "hive_attempt_duration_seconds",
        "Duration of single calls to models, streams to their end, in seconds.",
        labels=("model", "outcome"),
    )
    made = CounterMetricFamily("hive_attempts", "Calls to models, by outcome.", labels=("model", "outcome"))
    for (model, outcome), seen in _copied(counters.attempts):
        _fill(attempts, (names.of(model), outcome), seen)
        made.add_metric((names.of(model), outcome), seen.count)
    yield attempts
    yield made
    yield _counter(
        "hive_retries",
        "Calls of a model that had failed in the same operation.",
        ("model",),
        counters.retries,
        names,
    )
    yield _counter(
        "hive_hedges",
        "Calls given up because another model answered the same operation first.",
        ("model",),
        counters.hedges,
        names,
    )
    yield _counter(
        "hive_failovers",
        "Operations answered by another model than asked for (BIP-03 failoverEvents).",
        ("from_model", "to_model"),
        counters.failovers,
        names,
    )
    probes = HistogramMetricFamily(
        "hive_probe_duration_seconds",
        "Duration of health checks, in seconds, by outcome.",
        labels=("model", "outcome"),
    )
    for (model, outcome), seen in _copied(counters.probes):
        _fill(probes, (names.of(model), outcome), seen)
    yield probes
    yield _counter(
        "hive_breaker_transitions",
        "Moves of circuit breakers.",
        ("model", "from_state", "to_state"),
        counters.transitions,
        names,
    )
    recoveries = HistogramMetricFamily(
        "hive_recovery_seconds",
        "Time from unavailable to available again, in seconds (BIP-03 recoveryTime).",
        labels=("model", "by_operator"),
    )
    for (model, by_operator), seen in _copied(counters.recoveries):
        _fill(recoveries, (names.of(model), by_operator), seen)
    yield recoveries


_MODEL_GAUGES: tuple[tuple[str, str, Callable[[ModelView], float | None]], ...] = (
    (
        "hive_model_availability_ratio",
        "Share (0 to 1) of known time in which the model was not unavailable (BIP-03 modelAvailability).",
        lambda model: model.availability,
    ),
    (
        "hive_model_error_ratio",
        "Share (0 to 1) of failed calls in the last two minutes.",
        lambda model: model.error_rate,
    ),
    (
        "hive_model_response_time_seconds",
        "Latency of the latest good answer, in seconds.",
        lambda model: model.response_time,
    ),
    (
        "hive_model_response_time_p95_seconds",
        "95th percentile of the latency of good answers in the last two minutes, in seconds.",
        lambda model: model.p95,
    ),
    ("hive_model_in_flight", "Calls under way.", lambda model: model.in_flight),
    ("hive_model_in_flight_limit", "Calls that may be under way at once.", lambda model: model.max_in_flight),
    ("hive_model_waiting", "Calls that wait for a free place.", lambda model: model.waiting),
    (
        "hive_model_traffic_ratio",
        "Share (0 to 1) of its traffic that the model gets, less than 1 while it recovers.",
        lambda model: 1.0 if model.ramp is None else model.ramp,
    ),
    ("hive_model_fault", "1 while only a person can mend the model.", lambda model: float(bool(model.fault))),
    ("hive_breaker_trips", "Openings that are still held against the model.", lambda model: model.breaker.trips),
)
"""Gauges of each model: name, help, value; a model whose value is `None` has no sample."""


def _models(fleet: FleetSnapshot, names: Names) -> Iterator[Metric]:
    for name, text, value_of in _MODEL_GAUGES:
        gauge = GaugeMetricFamily(name, text, labels=("model",))
        for model in fleet.models:
            value = value_of(model)
            if value is not None:
                gauge.add_metric((names.of(model.model_id),), value)
        yield gauge
    statuses = GaugeMetricFamily(
        "hive_model_status", "1 for the status the model has, else 0.", labels=("model", "status")
    )
    breakers = GaugeMetricFamily(
        "hive_breaker_state",
        "1 for the state the model's circuit breaker is in, else 0.",
        labels=("model", "state"),
    )
    for model in fleet.models:
        for status in ModelStatus:
            statuses.add_metric((names.of(model.model_id), status.value), model.status is status)
        for state in BreakerState:
            breakers.add_metric((names.of(model.model_id), state.value), model.breaker.state is state)
    yield statuses
    yield breakers


def _fleet(counters: Counters, fleet: FleetSnapshot) -> Iterator[Metric]:
    since = counters.degraded_since
    still = 0.0 if since is None else max(0.0, fleet.at - since)
    yield GaugeMetricFamily(
        "hive_degraded_mode", "1 while the fleet is in degraded mode, else 0.", value=fleet.is_degraded
    )
    yield CounterMetricFamily(
        "hive_degraded_mode_seconds", "Time in degraded mode, in seconds.", value=counters.degraded_for + still
    )
    levels = GaugeMetricFamily(
        "hive_degradation_level", "1 for the level of degradation the fleet is at, else 0.", labels=("level",)
    )
    for level in DegradationLevel:
        levels.add_metric((level.value,), fleet.level is level)
    yield levels
    yield GaugeMetricFamily(
        "hive_available_ratio", "Share (0 to 1) of models that are not unavailable.", value=fleet.available_share
    )
    reliability = GaugeMetricFamily(
        "hive_reliability_ratio",
        "Share (0 to 1) of operations that were answered, without cancelled and rejected ones (BIP-03"
        " systemReliability).",
    )
    if fleet.metrics.system_reliability is not None:
        reliability.add_metric((), fleet.metrics.system_reliability)
    yield reliability
    firing = GaugeMetricFamily("hive_alerts_firing", "Alerts that fire now.", labels=("severity",))
    for severity in Severity:
        count = sum(alert.state is AlertState.FIRING and alert.severity is severity for alert in fleet.alerts)
        firing.add_metric((severity.value,), count)
    yield firing
    yield GaugeMetricFamily(
        "hive_alerts_unacknowledged",
        "Alerts that fire and nobody has acknowledged.",
        value=sum(alert.wants_attention for alert in fleet.alerts),
    )
    yield GaugeMetricFamily(
        "hive_alerts_muted",
        "Alerts that fire and of which nobody is told: a silence covers them, or another alert explains them.",
        value=sum(alert.state is AlertState.FIRING and alert.is_muted for alert in fleet.alerts),
    )
    yield GaugeMetricFamily(
        "hive_silences_active",
        "Silences and maintenances that hold now.",
        value=sum(silence.begins <= fleet.at < silence.until for silence in fleet.silences),
    )
    yield GaugeMetricFamily(
        "hive_probe_spent_dollars", "Cost of paid probes today (UTC), in dollars.", value=fleet.probe_spent / DOLLAR
    )
    yield GaugeMetricFamily(
        "hive_probe_budget_dollars",
        "What paid probes may cost a day, in dollars.",
        value=fleet.probe_budget / DOLLAR,
    )


def _channels(counters: Counters, fleet: FleetSnapshot, names: Names) -> Iterator[Metric]:
    """What goes out to people, and what waits to."""
    is_open = GaugeMetricFamily(
        "hive_channel_open", "1 while nothing is sent over a channel because it fails.", labels=("channel",)
    )
    waiting = GaugeMetricFamily("hive_notices_waiting", "Notices that wait to be sent.", labels=("channel",))
    for channel in fleet.channels:
        name = names.of(channel.name)
        is_open.add_metric((name,), channel.is_open)
        waiting.add_metric((name,), channel.waiting)
    yield is_open
    yield waiting
    yield _counter("hive_notices", "Notices that ended.", ("channel", "end"), counters.notices)
    told = counters.attempts_to_tell
    yield _counter("hive_notice_attempts", "Attempts to send a notice that came back.", ("channel", "result"), told)


def _engine(counters: Counters, fleet: FleetSnapshot) -> Iterator[Metric]:
    yield _counter("hive_alerts_raised", "Alerts raised.", ("rule", "severity"), counters.alerts)
    yield _counter("hive_operator_actions", "What operators asked.", ("action", "phase"), counters.commands)
    yield CounterMetricFamily(
        "hive_service_failures", "Unexpected errors of service loops.", value=counters.service_failures
    )
    recorder = fleet.recorder
    yield CounterMetricFamily("hive_recorder_events", "Events recorded.", value=recorder.recorded)
    yield CounterMetricFamily(
        "hive_recorder_dropped", "Events lost because the disk was too slow.", value=recorder.dropped
    )
    yield GaugeMetricFamily("hive_recorder_queue", "Events that wait for the disk.", value=recorder.queued)
    yield GaugeMetricFamily("hive_recorder_failing", "1 while nothing can be recorded.", value=bool(recorder.error))
    yield GaugeMetricFamily(
        "hive_loop_lag_seconds",
        "By how much the engine's loop was late at its last look, in seconds.",
        value=fleet.loop_lag,
    )
    yield GaugeMetricFamily(
        "hive_snapshot_timestamp_seconds",
        "When the gauges of this page were taken, in seconds since 1970.",
        value=fleet.at,
    )


def _copied(seen: Distributions) -> list[tuple[Labels, Distribution]]:
    """What is there now; the engine goes on counting on its own thread meanwhile."""
    return list(seen.by_labels.copy().items())


def _fill(family: HistogramMetricFamily, labels: Labels, seen: Distribution) -> None:
    counts = seen.counts.copy()
    bounds = [*map(floatToGoString, seen.bounds), "+Inf"]
    family.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), sum_value=seen.total)


def _counter(name: str, text: str, labels: Labels, tally: Tally, names: Names | None = None) -> CounterMetricFamily:
    """Counts by label set; `names` writes those that are not words of our own."""
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in tally.by_labels.copy().items():
        family.add_metric(values if names is None else tuple(map(names.of, values)), count)
    return family
