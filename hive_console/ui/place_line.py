"""The top line of a screen below the fleet: where one is, and whether what stands there is live."""

from __future__ import annotations

from datetime import tzinfo

from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.wording import whole_span
from hive_console.ui.app_traits import AnyApp, is_ascii, is_read_only, trouble_of
from hive_console.ui.channel_words import channel_banner, failing_channels
from hive_console.ui.formatting import day_and_time, time_of_day
from hive_console.ui.title import DEMO, OLD_NEWS
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit, width_of


def way_here(app: AnyApp) -> tuple[str, ...]:
    """The names of the places below the screen on top, from the fleet on: how one came here."""
    names = (getattr(screen, "place_name", "") for screen in app.screen_stack[1:-1])
    return ("fleet", *(str(name) for name in names if name))


def place_line(
    where: tuple[str, ...],
    details: str,
    fleet: FleetSnapshot,
    *,
    now: float,
    zone: tzinfo | None,
    width: int,
    app: AnyApp,
) -> Pieces:
    """Breadcrumbs and details on the left, the engine's state and the time on the right.

    Args:
        where: from the fleet to here.
        details: what else to know about the place.
        fleet: as shown.
        now: Unix seconds.
        zone: of the time shown.
        width: columns of the line.
        app: whose traits are said.
    """
    right = [Piece(fleet.environment, Role.ACCENT)] if fleet.environment.lower() not in {"", DEMO} else []
    right += _failures(fleet)
    right.append(_mode(fleet, now, trouble_of(app)))
    is_past = past_of(fleet) is not None
    if is_read_only(app) and not is_past:
        right.append(Piece("READ-ONLY", Role.HELD, is_bold=True))
    right.append(Piece(day_and_time(fleet.at, zone) if is_past else time_of_day(now, zone)))
    taken = sum(width_of(piece.text) + 2 for piece in right)
    arrow = " > " if is_ascii(app) else " › "
    crumbs = [Piece(f" {arrow.join(where[:-1])}{arrow}", Role.MUTED), Piece(where[-1], Role.ACCENT, is_bold=True)]
    room = width - taken - sum(width_of(piece.text) for piece in crumbs)
    middle = fit(f"  {details}", room) if room > 0 else ""
    spaced = [part for piece in right for part in (Piece("  "), piece)]
    return (*crumbs, Piece(middle, Role.MUTED), *spaced)


def _failures(fleet: FleetSnapshot) -> list[Piece]:
    """What makes the console itself worth less than it looks: nothing is written down, or nobody is told."""
    if past_of(fleet) is not None:
        return []
    words = ["NOT RECORDING"] if fleet.recorder.error else []
    words += [channel_banner(fleet)] if failing_channels(fleet) else []
    return [Piece(word, Role.BAD, is_bold=True) for word in words]


def _mode(fleet: FleetSnapshot, now: float, trouble: str) -> Piece:
    if past_of(fleet) is not None:
        return Piece("REVIEW", Role.HELD, is_bold=True)
    if fleet.sequence and (trouble or now - fleet.at > OLD_NEWS):
        return Piece(f"NO NEWS for {whole_span(now - fleet.at)}", Role.BAD, is_bold=True)
    if fleet.environment.lower() == DEMO:
        return Piece("DEMO", Role.HELD, is_bold=True)
    return Piece("LIVE", Role.GOOD)
