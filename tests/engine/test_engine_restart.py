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
    AlertReopened,
    AlertResolved,
    AlertsRestored,
    AttemptFinished,
    AutomationFrozen,
    AutomationThawed,
    BreakerChanged,
    DegradationChanged,
    DegradedModeEntered,
    EngineStopped,
    Event,
    FallbacksExhausted,
    HoldEnded,
    HoldPlaced,
    KeyQuarantined,
    KeyRestored,
    OperatorActed,
    RampAdvanced,
    RecoveryEnded,
    RoutePinned,
    ServiceFailed,
    StatusChanged,
)
from hive_console.core.notifying.saved import LEDGER, NOTICES
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ProbeKind
from hive_console.core.snapshot import AlertView, ModelView
from hive_console.core.states import Action, ActionPhase, AlertRule, AlertState, BreakerState, ModelStatus
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
            firing = {alert.rule for alert in stage.engine.snapshot().alerts if alert.subject == "a"}
            assert firing >= {AlertRule.MODEL_UNAVAILABLE}
            assert stage.happened(AlertRaised) == []  # they were, before
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
        assert {"a", "b"} <= set(stopped)
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
        if not model.startswith((LEDGER, NOTICES)):  # of what goes out the tests of the courier tell
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
            return [*models, "!alerts/1", "!alerts/2", "!conditions", "!degradation", event]
        case AlertRaised() | AlertResolved():
            return [f"!alerts/{event.alert_id.removeprefix('A')}", event]
        case FallbacksExhausted():  # of its alert, which this one moves on
            return ["!alerts/2", event]
        case DegradationChanged():
            return ["!degradation", event]
        case OperatorActed(phase=ActionPhase.DONE):
            return [event, event.target]
        case AttemptFinished(kind=OutcomeKind.RATE_LIMITED):
            return [event.model, event]
        case _ if isinstance(event, CHANGES):
            return [event.model, event]
        case HoldPlaced() | HoldEnded():
            return [event.target, event]
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
        assert told >= {HoldPlaced, HoldEnded}

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


def alert_of(stage: Stage, rule: AlertRule) -> AlertView:
    found = [alert for alert in stage.engine._publisher.publish().alerts if alert.rule is rule]
    assert len(found) == 1, found
    return found[0]


def test_acknowledged_alert_is_acknowledged_after_a_kill_right_behind_the_word() -> None:
    async def scene() -> None:
        fleet = model("a", threshold=1, retries=0), model("b"), model("c")
        async with staged(*fleet) as stage:
            await fails(stage, "a", 1)
            raised = alert_of(stage, AlertRule.MODEL_UNAVAILABLE)
            await says(stage, Action.ACKNOWLEDGE, raised.alert_id)
            left = kill(stage)
        await asyncio.sleep(3)

        async with staged(*fleet, saved=left) as stage:
            after = alert_of(stage, AlertRule.MODEL_UNAVAILABLE)
            assert (after.alert_id, after.raised_at, after.state) == (
                raised.alert_id,
                raised.raised_at,
                AlertState.FIRING,
            )
            assert (after.acknowledged_by, after.note) == ("ann", "a drill")
            assert stage.happened(AlertRaised) == []
            [told] = stage.happened(AlertsRestored)
            assert (told.count, told.acknowledged) == (2, 1)
            await says(stage, Action.RESET, "a")
            assert alert_of(stage, AlertRule.MODEL_UNAVAILABLE).state is AlertState.RESOLVED
            resolved = kill(stage)

        async with staged(*fleet, saved=resolved) as stage:
            again = alert_of(stage, AlertRule.MODEL_UNAVAILABLE)
            assert (again.alert_id, again.state) == (raised.alert_id, AlertState.RESOLVED)
            await fails(stage, "a", 1)
            anew = [event.alert_id for event in stage.happened(AlertReopened)]
            assert anew == [raised.alert_id]  # the same episode, though of another run
            assert not {"A1", "A2"} & {event.alert_id for event in stage.happened(AlertRaised)}

    run_virtually(scene())


def test_breaker_that_opened_before_a_kill_is_an_alert_a_minute_after_it_opened() -> None:
    async def scene() -> None:
        fleet = model("a", threshold=1, retries=0, probe=PROBED), model("b", probe=PROBED), model("c")
        async with staged(*fleet) as stage:
            stage.provider.probes["a"] = Line(outcome=DOWN, seconds=0.0)
            await asyncio.sleep(45)
            left = kill(stage)
        [waits] = left["!pending"]["pending"]
        assert waits["rule"] == "breaker-open"

        async with staged(*fleet, saved=left) as stage:
            stage.provider.probes["a"] = Line(outcome=DOWN, seconds=0.0)
            await asyncio.sleep(40)
            [raised] = [event for event in stage.happened(AlertRaised) if event.rule is AlertRule.BREAKER_OPEN]
            assert raised.at == pytest.approx(waits["since"] + 60, abs=1.5)

    run_virtually(scene())


def test_refused_key_is_asked_by_nobody_after_a_kill_until_its_next_look() -> None:
    async def scene() -> None:
        fleet = tuple(
            model(name, key="env:SHARED", endpoint="http://127.0.0.1:1/v1", retries=0) for name in ("a", "b")
        )
        async with staged(*fleet) as stage:
            stage.provider.lines["a"] = Line(outcome=Outcome(OutcomeKind.KEY_REFUSED, status=401), seconds=0.0)
            with pytest.raises(OperationFailed):
                await stage.ask("a")
            left = kill(stage)
            assert "env:SHARED" not in json.dumps([*left])

        async with staged(*fleet, saved=left) as stage:
            with pytest.raises(OperationFailed):
                await stage.ask("b")
            assert stage.provider.calls == []
            [told] = stage.happened(KeyQuarantined)
            assert told.cause == "as before the restart"
            await asyncio.sleep(61)
            assert await stage.ask("b") == "b"
            assert len(stage.happened(KeyRestored)) == 1
            freed = kill(stage)

        async with staged(*fleet, saved=freed) as stage:
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_key_reference_is_in_no_row() -> None:
    async def scene() -> None:
        fleet = model("a", key="file:/home/ann/keys/acme", retries=0)
        async with staged(fleet) as stage:
            stage.provider.lines["a"] = Line(outcome=Outcome(OutcomeKind.KEY_REFUSED, status=401), seconds=0.0)
            with pytest.raises(OperationFailed):
                await stage.ask("a")

        assert "/home/ann" not in json.dumps(stage.recorder.kept)
        assert "127.0.0.1" not in json.dumps(stage.recorder.kept)

    run_virtually(scene())


def test_empty_purse_is_left_alone_after_a_kill() -> None:
    async def scene() -> None:
        fleet = model("a", "b", retries=0), model("b")
        async with staged(*fleet) as stage:
            stage.provider.lines["a"] = Line(outcome=Outcome(OutcomeKind.QUOTA_EXHAUSTED, status=429), seconds=0.0)
            assert await stage.ask("a") == "b"
            left = kill(stage)

        async with staged(*fleet, saved=left) as stage:
            assert await stage.ask("a") == "b"
            assert stage.provider.calls == ["b"]
            assert view(stage, "a").fault == "quota exhausted"

    run_virtually(scene())


def test_paid_probes_go_on_with_what_they_cost_today() -> None:
    async def scene() -> None:
        paid = model("a", probe=ProbeKind.COMPLETION, probe_cost=100)
        async with staged(paid, probe_daily_budget=100) as stage:
            await asyncio.sleep(5)
            left = kill(stage)

        async with staged(paid, probe_daily_budget=100, saved=left) as stage:
            await asyncio.sleep(5)
            assert stage.provider.probe_kinds == [ProbeKind.MODELS]
            assert stage.engine.snapshot().probe_spent == 100

    run_virtually(scene())


def test_free_probes_write_nothing_of_what_probes_cost() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED)) as stage:
            await asyncio.sleep(300)
            assert "!probes" not in stage.recorder.kept

    run_virtually(scene())


def test_exhausted_route_is_written_twice_a_minute_at_most() -> None:
    async def scene() -> None:
        recorder = Watching()
        async with staged(model("a", retries=0), recorder=recorder) as stage:
            stage.provider.lines["a"] = Line(outcome=Outcome(OutcomeKind.MODEL_NOT_FOUND, status=404), seconds=0.0)
            for _ in range(120):
                with pytest.raises(OperationFailed):
                    await stage.ask("a")
                await asyncio.sleep(0.5)
            alert = alert_of(stage, AlertRule.FALLBACKS_EXHAUSTED)
            slot = f"!alerts/{alert.alert_id.removeprefix('A')}"
            written = [entry for entry in recorder.order if entry == slot]
            assert len(written) in {3, 4}  # when it was raised, and each half minute
            left = kill(stage)

        async with staged(model("a", retries=0), saved=left) as stage:
            assert alert_of(stage, AlertRule.FALLBACKS_EXHAUSTED).raised_at == alert.raised_at
            await asyncio.sleep(299)
            assert alert_of(stage, AlertRule.FALLBACKS_EXHAUSTED).state is AlertState.RESOLVED

    run_virtually(scene())


def test_degraded_mode_is_no_news_after_a_kill() -> None:
    async def scene() -> None:
        fleet = model("a", threshold=1, retries=0), model("b")
        async with staged(*fleet) as stage:
            await fails(stage, "a", 1)
            since = stage.engine._publisher.publish().degraded_since
            assert since is not None
            left = kill(stage)

        async with staged(*fleet, saved=left) as stage:
            assert stage.engine.snapshot().degraded_since == since
            assert stage.happened(DegradedModeEntered) == []
            assert [event.cause for event in stage.happened(DegradationChanged)] == ["as before the restart"]

    run_virtually(scene())


def test_offer_to_undo_does_not_outlive_the_process() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            await says(stage, Action.DEACTIVATE, "a")
            assert stage.engine.snapshot().undo_until is not None
            left = kill(stage)

        async with staged(model("a"), saved=left) as stage:
            assert stage.engine.snapshot().undo_until is None

    run_virtually(scene())


def test_what_an_engine_saves_is_what_its_recorder_keeps_at_the_stop() -> None:
    async def scene() -> None:
        async with staged(model("a", threshold=1, retries=0), model("b")) as stage:
            await fails(stage, "a", 1)
            given = json.loads(json.dumps(stage.engine.save()))
        assert given == kill(stage)

    run_virtually(scene())
