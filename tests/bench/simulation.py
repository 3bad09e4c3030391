"""How fast a simulated month is: `python -m tests.bench.simulation`.

The baseline is the same weather and traffic without the engine, in the same run: what is left over is the
engine's own work, probes included.
"""

from __future__ import annotations

import time

from hive_console.sim.rehearsal.fleet import standard_fleet
from hive_console.sim.rehearsal.fronts import Baseline
from hive_console.sim.rehearsal.rehearse import Outcome, Rehearsal, rehearse

DAYS = 30.0
MODELS = 6
PROVIDERS = 3


def _timed(baseline: Baseline | None) -> tuple[float, float, Outcome]:
    """Seconds of processor and of wall time, and what came of it."""
    wall, processor = time.perf_counter(), time.process_time()
    outcome = rehearse(Rehearsal(standard_fleet(MODELS, PROVIDERS), "7", days=DAYS, baseline=baseline))
    return time.process_time() - processor, time.perf_counter() - wall, outcome


def main() -> None:
    bare, bare_wall, _ = _timed(Baseline.NONE)
    full, full_wall, outcome = _timed(None)
    print(f"{DAYS:g} days, {MODELS} models of {PROVIDERS} providers, seed 7: {outcome.events:,} events")
    print(f"{'':<28}{'CPU s':>8}{'wall s':>8}{'ratio':>8}")
    print(f"{'traffic without the engine':<28}{bare:>8.1f}{bare_wall:>8.1f}{1.0:>8.2f}")
    print(f"{'with the engine':<28}{full:>8.1f}{full_wall:>8.1f}{full / bare:>8.2f}")
    print(f"CPU for each event: {full / outcome.events * 1e6:.0f} microseconds")


if __name__ == "__main__":
    main()
