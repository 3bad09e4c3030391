"""Copies: to the clipboard of whatever terminal there is, and to a file, as harmless text."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from hive_console.core.snapshot import HoldView
from hive_console.core.states import EVERYTHING, HoldKind
from hive_console.ui.app import HiveApp
from hive_console.ui.copying import TEXT_LIMIT, clipboard_sequence, copied_words, harmless_text
from hive_console.ui.fleet_screen import FleetScreen
from hive_console.ui.look import Look
from tests.screens import posted
from tests.screens.looking import pane
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.poison import HostileClient
from tests.screens.posted import NOW, FakeClient
from tests.screens.recorded import Recording, orders_in, recording
from tests.screens.stage import PATIENCE

PLAIN = "\x1b]52;c;aGk=\x07"


@pytest.fixture
def terminals(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Recording]]:
    with recording(monkeypatch) as made:
        yield made


@pytest.mark.parametrize(
    ("environ", "sequence"),
    [
        ({"TERM": "xterm-256color"}, PLAIN),
        ({"TERM": "screen-256color", "TMUX": "/t,1,0"}, f"{PLAIN}\x1bPtmux;\x1b{PLAIN}\x1b\\"),
        ({"TERM": "tmux-256color"}, f"{PLAIN}\x1bPtmux;\x1b{PLAIN}\x1b\\"),
        ({"TERM": "screen", "STY": "1.pts"}, f"{PLAIN}\x1bP{PLAIN}\x1b\\"),
    ],
)
def test_a_text_finds_the_clipboard_through_what_stands_between(environ: dict[str, str], sequence: str) -> None:
    assert clipboard_sequence("hi", environ) == sequence


def test_screen_gets_pieces_that_it_does_not_drop() -> None:
    sequence = clipboard_sequence("x" * 5000, {"STY": "1"})
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", sequence, re.DOTALL)

    assert max(map(len, pieces)) < 768
    assert "".join(pieces) == clipboard_sequence("x" * 5000, {})


def test_what_is_too_long_is_not_sent_at_all_and_the_person_is_told() -> None:
    assert clipboard_sequence("x" * TEXT_LIMIT, {})
    assert clipboard_sequence("x" * (TEXT_LIMIT + 1), {}) == ""
    assert "too long" in copied_words("the incident", is_sent=False, kept="also in /x")
    assert "/x" in copied_words("the incident", is_sent=False, kept="also in /x")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_is_pasted_orders_anything(payload: str) -> None:
    assert controls_in(harmless_text(f"a\n{payload}")) == set()


def copied(told: str) -> list[str]:
    return [base64.b64decode(text).decode() for text in re.findall(r"\x1b\]52;c;([^\x07]*)\x07", told)]


async def until_said(app: HiveApp, pilot: Pilot[Any], words: str) -> str:  # as the library has it
    async with asyncio.timeout(PATIENCE):
        while words not in pane(app, "detail"):
            await pilot.pause()
    return pane(app, "detail")


async def test_y_copies_the_row_and_says_where_it_is(terminals: list[Recording]) -> None:
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return "/state/copy-1.txt"

    app = HiveApp(FakeClient(posted.incident()), now=lambda: NOW, look=Look(), keep_copy=keep)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.press("y")
        said = await until_said(app, pilot, "copied")

    assert "row copied" in said
    assert "/state/copy-1.txt" in said
    assert copied("".join(terminals[0].told)) == kept
    assert kept[0].startswith("claude-4-sonnet")
    assert "DOWN" in kept[0]
    assert "\n" not in kept[0]


async def test_capital_y_copies_the_incident(terminals: list[Recording]) -> None:
    hold = HoldView(HoldKind.SAFE_MODE, EVERYTHING, "maria", since=NOW - 60, until=NOW + 600, reason="INC-7")
    client = FakeClient(replace(posted.incident(), holds=(hold,)))
    app = HiveApp(client, now=lambda: NOW, look=Look())
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.press("Y")
        await until_said(app, pilot, "incident copied")

    (text,) = copied("".join(terminals[0].told))
    assert text.startswith("HIVE prod")
    held = "HELD  all models  safe mode by maria, 10:00 left  reason: INC-7"
    for expected in ("claude-4-sonnet", "deepseek-v3", "CRITICAL", held):
        assert expected in text


async def test_a_file_that_cannot_be_written_is_said(terminals: list[Recording]) -> None:
    def keep(_: str) -> str:
        raise PermissionError(13, "Permission denied")

    app = HiveApp(FakeClient(posted.incident()), now=lambda: NOW, look=Look(), keep_copy=keep)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.press("y")
        said = await until_said(app, pilot, "copied")

    assert "no file has it: Permission denied" in said
    assert copied("".join(terminals[0].told))


async def test_where_there_is_no_row_nothing_is_copied(terminals: list[Recording]) -> None:
    app = HiveApp(FakeClient(posted.healthy()), now=lambda: NOW, look=Look())
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.press("2", "y")  # an empty inbox

        assert copied("".join(terminals[0].told)) == []
        assert not isinstance(app.screen, FleetScreen)


async def test_hostile_rows_and_incidents_are_copied_harmless(terminals: list[Recording]) -> None:
    app = HiveApp(HostileClient(), now=lambda: NOW, look=Look())
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.press("y", "Y", "2", "y")

    told = "".join(terminals[0].told)
    assert len(copied(told)) == 3
    assert all(controls_in(text) == set() for text in copied(told))
    assert orders_in(told) == []
