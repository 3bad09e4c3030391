"""Alertmanager gets labels that stay the same, and times that say until when it may believe them."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from hive_console.adapters.notifiers.alertmanager import alert_of
from hive_console.core.alert_settings import ChannelKind
from hive_console.core.notifying.notice import AlertBrief, Receipt, Verdict
from hive_console.core.states import NoticeKind
from tests.adapters.notices import (
    HOSTILE,
    NOW,
    SECRET,
    answering,
    answering_in_turn,
    brief,
    channel,
    notice,
    notifiers,
    over,
)
from tests.adapters.upstream import Keys, Upstream


def check(alert: dict[str, Any]) -> dict[str, Any]:
    """The alert is one that API v2 takes."""
    assert set(alert) <= {"labels", "annotations", "startsAt", "endsAt"}
    for pairs in (alert["labels"], alert["annotations"]):
        for name, value in pairs.items():
            assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name)
            assert value.strip()
    assert alert["labels"]["alertname"]
    assert alert["startsAt"] <= alert["endsAt"]
    return alert


def test_a_firing_alert_holds_for_four_minutes() -> None:
    alert = check(alert_of(brief(), NOW, "prod"))

    assert (alert["startsAt"], alert["endsAt"]) == ("2027-01-15T07:55:00.000Z", "2027-01-15T08:04:00.000Z")
    assert alert["labels"] == {
        "alertname": "model-unavailable",
        "severity": "critical",
        "subject": "gpt_4",
        "environment": "prod",
        "provider": "openai",
        "group": "big",
    }


def test_what_is_over_has_the_same_labels_and_start_and_has_ended() -> None:
    firing, ended = check(alert_of(brief(), NOW)), check(alert_of(over(), NOW))

    assert (ended["labels"], ended["startsAt"]) == (firing["labels"], firing["startsAt"])
    assert ended["endsAt"] == "2027-01-15T07:59:00.000Z"


def test_a_resolve_of_the_future_ends_now() -> None:
    assert check(alert_of(over(resolved_at=NOW + 99), NOW))["endsAt"] == "2027-01-15T08:00:00.000Z"
    assert check(alert_of(over(resolved_at=None, raised_at=NOW + 99), NOW))["endsAt"] == "2027-01-15T08:00:00.000Z"


def test_its_identity_holds_nothing_that_comes_and_goes() -> None:
    later = brief(text="9 of 9", acknowledged_by="mona", times=4, advice="x", alert_id="A99")

    assert alert_of(later, NOW)["labels"] == alert_of(brief(), NOW)["labels"]
    assert alert_of(later, NOW)["annotations"]["acknowledged_by"] == "mona"


def test_hostile_labels_are_made_fit_and_empty_ones_left_out() -> None:
    labels = (("a-b", "x"), ("", "y"), ("é", "z"), ("empty", ""), ("alertname", "forged"), ("9", HOSTILE))
    alert = check(alert_of(brief(labels=labels, subject="", text=HOSTILE, runbook="https://wiki.example/x"), NOW))

    assert set(alert["labels"]) == {"alertname", "severity", "a_b", "_9"}
    assert alert["labels"]["alertname"] == "model-unavailable"
    assert alert["annotations"]["runbook_url"] == "https://wiki.example/x"


async def pushed(
    *attempts: Any, secret: str | None = None, path: str = ""
) -> tuple[list[Receipt | None], Upstream]:
    async with Upstream(answering(200)) as server, notifiers() as made:
        transport = made(channel(ChannelKind.ALERTMANAGER, f"http://127.0.0.1:{server.port}{path}"))
        receipts = [
            await (transport.refresh(one) if isinstance(one, tuple) else transport.deliver(one)) for one in attempts
        ]
        await transport.close()
    return receipts, server


@pytest.mark.parametrize("path", ["", "/", "/api/v2/alerts"])
async def test_notices_are_pushed_to_the_api(path: str) -> None:
    (receipt,), server = await pushed(notice(brief(), over()), path=path)

    assert receipt == Receipt(verdict=Verdict.DELIVERED, status=200)
    assert server.asked[0].path == "/api/v2/alerts"
    assert [check(alert)["labels"]["environment"] for alert in server.asked[0].json] == ["prod", "prod"]


async def test_a_test_is_an_alert_of_its_own_name() -> None:
    _, server = await pushed(notice(kind=NoticeKind.TEST, remark="asked for by mona"))

    (alert,) = server.asked[0].json
    assert check(alert)["labels"]["alertname"] == "hive-console-test"


async def test_an_account_in_its_address_is_sent_and_not_told() -> None:
    async with Upstream(answering(400, b"bad account hive:" + SECRET.encode())) as server:
        keys = Keys({"env:URL": f"http://hive:{SECRET}@127.0.0.1:{server.port}"})
        async with notifiers(keys) as made:
            receipt = await made(channel(ChannelKind.ALERTMANAGER, "env:URL")).deliver(notice())

    told = base64.b64encode(f"hive:{SECRET}".encode()).decode()
    assert server.asked[0].headers["authorization"] == f"Basic {told}"
    assert SECRET not in receipt.answer


async def test_what_fires_is_said_again_a_hundred_at_a_time_and_nothing_is_an_answer_too() -> None:
    many: tuple[AlertBrief, ...] = tuple(brief(subject=f"m{n}") for n in range(250))
    receipts, server = await pushed((), (over(),), many)

    assert [receipt.verdict for receipt in receipts if receipt] == [Verdict.DELIVERED] * 3
    assert [len(one.json) for one in server.asked] == [100, 100, 50]


async def test_a_refresh_that_fails_says_so() -> None:
    async with Upstream(answering_in_turn(200, 503)) as server, notifiers() as made:
        transport = made(channel(ChannelKind.ALERTMANAGER, f"http://127.0.0.1:{server.port}"))
        receipt = await transport.refresh(tuple(brief(subject=f"m{n}") for n in range(250)))

    assert receipt is not None
    assert receipt.verdict is Verdict.RETRY
    assert len(server.asked) == 2
