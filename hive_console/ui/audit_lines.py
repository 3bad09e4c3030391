"""The audit trail in words: its rows, all of one deed, what a filter can say; pure."""

from __future__ import annotations

from datetime import datetime, tzinfo

from hive_console.core.deed_words import where_to, whom
from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import ActionPhase
from hive_console.core.store import AuditCheck
from hive_console.core.trail import Deed
from hive_console.core.wording import ago, span
from hive_console.ui.formatting import day_and_time, time_of_day
from hive_console.ui.labeled import labeled
from hive_console.ui.list_filter import Grammar
from hive_widgets.fleet_cells import short_span
from hive_widgets.glyphs import Mark, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit, width_of

HINT = "by:maria action:trip model:x outcome:refused since:2h word !word"
"""The grammar by example."""

PHASE_MARKS = {
    ActionPhase.DONE: Mark("✔", "v", "done", Role.GOOD),
    ActionPhase.REFUSED: Mark("✖", "X", "refused", Role.WARN),
    ActionPhase.INTENDED: Mark("…", "~", "under way", Role.MUTED),
}
"""How each outcome is shown."""

AGE_FROM, AGE_STEP, _MINUTE = 60, 5, 60
_WORD, _WHO, _ACTION, _TARGET, _AGE = 10, 11, 12, 18, 5


def _target(deed: Deed) -> str:
    return f"{whom(deed.act)}{where_to(deed.act)}"


def _told(deed: Deed) -> str:
    act = deed.act
    texts = (
        act.actor,
        act.origin,
        act.action.value,
        act.target,
        act.parameter,
        act.reason,
        act.detail,
        act.action_id,
    )
    return " ".join((*texts, PHASE_MARKS[act.phase].word))


GRAMMAR: Grammar[Deed] = Grammar(
    named={
        "by": lambda deed: (deed.act.actor, deed.act.origin),
        "action": lambda deed: (deed.act.action.value,),
        "model": lambda deed: (deed.act.target, deed.act.parameter),
        "outcome": lambda deed: (PHASE_MARKS[deed.act.phase].word,),
    },
    told=_told,
    at=lambda deed: (deed.at, deed.act.at),
)
"""What a filter of the trail can say."""


def row_pieces(deed: Deed, *, now: float, zone: tzinfo | None, width: int, with_day: bool, plain: bool) -> Pieces:
    """A deed as one line: when, what came of it, who, what, to what and why."""
    act, mark = deed.act, PHASE_MARKS[deed.act.phase]
    clock = time_of_day(deed.at, zone).removesuffix("Z")
    when = f"{datetime.fromtimestamp(deed.at, zone):%m-%d} {clock}" if with_day else clock
    pieces = [Piece(f"{when} ", Role.MUTED)]
    if width >= AGE_FROM:
        age = now - deed.at
        shown = short_span(age - age % AGE_STEP if 0 < age < _MINUTE else age)
        pieces.append(Piece(f"{shown:>{_AGE - 1}} ", Role.MUTED))
    pieces += [
        Piece(f"{mark.ascii_glyph if plain else mark.glyph} ", mark.role),
        Piece(fit(mark.word, _WORD), mark.role),
        Piece(f"{fit(act.actor, _WHO - 1)} ", Role.HELD),
        Piece(f"{fit(act.action.value, _ACTION - 1)} "),
    ]
    room = width - sum(width_of(piece.text) for piece in pieces)
    target = _target(deed)
    if not act.reason:
        return (*pieces, Piece(fit(target, max(0, room)), is_bold=True))
    cells = min(max(_TARGET, width_of(target)), room // 2)
    why = f" “{act.reason}”"
    return (*pieces, Piece(fit(target, cells), is_bold=True), Piece(fit(why, max(0, room - cells)), Role.MUTED))


def detail_lines(
    deed: Deed, fleet: FleetSnapshot, *, now: float, zone: tzinfo | None, width: int, is_last: bool
) -> tuple[Pieces, ...]:
    """All there is to know of a deed, the most telling first."""
    act, mark = deed.act, PHASE_MARKS[deed.act.phase]
    who = f"{act.actor} ({act.origin})" if act.origin else act.actor
    took = span(act.at - deed.at) if act.at > deed.at else ""
    outcome = f"{mark.word}{f' after {took}' if took else ''}{f': {act.detail}' if act.detail else ''}"
    undo = undo_words(fleet, now) if is_last else ""
    return (
        *labeled("What", f"{act.action.value} {_target(deed)}", width, lines=2),
        *labeled("Outcome", outcome, width, role=mark.role, lines=2),
        *labeled("Who", f"{who}, {day_and_time(deed.at, zone)}, {ago(now - deed.at)}", width, lines=2),
        *labeled("Why", act.reason or "no reason was given", width, role=Role.PLAIN if act.reason else Role.MUTED),
        *labeled("Undo", undo, width, role=Role.HELD),
        *labeled("Before", act.before, width),
        *labeled("After", act.after, width),
        *labeled("Id", act.action_id, width),
        *labeled("Rows", ", ".join(map(str, deed.numbers)) or "the recording has not told them yet", width),
        *labeled("Digest", deed.digest or "not chained, or not told yet", width),
    )


def undo_words(fleet: FleetSnapshot, now: float) -> str:
    """What the undo key would take back, and for how long it can; empty where it cannot."""
    if past_of(fleet) is not None or fleet.undo_until is None or fleet.undo_until <= now:
        return ""
    return f"u undoes {fleet.undo_text or 'the last action'}, for {span(float(int(fleet.undo_until - now)))} more"


def check_words(check: AuditCheck, at: float, zone: tzinfo | None) -> Piece:
    """What verifying found, and when."""
    when = time_of_day(at, zone)
    if check.problem or check.first_bad is not None:
        place = "" if check.first_bad is None else f" at row {check.first_bad}"
        said = f": {check.problem}" if check.problem else ""
        word = "NOT VERIFIED" if check.first_bad is None else "BROKEN"
        return Piece(f"{word}{place}{said} ({when})", Role.BAD)
    anchors = f", {check.anchors} anchors" if check.anchors else ""
    return Piece(f"chain whole: {check.rows} rows{anchors}, verified {when}", Role.GOOD)
