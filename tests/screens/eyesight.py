"""How eyes see colours, for tests of themes: distances, colour blindness simulated, other terminals' colours."""

from __future__ import annotations

import math
from itertools import combinations

from rich.color import Color, ColorSystem
from rich.style import Style

from hive_themes.palette import ANSI, Palette, contrast

NORMAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

PROTANOPIA = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)
"""What who has no red cones sees of linear RGB (Machado, Oliveira and Fernandes, 2009, severity 1)."""

DEUTERANOPIA = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
"""The same without green cones."""

Sight = tuple[tuple[float, float, float], ...]

STATES = ("text", "muted", "good", "warn", "bad", "held")
"""Inks that tell one state from another."""

XTERM = (
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
TANGO = (
    "000000 cc0000 4e9a06 c4a000 3465a4 75507b 06989a d3d7cf "
    "555753 ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2 eeeeec"
)
WINDOWS = (
    "0c0c0c c50f1f 13a10e c19c00 0037da 881798 3a96dd cccccc "
    "767676 e74856 16c60c f9f1a5 3b78ff b4009e 61d6d6 f2f2f2"
)
OTHER_TERMINALS = {"xterm": XTERM, "tango": TANGO, "windows": WINDOWS}
"""The sixteen colours of terminals that are not a text console, from black to bright white."""


def _channels(color: str) -> list[float]:
    return [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _lab(color: str, sight: Sight) -> tuple[float, float, float]:
    """CIE L*a*b* (D65) of what such eyes see of the colour."""
    linear = [_linear(channel) for channel in _channels(color)]
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, linear, strict=True)))) for row in sight
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    f_x, f_y, f_z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * f_y - 16, 500 * (f_x - f_y), 200 * (f_y - f_z)


def distance(one: str, other: str, sight: Sight = NORMAL) -> float:
    """How different two colours look (CIE 1976: 2 is just noticed side by side, 20 is plain at a glance)."""
    pairs = zip(_lab(one, sight), _lab(other, sight), strict=True)
    return math.sqrt(sum((here - there) ** 2 for here, there in pairs))


def least_distance(palette: Palette, sight: Sight, inks: tuple[str, ...] = STATES) -> float:
    """The distance of the two inks that such eyes tell apart the least."""
    return min(distance(palette.rgb(one), palette.rgb(other), sight) for one, other in combinations(inks, 2))


def in_256(color: str) -> str:
    """The colour as a terminal of 256 colours shows it."""
    return Color.parse(color).downgrade(ColorSystem.EIGHT_BIT).get_truecolor().hex


def drawn_contrast(style: Style) -> float:
    """The contrast of the text that a terminal draws in this style; 21 where it chooses the colours itself."""
    if style.color is None or style.bgcolor is None:
        return 21.0
    ink, ground = (ANSI.get(color.name) or color.get_truecolor().hex for color in (style.color, style.bgcolor))
    return contrast(ink, ground)
