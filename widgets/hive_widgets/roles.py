"""From a colour role to a Rich style, through the variables of the theme in use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style

from hive_widgets.glyphs import Role

EMPHATIC = frozenset({Role.BAD})
"""Roles that are bold besides their colour, so that they stand out without any colour too."""


def role_style(variables: Mapping[str, str], role: Role) -> Style:
    """The style of `role` under the variables of a theme (`app.theme_variables`); no colour where it names none."""
    return _style(variables.get(role.value) or None, is_emphatic=role in EMPHATIC)


@lru_cache(maxsize=256)
def _style(color: str | None, *, is_emphatic: bool) -> Style:
    """One object for each, however many pieces have it."""
    return Style(color=color, bold=True if is_emphatic else None)
