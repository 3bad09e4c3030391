"""Whether this terminal can show the console at all; pure, to be asked before any screen loads."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from hive_console.core.text import clean

_LEGACY = frozenset({"linux", "vt100", "vt102", "vt220", "ansi", "cons25"})
"""Terminals whose fonts have no braille, blocks or arrows."""


_INSTEAD = (
    "try `hive-console status` for the fleet, `hive-console tail` for what happens, `hive-console report` for what "
    "happened, or `hive-console serve` to run without a screen"
)
"""What works where nothing can be drawn."""

_TRUECOLOR = ("kitty", "alacritty", "foot", "wezterm", "ghostty", "direct")
"""Parts of `TERM` of terminals with all colours, who say so in `COLORTERM`, which ssh and sudo do not pass on."""

_OWN_TITLE = ("xterm", "rxvt", "screen", "tmux", *_TRUECOLOR)
"""Parts of `TERM` of terminals that keep a window's title and give the old one back."""

TITLE_LIMIT = 80
"""Characters of a window's title that anybody sees."""


class Depth(Enum):
    """How many colours a terminal has; the value is how the screen library calls it."""

    SIXTEEN = "standard"
    MANY = "256"
    ALL = "truecolor"


def depth_of(environ: Mapping[str, str]) -> Depth:
    """How many colours to send, by `COLORTERM` and `TERM`.

    GNU screen up to version 4 takes a truecolor sequence apart into others (blinking among them) and hands the
    outer terminal's `COLORTERM` on all the same, so that there it counts for nothing.
    """
    term = environ.get("TERM", "")
    is_screen = term.startswith("screen") and not environ.get("TMUX")
    says_all = environ.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"}
    if not is_screen and (says_all or any(name in term for name in _TRUECOLOR)):
        return Depth.ALL
    return Depth.MANY if "256" in term else Depth.SIXTEEN


def has_title(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is known to keep a window title; others might print it."""
    return any(name in environ.get("TERM", "") for name in _OWN_TITLE)


def is_far(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of SSH."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))


def terminal_problem(environ: Mapping[str, str], isatty: bool) -> str | None:  # noqa: FBT001 - named as the call it reports
    """Why the console cannot be drawn here, with what to use instead; `None` when it can.

    Args:
        environ: the process environment.
        isatty: whether both input and output are a terminal.
    """
    if not isatty:
        return f"input or output is not a terminal; {_INSTEAD}"
    term = environ.get("TERM", "")
    if term in {"", "dumb"}:
        said = f"TERM={clean(term)}" if term else "TERM is not set"
        return f"{said}: this terminal cannot place text; {_INSTEAD}"
    return None


def wants_ascii(environ: Mapping[str, str]) -> bool:
    """Whether to draw with ASCII only: an old terminal, or a locale that is not UTF-8."""
    if environ.get("TERM", "") in _LEGACY:
        return True
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return locale.split("@")[0].lower().partition(".")[2] not in {"", "utf-8", "utf8"}


def wants_no_color(environ: Mapping[str, str]) -> bool:
    """Whether the person asked for no colour (no-color.org: set and not empty)."""
    return bool(environ.get("NO_COLOR"))
