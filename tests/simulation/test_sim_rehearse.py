"""Rehearsals: days of bad weather break no promise, and a seed tells the same story everywhere."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hive_console.core.settings import ProbeKind, ResilienceSettings, RetryBeforeFallback, Settings, Strategy
from hive_console.core.task import Reply, Task
from hive_console.engine import publisher
from hive_console.engine.supervisor import ResilienceEngine
from hive_console.sim.rehearsal.dice import Dice
from hive_console.sim.rehearsal.episodes import Episode, Trouble
from hive_console.sim.rehearsal.fleet import standard_fleet
from hive_console.sim.rehearsal.fronts import Baseline
from hive_console.sim.rehearsal.rehearse import Outcome, Rehearsal, rehearse
from hive_console.sim.rehearsal.seeds import rehearse_all
from hive_console.sim.rehearsal.watcher import Invariant

ROOT = Path(__file__).parents[2]

FLEET = standard_fleet(3, 3)

STORM = 5.0
"""Five incidents a day and provider: a usual day holds too few to break anything."""

SEEDS = range(200)

FAILED_SEEDS: tuple[Rehearsal, ...] = ()
"""Rehearsals that once broke a promise. Each stays here for ever."""

SHORT = Rehearsal(FLEET, "7", days=0.25, storm=20.0)


def broken(outcome: Outcome) -> str:
    """What broke, and the command that shows it again."""
    lines = "; ".join(map(str, outcome.broken))
    return f"{lines} | hive-console simulate --days 1 --models 3 --storm {STORM:g} --seed {outcome.seed}"


@pytest.mark.timeout(400)
def test_two_hundred_stormy_days_break_no_promise() -> None:
    days = [Rehearsal(FLEET, str(seed), days=1, storm=STORM) for seed in SEEDS]

    outcomes = list(rehearse_all(days, jobs=2))

    assert [broken(one) for one in outcomes if one.broken] == []
    assert len({one.digest for one in outcomes}) == len(SEEDS)


def test_what_once_broke_a_promise_does_so_no_more() -> None:
    outcomes = rehearse_all(FAILED_SEEDS, jobs=1)

    assert [broken(one) for one in outcomes if one.broken] == []


def any_settings(seed: int) -> Settings:
    """Settings that nobody would choose, and somebody has: short timeouts, single places, no probes."""
    dice = Dice(str(seed), "settings")
    models = 1 + int(dice.roll() * 6)
    fleet = standard_fleet(models, 1 + int(dice.roll() * models))
    return replace(
        fleet,
        models=tuple(
            replace(
                model,
                strategy=dice.pick(tuple(Strategy)),
                probe=dice.pick(tuple(ProbeKind)),
                probe_path="/health",
                max_retries=dice.pick((0, 1, 3)),
                breaker_threshold=dice.pick((1, 2, 5)),
                max_concurrent_requests=dice.pick((1, 2, 10)),
                timeout=dice.pick((3.0, 10.0, 30.0)),
                recovery_timeout=dice.pick((1.0, 20.0, 60.0)),
                weight=dice.pick((0.0, 1.0, 3.0)),
            )
            for model in fleet.models
        ),
        resilience=ResilienceSettings(
            operation_deadline=dice.pick((5.0, 30.0, 90.0)),
            retry_before_fallback=dice.pick(tuple(RetryBeforeFallback)),
            max_queued_requests=dice.pick((0, 2, 1000)),
        ),
    )


def test_any_settings_keep_the_promises() -> None:
    fleets = [
        Rehearsal(any_settings(seed), str(seed), days=0.25, storm=storm)
        for seed in range(20)
        for storm in (5.0, 50.0)
    ]

    outcomes = list(rehearse_all(fleets, jobs=2))

    assert [(number, one.broken) for number, one in enumerate(outcomes) if one.broken] == []


@pytest.mark.parametrize("strategy", [Strategy.PARALLEL, Strategy.WEIGHTED])
def test_every_strategy_keeps_the_promises(strategy: Strategy) -> None:
    models = tuple(replace(model, strategy=strategy) for model in FLEET.models)

    outcome = rehearse(replace(SHORT, settings=replace(FLEET, models=models), days=1))

    assert outcome.broken == ()
    assert outcome.report.answered > 900


def digest_in(python: str, hash_seed: str) -> str:
    script = (
        "from hive_console.sim.rehearsal.fleet import standard_fleet\n"
        "from hive_console.sim.rehearsal.rehearse import Rehearsal, rehearse\n"
        f"print(rehearse(Rehearsal(standard_fleet(3, 3), '7', days={SHORT.days}, storm={SHORT.storm})).digest)\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed}
    ran = subprocess.run(
        (python, "-c", script), capture_output=True, text=True, check=False, env=environment, cwd=ROOT
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_the_order_of_hashes_changes_nothing(hash_seed: str) -> None:
    assert digest_in(sys.executable, hash_seed) == rehearse(SHORT).digest


def interpreter(version: str) -> str | None:
    """A Python of this version: on the path, or where pyenv keeps its own. Shims that find nothing do not count."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    candidates = [shutil.which(f"python{version}"), *sorted(map(str, pyenv.glob(f"{version}.*/bin/python")))]
    for candidate in candidates:
        if candidate is None:
            continue
        ran = subprocess.run((candidate, "-c", "import sys; print(sys.version)"), capture_output=True, check=False)
        if ran.returncode == 0 and ran.stdout.decode().startswith(f"{version}."):
            return candidate
    return None


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_supported_python_tells_the_same_story(version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")

    assert digest_in(python, "random") == rehearse(SHORT).digest


def test_another_seed_tells_another_story() -> None:
    assert rehearse(SHORT).digest != rehearse(replace(SHORT, seed="8")).digest


def test_processes_give_the_same_in_the_same_order() -> None:
    rehearsals = [replace(SHORT, seed=str(seed), days=0.05) for seed in range(3)]

    assert list(rehearse_all(rehearsals, jobs=2)) == list(rehearse_all(rehearsals, jobs=1))


def test_a_rehearsal_leaves_nothing_changed_behind() -> None:
    was_on = gc.isenabled()
    before = publisher.SHORTEST, publisher.LONGEST, gc.get_threshold()
    gc.disable()
    try:
        rehearse(replace(SHORT, days=0.01))

        assert not gc.isenabled()
    finally:
        if was_on:
            gc.enable()
    assert before == (publisher.SHORTEST, publisher.LONGEST, gc.get_threshold())


def test_an_engine_that_dawdles_is_found_and_the_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    original = ResilienceEngine.execute

    async def dawdling(engine: ResilienceEngine, task: Task) -> Reply:
        await asyncio.sleep(100)
        return await original(engine, task)

    monkeypatch.setattr(ResilienceEngine, "execute", dawdling)

    outcome = rehearse(SHORT)

    assert {one.invariant for one in outcome.broken} == {Invariant.DEADLINES_HOLD}
    assert outcome.broken[0].at < 7200


def test_an_error_that_nobody_classified_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def clumsy(engine: ResilienceEngine, task: Task) -> Reply:
        raise KeyError(task.model)

    monkeypatch.setattr(ResilienceEngine, "execute", clumsy)

    first = rehearse(SHORT).broken[0]

    assert first.invariant is Invariant.EVERY_OPERATION_ENDS_ONCE
    assert "KeyError at test_sim_rehearse.py" in first.what


def test_an_answer_from_a_forbidden_model_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = ResilienceEngine.execute

    async def careless(engine: ResilienceEngine, task: Task) -> Reply:
        return await original(engine, replace(task, allow_fallback=True))

    monkeypatch.setattr(ResilienceEngine, "execute", careless)
    down = tuple(Episode(0, 1e6, (model.id,), Trouble.REFUSING) for model in FLEET.models[:1])

    outcome = rehearse(replace(SHORT, days=2, weather=down))

    assert {one.invariant for one in outcome.broken} == {Invariant.POLICY_IS_KEPT}
    assert "invariant 11 (policy is kept) broke after" in str(outcome.broken[0])


def test_given_weather_is_the_weather() -> None:
    calm = rehearse(replace(SHORT, weather=()))
    outage = Episode(0, 1e6, tuple(model.id for model in FLEET.models), Trouble.UNAVAILABLE)
    dark = rehearse(replace(SHORT, weather=(outage,)))

    assert (calm.report.uptime, calm.report.fallbacks, calm.episodes) == (1.0, 0, 0)
    assert (dark.report.uptime, dark.episodes) == (0.0, 1)


def test_each_part_of_the_engine_buys_something() -> None:
    first, second, third = (model.id for model in FLEET.models)
    weather = (
        Episode(46_800, 55_800, (first,), Trouble.HANGING),
        Episode(50_400, 59_400, (second,), Trouble.UNAVAILABLE),
        Episode(55_800, 64_800, (third,), Trouble.HANGING),
    )
    day = replace(SHORT, days=1, weather=weather)

    engine, none, ladder, naive = (rehearse(replace(day, baseline=kind)).report for kind in (None, *Baseline))

    assert (none.uptime or 0) < 0.98
    assert (engine.uptime or 0) > 0.995
    assert (none.uptime or 0) <= (ladder.uptime or 0) < (engine.uptime or 0)
    assert (engine.fallback_wait or 0) < (naive.fallback_wait or 0) / 2


@pytest.mark.parametrize("baseline", list(Baseline))
def test_a_baseline_meets_the_same_traffic(baseline: Baseline) -> None:
    engine, compared = rehearse(SHORT).report, rehearse(replace(SHORT, baseline=baseline)).report

    def count(report: object) -> int:
        return sum(getattr(report, name) for name in ("answered", "failed", "shed", "rejected", "cancelled"))

    assert count(compared) == count(engine)


def test_a_stream_that_broke_after_its_first_content_is_lost_to_a_baseline_too() -> None:
    partial = Episode(0, 1e6, tuple(model.id for model in FLEET.models), Trouble.PARTIAL, 0.5)

    naive = rehearse(replace(SHORT, days=1, weather=(partial,), baseline=Baseline.NAIVE)).report

    assert naive.failed > 0
