"""Text from outside in a markdown page, shown as what it is: no HTML, no link, no way out of a block."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from hive_console.core.text import NAME_LIMIT, clean

_TICKS = re.compile(r"`+")


def code(text: str, limit: int = NAME_LIMIT) -> str:
    """The text as a code span that nothing in it can end; `-` for none."""
    shown = clean(text, limit)
    if not shown.strip():
        return "-"
    fence = _fence(shown, 1)
    edge = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def cell(text: str) -> str:
    """A cell of a table: a bar is no border there, also inside a code span (GitHub's tables)."""
    return text.replace("|", "\\|")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """A table of markdown; cells were made harmless before, with `code` where they come from outside."""
    lines = [headings, ["---"] * len(headings), *rows]
    return tuple(f"| {' | '.join(cell(each) for each in line)} |" for line in lines)


def block(lines: Iterable[str], limit: int = 500) -> tuple[str, ...]:
    """Lines in a block of code that none of them can end."""
    shown = [clean(line, limit).rstrip() for line in lines]
    fence = _fence("\n".join(shown), 3)
    return (f"{fence}text", *shown, fence)


def _fence(text: str, least: int) -> str:
    """More backticks in a row than the text has anywhere."""
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    return "`" * max(least, longest + 1)
