"""From the program's start to its first frame and to the live fleet screen, in a real pseudo-terminal.

`python -m tests.bench.first_paint` prints medians of several starts, and each as a ratio to a bare
`python -c "import textual.app"` of the same run: what nobody who draws with Textual can go below.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.system.program import COMMAND, Terminal, environment, eventually

STARTS = 9


def bare_import() -> float:
    """Seconds that a Python process takes to import Textual and end."""
    began = time.monotonic()
    subprocess.run((sys.executable, "-c", "import textual.app"), check=True)
    return time.monotonic() - began


def start() -> tuple[float, float, float]:
    """Seconds to the first frame, to the fleet screen, and to live data."""
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal((*COMMAND, "--demo"), environment(Path(folder)))
        try:
            eventually(lambda: terminal.first_paint_at is not None)
            first = (terminal.first_paint_at or 0.0) - terminal.started_at
            eventually(lambda: "CHECKED" in terminal.text())
            screen = time.monotonic() - terminal.started_at
            eventually(lambda: re.search(r"\b[1-9]\d* ok", terminal.text()))
            live = time.monotonic() - terminal.started_at
        finally:
            terminal.kill()
    return first, screen, live


def main() -> None:
    bare = statistics.median(bare_import() for _ in range(STARTS))
    figures = [start() for _ in range(STARTS)]
    print(f"{'import textual.app, whole process':40} {bare * 1000:6.0f} ms   1.00")
    for name, values in zip(("first frame", "fleet screen", "live data"), zip(*figures, strict=True), strict=True):
        median = statistics.median(values)
        spread = f"({min(values) * 1000:.0f} to {max(values) * 1000:.0f})"
        print(f"{name:40} {median * 1000:6.0f} ms   {median / bare:.2f}   {spread}")


if __name__ == "__main__":
    main()
