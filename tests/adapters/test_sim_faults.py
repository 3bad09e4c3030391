"""Faults, their words, the weather they make and the script that repeats: all pure."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_console.core.errors import SettingsError
from hive_console.sim.fault_words import FORMS, WORDS, fault_word, parse_fault, parse_seconds
from hive_console.sim.faults import (
    PASSING,
    Cut,
    Drip,
    Fault,
    Flapping,
    Hang,
    HttpError,
    LimitedTo,
    Mixed,
    Outage,
    QuotaExhausted,
    RateLimited,
    Reset,
    Slow,
    Stall,
    effective,
)
from hive_console.sim.incidents import DEMO_SCRIPT, Incident, Script, current, faults_at, until_change
from hive_console.sim.weather import EVERYTHING, Weather

# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_every_kind_of_fault_is_read_back_from_its_word(form: object) -> None:
    fault = parse_fault(getattr(form, "name", ""))

    assert parse_fault(fault_word(fault)) == fault


def test_parts_of_a_word_set_the_fault() -> None:
    assert parse_fault("http:529") == HttpError(529)
    assert parse_fault("rate-limited:1.5s") == RateLimited(1.5)
    assert parse_fault("slow:2.5") == Slow(2.5)
    assert parse_fault("cut:3") == Cut(3)
    assert parse_fault("stall:0") == Stall(0)
    assert parse_fault("drip:250ms") == Drip(0.25)
    assert parse_fault("limited-to:3:10s") == LimitedTo(3, 10)
    assert parse_fault("quota-exhausted:402") == QuotaExhausted(402)
    assert parse_fault(" Flapping:300ms:0.25 ") == Flapping(0.3, 0.25)
    assert parse_fault("none") is None
    assert fault_word(None) == "none"


@pytest.mark.parametrize(
    "word",
    [
        *("", "fire", "http:abc", "http:200", "http:5.5", "cut:1.5", "slow:nan", "slow:inf", "slow:0", "slow:-1"),
        *("rate-limited:2", "rate-limited:999m", "flapping:1s:2", "flapping:0s", "hang:1", "none:1", "\x1b[2J"),
        *(
            "mixed:2",
            "drip:0s",
            "byte-drip:1",
            "limited-to:-1",
            "limited-to:1:0s",
            "quota-exhausted:500",
            "torn:1.5",
        ),
    ],
)
def test_words_that_mean_nothing_are_refused_without_echoing_escapes(word: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_fault(word)

    assert "\x1b" not in str(refused.value)


def test_a_refusal_names_every_word_there_is() -> None:
    with pytest.raises(SettingsError) as refused:
        parse_fault("fire")

    assert all(word in str(refused.value) for word in WORDS)


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(SettingsError):
        parse_fault(text)


def test_durations_need_a_unit() -> None:
    assert parse_seconds("latency", "250ms") == 0.25
    assert parse_seconds("latency", "2m") == 120
    with pytest.raises(SettingsError, match="latency"):
        parse_seconds("latency", "2")


# --- weather -------------------------------------------------------------------------------------


def test_a_flapping_fault_holds_for_its_duty_of_each_period() -> None:
    flapping = Flapping(period=8, duty=0.5)

    broken = [effective(flapping, moment) is not None for moment in (0, 3.9, 4, 7.9, 8, 12)]

    assert broken == [True, True, False, False, True, False]


def test_a_mixed_fault_strikes_its_share_and_every_kind_of_it() -> None:
    mixed = Mixed(0.5)
    draws = [number / 1000 for number in range(1000)]

    struck = [effective(mixed, 0, draw) for draw in draws]

    assert struck.count(None) == 500
    assert {fault for fault in struck if fault is not None} == set(PASSING)
    assert effective(Mixed(0), 0, 0.0) is None
    assert effective(Mixed(1), 0, 0.9999) == PASSING[-1]


def test_weather_throws_dice_only_for_a_fault_that_wants_them() -> None:
    weather = Weather(("a", "b"))
    weather.put("a", Mixed(1), now=0)
    weather.put("b", Slow(), now=0)
    thrown: list[float] = []

    def draw() -> float:
        thrown.append(0.0)
        return 0.0

    assert weather.over("a", 1, draw) == PASSING[0]
    assert weather.over("b", 1, draw) == Slow()
    assert len(thrown) == 1


def test_a_models_own_fault_comes_before_the_providers() -> None:
    weather = Weather(("a", "b"))
    weather.put(EVERYTHING, Slow(), now=0)
    weather.put("a", Hang(), now=0)

    assert weather.over("a", 1) == Hang()
    assert weather.over("b", 1) == Slow()


def test_while_a_flapping_model_is_well_the_providers_fault_shows() -> None:
    weather = Weather(("a",))
    weather.put(EVERYTHING, Slow(), now=0)
    weather.put("a", Flapping(10, 0.5), now=0)

    assert weather.over("a", 7) == Slow()


def test_a_flapping_fault_counts_from_the_moment_it_was_set() -> None:
    weather = Weather(("a",))
    weather.put("a", Flapping(10, 0.5), now=107)

    assert weather.over("a", 108) is not None


def test_only_an_outage_of_everything_is_dark() -> None:
    weather = Weather(("a",))
    changes: list[tuple[str, Fault | None]] = [("a", Outage()), ("*", Reset()), ("*", Outage()), ("*", None)]

    dark = []
    for target, fault in changes:
        weather.put(target, fault, now=0)
        dark.append(weather.is_dark)

    assert dark == [False, False, True, False]
    assert weather.faults() == {"a": Outage()}


def test_a_fault_of_an_unknown_model_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"served: \*, a"):
        Weather(("a",)).put("b\x1b[2J", Hang(), now=0)


# --- the script ----------------------------------------------------------------------------------


def test_the_demo_shows_every_kind_of_incident_within_two_minutes() -> None:
    seen: set[type[Fault]] = set()
    for tenth in range(1200):
        seen.update(type(fault) for fault in faults_at(DEMO_SCRIPT, tenth / 10).values())

    assert DEMO_SCRIPT.cycle <= 120
    assert seen == {Outage, Slow, RateLimited, Flapping}


def test_the_first_outage_begins_at_eight_seconds_and_ends_early_enough_to_watch_the_recovery() -> None:
    outage = DEMO_SCRIPT.incidents[0]

    assert current(DEMO_SCRIPT, 7.99) == ()
    assert current(DEMO_SCRIPT, 8) == (outage,)
    assert isinstance(outage.fault, Outage)
    following = min(incident.start for incident in DEMO_SCRIPT.incidents if incident.start >= outage.end)
    assert following - outage.end >= 8  # the longest recovery timeout of the demo


def test_every_cycle_has_a_calm_stretch_of_twenty_seconds() -> None:
    last = max(incident.end for incident in DEMO_SCRIPT.incidents)

    assert DEMO_SCRIPT.cycle - last + DEMO_SCRIPT.incidents[0].start >= 20


@given(st.floats(0, 119.9), st.integers(0, 1000))
def test_the_script_is_the_same_in_every_cycle(moment: float, cycle: int) -> None:
    elapsed = cycle * DEMO_SCRIPT.cycle + moment

    assert current(DEMO_SCRIPT, elapsed) == current(DEMO_SCRIPT, elapsed % DEMO_SCRIPT.cycle)


@given(st.floats(0, 1000))
def test_nothing_changes_before_the_next_change(elapsed: float) -> None:
    wait = until_change(DEMO_SCRIPT, elapsed)

    assert 0 < wait <= DEMO_SCRIPT.cycle
    assert current(DEMO_SCRIPT, elapsed + wait * 0.99) == current(DEMO_SCRIPT, elapsed)


def test_a_script_without_incidents_waits_a_whole_cycle() -> None:
    assert until_change(Script(10, ()), 3) == 7


def test_an_incident_beyond_its_cycle_is_refused() -> None:
    with pytest.raises(SettingsError, match="incidents"):
        Script(10, (Incident(8, 3, ("x",), Hang(), "too late"),))


def test_where_incidents_overlap_the_later_of_the_script_wins() -> None:
    script = Script(10, (Incident(0, 5, ("x",), Hang(), "one"), Incident(2, 5, ("x",), Slow(), "two")))

    assert faults_at(script, 1) == {"x": Hang()}
    assert faults_at(script, 3) == {"x": Slow()}
