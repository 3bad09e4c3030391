"""Minutes of traffic with faults and disconnects of all kinds: what the engine's process keeps of it.

`python -m tests.bench.soak [MINUTES [RATE]]` (10 and 500 requests a second) prints what the load met, what the
process had each minute, and the checks: no call left in flight, no task and no descriptor more than before, no idle
connection but those of health checks, memory that grew by less than 5 % after the second minute. Load, providers
and engine are processes of their own. `make bench` leaves it out: it takes its minutes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.soak.run import MOST_KEPT, Look, Soaked, soak

MINUTES = 10.0
RATE = 500.0
SETTLED_AFTER = 120.0
"""Seconds after which caches, windows and pools have their size."""

MOST_GROWTH = 0.05
MEGABYTE = 1_000_000


class _Told:
    """Prints a look a minute."""

    def __init__(self) -> None:
        self._next = 0.0
        self._last: Look | None = None

    def __call__(self, look: Look) -> None:
        if look.at < self._next:
            return
        self._next += 60
        share = ""
        if self._last is not None:
            share = f"{(look.cpu - self._last.cpu) / (look.at - self._last.at):8.0%}"
        self._last = look
        numbers = (
            f"{look.resident / MEGABYTE:8.1f} MB {look.descriptors + look.kept:6} fds {look.in_flight:5} in flight"
        )
        print(f"  {look.at:6.0f} s {numbers} {share:>8} of a core", flush=True)


def _print(soaked: Soaked, seconds: float) -> bool:
    for said, count in sorted(soaked.counts.items()):
        print(f"  {said:40} {count:8}")
    print(f"  {'requests a second':40} {soaked.counts['sent'] / seconds:8.0f}")
    growth = soaked.growth(SETTLED_AFTER) if seconds > SETTLED_AFTER else None
    checks = {
        f"calls in flight at rest: {soaked.after.in_flight}": soaked.after.in_flight == 0,
        f"descriptors before {soaked.before.descriptors}, after {soaked.after.descriptors}": (
            soaked.after.descriptors <= soaked.before.descriptors
        ),
        f"connections to providers at rest: {soaked.after.kept}": soaked.after.kept <= MOST_KEPT,
        f"tasks before {len(soaked.tasks_before)}, after {len(soaked.tasks_after)}": (
            soaked.tasks_after == soaked.tasks_before
        ),
        f"what no fault explains: {soaked.surprises or 'nothing'}": not soaked.surprises,
        f"errors nobody expected: {soaked.log.count('Traceback') + len(soaked.unexpected)}": (
            "Traceback" not in soaked.log and not soaked.unexpected
        ),
    }
    if growth is not None:
        checks[f"memory grew by {growth:.1%} after {SETTLED_AFTER:.0f} s"] = growth < MOST_GROWTH
    for check, is_kept in checks.items():
        print(f"  {'kept  ' if is_kept else 'BROKEN'} {check}")
    return all(checks.values())


def main(minutes: float = MINUTES, rate: float = RATE) -> bool:
    print(f"{minutes:g} minutes at {rate:g} requests a second")
    with tempfile.TemporaryDirectory() as folder:
        soaked = soak(Path(folder), rate=rate, seconds=minutes * 60, told=_Told())
    return _print(soaked, minutes * 60)


if __name__ == "__main__":
    sys.exit(not main(*(float(argument) for argument in sys.argv[1:3])))
