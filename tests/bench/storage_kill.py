"""What kill -9 costs: `python -m tests.bench.storage_kill [--times 50]`.

One recording, killed again and again at random moments of 4,000 events a second, and looked at after each:
integrity of every file, what was acknowledged, how much of the requests is missing, every window against a
count of the events on disk. A third as many come at thirty times the pace, through midnight. Then kills while
old rows are removed, and while a recording of version 3 is brought over.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.storage import kills
from tests.storage.test_storage_kills import FAST, LOST, MIDNIGHT

_TIMES = 50
_FEW = 3


def _under_load(place: Path, times: int, rng: random.Random) -> None:
    lost: list[float] = []
    found: list[str] = []
    acknowledged = 0
    for number in range(times):
        killed, problems, seconds = kills.one_kill(
            place / "load", rng, begin=time.time(), in_place=number % _FEW == _FEW - 1
        )
        acknowledged += len(killed.durable)
        lost.append(seconds)
        found += problems
        print(".", end="", flush=True)
    print(
        f"\nunder load: {times} kills, {acknowledged} rows acknowledged, {len(found)} problems (goal 0),"
        f" requests lost: median {statistics.median(lost):.3f} s, most {max(lost):.3f} s (goal {LOST})"
    )
    _tell(found)


def _through_midnight(place: Path, times: int, rng: random.Random) -> None:
    found: list[str] = []
    begin = MIDNIGHT - FAST * times / 2
    for number in range(times):
        killed, problems, _ = kills.one_kill(
            place / "midnight", rng, begin=begin, speed=FAST, in_place=number % _FEW == _FEW - 1
        )
        begin = max(killed.at, begin) + 1.0
        found += problems
        print(".", end="", flush=True)
    reached = f"{begin - MIDNIGHT:+.0f} s from midnight"
    print(f"\nthirty times as fast, to {reached}: {times} kills, {len(found)} problems (goal 0)")
    _tell(found)


def _while_removing(place: Path, times: int, rng: random.Random) -> None:
    found: list[str] = []
    removed: list[int] = []
    for number in range(times):
        folder = place / f"removing-{number}"
        kills.kept_too_long(folder, MIDNIGHT)
        before = kills.old_windows(folder)
        process = kills.started(folder, begin=MIDNIGHT + 60, speed=FAST, days=1)
        limit = before - rng.randint(1, before // 2)
        killed = kills.killed_after(process, 1, when=partial(_is_below, folder, limit))
        found += kills.problems_of(folder, killed)
        removed.append(before - kills.old_windows(folder))
        kills.reopen(folder, max(killed.at, MIDNIGHT + 60) + 1.0)
        found += kills.differences(folder, since=MIDNIGHT)
    went = f"{min(removed):,} to {max(removed):,}"
    print(f"while old rows go: {times} kills after {went} of them went, {len(found)} problems (goal 0)")
    _tell(found)


def _is_below(folder: Path, limit: int) -> bool:
    return kills.old_windows(folder) < limit


def _while_migrating(place: Path, times: int, rng: random.Random) -> None:
    found: list[str] = []
    versions: list[int] = []
    for number in range(times):
        folder = place / f"older-{number}"
        kills.older_recording(folder, acts=20_000)
        kills.kill_while_migrating(folder, rng.uniform(0.0, 0.6), begin=MIDNIGHT)
        found += kills.problems_of(folder, kills.Killed())
        versions.append(kills.version_of(folder))
        kills.reopen(folder, MIDNIGHT + 10)
        if kills.version_of(folder) != 4:
            found.append(f"{folder.name} stayed at version {kills.version_of(folder)}")
    told = ", ".join(f"{versions.count(version)} at version {version}" for version in sorted(set(versions)))
    print(f"while version 3 is brought over: {times} kills ({told}), {len(found)} problems (goal 0)")
    _tell(found)


def _tell(found: list[str]) -> None:
    for problem in found[:5]:
        print(f"  {problem}")


def main(arguments: list[str] | None = None) -> None:
    """Prints what was found."""
    parser = argparse.ArgumentParser(description="what kill -9 costs")
    parser.add_argument(
        "--times", type=int, default=_TIMES, help="kills under load; a third as many of each other kind"
    )
    times = parser.parse_args(arguments if arguments is not None else []).times
    rng = random.Random("kills")
    others = max(1, times // _FEW)
    with tempfile.TemporaryDirectory() as place:
        _under_load(Path(place), times, rng)
        _through_midnight(Path(place), others, rng)
        _while_removing(Path(place), others, rng)
        _while_migrating(Path(place), others, rng)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
