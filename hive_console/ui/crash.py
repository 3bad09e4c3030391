"""What is told of an error that ended the screen: where it was, and nothing that was shown."""

from __future__ import annotations

import traceback

from hive_console.core.errors import place_of

MOST_FRAMES = 12
"""Places told, the innermost ones: enough to find it, on one page."""


def crash_words(error: BaseException) -> str:
    """The error's kind and the way to it, a place a line; no variables, and not the error's own text.

    Its text may quote what came from outside.
    """
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    way = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join(["the screen ended by an error; the way to it:", *way, place_of(error)])
