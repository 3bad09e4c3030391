"""Writes the generated parts of the documents: `python -m tests.make_docs`."""

from __future__ import annotations

from pathlib import Path

from hive_console.core.transitions import as_markdown
from tests.system import matrix

ROOT = Path(__file__).resolve().parents[1]
BREAKER = ROOT / "docs" / "breaker.md"
MATRIX = ROOT / "docs" / "fault-matrix.md"
BEGIN = "<!-- transitions: written by `python -m tests.make_docs` -->"
END = "<!-- end of transitions -->"


def with_table(page: str) -> str:
    """The page with the table of transitions between its markers."""
    return _between(page, BREAKER, BEGIN, END, as_markdown())


def with_matrix(page: str) -> str:
    """The page with the fault matrix between its markers."""
    return _between(page, MATRIX, matrix.BEGIN, matrix.END, matrix.as_markdown())


def _between(page: str, path: Path, begin: str, end: str, text: str) -> str:
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{path.name} has lost its markers: {begin} and {end}")
    return f"{before}{begin}\n{text}\n{end}{after}"


def main() -> None:
    """Rewrites what is generated."""
    BREAKER.write_text(with_table(BREAKER.read_text()))
    MATRIX.write_text(with_matrix(MATRIX.read_text()))


if __name__ == "__main__":
    main()
