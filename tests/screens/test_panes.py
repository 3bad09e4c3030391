"""Panes: which stand where on which terminal, which has the focus, and how one is zoomed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from hive_console.ui.alerts_screen import AlertsScreen
from hive_console.ui.model_screen import ModelScreen
from hive_console.ui.pane_keys import PaneKeys
from hive_widgets.glyphs import Role
from hive_widgets.panes import ListPane, heading
from hive_widgets.pieces import Piece
from tests.screens import posted
from tests.screens.posted import NOW, FakeClient
from tests.screens.reviewed import reviewed
from tests.screens.stage import Stage, staged

FLEET_PANES = ("fleet", "side-charts", "inbox", "checks", "log", "about")
MODEL_PANES = ("charts", "breaker", "chain", "checks", "events")

SMALL, FLAT, TWO, THREE = (80, 24), (120, 24), (120, 40), (200, 60)


def client() -> FakeClient:
    return FakeClient(posted.held(), posted.model_events())


@asynccontextmanager
async def roomy(size: tuple[int, int], *, is_ascii: bool = False) -> AsyncIterator[Stage]:
    """A console with room for more panes than the first frame has, once they are there."""
    async with staged(client(), size=size, is_ascii=is_ascii) as stage:
        await stage.until(lambda: bool(on_top(stage).query("#about")))
        yield stage


def on_top(stage: Stage) -> PaneKeys:
    screen = stage.app.screen
    assert isinstance(screen, PaneKeys)
    return screen


def in_sight(screen: PaneKeys, names: tuple[str, ...]) -> set[str]:
    return {name for name in names for pane in screen.query(f"#{name}") if pane.display}


async def show_model(stage: Stage, name: str = "claude-4-sonnet") -> ModelScreen:
    screen = ModelScreen(stage.client, name, lambda: stage.clock[0])
    stage.push(screen)
    await stage.pilot.pause()
    await stage.pilot.pause()
    return screen


@pytest.mark.parametrize(
    ("size", "names"),
    [
        ((20, 5), {"fleet"}),
        (SMALL, {"fleet", "log"}),
        (FLAT, {"fleet", "inbox", "log"}),
        (TWO, {"fleet", "side-charts", "inbox", "log"}),
        (THREE, set(FLEET_PANES)),
    ],
)
async def test_the_fleet_has_as_many_panes_as_there_is_room_for(size: tuple[int, int], names: set[str]) -> None:
    async with staged(client(), size=size) as stage:
        screen = on_top(stage)
        await stage.until(lambda: in_sight(screen, FLEET_PANES) == names)

        assert {pane.id for pane in screen.panes()} == names


@pytest.mark.parametrize(
    ("size", "names"),
    [((40, 10), {"checks"}), (SMALL, {"charts", "checks"}), (TWO, set(MODEL_PANES)), (THREE, set(MODEL_PANES))],
)
async def test_a_model_has_as_many_panes_as_there_is_room_for(size: tuple[int, int], names: set[str]) -> None:
    async with staged(client(), size=size) as stage:
        assert in_sight(await show_model(stage), MODEL_PANES) == names


async def test_tab_goes_round_the_panes_and_each_says_that_it_has_the_focus() -> None:
    async with roomy(TWO) as stage:
        seen = []
        for _ in range(5):
            seen.append(on_top(stage).current_pane)
            await stage.press("tab")
        focused = stage.app.focused

        assert seen == ["fleet", "side-charts", "inbox", "log", "fleet"]
        assert focused is not None
        assert focused.id == "side-charts"
        await stage.until(lambda: "▌━ charts" in stage.shown)


async def test_back_tab_goes_the_other_way() -> None:
    async with staged(client()) as stage:
        await stage.press("shift+tab")

        assert on_top(stage).current_pane == "log"


async def test_a_small_terminal_reaches_every_pane_of_a_model_with_tab() -> None:
    async with staged(client()) as stage:
        screen = await show_model(stage)
        seen = set[str]()
        for _ in MODEL_PANES:
            await stage.press("tab")
            seen.add(screen.current_pane)
            assert screen.query_one(f"#{screen.current_pane}").display
            await stage.until(lambda: stage.app.focused is screen.query_one(f"#{screen.current_pane}"))

        assert seen == set(MODEL_PANES)
        assert screen.current_pane == "checks"


async def test_a_zoomed_pane_has_all_of_the_body_and_comes_back() -> None:
    async with roomy(TWO) as stage:
        await stage.press("tab", "tab", "plus")
        zoomed = in_sight(on_top(stage), FLEET_PANES)
        width = on_top(stage).query_one("#inbox").size.width
        await stage.press("underscore")

        assert zoomed == {"inbox"}
        assert width == 120
        assert in_sight(on_top(stage), FLEET_PANES) == {"fleet", "side-charts", "inbox", "log"}


async def test_escape_leaves_the_zoom_before_anything_else() -> None:
    async with staged(client()) as stage:
        screen = await show_model(stage)
        await stage.press("plus", "escape")
        is_still_there = stage.app.screen is screen
        await stage.press("escape")

        assert is_still_there
        assert stage.app.screen is not screen


async def test_tab_changes_the_pane_that_is_zoomed() -> None:
    async with staged(client()) as stage:
        screen = await show_model(stage)
        await stage.press("plus", "tab")

        assert in_sight(screen, MODEL_PANES) == {"events"}


async def test_what_is_zoomed_to_a_whole_chain_shows_all_of_each_link() -> None:
    async with staged(client()) as stage:
        await show_model(stage, "claude-4-opus")
        await stage.press("shift+tab", "plus")

        assert "═► 2 gpt-5" in stage.shown
        assert "8/10 serving" in stage.shown
        assert "pinned → gpt-5 by maria, 12:30 left  since 17 m ago  “INC-4412”" in stage.shown


async def test_a_pane_that_a_smaller_terminal_has_no_room_for_loses_the_focus_to_the_table() -> None:
    async with roomy(TWO) as stage:
        await stage.press("tab")
        await stage.pilot.resize_terminal(*SMALL)
        await stage.pilot.pause()

        assert on_top(stage).current_pane == "fleet"


async def test_a_long_pane_scrolls_and_says_which_lines_are_in_sight() -> None:
    async with staged(client()) as stage:
        screen = await show_model(stage)
        pane = screen.query_one("#checks", ListPane)
        await stage.until(lambda: pane.text.startswith("▌"))
        first = pane.text
        await stage.press("G")
        last = pane.text
        await stage.press("g")

        assert "1-5 of 9" in first
        assert "5-9 of 9" in last
        assert "●" in last
        assert pane.text == first


async def test_a_log_begins_at_its_end() -> None:
    async with staged(client()) as stage:
        await stage.press("tab")
        log = on_top(stage).query_one("#log", ListPane)
        at_end = log.text
        await stage.press("k", "k")

        assert "still down" in at_end
        assert log.text != at_end


async def test_enter_on_the_alerts_goes_to_them() -> None:
    async with roomy(TWO) as stage:
        await stage.press("tab", "tab", "enter")

        assert isinstance(stage.app.screen, AlertsScreen)


async def test_a_click_means_a_pane() -> None:
    async with roomy(TWO) as stage:
        await stage.pilot.click("#inbox")
        await stage.pilot.pause()

        assert on_top(stage).current_pane == "inbox"


async def test_in_a_recording_plus_is_a_key_of_its_time_and_the_other_one_zooms() -> None:
    async with reviewed(size=(120, 40)) as review:
        screen = review.app.screen
        assert isinstance(screen, PaneKeys)
        step = review.past.step
        await review.press("minus")
        await review.until(lambda: review.past.step > step)
        await review.press("plus")
        await review.until(lambda: review.past.step == step)
        was_zoomed = screen.is_zoomed
        await review.press("underscore")

        assert not was_zoomed
        assert screen.is_zoomed


async def test_the_panes_beside_the_table_follow_the_cursor() -> None:
    async with roomy(THREE) as stage:
        await stage.until(lambda: "charts claude-4-sonnet" in stage.shown)
        await stage.press("j", "j")
        checks = on_top(stage).query_one("#checks", ListPane)

        await stage.until(lambda: "charts grok-3" in stage.shown)
        assert "no check or call" in checks.text


async def test_panes_out_of_sight_are_not_even_made_and_cost_no_drawing_later() -> None:
    async with staged(client(), size=SMALL) as stage:
        is_made_at_first = bool(on_top(stage).query("#about"))
        await stage.pilot.resize_terminal(*TWO)
        await stage.until(lambda: bool(on_top(stage).query("#about")))

        assert not is_made_at_first
        assert on_top(stage).query_one("#about", ListPane).everything == ""


async def test_a_terminal_without_unicode_has_headings_of_ascii() -> None:
    async with roomy(THREE, is_ascii=True) as stage:
        await stage.press("tab")

        await stage.until(lambda: ">= charts" in stage.shown)
        headings = [line for line in stage.shown.splitlines() if "checks and calls" in line]
        assert headings[0].isascii()


@pytest.mark.parametrize("width", [1, 5, 12, 40, 80])
def test_a_heading_fits_its_width_as_far_as_its_words_go(width: int) -> None:
    line = heading("log", width, is_focused=False, is_ascii=False, aside="tab: inbox", words="1-5 of 9")

    said = "".join(piece.text for piece in line)
    assert len(said) == max(width, len("── log 1-5 of 9 "))


def test_focus_is_told_by_more_than_color() -> None:
    calm, focused = (heading("log", 30, is_focused=is_so, is_ascii=False) for is_so in (False, True))

    assert "".join(piece.text for piece in calm) != "".join(piece.text for piece in focused)
    assert focused[0] == Piece("▌━ log ", Role.ACCENT, is_bold=True)


async def test_a_fleet_that_shrinks_and_grows_keeps_drawing() -> None:
    async with roomy(THREE) as stage:
        for size in (SMALL, (1, 1), (40, 10), TWO, (400, 200), THREE):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
            stage.client.post(replace(posted.held(), at=NOW + 1))
            await stage.press("j")

        assert in_sight(on_top(stage), FLEET_PANES) == set(FLEET_PANES)
