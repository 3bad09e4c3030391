"""What comes back over HTTP is a receipt: bounded, in time, and without an address or a secret (N1-N3, S1, S2)."""

from __future__ import annotations

import asyncio
import base64
import json
from urllib.parse import quote

import pytest

from hive_console.adapters.notifiers.hiding import PAGE, WITHHELD, hidden
from hive_console.core.alert_settings import ChannelKind, Heartbeat
from hive_console.core.gateway_settings import NetworkSettings
from hive_console.core.notifying.notice import Receipt, Verdict
from tests.adapters.notices import SECRET, answering, channel, notice, notifiers, url_of
from tests.adapters.test_transport_endpoints import Names
from tests.adapters.upstream import Exchange, Keys, Script, Upstream

TOKEN = "T0ABCDEF9/B0XYZ/s3cr3tt0ken5e0d"


async def receipt_from(script: Script, *, seconds: float = 5.0, path: str = "/hook") -> Receipt:
    async with Upstream(script) as server, notifiers() as made:
        transport = made(channel(ChannelKind.WEBHOOK, url_of(server, path), timeout=seconds))
        return await transport.deliver(notice())


@pytest.mark.parametrize(
    ("status", "verdict", "at_fault"),
    [
        (200, Verdict.DELIVERED, False),
        (204, Verdict.DELIVERED, False),
        (302, Verdict.REFUSED, True),
        (400, Verdict.REFUSED, False),
        (401, Verdict.REFUSED, True),
        (403, Verdict.REFUSED, True),
        (404, Verdict.REFUSED, True),
        (408, Verdict.RETRY, False),
        (410, Verdict.REFUSED, True),
        (413, Verdict.REFUSED, False),
        (422, Verdict.REFUSED, False),
        (429, Verdict.RETRY, False),
        (500, Verdict.RETRY, False),
        (503, Verdict.RETRY, False),
    ],
)
async def test_a_status_says_what_to_do(status: int, verdict: Verdict, at_fault: bool) -> None:  # noqa: FBT001
    receipt = await receipt_from(answering(status))

    assert (receipt.verdict, receipt.is_channel_at_fault, receipt.status) == (verdict, at_fault, status)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("1e9", 900.0),
        ("-1", 1.0),
        ("0", 1.0),
        ("nan", None),
        ("soon", None),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        ("Fri, 15 Jan 1999 08:00:30 GMT", 1.0),
    ],
)
async def test_a_wait_that_is_asked_for_is_honoured_within_bounds(header: str, seconds: float | None) -> None:
    receipt = await receipt_from(answering(429, headers={"retry-after": header}))

    assert (receipt.verdict, receipt.retry_after) == (Verdict.RETRY, seconds)


async def test_nobody_is_led_on_by_a_redirect() -> None:
    async with Upstream(answering(200)) as inside:
        receipt = await receipt_from(answering(302, headers={"location": url_of(inside)}))

    assert receipt.answer == "it answers with a redirect, and none is followed"
    assert not inside.asked


async def test_a_huge_answer_is_read_to_its_first_kilobytes() -> None:
    async def flood(exchange: Exchange) -> None:
        await exchange.start_events()
        for _ in range(10_000):
            await exchange.chunk(b"x" * 65_536)

    receipt = await receipt_from(flood)

    assert (receipt.verdict, len(receipt.answer)) == (Verdict.DELIVERED, 160)


async def test_an_answer_that_never_comes_ends_with_the_channels_timeout() -> None:
    receipt = await receipt_from(Exchange.hang, seconds=0.1)

    assert (receipt.verdict, receipt.answer) == (Verdict.RETRY, "not done within 0.1 s")


async def test_a_cut_connection_is_tried_again_later() -> None:
    async def cut(exchange: Exchange) -> None:
        exchange.reset()

    receipt = await receipt_from(cut)

    assert (receipt.verdict, receipt.status) == (Verdict.RETRY, None)


@pytest.mark.parametrize(
    "junk", [b"\xff\xfe garbage\r\n\r\n", b"HTTP/1.1 999999 x\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"]
)
async def test_garbage_is_tried_again_later(junk: bytes) -> None:
    async def garbled(exchange: Exchange) -> None:
        await exchange.send(junk)
        exchange.close()

    assert (await receipt_from(garbled)).verdict is Verdict.RETRY


async def test_nobody_at_home_is_no_fault_of_the_channel() -> None:
    async with Upstream(answering(200)) as gone:
        pass
    async with notifiers() as made:
        receipt = await made(channel(ChannelKind.WEBHOOK, url_of(gone))).deliver(notice())

    assert receipt == Receipt(verdict=Verdict.RETRY, answer="connection refused")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://[::ffff:127.0.0.1]/",
        "http://0x7f.1/",
        "http://localhost./",
        "http://10.0.0.8/hook",
        "http://hooks.example/plain",
        "https://inside.example/",
        "file:///etc/passwd",
        "gopher://x",
        "",
    ],
)
async def test_what_the_settings_do_not_allow_is_not_called(url: str) -> None:
    names = Names(["127.0.0.1"])
    address = url if not url.startswith("file") else "env:URL"
    async with notifiers(Keys({"env:URL": url}), resolver=names) as made:
        receipt = await made(channel(ChannelKind.WEBHOOK, address)).deliver(notice())

    assert (receipt.verdict, receipt.is_channel_at_fault) == (Verdict.REFUSED, True)
    assert "example" not in receipt.answer


async def test_a_listed_address_is_called_until_the_settings_list_it_no_more() -> None:
    names = Names(["127.0.0.1"])
    async with (
        Upstream(answering(200)) as server,
        notifiers(None, "hooks.internal", "127.0.0.1", resolver=names) as made,
    ):
        transport = made(channel(ChannelKind.WEBHOOK, f"http://hooks.internal:{server.port}/x"))
        listed = await transport.deliver(notice())
        made.use(NetworkSettings(), environment="prod")
        unlisted = await transport.deliver(notice())

    assert (listed.verdict, unlisted.verdict) == (Verdict.DELIVERED, Verdict.REFUSED)


@pytest.mark.parametrize(
    "echo",
    [
        "no such hook: {url}",
        "no such hook: {path}",
        "bad token {token}",
        "bad {quoted}",
        "bad {encoded}",
        '{{"error":"{escaped}"}}',
        "secret was {secret}",
    ],
)
async def test_what_the_other_side_repeats_of_address_and_secret_is_not_told(echo: str) -> None:
    async with Upstream(answering(200)) as server:
        url = url_of(server, f"/services/{TOKEN}")

        async def repeat(exchange: Exchange) -> None:
            forms = {
                "url": url,
                "path": exchange.asked.path,
                "token": TOKEN.rpartition("/")[2].upper(),
                "quoted": quote(url, safe=""),
                "encoded": base64.b64encode(url.encode()).decode(),
                "escaped": url.replace("/", "\\/"),
                "secret": SECRET,
            }
            await exchange.reply(400, echo.format(**forms).encode())

        server.script = repeat
        async with notifiers(Keys({"env:URL": url, "env:SECRET": SECRET})) as made:
            transport = made(channel(ChannelKind.WEBHOOK, "env:URL", secret="env:SECRET"))
            receipt = await transport.deliver(notice())

    assert "[redacted]" in receipt.answer
    for part in (TOKEN, "s3cr3tt0ken5e0d", SECRET, str(server.port)):
        assert part.lower() not in receipt.answer.lower()


async def test_an_answer_that_repeats_the_notice_is_withheld() -> None:
    async def echo(exchange: Exchange) -> None:
        await exchange.reply(422, b"cannot read: " + exchange.asked.body[40:300])

    assert (await receipt_from(echo)).answer == WITHHELD


async def test_a_secret_that_is_cut_by_the_end_of_what_is_read_is_not_told() -> None:
    text = "a" * 4090 + SECRET

    assert SECRET[:6] not in hidden(text[:4096], secrets=(SECRET,))
    assert SECRET[:6] not in hidden(" " * 1015 + SECRET, secrets=(SECRET,))


def test_hostile_answers_become_one_harmless_line() -> None:
    assert hidden("<html><body>nginx</body>") == PAGE
    assert hidden("no\r\n\x1b[2Jsuch\thook") == "no ␛[2Jsuch hook"
    assert hidden("x", "http://[broken") == "x"


async def test_a_secret_that_was_replaced_counts_from_the_next_attempt_on() -> None:
    keys = Keys({"env:URL": "http://127.0.0.1:1/old"})
    async with Upstream(answering(200)) as server, notifiers(keys) as made:
        transport = made(channel(ChannelKind.WEBHOOK, "env:URL"))
        before = await transport.deliver(notice())
        keys.kept["env:URL"] = url_of(server)
        after = await transport.deliver(notice())

    assert (before.verdict, after.verdict) == (Verdict.RETRY, Verdict.DELIVERED)


@pytest.mark.parametrize("kind", [kind for kind in ChannelKind if kind is not ChannelKind.TERMINAL])
async def test_a_reference_that_leads_nowhere_is_the_channels_fault(kind: ChannelKind) -> None:
    async with notifiers(Keys({})) as made:
        receipt = await made(channel(kind, "env:GONE", secret="env:GONE")).deliver(notice())

    assert receipt == Receipt(
        verdict=Verdict.REFUSED, answer="its address is missing: env:GONE cannot be read", is_channel_at_fault=True
    )


async def test_a_missing_secret_is_the_channels_fault_too() -> None:
    async with notifiers(Keys({})) as made:
        receipt = await made(channel(ChannelKind.WEBHOOK, "http://127.0.0.1:1/", secret="env:GONE")).deliver(
            notice()
        )

    assert (receipt.answer, receipt.is_channel_at_fault) == ("its secret is missing: env:GONE cannot be read", True)


async def test_two_channels_that_begin_at_once_share_what_is_opened() -> None:
    async with Upstream(answering(200)) as server, notifiers() as made:
        transports = [made(channel(ChannelKind.WEBHOOK, url_of(server))) for _ in range(5)]
        receipts = await asyncio.gather(*(transport.deliver(notice()) for transport in transports))
        for transport in transports:
            await transport.close()

    assert {receipt.verdict for receipt in receipts} == {Verdict.DELIVERED}


async def test_a_cancelled_attempt_leaves_no_connection_behind() -> None:
    async with Upstream(Exchange.hang) as server, notifiers() as made:
        transport = made(channel(ChannelKind.WEBHOOK, url_of(server)))
        attempt = asyncio.create_task(transport.deliver(notice()))
        await server.until(lambda: bool(server.asked))
        attempt.cancel()
        await server.until(lambda: server.open == 0)

    assert attempt.cancelled() or attempt.cancelling()


async def test_the_heart_asks_its_url_and_says_nothing_of_it() -> None:
    async with (
        Upstream(answering(200, b"OK")) as server,
        notifiers(Keys({"env:BEAT": url_of(server, "/ping/u-u-i-d")})) as made,
    ):
        heart = made.heart(Heartbeat("env:BEAT"))
        beat = await heart.beat()
        await heart.close()
        lost = await made.heart(Heartbeat("env:GONE")).beat()

    assert (server.asked[0].method, server.asked[0].path, server.asked[0].body) == ("GET", "/ping/u-u-i-d", b"")
    assert (beat.verdict, beat.answer) == (Verdict.DELIVERED, "OK")
    assert (lost.verdict, lost.answer) == (Verdict.REFUSED, "its address is missing: env:GONE cannot be read")


async def test_no_representation_holds_an_address_or_a_secret() -> None:
    url = f"http://127.0.0.1:1/{TOKEN}"
    async with notifiers(Keys({"env:SECRET": SECRET})) as made:
        for kind in ChannelKind:
            if kind is ChannelKind.TERMINAL:
                continue
            settings = channel(kind, url, secret="env:SECRET", sender="a@b.example", recipients=("c@d.example",))
            transport = made(settings)
            receipt = await transport.deliver(notice())
            for text in (repr(transport), repr(receipt), repr(settings), json.dumps(receipt.answer)):
                assert TOKEN not in text
                assert SECRET not in text


async def test_the_console_is_no_transport() -> None:
    async with notifiers() as made:
        with pytest.raises(ValueError, match="told by the engine"):
            made(channel(ChannelKind.TERMINAL))
