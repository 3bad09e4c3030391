"""Every kind of event becomes plain data and comes back the same, whatever its fields hold."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields
from enum import Enum

import pytest

from hive_console.core import events as e
from hive_console.core.errors import HiveError
from hive_console.core.events import Event, event_types
from hive_console.core.journal import UnknownEvent, from_record, kind_of, to_record
from hive_console.core.outcome import OutcomeKind
from tests.core.samples import NOW, every_event, every_variant, sample_event

BASE_FIELDS = {"at"}


@pytest.mark.parametrize("event", every_variant(), ids=lambda event: type(event).__name__)
def test_every_event_round_trips_through_json(event: Event) -> None:
    stored = json.loads(json.dumps(to_record(event)))

    restored = from_record(kind_of(event), stored)

    assert restored == event
    assert type(restored) is type(event)
    for field in fields(event):
        assert type(getattr(restored, field.name)) is type(getattr(event, field.name))


def test_every_kind_of_event_is_named_once() -> None:
    kinds = event_types()

    assert len({kind.__name__ for kind in kinds}) == len(kinds) == len(every_event())
    assert Event not in kinds
    assert kinds[0] is e.EngineStarted


@pytest.mark.parametrize("event", every_event(), ids=kind_of)
def test_a_record_holds_plain_data_only(event: Event) -> None:
    record = to_record(event)

    assert set(record) == {field.name for field in fields(event)}
    assert not [value for value in record.values() if isinstance(value, Enum | tuple)]


@pytest.mark.parametrize("kind", event_types())
def test_events_are_frozen_named_and_timed(kind: type[Event]) -> None:
    event = sample_event(kind)

    assert {field.name for field in fields(kind)} >= BASE_FIELDS
    assert kind.__doc__
    with pytest.raises(FrozenInstanceError):
        event.at = 0.0  # type: ignore[misc]  # that is what is tested


def test_fields_of_a_newer_version_are_ignored() -> None:
    event = e.EngineStopped(at=NOW, cause="asked to")

    restored = from_record("EngineStopped", to_record(event) | {"mood": "fine", "extra": [1, 2]})

    assert restored == event


def test_fields_that_an_older_version_did_not_write_take_their_default() -> None:
    restored = from_record("ProbeFinished", {"at": NOW, "model": "a", "kind": "success", "latency": 0.25})

    assert restored == e.ProbeFinished(at=NOW, model="a", kind=OutcomeKind.SUCCESS, latency=0.25)


def test_a_kind_that_this_version_does_not_know_is_refused_with_a_way_out() -> None:
    with pytest.raises(
        UnknownEvent, match="event kind 'MoonRose' is not known to this version; upgrade"
    ) as refused:
        from_record("MoonRose", {"at": NOW})

    assert isinstance(refused.value, HiveError)


def test_the_base_of_all_events_is_no_kind_of_its_own() -> None:
    with pytest.raises(UnknownEvent):
        from_record("Event", {"at": NOW})


def test_a_whole_number_of_seconds_comes_back_as_a_float() -> None:
    restored = from_record("ModelRecovered", {"at": 5, "model": "a", "down_for": 7, "by_operator": False})

    assert isinstance(restored, e.ModelRecovered)
    assert isinstance(restored.at, float)
    assert isinstance(restored.down_for, float)
    assert restored.by_operator is False


def test_a_word_that_this_version_does_not_know_is_refused_with_a_way_out() -> None:
    record = to_record(sample_event(e.BreakerChanged))
    record["new"] = "melted"

    with pytest.raises(UnknownEvent, match="'melted' is not known to this version; upgrade"):
        from_record("BreakerChanged", record)


def test_a_record_that_misses_what_it_must_have_is_refused() -> None:
    with pytest.raises(UnknownEvent, match="incomplete"):
        from_record("BreakerChanged", {"at": 1.0})
