"""The words of a diff of settings are the file's: each key is known to the schema and reads its value back."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import Any

import pytest

from hive_console.adapters.config_file.problems import Place, Problems
from hive_console.adapters.config_file.readers import NONE, boolean
from hive_console.adapters.config_file.schema import (
    CONSOLE,
    MODEL,
    Key,
    Shape,
)
from hive_console.adapters.config_file.tree import Table, parse
from hive_console.core.console_settings import Remap
from hive_console.core.settings_words import is_unspeakable, spelled, word_of
from tests.adapters.shapes import SHAPES

KEYS = [pytest.param(shape, key, id=f"{name}.{key.name}") for name, shape in SHAPES.items() for key in shape.keys]

TEXTS = {"key": "env:A_KEY", "token": "env:A_KEY", "host": "127.0.0.1"}

SPELLED = [
    pytest.param(shape, key, id=f"{name}.{key.name}")
    for name, shape in SHAPES.items()
    for key in shape.keys
    # A path has no unit, and bounds of its own; a remapped action is two words.
    if not is_unspeakable(key.field) and key.field not in {"probe_path", "keys"}
]


def samples(shape: Shape, key: Key) -> list[Any]:  # values of any field
    default = getattr(shape.prototype, key.field)
    if key.read is boolean:
        return [True, False]
    if key.field in TEXTS:
        return [TEXTS[key.field]]
    match default:
        case bool():
            return [True, False]
        case Enum():
            return list(type(default))
        case tuple():
            return [("a", "b-c"), ()]
        case int():
            return [default, 1, 2048]
        case float():
            return [default, 0.25, 90.0, 120.0, 7200.0]
        case None:
            return [20, 3]
        case _:
            return ["some-name"]


def read(key: Key, text: str) -> object:
    problems = Problems("diff")
    root = parse(f"x: {text}", problems)
    assert isinstance(root, Table)
    value = key.read(root.entries[0].value, Place(problems))
    assert value is not None, problems.told()
    return tuple(name.text for name in value) if isinstance(value, tuple) else None if value is NONE else value


@pytest.mark.parametrize(("shape", "key"), KEYS)
def test_word_of_a_field_is_its_key(shape: Shape, key: Key) -> None:
    assert word_of(key.field) == key.name
    assert key.field in {field.name for field in fields(shape.prototype)}


@pytest.mark.parametrize(("shape", "key"), SPELLED)
def test_spelled_value_is_read_back_as_it_was(shape: Shape, key: Key) -> None:
    for value in samples(shape, key):
        assert read(key, spelled(key.field, value)) == value


def test_remapped_keys_are_read_back() -> None:
    key = next(key for key in CONSOLE.keys if key.field == "keys")
    remapped = (Remap("fleet.sort", ("o",)), Remap("help", ("?", '"', "f1")))

    problems = Problems("diff")
    root = parse(f"x: {spelled('keys', remapped)}", problems)

    assert isinstance(root, Table)
    assert key.read(root.entries[0].value, Place(problems)) == remapped


def test_p95_is_read_back() -> None:
    key = next(key for key in MODEL.keys if key.field == "hedge_after")

    assert read(key, spelled("hedge_after", None)) is None
