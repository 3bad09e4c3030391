"""When a user last looked: a small private file that nothing can break."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hive_console.adapters import last_look
from hive_console.adapters.last_look import LastLook

AT = 1_790_000_000.5


def look(tmp_path: Path, data: str = "data") -> LastLook:
    return LastLook(tmp_path / data, {"XDG_STATE_HOME": str(tmp_path / "state")})


def test_a_look_is_remembered_for_its_folder_alone(tmp_path: Path) -> None:
    assert look(tmp_path).at() is None

    assert look(tmp_path).note(AT)

    assert look(tmp_path).at() == AT
    assert look(tmp_path, "other").at() is None


def test_the_file_is_private_and_alone(tmp_path: Path) -> None:
    noted = look(tmp_path)
    noted.note(AT)
    noted.note(AT + 1)

    assert noted.file.stat().st_mode & 0o777 == 0o600
    assert noted.file.parent.stat().st_mode & 0o777 == 0o700
    assert list(noted.file.parent.iterdir()) == [noted.file]


def test_a_folder_and_the_recording_in_it_are_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "hive.db").touch()

    assert look(tmp_path, "data/hive.db").file == look(tmp_path, "data").file == look(tmp_path, "x/../data").file


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"at": "x"}',
        '{"at": NaN}',
        '{"at": -1}',
        '{"at": 1e999}',
        "[" * 4_000,
        '{"at": null}',
        "\x00",
    ],
)
def test_a_damaged_file_is_no_look(tmp_path: Path, text: str) -> None:
    noted = look(tmp_path)
    noted.note(AT)
    noted.file.write_text(text)

    assert noted.at() is None


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    noted = look(tmp_path)
    noted.file.parent.mkdir(parents=True)
    noted.file.symlink_to(target)

    noted.note(AT)

    assert target.read_text() == "mine"
    assert json.loads(noted.file.read_text())["at"] == AT


@pytest.mark.parametrize("blocked", ["folder", "file"])
def test_what_cannot_be_written_is_no_error(tmp_path: Path, blocked: str) -> None:
    noted = look(tmp_path)
    if blocked == "folder":
        (tmp_path / "state").write_text("in the way")
    else:
        noted.file.mkdir(parents=True)

    assert not noted.note(AT)
    assert noted.at() is None
    assert blocked == "folder" or list(noted.file.parent.iterdir()) == [noted.file]


def test_the_longest_unseen_folders_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_look, "MOST_KEPT", 2)
    for number in range(3):
        noted = look(tmp_path, f"data-{number}")
        noted.note(AT)
        os.utime(noted.file, (number, number))

    look(tmp_path, "data-3").note(AT)

    assert [look(tmp_path, f"data-{number}").at() for number in range(4)] == [None, None, AT, AT]
