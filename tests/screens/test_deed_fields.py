"""The fields of a deed's dialog: durations, recent reasons, a weight, a word to type, and changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from textual.widgets import Input

from hive_console.core.command import Command, Effect
from hive_console.core.events import OperatorActed
from hive_console.core.states import Action, ActionPhase
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.app import HiveApp
from hive_console.ui.deed_dialog import CHANGED, IGNORED, DeedDialog, Phase
from hive_console.ui.deed_question import CHANGED as MARK
from hive_console.ui.weight_dialog import WeightDialog
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import NOW, FakeClient, healthy, incident, model
from tests.screens.stage import Stage, staged


@pytest.fixture(autouse=True)
def quick_hands() -> Iterator[None]:
    """The hold-off is tested elsewhere; here it only costs time."""
    patch = pytest.MonkeyPatch()
    patch.setattr(DeedDialog, "hold_off", 0.01)
    yield
    patch.undo()


class PlannedClient(FakeClient):
    """Previews what a test planned, and notes what it was asked about."""

    def __init__(self, effect: Effect) -> None:
        super().__init__(healthy())
        self.effect = effect

    def preview(self, command: Command) -> Effect:
        until = "" if command.duration is None else f" for {command.duration:g} s"
        return replace(self.effect, effect=f"{self.effect.effect}{until}")


def planned(**changes: object) -> Effect:
    known = {"is_allowed": True, "title": "Fail over a → b", "effect": "b is asked first"}
    return Effect(**(known | changes))  # type: ignore[arg-type]  # any field of the effect


def ask(stage: Stage, action: Action = Action.CHECK_NOW, target: str = "gpt-5") -> ActionDialog:
    dialog = ActionDialog(stage.client, Command(action, target), lambda: stage.clock[0])
    stage.push(dialog)
    return dialog


# --- everything there is to know ---


async def test_the_dialog_tells_capacity_chain_and_how_to_undo() -> None:
    effect = planned(capacity="b carries 8 of 10", chain="behind b: c", undo="undo sends it back", now="down")
    async with staged(PlannedClient(effect)) as stage:
        ask(stage)
        await stage.ready()

        for line in (
            "Now      down",
            "Capacity b carries 8 of 10",
            "Chain    behind b: c",
            "Undo     undo sends it",
        ):
            assert line in stage.shown


async def test_a_long_story_leaves_room_for_the_buttons() -> None:
    long = "many words that fill a line and then some more of them " * 6
    effect = planned(
        now=long,
        effect=long,
        capacity=long,
        chain=long,
        warnings=(long, long),
        must_type="x",
        durations=(60.0, None),
    )
    async with staged(PlannedClient(effect), size=(80, 24)) as stage:
        ask(stage)
        await stage.ready()

        assert "Do it" in stage.shown
        assert "Type it" in stage.shown
        assert "Effect" in stage.shown


# --- how long ---


async def test_the_usual_end_is_chosen_and_told_as_a_time_of_day() -> None:
    async with staged(PlannedClient(planned(durations=(1800.0, 7200.0, None)))) as stage:
        ask(stage)
        await stage.ready()

        assert "Lasts    (•) 30 m → 03:42  ( ) 2 h  ( ) no end" in stage.shown
        assert "b is asked first for 1800 s" in stage.shown
        await stage.confirm()
        assert stage.client.said[0].duration == 1800.0


async def test_another_end_is_chosen_by_the_arrows_and_is_no_surprise() -> None:
    async with staged(PlannedClient(planned(durations=(1800.0, 7200.0, None)))) as stage:
        ask(stage)
        await stage.ready()
        await stage.press("shift+tab", "right")
        await stage.ready()

        assert "( ) 30 m  (•) 2 h → 05:12  ( ) no end" in stage.shown
        assert MARK not in stage.shown
        await stage.press("left", "left", "enter")
        await stage.ready()
        await stage.press("enter")
        assert stage.client.said == [Command(Action.CHECK_NOW, "gpt-5", duration=None)]


async def test_an_end_on_another_day_is_told_with_its_day() -> None:
    async with staged(PlannedClient(planned(durations=(86_400.0, None)))) as stage:
        ask(stage)
        await stage.ready()

        assert "(•) 1 d → 03-15 03:12" in stage.shown


async def test_a_click_chooses_an_end() -> None:
    async with staged(PlannedClient(planned(durations=(1800.0, 7200.0, None)))) as stage:
        ask(stage)
        await stage.ready()
        await stage.pilot.click("#deed-lasts", offset=(21, 0))
        await stage.pilot.pause()

        assert "(•) 2 h" in stage.shown


async def test_ends_that_do_not_fit_keep_the_chosen_one_in_sight() -> None:
    ends = tuple(float(60 * minutes) for minutes in range(1, 21))
    async with staged(PlannedClient(planned(durations=ends)), is_ascii=True) as stage:
        ask(stage)
        await stage.ready()
        await stage.press("shift+tab", "left")
        await stage.ready()

        assert "(*) 20 m" in stage.shown
        assert "( ) 1 m " not in stage.shown


async def test_an_action_without_an_end_asks_for_none() -> None:
    async with staged(PlannedClient(planned())) as stage:
        ask(stage)
        await stage.ready()

        assert "Lasts" not in stage.shown


# --- why ---


def gave(reason: str) -> OperatorActed:
    return OperatorActed(
        at=NOW,
        action_id="a",
        actor="maria",
        action=Action.TRIP,
        phase=ActionPhase.INTENDED,
        target="x",
        reason=reason,
    )


async def test_up_and_down_go_through_recent_reasons_and_back_to_what_was_typed() -> None:
    client = PlannedClient(planned())
    client.publish(gave("older"), gave("newer"))
    async with staged(client) as stage:
        dialog = ask(stage)
        await stage.ready()
        field = dialog.query_one("#deed-reason", Input)
        await stage.write("mine")
        seen = []
        for key in ("up", "up", "up", "down", "down", "down"):
            await stage.press(key)
            seen.append(field.value)

        assert seen == ["newer", "older", "older", "newer", "mine", "mine"]
        assert "↑ recent reasons" in stage.shown


async def test_hostile_reasons_of_others_are_offered_harmless() -> None:
    client = PlannedClient(planned())
    client.publish(*map(gave, PAYLOADS))
    async with staged(client) as stage:
        ask(stage)
        await stage.ready()
        for _ in PAYLOADS:
            await stage.press("up")
            assert controls_in(stage.shown) == set()
        await stage.confirm()

        assert controls_in(stage.client.said[0].reason) == set()


# --- what must be typed ---


async def test_what_is_wide_wants_a_word_typed() -> None:
    async with staged(PlannedClient(planned(must_type="prod"))) as stage:
        ask(stage)
        await stage.ready()
        await stage.press("enter", "enter")
        told = stage.shown
        await stage.write("prod")
        await stage.confirm()

        assert "type prod to confirm" in told
        assert len(stage.client.said) == 1


@pytest.mark.parametrize("payload", PAYLOADS[:3])
async def test_a_hostile_name_that_must_be_typed_can_be_pasted(payload: str) -> None:
    async with staged(PlannedClient(planned(must_type=payload, is_outage=True))) as stage:
        ask(stage)
        await stage.ready()
        await stage.press("tab")
        await stage.write(payload)
        await stage.confirm()

        assert len(stage.client.said) == 1
        assert controls_in(stage.shown) == set()


# --- what changes while one reads ---


async def test_a_promise_that_changed_is_marked_and_must_be_read_again() -> None:
    client = PlannedClient(planned(chain="behind b: c"))
    async with staged(client) as stage:
        ask(stage)
        await stage.ready()
        await stage.press("enter")
        await stage.ready()
        client.effect = planned(chain="thin: nobody stands behind b")
        await stage.until(lambda: MARK in stage.shown)
        told = stage.shown
        await stage.ready()
        await stage.press("enter")
        said_at_first = list(client.said)
        await stage.ready()
        await stage.press("enter")

        assert "Chain    changed: thin" in told
        assert CHANGED in " ".join(told.split())
        assert said_at_first == []
        assert len(client.said) == 1


async def test_figures_that_move_while_one_reads_hinder_nobody() -> None:
    client = PlannedClient(planned(capacity="b carries 8 of 10 calls"))
    async with staged(client) as stage:
        ask(stage)
        await stage.ready()
        await stage.press("enter")
        await stage.ready()
        client.effect = planned(capacity="b carries 9 of 10 calls")
        await stage.press("enter")

        assert len(client.said) == 1


# --- keys that came before the terminal had drawn it ---


@pytest.fixture
def is_painted(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the terminal says: whether it has drawn what was sent."""
    answer = [False]
    monkeypatch.setattr(HiveApp, "is_painted_since", lambda _, moment: answer[0] and moment > 0, raising=False)
    return answer


async def test_keys_typed_before_the_terminal_drew_it_are_dropped_and_said_so(is_painted: list[bool]) -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog = ask(stage, Action.TRIP, "claude-4-sonnet")
        await stage.press("y", "e", "s", "enter", "tab", "tab", "enter")
        await stage.write("pasted")
        before = (dialog.is_seen, dialog.is_ready, dialog.query_one("#deed-reason", Input).value)
        is_painted[0] = True
        await stage.ready()

        assert before == (False, False, "")
        assert IGNORED in stage.shown
        await stage.write("drill")
        await stage.confirm()
        assert stage.client.said == [Command(Action.TRIP, "claude-4-sonnet", "drill")]


async def test_escape_leaves_what_nobody_has_seen_yet(is_painted: list[bool]) -> None:
    async with staged(FakeClient(healthy())) as stage:
        ask(stage)
        await stage.press("escape")

        assert not is_painted[0]
        assert stage.results == [None]


async def test_a_click_before_it_was_drawn_does_nothing(is_painted: list[bool]) -> None:
    async with staged(PlannedClient(planned())) as stage:
        dialog = ask(stage)
        await stage.pilot.pause()
        await stage.pilot.click("#deed-do")
        await stage.pilot.pause()

        assert not is_painted[0]
        assert dialog.phase is Phase.ASKING
        assert IGNORED in stage.shown


# --- a weight ---


async def test_a_weight_is_asked_for_with_the_one_it_has() -> None:
    async with staged(FakeClient(incident())) as stage:
        stage.push(WeightDialog(stage.client, "gpt-5-mini"))
        await stage.ready()

        assert "type the new weight; it is 3 now" in stage.shown
        await stage.press("enter")
        assert stage.client.said == []


@pytest.mark.parametrize("typed", ["-1", "nan", "[/b]", "3"])
async def test_what_is_no_new_weight_is_said_to_be_none(typed: str) -> None:
    async with staged(FakeClient(incident())) as stage:
        stage.push(WeightDialog(stage.client, "gpt-5-mini"))
        await stage.ready()
        await stage.write(typed)
        await stage.press("enter", "enter")

        assert "a number from 0 to 1000" in stage.shown or "its weight is 3 already" in stage.shown
        assert stage.client.said == []


async def test_a_weight_is_set_with_a_reason_and_an_end() -> None:
    async with staged(FakeClient(incident())) as stage:
        stage.push(WeightDialog(stage.client, "gpt-5-mini", lambda: NOW))
        await stage.ready()
        await stage.write("5")
        assert "its weight is 5 instead of 3" in stage.shown
        await stage.press("enter")
        await stage.write("drill")
        await stage.confirm()

        assert stage.client.said == [Command(Action.SET_WEIGHT, "gpt-5-mini", "drill", "5", duration=3600.0)]


async def test_a_model_that_left_while_its_weight_is_typed_is_said_to_be_gone() -> None:
    async with staged(FakeClient(incident())) as stage:
        stage.push(WeightDialog(stage.client, "gpt-5-mini"))
        await stage.ready()
        stage.client.post(replace(healthy(), models=(model("gpt-5"),)))

        await stage.until(lambda: "there is no model gpt-5-mini" in stage.shown)
