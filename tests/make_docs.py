"""Writes the generated parts of the documents: `python -m tests.make_docs`."""

from __future__ import annotations

from pathlib import Path

from hive_console.core.transitions import as_markdown

ROOT = Path(__file__).resolve().parents[1]
BREAKER = ROOT / "docs" / "breaker.md"
BEGIN = "<!-- transitions: written by `python -m tests.make_docs` -->"
END = "<!-- end of transitions -->"


def with_table(page: str) -> str:
    """The page with the table of transitions between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{BREAKER.name} has lost its markers: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{as_markdown()}\n{END}{after}"


def main() -> None:
    """Rewrites what is generated."""
    BREAKER.write_text(with_table(BREAKER.read_text()))


if __name__ == "__main__":
    main()
