"""From palettes to the screen library's themes; colour and Unicode taken out where they are not wanted."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from hive_themes.palette import Palette
from hive_widgets.glyphs import Role


def theme_of(palette: Palette) -> Theme:
    """The palette as a theme; each role of `hive_widgets` is a variable of it."""
    roles = {
        Role.PLAIN: palette.text,
        Role.MUTED: palette.muted,
        Role.GOOD: palette.good,
        Role.WARN: palette.warn,
        Role.BAD: palette.bad,
        Role.HELD: palette.held,
        Role.ACCENT: palette.accent,
        Role.TRACE: palette.trace,
    }
    variables = {role.value: color for role, color in roles.items()}
    # What the library's own widgets use for cursor and focus: reverse is seen with and without colour.
    variables |= {
        "hive-raised": palette.raised,
        "block-cursor-text-style": "reverse",
        "block-cursor-background": palette.ground,
        "block-cursor-foreground": palette.text,
        "button-focus-text-style": "reverse",
        "border": palette.accent,
        "scrollbar": palette.muted,
        "scrollbar-background": palette.raised,
    }
    return Theme(
        name=palette.name,
        primary=palette.accent,
        secondary=palette.held,
        warning=palette.warn,
        error=palette.bad,
        success=palette.good,
        accent=palette.accent,
        foreground=palette.text,
        background=palette.ground,
        surface=palette.ground,
        panel=palette.raised,
        dark=palette.is_dark,
        variables=variables,
    )


class Colorless(LineFilter):
    """Takes every colour out and leaves bold, reverse and underline (the library's own way leaves grey)."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments without colours."""
        del background
        return [
            Segment(text, None if style is None else _without_color(style), control)
            for text, style, control in segments
        ]


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


class PlainSigns(LineFilter):
    """Draws lines, arrows and marks in ASCII, whoever wrote them: the log's sentences and the library's own frames.

    Letters stay: a reason in another alphabet is better shown as a box than as a question mark.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with signs that every terminal has."""
        del background
        return [
            Segment(text if text.isascii() else text.translate(ASCII_SIGNS), style, control)
            for text, style, control in segments
        ]


def _without_color(style: Style) -> Style:
    bare = style.without_color
    return bare + Style.from_meta(style.meta) if style.meta else bare
