"""BIP-03's ResilienceMetrics, folded from events."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.events import Event
from hive_console.core.metrics import ResilienceMeter, metrics_of
from hive_console.core.outcome import OutcomeKind
from hive_console.core.rollup import Sums
from hive_console.core.states import BreakerState, ModelStatus, OperationResult
from tests.core.samples import NOW, every_event, sample_event

S = ModelStatus


def meter_of(*events: Event) -> ResilienceMeter:
    meter = ResilienceMeter(("a", "b"), NOW)
    for event in events:
        meter.observe(event)
    return meter


def status(new: ModelStatus, at: float, model: str = "a") -> e.StatusChanged:
    return e.StatusChanged(at=at, model=model, old=S.UNKNOWN, new=new, cause="why")


def operation(result: OperationResult, *, is_degraded: bool = False) -> e.OperationFinished:
    return e.OperationFinished(
        at=NOW, operation="o", requested="a", result=result, latency=1.0, attempts=4, is_degraded=is_degraded
    )


def test_before_anything_happened_nothing_is_claimed() -> None:
    view = meter_of().view(NOW + 60)

    assert view.model_availability == ()
    assert (view.system_reliability, view.recovery_time) == (None, None)
    assert (view.operations, view.failover_events, view.degraded_operations) == (0, 0, 0)


def test_availability_is_the_share_of_known_time_a_model_was_not_unavailable() -> None:
    meter = meter_of(
        status(S.AVAILABLE, NOW + 100),
        status(S.UNAVAILABLE, NOW + 160),
        status(S.DEGRADED, NOW + 180),
    )

    assert meter.availability("a", NOW + 200) == pytest.approx(0.8)
    assert meter.availability("b", NOW + 200) is None


def test_h2_time_before_the_first_check_is_neither_up_nor_down() -> None:
    assert meter_of(status(S.UNAVAILABLE, NOW + 1000)).availability("a", NOW + 1010) == 0.0
    assert meter_of(status(S.AVAILABLE, NOW + 1000)).availability("a", NOW + 1010) == 1.0
    assert meter_of(status(S.AVAILABLE, NOW)).availability("a", NOW) is None
    assert meter_of(status(S.AVAILABLE, NOW)).availability("a", NOW + 0.25) == 1.0


def test_asking_often_changes_no_availability() -> None:
    meter = meter_of(status(S.AVAILABLE, NOW), status(S.UNAVAILABLE, NOW + 30))
    for second in range(30, 60):
        meter.availability("a", NOW + second)

    assert meter.availability("a", NOW + 60) == pytest.approx(0.5)


def test_a_clock_that_stands_still_or_goes_back_adds_no_time() -> None:
    meter = meter_of(status(S.AVAILABLE, NOW + 10))

    assert meter.availability("a", NOW + 5) is None


def test_reliability_leaves_out_what_callers_cancelled_or_broke_themselves() -> None:
    meter = meter_of(
        *(operation(OperationResult.ANSWERED) for _ in range(6)),
        operation(OperationResult.FAILED),
        operation(OperationResult.SHED),
        *(operation(OperationResult.CANCELLED) for _ in range(3)),
        operation(OperationResult.REJECTED),
    )

    assert meter.view(NOW).system_reliability == 0.75
    assert meter.view(NOW).operations == 12


def test_degraded_operations_are_counted() -> None:
    meter = meter_of(
        operation(OperationResult.ANSWERED, is_degraded=True),
        operation(OperationResult.FAILED, is_degraded=True),
        operation(OperationResult.ANSWERED),
    )

    assert meter.view(NOW).degraded_operations == 2


def test_failovers_are_counted() -> None:
    failover = e.FailedOver(at=NOW, operation="o", from_model="a", to_model="b", cause="down")

    assert meter_of(failover, failover).view(NOW).failover_events == 2


def test_the_recovery_time_is_the_mean_of_all_recoveries() -> None:
    meter = meter_of(
        e.ModelRecovered(at=NOW, model="a", down_for=10.0), e.ModelRecovered(at=NOW, model="b", down_for=30.0)
    )

    assert meter.view(NOW).recovery_time == 20.0


def test_m1_neither_probes_nor_breakers_nor_statuses_are_requests() -> None:
    meter = meter_of(
        e.ProbeFinished(at=NOW, model="a", kind=OutcomeKind.SUCCESS, latency=0.1),
        e.BreakerChanged(at=NOW, model="a", old=BreakerState.CLOSED, new=BreakerState.OPEN, cause="x"),
        status(S.UNAVAILABLE, NOW),
    )

    assert meter.view(NOW).operations == 0
    assert meter.view(NOW).system_reliability is None


def test_m2_every_status_is_a_status_the_meter_knows() -> None:
    for known in ModelStatus:
        share = meter_of(status(known, NOW)).availability("a", NOW + 10)
        assert share == {S.UNKNOWN: None, S.UNAVAILABLE: 0.0}.get(known, 1.0)


def test_the_view_lists_the_models_that_are_known() -> None:
    meter = meter_of(status(S.AVAILABLE, NOW), status(S.UNAVAILABLE, NOW, "b"))

    assert meter.view(NOW + 5).model_availability == (("a", 1.0), ("b", 0.0))


def test_any_event_may_be_observed() -> None:
    meter = ResilienceMeter(("a", "model-x"), NOW)

    for event in every_event():
        meter.observe(event)

    assert meter.view(NOW + 1).operations == 1
    assert sample_event(e.OperationFinished) in every_event()


def test_of_no_sums_nothing_is_claimed() -> None:
    assert metrics_of({}) == metrics_of({"a": Sums()}) == ResilienceMeter((), NOW).view(NOW)


def test_the_metrics_of_sums_are_those_of_all_models() -> None:
    view = metrics_of(
        {
            "a": Sums(operations=9, answered=5, unanswered=1, moved_out=2, degraded=3, known_ms=1_000),
            "b": Sums(operations=2, answered=1, unanswered=1, moved_in=2, recoveries=2, recovery_ms=5_000),
            "c": Sums(known_ms=4_000, available_ms=1_000),
        }
    )

    assert view.model_availability == (("a", 0.0), ("c", 0.25))
    assert (view.failover_events, view.degraded_operations, view.operations) == (2, 3, 11)
    assert (view.recovery_time, view.system_reliability) == (2.5, 0.75)
