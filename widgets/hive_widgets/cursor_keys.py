"""The keys that move a cursor through lines, the same in every table and list (vi's, less's and the arrows)."""

from __future__ import annotations

from textual.binding import Binding, BindingType


def cursor_keys(area: str, *, enter: str) -> list[BindingType]:
    """Bindings to `move`, `move_to`, `page` and `open`.

    Args:
        area: the first part of the bindings' ids, by which they can be remapped.
        enter: what enter does, in the words of the help.
    """
    return [
        Binding("j,down", "move(1)", "down", id=f"{area}.down", show=False),
        Binding("k,up", "move(-1)", "up", id=f"{area}.up", show=False),
        Binding("g,home", "move_to(0)", "first", id=f"{area}.first", show=False),
        Binding("G,end", "move_to(-1)", "last", id=f"{area}.last", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "page down", id=f"{area}.page-down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "page up", id=f"{area}.page-up", show=False),
        Binding("enter", "open", enter, id=f"{area}.open", key_display="enter"),
    ]
