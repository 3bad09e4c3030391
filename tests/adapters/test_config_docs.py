"""docs/configuration.md says what the code does: every key, its bounds, its default, its examples."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path

import pytest

from hive_console.adapters.config_file import load_text
from hive_console.adapters.config_file.problems import Place, Problems
from hive_console.adapters.config_file.readers import is_name
from hive_console.adapters.config_file.schema import (
    GROUP,
    SECTIONS,
    Key,
    Shape,
)
from hive_console.adapters.config_file.tree import Scalar, Table, parse
from hive_console.core.errors import ConfigurationError
from tests.adapters.shapes import ALERT_SHAPES, SHAPES

DOCUMENTED = {**SHAPES, **ALERT_SHAPES}

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")


KEYS = [
    pytest.param(section, key, id=f"{section}.{key.name}")
    for section, shape in DOCUMENTED.items()
    for key in shape.keys
]


def section_of(name: str) -> str:
    _, _, rest = PAGE.partition(f"\n## `{name}:`\n")
    assert rest, name
    return rest.partition("\n## ")[0]


def rows_of(section: str) -> dict[str, list[str]]:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section_of(section).splitlines()
        if line.startswith("| `")
    ]
    return {row[0].strip("`"): row for row in rows}


def value_of(key: Key, text: str) -> object:
    """What the key's reader makes of `text`."""
    problems = Problems("docs")
    root = parse(f"x: {text}", problems)
    assert isinstance(root, Table)
    value = key.read(root.entries[0].value, Place(problems))
    assert value is not None, problems.told()
    return value


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_has_a_heading(section: str) -> None:
    assert section_of(section)


@pytest.mark.parametrize("section", DOCUMENTED)
def test_documented_keys_are_those_of_the_schema_in_its_order(section: str) -> None:
    shape = DOCUMENTED[section]

    assert list(rows_of(section)) == [*(key.name for key in shape.keys), *shape.parts]


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_documented_bounds_are_those_of_the_code(section: str, key: Key) -> None:
    shape = DOCUMENTED[section]
    bounds = re.fullmatch(r"`([^`]+)` to `([^`]+)`(?:, or `[^`]+`)?", rows_of(section)[key.name][2])
    if bounds is None:
        return
    low, high = (value_of(key, text) for text in bounds.groups())
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    step = 1 if isinstance(low, int) else 1e-6

    assert [shape.refusal(key, value) for value in (low, high)] == [None, None]
    assert shape.refusal(key, low - step)
    assert shape.refusal(key, high + step)


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_documented_default_is_that_of_the_code(section: str, key: Key) -> None:
    shape: Shape = DOCUMENTED[section]
    default = rows_of(section)[key.name][3]
    written = re.fullmatch(r"(?:the catalogue's, else )?`([^`.]+(?:\.\d[\d.]*)?)`", default)
    actual = getattr(shape.prototype, key.field, None)

    if written is None:
        is_said = default.startswith(("`resilience.", "the catalogue's", "required"))
        assert is_said or actual in {(), None, "?", ""}, default
    else:
        assert value_of(key, written[1]) == actual


@pytest.mark.parametrize(
    "choices",
    [
        *("dialect", "breakerMode", "strategy", "probe", "retryBeforeFallback", "jitter", "lastResort", "replay"),
        *("type", "security", "metric"),
    ],
)
def test_documented_choices_are_those_of_the_code(choices: str) -> None:
    section, key = next(
        (name, key) for name, shape in DOCUMENTED.items() for key in shape.keys if key.name == choices
    )
    kind: type[Enum] = type(getattr(DOCUMENTED[section].prototype, key.field))
    words = re.findall(r"`([^`]+)`", rows_of(section)[choices][2])

    assert [value_of(key, word) for word in words] == list(kind)


def test_identity_keys_are_named() -> None:
    for name in GROUP.elsewhere:
        assert f"`{name}`" in section_of("groups")


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_examples_load(example: str) -> None:
    assert load_text(example, "docs", {}).settings.models


def test_example_problems_are_what_the_code_says() -> None:
    text = "models:\n  gpt-5:\n    timeout: 30\n    maxRetries: 11\n\n\n\nresilience:\n  defaultTimout: 30s\n"
    with pytest.raises(ConfigurationError) as caught:
        load_text(text, "hive.yaml", {})

    assert "\n".join(caught.value.problems) in PAGE


@pytest.mark.parametrize("name", ["gpt-5", "meta/llama-3.3:70b", "a@b+c_d"])
def test_documented_names_are_names(name: str) -> None:
    root = parse(f"{name}: 1", Problems("docs"))
    assert isinstance(root, Table)
    key = root.entries[0].key

    assert isinstance(key, Scalar)
    assert is_name(key, Place(Problems("docs")))
