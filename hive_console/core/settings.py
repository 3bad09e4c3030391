"""Frozen, self-checking settings. Defaults are BIP-03's numbers; each other number says where it comes from.

More than 400 lines because nearly all of them say what a field means.

Seconds are floats, shares are 0..1. The YAML shape (camelCase, durations with units) belongs to
`adapters.config_file`; error fields here already use the YAML spelling so that messages match the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from hive_console.core.alert_settings import AlertSettings
from hive_console.core.bounds import MAX_SECONDS, within, within_if
from hive_console.core.console_settings import ConsoleSettings
from hive_console.core.errors import SettingsError
from hive_console.core.gateway_settings import GatewaySettings, NetworkSettings
from hive_console.core.keeping import Keeping
from hive_console.core.retry import Jitter
from hive_console.core.states import EVERYTHING, PROVIDER_PREFIX

OWN_ROW = "!"
"""Begins the names of the recording's own rows beside those of models; so no model's id begins with it."""

MAX_MODELS = 2000
"""More models than any known fleet; bounds snapshots and tables."""


class Dialect(Enum):
    """The wire protocol an endpoint speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Strategy(Enum):
    """How a model's fallbacks are used (BIP-03 `FallbackStrategy.strategy`, and one more)."""

    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"
    WEIGHTED = "weighted"
    FASTEST = "fastest"  # the better of two by latency and load


class BreakerMode(Enum):
    """What a breaker may do."""

    ENFORCING = "enforcing"
    METRICS_ONLY = "metrics-only"  # counts and tells, never refuses
    DISABLED = "disabled"


class LastResort(Enum):
    """What happens to an operation when every breaker of its chain is open."""

    REFUSE = "refuse"  # at once, with the time of the earliest trial
    NEAREST = "nearest"  # the model nearest to its trial is tried early


class ProbeKind(Enum):
    """How a model's health is asked for."""

    MODELS = "models"  # GET the models list: free of charge
    COMPLETION = "completion"  # one-token completion: proves the most, costs a little
    GET = "get"  # a plain GET of `probe_path`: free of charge, and as honest as the endpoint behind it
    NONE = "none"  # real traffic only


class Replay(Enum):
    """Whether a request may be sent again when nobody knows whether it was carried out already.

    Allowed by default: a completion changes nothing but the bill, and BIP-03 asks that timeouts fall back.
    """

    ALLOW = "allow"  # a completion changes nothing but the bill
    DENY = "deny"  # for requests with effects of their own


class ReloadMode(Enum):
    """What happens when the settings file changes while the engine runs."""

    MANUAL = "manual"  # it is checked and told; a person applies it
    AUTO = "auto"  # it is applied when it can be used


class RetryBeforeFallback(Enum):
    """Whether a failed model is retried (with its wait) while a fallback is ready."""

    AUTO = "auto"  # only when no healthy fallback is ready
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """One model: how it is reached, how patient we are with it, who stands in for it.

    Attributes:
        id: the canonical id used everywhere in the console.
        provider: who runs it; failover between providers is told by this name.
        endpoint: base URL, up to and without the path that the dialect adds (`/chat/completions`, `/messages`).
        wire_name: the name the provider knows it by.
        dialect: the protocol the endpoint speaks.
        key: where the key is, as `env:NAME` or `file:PATH`; `None` for endpoints that want none.
        aliases: other names by which callers may ask for it.
        max_retries: retries after the first call, 0..10 (BIP-03: 3).
        timeout: seconds one attempt may take until its answer, or a stream's first token (BIP-03: 30).
        connect_timeout: seconds to reach the endpoint (5: more than a slow handshake over an ocean).
        headers_timeout: seconds until an answer's headers; `None` takes `timeout`.
        first_token_timeout: seconds until a stream's first content; `None` takes `timeout`.
        idle_timeout: seconds between two tokens of a stream (10: ten times the slowest known token pace).
        total_timeout: seconds one attempt may take, all of its stream included; `None` bounds a stream that
            goes on talking by nothing but its idle time.
        breaker_threshold: consecutive failures that open the breaker, 1..1000 (BIP-03: 5).
        breaker_mode: what the breaker may do.
        failure_rate_threshold: share of failures in the breaker's window that opens it too; `None` is off.
        slow_call_duration: seconds above which an answered call is slow; `None` is off.
        slow_call_rate_threshold: share of slow calls in the window that opens the breaker.
        breaker_window: seconds that the breaker's rates look back (60).
        breaker_window_calls: judge the last n calls instead of the last seconds; `None` judges seconds.
        minimum_calls: judged calls in the window before a rate says anything (10).
        recovery_timeout: seconds an open breaker waits before its first trial (5: a blip should not cost more).
        recovery_backoff: factor by which each further trip lengthens that wait, 1..10.
        max_recovery_timeout: the longest such wait. 20, so that wait and trial together stay below BIP-03's
            30 s for automatic recovery; a longer `recovery_timeout` stays as it is.
        half_open_probes: trials that must succeed, and that are admitted, before it closes, 1..100.
        ramp_calls: good calls of one step of the traffic's return (20); 0 returns all traffic at once.
        ramp_seconds: seconds after which a step ends with fewer calls (30).
        fallbacks: ids of the models that stand in, in order; never followed further.
        strategy: how fallbacks are used.
        weight: share in the weighted strategy, 0..1000; 0 gets nothing.
        hedge_after: seconds between two starts under `parallel`; 0 starts all at once, `None` waits for the
            model's own p95 (hedging).
        probe: how health is asked for.
        probe_cost: micro-dollars of one completion probe (100: a few dozen tokens at usual prices).
        health_check_interval: seconds between probes (BIP-03: 30).
        probe_timeout: seconds a probe may take (10: a health answer that is slower is no health).
        max_concurrent_requests: calls in flight at once, 1..10000 (BIP-03 `maxConcurrentRequests`: 10).
        adaptive_concurrency: whether that number is lowered while the model says it is overloaded.
        degraded_response_time: p95 above which the model is degraded; `None` takes half of `timeout`.
        degraded_error_rate: share of failures at which the model is degraded (0.05: the alert default of
            reference practice, 5 % over 5 minutes).
        context_window: tokens it can hold, where known; 0 means unknown.
        groups: names of the groups it took defaults from.
        requests_per_minute: calls that may begin within a minute; `None` knows no such limit.
        tokens_per_minute: tokens (read and written) within a minute; `None` knows no such limit.
        content_filter_fallback: whether a fallback may answer what this model's filter refused.
        probe_path: what `ProbeKind.GET` asks for, from the endpoint's root, such as `/health`.
        stream_pace: pieces of content a second, over half a minute, below which a stream counts as stalled
            (0.2: a tenth of the slowest known model; 0 is off).
        input_price: micro-dollars of a million tokens that it reads; `None` is not known.
        output_price: micro-dollars of a million tokens that it writes; `None` is not known.
    """

    id: str
    provider: str
    endpoint: str
    wire_name: str
    dialect: Dialect = Dialect.OPENAI
    key: str | None = field(default=None, repr=False)
    aliases: tuple[str, ...] = ()
    max_retries: int = 3
    timeout: float = 30.0
    connect_timeout: float = 5.0
    headers_timeout: float | None = None
    first_token_timeout: float | None = None
    idle_timeout: float = 10.0
    total_timeout: float | None = None
    breaker_threshold: int = 5
    breaker_mode: BreakerMode = BreakerMode.ENFORCING
    failure_rate_threshold: float | None = None
    slow_call_duration: float | None = None
    slow_call_rate_threshold: float | None = None
    breaker_window: float = 60.0
    breaker_window_calls: int | None = None
    minimum_calls: int = 10
    recovery_timeout: float = 5.0
    recovery_backoff: float = 2.0
    max_recovery_timeout: float = 20.0
    half_open_probes: int = 1
    ramp_calls: int = 20
    ramp_seconds: float = 30.0
    fallbacks: tuple[str, ...] = ()
    strategy: Strategy = Strategy.SEQUENTIAL
    weight: float = 1.0
    hedge_after: float | None = 0.0
    probe: ProbeKind = ProbeKind.MODELS
    probe_cost: int = 100
    health_check_interval: float = 30.0
    probe_timeout: float = 10.0
    max_concurrent_requests: int = 10
    adaptive_concurrency: bool = False
    degraded_response_time: float | None = None
    degraded_error_rate: float = 0.05
    context_window: int = 0
    groups: tuple[str, ...] = ()
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    content_filter_fallback: bool = False
    probe_path: str | None = None
    stream_pace: float = 0.2
    input_price: int | None = None
    output_price: int | None = None

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        for name, text in (("id", self.id), ("endpoint", self.endpoint), ("wireName", self.wire_name)):
            if not text:
                raise SettingsError(name, "is empty")
        if self.id.startswith(OWN_ROW):
            raise SettingsError("id", f"begins with {OWN_ROW}; begin it with another character")
        if self.id == EVERYTHING or self.id.startswith(PROVIDER_PREFIX):
            raise SettingsError(
                "id", f"is {EVERYTHING} or begins with {PROVIDER_PREFIX}, which name several models"
            )
        within("maxRetries", self.max_retries, 0, 10)
        within("timeout", self.timeout, 0.05, MAX_SECONDS)
        within("idleTimeout", self.idle_timeout, 0.05, MAX_SECONDS)
        within("circuitBreakerThreshold", self.breaker_threshold, 1, 1000)
        self._check_breaker()
        self._check_timeouts()
        within("weight", self.weight, 0, 1000)
        within("healthCheckInterval", self.health_check_interval, 0.1, MAX_SECONDS)
        within("probeTimeout", self.probe_timeout, 0.05, MAX_SECONDS)
        within("maxConcurrentRequests", self.max_concurrent_requests, 1, 10_000)
        within("degradedErrorRate", self.degraded_error_rate, 0, 1)
        within("contextWindow", self.context_window, 0, 1_000_000_000)
        within_if("requestsPerMinute", self.requests_per_minute, 1, 10_000_000)
        within_if("tokensPerMinute", self.tokens_per_minute, 1, 1_000_000_000)
        within("streamPace", self.stream_pace, 0, 1000)
        within_if("inputPrice", self.input_price, 0, 1_000_000_000)
        within_if("outputPrice", self.output_price, 0, 1_000_000_000)
        self._check_probe()
        within_if("degradedResponseTime", self.degraded_response_time, 0.001, MAX_SECONDS)
        if self.id in self.fallbacks:
            raise SettingsError("fallbacks", f"{self.id} is its own fallback; remove it from the list")

    def _check_breaker(self) -> None:
        within("recoveryTimeout", self.recovery_timeout, 0.05, MAX_SECONDS)
        within("recoveryBackoff", self.recovery_backoff, 1, 10)
        within("maxRecoveryTimeout", self.max_recovery_timeout, 0.05, MAX_SECONDS)
        within("halfOpenProbes", self.half_open_probes, 1, 100)
        within("breakerWindow", self.breaker_window, 1, MAX_SECONDS)
        within("minimumCalls", self.minimum_calls, 1, 10_000)
        within("rampCalls", self.ramp_calls, 0, 10_000)
        within("rampSeconds", self.ramp_seconds, 0.05, MAX_SECONDS)
        within_if("failureRateThreshold", self.failure_rate_threshold, 0.01, 1)
        within_if("slowCallDuration", self.slow_call_duration, 0.001, MAX_SECONDS)
        within_if("slowCallRateThreshold", self.slow_call_rate_threshold, 0.01, 1)
        within_if("breakerWindowCalls", self.breaker_window_calls, self.minimum_calls, 10_000)
        if self.slow_call_rate_threshold is not None and self.slow_call_duration is None:
            raise SettingsError("slowCallRateThreshold", "needs slowCallDuration, which says what is slow")

    def _check_probe(self) -> None:
        if self.probe is ProbeKind.GET and not self.probe_path:
            raise SettingsError("probePath", "is missing; probe: get needs a path such as /health")
        if self.probe_path and not self.probe_path.startswith("/"):
            raise SettingsError("probePath", "must begin with /, such as /health")

    def _check_timeouts(self) -> None:
        within("connectTimeout", self.connect_timeout, 0.01, MAX_SECONDS)
        within_if("headersTimeout", self.headers_timeout, 0.05, MAX_SECONDS)
        within_if("firstTokenTimeout", self.first_token_timeout, 0.05, MAX_SECONDS)
        within_if("totalTimeout", self.total_timeout, 0.05, MAX_SECONDS)
        within_if("hedgeAfter", self.hedge_after, 0, MAX_SECONDS)
        within("probeCost", self.probe_cost, 0, 1_000_000_000)

    @property
    def slow_above(self) -> float:
        """Seconds of p95 above which the model is degraded."""
        return self.timeout / 2 if self.degraded_response_time is None else self.degraded_response_time


@dataclass(frozen=True, slots=True)
class ResilienceSettings:
    """Settings of the whole fleet (BIP-03 `resilience:`).

    Attributes:
        health_check_interval: default seconds between probes (BIP-03: 30).
        default_timeout: default seconds per call (BIP-03: 30).
        max_concurrent_requests: default calls in flight per model (BIP-03: 10); see ADR 0005.
        degraded_mode_threshold: share of available models below which the fleet is degraded (BIP-03: 60 %).
        operation_deadline: seconds one operation may take, all attempts on all models included. 90: three
            models at BIP-03's 30 s each.
        retry_before_fallback: see `RetryBeforeFallback`.
        max_queued_requests: operations that may wait for a free place of one model; more are refused at once.
            1000: at 10 in flight and 1 s each they would already wait longer than the deadline.
        max_total_requests: operations in flight at once over all models (1000); more wait like those.
        jitter: how waits before retries are spread.
        retry_budget: retries and hedges of one chain as a share of its operations in 10 s (Finagle: 20 %).
        retry_budget_floor: retries of one chain in 10 s that are granted whatever the share (3).
        last_resort: see `LastResort`.
        degraded_token_cap: tokens that a caller's own limit is lowered to while the fleet is degraded beyond its
            first level; a request without one stays as it is. 0 is off.
        probe_daily_budget: micro-dollars that completion probes may cost a day (1,000,000); afterwards the
            free models list is asked instead.
        outlier_ejection: whether a model whose success rate lies far below the others' is left alone a while.
        max_ejection_share: share of the fleet that outlier ejection may take out at once (Envoy: 10 %); one
            model always may be.
        replay: see `Replay`; a request may say otherwise for itself.

    The first three are what a settings file's models take when they say nothing; a `ModelSettings` made in
    code carries its own.
    """

    health_check_interval: float = 30.0
    default_timeout: float = 30.0
    max_concurrent_requests: int = 10
    degraded_mode_threshold: float = 0.6
    operation_deadline: float = 90.0
    retry_before_fallback: RetryBeforeFallback = RetryBeforeFallback.AUTO
    max_queued_requests: int = 1000
    max_total_requests: int = 1000
    jitter: Jitter = Jitter.EQUAL
    retry_budget: float = 0.2
    retry_budget_floor: int = 3
    last_resort: LastResort = LastResort.REFUSE
    degraded_token_cap: int = 1024
    probe_daily_budget: int = 1_000_000
    outlier_ejection: bool = False
    max_ejection_share: float = 0.1
    replay: Replay = Replay.ALLOW

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        within("healthCheckInterval", self.health_check_interval, 0.1, MAX_SECONDS)
        within("defaultTimeout", self.default_timeout, 0.05, MAX_SECONDS)
        within("maxConcurrentRequests", self.max_concurrent_requests, 1, 10_000)
        within("degradedModeThreshold", self.degraded_mode_threshold * 100, 0, 100)
        within("operationDeadline", self.operation_deadline, 0.1, MAX_SECONDS)
        within("maxQueuedRequests", self.max_queued_requests, 0, 1_000_000)
        within("maxTotalRequests", self.max_total_requests, 1, 1_000_000)
        within("retryBudget", self.retry_budget, 0, 1)
        within("retryBudgetFloor", self.retry_budget_floor, 0, 1000)
        within("degradedTokenCap", self.degraded_token_cap, 0, 10_000_000)
        within("probeDailyBudget", self.probe_daily_budget, 0, 1_000_000_000_000)
        within("maxEjectionShare", self.max_ejection_share, 0, 1)


@dataclass(frozen=True, slots=True)
class RouteSettings:
    """A virtual model: a name that callers may ask for, and who answers it in which way.

    Attributes:
        name: as callers ask for it; no model and no alias bears it.
        primary: id of the model that should answer.
        fallbacks: ids of the models that stand in, in order; they take the place of the primary's own.
        strategy: how they are used.
        hedge_after: as in `ModelSettings`.
    """

    name: str
    primary: str
    fallbacks: tuple[str, ...] = ()
    strategy: Strategy = Strategy.SEQUENTIAL
    hedge_after: float | None = 0.0

    def __post_init__(self) -> None:
        """Checks what can be checked without knowing the models."""
        if not self.name:
            raise SettingsError("name", "is empty")
        within_if("hedgeAfter", self.hedge_after, 0, MAX_SECONDS)
        if self.primary in self.fallbacks:
            raise SettingsError("fallbacks", f"{self.primary} is its own fallback; remove it from the list")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an engine needs to know.

    Attributes:
        models: the fleet in the order of the file; fallbacks that only the catalogue knows come last.
        resilience: settings of the whole fleet.
        gateway: where the gateway listens.
        environment: a word for the title bar, such as `prod` or `DEMO`.
        routes: virtual models.
        network: which endpoints may be called.
        reload: see `ReloadMode`. Manual: checks keep a broken file out, not a wrong one, and a saved file is no
            decision yet to move traffic.
        recording: how long what is recorded is kept, and how large it may grow.
        console: how the screen looks and answers.
        alerts: what is an alert, and who is told.
    """

    models: tuple[ModelSettings, ...]
    resilience: ResilienceSettings = ResilienceSettings()
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    environment: str = ""
    routes: tuple[RouteSettings, ...] = ()
    network: NetworkSettings = field(default_factory=NetworkSettings)
    reload: ReloadMode = ReloadMode.MANUAL
    recording: Keeping = field(default_factory=Keeping)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)

    def __post_init__(self) -> None:
        """Checks that names are unique and that every fallback exists."""
        if not self.models:
            raise SettingsError("models", "is empty; name at least one model")
        if len(self.models) > MAX_MODELS:
            raise SettingsError("models", f"has {len(self.models)} entries; at most {MAX_MODELS}")
        owners: dict[str, str] = {}
        for model in self.models:
            for name in (model.id, *model.aliases):
                if name in owners:
                    raise SettingsError("models", f"{name} names both {owners[name]} and {model.id}")
                owners[name] = model.id
        ids = {model.id for model in self.models}
        for model in self.models:
            if len(set(model.fallbacks)) < len(model.fallbacks):
                raise SettingsError("fallbacks", f"{model.id} names a fallback twice; name each once")
            for fallback in model.fallbacks:
                if fallback not in ids:
                    raise SettingsError("fallbacks", f"{model.id} falls back to {fallback}, which is not a model")
        self._check_routes(owners, ids)

    def _check_routes(self, owners: dict[str, str], ids: set[str]) -> None:
        if len(self.routes) > MAX_MODELS:
            raise SettingsError("routes", f"has {len(self.routes)} entries; at most {MAX_MODELS}")
        names = set(owners)
        for route in self.routes:
            if route.name in names:
                raise SettingsError("routes", f"{route.name} is taken: a model, an alias or a route bears it")
            names.add(route.name)
            if len(set(route.fallbacks)) < len(route.fallbacks):
                raise SettingsError("fallbacks", f"{route.name} names a fallback twice; name each once")
            for target in (route.primary, *route.fallbacks):
                if target not in ids:
                    raise SettingsError("routes", f"{route.name} leads to {target}, which is not a model")

    def model(self, model_id: str) -> ModelSettings:
        """The settings of the model with this canonical id; `KeyError` when there is none."""
        for model in self.models:
            if model.id == model_id:
                return model
        raise KeyError(model_id)
