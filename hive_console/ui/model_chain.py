"""A model's chain, one stand-in a line, and what hands hold of it: lines for its screen; pure."""

from __future__ import annotations

from hive_console.core.holding import hold_words, holds_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import BreakerState
from hive_console.core.wording import ago, latency, percent
from hive_console.ui.model_story import glyph_of, traffic_words
from hive_widgets.breaker_words import breaker_short
from hive_widgets.fleet_cells import in_flight_cell
from hive_widgets.glyphs import BREAKER_MARKS, STATUS_MARKS, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit, width_of

LONGEST_NAME = 24
"""Cells for a name."""


def chain_lines(model: ModelView, fleet: FleetSnapshot, now: float, *, plain: bool) -> tuple[Pieces, ...]:
    """Who serves, who holds it, then the chain in its order: each with its state, speed, errors and load."""
    names = list(dict.fromkeys((model.model_id, *model.fallbacks)))
    names += [name for name in (model.pinned_to, model.serving) if name is not None and name not in names]
    width = min(LONGEST_NAME, max(width_of(name) for name in names))
    is_nobody = model.serving is None
    lines: list[Pieces] = [
        (Piece(f" {traffic_words(model, fleet, plain=plain)}", Role.BAD if is_nobody else Role.PLAIN),)
    ]
    holds = hold_lines(model, fleet, now)
    lines += holds
    for place, name in enumerate(names):
        lines.append(_link(place, name, model, fleet, now, width=width, plain=plain))
    if len(names) == 1:
        lines.append((Piece("   it has no fallback", Role.WARN),))
    lines.append((Piece(f"   used {model.strategy.value}, weight {model.weight:g}", Role.MUTED),))
    return (*lines, *([] if holds else [(Piece(" held by nobody", Role.MUTED),)]))


def hold_lines(model: ModelView, fleet: FleetSnapshot, now: float) -> tuple[Pieces, ...]:
    """What hands hold: what, by whom, how much longer, since when and why; nothing where none does."""
    return tuple(
        (
            Piece(f" {hold_words(hold, now)}", Role.HELD, is_bold=True),
            Piece(f"  since {ago(now - hold.since)}" if hold.by else "", Role.MUTED),
            Piece(f"  “{hold.reason}”" if hold.reason else ""),
        )
        for hold in holds_of(model, fleet)
    )


def _link(
    place: int, name: str, asked: ModelView, fleet: FleetSnapshot, now: float, *, width: int, plain: bool
) -> Pieces:
    model = fleet.model(name)
    is_serving = name == asked.serving
    arrow = ("=>" if plain else "═►") if is_serving else "  "
    head = Piece(f" {arrow} ", Role.ACCENT, is_bold=True)
    place_piece = Piece(f"{place} " if place else "  ", Role.MUTED)
    if model is None:
        return (head, place_piece, Piece(f"{fit(name, width)} ? not in the fleet", Role.MUTED))
    is_out = model.breaker.state is BreakerState.ISOLATED
    mark = BREAKER_MARKS[model.breaker.state] if is_out else STATUS_MARKS[model.status]
    word, role = breaker_short(model, now)
    load = in_flight_cell(model)
    return (
        head,
        place_piece,
        Piece(f"{fit(name, width)} ", is_bold=is_serving),
        Piece(f"{glyph_of(mark, plain=plain)} {mark.word:<8} ", mark.role),
        Piece(f"{word:<12} ", role),
        Piece(f"{'—' if model.p95 is None else latency(model.p95):>5} "),
        Piece(f"{'—' if model.error_rate is None else percent(model.error_rate):>4} % "),
        Piece(f"{load.text:>6}", load.role),
        Piece(" serving" if is_serving else "", Role.ACCENT, is_bold=True),
    )
