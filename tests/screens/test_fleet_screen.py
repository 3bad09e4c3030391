"""The fleet screen on posted fleets: what it says."""

from __future__ import annotations

from dataclasses import replace

from hive_console.core.snapshot import RecorderView
from tests.screens import posted
from tests.screens.looking import (
    SMALL,
    Console,
    fleet_screen,
    pane,
    rows,
    ticked,
    typed,
)
from tests.screens.posted import NOW, FakeClient, FrozenClock


async def test_every_model_of_an_incident_is_in_sight_at_80x24(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()

        drawn = "\n".join(rows(app))

        assert all(name in drawn for name in posted.PROVIDERS)
        assert all(len(row) == 80 for row in rows(app))


async def test_the_worst_stands_on_top_with_countdown_and_cause(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()

        first = rows(app)[1]

        assert first.startswith("›✖ claude-4-sonnet")
        assert "DOWN     14m OPEN 0:21" in first
        assert "timed out" in pane(app, "detail")
        assert "served by gpt-5" in pane(app, "detail")


async def test_title_counts_every_state_with_glyph_and_word(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()

        title = pane(app, "title")

        assert "HIVE prod  LIVE  ●" in title
        assert pane(app, "clock") == "03:12:44Z "
        assert "● 8 ok  ▲ 2 degraded  ✖ 2 down  ╱ 1 open  ✖ 2 alerts" in title


async def test_an_engine_that_is_not_up_yet_is_drawn_as_unknown(console: Console) -> None:
    app = console(FakeClient(posted.unknown()))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()

        assert "starting" in pane(app, "sentence")
        assert "STARTING" in pane(app, "title")
        assert "NOBODY" not in pane(app, "detail")
        assert "? 12 unknown" in pane(app, "title")
        assert all("UNKNOWN" in row and "never" in row for row in rows(app)[1:13])


async def test_the_demo_fleet_says_that_it_is_one(console: Console) -> None:
    app = console(FakeClient(replace(posted.healthy(), environment="demo")))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()

        assert "DEMO" in pane(app, "title")
        assert "LIVE" not in pane(app, "title")


async def test_while_the_engine_starts_its_first_news_are_not_waited_for(console: Console) -> None:
    client = FakeClient(posted.unknown())
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        at_first = pane(app, "title")

        client.post(posted.healthy())
        app._look_for_first_news()
        await pilot.pause()

        assert "STARTING" in at_first
        assert "12 ok" in pane(app, "title")


async def test_the_clock_makes_room_for_what_is_wrong(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()

        assert not fleet_screen(app).query_one("#clock").display
        assert "2 alerts" in pane(app, "title")


async def test_a_gap_is_drawn_as_a_gap_and_never_as_zero(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()

        assert "·······" in rows(app)[1]


async def test_old_news_are_called_old(console: Console, clock: FrozenClock) -> None:
    app = console(FakeClient(posted.healthy()))
    async with app.run_test(size=SMALL) as pilot:
        clock.at = NOW + 12
        await ticked(pilot)

        assert "NO NEWS from the engine for 12 s" in pane(app, "sentence")


async def test_a_recorder_that_fails_is_said_before_all_else(console: Console) -> None:
    app = console(FakeClient(replace(posted.healthy(), recorder=RecorderView(error="disk full"))))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()

        assert pane(app, "sentence").startswith(" NOT RECORDING: disk full.")


async def test_a_change_of_one_model_repaints_one_line(console: Console) -> None:
    client = FakeClient(posted.incident())
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        before = rows(app)
        models = tuple(
            replace(view, p95=9.0) if view.model_id == "gpt-5" else view for view in posted.incident().models
        )

        client.post(replace(posted.incident(), models=models))
        await ticked(pilot)

        changed = [new for old, new in zip(before, rows(app), strict=True) if old != new]
        assert len(changed) == 1
        assert "gpt-5 " in changed[0]


async def test_events_are_told_and_routine_ones_left_out(console: Console) -> None:
    client = FakeClient(posted.incident(), posted.incident_events())
    app = console(client)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()

        assert "02:58:44 ✖ breaker claude-4-sonnet closed → open" in pane(app, "log")
        assert "probe gpt-5 ok" not in pane(app, "log")


async def test_lost_events_are_said(console: Console) -> None:
    client = FakeClient(posted.healthy())
    client.lost = 7
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()

        assert "7 events came too fast to be shown" in pane(app, "log")


async def test_a_long_fleet_says_which_rows_are_in_sight(console: Console) -> None:
    app = console(FakeClient(posted.many(50)))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "G")

        assert "MODEL 37-50/50" in rows(app)[0]


async def test_nothing_is_told_by_colour_alone(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()

        assert {row[1] for row in rows(app)[1:13]} == {"✖", "▲", "●"}
        words = "\n".join(rows(app))
        assert all(word in words for word in ("DOWN", "DEGRADED", "OK", "OPEN", "HALF probing", "ISOLATED"))
