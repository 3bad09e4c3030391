"""The gateway's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hive_console.adapters import gateway
from hive_console.adapters.gateway import headers
from hive_console.adapters.gateway.endpoints import ENDPOINTS, Endpoint
from hive_console.adapters.gateway.error_shapes import anthropic_type
from hive_console.adapters.gateway.failures import failure_of_operation
from hive_console.adapters.gateway.limits import Limits
from hive_console.core.errors import OperationFailed
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Dialect

PAGE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")

SOURCES = [path.read_text(encoding="utf-8") for path in Path(gateway.__file__).parent.glob("*.py")]

OWN_CODES = sorted({code for source in SOURCES for code in re.findall(r'\bcode="(\w+)"', source)})


@pytest.mark.parametrize("kind", [kind for kind in OutcomeKind if kind is not OutcomeKind.SUCCESS])
def test_each_outcome_has_its_row(kind: OutcomeKind) -> None:
    failure = failure_of_operation(OperationFailed("m", Outcome(kind), tried=("m",), retry_after=None))
    theirs = anthropic_type(failure.status_in(Dialect.ANTHROPIC))

    row = f"| `{kind.value}` | {failure.status} | `{failure.kind}` | `{failure.code}` | `{theirs}` |"
    assert row in PAGE


@pytest.mark.parametrize("name", [value for value in vars(headers).values() if str(value).startswith("x-hive-")])
def test_each_header_is_explained(name: str) -> None:
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_each_path_is_explained(endpoint: Endpoint) -> None:
    assert f"| `{endpoint.methods[0]} {endpoint.path}` |" in PAGE


@pytest.mark.parametrize("code", OWN_CODES)
def test_each_refusal_of_the_gateways_own_is_explained(code: str) -> None:
    assert f" | `{code}` | " in PAGE


def test_the_limits_told_are_those_of_the_code() -> None:
    limits = Limits()

    assert (
        f"headers took longer than {limits.head_timeout:g} s, or the body longer than {limits.body_timeout:g} s"
        in PAGE
    )
    assert f"{limits.max_requests} requests are under way, or {limits.max_connections} connections are open" in PAGE
    assert f"more than {limits.max_headers} headers, or a line of more than {limits.max_field} bytes" in PAGE
    assert f"leaves its answer unread for {limits.stall_timeout:g} s" in PAGE
