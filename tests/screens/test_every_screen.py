"""What is true of every screen and dialog: it obeys no text, fits its terminal, and sends what was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.screen import Screen

from hive_console.ui.app import HiveApp
from hive_console.ui.keymap import _owners
from hive_console.ui.look import Look
from hive_console.ui.review_app import ReviewApp
from hive_console.ui.terminal import Depth
from tests.screens import posted
from tests.screens.alert_scenes import busy, told
from tests.screens.eyesight import drawn_contrast
from tests.screens.poison import HostileClient
from tests.screens.posted import NOW, FakeClient
from tests.screens.recorded import SGR, Recording, orders_in, recording
from tests.screens.tour import dialogs, tour

READABLE = 4.5
"""WCAG 2.1 AA for text."""

INKS_OF_SIXTEEN = {*range(30, 38), *range(90, 98), 40, *range(100, 108)}
"""Numbers that sixteen colours are sent as: inks, the black ground, and the light ground of a button."""

WAYS = {0, 1, 2, 3, 4, 7, 9, 22, 23, 24, 27, 29}
"""Numbers of no colour: bold, dim, italic, lines, reverse, and their ends."""


@pytest.fixture
def terminals(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Recording]]:
    with recording(monkeypatch) as made:
        yield made


def console(client: FakeClient, look: Look | None = None) -> HiveApp:
    return HiveApp(client, now=lambda: NOW, zone=UTC, look=look or Look())


@pytest.mark.parametrize(("offset", "theme"), [(0, "hive-dark"), (8, "hive-light")])
async def test_no_text_orders_the_terminal_about_and_all_can_be_read(
    terminals: list[Recording], offset: int, theme: str
) -> None:
    client = HostileClient(offset)
    app = console(client, Look(theme=theme))
    async with app.run_test(size=(100, 40), notifications=True) as pilot:
        async for stop in tour(app, pilot, client):
            app.theme = theme
            await pilot.pause()
            told = told_to(app, terminals[0])
            assert told, stop
            assert unreadable(app) == set(), stop
            assert orders_in(told) == [], stop
            for line in drawn(app):
                assert sum(cell_len(segment.text) for segment in line) == app.size.width, (stop, line)
            assert not [style for style in styles_of(app) if style.link or "@click" in style.meta], stop
        assert app.is_running


async def test_a_terminal_without_unicode_and_colour_gets_no_byte_of_either(terminals: list[Recording]) -> None:
    client = HostileClient()
    app = console(client, Look(is_ascii=True, no_color=True))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        async for stop in tour(app, pilot, client):  # goes through the themes, too
            told = told_to(app, terminals[0])
            assert {sign for sign in told if not sign.isascii()} == set(), stop
            assert numbers_in(told) <= WAYS, stop


async def test_a_terminal_of_sixteen_colours_is_sent_no_others(terminals: list[Recording]) -> None:
    client = FakeClient(busy(), (*posted.incident_events(), *told()))
    app = console(client, Look(theme="hive-16", depth=Depth.SIXTEEN))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        async for stop in tour(app, pilot, client):
            app.theme = "hive-16"
            await pilot.pause()
            assert numbers_in(told_to(app, terminals[0])) <= WAYS | INKS_OF_SIXTEEN, stop
            assert unreadable(app) == set(), stop
            assert not [style for style in styles_of(app) if style.color is None or style.bgcolor is None], stop


def drawn(app: HiveApp) -> list[list[Segment]]:
    """The lines of the screen in front, as they go to the terminal."""
    return [list(strip) for strip in app.screen._compositor.render_strips()]


def told_to(app: HiveApp, terminal: Recording) -> str:
    """What the terminal was told since the last look, title included."""
    app.call_for_attention()
    told = "".join(terminal.told)
    terminal.told.clear()
    return told


def numbers_in(told: str) -> set[int]:
    """The numbers of all colours and ways of writing."""
    return {int(number or 0) for sequence in SGR.findall(told) for number in sequence.split(";")}


def styles_of(app: HiveApp) -> list[Style]:
    return [segment.style for line in drawn(app) for segment in line if segment.style is not None]


def unreadable(app: HiveApp) -> set[tuple[str, str]]:
    """Texts, with their styles, that are hard to tell from their ground."""
    return {
        (segment.text.strip(), str(segment.style))
        for line in drawn(app)
        for segment in line
        if segment.style is not None and segment.text.strip() and drawn_contrast(segment.style) < READABLE
    }


def test_the_tour_leaves_no_screen_out() -> None:
    shown = {type(dialog) for dialog in dialogs(FakeClient(busy()))}
    places = {"FleetScreen", "AlertsScreen", "TimelineScreen", "RoutesScreen", "AuditScreen"}
    elsewhere = places | {"ModelScreen", "DetailsScreen", "AlertScreen", "HelpScreen", "HivePalette", "JumpDialog"}
    """Shown by keys; the last one in a review only."""

    ours = {owner for owner in _owners() if issubclass(owner, Screen)}

    assert {owner.__name__ for owner in ours - shown} == elsewhere
    assert ReviewApp in _owners()
