"""The very first frame, drawn while the screen's library loads: who is watched, and that nothing is known yet.

Plain control sequences, no library: loading one takes longer than an engineer's first look.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hive_console.core.headline import headline
from hive_console.core.past import OPENING, past_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.text import clean
from hive_console.ui.plain_signs import in_ascii

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H"
_LEAVE = "\x1b[?25h\x1b[?1049l"

_LINES_ABOVE = 4
"""Lines of the fleet screen above its first model: the splash puts names where they will stay."""


def frame(fleet: FleetSnapshot, *, columns: int, rows: int, is_ascii: bool = False) -> str:
    """The lines of the first frame, as wide and as high as the terminal; without Unicode where it has none."""
    past = past_of(fleet)
    title = f" HIVE  {fleet.environment}  starting".replace("  " * 2, "  ")
    said = headline(fleet, fleet.at)
    if past is not None:
        title, said = f" HIVE  REVIEW {past.name}", OPENING
    lines = [title, f" {said}", "", "   MODEL"]
    room = max(0, rows - _LINES_ABOVE)
    lines += [f" ? {model.model_id}" for model in fleet.models[:room]]
    shown = [clean(line, max(1, columns - 1)) for line in lines[:rows]]
    return "\r\n".join(map(in_ascii, shown) if is_ascii else shown)


@contextmanager
def splash(fleet: FleetSnapshot, *, is_ascii: bool = False) -> Iterator[None]:
    """Draws the first frame at once; puts the terminal back when what follows fails before it drew itself."""
    out = sys.__stdout__
    if out is None:
        yield
        return
    try:
        size = os.get_terminal_size(out.fileno())
        out.write(_ENTER + frame(fleet, columns=size.columns, rows=size.lines, is_ascii=is_ascii))
        out.flush()
    except (OSError, UnicodeEncodeError):  # a terminal that cannot be asked gets its first frame a little later
        yield
        return
    try:
        yield
    except BaseException:
        out.write(_LEAVE)
        out.flush()
        raise
