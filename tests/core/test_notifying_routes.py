"""Who is told when: routes, the usual escalation, the rota, quiet hours, and what a notice says of an alert."""

from __future__ import annotations

import pytest

from hive_console.core.alert_settings import (
    ON_CALL,
    AlertRoute,
    AlertSettings,
    ChannelKind,
    Override,
    OwnRule,
    Person,
    Shift,
    Step,
)
from hive_console.core.alert_settings import Metric as Measured
from hive_console.core.alerting.matching import Matcher
from hive_console.core.alerting.rules import RULES
from hive_console.core.local_time import WeeklyWindow, utc
from hive_console.core.notifying.brief import brief_of
from hive_console.core.notifying.quiet import quiet_until
from hive_console.core.notifying.rota import on_call, reached
from hive_console.core.notifying.routes import steps_of, tellable
from hive_console.core.notifying.timetable import Timed, next_at, next_step, overdue, steps_done
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertRule, AlertState, Severity
from tests.core.notice_driver import MAIL, PAGER, SLACK, channel

ALL = AlertSettings(channels=(SLACK, MAIL, PAGER))
MONDAY = 4 * 86_400.0  # 1970-01-05 00:00
DAY = 86_400.0


def plan(severity: Severity, settings: AlertSettings = ALL) -> list[tuple[float, tuple[str, ...]]]:
    return [(step.after, step.channels) for step in steps_of({}, severity, settings)]


def test_a_critical_alert_goes_from_chat_to_letter_to_pager_to_repeats() -> None:
    assert plan(Severity.CRITICAL) == [
        (0, ("slack",)),
        (300, ("email",)),
        (900, ("pagerduty",)),
        (1800, ("slack", "pagerduty")),
    ]
    assert plan(Severity.ERROR) == plan(Severity.CRITICAL)


def test_a_warning_waits_ten_minutes_and_is_told_again_each_four_hours() -> None:
    assert plan(Severity.WARNING) == [(600, ("slack",)), (3600, ("email",)), (18_000, ("slack", "email"))]


def test_of_what_is_only_information_nobody_is_told() -> None:
    assert plan(Severity.INFO) == []


def test_an_alertmanager_gets_everything_at_once_and_no_repeats() -> None:
    settings = AlertSettings(channels=(channel("alertmanager"),))

    assert plan(Severity.INFO, settings) == [(0, ("alertmanager",))]
    assert plan(Severity.WARNING, settings) == [(0, ("alertmanager",))]
    assert plan(Severity.CRITICAL, settings) == [(0, ("alertmanager",))]


def test_without_a_pager_a_webhook_is_told_after_a_quarter_of_an_hour() -> None:
    settings = AlertSettings(channels=(SLACK, channel("hook", ChannelKind.WEBHOOK)))

    assert (900, ("hook",)) in plan(Severity.CRITICAL, settings)


def test_with_letters_alone_letters_are_repeated() -> None:
    assert plan(Severity.CRITICAL, AlertSettings(channels=(MAIL,))) == [(300, ("email",)), (1800, ("email",))]


def test_the_first_route_that_fits_counts_and_later_ones_where_it_goes_on() -> None:
    routes = (
        AlertRoute(matchers=(Matcher("provider", "acme"),), steps=(Step(60, ("email",)),), goes_on=True),
        AlertRoute(severities=(Severity.WARNING,), steps=(Step(0, ("slack",), then_every=600.0),)),
        AlertRoute(steps=(Step(0, ("pagerduty",)),)),
    )
    settings = AlertSettings(channels=ALL.channels, routes=routes)

    of_acme = steps_of({"provider": "acme"}, Severity.WARNING, settings)
    of_others = steps_of({}, Severity.ERROR, settings)

    assert [(step.after, step.channels) for step in of_acme] == [(0, ("slack",)), (60, ("email",))]
    assert of_others == (
        Timed(0, ("pagerduty",)),
        Timed(14_400.0, ("pagerduty",), then_every=14_400.0, is_reminder=True),
    )


def test_where_no_route_fits_nobody_is_told() -> None:
    routes = (AlertRoute(severities=(Severity.CRITICAL,), steps=(Step(0, ("slack",)),)),)

    assert plan(Severity.WARNING, AlertSettings(channels=ALL.channels, routes=routes)) == []


def test_a_channel_is_not_told_of_itself_and_where_none_is_left_all_others_are() -> None:
    assert tellable(["slack", "email"], ALL, about="slack") == ("email",)
    assert tellable(["slack"], ALL, about="slack") == ("email", "pagerduty")
    assert tellable(["slack"], ALL, about="slack", spare=("email",)) == ("pagerduty",)
    assert tellable(["slack"], ALL, about="slack", spare=("email", "pagerduty")) == ("email", "pagerduty")
    assert tellable([], ALL, about="") == ()


STEPS = (Timed(0, ("a",)), Timed(60, ("b",), repeats=2, every=100, then_every=1000), Timed(30, ("c",)))


def test_each_step_is_due_once_and_its_repeats_in_their_time() -> None:
    assert [(one.at, one.step, one.repeat) for one in overdue(STEPS, 1000, done=999, now=1000)] == [(1000, 0, 0)]
    assert [(one.at, one.step) for one in overdue(STEPS, 1000, done=1000, now=1060)] == [(1030, 2), (1060, 1)]
    assert [(one.at, one.repeat) for one in overdue(STEPS, 1000, done=1060, now=1160)] == [(1160, 1)]
    assert overdue(STEPS, 1000, done=1160, now=1259) == []


def test_of_many_repeats_that_are_overdue_the_latest_is_told() -> None:
    late = overdue(STEPS, 1000, done=1000, now=1000 + 90 * DAY)

    assert [(one.step, one.repeat) for one in late] == [(2, 0), (1, 2 + int((90 * DAY - 260) // 1000))]


def test_the_next_instant_is_that_of_the_earliest_step_or_repeat() -> None:
    assert next_at(STEPS, 1000, 900) == 1000
    assert next_at(STEPS, 1000, 1000) == 1030
    assert next_at(STEPS, 1000, 1260) == 2260
    assert next_at(STEPS, 1000, 2260) == 3260
    assert next_at((Timed(0, ("a",)),), 1000, 1000) is None
    assert next_at((), 0, 0) is None


def test_what_is_called_due_is_due_whatever_floats_do() -> None:
    for since in (0.1, 1_700_000_000.123456, 1e9 + 1 / 3):
        step = (Timed(0.1, ("a",), repeats=3, every=60.1, then_every=333.3),)
        done = since - 1
        for _ in range(50):
            at = next_at(step, since, done)
            assert at is not None
            assert [one.at for one in overdue(step, since, done=done, now=at)] == [at]
            done = at


def test_steps_are_counted_without_reminders() -> None:
    steps = (Timed(0, ("a",)), Timed(60, ("b",)), Timed(90, ("a",), is_reminder=True))

    assert [steps_done(steps, 0, at) for at in (-1, 0, 60, 90)] == [0, 1, 2, 2]
    assert [next_step(steps, 0, at) for at in (-1, 0, 60)] == [0, 1, None]


PEOPLE = (Person("ada", ("slack",)), Person("bob", ("email", "pagerduty")))
ROTA = AlertSettings(
    channels=ALL.channels,
    people=PEOPLE,
    shifts=(Shift(12 * 60, "ada"), Shift(3 * 1440, "bob")),
    overrides=(Override(MONDAY + 13 * 3600, MONDAY + 14 * 3600, "bob"),),
)


@pytest.mark.parametrize(
    ("at", "person"),
    [
        (MONDAY, "bob"),  # last week's shift goes on
        (MONDAY + 12 * 3600, "ada"),
        (MONDAY + 13 * 3600, "bob"),  # instead of ada
        (MONDAY + 14 * 3600, "ada"),
        (MONDAY + 3 * DAY, "bob"),
    ],
)
def test_a_shift_lasts_until_the_next_one_and_an_override_comes_first(at: float, person: str) -> None:
    assert on_call(ROTA, at, utc) == person


def test_of_overrides_that_overlap_the_last_one_counts() -> None:
    both = AlertSettings(
        channels=ALL.channels, people=PEOPLE, overrides=(Override(0, 9, "ada"), Override(5, 9, "bob"))
    )

    assert (on_call(both, 4, utc), on_call(both, 6, utc), on_call(both, 9, utc)) == ("ada", "bob", "")


def test_on_call_stands_for_the_channels_of_whoever_is_on_call_then() -> None:
    assert reached((ON_CALL, "slack"), ROTA, MONDAY + 12 * 3600, utc) == ("slack",)
    assert reached((ON_CALL,), ROTA, MONDAY, utc) == ("email", "pagerduty")


def test_a_gap_in_the_rota_tells_everybody() -> None:
    nobody = AlertSettings(channels=ALL.channels, people=PEOPLE)

    assert reached((ON_CALL,), nobody, MONDAY, utc) == ("slack", "email", "pagerduty")


def test_quiet_hours_hold_warnings_until_they_end_and_errors_never() -> None:
    night = AlertSettings(quiet=WeeklyWindow(22 * 60, 7 * 60))

    assert quiet_until(Severity.WARNING, night, MONDAY + 23 * 3600, utc) == MONDAY + 31 * 3600
    assert quiet_until(Severity.WARNING, night, MONDAY + 12 * 3600, utc) is None
    assert quiet_until(Severity.ERROR, night, MONDAY + 23 * 3600, utc) is None
    assert quiet_until(Severity.WARNING, ALL, MONDAY, utc) is None


def alert(**changes: object) -> AlertView:
    known: dict[str, object] = {
        "alert_id": "A1",
        "rule": AlertRule.MODEL_UNAVAILABLE,
        "severity": Severity.WARNING,
        "subject": "gpt-5",
        "text": "gpt-5 is out",
        "state": AlertState.FIRING,
        "raised_at": 1.0,
    }
    return AlertView(**(known | changes))  # type: ignore[arg-type]


def test_a_brief_says_what_the_rule_says_to_do() -> None:
    rule = RULES[AlertRule.MODEL_UNAVAILABLE]

    brief = brief_of(alert(labels=(("model", "gpt-5"),), acknowledged_by="ada"), ALL)

    assert (brief.title, brief.runbook) == (rule.title, rule.runbook)
    assert brief.advice
    assert brief.labels == (("model", "gpt-5"),)
    assert brief.acknowledged_by == "ada"


def test_a_brief_of_ones_own_rule_names_it_and_its_runbook() -> None:
    own = OwnRule("dear", Measured.COST, above=1.0, runbook="wiki/dear")

    brief = brief_of(alert(rule=AlertRule.OWN, name="dear"), AlertSettings(own_rules=(own,)))
    forgotten = brief_of(alert(rule=AlertRule.OWN, name="dear"), ALL)

    assert (brief.name, brief.title, brief.runbook) == ("dear", "dear", "wiki/dear")
    assert (forgotten.title, forgotten.runbook) == ("dear", "")


def test_no_text_of_a_brief_can_move_a_cursor_or_go_on_for_ever() -> None:
    hostile = "\x1b[2J\r\n" + "x" * 9000

    brief = brief_of(alert(subject=hostile, text=hostile, labels=((hostile, hostile),) * 50), ALL)

    texts = [brief.subject, brief.text, *(part for pair in brief.labels for part in pair)]
    assert all(text.isprintable() and len(text) <= 300 for text in texts)
    assert len(brief.labels) == 10
