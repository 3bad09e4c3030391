"""Copying: a text to the clipboard of the terminal (OSC 52), however many programs stand between, and to a file.

A terminal never says whether it took what it got, and many are set to refuse it: so the text always goes to a file,
too, and the person is told both.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from hive_console.core.text import clean
from hive_console.ui.terminal import passed_on

TEXT_LIMIT = 16 * 1024
"""Bytes of a text that is sent: terminals take 75 kB and more; a slow line of 20 kB/s needs a second for this."""

LINE_LIMIT = 500
"""Characters of one copied line."""

KeepCopy = Callable[[str], str]
"""Keeps a text in a file and returns where; raises `OSError`."""


@runtime_checkable
class Copyable(Protocol):
    """A screen with a row under its cursor."""

    def copied_row(self) -> str:
        """The row as plain text; empty when there is none."""
        ...


def harmless_text(text: str) -> str:
    """The text line by line without anything that orders a terminal about, wherever it is pasted."""
    return "\n".join(clean(line, LINE_LIMIT) for line in text.split("\n"))


def clipboard_sequence(text: str, environ: Mapping[str, str]) -> str:
    """What puts the text on the terminal's clipboard (tmux has one too); empty when it is too long to be sent."""
    content = text.encode("utf-8", "replace")
    if len(content) > TEXT_LIMIT:
        return ""
    return passed_on(f"\x1b]52;c;{base64.b64encode(content).decode('ascii')}\x07", environ)


def copied_words(what: str, *, is_sent: bool, kept: str) -> str:
    """What the person is told.

    Args:
        what: was copied: `the row`.
        is_sent: whether the terminal was given it.
        kept: the file that has it, or why none has; empty where none was asked for.
    """
    if not is_sent:
        return f"{what} is too long for the terminal's clipboard; {kept or 'nothing was copied'}"
    return f"{what} copied; {kept}" if kept else f"{what} copied"
