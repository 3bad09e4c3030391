"""Other settings while the engine runs, in virtual time: nothing under way is lost, nothing learned forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hive_console.core.command import Command
from hive_console.core.configured import configured, setup_of
from hive_console.core.errors import OperationFailed, RecordingFailed, StreamBroken, UnknownModel
from hive_console.core.events import (
    AlertRaised,
    AlertResolved,
    AttemptFinished,
    BreakerChanged,
    EngineStarted,
    Event,
    FleetConfigured,
    OperatorActed,
    RoutePinned,
    SettingsRefused,
    SettingsReloaded,
    StatusChanged,
)
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings, ProbeKind, RouteSettings, Settings, Strategy
from hive_console.core.states import Action, ActionPhase, AlertRule, BreakerState, ModelStatus
from hive_console.core.task import Task
from hive_console.engine import reconfiguration
from hive_console.engine.reconfiguration import AFTER_DEADLINE, StillLeaving
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import BROKEN, DOWN, Line, Stage, model, staged

PROBED = ProbeKind.MODELS


def now_with(stage: Stage, *models: ModelSettings, **resilience: Any) -> Settings:  # any field of it
    """The settings in force with other models."""
    settings = stage.engine.settings
    return replace(settings, models=models, resilience=replace(settings.resilience, **resilience))


def reload(stage: Stage, *models: ModelSettings, **resilience: Any) -> list[str]:  # the same
    return [str(change) for change in stage.engine.reconfigure(now_with(stage, *models, **resilience))]


def states(stage: Stage) -> dict[str, str]:
    return {view.model_id: view.breaker.state.value for view in stage.engine.snapshot().models}


def of(stage: Stage, kind: type[Event], name: str) -> list[Event]:
    return [event for event in stage.recorder.events if isinstance(event, kind) and name in str(event)]


def test_a_call_under_way_ends_under_the_settings_it_began_with() -> None:
    async def scenario() -> None:
        async with staged(model("a", timeout=5.0)) as stage:
            stage.provider.lines["a"] = Line(seconds=3.0)
            asked = asyncio.create_task(stage.ask("a"))
            await asyncio.sleep(1)

            assert reload(stage, model("a", timeout=2.0)) == ["models.a.timeout: 5s → 2s"]
            assert await asked == "a"
            with pytest.raises(OperationFailed):
                await stage.ask("a")

    run_virtually(scenario())


def test_a_stream_of_a_removed_model_ends_well_and_frees_its_place() -> None:
    async def scenario() -> None:
        async with staged(model("a"), model("b")) as stage:
            stream = await stage.engine.open_stream(Task("b", {}))

            reload(stage, model("a"))
            pieces = [piece async for piece in stream]
            with pytest.raises(UnknownModel):
                await stage.ask("b")

            assert pieces[-1] == b"data: 2\n\n"
            assert [view.model_id for view in stage.engine.snapshot().models] == ["a"]
            assert [event.kind for event in stage.happened(AttemptFinished)] == [OutcomeKind.SUCCESS]
            assert stage.engine._door._fallback._executor.bulkheads["b"].is_idle

    run_virtually(scenario())


def test_failing_calls_of_a_removed_model_raise_no_alarm() -> None:
    async def scenario() -> None:
        async with staged(model("a"), model("b", threshold=1, retries=0)) as stage:
            stage.provider.lines["b"] = Line(outcome=BROKEN, cut_after=1)
            stream = await stage.engine.open_stream(Task("b", {}))

            reload(stage, model("a"))
            with pytest.raises(StreamBroken):
                _ = [piece async for piece in stream]

            assert of(stage, BreakerChanged, "b") == of(stage, StatusChanged, "b") == []
            assert stage.happened(AlertRaised) == []

    run_virtually(scenario())


def test_an_operation_under_way_goes_on_to_the_fallback_it_began_with() -> None:
    async def scenario() -> None:
        async with staged(model("a", "b", retries=0), model("b"), model("c")) as stage:
            stage.provider.lines["a"] = Line(seconds=2.0, outcome=DOWN)
            asked = asyncio.create_task(stage.ask("a"))
            await asyncio.sleep(1)

            reload(stage, model("a", "c", retries=0), model("c"))

            assert await asked == "b"
            assert await stage.ask("a") == "c"

    run_virtually(scenario())


def test_how_the_fleet_is_set_up_is_told_at_the_start_and_after_each_reload_that_changed_something() -> None:
    async def scenario() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            begun = [type(event) for event in stage.recorder.events[:2]]
            first = stage.engine.settings
            reload(stage, *first.models)
            await stage.engine.refuse_settings("broken", source="file")
            stage.engine.reconfigure(first)  # tells that the settings file is right again; nothing changed
            reload(stage, model("a", provider="umbra"), model("b"))

            after = [event for event in stage.recorder.events if not isinstance(event, BreakerChanged)]
            last = max(place for place, event in enumerate(after) if isinstance(event, SettingsReloaded))
            told = stage.happened(FleetConfigured)
            assert begun == [EngineStarted, FleetConfigured]
            assert len(stage.happened(SettingsReloaded)) == 2
            assert told == [configured(first, told[0].at), after[last + 1]]
            assert setup_of(told[1]).models["a"].provider == "umbra"

    run_virtually(scenario())


def with_routes(stage: Stage, *routes: RouteSettings) -> None:
    stage.engine.reconfigure(replace(stage.engine.settings, routes=routes))


def test_an_operation_on_a_virtual_model_goes_on_when_its_route_changes_and_when_it_leaves() -> None:
    async def scenario() -> None:
        async with staged(model("a", retries=0), model("b"), model("c")) as stage:
            with_routes(stage, RouteSettings("fast", "a", ("b",)))
            stage.provider.lines["a"] = Line(seconds=2.0, outcome=DOWN)
            first = asyncio.create_task(stage.ask("fast"))
            await asyncio.sleep(1)
            with_routes(stage, RouteSettings("fast", "a", ("c",)))
            second = asyncio.create_task(stage.ask("fast"))
            await asyncio.sleep(0.5)
            with_routes(stage)

            assert (await first, await second) == ("b", "c")
            with pytest.raises(UnknownModel):
                await stage.ask("fast")
            assert stage.engine.snapshot().routes == ()

    run_virtually(scenario())


def test_nobody_is_paged_for_a_way_that_has_left_meanwhile() -> None:
    async def scenario() -> None:
        async with staged(model("a", retries=0), model("b", retries=0)) as stage:
            stage.provider.lines["b"] = Line(seconds=2.0, outcome=DOWN)
            asked = asyncio.create_task(stage.ask("b"))
            await asyncio.sleep(1)

            reload(stage, model("a"))
            with pytest.raises(OperationFailed):
                await asked

            assert stage.happened(AlertRaised) == []

    run_virtually(scenario())


def test_a_person_who_reloads_has_refused_keys_tried_again_and_a_saved_file_does_not() -> None:
    async def scenario() -> None:
        async with staged(model("a", retries=0, key="env:K")) as stage:
            stage.provider.lines["a"] = Line(outcome=Outcome(OutcomeKind.KEY_REFUSED, status=401))
            with pytest.raises(OperationFailed):
                await stage.ask("a")
            stage.provider.lines["a"] = Line()

            await stage.engine.reload(stage.engine.settings, source="file")
            with pytest.raises(OperationFailed):
                await stage.ask("a")
            await stage.engine.reload(stage.engine.settings, source="command", actor="uid 7")

            assert await stage.ask("a") == "a"

    run_virtually(scenario())


def test_a_race_under_way_ends_whoever_of_it_left() -> None:
    async def scenario() -> None:
        racing = model("a", "b", strategy=Strategy.PARALLEL, hedge_after=1.5)
        async with staged(racing, model("b")) as stage:
            stage.provider.lines["a"] = Line(seconds=4.0)
            asked = asyncio.create_task(stage.ask("a"))
            await asyncio.sleep(1)

            reload(stage, model("c"))

            assert await asked == "b"

    run_virtually(scenario())


def test_a_call_in_line_for_a_removed_model_is_still_served() -> None:
    async def scenario() -> None:
        async with staged(model("a"), model("b", places=1)) as stage:
            stage.provider.lines["b"] = Line(seconds=2.0)
            asked = [asyncio.create_task(stage.ask("b")) for _ in range(3)]
            await asyncio.sleep(1)

            reload(stage, model("a"))

            assert await asyncio.gather(*asked) == ["b"] * 3

    run_virtually(scenario())


def test_a_model_that_returns_while_its_calls_end_begins_afresh_in_the_same_places() -> None:
    async def scenario() -> None:
        async with staged(model("a"), model("b", places=1)) as stage:
            stage.provider.lines["b"] = Line(seconds=3.0)
            first = asyncio.create_task(stage.ask("b"))
            await asyncio.sleep(1)
            reload(stage, model("a"))
            reload(stage, model("a"), model("b", places=1))

            second = asyncio.create_task(stage.ask("b"))
            await asyncio.sleep(1)
            waits = stage.provider.most_in_flight["b"]

            assert await first == await second == "b"
            assert (waits, stage.provider.most_in_flight["b"]) == (1, 1)
            assert stage.engine._publisher.publish().model("b").in_flight == 0  # type: ignore[union-attr]  # it is there

    run_virtually(scenario())


def test_an_open_breaker_stays_open_and_its_unchanged_neighbour_is_not_touched() -> None:
    async def scenario() -> None:
        async with staged(model("a", retries=0, threshold=2), model("b", retries=0, threshold=2)) as stage:
            for name in ("a", "b"):
                stage.provider.lines[name] = Line(outcome=DOWN)
                for _ in range(2):
                    with pytest.raises(OperationFailed):
                        await stage.ask(name)
            before = stage.engine._fleet.members["b"].breaker.open_until

            reload(stage, model("a", retries=0, threshold=7), model("b", retries=0, threshold=2))

            assert states(stage) == {"a": "open", "b": "open"}
            assert stage.view("a").breaker.failure_threshold == 7
            assert stage.view("b").breaker.open_until == before
            await asyncio.sleep(20)
            stage.provider.lines["a"] = Line()
            assert await stage.ask("a") == "a"

    run_virtually(scenario())


def test_a_smaller_and_a_larger_bulkhead_count_from_the_next_call_on() -> None:
    async def scenario() -> None:
        async with staged(model("a", places=1)) as stage:
            stage.provider.lines["a"] = Line(seconds=1.0)
            asked = [asyncio.create_task(stage.ask("a")) for _ in range(4)]
            await asyncio.sleep(0.5)

            reload(stage, model("a", places=4))
            await asyncio.sleep(0.1)
            assert stage.provider.in_flight["a"] == 4
            await asyncio.gather(*asked)

            reload(stage, model("a", places=2))
            stage.provider.most_in_flight["a"] = 0
            await asyncio.gather(*(stage.ask("a") for _ in range(4)))
            assert stage.provider.most_in_flight["a"] == 2

    run_virtually(scenario())


def test_the_fleets_own_settings_count_from_the_next_operation_on() -> None:
    async def scenario() -> None:
        async with staged(model("a", retries=0), deadline=90.0) as stage:
            stage.provider.lines["a"] = Line(seconds=3.0)

            changes = reload(
                stage, model("a", retries=0), operation_deadline=1.0, max_total_requests=1, max_queued_requests=0
            )

            with pytest.raises(OperationFailed) as late:
                await stage.ask("a")
            first = asyncio.create_task(stage.ask("a"))
            await asyncio.sleep(0)
            with pytest.raises(OperationFailed) as full:
                await stage.ask("a")
            with pytest.raises(OperationFailed):
                await first

            assert "resilience.operationDeadline: 90s → 1s" in changes
            assert late.value.outcome.kind is OutcomeKind.TIMED_OUT
            assert full.value.outcome.kind is OutcomeKind.NO_ROOM

    run_virtually(scenario())


def test_an_added_model_is_probed_at_once_and_a_removed_one_no_more() -> None:
    async def scenario() -> None:
        async with staged(model("a", probe=PROBED), model("b", probe=PROBED)) as stage:
            await asyncio.sleep(5)
            stage.provider.probed.clear()

            reload(stage, model("a", probe=PROBED), model("c", probe=PROBED))
            await asyncio.sleep(1)
            assert [name for _, name in stage.provider.probed] == ["c"]
            assert stage.view("c").status is ModelStatus.AVAILABLE

            await asyncio.sleep(120)
            assert {name for _, name in stage.provider.probed} == {"a", "c"}

    run_virtually(scenario())


def test_a_changed_model_is_probed_at_once_in_its_new_way_and_rhythm() -> None:
    async def scenario() -> None:
        async with staged(model("a", probe=ProbeKind.NONE), model("b", probe=PROBED)) as stage:
            await asyncio.sleep(5)
            stage.provider.probed.clear()

            reload(stage, model("a", probe=PROBED, health_check_interval=1.0), model("b", probe=PROBED))
            await asyncio.sleep(9)

            assert len([name for _, name in stage.provider.probed if name == "a"]) >= 8

    run_virtually(scenario())


def test_a_model_at_another_address_is_unknown_until_its_probe_and_its_old_calls_tell_nothing() -> None:
    async def scenario() -> None:
        async with staged(model("a", probe=PROBED, retries=0, threshold=1)) as stage:
            await asyncio.sleep(2)
            stage.provider.lines["a"] = Line(seconds=2.0, outcome=DOWN)
            stage.provider.probes["a"] = Line()
            asked = asyncio.create_task(stage.ask("a"))
            await asyncio.sleep(1)

            reload(stage, model("a", probe=PROBED, retries=0, threshold=1, endpoint="http://127.0.0.1:2/v1"))
            seen = stage.view("a").status
            with pytest.raises(OperationFailed):
                await asked
            await asyncio.sleep(3)

            assert seen is ModelStatus.UNKNOWN
            assert stage.view("a").status is ModelStatus.AVAILABLE
            assert of(stage, BreakerChanged, "a") == []

    run_virtually(scenario())


def test_a_probe_under_way_to_a_removed_model_is_called_back_and_tells_nothing() -> None:
    async def scenario() -> None:
        async with staged(model("a"), model("b", probe=PROBED)) as stage:
            stage.provider.probes["b"] = Line(seconds=5.0, outcome=DOWN)
            await asyncio.sleep(2)

            reload(stage, model("a"))
            await asyncio.sleep(10)

            assert of(stage, StatusChanged, "b") == []
            assert [view.model_id for view in stage.engine.snapshot().models] == ["a"]

    run_virtually(scenario())


def test_alerts_and_pins_of_a_removed_model_end() -> None:
    async def scenario() -> None:
        async with staged(model("a", "b"), model("b"), model("c", retries=0, threshold=2)) as stage:
            stage.provider.lines["c"] = Line(outcome=DOWN)
            for _ in range(2):
                with pytest.raises(OperationFailed):
                    await stage.ask("c")
            await stage.say(Action.FAIL_OVER, "a", "b")
            assert await stage.ask("a") == "b"

            reload(stage, model("a"))

            assert await stage.ask("a") == "a"
            assert [pin.target for pin in stage.happened(RoutePinned)] == ["b", None]
            raised = {event.alert_id for event in stage.happened(AlertRaised) if event.subject == "c"}
            assert raised
            assert raised <= {event.alert_id for event in stage.happened(AlertResolved)}
            assert not (await stage.engine.undo("ada")).is_done

    run_virtually(scenario())


def test_degraded_mode_follows_the_threshold_and_the_fleet() -> None:
    async def scenario() -> None:
        models = (model("a"), model("b", retries=0, threshold=2))
        async with staged(*models, threshold=0.4) as stage:
            stage.provider.lines["b"] = Line(outcome=DOWN)
            for _ in range(2):
                with pytest.raises(OperationFailed):
                    await stage.ask("b")
            assert not stage.engine.snapshot().is_degraded

            reload(stage, *models, degraded_mode_threshold=0.6)
            assert stage.engine.snapshot().is_degraded

            reload(stage, model("a"))
            await asyncio.sleep(15)
            assert not stage.engine.snapshot().is_degraded

    run_virtually(scenario())


def test_a_key_that_is_missing_under_the_new_settings_is_seen_at_once() -> None:
    async def scenario() -> None:
        async with staged(model("a")) as stage:
            stage.provider.faults["a"] = "no key: set OTHER"

            reload(stage, model("a", key="env:OTHER"))

            assert stage.view("a").fault == "no key: set OTHER"
            assert stage.view("a").status is ModelStatus.UNAVAILABLE

    run_virtually(scenario())


def test_what_needs_a_restart_is_told_and_left_as_it_was() -> None:
    async def scenario() -> None:
        async with staged(model("a")) as stage:
            wanted = replace(stage.engine.settings, gateway=GatewaySettings(port=9000), environment="prod")

            changes = stage.engine.reconfigure(wanted)

            assert [change.needs_restart for change in changes] == [True, False]
            assert stage.engine.settings.gateway.port == 8484
            assert stage.engine.snapshot().environment == "prod"
            assert [str(change) for change in stage.engine.changes_to(wanted)] == [
                "gateway.port: 8484 → 9000 (needs a restart)"
            ]

    run_virtually(scenario())


def test_the_same_settings_change_nothing_and_tell_nothing() -> None:
    async def scenario() -> None:
        async with staged(model("a")) as stage:
            assert reload(stage, model("a")) == []
            assert stage.happened(SettingsReloaded) == []

    run_virtually(scenario())


def test_a_reload_is_recorded_with_its_changes() -> None:
    async def scenario() -> None:
        async with staged(model("a")) as stage:
            reload(stage, model("a"), model("b"))
            reload(stage, model("a", timeout=7.0), model("b"))

            assert [(event.changes, event.models) for event in stage.happened(SettingsReloaded)] == [
                (("models.b: added",), ("a", "b")),
                (("models.a.timeout: 5s → 7s",), ()),
            ]

    run_virtually(scenario())


def test_an_operators_reload_is_in_the_audit_before_it_is_done() -> None:
    async def scenario() -> None:
        async with staged(model("a")) as stage:
            fleet_at_intent: list[int] = []

            async def durably(event: Event) -> None:
                stage.recorder.durable.append(event)
                fleet_at_intent.append(len(stage.engine.settings.models))

            stage.recorder.record_durably = durably  # type: ignore[method-assign]  # watches when it is called
            result = await stage.engine.reload(
                now_with(stage, model("a"), model("b")), source="command", actor="uid 7"
            )

            rows = [row for row in stage.recorder.durable if isinstance(row, OperatorActed)]
            assert result.is_done
            assert [(row.actor, row.action, row.phase) for row in rows] == [
                ("uid 7", Action.RELOAD, ActionPhase.INTENDED),
                ("uid 7", Action.RELOAD, ActionPhase.DONE),
            ]
            assert rows[0].detail == "1 change; models.b: added"
            assert fleet_at_intent == [1, 2]

    run_virtually(scenario())


def test_a_reload_that_cannot_be_recorded_is_not_done() -> None:
    async def scenario() -> None:
        async with staged(model("a")) as stage:
            stage.recorder.failure = RecordingFailed("disk full")

            result = await stage.engine.reload(now_with(stage, model("b")), source="command", actor="uid 7")

            assert (result.is_done, await stage.ask("a")) == (False, "a")
            assert "disk full" in result.message

    run_virtually(scenario())


def test_settings_that_cannot_be_used_are_an_alert_until_good_ones_come() -> None:
    async def scenario() -> None:
        async with staged(model("a")) as stage:
            result = await stage.engine.refuse_settings("hive.yaml:3: x", count=2, source="file")
            assert [alert.rule for alert in stage.engine._publisher.publish().alerts] == [
                AlertRule.SETTINGS_REFUSED
            ]

            await stage.engine.reload(stage.engine.settings, source="file")

            assert not result.is_done
            assert [event.problem for event in stage.happened(SettingsRefused)] == ["hive.yaml:3: x"]
            assert [event.changes for event in stage.happened(SettingsReloaded)] == [()]
            assert [event.rule for event in stage.happened(AlertResolved)] == [AlertRule.SETTINGS_REFUSED]

    run_virtually(scenario())


def test_an_operators_refused_reload_is_audited() -> None:
    async def scenario() -> None:
        async with staged(model("a")) as stage:
            result = await stage.engine.refuse_settings("hive.yaml:3: x", source="command", actor="uid 7")

            (row,) = [row for row in stage.recorder.durable if isinstance(row, OperatorActed)]
            assert (row.phase, row.detail, result.is_done) == (ActionPhase.REFUSED, "hive.yaml:3: x", False)

    run_virtually(scenario())


def test_models_that_left_are_forgotten_once_no_operation_can_ask_for_them() -> None:
    async def scenario() -> None:
        async with staged(model("a"), model("b"), deadline=30.0) as stage:
            reload(stage, model("a"))
            assert list(stage.engine._fleet.members.leaving) == ["b"]

            await asyncio.sleep(30 + AFTER_DEADLINE)
            reload(stage, model("a", timeout=7.0))
            assert stage.engine._fleet.members.leaving == {}

    run_virtually(scenario())


def test_a_model_with_a_stream_under_way_is_remembered_until_it_ends() -> None:
    async def scenario() -> None:
        async with staged(model("a"), model("b"), deadline=30.0) as stage:
            stream = await stage.engine.open_stream(Task("b", {}))
            reload(stage, model("a"))
            await asyncio.sleep(60)
            reload(stage, model("a", timeout=7.0))
            assert list(stage.engine._fleet.members.leaving) == ["b"]

            await stream.aclose()
            reload(stage, model("a", timeout=8.0))
            assert stage.engine._fleet.members.leaving == {}

    run_virtually(scenario())


def test_more_models_on_their_way_out_than_a_fleet_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with staged(model("a"), model("b"), model("c")) as stage:
            monkeypatch.setattr(reconfiguration, "MAX_LEAVING", 1)
            reload(stage, model("a"), model("b"))
            with pytest.raises(StillLeaving, match="try again in a minute"):
                reload(stage, model("a"))
            refused = await stage.engine.reload(now_with(stage, model("a")), source="signal")
            audited = await stage.engine.reload(now_with(stage, model("a")), source="command", actor="uid 7")

            assert (refused.is_done, audited.is_done) == (False, False)
            assert await stage.ask("b") == "b"

    run_virtually(scenario())


def test_an_operators_word_on_a_model_that_leaves_meanwhile_is_refused() -> None:
    async def scenario() -> None:
        async with staged(model("a"), model("b")) as stage:
            said = asyncio.create_task(stage.engine.command(Command(Action.TRIP, "b", "drill", actor="ada")))
            await asyncio.sleep(0)
            reload(stage, model("a"))
            result = await said

            assert not result.is_done
            assert "b has just left the settings" in result.message
            rows = [row.phase for row in stage.recorder.durable if isinstance(row, OperatorActed)]
            assert rows == [ActionPhase.INTENDED, ActionPhase.REFUSED]

    run_virtually(scenario())


def test_an_engine_that_does_not_run_takes_no_other_settings() -> None:
    async def scenario() -> None:
        async with staged(model("a")) as stage:
            engine = stage.engine
        with pytest.raises(RuntimeError, match="not running"):
            engine.reconfigure(replace(engine.settings, models=(model("b"),)))

    run_virtually(scenario())


def test_a_hundred_reloads_under_traffic_lose_nothing_and_leave_nothing_behind() -> None:
    async def scenario() -> None:
        async with staged(model("a", "b", probe=PROBED), model("b", probe=PROBED)) as stage:
            asked: list[asyncio.Task[str]] = []
            for number in range(100):
                asked += [asyncio.create_task(stage.ask(name)) for name in ("a", "b")]
                extra = [model(f"x{number % 3}", probe=PROBED)] if number % 2 else []
                reload(
                    stage, model("a", "b", probe=PROBED, timeout=5.0 + number % 7), model("b", probe=PROBED), *extra
                )
                await asyncio.sleep(0.07)
            await asyncio.gather(*asked)
            reload(stage, model("a", "b", probe=PROBED), model("b", probe=PROBED))
            await asyncio.sleep(200)
            reload(stage, model("a", "b", probe=PROBED, timeout=9.0), model("b", probe=PROBED))

            fleet = stage.engine._publisher.publish()
            assert [view.in_flight for view in fleet.models] == [0, 0]
            assert fleet.alerts == ()
            assert stage.engine._fleet.members.leaving == {}
            assert list(stage.engine._watches) == ["a", "b"]
            assert {view.breaker.state for view in fleet.models} == {BreakerState.CLOSED}

    run_virtually(scenario())
