"""Frozen, self-checking settings. Defaults are BIP-03's numbers; each other number says where it comes from.

Seconds are floats, shares are 0..1. The YAML shape (camelCase, durations with units) belongs to
`adapters.config_file`; error fields here already use the YAML spelling so that messages match the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from hive_console.core.errors import SettingsError

MAX_MODELS = 2000
"""More models than any known fleet; bounds snapshots and tables."""

MAX_SECONDS = 86_400.0
"""One day: no wait, interval or timeout is longer."""


class Dialect(Enum):
    """The wire protocol an endpoint speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Strategy(Enum):
    """How a model's fallbacks are used (BIP-03 `FallbackStrategy.strategy`)."""

    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"
    WEIGHTED = "weighted"


class ProbeKind(Enum):
    """How a model's health is asked for."""

    MODELS = "models"  # GET the models list: free of charge
    COMPLETION = "completion"  # one-token completion: proves the most, costs a little
    NONE = "none"  # real traffic only


class RetryBeforeFallback(Enum):
    """Whether a failed model is retried (with its wait) while a fallback is ready."""

    AUTO = "auto"  # only when no healthy fallback is ready
    ALWAYS = "always"
    NEVER = "never"


def _within(field_name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingsError(field_name, f"{value:g} is out of bounds; must be from {low:g} to {high:g}")


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
        timeout: seconds until an answer, or a stream's first token (BIP-03: 30).
        idle_timeout: seconds between two tokens of a stream (10: ten times the slowest known token pace).
        breaker_threshold: consecutive failures that open the breaker, 1..1000 (BIP-03: 5).
        recovery_timeout: seconds an open breaker waits before a probe. 20, so that wait and probe together
            stay below BIP-03's 30 s for automatic recovery.
        fallbacks: ids of the models that stand in, in order; never followed further.
        strategy: how fallbacks are used.
        weight: share in the weighted strategy, 0..1000; 0 gets nothing.
        probe: how health is asked for.
        health_check_interval: seconds between probes (BIP-03: 30).
        probe_timeout: seconds a probe may take (10: a health answer that is slower is no health).
        max_concurrent_requests: calls in flight at once, 1..10000 (BIP-03 `maxConcurrentRequests`: 10).
        degraded_response_time: p95 above which the model is degraded; `None` takes half of `timeout`.
        degraded_error_rate: share of failures at which the model is degraded (0.05: the alert default of
            reference practice, 5 % over 5 minutes).
        context_window: tokens it can hold, where known; 0 means unknown.
        groups: names of the groups it took defaults from.
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
    idle_timeout: float = 10.0
    breaker_threshold: int = 5
    recovery_timeout: float = 20.0
    fallbacks: tuple[str, ...] = ()
    strategy: Strategy = Strategy.SEQUENTIAL
    weight: float = 1.0
    probe: ProbeKind = ProbeKind.MODELS
    health_check_interval: float = 30.0
    probe_timeout: float = 10.0
    max_concurrent_requests: int = 10
    degraded_response_time: float | None = None
    degraded_error_rate: float = 0.05
    context_window: int = 0
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        for name, text in (("id", self.id), ("endpoint", self.endpoint), ("wireName", self.wire_name)):
            if not text:
                raise SettingsError(name, "is empty")
        _within("maxRetries", self.max_retries, 0, 10)
        _within("timeout", self.timeout, 0.05, MAX_SECONDS)
        _within("idleTimeout", self.idle_timeout, 0.05, MAX_SECONDS)
        _within("circuitBreakerThreshold", self.breaker_threshold, 1, 1000)
        _within("recoveryTimeout", self.recovery_timeout, 0.05, MAX_SECONDS)
        _within("weight", self.weight, 0, 1000)
        _within("healthCheckInterval", self.health_check_interval, 0.1, MAX_SECONDS)
        _within("probeTimeout", self.probe_timeout, 0.05, MAX_SECONDS)
        _within("maxConcurrentRequests", self.max_concurrent_requests, 1, 10_000)
        _within("degradedErrorRate", self.degraded_error_rate, 0, 1)
        _within("contextWindow", self.context_window, 0, 1_000_000_000)
        if self.degraded_response_time is not None:
            _within("degradedResponseTime", self.degraded_response_time, 0.001, MAX_SECONDS)
        if self.id in self.fallbacks:
            raise SettingsError("fallbacks", f"{self.id} is its own fallback; remove it from the list")

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

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        _within("healthCheckInterval", self.health_check_interval, 0.1, MAX_SECONDS)
        _within("defaultTimeout", self.default_timeout, 0.05, MAX_SECONDS)
        _within("maxConcurrentRequests", self.max_concurrent_requests, 1, 10_000)
        _within("degradedModeThreshold", self.degraded_mode_threshold * 100, 0, 100)
        _within("operationDeadline", self.operation_deadline, 0.1, MAX_SECONDS)
        _within("maxQueuedRequests", self.max_queued_requests, 0, 1_000_000)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where the gateway listens. Only loopback addresses are accepted until there is a token to ask for.

    Attributes:
        host: a loopback address.
        port: 1..65535, or 0 for any free port.
        max_body: bytes a request may have (8 MiB: room for a few images, 413 above).
    """

    host: str = "127.0.0.1"
    port: int = 8484
    max_body: int = 8 * 1024 * 1024

    def __post_init__(self) -> None:
        """Refuses every address that other machines could reach."""
        if self.host not in {"127.0.0.1", "::1", "localhost"}:
            raise SettingsError(
                "host", f"{self.host} is not a loopback address; use 127.0.0.1 (a wider bind needs a token)"
            )
        _within("port", self.port, 0, 65_535)
        _within("maxBody", self.max_body, 1024, 1024**3)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an engine needs to know.

    Attributes:
        models: the fleet in the order of the file; fallbacks that only the catalogue knows come last.
        resilience: settings of the whole fleet.
        gateway: where the gateway listens.
        environment: a word for the title bar, such as `prod` or `DEMO`.
    """

    models: tuple[ModelSettings, ...]
    resilience: ResilienceSettings = ResilienceSettings()
    gateway: GatewaySettings = GatewaySettings()
    environment: str = ""

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

    def model(self, model_id: str) -> ModelSettings:
        """The settings of the model with this canonical id; `KeyError` when there is none."""
        for model in self.models:
            if model.id == model_id:
                return model
        raise KeyError(model_id)
