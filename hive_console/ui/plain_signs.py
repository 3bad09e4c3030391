"""What a terminal without Unicode shows instead: ASCII, one cell for one cell."""

from __future__ import annotations

import unicodedata

ASCII_SIGNS = {
    ord(sign): plain
    for signs, plain in (
        ("─━═▔┈╌", "-"),
        ("│║┃▊▎▌", "|"),
        ("├┤┬┴┼╭╮╰╯┌┐└┘", "+"),
        ("▁▂▃▄▅▆▇█", "_"),
        ("→›►", ">"),
        ("←‹", "<"),
        ("↑", "^"),
        ("↓▼", "v"),
        ("▲", "!"),
        ("●", "o"),
        ("○—–", "-"),
        ("✔", "v"),
        ("✖×", "x"),
        ("·", "."),
        ("…", "~"),
        ("“”", '"'),
        ("‘’", "'"),
    )
    for sign in signs
}
"""What old terminals show instead of a sign, one cell for one cell."""


def in_ascii(text: str) -> str:
    """The text in ASCII, as wide as it was: signs by their likes, letters without accents, the rest as `?`."""
    return "".join(letter if letter.isascii() else _plain(letter) for letter in text.translate(ASCII_SIGNS))


def _plain(letter: str) -> str:
    if unicodedata.east_asian_width(letter) in {"W", "F"}:
        return "??"
    if unicodedata.category(letter) in {"Mn", "Me"}:
        return ""  # it takes no cell of its own
    first = unicodedata.normalize("NFKD", letter)[0]
    return first if first.isascii() and first.isprintable() else "?"
