"""The kill switch: nothing is called, what is under way ends, callers are told, and only a word brings it back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from hive_console.core import events as e
from hive_console.core.command import WATCHES_ONLY, Command
from hive_console.core.errors import OperationFailed, RecordingFailed, StreamBroken
from hive_console.core.holds import STOP_FILE
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import ProbeKind, Replay, Strategy
from hive_console.core.states import Action, ActionPhase, AlertRule, BreakerState, ModelStatus
from hive_console.core.task import Task
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import BROKEN, Line, Stage, model, staged

PROBED = ProbeKind.MODELS


async def failure_of(operation: Awaitable[object]) -> OperationFailed:
    with pytest.raises(OperationFailed) as caught:
        await operation
    return caught.value


async def says(stage: Stage, action: Action, target: str) -> None:
    assert (await stage.say(action, target)).is_done


def test_a_call_under_way_ends_at_once_and_a_fallback_answers() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.lines["a"] = Line(seconds=4.0)
            asked = asyncio.create_task(stage.ask("a"))
            await asyncio.sleep(0.5)
            begun = stage.engine.now()

            await says(stage, Action.KILL, "a")

            assert await asked == "b"
            assert stage.engine.now() - begun < 0.2
            [ended] = [one for one in stage.happened(e.AttemptFinished) if one.model == "a"]
            assert (ended.kind, ended.message) == (OutcomeKind.KILLED, "stopped by hand: drill")
            assert stage.view("a").breaker.consecutive_failures == 0
            assert stage.provider.in_flight["a"] == 0

    run_virtually(scene())


def test_callers_of_a_killed_fleet_are_told_the_reason_and_nobody_is_called() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.lines["a"] = Line(seconds=4.0)
            under_way = asyncio.create_task(failure_of(stage.ask("a")))
            await asyncio.sleep(0.5)
            await says(stage, Action.KILL, "*")
            calls = len(stage.provider.calls)

            first, second = await under_way, await failure_of(stage.ask("b"))

            for failed in (first, second):
                assert (failed.outcome.kind, failed.outcome.message) == (
                    OutcomeKind.KILLED,
                    "stopped by hand: drill",
                )
                assert failed.retry_after is None
            assert len(stage.provider.calls) == calls
            assert stage.happened(e.FallbacksExhausted) == []

    run_virtually(scene())


def test_a_call_with_less_time_than_its_model_has_is_ended_as_well() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            stage.provider.lines["a"] = Line(seconds=4.0)
            hasty = asyncio.create_task(failure_of(stage.ask("a", deadline=3.0)))
            await asyncio.sleep(0.5)

            await says(stage, Action.KILL, "a")

            assert (await hasty).outcome.kind is OutcomeKind.KILLED

    run_virtually(scene())


def test_who_waits_for_a_place_or_to_try_again_does_not_wait_on() -> None:
    async def scene() -> None:
        async with staged(model("a", places=1)) as stage:
            stage.provider.lines["a"] = Line(seconds=0.1, outcome=BROKEN)
            trying_again = asyncio.create_task(failure_of(stage.ask("a")))
            await asyncio.sleep(0.15)
            stage.provider.lines["a"] = Line(seconds=4.5)
            others = [asyncio.create_task(failure_of(stage.ask("a"))) for _ in range(3)]
            await asyncio.sleep(0.05)
            begun = stage.engine.now()

            await says(stage, Action.KILL, "a")

            ends = [await task for task in (trying_again, *others)]
            assert stage.engine.now() - begun < 0.2
            assert [failed.outcome.kind for failed in ends[1:]] == [OutcomeKind.KILLED] * 3
            assert len(stage.provider.calls) == 2

    run_virtually(scene())


def test_a_request_that_may_be_sent_only_once_is_not_handed_on() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.lines["a"] = Line(seconds=4.0)
            once = asyncio.create_task(failure_of(stage.ask("a", replay=Replay.DENY)))
            await asyncio.sleep(0.5)

            await says(stage, Action.KILL, "a")

            failed = await once
            assert failed.outcome.kind is OutcomeKind.KILLED
            assert stage.provider.calls == ["a"]

    run_virtually(scene())


def test_all_racers_of_a_killed_fleet_end() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", strategy=Strategy.PARALLEL), model("b")) as stage:
            stage.provider.lines = {"a": Line(seconds=4.0), "b": Line(seconds=4.0)}
            race = asyncio.create_task(failure_of(stage.ask("a")))
            await asyncio.sleep(0.5)

            await says(stage, Action.KILL, "*")

            assert (await race).outcome.kind is OutcomeKind.KILLED
            assert stage.provider.in_flight == {"a": 0, "b": 0}

    run_virtually(scene())


# --- streams -------------------------------------------------------------------------------------


def test_a_stream_that_is_read_breaks_with_the_reason() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            stage.provider.lines["a"] = Line(pieces=1000)
            stream = await stage.engine.open_stream(Task("a", {"messages": []}))

            async def read() -> None:
                async for _ in stream:
                    pass

            reading = asyncio.create_task(read())
            await asyncio.sleep(0.1)
            await says(stage, Action.KILL, "a")

            with pytest.raises(StreamBroken) as caught:
                await reading
            assert caught.value.outcome.kind is OutcomeKind.KILLED
            assert stage.provider.closed_streams == 1
            [ended] = stage.happened(e.OperationFinished)
            assert ended.kind is OutcomeKind.KILLED

    run_virtually(scene())


def test_a_stream_that_nobody_reads_is_closed_all_the_same() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            stream = await stage.engine.open_stream(Task("a", {"messages": []}))
            stage.provider.lines["a"] = Line(pieces=1000)

            await says(stage, Action.KILL, "*")
            await asyncio.sleep(0)

            assert stage.provider.closed_streams == 1
            assert stage.view("a").in_flight == 0
            with pytest.raises(StreamBroken) as caught:
                [piece async for piece in stream]
            assert caught.value.outcome.message == "stopped by hand: drill"
            await stream.aclose()

    run_virtually(scene())


def test_a_reader_that_leaves_by_itself_is_not_taken_for_a_kill() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            stage.provider.lines["a"] = Line(pieces=1000)
            stream = await stage.engine.open_stream(Task("a", {"messages": []}))

            async def read() -> None:
                async for _ in stream:
                    pass

            reading = asyncio.create_task(read())
            await asyncio.sleep(0.1)
            reading.cancel()
            await says(stage, Action.KILL, "a")

            with pytest.raises(asyncio.CancelledError):
                await reading
            assert len(stage.happened(e.OperationFinished)) == 1

    run_virtually(scene())


# --- probes --------------------------------------------------------------------------------------


def test_probes_stop_the_one_under_way_ends_and_a_revival_asks_at_once() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED), model("b", probe=PROBED)) as stage:
            await asyncio.sleep(1)
            stage.provider.probes["a"] = Line(seconds=3.0)
            await asyncio.sleep(34)
            checking = asyncio.create_task(stage.say(Action.CHECK_NOW, "a"))
            await asyncio.sleep(0.5)
            begun = stage.engine.now()
            await says(stage, Action.KILL, "a")
            assert (await checking).message == "a: killed (stopped by hand: drill)"
            assert stage.engine.now() - begun < 0.2
            probes = len([name for _, name in stage.provider.probed if name == "a"])

            await asyncio.sleep(300)

            assert len([name for _, name in stage.provider.probed if name == "a"]) == probes
            assert not (await stage.say(Action.CHECK_NOW, "a")).is_done
            await says(stage, Action.REVIVE, "a")
            await asyncio.sleep(0.1)
            assert len([name for _, name in stage.provider.probed if name == "a"]) == probes + 1

    run_virtually(scene())


def test_an_open_breaker_of_a_killed_model_waits_without_haste() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED), model("b")) as stage:
            await says(stage, Action.TRIP, "a")
            await says(stage, Action.KILL, "a")

            await asyncio.sleep(120)

            assert stage.view("a").breaker.state is BreakerState.OPEN
            await says(stage, Action.REVIVE, "a")
            await asyncio.sleep(1)
            assert stage.view("a").breaker.state is BreakerState.CLOSED

    run_virtually(scene())


# --- alerts, status, undo ------------------------------------------------------------------------


def test_a_kill_is_one_alert_and_no_flood_of_them() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b"), threshold=0.0) as stage:
            await asyncio.sleep(1)
            await says(stage, Action.KILL, "*")
            await asyncio.sleep(20)

            raised = stage.happened(e.AlertRaised)
            assert [(one.rule, one.subject) for one in raised] == [(AlertRule.KILL_SWITCH, "*")]
            assert raised[0].text == "nothing calls all models: killed by ada: drill"
            await says(stage, Action.REVIVE, "*")
            assert [one.rule for one in stage.happened(e.AlertResolved)] == [AlertRule.KILL_SWITCH]

    run_virtually(scene())


def test_what_is_not_well_after_its_revival_is_an_alert_then() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED, retries=0), model("b"), threshold=0.0) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN)
            stage.provider.faults["a"] = "no key"
            await says(stage, Action.KILL, "*")
            await asyncio.sleep(5)
            await says(stage, Action.REVIVE, "*")

            await asyncio.sleep(15)

            rules = {one.rule for one in stage.happened(e.AlertRaised) if one.subject == "a"}
            assert AlertRule.MODEL_UNAVAILABLE in rules

    run_virtually(scene())


def test_a_kill_is_undone_within_a_minute_and_can_be_brought_back() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            await says(stage, Action.KILL, "*")
            assert stage.view("a").status is ModelStatus.UNAVAILABLE
            assert (await stage.engine.undo("bob")).is_done
            assert await stage.ask("a") == "a"

            await stage.engine.undo("bob")

            assert [(hold.by, hold.reason) for hold in stage.engine.snapshot().holds] == [("ada", "drill")]

    run_virtually(scene())


# --- the file ------------------------------------------------------------------------------------


def test_the_file_stops_everything_even_when_nothing_can_be_written() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            stage.recorder.failure = RecordingFailed("disk full")
            refused = await stage.say(Action.KILL, "*")
            assert "make the file EMERGENCY_STOP in the data folder" in refused.message

            await stage.engine.heed_stop_file(True)
            await stage.engine.heed_stop_file(True)

            failed = await failure_of(stage.ask("a"))
            assert failed.outcome.message == "stopped by the file EMERGENCY_STOP"
            assert [hold.by for hold in stage.engine.snapshot().holds] == [STOP_FILE]
            stage.recorder.failure = None
            assert not (await stage.say(Action.REVIVE, "*")).is_done
            await stage.engine.heed_stop_file(False)
            assert await stage.ask("a") == "a"
            rows = [row for row in stage.recorder.durable if isinstance(row, e.OperatorActed)]
            assert [(row.actor, row.action, row.phase) for row in rows][-1] == (
                STOP_FILE,
                Action.REVIVE,
                ActionPhase.DONE,
            )

    run_virtually(scene())


def test_an_engine_that_starts_beside_the_file_calls_nobody() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED), is_stopped=True) as stage:
            await asyncio.sleep(60)

            assert stage.provider.probed == []
            assert (await failure_of(stage.ask("a"))).outcome.kind is OutcomeKind.KILLED
            assert stage.provider.calls == []
            await stage.engine.heed_stop_file(False)
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_a_kill_outlives_a_crash_and_the_files_does_not() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            await says(stage, Action.KILL, "a")
            await stage.engine.heed_stop_file(True)
            left = dict(stage.recorder.kept)

        async with staged(model("a"), model("b"), saved=left) as stage:
            assert (await failure_of(stage.ask("a"))).outcome.kind is OutcomeKind.KILLED
            assert await stage.ask("b") == "b"
            assert [(hold.target, hold.by) for hold in stage.engine.snapshot().holds] == [("a", "ada")]

    run_virtually(scene())


# --- who may only look ---------------------------------------------------------------------------


@pytest.mark.parametrize("action", [Action.KILL, Action.CHECK_NOW, Action.ACKNOWLEDGE])
def test_a_watcher_commands_nothing_and_that_is_audited(action: Action) -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            said = await stage.engine.command(Command(action, "a", "curious", actor="eve", is_watcher=True))

            assert (said.is_done, said.message) == (False, WATCHES_ONLY)
            [row] = stage.recorder.durable
            assert isinstance(row, e.OperatorActed)
            assert (row.actor, row.phase, row.detail) == ("eve", ActionPhase.REFUSED, said.message)

    run_virtually(scene())


def test_a_watcher_undoes_and_reloads_nothing_and_that_is_audited() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            await says(stage, Action.KILL, "a")
            undone = await stage.engine.undo("eve", is_watcher=True)
            reloaded = await stage.engine.refuse_reload("eve")

            assert not undone.is_done
            assert not reloaded.is_done
            assert len(stage.engine.snapshot().holds) == 1
            rows = [
                row for row in stage.recorder.durable if isinstance(row, e.OperatorActed) and row.actor == "eve"
            ]
            assert [(row.action, row.phase) for row in rows] == [
                (Action.REVIVE, ActionPhase.REFUSED),
                (Action.RELOAD, ActionPhase.REFUSED),
            ]
            assert (await stage.engine.undo("ada")).is_done

    run_virtually(scene())
