"""The fleet screen under hostile text and hostile sizes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.snapshot import FleetSnapshot, HoldView, RecorderView
from hive_console.core.states import HoldKind
from hive_console.ui.app import HiveApp
from tests.screens import posted
from tests.screens.looking import (
    Console,
    rows,
    typed,
)
from tests.screens.posted import NOW, FakeClient

HOSTILE = [
    "\x1b]52;c;ZWNobyBwd25lZA==\x07",
    "\x1b]0;PWNED\x07",
    "\x1b[2J\x1b[1;1HFAKE OK",
    "\x9b2J",
    "\x1bP$q\x1b\\\x1b[6n",
    "\u202egnp.exe\u2066a\u200bb" + "\u0301" * 50 + "\x00",
    "ok\r\nAUDIT admin reset",
    "[/",
    "[/b] plan",
    '[type=x, v={"a[0]"}]',
    "[TODO] Q3",
    "[@click=app.quit]x[/]",
]


def hostile_fleet() -> FleetSnapshot:
    """A payload in every text a snapshot has, and each payload as a model."""
    fleet = posted.incident()
    bad = tuple(
        replace(
            posted.down_model(),
            model_id=payload,
            provider=payload,
            status_cause=payload,
            fault=payload,
            pinned_to=payload,
            serving=payload,
            fallbacks=(payload,),
            last_error=payload,
        )
        for payload in HOSTILE
    )
    return replace(
        fleet,
        models=(*bad, *fleet.models),
        environment=HOSTILE[0],
        recorder=RecorderView(error=HOSTILE[1]),
        alerts=tuple(posted.alert(f"al-{text}", text=text, subject=text, acknowledged_by=text) for text in HOSTILE),
        gateway=HOSTILE[2],
        undo_text=HOSTILE[3],
        holds=tuple(HoldView(HoldKind.PINNED, text, text, NOW, NOW + 9, text, text) for text in HOSTILE),
    )


def drawn_by(app: HiveApp) -> str:
    """Every character that any widget of the screen in front draws."""
    return "".join(
        segment.text
        for widget in app.screen.query("*")
        for y in range(widget.size.height)
        for segment in widget.render_line(y)
        if not segment.control
    )


@pytest.mark.parametrize("size", [(80, 24), (140, 60), (200, 60)])
async def test_hostile_text_is_inert_everywhere(console: Console, size: tuple[int, int]) -> None:
    events = tuple(e.ServiceFailed(at=NOW, service=payload, message=payload) for payload in HOSTILE)
    app = console(FakeClient(hostile_fleet(), events))
    async with app.run_test(size=size) as pilot:
        for key in ("j", "colon", "q", "question_mark", "x", "t", "2"):
            await typed(pilot, key)
            assert drawn_by(app).isprintable(), key
            app.action_show_fleet()

        assert app.is_running


async def test_brackets_in_names_are_shown_as_they_are(console: Console) -> None:
    app = console(FakeClient(hostile_fleet()))
    async with app.run_test(size=(140, 60)) as pilot:
        await pilot.pause()

        assert any("[TODO] Q3" in row for row in rows(app))


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (20, 5), (40, 10), (120, 40), (300, 100)])
async def test_any_size_of_terminal_is_survived(console: Console, size: tuple[int, int]) -> None:
    app = console(FakeClient(posted.incident(), posted.incident_events()))
    async with app.run_test(size=size) as pilot:
        await typed(pilot, "j", "tab", "plus", "plus", "question_mark", "escape")

        assert app.is_running
