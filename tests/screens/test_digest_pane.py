"""What was missed, on the fleet's screen: shown when it is known, put away with a key, in nobody's way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC

import pytest

from hive_console.core.errors import HiveError
from hive_console.ui.app import HiveApp
from hive_console.ui.digest_pane import DigestLook, DigestPane
from tests.screens.posted import NOW, FakeClient, healthy
from tests.screens.stage import Stage

LINES = ("Since you last looked 8 h ago: 1 outage: gpt-5 for 5 m, 2 h ago", "by hand: bob trip gpt-5 1 h ago")


def known(lines: tuple[str, ...] = LINES) -> Future[tuple[str, ...]]:
    future: Future[tuple[str, ...]] = Future()
    future.set_result(lines)
    return future


@asynccontextmanager
async def told(future: Future[tuple[str, ...]], size: tuple[int, int] = (80, 24)) -> AsyncIterator[Stage]:
    client = FakeClient(healthy())
    app = HiveApp(client, now=lambda: NOW, zone=UTC, digest=lambda: future)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Stage(client, app, pilot)


async def test_the_lines_stand_below_the_rows_until_escape() -> None:
    async with told(known()) as stage:
        await stage.until(lambda: LINES[0] in stage.shown)
        shown = stage.shown.splitlines()
        await stage.press("escape")
        await stage.until(lambda: LINES[0] not in stage.shown)

    place = next(number for number, line in enumerate(shown) if LINES[0] in line)
    assert shown[place].startswith(" esc: ")
    assert LINES[1] in shown[place + 1]
    assert any("gpt-5 " in line for line in shown[:place])


async def test_escape_puts_it_away_before_it_clears_the_filter() -> None:
    async with told(known()) as stage:
        await stage.until(lambda: LINES[0] in stage.shown)
        stage.app._fleet_screen.set_filter("gpt")
        await stage.press("escape")
        await stage.until(lambda: LINES[0] not in stage.shown)

        assert "[gpt]" in stage.shown


async def test_a_click_puts_it_away() -> None:
    async with told(known()) as stage:
        await stage.until(lambda: LINES[0] in stage.shown)
        await stage.pilot.click("#digest")
        await stage.until(lambda: LINES[0] not in stage.shown)


async def test_all_models_stay_in_sight_on_a_small_terminal() -> None:
    async with told(known((*LINES, "alerts still open: 1", "not known: 3 events lost"))) as stage:
        await stage.until(lambda: "not known: 3 events lost" in stage.shown)
        models = [model.model_id for model in stage.client.fleet.models]

        assert all(model in stage.shown for model in models)


async def test_a_tiny_terminal_keeps_its_rows_for_models() -> None:
    async with told(known(), size=(80, 16)) as stage:
        await stage.until(lambda: bool(stage.app._fleet_screen.query(DigestPane)))
        await stage.pilot.pause()

        assert LINES[0] not in stage.shown


async def test_what_is_hostile_is_shown_as_it_is() -> None:
    async with told(known(("[bold]x[/bold] \x1b[2J",))) as stage:
        await stage.until(lambda: "[bold]x[/bold]" in stage.shown)

        assert "\x1b[2J" not in stage.shown


@pytest.mark.parametrize("is_failure", [False, True])
async def test_nothing_is_shown_when_nothing_happened_or_nobody_can_tell(*, is_failure: bool) -> None:
    shown: list[tuple[str, ...]] = []
    future: Future[tuple[str, ...]] = Future()
    if is_failure:
        future.set_exception(HiveError("cannot read the recording"))
    else:
        future.set_result(())
    look = DigestLook(FakeClient(), lambda: future, shown.append)

    assert [look.is_over(), look.is_over()] == [False, True]
    assert shown == []


async def test_it_is_asked_for_once_the_engine_is_up_and_not_waited_for() -> None:
    client = FakeClient(replace(healthy(), sequence=0))
    asked: list[Future[tuple[str, ...]]] = []
    shown: list[tuple[str, ...]] = []

    def digest() -> Future[tuple[str, ...]]:
        asked.append(Future())
        return asked[-1]

    look = DigestLook(client, digest, shown.append)

    assert not look.is_over()
    assert asked == []
    client.post(healthy())
    assert not look.is_over()
    assert not look.is_over()
    assert len(asked) == 1
    asked[0].set_result(LINES)
    assert look.is_over()
    assert shown == [LINES]
