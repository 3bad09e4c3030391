"""What is copied for a ticket or a chat: one row, or the incident as it stands, in plain lines."""

from __future__ import annotations

from datetime import tzinfo

from hive_console.core.headline import headline
from hive_console.core.holding import hold_words
from hive_console.core.holds import target_words
from hive_console.core.snapshot import AlertView, FleetSnapshot, HoldView, ModelView
from hive_console.core.states import AlertState, ModelStatus
from hive_console.core.wording import ago, percent, whole_span
from hive_console.ui.formatting import day_and_time
from hive_widgets.glyphs import BREAKER_MARKS, SEVERITY_MARKS, STATUS_MARKS

MOST_LINES = 40
"""Models and alerts that a summary lists; the rest is counted."""


def model_row(model: ModelView, now: float) -> str:
    """One model in one line."""
    parts = [
        model.model_id,
        f"({model.provider})",
        STATUS_MARKS[model.status].word,
        f"for {whole_span(now - model.status_since)}",
        f"breaker {BREAKER_MARKS[model.breaker.state].word}",
        "" if model.error_rate is None else f"errors {percent(model.error_rate)}",
        f"traffic on {model.serving}" if model.serving and model.serving != model.model_id else "",
        f"last error: {model.last_error}" if model.last_error else "",
    ]
    return "  ".join(part for part in parts if part)


def alert_row(alert: AlertView, now: float) -> str:
    """One alert in one line."""
    taken = f"  acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else ""
    mark = SEVERITY_MARKS[alert.severity]
    return f"{mark.word}  {alert.text}  {ago(now - alert.raised_at)}{taken}"


def held_row(hold: HoldView, now: float) -> str:
    """One hold in one line."""
    why = f"  reason: {hold.reason}" if hold.reason else ""
    return f"HELD  {target_words(hold.target)}  {hold_words(hold, now)}{why}"


def incident_summary(fleet: FleetSnapshot, now: float, zone: tzinfo | None) -> str:
    """The fleet, what is wrong with it, who knows, and what hands hold, ready to paste."""
    where = f" {fleet.environment}" if fleet.environment else ""
    troubled = [model for model in fleet.models if model.status is not ModelStatus.AVAILABLE]
    firing = [alert for alert in fleet.alerts if alert.state is AlertState.FIRING]
    rows = [model_row(model, now) for model in troubled] + [alert_row(alert, now) for alert in firing]
    rows += [held_row(hold, now) for hold in fleet.holds]
    more = [f"and {len(rows) - MOST_LINES} more"] if len(rows) > MOST_LINES else []
    lines = [f"HIVE{where} {day_and_time(now, zone)}", headline(fleet, now), *rows[:MOST_LINES], *more]
    return "\n".join(lines)
