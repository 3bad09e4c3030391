"""From the program's start to its first frame and to the live fleet screen, in a real pseudo-terminal.

`python -m tests.bench.first_paint` prints medians of several starts of the demo, of a fleet of one model and of one
of 500, and each as a ratio to a bare `python -c "import textual.app"` of the same run: what nobody who draws with
Textual can go below.
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

GOAL, GOAL_OF_MANY = 0.35, 0.5
"""Seconds to the first frame: of a small fleet, and of one of 500 models."""


def bare_import() -> float:
    """Seconds that a Python process takes to import Textual and end."""
    began = time.monotonic()
    subprocess.run((sys.executable, "-c", "import textual.app"), check=True)
    return time.monotonic() - began


def start(*arguments: str) -> tuple[float, float, float]:
    """Seconds to the first frame, to the fleet screen, and to live data."""
    with tempfile.TemporaryDirectory() as folder:
        command = (*COMMAND, *arguments, "--data", f"{folder}/data")
        terminal = Terminal(command, environment(Path(folder)), columns=120, rows=40)
        try:
            eventually(lambda: terminal.first_paint_at is not None)
            first = (terminal.first_paint_at or 0.0) - terminal.started_at
            eventually(lambda: "CHECKED" in terminal.text())
            screen = time.monotonic() - terminal.started_at
            eventually(lambda: re.search(r"\b[1-9]\d* (ok|down)", terminal.text()))
            live = time.monotonic() - terminal.started_at
        finally:
            terminal.kill()
    return first, screen, live


def settings_of(folder: Path, count: int) -> str:
    """So many models that nobody answers for."""
    models = "".join(f"  m{number}: {{provider: acme, endpoint: http://127.0.0.1:9}}\n" for number in range(count))
    path = folder / f"{count}.yaml"
    path.write_text(f"gateway: {{port: 0}}\nmodels:\n{models}")
    path.chmod(0o600)
    return str(path)


def main() -> None:
    bare = statistics.median(bare_import() for _ in range(STARTS))
    print(f"{'import textual.app, whole process':40} {bare * 1000:6.0f} ms   1.00")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds = {
            "demo": ("--demo",),
            "1 model": (settings_of(folder, 1),),
            "500 models": (settings_of(folder, 500),),
        }
        for kind, arguments in kinds.items():
            figures = [start(*arguments) for _ in range(STARTS)]
            goal = GOAL_OF_MANY if kind == "500 models" else GOAL
            for what, values in zip(
                ("first frame", "screen", "live data"), zip(*figures, strict=True), strict=True
            ):
                median = statistics.median(values)
                spread = f"({min(values) * 1000:.0f} to {max(values) * 1000:.0f})"
                verdict = "kept" if median <= goal else "MISSED"
                said = f"goal {goal * 1000:.0f}: {verdict}" if what == "first frame" else ""
                print(f"{f'{kind}: {what}':40} {median * 1000:6.0f} ms   {median / bare:.2f}   {spread} {said}")


if __name__ == "__main__":
    main()
