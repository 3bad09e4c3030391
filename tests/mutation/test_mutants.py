"""The mutants are what they say, and change nothing that means nothing."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.__main__ import SUITES, files_of
from tests.mutation.mutants import mutants_of


def changed(source: str) -> list[str]:
    return [ast.unparse(mutant.tree) for mutant in mutants_of(source)]


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("f(a < b)", ["pass", "f(a <= b)", "f(a >= b)"]),
        ("f(a is b)", ["pass", "f(a is not b)"]),
        ("f(a + b)", ["pass", "f(a - b)"]),
        ("f(a and b)", ["pass", "f(a or b)"]),
        ("f(a or b)", ["pass", "f(a and b)"]),
        ("f(not a)", ["pass", "f(a)"]),
        ("f(True)", ["pass", "f(False)"]),
        ("f(7)", ["pass", "f(8)", "f(6)"]),
        ("a += b", ["a -= b", "pass"]),
        ("if a:\n    b", ["if not a:\n    b", "if a:\n    pass"]),
    ],
)
def test_each_kind_of_change_is_made_once(source: str, mutants: list[str]) -> None:
    assert changed(source) == mutants


def test_a_value_that_is_returned_is_also_forgotten() -> None:
    assert changed("def f():\n    return a") == ["def f():\n    return None"]


@pytest.mark.parametrize(
    "source",
    [
        "import a",
        '"""Words."""',
        "LIMIT = 7",
        "def f(a: x[1]) -> y[2]: ...",
        "@d(True)\ndef f(): ...",
        "class A:\n    __slots__ = ('a',)",
    ],
)
def test_what_means_nothing_or_is_a_named_choice_is_left_alone(source: str) -> None:
    assert changed(source) == []


@pytest.mark.parametrize("module", SUITES)
def test_every_module_has_tests_that_are_there(module: str) -> None:
    assert files_of(SUITES[module])
