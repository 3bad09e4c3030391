"""apprise is an extra: where it is missing the receipt says how to get it; it holds up nobody."""

from __future__ import annotations

import asyncio
import sys
import threading
from types import ModuleType
from typing import Any

import pytest

from hive_console.adapters.notifiers.apprise import MISSING
from hive_console.core.alert_settings import ChannelKind
from hive_console.core.notifying.notice import Receipt, Verdict
from hive_console.core.states import NoticeKind
from tests.adapters.notices import HOSTILE, brief, channel, notice, notifiers, over
from tests.adapters.upstream import Keys

URL = "service://token-5e0d77aa/room"


class Library(ModuleType):
    """As much of the library as is used; the real one takes 270 ms and 45 MB to load."""

    def __init__(self, *, knows: bool = True, takes: bool = True, error: Exception | None = None) -> None:
        super().__init__("apprise")
        self.told: list[dict[str, Any]] = []  # keyword arguments of any type
        self.threads: list[str] = []
        self.hold: threading.Event | None = None
        library = self

        class Apprise:
            def add(self, url: str) -> bool:
                return knows and url == URL

            def notify(self, **told: Any) -> bool:  # keyword arguments of any type
                library.told.append(told)
                library.threads.append(threading.current_thread().name)
                if library.hold is not None:
                    library.hold.wait(20)
                if error is not None:
                    raise error
                return takes

        self.Apprise = Apprise


async def told(library: Library | None, monkeypatch: pytest.MonkeyPatch, said: Any = None) -> Receipt:  # a notice
    monkeypatch.setitem(sys.modules, "apprise", library)
    async with notifiers(Keys({"env:URL": URL})) as made:
        transport = made(channel(ChannelKind.APPRISE, "env:URL"))
        receipt = await transport.deliver(said or notice())
        assert await transport.refresh((brief(),)) is None
        await transport.close()
        await transport.close()
    return receipt


async def test_where_it_is_missing_the_receipt_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = await told(None, monkeypatch)

    assert receipt == Receipt(verdict=Verdict.REFUSED, answer=MISSING, is_channel_at_fault=True)
    assert 'pip install "hive-console[apprise]"' in MISSING


async def test_a_yes_is_a_delivery_on_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    receipt = await told(library, monkeypatch)

    assert receipt.verdict is Verdict.DELIVERED
    assert library.threads[0].startswith("apprise")
    assert library.told[0]["title"] == "[prod] ✖ CRITICAL: model unavailable: gpt_4"
    assert (library.told[0]["notify_type"], library.told[0]["body_format"]) == ("failure", "text")
    assert "To take it: hive-console alerts ack A12" in library.told[0]["body"]


@pytest.mark.parametrize(
    ("library", "verdict", "at_fault"),
    [
        (Library(takes=False), Verdict.RETRY, False),
        (Library(knows=False), Verdict.REFUSED, True),
        (Library(error=RuntimeError(URL)), Verdict.RETRY, False),
    ],
)
async def test_no_and_a_broken_plugin_are_receipts_without_the_address(
    monkeypatch: pytest.MonkeyPatch,
    library: Library,
    verdict: Verdict,
    at_fault: bool,  # noqa: FBT001
) -> None:
    receipt = await told(library, monkeypatch)

    assert (receipt.verdict, receipt.is_channel_at_fault) == (verdict, at_fault)
    assert "5e0d77aa" not in receipt.answer


async def test_what_is_over_is_a_success_and_hostile_words_stay_on_their_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = Library()
    await told(library, monkeypatch, notice(over(text=HOSTILE), kind=NoticeKind.RESOLVED))

    assert library.told[0]["notify_type"] == "success"
    assert all(line.isprintable() for line in library.told[0]["body"].split("\n"))


async def test_one_that_hangs_holds_up_nobody_and_no_second_one_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    library.hold = threading.Event()
    monkeypatch.setitem(sys.modules, "apprise", library)
    async with notifiers(Keys({"env:URL": URL})) as made:
        transport = made(channel(ChannelKind.APPRISE, "env:URL", timeout=0.1))
        first, second = await transport.deliver(notice()), await transport.deliver(notice())
        library.hold.set()
        await transport.close()

    assert (first.answer, second.answer) == (
        "no answer within 0.1 s",
        "the attempt before this one has not ended yet",
    )
    assert len(library.told) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the library's own
async def test_the_real_library_is_spoken_to_as_it_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pytest.importorskip("apprise", reason="the extra hive-console[apprise] is not installed")
    heard: list[tuple[str, str]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length")
        )
        heard.append((head.partition(" ")[0], (await reader.readexactly(int(length))).decode()))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        address = f"json://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        async with notifiers(Keys({"env:URL": address})) as made:
            transport = made(channel(ChannelKind.APPRISE, "env:URL"))
            receipt = await transport.deliver(notice())
            await transport.close()

    assert receipt.verdict is Verdict.DELIVERED
    assert real.__name__ == "apprise"
    assert heard[0][0] == "POST"
    assert "model unavailable" in heard[0][1]
