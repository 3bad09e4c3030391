"""What `hive-console db doctor` found, as plain text of at most 79 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from hive_console.core.text import clean
from hive_storage.diagnosis import Diagnosis, FileReport, Forecast, Table, Weight

WIDTH = 79
"""Columns of every line: 80 less one, because some terminals wrap after the 80th."""

FILES_SHOWN = 14
"""Files listed, the newest; the rest is counted."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_INDENT = "       "
_LINE_LIMIT = 1_000


def doctor_lines(found: Diagnosis) -> Iterator[str]:
    """The page, line by line."""
    yield from _wrapped(f"recording in {clean(found.folder, _LINE_LIMIT)}", "  ")
    wrong = sum(finding.weight is Weight.WRONG for finding in found.findings)
    yield "all is well" if not wrong else f"{wrong} thing{' is' if wrong == 1 else 's are'} wrong"
    yield ""
    for finding in found.findings:
        word = "WRONG  " if finding.weight is Weight.WRONG else "note   "
        yield from _wrapped(f"{word}{clean(finding.text, _LINE_LIMIT)}", _INDENT)
    if found.findings:
        yield ""
    yield f"{'FILE':<27}{'SIZE':>11}{'LOG':>11}{'EMPTY':>11}{'SCHEMA':>8}  CHECK"
    for file in found.files[:FILES_SHOWN]:
        yield _file_line(file)
    if len(found.files) > FILES_SHOWN:
        older = found.files[FILES_SHOWN:]
        yield f"and {len(older)} older files, {amount(sum(file.size for file in older))}"
    for file in found.files[:2]:
        yield from _table_lines(file)
    yield ""
    yield from _facts(found)


def amount(size: float) -> str:
    """Bytes for people: `877 MiB`, `1.2 GiB`."""
    power = 0
    while size >= 1024 and power < len(_UNITS) - 1:
        size /= 1024
        power += 1
    digits = 1 if power > 1 and size < 100 else 0
    return f"{size:.{digits}f} {_UNITS[power]}"


def _file_line(file: FileReport) -> str:
    cells = (amount(file.size), amount(file.log) if file.log else "-", amount(file.free) if file.free else "-")
    check = "DAMAGED" if file.problems else "ok"
    return f"{file.name[:26]:<27}{cells[0]:>11}{cells[1]:>11}{cells[2]:>11}{file.version or '-':>8}  {check}"


def _table_lines(file: FileReport) -> Iterator[str]:
    shown = [table for table in file.tables if table.rows]
    if not shown:
        return
    yield ""
    yield f"{'TABLE OF ' + file.name.rpartition('/')[2]:<27}{'ROWS':>15}{'SIZE':>11}{'BYTES A ROW':>13}"
    for table in shown:
        yield _table_line(table)


def _table_line(table: Table) -> str:
    size = "-" if table.size is None else amount(table.size)
    each = "-" if table.size is None else f"{table.size / table.rows:.0f}"
    return f"{table.name[:26]:<27}{table.rows:>15,}{size:>11}{each:>13}"


def _facts(found: Diagnosis) -> Iterator[str]:
    space = found.space
    ballast = f", {amount(found.ballast)} of ballast" if found.ballast else ", no ballast"
    yield f"Disk: {amount(space.free)} free of {amount(space.total)}{ballast}"
    yield from _wrapped(f"Recorded now by: {clean(found.holder, _LINE_LIMIT) or 'nobody'}", "  ")
    lost = f"{found.dropped} events lost" if found.dropped else "no event lost"
    gaps = ", ".join(f"{count} {cause}" for cause, count in found.gaps.items()) or "none"
    runs = f"{found.runs} run{'' if found.runs == 1 else 's'}, {found.crashes} without a proper end"
    yield from _wrapped(f"Last 30 days: {runs}; gaps: {gaps}; {lost}", "  ")
    yield from _wrapped(_forecast(found.forecast), "  ")
    yield f"SQLite {found.sqlite}"


def _forecast(forecast: Forecast | None) -> str:
    if forecast is None:
        return "Forecast: the recording is less than a day old"
    grows = f"hive.db {amount(forecast.main_a_day)} a day, requests {amount(forecast.raw_a_day)} a day"
    if forecast.full_in is None:
        return f"Forecast: {grows}; settles at about {amount(forecast.settles_at)}, which the disk has room for"
    return f"Forecast: {grows}; the disk is full in {forecast.full_in:.0f} days"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=True)
