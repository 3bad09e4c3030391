"""docs/known-bugs.md has a row for each bug of the original, and names only tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "known-bugs.md").read_text()
TESTS = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
ROWS = {line.split("|")[1].strip(): line for line in PAGE.splitlines() if re.match(r"\| [A-Z]\d", line)}
BUGS = (
    *(f"F{number}" for number in range(1, 8)),
    *(f"H{number}" for number in range(1, 6)),
    *(f"M{number}" for number in range(1, 4)),
    *(f"A{number}" for number in range(1, 5)),
    *(f"D{number}" for number in range(1, 5)),
    *("R1", "R2", "C1", "B1", "B2"),
)


def test_every_bug_has_its_row_in_order() -> None:
    assert tuple(ROWS) == BUGS


@pytest.mark.parametrize("bug", BUGS)
def test_every_bug_has_a_test_that_is_named_after_it(bug: str) -> None:
    assert re.search(rf"`test_{bug.lower()}_\w+`", ROWS[bug])


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", PAGE))))
def test_every_named_test_exists(name: str) -> None:
    assert f"def {name}(" in TESTS
