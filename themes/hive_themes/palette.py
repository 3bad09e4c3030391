"""Palettes as values: what a theme says about colours, free of any screen library."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

_HEX = re.compile(r"#[0-9a-fA-F]{6}")

ANSI = {
    "black": "#000000",
    "red": "#aa0000",
    "green": "#00aa00",
    "yellow": "#aa5500",
    "blue": "#0000aa",
    "magenta": "#aa00aa",
    "cyan": "#00aaaa",
    "white": "#aaaaaa",
    "bright_black": "#555555",
    "bright_red": "#ff5555",
    "bright_green": "#55ff55",
    "bright_yellow": "#ffff55",
    "bright_blue": "#5555ff",
    "bright_magenta": "#ff55ff",
    "bright_cyan": "#55ffff",
    "bright_white": "#ffffff",
}
"""The names of a terminal's own sixteen colours, and how a text console of a PC shows them: what computes with
colours needs some value, and the terminal has the last word."""


class PaletteError(ValueError):
    """A palette names a colour that is none, or leaves one out."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, each as `#rrggbb`, or all of them names of `ANSI`.

    Attributes:
        name: how it is asked for.
        title: for people.
        is_dark: whether light text stands on a dark ground.
        has_color: false for the theme that says everything by glyph, word, bold and reverse.
        is_ansi: whether it is made of the terminal's own sixteen colours.
        ground: behind everything.
        raised: behind title bar, key bar and dialogs.
        text: of the ground (`plain`).
        muted: what matters less; still readable.
        good: well.
        warn: degraded, counting, throttled.
        bad: down, open, critical.
        held: held by a hand: pinned, isolated, acknowledged.
        accent: keys, the cursor's mark, focus.
        trace: lines of charts and trends.
    """

    name: str
    title: str
    is_dark: bool
    has_color: bool
    is_ansi: bool
    ground: str
    raised: str
    text: str
    muted: str
    good: str
    warn: str
    bad: str
    held: str
    accent: str
    trace: str

    def __post_init__(self) -> None:
        """Raises `PaletteError` naming the first field that is no colour."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in GROUNDS + INKS:
                continue
            if self.is_ansi and value not in ANSI:
                raise PaletteError(f"{self.name}: {field.name} is {value!r}; must be one of {', '.join(ANSI)}")
            if not self.is_ansi and not _HEX.fullmatch(value):
                raise PaletteError(f"{self.name}: {field.name} is {value!r}; must be a colour like #1a2b3c")

    def rgb(self, field: str) -> str:
        """The colour of one of `INKS` or `GROUNDS` as `#rrggbb`."""
        value: str = getattr(self, field)
        return ANSI[value] if self.is_ansi else value


INKS = ("text", "muted", "good", "warn", "bad", "held", "accent", "trace")
"""Fields that colour text."""

GROUNDS = ("ground", "raised")
"""Fields that text stands on."""


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` colours, 1..21 (WCAG 2.1, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
