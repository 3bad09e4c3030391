"""docs/bip-03.md names only files and tests that exist, and marks every line without a proof as open."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "bip-03.md").read_text()
TESTS = "\n".join(
    path.read_text() for form in ("test_*.py", "*_contract.py") for path in (ROOT / "tests").rglob(form)
)
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| BIP-03", "| ---"))]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", PAGE))))
def test_every_named_test_exists(name: str) -> None:
    assert f"def {name}(" in TESTS


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:hive_console|storage|tests)/[\w/.]+)`", PAGE))))
def test_every_named_file_exists(name: str) -> None:
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("row", ROWS)
def test_every_claim_has_a_proof_or_says_open(row: str) -> None:
    assert "test_" in row or "**open**" in row or "done" in row
