"""Mail goes over a connection that is secret first, in threads, and the receipt says who was left out (X2)."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hive_console.adapters.endpoints import EndpointRules
from hive_console.adapters.notifiers.dialing import Unreachable, dial
from hive_console.adapters.notifiers.letter import NO_DOMAIN, domain_of, letter_of
from hive_console.core.alert_settings import ChannelKind, MailSecurity
from hive_console.core.notifying.notice import Notice, Receipt, Verdict
from hive_console.core.states import NoticeKind, Severity
from tests.adapters.mail_server import MailServer
from tests.adapters.notices import HOSTILE, NOW, SECRET, brief, channel, notice, notifiers, over
from tests.adapters.test_transport_endpoints import Names
from tests.adapters.upstream import Exchange, Keys, Upstream

TO = ("ann@team.example", "bob@team.example", "cy@team.example")


async def mailed(server: MailServer, *notices: Notice, **changes: Any) -> list[Receipt]:
    """The receipts of notices that go to a server on this machine."""
    tls = changes.pop("trusting", ssl.create_default_context)
    async with notifiers(Keys({"env:PASSWORD": SECRET}), tls=tls) as made:
        settings = {"sender": "Hive <hive@ops.example>", "recipients": TO, "security": MailSecurity.NONE, **changes}
        transport = made(channel(ChannelKind.EMAIL, "127.0.0.1", **{"port": server.port, **settings}))
        receipts = [await transport.deliver(one) for one in notices]
        assert await transport.refresh((brief(),)) is None
        await transport.close()
    return receipts


def letter(said: Notice) -> Any:  # EmailMessage, whose headers have no type
    return letter_of(said, sender="Hive <hive@ops.example>", recipients=TO, now=NOW)


async def test_a_mail_says_what_its_notice_says() -> None:
    async with MailServer() as server:
        (receipt,) = await mailed(server, notice(remark="late by 20 m", count=3))
        mail = server.read()

    assert (receipt.verdict, receipt.answer, receipt.status) == (Verdict.DELIVERED, "taken for all 3", 250)
    assert server.mails[0].rcpt_tos == list(TO)
    assert server.mails[0].mail_from == "hive@ops.example"
    assert mail["Subject"] == "[prod] ✖ CRITICAL: 3 alerts: model unavailable: gpt_4"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Priority"] == "1"
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content().replace("\r\n", "\n")
    assert "To take it: hive-console alerts ack A12\n" in text
    assert "late by 20 m\nAnd 2 more: hive-console alerts list\n" in text


def test_all_that_is_said_of_one_incident_is_one_thread_and_each_notice_is_itself() -> None:
    first, again, end = (letter(notice(key=key, attempts=n)) for key, n in (("k1", 1), ("k1", 2), ("k2", 1)))
    other = letter(notice(thread="A99"))

    assert first["Message-ID"] == again["Message-ID"] != end["Message-ID"]
    assert first["References"] == first["In-Reply-To"] == end["References"] != other["References"]
    assert first["Message-ID"].endswith("@ops.example>")


@pytest.mark.parametrize(
    ("severity", "priority"),
    [(Severity.CRITICAL, "1"), (Severity.ERROR, "2"), (Severity.WARNING, "3"), (Severity.INFO, "5")],
)
def test_its_priority_is_that_of_its_alerts_while_they_fire(severity: Severity, priority: str) -> None:
    assert letter(notice(brief(severity=severity)))["X-Priority"] == priority
    assert letter(notice(over(severity=severity), kind=NoticeKind.RESOLVED))["X-Priority"] == "3"


def test_hostile_words_forge_no_header_and_no_html() -> None:
    alert = brief(subject=HOSTILE, title=HOSTILE, text=HOSTILE, acknowledged_by=HOSTILE)
    raw = letter(
        notice(alert, environment="p\r\nBcc: a@evil.example", remark=HOSTILE, channel="x\r\nTo: y")
    ).as_bytes()

    head, _, _ = raw.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert b"Bcc" not in names
    assert names.count(b"To") == 1
    assert len(letter(notice(alert, environment=HOSTILE * 9))["Subject"]) <= 120
    assert b"text/html" not in raw


@pytest.mark.parametrize(
    ("sender", "domain"),
    [("a@b.example", "b.example"), ("A <a@b.example>", "b.example"), ("a", NO_DOMAIN), ("a@<x", NO_DOMAIN)],
)
def test_ids_end_in_the_senders_domain(sender: str, domain: str) -> None:
    assert domain_of(sender) == domain


async def test_a_mail_that_some_refuse_is_delivered_and_says_who() -> None:
    async with MailServer({TO[1]: "550 no such box"}) as server:
        (receipt,) = await mailed(server, notice())

    assert receipt.verdict is Verdict.DELIVERED
    assert receipt.answer == "taken for 2 of 3; refused: bob@team.example (550 no such box)"
    assert server.mails[0].rcpt_tos == [TO[0], TO[2]]


async def test_a_busy_box_is_tried_again_alone() -> None:
    async with MailServer({TO[1]: "450 busy"}) as server, notifiers(Keys({})) as made:
        settings = {"sender": "h@ops.example", "recipients": TO, "security": MailSecurity.NONE}
        transport = made(channel(ChannelKind.EMAIL, "127.0.0.1", port=server.port, **settings))
        first = await transport.deliver(notice(attempts=1))
        server.answers.clear()
        second = await transport.deliver(notice(attempts=2))

    assert (first.verdict, first.status) == (Verdict.RETRY, 450)
    assert (second.verdict, second.answer) == (Verdict.DELIVERED, "taken for all 3")
    assert [mail.rcpt_tos for mail in server.mails] == [[TO[0], TO[2]], [TO[1]]]


async def test_after_three_attempts_a_busy_box_counts_as_left_out() -> None:
    async with MailServer({TO[1]: "450 busy"}) as server:
        receipts = await mailed(server, *(notice(attempts=n) for n in (1, 2, 3)))

    assert [receipt.verdict for receipt in receipts[:2]] == [Verdict.RETRY, Verdict.RETRY]
    assert len(server.mails) == 1
    assert receipts[2].verdict is Verdict.RETRY  # nobody at all took that attempt


@pytest.mark.parametrize(
    ("answers", "data", "verdict", "status", "at_fault"),
    [
        (dict.fromkeys(TO, "550 no such box"), "250 OK", Verdict.REFUSED, 550, True),
        (dict.fromkeys(TO, "451 later"), "250 OK", Verdict.RETRY, 451, False),
        ({}, "451 disk full", Verdict.RETRY, 451, False),
        ({}, "554 looks like spam", Verdict.REFUSED, 554, False),
    ],
)
async def test_4xx_is_not_now_and_5xx_is_never(
    answers: dict[str, str],
    data: str,
    verdict: Verdict,
    status: int,
    at_fault: bool,  # noqa: FBT001
) -> None:
    async with MailServer(answers, data) as server:
        (receipt,) = await mailed(server, notice())

    assert (receipt.verdict, receipt.status, receipt.is_channel_at_fault) == (verdict, status, at_fault)


Certificate = tuple[ssl.SSLContext, Callable[[], ssl.SSLContext]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The server's side of TLS, and what trusts it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command makes the test's certificate, and is not here")
    folder: Path = tmp_path_factory.mktemp("tls")
    key, signed = folder / "key.pem", folder / "cert.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    what = ("req", "-x509", *curve, "-days", "36500", "-subj", "/CN=localhost")
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([openssl, *what, *names, "-keyout", key, "-out", signed], check=True, capture_output=True)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(signed, key)
    return own, lambda: ssl.create_default_context(cafile=str(signed))


@pytest.mark.parametrize(("security", "is_first"), [(MailSecurity.STARTTLS, False), (MailSecurity.TLS, True)])
async def test_an_account_is_told_its_password_over_tls(
    certificate: Certificate,
    security: MailSecurity,
    is_first: bool,  # noqa: FBT001
) -> None:
    own, trusting = certificate
    async with MailServer(tls=own, login=("hive", SECRET), is_tls_from_the_start=is_first) as server:
        account = {"user": "hive", "secret": "env:PASSWORD", "security": security}
        (receipt,) = await mailed(server, notice(), trusting=trusting, **account)

    assert receipt.verdict is Verdict.DELIVERED
    assert server.logins


async def test_a_wrong_password_is_the_channels_fault_and_is_not_told(certificate: Certificate) -> None:
    own, trusting = certificate
    async with MailServer(tls=own, login=("hive", "another")) as server:
        account = {"user": "hive", "secret": "env:PASSWORD", "security": MailSecurity.STARTTLS}
        (receipt,) = await mailed(server, notice(), trusting=trusting, **account)

    assert (receipt.verdict, receipt.status, receipt.is_channel_at_fault) == (Verdict.REFUSED, 535, True)
    assert receipt.answer.startswith("login refused: ")
    assert SECRET not in receipt.answer


@pytest.mark.parametrize("security", [MailSecurity.STARTTLS, MailSecurity.TLS])
async def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    certificate: Certificate, security: MailSecurity
) -> None:
    said: list[bytes] = []
    is_over = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if security is MailSecurity.STARTTLS:
            writer.write(b"220 mail.example\r\n")
            said.append(await reader.readline())
            writer.write(b"250-mail.example\r\n250 STARTTLS\r\n")
            said.append(await reader.readline())
            writer.write(b"220 go ahead\r\n")
        with suppress(OSError):
            await writer.start_tls(certificate[0])
            said.append(await reader.readline())
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        is_over.set()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as odd:
        server = MailServer(port=odd.sockets[0].getsockname()[1])
        (receipt,) = await mailed(server, notice(), security=security)
        await is_over.wait()

    assert receipt == Receipt(verdict=Verdict.RETRY, answer="the server's certificate is not trusted")
    assert not [line for line in said if b"MAIL" in line]


async def test_without_starttls_nothing_is_said() -> None:
    async with MailServer() as server:
        (receipt,) = await mailed(server, notice(), security=MailSecurity.STARTTLS)

    assert (receipt.verdict, receipt.is_channel_at_fault) == (Verdict.REFUSED, True)
    assert "STARTTLS" in receipt.answer
    assert not server.mails


async def test_only_this_machine_is_called_without_tls() -> None:
    async with notifiers() as made:
        settings = {"security": MailSecurity.NONE, "sender": "a@b.example", "recipients": TO}
        receipt = await made(channel(ChannelKind.EMAIL, "mail.example", **settings)).deliver(notice())

    assert (receipt.is_channel_at_fault, receipt.answer) == (
        True,
        "without starttls or tls only this machine is called",
    )


@pytest.mark.parametrize(
    ("sender", "recipients"),
    [
        ("", TO),
        ("nobody", TO),
        ("a@b.example", ()),
        ("a@b.example", ("no address",)),
        ("é@b.example", TO),
        ("a@b@c", TO),
        ("a@[", TO),
    ],
)
async def test_what_is_no_address_is_the_channels_fault(sender: str, recipients: tuple[str, ...]) -> None:
    async with MailServer() as server:
        (receipt,) = await mailed(server, notice(), sender=sender, recipients=recipients)

    assert (receipt.verdict, receipt.is_channel_at_fault) == (Verdict.REFUSED, True)
    assert not server.mails


async def test_a_server_that_says_nothing_costs_the_channels_timeout() -> None:
    async with Upstream(Exchange.hang) as silent:
        (receipt,) = await mailed(MailServer(port=silent.port), notice(), timeout=0.1)

    assert receipt == Receipt(verdict=Verdict.RETRY, answer="no answer within 0.1 s")


@pytest.mark.parametrize(
    ("greeting", "verdict"),
    [
        (b"421 too busy\r\n", Verdict.RETRY),
        (b"554 go away\r\n", Verdict.REFUSED),
        (b"", Verdict.RETRY),
        (b"\xff\xff\r\n", Verdict.RETRY),
    ],
)
async def test_whatever_greets_us_is_a_receipt(greeting: bytes, verdict: Verdict) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as odd:
        server = MailServer(port=odd.sockets[0].getsockname()[1])
        (receipt,) = await mailed(server, notice())

    assert receipt.verdict is verdict


async def test_nobody_at_home_is_tried_again_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = MailServer(port=taken.getsockname()[1])
    (receipt,) = await mailed(server, notice())

    assert receipt == Receipt(verdict=Verdict.RETRY, answer="connection refused")


@pytest.mark.parametrize(
    "host",
    ["10.0.0.5", "169.254.169.254", "0x7f.1", "inside.example", "localhost.", "[", "fd00::1", "::ffff:127.0.0.1"],
)
async def test_a_mail_server_that_the_settings_do_not_allow_is_not_called(host: str) -> None:
    with pytest.raises(Unreachable) as raised:
        await dial(host, 25, EndpointRules(), Names(["127.0.0.1"]))

    assert raised.value.is_forbidden
    assert host not in raised.value.why


async def test_a_name_leads_on_when_its_first_address_is_dead() -> None:
    async with MailServer() as server:
        opened = await dial(
            "mail.internal", server.port, EndpointRules(["127.0.0.0/8"]), Names(["127.0.0.2", "127.0.0.1"])
        )
        opened.close()
    with pytest.raises(Unreachable, match="no address"):
        await dial("mail.internal", 25, EndpointRules(), Names([]))


async def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    class Unknown(Names):
        async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> Any:
            raise OSError(None, "no such name")

    with pytest.raises(Unreachable, match="cannot be resolved") as raised:
        await dial("mail.example", 25, EndpointRules(), Unknown())

    assert not raised.value.is_forbidden
