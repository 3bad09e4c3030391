"""The shape of the file as one table: YAML key, settings field, reader. Everything else is derived from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from hive_console.adapters.config_file import readers
from hive_console.adapters.config_file.readers import Reader
from hive_console.adapters.config_file.references import (
    allowed_endpoints,
    endpoint,
    key_reference,
    listening_address,
    probe_path,
)
from hive_console.adapters.config_file.remaps import remaps
from hive_console.core.console_settings import ConsoleSettings, ThemeChoice
from hive_console.core.errors import SettingsError
from hive_console.core.gateway_settings import GatewaySettings, NetworkSettings
from hive_console.core.keeping import Keeping
from hive_console.core.retry import Jitter
from hive_console.core.settings import (
    BreakerMode,
    Dialect,
    LastResort,
    ModelSettings,
    ProbeKind,
    ReloadMode,
    Replay,
    ResilienceSettings,
    RetryBeforeFallback,
    RouteSettings,
    Strategy,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SECTIONS = (
    "models",
    "routes",
    "resilience",
    "groups",
    "gateway",
    "network",
    "recording",
    "alerts",
    "console",
    "environment",
    "reload",
)
"""The keys at the top of the file."""

_NOTHING_BESIDE: Mapping[str, object] = MappingProxyType({})


class Key(NamedTuple):
    """One key of a section.

    Attributes:
        name: as the file spells it.
        field: the settings field it fills.
        read: turns the node into the field's value.
        unit: what the numbers in a message about bounds are, where the file writes another unit.
        is_identity: whether it belongs to one model alone, so that a group cannot give it.
        beside: other fields' values beside which it is tried out alone: what its bounds hang on is checked when
            the whole model is known.
        spell: turns a number of a message about bounds into the file's spelling, where a unit does not do.
    """

    name: str
    field: str
    read: Reader
    unit: str = ""
    is_identity: bool = False
    beside: Mapping[str, object] = _NOTHING_BESIDE
    spell: Callable[[float], str] | None = None

    def told(self, problem: str, value: object) -> str:
        """What `core.settings` says against the value, in the file's units."""
        if self.spell is None or not isinstance(value, int | float):
            return f"{problem} {self.unit}".rstrip()
        spell = self.spell
        # The message begins with the value, rounded to six digits.
        _, _, bounds = problem.partition(" ")
        return f"{spell(value)} {_NUMBER.sub(lambda found: spell(float(found[0])), bounds)}"


_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e\+\d+)?")


def _money(name: str, field: str) -> Key:
    return Key(name, field, readers.money, spell=readers.in_dollars)


def _duration(name: str, field: str) -> Key:
    return Key(name, field, readers.duration, unit="seconds")


def _days(name: str, field: str) -> Key:
    return Key(name, field, readers.whole_number, unit="days")


def _size(name: str, field: str) -> Key:
    return Key(name, field, readers.size, unit="bytes")


MODEL_KEYS = (
    Key("provider", "provider", readers.name),
    Key("endpoint", "endpoint", endpoint),
    Key("dialect", "dialect", readers.choice(Dialect)),
    Key("wireName", "wire_name", readers.name, is_identity=True),
    Key("key", "key", key_reference),
    Key("aliases", "aliases", readers.names, is_identity=True),
    Key("groups", "groups", readers.names, is_identity=True),
    Key("maxRetries", "max_retries", readers.whole_number),
    _duration("timeout", "timeout"),
    _duration("connectTimeout", "connect_timeout"),
    _duration("headersTimeout", "headers_timeout"),
    _duration("firstTokenTimeout", "first_token_timeout"),
    _duration("idleTimeout", "idle_timeout"),
    _duration("totalTimeout", "total_timeout"),
    Key("circuitBreakerThreshold", "breaker_threshold", readers.whole_number),
    Key("breakerMode", "breaker_mode", readers.choice(BreakerMode)),
    Key("failureRateThreshold", "failure_rate_threshold", readers.share),
    _duration("slowCallDuration", "slow_call_duration"),
    Key(
        "slowCallRateThreshold",
        "slow_call_rate_threshold",
        readers.share,
        beside=MappingProxyType({"slow_call_duration": 1.0}),
    ),
    _duration("breakerWindow", "breaker_window"),
    Key(
        "breakerWindowCalls",
        "breaker_window_calls",
        readers.whole_number,
        unit="calls",
        beside=MappingProxyType({"minimum_calls": 1}),
    ),
    Key("minimumCalls", "minimum_calls", readers.whole_number, unit="calls"),
    _duration("recoveryTimeout", "recovery_timeout"),
    Key("recoveryBackoff", "recovery_backoff", readers.number),
    _duration("maxRecoveryTimeout", "max_recovery_timeout"),
    Key("halfOpenProbes", "half_open_probes", readers.whole_number),
    Key("rampCalls", "ramp_calls", readers.whole_number, unit="calls"),
    _duration("rampSeconds", "ramp_seconds"),
    Key("fallbacks", "fallbacks", readers.names),
    Key("strategy", "strategy", readers.choice(Strategy)),
    Key("weight", "weight", readers.number),
    Key("hedgeAfter", "hedge_after", readers.duration_or_p95, unit="seconds"),
    Key(
        "probe",
        "probe",
        readers.choice(ProbeKind),
        beside=MappingProxyType({"probe_path": "/health"}),
    ),
    _money("probeCost", "probe_cost"),
    _duration("healthCheckInterval", "health_check_interval"),
    _duration("probeTimeout", "probe_timeout"),
    Key("maxConcurrentRequests", "max_concurrent_requests", readers.whole_number),
    Key("adaptiveConcurrency", "adaptive_concurrency", readers.boolean),
    _duration("degradedResponseTime", "degraded_response_time"),
    Key("degradedErrorRate", "degraded_error_rate", readers.share),
    Key("contextWindow", "context_window", readers.whole_number, unit="tokens"),
    Key("requestsPerMinute", "requests_per_minute", readers.whole_number, unit="requests"),
    Key("tokensPerMinute", "tokens_per_minute", readers.whole_number, unit="tokens"),
    Key("contentFilterFallback", "content_filter_fallback", readers.boolean),
    Key("probePath", "probe_path", probe_path),
    Key("streamPace", "stream_pace", readers.number),
    _money("inputPrice", "input_price"),
    _money("outputPrice", "output_price"),
)

ROUTE_KEYS = (
    Key("primary", "primary", readers.name),
    Key("fallbacks", "fallbacks", readers.names),
    Key("strategy", "strategy", readers.choice(Strategy)),
    Key("hedgeAfter", "hedge_after", readers.duration_or_p95, unit="seconds"),
)

RESILIENCE_KEYS = (
    _duration("healthCheckInterval", "health_check_interval"),
    _duration("defaultTimeout", "default_timeout"),
    Key("maxConcurrentRequests", "max_concurrent_requests", readers.whole_number),
    Key("degradedModeThreshold", "degraded_mode_threshold", readers.percent, unit="percent"),
    _duration("operationDeadline", "operation_deadline"),
    Key("retryBeforeFallback", "retry_before_fallback", readers.choice(RetryBeforeFallback)),
    Key("maxQueuedRequests", "max_queued_requests", readers.whole_number),
    Key("maxTotalRequests", "max_total_requests", readers.whole_number),
    Key("jitter", "jitter", readers.choice(Jitter)),
    Key("retryBudget", "retry_budget", readers.share),
    Key("retryBudgetFloor", "retry_budget_floor", readers.whole_number, unit="retries"),
    Key("lastResort", "last_resort", readers.choice(LastResort)),
    Key("degradedTokenCap", "degraded_token_cap", readers.whole_number, unit="tokens"),
    _money("probeDailyBudget", "probe_daily_budget"),
    Key("outlierEjection", "outlier_ejection", readers.boolean),
    Key("maxEjectionShare", "max_ejection_share", readers.share),
    Key("replay", "replay", readers.choice(Replay)),
)

GATEWAY_KEYS = (
    Key("host", "host", listening_address, beside=MappingProxyType({"token": "env:TOKEN"})),
    Key("port", "port", readers.whole_number),
    Key("maxBody", "max_body", readers.size, unit="bytes"),
    Key("token", "token", key_reference),
    _duration("drain", "drain"),
)

RECORDING_KEYS = (
    _days("rawDays", "raw_days"),
    _size("rawSize", "raw_size"),
    _days("failedDays", "failed_days"),
    _size("failedSize", "failed_size"),
    _days("rollUp10sDays", "roll_up_10s_days"),
    _size("rollUp10sSize", "roll_up_10s_size"),
    _days("rollUp60sDays", "roll_up_60s_days"),
    _size("rollUp60sSize", "roll_up_60s_size"),
    _days("rollUp1hDays", "roll_up_1h_days"),
    _size("rollUp1hSize", "roll_up_1h_size"),
    _days("rollUp1dDays", "roll_up_1d_days"),
    _days("probeDays", "probe_days"),
    _size("probeSize", "probe_size"),
    _days("eventDays", "event_days"),
)

NETWORK_KEYS = (Key("allowedEndpoints", "allowed_endpoints", allowed_endpoints),)

CONSOLE_KEYS = (
    Key("theme", "theme", readers.choice(ThemeChoice)),
    Key("refresh", "refresh", readers.number),
    Key("mouse", "mouse", readers.boolean),
    Key("bell", "bell", readers.boolean),
    Key("ascii", "ascii", readers.boolean),
    Key("keys", "keys", remaps),
)

read_reload = readers.choice(ReloadMode)
"""The reader of `reload:`, which is one word."""

INHERITED = {
    "timeout": "default_timeout",
    "health_check_interval": "health_check_interval",
    "max_concurrent_requests": "max_concurrent_requests",
}
"""Model fields whose default is a field of `resilience:`."""

FORMER_NAMES = {
    "apikey": "key",
    "token": "key",
    "baseurl": "endpoint",
    "apibase": "endpoint",
    "url": "endpoint",
    "model": "wireName",
    "modelname": "wireName",
    "retries": "maxRetries",
    "failurethreshold": "circuitBreakerThreshold",
    "threshold": "circuitBreakerThreshold",
    "circuitbreakerrecoverytimeout": "recoveryTimeout",
    "cooldown": "recoveryTimeout",
    "maxcooldown": "maxRecoveryTimeout",
    "fallback": "fallbacks",
    "circuitbreakermode": "breakerMode",
    "slidingwindowsize": "breakerWindowCalls",
    "minimumnumberofcalls": "minimumCalls",
    "slowcalldurationthreshold": "slowCallDuration",
    "permittednumberofcallsinhalfopenstate": "halfOpenProbes",
    "halfopenmaxcalls": "halfOpenProbes",
    "ttfttimeout": "firstTokenTimeout",
    "streamtimeout": "firstTokenTimeout",
    "readtimeout": "idleTimeout",
    "hedgedelay": "hedgeAfter",
    "ramptime": "rampSeconds",
    "maxejectionpercent": "maxEjectionShare",
    "receivers": "channels",
    "receiver": "channels",
    "notifiers": "channels",
    "contactpoints": "channels",
    "mutetimeintervals": "quietHours",
    "silences": "maintenance",
    "schedules": "onCall",
    "webhookurl": "url",
    "apiurl": "url",
    "routingkey": "key",
    "integrationkey": "key",
    "smarthost": "host",
    "authpassword": "password",
    "matchers": "match",
    "keepfiringfor": "keep",
    "description": "text",
    "summary": "text",
    "runbookurl": "runbook",
}
"""What other tools call our keys, written small and without dashes: no spelling distance would find them."""

_MODEL = ModelSettings("?", "?", "?", "?")


class Shape(NamedTuple):
    """What one kind of section may hold.

    Attributes:
        keys: its keys.
        prototype: settings of the kind it fills, on which a single value is tried out.
        elsewhere: keys that are known but do not belong here.
        belongs: where those belong.
        parts: keys that hold sections of their own, which somebody else reads.
    """

    keys: tuple[Key, ...]
    prototype: DataclassInstance
    elsewhere: tuple[str, ...] = ()
    belongs: str = "to one model alone; write it there"
    parts: tuple[str, ...] = ()

    def refusal(self, key: Key, value: object) -> str | None:
        """What `core.settings` says against this value, or `None`: bounds live there and nowhere else."""
        changed: dict[str, Any] = {**key.beside, key.field: value}  # the field's type is the reader's
        try:
            replace(self.prototype, **changed)
        except SettingsError as exc:
            return key.told(exc.problem, value)
        return None


MODEL = Shape(MODEL_KEYS, _MODEL)
GROUP = Shape(
    tuple(key for key in MODEL_KEYS if not key.is_identity),
    _MODEL,
    tuple(key.name for key in MODEL_KEYS if key.is_identity),
)
ROUTE = Shape(ROUTE_KEYS, RouteSettings("?", "?"))
RESILIENCE = Shape(RESILIENCE_KEYS, ResilienceSettings())
GATEWAY = Shape(GATEWAY_KEYS, GatewaySettings())
NETWORK = Shape(NETWORK_KEYS, NetworkSettings())
RECORDING = Shape(RECORDING_KEYS, Keeping())
CONSOLE = Shape(CONSOLE_KEYS, ConsoleSettings())
