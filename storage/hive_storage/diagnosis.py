"""What looking at a recording tells: plain data, for a page of text or JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from hive_storage.disk import Space


class Weight(Enum):
    """How grave a finding is."""

    WRONG = "wrong"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a person should know.

    Attributes:
        weight: how grave.
        text: what it is, and what to do.
    """

    weight: Weight
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        name: its name.
        rows: how many.
        size: bytes with its indices; `None` where this SQLite cannot tell.
    """

    name: str
    rows: int
    size: int | None


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file of the recording.

    Attributes:
        name: from the data folder on.
        size: bytes.
        log: bytes of its log.
        version: of its schema; 0 where it cannot be read.
        free: bytes in it that hold nothing.
        tables: what is in it, the largest first.
        problems: what SQLite finds wrong with it.
    """

    name: str
    size: int
    log: int = 0
    version: int = 0
    free: int = 0
    tables: tuple[Table, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What becomes of the disk if the recording goes on as it did.

    Attributes:
        main_a_day: bytes that hive.db grows by each day, until what is old goes.
        raw_a_day: bytes of a day's file.
        settles_at: bytes of the whole recording once as much goes as comes.
        full_in: days until the disk is full; `None` where all that is kept has room.
    """

    main_a_day: int
    raw_a_day: int
    settles_at: int
    full_in: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that was looked at.

    Attributes:
        folder: the data folder.
        sqlite: the version of SQLite.
        holder: who records into it now.
        space: its file system.
        ballast: bytes of the ballast.
        files: hive.db first, then the days, newest first.
        runs: lives of engines within the last 30 days.
        crashes: of them, those that ended without a word.
        gaps: stretches that are not whole, by their cause.
        dropped: events lost in them.
        forecast: `None` while the recording is too young to tell.
        findings: what is wrong first.
    """

    folder: str
    sqlite: str
    holder: str
    space: Space
    ballast: int
    files: tuple[FileReport, ...]
    runs: int = 0
    crashes: int = 0
    gaps: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    forecast: Forecast | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.weight is not Weight.WRONG for finding in self.findings)
