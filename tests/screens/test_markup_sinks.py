"""No text of ours goes where the screen library would read it as markup, or draw it as it came."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("hive_console/ui", "widgets/hive_widgets") for path in (ROOT / folder).glob("*.py")]

PARSERS = {"Static", "Label", "Markdown", "RichLog", "Log", "DataTable", "OptionList", "Option", "Select", "Digits"}
"""Widgets that take strings for markup, or draw them unchanged; panes of pieces do what they are for."""

TAKERS = {"Button", "Checkbox", "RadioButton", "Switch", "Collapsible", "TabPane", "Tab"}
"""Widgets whose label is markup unless it is `Content`."""

ATTRIBUTES = {"border_title", "border_subtitle", "tooltip", "label", "sub_title"}
"""Attributes that are read as markup when they are strings."""

DRAWN = "placeholder"
"""An attribute that is no markup, and drawn as it came."""

NAMED = {"placeholder", "tooltip", "label", "title"}
"""Arguments that are."""

READERS = {"from_markup", "from_text", "render_markup", "print_markup"}
"""Calls that read markup."""


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def is_plain(node: ast.expr) -> bool:
    """Whether nothing from outside can be in it: a literal, or `Content`, which parses nothing."""
    if isinstance(node, ast.IfExp):
        return is_plain(node.body) and is_plain(node.orelse)
    if isinstance(node, ast.Call):
        return name_of(node) == "Content" and all(is_harmless(argument) for argument in node.args)
    return isinstance(node, ast.Constant)


def is_harmless(node: ast.expr) -> bool:
    """Whether the text of a `Content` is a literal, was made harmless, or bears a name that says it is."""
    if isinstance(node, ast.Call):
        return name_of(node) in {"harmless", "clean", "fit"}
    return isinstance(node, ast.Constant | ast.Name)


def sinks_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines where text would be read as markup, and what they do."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from ((node.lineno, said) for said in _called(node))
        if isinstance(node, ast.Assign) and not is_plain(node.value):
            yield from ((node.lineno, said) for target in node.targets for said in _set(target, node.value))


def _called(call: ast.Call) -> Iterator[str]:
    name = name_of(call)
    if name in PARSERS | READERS:
        yield f"calls {name}"
    if name in TAKERS and not all(map(is_plain, call.args)):
        yield f"gives {name} a text"
    if name in TAKERS | {"Input"}:
        given = [keyword.arg for keyword in call.keywords if keyword.arg in NAMED and not is_plain(keyword.value)]
        yield from (f"gives {name} a {argument}" for argument in given)
    if name == "update" and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        yield "updates a widget with a text"


def _set(target: ast.expr, value: ast.expr) -> Iterator[str]:
    if not isinstance(target, ast.Attribute):
        return
    if target.attr in ATTRIBUTES or (target.attr == DRAWN and not is_harmless(value)):
        yield f"sets {target.attr}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_text_goes_into_a_reader_of_markup(path: Path) -> None:
    assert list(sinks_in(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "source",
    [
        "Static(text)",
        "Label(f'{name}')",
        "Button(name)",
        "Button(Content(f'{name} x'))",
        "Input(placeholder=name)",
        "pane.border_title = name",
        "field.placeholder = model.name",
        "pane.tooltip = f'{name}'",
        "Content.from_markup(text)",
        "self.query_one(X).update(text)",
    ],
)
def test_a_reader_of_markup_would_be_found(source: str) -> None:
    assert list(sinks_in(ast.parse(source)))


@pytest.mark.parametrize("source", ["Button(Content('Yes'))", "Button(Content(harmless(name)))", "Input(id='x')"])
def test_what_parses_nothing_is_let_through(source: str) -> None:
    assert not list(sinks_in(ast.parse(source)))
