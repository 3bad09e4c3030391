"""How the console looks and answers: what a settings file's `console:` may say. Knows no screen and no terminal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hive_console.core.bounds import within
from hive_console.core.errors import SettingsError

SLOWEST, FASTEST = 0.1, 4.0
"""Bounds of the refresh rate in hertz: above four, a slow line only falls behind."""

MOST_REMAPS, MOST_KEYS = 200, 4
"""Actions that may be given other keys, and keys that one action may have."""

_LONGEST = 40


class ThemeChoice(Enum):
    """The themes, and `auto`: what the terminal can show."""

    AUTO = "auto"
    DARK = "hive-dark"
    LIGHT = "hive-light"
    CONTRAST = "hive-contrast"
    COLORBLIND = "hive-colorblind"
    MONO = "hive-mono"
    SIXTEEN = "hive-16"


@dataclass(frozen=True, slots=True)
class Remap:
    """Other keys for one action.

    Attributes:
        id: of the action, as `hive-console keys` lists it.
        keys: as people write them (`K`, `?`, `ctrl+k`, `f5`); they replace all of the action's own.
    """

    id: str
    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        """Checks what can be checked without knowing the screens."""
        for text in (self.id, *self.keys):
            if not text or len(text) > _LONGEST or not text.isprintable() or " " in text:
                raise SettingsError("keys", f"{text[:_LONGEST]!r} is neither an action nor a key")
        if not 1 <= len(self.keys) <= MOST_KEYS:
            raise SettingsError("keys", f"{self.id} has {len(self.keys)} keys; must be from 1 to {MOST_KEYS}")

    def __str__(self) -> str:
        """As the file may write it: `fleet.sort: ["o"]`."""
        return f"{self.id}: [{', '.join(map(_quoted, self.keys))}]"


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """What whoever sits before the screen prefers; the command line's flags win over it.

    Attributes:
        theme: the colours. `AUTO` takes what the terminal can show.
        refresh: readings a second, 0.1 to 4 (1: the eye follows, and a slow line does too).
        mouse: whether clicks and the wheel are told. `None`: they are, except over SSH, where the mouse selects
            text and each click would go a long way.
        bell: whether a new critical alert rings.
        ascii: whether to draw without Unicode. `None`: where the terminal or the locale has none.
        keys: actions with other keys.
    """

    theme: ThemeChoice = ThemeChoice.AUTO
    refresh: float = 1.0
    mouse: bool | None = None
    bell: bool = True
    ascii: bool | None = None
    keys: tuple[Remap, ...] = ()

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        within("refresh", self.refresh, SLOWEST, FASTEST)
        if len(self.keys) > MOST_REMAPS:
            raise SettingsError("keys", f"has {len(self.keys)} entries; at most {MOST_REMAPS}")


def _quoted(key: str) -> str:
    return "'\"'" if key == '"' else f'"{key}"'
