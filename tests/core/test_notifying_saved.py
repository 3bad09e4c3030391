"""What is known of notices outlives a restart at any moment: nothing is lost, and nothing told twice unmarked."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings
from hive_console.core.notifying.saved import LEDGER, NOTICES, NUMBERS, ROW_LIMIT, SLOTS, Rows
from hive_console.core.states import AlertRule, NoticeEnd, NoticeKind, Severity
from tests.core.notice_driver import BUSY, CUT, SLACK, T0, Desk, told

K = NoticeKind
DAY = 86_400.0


def part(rows: dict[str, Any], prefix: str, name: str) -> dict[str, Any]:
    """The first entry of the first part that holds any."""
    found = next(row[name] for key, row in rows.items() if key.startswith(prefix) and row.get(name))
    return dict(found[0])


def test_a_wait_goes_on_after_a_restart() -> None:
    desk = Desk()
    desk.fire()
    desk.until(5)

    desk.restart()

    assert told(desk.until(20)) == [("slack", K.FIRING, ("A1",))]


def test_steps_stay_where_they_were_in_time() -> None:
    desk = Desk()
    desk.fire()
    desk.until(100)

    desk.restart()
    sent = desk.until(901)

    assert [(one.channel, one.due - T0) for one in sent] == [("email", 300.0), ("pagerduty", 900.0)]


def test_a_step_that_was_due_while_nobody_ran_says_how_late_it_is() -> None:
    desk = Desk()
    desk.fire()
    desk.until(100)
    desk.jump(1000)

    desk.restart()
    sent = desk.until(1001)

    assert [(one.channel, one.remark) for one in sent] == [("email", "late by 11 m"), ("pagerduty", "")]


def test_after_ninety_days_nothing_old_is_told() -> None:
    desk = Desk()
    desk.fire()
    desk.until(100)
    desk.jump(90 * DAY)

    desk.restart()
    sent = desk.until(90 * DAY + 1)

    assert {one.kind for one in sent} == {K.REPEAT, K.ESCALATION}
    assert all(desk.now - one.due < 3601 for one in sent)


def test_what_was_queued_is_sent_by_the_next_run_with_its_key() -> None:
    desk = Desk()
    desk.fire()
    desk.until(10, answer=BUSY)
    (before,) = [item.key for item in desk.planner.outbox]

    desk.restart()

    assert [one.key for one in desk.until(20)] == [before]


def test_what_was_under_way_is_tried_again_with_its_key_and_marked() -> None:
    desk = Desk()
    desk.fire()
    desk.until(10, answer=BUSY)
    desk.now += 5
    under_way = desk.begin()
    assert under_way is not None

    desk.restart()
    (again,) = desk.until(30)

    assert (again.key, again.is_unsure, again.attempts) == (under_way.key, True, under_way.attempts + 1)


def test_what_was_under_way_and_is_over_now_is_followed_by_its_end() -> None:
    desk = Desk()
    desk.fire()
    desk.until(10, answer=BUSY)
    desk.now += 5
    assert desk.begin() is not None
    desk.resolve()

    desk.restart()

    assert told(desk.until(60)) == [("slack", K.RESOLVED, ("A1",))]


def test_what_ended_unseen_is_told_to_whoever_was_told_of_it() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    kept = copy.deepcopy(desk.disk)
    desk.resolve()

    desk.restart(kept)

    assert told(desk.until(60)) == [("slack", K.RESOLVED, ("A1",))]


def test_an_end_that_was_told_is_told_by_no_later_run() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.resolve()
    desk.until(60)

    desk.restart()

    assert desk.until(DAY) == []


def test_an_alert_that_the_book_forgot_is_over() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.alerts.clear()

    desk.restart()
    sent = desk.until(60)

    assert told(sent) == [("slack", K.RESOLVED, ("A1",))]


def test_an_end_that_waits_outlives_that_the_book_forgets_the_alert() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.resolve()
    desk.until(14, answer=BUSY)
    desk.alerts.clear()

    desk.restart()
    sent = desk.until(60)

    assert told(sent) == [("slack", K.RESOLVED, ("A1",))]


def test_an_end_outlives_the_loss_of_the_ledger() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.resolve()
    desk.until(14, answer=BUSY)
    desk.alerts.clear()

    desk.restart({name: row for name, row in desk.disk.items() if not name.startswith(LEDGER)})
    sent = desk.until(60)

    assert told(sent) == [("slack", K.RESOLVED, ("A1",))]


def test_a_notice_about_what_nobody_knows_is_not_sent() -> None:
    desk = Desk()
    desk.fire()
    desk.until(10, answer=BUSY)
    desk.alerts.clear()

    desk.restart({name: row for name, row in desk.disk.items() if not name.startswith(LEDGER)})

    assert desk.until(60) == []


def test_alerts_that_the_ledger_does_not_know_are_planned() -> None:
    desk = Desk()
    desk.fire()

    desk.restart({})

    assert told(desk.until(20)) == [("slack", K.FIRING, ("A1",))]


def test_what_fires_anew_unknown_to_the_ledger_begins_now() -> None:
    desk = Desk()
    desk.fire()
    desk.resolve()
    desk.jump(500)
    desk.fire_anew()

    desk.restart({})

    assert told(desk.until(511)) == [("slack", K.FIRING, ("A1",))]


def test_ids_are_not_given_twice() -> None:
    desk = Desk()
    desk.fire()
    first = desk.until(11)
    desk.restart()
    desk.resolve()

    then = desk.until(60)

    assert first[0].notice_id != then[0].notice_id


def test_what_somebody_has_stays_theirs() -> None:
    desk = Desk()
    desk.fire()
    desk.until(901)
    desk.take()
    desk.until(910)

    desk.restart()

    assert desk.until(2 * DAY) == []


def test_a_withdrawn_notice_and_its_step_are_remembered() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11, answer=BUSY)
    desk.mute()

    desk.restart()
    desk.unmute()

    assert told(desk.until(75)) == [("slack", K.FIRING, ("A1",))]


def test_saving_all_of_it_is_saving_what_changed() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11, answer=CUT)

    whole = desk.planner.save()

    assert {name: row for name, row in desk.disk.items() if row.get("entries") or row.get("notices")} == {
        name: row for name, row in whole.items() if name != NUMBERS
    }
    assert desk.planner.changed() == {}


def broken(rows: Rows, prefix: str, **changes: object) -> Rows:
    """One entry of these rows is damaged."""
    damaged = json.loads(json.dumps(rows))
    name = "entries" if prefix == LEDGER else "notices"
    for key, row in damaged.items():
        if key.startswith(prefix) and row.get(name):
            row[name][0].update(changes)
    return dict(damaged)


@pytest.mark.parametrize(
    ("prefix", "changes"),
    [
        (LEDGER, {"since": "yesterday"}),
        (LEDGER, {"group": ["one"]}),
        (LEDGER, {"told": {"slack": None}}),
        (LEDGER, {"missed": {"slack": 1}}),
        (LEDGER, {"brief": None}),
        (NOTICES, {"alerts": {"A1": ["f", 0]}}),
        (NOTICES, {"alerts": []}),
        (NOTICES, {"briefs": {}}),
        (NOTICES, {"kind": "carrier pigeon"}),
    ],
)
def test_a_part_that_cannot_be_read_is_left_out_and_told(prefix: str, changes: dict[str, object]) -> None:
    desk = Desk()
    desk.fire()
    desk.until(11, answer=BUSY)

    desk.restart(broken(desk.disk, prefix, **changes))

    failed = [one for one in desk.events if isinstance(one, e.ServiceFailed)]
    assert [one.service for one in failed] == ["the saved state of notices"]
    assert told(desk.until(120)), "the alert itself is known, and somebody is told"


def test_without_its_numbers_ids_begin_where_none_can_have_been() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11, answer=BUSY)
    rows = {**desk.disk, NUMBERS: {"numbers": -1}}

    desk.restart(rows)

    assert desk.planner.outbox.numbers > 1000


def test_a_row_stays_within_what_the_recording_takes() -> None:
    hostile = "\u202e" * 300
    desk = Desk(AlertSettings(channels=(SLACK,)))
    for number in range(12):
        desk.fire(f"A{number}", subject=f"{hostile}{number}", text=hostile, labels=((hostile, hostile),) * 10)
    desk.until(10, answer=BUSY)

    assert max(len(json.dumps(row)) for row in desk.disk.values()) <= ROW_LIMIT + 100
    assert part(desk.disk, NOTICES, "notices")["briefs"] == []


def test_more_than_a_part_holds_is_left_out_what_is_over_first(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(AlertSettings(channels=(SLACK,)))
    monkeypatch.setattr("hive_console.core.notifying.saved.SLOTS", 1)
    monkeypatch.setattr("hive_console.core.notifying.over_restart.SLOTS", 1)
    monkeypatch.setattr("hive_console.core.notifying.saved.ROW_LIMIT", 2500)
    for number in range(4):
        desk.fire(f"A{number}", Severity.INFO)
    desk.resolve("A0")

    desk.keep()

    kept = [one["alert_id"] for one in desk.disk[f"{LEDGER}0"]["entries"]]
    assert "A0" not in kept
    assert kept[0] == "A1"


def test_what_is_over_and_told_is_forgotten_in_time() -> None:
    desk = Desk(AlertSettings(channels=(SLACK,), storm_above=10_000, group_wait=0.0))
    for number in range(260):
        desk.fire(f"A{number}", Severity.WARNING, rule=AlertRule.OWN, name=f"r{number % 7}")
        desk.resolve(f"A{number}")
        desk.until(float(number))

    assert sum(len(row["entries"]) for name, row in desk.planner.save().items() if name.startswith(LEDGER)) == 200
    assert SLOTS == 256


def test_a_channel_that_left_is_not_told_by_the_next_run() -> None:
    desk = Desk()
    desk.fire()
    desk.until(11, answer=BUSY)
    desk.settings = AlertSettings()

    desk.restart()

    assert [one.end for one in desk.events if isinstance(one, e.NoticeSettled)] == [NoticeEnd.SUPERSEDED]
