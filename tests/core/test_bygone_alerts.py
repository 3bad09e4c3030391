"""Alerts, silences and channels out of what was said of them. The rest stands in the stores' contract."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.alert_story import NAMING, named_in
from hive_console.core.bygone_alerts import (
    CHANGING,
    MOST_NOTES,
    AlertFold,
    alert_after,
    alert_at,
    alert_holds,
    alert_ids_of,
    alert_of,
    channel_at,
    silences_at,
)
from hive_console.core.states import Action, ActionPhase, AlertRule, AlertState, NoticeEnd, NoticeKind, Severity
from tests.core.samples import NOW, alert_view, every_event

ABOUT: dict[str, Any] = {"alert_id": "al-1", "rule": AlertRule.BREAKER_OPEN, "subject": "alpha"}
OPS: dict[str, Any] = {"channel": "ops", "notice_id": "N1"}


def raised(at: float) -> e.AlertRaised:
    return e.AlertRaised(
        at=at,
        alert_id="al-1",
        rule=AlertRule.BREAKER_OPEN,
        severity=Severity.CRITICAL,
        subject="alpha",
        text="its breaker is open",
    )


def acknowledged(at: float) -> e.AlertAcknowledged:
    return e.AlertAcknowledged(
        at=at, alert_id="al-1", rule=AlertRule.BREAKER_OPEN, subject="alpha", actor="ann", note="on it"
    )


def ended() -> e.AlertResolved:
    return e.AlertResolved(at=30.0, alert_id="al-1", rule=AlertRule.BREAKER_OPEN, subject="alpha", lasted=20.0)


def test_alert_is_as_what_was_said_of_it_left_it() -> None:
    alert = alert_after(alert_of(raised(10.0)), acknowledged(20.0))
    after = alert_after(alert, ended())

    assert (alert.state, alert.acknowledged_by, alert.acknowledged_at) == (AlertState.FIRING, "ann", 20.0)
    assert (after.state, after.resolved_at, after.note) == (AlertState.RESOLVED, 30.0, "on it")


@pytest.mark.parametrize(
    ("at", "state", "actor"),
    [
        (10.0, AlertState.FIRING, None),
        (20.0, AlertState.FIRING, "ann"),
        (29.0, AlertState.FIRING, "ann"),
        (30.0, AlertState.RESOLVED, "ann"),
    ],
)
def test_alert_at_an_instant_knows_nothing_of_what_came_later(
    at: float, state: AlertState, actor: str | None
) -> None:
    alert = alert_after(alert_after(alert_of(raised(10.0)), acknowledged(20.0)), ended())

    then = alert_at(alert, at)

    assert (then.state, then.acknowledged_by, then.raised_at) == (state, actor, 10.0)
    assert then.note == ("" if actor is None else "on it")


# --- one alert -------------------------------------------------------------------------------------


def queued(kind: NoticeKind = NoticeKind.FIRING, step: int = 0) -> e.NoticeQueued:
    return e.NoticeQueued(at=NOW, kind=kind, alert_ids=("al-1",), count=1, due=NOW, key="k", step=step, **OPS)


def settled(end: NoticeEnd, kind: NoticeKind = NoticeKind.FIRING) -> e.NoticeSettled:
    return e.NoticeSettled(at=NOW + 2, end=end, kind=kind, alert_ids=("al-1",), attempts=1, **OPS)


def test_who_takes_an_alert_for_longer_has_had_it_since_before() -> None:
    alert = alert_after(alert_of(raised(10.0)), acknowledged(20.0))

    longer = alert_after(alert, replace(acknowledged(25.0), until=99.0))
    other = alert_after(alert, replace(acknowledged(25.0), actor="bob"))

    assert (longer.acknowledged_at, longer.acknowledged_until) == (20.0, 99.0)
    assert (other.acknowledged_at, other.acknowledged_by) == (25.0, "bob")


def test_an_alert_that_is_over_ended_once() -> None:
    over = alert_after(alert_of(raised(10.0)), ended())

    assert alert_after(over, replace(ended(), at=40.0)).resolved_at == 30.0


def test_told_are_those_to_whom_a_notice_that_it_fires_was_delivered() -> None:
    alert = alert_of(raised(10.0))

    waits = alert_after(alert, queued(step=2))
    told = alert_after(waits, settled(NoticeEnd.DELIVERED))
    lost = alert_after(waits, settled(NoticeEnd.DEAD))
    heard = alert_after(told, settled(NoticeEnd.DELIVERED, NoticeKind.RESOLVED))

    assert (waits.untold, waits.told, waits.step) == (("ops",), (), 3)
    assert (told.untold, told.told) == ((), ("ops",))
    assert (lost.untold, lost.told) == ((), ())
    assert heard == told


def test_an_alert_that_fires_anew_begins_with_nobody_told() -> None:
    taken = alert_after(alert_after(alert_of(raised(10.0)), acknowledged(20.0)), queued())
    again = e.AlertReopened(at=40.0, severity=Severity.ERROR, text="again", times=2, **ABOUT)
    nobodys = e.AlertUnacknowledged(at=40.0, cause="it fires anew", **ABOUT)

    alert = alert_after(alert_after(alert_after(taken, ended()), again), nobodys)

    assert (alert.state, alert.resolved_at, alert.times, alert.raised_at) == (AlertState.FIRING, None, 2, 10.0)
    assert (alert.severity, alert.text) == (Severity.ERROR, "again")
    assert (alert.untold, alert.step, alert.acknowledged_by, alert.acknowledged_at) == ((), 0, None, None)


def test_what_mutes_an_alert_ends_with_it() -> None:
    alert = alert_of(raised(10.0))
    for event in (
        e.AlertChanged(at=11.0, old=Severity.CRITICAL, new=Severity.ERROR, text="less", **ABOUT),
        e.AlertMuted(at=12.0, silence_id="S1", by_alert="al-9", **ABOUT),
        e.AlertFlapping(at=13.0, is_flapping=True, **ABOUT),
        e.AlertEscalated(at=14.0, actor="ann", **ABOUT),
    ):
        alert = alert_after(alert, event)
    over = alert_after(alert, ended())

    assert (alert.severity, alert.silenced_by, alert.inhibited_by) == (Severity.ERROR, "S1", "al-9")
    assert (alert.is_flapping, alert.changed) == (True, 4)
    assert (over.is_muted, over.is_flapping) == (False, False)


def test_other_events_leave_an_alert_as_it_is() -> None:
    alert = alert_of(raised(10.0))

    assert alert_after(alert, e.EngineStopped(at=NOW)) == alert


def test_notes_on_an_alert_are_bounded() -> None:
    alert = alert_of(raised(10.0))
    for number in range(MOST_NOTES + 3):
        alert = alert_after(alert, e.AlertNoted(at=NOW, actor="ann", note=f"n{number}", **ABOUT))

    assert len(alert.notes) == MOST_NOTES
    assert alert.notes[-1] == f"ann: n{MOST_NOTES + 2}"


def test_a_fold_goes_on_with_the_episodes_that_are_known() -> None:
    fold = AlertFold([(5, alert_view("al-1"))])

    assert fold.take(6, ended()) == [5]
    assert fold.take(7, replace(ended(), alert_id="al-9")) == []
    assert fold.take(8, raised(50.0)) == [8]
    assert fold.take(9, acknowledged(51.0)) == [8]
    assert [(number, alert.state) for number, alert in fold.episodes.items()] == [
        (5, AlertState.RESOLVED),
        (8, AlertState.FIRING),
    ]


def test_what_changes_an_alert_names_it() -> None:
    assert alert_ids_of(queued()) == ("al-1",)
    assert alert_ids_of(queued(NoticeKind.RESOLVED)) == ()
    assert alert_ids_of(e.EngineStopped(at=NOW)) == ()
    assert all(alert_ids_of(event) for event in every_event() if isinstance(event, CHANGING))


def test_texts_of_an_alert_are_searched_without_case() -> None:
    alert = alert_view("A1", labels=(("provider", "Acme"),), notes=("ann: ETA 5 m",), acknowledged_by="ann")

    assert alert_holds(alert, "provider=acme")
    assert alert_holds(alert, "eta")
    assert alert_holds(alert, "")
    assert not alert_holds(alert, "zeta")


# --- silences --------------------------------------------------------------------------------------


def placed(silence_id: str, until: float) -> e.SilencePlaced:
    return e.SilencePlaced(
        at=NOW, silence_id=silence_id, matchers=("model=a",), by="ann", reason="x", begins=NOW, until=until
    )


def test_silences_are_those_that_are_not_over_by_time_or_by_hand() -> None:
    told = [
        placed("S1", NOW + 90),
        placed("S2", NOW + 30),
        placed("S3", NOW + 5),
        placed("S4", NOW + 90),
        e.SilenceEnded(at=NOW + 1, silence_id="S4", cause="by ann"),
        e.SilenceEnded(at=NOW + 1, silence_id="S9", cause="by ann"),
        e.EngineStopped(at=NOW + 2),
    ]
    alerts = [alert_view("A1", silenced_by="S1"), alert_view("A2", silenced_by="S1"), alert_view("A3")]

    held = silences_at(told, NOW + 10, hid={"S1": 4}, alerts=alerts)

    assert [(one.silence_id, one.hides, one.hid) for one in held] == [("S2", 0, 0), ("S1", 2, 4)]


# --- channels --------------------------------------------------------------------------------------


def tried(**changes: Any) -> e.NoticeTried:  # any field of the event
    return replace(e.NoticeTried(at=NOW + 2, number=1, took=0.5, **OPS), **changes)


def test_a_channel_tells_what_went_wrong_last_and_when_it_goes_on() -> None:
    failed = channel_at("ops", [queued(), tried(status=500, next_at=NOW + 9)], ended={})
    silent = channel_at("ops", [queued(), tried()], ended={})
    begun = channel_at("ops", [queued(), tried(took=None)], ended={})
    done = channel_at(
        "ops", [queued(), tried(is_delivered=True), settled(NoticeEnd.DELIVERED)], ended={NoticeEnd.DELIVERED: 3}
    )

    assert (failed.last_error, failed.next_at, failed.waiting, failed.oldest) == ("500", NOW + 9, 1, NOW)
    assert silent.last_error == "no answer"
    assert (begun.last_error, begun.waiting) == ("", 1)
    assert (done.last_error, done.delivered, done.waiting, done.last_delivered_at) == ("", 3, 0, NOW + 2)


def test_a_channel_that_is_open_says_why_and_until_when() -> None:
    changed = e.ChannelChanged(at=NOW, channel="ops", is_open=True, cause="404 no_service", until=NOW + 60)

    alone = channel_at("ops", [changed, e.EngineStopped(at=NOW)], ended={})
    after = channel_at("ops", [tried(status=401), changed], ended={})
    again = channel_at("ops", [changed, replace(changed, is_open=False, cause="", until=None)], ended={})

    assert (alone.is_open, alone.last_error, alone.next_at) == (True, "404 no_service", NOW + 60)
    assert after.last_error == "401"
    assert (again.is_open, again.next_at) == (False, None)


# --- what belongs to a story -------------------------------------------------------------------------


@pytest.mark.parametrize("event", every_event(), ids=lambda event: type(event).__name__)
def test_only_what_can_name_an_alert_a_silence_or_a_notice_does(event: e.Event) -> None:
    is_deed = isinstance(event, e.OperatorActed)  # the sample's is none about alerts

    assert bool(named_in(event)) is (isinstance(event, NAMING) and not is_deed)


@pytest.mark.parametrize(
    ("action", "target", "names"),
    [
        (Action.ACKNOWLEDGE, "A1, A2,A1", ("A1", "A2")),
        (Action.NOTE, "A1", ("A1",)),
        (Action.UNSILENCE, "S1", ("S1",)),
        (Action.SILENCE, "A1", ("A1",)),
        (Action.SILENCE, "model=a, rule=b", ()),
        (Action.TRIP, "A1", ()),
    ],
)
def test_a_deed_names_the_alerts_or_the_silence_it_is_about(
    action: Action, target: str, names: tuple[str, ...]
) -> None:
    act = e.OperatorActed(at=NOW, action_id="1", actor="ann", action=action, phase=ActionPhase.DONE, target=target)

    assert named_in(act) == names


def test_a_muted_alert_is_in_the_story_of_its_silence() -> None:
    assert named_in(e.AlertMuted(at=NOW, silence_id="S1", **ABOUT)) == ("al-1", "S1")
    assert named_in(e.AlertMuted(at=NOW, by_alert="al-9", **ABOUT)) == ("al-1",)
