"""The action menu, the picker of fail-over targets, undo, and plain questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from textual.widgets import Button

from hive_console.core.command import Command
from hive_console.core.states import ALERT_ACTIONS, NOT_COMMANDED, Action
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.action_flow import begin, open_menu
from hive_console.ui.action_menu import ActionMenu
from hive_console.ui.alert_deeds import ALERT_KEYS, ALERT_WORDS
from hive_console.ui.confirm_dialog import ConfirmDialog
from hive_console.ui.deed_dialog import DeedDialog, Phase
from hive_console.ui.deeds import DEED_KEYS, DEED_WORDS, FLEET_WIDE
from hive_console.ui.target_picker import TargetPicker
from hive_console.ui.undo_dialog import UndoDialog
from hive_widgets.choice_list import ChoiceList
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import NOW, FakeClient, alert, healthy, incident, model, returning
from tests.screens.stage import FOREVER, Stage, staged


@pytest.fixture(autouse=True)
def quick_hands() -> Iterator[None]:
    """The hold-off is tested with the dialog; here it only costs time."""
    patch = pytest.MonkeyPatch()
    patch.setattr(DeedDialog, "hold_off", 0.01)
    patch.setattr(ConfirmDialog, "hold_off", 0.01)
    yield
    patch.undo()


def menu_of(stage: Stage, model_id: str) -> ActionMenu:
    menu = ActionMenu(stage.client, model_id, lambda: stage.clock[0])
    stage.push(menu)
    return menu


def test_every_action_on_a_model_has_a_key_and_words() -> None:
    on_models = set(Action) - FLEET_WIDE - NOT_COMMANDED - ALERT_ACTIONS

    assert set(DEED_KEYS) == set(DEED_WORDS) == on_models | {Action.ACKNOWLEDGE}
    assert len(set(DEED_KEYS.values())) == len(DEED_KEYS)


def test_every_action_on_alerts_has_a_key_and_words() -> None:
    assert set(ALERT_KEYS) == set(ALERT_WORDS) == ALERT_ACTIONS
    assert len(set(ALERT_KEYS.values())) == len(ALERT_KEYS)


async def test_the_menu_shows_every_action_with_its_key() -> None:
    async with staged(FakeClient(incident())) as stage:
        menu_of(stage, "claude-4-sonnet")
        await stage.pilot.pause()

        for action, key in DEED_KEYS.items():
            assert f"{key}  {DEED_WORDS[action]}" in stage.shown


async def test_what_cannot_be_done_says_why_beside_it() -> None:
    async with staged(FakeClient(incident())) as stage:
        menu_of(stage, "claude-4-sonnet")
        await stage.pilot.pause()

        assert "t  trip the breaker       its breaker is open already" in stage.shown
        assert "e  activate               it is not deactivated" in stage.shown
        assert "u  undo                   nothing was done" in stage.shown


async def test_a_key_of_what_cannot_be_done_says_why_and_stays() -> None:
    async with staged(FakeClient(incident())) as stage:
        menu = menu_of(stage, "claude-4-sonnet")
        await stage.press("t")

        assert stage.app.screen is menu
        assert "not now: its breaker is open already" in stage.shown


async def test_a_key_chooses_its_action() -> None:
    keys = {
        "b": Action.RESET,
        "d": Action.DEACTIVATE,
        "f": Action.FAIL_OVER,
        "c": Action.CHECK_NOW,
        "a": Action.ACKNOWLEDGE,
    }
    async with staged(FakeClient(incident())) as stage:
        for key in keys:
            menu_of(stage, "claude-4-sonnet")
            await stage.press(key)

        assert stage.results == list(keys.values())
        assert stage.client.said == []


async def test_trial_freeze_and_thaw_are_chosen_by_their_keys_where_they_mean_something() -> None:
    async with staged(FakeClient(returning())) as stage:
        for model_id, key in (("claude-4-opus", "h"), ("claude-4-opus", "z"), ("grok-3", "Z")):
            menu_of(stage, model_id)
            await stage.press(key)

        assert stage.results == [Action.HALF_OPEN, Action.FREEZE, Action.THAW]


async def test_trial_freeze_and_thaw_say_why_not() -> None:
    async with staged(FakeClient(returning())) as stage:
        menu_of(stage, "grok-3")
        await stage.pilot.pause()

        assert "h  let its trial begin    its breaker is not open" in stage.shown
        assert "z  freeze its automation  it is frozen already" in stage.shown
        menu_of(stage, "claude-4-opus")
        await stage.pilot.pause()
        assert "Z  thaw its automation    it is not frozen" in stage.shown


async def test_enter_chooses_the_line_of_the_cursor() -> None:
    async with staged(FakeClient(incident())) as stage:
        menu_of(stage, "claude-4-sonnet")
        await stage.press("j", "enter")

        assert stage.results == [Action.DEACTIVATE]


async def test_escape_leaves_the_menu() -> None:
    async with staged(FakeClient(incident())) as stage:
        menu_of(stage, "claude-4-sonnet")
        await stage.press("escape")

        assert stage.results == [None]


async def test_a_read_only_console_offers_nothing() -> None:
    async with staged(FakeClient(incident()), read_only=True) as stage:
        menu = menu_of(stage, "claude-4-sonnet")
        await stage.press("c")

        assert stage.app.screen is menu
        assert stage.shown.count("this console is read-only") == len(DEED_KEYS) + 2


async def test_an_alert_is_offered_only_while_it_waits_for_somebody() -> None:
    taken = replace(healthy(), alerts=(alert("al-1", acknowledged_by="maria"),))
    async with staged(FakeClient(taken)) as stage:
        menu_of(stage, "claude-4-sonnet")
        await stage.pilot.pause()

        assert "no alert of this model waits for anybody" in stage.shown


async def test_the_menu_stays_true_while_it_is_open() -> None:
    async with staged(FakeClient(healthy())) as stage:
        menu_of(stage, "claude-4-sonnet")
        await stage.pilot.pause()
        stage.client.post(incident())
        await stage.until(lambda: "its breaker is open already" in stage.shown)


async def test_undo_in_the_menu_goes_on_to_its_dialog() -> None:
    fleet = replace(healthy(), undo_until=NOW + 52, undo_text="trip grok-3")
    async with staged(FakeClient(fleet)) as stage:
        menu_of(stage, "claude-4-sonnet")
        await stage.press("u")

        assert isinstance(stage.app.screen, UndoDialog)


async def test_a_chosen_action_opens_its_dialog() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_menu(stage.app, stage.client, "claude-4-sonnet")
        await stage.press("c")

        assert isinstance(stage.app.screen, ActionDialog)
        assert "Check claude-4-sonnet now" in stage.shown


async def test_hostile_names_in_menu_and_picker_reach_no_terminal() -> None:
    models = tuple(model(payload, status_cause=payload, fallbacks=PAYLOADS) for payload in PAYLOADS)
    fleet = replace(healthy(), models=models, undo_until=NOW + 9, undo_text=PAYLOADS[0])
    async with staged(FakeClient(fleet)) as stage:
        for payload in PAYLOADS:
            for screen in (ActionMenu(stage.client, payload), TargetPicker(stage.client, payload)):
                stage.push(screen)
                await stage.pilot.pause()

                assert controls_in(stage.shown) == set()
                stage.app.pop_screen()


# --- fail over ---


async def test_fallbacks_are_offered_first() -> None:
    async with staged(FakeClient(healthy())) as stage:
        stage.push(TargetPicker(stage.client, "grok-3"))
        await stage.pilot.pause()
        lines = [line for line in stage.shown.splitlines() if "/10" in line]

        assert "claude-4-sonnet" in lines[0]
        assert "fallback 1" in lines[0]
        assert "gpt-5" in lines[1]
        assert "not in its chain" in lines[2]
        assert len(lines) == 11


async def test_a_model_that_cannot_serve_is_not_taken() -> None:
    async with staged(FakeClient(incident())) as stage:
        picker = TargetPicker(stage.client, "claude-4-sonnet")
        stage.push(picker)
        await stage.press("j", "enter")

        assert stage.app.screen is picker
        assert "not now: deepseek-v3 cannot serve now (degraded, breaker half-open" in stage.shown


async def test_a_fail_over_asks_for_its_target_and_then_why() -> None:
    async with staged(FakeClient(incident())) as stage:
        begin(stage.app, stage.client, Action.FAIL_OVER, model_id="claude-4-sonnet")
        await stage.press("enter")
        await stage.ready()
        await stage.write("vendor is down")
        await stage.confirm()

        (said,) = stage.client.said
        assert said == Command(Action.FAIL_OVER, "claude-4-sonnet", "vendor is down", "gpt-5", duration=1800.0)


async def test_leaving_the_picker_leaves_all_as_it_is() -> None:
    async with staged(FakeClient(incident())) as stage:
        begin(stage.app, stage.client, Action.FAIL_OVER, model_id="claude-4-sonnet")
        await stage.press("escape")

        assert len(stage.app.screen_stack) == 1
        assert stage.client.said == []


async def test_a_long_fleet_scrolls_in_the_picker() -> None:
    names = tuple(f"m-{place:02d}" for place in range(40))
    fleet = replace(healthy(), models=tuple(model(name, fallbacks=()) for name in names))
    async with staged(FakeClient(fleet)) as stage:
        stage.push(TargetPicker(stage.client, "m-00"))
        await stage.press("end")

        assert "m-39" in stage.shown
        assert "m-01" not in stage.shown


# --- undo ---


async def test_undo_shows_what_and_how_long() -> None:
    fleet = replace(healthy(), undo_until=NOW + 52, undo_text="trip grok-3 by maria")
    async with staged(FakeClient(fleet)) as stage:
        stage.push(UndoDialog(stage.client, lambda: stage.clock[0]))
        await stage.ready()

        assert "possible for 0:52" in stage.shown
        assert "takes back: trip grok-3 by maria" in stage.shown


async def test_undo_is_confirmed_and_done_once() -> None:
    fleet = replace(healthy(), undo_until=NOW + 52, undo_text="trip grok-3")
    async with staged(FakeClient(fleet)) as stage:
        stage.push(UndoDialog(stage.client, lambda: stage.clock[0]))
        dialog = await stage.ready()
        await stage.press("enter", "enter", "enter")

        assert dialog.phase is Phase.ENDED
        assert stage.client.undone == 1


async def test_undo_ends_while_one_hesitates() -> None:
    fleet = replace(healthy(), undo_until=NOW + 5, undo_text="trip grok-3")
    async with staged(FakeClient(fleet)) as stage:
        stage.push(UndoDialog(stage.client, lambda: stage.clock[0]))
        await stage.ready()
        stage.clock[0] += 6
        await stage.until(lambda: "can still be undone" in stage.shown)
        await stage.press("enter", "enter")

        assert stage.client.undone == 0


async def test_escape_undoes_nothing() -> None:
    fleet = replace(healthy(), undo_until=NOW + 52, undo_text="trip grok-3")
    async with staged(FakeClient(fleet)) as stage:
        stage.push(UndoDialog(stage.client, lambda: stage.clock[0]))
        await stage.ready()
        await stage.press("escape")

        assert stage.results == [None]
        assert stage.client.undone == 0


# --- plain questions ---


async def test_a_plain_question_is_no_by_default() -> None:
    async with staged(FakeClient(healthy())) as stage:
        stage.push(ConfirmDialog("Quit?", "The engine stops."))
        await stage.press("enter")

        assert stage.results == [False]


async def test_a_plain_question_takes_a_deliberate_yes() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog = ConfirmDialog("Quit?", "The engine stops.")
        stage.push(dialog)
        await stage.until(lambda: dialog.is_ready)
        await stage.press("tab", "enter")

        assert stage.results == [True]


async def test_a_yes_typed_ahead_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConfirmDialog, "hold_off", FOREVER)
    async with staged(FakeClient(healthy())) as stage:
        stage.push(ConfirmDialog("Quit?", "[/b] \x1b[2J"))
        await stage.press("tab", "enter")

        assert stage.results == []
        assert controls_in(stage.shown) == set()


async def test_two_quick_enters_in_a_list_choose_once() -> None:
    async with staged(FakeClient(incident())) as stage:
        begin(stage.app, stage.client, Action.FAIL_OVER, model_id="claude-4-sonnet")
        await stage.pilot.pause()
        choices = stage.app.screen.query_one(ChoiceList)
        choices.action_choose()
        choices.action_choose()
        await stage.ready()

        assert [type(screen) for screen in stage.app.screen_stack[1:]] == [ActionDialog]


async def test_two_quick_presses_of_a_button_close_one_dialog() -> None:
    async with staged(FakeClient(incident())) as stage:
        stage.push(TargetPicker(stage.client, "claude-4-sonnet"))
        below = stage.app.screen
        for screen in (ActionDialog(stage.client, Command(Action.TRIP, "gpt-5")), ConfirmDialog("Quit?", "")):
            stage.push(screen)
            await stage.pilot.pause()
            cancel = screen.query(Button).first()
            cancel.press()
            cancel.press()
            await stage.pilot.pause()

            assert stage.app.screen is below
