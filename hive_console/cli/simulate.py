"""`hive-console simulate`: rehearses weeks of outages in virtual time and holds the outcome against BIP-03."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from hive_console.cli.simulation_report import Ran, as_json, as_text
from hive_console.core.errors import ConfigurationError, SettingsError
from hive_console.core.settings import Settings
from hive_console.sim.rehearsal.climate import providers_of
from hive_console.sim.rehearsal.fleet import MAX_MODELS, standard_fleet
from hive_console.sim.rehearsal.fronts import Baseline
from hive_console.sim.rehearsal.incident_file import MAX_BYTES, MAX_DAYS, Timeline, read_incidents
from hive_console.sim.rehearsal.rehearse import Outcome, Rehearsal
from hive_console.sim.rehearsal.seeds import cores, rehearse_all
from hive_console.sim.rehearsal.summary import Word

BROKEN = 1
"""Exit status when a promise was not kept (or, with --strict, a target was missed)."""

MISUSED = 2
"""Exit status when nothing was run: wrong options, or a file that cannot be used."""

DAYS = 30.0
MODELS = 6
PROVIDERS = 3
MAX_SEEDS = 10_000

MAX_STORM = 1000.0
"""A thousand incidents a day and provider leave no good minute; more says nothing further."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The options, as they were given."""

    days: float | None
    seed: int
    seeds: int
    models: int | None
    providers: int | None
    config: Path | None
    weather: Path | None
    storm: float

    @property
    def fleet(self) -> tuple[int, int]:
        """How many models the standard fleet has, of how many providers."""
        models = self.models or MODELS
        return models, self.providers or min(PROVIDERS, models)

    def replay(self, seed: str, days: float) -> str:
        """The command that runs one of the seeds again, alone."""
        words = ["hive-console", "simulate", "--days", f"{days:g}", "--seed", seed]
        if self.config is not None:
            words += ["--config", str(self.config)]
        else:
            models, providers = self.fleet
            words += ["--models", str(models), "--providers", str(providers)]
        if self.weather is not None:
            words += ["--weather", str(self.weather)]
        if self.storm != 1:
            words += ["--storm", f"{self.storm:g}"]
        return shlex.join(words)


@click.command("simulate")
@click.option(
    "--days", type=click.FloatRange(0, MAX_DAYS, min_open=True), help="Virtual days; 30, or the weather file's."
)
@click.option("--seed", type=click.IntRange(0), default=7, show_default=True, help="The first seed.")
@click.option("--seeds", type=click.IntRange(1, MAX_SEEDS), default=1, show_default=True, help="How many seeds.")
@click.option("--models", type=click.IntRange(1, MAX_MODELS), help="Models of the standard fleet; 6 unless given.")
@click.option("--providers", type=click.IntRange(1, MAX_MODELS), help="Their providers; 3 unless given.")
@click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="Rehearse this settings file's fleet instead."
)
@click.option("--weather", type=click.Path(path_type=Path, dir_okay=False), help="CSV of incidents to replay.")
@click.option(
    "--storm",
    type=click.FloatRange(0.01, MAX_STORM),
    default=1.0,
    show_default=True,
    help="How many times as often as usual something goes wrong.",
)
@click.option(
    "--baseline",
    type=click.Choice([*(baseline.value for baseline in Baseline), "all"]),
    help="Run the same weather and traffic also without (parts of) the engine.",
)
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; as many as cores unless given.")
@click.option("--json", "is_json", is_flag=True, help="Print the result as JSON.")
@click.option("--strict", "is_strict", is_flag=True, help="Exit with 1 also when a target is missed.")
@click.pass_context
def command(
    context: click.Context,
    *,
    days: float | None,
    seed: int,
    seeds: int,
    models: int | None,
    providers: int | None,
    config: Path | None,
    weather: Path | None,
    storm: float,
    baseline: str | None,
    jobs: int | None,
    is_json: bool,
    is_strict: bool,
) -> None:
    """Rehearse days of outages in seconds: the real engine, virtual time, simulated models.

    Prints the success metrics of the specification against their targets. The same seed gives the same events
    on every machine. Exits with 0 when every promise was kept, with 1 when one was broken (the line that replays
    it is printed), with 2 when nothing could be run.
    """
    wanted = _Wanted(days, seed, seeds, models, providers, config, weather, storm)
    try:
        settings = _settings(wanted)
        timeline = None if weather is None else _timeline(weather, settings)
    except ConfigurationError as problem:
        for line in problem.problems:
            click.echo(line, err=True)
        context.exit(MISUSED)
    length = days or (float(timeline.days) if timeline is not None else DAYS)
    chosen = _baselines(baseline)
    rehearsals = [
        Rehearsal(
            settings,
            str(number),
            days=length,
            weather=None if timeline is None else timeline.episodes,
            storm=storm,
            baseline=kind,
        )
        for kind in (None, *chosen)
        for number in range(seed, seed + seeds)
    ]
    outcomes = list(_told(rehearse_all(rehearsals, jobs or cores()), len(rehearsals)))
    broken = [outcome for outcome in outcomes if outcome.broken]
    ran = Ran(settings, length, tuple(outcomes), tuple(wanted.replay(one.seed, length) for one in broken))
    click.echo(as_json(ran) if is_json else as_text(ran))
    if not is_json:
        _complain(broken, ran.replays)
    is_missed = any(line.word is Word.MISSED for line in ran.lines(None))
    if broken or (is_strict and is_missed):
        context.exit(BROKEN)


def _settings(wanted: _Wanted) -> Settings:
    if wanted.config is None:
        try:
            return standard_fleet(*wanted.fleet)
        except SettingsError as problem:
            raise click.UsageError(str(problem)) from problem
    if wanted.models is not None or wanted.providers is not None:
        raise click.UsageError("--config names the models; leave out --models and --providers")
    from hive_console.adapters.config_file import load  # YAML is only needed here

    return load(wanted.config, os.environ).settings


def _timeline(path: Path, settings: Settings) -> Timeline:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise ConfigurationError((f"{path}: cannot be read: {error.strerror}",)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError((f"{path}: is no UTF-8 text (byte {error.start}); save it as UTF-8",)) from error
    return read_incidents(text, path.name, providers_of(settings))


def _baselines(word: str | None) -> Sequence[Baseline]:
    if word is None:
        return ()
    return tuple(Baseline) if word == "all" else (Baseline(word),)


def _told(outcomes: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    """Counts on a terminal what is done; a month takes seconds, twenty months take minutes."""
    is_shown = sys.stderr.isatty() and total > 1
    for number, outcome in enumerate(outcomes, start=1):
        if is_shown:
            click.echo(f"\r{number} of {total} rehearsals", nl=number == total, err=True)
        yield outcome


def _complain(broken: Sequence[Outcome], replays: Sequence[str]) -> None:
    for outcome, replay in zip(broken, replays, strict=True):
        for one in outcome.broken:
            click.echo(f"seed {outcome.seed}: {one}", err=True)
        click.echo(f"replay: {replay}", err=True)
