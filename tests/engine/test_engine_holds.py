"""What persons hold, through the engine: it ends by itself, is undone whole, and outlives restarts and reloads."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.command import Command, CommandResult
from hive_console.core.holds import SOMEBODY
from hive_console.core.settings import Settings, Strategy
from hive_console.core.snapshot import HoldView
from hive_console.core.states import Action, BreakerState, HoldKind, ModelStatus
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import Line, Stage, model, staged

K = HoldKind


async def does(
    stage: Stage, action: Action, target: str, parameter: str = "", *, by: str = "ada", lasts: float | None = None
) -> CommandResult:
    said = await stage.engine.command(Command(action, target, "drill", parameter, actor=by, duration=lasts))
    assert said.is_done, said.message
    return said


def holds(stage: Stage) -> tuple[HoldView, ...]:
    return stage.engine.snapshot().holds


def test_a_pin_is_published_with_its_owner_and_ends_by_itself() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b"), model("c")) as stage:
            begun = stage.engine.now()
            await does(stage, Action.FAIL_OVER, "a", "c", lasts=1800)

            [pin] = holds(stage)
            assert (pin.kind, pin.target, pin.by, pin.reason, pin.detail) == (K.PINNED, "a", "ada", "drill", "c")
            assert pin.until == pytest.approx(begun + 1800, abs=0.1)
            await asyncio.sleep(1790)
            assert await stage.ask("a") == "c"
            await asyncio.sleep(11)
            assert await stage.ask("a") == "a"
            assert holds(stage) == ()
            assert [one.cause for one in stage.happened(e.HoldEnded)] == ["its time (30 m) is over, set by ada"]

    run_virtually(scene())


def test_without_an_end_a_pin_stays_and_a_freeze_ends_all_the_same() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            await does(stage, Action.FAIL_OVER, "a", "b")
            await does(stage, Action.FREEZE, "*")

            await asyncio.sleep(3601)

            assert [hold.kind for hold in holds(stage)] == [K.PINNED]
            assert not stage.view("a").breaker.is_frozen

    run_virtually(scene())


def test_a_hold_that_was_replaced_comes_back_with_its_owner_and_the_rest_of_its_time() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b"), model("c")) as stage:
            await does(stage, Action.FAIL_OVER, "a", "b", by="bob", lasts=600)
            [before] = holds(stage)
            await asyncio.sleep(100)
            await does(stage, Action.FAIL_OVER, "a", "c", lasts=7200)
            assert await stage.ask("a") == "c"

            assert (await stage.engine.undo("ada")).is_done

            assert holds(stage) == (before,)
            assert await stage.ask("a") == "b"
            await asyncio.sleep(501)
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_what_ran_out_before_the_undo_is_not_brought_back() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b"), model("c")) as stage:
            await does(stage, Action.FAIL_OVER, "a", "b", by="bob", lasts=30)
            await does(stage, Action.FAIL_OVER, "a", "c", lasts=7200)
            await asyncio.sleep(40)
            assert (await stage.engine.undo("ada")).is_done
            assert holds(stage) == ()

            await does(stage, Action.FAIL_OVER, "a", "b", by="bob", lasts=30)
            await does(stage, Action.FAIL_BACK, "a")
            assert stage.engine.snapshot().undo_until is not None
            await asyncio.sleep(31)

            assert not (await stage.engine.undo("ada")).is_done

    run_virtually(scene())


def test_a_deactivation_that_is_undone_lets_a_well_model_back_in_at_once() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            await does(stage, Action.DEACTIVATE, "a")
            assert await stage.ask("a") == "b"

            await stage.engine.undo("ada")

            assert stage.view("a").breaker.state is BreakerState.CLOSED
            assert await stage.ask("a") == "a"

    run_virtually(scene())


@pytest.mark.parametrize(
    ("place", "lift", "target", "parameter"),
    [
        (Action.FAIL_OVER, Action.FAIL_BACK, "a", "b"),
        (Action.DEACTIVATE, Action.ACTIVATE, "a", ""),
        (Action.FREEZE, Action.THAW, "a", ""),
        (Action.FREEZE, Action.THAW, "provider:a-provider", ""),
        (Action.FREEZE, Action.THAW, "*", ""),
        (Action.SET_WEIGHT, Action.RESTORE_WEIGHT, "a", "4"),
        (Action.SAFE_MODE, Action.NORMAL_MODE, "*", ""),
        (Action.KILL, Action.REVIVE, "a", ""),
        (Action.KILL, Action.REVIVE, "provider:a-provider", ""),
        (Action.KILL, Action.REVIVE, "*", ""),
    ],
)
def test_each_is_placed_lifted_and_undone_both_ways(
    place: Action, lift: Action, target: str, parameter: str
) -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            await does(stage, place, target, parameter, by="bob")
            [before] = holds(stage)
            assert (before.target, before.by, before.detail) == (target, "bob", parameter)
            await does(stage, lift, target)
            assert holds(stage) == ()

            assert (await stage.engine.undo("ada")).is_done
            assert holds(stage) == (before,)
            assert (await stage.engine.undo("ada")).is_done  # the undo of the undo
            assert holds(stage) == ()
            await does(stage, place, target, parameter)
            assert (await stage.engine.undo("ada")).is_done
            assert holds(stage) == ()

    run_virtually(scene())


def test_a_weight_by_hand_moves_traffic_until_its_end() -> None:
    async def scene() -> None:
        shared = model("a", "b", strategy=Strategy.WEIGHTED, weight=1.0)
        async with staged(shared, model("b", weight=1.0)) as stage:
            await does(stage, Action.SET_WEIGHT, "a", "3", lasts=600)
            asked = [await stage.ask("a") for _ in range(8)]

            assert (asked.count("a"), stage.view("a").weight) == (6, 3.0)
            await asyncio.sleep(601)
            assert [await stage.ask("a") for _ in range(8)].count("a") == 4
            assert stage.view("a").weight == 1.0

    run_virtually(scene())


def test_safe_mode_sends_no_copies_and_takes_half_of_the_places() -> None:
    async def scene() -> None:
        racing = model("a", "b", strategy=Strategy.PARALLEL, places=4)
        async with staged(racing, model("b", places=4)) as stage:
            await does(stage, Action.SAFE_MODE, "*")
            stage.provider.lines["a"] = Line(seconds=1.0)
            await asyncio.gather(*(stage.ask("a", strategy=Strategy.PARALLEL, replay=None) for _ in range(2)))
            assert stage.provider.calls == ["a", "a"]
            await asyncio.gather(*(stage.ask("b") for _ in range(4)))
            assert (stage.provider.most_in_flight["b"], stage.view("b").max_in_flight) == (2, 2)

            await does(stage, Action.NORMAL_MODE, "*")

            assert stage.view("b").max_in_flight == 4
            await stage.ask("a")
            assert stage.provider.calls[-2:] == ["a", "b"]

    run_virtually(scene())


def test_safe_mode_outlives_a_restart_with_its_half_of_the_places() -> None:
    async def scene() -> None:
        async with staged(model("a", places=4)) as stage:
            await does(stage, Action.SAFE_MODE, "*")
            left = stage.engine.save()

        async with staged(model("a", places=4), saved=left) as stage:
            assert stage.view("a").max_in_flight == 2
            await asyncio.sleep(3601)
            assert stage.view("a").max_in_flight == 4

    run_virtually(scene())


def test_holds_outlive_a_reload_and_those_of_who_leaves_go() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            await does(stage, Action.SET_WEIGHT, "a", "4")
            await does(stage, Action.DEACTIVATE, "b")
            await does(stage, Action.SAFE_MODE, "*")

            stage.engine.reconfigure(
                replace(stage.engine.settings, models=(model("a", endpoint="http://127.0.0.1:2/v1"),))
            )

            assert [hold.kind for hold in holds(stage)] == [K.WEIGHTED, K.SAFE_MODE]
            assert (stage.view("a").weight, stage.view("a").max_in_flight) == (4.0, 5)
            assert [one.cause for one in stage.happened(e.HoldEnded)] == ["b is no longer configured"]

    run_virtually(scene())


def test_who_speaks_without_a_name_is_somebody() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            await does(stage, Action.DEACTIVATE, "a", by="")
            assert [hold.by for hold in holds(stage)] == [SOMEBODY]

    run_virtually(scene())


def test_a_deactivation_with_an_end_comes_back_by_itself() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            await does(stage, Action.DEACTIVATE, "a", lasts=60)
            await asyncio.sleep(30)
            assert stage.view("a").status is ModelStatus.UNAVAILABLE

            await asyncio.sleep(40)

            assert await stage.ask("a") == "a"
            await asyncio.sleep(1)
            assert stage.view("a").breaker.state is BreakerState.CLOSED

    run_virtually(scene())


def test_what_left_the_settings_while_the_row_was_written_is_not_held() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b"), model("c")) as stage:
            pinning = asyncio.create_task(
                stage.engine.command(Command(Action.FAIL_OVER, "a", "drill", "c", actor="ada"))
            )
            await asyncio.sleep(0)
            stage.engine.reconfigure(Settings((model("a", "b"), model("b"))))

            assert not (await pinning).is_done
            assert holds(stage) == ()

    run_virtually(scene())


def test_what_ended_while_the_row_was_written_is_over_once() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b"), pace=0.0001) as stage:
            await does(stage, Action.FAIL_OVER, "a", "b", lasts=0.0015)

            said = await stage.say(Action.FAIL_BACK, "a")

            assert said.is_done
            assert len(stage.happened(e.HoldEnded)) == 1

    run_virtually(scene())
