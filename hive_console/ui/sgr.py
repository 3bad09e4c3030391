"""From one look of a cell to the next in as few bytes as there are: what a terminal keeps need not be said again.

A look is what stands between `ESC [` and `m` when it is set from nothing, as `1;38;2;224;224;224`; `""` is plain.
"""

from __future__ import annotations

from functools import lru_cache

LOOKS = 4096
"""Pairs of looks that are remembered; a screen has some hundred."""

_ENDS = {
    **dict.fromkeys(("1", "2"), "22"),
    "3": "23",
    **dict.fromkeys(("4", "21"), "24"),
    **dict.fromkeys(("5", "6"), "25"),
    "7": "27",
    "8": "28",
    "9": "29",
    **dict.fromkeys(("51", "52"), "54"),
    "53": "55",
}
"""What takes an attribute back."""

_ON_BLANKS = frozenset({"4", "7", "9", "21", "51", "52", "53"})
"""Attributes that a blank shows: lines, frames, and the one that swaps the colours."""

_EXTENDED = {"2": 5, "5": 3}
"""Codes of a colour by its kind: `38;2;r;g;b` and `38;5;n`."""

_FOREGROUND = frozenset({"38", "39", *map(str, (*range(30, 38), *range(90, 98)))})
_BACKGROUND = frozenset({"48", "49", *map(str, (*range(40, 48), *range(100, 108)))})


@lru_cache(maxsize=LOOKS)
def _parts(look: str) -> tuple[frozenset[str], str, str]:
    """Attributes, foreground and background."""
    attributes: set[str] = set()
    foreground = background = ""
    codes = look.split(";") if look else []
    place = 0
    while place < len(codes):
        code = codes[place]
        length = _EXTENDED.get(codes[place + 1], 1) if code in {"38", "48"} and place + 1 < len(codes) else 1
        color = ";".join(codes[place : place + length])
        if code in _FOREGROUND:
            foreground = "" if code == "39" else color
        elif code in _BACKGROUND:
            background = "" if code == "49" else color
        else:
            attributes.add(code)
        place += length
    return frozenset(attributes), foreground, background


@lru_cache(maxsize=LOOKS)
def between(before: str | None, after: str) -> str:
    """What turns a terminal that draws in one look to another; `before` is `None` when that is not known."""
    if before == after:
        return ""
    anew = "\x1b[m" if not after else f"\x1b[{after}m" if before == "" else f"\x1b[0;{after}m"
    if not before or not after:
        return anew
    (had, old_front, old_back), (has, front, back) = _parts(before), _parts(after)
    ended = {_ENDS.get(code, "0") for code in had - has}
    if "0" in ended:
        return anew
    # One code takes back two attributes (bold and dim): the one that stays is said again.
    kept = {code for code in had & has if _ENDS.get(code) in ended}
    codes = [*sorted(ended), *sorted((has - had) | kept, key=int)]
    if front != old_front:
        codes.append(front or "39")
    if back != old_back:
        codes.append(back or "49")
    change = f"\x1b[{';'.join(codes)}m"
    return min(change, anew, key=len)


@lru_cache(maxsize=LOOKS)
def on_blank(look: str) -> str:
    """The look of a blank in this look, without what a blank does not show."""
    attributes, _, background = _parts(look)
    return look if attributes & _ON_BLANKS else background
