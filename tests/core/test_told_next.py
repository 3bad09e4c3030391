"""Whom the next step of an escalation tells, beside when it is due."""

from __future__ import annotations

from hive_console.core.alert_settings import AlertRoute, AlertSettings, Step
from hive_console.core.notifying.timetable import Timed, next_at, told_next
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertRule
from tests.core.notice_driver import MAIL, PAGER, SLACK, T0, Desk

SINCE = 10_000.0
STEPS = (
    Timed(0.0, ("slack",), repeats=1, every=300.0),
    Timed(300.0, ("mail", "slack")),
    Timed(900.0, ("pager",)),
)


def test_it_is_the_channels_of_the_step_that_is_due_first() -> None:
    assert told_next(STEPS, SINCE, SINCE + 600) == ("pager",)
    assert next_at(STEPS, SINCE, SINCE + 600) == SINCE + 900


def test_what_is_due_at_the_same_instant_is_told_together_and_each_once() -> None:
    assert told_next(STEPS, SINCE, SINCE) == ("slack", "mail")


def test_nobody_is_told_where_nothing_is_due_any_more() -> None:
    assert told_next(STEPS, SINCE, SINCE + 900) == ()


def dressed(desk: Desk) -> AlertView:
    (view,) = desk.planner.dressed(desk.alerts.values())
    return view


def test_an_alert_says_whom_its_next_step_tells_until_somebody_has_it() -> None:
    steps = (Step(0.0, ("slack",)), Step(300.0, ("email", "pagerduty")))
    desk = Desk(AlertSettings(channels=(SLACK, MAIL, PAGER), routes=(AlertRoute(steps=steps),)))
    desk.fire()
    desk.now += 60
    desk.events += desk.planner.tick(desk.now)
    waiting = dressed(desk)
    desk.take()
    taken = dressed(desk)

    assert (waiting.next_told, waiting.next_step_at) == (("email", "pagerduty"), T0 + 300)
    assert (taken.next_told, taken.next_step_at) == ((), None)


def test_a_channel_is_not_told_of_itself() -> None:
    steps = (Step(0.0, ("slack",)), Step(300.0, ("email", "pagerduty")))
    desk = Desk(AlertSettings(channels=(SLACK, MAIL, PAGER), routes=(AlertRoute(steps=steps),)))
    desk.fire("A1", rule=AlertRule.NOTIFIER_FAILING, subject="email", labels=(("channel", "email"),))
    desk.now += 60
    desk.events += desk.planner.tick(desk.now)

    assert dressed(desk).next_told == ("pagerduty",)
