"""Hostile texts of the reference (E1-E7, M1-M4), and what a screen would really send to the terminal."""

from __future__ import annotations

import unicodedata
from typing import Any

from textual.app import App

PAYLOADS = (
    "\x1b]52;c;ZWNobyBwd25lZA==\x07",
    "\x1b]0;PWNED\x07\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
    "\x1b[2J\x1b[1;1HFAKE OK",
    "\x9b2J\x9d0;x\x9c",
    "\x1bP$q\x1b\\\x1b[6n\x1b[c",
    "\u202egnp.exe\u2066a\u200bb\x00",
    "z" + "\u0301" * 500,
    "ok\r\nAUDIT admin reset",
    "[/",
    "[/b] plan",
    '[type=x, v={"a[0]"}]',
    "[TODO] Q3",
    "[@click=app.quit]x[/]",
    "[link='file:///etc/passwd']",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 wide 宽宽宽宽",
)


def painted(app: App[Any]) -> str:
    """All text of the screen in use as the compositor hands it to the terminal."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def controls_in(text: str) -> set[str]:
    """Characters that a terminal would obey, or that would hide others."""
    return {sign for sign in text if sign != "\n" and unicodedata.category(sign) in {"Cc", "Cf", "Cs"}}
