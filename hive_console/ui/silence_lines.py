"""Silences as lines: what each hides, whose it is, why, and when it ends; pure."""

from __future__ import annotations

from datetime import tzinfo

from hive_console.core.alerting.matching import Matcher, all_match
from hive_console.core.errors import SettingsError
from hive_console.core.snapshot import AlertView, FleetSnapshot, SilenceView
from hive_console.core.states import AlertState
from hive_console.core.wording import ago, whole_span
from hive_console.ui.formatting import day_and_time
from hive_console.ui.labeled import labeled
from hive_widgets.glyphs import SILENCED, Mark, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit, width_of

ENDS_SOON = 900.0
"""Seconds before its end from which a silence is marked: as early as the rule that warns of it."""

MAINTENANCE = Mark("▣", "M", "maintenance", Role.HELD)
PLANNED = Mark("○", "-", "planned", Role.MUTED)
ENDING = Mark("▲", "!", "ends soon", Role.WARN)

_WORD, _ENDS, _HIDES, _BY = 12, 12, 10, 12
"""Columns, with the air behind them."""

_BY_FROM = 70
"""Columns from which whose it is has a column; the details tell it everywhere."""


def mark_of(silence: SilenceView, now: float) -> Mark:
    """Whether it holds, will, or ends soon."""
    if silence.begins > now:
        return PLANNED
    if silence.until - now <= ENDS_SOON:
        return ENDING
    return MAINTENANCE if silence.is_maintenance else SILENCED


def ends_words(silence: SilenceView, now: float) -> str:
    """When it begins or ends."""
    if silence.begins > now:
        return f"in {whole_span(silence.begins - now)}"
    return f"{whole_span(silence.until - now)} left"


def hidden_by(silence: SilenceView, fleet: FleetSnapshot) -> tuple[AlertView, ...]:
    """The firing alerts that this silence, and no other, is said to cover."""
    return tuple(
        alert
        for alert in fleet.alerts
        if alert.state is AlertState.FIRING and alert.silenced_by == silence.silence_id
    )


def is_of(silence: SilenceView, alert: AlertView) -> bool:
    """Whether what it matches fits the alert; matchers that cannot be read fit nothing."""
    try:
        return all_match(map(Matcher.parse, silence.matchers), alert.all_labels)
    except SettingsError:
        return False


def row_pieces(silence: SilenceView, *, now: float, width: int, plain: bool) -> Pieces:
    """One silence in one line."""
    mark = mark_of(silence, now)
    hides = f"hides {silence.hides}" if silence.hides else "hides none"
    pieces = [
        Piece(f"{mark.ascii_glyph if plain else mark.glyph} {fit(mark.word, _WORD)}", mark.role),
        Piece(fit(ends_words(silence, now), _ENDS)),
        Piece(fit(hides, _HIDES) + " ", Role.WARN if silence.hides else Role.MUTED),
        *([Piece(fit(fit(silence.by, _BY - 1), _BY), Role.HELD)] if width >= _BY_FROM else []),
    ]
    left = max(0, width - sum(width_of(piece.text) for piece in pieces))
    matchers = ", ".join(silence.matchers)
    taken = min(width_of(matchers) + 2, max(0, left * 2 // 3))
    return (
        *pieces,
        Piece(fit(fit(matchers, max(0, taken - 2)), taken)),
        Piece(fit(silence.reason, left - taken), Role.MUTED),
    )


def detail_lines(
    silence: SilenceView, fleet: FleetSnapshot, *, now: float, zone: tzinfo | None, width: int
) -> tuple[Pieces, ...]:
    """All of one silence, and what it hides now."""
    kind = "maintenance" if silence.is_maintenance else "silence"
    ends = f"{day_and_time(silence.until, zone)}, {whole_span(silence.until - now)} left"
    if silence.ends_on_resolve:
        ends += ", or with the last alert that it covers"
    begins = ago(now - silence.begins) if silence.begins <= now else f"in {whole_span(silence.begins - now)}"
    hidden = hidden_by(silence, fleet)
    named = "; ".join(f"{alert.severity.value} {alert.text}" for alert in hidden)
    return (
        *labeled("What", f"{kind} of {', '.join(silence.matchers)}", width, lines=2),
        *labeled("Who", f"{silence.by}, began {begins}", width, lines=1),
        *labeled("Why", silence.reason, width, lines=2),
        *labeled("Ends", ends, width, lines=2),
        *labeled("Hides", f"{silence.hides} firing now, {silence.hid} since it began", width),
        *labeled("", named, width, role=Role.WARN),
        *labeled("Id", silence.silence_id, width),
    )
