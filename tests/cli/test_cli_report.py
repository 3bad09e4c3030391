"""`hive-console report`: a page or JSON from a real recording, to standard output or into a private file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hive_console.adapters.last_look import LastLook
from hive_console.cli import main
from tests.recordings.evening import an_evening
from tests.storage.store_contract import T0, Life
from tests.storage.support import recording
from tests.storage.test_store import recorded

WINDOW = ("--since", f"@{T0:.0f}", "--until", f"@{T0 + 2_500:.0f}")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing here changes it."""
    folder = tmp_path_factory.mktemp("evening") / "data"
    events = sorted(an_evening(T0), key=lambda event: event.at)
    asyncio.run(recorded(folder, Life(events, T0 + 2_400)))
    return folder


def _run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["report", "--data", str(data), *words])


def test_a_page_tells_of_the_evening(data: Path) -> None:
    ran = _run(data, *WINDOW)

    assert ran.exit_code == 0, ran.output
    assert "**`gpt-5` was down for 5 m; `claude-4-sonnet` served in its place.**" in ran.stdout
    assert "Nothing is recorded after" in ran.stdout


def test_json_has_the_same_in_ascii(data: Path) -> None:
    ran = _run(data, *WINDOW, "--json")

    told = json.loads(ran.stdout)
    assert ran.stdout.isascii()
    assert [outage["model"] for outage in told["outages"]] == ["gpt-5"]
    assert told["models"][0]["down_for"] == 300.0


def test_a_file_is_private_and_whole(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.md"

    ran = _run(data, *WINDOW, "-o", str(file))

    assert (ran.exit_code, ran.stdout) == (0, "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == _run(data, *WINDOW).stdout
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_where_there_are_no_blocks_the_chart_is_ascii(data: Path) -> None:
    ran = CliRunner(charset="ascii").invoke(main, ["report", "--data", str(data), *WINDOW])

    assert ran.exit_code == 0, ran.output
    assert ran.stdout.isascii()
    assert "|###" in ran.stdout


def test_one_model_alone(data: Path) -> None:
    assert "No model was down." in _run(data, *WINDOW, "--model", "deepseek-v3").stdout


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("--model", "gpt-6"), 1, "'gpt-6' is no model of this recording; it knows gpt-5, claude-4-sonnet"),
        (("--since", "soon"), 2, "is no time"),
        (("--since", "1h", "--until", "2h"), 2, "the window has no length"),
        (("-o", "/nowhere/report.md"), 1, "cannot write /nowhere/report.md"),
    ],
)
def test_what_cannot_be_told_is_said(data: Path, words: tuple[str, ...], code: int, problem: str) -> None:
    ran = _run(data, *words)

    assert (ran.exit_code, ran.stdout) == (code, "")
    assert problem in ran.stderr


def test_without_a_recording_there_is_no_report(tmp_path: Path) -> None:
    ran = _run(tmp_path / "none")

    assert ran.exit_code == 1
    assert "there is no recording" in ran.stderr


async def _record_nothing(folder: Path) -> None:
    async with recording(folder):
        pass


def test_an_empty_recording_has_nothing_to_tell(tmp_path: Path) -> None:
    asyncio.run(_record_nothing(tmp_path))

    ran = _run(tmp_path)

    assert ran.exit_code == 1
    assert f"nothing is recorded in {tmp_path} yet" in ran.stderr


def test_last_is_when_this_user_looked(data: Path, tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path)}
    words = ["report", "--data", str(data), "--until", f"@{T0 + 2_500:.0f}", "--since", "last"]
    never = CliRunner().invoke(main, words, env=env)
    LastLook(data, env).note(T0 + 1_600)

    since = CliRunner().invoke(main, words, env=env)

    assert (never.exit_code, "you have not looked at this engine before" in never.stderr) == (2, True)
    assert "No model was down." in since.stdout
    assert "From 2026-09-21 14:26:40Z to" in since.stdout
