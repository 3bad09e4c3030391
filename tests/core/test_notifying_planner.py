"""The planner: who is told what when, and what stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import ON_CALL, AlertRoute, AlertSettings, Override, Person, Shift, Step
from hive_console.core.local_time import LocalTime, WeeklyWindow, utc
from hive_console.core.notifying.notice import Notice, Receipt
from hive_console.core.notifying.planner import Planner
from hive_console.core.states import AlertRule, NoticeEnd, NoticeKind, Severity
from tests.core.notice_driver import (
    BUSY,
    CLOSED,
    CUT,
    DELIVERED,
    MAIL,
    PAGER,
    REFUSED,
    SLACK,
    T0,
    Desk,
    channel,
    told,
)

K = NoticeKind
DAY = 86_400.0
ALERTMANAGER = channel("alertmanager")


def at_once(*channels: str, settings: AlertSettings | None = None) -> AlertSettings:
    """Everybody is told at once, whatever it is, and again after four hours."""
    known = settings or AlertSettings(channels=(SLACK, MAIL, PAGER))
    return replace(known, routes=(AlertRoute(steps=(Step(0, channels or ("slack",)),)),))


def kinds(notices: list[Notice]) -> list[NoticeKind]:
    return [one.kind for one in notices]


def settled(desk: Desk) -> list[tuple[str, NoticeKind, NoticeEnd]]:
    return [(one.channel, one.kind, one.end) for one in desk.events if isinstance(one, e.NoticeSettled)]


# --- the street -----------------------------------------------------------------------------------


def test_what_fires_is_told_after_its_groups_wait_and_that_it_is_over_once() -> None:
    desk = Desk()

    desk.fire()
    firing = desk.until(10)
    desk.resolve()
    over = desk.until(60)

    assert told(firing) == [("slack", K.FIRING, ("A1",))]
    assert told(over) == [("slack", K.RESOLVED, ("A1",))]
    assert over[0].thread == firing[0].thread


def test_the_escalation_goes_on_by_absolute_times_until_somebody_has_it() -> None:
    desk = Desk()

    desk.fire()
    first = desk.until(899)
    desk.take()
    then = desk.until(DAY)

    assert told(first) == [("slack", K.FIRING, ("A1",)), ("email", K.ESCALATION, ("A1",))]
    assert then == []


def test_repeats_say_that_it_still_fires() -> None:
    desk = Desk()

    desk.fire()

    assert [(one.kind, one.step) for one in desk.until(7200) if one.channel == "slack"] == [
        (K.FIRING, 0),
        *[(K.REPEAT, 3)] * 4,
    ]


def test_everybody_who_was_told_hears_of_the_end_even_after_an_acknowledgement() -> None:
    desk = Desk()

    desk.fire()
    desk.until(901)
    desk.take()
    desk.until(902)
    desk.resolve()

    assert {(one.channel, one.kind) for one in desk.until(1000)} == {
        ("slack", K.RESOLVED),
        ("email", K.RESOLVED),
        ("pagerduty", K.RESOLVED),
    }


def test_a_pager_is_told_who_has_it_and_others_are_not() -> None:
    desk = Desk()

    desk.fire()
    desk.until(901)
    desk.take()

    assert told(desk.until(902)) == [("pagerduty", K.ACKNOWLEDGED, ("A1",))]


def test_a_pager_that_was_being_told_is_told_who_has_it_when_that_arrived() -> None:
    desk = Desk(at_once("pagerduty"))
    desk.fire()
    desk.now = T0 + 10
    desk.planner.tick(T0)
    desk.planner.tick(desk.now)
    notice = desk.begin("pagerduty")
    assert notice is not None

    desk.take()
    desk.settle(notice)

    assert kinds(desk.until(20)[-1:]) == [K.ACKNOWLEDGED]


def test_a_pager_that_may_have_been_told_is_told_who_has_it() -> None:
    desk = Desk(at_once("pagerduty"))
    desk.fire()
    desk.until(10, answer=CUT)

    desk.take()

    assert told(desk.until(60)) == [("pagerduty", K.ACKNOWLEDGED, ("A1",))]


def test_a_pager_that_is_being_reminded_is_told_once_who_has_it() -> None:
    desk = Desk(at_once("pagerduty"))
    desk.fire()
    desk.until(14_399)
    desk.now = T0 + 14_400
    desk.planner.tick(desk.now)
    notice = desk.begin("pagerduty")
    assert notice is not None

    desk.take()
    desk.settle(notice)

    assert kinds(desk.until(14_500)) == [K.ACKNOWLEDGED]


def test_a_pager_that_is_told_by_hand_is_to_wake_somebody_whoever_has_the_alert() -> None:
    desk = Desk(at_once("pagerduty"))
    desk.fire()
    desk.until(11)
    desk.take()
    desk.until(12)

    desk.escalate()

    assert kinds(desk.until(60)) == [K.ESCALATION]


def test_events_of_other_things_are_left_alone() -> None:
    desk = Desk()

    assert (
        desk.planner.observe(e.AlertNoted(at=T0, alert_id="A1", rule=AlertRule.OWN, subject="", actor="", note=""))
        == []
    )
    assert set(Planner.KINDS) >= {e.AlertRaised, e.AlertResolved}
    assert desk.planner.next_due() is None


def test_an_alert_that_nobody_knows_is_left_alone() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    view = desk.alerts.pop("A1")

    lost = e.AlertNoted(at=desk.now, alert_id="A1", rule=view.rule, subject="", actor="", note="")
    assert desk.planner.observe(lost) == []
    unknown = e.AlertResolved(at=desk.now, alert_id="A9", rule=view.rule, subject="", lasted=1.0)
    assert desk.planner.observe(unknown) == []
    gone = e.AlertResolved(at=desk.now, alert_id="A1", rule=view.rule, subject="", lasted=1.0)
    desk.planner.observe(gone)
    desk.planner.observe(gone)

    assert told(desk.until(60)) == [("slack", K.RESOLVED, ("A1",))]


def test_what_was_over_before_it_was_heard_of_is_told_to_nobody() -> None:
    desk = Desk()
    desk.fire()
    desk.planner = desk.fresh()
    desk.resolve()

    assert desk.until(DAY) == []


# --- groups and storms ----------------------------------------------------------------------------


def test_alerts_of_one_rule_and_provider_are_one_notice() -> None:
    desk = Desk()

    desk.fire("A1", labels=(("provider", "acme"),))
    desk.until(3)
    desk.fire("A2", labels=(("provider", "acme"),))
    desk.fire("A3", labels=(("provider", "other"),))

    assert told(desk.until(13)) == [("slack", K.FIRING, ("A1", "A2")), ("slack", K.FIRING, ("A3",))]


def test_what_joins_a_group_is_told_after_its_interval_in_the_same_thread() -> None:
    desk = Desk()

    desk.fire("A1")
    first = desk.until(20)
    desk.fire("A2")
    desk.fire("A3")

    assert desk.until(69) == []
    then = desk.until(71)
    assert told(then) == [("slack", K.FIRING, ("A2", "A3"))]
    assert then[0].thread == first[0].thread == "A1"


def test_later_steps_of_a_group_are_taken_along() -> None:
    desk = Desk()

    desk.fire("A1")
    desk.until(8)
    desk.fire("A2")
    desk.fire("A3", rule=AlertRule.BREAKER_OPEN)
    desk.until(299)

    assert told(desk.until(310)) == [("email", K.ESCALATION, ("A1", "A2")), ("email", K.ESCALATION, ("A3",))]


def test_ends_of_one_moment_are_one_notice() -> None:
    desk = Desk()
    for name in ("A1", "A2"):
        desk.fire(name)
    desk.until(11)

    desk.resolve("A1")
    desk.resolve("A2")

    assert told(desk.until(20)) == [("slack", K.RESOLVED, ("A1", "A2"))]


def test_a_storm_is_one_digest_a_channel_and_pagers_get_each_alert() -> None:
    settings = at_once("slack", "pagerduty", settings=AlertSettings(channels=(SLACK, PAGER), storm_above=5))
    desk = Desk(settings)

    for number in range(12):
        desk.fire(f"A{number}", rule=list(AlertRule)[number])

    sent = desk.until(40)
    digests = [one for one in sent if one.channel == "slack"]
    assert [(one.kind, one.count, len(one.alerts)) for one in digests] == [(K.DIGEST, 12, 10)]
    assert sum(one.count for one in sent if one.channel == "pagerduty") == 12
    assert {one.kind for one in sent if one.channel == "pagerduty"} == {K.FIRING}


def test_what_another_alert_explains_makes_no_storm() -> None:
    desk = Desk(at_once(settings=AlertSettings(channels=(SLACK,), storm_above=5)))
    for number in range(12):
        desk.fire(f"A{number}", inhibited_by="" if number == 0 else "A0")

    assert [(one.kind, one.count) for one in desk.until(40)] == [(K.FIRING, 1)]


def test_a_storm_that_goes_on_is_told_again_after_the_interval() -> None:
    desk = Desk(at_once(settings=AlertSettings(channels=(SLACK,), storm_above=2)))
    for number in range(5):
        desk.fire(f"A{number}")
    desk.until(12)

    for number in range(5, 9):
        desk.fire(f"A{number}")

    assert [(one.kind, one.count) for one in desk.until(75)] == [(K.DIGEST, 4)]


def test_each_of_a_digest_hears_of_its_end() -> None:
    desk = Desk(at_once(settings=AlertSettings(channels=(SLACK,), storm_above=2)))
    for number in range(5):
        desk.fire(f"A{number}")
    desk.until(12)

    for number in range(5):
        desk.resolve(f"A{number}")

    assert sum(one.count for one in desk.until(60)) == 5


def test_an_alertmanager_gets_ten_alerts_a_notice_so_that_it_sees_each() -> None:
    desk = Desk(AlertSettings(channels=(ALERTMANAGER,), storm_above=5))

    for number in range(12):
        desk.fire(f"A{number}")

    assert [one.count for one in desk.until(30)] == [10, 2]
    assert len(desk.planner.outbox.firing_on("alertmanager")) == 12


# --- holds ----------------------------------------------------------------------------------------


def test_of_a_muted_alert_nobody_is_told_until_it_is_muted_no_more() -> None:
    desk = Desk()

    desk.fire()
    desk.mute()
    assert desk.until(200) == []
    desk.unmute()

    assert told(desk.until(211)) == [("slack", K.FIRING, ("A1",))]


def test_a_step_that_was_held_up_is_told_once_and_says_how_late_it_is() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.take()
    desk.until(4000)

    desk.leave()
    sent = desk.until(4011)

    assert told(sent) == [
        ("slack", K.REPEAT, ("A1",)),
        ("email", K.ESCALATION, ("A1",)),
        ("pagerduty", K.ESCALATION, ("A1",)),
    ]
    assert [one.remark for one in sent] == ["", "late by 1 h 1 m", "late by 51 m"]


def test_what_waited_longer_than_a_day_and_was_told_to_nobody_begins_anew() -> None:
    desk = Desk()
    desk.fire()
    desk.mute()
    desk.until(3 * DAY)

    desk.unmute()
    sent = desk.until(3 * DAY + 301)

    assert told(sent) == [("slack", K.FIRING, ("A1",)), ("email", K.ESCALATION, ("A1",))]
    assert [one.remark for one in sent] == ["", ""]


def test_a_notice_that_was_withdrawn_for_a_hold_is_told_when_the_hold_ends() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11, answer=BUSY)
    desk.mute()
    desk.until(100)
    assert settled(desk) == [("slack", K.FIRING, NoticeEnd.SUPERSEDED)]

    desk.unmute()

    assert told(desk.until(120)) == [("slack", K.FIRING, ("A1",))]


def test_a_notice_of_two_loses_the_one_that_somebody_has() -> None:
    desk = Desk()
    desk.fire("A1")
    desk.fire("A2")
    desk.until(10, answer=BUSY)

    desk.take("A1")

    assert told(desk.until(30)) == [("slack", K.FIRING, ("A2",))]


def test_quiet_hours_hold_warnings_and_their_ends_until_morning() -> None:
    def clock(at: float) -> LocalTime:
        return utc(at - T0)  # it is midnight at T0

    quiet = at_once(settings=AlertSettings(channels=(SLACK,), quiet=WeeklyWindow(0, 6 * 60)))
    desk = Desk(quiet, local=clock)

    desk.fire("A1", Severity.WARNING)
    desk.fire("A2", Severity.ERROR, rule=AlertRule.BREAKER_OPEN)
    night = desk.until(6 * 3600 - 1)
    morning = desk.until(6 * 3600 + 11)

    assert {brief.alert_id for one in night for brief in one.alerts} == {"A2"}
    assert told(morning) == [("slack", K.FIRING, ("A1",))]
    assert morning[0].remark == "late by 6 h"


def test_that_a_warning_is_over_waits_for_the_morning_too() -> None:
    def clock(at: float) -> LocalTime:
        return utc(at - T0)

    quiet = at_once(
        "slack", "pagerduty", settings=AlertSettings(channels=(SLACK, PAGER), quiet=WeeklyWindow(60, 120))
    )
    desk = Desk(quiet, local=clock)
    desk.fire("A1", Severity.WARNING)
    desk.until(3700)

    desk.resolve()

    assert told(desk.until(7199)) == [("pagerduty", K.RESOLVED, ("A1",))]
    assert told(desk.until(7201)) == [("slack", K.RESOLVED, ("A1",))]


def test_a_step_close_to_anothers_in_the_group_waits_for_its_own_quiet_hours() -> None:
    def clock(at: float) -> LocalTime:
        return utc(at - T0)

    routes = (AlertRoute(steps=(Step(300, ("slack",)),)),)
    desk = Desk(AlertSettings(channels=(SLACK,), routes=routes, quiet=WeeklyWindow(5, 60)), local=clock)

    desk.fire("A1", Severity.ERROR)
    desk.until(1)
    desk.fire("A2", Severity.WARNING)

    assert told(desk.until(600)) == [("slack", K.FIRING, ("A1",))]
    assert told(desk.until(3601)) == [("slack", K.FIRING, ("A2",))]


# --- anew, heavier, to and fro --------------------------------------------------------------------


def test_what_fires_anew_is_told_anew_and_its_unsent_end_is_not() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.resolve()
    desk.until(14, answer=BUSY)

    desk.fire_anew()
    sent = desk.until(100)
    desk.resolve()
    sent += desk.until(120)

    assert told(sent) == [("slack", K.FIRING, ("A1",)), ("slack", K.RESOLVED, ("A1",))]
    assert sent[0].alerts[0].times == 1


def test_what_weighs_more_begins_its_escalation_anew() -> None:
    desk = Desk()
    desk.fire("A1", Severity.WARNING)
    desk.until(300)

    desk.weigh("A1", Severity.CRITICAL)

    assert told(desk.until(601)) == [("slack", K.FIRING, ("A1",)), ("email", K.ESCALATION, ("A1",))]


def test_what_falls_and_rises_again_tells_nobody_anew() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)

    desk.weigh("A1", Severity.WARNING)
    desk.weigh("A1", Severity.CRITICAL)

    assert desk.until(200) == []


def test_what_comes_and_goes_is_told_once_and_then_each_half_hour() -> None:
    desk = Desk(at_once("slack", "pagerduty", settings=AlertSettings(channels=(SLACK, PAGER), repeat_interval=600)))
    desk.fire()
    desk.until(20)

    desk.flap()
    sent = desk.until(3700)
    desk.flap(is_flapping=False)

    assert [(one.channel, one.kind) for one in sent] == [
        ("slack", K.FLAPPING),
        ("slack", K.DIGEST),
        ("slack", K.DIGEST),
    ]
    assert desk.planner.next_due() is not None


def test_a_person_who_escalates_has_the_next_people_told_now_once() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.take()

    desk.escalate()
    sent = desk.until(12)
    desk.leave()

    assert told(sent) == [("email", K.ESCALATION, ("A1",))]
    assert sent[0].remark == "asked for by ada"
    assert "email" not in {one.channel for one in desk.until(1799)}


def test_where_nobody_is_left_to_be_told_the_last_are_told_again() -> None:
    desk = Desk(at_once("slack", "email"))
    desk.fire()
    desk.until(11)

    desk.escalate()

    assert {(one.channel, one.kind) for one in desk.until(12)} == {("slack", K.ESCALATION), ("email", K.ESCALATION)}


def test_of_an_alert_without_steps_all_are_told_when_somebody_asks() -> None:
    desk = Desk()
    desk.fire("A1", Severity.INFO)

    desk.escalate()

    assert {one.channel for one in desk.until(1)} == {"slack", "email", "pagerduty"}


def test_what_is_over_is_not_escalated_by_hand_either() -> None:
    desk = Desk()
    desk.fire()
    desk.resolve()

    desk.escalate()

    assert desk.until(DAY) == []


def test_an_unsent_notice_that_somebody_asks_for_outlives_an_acknowledgement() -> None:
    desk = Desk(at_once())
    desk.fire()
    desk.until(10, answer=BUSY)

    desk.escalate()
    desk.take()

    assert told(desk.until(30)) == [("slack", K.FIRING, ("A1",))]


# --- what becomes of notices ----------------------------------------------------------------------


def test_an_error_that_passed_while_its_channel_was_broken_is_told_in_one_word() -> None:
    desk = Desk()
    desk.fire("A1", Severity.ERROR)
    desk.fire("A2", Severity.WARNING, rule=AlertRule.BREAKER_OPEN)
    desk.until(20, answer=BUSY)

    desk.resolve("A1")
    desk.resolve("A2")

    assert told(desk.until(60)) == [("slack", K.PASSED, ("A1",))]


def test_a_warning_that_passed_unheard_is_told_to_nobody() -> None:
    desk = Desk(at_once())
    desk.fire("A1", Severity.WARNING)
    desk.until(20, answer=BUSY)

    desk.resolve("A1")

    assert desk.until(DAY) == []


def test_a_pager_that_never_heard_of_it_hears_nothing() -> None:
    desk = Desk(at_once("pagerduty"))
    desk.fire()
    desk.until(20, answer=BUSY)

    desk.resolve()

    assert desk.until(DAY) == []


def test_an_end_follows_a_notice_of_which_nobody_knows_whether_it_arrived() -> None:
    desk = Desk()
    desk.fire()
    desk.until(10, answer=CUT)

    desk.resolve()
    sent = desk.until(60)

    assert told(sent) == [("slack", K.RESOLVED, ("A1",))]
    assert sent[0].remark == "that it fired may not have arrived"


def test_an_end_waits_for_what_comes_of_the_notice_under_way() -> None:
    desk = Desk(at_once())
    desk.fire()
    desk.now = T0 + 10
    desk.planner.tick(T0)
    desk.planner.tick(desk.now)
    notice = desk.begin()
    assert notice is not None
    desk.resolve()
    desk.until(20)

    assert desk.sent == []
    desk.settle(notice)
    assert kinds(desk.until(25)) == [K.RESOLVED]


def test_an_end_waits_for_a_repeat_under_way_and_comes_once() -> None:
    desk = Desk()
    desk.fire()
    desk.until(1799)
    desk.now = T0 + 1800
    desk.planner.tick(desk.now)
    notice = desk.begin()
    assert notice is not None
    desk.resolve()
    desk.until(1810)

    desk.settle(notice)
    desk.until(1900)

    assert [one.kind for one in desk.sent if one.channel == "slack"] == [K.FIRING, K.REPEAT, K.RESOLVED]


def test_a_channel_that_wants_no_ends_gets_none() -> None:
    desk = Desk(AlertSettings(channels=(channel(sends_resolved=False),)))
    desk.fire()
    desk.until(11)

    desk.resolve()

    assert desk.until(DAY) == []


def test_what_was_given_up_is_told_on_another_channel() -> None:
    desk = Desk()
    desk.fire()

    while not desk.send("slack", REFUSED):
        desk.planner.tick(desk.now)
        desk.now += 1
    sent = desk.until(20)

    assert told(sent) == [("email", K.FIRING, ("A1",))]
    assert sent[0].remark == "slack could not be told"
    desk.resolve()
    assert told(desk.until(60)) == [("email", K.RESOLVED, ("A1",))]


def test_what_was_given_up_is_not_told_again_to_those_who_know() -> None:
    desk = Desk(at_once("email", "slack"))
    desk.fire()
    desk.now = T0 + 10
    desk.planner.tick(T0)
    desk.planner.tick(desk.now)
    desk.send("email")
    desk.send("slack", REFUSED)

    assert desk.until(60) == []


def test_what_was_given_up_of_the_only_channel_is_told_to_nobody() -> None:
    desk = Desk(at_once(settings=AlertSettings(channels=(SLACK,))))
    desk.fire()

    desk.until(11, answer=REFUSED)

    assert settled(desk) == [("slack", K.FIRING, NoticeEnd.DEAD)]
    assert desk.until(60) == []


def test_channels_that_all_refuse_do_not_feed_each_other() -> None:
    desk = Desk(at_once("slack"))
    desk.fire()

    desk.until(3600, answer=REFUSED)

    assert len(settled(desk)) == 3


def test_an_end_that_is_given_up_is_told_nowhere_else() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.resolve()
    desk.until(14, answer=REFUSED)

    assert settled(desk)[-1] == ("slack", K.RESOLVED, NoticeEnd.DEAD)
    assert desk.until(DAY) == []


def test_a_notice_that_may_have_arrived_and_was_given_up_is_followed_by_its_end() -> None:
    desk = Desk(at_once(settings=AlertSettings(channels=(SLACK,))))
    desk.fire()
    desk.until(10, answer=CUT)
    desk.until(20, answer=REFUSED)

    desk.resolve()

    assert told(desk.until(60)) == [("slack", K.RESOLVED, ("A1",))]


def test_a_channel_that_fails_is_told_of_on_others() -> None:
    desk = Desk(at_once("slack"))

    desk.fire("A1", Severity.ERROR, rule=AlertRule.NOTIFIER_FAILING, labels=(("channel", "slack"),))

    assert {one.channel for one in desk.until(20)} == {"email", "pagerduty"}


def test_one_channel_hears_of_one_alert_once_at_a_time() -> None:
    desk = Desk(AlertSettings(channels=(channel(timeout=1.0),)))
    desk.fire()

    desk.until(10, answer=BUSY)
    desk.until(3700, answer=BUSY)

    assert len(desk.planner.outbox) == 1


def test_later_news_of_an_incident_joins_what_waits() -> None:
    desk = Desk(at_once(settings=AlertSettings(channels=(channel(rate=0.01, burst=1),))))
    desk.fire("A1")
    desk.until(11)
    desk.fire("A2")
    desk.until(111)
    desk.fire("A3")
    desk.until(131)
    desk.fire("A4")

    sent = desk.until(300)

    assert told(sent) == [("slack", K.FIRING, ("A3", "A4"))]


def test_an_unsent_notice_of_an_earlier_time_is_not_sent_when_it_fires_anew() -> None:
    desk = Desk(at_once())
    desk.fire()
    desk.until(10, answer=BUSY)
    desk.change("A1", times=1)
    desk.tell(e.AlertReopened, "A1", severity=Severity.CRITICAL, text="", times=1)

    sent = desk.until(100)

    assert told(sent) == [("slack", K.FIRING, ("A1",))]
    assert sent[0].alerts[0].times == 1


def test_what_a_channel_missed_is_forgotten_with_the_channel() -> None:
    desk = Desk(at_once())
    desk.fire()
    desk.until(10, answer=BUSY)
    desk.mute()
    desk.settings = AlertSettings(channels=(MAIL,))
    desk.planner.reconfigure(desk.settings, desk.now)

    desk.unmute()

    assert desk.until(100) == []


def test_a_notice_weighs_what_its_heaviest_alert_does() -> None:
    desk = Desk()
    desk.fire("A1", Severity.CRITICAL)
    desk.fire("A2", Severity.ERROR)
    desk.planner.test("email", "ada", T0)

    sent = desk.until(11)

    assert [one.severity for one in sent] == [Severity.INFO, Severity.CRITICAL]


# --- shown ----------------------------------------------------------------------------------------


def test_the_inbox_shows_who_was_told_who_was_not_and_what_is_next() -> None:
    desk = Desk()
    desk.fire("A1")
    desk.until(11)
    desk.now = T0 + 300
    desk.planner.tick(desk.now)

    (dressed,) = desk.planner.dressed(desk.alerts.values())

    assert (dressed.told, dressed.untold, dressed.step) == (("slack",), ("email",), 2)
    assert dressed.next_step_at == T0 + 900
    desk.planner.test("slack", "ada", desk.now)
    desk.take()
    (taken,) = desk.planner.dressed(desk.alerts.values())
    assert taken.next_step_at is None


def test_an_alert_without_notices_is_shown_as_it_is() -> None:
    desk = Desk()
    desk.fire()
    view = desk.alerts["A1"]

    assert desk.fresh().dressed((view,)) == (view,)


def test_channels_and_who_is_on_call_are_shown() -> None:
    people = (Person("ada", ("slack",)),)
    settings = AlertSettings(channels=(SLACK,), people=people, shifts=(Shift(0, "ada"),))

    desk = Desk(settings)

    assert [(one.name, one.kind) for one in desk.planner.channels(T0)] == [("slack", "slack")]
    assert desk.planner.on_call(T0) == "ada"


def test_on_call_is_asked_when_the_step_is_due() -> None:
    people = (Person("ada", ("slack",)), Person("bob", ("email",)))
    overrides = (Override(T0, T0 + 100, "ada"), Override(T0 + 100, T0 + DAY, "bob"))
    routes = (AlertRoute(steps=(Step(0, (ON_CALL,)), Step(300, (ON_CALL,)))),)
    desk = Desk(AlertSettings(channels=(SLACK, MAIL), people=people, overrides=overrides, routes=routes))

    desk.fire()

    assert told(desk.until(301)) == [("slack", K.FIRING, ("A1",)), ("email", K.ESCALATION, ("A1",))]


# --- other settings, tests ------------------------------------------------------------------------


def test_a_channel_that_left_is_told_nothing_more() -> None:
    desk = Desk(at_once("slack", "email"))
    desk.fire()
    desk.until(11, answer=BUSY)
    settings = AlertSettings(channels=(MAIL,))
    desk.settings = settings

    desk.events += desk.planner.reconfigure(settings, desk.now, local=utc)
    desk.until(20)
    desk.resolve()

    assert ("slack", K.FIRING, NoticeEnd.SUPERSEDED) in settled(desk)
    assert {one.channel for one in [*desk.sent, *desk.until(60)]} == {"email"}


def test_a_channel_that_knew_and_left_owes_no_end() -> None:
    desk = Desk(at_once("slack"))
    desk.fire()
    desk.until(11)
    desk.settings = AlertSettings(channels=(MAIL,))
    desk.planner.reconfigure(desk.settings, desk.now)

    desk.resolve()

    assert desk.until(60) == []


def test_other_settings_do_not_make_up_for_steps_they_would_have_had() -> None:
    desk = Desk(at_once("slack"))
    desk.fire()
    desk.until(1000)
    desk.settings = replace(
        desk.settings,
        routes=(AlertRoute(steps=(Step(0, ("slack",)), Step(600, ("email",)), Step(1200, ("pagerduty",)))),),
    )

    desk.planner.reconfigure(desk.settings, desk.now)

    assert told(desk.until(1300)) == [("pagerduty", K.ESCALATION, ("A1",))]


def test_news_that_waits_outlives_other_settings() -> None:
    desk = Desk(at_once("slack"))
    desk.fire()
    desk.until(5)

    desk.planner.reconfigure(at_once("email"), desk.now)
    desk.settings = at_once("email")

    assert told(desk.until(20)) == [("email", K.FIRING, ("A1",))]


def test_a_test_is_sent_at_once_and_says_who_asked() -> None:
    desk = Desk()

    events = desk.planner.test("slack", "ada", T0)
    sent = desk.until(0)

    assert isinstance(events[0], e.NoticeQueued)
    assert [(one.kind, one.remark, one.count) for one in sent] == [(K.TEST, "asked for by ada", 0)]


def test_a_test_of_an_unknown_channel_is_nothing() -> None:
    assert Desk().planner.test("nowhere", "ada", T0) == []


def test_two_tests_have_two_keys() -> None:
    desk = Desk()
    for _ in range(2):
        desk.planner.test("slack", "ada", T0)

    assert len({one.key for one in desk.until(0)}) == 2


@pytest.mark.parametrize("answer", [BUSY, CUT, CLOSED, REFUSED])
def test_a_test_that_fails_is_not_tried_again(answer: Receipt) -> None:
    desk = Desk()
    desk.planner.test("slack", "ada", T0)

    desk.send("slack", answer)

    assert settled(desk) == [("slack", K.TEST, NoticeEnd.DEAD)]


def test_a_test_goes_through_a_breaker_and_closes_it() -> None:
    desk = Desk()
    desk.fire()
    desk.until(10, answer=CLOSED)
    assert desk.planner.channels(desk.now)[0].is_open

    desk.planner.test("slack", "ada", desk.now)
    notice = desk.send("slack", DELIVERED)

    assert notice is not None
    assert notice.kind is K.TEST
    assert not desk.planner.channels(desk.now)[0].is_open


def test_what_waited_for_its_group_before_a_kill_is_told_at_once_after_it() -> None:
    desk = Desk(AlertSettings(channels=(SLACK,), group_wait=10.0))
    desk.fire()
    desk.until(4)
    desk.jump(60)

    desk.restart()

    assert [notice.kind for notice in desk.until(60)] == [NoticeKind.FIRING]


def test_what_began_just_before_a_kill_waits_for_the_rest_of_its_time() -> None:
    desk = Desk(AlertSettings(channels=(SLACK,), group_wait=10.0))
    desk.fire()
    desk.jump(4)

    desk.restart()

    assert desk.until(9.9) == []
    assert [notice.kind for notice in desk.until(10)] == [NoticeKind.FIRING]


def test_what_comes_and_goes_is_told_to_those_whose_notices_were_lost() -> None:
    desk = Desk(at_once("slack", settings=AlertSettings(channels=(SLACK,), repeat_interval=600)))
    desk.fire()
    desk.until(10, answer=REFUSED)
    desk.flap()

    assert [one.kind for one in desk.until(700)] == [K.FIRING]
