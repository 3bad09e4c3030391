"""Whatever a settings file holds, loading it ends soon, in settings or in clean problems."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hive_console.adapters.config_file import load_text, tree
from hive_console.core.errors import ConfigurationError

GOOD = """\
environment: prod
models:
  gpt-5: {groups: [g], aliases: [fast], key: "env:K"}
  mine:
    endpoint: https://a.example/v1
    timeout: 30s
    fallbacks: [gpt-5, grok-3]
groups:
  g: {weight: 2}
resilience:
  degradedModeThreshold: 60%
gateway:
  maxBody: 8MiB
alerts:
  timezone: Europe/Berlin
  channels:
    mail: {type: email, host: m.example, from: a@b.example, to: [c@d.example]}
    hook: {type: webhook, url: env:K}
  routes: [{severity: critical, match: [model=gpt-*], steps: [{after: 5m, channels: [hook, on-call]}]}]
  rules: {rate-limited: {threshold: 5%}, mine: {metric: p95, above: 2s, models: gpt-5}}
  onCall:
    people: {ana: mail}
    rota: [{from: mon 09:00, who: ana}]
    overrides: [{from: 2026-12-24, to: 2026-12-25, who: ana}]
  quietHours: {from: 22:00, to: 07:00, days: [mon-fri]}
  maintenance: [{from: 1:00, to: 2:00, match: rule=*, reason: x}]
"""

TOKENS = st.sampled_from(
    [
        *"\n :-?,[]{}&*!|>'\"%@`#\t\x00é",
        *("  ", "---\n", "...\n", "<<: ", "&a ", "*a", "!!int ", "? ", "\u202e", "\x1b[2J"),
        *("null", "no", "1e999", "0x1F", ".nan", "12:30:45", "models", "gpt-5", "timeout", "fallbacks", "30s"),
        *("alerts", "channels", "22:00", "mon 09:00", "model=*", "type", "metric", "2026-12-24"),
    ]
)

PROBLEM = re.compile(r"f\.yaml(:\d+)?: \S.*")


def problems_of(text: str) -> tuple[str, ...]:
    try:
        load_text(text, "f.yaml", {"K": "sk-123456"})
    except ConfigurationError as exc:
        return exc.problems
    return ()


def check_loading_is_clean(text: str) -> None:
    for problem in problems_of(text):
        assert PROBLEM.fullmatch(problem), problem
        assert problem.isprintable(), problem
        assert len(problem) < 2000


@pytest.fixture(params=["C", "pure"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pure":
        monkeypatch.setattr(tree, "_LOADER", yaml.SafeLoader)


COMMON = settings(
    max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.usefixtures("_parser")
@COMMON
@given(st.text(max_size=200))
def test_any_text_loads_or_is_refused_cleanly(text: str) -> None:
    check_loading_is_clean(text)


@pytest.mark.usefixtures("_parser")
@COMMON
@given(st.lists(TOKENS, max_size=40).map("".join))
def test_any_heap_of_yaml_loads_or_is_refused_cleanly(text: str) -> None:
    check_loading_is_clean(text)


@pytest.mark.usefixtures("_parser")
@COMMON
@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.lists(TOKENS, max_size=3).map("".join))
def test_any_damage_to_a_good_file_loads_or_is_refused_cleanly(start: int, length: int, new: str) -> None:
    check_loading_is_clean(GOOD[:start] + new + GOOD[start + length :])


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    "text",
    [
        "[" * 2000,
        "{" * 2000,
        "- " * 2000,
        "models: " + "{a: " * 2000,
        "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(200)),
        "models:\n  gpt-5:\n    fallbacks: [" + ", ".join(f"nobody{n}" for n in range(5_000)) + "]\n",
        "models:\n" + "".join(f"  m{n}: {{}}\n" for n in range(5_000)),
        "models:\n  gpt-5: {timeout: " + "9" * 100_000 + "s}\n",
        "models:\n  gpt-5: {timeout: 30s" + "," * 1000 + "}\n",
        "? " * 2000,
        "%YAML 9.9\n---\nmodels: {}\n",
    ],
    ids=lambda text: text[:12],
)
def test_bomb_is_defused(text: str) -> None:
    check_loading_is_clean(text)


@pytest.mark.usefixtures("_parser")
def test_good_file_is_good_with_either_parser() -> None:
    loaded = load_text(GOOD, "f.yaml", {"K": "sk-123456"})

    assert [model.id for model in loaded.settings.models] == ["gpt-5", "mine", "grok-3"]


@pytest.mark.usefixtures("_parser")
def test_lines_are_right_with_either_parser() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_text("# x\nmodels:\n  gpt-5:\n    timeout: 30\n    key: &a x\n", "f.yaml", {})

    assert [problem.split(":")[1] for problem in caught.value.problems] == ["4", "5", "5"]
