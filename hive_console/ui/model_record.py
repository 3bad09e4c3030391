"""What happened to one model, as its screen tells it: checks, calls, its breaker's moves, marks of charts; pure."""

from __future__ import annotations

from collections import deque
from datetime import tzinfo

from hive_console.core import events as e
from hive_console.core.narration import narrate
from hive_console.core.outcome import JUDGEMENTS, OutcomeKind, Verdict
from hive_console.core.snapshot import SERIES_BUCKET, SERIES_LENGTH
from hive_console.core.states import ActionPhase, BreakerState, Severity
from hive_console.core.wording import latency
from hive_console.engine.client import EventPage
from hive_console.ui.formatting import time_of_day
from hive_widgets.glyphs import SEVERITY_MARKS, STATUS_MARKS, Mark, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece
from hive_widgets.plot_parts import EventMark, Part

CHECKS_KEPT, MOVES_KEPT = 200, 100
"""Checks and calls, and moves, that are kept; the recording has all of them."""

Call = e.ProbeFinished | e.AttemptFinished

_ABOUT = ("model", "subject", "requested", "served_by", "from_model", "to_model", "target")
"""Fields of events that name a model."""

_STORY = (
    e.BreakerChanged,
    e.ThresholdCrossed,
    e.AutomationFrozen,
    e.AutomationThawed,
    e.OutlierEjected,
    e.OutlierReturned,
    e.RecoveryEnded,
    e.RoutePinned,
)
"""What belongs to the story of a breaker and of the hands on it."""

_OUTCOMES = {
    Verdict.SUCCESS: Mark("●", "o", "ok", Role.GOOD),
    Verdict.FAILURE: Mark("✖", "X", "failed", Role.BAD),
    Verdict.NEUTRAL: Mark("·", ".", "counts as nothing", Role.MUTED),
}


def is_about(event: e.Event, model_id: str) -> bool:
    """Whether the event names this model."""
    return any(getattr(event, field, None) == model_id for field in _ABOUT)


class ModelRecord:
    """Folds pages of events into what is shown of one model; bounded.

    Attributes:
        model_id: whose record.
        cursor: where the next page begins.
    """

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id
        self.cursor = 0
        self._calls: deque[Call] = deque(maxlen=CHECKS_KEPT)
        self._moves: deque[e.Event] = deque(maxlen=MOVES_KEPT)

    def take(self, page: EventPage) -> None:
        """Adds what a page tells of this model."""
        self.cursor = page.cursor
        if page.is_anew:
            self._calls.clear()
            self._moves.clear()
        for event in page.events:
            if not is_about(event, self.model_id):
                continue
            if isinstance(event, Call):
                self._calls.append(event)
            elif isinstance(event, _STORY) or _is_deed(event) or isinstance(event, e.TrafficMoved):
                self._moves.append(event)

    def check_lines(self, zone: tzinfo | None, *, plain: bool = False) -> tuple[Pieces, ...]:
        """The last checks and calls, newest first: when, what, how it ended, in what time, and one line of why."""
        if not self._calls:
            return ((Piece(" no check or call since this console began", Role.MUTED),),)
        return tuple(_call_line(call, zone, plain=plain) for call in reversed(self._calls))

    def story_lines(self, zone: tzinfo | None, *, plain: bool = False) -> tuple[Pieces, ...]:
        """What moved its breaker, newest first: when, why and by whom."""
        told = [event for event in self._moves if not isinstance(event, e.TrafficMoved | e.RoutePinned)]
        if not told:
            return ((Piece(" it has not moved since this console began", Role.MUTED),),)
        return tuple(_move_line(event, zone, plain=plain) for event in reversed(told))

    def marks(self, now: float, *, plain: bool = False) -> tuple[EventMark, ...]:
        """What to mark on the time axis of a chart that ends now, the gravest of a place last."""
        last = now // SERIES_BUCKET
        found: list[tuple[int, EventMark]] = []
        for event in self._moves:
            kind = _mark_of(event)
            bucket = int(SERIES_LENGTH - 1 - (last - event.at // SERIES_BUCKET))
            if kind is not None and 0 <= bucket < SERIES_LENGTH:
                gravity, sign, ascii_sign, part = kind
                found.append((gravity, EventMark(bucket, ascii_sign if plain else sign, part)))
        return tuple(mark for _, mark in sorted(found, key=lambda one: (one[0], one[1].bucket)))


MARK_LEGEND = (
    ("✖", "X", Part.TROUBLE, "trip"),
    ("►", ">", Part.MOVE, "traffic moved"),
    ("◆", "*", Part.HAND, "by hand"),
    ("●", "o", Part.RELIEF, "closed"),
)
"""Sign, ASCII sign, part and meaning of the marks on a time axis, the gravest first."""

_TRIP, _MOVED, _HAND, _CLOSED = MARK_LEGEND


def _mark_of(event: e.Event) -> tuple[int, str, str, Part] | None:
    """How grave it is and how it is marked; `None` for what needs no mark."""
    match event:
        case e.BreakerChanged(old=BreakerState.CLOSED, new=BreakerState.OPEN):
            return (3, *_TRIP[:3])
        case e.BreakerChanged(new=BreakerState.CLOSED):
            return (0, *_CLOSED[:3])
        case e.OperatorActed():
            return (2, *_HAND[:3])
        case e.TrafficMoved():
            return (1, *_MOVED[:3])
        case _:
            return None


def _is_deed(event: e.Event) -> bool:
    return isinstance(event, e.OperatorActed) and event.phase is ActionPhase.DONE


def _call_line(call: Call, zone: tzinfo | None, *, plain: bool) -> Pieces:
    is_probe = isinstance(call, e.ProbeFinished)
    what = ("trial" if call.is_recovery else "check") if isinstance(call, e.ProbeFinished) else "call"
    mark = _OUTCOMES[JUDGEMENTS[call.kind].verdict]
    outcome = "ok" if call.kind is OutcomeKind.SUCCESS else call.kind.value.replace("_", " ")
    status = f" {call.status}" if call.status is not None and call.kind is not OutcomeKind.SUCCESS else ""
    return (
        Piece(f" {time_of_day(call.at, zone).removesuffix('Z')} ", Role.MUTED),
        Piece(f"{mark.ascii_glyph if plain else mark.glyph} ", mark.role),
        Piece(f"{what:<5} ", Role.MUTED if is_probe else Role.PLAIN),
        Piece(f"{latency(call.latency):>6} "),
        Piece(f"{outcome}{status}", mark.role),
        *((Piece(f"  {_one_line(call.message)}"),) if call.message else ()),
    )


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _move_line(event: e.Event, zone: tzinfo | None, *, plain: bool) -> Pieces:
    line = narrate(event)
    mark = SEVERITY_MARKS[line.severity]
    at = Piece(f" {time_of_day(event.at, zone).removesuffix('Z')} ", Role.MUTED)
    if isinstance(event, e.BreakerChanged):
        mark = _STATE_MARKS.get(event.new, mark)
        moved = f"{event.old.value} {'->' if plain else '→'} {event.new.value}"
        glyph = Piece(f"{mark.ascii_glyph if plain else mark.glyph} ", mark.role)
        return (at, glyph, Piece(moved, is_bold=True), Piece(f"  {event.cause}"))
    glyph = Piece(f"{mark.ascii_glyph if plain else mark.glyph} ", mark.role)
    return (at, glyph, Piece(line.text, Role.HELD if _is_deed(event) else Role.PLAIN))


_STATE_MARKS = {
    BreakerState.OPEN: SEVERITY_MARKS[Severity.CRITICAL],
    BreakerState.CLOSED: next(mark for mark in STATUS_MARKS.values() if mark.role is Role.GOOD),
}
