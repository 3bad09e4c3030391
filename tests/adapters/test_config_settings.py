"""What a good settings file amounts to: BIP-03's sample, units, groups, inheritance, the catalogue's part."""

from __future__ import annotations

import pytest

from hive_console.adapters.config_file import Loaded, load_text
from hive_console.core.errors import ConfigurationError
from hive_console.core.retry import Jitter
from hive_console.core.settings import (
    BreakerMode,
    Dialect,
    LastResort,
    ProbeKind,
    RetryBeforeFallback,
    Strategy,
)

MODELS_BLOCK = """\
models:
  claude-4-sonnet:
    maxRetries: 3
    timeout: 30s
    circuitBreakerThreshold: 5
    fallbacks: ['gpt-5', 'deepseek-v3']
  
  gpt-5:
    maxRetries: 2
    timeout: 25s
    circuitBreakerThreshold: 3
    fallbacks: ['claude-4-sonnet', 'grok-3']
"""  # noqa: W293 - BIP-03 §Configuration Management as it stands, blanks included

RESILIENCE_BLOCK = """\
resilience:
  healthCheckInterval: 30s
  defaultTimeout: 30s
  maxConcurrentRequests: 10
  degradedModeThreshold: 60
"""

KEYS: dict[str, str] = dict.fromkeys(
    ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "DEEPSEEK_API_KEY", "XAI_API_KEY"), "k-123456"
)


def load(text: str, environ: dict[str, str] | None = None) -> Loaded:
    return load_text(text, "hive.yaml", KEYS if environ is None else environ)


@pytest.mark.parametrize("text", [MODELS_BLOCK, MODELS_BLOCK + RESILIENCE_BLOCK, RESILIENCE_BLOCK + MODELS_BLOCK])
def test_sample_of_the_specification_loads_as_it_stands(text: str) -> None:
    loaded = load(text)

    assert [model.id for model in loaded.settings.models] == ["claude-4-sonnet", "gpt-5", "deepseek-v3", "grok-3"]
    assert loaded.warnings == ()


def test_sample_means_what_it_says() -> None:
    claude, gpt, *_ = load(MODELS_BLOCK + RESILIENCE_BLOCK).settings.models

    assert (claude.max_retries, claude.timeout, claude.breaker_threshold) == (3, 30.0, 5)
    assert (gpt.max_retries, gpt.timeout, gpt.breaker_threshold) == (2, 25.0, 3)
    assert claude.fallbacks == ("gpt-5", "deepseek-v3")
    assert gpt.fallbacks == ("claude-4-sonnet", "grok-3")


def test_stand_ins_from_the_catalogue_have_no_fallbacks_and_the_common_defaults() -> None:
    loaded = load(MODELS_BLOCK + "resilience:\n  defaultTimeout: 7s\n  maxConcurrentRequests: 4\n")
    deepseek = loaded.settings.model("deepseek-v3")

    assert (deepseek.fallbacks, deepseek.timeout, deepseek.max_concurrent_requests) == ((), 7.0, 4)
    assert loaded.origins["deepseek-v3"].is_stand_in
    assert loaded.origins["deepseek-v3"].line == 6


def test_resilience_block_alone_asks_for_models() -> None:
    with pytest.raises(ConfigurationError, match=r"^hive\.yaml:1: models: is missing"):
        load(RESILIENCE_BLOCK)


def test_missing_catalogue_keys_are_warnings_that_name_the_variable() -> None:
    loaded = load(MODELS_BLOCK, environ={"OPENAI_API_KEY": "k-123456"})

    assert len(loaded.warnings) == 3
    assert loaded.warnings[0] == (
        "hive.yaml:2: models.claude-4-sonnet: it cannot serve: environment variable ANTHROPIC_API_KEY is not set;"
        " set ANTHROPIC_API_KEY"
    )
    assert "deepseek-v3 joins from the catalogue" in loaded.warnings[1]
    assert loaded.settings.model("claude-4-sonnet").key == "env:ANTHROPIC_API_KEY"


def test_model_without_a_word_takes_everything_from_the_catalogue() -> None:
    for empty in ("", " {}", " null", " ~"):
        (model,) = load(f"models:\n  claude-4-sonnet:{empty}\n").settings.models

        assert model.endpoint == "https://api.anthropic.com/v1"
        assert model.dialect is Dialect.ANTHROPIC
        assert model.wire_name == "claude-sonnet-4-20250514"
        assert model.context_window == 200_000


def test_every_key_of_a_model_arrives_in_its_field() -> None:
    (model,) = load(
        """
models:
  mine:
    provider: acme
    endpoint: https://llm.acme.example:8443/v1/
    dialect: anthropic
    wireName: acme/large:2
    key: env:OPENAI_API_KEY
    aliases: [large, acme-large]
    groups: [g]
    maxRetries: 1
    timeout: 1500ms
    connectTimeout: 100ms
    headersTimeout: 1s
    firstTokenTimeout: 1200ms
    idleTimeout: 2s
    totalTimeout: 3m
    circuitBreakerThreshold: 7
    breakerMode: metrics-only
    failureRateThreshold: 50%
    slowCallDuration: 1250ms
    slowCallRateThreshold: 0.8
    breakerWindow: 2m
    breakerWindowCalls: 6
    minimumCalls: 5
    recoveryTimeout: 1m
    recoveryBackoff: 1.5
    maxRecoveryTimeout: 5m
    halfOpenProbes: 3
    rampCalls: 0
    rampSeconds: 10s
    fallbacks: []
    strategy: weighted
    weight: 2.5
    hedgeAfter: 300ms
    probe: completion
    probeCost: $0.00025
    healthCheckInterval: 0.5m
    probeTimeout: 3s
    maxConcurrentRequests: 40
    adaptiveConcurrency: true
    degradedResponseTime: 800ms
    degradedErrorRate: 2.5%
    contextWindow: 32000
    inputPrice: $3
    outputPrice: $0.000015
groups:
  g: {}
"""
    ).settings.models

    assert (model.provider, model.endpoint) == ("acme", "https://llm.acme.example:8443/v1")
    assert (model.dialect, model.wire_name) == (Dialect.ANTHROPIC, "acme/large:2")
    assert (model.key, model.aliases, model.groups) == ("env:OPENAI_API_KEY", ("large", "acme-large"), ("g",))
    assert (model.max_retries, model.timeout, model.idle_timeout) == (1, 1.5, 2.0)
    assert (model.connect_timeout, model.headers_timeout, model.first_token_timeout) == (0.1, 1.0, 1.2)
    assert model.total_timeout == 180.0
    assert (model.breaker_threshold, model.breaker_mode) == (7, BreakerMode.METRICS_ONLY)
    assert (model.failure_rate_threshold, model.slow_call_rate_threshold, model.slow_call_duration) == (
        0.5,
        0.8,
        1.25,
    )
    assert (model.breaker_window, model.breaker_window_calls, model.minimum_calls) == (120.0, 6, 5)
    assert (model.recovery_timeout, model.recovery_backoff, model.max_recovery_timeout) == (60.0, 1.5, 300.0)
    assert (model.half_open_probes, model.ramp_calls, model.ramp_seconds) == (3, 0, 10.0)
    assert (model.hedge_after, model.probe_cost, model.adaptive_concurrency) == (0.3, 250, True)
    assert (model.fallbacks, model.strategy, model.weight) == ((), Strategy.WEIGHTED, 2.5)
    assert (model.probe, model.health_check_interval, model.probe_timeout) == (ProbeKind.COMPLETION, 30.0, 3.0)
    assert (model.max_concurrent_requests, model.degraded_response_time) == (40, 0.8)
    assert (model.degraded_error_rate, model.context_window) == (0.025, 32_000)
    assert (model.input_price, model.output_price) == (3_000_000, 15)


def test_fleet_settings_arrive_in_their_fields() -> None:
    settings = load(
        MODELS_BLOCK
        + """
resilience:
  healthCheckInterval: 10s
  defaultTimeout: 20s
  maxConcurrentRequests: 5
  degradedModeThreshold: 75%
  operationDeadline: 2m
  retryBeforeFallback: never
  maxQueuedRequests: 50
  maxTotalRequests: 60
  jitter: none
  retryBudget: 10%
  retryBudgetFloor: 0
  lastResort: nearest
  degradedTokenCap: 256
  probeDailyBudget: $2.50
  outlierEjection: true
  maxEjectionShare: 25%
gateway: {host: "::1", port: 0, maxBody: 2MiB, drain: 500ms}
environment: prod
"""
    ).settings

    resilience = settings.resilience
    assert (resilience.health_check_interval, resilience.default_timeout) == (10.0, 20.0)
    assert (resilience.max_concurrent_requests, resilience.degraded_mode_threshold) == (5, 0.75)
    assert (resilience.operation_deadline, resilience.max_queued_requests) == (120.0, 50)
    assert resilience.retry_before_fallback is RetryBeforeFallback.NEVER
    assert (resilience.max_total_requests, resilience.jitter) == (60, Jitter.NONE)
    assert (resilience.retry_budget, resilience.retry_budget_floor) == (0.1, 0)
    assert resilience.last_resort is LastResort.NEAREST
    assert (resilience.degraded_token_cap, resilience.probe_daily_budget) == (256, 2_500_000)
    assert (resilience.outlier_ejection, resilience.max_ejection_share) == (True, 0.25)
    assert (settings.gateway.host, settings.gateway.port, settings.gateway.max_body) == ("::1", 0, 2 * 1024**2)
    assert settings.gateway.drain == 0.5
    assert settings.environment == "prod"


def test_degraded_error_rate_is_a_share_or_a_percentage() -> None:
    for text in ("5%", "0.05"):
        (model,) = load(f"models:\n  gpt-5: {{degradedErrorRate: {text}}}\n").settings.models

        assert model.degraded_error_rate == pytest.approx(0.05)


@pytest.mark.parametrize("words", ["p95", "'p95'"])
def test_hedging_after_the_models_own_p95_is_a_word(words: str) -> None:
    (model,) = load(f"models:\n  gpt-5: {{groups: [g]}}\ngroups:\n  g: {{hedgeAfter: {words}}}\n").settings.models

    assert model.hedge_after is None


@pytest.mark.parametrize(
    ("text", "micro_dollars"),
    [("$0", 0), ("$0.000001", 1), ("$0.1", 100_000), ("$1", 1_000_000), ("$999.999999", 999_999_999)],
)
def test_money_is_counted_to_the_last_micro_dollar(text: str, micro_dollars: int) -> None:
    (model,) = load(f"models:\n  gpt-5: {{probeCost: {text}}}\n").settings.models

    assert model.probe_cost == micro_dollars


def test_values_that_lean_on_each_other_may_come_from_different_places() -> None:
    (model,) = load(
        """
models:
  gpt-5: {groups: [g], slowCallDuration: 5s, minimumCalls: 3}
groups:
  g: {slowCallRateThreshold: 50%, breakerWindowCalls: 4}
"""
    ).settings.models

    assert (model.slow_call_rate_threshold, model.breaker_window_calls) == (0.5, 4)


def test_own_value_wins_over_groups_and_the_first_group_over_the_second() -> None:
    (model,) = load(
        """
models:
  gpt-5: {groups: [slow, cheap], maxRetries: 1}
groups:
  slow: {timeout: 50s, maxRetries: 5}
  cheap: {timeout: 9s, weight: 3, maxRetries: 6}
resilience: {defaultTimeout: 11s, maxConcurrentRequests: 2}
"""
    ).settings.models

    assert (model.max_retries, model.timeout, model.weight, model.max_concurrent_requests) == (1, 50.0, 3.0, 2)
    assert model.groups == ("slow", "cheap")


def test_chain_of_a_group_leaves_each_of_its_models_out_of_its_own() -> None:
    gpt, grok = load(
        """
models:
  gpt-5: {groups: [pair]}
  grok-3: {groups: [pair]}
groups:
  pair: {fallbacks: [gpt5, grok-3]}
"""
    ).settings.models

    assert gpt.fallbacks == ("grok-3",)
    assert grok.fallbacks == ("gpt-5",)


def test_unused_group_is_a_warning() -> None:
    loaded = load("models:\n  gpt-5: {}\ngroups:\n  lonely:\n    timeout: 3s\n")

    assert loaded.warnings == ("hive.yaml:5: groups.lonely: no model lists this group",)


def test_fallback_by_alias_means_the_model() -> None:
    settings = load(
        "models:\n  gpt-5: {fallbacks: [fast, grok3]}\n  mine: {endpoint: 'https://a.example', aliases: [fast]}\n"
    ).settings

    assert settings.model("gpt-5").fallbacks == ("mine", "grok-3")


def test_model_named_by_a_catalogue_alias_keeps_its_name() -> None:
    settings = load("models:\n  claude-sonnet-4: {}\n  gpt-5: {fallbacks: [claude-4-sonnet]}\n").settings
    claude = settings.models[0]

    assert claude.id == "claude-sonnet-4"
    assert claude.wire_name == "claude-sonnet-4-20250514"
    assert "claude-4-sonnet" in claude.aliases
    assert settings.model("gpt-5").fallbacks == ("claude-sonnet-4",)
    assert len(settings.models) == 2


def test_two_names_of_one_catalogue_entry_are_two_models() -> None:
    settings = load("models:\n  gpt5: {}\n  gpt-5: {fallbacks: [gpt5]}\n").settings

    assert [model.id for model in settings.models] == ["gpt5", "gpt-5"]
    assert settings.model("gpt-5").aliases == ("gpt-5-2025-08-07",)
    assert settings.model("gpt5").aliases == ()


def test_name_of_the_file_wins_over_an_alias_of_the_catalogue() -> None:
    settings = load("models:\n  grok-3: {}\n  mine: {endpoint: 'https://a.example', aliases: [grok3]}\n").settings

    assert settings.model("grok-3").aliases == ()
    assert settings.model("mine").aliases == ("grok3",)


def test_unknown_model_needs_only_an_endpoint() -> None:
    (model,) = load("models:\n  llama: {endpoint: 'http://127.0.0.1:11434/v1'}\n").settings.models

    assert (model.provider, model.wire_name, model.key) == ("127.0.0.1", "llama", None)
    assert model.dialect is Dialect.OPENAI


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "[::1]"])
def test_plain_http_is_fine_on_loopback(host: str) -> None:
    (model,) = load(f"models:\n  llama: {{endpoint: 'http://{host}:8000/v1'}}\n").settings.models

    assert model.endpoint == f"http://{host}:8000/v1"


@pytest.mark.parametrize(
    ("allowed", "endpoint"),
    [
        ("llm.internal", "http://llm.internal:8000/v1"),
        ("'*.example.com'", "http://a.b.example.com/v1"),
        ("10.0.0.0/8", "http://10.1.2.3/v1"),
        ("'fd00::/8'", "https://[fd00::1]/v1"),
        ("192.168.1.7", "https://192.168.1.7/v1"),
    ],
)
def test_a_listed_endpoint_may_be_private_and_plain(allowed: str, endpoint: str) -> None:
    loaded = load(f"models:\n  m: {{endpoint: '{endpoint}'}}\nnetwork: {{allowedEndpoints: [{allowed}]}}\n")

    assert loaded.settings.models[0].endpoint == endpoint
    assert loaded.settings.network.allowed_endpoints == (allowed.strip("'"),)


@pytest.mark.parametrize("host", ["0.0.0.0", "'::'", "192.168.1.5", "'fe80::1%eth0'"])
def test_a_gateway_with_a_token_listens_on_any_address(host: str) -> None:
    text = f"models: {{gpt-5: {{}}}}\ngateway: {{host: {host}, token: env:HIVE_TOKEN}}\n"

    loaded = load(text, {"HIVE_TOKEN": "t" * 16})

    assert (loaded.settings.gateway.host, loaded.settings.gateway.token) == (host.strip("'"), "env:HIVE_TOKEN")
    assert "t" * 16 in loaded.secrets.known()


def test_a_token_that_can_be_guessed_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match=r"gateway.token: leads to fewer than 16 characters") as caught:
        load("models: {gpt-5: {}}\ngateway: {token: env:HIVE_TOKEN}\n", {"HIVE_TOKEN": "fifteen-letters"})

    assert "fifteen-letters" not in str(caught.value)


def test_a_probe_by_get_arrives_with_its_path() -> None:
    (model,) = load("models: {gpt-5: {probe: get, probePath: /v2/health}}").settings.models

    assert (model.probe, model.probe_path) == (ProbeKind.GET, "/v2/health")


def test_key_of_the_catalogue_is_not_sent_to_another_host() -> None:
    loaded = load("models:\n  gpt-5: {endpoint: 'https://proxy.example/v1'}\n")

    assert loaded.settings.models[0].key is None
    assert loaded.warnings == (
        (
            "hive.yaml:2: models.gpt-5.endpoint: no key is sent to proxy.example; if it wants one, write"
            " key: env:OPENAI_API_KEY"
        ),
    )


def test_key_of_the_catalogue_stays_when_only_the_path_differs() -> None:
    loaded = load("models:\n  gpt-5: {endpoint: 'https://api.openai.com/v2'}\n")

    assert loaded.settings.models[0].key == "env:OPENAI_API_KEY"


def test_catalogue_model_on_loopback_wants_no_key_and_no_warning() -> None:
    loaded = load("models:\n  gpt-5: {endpoint: 'http://127.0.0.1:9/v1'}\n", environ={})

    assert loaded.settings.models[0].key is None
    assert loaded.warnings == ()


def test_timeout_beyond_the_operation_deadline_is_a_warning() -> None:
    loaded = load("models:\n  gpt-5:\n    timeout: 2m\n")

    assert loaded.warnings == (
        (
            "hive.yaml:3: models.gpt-5.timeout: 120 s is longer than resilience.operationDeadline (90 s), which"
            " ends the call first"
        ),
    )


@pytest.mark.parametrize(
    ("keys", "warning"),
    [
        (
            "timeout: 4s, connectTimeout: 4500ms",
            "connectTimeout: 4.5 s is longer than timeout (4 s), which ends the call first",
        ),
        ("headersTimeout: 31s", "headersTimeout: 31 s is longer than timeout (30 s), which ends the call first"),
        (
            "firstTokenTimeout: 1m",
            "firstTokenTimeout: 60 s is longer than timeout (30 s), which ends the call first",
        ),
        (
            "slowCallDuration: 40s",
            "slowCallDuration: 40 s is longer than timeout (30 s), which ends the call first",
        ),
        (
            "firstTokenTimeout: 9s, totalTimeout: 8s",
            "totalTimeout: 8 s is shorter than firstTokenTimeout (9 s), which it forestalls",
        ),
    ],
)
def test_clock_that_never_strikes_is_a_warning(keys: str, warning: str) -> None:
    loaded = load(f"models:\n  gpt-5: {{{keys}}}\n")

    assert loaded.warnings == (f"hive.yaml:2: models.gpt-5.{warning}",)


@pytest.mark.parametrize(
    "keys", ["timeout: 3s", "firstTokenTimeout: 9s, totalTimeout: 9s", "connectTimeout: 30s", "totalTimeout: 10m"]
)
def test_clocks_that_agree_and_defaults_are_no_warning(keys: str) -> None:
    assert load(f"models:\n  gpt-5: {{{keys}}}\n").warnings == ()


def test_weights_of_zero_are_fine_while_one_model_has_some() -> None:
    settings = load("models:\n  gpt-5: {strategy: weighted, weight: 0, fallbacks: [grok-3]}\n").settings

    assert settings.model("gpt-5").weight == 0


def test_two_models_may_back_each_other_up() -> None:
    settings = load("models:\n  gpt-5: {fallbacks: [grok-3]}\n  grok-3: {fallbacks: [gpt-5]}\n").settings

    assert [model.fallbacks for model in settings.models] == [("grok-3",), ("gpt-5",)]


def test_key_is_shown_in_no_representation() -> None:
    loaded = load(MODELS_BLOCK, environ=dict.fromkeys(KEYS, "sk-SECRETSECRET"))
    loaded.secrets.key_of("env:OPENAI_API_KEY")

    assert "SECRET" not in repr(loaded)
    assert "sk-SECRETSECRET" in loaded.secrets.known()
