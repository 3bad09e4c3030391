"""The line between table and log: the model under the cursor in words, or what was just said."""

from __future__ import annotations

from hive_console.core.holding import holds_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import BreakerState, ModelStatus
from hive_widgets.fleet_cells import notes_of, served_cell
from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece

BETWEEN = Piece(" · ", Role.MUTED)


def detail_pieces(
    model: ModelView | None, fleet: FleetSnapshot, *, is_wide: bool = False, is_ascii: bool = False
) -> tuple[Piece, ...]:
    """What the row has no room for: provider, cause, badges, who serves, and the chain behind it."""
    rule = Piece("-- " if is_ascii else "── ", Role.MUTED)
    if model is None:
        return (rule, Piece(f"{len(fleet.models)} models", Role.MUTED))
    pieces = [
        rule,
        Piece(model.model_id, is_bold=True),
        *([BETWEEN, Piece(model.provider, Role.MUTED)] if is_wide and model.provider else []),
    ]
    holds = holds_of(model, fleet)
    for note in notes_of(model, fleet.at, holds):
        pieces += [BETWEEN, note]
    is_known = model.status is not ModelStatus.UNKNOWN
    if model.serving != model.model_id and model.pinned_to is None and is_known:
        served = served_cell(model)
        pieces += [BETWEEN, Piece("served by ", Role.MUTED), Piece(served.text.removeprefix("→ "), served.role)]
    if model.status_cause and model.breaker.state is not BreakerState.ISOLATED:
        pieces += [BETWEEN, Piece(model.status_cause)]
    if model.fallbacks:
        pieces += [BETWEEN, Piece("then ", Role.MUTED), Piece(", ".join(model.fallbacks), Role.MUTED)]
    return tuple(pieces)
