"""Rows of an export: no formula, no control character, numbers as numbers, times anybody reads."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_console.cli.cells import (
    columns_of,
    csv_line,
    event_line,
    event_row,
    instant,
    sums_columns,
    sums_values,
)
from hive_console.core.events import BreakerChanged, Event, KeyQuarantined, ServiceFailed, event_types
from hive_console.core.rollup import Sums
from hive_console.core.states import BreakerState, ModelStatus
from tests.storage.event_samples import any_events

AT = 1_790_000_000.25


def cells(line: str) -> list[str]:
    (row,) = csv.reader(io.StringIO(line))
    return row


def is_harmless(line: str) -> bool:
    return not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in line)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1+1", '=HYPERLINK("http://x")', "\u00a0@x"]
)
def test_a_text_that_looks_like_a_formula_begins_with_an_apostrophe(text: str) -> None:
    (cell,) = cells(csv_line([text]))

    assert cell.startswith("'")


@pytest.mark.parametrize(("value", "cell"), [(-1, "-1"), (-0.5, "-0.5"), (True, "true"), (None, ""), (0, "0")])
def test_numbers_stay_numbers(value: object, cell: str) -> None:
    assert cells(csv_line([value, "x"])) == [cell, "x"]


@given(st.text(max_size=60))
def test_no_text_moves_a_cursor_breaks_a_line_or_is_a_formula(text: str) -> None:
    line = csv_line(["a", text, "b"])

    found = cells(line)
    assert is_harmless(line)
    assert found[0] + found[2] == "ab"
    assert found[1].lstrip()[:1] not in set("=+-@")


@pytest.mark.parametrize("shape", ["csv", "jsonl"])
@given(events=any_events())
def test_every_kind_of_event_becomes_one_harmless_line(events: list[Event], shape: str) -> None:
    columns = columns_of(event_types())
    for event in events:
        line = event_row(event, columns) if shape == "csv" else event_line(event)

        assert is_harmless(line)
        if shape == "csv":
            assert len(cells(line)) == len(columns)
        else:
            assert json.loads(line)["event"] == type(event).__name__


def test_a_row_has_the_fields_of_its_event_and_nothing_in_the_others() -> None:
    columns = columns_of((ServiceFailed, KeyQuarantined))
    event = KeyQuarantined(at=AT, key="env:K", provider="acme", models=("a", "b"))

    told = dict(zip(columns, cells(event_row(event, columns)), strict=True))
    assert columns[:4] == ("time", "event", "service", "message")
    assert (told["time"], told["event"], told["service"]) == ("2026-09-21T14:13:20.250000Z", "KeyQuarantined", "")
    assert (told["key"], told["provider"], told["models"]) == ("env:K", "acme", "a; b")


def test_every_moment_of_an_event_is_a_time() -> None:
    event = BreakerChanged(
        at=AT, model="m", old=BreakerState.CLOSED, new=BreakerState.OPEN, cause="c", open_until=AT + 5
    )

    told: dict[str, Any] = json.loads(event_line(event))
    assert told["time"] == "2026-09-21T14:13:20.250000Z"
    assert told["open_until"] == "2026-09-21T14:13:25.250000Z"
    assert told["new"] == "open"
    assert "at" not in told


def test_a_moment_on_no_calendar_is_a_number() -> None:
    assert instant(1e300) == "1e+300"


def test_sums_have_quantiles_in_milliseconds() -> None:
    sums = Sums(calls=100, failed=2, neutral=1, latency_us=97_000_000, latency_min_us=900_000, probe_us=1_500)
    sums.status = ModelStatus.DEGRADED
    for number in range(1, 101):
        sums.latency.add(number / 100)

    values = sums_values(AT, "alpha", sums)

    assert tuple(values) == sums_columns()
    assert values["time"] == "2026-09-21T14:13:20.250000Z"
    assert (values["model"], values["calls"], values["status"], values["breaker"]) == (
        "alpha",
        100,
        "degraded",
        None,
    )
    assert values["latency_p50_ms"] == pytest.approx(500, rel=0.011)
    assert values["latency_p95_ms"] == pytest.approx(950, rel=0.011)
    assert values["latency_p99_ms"] == pytest.approx(990, rel=0.011)
    assert values["latency_mean_ms"] == 1000.0
    assert (values["latency_min_ms"], values["latency_max_ms"], values["probe_ms"]) == (900.0, None, 1.5)
    assert values["first_token_p50_ms"] is None


def test_sums_without_an_answer_have_no_mean() -> None:
    assert sums_values(AT, "alpha", Sums(calls=2, failed=2))["latency_mean_ms"] is None
