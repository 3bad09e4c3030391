"""Immutable views that leave the engine: what screens, the status command and the gateway's answers read.

Times are Unix seconds, durations seconds, shares 0..1. Series hold one value a bucket, oldest first; `None`
is a gap (nothing was measured), which is drawn as a gap and never as zero. More than 400 lines, most of which say
what a field means.
"""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.settings import ModelSettings, Settings, Strategy
from hive_console.core.states import (
    EVERYTHING,
    PROVIDER_PREFIX,
    AlertRule,
    AlertState,
    BreakerState,
    DegradationLevel,
    HoldKind,
    ModelStatus,
    Severity,
)

SERIES_BUCKET = 10.0
"""Seconds one value of a series stands for."""

SERIES_LENGTH = 180
"""Values kept: 30 minutes."""

Series = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class BreakerView:
    """BIP-03 `CircuitBreaker`, plus what a person wants to know next.

    Attributes:
        state: closed, open, half-open or isolated.
        since: when it entered this state.
        failure_threshold: consecutive failures that open it.
        recovery_timeout: seconds it stays open before a probe.
        consecutive_failures: failures in a row now.
        last_failure: when the last one was.
        last_failure_cause: what it was.
        open_until: when the next probe is admitted, while open.
        trips: openings that are still held against it; each makes the next one longer.
        is_frozen: whether automatic moves are stopped by hand.
        frozen_until: until when; `None` until a word ends it.
        is_known: whether the state is known; `False` only where a recording does not tell it.
        is_count_known: whether `consecutive_failures` is; `False` only where a recording does not tell it.
        trials_passed: good trials of this half-open period.
        trials_needed: good trials that close it; 0 where that is not known.
    """

    state: BreakerState
    since: float
    failure_threshold: int
    recovery_timeout: float
    consecutive_failures: int = 0
    last_failure: float | None = None
    last_failure_cause: str = ""
    open_until: float | None = None
    trips: int = 0
    is_frozen: bool = False
    frozen_until: float | None = None
    is_known: bool = True
    is_count_known: bool = True
    trials_passed: int = 0
    trials_needed: int = 0


@dataclass(frozen=True, slots=True)
class LimitsView:
    """What a model's numbers are measured by, from its settings; 0 is not known, or not set.

    Attributes:
        check_interval: seconds between two probes.
        timeout: seconds that one attempt may take.
        slow_above: seconds of p95 above which it is degraded.
        degraded_error_rate: share of failures at which it is degraded.
        trip_error_rate: share of failures that opens its breaker.
    """

    check_interval: float = 0.0
    timeout: float = 0.0
    slow_above: float = 0.0
    degraded_error_rate: float = 0.0
    trip_error_rate: float = 0.0

    @classmethod
    def of(cls, model: ModelSettings) -> LimitsView:
        """Those of a configured model."""
        return cls(
            check_interval=model.health_check_interval,
            timeout=model.timeout,
            slow_above=model.slow_above,
            degraded_error_rate=model.degraded_error_rate,
            trip_error_rate=model.failure_rate_threshold or 0.0,
        )


@dataclass(frozen=True, slots=True)
class ModelView:
    """BIP-03 `ModelAvailabilityStatus` of one model, with its breaker, its chain and its recent past.

    Attributes:
        model_id: canonical id.
        provider: who runs it.
        status: unknown, available, degraded or unavailable.
        status_since: when it got that status.
        status_cause: why, in a few words.
        breaker: its circuit breaker.
        last_health_check: when it was last probed or last judged by a real call.
        response_time: the latest good answer's latency.
        p95: 95th percentile of good answers in the window (two minutes, `core.window`).
        error_rate: failures / judged calls in the window; `None` when there were none.
        failure_count: failures in the window.
        requests: judged and neutral calls since start.
        in_flight: calls under way.
        max_in_flight: its bulkhead.
        throttled_until: set while the provider asked us to stay away (429), or a rate limit is nearly used up.
        fault: set while only a person can mend it: refused key, exhausted quota, missing key.
        pinned_to: the model that an operator sent its traffic to.
        serving: the model that answers its requests now; `None` when none can.
        fallbacks: its chain.
        strategy: how the chain is used.
        weight: its share under the weighted strategy.
        availability: share of known time it was not unavailable since start; `None` before the first check.
        response_times: mean latency per bucket.
        error_rates: share of failures per bucket.
        last_error: the last failure's sanitised message.
        ramp: the share of its traffic that a recovering model gets, 0..1; `None` when it gets all of it.
        ejected_until: until when it is left alone as an outlier.
        waiting: calls that wait for a place of its bulkhead.
        is_setup_known: whether provider, chain and bounds are known; `False` only where a recording does not tell.
        fastest: the shortest latency per bucket.
        p95s: 95th percentile of latencies per bucket.
        limits: what its numbers are measured by.
        oldest_call: since when the call that has waited longest waits for its answer, or for the next piece of its
            stream; `None` when none does.
    """

    model_id: str
    provider: str
    status: ModelStatus
    status_since: float
    status_cause: str
    breaker: BreakerView
    last_health_check: float | None = None
    response_time: float | None = None
    p95: float | None = None
    error_rate: float | None = None
    failure_count: int = 0
    requests: int = 0
    in_flight: int = 0
    max_in_flight: int = 10
    throttled_until: float | None = None
    fault: str = ""
    pinned_to: str | None = None
    serving: str | None = None
    fallbacks: tuple[str, ...] = ()
    strategy: Strategy = Strategy.SEQUENTIAL
    weight: float = 1.0
    availability: float | None = None
    response_times: Series = ()
    error_rates: Series = ()
    last_error: str = ""
    ramp: float | None = None
    ejected_until: float | None = None
    waiting: int = 0
    is_setup_known: bool = True
    fastest: Series = ()
    p95s: Series = ()
    limits: LimitsView = LimitsView()
    oldest_call: float | None = None


@dataclass(frozen=True, slots=True)
class RouteView:
    """A virtual model and who answers it.

    Attributes:
        name: as callers ask for it.
        primary: the model that should answer.
        serving: the model that answers now; `None` when none can.
        strategy: how its chain is used.
        chain: the models that may answer, in order.
    """

    name: str
    primary: str
    serving: str | None
    strategy: Strategy
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert of the inbox: one episode of one rule about one subject.

    Attributes:
        alert_id: its id.
        rule: what raised it.
        severity: how much it wants a person.
        subject: what it is about, in a word: a model, a route, a channel.
        text: what is wrong.
        state: whether it fires.
        raised_at: when the episode began.
        resolved_at: when it ended.
        acknowledged_by: who has it.
        acknowledged_at: since when.
        note: what they said.
        labels: (name, value) pairs that tell it from others of its rule; `rule` and `severity` are not among them.
        name: the rule's name in the settings file, of a rule that is there alone.
        times: how often it fired anew within this episode.
        acknowledged_until: when its acknowledgement ends; `None` when it has no end, or there is none.
        silenced_by: the silence that covers it.
        inhibited_by: the alert that explains it.
        is_flapping: whether it comes and goes.
        told: the channels that were told that it fires.
        untold: the channels that were to be told and could not be yet.
        step: steps of its escalation that are done.
        next_step_at: when the next one is due; `None` when none is.
        next_told: the channels that it tells.
        cause: why it was resolved.
        notes: what people wrote on it, oldest first, as `WHO: TEXT`; bounded.
        changed: counts its changes, so that a word about an older state of it can be told from one about this.
    """

    alert_id: str
    rule: AlertRule
    severity: Severity
    subject: str
    text: str
    state: AlertState
    raised_at: float
    resolved_at: float | None = None
    acknowledged_by: str | None = None
    acknowledged_at: float | None = None
    note: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    name: str = ""
    times: int = 0
    acknowledged_until: float | None = None
    silenced_by: str = ""
    inhibited_by: str = ""
    is_flapping: bool = False
    told: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    step: int = 0
    next_step_at: float | None = None
    next_told: tuple[str, ...] = ()
    cause: str = ""
    notes: tuple[str, ...] = ()
    changed: int = 0

    @property
    def rule_id(self) -> str:
        """The rule's name, as settings and people write it."""
        return self.name or self.rule.value

    @property
    def is_muted(self) -> bool:
        """Whether nobody is told of it."""
        return bool(self.silenced_by or self.inhibited_by)

    @property
    def all_labels(self) -> dict[str, str]:
        """What matchers of routes and silences are compared with."""
        own = {"rule": self.rule_id, "severity": self.severity.value, "subject": self.subject}
        return {**dict(self.labels), **own}

    @property
    def wants_attention(self) -> bool:
        """Whether it fires, and nobody has it, and nothing mutes it."""
        return self.state is AlertState.FIRING and self.acknowledged_by is None and not self.is_muted


@dataclass(frozen=True, slots=True)
class PendingView:
    """A condition that holds, but not for long enough yet to be an alert.

    Attributes:
        rule: the rule.
        subject: what it is about.
        text: what is wrong.
        since: since when it holds.
        fires_at: when it becomes an alert.
        name: the rule's name in the settings file, of a rule that is there alone.
    """

    rule: AlertRule
    subject: str
    text: str
    since: float
    fires_at: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class SilenceView:
    """A silence or a maintenance: of what all of its matchers match, nobody is told.

    Attributes:
        silence_id: its id.
        matchers: `label=pattern` or `label!=pattern`, with `*` for any text.
        by: whose it is; the settings file's own say so.
        reason: why.
        begins: from when.
        until: until when.
        is_maintenance: whether it is announced work.
        ends_on_resolve: whether it ends with the last alert that it covers.
        hides: firing alerts that it hides now.
        hid: alerts that it hid altogether.
    """

    silence_id: str
    matchers: tuple[str, ...]
    by: str
    reason: str
    begins: float
    until: float
    is_maintenance: bool = False
    ends_on_resolve: bool = False
    hides: int = 0
    hid: int = 0


@dataclass(frozen=True, slots=True)
class ChannelView:
    """One channel that notices go out by.

    Attributes:
        name: as the settings file calls it.
        kind: `slack`, `email`, `webhook`, `pagerduty`, `alertmanager`, `terminal`, `apprise`.
        is_open: whether its breaker keeps notices back.
        waiting: notices that wait.
        oldest: since when the oldest of them waits.
        delivered: notices delivered since start.
        dead: notices given up since start.
        dropped: notices that were not sent because there were too many.
        last_error: why the last failed attempt failed; empty when the last one went well.
        last_delivered_at: when the last one was delivered.
        next_at: when it is used next, while it must wait.
    """

    name: str
    kind: str
    is_open: bool = False
    waiting: int = 0
    oldest: float | None = None
    delivered: int = 0
    dead: int = 0
    dropped: int = 0
    last_error: str = ""
    last_delivered_at: float | None = None
    next_at: float | None = None


@dataclass(frozen=True, slots=True)
class MetricsView:
    """BIP-03 `ResilienceMetrics` since the engine started.

    Attributes:
        model_availability: (model, share of known time it was not unavailable) pairs.
        failover_events: operations answered by another model than asked for.
        recovery_time: mean seconds from unavailable to available again; `None` before the first recovery.
        degraded_operations: operations admitted while the fleet was degraded.
        system_reliability: answered / (answered + failed + shed); `None` before the first.
        operations: all operations that ended.
    """

    model_availability: tuple[tuple[str, float], ...] = ()
    failover_events: int = 0
    recovery_time: float | None = None
    degraded_operations: int = 0
    system_reliability: float | None = None
    operations: int = 0


@dataclass(frozen=True, slots=True)
class RecorderView:
    """How the recorder fares; `error` is empty while it can write, `caution` while nobody needs to know more."""

    recorded: int = 0
    queued: int = 0
    dropped: int = 0
    error: str = ""
    caution: str = ""


@dataclass(frozen=True, slots=True)
class HoldView:
    """A state that a person made and that nothing else ends before its time.

    Attributes:
        kind: what is held.
        target: a model's id, `provider:NAME`, or `*` for the fleet.
        by: whose it is.
        since: when it was made.
        until: when it ends by itself; `None` when only a word ends it.
        reason: why, in the operator's words.
        detail: what it is set to: the model that a pin leads to, a weight; empty for the rest.
    """

    kind: HoldKind
    target: str
    by: str
    since: float
    until: float | None = None
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ConsoleView:
    """A console that looks at this engine, in its process or attached to it.

    Attributes:
        actor: whose it is, as the system attests.
        origin: how they came, as far as anybody says.
        since: since when.
        is_read_only: whether it may only look.
    """

    actor: str
    origin: str = ""
    since: float = 0.0
    is_read_only: bool = False


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """Everything the screens show, at one instant.

    Attributes:
        sequence: grows with every published snapshot.
        at: when it was taken.
        started_at: when the engine started.
        models: in the order of the settings.
        is_degraded: whether the fleet is in degraded mode.
        degraded_since: since when.
        available_share: models that are not unavailable / all models; an unchecked one is given the benefit of
            the doubt.
        degraded_threshold: the share below which degraded mode begins.
        alerts: firing first, newest first; bounded.
        metrics: BIP-03's metrics.
        recorder: how the recorder fares.
        environment: a word for the title bar.
        gateway: the base URL to give to clients; empty while it does not listen.
        loop_lag: seconds by which the engine's loop was late in its last look at itself.
        events_dropped: events that slow readers lost.
        undo_until: until when the last operator action can be undone; `None` when there is none.
        undo_text: what would be undone.
        undo_effect: what that would do, in words.
        level: how much of the service the fleet can give.
        probe_spent: micro-dollars that paid probes cost today (UTC).
        probe_budget: micro-dollars that they may cost a day.
        routes: the virtual models, in the order of the settings.
        holds: what persons keep as it is, oldest first.
        consoles: who looks at this engine, in the order they came.
        pending: conditions that are no alerts yet, those first that become one first; bounded.
        silences: that hold or will, those first that end first.
        channels: that notices go out by, in the order of the settings.
        on_call: who is on call now; empty where nobody is named.
    """

    sequence: int
    at: float
    started_at: float
    models: tuple[ModelView, ...]
    is_degraded: bool = False
    degraded_since: float | None = None
    available_share: float = 1.0
    degraded_threshold: float = 0.6
    alerts: tuple[AlertView, ...] = ()
    metrics: MetricsView = MetricsView()
    recorder: RecorderView = RecorderView()
    environment: str = ""
    gateway: str = ""
    loop_lag: float = 0.0
    events_dropped: int = 0
    undo_until: float | None = None
    undo_text: str = ""
    undo_effect: str = ""
    level: DegradationLevel = DegradationLevel.FULL
    probe_spent: int = 0
    probe_budget: int = 0
    routes: tuple[RouteView, ...] = ()
    holds: tuple[HoldView, ...] = ()
    consoles: tuple[ConsoleView, ...] = ()
    pending: tuple[PendingView, ...] = ()
    silences: tuple[SilenceView, ...] = ()
    channels: tuple[ChannelView, ...] = ()
    on_call: str = ""

    def holds_on(self, model: ModelView) -> tuple[HoldView, ...]:
        """The holds that concern this model: its own, its provider's and the fleet's."""
        if not self.holds:  # as nearly always, and asked of every model at every drawing
            return ()
        targets = {model.model_id, f"{PROVIDER_PREFIX}{model.provider}", EVERYTHING}
        return tuple(hold for hold in self.holds if hold.target in targets)

    def model(self, model_id: str) -> ModelView | None:
        """The view of the model with this id."""
        for model in self.models:
            if model.model_id == model_id:
                return model
        return None

    def alert(self, alert_id: str) -> AlertView | None:
        """The view of the alert with this id."""
        for alert in self.alerts:
            if alert.alert_id == alert_id:
                return alert
        return None


def before_start(settings: Settings, now: float) -> FleetSnapshot:
    """What is known before the engine runs: the models' names and nothing else (sequence 0)."""
    return FleetSnapshot(
        sequence=0,
        at=now,
        started_at=now,
        models=tuple(_unknown(model, now) for model in settings.models),
        degraded_threshold=settings.resilience.degraded_mode_threshold,
        environment=settings.environment,
        routes=tuple(
            RouteView(route.name, route.primary, route.primary, route.strategy, (route.primary, *route.fallbacks))
            for route in settings.routes
        ),
    )


def _unknown(model: ModelSettings, now: float) -> ModelView:
    return ModelView(
        model_id=model.id,
        provider=model.provider,
        status=ModelStatus.UNKNOWN,
        status_since=now,
        status_cause="not checked yet",
        breaker=BreakerView(
            state=BreakerState.CLOSED,
            since=now,
            failure_threshold=model.breaker_threshold,
            recovery_timeout=model.recovery_timeout,
        ),
        max_in_flight=model.max_concurrent_requests,
        serving=model.id,
        fallbacks=model.fallbacks,
        strategy=model.strategy,
        weight=model.weight,
        limits=LimitsView.of(model),
    )
