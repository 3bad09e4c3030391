"""Drawn weather: the same for a seed, about as bad as it says, and read without searching."""

from __future__ import annotations

import statistics

import pytest

from hive_console.sim.rehearsal.climate import DAY, INCIDENT_LENGTH, draw_weather
from hive_console.sim.rehearsal.dice import Dice
from hive_console.sim.rehearsal.episodes import HARD, Episode, Sky, Trouble
from hive_console.sim.rehearsal.fleet import standard_fleet

FLEET = standard_fleet(6, 3)
YEAR = 365 * DAY


def test_a_seed_has_one_weather() -> None:
    assert draw_weather(FLEET, "7", YEAR) == draw_weather(FLEET, "7", YEAR)
    assert draw_weather(FLEET, "7", YEAR) != draw_weather(FLEET, "8", YEAR)


def test_a_longer_rehearsal_begins_with_the_same_weather() -> None:
    week = draw_weather(FLEET, "7", 7 * DAY)

    assert week == draw_weather(FLEET, "7", 30 * DAY)[: len(week)]


def test_a_provider_has_about_one_incident_a_day_with_a_median_of_half_an_hour() -> None:
    incidents = [
        episode
        for seed in range(5)
        for episode in draw_weather(FLEET, str(seed), YEAR)
        if episode.cause == "incident at openai"
    ]

    assert len(incidents) / (5 * 365) == pytest.approx(1.0, abs=0.1)
    assert statistics.median(one.end - one.start for one in incidents) == pytest.approx(INCIDENT_LENGTH, rel=0.1)


def test_every_kind_of_trouble_comes_within_a_year() -> None:
    weather = draw_weather(FLEET, "7", YEAR)

    assert {episode.trouble for episode in weather} == set(Trouble)
    assert any("together" in episode.cause for episode in weather)
    assert any("region" in episode.cause for episode in weather)


def test_a_storm_brings_as_many_times_more() -> None:
    usual, storm = (len(draw_weather(FLEET, "7", YEAR, storm=factor)) for factor in (1.0, 10.0))

    assert storm / usual == pytest.approx(6.8, rel=0.15)  # less than ten: durations stay as they are


def test_a_lone_provider_shares_no_cause_and_no_region() -> None:
    weather = draw_weather(standard_fleet(1, 1), "7", YEAR)

    assert {episode.cause for episode in weather} == {"incident at anthropic"}


def sky(*episodes: Episode) -> Sky:
    return Sky(("a", "b"), episodes)


def test_weather_begins_at_its_start_and_is_over_at_its_end() -> None:
    outage = Episode(10, 20, ("a",), Trouble.REFUSING)
    over = sky(outage)

    assert [over.over("a", time) for time in (0, 9.9, 10, 19.9, 20, 99)] == [None, None, outage, outage, None, None]
    assert over.over("b", 15) is None


def test_a_look_back_is_answered_too() -> None:
    outage = Episode(10, 20, ("a",), Trouble.REFUSING)
    over = sky(outage)

    assert (over.over("a", 30), over.over("a", 15), over.over("a", 0)) == (None, outage, None)


def test_of_two_troubles_the_worse_holds() -> None:
    slow = Episode(0, 30, ("a",), Trouble.SLOW, 4.0)
    down = Episode(10, 20, ("a", "b"), Trouble.UNAVAILABLE)
    over = sky(slow, down)

    assert [over.over("a", time) for time in (5, 15, 25)] == [slow, down, slow]


def test_of_two_equal_troubles_the_stronger_holds() -> None:
    mild = Episode(0, 30, ("a",), Trouble.PARTIAL, 0.1)
    hard = Episode(0, 30, ("a",), Trouble.PARTIAL, 0.5)

    assert sky(mild, hard).over("a", 1) is hard


def test_a_model_is_well_since_the_end_of_its_last_trouble() -> None:
    over = sky(Episode(10, 20, ("a",), Trouble.REFUSING))

    assert [over.well_since("a", time) for time in (5, 15, 25)] == [0.0, None, 20]


def test_the_share_that_answers_nobody_counts_hard_trouble_only() -> None:
    over = sky(Episode(0, 10, ("a",), Trouble.SLOW, 2.0), Episode(5, 10, ("b",), Trouble.HANGING))

    assert Trouble.SLOW not in HARD
    assert [over.hard_share(time) for time in (1, 6, 11)] == [0.0, 0.5, 0.0]


def test_dice_draw_what_they_say() -> None:
    dice = Dice("7", "test")
    draws = range(20_000)

    assert statistics.fmean(dice.exponential(3.0) for _ in draws) == pytest.approx(3.0, rel=0.05)
    assert statistics.median(dice.log_normal(5.0, 1.0) for _ in draws) == pytest.approx(5.0, rel=0.05)
    assert statistics.fmean(dice.between(2, 4) for _ in draws) == pytest.approx(3.0, rel=0.05)
    assert sum(dice.chance(0.25) for _ in draws) / len(draws) == pytest.approx(0.25, abs=0.02)
    assert sum(dice.pick("ab") == "a" for _ in draws) / len(draws) == pytest.approx(0.5, abs=0.02)
    picks = [dice.weighted((("a", 1.0), ("b", 3.0))) for _ in draws]
    assert picks.count("b") / len(picks) == pytest.approx(0.75, abs=0.02)


def test_a_weight_that_rounding_left_over_goes_to_the_last() -> None:
    assert Dice("7", "test").weighted((("a", 0.0), ("b", 0.0))) == "b"
