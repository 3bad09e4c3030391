"""From a colour role to a Rich style, through the variables of the theme in use."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style

from hive_widgets.glyphs import Role

EMPHATIC = frozenset({Role.BAD})
"""Roles that are bold besides their colour, so that they stand out without any colour too."""


def role_style(variables: Mapping[str, str], role: Role) -> Style:
    """The style of `role` under the variables of a theme (`app.theme_variables`); no colour where it names none."""
    return Style(color=variables.get(role.value) or None, bold=True if role in EMPHATIC else None)
