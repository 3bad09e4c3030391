"""A timeline of real incidents from a CSV file: provider, model or `*`, start, end, severity.

Times are all ISO 8601 (without a zone they are UTC; the rehearsal begins at midnight UTC of the first day) or all
seconds after the beginning. Every problem is told at once, each with line and column.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from hive_console.core.errors import ConfigurationError
from hive_console.core.text import NAME_LIMIT, clean
from hive_console.sim.rehearsal.climate import DAY
from hive_console.sim.rehearsal.episodes import Episode, Trouble

COLUMNS = ("provider", "model", "start", "end", "severity")

EVERYTHING = "*"
"""The model that means all of the provider's."""

MAX_BYTES = 8 * 1024 * 1024
"""A file of 100,000 incidents; more is a mistake."""

MAX_INCIDENTS = 100_000
"""Incidents at most: decades of every provider there is."""

MAX_PROBLEMS = 20
"""Problems that are told; a file of another kind has one on every line."""

MAX_DAYS = 3660.0
"""Days from the first incident's to the last one's end: ten years; beyond that a date is mistyped."""

SEVERITIES: Mapping[str, tuple[Trouble, float]] = {
    "critical": (Trouble.UNAVAILABLE, 1.0),
    "major": (Trouble.PARTIAL, 0.5),
    "minor": (Trouble.PARTIAL, 0.1),
    "outage": (Trouble.REFUSING, 1.0),
    "hang": (Trouble.HANGING, 1.0),
    "slow": (Trouble.SLOW, 4.0),
    "rate-limited": (Trouble.LIMITED, 2.0),
}
"""The words of status pages, then words for what they do not tell; docs/simulation.md says what each means."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a file holds.

    Attributes:
        episodes: the incidents.
        days: whole days until the last one's end.
    """

    episodes: tuple[Episode, ...]
    days: int


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time as it was written: seconds, and whether they are after the beginning or Unix seconds."""

    seconds: float
    is_dated: bool


class _Problems:
    """Collects what is wrong, each with its place."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: list[tuple[int, str]] = []

    @property
    def found(self) -> list[str]:
        """In the order of the file's lines."""
        return [problem for _, problem in sorted(self._found, key=lambda pair: pair[0])]

    def add(self, line: int, column: str, problem: str) -> None:
        place = f"{self._name}:{line}: {column}: " if column else f"{self._name}:{line}: "
        self._found.append((line, place + problem))


def read_incidents(text: str, name: str, providers: Mapping[str, tuple[str, ...]]) -> Timeline:
    """The timeline in `text`; raises `ConfigurationError` with everything that is wrong.

    Args:
        text: the file's content; a first line that names the columns, then one line an incident.
        name: the file's name, for problems.
        providers: the models of each provider of the fleet.
    """
    problems = _Problems(clean(name, NAME_LIMIT))
    rows = list(_rows(text, problems))
    is_dated = rows[0][2].is_dated if rows else False
    episodes: list[Episode] = []
    earliest = min((start.seconds for _, _, start, _, _ in rows), default=0.0)
    begins = math.floor(earliest / DAY) * DAY if is_dated else 0.0
    for line, (provider, model), start, end, severity in rows:
        models = _models(line, provider, model, providers, problems)
        if start.is_dated != is_dated or end.is_dated != is_dated:
            problems.add(line, "start", "mixes dates and seconds; write all times of the file the same way")
        elif (end.seconds - begins) / DAY > MAX_DAYS:
            problems.add(line, "end", f"is more than {MAX_DAYS:g} days after the first incident; correct the date")
        trouble, strength = SEVERITIES[severity]
        cause = f"{severity} at {provider}"
        episodes.append(Episode(start.seconds - begins, end.seconds - begins, models, trouble, strength, cause))
    if problems.found:
        raise ConfigurationError(_told(problems.found, name))
    last = max((episode.end for episode in episodes), default=0.0)
    return Timeline(tuple(episodes), max(1, math.ceil(last / DAY)))


_Row = tuple[int, tuple[str, str], _Moment, _Moment, str]


def _rows(text: str, problems: _Problems) -> Iterator[_Row]:
    """The lines that can be read, problems noted for the others."""
    if len(text) > MAX_BYTES:
        problems.add(1, "", f"is larger than {MAX_BYTES // 1024 // 1024} MiB; leave out what is not rehearsed")
        return
    lines = csv.reader(text.removeprefix("\ufeff").splitlines(), strict=True)
    count = 0
    try:
        heading = [cell.strip().lower() for cell in next(lines, [])]
        if tuple(heading) != COLUMNS:
            problems.add(1, "", f"the first line must name the columns: {','.join(COLUMNS)}")
            return
        for cells in lines:
            if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                continue
            count += 1
            if count > MAX_INCIDENTS:
                problems.add(lines.line_num, "", f"there are more than {MAX_INCIDENTS} incidents; split the file")
                return
            row = _row(lines.line_num, cells, problems)
            if row is not None:
                yield row
    except csv.Error as error:
        problems.add(lines.line_num, "", f"is no CSV ({error}); quote cells that hold commas")
        return
    if not count:
        problems.add(1, "", "holds no incident; write at least one line below the columns")


def _row(line: int, cells: list[str], problems: _Problems) -> _Row | None:
    if len(cells) != len(COLUMNS):
        problems.add(line, "", f"has {len(cells)} cells; must have {len(COLUMNS)}: {','.join(COLUMNS)}")
        return None
    provider, model, start, end, severity = (cell.strip() for cell in cells)
    begins = _moment(line, "start", start, problems)
    ends = _moment(line, "end", end, problems)
    word = severity.lower()
    if word not in SEVERITIES:
        said = f"{clean(severity, NAME_LIMIT)!r} is not known; write one of {', '.join(SEVERITIES)}"
        problems.add(line, "severity", said)
    if begins is None or ends is None or word not in SEVERITIES:
        return None
    if begins.is_dated == ends.is_dated and ends.seconds <= begins.seconds:
        problems.add(line, "end", "is not after the start")
        return None
    return line, (provider, model), begins, ends, word


def _moment(line: int, column: str, text: str, problems: _Problems) -> _Moment | None:
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        if 0 <= seconds <= MAX_DAYS * DAY:
            return _Moment(seconds, is_dated=False)
        problems.add(
            line, column, f"{clean(text, NAME_LIMIT)} is out of bounds; must be from 0 to {MAX_DAYS * DAY:g}"
        )
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        wanted = "write 2026-03-01T14:05:00Z or seconds after the beginning"
        problems.add(line, column, f"{clean(text, NAME_LIMIT)!r} is no time; {wanted}")
        return None
    zoned = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return _Moment(zoned.timestamp(), is_dated=True)


def _models(
    line: int, provider: str, model: str, providers: Mapping[str, tuple[str, ...]], problems: _Problems
) -> tuple[str, ...]:
    """The ids an incident hits; a model may be named with or without its provider's other names."""
    own = providers.get(provider)
    if own is None:
        known = ", ".join(providers)
        problems.add(line, "provider", f"{clean(provider, NAME_LIMIT)!r} is not in the fleet; there are {known}")
        return ()
    if model == EVERYTHING:
        return own
    if model not in own:
        known = ", ".join((*own, EVERYTHING))
        said = f"{clean(model, NAME_LIMIT)!r} is no model of {provider}; write one of {known}"
        problems.add(line, "model", said)
        return ()
    return (model,)


def _told(found: list[str], name: str) -> tuple[str, ...]:
    if len(found) <= MAX_PROBLEMS:
        return tuple(found)
    left = len(found) - MAX_PROBLEMS
    return (*found[:MAX_PROBLEMS], f"{clean(name, NAME_LIMIT)}: and {left} further problems")
