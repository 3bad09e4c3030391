"""Quiet hours: what is mild waits until they are over."""

from __future__ import annotations

from hive_console.core.alert_settings import AlertSettings
from hive_console.core.local_time import LocalClock
from hive_console.core.states import Severity


def quiet_until(severity: Severity, settings: AlertSettings, now: float, local: LocalClock) -> float | None:
    """Until when (Unix seconds) an alert of this severity waits; `None` when it need not.

    Errors and critical alerts never wait. Ask again then: where the wall clock jumps, or another day's quiet hours
    follow at once, it is later.
    """
    if settings.quiet is None or severity.rank > Severity.WARNING.rank:
        return None
    shown = local(now)
    return now + settings.quiet.minutes_left(shown) * 60 if settings.quiet.covers(shown) else None
