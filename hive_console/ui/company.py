"""Who else looks at this engine, for the title: two who repair at once should know of each other."""

from __future__ import annotations

from hive_console.core.snapshot import FleetSnapshot
from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece, fit, width_of

NAMED = 2
"""Consoles that are named; more are counted."""

LONGEST_NAME = 12
"""Cells for one name."""


def company_of(fleet: FleetSnapshot, session: float) -> tuple[Piece, Piece] | None:
    """The other consoles on one's own engine, at length and in short; `None` where one is alone.

    Args:
        fleet: as shown.
        session: one's own, by `EngineClient.session`.
    """
    names = others_of(fleet, session)
    if not names:
        return None
    count = sum(console.since != session for console in fleet.consoles)
    return Piece(f"also: {names}", Role.HELD), Piece(f"+{count}", Role.HELD)


def others_of(fleet: FleetSnapshot, session: float) -> str:
    """Whose the other consoles are, in words; ``""`` where one is alone."""
    others = [console for console in fleet.consoles if console.since != session]
    names = [
        fit(console.actor, min(LONGEST_NAME, width_of(console.actor))) + (" RO" if console.is_read_only else "")
        for console in others[:NAMED]
    ]
    more = f" +{len(others) - NAMED}" if len(others) > NAMED else ""
    return ", ".join(names) + more
