"""The emergency menu: what stops much at once, who holds what since when, and letting go of each."""

from __future__ import annotations

from dataclasses import replace

from hive_console.core.command import Command
from hive_console.core.holds import STOP_FILE
from hive_console.core.snapshot import FleetSnapshot, HoldView
from hive_console.core.states import Action, HoldKind
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.action_flow import open_emergency
from hive_console.ui.emergency_menu import NOTHING_HELD, EmergencyMenu
from hive_widgets.choice_list import ChoiceList
from tests.screens.looking import selected
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import NOW, FakeClient, healthy
from tests.screens.stage import Stage, staged

HOLDS = (
    HoldView(HoldKind.KILLED, "provider:openai", "maria", NOW - 720, reason="INC-4412"),
    HoldView(HoldKind.PINNED, "claude-4-opus", "jo", NOW - 300, NOW + 1500, "slow", "gpt-5"),
    HoldView(HoldKind.SAFE_MODE, "*", "jo", NOW - 30, NOW + 3570, "deploy"),
)


def held(*holds: HoldView) -> FleetSnapshot:
    pins = {hold.target: hold.detail for hold in holds if hold.kind is HoldKind.PINNED}
    models = tuple(replace(view, pinned_to=pins.get(view.model_id)) for view in healthy().models)
    return replace(healthy(), models=models, holds=holds)


def menu_of(stage: Stage, model_id: str = "gpt-5") -> EmergencyMenu:
    menu = EmergencyMenu(stage.client, model_id, lambda: NOW)
    stage.push(menu)
    return menu


async def test_each_wide_word_has_a_key_and_only_chooses() -> None:
    keys = {
        "z": Command(Action.FREEZE, "*"),
        "s": Command(Action.SAFE_MODE, "*"),
        "m": Command(Action.KILL, "gpt-5"),
        "p": Command(Action.KILL, "provider:openai"),
        "a": Command(Action.KILL, "*"),
    }
    async with staged(FakeClient(healthy())) as stage:
        for key in keys:
            menu_of(stage)
            await stage.press(key)

        assert stage.results == list(keys.values())
        assert stage.client.said == []


async def test_what_is_not_held_cannot_be_let_go_of_and_says_so() -> None:
    async with staged(FakeClient(healthy())) as stage:
        menu = menu_of(stage)
        await stage.press("n")

        assert stage.app.screen is menu
        assert "not now: safe mode is not on" in stage.shown
        assert NOTHING_HELD in stage.shown


async def test_every_hold_tells_its_owner_its_age_its_end_and_its_reason() -> None:
    async with staged(FakeClient(held(*HOLDS))) as stage:
        menu_of(stage)
        await stage.pilot.pause()

        for words in (
            "revive all models of openai  by maria 12 m ago: INC-4412",
            "fail back claude-4-opus      by jo 5 m ago, 25:00 left: slow",
            "end safe mode of all models  by jo 30 s ago, 59:30 left: deploy",
        ):
            assert words in stage.shown


async def test_digits_let_go_of_holds() -> None:
    async with staged(FakeClient(held(*HOLDS))) as stage:
        for key in "123":
            menu_of(stage)
            await stage.press(key)
        menu = menu_of(stage)
        await stage.press("4", "0")

        assert stage.results == [
            Command(Action.REVIVE, "provider:openai"),
            Command(Action.FAIL_BACK, "claude-4-opus"),
            Command(Action.NORMAL_MODE, "*"),
        ]
        assert stage.app.screen is menu


async def test_the_line_under_the_cursor_is_told_whole() -> None:
    why = "the vendor asks everybody to stay away until they call back, see the long thread"
    async with staged(FakeClient(held(replace(HOLDS[0], reason=why)))) as stage:
        menu_of(stage)
        await stage.press("end")

        told = " ".join(stage.shown.split("by maria")[-1].replace("│", "").split())
        assert why in told
        assert "KILLED with provider openai" in stage.shown


async def test_what_the_file_stops_is_no_persons_to_revive() -> None:
    async with staged(FakeClient(held(HoldView(HoldKind.KILLED, "*", STOP_FILE, NOW - 9)))) as stage:
        menu = menu_of(stage)
        await stage.press("1")

        assert stage.app.screen is menu
        assert "remove it from the data folder" in " ".join(stage.shown.replace("│", "").split())


async def test_a_fleet_without_a_selected_model_offers_the_fleet_only() -> None:
    async with staged(FakeClient(healthy())) as stage:
        menu_of(stage, "")
        await stage.pilot.pause()

        assert "kill all models" in stage.shown
        assert "kill gpt-5" not in stage.shown


async def test_a_read_only_console_sees_who_holds_what_and_lets_go_of_nothing() -> None:
    async with staged(FakeClient(held(*HOLDS)), read_only=True) as stage:
        menu = menu_of(stage)
        await stage.press("1", "a")

        assert stage.app.screen is menu
        assert "this console is read-only" in stage.shown
        assert "by maria 12 m ago" in stage.shown


async def test_a_chosen_word_opens_its_dialog_and_asks_for_the_name_of_the_environment() -> None:
    async with staged(FakeClient(healthy())) as stage:
        open_emergency(stage.app, stage.client, "gpt-5")
        await stage.press("a")
        await stage.ready()

        assert isinstance(stage.app.screen, ActionDialog)
        assert "Kill all models" in stage.shown
        assert "Type it" in stage.shown
        assert stage.client.said == []


async def test_leaving_it_leaves_all_as_it_is() -> None:
    async with staged(FakeClient(healthy())) as stage:
        open_emergency(stage.app, stage.client)
        await stage.press("escape")

        assert len(stage.app.screen_stack) == 1


async def test_the_key_of_every_screen_opens_it() -> None:
    async with staged(FakeClient(healthy())) as stage:
        await stage.press("E")

        assert isinstance(stage.app.screen, EmergencyMenu)
        assert f"kill {selected(stage.app)}" in stage.shown


async def test_more_holds_than_digits_scroll() -> None:
    many = tuple(HoldView(HoldKind.FROZEN, f"m-{number}", "jo", NOW) for number in range(30))
    async with staged(FakeClient(held(*many))) as stage:
        menu = menu_of(stage)
        await stage.press("end")

        assert "m-29" in stage.shown
        assert len(menu.query_one(ChoiceList).choices) == 7 + 30


async def test_hostile_owners_targets_and_reasons_reach_no_terminal() -> None:
    hostile = [
        hold
        for payload in PAYLOADS
        for hold in (
            HoldView(HoldKind.PINNED, payload, payload, NOW, NOW + 9, payload, payload),
            HoldView(HoldKind.KILLED, f"provider:{payload}", payload, NOW, None, payload),
        )
    ]
    async with staged(FakeClient(held(*hostile))) as stage:
        menu_of(stage, PAYLOADS[0])
        for _ in range(7 + len(hostile)):
            await stage.press("down")
            assert controls_in(stage.shown) == set()
