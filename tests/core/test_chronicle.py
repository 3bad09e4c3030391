"""The timeline's moments: what is told, what is folded, what follows from what."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.chronicle import _KINDS, FOLD_REACH, FOLD_WITHIN, STORY_LENGTH, TOLD, Chronicle, Kind
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import (
    Action,
    ActionPhase,
    AlertRule,
    BreakerState,
    ModelStatus,
    NoticeEnd,
    NoticeKind,
    Severity,
)
from hive_console.core.store import Gap, GapCause
from tests.core.samples import NOW


def told(*happened: e.Event | Gap) -> Chronicle:
    chronicle = Chronicle()
    for place, one in enumerate(happened):
        chronicle.take(2 * place, one)
    return chronicle


def broke(at: float = NOW, model: str = "a", new: BreakerState = BreakerState.OPEN) -> e.BreakerChanged:
    return e.BreakerChanged(at=at, model=model, old=BreakerState.CLOSED, new=new, cause="5 failures")


def still_down(at: float, model: str = "a") -> e.BreakerChanged:
    return e.BreakerChanged(
        at=at, model=model, old=BreakerState.HALF_OPEN, new=BreakerState.OPEN, cause="timed out"
    )


def down(at: float = NOW, model: str = "a") -> e.StatusChanged:
    return e.StatusChanged(
        at=at, model=model, old=ModelStatus.AVAILABLE, new=ModelStatus.UNAVAILABLE, cause="5 failures"
    )


def moved(at: float = NOW, model: str = "a", old: str | None = "a", new: str | None = "b") -> e.TrafficMoved:
    return e.TrafficMoved(at=at, model=model, old=old, new=new)


def raised(at: float = NOW, rule: AlertRule = AlertRule.BREAKER_OPEN, subject: str = "a") -> e.AlertRaised:
    return e.AlertRaised(
        at=at, alert_id="al-1", rule=rule, severity=Severity.CRITICAL, subject=subject, text="a is unavailable"
    )


def deed(phase: ActionPhase, at: float = NOW, target: str = "a") -> e.OperatorActed:
    return e.OperatorActed(
        at=at, action_id="d-1", actor="maria", action=Action.TRIP, phase=phase, target=target, reason="INC-1"
    )


def test_every_kind_that_is_told_has_its_word() -> None:
    assert set(TOLD) == set(_KINDS)


def test_requests_and_checks_are_no_moments() -> None:
    probe = e.ProbeFinished(at=NOW, model="a", kind=OutcomeKind.TIMED_OUT, latency=1.0)

    assert told(probe).moments == []


def test_what_other_events_tell_is_left_out() -> None:
    first = e.StatusChanged(at=NOW, model="a", old=ModelStatus.UNKNOWN, new=ModelStatus.AVAILABLE, cause="probe ok")

    assert told(first).moments == []


def test_a_moment_says_what_it_is_about_without_saying_it_twice() -> None:
    texts = [(moment.kind, moment.text) for moment in told(broke(), raised()).moments]

    assert texts == [(Kind.BREAKER, "a closed → open (5 failures)"), (Kind.ALERT, "a is unavailable")]


def test_the_end_of_an_alert_is_told() -> None:
    over = e.AlertResolved(at=NOW, alert_id="al-1", rule=AlertRule.BREAKER_OPEN, subject="a", lasted=60)

    assert told(over).moments[0].text == "over: breaker-open a after 1 m"


def test_an_acknowledgement_keeps_its_words() -> None:
    taken = e.AlertAcknowledged(
        at=NOW, alert_id="al-1", rule=AlertRule.BREAKER_OPEN, subject="a", actor="maria", note=""
    )

    assert told(taken).moments[0].text == "maria has the alert breaker-open a"


def test_more_of_the_same_is_one_moment_where_it_began() -> None:
    run, other = told(still_down(NOW), broke(NOW + 1, "b"), still_down(NOW + 60)).moments

    assert (run.count, run.at, run.last) == (2, NOW, NOW + 60)
    assert other.models == {"b"}


def test_the_same_after_a_long_time_is_another_run() -> None:
    assert len(told(still_down(NOW), still_down(NOW + FOLD_WITHIN + 1)).moments) == 2


def test_the_same_out_of_sight_is_another_run() -> None:
    between = [broke(NOW + place, f"m{place}") for place in range(FOLD_REACH)]

    assert len(told(still_down(NOW), *between, still_down(NOW + 60)).moments) == FOLD_REACH + 2


def test_what_stands_for_itself_is_folded_with_its_neighbour_only() -> None:
    assert [
        moment.count for moment in told(broke(), broke(NOW + 1), broke(NOW + 2, "b"), broke(NOW + 3)).moments
    ] == [
        2,
        1,
        1,
    ]


def test_a_ramp_is_one_moment_that_moves_on() -> None:
    steps = [e.RampAdvanced(at=NOW + place, model="a", share=share) for place, share in enumerate((0.1, 0.25, 0.5))]

    (ramp,) = told(*steps).moments

    assert (ramp.count, ramp.text) == (1, "a gets 50 % of its traffic again")


def test_a_breaker_explains_status_traffic_and_alert() -> None:
    chronicle = told(broke(), down(), moved(), raised())

    assert [moment.cause for moment in chronicle.moments] == [None, 0, 0, 0]


def test_an_acknowledgement_belongs_to_its_alert_however_late() -> None:
    taken = e.AlertAcknowledged(
        at=NOW + 3600, alert_id="al-1", rule=AlertRule.BREAKER_OPEN, subject="a", actor="maria", note=""
    )

    assert told(raised(), taken).moments[1].cause == 0


def test_what_happened_long_before_explains_nothing() -> None:
    assert told(broke(), down(NOW + 60)).moments[1].cause is None


def test_traffic_that_comes_back_follows_from_the_model_that_came_back() -> None:
    recovered = e.ModelRecovered(at=NOW, model="a", down_for=60)

    assert told(recovered, moved(old="b", new="a")).moments[1].cause == 0


def test_a_deed_stands_before_what_came_of_it() -> None:
    by_hand, tripped, gone = told(
        deed(ActionPhase.INTENDED), broke(), moved(), deed(ActionPhase.DONE, NOW + 0.1)
    ).moments

    assert by_hand.text == "maria: trip a “INC-1” ✔"
    assert (tripped.cause, gone.cause) == (by_hand.number, by_hand.number)


def test_a_deed_whose_beginning_is_not_known_is_told_by_its_end() -> None:
    assert [moment.text for moment in told(deed(ActionPhase.REFUSED)).moments] == [
        "maria: trip a “INC-1” refused: "
    ]


@pytest.mark.parametrize(
    ("cause", "rule", "subject"),
    [
        (
            e.FallbacksExhausted(
                at=NOW, operation="o", requested="a", tried=("a",), kind=OutcomeKind.TIMED_OUT, cause="timed out"
            ),
            AlertRule.FALLBACKS_EXHAUSTED,
            "a",
        ),
        (e.DegradedModeEntered(at=NOW, available_share=0.2, threshold=0.6), AlertRule.DEGRADED_MODE, ""),
        (e.SettingsRefused(at=NOW, source="file", problem="no"), AlertRule.SETTINGS_REFUSED, ""),
        (e.KeyQuarantined(at=NOW, key="env:K", provider="acme", models=("a",)), AlertRule.KEY_REFUSED, "acme"),
        (down(), AlertRule.MODEL_UNAVAILABLE, "a"),
    ],
)
def test_an_alert_follows_from_what_its_rule_watches(cause: e.Event, rule: AlertRule, subject: str) -> None:
    assert told(cause, raised(rule=rule, subject=subject)).moments[1].cause == 0


def test_a_story_goes_from_the_first_cause_to_all_that_came_of_it() -> None:
    taken = e.AlertAcknowledged(
        at=NOW + 60, alert_id="al-1", rule=AlertRule.BREAKER_OPEN, subject="a", actor="maria", note=""
    )
    chronicle = told(broke(), broke(NOW, "b"), raised(), taken)

    assert [moment.number for moment in chronicle.story_of(chronicle.moments[3])] == [0, 4, 6]


def test_a_story_is_bounded() -> None:
    moves = [moved(NOW, f"m{place}", old="a") for place in range(STORY_LENGTH + 5)]
    chronicle = told(broke(), *moves)

    assert len(chronicle.story_of(chronicle.moments[0])) == STORY_LENGTH


def test_a_cause_that_is_not_kept_ends_a_story() -> None:
    chronicle = told(broke(), down())
    effect = chronicle.moments[1]
    chronicle.moments.pop(0)

    assert chronicle.story_of(effect) == (effect,)


def test_a_gap_of_the_recording_is_a_moment() -> None:
    gap = Gap(begin=NOW, end=NOW + 60, cause=GapCause.DISK_FULL, dropped=12, detail="no space")

    (moment,) = told(gap).moments

    assert (moment.kind, moment.matters) == (Kind.GAP, True)
    assert moment.text == "not recorded whole for 1 m: disk full, 12 events lost (no space)"


def test_time_without_an_engine_is_a_gap() -> None:
    started = e.EngineStarted(at=NOW + 7200, version="1", models=("a",))

    stopped, gap, again = told(e.EngineStopped(at=NOW, cause="quit"), started).moments

    assert (stopped.kind, gap.kind, again.kind) == (Kind.ENGINE, Kind.GAP, Kind.ENGINE)
    assert gap.text == "no engine ran for 2 h: nothing was watched"


def test_a_start_without_a_known_end_before_is_no_gap() -> None:
    assert len(told(e.EngineStarted(at=NOW, version="1", models=("a",))).moments) == 1


def test_what_an_earlier_engine_did_explains_nothing_after_a_start() -> None:
    chronicle = told(broke(), e.EngineStarted(at=NOW + 1, version="1", models=("a",)), down(NOW + 2))

    assert chronicle.moments[-1].cause is None


def test_a_number_is_found_at_its_run_or_the_moment_before() -> None:
    chronicle = told(broke(), down())

    assert (chronicle.place_of(3), chronicle.place_of(0), chronicle.place_of(-1)) == (1, 0, None)


def test_hands_warnings_and_gaps_are_where_one_stops() -> None:
    started, tripped = told(e.EngineStarted(at=NOW, version="1", models=("a",)), deed(ActionPhase.DONE)).moments

    assert (started.matters, tripped.matters) == (False, True)


# --- alerts and notices ----------------------------------------------------------------------------


def alert_raised(alert_id: str, rule: AlertRule, subject: str, at: float = NOW) -> e.AlertRaised:
    return e.AlertRaised(
        at=at, alert_id=alert_id, rule=rule, severity=Severity.ERROR, subject=subject, text=f"{subject} is bad"
    )


def test_what_mutes_an_alert_and_who_was_told_hang_on_the_alert() -> None:
    outage = alert_raised("A1", AlertRule.PROVIDER_DOWN, "acme")
    notice = e.NoticeSettled(
        at=NOW + 1,
        notice_id="N1",
        channel="ops",
        end=NoticeEnd.DELIVERED,
        kind=NoticeKind.FIRING,
        alert_ids=("A1",),
    )
    muted = e.AlertMuted(at=NOW, alert_id="A2", rule=AlertRule.MODEL_ERRORS, subject="a", by_alert="A1")
    over = e.AlertResolved(at=NOW + 2, alert_id="A1", rule=AlertRule.PROVIDER_DOWN, subject="acme", lasted=2.0)

    moments = told(outage, muted, notice, over).moments

    assert [(moment.kind, moment.cause) for moment in moments] == [
        (Kind.ALERT, None),
        (Kind.ALERT, 0),
        (Kind.NOTICE, 0),
        (Kind.ALERT, 0),
    ]
    assert moments[2].text == "to ops delivered: firing A1"


def test_what_a_silence_hides_and_its_end_hang_on_the_silence() -> None:
    placed = e.SilencePlaced(
        at=NOW, silence_id="S1", matchers=("model=a",), by="ada", reason="x", begins=NOW, until=NOW + 60
    )
    muted = e.AlertMuted(at=NOW, alert_id="A2", rule=AlertRule.MODEL_ERRORS, subject="a", silence_id="S1")
    heard = e.AlertMuted(at=NOW + 60, alert_id="A2", rule=AlertRule.MODEL_ERRORS, subject="a")
    over = e.SilenceEnded(at=NOW + 60, silence_id="S1", cause="its time is over", hid=1)

    assert [moment.cause for moment in told(placed, muted, over, heard).moments] == [None, 0, 0, None]


def test_a_notice_about_no_alert_stands_alone() -> None:
    test = e.NoticeSettled(
        at=NOW, notice_id="N1", channel="ops", end=NoticeEnd.DELIVERED, kind=NoticeKind.TEST, alert_ids=()
    )

    assert [moment.cause for moment in told(test).moments] == [None]


def test_the_steps_of_a_notice_are_no_moments() -> None:
    begun = e.NoticeTried(at=NOW, notice_id="N1", channel="ops", number=1)

    assert told(begun).moments == []
