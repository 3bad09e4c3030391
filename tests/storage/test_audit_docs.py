"""docs/recording.md tells of the audit trail what the code does: its canonical bytes, its files, its commands."""

from __future__ import annotations

import re
from pathlib import Path

from hive_console.cli.audit import command
from hive_storage.anchors import ANCHOR_INTERVAL, ANCHOR_NAME
from hive_storage.audit_chain import FORM, GENESIS, TEXTS

_PAGE = (Path(__file__).parents[2] / "docs" / "recording.md").read_text()
_SECTION = _PAGE.split("## The audit trail")[1].split("\n## ")[0]


def test_page_tells_the_canonical_bytes() -> None:
    assert f'["{FORM}",number,seq,at_us,{",".join(TEXTS)}]' in _SECTION
    assert f"{len(GENESIS)} zero bytes" in _SECTION


def test_page_names_the_anchor_file_and_how_often_it_grows() -> None:
    assert f"`{ANCHOR_NAME}`" in _SECTION
    assert ANCHOR_INTERVAL == 3600
    assert "once an hour" in _SECTION


def test_page_names_every_command_and_option_and_no_other() -> None:
    told = {
        (name, option)
        for name, rest in re.findall(r"^hive-console audit (\w+)(.*?)(?:  +#.*)?$", _SECTION, re.MULTILINE)
        for option in re.findall(r"--\w+", rest)
    }
    real = {
        (name, option)
        for name, sub in command.commands.items()
        for parameter in sub.params
        for option in parameter.opts
    }

    assert told | {("list", "--data"), ("export", "--data")} == real
