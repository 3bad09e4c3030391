"""The data folder: private, one holder at a time, and clear words for everything else."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from hive_console.core.errors import DataFolderBusy, HiveError
from hive_storage.folder import LOCK_NAME, DataFolder, Holder, holder_of
from tests.storage.support import T0, child, recording


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> object:
    before = os.umask(0)
    yield None
    os.umask(before)


async def test_folder_and_files_are_the_owners_alone_under_any_umask(tmp_path: Path, open_umask: object) -> None:
    async with recording(tmp_path / "new" / "data"):
        modes = {path.name: _mode(path) for path in (tmp_path / "new" / "data").iterdir()}

    assert _mode(tmp_path / "new" / "data") == 0o700
    assert set(modes) == {"hive.lock", "hive.db", "hive.db-wal", "hive.db-shm"}
    assert set(modes.values()) == {0o600}


def test_second_open_says_who_holds_it_since_when_and_where_its_gateway_is(tmp_path: Path) -> None:
    first = DataFolder.open(tmp_path, started=T0, command="hive-console serve")
    first.note(gateway="http://127.0.0.1:8787")

    with pytest.raises(DataFolderBusy) as caught:
        DataFolder.open(tmp_path, started=T0 + 1)

    assert caught.value.folder == str(tmp_path)
    for word in (str(os.getpid()), "hive-console serve", "2026-09-21 14:13:20 UTC", "http://127.0.0.1:8787"):
        assert word in caught.value.holder
    first.release()


def test_released_folder_can_be_taken_and_has_no_holder(tmp_path: Path) -> None:
    first = DataFolder.open(tmp_path, started=T0)
    first.release()
    first.release()
    nobody = holder_of(tmp_path)

    second = DataFolder.open(tmp_path, started=T0 + 1)

    assert nobody is None
    assert holder_of(tmp_path) == second.holder
    second.release()


def test_holder_is_read_without_disturbing_it(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path, started=T0, command="hive-console")

    seen = holder_of(tmp_path)

    assert seen == Holder(pid=os.getpid(), host=folder.holder.host, started=T0, command="hive-console")
    folder.release()


def test_killed_holder_leaves_a_folder_that_opens(tmp_path: Path) -> None:
    holder = child("record", tmp_path)
    assert holder.stdout is not None
    holder.stdout.readline()
    held_by = holder_of(tmp_path)
    holder.kill()
    holder.communicate()

    folder = DataFolder.open(tmp_path, started=T0)

    assert held_by is not None
    assert held_by.pid == holder.pid
    assert (tmp_path / LOCK_NAME).read_bytes() != b""
    folder.release()


def test_folder_that_nobody_ever_opened_has_no_holder(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None
    assert holder_of(tmp_path / "missing") is None


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"pid": "x", "started": []}', "[" * 4000, "\x1b[2J"])
def test_unreadable_lock_text_is_an_unknown_holder(tmp_path: Path, text: str) -> None:
    folder = DataFolder.open(tmp_path, started=T0)
    (tmp_path / LOCK_NAME).write_text(text)

    with pytest.raises(DataFolderBusy) as caught:
        DataFolder.open(tmp_path, started=T0)

    assert caught.value.holder == "another process that has not said its name yet"
    folder.release()


def test_hostile_lock_text_reaches_nobodys_terminal(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path, started=T0)
    (tmp_path / LOCK_NAME).write_text(
        json.dumps({"pid": 1, "started": 1e300, "command": "\x1b]0;owned\x07", "gateway": "\x1b[2J"})
    )

    seen = holder_of(tmp_path)

    assert seen is not None
    assert "\x1b" not in str(seen)
    assert "unreadable time" in str(seen)
    folder.release()


def test_key_on_the_command_line_is_not_written_down(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path, started=T0, command="hive-console --key sk-abcdef123456")

    assert "sk-abcdef123456" not in (tmp_path / LOCK_NAME).read_text()
    folder.release()


def test_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    with pytest.raises(HiveError, match="is not a folder"):
        DataFolder.open(tmp_path / "data", started=T0)
    with pytest.raises(HiveError, match="is not a folder"):
        DataFolder.open(tmp_path / "data" / "deeper", started=T0)


def test_folder_that_takes_no_files_is_named() -> None:
    with pytest.raises(HiveError, match=r"cannot .* the data folder /proc/1"):
        DataFolder.open(Path("/proc/1"), started=T0)
    with pytest.raises(HiveError, match="cannot create the data folder /proc/hive"):
        DataFolder.open(Path("/proc/hive"), started=T0)


def test_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / LOCK_NAME).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(HiveError, match="cannot write in the data folder"):
        DataFolder.open(tmp_path, started=T0)

    assert (tmp_path / "elsewhere").read_text() == "precious"
