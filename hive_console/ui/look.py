"""How this console looks and answers: the settings, the command line over them, and what the terminal can do.

Loads no screen library: it is asked before the first frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hive_console.core.console_settings import ConsoleSettings, ThemeChoice
from hive_console.ui.terminal import Depth, depth_of, has_title, is_far, wants_ascii, wants_no_color
from hive_themes.shelf import DEFAULT, SIXTEEN, WITHOUT_COLOR

SLOW_RATE = 0.5
"""Readings a second on a slow line."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line says about the look; `None` and false leave it to the settings.

    Attributes:
        theme: the colours.
        is_ascii: draw without Unicode.
        no_mouse: leave the mouse to the terminal.
        is_slow: spare the line: a reading every two seconds, sixteen colours, no mouse.
    """

    theme: ThemeChoice | None = None
    is_ascii: bool = False
    no_mouse: bool = False
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What the app is told.

    Attributes:
        theme: one of `hive_themes.shelf.ORDER`.
        no_color: whether no colour at all is sent (`NO_COLOR`), whichever theme is chosen later.
        depth: how many colours the terminal has.
        is_ascii: whether no byte above 127 is sent.
        has_mouse: whether clicks and the wheel are asked for.
        has_bell: whether a new critical alert rings.
        has_title: whether the window's title says how many alerts wait.
        refresh_rate: readings a second.
        keys: other keys for actions: as the settings have them, by id.
    """

    theme: str = DEFAULT
    no_color: bool = False
    depth: Depth = Depth.ALL
    is_ascii: bool = False
    has_mouse: bool = True
    has_bell: bool = True
    has_title: bool = True
    refresh_rate: float = 1.0
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def look_of(settings: ConsoleSettings, flags: Flags, environ: Mapping[str, str]) -> Look:
    """The look on this terminal; the command line wins over the file, and both over what the terminal suggests.

    `NO_COLOR` wins over every theme, since whoever sets it means all programs.
    """
    depth = Depth.SIXTEEN if flags.is_slow else depth_of(environ)
    no_color = wants_no_color(environ)
    is_ascii = wants_ascii(environ) if settings.ascii is None else settings.ascii
    wants_mouse = not is_far(environ) if settings.mouse is None else settings.mouse
    return Look(
        theme=WITHOUT_COLOR if no_color else _theme(flags.theme or settings.theme, depth),
        no_color=no_color,
        depth=depth,
        is_ascii=is_ascii or flags.is_ascii,
        has_mouse=wants_mouse and not flags.no_mouse and not flags.is_slow,
        has_bell=settings.bell,
        has_title=has_title(environ),
        refresh_rate=min(settings.refresh, SLOW_RATE) if flags.is_slow else settings.refresh,
        keys={remap.id: remap.keys for remap in settings.keys},
    )


def _theme(choice: ThemeChoice, depth: Depth) -> str:
    automatic = SIXTEEN if depth is Depth.SIXTEEN else DEFAULT
    return automatic if choice is ThemeChoice.AUTO else str(choice.value)
