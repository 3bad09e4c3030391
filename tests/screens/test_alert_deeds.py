"""Deeds on alerts, silences and channels: what is said to the engine, what is shown first, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.command import Command
from hive_console.core.states import Action, AlertState, NoticeEnd, NoticeKind
from hive_console.ui.alert_deeds import CHANNELS, DELIVERIES, SILENCES
from hive_console.ui.alert_dialog import PATIENCE
from hive_console.ui.alert_menu import AlertMenu
from hive_console.ui.alerts_screen import AlertsScreen
from hive_console.ui.deed_dialog import DeedDialog, Phase
from hive_console.ui.silence_picker import SilencePicker, hides, scopes_of
from tests.screens.alert_scenes import busy, notice, storm, told
from tests.screens.posted import NOW, FakeClient, alert, healthy
from tests.screens.stage import Stage, staged


@pytest.fixture(autouse=True)
def quick_hands() -> Iterator[None]:
    """The hold-off is tested with the dialog; here it only costs time."""
    patch = pytest.MonkeyPatch()
    patch.setattr(DeedDialog, "hold_off", 0.01)
    patch.setattr("hive_console.ui.deed_dialog.LOOK_AGAIN", 0.02)
    yield
    patch.undo()


async def at_pane(stage: Stage, name: str) -> AlertsScreen:
    await stage.press("2")
    screen = stage.app.screen
    assert isinstance(screen, AlertsScreen)
    screen.go_to_pane(name)
    await stage.until(lambda: screen.focused is not None and screen.focused.id == name)
    return screen


async def done(stage: Stage) -> None:
    await stage.confirm()
    await stage.until(lambda: stage.dialog.phase is Phase.ENDED)


# --- alerts ---


@pytest.mark.parametrize(
    ("keys", "action", "alert_id"),
    [
        (("A",), Action.UNACKNOWLEDGE, "A-4"),
        (("P",), Action.ESCALATE, "A-1"),
        (("r",), Action.RESOLVE, "A-1"),
        (("n",), Action.NOTE, "A-1"),
    ],
)
async def test_each_key_says_its_word_with_the_note(keys: tuple[str, ...], action: Action, alert_id: str) -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", *(["j"] * 4 if alert_id == "A-4" else []), *keys)
        await stage.ready()
        await stage.write("INC-4412")
        await done(stage)

        assert stage.client.said == [Command(action, alert_id, "INC-4412")]


async def test_resolving_by_hand_says_that_it_is_put_away_until_it_was_well() -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", "r")
        await stage.ready()

        assert "it is put away until it has been well once" in stage.shown


async def test_an_acknowledgement_has_an_end_that_can_be_chosen() -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", "a")
        await stage.ready()
        assert "(•) as usual  ( ) 1 h  ( ) 4 h  ( ) 8 h" in stage.shown
        await stage.press("shift+tab", "right")
        await done(stage)

        assert stage.client.said == [Command(Action.ACKNOWLEDGE, "A-1", parameter="4", duration=3600.0)]


async def test_an_acknowledgement_is_of_the_alert_as_it_was_read() -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", "a")
        await stage.ready()
        fleet = busy()
        again = replace(fleet.alerts[0], changed=5, state=AlertState.RESOLVED)
        stage.client.post(replace(fleet, alerts=(again, *fleet.alerts[1:])))

        await stage.until(lambda: "Refused  it is resolved already" in stage.shown)


async def test_a_note_is_asked_for_before_anything_is_said() -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", "n")
        await stage.ready()
        await stage.press("enter")

        assert stage.client.said == []
        assert "a reason is required" in stage.shown


async def test_a_whole_group_is_taken_at_once() -> None:
    async with staged(FakeClient(storm(32))) as stage:
        await stage.press("2", "a")
        await done(stage)
        (command,) = stage.client.said

        assert len(command.target.split(",")) == 8
        assert "Acknowledge 8 of 8 alerts" in stage.shown


async def test_what_came_true_is_seen_and_what_does_not_come_is_said() -> None:
    client = FakeClient(busy())
    async with staged(client) as stage:
        await stage.press("2", "r")
        await done(stage)
        assert "… waiting: it is to be put away" in stage.shown
        stage.clock[0] += PATIENCE + 1
        await stage.until(lambda: "▲ not seen: it is to be put away" in stage.shown)
        client.post(replace(busy(), alerts=busy().alerts[1:]))

        await stage.until(lambda: "✔ it is put away until it was well once" in stage.shown)


async def test_what_cannot_be_done_says_why() -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", "A")
        await stage.until(lambda: "Refused  nobody has it" in stage.shown)
        await stage.press("escape", "x")

        assert isinstance(stage.app.screen, AlertMenu)
        assert "A  give back              nobody has it" in stage.shown
        assert "S  end the silence        no silence covers this" in stage.shown


async def test_the_menu_opens_the_deed_and_goes_on_to_the_model() -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", "x", "r")
        title = stage.dialog.text
        await stage.press("escape", "x", "x")

        assert "Resolve by hand: claude-4-sonnet is unavailable" in title
        assert "Actions on claude-4-sonnet" in stage.shown


async def test_a_read_only_console_says_why_it_does_nothing() -> None:
    async with staged(FakeClient(busy()), read_only=True) as stage:
        for key, word in (("s", "silence"), ("P", "escalate"), ("r", "resolve"), ("n", "note")):
            await stage.press(*(["2"] if not isinstance(stage.app.screen, AlertsScreen) else []), key)
            assert f"{word}: this console is read-only" in stage.shown
        assert stage.client.said == []


async def test_keys_of_the_model_act_on_what_the_alert_is_about() -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", "c")

        assert "Check claude-4-sonnet now" in stage.dialog.text


# --- silences ---


def test_what_a_silence_can_be_of_goes_from_narrow_to_wide() -> None:
    fleet = busy()
    scopes = scopes_of(fleet.alerts[4:5], fleet)

    assert [(scope.words, scope.targets, hides(scope.targets, fleet)) for scope in scopes[:-1]] == [
        ("this alert", ("A-5",), 1),
        ("its rule", ("rule=model-error-rate",), 1),
        ("its model", ("model=deepseek-v3",), 2),
        ("its provider", ("provider=deepseek",), 2),
    ]


def test_what_an_alert_has_not_cannot_be_silenced() -> None:
    bare = alert("a", subject="settings, all")
    refusals = {scope.words: scope.refusal for scope in scopes_of((bare,), healthy())}

    assert refusals["its model"] == "it has none: it is not about a model"
    assert refusals["its provider"] == "it has none: it is not about a provider"
    assert not refusals["its rule"]


def test_a_name_with_a_comma_is_no_matcher() -> None:
    bare = alert("a", subject="x", labels=(("model", "a,b"), ("provider", "p" * 300)))
    refusals = {scope.words: scope.refusal for scope in scopes_of((bare,), healthy())}

    assert refusals["its model"] == refusals["its provider"] == "its name cannot be written as a matcher"
    assert hides(("no matcher",), busy()) == 0


async def test_a_silence_says_what_it_hides_and_wants_a_reason() -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", "s")
        assert isinstance(stage.app.screen, SilencePicker)
        assert "p  its provider      hides 3 firing      provider=anthropic" in stage.shown
        await stage.press("p")
        await stage.ready()
        assert "3 of 7 firing alerts match" in stage.shown
        assert "it hides what is critical" in stage.shown
        await stage.press("shift+tab", "right")
        await stage.ready()
        await stage.press("tab")
        await stage.write("INC-4412")
        await done(stage)

        assert stage.client.said == [
            Command(Action.SILENCE, "provider=anthropic", "INC-4412", "until-resolved", duration=3600.0)
        ]


async def test_marked_alerts_get_a_silence_each() -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", "space", "space", "s", "1")
        await stage.ready()
        assert "Silence 2 alerts, each by itself" in stage.shown
        await stage.write("drill")
        await done(stage)

        assert [command.target for command in stage.client.said] == ["A-1", "A-2"]
        assert "0 of 2 hold" in stage.shown


async def test_what_a_silence_matches_can_be_typed() -> None:
    async with staged(FakeClient(busy())) as stage:
        await stage.press("2", "s", "w")
        await stage.ready()
        assert "write what it matches, such as model=gpt-*" in stage.shown
        await stage.write("modl=gpt-5")
        await stage.until(lambda: "is no label" in stage.shown)
        await stage.press(*["backspace"] * 10)
        await stage.write("model=gpt-*")

        await stage.until(lambda: "1 of 7 firing alerts match" in stage.shown)


async def test_a_silence_is_ended_from_its_list_and_from_what_it_covers() -> None:
    async with staged(FakeClient(busy())) as stage:
        screen = await at_pane(stage, SILENCES)
        await stage.press("S")
        assert "End silence S-1: provider=deepseek" in stage.dialog.text
        await done(stage)
        stage.client.post(replace(busy(), silences=busy().silences[1:]))
        await stage.until(lambda: "✔ it is over: people are told again" in stage.shown)
        await stage.press("enter")

        assert stage.client.said == [Command(Action.UNSILENCE, "S-1")]
        assert screen.silence is not None
        assert screen.silence.silence_id == "S-2"


async def test_the_key_that_ends_a_silence_is_there_where_one_can_be_ended() -> None:
    async with staged(FakeClient(busy()), size=(120, 24)) as stage:
        await stage.press("2")
        without = stage.shown
        await stage.press(*"jjjjjjj", "enter", "j")

        assert "S end silence" not in without
        assert "S end silence" in stage.shown


# --- channels ---


async def test_a_test_is_watched_until_the_channel_answered() -> None:
    client = FakeClient(busy())
    async with staged(client) as stage:
        await at_pane(stage, CHANNELS)
        await stage.press("C")
        await stage.ready()
        assert "Send a test to slack" in stage.shown
        await done(stage)
        assert "… waiting: the test is to be queued" in stage.shown
        answers = ((429, "slow down", False), (200, "ok", True))
        client.publish(*notice("N-7", "slack", NOW, *answers, kind=NoticeKind.TEST))
        await stage.until(lambda: "✔ delivered" in stage.shown)

        assert "✖ not so: try 1 after 250 ms: 429 slow down" in stage.shown
        assert "✔ try 2 after 250 ms: 200 ok" in stage.shown
        assert stage.client.said == [Command(Action.TEST_CHANNEL, "slack")]


async def test_a_test_that_is_given_up_is_no_success() -> None:
    client = FakeClient(busy())
    async with staged(client) as stage:
        await at_pane(stage, CHANNELS)
        await stage.press("j", "C")
        await done(stage)
        answers = ((535, "5.7.8 authentication failed", False),)
        client.publish(*notice("N-7", "mail", NOW, *answers, kind=NoticeKind.TEST, end=NoticeEnd.DEAD))

        await stage.until(lambda: "✖ not so: DEAD: given up" in stage.shown)


# --- panes ---


async def test_each_pane_has_its_details_and_its_keys() -> None:
    async with staged(FakeClient(busy(), told())) as stage:
        for name, detail, key in (
            (SILENCES, "Hides    2 firing now, 3 since it began", "S end silence"),
            (CHANNELS, "Counts   12 delivered, 0 given up", "C test"),
            (DELIVERIES, "Notice   still firing over mail", "C test"),
        ):
            await at_pane(stage, name)
            assert detail in stage.shown
            assert key in stage.shown.splitlines()[-1], name
            await stage.press("enter")
            assert detail in stage.shown
            await stage.press("escape", "escape")


async def test_a_wide_terminal_shows_all_panes_at_once_and_zooms_one() -> None:
    async with staged(FakeClient(busy(), told()), size=(120, 40)) as stage:
        await stage.press("2")
        words = ("inbox 3 waiting", "story", "channels 1 of 3 FAIL", "silences 2", "delivery log 4")
        assert all(word in stage.shown for word in words)
        await stage.press("tab", "tab", "plus")
        zoomed = stage.shown
        await stage.press("escape")

        assert "silences 2 ━" in zoomed
        assert "story" not in zoomed
        assert all(word in stage.shown for word in words)


async def test_the_fleet_says_that_a_channel_fails_and_counts_no_muted_alerts() -> None:
    async with staged(FakeClient(busy()), size=(160, 40)) as stage:
        assert "Channel mail fails: 535 5.7.8 authentication failed; 2 notices wait." in stage.shown
        assert "✖ 4 alerts" in stage.shown.splitlines()[0]
        await stage.press("3")

        assert "CHANNEL mail FAILS" in stage.shown.splitlines()[0]


async def test_nothing_recorded_is_said_on_every_screen() -> None:
    fleet = replace(healthy(), recorder=replace(healthy().recorder, error="the disk is full"))
    async with staged(FakeClient(fleet)) as stage:
        await stage.press("4")

        assert "NOT RECORDING" in stage.shown.splitlines()[0]


async def test_the_story_tells_what_to_do_and_follows_the_alert_out() -> None:
    client = FakeClient(busy(), told())
    async with staged(client, size=(100, 40)) as stage:
        await stage.press("2", "enter")
        await stage.until(lambda: "jo took it" in stage.shown)
        assert "c check now" in stage.shown
        assert "docs/runbooks.md#model-unavailable" in stage.shown
        rule = client.fleet.alerts[0].rule
        client.publish(
            e.AlertNoted(
                at=NOW, alert_id="A-1", actor="jo", note="it is back", rule=rule, subject="claude-4-sonnet"
            )
        )
        client.post(replace(busy(), alerts=()))
        await stage.press("a")
        assert "there is no such alert any more" in stage.shown
        await stage.press("escape")

        await stage.until(lambda: "jo: it is back" in stage.shown)
