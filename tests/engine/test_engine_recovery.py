"""How models come back: shares of real requests, last resorts, operators' trials and freezes, restarts."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from hive_console.core.command import Command
from hive_console.core.errors import OperationFailed
from hive_console.core.events import (
    AutomationFrozen,
    AutomationThawed,
    BreakerChanged,
    OperatorActed,
    RampAdvanced,
    RecoveryEnded,
)
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import LastResort, ProbeKind
from hive_console.core.states import Action, ActionPhase, BreakerState
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import DOWN, Line, Stage, model, staged

S = BreakerState

# --- shares --------------------------------------------------------------------------------------


async def break_down(stage: Stage, name: str) -> None:
    """Fails one call of a model whose threshold is one, and waits until its trial is due."""
    stage.provider.queues[name] = [Line(outcome=DOWN)]
    await stage.ask(name)
    await asyncio.sleep(20)


def test_recovered_model_gets_its_requests_back_in_exact_shares() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1, ramp=20), model("b")) as stage:
            await break_down(stage, "a")
            assert await stage.ask("a") == "a"  # the trial

            shares = [Counter([await stage.ask("a") for _ in range(20 * part)])["a"] for part in (10, 4, 2)]

            assert shares == [20, 20, 20]  # of 200, of 80, of 40
            assert [await stage.ask("a") for _ in range(10)] == ["a"] * 10
            assert [event.share for event in stage.happened(RampAdvanced)] == [0.1, 0.25, 0.5, 1.0]

    run_virtually(scene())


def test_recovery_is_timed_from_the_first_failure_to_the_whole_traffic() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1, ramp=20), model("b")) as stage:
            await break_down(stage, "a")
            await stage.ask("a")
            await asyncio.sleep(100)

            [ended] = stage.happened(RecoveryEnded)
            assert ended.took == pytest.approx(20 + 90, abs=3)
            assert ended.ramp == pytest.approx(90, abs=3)

    run_virtually(scene())


def test_model_that_fails_on_its_way_back_is_out_again_at_once() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=2, ramp=20), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN)
            for _ in range(2):
                await stage.ask("a")
            await asyncio.sleep(20)
            stage.provider.lines["a"] = Line()
            assert await stage.ask("a") == "a"
            stage.provider.lines["a"] = Line(outcome=DOWN)
            before = len(stage.provider.calls)

            served = [await stage.ask("a") for _ in range(30)]

            assert served == ["b"] * 30
            assert stage.provider.calls[before:].count("a") == 1
            assert stage.happened(BreakerChanged)[-1].trigger == "recovery_failed"

    run_virtually(scene())


def test_model_that_always_fails_one_call_in_five_comes_back_all_the_same() -> None:
    """Its users called it well before; and where every model is like that, nobody else would be left."""

    async def scene() -> None:
        async with staged(model("a", "b", threshold=2, ramp=20), model("b")) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)] * 2
            for _ in range(2):
                await stage.ask("a")
            await asyncio.sleep(20)
            stage.provider.queues["a"] = [*([Line()] * 4), Line(outcome=DOWN)] * 300

            answered = [await stage.ask("a") for _ in range(1500)]

            assert [event.new for event in stage.happened(BreakerChanged)] == [S.OPEN, S.HALF_OPEN, S.CLOSED]
            assert [event.share for event in stage.happened(RampAdvanced)] == [0.1, 0.25, 0.5, 1.0]
            assert Counter(answered[-100:]) == {"a": 80, "b": 20}

    run_virtually(scene())


def test_lonely_recovering_model_serves_everything() -> None:
    async def scene() -> None:
        async with staged(model("a", threshold=1, ramp=20, retries=0)) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)]
            with pytest.raises(OperationFailed):
                await stage.ask("a")
            await asyncio.sleep(20)

            assert [await stage.ask("a") for _ in range(15)] == ["a"] * 15

    run_virtually(scene())


# --- last resorts --------------------------------------------------------------------------------


async def everything_down(stage: Stage) -> None:
    """Both breakers open one after the other, the models well again."""
    await asyncio.sleep(1)
    for name in "ab":
        stage.provider.probes[name] = Line(outcome=DOWN)
        stage.provider.lines[name] = Line(outcome=DOWN, seconds=1)
    with pytest.raises(OperationFailed):
        await stage.ask("a")
    for name in "ab":
        stage.provider.lines[name] = Line()
    await asyncio.sleep(2)
    stage.provider.calls.clear()


@pytest.mark.parametrize("probe", [ProbeKind.NONE, ProbeKind.MODELS])
def test_nearest_to_its_trial_is_tried_when_every_model_is_out(probe: ProbeKind) -> None:
    async def scene() -> None:
        models = (
            model("a", "b", threshold=1, retries=0, probe=probe),
            model("b", threshold=1, retries=0, probe=probe),
        )
        async with staged(*models, last_resort=LastResort.NEAREST) as stage:
            await everything_down(stage)

            assert await stage.ask("a") == "a"

            assert stage.provider.calls == ["a"]
            assert [event.trigger for event in stage.happened(BreakerChanged)][-2:] == [
                "last_resort",
                "trials_passed",
            ]

    run_virtually(scene())


def test_without_a_last_resort_nobody_is_called_when_every_model_is_out() -> None:
    async def scene() -> None:
        models = (model("a", "b", threshold=1, retries=0), model("b", threshold=1, retries=0))
        async with staged(*models, last_resort=LastResort.REFUSE) as stage:
            await everything_down(stage)

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert stage.provider.calls == []
            assert caught.value.outcome.kind is OutcomeKind.REFUSED
            assert caught.value.retry_after == pytest.approx(17, abs=1)

    run_virtually(scene())


def test_dead_fleet_is_not_hammered_by_last_resorts() -> None:
    async def scene() -> None:
        models = (model("a", "b", threshold=1, retries=0), model("b", threshold=1, retries=0))
        async with staged(*models, last_resort=LastResort.NEAREST) as stage:
            await everything_down(stage)
            for name in "ab":
                stage.provider.lines[name] = Line(outcome=DOWN, seconds=0)

            for _ in range(50):
                with pytest.raises(OperationFailed):
                    await stage.ask("a")

            assert sorted(stage.provider.calls) == ["a", "b"]

    run_virtually(scene())


# --- operators -----------------------------------------------------------------------------------


def phases(stage: Stage, action: Action) -> list[ActionPhase]:
    rows = [event for event in stage.recorder.durable if isinstance(event, OperatorActed)]
    return [row.phase for row in rows if row.action is action]


def test_every_audit_row_says_how_the_operator_came() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            command = Command(Action.TRIP, "a", "it lies", actor="ada", origin="ssh 10.0.0.5")

            await stage.engine.command(command)
            await stage.engine.undo("bob", origin="tty pts/3")
            await stage.engine.reload(stage.engine.settings, source="command", actor="eve", origin="control socket")
            await stage.engine.refuse_settings("x", source="command", actor="dan", origin="tty pts/4")

            rows = [event for event in stage.recorder.durable if isinstance(event, OperatorActed)]
            assert [(row.actor, row.origin) for row in rows] == [
                *[("ada", "ssh 10.0.0.5")] * 2,
                *[("bob", "tty pts/3")] * 2,
                *[("eve", "control socket")] * 2,
                ("dan", "tty pts/4"),
            ]

    run_virtually(scene())


def test_operator_sends_an_open_breaker_to_its_trial_and_it_is_written_down() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1), model("b")) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)]
            await stage.ask("a")

            assert (await stage.say(Action.HALF_OPEN, "a")).is_done
            assert await stage.ask("a") == "a"

            assert phases(stage, Action.HALF_OPEN) == [ActionPhase.INTENDED, ActionPhase.DONE]
            await asyncio.sleep(1)
            assert stage.view("a").breaker.state is S.CLOSED

    run_virtually(scene())


def test_trial_by_hand_of_a_probed_model_is_made_by_its_prober_at_once() -> None:
    async def scene() -> None:
        async with staged(model("a", threshold=1, probe=ProbeKind.MODELS), model("b")) as stage:
            stage.provider.probes["a"] = Line(outcome=DOWN)
            await asyncio.sleep(3)
            stage.provider.probes["a"] = Line(seconds=0.1)

            await stage.say(Action.HALF_OPEN, "a")
            await asyncio.sleep(1)

            assert stage.view("a").breaker.state is S.CLOSED

    run_virtually(scene())


def test_trial_by_hand_of_a_breaker_that_is_not_open_is_refused_and_written_down() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            result = await stage.say(Action.HALF_OPEN, "a")

            assert (result.is_done, result.message) == (False, "its breaker is not open")
            assert phases(stage, Action.HALF_OPEN) == [ActionPhase.REFUSED]

    run_virtually(scene())


def test_freeze_keeps_a_failing_model_in_use_and_its_thaw_does_not() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1), model("b")) as stage:
            await stage.say(Action.FREEZE, "a")
            stage.provider.lines["a"] = Line(outcome=DOWN)
            for _ in range(5):
                assert await stage.ask("a") == "b"
            assert stage.provider.calls.count("a") == 5

            await stage.say(Action.THAW, "a")
            for _ in range(5):
                await stage.ask("a")

            assert stage.provider.calls.count("a") == 6
            assert phases(stage, Action.FREEZE) == phases(stage, Action.THAW) == list(ActionPhase)[:2]
            assert len(stage.happened(AutomationFrozen)) == len(stage.happened(AutomationThawed)) == 1

    run_virtually(scene())


def test_freeze_is_undone_by_a_thaw() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            await stage.say(Action.FREEZE, "a")
            assert stage.view("a").breaker.is_frozen

            assert (await stage.engine.undo("ada")).is_done

            assert not stage.view("a").breaker.is_frozen

    run_virtually(scene())


def test_thaw_is_undone_by_a_freeze() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            await stage.say(Action.FREEZE, "a")
            await stage.say(Action.THAW, "a")

            assert (await stage.engine.undo("ada")).is_done

            assert stage.view("a").breaker.is_frozen

    run_virtually(scene())


def test_freeze_that_nobody_ends_ends_by_itself_after_an_hour() -> None:
    async def scene() -> None:
        async with staged(model("a"), pace=60.0) as stage:
            await stage.say(Action.FREEZE, "a")
            await asyncio.sleep(3500)
            assert stage.view("a").breaker.is_frozen

            await asyncio.sleep(200)

            assert not stage.view("a").breaker.is_frozen
            assert [event.cause for event in stage.happened(AutomationThawed)] == [
                "its time (1 h) is over, set by ada"
            ]

    run_virtually(scene())


def test_frozen_open_breaker_stays_open_and_its_prober_leaves_it_alone() -> None:
    async def scene() -> None:
        async with staged(model("a", threshold=1, probe=ProbeKind.MODELS), model("b")) as stage:
            stage.provider.probes["a"] = Line(outcome=DOWN, seconds=0)
            await asyncio.sleep(2)
            await stage.say(Action.FREEZE, "a")
            stage.provider.probes["a"] = Line(seconds=0)
            probes = len(stage.provider.probed)

            await asyncio.sleep(120)
            assert stage.view("a").breaker.state is S.OPEN
            assert len(stage.provider.probed) == probes
            await stage.say(Action.THAW, "a")
            await asyncio.sleep(3)

            assert stage.view("a").breaker.state is S.CLOSED

    run_virtually(scene())


# --- restarts ------------------------------------------------------------------------------------


def test_restarted_engine_knows_what_the_last_one_knew() -> None:
    saved: dict[str, Any] = {}  # whatever `save` gives

    async def before() -> None:
        models = (model("a", "b", "c", threshold=1), model("b", threshold=1), model("c"))
        async with staged(*models) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)]
            await stage.ask("a")
            await stage.say(Action.DEACTIVATE, "b")
            await stage.say(Action.FREEZE, "c")
            saved.update(json.loads(json.dumps(stage.engine.save())))

    async def after() -> None:
        models = (model("a", "b", "c", threshold=1), model("b", threshold=1), model("c"))
        async with staged(*models, saved=saved) as stage:
            await asyncio.sleep(0.5)
            states = [stage.view(name).breaker.state for name in "abc"]
            assert states == [S.OPEN, S.ISOLATED, S.CLOSED]
            assert stage.view("c").breaker.is_frozen
            assert await stage.ask("a") == "c"
            assert stage.provider.calls == ["c"]
            await asyncio.sleep(20)
            assert await stage.ask("a") == "a"

    run_virtually(before())
    run_virtually(after())


def test_restarted_ramp_goes_on_where_it_was() -> None:
    saved: dict[str, Any] = {}  # whatever `save` gives

    async def before() -> None:
        async with staged(model("a", "b", threshold=1, ramp=20), model("b")) as stage:
            await break_down(stage, "a")
            await stage.ask("a")
            for _ in range(200):
                await stage.ask("a")
            saved.update(json.loads(json.dumps(stage.engine.save())))

    async def after() -> None:
        async with staged(model("a", "b", threshold=1, ramp=20), model("b"), saved=saved) as stage:
            served = Counter([await stage.ask("a") for _ in range(40)])
            assert served == {"a": 10, "b": 30}

    run_virtually(before())
    run_virtually(after())
