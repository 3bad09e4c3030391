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


_SCREEN_CHUNK = 600
"""Characters of one piece for GNU screen, which drops device control strings of more than 768 bytes."""

_NOTIFIES_BY_777 = ("rxvt", "foot", "wezterm", "ghostty")
"""Parts of `TERM` of terminals that show a notification by OSC 777; others that do (iTerm2, kitty) take OSC 9."""

NOTIFICATION_LIMIT = 160
"""Characters of a desktop notification that anybody sees."""


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


def passed_on(sequence: str, environ: Mapping[str, str]) -> str:
    """A sequence for the terminal outside, however many programs stand between.

    In tmux both ways that its settings may allow are taken: what it understands itself, and past it
    (`allow-passthrough on`). GNU screen passes strings on in pieces.
    """
    term = environ.get("TERM", "")
    if environ.get("TMUX") or term.startswith("tmux"):
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        return sequence + f"\x1bPtmux;{doubled}\x1b\\"
    if environ.get("STY") or term.startswith("screen"):
        pieces = (sequence[start : start + _SCREEN_CHUNK] for start in range(0, len(sequence), _SCREEN_CHUNK))
        # A tmux at the other end of ssh calls itself screen as well, and takes the plain one.
        return sequence + "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return sequence


def notification_sequence(title: str, text: str, environ: Mapping[str, str]) -> str:
    """What makes a terminal show a desktop notification, where it can; ends in BEL, which no text within holds."""
    shown = harmless_line(text, NOTIFICATION_LIMIT)
    named = harmless_line(title, TITLE_LIMIT).replace(";", ",")
    if any(name in environ.get("TERM", "") for name in _NOTIFIES_BY_777):
        return passed_on(f"\x1b]777;notify;{named};{shown.replace(';', ',')}\x07", environ)
    # What begins with a digit would be another order (`9;4;` is the progress of a task).
    return passed_on(f"\x1b]9;{named}: {shown}\x07", environ)


def harmless_line(text: str, limit: int) -> str:
    """Only what is printable, whatever came: what is visible on a screen may mean something to a window."""
    return "".join(sign for sign in clean(text, limit) if sign.isprintable())


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
