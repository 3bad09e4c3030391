"""Which events a question is about."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.sifting import MOVING, REQUESTS, holds, is_bad, is_wanted, models_of
from hive_console.core.states import Action, ActionPhase, ModelStatus, OperationResult
from hive_console.core.store import Wanted

CHANGED = e.StatusChanged(
    at=10.0, model="alpha", old=ModelStatus.AVAILABLE, new=ModelStatus.DEGRADED, cause="Too slow"
)
MOVED = e.FailedOver(at=10.0, operation="op", from_model="alpha", to_model="beta", cause="timeout")


def attempt(kind: OutcomeKind = OutcomeKind.SUCCESS, number: int = 1) -> e.AttemptFinished:
    return e.AttemptFinished(at=10.0, operation="op", model="alpha", number=number, kind=kind, latency=1.0)


def operation(
    *,
    result: OperationResult = OperationResult.ANSWERED,
    attempts: int = 1,
    served_by: str | None = "alpha",
    route: str = "",
) -> e.OperationFinished:
    return e.OperationFinished(
        at=10.0,
        operation="op",
        requested="alpha",
        result=result,
        latency=1.0,
        attempts=attempts,
        served_by=served_by,
        route=route,
    )


def test_every_kind_moves_something_or_is_a_request_a_check_a_step_an_act_or_the_setup() -> None:
    checks = {e.ProbeFinished, e.AuditChecked}
    steps = {e.NoticeQueued, e.NoticeTried}
    others = {*REQUESTS, *checks, *steps, e.OperatorActed, e.FleetConfigured}

    assert set(MOVING) | others == set(e.event_types())
    assert set(MOVING).isdisjoint(others)


def test_event_is_about_every_model_it_names() -> None:
    act = e.OperatorActed(
        at=1.0, action_id="a", actor="ann", action=Action.TRIP, phase=ActionPhase.DONE, target="alpha"
    )

    assert models_of(CHANGED) == {"alpha"}
    assert models_of(MOVED) == {"alpha", "beta"}
    assert models_of(operation(served_by=None)) == {"alpha"}
    assert models_of(act) == {"alpha"}
    assert models_of(e.EngineStarted(at=1.0, version="", models=("alpha", "beta"))) == {"alpha", "beta"}
    assert models_of(e.EngineStopped(at=1.0)) == frozenset()


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (attempt(), False),
        (attempt(OutcomeKind.RATE_LIMITED), True),
        (attempt(number=2), True),
        (operation(), False),
        (operation(result=OperationResult.CANCELLED, served_by=None), True),
        (operation(attempts=2), True),
        (operation(served_by="beta"), True),
        (operation(served_by="beta", route="chat"), False),
        (MOVED, True),
        (CHANGED, False),
    ],
)
def test_bad_requests_failed_were_retried_or_moved(event: e.Event, expected: object) -> None:
    assert is_bad(event) is expected


def test_texts_values_of_enums_and_the_kind_hold_what_is_looked_for() -> None:
    assert holds(CHANGED, "too SLOW".casefold())
    assert holds(CHANGED, "degraded")
    assert holds(CHANGED, "statuschanged")
    assert holds(e.EngineStarted(at=1.0, version="", models=("alpha", "beta")), "bet")
    assert not holds(CHANGED, "10")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), True),
        (Wanted(begin=10.0, end=10.1), True),
        (Wanted(begin=10.1), False),
        (Wanted(end=10.0), False),
        (Wanted(models=("alpha",)), True),
        (Wanted(models=("beta",)), False),
        (Wanted(models=()), False),
        (Wanted(text="TOO"), True),
        (Wanted(text="never"), False),
        (Wanted(is_bad=True), True),
        (Wanted(limit=0), True),
    ],
)
def test_event_is_wanted_by_time_model_and_text(wanted: Wanted, expected: object) -> None:
    assert is_wanted(CHANGED, wanted) is expected


def test_good_requests_are_left_out_where_bad_ones_are_asked_for() -> None:
    assert not is_wanted(attempt(), Wanted(is_bad=True))
    assert is_wanted(attempt(number=2), Wanted(is_bad=True))
