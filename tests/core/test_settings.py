"""Settings check themselves: defaults are BIP-03's, each bound is kept, each refusal names its field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hive_console.core.errors import SettingsError
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.settings import (
    MAX_MODELS,
    ModelSettings,
    ProbeKind,
    ResilienceSettings,
    RetryBeforeFallback,
    RouteSettings,
    Settings,
    Strategy,
)
from tests.core.samples import fleet_settings, model_settings

MODEL_BOUNDS: list[tuple[Any, ...]] = [  # a builder, two names and four numbers
    # field, its YAML spelling, lowest, highest, just below, just above
    ("max_retries", "maxRetries", 0, 10, -1, 11),
    ("timeout", "timeout", 0.05, 86_400.0, 0.04, 86_401.0),
    ("idle_timeout", "idleTimeout", 0.05, 86_400.0, 0.0, 86_401.0),
    ("breaker_threshold", "circuitBreakerThreshold", 1, 1000, 0, 1001),
    ("recovery_timeout", "recoveryTimeout", 0.05, 86_400.0, 0.0, 86_401.0),
    ("weight", "weight", 0.0, 1000.0, -0.1, 1000.1),
    ("health_check_interval", "healthCheckInterval", 0.1, 86_400.0, 0.05, 86_401.0),
    ("probe_timeout", "probeTimeout", 0.05, 86_400.0, 0.0, 86_401.0),
    ("max_concurrent_requests", "maxConcurrentRequests", 1, 10_000, 0, 10_001),
    ("degraded_error_rate", "degradedErrorRate", 0.0, 1.0, -0.01, 1.01),
    ("context_window", "contextWindow", 0, 1_000_000_000, -1, 1_000_000_001),
    ("degraded_response_time", "degradedResponseTime", 0.001, 86_400.0, 0.0, 86_401.0),
    ("recovery_backoff", "recoveryBackoff", 1.0, 10.0, 0.9, 10.1),
    ("max_recovery_timeout", "maxRecoveryTimeout", 0.05, 86_400.0, 0.0, 86_401.0),
    ("half_open_probes", "halfOpenProbes", 1, 100, 0, 101),
    ("breaker_window", "breakerWindow", 1.0, 86_400.0, 0.9, 86_401.0),
    ("minimum_calls", "minimumCalls", 1, 10_000, 0, 10_001),
    ("ramp_calls", "rampCalls", 0, 10_000, -1, 10_001),
    ("ramp_seconds", "rampSeconds", 0.05, 86_400.0, 0.0, 86_401.0),
    ("failure_rate_threshold", "failureRateThreshold", 0.01, 1.0, 0.0, 1.01),
    ("slow_call_duration", "slowCallDuration", 0.001, 86_400.0, 0.0, 86_401.0),
    ("breaker_window_calls", "breakerWindowCalls", 10, 10_000, 9, 10_001),
    ("connect_timeout", "connectTimeout", 0.01, 86_400.0, 0.0, 86_401.0),
    ("headers_timeout", "headersTimeout", 0.05, 86_400.0, 0.0, 86_401.0),
    ("first_token_timeout", "firstTokenTimeout", 0.05, 86_400.0, 0.0, 86_401.0),
    ("total_timeout", "totalTimeout", 0.05, 86_400.0, 0.0, 86_401.0),
    ("hedge_after", "hedgeAfter", 0.0, 86_400.0, -0.1, 86_401.0),
    ("probe_cost", "probeCost", 0, 1_000_000_000, -1, 1_000_000_001),
    ("input_price", "inputPrice", 0, 1_000_000_000, -1, 1_000_000_001),
    ("output_price", "outputPrice", 0, 1_000_000_000, -1, 1_000_000_001),
]
RESILIENCE_BOUNDS: list[tuple[Any, ...]] = [  # a builder, two names and four numbers
    ("health_check_interval", "healthCheckInterval", 0.1, 86_400.0, 0.05, 86_401.0),
    ("default_timeout", "defaultTimeout", 0.05, 86_400.0, 0.0, 86_401.0),
    ("max_concurrent_requests", "maxConcurrentRequests", 1, 10_000, 0, 10_001),
    ("degraded_mode_threshold", "degradedModeThreshold", 0.0, 1.0, -0.01, 1.01),
    ("operation_deadline", "operationDeadline", 0.1, 86_400.0, 0.0, 86_401.0),
    ("max_queued_requests", "maxQueuedRequests", 0, 1_000_000, -1, 1_000_001),
    ("max_total_requests", "maxTotalRequests", 1, 1_000_000, 0, 1_000_001),
    ("retry_budget", "retryBudget", 0.0, 1.0, -0.1, 1.1),
    ("retry_budget_floor", "retryBudgetFloor", 0, 1000, -1, 1001),
    ("degraded_token_cap", "degradedTokenCap", 0, 10_000_000, -1, 10_000_001),
    ("probe_daily_budget", "probeDailyBudget", 0, 10**12, -1, 10**12 + 1),
    ("max_ejection_share", "maxEjectionShare", 0.0, 1.0, -0.1, 1.1),
]
GATEWAY_BOUNDS: list[tuple[Any, ...]] = [  # a builder, two names and four numbers
    ("port", "port", 0, 65_535, -1, 65_536),
    ("max_body", "maxBody", 1024, 1024**3, 1023, 1024**3 + 1),
    ("drain", "drain", 0.0, 600.0, -0.1, 600.1),
]
BOUNDS: list[tuple[Any, ...]] = [  # a builder, two names and four numbers
    *((model_settings, *line) for line in MODEL_BOUNDS),
    *((ResilienceSettings, *line) for line in RESILIENCE_BOUNDS),
    *((GatewaySettings, *line) for line in GATEWAY_BOUNDS),
]


@pytest.mark.parametrize(
    ("make", "field", "spelling", "low", "high", "below", "above"),
    BOUNDS,
    ids=[f"{line[0].__name__}.{line[1]}" for line in BOUNDS],
)
def test_a_bound_itself_is_taken_and_what_lies_beyond_is_refused(
    make: Any,  # a builder with keyword fields
    field: str,
    spelling: str,
    *,
    low: float,
    high: float,
    below: float,
    above: float,
) -> None:
    assert getattr(make(**{field: low}), field) == low
    assert getattr(make(**{field: high}), field) == high
    for beyond in (below, above, float("nan")):
        with pytest.raises(SettingsError, match="out of bounds; must be from") as refused:
            make(**{field: beyond})
        assert refused.value.field == spelling


def test_no_model_bears_the_name_of_a_row_of_the_recording() -> None:
    with pytest.raises(SettingsError, match="begins with !") as refused:
        model_settings("!alerts/1")

    assert refused.value.field == "id"


@pytest.mark.parametrize("name", ["*", "provider:acme"])
def test_no_model_bears_the_name_of_several(name: str) -> None:
    with pytest.raises(SettingsError, match="which name several models") as refused:
        model_settings(name)

    assert refused.value.field == "id"


def test_the_defaults_are_bip_03s_numbers() -> None:
    model = model_settings("a")
    resilience = ResilienceSettings()

    assert (model.max_retries, model.timeout, model.breaker_threshold) == (3, 30.0, 5)
    assert (model.health_check_interval, model.max_concurrent_requests) == (30.0, 10)
    assert model.strategy is Strategy.SEQUENTIAL
    assert (resilience.health_check_interval, resilience.default_timeout) == (30.0, 30.0)
    assert (resilience.max_concurrent_requests, resilience.degraded_mode_threshold) == (10, 0.6)
    assert resilience.retry_before_fallback is RetryBeforeFallback.AUTO


def test_wait_and_probe_together_keep_bip_03s_half_minute() -> None:
    model = model_settings("a")

    assert model.max_recovery_timeout + model.probe_timeout <= 30.0


@pytest.mark.parametrize(("field", "spelling"), [("endpoint", "endpoint"), ("wire_name", "wireName")])
def test_a_model_without_an_address_or_a_name_is_refused(field: str, spelling: str) -> None:
    with pytest.raises(SettingsError, match="is empty") as refused:
        model_settings("a", **{field: ""})

    assert refused.value.field == spelling


def test_a_model_without_an_id_is_refused() -> None:
    with pytest.raises(SettingsError, match="id: is empty"):
        model_settings("")


def test_a_model_is_not_its_own_fallback() -> None:
    with pytest.raises(SettingsError, match="fallbacks: a is its own fallback; remove it from the list"):
        model_settings("a", fallbacks=("b", "a"))


def test_b2_a_model_named_twice_as_a_fallback_would_be_asked_twice_and_is_refused() -> None:
    with pytest.raises(SettingsError, match="fallbacks"):
        fleet_settings(model_settings("a", fallbacks=("b", "b")), model_settings("b"))


def test_a_share_of_slow_calls_needs_to_know_what_is_slow() -> None:
    with pytest.raises(SettingsError, match="needs slowCallDuration") as refused:
        model_settings("a", slow_call_rate_threshold=0.5)

    assert refused.value.field == "slowCallRateThreshold"


def test_a_share_of_slow_calls_has_bounds_like_any_share() -> None:
    assert model_settings("a", slow_call_duration=1.0, slow_call_rate_threshold=0.01).slow_call_rate_threshold
    with pytest.raises(SettingsError, match=r"slowCallRateThreshold: .* is out of bounds"):
        model_settings("a", slow_call_duration=1.0, slow_call_rate_threshold=1.01)


def test_a_window_of_calls_holds_at_least_the_minimum_that_it_judges() -> None:
    assert model_settings("a", breaker_window_calls=20, minimum_calls=20).breaker_window_calls == 20
    with pytest.raises(SettingsError, match="breakerWindowCalls: 19 is out of bounds; must be from 20"):
        model_settings("a", breaker_window_calls=19, minimum_calls=20)


def test_a_model_is_slow_above_half_its_timeout_unless_told_otherwise() -> None:
    assert model_settings("a", timeout=8.0).slow_above == 4.0
    assert model_settings("a", timeout=8.0, degraded_response_time=1.5).slow_above == 1.5


def test_where_the_key_is_does_not_show_in_a_repr() -> None:
    assert "ACME_KEY" not in repr(model_settings("a", key="env:ACME_KEY"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_the_gateway_listens_on_loopback(host: str) -> None:
    assert GatewaySettings(host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.evil.example", ""])
def test_the_gateway_listens_nowhere_else(host: str) -> None:
    with pytest.raises(SettingsError, match="is not a loopback address"):
        GatewaySettings(host=host)


def test_a_fleet_without_models_is_refused() -> None:
    with pytest.raises(SettingsError, match="models: is empty; name at least one model"):
        Settings(())


def test_a_fleet_has_a_largest_size() -> None:
    at_most = tuple(model_settings(f"m{number}") for number in range(MAX_MODELS))

    assert len(Settings(at_most).models) == MAX_MODELS
    with pytest.raises(SettingsError, match=f"has {MAX_MODELS + 1} entries; at most {MAX_MODELS}"):
        Settings((*at_most, model_settings("one-more")))


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (model_settings("a"), model_settings("a"), "a"),
        (model_settings("a"), model_settings("b", aliases=("a",)), "a"),
        (model_settings("a", aliases=("fast",)), model_settings("b", aliases=("fast",)), "fast"),
    ],
)
def test_a_name_means_one_model(first: ModelSettings, second: ModelSettings, name: str) -> None:
    with pytest.raises(SettingsError, match=f"models: {name} names both a and {second.id}"):
        Settings((first, second))


def test_a_fallback_that_is_no_model_is_refused() -> None:
    with pytest.raises(SettingsError, match="fallbacks: a falls back to ghost, which is not a model"):
        Settings((model_settings("a", fallbacks=("ghost",)),))


def test_two_models_may_back_each_other_up() -> None:
    settings = Settings((model_settings("a", fallbacks=("b",)), model_settings("b", fallbacks=("a",))))

    assert [model.fallbacks for model in settings.models] == [("b",), ("a",)]


def test_a_model_is_found_by_its_id_only() -> None:
    settings = Settings((model_settings("a", aliases=("fast",)),))

    assert settings.model("a").id == "a"
    with pytest.raises(KeyError):
        settings.model("fast")


# --- routes --------------------------------------------------------------------------------------


def routed(*routes: RouteSettings) -> Settings:
    return Settings((model_settings("a", aliases=("fast",)), model_settings("b")), routes=routes)


def test_routes_lead_to_models() -> None:
    assert routed(RouteSettings("smart", "a", ("b",))).routes[0].fallbacks == ("b",)


@pytest.mark.parametrize("name", ["a", "fast", "smart"])
def test_the_name_of_a_route_is_nobody_elses(name: str) -> None:
    with pytest.raises(SettingsError, match=f"routes: {name} is taken"):
        routed(RouteSettings("smart", "a"), RouteSettings(name, "b"))


@pytest.mark.parametrize("route", [RouteSettings("smart", "ghost"), RouteSettings("smart", "a", ("ghost",))])
def test_a_route_to_no_model_is_refused(route: RouteSettings) -> None:
    with pytest.raises(SettingsError, match="routes: smart leads to ghost, which is not a model"):
        routed(route)


def test_a_route_names_each_fallback_once() -> None:
    with pytest.raises(SettingsError, match="fallbacks: smart names a fallback twice"):
        routed(RouteSettings("smart", "a", ("b", "b")))


def test_there_is_a_bound_on_routes() -> None:
    with pytest.raises(SettingsError, match="routes: has 2001 entries; at most 2000"):
        routed(*(RouteSettings(f"r{number}", "a") for number in range(MAX_MODELS + 1)))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": ""}, "name: is empty"),
        ({"fallbacks": ("a",)}, "fallbacks: a is its own fallback"),
        ({"hedge_after": -1.0}, "hedgeAfter: -1 is out of bounds"),
    ],
)
def test_what_a_route_alone_can_get_wrong_is_refused(changes: dict[str, Any], problem: str) -> None:
    known: dict[str, Any] = {"name": "smart", "primary": "a"}  # any field of the dataclass

    with pytest.raises(SettingsError, match=problem):
        RouteSettings(**(known | changes))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"probe": ProbeKind.GET}, "probePath: is missing; probe: get needs a path"),
        ({"probe_path": "health"}, "probePath: must begin with /"),
    ],
)
def test_a_probe_by_get_needs_a_path_from_the_root(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        replace(ModelSettings("a", "acme", "https://acme.example/v1", "a"), **changes)
