"""Files of what was copied from the screen: private, few, and never written through a link."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from hive_console.adapters.folders import default_state_folder

MOST_COPIES = 20
"""Copies that are kept; the oldest go first."""

AT_ONCE = 100
"""Copies that one second can have: more than anybody presses keys."""


class Copies:
    """Keeps copied texts in the user's state folder."""

    def __init__(self, environ: Mapping[str, str], now: Callable[[], float]) -> None:
        """Finds the folder; it is made with the first copy. `now` gives Unix seconds."""
        self._now = now
        self._home = environ.get("HOME", "")
        self.folder = default_state_folder(environ)

    def keep(self, text: str) -> str:
        """Writes the text to a file of its own and returns its path, as short as people write it; raises `OSError`.

        Mode 0600 in a folder of mode 0700; times (UTC) name the files, so that the newest stands last.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, path = self._new_file(f"copy-{datetime.fromtimestamp(self._now(), UTC):%Y%m%d-%H%M%S}")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(f"{text}\n")
        self._forget_oldest()
        below = self._home.rstrip("/") + "/"
        return f"~/{str(path).removeprefix(below)}" if len(below) > 1 and str(path).startswith(below) else str(path)

    def _new_file(self, stem: str) -> tuple[int, Path]:
        for number in range(AT_ONCE):
            path = self.folder / f"{stem}{f'-{number:02d}' if number else ''}.txt"
            with suppress(
                FileExistsError
            ):  # O_EXCL: neither a file nor a link that stands there is written through
                return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), path
        raise FileExistsError(f"{stem}.txt and {AT_ONCE - 1} more of this second exist")

    def _forget_oldest(self) -> None:
        kept = sorted(self.folder.glob("copy-*.txt"), key=lambda path: path.stem)
        for path in kept[:-MOST_COPIES]:
            with suppress(OSError):  # another console was faster
                path.unlink()
