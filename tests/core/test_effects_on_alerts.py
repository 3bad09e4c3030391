"""What the words about alerts would do, as a dry run tells it."""

from __future__ import annotations

import pytest

from hive_console.core.command import Command, Effect, effect_of
from hive_console.core.effects_on_alerts import MOST_AT_ONCE, ids_of
from hive_console.core.reversal import Reversal, reversal_of
from hive_console.core.snapshot import AlertView, ChannelView, FleetSnapshot, SilenceView
from hive_console.core.states import Action, AlertState, Severity
from tests.core.samples import NOW, alert_view, fleet_view, model_view

OVER = {"state": AlertState.RESOLVED, "resolved_at": NOW}
SILENCE = SilenceView("S1", ("rule=breaker-open",), "ada", "upgrade", NOW - 60, NOW + 600, hides=2)


def fleet(*alerts: AlertView, channels: tuple[ChannelView, ...] = ()) -> FleetSnapshot:
    return fleet_view(model_view("a"), alerts=alerts, silences=(SILENCE,), channels=channels)


def said(
    action: Action, target: str, *alerts: AlertView, note: str = "", parameter: str = "", actor: str = "bob"
) -> Effect:
    return effect_of(Command(action, target, note, parameter, actor), fleet(*alerts))


def test_a_firing_alert_can_be_acknowledged() -> None:
    effect = said(Action.ACKNOWLEDGE, "A1", alert_view())

    assert (effect.is_allowed, effect.title) == (True, "Acknowledge: breaker of a is open")
    assert (effect.now, effect.undo) == ("firing", "undo gives it back")
    assert effect.durations[0] is None


def test_an_alert_that_is_over_taken_or_gone_cannot_be_acknowledged() -> None:
    over = said(Action.ACKNOWLEDGE, "A1", alert_view(**OVER))
    taken = said(Action.ACKNOWLEDGE, "A1", alert_view(acknowledged_by="ada"))
    gone = said(Action.ACKNOWLEDGE, "A9", alert_view())

    assert [effect.is_allowed for effect in (over, taken, gone)] == [False, False, False]
    assert over.refusal == "it is resolved already"
    assert taken.refusal == "ada has it already"
    assert gone.refusal == "there is no such alert any more"


def test_whoever_has_an_alert_may_take_it_for_longer() -> None:
    assert said(Action.ACKNOWLEDGE, "A1", alert_view(acknowledged_by="bob")).is_allowed


def test_an_alert_that_changed_since_somebody_looked_is_looked_at_again() -> None:
    same = said(Action.ACKNOWLEDGE, "A1", alert_view(changed=3), parameter="3")
    other = said(Action.ACKNOWLEDGE, "A1", alert_view(changed=4), parameter="3")

    assert same.is_allowed
    assert other.refusal == "it has changed since you looked; look again"


def test_many_are_acknowledged_at_once_and_those_left_out_are_told() -> None:
    effect = said(
        Action.ACKNOWLEDGE, "A1, A2,A1,A3,A9", alert_view("A1"), alert_view("A2"), alert_view("A3", **OVER)
    )

    assert effect.title == "Acknowledge 2 of 4 alerts"
    assert effect.warnings == ("1 of them are gone", "A3: it is resolved already")


def test_when_all_can_be_acknowledged_nothing_is_warned_of() -> None:
    assert said(Action.ACKNOWLEDGE, "A1,A2", alert_view("A1"), alert_view("A2")).warnings == ()


def test_nobody_and_too_many_are_refused() -> None:
    crowd = ",".join(f"A{number}" for number in range(MOST_AT_ONCE + 1))

    assert said(Action.ACKNOWLEDGE, " , ").refusal == "no alert is named"
    assert said(Action.ACKNOWLEDGE, crowd).refusal == f"at most {MOST_AT_ONCE} at once"
    assert len(ids_of(crowd)) == MOST_AT_ONCE + 1


def test_what_nobody_has_cannot_be_given_back() -> None:
    taken = said(Action.UNACKNOWLEDGE, "A1", alert_view(acknowledged_by="ada"))

    assert (taken.is_allowed, taken.now) == (True, "firing, ada has it")
    assert said(Action.UNACKNOWLEDGE, "A1", alert_view()).refusal == "nobody has it"


def test_resolving_by_hand_says_that_it_is_put_away() -> None:
    effect = said(Action.RESOLVE, "A1", alert_view())

    assert effect.is_allowed
    assert "put away until it has been well once" in effect.effect


def test_a_silenced_alert_is_not_escalated() -> None:
    assert said(Action.ESCALATE, "A1", alert_view()).is_allowed
    assert said(Action.ESCALATE, "A1", alert_view(silenced_by="S1")).refusal.startswith("it is silenced by S1")


def test_a_note_may_be_written_on_what_is_over_and_must_say_something() -> None:
    assert said(Action.NOTE, "A1", alert_view(**OVER), note="it was DNS").is_allowed
    assert said(Action.NOTE, "A1", alert_view(), note=" ").refusal == "there is nothing to note"


# --- silences ------------------------------------------------------------------------------------


def test_a_silence_tells_how_many_it_would_hide_and_what_of_it_is_critical() -> None:
    critical = alert_view("A2", severity=Severity.CRITICAL, text="all of it is down")
    effect = said(Action.SILENCE, "rule=breaker-*, subject=a", alert_view("A1"), critical, alert_view("A3", **OVER))

    assert effect.title == "Silence rule=breaker-*, subject=a"
    assert effect.now == "2 of 2 firing alerts match"
    assert effect.effect.startswith("nobody is told of what matches for 60 minutes;")
    assert effect.warnings == ("it hides what is critical: all of it is down",)
    assert (effect.durations[0], effect.undo) == (3600, "undo ends it")


def test_a_silence_on_an_alert_is_on_its_rule_and_subject() -> None:
    effect = said(Action.SILENCE, "A1", alert_view(), parameter="until-resolved maintenance")

    assert effect.title == "Silence rule=breaker-open, subject=a"
    assert "or until the last of them is resolved" in effect.effect
    assert effect.warnings == ()


@pytest.mark.parametrize(
    ("target", "parameter", "refusal"),
    [
        ("", "", "it is empty; say what is to be silent, such as model=gpt-5"),
        ("A9", "", "'A9' is no matcher; write label=pattern or label!=pattern"),
        ("colour=red", "", "'colour' is no label; known are"),
        (",".join(f"model=m{number}" for number in range(21)), "", "it has 21 matchers; at most 20"),
        ("model=a", "for ever", "for ever is neither maintenance nor until-resolved"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(target: str, parameter: str, refusal: str) -> None:
    effect = said(Action.SILENCE, target, alert_view(), parameter=parameter)

    assert not effect.is_allowed
    assert effect.refusal.startswith(refusal)


def test_ending_a_silence_tells_whose_it_is_and_what_comes_back() -> None:
    effect = said(Action.UNSILENCE, "S1")

    assert effect.title == "End silence S1: rule=breaker-open"
    assert effect.now == "by ada, 10 m more: upgrade"
    assert effect.effect == "2 firing alerts are told again"
    assert said(Action.UNSILENCE, "S9").refusal == "there is no such silence any more"


def test_ending_a_silence_that_hides_nothing_says_so() -> None:
    idle = SilenceView("S2", ("model=b",), "ada", "upgrade", NOW, NOW + 60)
    effect = effect_of(Command(Action.UNSILENCE, "S2"), fleet_view(model_view("a"), silences=(idle,)))

    assert effect.effect == "it hides nothing now"


# --- channels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "now"),
    [
        (ChannelView("team", "slack"), "it works as far as anybody knows"),
        (ChannelView("team", "slack", is_open=True), "its breaker is open"),
        (ChannelView("team", "slack", last_error="429"), "429"),
    ],
)
def test_a_channel_can_be_tried(channel: ChannelView, now: str) -> None:
    effect = effect_of(Command(Action.TEST_CHANNEL, "team"), fleet(channels=(channel,)))

    assert (effect.is_allowed, effect.now) == (True, now)
    assert effect.effect == "a notice that says it is a test goes out over slack"


def test_a_channel_that_is_not_there_is_refused_with_those_that_are() -> None:
    some = effect_of(Command(Action.TEST_CHANNEL, "x"), fleet(channels=(ChannelView("team", "slack"),)))

    assert some.refusal == "there is no such channel; known are team"
    assert said(Action.TEST_CHANNEL, "x").refusal.endswith("known are none; see alerts.channels of the settings")


# --- undoing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "back"),
    [(Action.ACKNOWLEDGE, Action.UNACKNOWLEDGE), (Action.SILENCE, Action.UNSILENCE)],
)
def test_what_was_taken_or_silenced_is_given_back(action: Action, back: Action) -> None:
    undone = reversal_of(Command(action, "A1,A2"), None, NOW, made="X1")

    assert undone == Reversal(Command(back, "X1", f"undo {action.value}"))
    assert reversal_of(Command(action, "A1"), None, NOW) is None
