"""Leaving the console: a guest just goes, the engine's own process asks, and a stop is typed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core.command import CommandResult
from hive_console.core.snapshot import ConsoleView
from hive_console.ui.app import QUIT, HiveApp
from hive_console.ui.company import company_of
from hive_console.ui.deed_dialog import DeedDialog
from hive_console.ui.place_line import place_line
from hive_console.ui.quit_dialog import QuitDialog, Way
from hive_console.ui.stop_dialog import StopDialog
from hive_console.ui.title import sentence, title_pieces
from hive_console.ui.way_out import Tie
from hive_widgets.glyphs import Role
from tests.screens.posted import NOW, FakeClient, healthy, incident
from tests.screens.stage import FOREVER, Stage, staged

ANN = ConsoleView("ann", "tty pts/3", 1.0)
MARIA = ConsoleView("maria", "ssh 10.0.0.5", 2.0, is_read_only=True)
TROUBLE = "NO CONNECTION to the engine for 12 s: what stands below is old."


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds off for a moment only."""
    for dialog in (DeedDialog, QuitDialog):
        monkeypatch.setattr(dialog, "hold_off", 0.01)


async def asked_to_quit(stage: Stage) -> QuitDialog:
    """The question, once an answer counts."""
    await stage.press("q")
    dialog = stage.app.screen
    assert isinstance(dialog, QuitDialog)
    await stage.until(lambda: dialog.is_ready)
    return dialog


async def test_a_guest_leaves_with_one_key_and_stops_nothing() -> None:
    async with staged(FakeClient(incident()), tie=Tie.GUEST) as stage:
        await stage.press("q")

        assert stage.app.is_left
        assert stage.client.stopped == []


async def test_the_engines_own_screen_asks_and_stays_by_default() -> None:
    async with staged(FakeClient(incident()), tie=Tie.HOUSE) as stage:
        await asked_to_quit(stage)
        shown = stage.shown
        await stage.press("enter")

        assert "The engine watches 12 models" in shown
        assert "lose their gateway when it stops" in " ".join(shown.replace("│", " ").split())
        assert not isinstance(stage.app.screen, QuitDialog)
        assert not stage.app.is_left
        assert stage.app.return_code is None


async def test_who_else_looks_at_the_engine_is_said_before_it_is_stopped() -> None:
    client = FakeClient(replace(incident(), consoles=(ANN, MARIA)))
    client.session = ANN.since
    async with staged(client, tie=Tie.HOUSE) as stage:
        await asked_to_quit(stage)

        assert "Others look at it now: maria RO." in " ".join(stage.shown.replace("│", " ").split())


async def test_quitting_a_demo_says_that_it_ends() -> None:
    async with staged(FakeClient(replace(healthy(), environment="demo"))) as stage:
        await stage.press("q")

        assert "Quit ends the demo" in stage.shown


async def test_a_screen_can_be_left_to_its_engine() -> None:
    async with staged(FakeClient(incident()), tie=Tie.HOUSE) as stage:
        await asked_to_quit(stage)
        await stage.press("down", "enter")

        assert stage.app.is_left
        assert stage.client.stopped == []


async def test_the_engines_own_screen_can_stop_it_and_the_trail_hears_of_it() -> None:
    async with staged(FakeClient(incident()), tie=Tie.HOUSE) as stage:
        await asked_to_quit(stage)
        await stage.press("down", "down", "enter")
        await stage.until(lambda: stage.app.return_code is not None)

        assert not stage.app.is_left
        assert stage.client.stopped == [QUIT]


async def test_keys_typed_ahead_choose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuitDialog, "hold_off", FOREVER)
    async with staged(FakeClient(healthy()), tie=Tie.HOUSE) as stage:
        await stage.press("q", "down", "down", "enter", "up", "enter")

        assert isinstance(stage.app.screen, QuitDialog)
        assert stage.client.stopped == []


async def test_escape_stays() -> None:
    async with staged(FakeClient(healthy()), tie=Tie.HOUSE) as stage:
        await stage.press("q", "escape")

        assert not isinstance(stage.app.screen, QuitDialog)
        assert stage.app.return_code is None


def test_every_way_out_has_words() -> None:
    assert [choice.name for choice in QuitDialog(healthy()).choices()] == [way.value for way in Way]


async def test_stopping_a_shared_engine_is_typed_and_names_who_loses_what() -> None:
    client = FakeClient(replace(incident(), consoles=(ANN, MARIA)))
    client.session = ANN.since
    client.result = CommandResult(is_done=True, message="the engine is stopping", action_id="a1")
    async with staged(client, tie=Tie.GUEST) as stage:
        stage.app.action_stop_engine()
        dialog = await stage.ready()
        assert isinstance(dialog, StopDialog)
        assert "others look at it now: maria RO" in dialog.text
        assert "lose their gateway" in dialog.text

        await stage.press("enter")  # past the reason, which is free
        await stage.press("enter")
        assert client.stopped == []
        await stage.write("stop")
        await stage.confirm()
        await stage.until(lambda: client.stopped == [""])

        await stage.until(lambda: "done" in dialog.text)
        await stage.press("escape")
        await stage.until(lambda: stage.app.has_stopped_engine)


async def test_nothing_is_stopped_that_cannot_be_reached() -> None:
    client = FakeClient(incident())
    client.trouble = TROUBLE
    async with staged(client, tie=Tie.GUEST) as stage:
        stage.app.action_stop_engine()
        await stage.pilot.pause()

        assert "NO CONNECTION" in stage.shown
        assert client.stopped == []


@pytest.mark.parametrize(("tie", "is_offered"), [(Tie.GUEST, True), (Tie.HOUSE, True), (Tie.SHARED_END, False)])
def test_the_palette_offers_to_stop_an_engine_that_outlives_its_screen(tie: Tie, *, is_offered: bool) -> None:
    app = HiveApp(FakeClient(healthy()), now=lambda: NOW, tie=tie)

    assert any(text.startswith("engine: stop it") for text, _ in app.offers()) == is_offered


# --- what a screen on another process's engine says ---


async def test_a_lost_engine_is_said_before_all_else_and_old_news_stay() -> None:
    client = FakeClient(incident())
    async with staged(client, tie=Tie.GUEST) as stage:
        client.trouble = TROUBLE
        await stage.until(lambda: "OLD" in stage.shown)

        assert TROUBLE in stage.shown
        assert "claude-4-sonnet" in stage.shown
        assert "LIVE" not in stage.shown


async def test_every_screen_says_that_what_it_shows_is_old() -> None:
    client = FakeClient(incident())
    client.trouble = TROUBLE
    async with staged(client) as stage:
        line = place_line(
            ("fleet", "alerts"), "", client.fleet, now=client.fleet.at + 1, zone=None, width=80, app=stage.app
        )

        assert "NO NEWS for 1 s" in "".join(piece.text for piece in line)


def test_trouble_goes_before_every_other_news_in_bold() -> None:
    said = sentence(incident(), NOW, trouble=TROUBLE)

    assert (said.text, said.role, said.is_bold) == (TROUBLE, Role.BAD, True)


def test_who_else_is_here_stands_in_the_title_and_oneself_does_not() -> None:
    fleet = replace(healthy(), consoles=(ANN, MARIA))

    title = "".join(piece.text for piece in title_pieces(fleet, NOW, width=120, session=ANN.since))

    assert title.endswith("also: maria RO")


def test_where_the_title_is_short_the_others_are_counted() -> None:
    fleet = replace(healthy(), consoles=(ANN, MARIA))
    room = len("".join(piece.text for piece in title_pieces(healthy(), NOW, width=120)))

    title = "".join(piece.text for piece in title_pieces(fleet, NOW, width=room + 6, session=ANN.since))

    assert title.endswith("+1")


def test_one_who_is_alone_is_told_nothing() -> None:
    assert company_of(replace(healthy(), consoles=(ANN,)), ANN.since) is None
    assert company_of(healthy(), 0.0) is None


def test_many_are_named_in_part_and_none_at_any_length() -> None:
    consoles = (replace(MARIA, actor="m" * 80), ANN, replace(ANN, since=3.0), replace(ANN, since=4.0))

    company = company_of(replace(healthy(), consoles=consoles), 9.0)

    assert company is not None
    assert company[0].text == f"also: {'m' * 11}… RO, ann +2"
    assert company[1].text == "+4"
