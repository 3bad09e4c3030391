"""The windows of ten seconds that were never written, because a model spent them as it was before."""

from __future__ import annotations

from collections.abc import Mapping

from hive_console.core.rollup import Sums, Tier
from hive_console.core.states import BreakerState, ModelStatus

_TEN = int(Tier.TEN_SECONDS)
_MINUTE = int(Tier.MINUTE)
_MILLISECONDS = _TEN * 1_000


def filled(
    tens: Mapping[int, Sums], minutes: Mapping[int, Sums], begin: int, *, end: int, final_until: float
) -> dict[int, Sums]:
    """One model's windows of ten seconds within `[begin, end)`, by when they begin; none where nobody recorded.

    A quiet window is known where its minute is, unless that tells of more than was kept of its windows, and in
    the minute that is still open. So `minutes` must begin with the one before that of `begin`, and `tens` with the
    minute of `begin`; windows from `final_until` on are not over, or nobody knows of them yet.
    """
    found: dict[int, Sums] = {}
    first = begin - begin % _MINUTE
    for minute in range(first, end, _MINUTE):
        before = minutes.get(minute - _MINUTE)
        status, breaker = (None, None) if before is None else (before.status, before.breaker)
        is_known = _is_whole(minutes[minute], tens, minute) if minute in minutes else minute + _MINUTE > final_until
        for t in range(minute, minute + _MINUTE, _TEN):
            sums = tens.get(t)
            if sums is not None:
                status, breaker = sums.status, sums.breaker
            elif is_known and status is not None and t + _TEN <= final_until:
                sums = _quiet(status, breaker)
            if sums is not None and begin <= t < end:
                found[t] = sums
    return found


def _is_whole(minute: Sums, tens: Mapping[int, Sums], begin: int) -> bool:
    """Whether all that a minute tells of is told by its windows of ten seconds: else some are gone, not quiet."""
    parts = [tens[t] for t in range(begin, begin + _MINUTE, _TEN) if t in tens]
    return (minute.calls, minute.operations, minute.probes) == (
        sum(part.calls for part in parts),
        sum(part.operations for part in parts),
        sum(part.probes for part in parts),
    )


def _quiet(status: ModelStatus, breaker: BreakerState | None) -> Sums:
    known = 0 if status is ModelStatus.UNKNOWN else _MILLISECONDS
    available = 0 if status is ModelStatus.UNAVAILABLE else known
    return Sums(known_ms=known, available_ms=available, status=status, breaker=breaker)
