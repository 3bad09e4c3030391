"""Events and sums as rows of text: CSV that no spreadsheet takes for a formula, and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from hive_console.core.events import Event
from hive_console.core.journal import kind_of, to_record
from hive_console.core.rollup import Sums
from hive_console.core.text import clean

TEXT_LIMIT = 32_000
"""Characters of a cell: a spreadsheet takes 32,767."""

_FORMULA = frozenset("=+-@\t\r＝＋－＠")
"""What makes a spreadsheet take a text for a formula (OWASP, CSV Injection), the full-width forms included."""

_INSTANTS = ("at", "until")
"""Last words of the fields that hold a moment."""

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

Cell = str | int | float | bool | None


def columns_of(kinds: Iterable[type[Event]]) -> tuple[str, ...]:
    """The columns of a table of these kinds of events: when, what, and every field that one of them has."""
    names = [field.name for kind in kinds for field in fields(kind) if field.name != "at"]
    return ("time", "event", *dict.fromkeys(names))


def event_row(event: Event, columns: Sequence[str]) -> str:
    """One event as a line of CSV, without its end."""
    values = _values(event)
    return csv_line(values.get(column) for column in columns)


def event_line(event: Event) -> str:
    """One event as a line of JSON, without its end; ASCII, so that no control character gets out."""
    return json.dumps(_values(event), separators=(",", ":"))


def sums_columns() -> tuple[str, ...]:
    """The columns of a table of sums; durations are in milliseconds, money is in micro-dollars."""
    return tuple(sums_values(0.0, "", Sums()))


def sums_values(begin: float, model: str, sums: Sums) -> dict[str, Cell]:
    """One window of one model."""
    answers = sums.calls - sums.failed - sums.neutral
    values: dict[str, Cell] = {"time": instant(begin), "model": model}
    for field in fields(Sums):
        value = getattr(sums, field.name)
        if field.name in {"latency", "first_token"}:
            for name, share in QUANTILES.items():
                at = value.quantile(share)
                values[f"{field.name}_{name}_ms"] = None if at is None else round(at * 1000, 3)
        elif field.name.endswith("_us"):
            values[f"{field.name.removesuffix('_us')}_ms"] = None if value is None else value / 1000
        elif field.name in {"status", "breaker"}:
            values[field.name] = None if value is None else value.value
        else:
            values[field.name] = value
    values["latency_mean_ms"] = round(sums.latency_us / answers / 1000, 3) if answers > 0 else None
    return values


def csv_line(cells: Iterable[object]) -> str:
    """Cells as one line of CSV: numbers as they are, texts sanitised and never a formula."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([_cell(cell) for cell in cells])
    return line.getvalue()


def instant(moment: float) -> str:
    """Unix seconds as ISO 8601 in UTC, to the microsecond; as the number where no calendar has it."""
    try:
        return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return repr(moment)


def _values(event: Event) -> dict[str, Any]:
    record = to_record(event)
    values: dict[str, Any] = {"time": instant(record.pop("at")), "event": kind_of(event)}
    for name, value in record.items():
        is_moment = name.split("_")[-1] in _INSTANTS and isinstance(value, float)
        values[name] = instant(value) if is_moment else value
    return values


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
        case list() | tuple():
            return _text("; ".join(map(str, value)))
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """A text that a spreadsheet shows as what it is; blanks before a formula do not hide it."""
    is_formula = text.lstrip(" \u00a0\u3000")[:1] in _FORMULA if text else False
    return f"'{clean(text, TEXT_LIMIT)}" if is_formula else clean(text, TEXT_LIMIT)
