"""The audit command: verdicts and exit statuses, rows in plain text and JSON, an export that verifies."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hive_console.cli import main
from hive_console.cli.moments import Moment
from hive_storage import anchors
from hive_storage.audit_chain import AuditChain
from hive_storage.audit_sql import LAST_LINK
from tests.storage.audit_samples import append, trail_database, without_guards

ROWS = 6
NOW = 1_790_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    trail_database(tmp_path / "hive.db", rows=ROWS, schema=without_guards()).close()
    return tmp_path


def _run(*words: object, piped: str | None = None) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, words)], input=piped)


def _change(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "hive.db", isolation_level=None)
    connection.execute(statement)
    connection.close()


def _anchor(folder: Path, file: Path) -> None:
    connection = sqlite3.connect(folder / "hive.db")
    number, head = connection.execute(LAST_LINK).fetchone()
    anchors.append(file, number, head, NOW)
    connection.close()


def test_a_good_trail_is_told_as_good(folder: Path) -> None:
    ran = _run("verify", "--data", folder)

    assert ran.exit_code == 0
    assert ran.stdout.startswith("good: rows 6, head ")
    assert "for no anchor was compared" in ran.stdout


def test_the_first_bad_row_is_named(folder: Path) -> None:
    _change(folder, "UPDATE audit SET reason = 'nothing' WHERE number = 4")

    ran = _run("verify", "--data", folder)

    assert ran.exit_code == 1
    assert ran.stderr.startswith("DAMAGED at row 4: it is not what was written")


@pytest.mark.parametrize("where", ["beside", "elsewhere"])
def test_a_cut_tail_is_found_by_an_anchor(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, where: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("safe") / "copy.anchor"
    _anchor(folder, folder / anchors.ANCHOR_NAME if where == "beside" else elsewhere)
    options = () if where == "beside" else ("--anchor", elsewhere)
    good = _run("verify", "--data", folder, *options)
    _change(folder, "DELETE FROM audit WHERE number >= 5")

    ran = _run("verify", "--data", folder, *options)

    assert "anchors that agree 1" in good.stdout
    assert ran.exit_code == 1
    assert "DAMAGED at row 5: it is missing: an anchor knows of 6 rows" in ran.stderr


def test_a_line_that_is_no_anchor_is_told(folder: Path) -> None:
    (folder / anchors.ANCHOR_NAME).write_text("junk\x1b[2J\n")

    ran = _run("verify", "--data", folder)

    assert ran.exit_code == 0
    assert "line 1 is no anchor: junk␛[2J" in ran.stderr


@pytest.mark.parametrize("words", [("verify",), ("list",), ("export",), ("verify", "--anchor", "missing")])
def test_what_cannot_be_read_ends_with_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = _run(*words, "--data", tmp_path)

    assert ran.exit_code == 2
    assert ran.stderr.startswith("hive-console: ")


def test_rows_are_listed_in_plain_text(folder: Path) -> None:
    ran = _run("list", "--data", folder, "--limit", 2)

    assert ran.stdout.splitlines() == [
        '5 2026-09-21 14:13:25 ann (ssh 10.0.0.5): trip bêta "it lies", intended [closed -> open]',
        '6 2026-09-21 14:13:26 bob: reset alpha "it lies", intended [closed -> open]',
    ]


def test_control_characters_of_a_row_do_not_reach_the_terminal(folder: Path) -> None:
    _change(folder, "UPDATE audit SET reason = char(27) || '[2J' WHERE number = 6")

    ran = _run("list", "--data", folder, "--actor", "bob")

    assert ran.exit_code == 0
    assert "\x1b" not in ran.stdout


def test_rows_are_listed_as_json(folder: Path) -> None:
    ran = _run("list", "--data", folder, "--json", "--actor", "bob", "--target", "ALPHA", "--since", "2026-01-01")

    rows = [json.loads(line) for line in ran.stdout.splitlines()]

    assert [row["number"] for row in rows] == [2, 4, 6]
    assert {row["actor"] for row in rows} == {"bob"}


def test_no_rows_are_told_in_words(folder: Path) -> None:
    assert _run("list", "--data", folder, "--actor", "eve").stdout == "no row is like that\n"
    assert _run("list", "--data", folder, "--since", "2222-01-01").stdout == "no row is like that\n"


def test_an_export_verifies_without_the_recording(folder: Path, tmp_path: Path) -> None:
    ran = _run("export", "--data", folder)
    file = tmp_path / "trail.jsonl"
    file.write_text(ran.stdout)
    damaged = ran.stdout.replace("bob", "eve", 1)

    assert ran.exit_code == 0
    assert ran.stdout.isascii()
    assert _run("verify", "--lines", file).stdout.startswith("good: rows 6")
    assert _run("verify", "--lines", "-", piped=ran.stdout).exit_code == 0
    found = _run("verify", "--lines", "-", piped=damaged)
    assert found.exit_code == 1
    assert "DAMAGED at row 2" in found.stderr


def test_a_part_is_exported(folder: Path) -> None:
    ran = _run("export", "--data", folder, "--from", "2026-09-21T14:13:23", "--to", "2026-09-21T16:13:25+02:00")

    assert [json.loads(line)["number"] for line in ran.stdout.splitlines()] == [3, 4]


def test_two_trails_are_one_too_many(folder: Path) -> None:
    assert "name one" in _run("verify", "--data", folder, "--lines", "x").stderr


def test_an_export_that_is_missing_ends_with_2(tmp_path: Path) -> None:
    ran = _run("verify", "--lines", tmp_path / "missing")

    assert ran.exit_code == 2
    assert "cannot read" in ran.stderr


def test_a_live_recording_is_verified(folder: Path) -> None:
    writer = sqlite3.connect(folder / "hive.db", isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    append(writer, AuditChain(*writer.execute(LAST_LINK).fetchone()), range(7, 9))

    ran = _run("verify", "--data", folder)
    writer.close()

    assert ran.stdout.startswith("good: rows 8")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", NOW - 7200),
        ("90 s", NOW - 90),
        ("1w", NOW - 604_800),
        ("2026-09-21", 1_789_948_800.0),
        ("2026-09-21T14:13:20", NOW),
        ("2026-09-21T16:13:20+02:00", NOW),
    ],
)
def test_a_time_is_so_long_ago_or_a_date(text: str, moment: float) -> None:
    assert Moment(lambda: NOW).convert(text, None, None) == moment


@pytest.mark.parametrize("text", ["", "soon", "2 hours", "2026-13-01"])
def test_what_is_no_time_is_refused_with_the_forms(text: str) -> None:
    ran = _run("export", "--from", text)

    assert ran.exit_code == 2
    assert "-2h, +10m" in ran.stderr
