"""Where commands print to: standard output or a private file, and how they end when nobody reads any more."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from hive_console.core.errors import HiveError

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

_PRIVATE = 0o600


@contextmanager
def written(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a private file that takes its name only when all of it is there."""
    if output is None:
        yield sys.stdout
        return
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _PRIVATE)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(output)
    except OSError as error:
        raise HiveError(f"cannot write {output}: {error.strerror or type(error).__name__}") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def quiet_ends() -> Iterator[None]:
    """Whoever reads may have enough, and whoever asked may stop it: no traceback for either."""
    try:
        yield
    except BrokenPipeError:
        write_nowhere()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def write_nowhere() -> None:
    """Turns standard output into the null device: what is buffered must go somewhere when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def can_show(text: str, encoding: str | None) -> bool:
    """Whether a terminal or a file of this encoding can hold the text."""
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def in_encoding(text: str, encoding: str | None) -> str:
    """The text with a question mark in place of what the encoding does not have: a printed line must not fail."""
    return text if can_show(text, encoding) else text.encode("ascii", "replace").decode("ascii")
