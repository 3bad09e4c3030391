"""`python -m hive_console` and the `hive-console` command."""

from __future__ import annotations

from hive_console.cli import main as cli
from hive_console.wiring.startup import collect_no_garbage_yet


def main() -> None:
    """Runs the command line."""
    collect_no_garbage_yet()
    cli()


if __name__ == "__main__":
    main()
