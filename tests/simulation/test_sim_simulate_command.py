"""`hive-console simulate`: what it prints, how it ends, and the line that replays a broken promise."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hive_console.cli.simulate import command
from hive_console.core.success import TARGETS
from hive_console.sim.rehearsal.watcher import Invariant, Watcher

PAGE = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
SHORT = ("--days", "0.1", "--models", "3", "--jobs", "1")

SETTINGS = """\
models:
  fast: {provider: here, endpoint: "http://127.0.0.1:1/v1", fallbacks: [safe]}
  safe: {provider: there, endpoint: "http://127.0.0.1:2/v1"}
"""


def simulate(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_a_report_shows_every_metric_with_its_target_in_eighty_columns() -> None:
    ran = simulate(*SHORT, "--storm", "20", "--seeds", "3", "--baseline", "all")

    assert ran.exit_code == 0, ran.output
    assert max(map(len, ran.output.splitlines())) <= 80
    assert ran.output.startswith("3 models of 3 providers, 0.1 days, seeds 7 to 9\n")
    for title in ("system uptime", "recovery, p95", "failure impact", "manual intervention"):
        assert len(re.findall(rf"^{title} ", ran.output, re.MULTILINE)) == 2
    assert re.search(r"^system uptime +[\d.]+ % .* > 99\.9 % +(met|missed)$", ran.output, re.MULTILINE)
    assert re.search(r"engine +none +ladder +naive$", ran.output, re.MULTILINE)
    assert "invariants: every promise was kept" in ran.output


def test_the_same_seed_prints_the_same() -> None:
    assert simulate(*SHORT).output == simulate(*SHORT).output
    assert "(seed 7)" in simulate(*SHORT).output


def test_what_was_not_observed_is_not_called_met() -> None:
    ran = simulate("--days", "0.001", "--jobs", "1")

    assert "not observed" in ran.output
    assert simulate("--days", "0.001", "--jobs", "1", "--strict").exit_code == 0


def test_json_holds_every_metric_count_and_digest() -> None:
    told = json.loads(simulate(*SHORT, "--json", "--seeds", "2", "--baseline", "none").output)

    assert [metric["name"] for metric in told["engine"]["metrics"]] == [goal.value for goal in TARGETS]
    assert set(told["baselines"]) == {"none"}
    assert told["engine"]["counts"]["answered"] > 0
    assert [run["seed"] for run in told["runs"]] == ["7", "8"]
    assert all(len(run["digest"]) == 24 for run in told["runs"])
    assert told["broken"] == told["replays"] == []


def test_a_broken_promise_is_told_with_the_line_that_replays_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_it(watcher: Watcher, now: float, started: int) -> None:
        watcher.say(Invariant.EVERY_OPERATION_ENDS_ONCE, now, f"{started} came in")

    monkeypatch.setattr(Watcher, "at_rest", break_it)

    ran = simulate(*SHORT, "--storm", "2")

    assert ran.exit_code == 1
    assert "seed 7: invariant 5 (every operation ends once) broke after 8640.000 s" in ran.output
    assert "replay: hive-console simulate --days 0.1 --seed 7 --models 3 --providers 3 --storm 2" in ran.output
    assert "PROMISES WERE BROKEN" in ran.output


def test_a_replay_names_the_fleet_that_was_rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_it(watcher: Watcher, now: float, started: int) -> None:
        watcher.say(Invariant.EVERY_OPERATION_ENDS_ONCE, now, f"{started} came in")

    monkeypatch.setattr(Watcher, "at_rest", break_it)
    told = simulate("--days", "0.01", "--models", "2").output

    (replay,) = re.findall(r"replay: hive-console simulate (.*)", told)

    assert simulate(*replay.split()).output == told


def test_a_missed_target_ends_with_one_only_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "dark.csv"
    file.write_text("provider,model,start,end,severity\nanthropic,*,0,90000,outage\n")
    dark = ("--days", "0.5", "--models", "1", "--jobs", "1", "--weather", str(file))

    assert simulate(*dark).exit_code == 0
    assert re.search(r"^system uptime +0 % .*missed$", simulate(*dark).output, re.MULTILINE)
    assert simulate(*dark, "--strict").exit_code == 1


def test_a_settings_file_is_rehearsed(tmp_path: Path) -> None:
    file = tmp_path / "hive.yaml"
    file.write_text(SETTINGS)

    ran = simulate("--config", str(file), "--days", "0.1", "--jobs", "1")

    assert ran.exit_code == 0, ran.output
    assert ran.output.startswith("2 models of 2 providers")


def test_a_settings_file_names_the_models(tmp_path: Path) -> None:
    assert simulate("--config", str(tmp_path / "hive.yaml"), "--models", "3").exit_code == 2


def test_a_weather_file_decides_about_the_days(tmp_path: Path) -> None:
    file = tmp_path / "days.csv"
    file.write_text("provider,model,start,end,severity\nopenai,*,100,400,major\n")

    ran = simulate("--weather", str(file), "--models", "2", "--jobs", "1")

    assert ran.output.startswith("2 models of 2 providers, 1 day, seed 7\n1 piece of bad weather")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"provider,model,start,end,severity\nnobody,*,1,2,major\n", "days.csv:2: provider: 'nobody' is not in"),
        (b"\xff\xfe", "is no UTF-8 text (byte 0); save it as UTF-8"),
    ],
)
def test_a_weather_file_that_cannot_be_used_runs_nothing(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "days.csv"
    file.write_bytes(content)

    ran = simulate(*SHORT, "--weather", str(file))

    assert ran.exit_code == 2
    assert problem in ran.output
    assert "uptime" not in ran.output


def test_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")

    assert (simulate("--weather", missing).exit_code, simulate("--config", missing).exit_code) == (2, 2)
    assert "cannot be read" in simulate("--weather", missing).output


@pytest.mark.parametrize("option", [("--days", "0"), ("--seeds", "0"), ("--providers", "7"), ("--storm", "0")])
def test_numbers_out_of_bounds_run_nothing(option: tuple[str, str]) -> None:
    assert simulate(*option).exit_code == 2


def test_every_option_is_explained_in_the_docs() -> None:
    for parameter in command.params:
        assert f"`{parameter.opts[0]}" in PAGE


@pytest.mark.parametrize("invariant", list(Invariant))
def test_every_promise_is_explained_in_the_docs(invariant: Invariant) -> None:
    assert f"| {invariant.value} |" in PAGE
