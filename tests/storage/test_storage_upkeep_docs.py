"""docs/recording.md on retention, full disks, backups and exports: its numbers and words are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from hive_console.cli import db, export
from hive_console.core.keeping import Keeping
from hive_console.core.rollup import Tier
from hive_console.core.store import GapCause
from hive_storage import ballast, disk, doctor, full_disk, log_cap, migration_copy, retention, sql

PAGE = (Path(__file__).parents[2] / "docs" / "recording.md").read_text("utf-8")
MIB = 1024**2
GIB = 1024**3


def section(name: str) -> str:
    _, _, rest = PAGE.partition(f"\n## {name}\n")
    assert rest, name
    return " ".join(rest.partition("\n## ")[0].split())


def test_what_is_kept_by_default_is_told() -> None:
    keeping, told = Keeping(), section("Retention")
    sizes = [keeping.size_of(tier) for tier in Tier]

    for number in (
        f"| {keeping.raw_days} days, {keeping.raw_size // GIB} GiB |",
        f"| {keeping.failed_days} days, {keeping.failed_size // GIB} GiB |",
        f"{keeping.days_of(Tier.TEN_SECONDS)} days, {(sizes[0] or 0) // MIB} MiB;",
        f"{keeping.days_of(Tier.MINUTE)} days, {(sizes[1] or 0) // GIB} GiB;",
        f"{keeping.days_of(Tier.HOUR)} days, {(sizes[2] or 0) // GIB} GiB;",
        f"{keeping.days_of(Tier.DAY) // 365} years |",
        f"| {keeping.probe_days} days, {keeping.probe_size // GIB} GiB |",
        f"| {keeping.event_days} days |",
        f"{retention.MOST_ROWS:,}",
        f"keeps {retention.SPARE_PAGES * 4096 // MIB} MiB",
        *(f"`{table}`" for table in sql.ROLL_UP_TABLES.values()),
    ):
        assert number in told, number


def test_when_a_disk_is_full_is_told() -> None:
    told = section("When the disk is full")

    for number in (
        f"every {full_disk.LOOK:g} s",
        f"less than {disk.TIGHT_FREE // GIB} GiB (or {disk.TIGHT_SHARE:.0%}".replace("%", " %"),
        f"less than {disk.CRITICAL_FREE // MIB} MiB (or {disk.CRITICAL_SHARE:.0%}".replace("%", " %"),
        f"below {disk.TIGHT_FREE / disk.TIGHT_SHARE / GIB:.0f} GiB",
        f"below {disk.CRITICAL_FREE / disk.CRITICAL_SHARE / GIB:.0f} GiB",
        f"`{ballast.BALLAST_NAME}` is a file of nothing but room: {ballast.LARGEST // MIB} MiB",
        f"Above {log_cap.LARGE // MIB} MiB",
        f"above {log_cap.TOO_LARGE // MIB} MiB",
        f"`{GapCause.DISK_FULL.value}`",
        f"`{GapCause.LOG_PINNED.value}`",
    ):
        assert number in told, number


def test_the_copy_before_a_migration_is_told() -> None:
    told = section("Backup")

    assert f"`{migration_copy.BACKUPS}/pre-v{sql.SCHEMA_VERSION}.db`" in told
    assert migration_copy.KEPT == 2
    assert "the newest two" in told
    assert f"exit status {db.INTERRUPTED}" in told


def test_the_doctor_is_told() -> None:
    told = section("Doctor")

    assert ".".join(map(str, doctor.FIXED)) in told
    assert f"{doctor.LOOKS_BACK // 86_400} days" in told


@pytest.mark.parametrize(
    ("name", "command"),
    [("Backup", db.backup_command), ("Doctor", db.doctor_command), ("Export", export.command)],
)
def test_every_option_that_is_shown_is_one_of_the_command(name: str, command: click.Command) -> None:
    _, _, rest = PAGE.partition(f"\n## {name}\n")
    shown = set(
        re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rest.partition("```")[2].partition("```")[0].partition("#")[0])
    )
    known = {option for parameter in command.params for option in parameter.opts}

    assert shown
    assert shown <= known


def test_tables_of_sums_are_told() -> None:
    told = section("Export")

    assert all(f"`{name}`" in told for name in export.SUMS)
