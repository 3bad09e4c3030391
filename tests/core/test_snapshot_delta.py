"""A console that gets only what changed has, after each step, exactly the fleet that the engine published."""

from __future__ import annotations

import random
from dataclasses import replace

import msgspec
import pytest

from hive_console.core.snapshot import (
    ChannelView,
    ConsoleView,
    FleetSnapshot,
    ModelView,
    PendingView,
    Series,
    SilenceView,
)
from hive_console.core.snapshot_delta import SLICE, Assembly, NotWhole, Slice, Tail, slices_between, tail_of
from hive_console.core.states import AlertRule
from tests.core.samples import NOW, alert_view, breaker_view, fleet_view, model_view

_reader = msgspec.json.Decoder(Slice)


def told(old: FleetSnapshot | None, new: FleetSnapshot) -> list[bytes]:
    """What goes over the wire."""
    return [msgspec.json.encode(part) for part in slices_between(old, new)]


def taken(assembly: Assembly, lines: list[bytes]) -> FleetSnapshot | None:
    """The snapshot after the last of these lines."""
    return [assembly.take(_reader.decode(line)) for line in lines][-1]


def many(count: int) -> tuple[ModelView, ...]:
    return tuple(model_view(f"m{number}", response_times=(0.5, None, 0.25)) for number in range(count))


def test_a_whole_snapshot_comes_out_as_it_went_in() -> None:
    fleet = fleet_view(*many(3), alerts=(alert_view(),), consoles=(ConsoleView("ann", "tty", 7.0, True),))

    assert taken(Assembly(), told(None, fleet)) == fleet


def test_alerts_silences_channels_and_what_waits_come_through() -> None:
    alert = alert_view(
        labels=(("model", "a"),), notes=("ann: hm",), told=("ops",), acknowledged_until=NOW + 60, times=2
    )
    fleet = fleet_view(
        model_view(),
        alerts=(alert,),
        silences=(SilenceView("S1", ("model=a",), by="ann", reason="x", begins=NOW, until=NOW + 60),),
        channels=(ChannelView("ops", "slack", is_open=True, oldest=NOW),),
        pending=(PendingView(AlertRule.KEY_REFUSED, "a", "refused", since=NOW, fires_at=NOW + 60),),
        on_call="ann",
    )

    assert taken(Assembly(), told(None, fleet)) == fleet


def test_a_fleet_without_models_comes_through() -> None:
    fleet = FleetSnapshot(sequence=1, at=1.0, started_at=1.0, models=())

    assert taken(Assembly(), told(None, fleet)) == fleet


def test_only_what_changed_is_told() -> None:
    old = fleet_view(*many(3))
    new = replace(old, at=old.at + 1, models=(old.models[0], replace(old.models[1], in_flight=4), old.models[2]))

    (line,) = told(old, new)

    assert msgspec.json.decode(line) == {"size": 3, "fleet": {"at": new.at}, "models": [[1, {"in_flight": 4}]]}


def test_an_equal_model_of_another_making_is_not_told() -> None:
    old = fleet_view(*many(2))
    new = replace(old, models=tuple(replace(model, breaker=replace(model.breaker)) for model in old.models))

    (line,) = told(old, new)

    assert msgspec.json.decode(line) == {"size": 2, "fleet": {}}


def test_a_large_fleet_is_told_in_slices_and_shown_when_it_is_whole() -> None:
    fleet = fleet_view(*many(2 * SLICE + 1))
    assembly = Assembly()

    lines = told(None, fleet)

    assert len(lines) == 3
    assert taken(assembly, lines[:2]) is None
    assert taken(assembly, lines[2:]) == fleet


@pytest.mark.parametrize("count", [0, 1, 5])
def test_models_come_and_go(count: int) -> None:
    assembly = Assembly()
    old, new = fleet_view(*many(3)), fleet_view(*many(count), sequence=2)
    taken(assembly, told(None, old))

    assert taken(assembly, told(old, new)) == new


@pytest.mark.parametrize(
    ("old", "new", "tail"),
    [
        ((1.0, 2.0), (1.0, 3.0), Tail(0, 1, (3.0,))),
        ((1.0, 2.0), (1.0, 2.0, 3.0), Tail(0, 1, (2.0, 3.0))),
        ((1.0, 2.0, 3.0), (2.0, 3.0, 4.0), Tail(1, 1, (3.0, 4.0))),
        ((), (1.0,), Tail(0, 0, (1.0,))),
        ((1.0, 2.0), (7.0, 8.0), Tail(0, 0, (7.0, 8.0))),
        ((1.0, 2.0), (), Tail(0, 0, ())),
    ],
)
def test_of_a_series_only_the_end_is_told_where_that_is_enough(old: Series, new: Series, tail: Tail) -> None:
    found = tail_of(old, new)

    assert found == tail
    assert (*old[found.skipped : found.skipped + found.kept], *found.added) == new


def test_a_console_that_missed_many_snapshots_gets_to_the_newest_in_one_step() -> None:
    rng = random.Random("attach/1")
    fleets = [fleet_view(*many(4))]
    for number in range(1, 30):
        models = list(fleets[-1].models)
        place = rng.randrange(4)
        models[place] = replace(
            models[place],
            requests=number,
            response_times=(*models[place].response_times, rng.random())[-5:],
            breaker=breaker_view(consecutive_failures=number % 5),
        )
        fleets.append(replace(fleets[-1], sequence=number, at=float(number), models=tuple(models)))

    for step in (1, 3, 29):
        assembly = Assembly()
        shown: FleetSnapshot | None = None
        for fleet in fleets[::step]:
            assert taken(assembly, told(shown, fleet)) == fleet
            shown = fleet


def test_a_whole_snapshot_begins_anew_whatever_was_there() -> None:
    assembly = Assembly()
    fleet = fleet_view(*many(2))
    taken(assembly, told(None, fleet_view(*many(SLICE + 1)))[:1])

    assert taken(assembly, told(None, fleet)) == fleet


@pytest.mark.parametrize(
    "line",
    [
        b'{"size":1}',
        b'{"size":2,"models":[[1,{"in_flight":1}]]}',
        b'{"size":1,"models":[[0,{"in_flight":1}]]}',
        b'{"size":0,"fleet":{"at":1}}',
    ],
)
def test_what_belongs_to_no_snapshot_is_refused(line: bytes) -> None:
    with pytest.raises(NotWhole):
        Assembly().take(_reader.decode(line))
