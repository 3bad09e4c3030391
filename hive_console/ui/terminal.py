"""Whether this terminal can show the console at all; pure, to be asked before any screen loads."""

from __future__ import annotations

from collections.abc import Mapping

_LEGACY = frozenset({"linux", "vt100", "vt102", "vt220", "ansi", "cons25"})
"""Terminals whose fonts have no braille, blocks or arrows."""


def terminal_problem(environ: Mapping[str, str], isatty: bool) -> str | None:  # noqa: FBT001 - named as the call it reports
    """Why the console cannot be drawn here, with what to use instead; `None` when it can.

    Args:
        environ: the process environment.
        isatty: whether both input and output are a terminal.
    """
    if not isatty:
        return "input or output is not a terminal; try `hive-console serve` or `hive-console status`"
    term = environ.get("TERM", "")
    if term in {"", "dumb"}:
        said = f"TERM={term}" if term else "TERM is not set"
        return f"{said}: this terminal cannot place text; try `hive-console serve` or `hive-console status`"
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
