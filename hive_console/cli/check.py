"""`hive-console check`: says everything that is wrong with a settings file, or what it amounts to."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import click

from hive_console.adapters.config_file import Loaded, find, load, search_path
from hive_console.core.errors import ConfigurationError, SettingsError
from hive_console.core.retry import RetryPolicy
from hive_console.core.settings import GatewaySettings, ModelSettings, ProbeKind, Strategy

_WIDTH = 80
"""Columns of the smallest terminal we promise to fit."""

_LABEL = 12
"""Columns of a plan's left side, its indentation included."""


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
            click.echo(f"{_count(len(exc.problems), 'problem')}; nothing was started", err=True)
        context.exit(1)
    click.echo(_as_json(loaded) if as_json else "\n".join(_as_text(loaded)))


def _load(file: Path | None) -> Loaded:
    path = find(file, os.environ)
    if path is None:
        places = ", ".join(str(place) for place in search_path(os.environ))
        raise ConfigurationError((f"no settings file (looked for {places}); write one with: hive-console init",))
    return load(path, os.environ)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _seconds(seconds: float) -> str:
    """Seconds in the unit a person would choose, as the file would spell it."""
    if seconds < 1:
        return f"{seconds * 1000:g} ms"
    if seconds >= 120 and seconds % 60 == 0:
        return f"{seconds / 60:g} min"
    return f"{seconds:g} s"


def _as_text(loaded: Loaded) -> Iterable[str]:
    settings = loaded.settings
    resilience = settings.resilience
    yield f"{loaded.name} can be used: {_count(len(settings.models), 'model')}" + (
        f", {_count(len(loaded.warnings), 'warning')}" if loaded.warnings else ""
    )
    for warning in loaded.warnings:
        yield from textwrap.wrap(
            f"warning: {warning}", _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    yield ""
    yield "fleet"
    yield from _row(
        "operation",
        f"at most {_seconds(resilience.operation_deadline)}, all models included;"
        f" retry before fallback: {resilience.retry_before_fallback.value};"
        f" {resilience.max_queued_requests} may wait",
    )
    yield from _row("degraded", f"below {resilience.degraded_mode_threshold * 100:g} % of models available")
    yield from _row("gateway", _gateway_url(settings.gateway))
    if settings.environment:
        yield from _row("environment", settings.environment)
    for model in settings.models:
        yield ""
        yield from _model_text(model, loaded)


def _gateway_url(gateway: GatewaySettings) -> str:
    if gateway.port == 0:
        return f"any free port of {gateway.host}"
    host = f"[{gateway.host}]" if ":" in gateway.host else gateway.host
    return f"http://{host}:{gateway.port}/v1"


def _row(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"  {label:<{_LABEL}}",
        subsequent_indent=" " * (_LABEL + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


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
    yield from _row(
        "breaker",
        f"opens after {_count(model.breaker_threshold, 'failure')} in a row,"
        f" tries again after {_seconds(model.recovery_timeout)}",
    )
    yield from _row("probe", _probe_text(model))
    yield from _row(
        "degraded",
        f"above {_seconds(model.slow_above)} (p95) or from {model.degraded_error_rate * 100:g} % of failures",
    )
    yield from _row("chain", _chain_text(model, loaded))


def _key_text(model: ModelSettings, loaded: Loaded) -> str:
    if model.key is None:
        return "none"
    return f"{model.key} ({'found' if _is_found(model, loaded) else 'NOT FOUND: it cannot serve'})"


def _is_found(model: ModelSettings, loaded: Loaded) -> bool:
    if model.key is None:
        return False
    try:
        loaded.secrets.key_of(model.key)
    except SettingsError:
        return False
    return True


def _waits(model: ModelSettings) -> list[float]:
    policy = RetryPolicy(max_retries=model.max_retries)
    return [policy.backoff(number) for number in range(1, model.max_retries + 1)]


def _calls_text(model: ModelSettings) -> str:
    waits = _waits(model)
    retries = f", waits ~{', '.join(_seconds(wait) for wait in waits)}" if waits else ", no retry"
    return (
        f"1+{model.max_retries} calls{retries}; timeout {_seconds(model.timeout)},"
        f" {_seconds(model.idle_timeout)} between tokens; {model.max_concurrent_requests} at once"
    )


def _probe_text(model: ModelSettings) -> str:
    match model.probe:
        case ProbeKind.NONE:
            return "none: real traffic only"
        case ProbeKind.MODELS:
            what = "models list (free)"
        case ProbeKind.COMPLETION:
            what = "one-token completion (costs a little)"
    return f"{what} every {_seconds(model.health_check_interval)}, timeout {_seconds(model.probe_timeout)}"


def _chain_text(model: ModelSettings, loaded: Loaded) -> str:
    if not model.fallbacks:
        return "no fallback"
    if model.strategy is Strategy.WEIGHTED:
        weights = {other.id: other.weight for other in loaded.settings.models}
        chain = ", ".join(f"{name} ({weights[name]:g})" for name in (model.id, *model.fallbacks))
    else:
        chain = ", ".join(model.fallbacks)
    return f"{model.strategy.value}: {chain}"


def _as_json(loaded: Loaded) -> str:
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
            },
            "gateway": {"host": settings.gateway.host, "port": settings.gateway.port},
            "models": [_model_json(model, loaded) for model in settings.models],
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
        "keyFound": _is_found(model, loaded),
        "maxRetries": model.max_retries,
        "waits": _waits(model),
        "timeout": model.timeout,
        "idleTimeout": model.idle_timeout,
        "circuitBreakerThreshold": model.breaker_threshold,
        "recoveryTimeout": model.recovery_timeout,
        "probe": model.probe.value,
        "healthCheckInterval": model.health_check_interval,
        "maxConcurrentRequests": model.max_concurrent_requests,
        "strategy": model.strategy.value,
        "weight": model.weight,
        "fallbacks": model.fallbacks,
    }
