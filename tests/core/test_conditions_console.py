"""How the console itself fares: engine, recorder, channels, silences, what nobody has, the trail."""

from __future__ import annotations

from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import RuleChange
from hive_console.core.snapshot import ChannelView, RecorderView, SilenceView
from hive_console.core.states import AlertRule, AlertState, Severity
from tests.core.condition_driver import START, conditions_of, feed, told, wrong
from tests.core.samples import alert_view, fleet_view

R = AlertRule


@pytest.mark.parametrize(("lag", "is_told"), [(1.0, False), (1.1, True)])
def test_a_loop_that_is_more_than_a_second_late_is_told(lag: float, *, is_told: bool) -> None:
    found = told(conditions_of(), START, fleet_view(loop_lag=lag))

    assert found == (["the engine's loop is 1 s late"] if is_told else [])


def test_a_recorder_that_cannot_write_is_told_and_a_caution_weighs_less() -> None:
    conditions = conditions_of()

    (failing,) = conditions.look(fleet_view(recorder=RecorderView(error="disk full", caution="nearly full")), START)
    (careful,) = conditions.look(fleet_view(recorder=RecorderView(caution="nearly full")), START)
    (over,) = conditions.look(fleet_view(), START)

    assert (failing.text, failing.severity) == ("nothing can be recorded: disk full", None)
    assert (careful.text, careful.severity) == ("nearly full", Severity.WARNING)
    assert not over.is_bad


def test_lost_events_are_told_for_a_minute_and_those_of_before_are_not() -> None:
    conditions = conditions_of()
    lossy = fleet_view(recorder=RecorderView(dropped=7))
    assert wrong(conditions, START, lossy) == []

    lossier = fleet_view(recorder=RecorderView(dropped=9))
    assert told(conditions, START + 1, lossier) == ["the recorder loses events: 9 so far"]
    assert wrong(conditions, START + 60.9, lossier) == [(R.RECORDER_FAILING, "recorder")]
    assert wrong(conditions, START + 61, lossier) == []


@pytest.mark.parametrize(
    ("channel", "text"),
    [
        (ChannelView("ops", "slack"), ""),
        (ChannelView("ops", "slack", waiting=1, oldest=START - 120), ""),
        (
            ChannelView("ops", "slack", waiting=4, oldest=START - 121),
            "channel ops has not sent 4 notices for 2 m",
        ),
        (
            ChannelView("ops", "slack", is_open=True, last_error="410 no_service"),
            "channel ops is given up for a while: 410 no_service",
        ),
    ],
)
def test_a_channel_fails_when_it_is_given_up_or_late(channel: ChannelView, text: str) -> None:
    found = conditions_of().look(fleet_view(channels=(channel,)), START)

    assert [seen.text for seen in found] == ([text] if text else [])
    assert all(seen.labels == (("channel", "ops"),) for seen in found)


def silence(**changes: Any) -> SilenceView:
    known: dict[str, Any] = {"by": "ada", "reason": "work", "begins": START, "until": START + 7_200, "hides": 2}
    return SilenceView("S1", ("model=a",), **(known | changes))


@pytest.mark.parametrize(("at", "is_told"), [(6_299, False), (6_300, True), (7_199, True), (7_200, False)])
def test_a_silence_that_hides_something_is_told_a_quarter_of_an_hour_before_its_end(
    at: int, *, is_told: bool
) -> None:
    found = told(conditions_of(), START + at, fleet_view(silences=(silence(),)))

    assert [text.replace("15 m", "m").replace("1 s", "m") for text in found] == (
        ["the silence of model=a by ada ends in m and hides 2 firing alerts"] if is_told else []
    )


@pytest.mark.parametrize(("at", "is_told"), [(449, False), (450, True)])
def test_a_short_silence_is_told_in_its_last_quarter_and_not_as_it_begins(at: int, *, is_told: bool) -> None:
    short = silence(until=START + 600, hides=1)

    found = told(conditions_of(), START + at, fleet_view(silences=(short,)))

    assert bool(found) is is_told
    assert all(text.endswith("hides 1 firing alert") for text in found)


def test_a_silence_that_hides_nothing_ends_without_a_word() -> None:
    assert wrong(conditions_of(), START + 7_000, fleet_view(silences=(silence(hides=0),))) == []


def critical(name: str = "A1", **changes: Any) -> Any:
    known: dict[str, Any] = {"severity": Severity.CRITICAL, "raised_at": START, "rule": R.PROVIDER_DOWN}
    return alert_view(name, **(known | changes))


@pytest.mark.parametrize(("waited", "is_told"), [(900, False), (901, True)])
def test_a_critical_alert_that_nobody_has_is_told_after_a_quarter_of_an_hour(waited: int, *, is_told: bool) -> None:
    found = told(conditions_of(), START + waited, fleet_view(alerts=(critical(),)))

    assert found == (["nobody has A1 provider-down: for 15 m"] if is_told else [])


@pytest.mark.parametrize(
    "changes",
    [
        {"acknowledged_by": "ada"},
        {"severity": Severity.ERROR},
        {"state": AlertState.RESOLVED},
        {"silenced_by": "S1"},
        {"inhibited_by": "A2"},
        {"rule": R.UNACKNOWLEDGED},
    ],
)
def test_what_somebody_has_or_is_over_or_muted_or_its_own_is_not_waited_for(changes: dict[str, Any]) -> None:
    assert wrong(conditions_of(), START + 5_000, fleet_view(alerts=(critical(**changes),))) == []


def test_it_does_not_feed_on_itself_even_where_a_file_makes_it_critical() -> None:
    conditions = conditions_of(rules=(RuleChange(R.UNACKNOWLEDGED, severity=Severity.CRITICAL),))
    own = critical("A9", rule=R.UNACKNOWLEDGED)
    assert wrong(conditions, START + 1_000, fleet_view(alerts=(own, critical()))) == [(R.UNACKNOWLEDGED, "fleet")]

    taken = critical(acknowledged_by="ada")
    assert wrong(conditions, START + 2_000, fleet_view(alerts=(own, taken))) == []


def test_many_alerts_that_nobody_has_are_one_condition() -> None:
    alerts = tuple(critical(f"A{number}") for number in range(7))

    (text,) = told(conditions_of(), START + 901, fleet_view(alerts=alerts))

    assert text.endswith("A4 provider-down and 2 more: for 15 m")


def test_a_broken_trail_stands_until_a_later_look_finds_it_whole() -> None:
    conditions = conditions_of()

    (broken,) = feed(conditions, e.AuditChecked(at=START, rows=9, problem="row 4 was changed"))
    assert broken.text == "the audit trail is broken: row 4 was changed"
    assert conditions.look(fleet_view(), START + 1) == []

    (whole,) = feed(conditions, e.AuditChecked(at=START + 2, rows=9))
    assert (whole.is_bad, whole.cause) == (False, "all of its 9 rows are what was written")
