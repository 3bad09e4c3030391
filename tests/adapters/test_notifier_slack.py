"""Slack gets one message within its limits, which reads as it was and pings nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hive_console.adapters.notifiers.slack import ALL_LIMIT, MOST_BLOCKS, message_of
from hive_console.core.alert_settings import ChannelKind
from hive_console.core.notifying.notice import Notice, Receipt, Verdict
from hive_console.core.states import NoticeKind, Severity
from tests.adapters.notices import HOSTILE, NOW, answering, brief, channel, notice, notifiers, over, url_of
from tests.adapters.upstream import Keys, Upstream


def blocks_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [*message["blocks"], *(block for one in message.get("attachments", ()) for block in one["blocks"])]


def texts_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [text for block in blocks_of(message) for text in (block.get("elements") or [block["text"]])]


def check(said: Notice) -> dict[str, Any]:
    """The message, which is as Slack's documents want it."""
    message = message_of(said, NOW)
    blocks = blocks_of(message)
    assert 1 <= len(blocks) <= MOST_BLOCKS == 50
    assert sum(len(text["text"]) for text in texts_of(message)) <= ALL_LIMIT
    assert 1 <= len(message["text"]) <= 3000
    for block in blocks:
        match block["type"]:
            case "header":
                assert block["text"]["type"] == "plain_text"
                assert 1 <= len(block["text"]["text"]) <= 150
            case "section":
                assert 1 <= len(block["text"]["text"]) <= 3000
            case kind:
                assert (kind, len(block["elements"])) == ("context", 1)
    for text in texts_of(message):
        assert text["type"] == "plain_text" or text["verbatim"] is True
    json.dumps(message).encode()
    return message


def test_an_alert_is_a_section_under_a_header_in_the_colour_of_its_severity() -> None:
    message = check(notice(brief()))

    assert message["text"] == "[prod] ✖ CRITICAL: model unavailable: gpt_4"
    assert message["attachments"][0]["color"] == "#dc2626"
    assert blocks_of(message)[1]["text"]["text"] == (
        "*✖ CRITICAL: model unavailable: gpt_4*\n"
        "5 of 5 calls failed\n"
        "Since 2027-01-15 07:55:00Z, for 5 m\n"
        "nobody has it yet\n"
        "To do: Look at its last error.\n"
        "Runbook: `docs/runbooks.md#model-unavailable`\n"
        "To take it: `hive-console alerts ack A12`"
    )


def test_colours_differ_and_what_is_over_is_green() -> None:
    colours = {check(notice(brief(severity=one)))["attachments"][0]["color"] for one in Severity}
    green = check(notice(over(), kind=NoticeKind.RESOLVED))["attachments"][0]["color"]

    assert len(colours | {green}) == len(Severity) + 1


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_is_a_message_that_slack_takes(kind: NoticeKind) -> None:
    check(notice(kind=kind, remark="late by 20 m"))
    check(notice(brief(), over(), kind=kind))


@pytest.mark.parametrize("text", ["&" * 300, "<!channel>" * 30, "x" * 300, "字" * 300, HOSTILE])
def test_the_largest_notices_stay_within_the_limits_and_count_what_is_left_out(text: str) -> None:
    alerts = [
        brief(text=text, subject=text, title=text, advice=text, runbook=text, acknowledged_by=text)
        for _ in range(60)
    ]
    message = check(notice(*alerts, remark=text, environment=text, is_unsure=True))

    told = len(blocks_of(message)) - 2
    assert 2 <= told < 60
    assert f"And {60 - told} more" in texts_of(message)[-1]["text"]


def test_hostile_words_ping_nobody_and_link_nowhere() -> None:
    alert = brief(
        text=HOSTILE, subject=HOSTILE, title=HOSTILE, advice=HOSTILE, runbook=HOSTILE, acknowledged_by=HOSTILE
    )
    message = check(notice(alert, environment=HOSTILE, remark=HOSTILE))

    assert (message["parse"], message["link_names"], message["unfurl_links"]) == ("none", False, False)
    for text in [message["text"], *(text["text"] for text in texts_of(message))]:
        for line in text.split("\n"):
            if not line.startswith("Runbook: `"):
                assert not {"<", ">", "~"} & set(line)
                assert "://" not in line
            assert "<!" not in line
            assert "<@" not in line


@pytest.mark.parametrize(
    ("runbook", "shown"),
    [
        ("https://wiki.example/a?b=c#d", "<https://wiki.example/a?b=c#d>"),
        ("https://wiki.example/a|<!channel>", "`https://wiki.example/a|&lt;!channel&gt;`"),
        ("javascript:alert(1)", "`javascript:alert(1)`"),
        ("http://[broken", "`http://[broken`"),
    ],
)
def test_a_runbook_can_be_pressed_where_it_is_a_plain_url(runbook: str, shown: str) -> None:
    assert f"Runbook: {shown}\n" in blocks_of(check(notice(brief(runbook=runbook))))[1]["text"]["text"]


async def test_a_taken_message_is_delivered() -> None:
    async with Upstream(answering(200, b"ok")) as server, notifiers(Keys({"env:HOOK": url_of(server)})) as made:
        slack = made(channel(ChannelKind.SLACK, "env:HOOK"))
        receipt = await slack.deliver(notice())
        assert await slack.refresh((brief(),)) is None

    assert receipt == Receipt(verdict=Verdict.DELIVERED, answer="ok", status=200)
    assert server.asked[0].json == message_of(notice(), NOW)


@pytest.mark.parametrize(
    ("status", "body", "verdict", "at_fault"),
    [
        (400, "invalid_payload", Verdict.REFUSED, False),
        (400, "too_many_attachments", Verdict.REFUSED, False),
        (400, "user_not_found", Verdict.REFUSED, True),
        (403, "invalid_token", Verdict.REFUSED, True),
        (403, "action_prohibited", Verdict.REFUSED, True),
        (404, "channel_not_found", Verdict.REFUSED, True),
        (404, "no_service", Verdict.REFUSED, True),
        (410, "channel_is_archived", Verdict.REFUSED, True),
        (500, "no_service", Verdict.REFUSED, True),
        (500, "rollup_error", Verdict.RETRY, False),
        (429, "rate_limited", Verdict.RETRY, False),
    ],
)
async def test_what_slack_says_is_understood(
    status: int,
    body: str,
    verdict: Verdict,
    at_fault: bool,  # noqa: FBT001
) -> None:
    async with Upstream(answering(status, body.encode())) as server, notifiers() as made:
        receipt = await made(channel(ChannelKind.SLACK, url_of(server))).deliver(notice())

    assert (receipt.verdict, receipt.is_channel_at_fault, receipt.answer) == (verdict, at_fault, body)
