"""Traffic: in order of time, as much as it says, by the time of day, the same for a seed."""

from __future__ import annotations

import itertools
import statistics

import pytest

from hive_console.core.errors import SettingsError
from hive_console.core.settings import ResilienceSettings, Strategy
from hive_console.sim.rehearsal.arrivals import DAY, OPERATIONS_PER_MODEL, draw_arrivals
from hive_console.sim.rehearsal.fleet import standard_fleet

MODELS = ("a", "b", "c")
MONTH = list(draw_arrivals(MODELS, "7", 30 * DAY))


def test_a_seed_has_one_traffic() -> None:
    assert list(draw_arrivals(MODELS, "7", DAY)) == list(draw_arrivals(MODELS, "7", DAY))
    assert list(draw_arrivals(MODELS, "7", DAY)) != list(draw_arrivals(MODELS, "8", DAY))


def test_operations_come_in_order_and_within_their_time() -> None:
    times = [arrival.at for arrival in MONTH]

    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] < 30 * DAY


def test_there_are_about_as_many_operations_as_promised() -> None:
    assert len(MONTH) / (30 * len(MODELS)) == pytest.approx(OPERATIONS_PER_MODEL, rel=0.1)


def test_afternoons_are_busier_than_nights() -> None:
    hours = [arrival.at % DAY // 3600 for arrival in MONTH]
    night, afternoon = (sum(low <= hour < low + 6 for hour in hours) for low in (0, 12))

    assert afternoon > 2 * night


def test_operations_come_in_sessions_with_silence_between() -> None:
    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(MONTH)]

    assert statistics.median(gaps) < 1.5
    assert max(gaps) > 600


def test_some_callers_are_special() -> None:
    assert 0.005 < sum(not one.task.allow_fallback for one in MONTH) / len(MONTH) < 0.02
    assert 0.05 < sum(one.is_streamed for one in MONTH) / len(MONTH) < 0.15
    assert any(one.leaves_after is not None for one in MONTH)
    assert {one.task.deadline for one in MONTH} == {None, 60.0, 45.0}
    assert {one.task.model for one in MONTH} == set(MODELS)


def test_a_chain_of_the_standard_fleet_holds_every_provider() -> None:
    fleet = standard_fleet(6, 3)
    providers = {model.id: model.provider for model in fleet.models}

    for model in fleet.models:
        assert {providers[name] for name in (model.id, *model.fallbacks)} == set(providers.values())
        assert model.strategy is Strategy.SEQUENTIAL
    assert fleet.resilience == ResilienceSettings()


def test_a_chain_begins_with_another_provider_in_another_region() -> None:
    fleet = standard_fleet(6, 3)

    assert fleet.model("anthropic-1").fallbacks == ("openai-2", "google-1", "openai-1")


@pytest.mark.parametrize(("models", "providers"), [(0, 1), (501, 3), (3, 4), (3, 0)])
def test_a_fleet_has_bounds(models: int, providers: int) -> None:
    with pytest.raises(SettingsError, match="out of bounds"):
        standard_fleet(models, providers)


def test_small_fleets_fall_back_to_whoever_is_there() -> None:
    assert [model.fallbacks for model in standard_fleet(2, 1).models] == [("anthropic-2",), ("anthropic-1",)]
    assert standard_fleet(1, 1).models[0].fallbacks == ()


def test_providers_beyond_the_known_names_are_numbered() -> None:
    assert standard_fleet(8, 8).models[7].id == "provider-8-1"
