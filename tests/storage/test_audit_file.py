"""Reading the trail of a file: live, copied or sealed; refused with a reason where it cannot be."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from hive_console.core.errors import HiveError
from hive_console.core.store import Wanted
from hive_storage import sql
from hive_storage.audit_chain import GENESIS, NOT_CHAINED, AuditChain
from hive_storage.audit_file import AuditFile
from hive_storage.audit_lines import line_of, verify_lines
from hive_storage.audit_sql import LAST_LINK, PAGE
from tests.storage.audit_samples import BEGIN_US, SPACING_US, append, trail_database, without_guards

AT_5 = (BEGIN_US + 5 * SPACING_US - 2) / 1e6
AT_9 = (BEGIN_US + 9 * SPACING_US) / 1e6


def _made(file: Path, rows: int) -> Path:
    connection = trail_database(file, rows=0)
    connection.execute("PRAGMA journal_mode = WAL")
    append(connection, AuditChain(), range(1, rows + 1))
    connection.close()
    return file


def test_a_folder_and_the_file_in_it_are_the_same_trail(tmp_path: Path) -> None:
    file = _made(tmp_path / "hive.db", PAGE + 5)
    with AuditFile.open(tmp_path) as by_folder, AuditFile.open(file) as by_file:
        found = by_folder.verify()

        assert by_file.verify() == found
    assert (found.rows, found.first_bad) == (PAGE + 5, None)


def test_a_live_recording_is_read_to_its_last_commit(tmp_path: Path) -> None:
    file = _made(tmp_path / "hive.db", 3)
    writer = sqlite3.connect(file, isolation_level=None)
    chain = AuditChain(*writer.execute(LAST_LINK).fetchone())
    append(writer, chain, range(4, 6))
    with AuditFile.open(file) as trail:
        before = trail.verify()
        append(writer, chain, range(6, 7))

        assert (before.rows, trail.verify().rows) == (5, 6)
    writer.close()


def test_a_sealed_file_in_a_folder_that_nobody_may_write_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    file = _made(folder / "kept.db", 4)
    sealing = sqlite3.connect(file, isolation_level=None)
    sealing.execute("PRAGMA journal_mode = DELETE")
    sealing.close()
    file.chmod(0o400)
    folder.chmod(0o500)
    with AuditFile.open(file) as trail:
        rows = trail.verify().rows
    folder.chmod(0o700)

    assert rows == 4


def test_a_copy_with_its_log_is_read_whole(tmp_path: Path) -> None:
    file = _made(tmp_path / "hive.db", 3)
    writer = sqlite3.connect(file, isolation_level=None)
    append(writer, AuditChain(*writer.execute(LAST_LINK).fetchone()), range(4, 6))
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("hive.db", "hive.db-wal"):
        shutil.copy(tmp_path / name, copy)
    writer.close()
    with AuditFile.open(copy) as trail:
        assert trail.verify().rows == 5


def test_the_newest_rows_of_a_window_are_chosen_by_their_words(tmp_path: Path) -> None:
    _made(tmp_path / "hive.db", 20)
    with AuditFile.open(tmp_path) as trail:
        numbers = {
            "newest": [row[0] for row in trail.newest(Wanted(limit=3))],
            "window": [row[0] for row in trail.newest(Wanted(begin=AT_5, end=AT_9))],
            "actor": [row[0] for row in trail.newest(Wanted(limit=2), actor="ANN")],
            "origin": [row[0] for row in trail.newest(Wanted(limit=2), actor="10.0.0.5")],
            "target": [row[0] for row in trail.newest(Wanted(limit=2), target="bêt")],
            "both": [row[0] for row in trail.newest(Wanted(), actor="ann", target="bêta")],
        }

    assert numbers == {
        "newest": [18, 19, 20],
        "window": [5, 6, 7, 8],
        "actor": [17, 19],
        "origin": [17, 19],
        "target": [15, 20],
        "both": [5, 15],
    }


def test_rows_come_with_the_digest_before_them_from_anywhere_on(tmp_path: Path) -> None:
    _made(tmp_path / "hive.db", 20)
    with AuditFile.open(tmp_path) as trail:
        whole = [line_of(*pair).encode() for pair in trail.rows(Wanted())]
        part = [line_of(*pair).encode() for pair in trail.rows(Wanted(begin=AT_5, end=AT_9))]
        first = next(trail.rows(Wanted()))

    assert first[1] == GENESIS
    assert part == whole[4:8]
    assert verify_lines(part).rows == 4


def test_an_older_trail_is_shown_but_neither_verified_nor_exported(tmp_path: Path) -> None:
    file = tmp_path / "hive.db"
    connection = sqlite3.connect(file, isolation_level=None)
    table = without_guards().replace("number INTEGER NOT NULL,", "").replace(" origin TEXT NOT NULL,", "")
    connection.executescript(
        f"PRAGMA application_id = {sql.APPLICATION_ID}; PRAGMA user_version = 3;"
        + table.replace(", digest BLOB NOT NULL", "")
    )
    connection.execute("INSERT INTO audit VALUES (9, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j')")
    connection.close()
    with AuditFile.open(file) as trail:
        check = trail.verify()
        shown = trail.newest(Wanted())
        with pytest.raises(HiveError, match="not chained yet"):
            next(trail.rows(Wanted()))

    assert (check.problem, check.first_bad) == (NOT_CHAINED, None)
    assert shown == [(None, 9, 9, b"a", b"b", b"c", b"", *(bytes([code]) for code in b"defghij"), None)]


@pytest.mark.parametrize(
    ("pragma", "reason"),
    [
        ("application_id = 7", "another program"),
        (f"application_id = {sql.APPLICATION_ID}", "says version 0"),
        (f"application_id = {sql.APPLICATION_ID}; PRAGMA user_version = 9999", "upgrade to read it"),
        ("encoding = 'UTF-8'", "empty"),
    ],
)
def test_what_is_no_trail_is_refused_with_a_reason(tmp_path: Path, pragma: str, reason: str) -> None:
    file = tmp_path / "hive.db"
    connection = sqlite3.connect(file)
    connection.executescript(f"PRAGMA {pragma}; CREATE TABLE x (y); DROP TABLE x;")
    connection.close()

    with pytest.raises(HiveError, match=reason), AuditFile.open(tmp_path):
        pass


def test_no_file_and_no_database_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HiveError, match="there is no recording"), AuditFile.open(tmp_path):
        pass
    (tmp_path / "hive.db").write_bytes(os.urandom(8192))
    with pytest.raises(HiveError, match="cannot read"), AuditFile.open(tmp_path):
        pass


def test_a_damaged_page_is_told_with_the_rows_before_it(tmp_path: Path) -> None:
    file = _made(tmp_path / "hive.db", 3 * PAGE)
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        opened.write(b"\xff" * 4096 * 20)
    with AuditFile.open(file) as trail, pytest.raises(HiveError, match=r"after [0-9]+ rows of its trail"):
        trail.verify()
