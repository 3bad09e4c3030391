"""`python -m hive_console` and the `hive-console` command."""

from __future__ import annotations

from hive_console.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
