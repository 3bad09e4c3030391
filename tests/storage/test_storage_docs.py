"""docs/recording.md says what the file holds: each of its statements runs, each table is in it, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from hive_storage import recorder
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
    section = _PAGE.split("## Tables")[1].split("## Asking")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == tables
    assert views <= set(re.findall(r"`(\w+)`", section))


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
