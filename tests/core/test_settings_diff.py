"""What changed between two settings: nothing between equals, and one line with the file's words for each field."""

from __future__ import annotations

from dataclasses import fields, replace
from enum import Enum
from typing import Any

import pytest

from hive_console.core.console_settings import ConsoleSettings, Remap
from hive_console.core.difference import ChangeKind
from hive_console.core.gateway_settings import GatewaySettings, NetworkSettings
from hive_console.core.keeping import Keeping
from hive_console.core.settings import (
    BreakerMode,
    Dialect,
    ModelSettings,
    ProbeKind,
    ReloadMode,
    ResilienceSettings,
    RouteSettings,
    Settings,
    Strategy,
)
from hive_console.core.settings_diff import Change, Part, applicable, changes_between, summary
from hive_console.core.settings_words import spelled, word_of


def model(name: str, **more: Any) -> ModelSettings:  # any field of the settings
    return replace(ModelSettings(name, "p", "https://x/v1", name), **more)


A, B, C = model("a"), model("b"), model("c")
BASE = Settings((A, B, C), routes=(RouteSettings("r", "a"), RouteSettings("s", "b")))

OTHERS: dict[str, Any] = {
    "dialect": Dialect.ANTHROPIC,
    "breaker_mode": BreakerMode.DISABLED,
    "strategy": Strategy.WEIGHTED,
    "probe": ProbeKind.NONE,
    "fallbacks": ("b",),
    "aliases": ("x",),
    "groups": ("g",),
    "key": "env:KEY",
    "probe_path": "/health",
    "slow_call_duration": 1.0,
    "slow_call_rate_threshold": 0.5,
    "failure_rate_threshold": 0.5,
    "breaker_window_calls": 20,
    "hedge_after": None,
}
"""Another valid value of a field, where one more than the default is none."""


def another(value: Any, field: str) -> Any:  # any field's value
    if field in OTHERS:
        return OTHERS[field]
    match value:
        case bool():
            return not value
        case Enum():
            return next(other for other in type(value) if other is not value)
        case int():
            return value + 1
        case float():
            return value / 2
        case None:
            return 7.0
        case _:
            return f"{value}x"


def lines(old: Settings, new: Settings) -> list[str]:
    return [str(change) for change in changes_between(old, new)]


def test_equal_settings_differ_in_nothing() -> None:
    assert changes_between(BASE, replace(BASE, models=(replace(A), B, C))) == ()


@pytest.mark.parametrize("field", [field.name for field in fields(ModelSettings) if field.name != "id"])
def test_every_field_of_a_model_is_told_with_its_key(field: str) -> None:
    before = replace(A, slow_call_duration=2.0) if field == "slow_call_rate_threshold" else A
    after = replace(before, **{field: another(getattr(before, field), field)})

    (change,) = changes_between(replace(BASE, models=(before, B, C)), replace(BASE, models=(after, B, C)))

    assert (change.part, change.subject, change.key) == (Part.MODELS, "a", word_of(field))
    assert bool(change.old and change.new) == (field != "endpoint")


@pytest.mark.parametrize("field", [field.name for field in fields(ResilienceSettings)])
def test_every_field_of_the_fleet_is_told_with_its_key(field: str) -> None:
    fleet = replace(BASE.resilience, **{field: another(getattr(BASE.resilience, field), field)})

    (change,) = changes_between(BASE, replace(BASE, resilience=fleet))

    assert (change.part, change.subject, change.key) == (Part.RESILIENCE, "", word_of(field))


def test_added_removed_and_moved_models_are_told() -> None:
    new = replace(BASE, models=(C, model("d"), A), routes=(RouteSettings("r", "c"),))

    assert lines(BASE, new) == [
        "models.d: added",
        "models.b: removed",
        "models: in another order",
        "routes.r.primary: a → c",
        "routes.s: removed",
    ]


def test_values_are_spelled_as_the_file_spells_them() -> None:
    new = replace(
        BASE,
        models=(replace(A, timeout=0.25, fallbacks=("b", "c"), adaptive_concurrency=True, probe_cost=1500), B, C),
        resilience=replace(BASE.resilience, degraded_mode_threshold=0.07, operation_deadline=7200.0),
        environment="prod",
        reload=ReloadMode.AUTO,
    )

    assert lines(BASE, new) == [
        "models.a.timeout: 30s → 250ms",
        "models.a.fallbacks: [] → [b, c]",
        "models.a.probeCost: $0.0001 → $0.0015",
        "models.a.adaptiveConcurrency: false → true",
        "resilience.degradedModeThreshold: 60 → 7",
        "resilience.operationDeadline: 90s → 2h",
        "environment: not set → prod",
        "reload: manual → auto",
    ]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("timeout", 90.0, "90s"),
        ("timeout", 60.0, "60s"),
        ("timeout", 120.0, "2m"),
        ("timeout", 3600.0, "1h"),
        ("timeout", 0.0, "0s"),
        ("hedge_after", None, "p95"),
        ("total_timeout", None, "not set"),
        ("max_body", 8 * 1024 * 1024, "8MiB"),
        ("max_body", 1025, "1025B"),
        ("drain", 0, "0s"),
        ("drain", 0.5, "500ms"),
        ("probe_daily_budget", 1_000_000, "$1"),
        ("key", "file:keys/a", "file:keys/a"),
        ("key", "sk-not-a-reference", "not shown"),
        ("recovery_backoff", 2.0, "2"),
        ("retry_budget", 0.05, "0.05"),
    ],
)
def test_units_are_those_of_the_file(field: str, value: object, told: str) -> None:
    assert spelled(field, value) == told


def test_no_address_of_a_provider_shows() -> None:
    new = replace(
        BASE,
        models=(replace(A, endpoint="https://secret.example/v1"), B, C),
        network=NetworkSettings(("10.9.8.0/24",)),
    )

    assert lines(BASE, new) == [
        "models.a.endpoint: changed",
        "network.allowedEndpoints: changed",
    ]


def test_what_cannot_move_while_it_runs_says_so_and_stays() -> None:
    new = replace(
        BASE,
        gateway=GatewaySettings(port=9000, token="env:T"),
        recording=Keeping(raw_days=3, raw_size=1024**3),
        console=ConsoleSettings(bell=False, keys=(Remap("quit", ("Q",)), Remap("help", ("h", "f1")))),
        environment="prod",
    )

    assert lines(BASE, new) == [
        "gateway.port: 8484 → 9000 (needs a restart)",
        "gateway.token: not set → env:T (needs a restart)",
        "recording.rawDays: 7 → 3 (needs a restart)",
        "recording.rawSize: 10GiB → 1GiB (needs a restart)",
        "console.bell: true → false (needs a restart)",
        'console.keys: [] → {quit: ["Q"], help: ["h", "f1"]} (needs a restart)',
        "environment: not set → prod",
    ]
    assert applicable(BASE, new) == replace(BASE, environment="prod")


def test_control_characters_of_a_name_never_reach_a_line() -> None:
    new = replace(BASE, models=(*BASE.models, model("\x1b[2Jx")))

    assert "\x1b" not in str(changes_between(BASE, new)[0])


def test_a_summary_counts_what_waits_for_a_restart() -> None:
    live = Change(Part.MODELS, ChangeKind.ADDED, "a")
    waits = Change(Part.GATEWAY, ChangeKind.CHANGED, key="port", old="1", new="2")

    assert summary(()) == "nothing to change"
    assert summary((live,)) == "1 change"
    assert summary((live, waits)) == "2 changes, 1 needs a restart"
    assert summary((waits, waits)) == "2 changes, 2 need a restart"
