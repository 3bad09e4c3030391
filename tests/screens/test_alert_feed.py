"""What the feed and the recording tell of alerts and notices, and the words for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.states import AlertRule, AlertState, NoticeEnd, NoticeKind, Severity
from hive_console.engine.client import EventPage
from hive_console.ui.alert_feed import KEPT_NOTICES, AlertFeed, Delivery
from hive_console.ui.alert_story import (
    change_words,
    detail_lines,
    muted_words,
    since_words,
    story_lines,
    told_words,
)
from hive_console.ui.delivery_lines import about_words, mark_of, next_words, row_pieces
from hive_console.ui.delivery_lines import detail_lines as notice_lines
from hive_widgets.line_pane import Pieces
from tests.core.samples import every_event
from tests.screens.alert_scenes import BEGAN, busy, notice, told
from tests.screens.posted import NOW, alert

FLEET = busy()
FLAPS_BY = "flaps, changes 60% of the time"
ABOUT: dict[str, Any] = {"rule": AlertRule.BREAKER_OPEN, "subject": "gpt-5"}  # fields of every event about an alert


def fed(*events: e.Event) -> AlertFeed:
    feed = AlertFeed()
    feed.take(EventPage(events=events, cursor=len(events)))
    return feed


def text(lines: tuple[Pieces, ...]) -> list[str]:
    return ["".join(piece.text for piece in line).strip() for line in lines]


def story(feed: AlertFeed, alert_id: str = "A-1") -> list[str]:
    view = FLEET.alert(alert_id)
    assert view is not None
    return text(story_lines(view, feed, zone=UTC, width=200, plain=False))


def only(feed: AlertFeed) -> Delivery:
    (delivery,) = feed.deliveries()
    return delivery


def test_the_story_tells_what_happened_who_was_told_and_who_did_what() -> None:
    assert story(fed(*told())) == [
        "02:58:44 ▲ began to fire, warning: claude-4-sonnet is unavailable: 5 failures in a row",
        "02:58:55 ✔ slack: firing, try 1: 429 rate_limited in 250ms",
        "02:58:56 ✔ slack: firing delivered: 200 ok in 250ms",
        "02:59:44 ✖ warning → critical: nobody serves its callers",
        "03:00:44 ✔ jo took it for 3 h 58 m: looking",
        "03:01:14 ► jo: fail-over claude-4-sonnet → gpt-5: INC-4412",
        "03:03:44 ○ resolved after 5 m: it is available again",
        "03:05:44 ✖ fired again, time 2: claude-4-sonnet is unavailable: 5 failures in a row",
        "03:05:55 ✔ pager: firing delivered: 202 Event processed in 250ms",
        "03:07:04 ✎ maria: their status page is green",
        "03:07:25 ✖ mail: firing, try 1: 535 5.7.8 authentication failed in 250ms",
        "03:07:25 ✖ mail: firing DEAD: given up: 535 5.7.8 authentication failed",
        "03:08:44 … mail: still firing waits",
    ]


def test_what_comes_twice_or_in_pieces_counts_once() -> None:
    events = told()
    feed = fed(*events[len(events) // 2 :])
    feed.recall(events[: len(events) // 2])

    assert story(feed) == story(fed(*events))
    assert [one.notice_id for one in feed.deliveries()] == ["N-4", "N-3", "N-2", "N-1"]


def test_a_late_begin_of_an_attempt_does_not_hide_its_answer() -> None:
    first, begun, answered, settled = notice("N-1", "slack", NOW, (200, "ok", True))
    feed = fed(first, answered, settled, begun)

    assert only(feed).attempts[1].status == 200


def test_another_time_of_a_recording_begins_anew() -> None:
    feed = fed(*told())
    feed.take(EventPage(events=notice("N-9", "slack", NOW), cursor=1, is_anew=True))

    assert [one.notice_id for one in feed.deliveries()] == ["N-9"]
    assert story(feed) == ["03:12:44 ✔ slack: firing delivered"]


def test_notices_are_bounded() -> None:
    events = [one for place in range(KEPT_NOTICES + 5) for one in notice(f"N-{place}", "slack", NOW + place)]

    assert len(fed(*events).deliveries()) == KEPT_NOTICES


def test_a_deed_on_another_model_or_after_the_end_is_no_part_of_the_story() -> None:
    deed = next(event for event in told() if isinstance(event, e.OperatorActed))
    over = replace(FLEET.alerts[0], state=AlertState.RESOLVED, resolved_at=BEGAN + 10)

    assert fed(deed).changes_of(FLEET.alerts[0]) == (deed,)
    assert fed(deed).changes_of(over) == ()
    assert fed(replace(deed, target="gpt-5")).changes_of(FLEET.alerts[0]) == ()


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (e.AlertResolved(at=NOW, alert_id="a", lasted=60.0, actor="jo", **ABOUT), "resolved by jo after 1 m"),
        (e.AlertUnacknowledged(at=NOW, alert_id="a", cause="time", **ABOUT), "nobody has it any more: time"),
        (e.AlertMuted(at=NOW, alert_id="a", silence_id="S-1", **ABOUT), "silenced by S-1"),
        (e.AlertMuted(at=NOW, alert_id="a", by_alert="A-9", **ABOUT), "explained by A-9"),
        (e.AlertMuted(at=NOW, alert_id="a", **ABOUT), "people are told again"),
        (e.AlertFlapping(at=NOW, alert_id="a", is_flapping=True, **ABOUT), "flaps"),
        (e.AlertFlapping(at=NOW, alert_id="a", is_flapping=True, change=0.6, **ABOUT), FLAPS_BY),
        (e.AlertFlapping(at=NOW, alert_id="a", is_flapping=False, **ABOUT), "flaps no more"),
        (e.AlertEscalated(at=NOW, alert_id="a", actor="jo", **ABOUT), "jo had the next ones told"),
    ],
)  # fmt: skip
def test_each_change_has_its_sentence(event: e.AlertResolved, said: str) -> None:
    assert change_words(event)[1] == said


def test_every_kind_of_event_about_an_alert_is_told() -> None:
    feed = fed(*every_event())
    alerts = {event.alert_id for event in every_event() if isinstance(event, e.AlertRaised)}

    assert all(feed.changes_of(alert(alert_id)) for alert_id in alerts)


# --- notices ---


@pytest.mark.parametrize(
    ("answers", "end", "word"),
    [
        ((), None, "waiting"),
        (((429, "slow down", False),), None, "RETRYING"),
        (((200, "ok", True),), NoticeEnd.DELIVERED, "delivered"),
        (((500, "boom", False),), NoticeEnd.DEAD, "DEAD"),
        ((), NoticeEnd.SUPERSEDED, "superseded"),
        ((), NoticeEnd.DROPPED, "DROPPED"),
    ],
)
def test_a_notice_says_how_it_stands(
    answers: tuple[tuple[int, str, bool], ...], end: NoticeEnd | None, word: str
) -> None:
    delivery = only(fed(*notice("N-1", "slack", NOW - 60, *answers, end=end)))

    assert mark_of(delivery).word == word
    assert word in "".join(
        piece.text for piece in row_pieces(delivery, FLEET, now=NOW, zone=UTC, width=100, plain=False)
    )


def test_an_attempt_under_way_is_sending() -> None:
    begun = e.NoticeTried(at=NOW, notice_id="N-1", channel="slack", number=1)

    assert mark_of(only(fed(begun))).word == "sending"


def test_a_notice_says_when_it_is_tried_again_or_what_was_answered() -> None:
    tried = e.NoticeTried(
        at=NOW,
        notice_id="N-1",
        channel="slack",
        number=1,
        took=1.5,
        status=429,
        answer="slow down",
        next_at=NOW + 8,
    )

    assert next_words(only(fed(tried)), NOW) == "again in 8 s; 429 slow down in 1.5s"
    assert next_words(only(fed(*notice("N-1", "slack", NOW, (202, "", True)))), NOW) == "202 in 250ms"
    assert next_words(only(fed(*notice("N-1", "slack", NOW + 10, end=None))), NOW) == "due in 10 s"
    assert next_words(only(fed(*notice("N-1", "slack", NOW - 10, end=None))), NOW) == ""


def test_a_notice_names_its_alerts() -> None:
    storm = only(fed(*notice("N-1", "slack", NOW, kind=NoticeKind.DIGEST, alert_ids=("A-1", "A-2"))))

    assert about_words(storm, FLEET) == "model-unavailable claude-4-sonnet +1"
    assert about_words(replace(storm, alert_ids=("gone",), count=1), FLEET) == "gone"
    assert about_words(replace(storm, alert_ids=()), FLEET) == ""
    assert about_words(replace(storm, kind=NoticeKind.TEST), FLEET) == "a test"


def test_all_of_a_notice_holds_every_attempt_with_its_answer() -> None:
    delivery = fed(*told()).deliveries()[-1]
    lines = text(notice_lines(delivery, FLEET, now=NOW, zone=UTC, width=100))

    assert lines == [
        "Notice   firing over slack",
        "Alert    claude-4-sonnet is unavailable: 5 failures in a row",
        "Outcome  delivered, 2 s after it was queued",
        "Try 2    02:58:56Z 200 ok in 250ms",
        "Try 1    02:58:55Z 429 rate_limited in 250ms",
        "Queued   2026-03-14 02:58:54Z",
        "Id       N-1",
    ]


# --- the alert itself ---


def test_the_details_say_who_was_told_who_was_not_and_who_is_next() -> None:
    first, second, third, *_ = FLEET.alerts

    assert told_words(first, NOW) == "NOT YET mail; slack, pager; then on-call in 1 m"
    assert told_words(second, NOW) == "slack; then mail in 4 m"
    assert told_words(third, NOW) == "nobody but this console"
    assert told_words(replace(second, silenced_by="S-1"), NOW) == "slack"
    assert told_words(replace(second, next_step_at=NOW, next_told=()), NOW) == "slack; then the next step now"


def test_the_details_say_how_often_and_why_it_ended() -> None:
    first, *_, last = FLEET.alerts

    assert since_words(first, NOW, UTC).endswith("fired 3 times")
    assert "lasted 15 m (it is available again)" in since_words(last, NOW, UTC)
    assert "FLAPPING" in since_words(FLEET.alerts[2], NOW, UTC)


def test_what_mutes_an_alert_is_named() -> None:
    silenced, explained = FLEET.alert("A-5"), FLEET.alert("A-7")
    assert silenced is not None
    assert explained is not None

    assert muted_words(silenced, FLEET, NOW) == "by maria for 50 m more: vendor does maintenance, INC-4412"
    assert muted_words(explained, FLEET, NOW).startswith("explained by model-unavailable claude-4-sonnet: ")
    assert muted_words(replace(silenced, silenced_by="gone"), FLEET, NOW) == "by silence gone"
    assert muted_words(replace(explained, inhibited_by="gone"), FLEET, NOW) == "explained by gone"
    assert muted_words(FLEET.alerts[0], FLEET, NOW) == ""


def test_a_rule_of_the_settings_file_is_told_by_its_name() -> None:
    own = alert("a", rule=AlertRule.OWN, name="too-dear", severity=Severity.WARNING)
    lines = text(detail_lines(own, FLEET, now=NOW, zone=UTC, width=80, plain=False))

    assert "Rule     too-dear, warning, about claude-4-sonnet" in lines
    assert not [line for line in lines if line.startswith("Do")]
