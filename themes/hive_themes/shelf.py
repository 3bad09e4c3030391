"""The palettes on the shelf: one TOML file each in `palettes/`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from hive_themes.palette import Palette, PaletteError

ORDER = ("hive-dark", "hive-light", "hive-contrast", "hive-colorblind", "hive-mono", "hive-16")
"""The order in which a key press goes through them; the first is the default."""

DEFAULT = ORDER[0]
WITHOUT_COLOR = "hive-mono"
"""The theme that `NO_COLOR` asks for."""

SIXTEEN = "hive-16"
"""The theme for terminals that have no more than their own sixteen colours."""

_FOLDER = Path(__file__).parent / "palettes"


def read(name: str) -> Palette:
    """The palette of this name; raises `PaletteError` when there is none, or when it is not whole."""
    path = _FOLDER / f"{name}.toml"
    if name not in ORDER:
        raise PaletteError(f"there is no theme {name}; there are {', '.join(ORDER)}")
    try:
        return Palette(name=name, **tomllib.loads(path.read_text(encoding="utf-8")))
    except TypeError as exc:
        raise PaletteError(f"{name}: {exc}") from exc


def read_all() -> tuple[Palette, ...]:
    """All palettes, in `ORDER`."""
    return tuple(read(name) for name in ORDER)
