"""The demo's fleet as data: which providers and models it has, and the settings an engine watches them with.

Model names are well known ones so that the screen reads like a real one; everything behind them is simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hive_console.core.alert_settings import AlertSettings, ChannelKind, ChannelSettings
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.settings import (
    Dialect,
    ModelSettings,
    ProbeKind,
    ResilienceSettings,
    Settings,
    Strategy,
)
from hive_console.sim.profile import ModelProfile

ENVIRONMENT = "DEMO"
"""What the screen says, so that nobody mistakes it for production."""

HEALTH_CHECK_INTERVAL = 5.0
"""Seconds; BIP-03's 30 would leave a newcomer waiting."""

TIMEOUT = 4.0
"""Seconds; ten times the usual answer, so that a slow-down shows as slowness first."""

THRESHOLD = 3
"""Failures that open a breaker: within two to five seconds at the demo's traffic."""

RECOVERY_TIMEOUT = 4.0
"""Seconds before the first trial of an open breaker, BIP-03's idea at the demo's pace."""

RECOVERY_BACKOFF, MAX_RECOVERY_TIMEOUT = 1.5, 6.0
"""Growth and cap of that wait: the next trial comes within seconds of an incident's end, and so before the next
incident, and yet one can see that it grows."""

RAMP_CALLS, RAMP_SECONDS = 6, 2.0
"""Calls or seconds of one step of the traffic's return: 10, 25, 50 % and all of it within six seconds. Six calls
come sooner only for the models that are asked most."""

OPERATION_DEADLINE = 20.0
"""Seconds for one operation, fallbacks included: five timeouts."""

DEGRADED_BELOW = 0.75
"""Three of ten models out is degraded mode, so that the script can show it without taking half the fleet away."""


@dataclass(frozen=True, slots=True)
class DemoModel:
    """One model of the demo.

    Attributes:
        profile: how it behaves.
        fallbacks: who stands in.
        traffic: its share of the traffic, relative to the others.
        strategy: how its fallbacks are used.
        weight: its share where it is a weighted fallback.
        recovery_timeout: seconds an open breaker waits.
        probe: how its health is asked for.
        slow_above: seconds of p95 above which it is degraded; `None` takes half of the timeout.
    """

    profile: ModelProfile
    fallbacks: tuple[str, ...]
    traffic: float = 1.0
    strategy: Strategy = Strategy.SEQUENTIAL
    weight: float = 1.0
    recovery_timeout: float = RECOVERY_TIMEOUT
    probe: ProbeKind = ProbeKind.COMPLETION
    slow_above: float | None = None


@dataclass(frozen=True, slots=True)
class DemoProvider:
    """One provider of the demo and its models."""

    name: str
    models: tuple[DemoModel, ...]
    dialect: Dialect = Dialect.OPENAI


FLEET = (
    DemoProvider(
        "anthropic",
        (
            DemoModel(
                ModelProfile("claude-4-sonnet", first_token=0.42, pace=95),
                ("gpt-5", "gemini-2.5-pro"),
                traffic=4,
                weight=3,
            ),
            DemoModel(
                ModelProfile("claude-4-haiku", first_token=0.21, pace=170),
                ("gpt-5-mini", "gemini-2.5-flash"),
                strategy=Strategy.FASTEST,
            ),
        ),
        dialect=Dialect.ANTHROPIC,
    ),
    DemoProvider(
        "openai",
        (
            DemoModel(
                ModelProfile("gpt-5", first_token=0.45, pace=130),
                ("claude-4-sonnet", "gemini-2.5-pro", "grok-3"),
                traffic=4.5,
                strategy=Strategy.WEIGHTED,
                slow_above=1.3,  # above its usual p95: the script's slow-down shows within seconds
            ),
            DemoModel(
                ModelProfile("gpt-5-mini", first_token=0.19, pace=180), ("claude-4-haiku", "gemini-2.5-flash")
            ),
        ),
    ),
    DemoProvider(
        "deepseek",
        (
            DemoModel(ModelProfile("deepseek-v3", first_token=0.55, pace=70), ("grok-3", "gpt-5-mini"), traffic=2),
            # Thinks before it talks, and is asked only whether it is listed: thinking is dear.
            DemoModel(
                ModelProfile("deepseek-r1", first_token=0.9, pace=80),
                ("claude-4-sonnet", "gpt-5"),
                probe=ProbeKind.MODELS,
            ),
        ),
    ),
    DemoProvider(
        "xai",
        (
            DemoModel(
                ModelProfile("grok-3", first_token=0.34, pace=120),
                ("deepseek-v3", "mistral-large"),
                traffic=3,
            ),
        ),
    ),
    DemoProvider(
        "google",
        (
            DemoModel(
                ModelProfile("gemini-2.5-pro", first_token=0.47, pace=105),
                ("gpt-5", "claude-4-sonnet"),
                traffic=2,
                strategy=Strategy.PARALLEL,
                weight=2,
                recovery_timeout=5.0,
            ),
            DemoModel(
                ModelProfile("gemini-2.5-flash", first_token=0.17, pace=200), ("gpt-5-mini", "claude-4-haiku")
            ),
        ),
    ),
    DemoProvider(
        "mistral",
        (DemoModel(ModelProfile("mistral-large", first_token=0.31, pace=100), ("deepseek-v3", "grok-3")),),
    ),
)
"""Ten models of six providers."""


def demo_settings(endpoints: Mapping[str, str], *, gateway_port: int = 8484) -> Settings:
    """Settings of the demo fleet, given the base URL of each provider by its name.

    `gateway_port` 0 takes any free port. Raises `KeyError` when a provider's endpoint is missing.
    """
    models = tuple(
        ModelSettings(
            id=model.profile.id,
            provider=provider.name,
            endpoint=endpoints[provider.name],
            wire_name=model.profile.id,
            dialect=provider.dialect,
            max_retries=2,
            timeout=TIMEOUT,
            idle_timeout=TIMEOUT / 2,
            breaker_threshold=THRESHOLD,
            recovery_timeout=model.recovery_timeout,
            recovery_backoff=RECOVERY_BACKOFF,
            max_recovery_timeout=MAX_RECOVERY_TIMEOUT,
            ramp_calls=RAMP_CALLS,
            ramp_seconds=RAMP_SECONDS,
            fallbacks=model.fallbacks,
            strategy=model.strategy,
            weight=model.weight,
            probe=model.probe,
            health_check_interval=HEALTH_CHECK_INTERVAL,
            probe_timeout=TIMEOUT * 0.75,
            degraded_response_time=model.slow_above,
            groups=("demo",),
        )
        for provider in FLEET
        for model in provider.models
    )
    return Settings(
        models,
        ResilienceSettings(
            health_check_interval=HEALTH_CHECK_INTERVAL,
            default_timeout=TIMEOUT,
            degraded_mode_threshold=DEGRADED_BELOW,
            operation_deadline=OPERATION_DEADLINE,
        ),
        GatewaySettings(port=gateway_port),
        environment=ENVIRONMENT,
        alerts=AlertSettings(channels=(ChannelSettings("console", ChannelKind.TERMINAL),)),
    )
