"""The README's table of keys is true: each key is bound, and each operator key is in the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.keys import _character_to_key

from hive_console.ui.app import HiveApp
from hive_console.ui.fleet_screen import FleetScreen
from hive_widgets.fleet_table import FleetTable

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
SECTION = README.split("## Keys")[1].split("## ")[0]
DOCUMENTED = sorted(
    set(re.findall(r"`(\S)`", "\n".join(line.split("|")[1] for line in SECTION.splitlines() if "|" in line)))
)


def bound_keys() -> set[str]:
    keys: set[str] = set()
    for owner in (HiveApp, FleetScreen, FleetTable):
        for base in owner.__mro__:
            for binding in vars(base).get("BINDINGS", ()):
                spelled = binding.key if isinstance(binding, Binding) else binding[0]
                keys.update(spelled.split(","))
    return keys


@pytest.mark.parametrize("key", DOCUMENTED)
def test_every_key_of_the_readme_is_bound(key: str) -> None:
    assert {key, _character_to_key(key)} & bound_keys()


def test_every_single_letter_key_is_in_the_readme() -> None:
    letters = {key for key in bound_keys() if len(key) == 1}

    assert letters <= set(DOCUMENTED)
