"""The fleet screen's keys: what each does, and that none does anything by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual import events
from textual.widgets import Input

from hive_console.core.states import ModelStatus
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.action_menu import ActionMenu
from hive_console.ui.alerts_screen import AlertsScreen
from hive_console.ui.app import PASTE_LIMIT
from hive_console.ui.confirm_dialog import ConfirmDialog
from hive_console.ui.help_screen import HelpScreen
from hive_console.ui.model_screen import ModelScreen
from hive_console.ui.palette import LONGEST
from hive_console.ui.reload_dialog import ReloadDialog
from hive_console.ui.target_picker import TargetPicker
from hive_console.ui.undo_dialog import UndoDialog
from hive_themes.shelf import ORDER
from hive_widgets.line_pane import LinePane
from tests.screens import posted
from tests.screens.looking import (
    SMALL,
    Console,
    fleet_screen,
    is_at_fleet,
    pane,
    rows,
    selected,
    ticked,
    typed,
)
from tests.screens.posted import NOW, FakeClient, FrozenClock


async def test_rows_hold_still_until_five_idle_seconds_have_passed(console: Console, clock: FrozenClock) -> None:
    client = FakeClient(posted.healthy())
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "j")
        worse = tuple(
            replace(view, status=ModelStatus.UNAVAILABLE) if view.model_id == "qwen-3-max" else view
            for view in posted.healthy().models
        )
        client.post(replace(posted.healthy(), models=worse))

        clock.at = NOW + 4.9
        await ticked(pilot)
        assert "qwen-3-max" not in rows(app)[1]

        clock.at = NOW + 5
        await ticked(pilot)
        assert "qwen-3-max" in rows(app)[1]


async def test_the_cursor_stays_with_its_model_when_rows_move(console: Console, clock: FrozenClock) -> None:
    client = FakeClient(posted.healthy())
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "j", "j")
        name = selected(app)

        client.post(posted.incident())
        clock.at = NOW + 6
        await ticked(pilot)

        assert selected(app) == name


async def test_keys_move_the_cursor(console: Console) -> None:
    app = console(FakeClient(posted.many(50)))
    async with app.run_test(size=SMALL) as pilot:
        for key, place in (
            ("k", 0),
            ("j", 1),
            ("down", 2),
            ("up", 1),
            ("k", 0),
            ("G", 49),
            ("j", 49),
            ("g", 0),
            ("end", 49),
            ("home", 0),
            ("pagedown", 14),
            ("pagedown", 28),
            ("pageup", 14),
        ):
            await typed(pilot, key)
            assert selected(app) == fleet_screen(app).order.ids[place], key
            assert any(row.startswith("›") and selected(app) in row for row in rows(app)), key


async def test_every_key_that_acts_opens_a_dialog_and_does_nothing(console: Console) -> None:
    client = FakeClient(posted.incident())
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        for key in ("t", "b", "d", "e", "F", "c", "h", "z", "Z", "a"):
            await typed(pilot, key)
            assert isinstance(app.screen, ActionDialog), key
            app.pop_screen()

        assert client.said == []


async def test_fail_over_asks_where_to_first(console: Console) -> None:
    client = FakeClient(posted.incident())
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "f")

        assert isinstance(app.screen, TargetPicker)
        assert client.said == []


async def test_acknowledge_without_an_alert_says_so(console: Console) -> None:
    app = console(FakeClient(posted.healthy()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "a")

        assert app.screen is fleet_screen(app)
        assert "no alert" in pane(app, "detail")


async def test_undo_is_offered_only_while_there_is_something_to_undo(console: Console) -> None:
    client = FakeClient(posted.healthy())
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "u")
        assert "nothing was done" in pane(app, "detail")

        client.post(replace(posted.healthy(), undo_until=NOW + 60, undo_text="trip gpt-5"))
        await typed(pilot, "u")
        assert isinstance(app.screen, UndoDialog)
        assert client.undone == 0


async def test_read_only_grays_every_key_that_acts_and_says_why(console: Console) -> None:
    client = FakeClient(replace(posted.incident(), undo_until=NOW + 60, undo_text="trip gpt-5"))
    app = console(client, read_only=True)
    async with app.run_test(size=SMALL) as pilot:
        for key in ("t", "b", "d", "e", "f", "F", "c", "h", "z", "Z", "a", "u"):
            fleet_screen(app).say("")
            await typed(pilot, key)
            assert app.screen is fleet_screen(app), key
            assert "read-only" in pane(app, "detail"), key

        assert "READ-ONLY" in pane(app, "title")
        assert client.said == []


async def test_read_only_can_be_chosen_and_not_undone(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "R", "R", "t")

        assert app.read_only
        assert app.screen is fleet_screen(app)


@pytest.mark.parametrize(
    ("key", "kind"),
    [("enter", ModelScreen), ("2", AlertsScreen), ("x", ActionMenu), ("question_mark", HelpScreen)],
)
async def test_keys_open_screens_and_escape_comes_back(console: Console, key: str, kind: type[object]) -> None:
    app = console(FakeClient(posted.incident(), posted.incident_events()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, key)
        assert isinstance(app.screen, kind)

        await typed(pilot, "escape")
        assert app.screen is fleet_screen(app)


async def test_quitting_asks_and_says_what_stops(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        for key in ("q", "ctrl+c", "ctrl+q"):
            await typed(pilot, key)
            assert isinstance(app.screen, ConfirmDialog), key
            app.pop_screen()
        await typed(pilot, "q")
        assert isinstance(app.screen, ConfirmDialog)
        said = " ".join(app.screen.query_one(LinePane).text.split())
        assert "Quit stops the engine: 12 models are no longer watched" in said
        assert "lose their gateway" in said

        await typed(pilot, "escape")
        assert is_at_fleet(app)
        assert app.return_code is None


async def test_a_filter_narrows_as_it_is_typed_and_escape_clears_it(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "slash", *"status:dow", "n")
        assert [row[3:18].strip() for row in rows(app)[1:3]] == ["claude-4-sonnet", "mistral-large"]
        assert rows(app)[3].strip() == ""

        await typed(pilot, "enter")
        assert "[status:down] 2 of 12" in pane(app, "chips")

        await typed(pilot, "escape")
        assert "grok-3" in "\n".join(rows(app))


async def test_escape_in_the_filter_line_goes_back_to_the_filter_before(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "slash", *"gpt", "enter", "slash", *"zzz")
        assert "no model matches" in "\n".join(rows(app))

        await typed(pilot, "escape")
        assert "gpt-5" in rows(app)[1]


async def test_letters_in_the_filter_line_are_letters_and_no_actions(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "slash", "q", "t", "s")

        assert app.screen is fleet_screen(app)
        assert fleet_screen(app).order.name == "worst"


async def test_s_goes_through_the_orders_and_capital_s_turns_them(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "s")
        assert fleet_screen(app).order.ids == tuple(sorted(posted.PROVIDERS))
        assert "[by name]" in pane(app, "chips")

        await typed(pilot, "S")
        assert fleet_screen(app).order.ids == tuple(sorted(posted.PROVIDERS, reverse=True))


async def test_exclamation_mark_goes_to_the_worst_through_a_filter(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "slash", *"gpt", "enter", "exclamation_mark")

        assert selected(app) == "claude-4-sonnet"


async def test_exclamation_mark_says_when_nothing_is_wrong(console: Console) -> None:
    app = console(FakeClient(posted.healthy()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "exclamation_mark")

        assert "all models are well" in pane(app, "detail")


async def test_pause_holds_the_picture_and_says_so(console: Console, clock: FrozenClock) -> None:
    client = FakeClient(posted.incident())
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "p")
        client.post(posted.healthy())
        clock.at = NOW + 12
        await ticked(pilot)
        assert "PAUSED 12 s" in pane(app, "title")
        assert "DOWN" in rows(app)[1]

        client.post(replace(posted.healthy(), at=clock.at))
        await typed(pilot, "p")
        assert "DOWN" not in "\n".join(rows(app))


async def test_the_key_for_themes_goes_round(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        seen = []
        for _ in app.theme_titles:
            await typed(pilot, "T")
            seen.append(app.theme)

        assert seen == [*ORDER[1:], ORDER[0]]


async def test_the_palette_goes_to_a_model_by_name(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "colon", *"qwen")
        await typed(pilot, "enter")

        assert app.screen is fleet_screen(app)
        assert selected(app) == "qwen-3-max"


async def test_a_paste_into_the_palette_is_cut_to_what_can_be_searched_for(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "colon")
        app.post_message(events.Paste("x" * 10_000))
        await pilot.pause()

        assert len(app.screen.query_one(Input).value) <= LONGEST


async def test_of_a_huge_paste_only_the_begin_is_looked_at(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=SMALL) as pilot:
        paste = events.Paste("x" * (PASTE_LIMIT + 1))
        app.post_message(paste)
        await pilot.pause()

        assert paste.text == "x" * PASTE_LIMIT


async def test_help_lists_every_key_that_works(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test(size=(120, 60)) as pilot:
        await typed(pilot, "question_mark")

        text = app.screen.query_one("#help", LinePane).text
        bound = [a.binding for a in fleet_screen(app).active_bindings.values() if a.binding.description]

        assert all((binding.tooltip or binding.description) in text for binding in bound)
        assert "OPEN 0:21 until the next probe" in text


async def test_a_model_that_left_the_settings_leaves_the_screen_and_one_that_joined_is_there(
    console: Console, clock: FrozenClock
) -> None:
    client = FakeClient(posted.healthy())
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "j")
        left = selected(app)
        others = tuple(view for view in posted.healthy().models if view.model_id != left)

        client.post(replace(posted.healthy(), models=(*others, posted.model("newcomer"))))
        clock.at = NOW + 6
        await ticked(pilot)

        shown = "\n".join(rows(app))
        assert "newcomer" in shown
        assert left not in shown
        assert selected(app) in {view.model_id for view in client.snapshot().models}


async def test_the_palette_reloads_the_settings(console: Console) -> None:
    client = FakeClient(posted.healthy())
    app = console(client)
    async with app.run_test(size=SMALL) as pilot:
        await typed(pilot, "colon", *"reload")
        await typed(pilot, "enter")

        assert isinstance(app.screen, ReloadDialog)
        assert client.reloaded == [(True, "")]
