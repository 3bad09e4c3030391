"""When this user last looked at the engine of a data folder: a small private file of theirs, one a folder."""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from hive_console.adapters.folders import default_state_folder

MOST_KEPT = 100
"""Data folders that are remembered; the longest unseen go first."""

_LIMIT = 4_096
_SUFFIX = ".json"


class LastLook:
    """Remembers a time; a file that is damaged, or cannot be written, is no look at all."""

    def __init__(self, data: Path, environ: Mapping[str, str]) -> None:
        """`data` is a data folder, or the recording in one."""
        folder = data.parent if data.is_file() else data
        self._data = str(folder.resolve())
        name = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:32]
        self.file = default_state_folder(environ) / "looked" / f"{name}{_SUFFIX}"

    def at(self) -> float | None:
        """Unix seconds; `None` when this user never looked, or nobody knows."""
        try:
            with self.file.open("rb") as opened:
                told = json.loads(opened.read(_LIMIT))
            at = float(told["at"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
            return None
        return at if math.isfinite(at) and at >= 0 else None

    def note(self, at: float) -> bool:
        """Remembers this time; `False` when that cannot be written: it is worth no error."""
        folder = self.file.parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Of mode 0600, and never through a link; it takes its name when it is whole.
            descriptor, part = tempfile.mkstemp(dir=folder, prefix=".")
        except OSError:
            return False
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                json.dump({"data": self._data, "at": at}, out)
            Path(part).replace(self.file)
        except OSError:
            Path(part).unlink(missing_ok=True)
            return False
        self._forget_oldest()
        return True

    def _forget_oldest(self) -> None:
        with suppress(OSError):  # another console of this user was faster
            kept = sorted(self.file.parent.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime)
            for path in kept[:-MOST_KEPT]:
                path.unlink()
