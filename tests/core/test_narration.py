"""Each event as one plain sentence, as loud as it should be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.events import Event
from hive_console.core.holds import STOP_FILE
from hive_console.core.narration import narrate
from hive_console.core.outcome import OutcomeKind
from hive_console.core.restart import AS_BEFORE
from hive_console.core.states import (
    Action,
    ActionPhase,
    AlertRule,
    BreakerState,
    DegradationLevel,
    HoldKind,
    ModelStatus,
    OperationResult,
    Severity,
)
from tests.core.samples import NOW, every_variant, sample_event


@pytest.mark.parametrize("event", every_variant(), ids=lambda event: type(event).__name__)
def test_every_event_is_one_sentence_in_words(event: Event) -> None:
    text = narrate(event).text

    assert text.strip()
    assert len(text.splitlines()) == 1
    assert type(event).__name__ not in text


def test_an_event_that_has_no_sentence_yet_is_at_least_named() -> None:
    assert narrate(Event(at=NOW)).text == "Event"


def probe(kind: OutcomeKind, *, is_recovery: bool = False, message: str = "") -> e.ProbeFinished:
    return e.ProbeFinished(at=NOW, model="a", kind=kind, latency=0.25, message=message, is_recovery=is_recovery)


def test_good_probes_are_routine_and_failures_are_not() -> None:
    good = narrate(probe(OutcomeKind.SUCCESS))
    bad = narrate(probe(OutcomeKind.SERVER_ERROR, message="boom"))

    assert (good.text, good.is_routine) == ("probe a ok in 250ms", True)
    assert (bad.text, bad.severity, bad.is_routine) == ("probe a server error: boom", Severity.WARNING, False)


@pytest.mark.parametrize("kind", [OutcomeKind.SUCCESS, OutcomeKind.SERVER_ERROR])
def test_a_trial_is_told_once_by_what_the_breaker_made_of_it(kind: OutcomeKind) -> None:
    begun = e.BreakerChanged(at=NOW, model="a", old=BreakerState.OPEN, new=BreakerState.HALF_OPEN, cause="due")
    failed = e.BreakerChanged(
        at=NOW, model="a", old=BreakerState.HALF_OPEN, new=BreakerState.OPEN, cause="trial failed: boom"
    )

    assert narrate(begun).is_routine
    assert narrate(probe(kind, is_recovery=True)).is_routine
    assert not narrate(failed).is_routine
    assert narrate(failed).text == "a still down: trial failed: boom"
    assert narrate(failed).severity is Severity.WARNING


def test_a_first_good_check_and_a_recovery_are_no_news_by_themselves() -> None:
    def moved(old: ModelStatus, new: ModelStatus) -> bool:
        return narrate(e.StatusChanged(at=NOW, model="a", old=old, new=new, cause="why")).is_routine

    assert moved(ModelStatus.UNKNOWN, ModelStatus.AVAILABLE)
    assert moved(ModelStatus.UNAVAILABLE, ModelStatus.AVAILABLE)  # ModelRecovered tells it
    assert not moved(ModelStatus.DEGRADED, ModelStatus.AVAILABLE)
    assert not moved(ModelStatus.UNAVAILABLE, ModelStatus.DEGRADED)


def test_more_of_the_same_has_one_topic_and_another_failure_another() -> None:
    def call(model: str, kind: OutcomeKind, seconds: float) -> str:
        event = e.AttemptFinished(at=NOW, operation="o", model=model, number=1, kind=kind, latency=seconds)
        return narrate(event).topic

    assert call("a", OutcomeKind.TIMED_OUT, 1.0) == call("a", OutcomeKind.TIMED_OUT, 2.0) != ""
    assert call("a", OutcomeKind.TIMED_OUT, 1.0) != call("a", OutcomeKind.SERVER_ERROR, 1.0)
    assert call("a", OutcomeKind.TIMED_OUT, 1.0) != call("b", OutcomeKind.TIMED_OUT, 1.0)


def test_how_the_fleet_is_set_up_is_routine_in_the_log() -> None:
    assert narrate(sample_event(e.FleetConfigured)).is_routine


def test_what_an_alerts_own_cause_tells_is_routine_in_the_log() -> None:
    assert narrate(sample_event(e.AlertRaised, rule=AlertRule.BREAKER_OPEN)).is_routine
    assert narrate(sample_event(e.AlertResolved, rule=AlertRule.BREAKER_OPEN)).is_routine
    assert not narrate(sample_event(e.AlertAcknowledged)).is_routine


@pytest.mark.parametrize("kind", OutcomeKind)
def test_only_good_and_cancelled_calls_are_routine(kind: OutcomeKind) -> None:
    line = narrate(e.AttemptFinished(at=NOW, operation="o", model="a", number=1, kind=kind, latency=1.5))

    is_quiet = kind in {OutcomeKind.SUCCESS, OutcomeKind.CANCELLED}
    assert line.is_routine is is_quiet
    assert line.severity is (Severity.INFO if is_quiet else Severity.WARNING)
    assert "1.5s" in line.text


@pytest.mark.parametrize(
    ("result", "severity", "is_routine"),
    [
        (OperationResult.ANSWERED, Severity.INFO, True),
        (OperationResult.FAILED, Severity.CRITICAL, False),
        (OperationResult.SHED, Severity.CRITICAL, False),
        (OperationResult.REJECTED, Severity.INFO, True),
        (OperationResult.CANCELLED, Severity.INFO, True),
    ],
)
def test_an_operation_is_loud_when_a_client_saw_us_fail(
    result: OperationResult, severity: Severity, *, is_routine: bool
) -> None:
    event = sample_event(e.OperationFinished, result=result, requested="a", kind=OutcomeKind.TIMED_OUT, route="")

    line = narrate(event)

    assert (line.severity, line.is_routine) == (severity, is_routine)
    assert "a" in line.text.split()


@pytest.mark.parametrize(
    ("new", "severity"),
    [
        (BreakerState.OPEN, Severity.CRITICAL),
        (BreakerState.ISOLATED, Severity.WARNING),
        (BreakerState.HALF_OPEN, Severity.INFO),
        (BreakerState.CLOSED, Severity.INFO),
    ],
)
def test_a_breakers_move_is_as_loud_as_its_new_state(new: BreakerState, severity: Severity) -> None:
    line = narrate(e.BreakerChanged(at=NOW, model="a", old=BreakerState.CLOSED, new=new, cause="why"))

    assert line.severity is severity
    assert line.text == f"breaker a closed → {new.value} (why)"


@pytest.mark.parametrize(
    ("new", "severity"),
    [
        (ModelStatus.UNAVAILABLE, Severity.CRITICAL),
        (ModelStatus.DEGRADED, Severity.WARNING),
        (ModelStatus.AVAILABLE, Severity.INFO),
        (ModelStatus.UNKNOWN, Severity.INFO),
    ],
)
def test_a_status_is_as_loud_as_it_is_bad(new: ModelStatus, severity: Severity) -> None:
    line = narrate(e.StatusChanged(at=NOW, model="a", old=ModelStatus.UNKNOWN, new=new, cause="why"))

    assert line.severity is severity


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (e.RoutePinned(at=NOW, model="a", target="b", cause="by hand"), "traffic of a sent to b (by hand)"),
        (e.RoutePinned(at=NOW, model="a", target=None, cause="x"), "traffic of a goes to itself again (x)"),
        (e.TrafficMoved(at=NOW, model="a", old="a", new=None), "NOBODY serves the traffic of a now"),
        (e.TrafficMoved(at=NOW, model="a", old=None, new="b"), "traffic of a now on b"),
        (e.TrafficMoved(at=NOW, model="a", old="a", new="b"), "traffic of a now on b"),
        (e.TrafficMoved(at=NOW, model="a", old="b", new="a"), "a serves its own traffic again"),
        (e.ModelRecovered(at=NOW, model="a", down_for=42.0), "a recovered after 42 s"),
        (
            e.ModelRecovered(at=NOW, model="a", down_for=42.0, by_operator=True),
            "a recovered after 42 s, by an operator",
        ),
        (e.EngineStopped(at=NOW), "engine stopped"),
        (
            e.FallbacksExhausted(
                at=NOW, operation="o", requested="a", tried=(), kind=OutcomeKind.REFUSED, cause="all open"
            ),
            "no model answered for a: tried no model; all open",
        ),
        (
            e.FallbacksExhausted(
                at=NOW,
                operation="o",
                requested="a",
                tried=("a",),
                kind=OutcomeKind.REFUSED,
                cause="x",
                route="smart",
            ),
            "no model answered for smart: tried a; x",
        ),
        (
            e.TrafficMoved(at=NOW, model="smart", old="b", new="a", primary="a"),
            "a serves the traffic of smart again",
        ),
        (e.TrafficMoved(at=NOW, model="smart", old="a", new="b", primary="a"), "traffic of smart now on b"),
        (
            e.KeyQuarantined(at=NOW, key="env:K", provider="acme", models=("a", "b")),
            (
                "acme refuses the key env:K: a, b left alone; replace it, or its permissions, then reset or wait a"
                " minute"
            ),
        ),
        (
            e.KeyQuarantined(at=NOW, key="", provider="acme", models=("a",)),
            "acme refuses calls without a key: a left alone; configure a key, then reset or wait a minute",
        ),
        (e.KeyRestored(at=NOW, key="env:K", provider="acme", models=("a",)), "env:K is accepted by acme again"),
        (
            e.KeyRestored(at=NOW, key="", provider="acme", models=("a",)),
            "a call without a key is accepted by acme again",
        ),
    ],
)
def test_what_moved_is_said_plainly(event: Event, text: str) -> None:
    assert narrate(event).text == text


# --- the way back, and hands that hold it still --------------------------------------------------


def ramp(share: float, model: str = "a") -> e.RampAdvanced:
    return e.RampAdvanced(at=NOW, model=model, share=share)


def test_the_steps_of_a_ramp_are_one_line_that_moves_on() -> None:
    first, second = narrate(ramp(0.1)), narrate(ramp(0.25))

    assert second.text == "a gets 25 % of its traffic again"
    assert first.topic == second.topic != narrate(ramp(0.25, "b")).topic
    assert first.is_progress
    assert not first.is_routine


def test_the_end_of_a_ramp_is_told_once_with_how_long_it_took() -> None:
    ended = narrate(e.RecoveryEnded(at=NOW, model="a", took=42.0, ramp=9.0))
    by_hand = narrate(e.RecoveryEnded(at=NOW, model="a", took=42.0, ramp=9.0, by_operator=True))

    assert narrate(ramp(1.0)).is_routine
    assert ended.text == "a has all of its traffic again after 42 s (9 s in steps)"
    assert not ended.is_routine
    assert by_hand.text.endswith(", by an operator")


def test_traffic_that_came_back_at_once_is_told_by_the_recovery() -> None:
    assert narrate(e.RecoveryEnded(at=NOW, model="a", took=42.0)).is_routine


def test_a_freeze_is_told_by_its_deed_and_its_end_by_itself() -> None:
    frozen = narrate(e.AutomationFrozen(at=NOW, model="a", until=NOW + 3600, cause="by ada: deploy"))
    for_ever = narrate(e.AutomationFrozen(at=NOW, model="a", until=None, cause="x"))
    thawed = narrate(e.AutomationThawed(at=NOW, model="a", cause="by ada: done"))

    assert (frozen.text, frozen.is_routine) == ("a frozen for 1 h (by ada: deploy)", True)
    assert for_ever.text == "a frozen until somebody thaws it (x)"
    assert (thawed.text, thawed.is_routine) == ("a moves by itself again (by ada: done)", False)


def test_a_hold_is_told_by_its_deed_and_after_a_restart_by_itself() -> None:
    held = e.HoldPlaced(
        at=NOW, kind=HoldKind.PINNED, target="a", by="ada", since=NOW, until=NOW + 1800, reason="slow", detail="b"
    )
    again = narrate(replace(held, cause=AS_BEFORE))
    frozen = narrate(replace(held, kind=HoldKind.FROZEN, until=None, detail="", reason="", cause=AS_BEFORE))
    by_file = narrate(replace(held, kind=HoldKind.KILLED, target="*", by=STOP_FILE, until=None, detail=""))

    assert (narrate(held).text, narrate(held).is_routine) == ("a pinned b for 30 m by ada “slow”", True)
    assert (again.text, again.is_routine) == ("a pinned b for 30 m by ada “slow” (as before the restart)", False)
    assert (frozen.text, frozen.is_routine) == ("a frozen by ada (as before the restart)", True)
    assert (by_file.severity, by_file.is_routine) == (Severity.CRITICAL, False)


def test_the_end_of_a_hold_is_told_where_nobodys_word_ended_it() -> None:
    over = e.HoldEnded(at=NOW, kind=HoldKind.PINNED, target="a", by="ada", cause="its time is over, set by ada")
    lifted = narrate(replace(over, cause="by bob: mended"))

    assert narrate(over).text == "a no longer pinned (its time is over, set by ada)"
    assert not narrate(over).is_routine
    assert lifted.is_routine
    assert narrate(replace(over, kind=HoldKind.FROZEN)).is_routine


def test_a_status_that_somebody_meant_is_one_more_of_the_same() -> None:
    stopped = e.StatusChanged(
        at=NOW,
        model="a",
        old=ModelStatus.AVAILABLE,
        new=ModelStatus.UNAVAILABLE,
        cause="stopped by hand: leak",
        is_by_hand=True,
    )

    assert (narrate(stopped).severity, narrate(stopped).topic) == (
        Severity.WARNING,
        "by hand stopped by hand: leak",
    )


def test_a_breaker_that_only_counts_says_when_it_would_have_opened() -> None:
    line = narrate(e.ThresholdCrossed(at=NOW, model="a", cause="timed out"))

    assert line.text == "breaker a would open now: timed out"
    assert line.severity is Severity.WARNING
    assert line.topic == "crossing a"


def test_an_outlier_is_told_with_how_long_it_is_left_alone() -> None:
    out = narrate(e.OutlierEjected(at=NOW, model="a", until=NOW + 30, cause="fails far more often than the others"))
    back = narrate(e.OutlierReturned(at=NOW, model="a"))

    assert (out.text, out.severity) == (
        "a left alone for 30 s: fails far more often than the others",
        Severity.WARNING,
    )
    assert (back.text, back.severity) == ("a may be called again, no longer an outlier", Severity.INFO)


def test_a_spent_probe_budget_is_said_in_dollars() -> None:
    line = narrate(e.ProbeBudgetSpent(at=NOW, spent=1_000_100, budget=1_000_000))

    assert line.text == "paid probes have cost $1.0001 of $1.00 a day: free ones until midnight UTC"


def level(old: DegradationLevel, new: DegradationLevel) -> e.DegradationChanged:
    return e.DegradationChanged(at=NOW, old=old, new=new, available_share=0.25)


def test_a_level_says_what_is_turned_away() -> None:
    worse = narrate(level(DegradationLevel.REDUCED, DegradationLevel.ESSENTIAL))
    better = narrate(level(DegradationLevel.CRITICAL, DegradationLevel.ESSENTIAL))

    assert worse.text == (
        "degradation reduced → essential: background work is turned away (25.0 % of models available)"
    )
    assert (worse.severity, better.severity) == (Severity.CRITICAL, Severity.WARNING)
    assert not worse.is_routine


def test_the_first_and_the_last_level_are_told_by_degraded_mode() -> None:
    assert narrate(level(DegradationLevel.FULL, DegradationLevel.REDUCED)).is_routine
    assert narrate(level(DegradationLevel.REDUCED, DegradationLevel.FULL)).is_routine


def test_what_a_restart_takes_back_is_said_to_be_as_before() -> None:
    reduced = level(DegradationLevel.FULL, DegradationLevel.REDUCED)
    degraded = narrate(replace(reduced, cause=AS_BEFORE))
    key = narrate(e.KeyQuarantined(at=NOW, key="env:K", provider="acme", models=("a",), cause=AS_BEFORE))

    assert degraded.text.endswith("(25.0 % of models available) (as before the restart)")
    assert not degraded.is_routine  # no line of its own tells that degraded mode is on
    assert key.text == (
        "acme refuses the key env:K: a left alone; replace it, or its permissions, then reset or wait a minute"
        " (as before the restart)"
    )


def test_alerts_that_go_on_firing_are_named_and_counted() -> None:
    one = narrate(e.AlertsRestored(at=NOW, alert_ids=("A3",), count=1, acknowledged=0))
    many = narrate(e.AlertsRestored(at=NOW, alert_ids=tuple(f"A{n}" for n in range(50)), count=60, acknowledged=7))

    assert (one.text, one.severity) == ("1 alert fires as before the restart: A3", Severity.WARNING)
    assert many.text == "60 alerts fire as before the restart: A0, A1, A2, A3 and 56 more, 7 acknowledged"


def test_a3_degraded_mode_is_said_in_percent() -> None:
    entered = narrate(e.DegradedModeEntered(at=NOW, available_share=0.5, threshold=0.6))
    left = narrate(e.DegradedModeLeft(at=NOW, available_share=1.0, threshold=0.6, lasted=90.0))

    assert entered.text == "DEGRADED MODE: 50.0 % of models available, threshold 60.0 %"
    assert left.text == "degraded mode left after 1 m: 100 % of models available"


@pytest.mark.parametrize(
    ("phase", "ending", "is_routine"),
    [
        (ActionPhase.INTENDED, "“too slow” …", True),
        (ActionPhase.DONE, "“too slow” ✔", False),
        (ActionPhase.REFUSED, "“too slow” refused: it is gone", False),
    ],
)
def test_an_operators_deed_says_who_what_where_and_why(
    phase: ActionPhase, ending: str, *, is_routine: bool
) -> None:
    line = narrate(
        e.OperatorActed(
            at=NOW,
            action_id="1",
            actor="ada",
            action=Action.FAIL_OVER,
            phase=phase,
            target="a",
            reason="too slow",
            parameter="b",
            detail="it is gone",
        )
    )

    assert line.text == f"ada: fail-over a → b {ending}"
    assert line.is_routine is is_routine


def test_an_operators_deed_says_how_they_came() -> None:
    deed = sample_event(e.OperatorActed, actor="ada", origin="ssh 10.0.0.5")

    assert narrate(deed).text.startswith("ada (ssh 10.0.0.5): ")


def test_an_alert_is_as_loud_as_its_severity() -> None:
    event = sample_event(e.AlertRaised, severity=Severity.CRITICAL, text="breaker of a is open")

    assert narrate(event).severity is Severity.CRITICAL
    assert narrate(event).text == "alert: breaker of a is open"
