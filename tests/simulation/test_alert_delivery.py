"""A thousand episodes, receivers on bad days, twenty kills: nothing lost, nothing told twice, all called off."""

from __future__ import annotations

import pytest

from hive_console.sim.virtual_time import run_virtually
from tests.simulation.deliveries import Scene, Tides, channel, play

SEEDS = ("2", "3", "4")


def test_a_thousand_episodes_are_each_told_once_and_called_off_once() -> None:
    scene = Scene("1", Tides(models=54, rounds=20), (channel("slack"),))

    history = run_virtually(play(scene))

    assert history.problems("slack") == []
    assert len(set(history.raised)) >= 1_000
    assert (history.lives, history.killed_amid) == (21, 10)
    # What was refused or cut is a fifth of all, and some of it had been taken.
    assert history.outside.attempts["slack"] > 1.15 * len(history.outside.arrivals)
    assert history.outside.unheard.total() > 50


@pytest.mark.parametrize("seed", SEEDS)
def test_each_channel_hears_all_of_it_whatever_the_others_meet(seed: str) -> None:
    scene = Scene(seed, Tides(models=12, rounds=6), (channel("slack"), channel("email")), trouble=0.4, kills=8)

    history = run_virtually(play(scene))

    assert [history.problems(name) for name in ("slack", "email")] == [[], []]
    assert len(history.raised) > 60


def test_without_kills_or_trouble_nothing_comes_twice_at_all() -> None:
    scene = Scene("5", Tides(models=12, rounds=4), (channel("slack"),), trouble=0.0, kills=0)

    history = run_virtually(play(scene))

    assert history.problems("slack") == []
    assert len(history.outside.arrivals) == 2 * len(history.raised) == 96
