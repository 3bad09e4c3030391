"""Bugs of other tools that notices must not have; each test names the report (reference: alerts.md, 1.2)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertRoute, AlertSettings, Step
from hive_console.core.local_time import WeeklyWindow
from hive_console.core.notifying.notice import Receipt, Verdict
from hive_console.core.notifying.queued import TELLS_FIRING
from hive_console.core.states import AlertRule, NoticeEnd, NoticeKind, Severity
from tests.core.notice_driver import BUSY, CLOSED, CUT, DELIVERED, MAIL, PAGER, SLACK, T0, Desk, channel, told

K = NoticeKind
DAY = 86_400.0
TOO_MANY = Receipt(verdict=Verdict.RETRY, status=429, retry_after=30.0)
ONE = AlertSettings(channels=(SLACK,), routes=(AlertRoute(steps=(Step(0, ("slack",)),)),))


def ends(desk: Desk) -> int:
    return sum(one.kind is K.RESOLVED for one in desk.sent)


# --- Alertmanager: that it is over ----------------------------------------------------------------


def test_alertmanager_964_that_it_is_over_is_told_once() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.resolve()
    desk.until(30)

    for _ in range(3):
        desk.tell(e.AlertResolved, "A1", lasted=1.0)
    desk.until(7 * DAY)

    assert ends(desk) == 1


def test_alertmanager_844_no_later_interval_tells_again_that_it_is_over() -> None:
    desk = Desk()
    desk.fire("A1")
    desk.until(11)
    desk.resolve("A1")
    desk.until(30)

    desk.fire("A2")
    desk.resolve("A2")
    desk.fire("A3")
    sent = desk.until(200)

    assert "A1" not in {brief.alert_id for one in sent for brief in one.alerts}


def test_alertmanager_1125_a_restart_repeats_no_end() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.resolve()
    desk.until(30)

    for at in (40, 50, 60):
        desk.restart()
        desk.until(at)

    assert ends(desk) == 1


def test_alertmanager_2474_an_end_that_failed_comes_later_and_once() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.resolve()
    desk.until(300, answer=BUSY)

    desk.until(DAY)

    assert ends(desk) == 1


def test_alertmanager_2768_ends_of_a_group_repeat_none_that_was_told() -> None:
    desk = Desk(ONE)
    for name in ("A1", "A2", "A3"):
        desk.fire(name)
    desk.until(11)

    for number, name in enumerate(("A1", "A2", "A3")):
        desk.until(20.0 + 100 * number)
        desk.resolve(name)
    desk.until(DAY)

    told_over = [brief.alert_id for one in desk.sent if one.kind is K.RESOLVED for brief in one.alerts]
    assert told_over == ["A1", "A2", "A3"]


def test_alertmanager_2398_what_comes_and_goes_within_the_interval_still_ends() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)

    for number in range(4):
        desk.until(12.0 + 10 * number)
        desk.resolve()
        desk.until(17.0 + 10 * number)
        desk.fire_anew()
    desk.resolve()
    desk.until(600)

    of_slack = [one.kind for one in desk.sent if one.channel == "slack"]
    assert of_slack[-1] is K.RESOLVED
    assert all(one is not K.RESOLVED or before is not K.RESOLVED for before, one in pairwise(of_slack))


def test_alertmanager_878_nobody_hears_the_end_of_what_they_never_heard_of() -> None:
    desk = Desk()
    desk.fire()
    desk.until(5)

    desk.resolve()

    assert desk.until(DAY) == []


def test_kuma_4792_nobody_hears_that_it_is_up_who_did_not_hear_that_it_was_down() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.resolve()

    assert {one.channel for one in desk.until(60)} == {"slack"}


# --- rate limits lose alerts ----------------------------------------------------------------------


@pytest.mark.parametrize("report", [2111, 2205, 3189])
def test_alertmanager_2111_2205_3189_a_rate_limit_loses_nothing(report: int) -> None:
    """Slack's 429 is waited for, however often it comes, and nothing is sent meanwhile."""
    desk = Desk(ONE)
    desk.fire()

    desk.until(10, answer=TOO_MANY)
    during = desk.until(39)
    desk.until(40 + report % 7, answer=TOO_MANY)
    after = desk.until(80)

    assert during == []
    assert told(after) == [("slack", K.FIRING, ("A1",))]
    assert not desk.planner.channels(desk.now)[0].is_open


def test_alertmanager_2769_many_at_once_become_a_notice_that_fits() -> None:
    desk = Desk(ONE)

    for number in range(40):
        desk.fire(f"A{number}")
    sent = desk.until(20)

    assert [(one.count, len(one.alerts)) for one in sent] == [(40, 10)]


def test_signoz_12891_and_track_1159_a_limited_channel_is_not_hammered() -> None:
    desk = Desk(ONE)
    for number in range(30):
        desk.fire(f"A{number}", rule=list(AlertRule)[number])

    desk.until(600, answer=TOO_MANY)

    tried = [one for one in desk.events if isinstance(one, e.NoticeTried) and one.took is not None]
    assert len(tried) <= 21


def test_home_assistant_30665_a_failing_notifier_does_not_feed_itself() -> None:
    """A channel that limits us fires an alert; that alert is told elsewhere and makes the first no busier."""
    desk = Desk(AlertSettings(channels=(SLACK, MAIL), routes=ONE.routes))
    desk.fire("A1")
    desk.until(60, answer=CLOSED)
    desk.fire("A2", Severity.ERROR, rule=AlertRule.NOTIFIER_FAILING, labels=(("channel", "slack"),))

    desk.until(3600, answer=CLOSED)

    tried = [one for one in desk.events if isinstance(one, e.NoticeTried) and one.channel == "slack"]
    of_slack = {item.notice_id for item in desk.planner.outbox if item.channel == "slack" and "A2" in item.alerts}
    assert not of_slack
    assert len(tried) < 40


# --- lost on a blip -------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [CUT, BUSY])
def test_kuma_6046_7436_a_blip_of_the_network_loses_no_notice(answer: Receipt) -> None:
    desk = Desk(ONE)
    desk.fire()

    desk.until(120, answer=answer)

    assert told(desk.until(600)) == [("slack", K.FIRING, ("A1",))]


def test_kuma_2873_a_repeat_says_that_it_is_still_down() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)

    repeats = [one for one in desk.until(1800) if one.channel == "slack"]

    assert [one.kind for one in repeats] == [K.REPEAT]
    assert desk.now - repeats[0].alerts[0].raised_at == 1800


def test_kuma_5742_what_comes_back_is_told_even_where_nobody_looked_for_days() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.jump(5 * DAY)
    desk.restart()

    desk.resolve()

    assert ("slack", K.RESOLVED, ("A1",)) in told(desk.until(5 * DAY + 60))


# --- paging goes on -------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0.5, 10.0, 299.9, 300.0, 899.5, 1800.0, 2000.0])
def test_oncall_4654_4760_nobody_is_paged_after_an_acknowledgement(at: float) -> None:
    desk = Desk()
    desk.fire()
    desk.until(at, answer=BUSY)

    desk.take()
    sent = desk.until(3 * DAY)

    assert not [one for one in sent if one.kind in TELLS_FIRING]


@pytest.mark.parametrize("is_taken_first", [True, False])
def test_oncall_3161_taking_what_is_being_resolved_does_not_bring_it_back(is_taken_first: bool) -> None:  # noqa: FBT001 - parametrised
    desk = Desk()
    desk.fire()
    desk.until(11)

    if is_taken_first:
        desk.take()
        desk.resolve()
    else:
        desk.resolve()
        desk.take()
    sent = desk.until(DAY)

    assert told(sent) == [("slack", K.RESOLVED, ("A1",))]


def test_oncall_3111_what_somebody_has_is_not_escalated_months_later() -> None:
    desk = Desk()
    desk.fire()
    desk.until(20)
    desk.take()
    desk.jump(90 * DAY)

    desk.restart()
    assert desk.until(90 * DAY + 3600) == []
    desk.leave()

    late = desk.until(90 * DAY + 3700)
    assert all(desk.now - one.due < 2 * 3600 for one in late)


def test_oncall_1206_an_escalation_that_waits_for_a_window_goes_on_after_a_restart() -> None:
    night = WeeklyWindow(0, 0, (0, 1, 2, 3, 4, 5, 6))
    open_day = AlertSettings(channels=(SLACK,), routes=ONE.routes)
    desk = Desk(AlertSettings(channels=(SLACK,), routes=ONE.routes, quiet=night))
    desk.fire("A1", Severity.WARNING)
    desk.until(3600)

    desk.settings = open_day
    desk.restart()

    assert told(desk.until(3700)) == [("slack", K.FIRING, ("A1",))]


def test_oncall_1931_each_step_waits_as_long_as_it_says() -> None:
    desk = Desk()
    desk.fire()
    desk.until(299.9)
    assert {one.channel for one in desk.sent} == {"slack"}
    desk.until(899.9)
    assert {one.channel for one in desk.sent} == {"slack", "email"}


def test_oncall_1792_who_has_an_alert_is_not_told_of_it_again() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.take()

    assert desk.until(DAY) == []


def test_oneuptime_1690_what_is_over_is_not_escalated() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.resolve()

    assert {one.kind for one in desk.until(DAY)} == {K.RESOLVED}


def test_oneuptime_2149_nobody_gets_the_same_letter_twice() -> None:
    routes = (
        AlertRoute(steps=(Step(0, ("email", "email")),), goes_on=True),
        AlertRoute(steps=(Step(0, ("email",)),)),
    )
    desk = Desk(AlertSettings(channels=(MAIL,), routes=routes))

    desk.fire()

    assert told(desk.until(60)) == [("email", K.FIRING, ("A1",))]


def test_litellm_pr_21683_a_storm_is_a_digest() -> None:
    desk = Desk(ONE)

    for number in range(300):
        desk.fire(f"A{number}")
        desk.until(number / 10)
    desk.until(120)

    assert len(desk.sent) <= 4
    assert sum(one.count for one in desk.sent) == 300
    assert K.DIGEST in {one.kind for one in desk.sent}


def test_litellm_3738_and_h5_an_alert_that_goes_on_is_told_once_and_not_at_each_look() -> None:
    desk = Desk(ONE)
    desk.fire()

    for at in range(600):
        desk.until(float(at))
        desk.tell(e.AlertRaised, "A1", severity=Severity.CRITICAL, text="is out")

    assert told(desk.sent) == [("slack", K.FIRING, ("A1",))]


# --- the reference package ------------------------------------------------------------------------


def test_a1_one_alert_swallows_no_other_of_its_rule() -> None:
    desk = Desk(ONE)
    desk.fire("A1")
    desk.until(11)
    desk.fire("A2")

    desk.until(100)

    assert {brief.alert_id for one in desk.sent for brief in one.alerts} == {"A1", "A2"}


def test_a4_a_notice_counts_as_sent_when_the_other_side_took_it() -> None:
    desk = Desk(ONE)
    desk.fire()
    desk.until(20, answer=BUSY)
    (before,) = desk.planner.dressed(desk.alerts.values())

    desk.until(60, answer=DELIVERED)
    (after,) = desk.planner.dressed(desk.alerts.values())

    assert (before.told, before.untold) == ((), ("slack",))
    assert (after.told, after.untold) == (("slack",), ())


def test_a4_there_are_an_acknowledgement_and_an_escalation() -> None:
    desk = Desk()
    desk.fire()
    desk.until(901)
    desk.take()
    desk.until(902)

    assert [one.channel for one in desk.sent] == ["slack", "email", "pagerduty", "pagerduty"]
    assert [one.kind for one in desk.sent] == [K.FIRING, K.ESCALATION, K.ESCALATION, K.ACKNOWLEDGED]


def test_a_day_of_failures_ends_in_a_dead_letter_that_is_counted() -> None:
    desk = Desk(AlertSettings(channels=(SLACK, PAGER), routes=ONE.routes))
    desk.fire()

    desk.until(DAY + 20, answer=CLOSED)

    dead = [one.channel for one in desk.events if isinstance(one, e.NoticeSettled) and one.end is NoticeEnd.DEAD]
    assert "slack" in dead
    assert desk.planner.channels(desk.now)[0].dead == 1
    assert desk.now == T0 + DAY + 20
    assert channel().rate == 1.0
