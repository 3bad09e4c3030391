"""Going between the screens: one grammar, one of each, and a way back."""

from __future__ import annotations

from typing import Any

import pytest
from textual.screen import Screen

from hive_console.ui.app import HiveApp
from hive_console.ui.help_screen import HelpScreen
from hive_console.ui.key_bar import key_hints
from tests.screens.evening_events import told
from tests.screens.posted import FakeClient, incident
from tests.screens.reviewed import reviewed
from tests.screens.stage import staged

PLACES = {"2": "AlertsScreen", "3": "TimelineScreen", "4": "RoutesScreen", "5": "AuditScreen"}


def names(app: HiveApp) -> list[str]:
    return [type(screen).__name__ for screen in app.screen_stack]


async def test_every_place_is_one_key_away_from_every_other_and_escape_leads_to_the_fleet() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        for key in (*PLACES, *reversed(PLACES)):
            await stage.press(key)
            assert names(stage.app) == ["FleetScreen", PLACES[key]]
        await stage.press("escape")
        assert names(stage.app) == ["FleetScreen"]


async def test_going_round_leaves_one_of_each() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        first: dict[str, Screen[Any]] = {}  # Any: whatever it answers
        for turn in range(12):
            for key in PLACES:
                await stage.press(key)
                assert first.setdefault(key, stage.app.screen) is stage.app.screen, turn
            await stage.press("1")

        screens = [node for node in stage.app._registry if type(node).__name__ in PLACES.values()]
        assert len(screens) == len(PLACES)


async def test_a_place_is_found_as_it_was_left() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        await stage.press("4", "j", "j", "5", "4")

        assert "›▲ LAST ONE deepseek-v3" in stage.shown


@pytest.mark.parametrize("key", [*PLACES])
async def test_an_exclamation_mark_leads_to_the_worst_model_from_everywhere(key: str) -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        await stage.press("G", key, "exclamation_mark")

        assert names(stage.app) == ["FleetScreen"]
        assert "› ✖ claude-4-sonnet" in stage.shown or "›✖ claude-4-sonnet" in stage.shown


@pytest.mark.parametrize("key", [*PLACES])
async def test_each_place_has_its_keys_below_and_help_from_them(key: str) -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        await stage.press(key)
        shown = stage.shown.splitlines()[-1]
        assert "? help" in shown
        assert "/ filter" in shown
        assert f"fleet › {PLACES[key].removesuffix('Screen').lower()}" in stage.shown
        hints = [word for _, word, _ in key_hints(stage.app, stage.app.screen, shown_only=False)]
        await stage.press("question_mark")

        assert isinstance(stage.app.screen, HelpScreen)
        assert {"back", "filter", "timeline", "routes", "audit"} <= set(hints)


async def test_a_read_only_console_says_why_a_key_does_nothing() -> None:
    async with staged(FakeClient(incident(), told()), read_only=True) as stage:
        for key in ("3", "4", "5"):
            await stage.press(key, "u")
            assert "this console is read-only" in stage.shown


async def test_a_review_has_the_same_places() -> None:
    async with reviewed() as review:
        for key, name in PLACES.items():
            await review.press(key)
            assert names(review.app) == ["FleetScreen", name]
            assert "REVIEW" in review.shown
            assert "◆" in review.shown
        await review.press("escape")
        assert names(review.app) == ["FleetScreen"]


async def test_the_palette_knows_every_place() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        await stage.press("colon")
        await stage.write("routes: who")
        await stage.until(lambda: "routes: who serves whose traffic" in stage.shown)
