"""What others lost on a restart, and this recording keeps: each test names the report it learns from."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.states import AlertRule, AlertState, NoticeEnd, NoticeKind, Severity
from hive_console.core.store import Wanted
from hive_storage import alerts_read, notices_read, stories
from hive_storage.folder import DATABASE_NAME
from hive_storage.store import SqliteStore
from tests.storage.golden_files import golden
from tests.storage.store_contract import EPISODE, Life, raised, started
from tests.storage.support import T0, database, recording
from tests.storage.test_store import recorded

OF_ALERT: dict[str, Any] = {"alert_id": "A1", "rule": AlertRule.MODEL_ERRORS, "subject": "alpha"}

RAISED = e.AlertRaised(at=T0 + 1, severity=Severity.ERROR, text="it fails", labels=("model=alpha",), **OF_ALERT)
TAKEN = e.AlertAcknowledged(at=T0 + 2, actor="ann", note="mine", until=T0 + 14_400, **OF_ALERT)


def queued(notice_id: str, *alert_ids: str, at: float = T0 + 3) -> e.NoticeQueued:
    return e.NoticeQueued(
        at=at,
        notice_id=notice_id,
        channel="ops",
        kind=NoticeKind.FIRING,
        alert_ids=alert_ids or ("A1",),
        count=max(1, len(alert_ids)),
        due=at,
        key="k",
    )


async def put(folder: Path, *events: e.Event) -> None:
    async with recording(folder) as recorder:
        for event in events:
            recorder.record(event)


async def test_gatus_679_alert_that_fires_outlives_the_restart_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    await put(tmp_path, RAISED, queued("N1"))
    await put(
        tmp_path,
        e.NoticeSettled(
            at=T0 + 5,
            notice_id="N1",
            channel="ops",
            end=NoticeEnd.DELIVERED,
            kind=NoticeKind.FIRING,
            alert_ids=("A1",),
            attempts=1,
        ),
    )

    async with SqliteStore.open(tmp_path) as store:
        (alert,) = await store.alerts(Wanted())

    assert (alert.state, alert.labels, alert.told) == (AlertState.FIRING, (("model", "alpha"),), ("ops",))


async def test_gatus_764_an_alert_that_ends_after_the_restart_is_the_one_that_was_raised(tmp_path: Path) -> None:
    await put(tmp_path, RAISED)
    await put(tmp_path, e.AlertResolved(at=T0 + 60, lasted=59.0, cause="good for 5 m", **OF_ALERT))

    async with SqliteStore.open(tmp_path) as store:
        (alert,) = await store.alerts(Wanted())
        story = await store.story("A1")

    assert (alert.raised_at, alert.resolved_at, alert.cause) == (T0 + 1, T0 + 60, "good for 5 m")
    assert [type(event) for event in story] == [e.AlertRaised, e.AlertResolved]


async def test_pulse_975_who_has_an_alert_is_known_after_the_restart(tmp_path: Path) -> None:
    await put(tmp_path, RAISED, TAKEN)
    await put(tmp_path, e.AlertNoted(at=T0 + 9, actor="ann", note="it is the disk", **OF_ALERT))

    async with SqliteStore.open(tmp_path) as store:
        (alert,) = await store.alerts(Wanted())

    assert (alert.acknowledged_by, alert.acknowledged_until) == ("ann", T0 + 14_400)
    assert alert.notes == ("ann: it is the disk",)


async def test_event_and_alert_are_on_disk_together_or_not_at_all(tmp_path: Path) -> None:
    await put(tmp_path, RAISED, TAKEN, queued("N1"))

    with closing(database(tmp_path)) as shell:
        ((events,),) = shell.execute("SELECT count(*) FROM event WHERE kind LIKE 'Alert%' OR kind LIKE 'Notice%'")
        links = shell.execute("SELECT id, count(*) FROM about GROUP BY id ORDER BY id").fetchall()
        ((changed,),) = shell.execute("SELECT changed_us FROM alert")
    assert (events, links, changed) == (3, [("A1", 3), ("N1", 1)], round((T0 + 3) * 1e6))


# --- files of the fourth version ----------------------------------------------------------------------


@pytest.mark.parametrize("is_brought_over", [False, True])
async def test_alerts_of_the_fourth_version_are_told_as_they_were(tmp_path: Path, *, is_brought_over: bool) -> None:
    path = golden(tmp_path, 4)
    if is_brought_over:
        async with recording(tmp_path):
            pass
    async with SqliteStore.open(path) as store:
        first, second = sorted(await store.alerts(Wanted()), key=lambda alert: alert.alert_id)
        then = (await store.state_at(first.raised_at + 0.5)).alerts
        story = await store.story("A1")

    assert (first.state, first.acknowledged_by, first.labels) == (AlertState.RESOLVED, "ann", ())
    assert (second.state, second.severity) == (AlertState.FIRING, Severity.CRITICAL)
    assert [(alert.alert_id, alert.state, alert.acknowledged_by) for alert in then] == [
        ("A1", AlertState.FIRING, None)
    ]
    assert story == ()  # the file has rows of it, and no events


async def test_alert_of_the_fourth_version_goes_on_in_this_one(tmp_path: Path) -> None:
    path = golden(tmp_path, 4)
    over = e.AlertResolved(
        at=1_790_000_100.0, alert_id="A2", rule=AlertRule.BREAKER_OPEN, subject="beta", lasted=92.0, cause="closed"
    )
    await put(tmp_path, over)

    async with SqliteStore.open(path) as store:
        alert = next(one for one in await store.alerts(Wanted()) if one.alert_id == "A2")
        before = next(one for one in (await store.state_at(over.at - 1)).alerts if one.alert_id == "A2")

    assert (alert.state, alert.resolved_at, alert.cause) == (AlertState.RESOLVED, over.at, "closed")
    assert (before.state, before.raised_at) == (AlertState.FIRING, alert.raised_at)


async def test_story_of_an_alert_that_nobody_linked_is_found_in_its_time(tmp_path: Path) -> None:
    events = (started(), raised(T0 + 1, "alert-1"), raised(T0 + 2, "alert-2"))
    await recorded(tmp_path, Life(events, T0 + 10))
    with closing(database(tmp_path)) as older:
        older.execute("DELETE FROM about")

    async with SqliteStore.open(tmp_path) as store:
        story = await store.story("alert-1")

    assert list(story) == [events[1]]


# --- bounds and damage ---------------------------------------------------------------------------------


async def test_row_that_cannot_be_read_costs_itself_only(tmp_path: Path) -> None:
    await put(
        tmp_path, RAISED, replace(RAISED, alert_id="A2", at=T0 + 2), replace(RAISED, alert_id="A3", at=T0 + 3)
    )
    with closing(database(tmp_path)) as shell:
        shell.execute("UPDATE alert SET body = '[1' WHERE alert_id = 'A1'")
        shell.execute("UPDATE alert SET rule = 'of-tomorrow' WHERE alert_id = 'A2'")
    await put(tmp_path, e.AlertNoted(at=T0 + 9, actor="ann", note="hm", **OF_ALERT))

    async with SqliteStore.open(tmp_path) as store:
        alerts = await store.alerts(Wanted())

    assert [alert.alert_id for alert in alerts] == ["A3"]


async def test_ids_of_a_storm_are_asked_in_parts(tmp_path: Path) -> None:
    storm = [replace(RAISED, alert_id=f"A{number}", at=T0 + number / 1_000) for number in range(1_200)]
    ends = [
        e.AlertResolved(at=T0 + 10, alert_id=one.alert_id, rule=one.rule, subject=one.subject, lasted=9.0)
        for one in storm
    ]
    await put(tmp_path, *storm, *ends)

    async with SqliteStore.open(tmp_path) as store:
        then = (await store.state_at(T0 + 5)).alerts
        ended = (await store.state_at(T0 + 11)).alerts

    assert len(then) == alerts_read.MOST_FIRING
    assert len(ended) == alerts_read.MOST_RESOLVED
    assert {alert.state for alert in then} == {AlertState.FIRING}


async def test_long_log_is_read_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices_read, "_PAGE", 3)
    many = [queued(f"N{number}", at=T0 + number) for number in range(10)]
    await put(tmp_path, *many)

    async with SqliteStore.open(tmp_path) as store:
        every = await store.notices(Wanted())
        one = await store.notices(Wanted(text="n4"))
        newest = await store.notices(Wanted(limit=4), alert_id="A1")

    assert [row.notice_id for row in every] == [f"N{number}" for number in reversed(range(10))]
    assert [row.notice_id for row in one] == ["N4"]
    assert [row.notice_id for row in newest] == ["N9", "N8", "N7", "N6"]


async def test_every_question_about_alerts_is_answered_by_index(tmp_path: Path) -> None:
    await recorded(tmp_path, Life(EPISODE, T0 + 90))
    asked = {
        "kind": "k", "channel": 1, "id": "A1", "alert": "A1", "first": 0, "last": 1, "before": 1, "begin": 0,
        "end": 1, "limit": 1, "at": 1, "since": 0,
    }  # fmt: skip
    statements = (
        notices_read._QUEUED_ON,
        notices_read._QUEUED_OF,
        notices_read._LAST_ON,
        notices_read._ENDS,
        notices_read._CHANNELS,
        stories._EVENTS,
        stories._DEEDS,
        stories._EPISODES,
        stories._HIDDEN,
        stories._LAST,
    )
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as shell:
        plans = [row[3] for one in statements for row in shell.execute(f"EXPLAIN QUERY PLAN {one}", asked)]

    tables = {"SCAN event", "SCAN e", "SCAN about", "SCAN a", "SCAN audit", "SCAN alert"}
    assert [plan for plan in plans if " ".join(plan.split()[:2]) in tables] == []
    assert any("USING INDEX about_id" in plan or "USING COVERING INDEX about_id" in plan for plan in plans)
