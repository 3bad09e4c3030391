"""A restart in virtual time: what the recorder was given comes back, whether the engine stopped or was killed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from hive_console.core.command import Command
from hive_console.core.errors import OperationFailed
from hive_console.core.events import (
    AlertRaised,
    AttemptFinished,
    AutomationFrozen,
    AutomationThawed,
    BreakerChanged,
    EngineStopped,
    Event,
    OperatorActed,
    RampAdvanced,
    RecoveryEnded,
    RoutePinned,
    ServiceFailed,
    StatusChanged,
)
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ProbeKind
from hive_console.core.snapshot import ModelView
from hive_console.core.states import Action, ActionPhase, AlertRule, BreakerState, ModelStatus
from hive_console.sim.virtual_time import EPOCH, run_virtually
from tests.engine.scripted import DOWN, Line, ListRecorder, Stage, model, staged

PROBED = ProbeKind.MODELS
THROTTLED = Outcome(OutcomeKind.RATE_LIMITED, status=429, retry_after=60.0)


def view(stage: Stage, name: str) -> ModelView:
    """The model as it is now: a published snapshot may be a quarter of a second old."""
    found = stage.engine._publisher.publish().model(name)
    assert found is not None
    return found


def kill(stage: Stage) -> dict[str, Any]:  # JSON
    """What a kill at this moment leaves on the disk."""
    return dict(json.loads(json.dumps(stage.recorder.kept)))


async def fails(stage: Stage, name: str, times: int) -> None:
    """Calls that fail, and nobody else is asked."""
    stage.provider.lines[name] = Line(outcome=DOWN, seconds=0.0)
    for _ in range(times):
        with pytest.raises(OperationFailed):
            await stage.ask(name, allow_fallback=False)


async def says(stage: Stage, action: Action, target: str, parameter: str = "") -> None:
    result = await stage.engine.command(Command(action, target, "a drill", parameter, actor="ann"))
    assert result.is_done, result.message


def test_open_breaker_keeps_its_remaining_time_and_its_trips_after_a_kill() -> None:
    async def scene() -> None:
        fleet = (
            model("a", threshold=2, retries=0),
            model("b"),
            model("c"),
        )  # b and c: no degraded mode, nothing shed
        async with staged(*fleet) as stage:
            await fails(stage, "a", 2)
            before = view(stage, "a").breaker
            left = kill(stage)
            await asyncio.sleep(12)

        async with staged(*fleet, saved=left) as stage:
            after = view(stage, "a").breaker
            assert (after.state, after.open_until) == (BreakerState.OPEN, before.open_until)
            assert (after.trips, after.consecutive_failures, after.since) == (1, 2, before.since)
            alerts = [event.rule for event in stage.happened(AlertRaised)]
            assert alerts == [AlertRule.BREAKER_OPEN, AlertRule.MODEL_UNAVAILABLE]
            await asyncio.sleep(7)
            with pytest.raises(OperationFailed):
                await stage.ask("a")
            assert stage.provider.calls == []
            await asyncio.sleep(1.1)
            assert await stage.ask("a") == "a"
            assert view(stage, "a").breaker.state is BreakerState.CLOSED
            [ended] = stage.happened(RecoveryEnded)
            assert isinstance(ended, RecoveryEnded)
            assert ended.took == pytest.approx(20.2, abs=0.2)  # since it failed, not since the restart

    run_virtually(scene())


def test_open_breaker_whose_time_is_over_is_tried_at_once() -> None:
    async def scene() -> None:
        async with staged(model("a", threshold=1, retries=0)) as stage:
            await fails(stage, "a", 1)
            left = kill(stage)
        await asyncio.sleep(86_400)

        async with staged(model("a", threshold=1, retries=0, probe=PROBED), saved=left) as stage:
            await asyncio.sleep(1)
            assert view(stage, "a").breaker.state is BreakerState.CLOSED

    run_virtually(scene())


def test_deactivated_model_stays_so_whatever_the_time_and_is_no_alert() -> None:
    async def scene() -> None:
        fleet = model("a", probe=PROBED), model("b")
        async with staged(*fleet) as stage:
            await says(stage, Action.DEACTIVATE, "a")
            left = kill(stage)
        await asyncio.sleep(7 * 86_400)

        async with staged(*fleet, saved=left) as stage:
            await asyncio.sleep(600)
            assert view(stage, "a").breaker.state is BreakerState.ISOLATED
            assert view(stage, "a").status is ModelStatus.UNAVAILABLE
            rules = [event.rule for event in stage.happened(AlertRaised)]
            assert AlertRule.MODEL_UNAVAILABLE not in rules
            [told] = stage.happened(BreakerChanged)
            assert isinstance(told, BreakerChanged)
            assert told.cause == "as before the restart: deactivated by hand"

            await says(stage, Action.ACTIVATE, "a")
            await asyncio.sleep(1)
            assert view(stage, "a").breaker.state is BreakerState.CLOSED

    run_virtually(scene())


def test_pin_stays_until_it_is_ended() -> None:
    async def scene() -> None:
        fleet = model("a", "b"), model("b")
        async with staged(*fleet) as stage:
            await says(stage, Action.FAIL_OVER, "a", "b")
            left = kill(stage)

        async with staged(*fleet, saved=left) as stage:
            assert await stage.ask("a") == "b"
            [told] = stage.happened(RoutePinned)
            assert isinstance(told, RoutePinned)
            assert told.target == "b"
            await says(stage, Action.FAIL_BACK, "a")
            left = kill(stage)

        async with staged(*fleet, saved=left) as stage:
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_frozen_breaker_stays_as_it_is_until_its_freeze_ends() -> None:
    async def scene() -> None:
        async with staged(model("a", threshold=1, retries=0, probe=PROBED)) as stage:
            await asyncio.sleep(2)
            await says(stage, Action.FREEZE, "a")
            await fails(stage, "a", 3)
            until = view(stage, "a").breaker.frozen_until
            assert until is not None
            left = kill(stage)

        async with staged(model("a", threshold=1, retries=0, probe=PROBED), saved=left) as stage:
            [told] = stage.happened(AutomationFrozen)
            assert isinstance(told, AutomationFrozen)
            assert told.until == until
            await fails(stage, "a", 3)
            assert view(stage, "a").breaker.state is BreakerState.CLOSED
            await asyncio.sleep(until - stage.engine.now() + 1)
            await fails(stage, "a", 1)
            assert view(stage, "a").breaker.state is BreakerState.OPEN

    run_virtually(scene())


def test_traffic_goes_on_returning_from_its_step() -> None:
    async def scene() -> None:
        settings = model("a", threshold=1, retries=0, probe=PROBED, ramp=5)
        async with staged(settings) as stage:
            await asyncio.sleep(2)
            stage.provider.probes["a"] = Line(seconds=0.0)
            await fails(stage, "a", 1)
            stage.provider.lines["a"] = Line(seconds=0.0)
            await asyncio.sleep(21)
            steps = [event.share for event in stage.happened(RampAdvanced)]
            left = kill(stage)

        async with staged(settings, saved=left) as stage:
            [told] = stage.happened(RampAdvanced)
            assert isinstance(told, RampAdvanced)
            assert told.share == steps[-1] < 1
            await asyncio.sleep(3600)
            shares = [event.share for event in stage.happened(RampAdvanced)]
            assert shares == sorted(shares)
            assert shares[-1] == 1
            [ended] = stage.happened(RecoveryEnded)
            assert isinstance(ended, RecoveryEnded)
            assert 0 < ended.ramp < ended.took

    run_virtually(scene())


def test_throttle_stays() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", retries=0), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=THROTTLED, seconds=0.0)
            assert await stage.ask("a") == "b"
            left = kill(stage)

        async with staged(model("a", "b", retries=0), model("b"), saved=left) as stage:
            assert await stage.ask("a") == "b"
            assert stage.provider.calls == ["b"]
            await asyncio.sleep(61)
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_failures_of_a_closed_breaker_are_kept_at_the_orderly_stop_only() -> None:
    async def scene() -> None:
        async with staged(model("a", threshold=3, retries=0), model("b")) as stage:
            assert await stage.ask("a") == "a"
            await fails(stage, "a", 1)
            killed = kill(stage)
        stopped = kill(stage)

        assert killed["a"]["breaker"]["consecutive_failures"] == 0
        assert set(stopped) == {"a", "b"}
        async with staged(model("a", threshold=3, retries=0), model("b"), saved=stopped) as stage:
            await fails(stage, "a", 1)
            assert view(stage, "a").breaker.consecutive_failures == 2

    run_virtually(scene())


class Watching(ListRecorder):
    """Notes in one order what it is given: events, durable ones too, and the names of models whose state came."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str | Event] = []

    def record(self, event: Event) -> None:
        super().record(event)
        self.order.append(event)

    async def record_durably(self, event: Event) -> None:
        await super().record_durably(event)
        self.order.append(event)

    def keep_state(self, model: str, state: Any) -> None:  # JSON
        super().keep_state(model, state)
        self.order.append(model)


CHANGES = (
    BreakerChanged,
    RampAdvanced,
    RecoveryEnded,
    RoutePinned,
    AutomationFrozen,
    AutomationThawed,
    StatusChanged,
)


def with_states(event: Event, models: tuple[str, ...]) -> list[str | Event]:
    """The event, and the states that must stand before it; a confirmed word waited for the disk before."""
    match event:
        case EngineStopped():
            return [*models, event]
        case OperatorActed(phase=ActionPhase.DONE):
            return [event, event.target]
        case AttemptFinished(kind=OutcomeKind.RATE_LIMITED):
            return [event.model, event]
        case _ if isinstance(event, CHANGES):
            return [event.model, event]
        case _:
            return [event]


def test_state_is_kept_with_the_events_that_change_it_and_with_no_other() -> None:
    async def scene() -> None:
        recorder = Watching()
        async with staged(model("a", "b", threshold=2, retries=0), model("b"), recorder=recorder) as stage:
            assert await stage.ask("a") == "a"
            stage.provider.queues["a"] = [Line(outcome=THROTTLED, seconds=0.0)]
            await stage.ask("a")
            await asyncio.sleep(61)
            await fails(stage, "a", 2)
            for action in (Action.FREEZE, Action.THAW):
                await says(stage, action, "b")
            await says(stage, Action.RESET, "a")
            for _ in range(20):
                assert await stage.ask("b") == "b"

        events = [entry for entry in recorder.order if not isinstance(entry, str)]
        assert recorder.order == [part for event in events for part in with_states(event, ("a", "b"))]
        told = {type(event) for event in events}
        assert told >= {BreakerChanged, AutomationFrozen, AutomationThawed, StatusChanged, OperatorActed}

    run_virtually(scene())


def test_state_that_cannot_be_read_is_told_and_the_others_come_back() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            await says(stage, Action.DEACTIVATE, "a")
            await says(stage, Action.DEACTIVATE, "b")
            left = kill(stage)

        async with staged(model("a"), model("b"), saved=left | {"a": None}) as stage:
            first = stage.engine.snapshot().model("b")
            assert first is not None  # whoever looks at once does not see a fresh fleet
            assert first.breaker.state is BreakerState.ISOLATED
            assert view(stage, "a").breaker.state is BreakerState.CLOSED
            assert view(stage, "b").breaker.state is BreakerState.ISOLATED
            assert len(stage.happened(ServiceFailed)) == 1

    run_virtually(scene())


def test_recorder_that_refuses_a_state_is_told_and_traffic_goes_on() -> None:
    class Refusing(ListRecorder):
        def keep_state(self, model: str, state: Any) -> None:  # JSON
            raise ValueError(model)

    async def scene() -> None:
        async with staged(model("a", "b", threshold=1, retries=0), model("b"), recorder=Refusing()) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN)
            assert await stage.ask("a") == "b"
        assert stage.happened(ServiceFailed)
        assert stage.engine.now() >= EPOCH

    run_virtually(scene())
