"""What other tools' users reported about notices that left, or did not: none of it happens here."""

from __future__ import annotations

import json

from hive_console.adapters.notifiers.alertmanager import alert_of
from hive_console.adapters.notifiers.body import body_of
from hive_console.adapters.notifiers.pagerduty import events_of
from hive_console.adapters.notifiers.slack import ALL_LIMIT, MOST_BLOCKS, message_of
from hive_console.core.alert_settings import ChannelKind, MailSecurity
from hive_console.core.notifying.notice import MOST_BRIEFS, AlertBrief, Notice, Verdict
from hive_console.core.states import NoticeKind
from tests.adapters.mail_server import MailServer
from tests.adapters.notices import NOW, answering, brief, channel, notice, notifiers, over, url_of
from tests.adapters.upstream import Exchange, Upstream

STORM = notice(
    *(brief(alert_id=f"A{n}", text="x" * 300) for n in range(MOST_BRIEFS)), count=40, kind=NoticeKind.DIGEST
)


def test_alertmanager_2769_twenty_alerts_at_once_are_one_message_that_slack_takes() -> None:
    message = message_of(STORM, NOW)

    blocks = [*message["blocks"], *message["attachments"][0]["blocks"]]
    texts = [text["text"] for block in blocks for text in (block.get("elements") or [block["text"]])]
    assert len(blocks) <= MOST_BLOCKS
    assert sum(map(len, texts)) <= ALL_LIMIT
    assert texts[-1] == "And 30 more: hive-console alerts list"


async def test_alertmanager_2111_a_429_of_slack_loses_no_notice() -> None:
    async with Upstream(answering(429, headers={"retry-after": "30"})) as server, notifiers() as made:
        receipt = await made(channel(ChannelKind.SLACK, url_of(server))).deliver(notice())

    assert (receipt.verdict, receipt.retry_after) == (Verdict.RETRY, 30.0)


async def test_uptime_kuma_6046_a_network_that_is_away_loses_no_notice() -> None:
    async def cut(exchange: Exchange) -> None:
        exchange.reset()

    async with Upstream(cut) as server, notifiers() as made:
        kinds = (ChannelKind.SLACK, ChannelKind.WEBHOOK, ChannelKind.PAGERDUTY, ChannelKind.ALERTMANAGER)
        receipts = [
            await made(channel(kind, url_of(server), secret="env:SECRET")).deliver(notice()) for kind in kinds
        ]

    assert {receipt.verdict for receipt in receipts} == {Verdict.RETRY}


async def test_oneuptime_2149_nobody_gets_a_mail_twice_because_somebody_else_got_none() -> None:
    async with MailServer({"b@t.example": "451 later"}) as server, notifiers() as made:
        transport = made(
            channel(
                ChannelKind.EMAIL,
                "127.0.0.1",
                port=server.port,
                sender="h@t.example",
                recipients=("a@t.example", "b@t.example"),
                security=MailSecurity.NONE,
            )
        )
        first = await transport.deliver(notice(attempts=1))
        server.answers.clear()
        await transport.deliver(notice(attempts=2, is_unsure=True))

    assert first.verdict is Verdict.RETRY
    assert [mail.rcpt_tos for mail in server.mails] == [["a@t.example"], ["b@t.example"]]
    assert server.read(0)["Message-ID"] == server.read(1)["Message-ID"]


def test_litellm_3137_nothing_leaves_that_is_not_in_the_alert() -> None:
    """Whatever a transport writes is made of the notice's own words; there is no way for a prompt to get in."""
    said = notice(brief(), over())
    texts = {
        json.dumps(message_of(said, NOW)),
        body_of(said).decode(),
        *(event.body("k").decode() for event in events_of(said)),
        json.dumps(alert_of(brief(), NOW)),
    }

    fields = {*AlertBrief.__dataclass_fields__, *Notice.__dataclass_fields__}
    assert not {"prompt", "request", "answer", "body", "error", "key_of"} & fields
    assert all("gpt_4" in text or "resolve" in text for text in texts)


async def test_home_assistant_30665_a_channel_that_is_told_to_wait_is_not_asked_again_at_once() -> None:
    async with Upstream(answering(429, headers={"retry-after": "0"})) as server, notifiers() as made:
        receipt = await made(channel(ChannelKind.WEBHOOK, url_of(server))).deliver(notice())

    assert receipt.retry_after == 1.0
    assert len(server.asked) == 1


def test_alertmanager_878_what_was_never_told_is_told_as_passed_and_pagerduty_hears_of_both() -> None:
    assert [event.action for event in events_of(notice(over(), kind=NoticeKind.PASSED))] == ["trigger", "resolve"]
