"""Draws the README's picture: `python -m tests.screens.picture docs/fleet.svg`.

The fleet screen of the posted incident, dark, under the frozen clock: the same bytes each time.
"""

from __future__ import annotations

import asyncio
import html
import re
import sys
from datetime import UTC
from pathlib import Path

from rich.cells import cell_len

from hive_console.ui.app import HiveApp
from tests.screens.posted import NOW, FakeClient, held, model_events

SIZE = (120, 34)
"""Columns and lines: narrow enough to be read in a README, wide enough for charts beside the table."""

_WEB_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""Fonts from elsewhere: a picture of ours asks nobody for anything; every system has a monospaced font."""

_TEXT = re.compile(r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+" ([^>]*)>([^<]*)</text>')

_WORDS = re.compile(r"(?:(?!\xa0\xa0|\xa0$)[^\xa0]|(?<=[^\xa0])\xa0(?=[^\xa0]))+")
"""What stands between two or more spaces."""

_CELL = 12.2
"""Width of a cell in the library's pictures."""


def _placed(text: re.Match[str]) -> str:
    """The run as words, each where its cells are: some viewers drop spaces, and then columns no longer stand."""
    style, x, y, rest, content = text.groups()
    run = html.unescape(content)
    return "".join(
        f'<text class="{style}" x="{float(x) + _CELL * cell_len(run[: words.start()]):.1f}" y="{y}"'
        f' textLength="{_CELL * cell_len(words[0]):.1f}" {rest}>{html.escape(words[0])}</text>'
        for words in _WORDS.finditer(run)
    )


async def picture() -> str:
    """The picture as SVG."""
    app = HiveApp(FakeClient(held(), model_events()), now=lambda: NOW, zone=UTC)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        drawn = app.export_screenshot(title="hive-console")
    drawn = _TEXT.sub(_placed, _WEB_FONTS.sub("", drawn))
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def main() -> None:
    """Writes the picture to the file named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("python -m tests.screens.picture docs/fleet.svg")
    Path(sys.argv[1]).write_text(asyncio.run(picture()), encoding="utf-8")


if __name__ == "__main__":
    main()
