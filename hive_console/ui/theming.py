"""From palettes to the screen library's themes; colour and Unicode taken out where they are not wanted."""

from __future__ import annotations

from collections.abc import Mapping

from rich.color import Color as RichColor
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from hive_console.ui.plain_signs import in_ascii
from hive_themes.palette import GROUNDS, INKS, Palette
from hive_widgets.glyphs import Role


def theme_of(palette: Palette) -> Theme:
    """The palette as a theme; each role of `hive_widgets` is a variable of it."""
    roles = {
        Role.PLAIN: "text",
        Role.MUTED: "muted",
        Role.GOOD: "good",
        Role.WARN: "warn",
        Role.BAD: "bad",
        Role.HELD: "held",
        Role.ACCENT: "accent",
        Role.TRACE: "trace",
    }
    ink = palette.rgb
    variables = {role.value: ink(field) for role, field in roles.items()}
    # What the library's own widgets use for cursor and focus: reverse is seen with and without colour.
    variables |= {
        "hive-raised": ink("raised"),
        "block-cursor-text-style": "reverse",
        "block-cursor-background": ink("ground"),
        "block-cursor-foreground": ink("text"),
        "button-focus-text-style": "reverse",
        "border": ink("accent"),
        "scrollbar": ink("muted"),
        "scrollbar-background": ink("raised"),
    }
    return Theme(
        name=palette.name,
        primary=ink("accent"),
        secondary=ink("held"),
        warning=ink("warn"),
        error=ink("bad"),
        success=ink("good"),
        accent=ink("accent"),
        foreground=ink("text"),
        background=ink("ground"),
        surface=ink("ground"),
        panel=ink("raised"),
        dark=palette.is_dark,
        variables=variables,
    )


class Sixteen(LineFilter):
    """Names every colour by the terminal's own sixteen: SGR 30-37 and 90-97 (40-47 for grounds), nothing else.

    The library's own way with such colours blends some of them and takes others for black; here it computes with
    ordinary ones, and each leaves as the palette's name for it. A blend becomes the ink, or the ground, next to it.

    Args:
        palette: made of names of `hive_themes.palette.ANSI`.
    """

    def __init__(self, palette: Palette, *, enabled: bool = True) -> None:
        super().__init__(enabled=enabled)
        self._inks = {palette.rgb(field): getattr(palette, field) for field in INKS}
        self._grounds = {palette.rgb(field): getattr(palette, field) for field in GROUNDS}
        self._known: dict[Style, Style] = {}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in sixteen colours."""
        del background
        return [Segment(text, self._style(style or _PLAIN), control) for text, style, control in segments]

    def _style(self, style: Style) -> Style:
        named = self._known.get(style)
        if named is None:
            ground = _nearest(style.bgcolor, {**self._inks, **self._grounds}) or next(iter(self._grounds.values()))
            ink = _nearest(style.color, self._inks) or next(iter(self._inks.values()))
            # A button's ground is an ink, and all inks are light.
            is_dark = ground in self._grounds.values()
            named = _without_color(style) + Style(color=ink if is_dark else _DARKEST, bgcolor=ground)
            if len(self._known) < _STYLES_KEPT:
                self._known[style] = named
        return named


_PLAIN = Style()
_DARKEST = "black"

_STYLES_KEPT = 512
"""Styles whose sixteen-colour twins are remembered: a screen has some thirty."""


def _nearest(color: RichColor | None, names: Mapping[str, str]) -> str | None:
    """The name of the colour next to this one; `None` for one that the terminal would choose."""
    if color is None or color.triplet is None:
        return None
    there = color.triplet
    return min(names.items(), key=lambda known: _distance(known[0], there))[1]


def _distance(color: str, there: ColorTriplet) -> int:
    here = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return sum(abs(mine - its) for mine, its in zip(here, there, strict=True))


class Colorless(LineFilter):
    """Takes every colour out and leaves bold, reverse and underline (the library's own way leaves grey)."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments without colours."""
        del background
        return [
            Segment(text, None if style is None else _without_color(style), control)
            for text, style, control in segments
        ]


class PlainSigns(LineFilter):
    """Sends nothing but ASCII, whoever wrote it: the log's sentences, texts from outside, the library's frames."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with signs that every terminal has."""
        del background
        return [
            Segment(text if text.isascii() or control else in_ascii(text), style, control)
            for text, style, control in segments
        ]


def _without_color(style: Style) -> Style:
    bare = style.without_color
    return bare + Style.from_meta(style.meta) if style.meta else bare
