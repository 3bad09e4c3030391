"""docs/recording.md says what the file holds: each of its statements runs, each table is in it, and no other.

docs/architecture.md says which module does what: each of them has its place there.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from hive_storage import day_sql, recorder
from hive_storage.intake import Bounds
from hive_storage.states import MAX_STATES, STATE_LIMIT
from tests.storage.support import action, attempt, breaker, database, recording

_PAGE = (Path(__file__).parents[2] / "docs" / "recording.md").read_text()


async def test_every_statement_of_the_page_runs_and_answers(tmp_path: Path) -> None:
    async with recording(tmp_path) as taking:
        for event in (attempt(1), breaker(2), action(3)):
            taking.record(event)
    shell = database(tmp_path)
    statements = [
        part for block in re.findall(r"```sql\n(.*?)```", _PAGE, re.DOTALL) for part in block.split(";\n")
    ]

    answers = {part: shell.execute(part).fetchall() for part in statements if part.strip()}

    shell.close()
    assert len(answers) == 6
    about_now_or_trouble = ("'now'", "FROM gap", "FROM run")
    told = {part: rows for part, rows in answers.items() if not any(word in part for word in about_now_or_trouble)}
    assert len(told) == 3
    assert all(told.values())


async def test_page_lists_every_table_and_view_of_the_file(tmp_path: Path) -> None:
    async with recording(tmp_path):
        pass
    shell = database(tmp_path)
    tables = {row[0] for row in shell.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    views = {row[0] for row in shell.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
    shell.close()
    section, days = _PAGE.split("## Tables")[1].split("## Looking at it later")[0].split("| table of a day |")

    assert listed(section) == tables
    assert views <= set(re.findall(r"`(\w+)`", section))
    with closing(sqlite3.connect(":memory:")) as day:
        day.executescript(day_sql.TABLES.format(schema="main"))
        made = {(row[0], row[1]) for row in day.execute("SELECT type, name FROM sqlite_master")}
    assert listed(days) == {name for kind, name in made if kind == "table"}
    assert {name for kind, name in made if kind == "view"} <= set(re.findall(r"`(\w+)`", days))


def listed(section: str) -> set[str]:
    """The names in the first column of its table."""
    cells = re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_page_names_the_numbers_of_the_code() -> None:
    bounds = Bounds()
    for number in (
        f"{recorder.FLUSH_INTERVAL * 1000:g} ms",
        f"{bounds.batch:,}",
        f"{bounds.best_effort:,}",
        f"{bounds.must_keep:,}",
        f"{MAX_STATES:,} rows",
        f"{STATE_LIMIT:,} bytes",
        f"{recorder.FIRST_BACKOFF:g} s",
        f"every {recorder.LAST_BACKOFF:g} s",
    ):
        assert number in _PAGE


def test_every_module_has_its_place_in_the_architecture() -> None:
    page = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()
    told = set(re.findall(r"`(\w+)`", page.split("## The recording")[1].split("\n## ")[0]))

    modules = {path.stem for path in Path(recorder.__file__).parent.glob("*.py")} - {"__init__"}

    assert modules - told == set()
