"""Channels in words: whether one works, and what is said everywhere while one does not; pure."""

from __future__ import annotations

from datetime import tzinfo

from hive_console.core.snapshot import ChannelView, FleetSnapshot
from hive_console.core.states import AlertRule, AlertState
from hive_console.core.wording import ago, span, whole_span
from hive_console.ui.formatting import day_and_time
from hive_console.ui.labeled import labeled
from hive_widgets.glyphs import CHANNEL_FAILING, CHANNEL_RETRYING, CHANNEL_WAITING, CHANNEL_WELL, Mark, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit, harmless, width_of

LONGEST_NAME = 16
"""Cells of a channel's name in a banner."""

_WORD, _NAME, _KIND, _WAITING, _SENT, _LOST = 9, 14, 13, 14, 10, 8
"""Columns, with the air behind them."""

_WIDE = 76
"""Columns from which the kind and the count of what was sent have columns too."""


def channel_mark(channel: ChannelView) -> Mark:
    """How it does: kept back by its breaker, trying again, with notices that wait, or well."""
    if channel.is_open:
        return CHANNEL_FAILING
    if channel.last_error:
        return CHANNEL_RETRYING
    return CHANNEL_WAITING if channel.waiting else CHANNEL_WELL


def failing_channels(fleet: FleetSnapshot) -> tuple[ChannelView, ...]:
    """The channels that do not deliver now: nothing is sent over them, or an alert says so."""
    told = {
        dict(alert.labels).get("channel", alert.subject)
        for alert in fleet.alerts
        if alert.rule is AlertRule.NOTIFIER_FAILING and alert.state is AlertState.FIRING
    }
    return tuple(channel for channel in fleet.channels if channel.is_open or channel.name in told)


def channel_words(fleet: FleetSnapshot, *, with_reason: bool = True) -> str:
    """Which channel fails, why, and what waits for it, in a sentence without its end; there must be one."""
    first, *others = failing_channels(fleet)
    name = short_name(first.name)
    if others:
        waiting = sum(channel.waiting for channel in (first, *others))
        return f"{len(others) + 1} channels fail ({name} …), {_waiting(waiting)}"
    why = f": {first.last_error}" if first.last_error and with_reason else ""
    waits = f"; {_waiting(first.waiting)}" if first.waiting else ""
    return f"Channel {name} fails{why}{waits}"


def channel_banner(fleet: FleetSnapshot) -> str:
    """The same in a word or two, for the line on top of each screen."""
    first, *others = failing_channels(fleet)
    if others:
        return f"{len(others) + 1} CHANNELS FAIL"
    return f"CHANNEL {short_name(first.name)} FAILS"


def short_name(name: str) -> str:
    """A channel's name in at most `LONGEST_NAME` cells."""
    shown = harmless(name)
    return shown if width_of(shown) <= LONGEST_NAME else fit(shown, LONGEST_NAME)


def _waiting(count: int) -> str:
    return "1 notice waits" if count == 1 else f"{count} notices wait"


def row_pieces(channel: ChannelView, *, now: float, width: int, plain: bool) -> Pieces:
    """One channel in one line."""
    mark = channel_mark(channel)
    waiting = "none waits"
    if channel.waiting:
        oldest = "" if channel.oldest is None else f" {span(now - channel.oldest)}"
        waiting = f"{channel.waiting} wait{oldest}"
    lost = channel.dead + channel.dropped
    is_wide = width >= _WIDE
    pieces = [
        Piece(f"{mark.ascii_glyph if plain else mark.glyph} {fit(mark.word, _WORD)}", mark.role),
        Piece(fit(fit(channel.name, _NAME - 1), _NAME), is_bold=True),
        *([Piece(fit(channel.kind, _KIND), Role.MUTED)] if is_wide else []),
        Piece(fit(waiting, _WAITING), Role.WARN if channel.waiting else Role.MUTED),
        *([Piece(fit(f"{channel.delivered} sent", _SENT), Role.MUTED)] if is_wide else []),
        Piece(fit(f"{lost} lost", _LOST) if lost else "", Role.BAD),
    ]
    left = max(0, width - sum(width_of(piece.text) for piece in pieces))
    return (*pieces, Piece(fit(channel.last_error or _last(channel, now), left), _error_role(channel)))


def detail_lines(channel: ChannelView, *, now: float, zone: tzinfo | None, width: int) -> tuple[Pieces, ...]:
    """All of one channel."""
    mark = channel_mark(channel)
    again = ""
    if channel.next_at is not None and channel.next_at > now:
        again = f", used again in {whole_span(channel.next_at - now)}"
    stands = f"{mark.word}{again}"
    oldest = "" if channel.oldest is None else f", the oldest for {span(now - channel.oldest)}"
    counts = f"{channel.delivered} delivered, {channel.dead} given up, {channel.dropped} dropped since the start"
    last = channel.last_delivered_at
    return (
        *labeled("Channel", ", ".join(filter(None, (channel.name, channel.kind))), width, lines=2),
        *labeled("State", stands, width, role=mark.role),
        *labeled("Error", channel.last_error, width, role=Role.WARN, lines=4),
        *labeled("Waiting", f"{channel.waiting}{oldest}", width),
        *labeled("Counts", counts, width),
        *labeled("Last", "nothing was delivered yet" if last is None else day_and_time(last, zone), width),
    )


def _last(channel: ChannelView, now: float) -> str:
    at = channel.last_delivered_at
    return "" if at is None else f"last delivered {ago(now - at)}"


def _error_role(channel: ChannelView) -> Role:
    return Role.WARN if channel.last_error else Role.MUTED
