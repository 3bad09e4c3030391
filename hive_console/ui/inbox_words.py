"""The inbox in one sentence: what wants somebody, who is on call, what fails, what silences hide; pure."""

from __future__ import annotations

from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import AlertState, ModelStatus
from hive_console.core.wording import span, whole_span
from hive_console.ui.channel_words import channel_words, failing_channels
from hive_widgets.glyphs import SEVERITY_MARKS, Role
from hive_widgets.pieces import Piece, harmless

HINT_EMPTY = "no alert matches the filter; esc clears it"


def summary(fleet: FleetSnapshot, now: float) -> Piece:
    """What to know before anything else, in as few words as are true."""
    first = _first(fleet, now)
    said = [first.text, *(f"{words}." for words in (_failing(fleet), _duty(fleet), _hidden(fleet, now)) if words)]
    role = Role.BAD if failing_channels(fleet) else first.role
    return Piece(" ".join(said), role)


def _first(fleet: FleetSnapshot, now: float) -> Piece:
    firing = [alert for alert in fleet.alerts if alert.state is AlertState.FIRING]
    waiting = [alert for alert in firing if alert.wants_attention]
    if waiting:
        oldest = min(alert.raised_at for alert in waiting)
        count = "1 alert waits" if len(waiting) == 1 else f"{len(waiting)} alerts wait"
        worst = max((alert.severity for alert in waiting), key=lambda severity: severity.rank)
        return Piece(f"{count} for somebody, the oldest for {span(now - oldest)}.", SEVERITY_MARKS[worst].role)
    taken = [alert for alert in firing if alert.acknowledged_by is not None]
    if taken:
        return Piece("Nothing wants you: all alerts that fire are taken.", Role.HELD)
    if firing:
        return Piece("Nothing wants you: all alerts that fire are muted.", Role.HELD)
    ended = [alert.resolved_at for alert in fleet.alerts if alert.resolved_at is not None]
    quiet = f"; the last alert ended {span(now - max(ended))} ago" if ended else ""
    return Piece(f"Nothing wants you: {calm_words(fleet)}{quiet}.", Role.GOOD)


def _failing(fleet: FleetSnapshot) -> str:
    return channel_words(fleet, with_reason=False) if failing_channels(fleet) else ""


def _duty(fleet: FleetSnapshot) -> str:
    return f"{harmless(fleet.on_call)} is on call" if fleet.on_call else ""


def _hidden(fleet: FleetSnapshot, now: float) -> str:
    """What silences hide, and when the first of those that hide anything ends."""
    hiding = [silence for silence in fleet.silences if silence.hides and silence.begins <= now]
    if not hiding:
        return ""
    count = sum(silence.hides for silence in hiding)
    ends = whole_span(min(silence.until for silence in hiding) - now)
    if len(hiding) == 1:
        return f"A silence hides {count} and ends in {ends}"
    return f"{len(hiding)} silences hide {count}, the first ends in {ends}"


def calm_words(fleet: FleetSnapshot) -> str:
    """What is said while nothing fires."""
    well = sum(1 for model in fleet.models if model.status is ModelStatus.AVAILABLE)
    count = len(fleet.models)
    return f"all {well} models are well" if well == count else f"{well} of {count} models are well"


def empty_words(fleet: FleetSnapshot, now: float) -> str:
    """What stands in an inbox that never held anything."""
    if past_of(fleet) is not None:
        return "no alert is recorded until then"
    return f"no alert since the engine started {span(now - fleet.started_at)} ago"
