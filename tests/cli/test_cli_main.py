"""The command line itself: what it lists, what it loads, and how it ends when there is nothing to run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hive_console.cli import _COMMANDS, main
from hive_console.version import VERSION
from tests.system.program import COMMAND, environment


def test_help_lists_every_command_and_loads_none() -> None:
    script = (
        "import sys; from hive_console.cli import main; main(['--help'], standalone_mode=False); "
        "sys.exit(any(name.split('.')[0] in {'textual', 'aiohttp', 'yaml', 'aiosqlite'} for name in sys.modules))"
    )
    ran = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    assert all(name in ran.stdout for name in _COMMANDS)


@pytest.mark.parametrize("name", list(_COMMANDS))
def test_every_command_explains_itself(name: str) -> None:
    ran = CliRunner().invoke(main, [name, "--help"])

    assert ran.exit_code == 0
    assert f"Usage: main {name}" in ran.output


def test_version_is_told() -> None:
    assert VERSION in CliRunner().invoke(main, ["--version"]).output


def test_without_any_settings_it_says_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    ran = subprocess.run(
        (*COMMAND, "serve"), cwd=tmp_path, capture_output=True, text=True, check=False, env=environment(tmp_path)
    )

    assert ran.returncode == 1
    assert re.search(r"looked for hive\.yaml, \S+/hive-console/hive\.yaml", ran.stderr)
    assert "hive-console init" in ran.stderr
    assert "--demo" in ran.stderr


def test_two_settings_files_are_one_too_many(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["serve", "a.yaml", "--config", "b.yaml", "--data", str(tmp_path)])

    assert ran.exit_code == 2
    assert "name one" in ran.output


def test_a_word_that_is_no_command_is_a_settings_file(tmp_path: Path) -> None:
    missing = str(tmp_path / "fleet.yaml")

    ran = CliRunner().invoke(main, ["serve", missing])

    assert ran.exit_code == 1
    assert "fleet.yaml" in ran.output


README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.mark.parametrize("line", re.findall(r"^hive-console \w.*$", README, re.MULTILINE))
def test_every_command_of_the_readme_is_one_and_knows_its_options(line: str) -> None:
    _, *words = shlex.split(line, comments=True)
    command: click.Command = main
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None
        command = found

    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
