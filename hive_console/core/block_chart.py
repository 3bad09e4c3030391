"""A chart of block characters (or of ASCII): for pages that are read where no screen draws."""

from __future__ import annotations

from collections.abc import Sequence

from hive_console.core.plain_words import utc_time

ROWS = 5
"""Lines of a chart's body: five times eight heights in blocks."""

BLOCKS = " ▁▂▃▄▅▆▇█"
"""What a chart is made of where the encoding has it."""

_ASCII = " .:#"

_LABEL = 8


def chart(
    values: Sequence[float | None],
    *,
    top: float,
    top_label: str,
    window: tuple[float, float],
    is_ascii: bool = False,
) -> tuple[str, ...]:
    """One column a value from zero to `top`, with its window (Unix seconds) below; a blank column knows nothing.

    What is zero is drawn as the lowest mark, so that it is no gap.
    """
    marks = _ASCII if is_ascii else BLOCKS
    parts = len(marks) - 1
    heights = [None if value is None else _height(value, top, ROWS * parts) for value in values]
    lines: list[str] = []
    for row in reversed(range(ROWS)):
        label = top_label if row == ROWS - 1 else "0" if row == 0 else ""
        body = "".join(
            marks[0 if height is None else min(parts, max(0, height - row * parts))] for height in heights
        )
        lines.append(f"{label:>{_LABEL}} |{body}".rstrip())
    return (*lines, _axis(window, len(values)))


def _height(value: float, top: float, most: int) -> int:
    share = value / top if top > 0 else 0.0
    return max(1, min(most, round(share * most)))


def _axis(window: tuple[float, float], width: int) -> str:
    """Both ends of the window under the ends of the chart; the beginning alone where it is too narrow."""
    begin, end = (utc_time(at)[5:16] for at in window)
    gap = width - len(begin) - len(end)
    under = f"{begin}{' ' * gap}{end}" if gap > 0 else begin
    return f"{'':>{_LABEL}}  {under}"
