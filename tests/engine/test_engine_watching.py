"""Probes, status, degraded mode, alerts, operator's words and snapshots, in virtual time."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from hive_console.core.command import Command
from hive_console.core.errors import RecordingFailed
from hive_console.core.events import (
    AlertRaised,
    AlertResolved,
    BreakerChanged,
    DegradedModeEntered,
    DegradedModeLeft,
    ModelRecovered,
    OperatorActed,
    ProbeFinished,
    StatusChanged,
)
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ProbeKind
from hive_console.core.snapshot import ModelView
from hive_console.core.states import Action, ActionPhase, AlertRule, BreakerState, ModelStatus
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import DOWN, Line, Stage, model, staged

PROBED = ProbeKind.MODELS


def view(stage: Stage, name: str) -> ModelView:
    found = stage.engine.snapshot().model(name)
    assert found is not None
    return found


def test_status_is_unknown_before_the_first_check_and_then_known() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED), model("quiet")) as stage:
            assert view(stage, "a").status is ModelStatus.UNKNOWN
            await asyncio.sleep(2)
            assert view(stage, "a").status is ModelStatus.AVAILABLE
            assert view(stage, "quiet").status is ModelStatus.UNKNOWN

    run_virtually(scene())


def test_probes_come_every_thirty_seconds_with_jitter() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED)) as stage:
            await asyncio.sleep(300)
            times = [at for at, _ in stage.provider.probed]
            gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
            assert 9 <= len(times) <= 12
            assert all(27 <= gap <= 33.2 for gap in gaps)
            assert len({round(gap, 3) for gap in gaps}) > 3

    run_virtually(scene())


def test_failed_probe_is_repeated_after_two_seconds_until_the_breaker_opens_then_trials_decide() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED, threshold=3), model("b"), model("c")) as stage:
            stage.provider.probes["a"] = Line(outcome=DOWN, seconds=0)
            await asyncio.sleep(6)
            assert view(stage, "a").breaker.state is BreakerState.OPEN
            assert view(stage, "a").status is ModelStatus.UNAVAILABLE
            stage.provider.probes["a"] = Line(seconds=0)
            await asyncio.sleep(20.5)

            assert view(stage, "a").breaker.state is BreakerState.CLOSED
            assert view(stage, "a").status is ModelStatus.AVAILABLE
            [recovered] = stage.happened(ModelRecovered)
            assert isinstance(recovered, ModelRecovered)
            assert not recovered.by_operator
            trials = [e for e in stage.happened(ProbeFinished) if e.is_recovery]
            assert len(trials) == 1

    run_virtually(scene())


def test_traffic_waits_for_the_probers_trial() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", probe=PROBED, threshold=1), model("b")) as stage:
            await asyncio.sleep(1)
            stage.provider.queues["a"] = [Line(outcome=DOWN)]
            stage.provider.probes["a"] = Line(outcome=DOWN, seconds=0)
            await stage.ask("a")
            calls = stage.provider.calls.count("a")

            for _ in range(60):
                await stage.ask("a")
                await asyncio.sleep(1)

            assert stage.provider.calls.count("a") == calls

    run_virtually(scene())


def test_hanging_probe_is_a_failure_at_its_own_timeout() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED)) as stage:
            stage.provider.probes["a"] = Line(seconds=1000)
            await asyncio.sleep(11)
            [probe] = stage.happened(ProbeFinished)
            assert isinstance(probe, ProbeFinished)
            assert probe.kind is OutcomeKind.TIMED_OUT

    run_virtually(scene())


@pytest.mark.parametrize("probe", [ProbeKind.COMPLETION, ProbeKind.MODELS, ProbeKind.GET])
def test_throttled_probes_never_mark_a_model_down(probe: ProbeKind) -> None:
    async def scene() -> None:
        asked = model("a", probe=probe, threshold=1, probe_path="/health")
        async with staged(asked) as stage:
            await asyncio.sleep(2)
            limited = Outcome(OutcomeKind.RATE_LIMITED, status=429, retry_after=1)
            stage.provider.probes["a"] = Line(outcome=limited, seconds=0)
            await asyncio.sleep(300)

            throttled = [event for event in stage.happened(ProbeFinished) if event.status == 429]
            assert len(throttled) >= 5
            assert view(stage, "a").status is ModelStatus.AVAILABLE
            assert view(stage, "a").breaker.state is BreakerState.CLOSED
            assert view(stage, "a").breaker.consecutive_failures == 0

    run_virtually(scene())


def test_snapshot_tells_what_probes_cost_today_and_what_they_may() -> None:
    async def scene() -> None:
        asked = model("a", probe=ProbeKind.COMPLETION, probe_cost=400)
        async with staged(asked, probe_daily_budget=1000) as stage:
            await asyncio.sleep(300)
            spent = stage.engine.snapshot()

            assert (spent.probe_spent, spent.probe_budget) == (800, 1000)
            assert stage.provider.probe_kinds[:3] == [ProbeKind.COMPLETION, ProbeKind.COMPLETION, ProbeKind.MODELS]
            await asyncio.sleep(86_400 - 290)
            assert stage.engine.snapshot().probe_spent < 800 + 400

    run_virtually(scene())


def test_missing_key_is_shown_and_never_probed() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED)) as stage:
            stage.provider.faults["a"] = "no key: set A_KEY"
            await asyncio.sleep(2)
            assert view(stage, "a").status is ModelStatus.UNAVAILABLE
            assert view(stage, "a").fault == "no key: set A_KEY"
            assert stage.provider.probed == []
            del stage.provider.faults["a"]
            await asyncio.sleep(40)
            assert view(stage, "a").status is ModelStatus.AVAILABLE

    run_virtually(scene())


def test_key_that_is_there_again_is_noticed_where_probes_are_switched_off() -> None:
    async def scene() -> None:
        async with staged(model("quiet")) as stage:
            stage.provider.faults["quiet"] = "no key: set QUIET_KEY"
            await asyncio.sleep(40)
            assert view(stage, "quiet").fault == "no key: set QUIET_KEY"

            del stage.provider.faults["quiet"]
            await asyncio.sleep(40)

            assert await stage.ask("quiet") == "quiet"
            assert stage.provider.probed == []

    run_virtually(scene())


def test_check_of_a_model_without_probes_claims_nothing_about_it() -> None:
    async def scene() -> None:
        async with staged(model("quiet")) as stage:
            result = await stage.engine.command(Command(Action.CHECK_NOW, "quiet", actor="uid 1"))
            await asyncio.sleep(2)

            assert result.message == "quiet: refused (probes are switched off for this model)"
            assert view(stage, "quiet").status is ModelStatus.UNKNOWN

    run_virtually(scene())


@pytest.mark.timeout(10)
def test_key_lost_while_the_breaker_is_open_does_not_keep_the_prober_busy() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED, threshold=1)) as stage:
            stage.provider.probes["a"] = Line(outcome=DOWN)
            await asyncio.sleep(5)
            assert view(stage, "a").breaker.state is BreakerState.OPEN
            stage.provider.faults["a"] = "no key: set A_KEY"

            await asyncio.sleep(60)

            assert view(stage, "a").fault == "no key: set A_KEY"

    run_virtually(scene())


def test_degraded_mode_begins_below_the_threshold_and_ends_with_a_hold() -> None:
    async def scene() -> None:
        models = [model(name, probe=PROBED, threshold=1) for name in "abc"]
        async with staged(*models) as stage:
            await asyncio.sleep(2)
            for name in "ab":
                stage.provider.probes[name] = Line(outcome=DOWN, seconds=0)
            await asyncio.sleep(40)
            assert stage.engine.snapshot().is_degraded
            for name in "ab":
                stage.provider.probes[name] = Line(seconds=0)
            await asyncio.sleep(60)

            assert not stage.engine.snapshot().is_degraded
            assert len(stage.happened(DegradedModeEntered)) == len(stage.happened(DegradedModeLeft)) == 1
            rules = {event.rule for event in stage.happened(AlertRaised)}
            assert rules == {AlertRule.DEGRADED_MODE, AlertRule.MODEL_UNAVAILABLE}
            assert len(stage.happened(AlertRaised)) == len(stage.happened(AlertResolved)) == 3

    run_virtually(scene())


def test_operator_deactivates_and_activates_with_an_audit_trail() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", probe=PROBED), model("b", probe=PROBED)) as stage:
            await asyncio.sleep(2)
            command = Command(Action.DEACTIVATE, "a", reason="maintenance\x1b[2J", actor="maria")
            result = await stage.engine.command(command)

            assert result.is_done
            assert await stage.ask("a") == "b"
            rows = [event for event in stage.recorder.durable if isinstance(event, OperatorActed)]
            assert [row.phase for row in rows] == [ActionPhase.INTENDED, ActionPhase.DONE]
            assert (rows[1].before, rows[1].after) == (
                "available, breaker closed",
                "unavailable, breaker isolated, deactivated by maria",
            )
            assert "\x1b" not in rows[0].reason
            await asyncio.sleep(120)
            assert view(stage, "a").breaker.state is BreakerState.ISOLATED

            again = await stage.engine.command(Command(Action.DEACTIVATE, "a", reason="x", actor="maria"))
            assert (again.is_done, again.message) == (False, "it is deactivated already")

            assert (await stage.engine.command(Command(Action.ACTIVATE, "a", actor="maria"))).is_done
            await asyncio.sleep(1)
            assert view(stage, "a").breaker.state is BreakerState.CLOSED
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_action_that_cannot_be_recorded_is_not_done() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            stage.recorder.failure = RecordingFailed("disk full")

            result = await stage.engine.command(Command(Action.TRIP, "a", reason="drill", actor="maria"))

            assert not result.is_done
            assert "could not be recorded" in result.message
            assert view(stage, "a").breaker.state is BreakerState.CLOSED

    run_virtually(scene())


def test_traffic_moving_action_needs_a_reason() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            result = await stage.engine.command(Command(Action.TRIP, "a", reason="  ", actor="maria"))
            assert (result.is_done, result.message) == (False, "a reason is required: somebody will ask why")

    run_virtually(scene())


def test_fail_over_sends_traffic_by_hand_and_undo_brings_it_back() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b"), model("c")) as stage:
            await stage.engine.command(Command(Action.FAIL_OVER, "a", reason="slow", parameter="c", actor="m"))
            assert await stage.ask("a") == "c"
            assert view(stage, "a").pinned_to == "c"
            assert stage.engine.snapshot().undo_text == "fail-over a → c"

            undone = await stage.engine.undo("maria")

            assert undone.is_done
            assert await stage.ask("a") == "a"
            assert view(stage, "a").pinned_to is None

    run_virtually(scene())


def test_undo_is_offered_for_a_minute_only() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            await stage.engine.command(Command(Action.TRIP, "a", reason="drill", actor="m"))
            await asyncio.sleep(61)
            assert stage.engine.snapshot().undo_until is None
            assert not (await stage.engine.undo("m")).is_done

    run_virtually(scene())


def test_tripped_breaker_recovers_by_itself_and_reset_closes_it_at_once() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", probe=PROBED), model("b")) as stage:
            await asyncio.sleep(1)
            await stage.engine.command(Command(Action.TRIP, "a", reason="drill", actor="m"))
            assert await stage.ask("a") == "b"
            await asyncio.sleep(21)
            assert view(stage, "a").breaker.state is BreakerState.CLOSED
            await stage.engine.command(Command(Action.TRIP, "a", reason="drill", actor="m"))
            assert (await stage.engine.command(Command(Action.RESET, "a", actor="m"))).is_done
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_check_now_brings_an_open_breakers_trial_forward() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED, threshold=1), model("b")) as stage:
            stage.provider.probes["a"] = Line(outcome=DOWN, seconds=0)
            await asyncio.sleep(2)
            stage.provider.probes["a"] = Line(seconds=0)

            result = await stage.engine.command(Command(Action.CHECK_NOW, "a", actor="m"))

            assert result.message == "a: success"
            assert view(stage, "a").breaker.state is BreakerState.CLOSED

    run_virtually(scene())


def test_alert_is_acknowledged_once() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN)
            await stage.ask("a")
            await asyncio.sleep(1)
            alert = stage.engine.snapshot().alerts[0]

            first = await stage.engine.command(Command(Action.ACKNOWLEDGE, alert.alert_id, actor="maria"))
            second = await stage.engine.command(Command(Action.ACKNOWLEDGE, alert.alert_id, actor="otto"))

            assert (first.is_done, second.is_done) == (True, False)
            acknowledged = stage.engine.snapshot().alert(alert.alert_id)
            assert acknowledged is not None
            assert acknowledged.acknowledged_by == "maria"
            assert not acknowledged.wants_attention

    run_virtually(scene())


def test_slow_answers_degrade_a_model_and_it_still_serves() -> None:
    async def scene() -> None:
        async with staged(model("a", timeout=5)) as stage:
            stage.provider.lines["a"] = Line(seconds=4)
            for _ in range(6):
                await stage.ask("a")
            await asyncio.sleep(1)
            assert view(stage, "a").status is ModelStatus.DEGRADED
            assert "p95 4.0 s" in view(stage, "a").status_cause
            assert view(stage, "a").serving == "a"

    run_virtually(scene())


def test_answers_to_a_free_probe_do_not_hide_how_slow_real_answers_are() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=PROBED)) as stage:
            stage.provider.lines["a"] = Line(seconds=2)
            stage.provider.probes["a"] = Line(seconds=0.01)
            for _ in range(20):
                await stage.ask("a")
            assert view(stage, "a").p95 is not None
            assert abs((view(stage, "a").p95 or 0) - 2) < 0.1

    run_virtually(scene())


def test_events_tell_the_story_in_order() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=2), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=Outcome(OutcomeKind.OVERLOADED, status=529))
            for _ in range(2):
                await stage.ask("a")
            kinds = [type(event) for event in stage.recorder.events]
            last_status = len(kinds) - 1 - kinds[::-1].index(StatusChanged)
            assert kinds.index(BreakerChanged) < last_status < kinds.index(AlertRaised)
            page = stage.engine.feed.after(0)
            assert [type(event) for event in page.events] == kinds
            assert stage.engine.feed.after(page.cursor).events == ()

    run_virtually(scene())
