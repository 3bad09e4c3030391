"""The wall clock of a named time zone, summer time included, for quiet hours, shifts and maintenance.

`zoneinfo` is only imported when somebody names a zone: it costs milliseconds, and stands before the first paint.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from hive_console.core.errors import SettingsError
from hive_console.core.local_time import LocalClock, LocalTime, utc

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

UTC_NAMES = frozenset({"", "UTC"})
"""Zones that need no table; the settings leave the name out for them."""


def clock_of(zone: str) -> LocalClock:
    """The wall clock of a zone such as `Europe/Berlin`, of UTC when empty; `SettingsError` for an unknown one."""
    if zone in UTC_NAMES:
        return utc
    place = _zone(zone)

    def local(at: float) -> LocalTime:
        shown = datetime.fromtimestamp(at, place)
        seconds = shown.hour * 3600 + shown.minute * 60 + shown.second + shown.microsecond / 1_000_000
        return LocalTime(shown.weekday(), seconds / 60)

    return local


class ZoneClock:
    """The wall clock of the settings' zone, which they may change while it is used."""

    __slots__ = ("_local",)

    def __init__(self, zone: str = "") -> None:
        """Shows the time of this zone; raises like `clock_of`."""
        self._local = clock_of(zone)

    def __call__(self, at: float) -> LocalTime:
        """What it shows at an instant (Unix seconds)."""
        return self._local(at)

    def use(self, zone: str) -> None:
        """Shows the time of another zone from now on; raises like `clock_of`."""
        self._local = clock_of(zone)


def instant_of(zone: str, wall: datetime) -> float:
    """Unix seconds of what the wall clock of the zone shows. Raises `SettingsError` for an unknown zone.

    A time that comes twice (summer time ends) is the first of both; one that is skipped is as much later as the
    clock is put forward.
    """
    place = _zone(zone or "UTC")
    return wall.replace(tzinfo=place, fold=0).timestamp()


def is_zone(name: str) -> bool:
    """Whether this machine knows a zone of this name."""
    try:
        _zone(name)
    except SettingsError:
        return False
    return True


def known_zones() -> frozenset[str]:
    """Every zone this machine knows, for a suggestion: reads some hundred files."""
    import zoneinfo  # as above

    return frozenset(zoneinfo.available_timezones())


def _zone(name: str) -> ZoneInfo:
    import zoneinfo  # as above

    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:  # not there; ../ and such; a folder such as Europe
        raise SettingsError("timezone", "is no time zone; write one such as Europe/Berlin, or UTC") from exc
