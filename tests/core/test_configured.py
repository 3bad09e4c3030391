"""How a fleet is set up, as an event and back: all that screens show, no secret, nothing that breaks a reader."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hive_console.core.configured import (
    LONGEST_ENTRY,
    MOST_FALLBACKS,
    ModelSetup,
    RouteSetup,
    configured,
    setup_of,
)
from hive_console.core.events import FleetConfigured
from hive_console.core.journal import from_record, kind_of, to_record
from hive_console.core.settings import MAX_MODELS, ResilienceSettings, RouteSettings, Settings, Strategy
from tests.core.samples import NOW, model_settings

SETTINGS = Settings(
    models=(
        model_settings(
            "a",
            key="env:ACME_KEY",
            fallbacks=("b",),
            strategy=Strategy.WEIGHTED,
            weight=2.5,
            breaker_threshold=7,
            recovery_timeout=15.0,
            max_concurrent_requests=40,
        ),
        model_settings("b", provider="umbra", endpoint="https://umbra.example/v1", key="file:/run/secrets/umbra"),
    ),
    resilience=ResilienceSettings(degraded_mode_threshold=0.7),
    routes=(RouteSettings("chat", "b", ("a",), Strategy.FASTEST),),
)


def event(*models: str, routes: tuple[str, ...] = (), threshold: float = 0.6) -> FleetConfigured:
    return FleetConfigured(at=NOW, model_setups=models, route_setups=routes, degraded_threshold=threshold)


def test_what_was_configured_comes_back_from_a_record() -> None:
    written = configured(SETTINGS, NOW)

    setup = setup_of(written)

    assert from_record(kind_of(written), json.loads(json.dumps(to_record(written)))) == written
    assert list(setup.models) == ["a", "b"]
    assert setup.models["a"] == ModelSetup(
        provider="acme",
        fallbacks=("b",),
        strategy=Strategy.WEIGHTED,
        weight=2.5,
        breaker_threshold=7,
        recovery_timeout=15.0,
        max_in_flight=40,
    )
    assert setup.models["b"].provider == "umbra"
    assert setup.routes == {"chat": RouteSetup(primary="b", fallbacks=("a",), strategy=Strategy.FASTEST)}
    assert setup.degraded_threshold == 0.7


def test_no_key_and_no_address_is_told() -> None:
    told = str(to_record(configured(SETTINGS, NOW)))

    for model in SETTINGS.models:
        for secret in (model.key, model.endpoint, model.wire_name):
            assert secret is not None
            assert secret not in told
    for part in ("ACME_KEY", "secrets", "umbra.example", "127.0.0.1"):
        assert part not in told


def test_a_chain_has_a_bound() -> None:
    names = tuple(f"m{number}" for number in range(MOST_FALLBACKS + 1))
    models = (model_settings("a", fallbacks=names), *map(model_settings, names))
    routes = (RouteSettings("chat", "a", names),)

    setup = setup_of(configured(replace(SETTINGS, models=models, routes=routes), NOW))

    assert setup.models["a"].fallbacks == setup.routes["chat"].fallbacks == names[:MOST_FALLBACKS]


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        "{}",
        '{"id":7}',
        '{"id":""}',
        "[" * 20_000,
        '{"id":"a"' + " " * LONGEST_ENTRY + "}",
    ],
)
def test_damaged_entries_are_left_out(damaged: str) -> None:
    setup = setup_of(event(damaged, '{"id":"b"}', routes=(damaged, '{"name":"chat"}')))

    assert setup.models == {"b": ModelSetup()}
    assert setup.routes == {}


def test_what_is_no_text_is_left_out() -> None:
    record = {
        "at": NOW,
        "model_setups": [None, 7, {}, '{"id":"b"}'],
        "route_setups": None,
        "degraded_threshold": "much",
    }
    read = from_record("FleetConfigured", record)
    assert isinstance(read, FleetConfigured)

    setup = setup_of(read)

    assert (setup.models, setup.routes, setup.degraded_threshold) == ({"b": ModelSetup()}, {}, 0.0)


@pytest.mark.parametrize("nonsense", ["-1", "1e99", "NaN", "Infinity", '"x"', "null", "[1]"])
def test_fields_that_make_no_sense_are_as_if_not_told(nonsense: str) -> None:
    names = (
        "provider",
        "fallbacks",
        "strategy",
        "weight",
        "breaker_threshold",
        "recovery_timeout",
        "max_in_flight",
    )
    fields = ",".join(f'"{name}":{nonsense}' for name in names if (name, nonsense) != ("provider", '"x"'))

    assert setup_of(event(f'{{"id":"b",{fields}}}')).models == {"b": ModelSetup()}


def test_fields_of_a_newer_version_are_ignored() -> None:
    assert setup_of(event('{"id":"b","colour":"blue"}')).models == {"b": ModelSetup()}


def test_names_of_fallbacks_are_texts() -> None:
    assert setup_of(event('{"id":"b","fallbacks":["c",7,"",null,"d"]}')).models["b"].fallbacks == ("c", "d")


def test_a_provider_is_one_harmless_line() -> None:
    assert (
        setup_of(event(json.dumps({"id": "b", "provider": "ac\x1bme\n" * 50}))).models["b"].provider.isprintable()
    )


def test_more_entries_than_a_fleet_may_have_are_not_read() -> None:
    entries = tuple(f'{{"id":"m{number}"}}' for number in range(MAX_MODELS + 1))

    assert len(setup_of(event(*entries)).models) == MAX_MODELS
