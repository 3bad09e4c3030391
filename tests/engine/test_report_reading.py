"""What a store is asked for a report, and that the answers are those of the window."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.report import report_of
from hive_console.core.states import Action, ActionPhase, ModelStatus, OperationResult
from hive_console.core.store import Gap, GapCause
from hive_console.core.success import Goal
from hive_console.engine import report_reading
from hive_console.engine.report_reading import findings_of
from tests.recordings.evening import ReviewedStore, an_evening

T0 = 1_790_000_000.0
DOWN, UP, END = T0 + 1200, T0 + 1500, T0 + 2400


def operation(
    at: float, result: OperationResult = OperationResult.ANSWERED, by: str = "gpt-5"
) -> e.OperationFinished:
    served = by if result is OperationResult.ANSWERED else None
    return e.OperationFinished(
        at=T0 + at,
        operation=f"op-{at}",
        requested="gpt-5",
        result=result,
        latency=1.0,
        attempts=1,
        served_by=served,
    )


def act(phase: ActionPhase) -> e.OperatorActed:
    return e.OperatorActed(
        at=T0 + 1300, action_id="1", actor="ann", action=Action.TRIP, phase=phase, target="gpt-5"
    )


REQUESTS = (
    *(operation(100 + number) for number in range(60)),
    operation(1210, OperationResult.FAILED),
    operation(1230, by="claude-4-sonnet"),
)
TOLD = (*an_evening(T0), *REQUESTS, act(ActionPhase.INTENDED), act(ActionPhase.DONE))


@pytest.fixture
def store() -> ReviewedStore:
    gap = Gap(begin=T0 + 50, end=T0 + 60, cause=GapCause.QUEUE_FULL, dropped=3)
    return ReviewedStore(*TOLD, gaps=(gap,))


async def test_a_report_of_an_evening_tells_its_outage(store: ReviewedStore) -> None:
    found = await findings_of(store, T0 + 30, END - 30)

    (outage,) = found.outages
    assert (outage.model, outage.begin, outage.end, outage.served_by) == ("gpt-5", DOWN, UP, ("claude-4-sonnet",))
    assert [alert.subject for alert in found.alerts] == ["gpt-5"]
    assert [gap.dropped for gap in found.gaps] == [3]
    assert (len(found.acts), found.acts_counted) == (1, 1)
    assert len(found.runs) == 1
    assert (found.recorded_from, found.recorded_until) == (None, None)
    assert any("available" in told.text for told in found.lines)


async def test_before_during_and_after_are_looked_at(store: ReviewedStore) -> None:
    (model,) = report_of(await findings_of(store, T0, END)).models

    assert model.before is not None
    assert model.during is not None
    assert model.after is not None
    assert model.before.error_rate is not None
    assert model.before.error_rate < 0.05
    assert model.during.error_rate == 1.0
    assert model.after.error_rate == 0.0
    assert (model.stand_in, model.stand_in_rates is not None) == ("claude-4-sonnet", True)


async def test_the_success_metrics_are_computed_from_each_request(store: ReviewedStore) -> None:
    found = await findings_of(store, T0, END)

    goals = {goal.goal: goal.value for goal in report_of(found).goals}
    assert found.operations_seen == len(REQUESTS)
    assert goals[Goal.UPTIME] == 61 / 62


@pytest.mark.parametrize(("is_exact", "seen"), [(False, 0), (True, len(REQUESTS))])
async def test_too_many_requests_are_looked_at_only_when_somebody_asks(
    store: ReviewedStore, monkeypatch: pytest.MonkeyPatch, *, is_exact: bool, seen: int
) -> None:
    monkeypatch.setattr(report_reading, "MOST_FOLDED", 5)

    found = await findings_of(store, T0, END, is_exact=is_exact)

    assert found.operations_seen == seen
    assert (found.success is None) is not is_exact


async def test_a_window_that_begins_in_an_outage_knows_of_it(store: ReviewedStore) -> None:
    found = await findings_of(store, DOWN + 60, DOWN + 120)

    (outage,) = found.outages
    assert (outage.begin, outage.end) == (DOWN, None)
    assert found.compared["gpt-5"].after is None


async def test_only_the_models_that_are_asked_for_are_looked_at(store: ReviewedStore) -> None:
    found = await findings_of(store, T0, END, models=("deepseek-v3",))

    assert found.outages == ()
    assert list(found.totals) == ["deepseek-v3"]
    assert list(found.charts) == ["deepseek-v3"]


async def test_what_was_not_recorded_is_said(store: ReviewedStore) -> None:
    found = await findings_of(store, T0 - 3_600, END + 3_600)

    assert (found.begin, found.recorded_from, found.recorded_until) == (T0, T0, END)


async def test_an_outage_that_nobody_served_has_no_stand_in() -> None:
    down = e.StatusChanged(
        at=T0 + 5, model="a", old=ModelStatus.AVAILABLE, new=ModelStatus.UNAVAILABLE, cause="refused"
    )
    start = e.EngineStarted(at=T0, version="1", models=("a",))

    found = await findings_of(ReviewedStore(start, down, e.EngineStopped(at=T0 + 60)), T0, T0 + 60)

    assert found.compared["a"].stand_in == ""


async def test_a_recording_of_nobody_is_an_empty_report() -> None:
    found = await findings_of(ReviewedStore(), T0, END)

    assert report_of(found).models_known == 0
    assert found.charts == {}
