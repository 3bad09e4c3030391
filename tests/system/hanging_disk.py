"""`hive-console` on a disk that stops answering: once there is a file `hangs` at home, SQLite's calls never return.

Nobody can stop a single thread inside the kernel from outside; one that waits for ever in the place of SQLite is as
deaf: Python cannot interrupt it, and waits for it when the process ends.
"""

from __future__ import annotations

import sqlite3
import threading
from functools import partial
from pathlib import Path
from typing import Any

from hive_console.__main__ import main


class Connection(sqlite3.Connection):
    """Hangs in the place where a write would wait for the disk."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:  # Any: as SQLite has it
        if (Path.home() / "hangs").exists():
            threading.Event().wait()
        return super().execute(*arguments)


if __name__ == "__main__":
    hanging: Any = partial(sqlite3.connect, factory=Connection)  # Any: no overloads, as the original has
    sqlite3.connect = hanging
    main()
