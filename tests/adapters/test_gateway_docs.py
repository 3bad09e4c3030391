"""The gateway's page says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_console.adapters.gateway import headers
from hive_console.adapters.gateway.failures import failure_of_operation
from hive_console.core.errors import OperationFailed
from hive_console.core.outcome import Outcome, OutcomeKind

PAGE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [kind for kind in OutcomeKind if kind is not OutcomeKind.SUCCESS])
def test_each_outcome_has_its_row(kind: OutcomeKind) -> None:
    failure = failure_of_operation(OperationFailed("m", Outcome(kind), tried=("m",), retry_after=None))

    assert f"| `{kind.value}` | {failure.status} | `{failure.kind}` | `{failure.code}` |" in PAGE


@pytest.mark.parametrize("name", [value for value in vars(headers).values() if str(value).startswith("x-hive-")])
def test_each_header_is_explained(name: str) -> None:
    assert f"| `{name}` |" in PAGE
