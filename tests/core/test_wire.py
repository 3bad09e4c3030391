"""Snapshots survive the wire exactly, whatever is in them, and readers of another version read what they can."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_console.core.settings import Strategy
from hive_console.core.snapshot import (
    AlertView,
    BreakerView,
    FleetSnapshot,
    MetricsView,
    ModelView,
    RecorderView,
    RouteView,
)
from hive_console.core.states import AlertRule, AlertState, BreakerState, ModelStatus, Severity
from hive_console.core.wire import (
    UnreadableSnapshot,
    snapshot_from_data,
    snapshot_from_json,
    snapshot_to_data,
    snapshot_to_json,
    status_to_data,
)

# Lone surrogates are no text, and JSON has no infinities; the sanitiser and the metrics let neither in.
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_floats = st.floats(allow_nan=False, allow_infinity=False)
_counts = st.integers(0, 2**53)
_series = st.lists(st.none() | _floats, max_size=3).map(tuple)
_names = st.lists(_texts, max_size=2).map(tuple)

_breakers = st.builds(
    BreakerView,
    state=st.sampled_from(BreakerState),
    since=_floats,
    failure_threshold=_counts,
    recovery_timeout=_floats,
    last_failure=st.none() | _floats,
    last_failure_cause=_texts,
    open_until=st.none() | _floats,
)
_routes = st.builds(
    RouteView,
    name=_texts,
    primary=_texts,
    serving=st.none() | _texts,
    strategy=st.sampled_from(Strategy),
    chain=_names,
)
_models = st.builds(
    ModelView,
    model_id=_texts,
    provider=_texts,
    status=st.sampled_from(ModelStatus),
    status_since=_floats,
    status_cause=_texts,
    breaker=_breakers,
    p95=st.none() | _floats,
    requests=_counts,
    pinned_to=st.none() | _texts,
    serving=st.none() | _texts,
    fallbacks=_names,
    strategy=st.sampled_from(Strategy),
    response_times=_series,
    error_rates=_series,
)
_alerts = st.builds(
    AlertView,
    alert_id=_texts,
    rule=st.sampled_from(AlertRule),
    severity=st.sampled_from(Severity),
    subject=_texts,
    text=_texts,
    state=st.sampled_from(AlertState),
    raised_at=_floats,
    acknowledged_by=st.none() | _texts,
)
_metrics = st.builds(
    MetricsView,
    model_availability=st.lists(st.tuples(_texts, _floats), max_size=2).map(tuple),
    recovery_time=st.none() | _floats,
    operations=_counts,
)
_fleets = st.builds(
    FleetSnapshot,
    sequence=_counts,
    at=_floats,
    started_at=_floats,
    routes=st.lists(_routes, max_size=2).map(tuple),
    models=st.lists(_models, max_size=2).map(tuple),
    is_degraded=st.booleans(),
    degraded_since=st.none() | _floats,
    alerts=st.lists(_alerts, max_size=2).map(tuple),
    metrics=_metrics,
    recorder=st.builds(RecorderView, recorded=_counts, error=_texts),
    environment=_texts,
    undo_text=_texts,
)

EMPTY = FleetSnapshot(sequence=1, at=2.0, started_at=1.0, models=())


@given(_fleets)
def test_data_gives_the_same_snapshot_back(fleet: FleetSnapshot) -> None:
    assert snapshot_from_data(snapshot_to_data(fleet)) == fleet


@given(_fleets)
def test_json_gives_the_same_snapshot_back(fleet: FleetSnapshot) -> None:
    line = snapshot_to_json(fleet)

    assert b"\n" not in line
    assert snapshot_from_json(line) == fleet


@given(_fleets)
def test_any_json_library_may_carry_it(fleet: FleetSnapshot) -> None:
    assert snapshot_from_data(json.loads(json.dumps(snapshot_to_data(fleet)))) == fleet


@pytest.mark.parametrize(("until", "wait"), [(None, None), (14.5, 12.5), (1.0, 0.0)])
def test_the_status_tells_how_long_each_breaker_stays_open(until: float | None, wait: float | None) -> None:
    breaker = BreakerView(BreakerState.OPEN, 0.0, 5, 20.0, open_until=until)
    model = ModelView("m", "p", ModelStatus.UNAVAILABLE, 0.0, "", breaker)

    status = status_to_data(replace(EMPTY, models=(model,)))

    assert status["models"][0]["breaker"]["retry_in"] == wait


def test_fields_of_a_newer_engine_are_ignored() -> None:
    data = {**snapshot_to_data(EMPTY), "phase_of_the_moon": "full"}

    assert snapshot_from_data(data) == EMPTY


def test_fields_an_older_engine_does_not_send_take_their_defaults() -> None:
    assert snapshot_from_data({"sequence": 1, "at": 2, "started_at": 1, "models": []}) == EMPTY


def test_whole_numbers_become_floats_where_floats_are_meant() -> None:
    fleet = snapshot_from_json(b'{"sequence":1,"at":2,"started_at":1,"models":[]}')

    assert isinstance(fleet.at, float)


@pytest.mark.parametrize("data", [{}, {**snapshot_to_data(EMPTY), "at": "noon"}])
def test_data_that_is_no_snapshot_says_what_is_wrong(data: dict[str, object]) -> None:
    with pytest.raises(UnreadableSnapshot, match="same version"):
        snapshot_from_data(data)


@pytest.mark.parametrize("line", [b"", b"{", b"\xff", b"[]", b"{}", b'{"a":"\xed\xa0\x80"}'])
def test_bytes_that_are_no_snapshot_say_what_is_wrong(line: bytes) -> None:
    with pytest.raises(UnreadableSnapshot, match="same version"):
        snapshot_from_json(line)
