"""What an outage costs clients: a primary is killed under ten requests a second, and comes back.

`python -m tests.bench.outage` prints failed requests, the slowest answer around the kill as a ratio to the median
before it, when the breaker opened, and when traffic was back after the return of the server. Then it prints what
hanging and dead primaries cost one and twelve callers, and what answers take with the breaker open beside the own
of the fallback.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests.system.callers import median
from tests.system.outages import OPEN, OUTAGES, SECONDS, THRESHOLD, TIMEOUT, outage_costs
from tests.system.outages import RECOVERY as COSTS_RECOVERY
from tests.system.program import Headless, Provider, eventually, settings_for, status
from tests.system.traffic import Load

RECOVERY = 3.0


def _state(data: Path) -> str:
    models = status(data).get("models", ())
    return next((str(view["breaker"]["state"]) for view in models if view["model_id"] == "alpha"), "")


def run(folder: Path) -> None:
    providers = [Provider(folder, name) for name in ("alpha", "beta", "gamma")]
    engine = Headless(folder, str(settings_for(folder, *providers, recovery=f"{RECOVERY:g}s")))
    try:
        with Load(engine.gateway(), "alpha") as load:
            eventually(lambda: len(load.results) > 50)
            calm = statistics.median(result.seconds for result in load.results)
            killed_at = time.monotonic()
            providers[0].kill()
            eventually(lambda: _state(engine.data) == "open")
            opened = time.monotonic() - killed_at
            eventually(lambda: len(load.served_since(killed_at)) > 50)
            returned_at = time.monotonic()
            providers[0].start()
            started = time.monotonic() - returned_at
            eventually(lambda: "alpha" in load.served_since(returned_at))
            back = time.monotonic() - returned_at
    finally:
        engine.stop()
        for provider in providers:
            provider.kill()
    during = [result.seconds for result in load.results if killed_at - 1 <= result.began <= killed_at + 2]
    print(f"{'requests':44} {len(load.results):6}")
    print(f"{'failed':44} {len(load.errors()):6}")
    print(f"{'slowest answer around the kill / median before':44} {max(during) / calm:8.2f}")
    print(f"{'breaker seen open after the kill':44} {opened:8.2f} s (status command's own time included)")
    print(f"{'traffic back after the start of the server':44} {back:8.2f} s")
    print(f"{'  of which the server took to come up':44} {started:8.2f} s, and the breaker waits {RECOVERY:g} s")


def run_costs(folder: Path) -> None:
    costs = outage_costs(folder)
    print(
        f"{SECONDS:g} s of an outage, timeout {TIMEOUT:g} s, threshold {THRESHOLD}, recovery {COSTS_RECOVERY:g} s"
    )
    for outage in OUTAGES:
        told = (
            f"{costs.costly(outage):4} of {len(costs.of(outage.model)):4} answers met it,"
            f" {costs.slow(outage):2} for all of its timeout"
        )
        print(
            f"  {outage.model:20} {outage.callers:3} at once {told}, median {median(costs.of(outage.model)):.3f} s"
        )
    instead, own = costs.of(OPEN)[THRESHOLD:], costs.of("well")
    print(
        f"  breaker open: median {median(instead) / median(own):.3f} of the fallback's own, {len(own)} answers each"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        run_costs(Path(folder))


if __name__ == "__main__":
    main()
