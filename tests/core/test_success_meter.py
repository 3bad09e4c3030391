"""BIP-03's success metrics: each definition of docs/simulation.md as a small story of events."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import Action, ActionPhase, BreakerState, ModelStatus, OperationResult
from hive_console.core.success import TARGETS, Goal, SuccessReport, Target
from hive_console.core.success_meter import ENOUGH, MAX_OPEN, SuccessMeter

DEADLINE = 90.0
NORMAL = 1.0


class Story:
    """Tells events to a meter; times are seconds after the start."""

    def __init__(self) -> None:
        self.meter = SuccessMeter(DEADLINE)
        self.number = 0

    def call(
        self, at: float, kind: OutcomeKind = OutcomeKind.SUCCESS, *, model: str = "a", seconds: float = NORMAL
    ) -> Story:
        """A call of the operation that ends next."""
        operation = f"o{self.number}"
        self.meter.observe(
            e.AttemptFinished(at=at, operation=operation, model=model, number=1, kind=kind, latency=seconds)
        )
        return self

    def ends(
        self,
        at: float,
        result: OperationResult = OperationResult.ANSWERED,
        *,
        seconds: float = NORMAL,
        served_by: str | None = "a",
        attempts: int = 1,
        degraded: bool = False,
    ) -> Story:
        """The operation ends."""
        self.meter.observe(
            e.OperationFinished(
                at=at,
                operation=f"o{self.number}",
                requested="a",
                result=result,
                latency=seconds,
                attempts=attempts,
                served_by=served_by if result is OperationResult.ANSWERED else None,
                is_degraded=degraded,
            )
        )
        self.number += 1
        return self

    def answers(self, at: float, count: int = 1, *, degraded: bool = False) -> Story:
        """Normal operations, one a second."""
        for second in range(count):
            self.call(at + second).ends(at + second, degraded=degraded)
        return self

    def fails(self, at: float, *, degraded: bool = False) -> Story:
        """An operation whose only call failed."""
        failed = OperationResult.FAILED
        return self.call(at, OutcomeKind.SERVER_ERROR).ends(at, failed, degraded=degraded)

    def stands(self, at: float, new: ModelStatus, *, old: ModelStatus = ModelStatus.AVAILABLE) -> Story:
        """The model's status changes."""
        self.meter.observe(e.StatusChanged(at=at, model="a", old=old, new=new, cause="x"))
        return self

    def recovers(self, at: float, *, by_operator: bool = False) -> Story:
        """The model is available again."""
        self.meter.observe(e.ModelRecovered(at=at, model="a", down_for=1.0, by_operator=by_operator))
        return self

    def breaker(self, at: float, old: BreakerState, new: BreakerState) -> Story:
        """The model's breaker moves."""
        self.meter.observe(e.BreakerChanged(at=at, model="a", old=old, new=new, cause="x"))
        return self

    def operator(self, at: float, target: str = "a", phase: ActionPhase = ActionPhase.DONE) -> Story:
        """Somebody acts."""
        self.meter.observe(
            e.OperatorActed(at=at, action_id="1", actor="me", action=Action.RESET, phase=phase, target=target)
        )
        return self

    @property
    def report(self) -> SuccessReport:
        return self.meter.report()


def test_nothing_is_claimed_before_anything_happened() -> None:
    report = Story().report

    assert [report.value(goal) for goal in Goal] == [None] * len(Goal)


def test_uptime_is_the_share_answered_of_what_was_admitted_or_shed() -> None:
    story = Story().answers(0, 7).fails(10).ends(11, OperationResult.SHED)
    story.ends(12, OperationResult.CANCELLED).ends(13, OperationResult.REJECTED)

    report = story.report

    assert report.uptime == pytest.approx(7 / 9)
    assert (report.answered, report.failed, report.shed) == (7, 1, 1)
    assert (report.cancelled, report.rejected) == (1, 1)


def test_an_answer_after_the_deadline_is_a_failure() -> None:
    assert Story().call(100).ends(100, seconds=DEADLINE + 1).report.uptime == 0.0


def test_recovery_ends_when_the_call_begins_that_answers_the_first_of_three() -> None:
    story = Story().fails(10)
    story.call(15, seconds=1.0).ends(15, seconds=5.0).answers(16, 2)

    report = story.report

    assert report.recovery_p95 == pytest.approx(4.0, rel=0.01)
    assert report.failed_recovery_p95 == report.recovery_p50 == report.recovery_p95
    assert (report.recoveries, report.failed_recoveries) == (1, 1)


def test_an_operation_that_a_fallback_rescued_is_an_episode_without_a_failure() -> None:
    story = Story().call(10, OutcomeKind.TIMED_OUT).call(12, model="b", seconds=1.5)
    story.ends(12, seconds=32, served_by="b", attempts=2).answers(20, 2)

    report = story.report

    assert report.recovery_p95 == pytest.approx(0.5, rel=0.01)
    assert (report.recoveries, report.failed_recoveries) == (1, 0)
    assert report.failed_recovery_p95 is None


def test_a_failure_begins_the_count_of_good_operations_again() -> None:
    story = Story().fails(10).answers(11, 2).fails(14).answers(15, 2)
    assert story.report.recoveries == 0

    assert story.answers(17).report.recovery_p95 == pytest.approx(4.0, rel=0.01)


def test_time_in_which_nobody_asked_is_not_recovery_time() -> None:
    story = Story().fails(10).fails(12).answers(4000, 3)

    assert story.report.recovery_p95 == pytest.approx(2.0, rel=0.01)


def test_an_operation_without_any_call_begins_an_episode_when_it_fails() -> None:
    story = Story().ends(10, OperationResult.SHED, attempts=0).answers(11, 3)

    assert story.report.recoveries == 1


def test_an_episode_in_which_an_operator_acted_did_not_recover_by_itself() -> None:
    story = Story().fails(10).operator(11).answers(12, 3)

    assert story.report.recoveries == 0


@pytest.mark.parametrize(("target", "phase"), [("b", ActionPhase.DONE), ("a", ActionPhase.INTENDED)])
def test_a_word_about_another_model_or_not_yet_done_changes_nothing(target: str, phase: ActionPhase) -> None:
    story = Story().fails(10).operator(11, target, phase).answers(12, 3)

    assert story.report.recoveries == 1


def test_a_cancelled_call_is_no_sign_of_anything() -> None:
    story = Story().call(10, OutcomeKind.CANCELLED, model="b").call(10).ends(10).answers(11, 3)

    assert story.report.recoveries == 0


def test_impact_counts_failures_and_what_waited_more_than_a_tenth_of_the_normal_time() -> None:
    story = Story().answers(0, ENOUGH)
    story.fails(50)
    story.call(60, OutcomeKind.SERVER_ERROR, seconds=0.05).call(61).ends(61, seconds=1.05, attempts=2)
    story.call(70, OutcomeKind.SERVER_ERROR, seconds=0.2).call(71).ends(71, seconds=1.2, attempts=2)

    assert story.report.failure_impact == pytest.approx(2 / (ENOUGH + 3))


def test_a_slow_answer_counts_as_impact_only_while_its_model_is_not_well() -> None:
    story = Story().answers(0, ENOUGH).call(50, seconds=3).ends(50, seconds=3)
    assert story.report.failure_impact == 0.0

    story.stands(51, ModelStatus.DEGRADED).call(60, seconds=3).ends(60, seconds=3)

    assert story.report.failure_impact == pytest.approx(1 / (ENOUGH + 2))


def test_a_stand_in_that_is_usually_slower_is_impact() -> None:
    story = Story().answers(0, ENOUGH)
    for second in range(ENOUGH):
        story.meter.observe(
            e.OperationFinished(
                at=second,
                operation=f"b{second}",
                requested="b",
                result=OperationResult.ANSWERED,
                latency=2.0,
                attempts=1,
                served_by="b",
            )
        )
    story.call(60, model="b", seconds=0.5).ends(60, seconds=0.5, served_by="b")

    assert story.report.failure_impact == pytest.approx(1 / (2 * ENOUGH + 1))


def test_manual_intervention_is_the_share_of_models_episodes_that_an_operator_ended() -> None:
    story = Story()
    for number in range(4):
        story.stands(number, ModelStatus.UNAVAILABLE).recovers(number + 0.5, by_operator=number == 0)

    report = story.report

    assert report.manual_intervention == pytest.approx(1 / 4)
    assert report.episodes == 4


def test_what_only_people_can_mend_is_listed_apart() -> None:
    story = Story().call(1, OutcomeKind.KEY_REFUSED).stands(1, ModelStatus.UNAVAILABLE)

    report = story.recovers(100, by_operator=True).report

    assert report.manual_intervention is None
    assert report.for_people == 1


def test_a_probe_tells_of_a_refused_key_too() -> None:
    story = Story()
    story.meter.observe(e.ProbeFinished(at=1, model="a", kind=OutcomeKind.QUOTA_EXHAUSTED, latency=0.1))

    assert story.stands(1, ModelStatus.UNAVAILABLE).recovers(9).report.for_people == 1


def test_a_model_held_by_hand_has_no_episode() -> None:
    story = Story().stands(0, ModelStatus.UNAVAILABLE)
    story.breaker(1, BreakerState.CLOSED, BreakerState.ISOLATED).stands(1, ModelStatus.UNAVAILABLE)
    story.breaker(2, BreakerState.ISOLATED, BreakerState.HALF_OPEN).recovers(3, by_operator=True)

    assert story.report.episodes == 0


def test_fallback_wait_leaves_the_answering_models_own_slowness_beside_it() -> None:
    story = Story().answers(0, ENOUGH)
    story.call(60, OutcomeKind.SERVER_ERROR, seconds=0.1).call(63, model="b", seconds=3.0)

    report = story.ends(63, seconds=3.1, served_by="b", attempts=2).report

    assert report.fallback_wait == report.stand_in_wait == pytest.approx(0.1, rel=0.02)
    assert report.fallback_wait_p95 == pytest.approx(0.1, rel=0.02)
    assert report.fallback_slowness == pytest.approx(2.0, rel=0.02)
    assert report.fallbacks == 1


def test_a_fallback_scenario_lasts_until_the_model_itself_answered_three_times() -> None:
    story = Story().answers(0, ENOUGH)
    story.call(60, OutcomeKind.SERVER_ERROR, seconds=0.4).call(63, model="b").ends(63, seconds=1.4, served_by="b")
    at_once = story.report.fallback_wait
    two_good = story.answers(70, 2).report.fallback_wait
    three_good = story.answers(80, 1).report.fallback_wait
    many_good = story.answers(90, 20).report.fallback_wait

    assert at_once == pytest.approx(0.4, rel=0.02)
    assert two_good == pytest.approx(0.4 / 3, rel=0.02)
    assert three_good == many_good == pytest.approx(0.4 / 4, rel=0.02)


def test_before_a_route_has_a_normal_time_nothing_is_held_against_it() -> None:
    story = Story().call(60, OutcomeKind.SERVER_ERROR).call(63, model="b").ends(63, seconds=30, served_by="b")

    report = story.report

    assert report.fallback_wait is None
    assert report.failure_impact == 0.0
    assert report.fallbacks == 1


def test_a_rescue_by_a_retry_is_no_normal_answer() -> None:
    story = Story().answers(0, ENOUGH - 1)
    story.call(60, OutcomeKind.SERVER_ERROR).call(63).ends(63, seconds=30, attempts=2)
    assert story.report.failure_impact == 0.0

    story.answers(70).call(80, OutcomeKind.SERVER_ERROR).call(83).ends(83, seconds=30, attempts=2)

    assert story.report.failure_impact == pytest.approx(1 / (ENOUGH + 2))


def test_capacity_is_the_goodput_in_degraded_mode_against_the_goodput_outside() -> None:
    story = Story().answers(0, 9).fails(10)
    story.answers(20, 8, degraded=True).fails(30, degraded=True).fails(31, degraded=True)

    report = story.report

    assert report.degraded_capacity == pytest.approx(0.8 / 0.9)
    assert report.degraded == 10


def test_capacity_is_unknown_where_nothing_was_good_before() -> None:
    assert Story().fails(0).answers(1, degraded=True).report.degraded_capacity is None


def test_an_engine_that_starts_again_forgets_what_was_left_open() -> None:
    story = Story().call(1, OutcomeKind.SERVER_ERROR).stands(1, ModelStatus.UNAVAILABLE)
    story.breaker(1, BreakerState.CLOSED, BreakerState.OPEN)

    story.meter.observe(e.EngineStarted(at=2, version="", models=("a",)))

    assert story.recovers(3).ends(4).answers(5, 3).report.recoveries == 0
    assert story.report.episodes == 0


def test_calls_of_operations_that_never_end_are_bounded() -> None:
    story = Story()
    for story.number in range(MAX_OPEN + 5):
        story.call(story.number, OutcomeKind.SERVER_ERROR)

    assert len(story.meter._open) == MAX_OPEN
    assert "o0" not in story.meter._open


def test_events_of_other_kinds_are_nothing_to_it() -> None:
    story = Story()

    story.meter.observe(e.ConsoleAttached(at=1))

    assert story.report == SuccessMeter(DEADLINE).report()


@pytest.mark.parametrize("goal", list(Goal))
def test_the_bound_itself_is_not_enough(goal: Goal) -> None:
    target = TARGETS[goal]

    assert not target.is_met_by(target.bound)


def test_a_target_has_a_good_side() -> None:
    assert Target(0.9, is_floor=True).is_met_by(0.95)
    assert Target(2.0, is_floor=False).is_met_by(1.9)
