"""Anchors: appended durably and privately, read within bounds, and lines that are none are named."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hive_console.core.errors import HiveError
from hive_storage import anchors
from hive_storage.anchors import ANCHOR_INTERVAL, READ_LIMIT, AnchorFile, Anchors, append, read, set_aside

NOW = 1_790_000_000.0
HEAD = bytes(range(32))


def test_an_anchor_is_one_line_that_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "audit.anchor"

    append(path, 7, HEAD, NOW)
    append(path, 9, bytes(32), NOW + 1)

    assert path.read_text().splitlines()[0] == f"7 {HEAD.hex()} 2026-09-21T14:13:20Z"
    assert read(path) == Anchors(pairs=((7, HEAD.hex()), (9, bytes(32).hex())))


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "audit.anchor"
    path.touch(0o644)

    append(path, 1, HEAD, NOW)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "audit.anchor"
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(HiveError, match="cannot write the anchor"):
        append(path, 1, HEAD, NOW)

    assert not (tmp_path / "elsewhere").exists()


def test_a_torn_line_is_named_and_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "audit.anchor"
    append(path, 1, HEAD, NOW)
    with path.open("a") as file:
        file.write("2 ab\x1b[2J")
    append(path, 3, HEAD, NOW)

    found = read(path)

    assert [number for number, _ in found.pairs] == [1, 3]
    assert found.bad_lines == ("line 2 is no anchor: 2 ab␛[2J",)


def test_only_the_newest_part_of_a_huge_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "audit.anchor"
    line = f"5 {HEAD.hex()}\n"
    path.write_text(line * (READ_LIMIT // len(line) + 10))
    append(path, 6, HEAD, NOW)

    found = read(path)

    assert found.pairs[-1][0] == 6
    assert len(found.pairs) <= READ_LIMIT // len(line) + 1
    assert found.bad_lines == ()


def test_few_of_many_bad_lines_are_told(tmp_path: Path) -> None:
    path = tmp_path / "audit.anchor"
    path.write_text("junk\n" * 1000)

    assert len(read(path).bad_lines) == 5


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(HiveError, match="cannot read the anchors"):
        read(tmp_path / name)


def test_one_anchor_an_hour_while_the_trail_grows(tmp_path: Path) -> None:
    path = tmp_path / "audit.anchor"
    file = AnchorFile(path, number=4, now=NOW)

    due = [
        file.is_due(5, NOW + ANCHOR_INTERVAL - 1),
        file.is_due(4, NOW + ANCHOR_INTERVAL),
        file.is_due(5, NOW + ANCHOR_INTERVAL),
        file.is_due(5, NOW - 1),
    ]

    assert due == [False, False, True, True]
    file.keep(5, HEAD, NOW + ANCHOR_INTERVAL)
    assert not file.is_due(6, NOW + ANCHOR_INTERVAL + 1)
    file.keep(5, HEAD, NOW + ANCHOR_INTERVAL)
    assert len(read(path).pairs) == 1


def test_an_anchor_that_could_not_be_written_is_owed_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.anchor"
    file = AnchorFile(path, number=4, now=NOW)
    path.mkdir()

    with pytest.raises(HiveError):
        file.keep(5, HEAD, NOW + ANCHOR_INTERVAL)

    assert not file.is_due(5, NOW + ANCHOR_INTERVAL + 1)
    assert file.is_due(5, NOW + 2 * ANCHOR_INTERVAL)
    path.rmdir()
    file.keep(5, HEAD, NOW + 2 * ANCHOR_INTERVAL)
    assert read(path).pairs == ((5, HEAD.hex()),)


def test_a_new_trail_puts_the_anchors_of_the_old_one_aside(tmp_path: Path) -> None:
    path = tmp_path / anchors.ANCHOR_NAME
    append(path, 9, HEAD, NOW)

    AnchorFile(path, number=0, now=NOW)

    assert not path.exists()
    assert read(tmp_path / "audit.anchor.20260921T141320").pairs == ((9, HEAD.hex()),)
    assert set_aside(path, NOW) is None
