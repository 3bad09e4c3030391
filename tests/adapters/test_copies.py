"""Files of what was copied: private, few, in the user's state folder."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from hive_console.adapters.copies import MOST_COPIES, Copies
from hive_console.adapters.folders import default_state_folder


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    ticks: Iterator[int] = count(1_773_457_964)
    return Copies({"XDG_STATE_HOME": str(tmp_path / "state")}, lambda: next(ticks))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_copy_is_a_private_file_in_a_private_folder(copies: Copies, tmp_path: Path) -> None:
    path = Path(copies.keep("claude is down"))

    assert path.parent == tmp_path / "state/hive-console"
    assert path.name == "copy-20260314-031244.txt"
    assert path.read_text() == "claude is down\n"
    assert (mode_of(path), mode_of(path.parent)) == (0o600, 0o700)


def test_only_the_latest_are_kept(copies: Copies) -> None:
    paths = [Path(copies.keep(str(number))) for number in range(MOST_COPIES + 3)]

    assert [path.exists() for path in paths] == [False] * 3 + [True] * MOST_COPIES


def test_two_copies_of_one_second_are_two_files(tmp_path: Path) -> None:
    copies = Copies({"XDG_STATE_HOME": str(tmp_path)}, lambda: 1_773_457_964.0)

    assert [Path(copies.keep(text)).name for text in "abc"] == [
        f"copy-20260314-031244{number}.txt" for number in ("", "-01", "-02")
    ]


def test_a_link_that_stands_there_is_not_written_through(tmp_path: Path) -> None:
    copies = Copies({"XDG_STATE_HOME": str(tmp_path)}, lambda: 1_773_457_964.0)
    copies.folder.mkdir()
    (copies.folder / "copy-20260314-031244.txt").symlink_to(tmp_path / "target")

    assert Path(copies.keep("x")).name == "copy-20260314-031244-01.txt"
    assert not (tmp_path / "target").exists()


def test_a_path_below_home_is_told_as_people_write_it(tmp_path: Path) -> None:
    path = Copies({"HOME": str(tmp_path)}, lambda: 1_773_457_964.0).keep("x")

    assert path == "~/.local/state/hive-console/copy-20260314-031244.txt"
    assert len(f" row copied; also in {path}") < 80


def test_other_files_in_the_folder_are_left_alone(copies: Copies) -> None:
    note = Path(copies.keep("x")).with_name("note.txt")
    note.write_text("mine")
    for number in range(MOST_COPIES + 1):
        copies.keep(str(number))

    assert note.exists()


def test_a_lone_surrogate_is_no_reason_to_lose_a_copy(copies: Copies) -> None:
    assert Path(copies.keep("a\ud800b")).read_text() == "a?b\n"


def test_a_folder_that_cannot_be_made_is_an_error_for_the_caller(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")

    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        Copies({"XDG_STATE_HOME": str(tmp_path / "state")}, lambda: 0.0).keep("x")


def test_a_relative_state_folder_is_ignored() -> None:
    assert default_state_folder({"XDG_STATE_HOME": "here", "HOME": "/home/m"}) == Path(
        "/home/m/.local/state/hive-console"
    )
