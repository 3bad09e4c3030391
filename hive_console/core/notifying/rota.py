"""Who is on call: the weekly shifts by the wall clock, and the exceptions from them."""

from __future__ import annotations

from collections.abc import Iterable

from hive_console.core.alert_settings import ON_CALL, AlertSettings
from hive_console.core.local_time import LocalClock


def on_call(settings: AlertSettings, now: float, local: LocalClock) -> str:
    """The name of whoever is on call now; empty where nobody is.

    Of overrides that overlap the last one counts: it was written to change the others.
    """
    for override in reversed(settings.overrides):
        if override.begins <= now < override.ends:
            return override.person
    if not settings.shifts:
        return ""
    minute = local(now).minute_of_week
    shifts = sorted(settings.shifts, key=lambda shift: shift.begins)
    begun = [shift for shift in shifts if shift.begins <= minute]
    return (begun or shifts)[-1].person  # before the week's first shift, its last one goes on


def reached(names: Iterable[str], settings: AlertSettings, now: float, local: LocalClock) -> tuple[str, ...]:
    """The channels that are meant, each once; those of whoever is on call now in place of `ON_CALL`.

    Where nobody is on call everybody is told: a gap in the rota must not swallow an alert.
    """
    meant: list[str] = []
    for name in names:
        if name != ON_CALL:
            meant.append(name)
            continue
        person = on_call(settings, now, local)
        for one in settings.people:
            if not person or one.name == person:
                meant.extend(one.channels)
    return tuple(dict.fromkeys(meant))
