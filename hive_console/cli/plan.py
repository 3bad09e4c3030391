"""What a settings file amounts to, in lines for an 80-column terminal: the fleet, then each model's plan."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from urllib.parse import urlsplit

from hive_console.adapters.config_file import Loaded
from hive_console.adapters.config_file.readers import in_dollars
from hive_console.cli.alert_plan import alert_rows
from hive_console.cli.plan_words import GLUE, count, in_unit, percent, seconds
from hive_console.core.errors import SettingsError
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.policies import breaker_policy_of
from hive_console.core.retry import RetryPolicy
from hive_console.core.settings import (
    BreakerMode,
    LastResort,
    ModelSettings,
    ProbeKind,
    ReloadMode,
    Replay,
    ResilienceSettings,
    RouteSettings,
    Settings,
    Strategy,
)

_WIDTH = 80
"""Columns of the smallest terminal we promise to fit."""

_LABEL = 12
"""Columns of a plan's left side, its indentation included."""

EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - told to a person, not listened on
"""Addresses that mean all addresses of this machine."""

_TRIPS = 4
"""Trips in a row whose open times are shown: by then the defaults have reached their longest, and stayed there."""


def plan_of(loaded: Loaded, now: float) -> Iterable[str]:
    """The lines that tell warnings, fleet, alerts and models; `now` (Unix seconds) says who is on call."""
    settings = loaded.settings
    resilience = settings.resilience
    yield f"{loaded.name} can be used: {count(len(settings.models), 'model')}{_routes_said(settings)}" + (
        f", {count(len(loaded.warnings), 'warning')}" if loaded.warnings else ""
    )
    for warning in loaded.warnings:
        yield from textwrap.wrap(
            f"warning: {warning}", _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    yield ""
    yield "fleet"
    yield from _row(
        "operation",
        f"at most {seconds(resilience.operation_deadline)}, all models included;"
        f" {resilience.max_total_requests} at once; {resilience.max_queued_requests} may wait for each model",
    )
    yield from _row("retries", _retries_text(resilience))
    yield from _row("last resort", _last_resort_text(resilience))
    yield from _row("degraded", _degraded_text(resilience))
    if resilience.outlier_ejection:
        yield from _row("outliers", f"left alone, at most {percent(resilience.max_ejection_share)} of the models")
    if any(model.probe is ProbeKind.COMPLETION for model in settings.models):
        budget = in_dollars(resilience.probe_daily_budget)
        yield from _row("probes", f"at most {budget} a day for completions, then models lists")
    if resilience.replay is Replay.DENY:
        yield from _row("replay", "denied: nothing is sent again where nobody knows whether it was carried out")
    yield from _row("gateway", f"{_gateway_url(settings.gateway)}, for {reach_of(settings.gateway)}")
    if settings.network.allowed_endpoints:
        yield from _row("network", f"may also call {', '.join(settings.network.allowed_endpoints)}")
    if settings.environment:
        yield from _row("environment", settings.environment)
    if settings.reload is ReloadMode.AUTO:
        yield from _row("reload", "a changed file is applied by itself")
    alerts = list(alert_rows(loaded, now))
    if len(alerts) > 1:
        yield ""
        yield "alerts"
    for label, text in alerts:
        yield from _row(label, text)
    for model in settings.models:
        yield ""
        yield from _model_text(model, loaded)
    for route in settings.routes:
        yield ""
        yield f"{route.name}  (route)"
        yield from _row("chain", _route_text(route, loaded))


def _routes_said(settings: Settings) -> str:
    return f", {count(len(settings.routes), 'route')}" if settings.routes else ""


def _limits_text(model: ModelSettings) -> str:
    limits = ((model.requests_per_minute, "requests"), (model.tokens_per_minute, "tokens"))
    return ", ".join(f"{most} {what} a minute" for most, what in limits if most is not None)


def _price_text(model: ModelSettings) -> str:
    prices = ((model.input_price, "read"), (model.output_price, "written"))
    return ", ".join(f"{in_dollars(price)} a million tokens {what}" for price, what in prices if price is not None)


def _retries_text(resilience: ResilienceSettings) -> str:
    return (
        f"before fallback: {resilience.retry_before_fallback.value}; jitter: {resilience.jitter.value};"
        f" at most {percent(resilience.retry_budget)} of a chain's operations in 10 s"
        f" ({resilience.retry_budget_floor} in any case)"
    )


def _last_resort_text(resilience: ResilienceSettings) -> str:
    match resilience.last_resort:
        case LastResort.REFUSE:
            does = "refused at once"
        case LastResort.NEAREST:
            does = "tried early at the model nearest to its trial"
    return f"with every breaker open an operation is {does}"


def _degraded_text(resilience: ResilienceSettings) -> str:
    cap = resilience.degraded_token_cap
    return f"below {percent(resilience.degraded_mode_threshold)} of models available" + (
        f"; callers' own token limits lowered to {cap} when it gets worse" if cap else ""
    )


def _gateway_url(gateway: GatewaySettings) -> str:
    if gateway.port == 0:
        return f"any free port of {gateway.host}"
    host = f"[{gateway.host}]" if ":" in gateway.host else gateway.host
    return f"http://{host}:{gateway.port}/v1"


def reach_of(gateway: GatewaySettings) -> str:
    """Who may use the gateway, in words."""
    if gateway.is_local:
        who = "programs on this machine"
    elif gateway.host in EVERY_ADDRESS:
        who = "whoever reaches this machine, on all its addresses"
    else:
        who = f"whoever reaches {gateway.host}"
    return f"{who}, with the token of {gateway.token}" if gateway.token else f"{who}, without a token"


def _row(label: str, text: str) -> list[str]:
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"  {label:<{_LABEL}}",
        subsequent_indent=" " * (_LABEL + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(GLUE, " ") for line in lines]


def _model_text(model: ModelSettings, loaded: Loaded) -> Iterable[str]:
    origin = loaded.origins[model.id]
    yield f"{model.id}{'  (fallback from the catalogue)' if origin.is_stand_in else ''}"
    host = urlsplit(model.endpoint).netloc
    yield from _row("provider", f"{model.provider} at {host}, speaks {model.dialect.value}, as {model.wire_name}")
    if model.aliases:
        yield from _row("aliases", ", ".join(model.aliases))
    if model.groups:
        yield from _row("groups", ", ".join(model.groups))
    yield from _row("key", _key_text(model, loaded))
    yield from _row("retry", _calls_text(model))
    if limits := _limits_text(model):
        yield from _row("limits", limits)
    if price := _price_text(model):
        yield from _row("price", price)
    yield from _row("clocks", _clocks_text(model))
    yield from _row("breaker", _breaker_text(model))
    if model.breaker_mode is BreakerMode.ENFORCING:
        yield from _row("recovery", _recovery_text(model))
    yield from _row("probe", _probe_text(model))
    yield from _row(
        "degraded",
        f"above {seconds(model.slow_above)} (p95) or from {percent(model.degraded_error_rate)} of failures",
    )
    yield from _row("chain", _chain_text(model, loaded))


def _key_text(model: ModelSettings, loaded: Loaded) -> str:
    if model.key is None:
        return "none"
    return f"{model.key} ({'found' if is_found(model, loaded) else 'NOT FOUND: it cannot serve'})"


def is_found(model: ModelSettings, loaded: Loaded) -> bool:
    """Whether the model's key reference leads to a key."""
    if model.key is None:
        return False
    try:
        loaded.secrets.key_of(model.key)
    except SettingsError:
        return False
    return True


def waits(model: ModelSettings) -> list[float]:
    """Seconds before each retry, without the random part."""
    policy = RetryPolicy(max_retries=model.max_retries)
    return [policy.backoff(number) for number in range(1, model.max_retries + 1)]


def _calls_text(model: ModelSettings) -> str:
    between = waits(model)
    retries = f", waits ~{', '.join(seconds(wait) for wait in between)}" if between else ", no retry"
    fewer = ", fewer while it is overloaded" if model.adaptive_concurrency else ""
    return f"1+{model.max_retries} calls{retries}; {model.max_concurrent_requests} at once{fewer}"


def _clocks_text(model: ModelSettings) -> str:
    clocks = (
        (model.connect_timeout, "to connect"),
        (model.headers_timeout, "to headers"),
        (model.first_token_timeout, "to the first token"),
        (model.timeout, "to answer" if model.first_token_timeout else "to answer or first token"),
        (model.idle_timeout, "between tokens"),
        (model.total_timeout, "in all"),
    )
    return ", ".join(f"{seconds(length)} {what}" for length, what in clocks if length is not None)


def open_times(model: ModelSettings) -> list[float]:
    """Seconds that the breaker stays open, by trips in a row: the first `_TRIPS` of them."""
    open_time = breaker_policy_of(model).open
    return [open_time.after(trips) for trips in range(_TRIPS)]


def _breaker_text(model: ModelSettings) -> str:
    if model.breaker_mode is BreakerMode.DISABLED:
        return "disabled: admits everything, counts nothing"
    reasons = [f"after {count(model.breaker_threshold, 'failure')} in a row"]
    if model.failure_rate_threshold is not None:
        reasons.append(f"from {percent(model.failure_rate_threshold)} of failures")
    if model.slow_call_rate_threshold is not None and model.slow_call_duration is not None:
        slow = f"from {percent(model.slow_call_rate_threshold)} of calls above {seconds(model.slow_call_duration)}"
        reasons.append(slow)
    window = ""
    if len(reasons) > 1:
        calls = model.breaker_window_calls
        seen = seconds(model.breaker_window) if calls is None else count(calls, "call")
        window = f" (in the last {seen}, from {model.minimum_calls} calls on)"
    when = f"{', or '.join(reasons)}{window}"
    if model.breaker_mode is BreakerMode.METRICS_ONLY:
        return f"metrics-only: never refuses; would open {when}"
    times = open_times(model)
    row = seconds(times[0]) if len(set(times)) == 1 else _row_of_seconds(times)
    return f"opens {when}; stays open {row}"


def _recovery_text(model: ModelSettings) -> str:
    trials = f"closes after {count(model.half_open_probes, 'good trial')}"
    if model.ramp_calls == 0:
        return f"{trials}, then all traffic at once"
    return f"{trials}, then in steps of {model.ramp_calls} good calls or {seconds(model.ramp_seconds)}"


def _probe_text(model: ModelSettings) -> str:
    match model.probe:
        case ProbeKind.NONE:
            return "none: real traffic only"
        case ProbeKind.MODELS:
            what = "models list (free)"
        case ProbeKind.GET:
            what = f"GET {model.probe_path} (free)"
        case ProbeKind.COMPLETION:
            what = f"short completion (about {in_dollars(model.probe_cost)})"
    return f"{what} every {seconds(model.health_check_interval)}, timeout {seconds(model.probe_timeout)}"


def _chain_text(model: ModelSettings, loaded: Loaded) -> str:
    if not model.fallbacks:
        return "no fallback"
    names = (model.id, *model.fallbacks) if model.strategy is Strategy.WEIGHTED else model.fallbacks
    return f"{model.strategy.value}{_hedge_text(model)}: {_listed(names, model.strategy, loaded)}"


def _route_text(route: RouteSettings, loaded: Loaded) -> str:
    if not route.fallbacks:
        return f"{route.primary}, no fallback"
    names = (route.primary, *route.fallbacks)
    return f"{route.strategy.value}{_hedge_text(route)}: {_listed(names, route.strategy, loaded)}"


def _listed(names: tuple[str, ...], strategy: Strategy, loaded: Loaded) -> str:
    if strategy is not Strategy.WEIGHTED:
        return ", ".join(names)
    weights = {model.id: model.weight for model in loaded.settings.models}
    return ", ".join(f"{name} ({weights[name]:g})" for name in names)


def _hedge_text(chain: ModelSettings | RouteSettings) -> str:
    if chain.strategy is not Strategy.PARALLEL:
        return ""
    if chain.hedge_after is None:
        return " (the next after its p95)"
    return f" (the next after {seconds(chain.hedge_after)})" if chain.hedge_after else " (all at once)"


def _row_of_seconds(row: list[float]) -> str:
    """Several durations, each unit told once: `5, 10, 20, 20 s`, `500 ms, 1, 2, 4 s`."""
    parts = [in_unit(length) for length in row]
    following = [unit for _, unit in parts[1:]]
    return f",{GLUE}".join(
        number if unit == after else f"{number}{GLUE}{unit}"
        for (number, unit), after in zip(parts, [*following, ""], strict=True)
    )
