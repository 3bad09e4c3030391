"""docs/plain.md shows what the commands print, and names options that there are."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from hive_console.cli.status_page import OLD_AFTER
from hive_console.cli.tailing import POLL
from hive_console.core.report import AROUND, MODELS_IN_DETAIL, OUTAGES_IN_DETAIL
from hive_console.engine.digest_reading import REACH
from hive_console.engine.report_reading import MOST_FOLDED
from tests.cli.plain_examples import EXAMPLES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "plain.md").read_text()
BLOCKS = {
    command: shown.splitlines()
    for _, command, shown in re.findall(
        r"^(````?)\n\$ hive-console ([^\n]+)\n(.*?)\n\1$", PAGE, re.MULTILINE | re.DOTALL
    )
}
CUT = "..."


@pytest.mark.parametrize("command", EXAMPLES)
def test_an_example_is_what_the_command_prints(command: str) -> None:
    printed = EXAMPLES[command]()
    parts = "\n".join(BLOCKS[command]).split(f"\n{CUT}\n")
    place = 0

    for part in parts:
        lines = part.splitlines()
        found = [begin for begin in range(place, len(printed)) if printed[begin : begin + len(lines)] == lines]
        assert found, part
        place = found[0] + len(lines)


def test_every_example_is_looked_at() -> None:
    assert set(BLOCKS) == set(EXAMPLES)


def test_every_word_about_alerts_is_told_with_options_that_it_has() -> None:
    section = PAGE.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    words = import_module("hive_console.cli.alerts").command.commands

    assert {word for word in words if re.search(rf"\b{word}\b", section)} == set(words)
    known = {option for word in words.values() for parameter in word.params for option in parameter.opts}
    assert set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)\b", section)) <= known


@pytest.mark.parametrize("name", ["status", "tail", "report"])
def test_the_options_are_those_of_the_command(name: str) -> None:
    command = import_module(f"hive_console.cli.{name}").command
    section = PAGE.partition(f"\n## {name.title()}\n")[2].partition("\n## ")[0]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}

    told = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+|-o)\b", section))

    assert told <= known
    assert known - told <= {"--output", "--follow"}


def test_the_numbers_are_those_of_the_code() -> None:
    for said in (
        f"told nothing new for {OLD_AFTER:.0f} s",
        f"at most\n  {MOST_FOLDED:,}",
    ):
        assert said in PAGE
    assert (POLL, AROUND, REACH) == (0.25, 1_800.0, 7 * 86_400.0)
    assert (MODELS_IN_DETAIL, OUTAGES_IN_DETAIL) == (8, 3)
