"""What the first picture may cost: only what it needs is loaded before it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

DEAR = (
    "plotext",
    "aiohttp",
    "httpx",
    "markdown_it",
    "textual.widgets._data_table",
    "hive_console.ui.model_screen",
    "hive_console.ui.alerts_screen",
    "hive_console.ui.action_dialog",
    "hive_console.ui.palette",
    "hive_console.ui.help_screen",
)


def test_nothing_dear_is_loaded_before_the_first_picture() -> None:
    program = f"import sys, hive_console.ui.app; print([name for name in {DEAR!r} if name in sys.modules])"
    path = os.pathsep.join(str(ROOT / folder) for folder in (".", "widgets", "storage", "themes"))

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )

    assert done.stdout.strip() == "[]"


def test_the_question_about_the_terminal_loads_no_screen_library() -> None:
    program = "import sys, hive_console.ui.terminal; print('textual' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert done.stdout.strip() == "False"
