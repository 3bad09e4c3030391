"""The dialog of a command: what it says, what confirms it, and what it shows afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace

import pytest
from textual.widgets import Input

from hive_console.core.command import FREEZE_SECONDS, REASON_LIMIT, Command, CommandResult
from hive_console.core.errors import RecordingFailed
from hive_console.core.states import Action, BreakerState, ModelStatus
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.deed_dialog import DeedDialog, Phase
from hive_console.ui.undo_dialog import UndoDialog
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import NOW, FakeClient, alert, healthy, incident, model, returning
from tests.screens.stage import FOREVER, Stage, staged


@pytest.fixture(autouse=True)
def quick_hands() -> Iterator[None]:
    """The hold-off is tested where it is meant; elsewhere it only costs time."""
    patch = pytest.MonkeyPatch()
    patch.setattr(DeedDialog, "hold_off", 0.01)
    yield
    patch.undo()


def dialog_of(stage: Stage, action: Action, target: str, parameter: str = "") -> ActionDialog:
    dialog = ActionDialog(stage.client, Command(action, target, parameter=parameter), lambda: stage.clock[0])
    stage.push(dialog)
    return dialog


async def test_it_says_what_would_happen() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.TRIP, "claude-4-sonnet")
        await stage.ready()

        assert "Trip the breaker of claude-4-sonnet" in stage.shown
        assert "Now      available, breaker closed" in stage.shown
        assert "Effect   its traffic goes to gpt-5" in stage.shown


async def test_a_careful_colleague_is_heard() -> None:
    async with staged(FakeClient(incident())) as stage:
        dialog_of(stage, Action.DEACTIVATE, "claude-4-sonnet")
        await stage.ready()

        assert "Careful  gpt-5 is the only model left in the chain" in stage.shown


async def test_a_refused_command_says_why_and_offers_no_confirmation() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.ACTIVATE, "gpt-5")
        dialog = await stage.ready()

        assert "Refused  it is not deactivated" in stage.shown
        assert "Do it" not in stage.shown
        assert dialog.focused is dialog.query_one("#deed-cancel")


async def test_a_read_only_console_refuses() -> None:
    async with staged(FakeClient(healthy()), read_only=True) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.ready()

        assert "Refused  this console is read-only" in stage.shown
        assert "Do it" not in stage.shown


async def test_escape_does_nothing_to_the_fleet() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.TRIP, "gpt-5")
        await stage.ready()
        await stage.press("escape")

        assert stage.results == [None]
        assert stage.client.said == []


async def test_a_required_reason_must_be_given() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.TRIP, "claude-4-sonnet")
        await stage.ready()
        await stage.press("enter", "enter")

        assert "a reason is required" in stage.shown
        assert stage.client.said == []


async def test_a_freeze_wants_a_reason_and_a_thaw_and_a_trial_do_not() -> None:
    async with staged(FakeClient(returning())) as stage:
        dialog_of(stage, Action.FREEZE, "claude-4-opus")
        await stage.ready()
        await stage.press("enter", "enter")
        assert stage.client.said == []
        await stage.write("vendor says wait")
        await stage.confirm()
        for action, target in ((Action.THAW, "grok-3"), (Action.HALF_OPEN, "claude-4-opus")):
            dialog_of(stage, action, target)
            await stage.confirm()

        assert stage.client.said == [
            Command(Action.FREEZE, "claude-4-opus", "vendor says wait", duration=FREEZE_SECONDS),
            Command(Action.THAW, "grok-3"),
            Command(Action.HALF_OPEN, "claude-4-opus"),
        ]


async def test_after_a_freeze_the_dialog_shows_for_how_long_it_holds() -> None:
    client = FakeClient(returning())
    client.is_holding = True
    async with staged(client) as stage:
        dialog_of(stage, Action.FREEZE, "claude-4-opus")
        await stage.ready()
        await stage.write("vendor says wait")
        await stage.confirm()
        held = tuple(
            replace(view, breaker=replace(view.breaker, is_frozen=True, frozen_until=NOW + 3600))
            for view in returning().models
        )
        client.post(replace(returning(), models=held, undo_until=NOW + 60, undo_text="freeze claude-4-opus"))
        client.release()

        told = ("OPEN for 48 s, FROZEN for 1 h more", "u within 1 m: freeze claude-4-opus")
        await stage.until(lambda: all(line in stage.shown for line in told))


async def test_spaces_are_no_reason() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.TRIP, "claude-4-sonnet")
        await stage.ready()
        await stage.press("space", "space", "enter", "enter")

        assert stage.client.said == []


async def test_enter_in_the_reason_only_moves_to_the_button() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.TRIP, "claude-4-sonnet")
        dialog = await stage.ready()
        await stage.write("INC-4412")
        await stage.press("enter")

        assert dialog.focused is dialog.query_one("#deed-do")
        assert stage.client.said == []


async def test_a_second_deliberate_enter_does_it() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.TRIP, "claude-4-sonnet")
        await stage.ready()
        await stage.write("INC-4412")
        await stage.confirm()

        assert stage.client.said == [Command(Action.TRIP, "claude-4-sonnet", "INC-4412")]


async def test_an_optional_reason_may_be_left_out() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.confirm()

        assert stage.client.said == [Command(Action.CHECK_NOW, "gpt-5")]


async def test_keys_typed_before_the_dialog_was_seen_confirm_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeedDialog, "hold_off", FOREVER)
    async with staged(FakeClient(healthy())) as stage:
        dialog = dialog_of(stage, Action.TRIP, "claude-4-sonnet")
        await stage.until(lambda: dialog.is_seen)
        await stage.press("d", "r", "i", "l", "l", "enter", "enter", "tab", "tab", "enter", "enter")

        assert dialog.query_one("#deed-reason", Input).value == "drill"
        assert dialog.phase is Phase.ASKING
        assert stage.client.said == []


async def test_a_repeating_enter_does_not_run_through_the_button(monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.TRIP, "claude-4-sonnet")
        await stage.ready()
        await stage.write("INC-4412")
        monkeypatch.setattr(DeedDialog, "hold_off", FOREVER)
        await stage.press("enter", "enter", "enter", "enter")

        assert stage.client.said == []


async def test_cancel_stands_before_the_button_that_acts() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        dialog = await stage.ready()
        await stage.press("tab")

        assert dialog.focused is dialog.query_one("#deed-cancel")


async def test_a_reason_leaves_the_dialog_clean_and_bounded() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.TRIP, "claude-4-sonnet")
        dialog = await stage.ready()
        dialog.query_one("#deed-reason", Input).replace("\x1b]52;c;cHduZWQ=\x07ok\r\nAUDIT" + "x" * 5000, 0, 0)
        await stage.confirm()

        reason = stage.client.said[0].reason
        assert controls_in(reason) == set()
        assert len(reason) == REASON_LIMIT
        assert reason.startswith("␛]52;c;cHduZWQ=␇ok␍␊AUDIT")


async def test_letting_requests_fail_wants_the_name_typed() -> None:
    alone = replace(healthy(), models=(model("gpt-5", fallbacks=()),))
    async with staged(FakeClient(alone)) as stage:
        dialog_of(stage, Action.TRIP, "gpt-5")
        await stage.ready()
        await stage.write("drill")
        await stage.press("enter", "enter", "enter")
        said_too_early = list(stage.client.said)
        await stage.write("gpt-5")
        await stage.confirm()

        assert said_too_early == []
        assert [command.action for command in stage.client.said] == [Action.TRIP]


async def test_a_wrong_name_is_not_enough() -> None:
    alone = replace(healthy(), models=(model("gpt-5", fallbacks=()),))
    async with staged(FakeClient(alone)) as stage:
        dialog_of(stage, Action.TRIP, "gpt-5")
        await stage.ready()
        await stage.write("drill")
        await stage.press("enter")
        await stage.write("gpt-4")
        await stage.press("enter", "enter")

        assert "type gpt-5 to confirm" in stage.shown
        assert stage.client.said == []


async def test_what_changed_while_one_was_reading_is_shown_before_it_is_done() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.DEACTIVATE, "claude-4-sonnet")
        dialog = await stage.ready()
        await stage.write("drill")
        await stage.press("enter")
        await stage.ready()
        stage.client.post(incident())
        await stage.press("enter")

        assert "things changed while you were reading" in dialog.text
        assert stage.client.said == []


async def test_a_command_under_way_is_said_to_be_recorded() -> None:
    client = FakeClient(healthy())
    client.is_holding = True
    async with staged(client) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.confirm()

        assert stage.dialog.phase is Phase.RECORDING
        assert "recording …" in stage.shown


async def test_the_audit_id_is_shown_when_it_is_done() -> None:
    client = FakeClient(healthy())
    client.is_holding = True
    async with staged(client) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.confirm()
        client.release()
        await stage.until(lambda: stage.dialog.phase is Phase.ENDED)
        await stage.pilot.pause()

        assert "✔ done, audited as a-1" in stage.shown


async def test_closing_during_the_recording_does_not_call_the_command_back() -> None:
    client = FakeClient(healthy())
    client.is_holding = True
    async with staged(client) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.confirm()
        future = client.held[0]
        await stage.press("escape")

        assert stage.results == [None]
        assert not future.cancelled()


async def test_a_refusal_of_the_engine_is_shown() -> None:
    client = FakeClient(healthy())
    client.result = CommandResult(is_done=False, message="the recorder is full", action_id="a-2")
    async with staged(client) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.confirm()
        await stage.until(lambda: stage.dialog.phase is Phase.ENDED)
        await stage.pilot.pause()

        assert "✖ refused: the recorder is full" in stage.shown


class FailingClient(FakeClient):
    """Fails every command in one of the ways an engine can."""

    def __init__(self, error: BaseException | None, *, at_once: bool = False) -> None:
        super().__init__(healthy())
        self.error = error
        self.at_once = at_once

    def command(self, command: Command) -> Future[CommandResult]:
        self.said.append(command)
        future: Future[CommandResult] = Future()
        if self.error is None:
            future.cancel()
        elif self.at_once:
            raise self.error
        else:
            future.set_exception(self.error)
        return future


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (FailingClient(RecordingFailed("disk full")), "disk full"),
        (FailingClient(RecordingFailed("no loop"), at_once=True), "no loop"),
        (FailingClient(RuntimeError("[/b] \x1b[2Jboom")), "[/b] ␛[2Jboom"),
        (FailingClient(TimeoutError()), "TimeoutError"),
        (FailingClient(None), "the engine ended before it answered"),
    ],
    ids=["failed", "failed at once", "hostile", "wordless", "cancelled"],
)
async def test_a_command_that_failed_says_so(client: FailingClient, words: str) -> None:
    async with staged(client) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.confirm()
        await stage.until(lambda: stage.dialog.phase is Phase.ENDED)
        await stage.pilot.pause()

        assert f"✖ not done: {words}" in stage.shown


async def test_it_tells_live_whether_it_worked() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.TRIP, "claude-4-sonnet")
        await stage.ready()
        await stage.write("drill")
        await stage.confirm()
        before = stage.dialog.text
        tripped = model("claude-4-sonnet", serving="gpt-5", status=ModelStatus.UNAVAILABLE, status_since=NOW)
        breaker = replace(tripped.breaker, state=BreakerState.OPEN, since=NOW, open_until=NOW + 20)
        others = healthy().models[1:]
        stage.client.post(replace(healthy(), models=(replace(tripped, breaker=breaker), *others)))
        await stage.until(lambda: "OPEN for 0 s, next probe in 0:20" in stage.dialog.text)

        assert "CLOSED for 4 h" in before
        assert "Traffic  gpt-5 ● serves" in stage.dialog.text


async def test_undo_is_offered_with_its_seconds() -> None:
    fleet = replace(healthy(), undo_until=NOW + 52, undo_text="trip claude-4-sonnet")
    async with staged(FakeClient(fleet)) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.confirm()

        assert "Undo     u within 52 s: trip claude-4-sonnet" in stage.dialog.text


async def test_u_after_the_deed_goes_on_to_undo() -> None:
    fleet = replace(healthy(), undo_until=NOW + 52, undo_text="check gpt-5")
    async with staged(FakeClient(fleet)) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.confirm()
        await stage.press("u")

        assert isinstance(stage.app.screen, UndoDialog)


async def test_it_closes_with_the_result() -> None:
    async with staged(FakeClient(healthy())) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.confirm()
        await stage.press("enter")

        assert stage.results == [stage.client.result]


async def test_an_alert_is_taken_with_a_note() -> None:
    async with staged(FakeClient(incident())) as stage:
        dialog_of(stage, Action.ACKNOWLEDGE, "al-1")
        await stage.ready()
        await stage.write("mine")
        await stage.confirm()

        assert stage.client.said == [Command(Action.ACKNOWLEDGE, "al-1", "mine")]


async def test_a_vanished_alert_is_said_to_be_gone() -> None:
    async with staged(FakeClient(replace(healthy(), alerts=(alert("al-9"),)))) as stage:
        dialog_of(stage, Action.ACKNOWLEDGE, "al-9")
        await stage.confirm()
        stage.client.post(healthy())
        await stage.until(lambda: "not in the inbox any more" in stage.dialog.text)


async def test_hostile_names_and_causes_reach_no_terminal() -> None:
    models = tuple(model(payload, fallbacks=(), status_cause=payload) for payload in PAYLOADS)
    async with staged(FakeClient(replace(healthy(), models=models))) as stage:
        for payload in PAYLOADS:
            dialog_of(stage, Action.TRIP, payload)
            await stage.pilot.pause()

            assert controls_in(stage.shown) == set()
            stage.app.pop_screen()


async def test_markup_in_a_name_is_text() -> None:
    fleet = replace(healthy(), models=(model("[TODO] Q3", fallbacks=()),))
    async with staged(FakeClient(fleet)) as stage:
        dialog_of(stage, Action.TRIP, "[TODO] Q3")
        await stage.ready()

        assert "Trip the breaker of [TODO] Q3" in stage.shown


async def test_a_terminal_without_unicode_gets_a_plain_frame() -> None:
    async with staged(FakeClient(healthy()), is_ascii=True) as stage:
        dialog_of(stage, Action.CHECK_NOW, "gpt-5")
        await stage.confirm()

        assert "+----" in stage.shown
        assert "✔" not in stage.shown


async def test_it_fits_any_terminal() -> None:
    async with staged(FakeClient(incident())) as stage:
        dialog_of(stage, Action.TRIP, "gpt-5")
        await stage.ready()
        for width, height in ((40, 10), (20, 5), (1, 1), (300, 90)):
            await stage.pilot.resize_terminal(width, height)

            await stage.until(lambda: max(map(len, stage.shown.splitlines())) <= stage.app.size.width)
            assert stage.app.size.width == width
