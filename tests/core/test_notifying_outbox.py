"""The outbox: what goes next, what an answer means, what is dropped, and what all of it is called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertRoute, AlertSettings, Step
from hive_console.core.notifying import outbox as outbox_module
from hive_console.core.notifying.notice import Receipt, Verdict
from hive_console.core.notifying.queued import Draft, Told, key_of, weightiest
from hive_console.core.states import AlertRule, NoticeEnd, NoticeKind, Severity
from tests.core.notice_driver import BUSY, CLOSED, CUT, DELIVERED, MAIL, PAGER, REFUSED, SLACK, T0, Desk, channel

K = NoticeKind


def quick(*channels: object, hourly: int = 60) -> AlertSettings:
    """One channel, told at once without a wait, again each minute."""
    routes = (AlertRoute(steps=(Step(0, ("slack",), then_every=60.0),)),)
    return AlertSettings(channels=(channel(hourly=hourly),), routes=routes, group_wait=0.0)


def settled(desk: Desk) -> list[tuple[NoticeKind, NoticeEnd, str]]:
    return [(one.kind, one.end, one.cause) for one in desk.events if isinstance(one, e.NoticeSettled)]


def waiting(desk: Desk, *names: str, severity: Severity = Severity.CRITICAL) -> None:
    """These fire, each in a group of its own, and their notices wait."""
    for number, name in enumerate(names):
        desk.fire(name, severity, rule=list(AlertRule)[number])
    desk.events += desk.planner.tick(desk.now)
    desk.keep()


def test_an_attempt_is_told_when_it_begins_and_when_it_comes_back() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")

    desk.send("slack", Receipt(verdict=Verdict.RETRY, status=503, answer="busy \x1b[2J"))

    tried = [one for one in desk.events if isinstance(one, e.NoticeTried)]
    assert [(one.number, one.took, one.status, one.next_at) for one in tried] == [
        (1, None, None, None),
        (1, 0.1, 503, T0 + 2),
    ]
    assert tried[1].answer.isprintable()


def test_one_notice_of_a_channel_is_under_way_at_a_time() -> None:
    desk = Desk(quick())
    waiting(desk, "A1", "A2")

    first = desk.begin()
    assert first is not None

    assert desk.begin() is None
    assert desk.planner.outbox.next_at("slack", desk.now) is None
    assert desk.planner.outbox.begin(first.notice_id, desk.now) == []
    desk.settle(first)
    assert desk.begin() is not None


def test_what_weighs_more_goes_first_and_of_one_alert_what_came_first() -> None:
    desk = Desk(quick())
    waiting(desk, "A1", severity=Severity.WARNING)
    desk.fire("A2", Severity.CRITICAL, rule=AlertRule.KILL_SWITCH)
    desk.events += desk.planner.tick(desk.now)

    assert [one.alerts[0].alert_id for one in desk.until(1)] == ["A2", "A1"]


def test_that_it_was_over_goes_before_that_it_fires_anew_however_heavy_its_company() -> None:
    desk = Desk(quick())
    desk.fire("A1", Severity.WARNING)
    desk.until(1)
    desk.resolve("A1")
    desk.events += desk.planner.tick(desk.now)
    desk.send("slack", CUT)
    desk.fire_anew("A1")
    desk.fire("A2", Severity.CRITICAL)

    desk.jump(61)
    desk.events += desk.planner.tick(desk.now)

    assert [(one.kind, one.count) for one in desk.until(61)] == [(K.RESOLVED, 1), (K.FIRING, 2)]


def test_that_it_was_over_goes_before_that_it_fires_anew() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")
    desk.send()
    desk.resolve("A1")
    desk.events += desk.planner.tick(desk.now)
    desk.send("slack", CUT)

    desk.fire_anew("A1")
    desk.until(70, answer=CUT)

    assert [one.kind for one in desk.until(400)][:2] == [K.RESOLVED, K.FIRING]


def test_an_attempt_number_and_the_key_stay_with_the_notice() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")

    first, second = desk.send("slack", CUT), None
    desk.now += 2
    second = desk.send("slack", DELIVERED)

    assert first is not None
    assert second is not None
    assert (first.key, first.notice_id) == (second.key, second.notice_id)
    assert (first.attempts, second.attempts) == (1, 2)
    assert (first.is_unsure, second.is_unsure) == (False, True)


def test_an_answer_with_a_status_leaves_nothing_unsure() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")
    desk.send("slack", BUSY)
    desk.now += 2

    second = desk.send("slack", DELIVERED)

    assert second is not None
    assert not second.is_unsure


def test_what_is_refused_for_itself_is_given_up_at_once() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")

    desk.send("slack", REFUSED)

    assert settled(desk) == [(K.FIRING, NoticeEnd.DEAD, "no such block")]
    assert desk.planner.channels(desk.now)[0].dead == 1


def test_a_closed_address_opens_the_breaker_and_keeps_the_notice() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")

    desk.send("slack", CLOSED)
    desk.send("slack")

    changed = [one for one in desk.events if isinstance(one, e.ChannelChanged)]
    assert [(one.is_open, one.cause, one.until) for one in changed] == [(True, "no service", T0 + 30)]
    (view,) = desk.planner.channels(desk.now)
    assert (view.is_open, view.waiting, view.oldest, view.next_at) == (True, 1, T0, T0 + 30)
    desk.now = T0 + 30
    desk.send("slack")
    assert [one.is_open for one in desk.events if isinstance(one, e.ChannelChanged)] == [True, False]
    assert desk.planner.channels(desk.now)[0].last_error == ""


def test_a_failure_without_words_still_says_that_it_failed() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")

    desk.send("slack", Receipt(verdict=Verdict.RETRY))

    assert desk.planner.channels(desk.now)[0].last_error == "it failed"


def test_a_notice_that_nobody_takes_for_a_day_is_given_up() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")
    desk.until(86_399, answer=CLOSED)
    assert NoticeEnd.DEAD not in {end for _, end, _ in settled(desk)}

    desk.until(86_401, answer=CLOSED)

    assert (K.FIRING, NoticeEnd.DEAD, "not taken within 1 d") in settled(desk)


def test_a_notice_that_comes_back_after_a_day_is_given_up() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")
    notice = desk.begin()
    assert notice is not None
    desk.jump(86_400)

    desk.settle(notice, BUSY)

    assert settled(desk)[0][1] is NoticeEnd.DEAD


def test_nothing_older_than_a_day_is_sent_even_before_it_is_given_up() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")

    desk.jump(90 * 86_400)

    assert desk.begin() is None


def test_what_somebody_took_after_the_attempt_began_can_be_recalled() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")
    notice = desk.begin()
    assert notice is not None
    assert desk.planner.outbox.is_wanted(notice.notice_id)

    desk.take("A1")

    assert not desk.planner.outbox.is_wanted(notice.notice_id)
    desk.planner.outbox.recall(notice.notice_id, desk.now)
    desk.resolve("A1")
    assert desk.until(60) == []


def test_words_about_an_unknown_notice_are_left_alone() -> None:
    outbox = Desk().planner.outbox

    assert not outbox.is_wanted("N7")
    assert outbox.begin("N7", T0) == []
    assert outbox.recall("N7", T0) == []
    assert outbox.settle("what", DELIVERED, T0, 0.1) == []
    assert outbox.next("nowhere", T0) is None
    assert not outbox.is_open("nowhere")


def test_a_full_outbox_drops_the_mildest_and_oldest_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "MOST_QUEUED", 2)
    desk = Desk(quick())
    waiting(desk, "A1", severity=Severity.CRITICAL)
    desk.now += 1
    desk.fire("A2", Severity.WARNING, rule=AlertRule.BREAKER_OPEN)
    desk.fire("A3", Severity.WARNING, rule=AlertRule.KEY_REFUSED)
    desk.events += desk.planner.tick(desk.now)

    dropped = [one.alert_ids for one in desk.events if isinstance(one, e.NoticeSettled)]
    assert dropped == [("A2",)]
    assert desk.planner.channels(desk.now)[0].dropped == 1
    first, second = desk.until(1)[:2]
    assert first.remark == "1 notice before this one was left out"
    assert second.remark == ""


def test_a_reminder_for_which_the_hour_has_no_room_is_left_out_and_told_of() -> None:
    desk = Desk(quick(hourly=3))
    desk.fire("A1", Severity.ERROR)

    sent = desk.until(3700)

    assert [one.kind for one in sent] == [K.FIRING, *[K.REPEAT] * 4]
    assert "left out" in sent[3].remark
    assert {end for _, end, _ in settled(desk)} == {NoticeEnd.DELIVERED, NoticeEnd.DROPPED}


def test_news_for_which_the_hour_has_no_room_waits() -> None:
    desk = Desk(quick(hourly=1))
    waiting(desk, "A1", "A2", severity=Severity.ERROR)

    sent = desk.until(3600)

    assert [one.alerts[0].alert_id for one in sent if one.kind is K.FIRING] == ["A1", "A2"]


def test_another_address_is_tried_at_once_and_the_same_goes_on_waiting() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")
    desk.send("slack", CLOSED)

    desk.planner.reconfigure(quick(), desk.now)
    assert desk.begin() is None
    changed = replace(quick(), channels=(channel(address="env:OTHER"), MAIL))
    desk.planner.reconfigure(changed, desk.now)

    assert desk.begin() is not None


def test_what_is_under_way_on_a_channel_that_leaves_is_settled_when_it_comes_back() -> None:
    for answer, end in ((DELIVERED, NoticeEnd.DELIVERED), (BUSY, NoticeEnd.SUPERSEDED)):
        desk = Desk(quick())
        waiting(desk, "A1")
        notice = desk.begin()
        assert notice is not None
        desk.events += desk.planner.reconfigure(AlertSettings(channels=(MAIL,)), desk.now)

        assert [one.name for one in desk.planner.channels(desk.now)] == ["email"]
        desk.events += desk.planner.tick(desk.now + 86_400)
        desk.settle(notice, answer)

        assert settled(desk)[0][1] is end


def test_what_began_on_a_channel_that_left_meanwhile_is_counted_nowhere() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")
    notice = desk.planner.outbox.next("slack", desk.now)
    assert notice is not None
    desk.planner.outbox.reconfigure(AlertSettings(), desk.now)

    assert desk.planner.outbox.begin(notice.notice_id, desk.now) == []


def draft(**changes: object) -> Draft:
    known: dict[str, object] = {
        "channel": "slack",
        "kind": K.FIRING,
        "thread": "A1",
        "alerts": {"A1": Told("f1", 0, "x"), "A2": Told("f2", 0, "x")},
    }
    return Draft(**(known | changes))  # type: ignore[arg-type]


def test_a_key_names_the_news_whatever_the_order_of_its_alerts() -> None:
    turned = draft(alerts={"A2": Told("f2", 0, "x"), "A1": Told("f1", 0, "x")}, due=9.0, remark="late")

    assert key_of(draft(), "prod") == key_of(turned, "prod")
    assert len(key_of(draft(), "prod")) == 64


@pytest.mark.parametrize(
    "other",
    [
        {"channel": "email"},
        {"kind": K.REPEAT},
        {"step": 1},
        {"serial": "2"},
        {"alerts": {"A1": Told("f1", 0, "x")}},
        {"alerts": {"A1": Told("f1", 1, "x"), "A2": Told("f2", 0, "x")}},
        {"alerts": {"A1": Told("f1", 0, "y"), "A2": Told("f2", 0, "x")}},
    ],
)
def test_other_news_has_another_key(other: dict[str, object]) -> None:
    assert key_of(draft(**other), "prod") != key_of(draft(), "prod")
    assert key_of(draft(), "test") != key_of(draft(), "prod")


def test_the_weight_of_nothing_is_the_mildest() -> None:
    assert weightiest(()) is Severity.INFO
    assert weightiest((Severity.WARNING, Severity.ERROR)) is Severity.ERROR


def test_an_old_notice_is_not_made_young_by_what_joins_it() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")
    desk.send("slack", CLOSED)
    desk.jump(50_000)
    desk.fire("A2", rule=AlertRule.OPERATION_BURN_FAST)
    desk.events += desk.planner.tick(desk.now)
    desk.events += desk.planner.tick(desk.now + 60)

    assert {len(item.alerts) for item in desk.planner.outbox} == {1}


def test_what_fires_is_known_by_channel() -> None:
    desk = Desk(AlertSettings(channels=(SLACK, PAGER)))
    desk.fire("A1")
    desk.until(11)

    assert [one.alert_id for one in desk.planner.outbox.firing_on("slack")] == ["A1"]
    assert desk.planner.outbox.firing_on("pagerduty") == ()


def test_where_nobody_listens_nothing_waits_and_nothing_has_failed() -> None:
    desk = Desk(quick())
    waiting(desk, "A1")

    desk.send("slack", Receipt(verdict=Verdict.NOBODY, answer="no console is attached"))

    assert settled(desk) == [(K.FIRING, NoticeEnd.SUPERSEDED, "no console is attached")]
    [view] = desk.planner.channels(desk.now)
    assert (view.waiting, view.dead, view.last_error, view.is_open) == (0, 0, "", False)
    desk.resolve()
    assert desk.until(30) == []  # nobody heard that it fires
