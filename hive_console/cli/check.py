"""`hive-console check`: says everything that is wrong with a settings file, or what it amounts to."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import click

from hive_console.adapters.config_file import Loaded, find, load, search_path
from hive_console.adapters.config_file.readers import MICRO_DOLLARS
from hive_console.cli.alert_plan import alerts_json
from hive_console.cli.plan import is_found, open_times, plan_of, reach_of, waits
from hive_console.cli.plan_words import count
from hive_console.core.errors import ConfigurationError
from hive_console.core.settings import ModelSettings, RouteSettings


@click.command(name="check", short_help="Check a settings file and show each model's plan.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def command(context: click.Context, file: Path | None, *, as_json: bool) -> None:
    """Check FILE and show what it amounts to for each model.

    Without FILE the settings file is looked for as a start of the console would: ./hive.yaml, then the
    user's configuration folder. Exits with 0 when the file can be used and with 1 when it cannot. Keys are
    looked up, and never shown.
    """
    try:
        loaded = _load(file)
    except ConfigurationError as exc:
        if as_json:
            click.echo(json.dumps({"ok": False, "problems": exc.problems, "warnings": [], "models": []}, indent=2))
        else:
            for problem in exc.problems:
                click.echo(problem, err=True)
            click.echo(f"{count(len(exc.problems), 'problem')}; nothing was started", err=True)
        context.exit(1)
    now = time.time()
    click.echo(_as_json(loaded, now) if as_json else "\n".join(plan_of(loaded, now)))


def _load(file: Path | None) -> Loaded:
    path = find(file, os.environ)
    if path is None:
        places = ", ".join(str(place) for place in search_path(os.environ))
        raise ConfigurationError((f"no settings file (looked for {places}); write one with: hive-console init",))
    loaded = load(path, os.environ)
    if loaded.settings.console.keys:
        from hive_console.wiring.remapped import check_keys  # every screen: a third of a second

        check_keys(loaded.settings.console.keys, loaded.key_lines, loaded.name)
    return loaded


def _as_json(loaded: Loaded, now: float) -> str:
    settings = loaded.settings
    resilience = settings.resilience
    return json.dumps(
        {
            "ok": True,
            "file": loaded.name,
            "problems": [],
            "warnings": loaded.warnings,
            "environment": settings.environment,
            "resilience": {
                "operationDeadline": resilience.operation_deadline,
                "degradedModeThreshold": resilience.degraded_mode_threshold,
                "retryBeforeFallback": resilience.retry_before_fallback.value,
                "maxQueuedRequests": resilience.max_queued_requests,
                "maxTotalRequests": resilience.max_total_requests,
                "jitter": resilience.jitter.value,
                "retryBudget": resilience.retry_budget,
                "retryBudgetFloor": resilience.retry_budget_floor,
                "lastResort": resilience.last_resort.value,
                "degradedTokenCap": resilience.degraded_token_cap,
                "probeDailyBudget": resilience.probe_daily_budget / MICRO_DOLLARS,
                "outlierEjection": resilience.outlier_ejection,
                "maxEjectionShare": resilience.max_ejection_share,
                "replay": resilience.replay.value,
            },
            "gateway": {
                "host": settings.gateway.host,
                "port": settings.gateway.port,
                "token": settings.gateway.token,
                "drain": settings.gateway.drain,
                "reach": reach_of(settings.gateway),
            },
            "alerts": alerts_json(loaded, now),
            "network": {"allowedEndpoints": settings.network.allowed_endpoints},
            "console": {
                "theme": settings.console.theme.value,
                "refresh": settings.console.refresh,
                "mouse": settings.console.mouse,
                "bell": settings.console.bell,
                "ascii": settings.console.ascii,
                "keys": {remap.id: remap.keys for remap in settings.console.keys},
            },
            "models": [_model_json(model, loaded) for model in settings.models],
            "routes": [_route_json(route) for route in settings.routes],
        },
        indent=2,
    )


def _model_json(model: ModelSettings, loaded: Loaded) -> dict[str, object]:
    origin = loaded.origins[model.id]
    return {
        "id": model.id,
        "line": origin.line,
        "catalogue": origin.catalogue_id,
        "isStandIn": origin.is_stand_in,
        "provider": model.provider,
        "host": urlsplit(model.endpoint).netloc,
        "dialect": model.dialect.value,
        "wireName": model.wire_name,
        "aliases": model.aliases,
        "groups": model.groups,
        "key": model.key,
        "keyFound": is_found(model, loaded),
        "maxRetries": model.max_retries,
        "waits": waits(model),
        "timeout": model.timeout,
        "connectTimeout": model.connect_timeout,
        "headersTimeout": model.headers_timeout,
        "firstTokenTimeout": model.first_token_timeout,
        "idleTimeout": model.idle_timeout,
        "totalTimeout": model.total_timeout,
        "circuitBreakerThreshold": model.breaker_threshold,
        "breakerMode": model.breaker_mode.value,
        "failureRateThreshold": model.failure_rate_threshold,
        "slowCallDuration": model.slow_call_duration,
        "slowCallRateThreshold": model.slow_call_rate_threshold,
        "breakerWindow": model.breaker_window,
        "breakerWindowCalls": model.breaker_window_calls,
        "minimumCalls": model.minimum_calls,
        "recoveryTimeout": model.recovery_timeout,
        "openTimes": open_times(model),
        "halfOpenProbes": model.half_open_probes,
        "rampCalls": model.ramp_calls,
        "rampSeconds": model.ramp_seconds,
        "probe": model.probe.value,
        "probePath": model.probe_path,
        "probeCost": model.probe_cost / MICRO_DOLLARS,
        "healthCheckInterval": model.health_check_interval,
        "maxConcurrentRequests": model.max_concurrent_requests,
        "adaptiveConcurrency": model.adaptive_concurrency,
        "requestsPerMinute": model.requests_per_minute,
        "tokensPerMinute": model.tokens_per_minute,
        "inputPrice": _dollars(model.input_price),
        "outputPrice": _dollars(model.output_price),
        "contentFilterFallback": model.content_filter_fallback,
        "strategy": model.strategy.value,
        "weight": model.weight,
        "hedgeAfter": "p95" if model.hedge_after is None else model.hedge_after,
        "fallbacks": model.fallbacks,
    }


def _dollars(micro_dollars: int | None) -> float | None:
    return None if micro_dollars is None else micro_dollars / MICRO_DOLLARS


def _route_json(route: RouteSettings) -> dict[str, object]:
    return {
        "name": route.name,
        "primary": route.primary,
        "fallbacks": route.fallbacks,
        "strategy": route.strategy.value,
        "hedgeAfter": "p95" if route.hedge_after is None else route.hedge_after,
    }
