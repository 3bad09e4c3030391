"""Small wrong versions of a module, made from its syntax tree; the files are never touched."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Mod: ast.Add,
}
DELETABLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Raise, ast.Delete, ast.Continue, ast.Break)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong version: where, what was changed, and the whole tree."""

    line: int
    change: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Place and change in one line."""
        return f"{self.line}: {self.change}"


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every mutant, in the order of the tree."""
    sites = _sites(ast.parse(source))
    for index, _ in enumerate(sites):
        count = 1
        number = 0
        while number < count:
            tree = ast.parse(source)
            parent, field, place, node = _sites(tree)[index]
            choices = list(_choices(node))
            count = len(choices)
            if number < count:
                new = choices[number]
                change = f"{_text(node)}  →  {_text(new)}"
                _put(parent, field, place, new)
                yield Mutant(getattr(node, "lineno", 0), change, ast.fix_missing_locations(tree))
            number += 1


Site = tuple[ast.AST, str, int | None, ast.AST]


def _sites(tree: ast.AST) -> list[Site]:
    """Every node that may be changed, with the place where it hangs. Annotations and decorators mean nothing."""
    found: list[Site] = []
    for field, value in ast.iter_fields(tree):
        if field in {"annotation", "returns", "decorator_list", "type_params"}:
            continue
        children = enumerate(value) if isinstance(value, list) else [(None, value)]
        for place, child in children:
            if isinstance(child, ast.AST) and not _is_idle(child) and not _is_choice(tree, child):
                found.append((tree, field, place, child))
                found += _sites(child)
    return found


def _is_idle(node: ast.AST) -> bool:
    """Whether it is a docstring, an import, or the list of slots."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    return isinstance(node, ast.Assign) and any(
        isinstance(name, ast.Name) and name.id == "__slots__" for name in node.targets
    )


def _is_choice(parent: ast.AST, node: ast.AST) -> bool:
    """Whether it is a named number of the module: tests call it by its name and follow when it changes."""
    if not isinstance(parent, ast.Module) or not isinstance(node, ast.Assign):
        return False
    return isinstance(node.value, ast.Constant)


def _choices(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand there instead."""
    yield from _other_expressions(node) if isinstance(node, ast.expr) else _other_statements(node)


def _other_expressions(node: ast.expr) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, ops, comparators):
            for position, operator in enumerate(ops):
                for other in COMPARISONS[type(operator)]:
                    yield ast.Compare(left, [*ops[:position], other(), *ops[position + 1 :]], comparators)
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            yield ast.BinOp(left, OPERATORS[type(operator)](), right)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.Constant(value):
            yield from _other_constants(value)


def _other_statements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.AugAssign(target, operator, value) if type(operator) in OPERATORS:
            yield ast.AugAssign(target, OPERATORS[type(operator)](), value)
            yield ast.Pass()
        case ast.Return(value) if value is not None and not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.If(test, body, orelse) if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case _ if isinstance(node, DELETABLE):
            yield ast.Pass()


def _other_constants(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _put(parent: ast.AST, field: str, place: int | None, new: ast.AST) -> None:
    if place is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[place] = new


def _text(node: ast.AST) -> str:
    text = ast.unparse(ast.fix_missing_locations(node)).splitlines()[0]
    return text if len(text) <= 70 else f"{text[:69]}…"
