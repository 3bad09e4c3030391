"""Which sights prove a word about alerts."""

from __future__ import annotations

from hive_console.core.command import Command
from hive_console.core.evidence import Standing
from hive_console.core.proof import Watch
from hive_console.core.snapshot import AlertView, ChannelView, FleetSnapshot, SilenceView
from hive_console.core.states import Action, AlertState
from tests.core.samples import NOW, alert_view, fleet_view, model_view

SEEN, AWAITED, FAILED = Standing.SEEN, Standing.AWAITED, Standing.FAILED
SILENCE = SilenceView("S1", ("model=a",), "ada", "upgrade", NOW, NOW + 60, hides=1)
TEAM = ChannelView("team", "slack", delivered=1)
OVER = alert_view("A1", state=AlertState.RESOLVED, resolved_at=NOW)


def fleet(
    *alerts: AlertView, silences: tuple[SilenceView, ...] = (), channel: ChannelView | None = None
) -> FleetSnapshot:
    channels = () if channel is None else (channel,)
    return fleet_view(model_view("a"), alerts=alerts, silences=silences, channels=channels)


def told(action: Action, before: FleetSnapshot, now: FleetSnapshot, target: str = "A1") -> tuple[str, Standing]:
    [check] = Watch(Command(action, target), before, NOW).checks(now, NOW + 1)
    return check.text, check.standing


def test_taking_many_is_proven_when_all_are_taken() -> None:
    mine, free = alert_view("A1", acknowledged_by="ada"), alert_view("A2")
    before = fleet(alert_view("A1"), free)

    assert told(Action.ACKNOWLEDGE, before, fleet(mine, free), "A1,A2") == ("1 alert: are to be yours", AWAITED)
    both = fleet(mine, alert_view("A2", acknowledged_by="ada"))
    assert told(Action.ACKNOWLEDGE, before, both, "A1,A2") == ("ada has 2 alerts", SEEN)
    assert told(Action.ACKNOWLEDGE, before, before) == ("1 alert: are to be yours", AWAITED)


def test_giving_back_and_resolving_are_proven_by_the_alert() -> None:
    mine = fleet(alert_view("A1", acknowledged_by="ada"))

    assert told(Action.UNACKNOWLEDGE, mine, fleet(alert_view("A1"))) == ("nobody has A1", SEEN)
    assert told(Action.UNACKNOWLEDGE, mine, mine)[1] is AWAITED
    assert told(Action.RESOLVE, mine, fleet(OVER)) == ("resolved: A1", SEEN)
    assert told(Action.RESOLVE, mine, mine)[1] is AWAITED


def test_an_escalation_is_proven_by_a_further_step() -> None:
    before = fleet(alert_view("A1", step=1))

    assert told(Action.ESCALATE, before, fleet(alert_view("A1", step=2)))[1] is SEEN
    assert told(Action.ESCALATE, before, before)[1] is AWAITED


def test_a_note_is_proven_by_the_alert_that_bears_it() -> None:
    before = fleet(alert_view("A1"))

    assert told(Action.NOTE, before, fleet(alert_view("A1", notes=("ada: it was DNS",)))) == (
        "the note is on A1",
        SEEN,
    )
    assert told(Action.NOTE, before, before)[1] is AWAITED


def test_an_alert_that_was_not_there_before_proves_what_it_is() -> None:
    now = fleet(alert_view("A1"))

    assert told(Action.NOTE, fleet(), now)[1] is SEEN
    assert told(Action.ESCALATE, fleet(), now)[1] is SEEN


def test_an_alert_that_is_gone_proves_nothing() -> None:
    assert told(Action.ACKNOWLEDGE, fleet(OVER), fleet())[1] is FAILED


def test_a_silence_is_proven_by_being_there_and_its_end_by_being_gone() -> None:
    with_it = fleet(silences=(SILENCE,))

    assert told(Action.SILENCE, fleet(), with_it, "model=a") == ("silence S1 hides 1 firing alert", SEEN)
    assert told(Action.SILENCE, with_it, with_it, "model=a")[1] is AWAITED
    assert told(Action.UNSILENCE, with_it, fleet(), "S1") == ("silence S1 is over", SEEN)
    assert told(Action.UNSILENCE, with_it, with_it, "S1")[1] is AWAITED


def test_a_test_is_proven_by_the_channel() -> None:
    before = fleet(channel=TEAM)
    took = fleet(channel=ChannelView("team", "slack", delivered=2))
    failed = fleet(channel=ChannelView("team", "slack", delivered=1, last_error="no_service"))

    assert told(Action.TEST_CHANNEL, before, took, "team") == ("team took the test", SEEN)
    assert told(Action.TEST_CHANNEL, before, failed, "team") == ("team did not take it: no_service", FAILED)
    assert told(Action.TEST_CHANNEL, before, before, "team")[1] is AWAITED
    assert told(Action.TEST_CHANNEL, before, fleet(), "team")[1] is FAILED
    assert told(Action.TEST_CHANNEL, fleet(), before, "team")[1] is AWAITED
