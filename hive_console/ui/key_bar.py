"""The keys that work here, from the live bindings; what has no room is in the help."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.binding import ActiveBinding
from textual.screen import Screen

from hive_console.ui.app_traits import is_review
from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece, width_of

ALWAYS = "help"
"""The action that is shown even when nothing else fits."""

TIME = "time."
"""How the ids of bindings begin that move through a recording."""

AnyScreen = Screen[Any]
"""A screen, whatever it answers (Any: the library's type parameter is invariant)."""

AnyApp = App[Any]
"""An app, whatever it returns."""

KeyHint = tuple[str, str, bool]
"""A key as people write it, what it does, and whether it works now."""


def key_hints(app: AnyApp, screen: AnyScreen, *, shown_only: bool = True) -> list[KeyHint]:
    """The keys of `screen` in the order of their bindings, one an action.

    In a review the keys of its time come first, and those that act are left out: they never will.
    """
    is_past = is_review(app)
    hints: dict[str, KeyHint] = {}
    live = list(screen.active_bindings.values())
    if is_past:
        live.sort(key=lambda active: not (active.binding.id or "").startswith(TIME))
    for active in live:
        binding = active.binding
        if (
            binding.system
            or (shown_only and not binding.show)
            or binding.action in hints
            or not binding.description
            or (is_past and not active.enabled)
        ):
            continue
        hints[binding.action] = (app.get_key_display(binding), binding.description, active.enabled)
    return list(hints.values())


def key_bar(app: AnyApp, screen: AnyScreen, width: int) -> tuple[Piece, ...]:
    """One line of keys, whole ones only, the help key always among them."""
    last = next((hint for hint in key_hints(app, screen) if hint[1] == ALWAYS), None)
    room = width - 1 - (0 if last is None else _width(last))
    shown: list[KeyHint] = []
    for hint in key_hints(app, screen):
        if hint == last:
            continue
        if _width(hint) > room:
            break
        room -= _width(hint)
        shown.append(hint)
    if last is not None:
        shown.append(last)
    pieces = [Piece(" ")]
    for key, word, is_enabled in shown:
        role = Role.ACCENT if is_enabled else Role.MUTED
        pieces += [
            Piece(key, role, is_bold=is_enabled),
            Piece(f" {word}  ", Role.PLAIN if is_enabled else Role.MUTED),
        ]
    return tuple(pieces)


def _width(hint: KeyHint) -> int:
    return width_of(hint[0]) + width_of(hint[1]) + 3


def by_place(screen: AnyScreen) -> list[tuple[str, list[ActiveBinding]]]:
    """All live bindings, grouped by who answers them, in the order a person meets them."""
    groups: dict[str, list[ActiveBinding]] = {}
    for active in screen.active_bindings.values():
        if active.binding.system or not active.binding.description:
            continue
        if not active.enabled and is_review(screen.app):
            continue
        title = active.node.BINDING_GROUP_TITLE or "Everywhere"
        groups.setdefault(title, []).append(active)
    return list(groups.items())
