"""`hive-console db`: what it prints, its exit statuses, and that it never leaves half a backup."""

# ruff: noqa: ASYNC240  # a test may look at a folder from its loop

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hive_console.cli import db, main
from hive_console.cli.doctor_page import FILES_SHOWN, WIDTH, amount, doctor_lines
from hive_storage.diagnosis import Diagnosis, FileReport, Finding, Forecast, Table, Weight
from hive_storage.disk import Space
from hive_storage.folder import DATABASE_NAME
from tests.storage.kept_recordings import NOON, add_windows, day_file, windows, writing


async def _recorded(data: Path) -> None:
    data.mkdir(mode=0o700)
    async with writing(data) as connection:
        await add_windows(connection, "r60", windows(60, 1, NOON - 600_000, NOON))
    (data / DATABASE_NAME).chmod(0o600)
    day_file(data, NOON)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(_recorded(tmp_path / "data"))
    return tmp_path / "data"


def test_a_backup_is_made_and_told(data: Path, tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["db", "backup", str(tmp_path / "copy"), "--data", str(data), "--with-requests"])

    assert ran.exit_code == 0, ran.output
    assert ran.stdout.startswith(f"{tmp_path / 'copy'}: 2 files, ")
    assert ran.stdout.endswith("verified\n")
    assert (tmp_path / "copy" / "raw" / "req-20261126.db").exists()


def test_without_the_flag_requests_stay_behind(data: Path, tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["db", "backup", str(tmp_path / "copy"), "--data", str(data)])

    assert ran.stdout.startswith(f"{tmp_path / 'copy'}: 1 file, ")
    assert not (tmp_path / "copy" / "raw").exists()


def test_a_backup_that_cannot_be_made_says_why_and_fails(data: Path) -> None:
    ran = CliRunner().invoke(main, ["db", "backup", str(data), "--data", str(data)])

    assert ran.exit_code == 1
    assert ran.stderr == f"hive-console: {data} exists already; name a folder that does not\n"


def test_a_backup_that_is_stopped_says_so(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(db, "back_up", stopped)
    ran = CliRunner().invoke(main, ["db", "backup", str(tmp_path / "copy"), "--data", str(data)])

    assert (ran.exit_code, ran.stderr) == (130, "hive-console: stopped; nothing was kept\n")


def test_progress_is_told_on_a_terminal_and_not_for_each_page(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter((10.0, 10.1, 10.2, 11.5, 11.6))
    progress = db._Progress(is_shown=True, clock=lambda: next(times))

    for copied in (0, 1024, 2048, 3072, 4096):
        progress.hear("hive.db", copied, 4096)
    db._Progress(is_shown=False).hear("hive.db", 0, 4096)

    assert capsys.readouterr().err.splitlines() == [
        "hive.db: 0 B of 4 KiB",
        "hive.db: 3 KiB of 4 KiB",
        "hive.db: 4 KiB of 4 KiB",
    ]


def test_the_doctor_finds_a_healthy_recording_well(data: Path) -> None:
    ran = CliRunner().invoke(main, ["db", "doctor", "--data", str(data)])

    assert ran.exit_code == 0, ran.output
    assert "all is well" in ran.stdout
    assert "r60" in ran.stdout


def test_the_doctor_fails_with_one_for_what_is_wrong(data: Path) -> None:
    data.chmod(0o777)

    ran = CliRunner().invoke(main, ["db", "doctor", "--data", str(data), "--json"])

    told = json.loads(ran.stdout)
    assert ran.exit_code == 1
    assert told["is_well"] is False
    assert told["findings"][0]["weight"] == "wrong"
    assert told["files"][0]["name"] == DATABASE_NAME


@pytest.mark.parametrize("content", [None, b"no database at all" * 500])
def test_the_doctor_fails_with_two_for_what_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / DATABASE_NAME).write_bytes(content)

    ran = CliRunner().invoke(main, ["db", "doctor", "--data", str(tmp_path)])

    assert ran.exit_code == 2


FOUND = Diagnosis(
    folder="/var/lib/" + "hive/" * 20,
    sqlite="3.40.1",
    holder="process 7 (hive-console serve --data /var/lib/hive) on here since 2026-11-26 12:00:00 UTC",
    space=Space(100 * 1024**3, 3 * 1024**3),
    ballast=64 * 1024**2,
    files=(
        FileReport("hive.db", 9 * 1024**3, 70 * 1024**2, 4, 5_000, (Table("r60", 2_160_000, 600_000_000),)),
        FileReport("raw/req-20261126.db", 4_000, problems=("row 3 missing from index x\x1b[2J",)),
        *(FileReport(f"raw/req-202610{day:02}.db", 1024**2, version=1) for day in range(30, 0, -1)),
    ),
    runs=3,
    crashes=1,
    gaps={"queue full": 2, "disk full": 1},
    dropped=1_234,
    forecast=Forecast(30 * 1024**2, 400 * 1024**2, 5 * 1024**3, 7.2),
    findings=(
        Finding(Weight.WRONG, "something " * 20),
        Finding(Weight.NOTE, "a note\x1b]0;title\x07"),
    ),
)


def test_no_line_of_the_page_is_wider_than_a_terminal_or_moves_its_cursor() -> None:
    lines = list(doctor_lines(FOUND))

    assert max(map(len, lines)) <= WIDTH
    assert all(line.isprintable() for line in lines)


def test_the_page_says_what_matters() -> None:
    page = " ".join(" ".join(doctor_lines(FOUND)).split())

    for word in (
        "1 thing is wrong",
        "DAMAGED",
        f"and {32 - FILES_SHOWN} older files",
        "2,160,000",
        "3.0 GiB free of 100 GiB, 64.0 MiB of ballast",
        "1 without a proper end",
        "2 queue full, 1 disk full",
        "1234 events lost",
        "the disk is full in 7 days",
    ):
        assert word in page


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (1023, "1023 B"), (2048, "2 KiB"), (1.5 * 1024**2, "1.5 MiB"), (2**60, "1048576 TiB")],
)
def test_bytes_are_said_for_people(size: float, said: str) -> None:
    assert amount(size) == said
