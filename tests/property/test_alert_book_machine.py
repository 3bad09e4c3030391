"""The alert book under any order of events: once per rule and subject, resolved after raised, bounded."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hive_console.core import events as e
from hive_console.core.alerting import KEPT_RESOLVED, AlertBook
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import AlertRule, AlertState, BreakerState, ModelStatus, OperationResult
from tests.property.modest import MODEST

MODELS = st.sampled_from(["a", "b", "c"])
SUBJECTS = 4  # three models and the fleet


class AlertBookMachine(RuleBasedStateMachine):
    """Drives one book; the model of it is what its own events say."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.book = AlertBook()
        self.firing: dict[tuple[AlertRule, str], str] = {}
        self.ended: list[str] = []
        self.taken: set[str] = set()
        self.isolated: set[str] = set()

    def take(self, caused: list[e.Event]) -> None:
        """Checks that what the book says fits what it said before."""
        for event in caused:
            assert event.at == self.now
            if isinstance(event, e.AlertRaised):
                assert (event.rule, event.subject) not in self.firing
                assert event.alert_id not in {*self.firing.values(), *self.ended}
                assert event.text
                self.firing[event.rule, event.subject] = event.alert_id
            elif isinstance(event, e.AlertResolved):
                assert self.firing.pop((event.rule, event.subject)) == event.alert_id
                assert event.lasted >= 0
                self.ended.append(event.alert_id)
            else:
                assert isinstance(event, e.AlertAcknowledged)
                assert self.firing[event.rule, event.subject] == event.alert_id
                assert event.alert_id not in self.taken
                self.taken.add(event.alert_id)

    @rule(step=st.sampled_from([0.0, 1.0, 30.0, 300.0]))
    def time_passes(self, step: float) -> None:
        self.now += step
        self.take(self.book.tick(self.now))

    @rule(model=MODELS, old=st.sampled_from(BreakerState), new=st.sampled_from(BreakerState))
    def a_breaker_moves(self, model: str, *, old: BreakerState, new: BreakerState) -> None:
        self.isolated.discard(model)
        if new is BreakerState.ISOLATED:
            self.isolated.add(model)
        self.take(self.book.observe(e.BreakerChanged(at=self.now, model=model, old=old, new=new, cause="x")))

    @rule(model=MODELS, new=st.sampled_from(ModelStatus))
    def a_status_changes(self, model: str, new: ModelStatus) -> None:
        old = ModelStatus.UNKNOWN
        self.take(self.book.observe(e.StatusChanged(at=self.now, model=model, old=old, new=new, cause="x")))

    @rule(is_entered=st.booleans())
    def degraded_mode_changes(self, *, is_entered: bool) -> None:
        event = (
            e.DegradedModeEntered(at=self.now, available_share=0.5, threshold=0.6)
            if is_entered
            else e.DegradedModeLeft(at=self.now, available_share=1.0, threshold=0.6, lasted=1.0)
        )
        self.take(self.book.observe(event))

    @rule(model=MODELS)
    def a_route_is_exhausted(self, model: str) -> None:
        kind = OutcomeKind.TIMED_OUT
        self.take(
            self.book.observe(
                e.FallbacksExhausted(at=self.now, operation="o", requested=model, tried=(), kind=kind, cause="x")
            )
        )
        assert (AlertRule.FALLBACKS_EXHAUSTED, model) in self.firing

    @rule(model=MODELS, result=st.sampled_from(OperationResult))
    def an_operation_ends(self, model: str, result: OperationResult) -> None:
        self.take(
            self.book.observe(
                e.OperationFinished(
                    at=self.now, operation="o", requested=model, result=result, latency=1.0, attempts=1
                )
            )
        )

    @rule(number=st.integers(1, 12))
    def somebody_acknowledges(self, number: int) -> None:
        alert_id = f"A{number}"
        is_open = alert_id in self.firing.values() and alert_id not in self.taken

        caused = self.book.acknowledge(alert_id, "ada", "", self.now)

        assert bool(caused) is is_open
        self.take(caused)

    @invariant()
    def the_inbox_shows_what_was_said(self) -> None:
        views = self.book.views()
        shown = [alert for alert in views if alert.state is AlertState.FIRING]
        assert {(alert.rule, alert.subject): alert.alert_id for alert in shown} == self.firing
        assert len(shown) == len(self.firing) <= len(AlertRule) * SUBJECTS
        assert [alert.alert_id for alert in views[len(shown) :]] == self.ended[::-1][:KEPT_RESOLVED]

    @invariant()
    def what_fires_has_no_end_and_what_ended_has_one(self) -> None:
        for alert in self.book.views():
            assert (alert.resolved_at is not None) is (alert.state is AlertState.RESOLVED)
            assert (alert.acknowledged_by is not None) is (alert.alert_id in self.taken)

    @invariant()
    def what_is_deactivated_by_hand_does_not_fire(self) -> None:
        about_the_model = {AlertRule.BREAKER_OPEN, AlertRule.MODEL_UNAVAILABLE}
        assert not [key for key in self.firing if key[0] in about_the_model and key[1] in self.isolated]


TestAlertBookMachine = AlertBookMachine.TestCase
TestAlertBookMachine.settings = MODEST
