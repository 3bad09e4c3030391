"""The very characters that the app hands to its terminal, and what of them would order it about."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from rich.style import Style
from textual.drivers import headless_driver
from textual.strip import Strip

from hive_console.ui.asides import Asides

SGR = re.compile(r"\x1b\[([0-9;]*)m")
_PICTURE = re.compile(r"\x1b\[(?:[0-9;]*m|\d*(?:;\d+)?[ABCDGHJKXd]|\?2026[hl])|\x1b\]22;[a-z-]+\x07")
"""What a picture is made of: colours, places, the brackets of a frame, and the pointer's shape."""

_TITLE = re.compile(r"\x1b\[22;2t|\x1b\]2;[^\x00-\x1f\x7f-\x9f]*\x1b\\")
_CLIPBOARD = re.compile(r"\x1b\]52;c;[A-Za-z0-9+/=]*\x07")


class Recording(Asides, headless_driver.HeadlessDriver):
    """A terminal that keeps what it is told, in place of one that shows nothing."""

    told: list[str]

    def __init__(self, *arguments: Any, **named: Any) -> None:  # Any: as the library has it
        super().__init__(*arguments, **named)
        self.told = []

    @property
    def is_headless(self) -> bool:
        """The app draws for this one."""
        return False

    def write(self, data: str) -> None:
        """Keeps it."""
        self.told.append(data)

    def flush(self) -> None:
        """Nothing waits."""


@contextmanager
def recording(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Recording]]:
    """Tests within get terminals that record; the list holds them."""
    made: list[Recording] = []

    class Kept(Recording):
        def __init__(self, *arguments: Any, **named: Any) -> None:  # Any: as above
            super().__init__(*arguments, **named)
            made.append(self)

    # Styles keep the sequence that the first terminal got of them; a process has one terminal, a test run has many.
    Style._add.cache_clear()
    Strip.render_ansi.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(headless_driver, "HeadlessDriver", Kept)
        yield made


def orders_in(told: str) -> list[str]:
    """Everything in what a terminal was told that is neither picture, title, copy, bell nor printable text."""
    for known in (_PICTURE, _TITLE, _CLIPBOARD):
        told = known.sub("", told)
    told = told.replace("\x07", "").replace("\n", "")
    return [repr(told[max(0, place - 20) : place + 20]) for place, sign in enumerate(told) if _is_order(sign)]


def _is_order(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
