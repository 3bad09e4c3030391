"""After the deed: the dialog is a checklist until it is proven, and says honestly what was not seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.command import Command
from hive_console.core.outcome import OutcomeKind
from hive_console.core.proof import PATIENCE
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import Action, BreakerState, OperationResult
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.alert_dialog import AlertDialog
from hive_console.ui.deed_dialog import DeedDialog, Phase
from hive_console.ui.undo_dialog import UndoDialog
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import NOW, FakeClient, alert, down_model, healthy, incident, model
from tests.screens.stage import Stage, staged


@pytest.fixture(autouse=True)
def quick_looks() -> Iterator[None]:
    """Looks again at once, and holds off for a blink."""
    patch = pytest.MonkeyPatch()
    patch.setattr(DeedDialog, "hold_off", 0.01)
    patch.setattr("hive_console.ui.deed_dialog.LOOK_AGAIN", 0.02)
    yield
    patch.undo()


@asynccontextmanager
async def done(client: FakeClient, command: Command) -> AsyncIterator[Stage]:
    """The dialog of a command that was said and done."""
    async with staged(client) as stage:
        stage.push(ActionDialog(client, command, lambda: stage.clock[0]))
        await stage.ready()
        await stage.write("drill")
        await stage.confirm()
        await stage.until(lambda: stage.dialog.phase is Phase.ENDED)
        yield stage


def with_model(view: ModelView) -> FleetSnapshot:
    others = (other for other in incident().models if other.model_id != view.model_id)
    return replace(incident(), models=(view, *others), undo_until=NOW + 52, undo_text="what was done")


def answered(by: str, *, requested: str = "claude-4-sonnet") -> e.OperationFinished:
    return e.OperationFinished(
        at=NOW,
        operation="op-9",
        requested=requested,
        result=OperationResult.ANSWERED,
        latency=0.412,
        attempts=1,
        served_by=by,
    )


FAIL_OVER = Command(Action.FAIL_OVER, "claude-4-sonnet", parameter="gpt-5")
SENT = with_model(replace(down_model(), pinned_to="gpt-5"))


async def test_a_fail_over_is_proven_line_by_line() -> None:
    client = FakeClient(incident())
    async with done(client, FAIL_OVER) as stage:
        await stage.until(lambda: "… waiting: its traffic is to be sent to gpt-5" in stage.shown)
        client.post(SENT)
        await stage.until(lambda: "✔ its traffic is sent to gpt-5" in stage.shown)
        assert "watching until it is proven" in stage.shown
        client.publish(answered("gpt-5"))
        await stage.until(lambda: "✔ first answer by gpt-5 in 412 ms" in stage.shown)

        assert "✔ done, audited as a-1" in stage.shown
        assert "it worked" in stage.shown
        assert "u within 52 s" in stage.shown


async def test_what_happened_before_the_deed_proves_nothing() -> None:
    client = FakeClient(incident(), (answered("gpt-5"),))
    async with done(client, FAIL_OVER) as stage:
        client.post(SENT)

        await stage.until(lambda: "no request came yet; the next one goes to gpt-5" in stage.shown)


async def test_without_traffic_it_says_so_when_its_time_is_over_and_goes_on_looking() -> None:
    client = FakeClient(incident())
    async with done(client, FAIL_OVER) as stage:
        client.post(SENT)
        stage.clock[0] += PATIENCE + 1
        await stage.until(lambda: "▲ not seen: no request came yet; the next one goes to gpt-5" in stage.shown)
        assert "not all of it was seen in time" in stage.shown
        client.publish(answered("gpt-5"))

        await stage.until(lambda: "it worked" in stage.shown)


async def test_a_check_shows_its_result() -> None:
    client = FakeClient(healthy())
    async with done(client, Command(Action.CHECK_NOW, "gpt-5")) as stage:
        client.publish(e.ProbeFinished(at=NOW, model="gpt-5", kind=OutcomeKind.SUCCESS, latency=0.085))

        await stage.until(lambda: "✔ its check was answered in 85 ms" in stage.shown)


async def test_a_failed_trial_is_no_success() -> None:
    client = FakeClient(incident())
    async with done(client, Command(Action.HALF_OPEN, "claude-4-sonnet")) as stage:
        client.publish(
            e.BreakerChanged(
                at=NOW, model="claude-4-sonnet", old=BreakerState.OPEN, new=BreakerState.HALF_OPEN, cause="by hand"
            ),
            e.ProbeFinished(
                at=NOW, model="claude-4-sonnet", kind=OutcomeKind.TIMED_OUT, latency=9.0, message="no answer in 9 s"
            ),
        )

        await stage.until(lambda: "✖ not so: its trial failed: timed out: no answer in 9 s" in stage.shown)
        assert "not all is well" in stage.shown


async def test_a_deactivation_counts_the_calls_down() -> None:
    client = FakeClient(with_model(model("gpt-5-mini", in_flight=3)))
    async with done(client, Command(Action.DEACTIVATE, "gpt-5-mini")) as stage:
        isolated = replace(healthy().models[0].breaker, state=BreakerState.ISOLATED)
        out = model("gpt-5-mini", in_flight=1, breaker=isolated, serving="gpt-5")
        client.post(with_model(out))
        await stage.until(lambda: "calls under way 3 → 1" in stage.shown)
        client.post(with_model(replace(out, in_flight=0)))

        await stage.until(lambda: "✔ calls under way 3 → 0" in stage.shown)


async def test_escape_leaves_it_and_undo_is_one_key_away() -> None:
    client = FakeClient(incident())
    async with done(client, FAIL_OVER) as stage:
        client.post(SENT)
        await stage.press("u")

        assert isinstance(stage.app.screen, UndoDialog)
        assert stage.results == [client.result]


async def test_alerts_that_were_taken_together_are_counted_until_all_are() -> None:
    both = replace(healthy(), alerts=(alert("al-1"), alert("al-2")))
    client = FakeClient(both)
    async with staged(client) as stage:
        stage.push(AlertDialog(client, Command(Action.ACKNOWLEDGE, "al-1,al-2"), lambda: NOW))
        await stage.confirm()
        await stage.until(lambda: "… waiting: 0 of 2: somebody is to have it" in stage.shown)
        taken = tuple(replace(one, acknowledged_by="maria") for one in both.alerts)
        client.post(replace(both, alerts=taken))

        await stage.until(lambda: "✔ 2 of 2: somebody has it, and nobody else is told" in stage.shown)


async def test_undo_says_what_it_would_do() -> None:
    fleet = replace(
        healthy(), undo_until=NOW + 52, undo_text="trip grok-3", undo_effect="undo closes its breaker again"
    )
    async with staged(FakeClient(fleet)) as stage:
        stage.push(UndoDialog(stage.client, lambda: NOW))
        await stage.ready()

        assert "takes back: trip grok-3; undo closes its breaker again" in stage.shown


async def test_hostile_names_and_errors_in_a_checklist_reach_no_terminal() -> None:
    hostile = "".join(PAYLOADS[:3])
    broken = model(hostile, fallbacks=("gpt-5",), status_cause=hostile, last_error=hostile)
    client = FakeClient(replace(healthy(), models=(broken, model("gpt-5")), undo_until=NOW + 9, undo_text=hostile))
    async with done(client, Command(Action.CHECK_NOW, hostile)) as stage:
        for payload in PAYLOADS:
            client.publish(
                e.ProbeFinished(at=NOW, model=hostile, kind=OutcomeKind.SERVER_ERROR, latency=0.1, message=payload)
            )
        await stage.until(lambda: "not all is well" in stage.shown)

        assert controls_in(stage.shown) == set()
