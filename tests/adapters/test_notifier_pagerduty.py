"""PagerDuty gets an event for each alert, all of one episode under one key, and loses none on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hive_console.adapters.notifiers.pagerduty import Event, dedup_key, events_of
from hive_console.core.alert_settings import ChannelKind
from hive_console.core.notifying.notice import Notice, Receipt, Verdict
from hive_console.core.states import NoticeKind, Severity
from tests.adapters.notices import (
    HOSTILE,
    SECRET,
    answering,
    answering_in_turn,
    brief,
    channel,
    notice,
    notifiers,
    over,
)
from tests.adapters.upstream import Asked, Exchange, Keys, Script, Upstream

KEY = "hive-console/prod/0123456789abcdef/A12"


async def delivered(script: Script, *notices: Notice, **changes: Any) -> tuple[list[Receipt], list[Asked]]:
    async with Upstream(script) as server, notifiers(Keys({"env:KEY": SECRET})) as made:
        address = f"http://127.0.0.1:{server.port}"
        duty = made(channel(ChannelKind.PAGERDUTY, address, **{"secret": "env:KEY", **changes}))
        receipts = [await duty.deliver(one) for one in notices]
        assert await duty.refresh((brief(),)) is None
        await duty.close()
    return receipts, server.asked


def check(event: dict[str, Any]) -> None:
    """The event is as PagerDuty's documents want it."""
    assert len(json.dumps(event).encode()) <= 512_000
    assert event["routing_key"]
    assert event["event_action"] in {"trigger", "acknowledge", "resolve"}
    assert 1 <= len(event["dedup_key"]) <= 255
    if event["event_action"] == "trigger":
        payload = event["payload"]
        assert 1 <= len(payload["summary"]) <= 1024
        assert payload["source"]
        assert payload["severity"] in {"critical", "error", "warning", "info"}
        assert "timestamp" not in payload or payload["timestamp"].endswith("Z")


def actions_of(said: Notice) -> list[tuple[str, str]]:
    for event in events_of(said):
        check(json.loads(event.body("k")))
    return [(event.action, event.key) for event in events_of(said)]


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        (NoticeKind.FIRING, ["trigger"]),
        (NoticeKind.REPEAT, ["trigger"]),
        (NoticeKind.ESCALATION, ["trigger"]),
        (NoticeKind.FLAPPING, ["trigger"]),
        (NoticeKind.DIGEST, ["trigger"]),
        (NoticeKind.ACKNOWLEDGED, ["acknowledge"]),
        (NoticeKind.RESOLVED, ["resolve"]),
        (NoticeKind.PASSED, ["trigger", "resolve"]),
        (NoticeKind.TEST, ["trigger"]),
    ],
)
def test_all_that_happens_to_an_episode_has_one_key(kind: NoticeKind, actions: list[str]) -> None:
    assert actions_of(notice(brief(), kind=kind)) == [(action, KEY) for action in actions]


def test_what_is_over_is_resolved_whatever_the_notice() -> None:
    assert actions_of(notice(brief(), over(alert_id="A13"))) == [
        ("trigger", KEY),
        ("resolve", KEY.replace("A12", "A13")),
    ]


def test_a_test_needs_no_alert() -> None:
    (event,) = events_of(notice(kind=NoticeKind.TEST))

    assert event.payload is not None
    assert (event.payload["summary"], event.payload["severity"]) == ("[prod] test: nothing is wrong", "info")


def test_somebody_is_paged_for_those_of_a_storm_that_are_not_told_one_by_one() -> None:
    first, rest = events_of(notice(brief(), count=26, kind=NoticeKind.DIGEST))

    assert (first.key, rest.action) == (KEY, "trigger")
    assert rest.payload is not None
    assert rest.payload["summary"].startswith("25 more alerts fire")
    assert len(actions_of(notice(over(), count=26, kind=NoticeKind.RESOLVED))) == 1


def test_an_event_says_what_a_responder_needs() -> None:
    (event,) = events_of(notice(brief(runbook="https://wiki.example/x"), environment=""))

    assert event.links == (("https://wiki.example/x", "runbook"),)
    assert event.payload is not None
    details = event.payload.pop("custom_details")
    assert event.payload == {
        "summary": "model unavailable: gpt_4: 5 of 5 calls failed",
        "source": "hive-console",
        "severity": "critical",
        "component": "gpt_4",
        "group": "openai",
        "class": "model-unavailable",
        "timestamp": "2027-01-15T07:55:00.000Z",
    }
    assert details["to take it"] == "hive-console alerts ack A12"
    assert details["label provider"] == "openai"


def test_hostile_and_huge_words_stay_within_the_limits() -> None:
    huge = brief(
        text=HOSTILE * 99,
        subject=HOSTILE * 9,
        advice="字" * 9999,
        labels=tuple((f"{n}", "字" * 9999) for n in range(999)),
    )
    actions = actions_of(notice(huge, environment="e" * 300, kind=NoticeKind.PASSED))

    assert len(actions) == 2
    assert len({key for _, key in actions}) == 1


def test_details_go_before_an_event_is_too_large() -> None:
    event = Event(
        "trigger", "k", {"summary": "s", "source": "x", "severity": "info", "custom_details": {"a": "b" * 600_000}}
    )

    body = json.loads(event.body("k"))
    check(body)
    assert "custom_details" not in body["payload"]


def test_environments_do_not_share_incidents() -> None:
    assert len({dedup_key(one, "f", "A1") for one in ("", "prod", "stage", "é")}) == 4


async def test_accepted_events_are_delivered_under_the_routing_key() -> None:
    (receipt,), asked = await delivered(answering(202, {"status": "success"}), notice())

    assert (receipt.verdict, receipt.status) == (Verdict.DELIVERED, 202)
    assert (asked[0].path, asked[0].json["routing_key"]) == ("/v2/enqueue", SECRET)


async def test_a_second_attempt_sends_what_was_not_taken_yet() -> None:
    said = notice(*(brief(alert_id=f"A{n}") for n in range(4)))
    receipts, asked = await delivered(answering_in_turn(202, 202, 429, 503, 202), said, said, said)

    assert [receipt.verdict for receipt in receipts] == [Verdict.RETRY, Verdict.RETRY, Verdict.DELIVERED]
    assert [one.json["dedup_key"][-2:] for one in asked] == ["A0", "A1", "A2", "A2", "A2", "A3"]


async def test_one_refused_event_does_not_hold_up_the_others() -> None:
    async def picky(exchange: Exchange) -> None:
        await exchange.reply(400 if exchange.asked.json["dedup_key"].endswith("A1") else 202, b"invalid event")

    said = notice(*(brief(alert_id=f"A{n}") for n in range(3)))
    (receipt,), asked = await delivered(picky, said)

    assert (receipt.verdict, receipt.answer) == (Verdict.DELIVERED, "2 of 3 events taken; refused: invalid event")
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("status", "body", "verdict", "at_fault"),
    [
        (400, b'{"errors":["summary is missing"]}', Verdict.REFUSED, False),
        (400, b'{"errors":["Length of \'routing_key\' is incorrect"]}', Verdict.REFUSED, True),
        (403, b"", Verdict.REFUSED, True),
        (429, b"", Verdict.RETRY, False),
        (502, b"", Verdict.RETRY, False),
    ],
)
async def test_what_pagerduty_says_is_understood(
    status: int,
    body: bytes,
    verdict: Verdict,
    at_fault: bool,  # noqa: FBT001
) -> None:
    (receipt,), _ = await delivered(answering(status, body), notice())

    assert (receipt.verdict, receipt.is_channel_at_fault) == (verdict, at_fault)


async def test_no_routing_key_is_the_channels_fault() -> None:
    (receipt,), asked = await delivered(answering(202), notice(), secret=None)

    assert receipt.is_channel_at_fault
    assert not asked


async def test_a_slow_service_is_given_the_channels_timeout_for_all_events_together() -> None:
    async def slow(exchange: Exchange) -> None:
        await (exchange.hang() if exchange.asked.json["dedup_key"].endswith("A1") else exchange.reply(202))

    said = notice(*(brief(alert_id=f"A{n}") for n in range(4)))
    receipts, asked = await delivered(slow, said, timeout=0.1)

    assert [receipt.verdict for receipt in receipts] == [Verdict.RETRY]
    assert len(asked) == 2


def test_severities_are_pagerdutys() -> None:
    assert {
        event.payload["severity"]
        for one in Severity
        for event in events_of(notice(brief(severity=one)))
        if event.payload
    } == {"critical", "error", "warning", "info"}
