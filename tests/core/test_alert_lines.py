"""Alerts, silences, notices and channels in sentences, each as loud as it should be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.deed_words import where_to, whom
from hive_console.core.events import Event
from hive_console.core.narration import narrate
from hive_console.core.states import Action, ActionPhase, AlertRule, NoticeEnd, NoticeKind, Severity
from tests.core.samples import NOW, sample_event

ERRORS, OPEN = AlertRule.MODEL_ERRORS, AlertRule.BREAKER_OPEN


def raised(rule: AlertRule = ERRORS, severity: Severity = Severity.ERROR) -> e.AlertRaised:
    return e.AlertRaised(at=NOW, alert_id="A1", rule=rule, severity=severity, subject="a", text="a fails: 7 %")


def tried(**changes: object) -> e.NoticeTried:
    known = e.NoticeTried(at=NOW, notice_id="N1", channel="ops", number=2)
    return replace(known, **changes)  # type: ignore[arg-type]  # any field of the event


def settled(end: NoticeEnd, cause: str = "") -> e.NoticeSettled:
    return e.NoticeSettled(
        at=NOW,
        notice_id="N1",
        channel="ops",
        end=end,
        kind=NoticeKind.FIRING,
        alert_ids=("A1",),
        attempts=7,
        cause=cause,
    )


def test_an_alert_of_which_nothing_else_tells_has_a_line_of_its_own() -> None:
    assert (narrate(raised()).text, narrate(raised()).is_routine) == ("alert: a fails: 7 %", False)
    assert narrate(raised()).severity is Severity.ERROR
    assert narrate(raised(OPEN)).is_routine


def test_an_alert_that_fires_again_says_so() -> None:
    again = e.AlertReopened(
        at=NOW, alert_id="A1", rule=ERRORS, severity=Severity.WARNING, subject="a", text="a fails", times=2
    )

    assert (narrate(again).text, narrate(again).is_routine) == ("alert fires again: a fails", False)
    assert narrate(replace(again, rule=OPEN)).is_routine


@pytest.mark.parametrize(
    ("old", "new", "severity"),
    [
        (Severity.WARNING, Severity.ERROR, Severity.ERROR),
        (Severity.CRITICAL, Severity.WARNING, Severity.INFO),
    ],
)
def test_what_weighs_more_is_loud_and_what_weighs_less_is_not(
    old: Severity, new: Severity, severity: Severity
) -> None:
    line = narrate(e.AlertChanged(at=NOW, alert_id="A1", rule=ERRORS, subject="a", old=old, new=new, text="21 %"))

    assert line.text == f"alert model-error-rate a {old.value} → {new.value}: 21 %"
    assert line.severity is severity


def test_the_end_of_an_alert_says_why_and_who() -> None:
    over = e.AlertResolved(at=NOW, alert_id="A1", rule=ERRORS, subject="a", lasted=90.0)

    assert narrate(over).text == "alert over: model-error-rate a after 1 m"
    assert narrate(replace(over, cause="quiet for 5 m")).text.endswith("after 1 m (quiet for 5 m)")
    assert narrate(replace(over, cause="mended", actor="ada")).text.endswith("(by ada: mended)")
    assert not narrate(over).is_routine
    assert narrate(replace(over, actor="ada")).is_routine  # the deed tells it


def test_who_has_an_alert_and_for_how_long() -> None:
    taken = e.AlertAcknowledged(
        at=NOW, alert_id="A1", rule=ERRORS, subject="a", actor="ada", note="mine", until=NOW + 14_400
    )
    lost = e.AlertUnacknowledged(at=NOW, alert_id="A1", rule=ERRORS, subject="a", cause="its time is over")

    assert narrate(taken).text == "ada has the alert model-error-rate a for 4 h: mine"
    assert narrate(replace(taken, until=None)).text == "ada has the alert model-error-rate a: mine"
    assert narrate(lost).text == "nobody has the alert model-error-rate a any more (its time is over)"
    assert (narrate(lost).severity, narrate(lost).is_routine) == (Severity.WARNING, False)
    assert narrate(replace(lost, actor="ada", cause="not mine")).is_routine


def test_of_many_muted_alerts_one_line_tells() -> None:
    muted = e.AlertMuted(at=NOW, alert_id="A1", rule=ERRORS, subject="a", by_alert="A9")
    by_hand = replace(muted, by_alert="", silence_id="S1")
    heard = replace(muted, by_alert="")

    assert narrate(muted).text == "alert model-error-rate a is told to nobody (A9 explains it)"
    assert narrate(by_hand).text == "alert model-error-rate a is told to nobody (silence S1)"
    assert narrate(heard).text == "alert model-error-rate a is told again"
    assert narrate(muted).topic == narrate(replace(muted, alert_id="A2", subject="b")).topic
    assert narrate(muted).is_routine


def test_an_alert_that_comes_and_goes_is_told_once() -> None:
    flaps = e.AlertFlapping(at=NOW, alert_id="A1", rule=ERRORS, subject="a", is_flapping=True, change=0.55)

    assert narrate(flaps).text == "alert model-error-rate a comes and goes (55 % changes): kept firing"
    assert narrate(replace(flaps, is_flapping=False)).text == "alert model-error-rate a no longer comes and goes"


@pytest.mark.parametrize("kind", [e.AlertNoted, e.AlertEscalated])
def test_what_a_deed_tells_is_routine(kind: type[Event]) -> None:
    assert narrate(sample_event(kind)).is_routine


def test_a_silence_says_what_it_hides_for_how_long_whose_it_is_and_why() -> None:
    placed = e.SilencePlaced(
        at=NOW,
        silence_id="S1",
        matchers=("model=gpt-5",),
        by="ada",
        reason="deploy",
        begins=NOW,
        until=NOW + 3600,
    )
    later = replace(
        placed, begins=NOW + 60, until=NOW + 120, is_maintenance=True, ends_on_resolve=True, matchers=(), reason=""
    )

    assert narrate(placed).text == "silence S1 for 1 h by ada: model=gpt-5 “deploy”"
    assert narrate(placed).severity is Severity.WARNING
    assert narrate(later).text == (
        "maintenance S1 in 1 m for 1 m or until what it hides is over by ada: everything"
    )


def test_am_1639_the_end_of_a_silence_says_what_it_hid() -> None:
    ended = e.SilenceEnded(at=NOW, silence_id="S1", cause="its time is over", hid=3)

    assert narrate(ended).text == "silence S1 over (its time is over): it hid 3 alerts"
    assert narrate(replace(ended, hid=1, actor="ada", cause="done")).text == (
        "silence S1 over (by ada: done): it hid 1 alert"
    )
    assert narrate(replace(ended, hid=0)).text.endswith("it hid nothing")


def test_a_notice_on_its_way_is_routine() -> None:
    queued = e.NoticeQueued(
        at=NOW,
        notice_id="N1",
        channel="ops",
        kind=NoticeKind.DIGEST,
        alert_ids=("A1", "A2", "A3", "A4", "A5"),
        count=25,
        due=NOW + 10,
        key="k",
        cause="a storm",
    )

    assert narrate(queued).text == "notice to ops in 10 s: many at once, A1, A2, A3, A4 and 21 more (a storm)"
    assert narrate(replace(queued, due=NOW, cause="", alert_ids=(), count=0)).text == "notice to ops: many at once"
    assert narrate(queued).is_routine
    assert narrate(tried()).text == "notice N1 to ops, attempt 2 begins"
    assert narrate(tried()).is_routine
    assert narrate(tried(took=0.12, is_delivered=True, status=200)).is_routine


def test_an_attempt_that_failed_says_what_came_back_and_when_it_is_tried_again() -> None:
    failed = narrate(tried(took=0.12, status=429, answer="slow down", next_at=NOW + 30))

    assert failed.text == "notice N1 to ops, attempt 2 failed in 120ms: 429 slow down; again in 30 s"
    assert (failed.severity, failed.is_routine) == (Severity.WARNING, False)
    assert failed.topic == narrate(tried(took=1.0, answer="no answer")).topic
    assert narrate(tried(answer="cut", is_delivered=True)).text == "notice N1 to ops, attempt 2 delivered: cut"
    assert narrate(tried(took=1.0)).text == "notice N1 to ops, attempt 2 failed in 1.0s"


@pytest.mark.parametrize(
    ("end", "text", "severity", "is_routine"),
    [
        (NoticeEnd.DELIVERED, "notice to ops delivered: firing A1", Severity.INFO, False),
        (NoticeEnd.DEAD, "notice to ops GIVEN UP after 7 attempts: firing A1 (401)", Severity.CRITICAL, False),
        (NoticeEnd.SUPERSEDED, "notice to ops not needed any more: firing A1 (401)", Severity.INFO, True),
        (NoticeEnd.DROPPED, "notice to ops not sent, there are too many: firing A1 (401)", Severity.WARNING, False),
    ],
)
def test_the_end_of_a_notice_is_as_loud_as_it_is_bad(
    end: NoticeEnd, text: str, severity: Severity, *, is_routine: bool
) -> None:
    line = narrate(settled(end, "401"))

    assert (line.text, line.severity, line.is_routine) == (text, severity, is_routine)


def test_an_attempt_is_counted_as_one() -> None:
    line = narrate(replace(settled(NoticeEnd.DEAD), attempts=1))
    none = narrate(replace(settled(NoticeEnd.DEAD), attempts=0))

    assert line.text == "notice to ops GIVEN UP after 1 attempt: firing A1"
    assert none.text == "notice to ops GIVEN UP: firing A1"


def test_a_channel_says_why_nothing_is_sent_and_until_when() -> None:
    closed = e.ChannelChanged(at=NOW, channel="ops", is_open=True, cause="404 no_service", until=NOW + 300)
    back = replace(closed, is_open=False, cause="delivered", until=None)

    assert narrate(closed).text == "nothing is sent to ops for 5 m: 404 no_service"
    assert narrate(closed).severity is Severity.WARNING
    assert narrate(replace(closed, until=None)).text == "nothing is sent to ops: 404 no_service"
    assert narrate(back).text == "notices go to ops again (delivered)"
    assert narrate(replace(back, cause="")).text == "notices go to ops again"


def test_a_broken_audit_trail_is_critical_and_a_whole_one_is_routine() -> None:
    whole = narrate(e.AuditChecked(at=NOW, rows=1200))
    broken = narrate(e.AuditChecked(at=NOW, rows=1, problem="row 1 was changed"))

    assert (whole.text, whole.is_routine) == ("audit trail verified: 1200 rows", True)
    assert (broken.text, broken.severity) == (
        "AUDIT TRAIL BROKEN: row 1 was changed (1 row verified)",
        Severity.CRITICAL,
    )


def test_an_own_rule_is_told_by_its_name() -> None:
    own = replace(raised(AlertRule.OWN), name="too-dear", text="$3 an hour")

    assert narrate(own).text == "alert: $3 an hour"
    assert not narrate(own).is_routine


# --- deeds -----------------------------------------------------------------------------------------


def deed(action: Action, target: str, parameter: str = "") -> e.OperatorActed:
    return e.OperatorActed(
        at=NOW,
        action_id="1",
        actor="ada",
        action=action,
        phase=ActionPhase.DONE,
        target=target,
        parameter=parameter,
        reason="mine",
    )


def test_a_deed_on_alerts_names_the_first_and_not_what_is_for_the_machine() -> None:
    taken = deed(Action.ACKNOWLEDGE, "A1,A2,A3,A4,A5,A6", "7")

    assert narrate(taken).text == "ada: acknowledge A1, A2, A3, A4 and 2 more “mine” ✔"
    assert (whom(deed(Action.NOTE, "A1")), where_to(deed(Action.NOTE, "A1", "3"))) == ("A1", "")


def test_a_silence_by_hand_says_what_kind_it_is() -> None:
    assert narrate(deed(Action.SILENCE, "model=a, rule=b", "maintenance")).text == (
        "ada: silence model=a, rule=b (maintenance) “mine” ✔"
    )
    assert narrate(deed(Action.SILENCE, "A1")).text == "ada: silence A1 “mine” ✔"


def test_a_deed_that_moves_traffic_says_where_to() -> None:
    assert where_to(deed(Action.FAIL_OVER, "a", "b")) == " → b"
    assert where_to(deed(Action.FAIL_OVER, "a", "b"), "to") == " to b"
