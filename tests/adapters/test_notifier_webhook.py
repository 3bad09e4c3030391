"""Webhooks get signed JSON of a promised shape, the same bytes under the same key at every attempt."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from hive_console.adapters.notifiers.body import VERSION, body_of, iso_time
from hive_console.adapters.notifiers.webhook import idempotency_key
from hive_console.core.alert_settings import ChannelKind
from hive_console.core.notifying.notice import Verdict
from hive_console.core.states import NoticeKind
from tests.adapters.notices import HOSTILE, NOW, SECRET, answering, brief, channel, notice, notifiers, over, url_of
from tests.adapters.upstream import Asked, Upstream

SHAPE: dict[str, Any] = {  # types of JSON
    "version": int,
    "id": str,
    "kind": str,
    "severity": str,
    "headline": str,
    "environment": str,
    "channel": str,
    "thread": str,
    "queued_at": str,
    "step": int,
    "remark": str,
    "count": int,
    "alerts": list,
}

ALERT_SHAPE: dict[str, Any] = {  # types of JSON
    "id": str,
    "fingerprint": str,
    "rule": str,
    "name": str,
    "title": str,
    "summary": str,
    "severity": str,
    "subject": str,
    "labels": dict,
    "text": str,
    "state": str,
    "raised_at": str,
    "resolved_at": (str, type(None)),
    "acknowledged_by": str,
    "advice": str,
    "runbook": str,
    "times": int,
}


def check(value: dict[str, Any], shape: dict[str, Any]) -> None:
    assert list(value) == list(shape)
    for name, kind in shape.items():
        assert isinstance(value[name], kind), name


async def posted(*attempts: Any, is_signed: bool = True) -> list[Asked]:  # notices
    async with Upstream(answering(202)) as server, notifiers() as made:
        webhook = made(channel(ChannelKind.WEBHOOK, url_of(server), secret="env:SECRET" if is_signed else None))
        for one in attempts:
            assert (await webhook.deliver(one)).verdict is Verdict.DELIVERED
        assert await webhook.refresh((brief(),)) is None
    return server.asked


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_the_body_has_its_shape(kind: NoticeKind) -> None:
    body = json.loads(body_of(notice(brief(text=HOSTILE, subject=HOSTILE), over(), kind=kind, remark=HOSTILE)))

    check(body, SHAPE)
    for alert in body["alerts"]:
        check(alert, ALERT_SHAPE)
    assert (body["version"], body["kind"]) == (VERSION, kind.value)


def test_hostile_words_are_one_printable_line_in_every_field() -> None:
    alert = brief(text=HOSTILE * 50, subject=HOSTILE, labels=tuple((HOSTILE + str(n), HOSTILE) for n in range(99)))
    body = json.loads(body_of(notice(alert)))

    told = body["alerts"][0]
    assert len(told["labels"]) == 32
    for text in (told["text"], told["subject"], *told["labels"], *told["labels"].values()):
        assert text.isprintable()
        assert len(text) <= 1000


async def test_a_receiver_can_verify_who_sent_it_and_when() -> None:
    asked = (await posted(notice()))[0]

    parts = dict(part.split("=", 1) for part in asked.headers["x-hive-signature"].split(","))
    signed = hmac.new(SECRET.encode(), parts["t"].encode() + b"." + asked.body, hashlib.sha256).hexdigest()
    assert parts == {"t": str(int(NOW)), "v1": signed}
    assert asked.headers["content-type"] == "application/json"


async def test_without_a_secret_nothing_is_signed() -> None:
    assert "x-hive-signature" not in (await posted(notice(), is_signed=False))[0].headers


async def test_a_later_attempt_is_the_same_but_for_its_number() -> None:
    first, second = await posted(notice(), notice(attempts=2, is_unsure=True))

    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == idempotency_key(notice())
    assert (first.headers["x-hive-attempt"], second.headers["x-hive-attempt"]) == ("1", "2")


def test_other_news_and_other_channels_have_other_keys() -> None:
    said = notice()

    keys = {idempotency_key(one) for one in (said, replace(said, key="k2"), replace(said, channel="b"))}
    assert len(keys) == 3


def test_a_time_that_no_calendar_has_is_null() -> None:
    assert iso_time(NOW) == "2027-01-15T08:00:00.000Z"
    assert iso_time(None) is None
    assert iso_time(1e300) is None
