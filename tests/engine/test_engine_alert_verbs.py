"""What an operator says about alerts, through the whole engine: done, audited, undone, refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertRoute, AlertSettings, ChannelKind, ChannelSettings, Step
from hive_console.core.command import Command, CommandResult
from hive_console.core.snapshot import AlertView
from hive_console.core.states import Action, ActionPhase, AlertRule, AlertState, NoticeKind
from hive_console.sim.virtual_time import run_virtually
from tests.engine.outside import Line as ToReceiver
from tests.engine.outside import Outside
from tests.engine.scripted import DOWN, Line, Stage, model, staged

TEAM = ChannelSettings("team", ChannelKind.WEBHOOK, "http://127.0.0.1:1/")
PAGER = ChannelSettings("pager", ChannelKind.PAGERDUTY, secret="env:KEY")
SETTINGS = AlertSettings(
    channels=(TEAM, PAGER), routes=(AlertRoute(steps=(Step(0, ("team",)), Step(300, ("pager",)))),)
)


@dataclass
class Inbox:
    """An engine with a model that is down, and those who are told of it."""

    stage: Stage
    outside: Outside = field(default_factory=Outside)

    @property
    def alert(self) -> AlertView:
        alerts = self.stage.engine.snapshot().alerts
        return next(alert for alert in alerts if alert.rule is AlertRule.MODEL_UNAVAILABLE)

    async def say(self, action: Action, target: str = "", note: str = "", **more: object) -> CommandResult:
        asked = Command(action, target or self.alert.alert_id, note, actor="maria", **more)  # type: ignore[arg-type]  # fields of `Command`
        result = await self.stage.engine.command(asked)
        self.stage.engine._publisher.publish()
        return result

    @property
    def rows(self) -> list[e.OperatorActed]:
        """The audit."""
        return [row for row in self.stage.recorder.durable if isinstance(row, e.OperatorActed)]

    def told(self, channel: str) -> list[NoticeKind]:
        return [notice.kind for notice in self.outside.taken(channel)]


@asynccontextmanager
async def inbox() -> AsyncIterator[Inbox]:
    outside = Outside(latency=0.0)
    async with staged(
        model("a", "b", threshold=1),
        model("b"),
        threshold=0.4,
        alerts=SETTINGS,
        notifiers=lambda settings: ToReceiver(outside, settings),
    ) as stage:
        stage.provider.lines["a"] = Line(outcome=DOWN)
        await stage.ask("a")
        await asyncio.sleep(0.1)
        yield Inbox(stage, outside)


def test_an_alert_that_somebody_has_wakes_nobody_else_and_its_end_is_told() -> None:
    async def scene() -> None:
        async with inbox() as there:
            await asyncio.sleep(20)
            assert there.told("team") == [NoticeKind.FIRING]
            assert (await there.say(Action.ACKNOWLEDGE, note="looking", duration=7200.0)).is_done
            await asyncio.sleep(3600)
            assert there.alert.acknowledged_by == "maria"
            assert there.told("pager") == []

            there.stage.provider.lines["a"] = Line()
            for _ in range(5):
                await there.stage.ask("a")
                await asyncio.sleep(60)

            assert there.alert.state is AlertState.RESOLVED
            assert there.told("team") == [NoticeKind.FIRING, NoticeKind.RESOLVED]
            assert there.told("pager") == []

    run_virtually(scene())


def test_taking_an_alert_is_audited_and_undone() -> None:
    async def scene() -> None:
        async with inbox() as there:
            await there.say(Action.ACKNOWLEDGE, note="mine")
            rows = there.rows
            assert [(row.phase, row.reason, row.before) for row in rows[-2:]] == [
                (ActionPhase.INTENDED, "mine", "firing, nobody has it"),
                (ActionPhase.DONE, "mine", "firing, nobody has it"),
            ]
            assert rows[-1].after == "firing, maria has it"

            assert (await there.stage.engine.undo("otto")).is_done

            assert there.alert.acknowledged_by is None

    run_virtually(scene())


def test_what_was_given_back_is_told_to_the_next_people() -> None:
    async def scene() -> None:
        async with inbox() as there:
            await asyncio.sleep(20)
            await there.say(Action.ACKNOWLEDGE)
            await asyncio.sleep(400)
            assert there.told("pager") == []

            assert (await there.say(Action.UNACKNOWLEDGE, note="not mine")).is_done
            await asyncio.sleep(5)

            assert there.told("pager") == [NoticeKind.ESCALATION]

    run_virtually(scene())


def test_the_next_people_are_told_at_once_when_somebody_asks() -> None:
    async def scene() -> None:
        async with inbox() as there:
            await asyncio.sleep(20)
            assert (await there.say(Action.ESCALATE, note="no answer")).is_done
            await asyncio.sleep(2)

            assert there.told("pager") == [NoticeKind.ESCALATION]

    run_virtually(scene())


def test_a_silence_hides_until_it_is_ended_or_undone() -> None:
    async def scene() -> None:
        async with inbox() as there:
            said = await there.say(Action.SILENCE, "model=a", "upgrade", duration=1800.0, parameter="maintenance")
            assert (said.is_done, said.message) == (True, "silence S1")
            [silence] = there.stage.engine.snapshot().silences
            assert (silence.by, silence.reason, silence.is_maintenance, silence.hides) == (
                "maria",
                "upgrade",
                True,
                1,
            )
            await asyncio.sleep(60)
            assert there.told("team") == []
            assert not there.alert.wants_attention

            assert (await there.say(Action.UNSILENCE, "S1")).is_done
            assert there.stage.engine.snapshot().silences == ()
            await asyncio.sleep(60)
            assert there.told("team") == [NoticeKind.FIRING]

            await there.say(Action.SILENCE, there.alert.alert_id, "again")
            assert len(there.stage.engine.snapshot().silences) == 1
            assert (await there.stage.engine.undo("maria")).is_done
            assert there.stage.engine.snapshot().silences == ()

    run_virtually(scene())


def test_a_silence_longer_than_any_may_be_is_refused_before_anything_is_done() -> None:
    async def scene() -> None:
        async with inbox() as there:
            said = await there.say(Action.SILENCE, "model=a", "holidays", duration=5 * 86_400.0)

            assert not said.is_done
            assert there.rows[-1].phase is ActionPhase.REFUSED
            assert there.stage.engine.snapshot().silences == ()

    run_virtually(scene())


def test_an_alert_is_put_away_by_hand_and_does_not_come_back_before_it_was_well() -> None:
    async def scene() -> None:
        async with inbox() as there:
            await asyncio.sleep(20)
            assert (await there.say(Action.RESOLVE, note="known")).is_done
            await asyncio.sleep(600)

            assert (there.alert.state, there.alert.cause) == (AlertState.RESOLVED, "known")
            assert there.told("team")[:2] == [NoticeKind.FIRING, NoticeKind.RESOLVED]

    run_virtually(scene())


def test_a_note_stays_with_its_alert() -> None:
    async def scene() -> None:
        async with inbox() as there:
            assert (await there.say(Action.NOTE, note="the provider knows")).is_done

            assert there.alert.notes == ("maria: the provider knows",)

    run_virtually(scene())


def test_a_channel_is_tried_and_one_that_is_not_there_is_refused() -> None:
    async def scene() -> None:
        async with inbox() as there:
            assert (await there.say(Action.TEST_CHANNEL, "pager")).message == "a test is on its way"
            await asyncio.sleep(2)
            assert there.told("pager") == [NoticeKind.TEST]

            refused = await there.say(Action.TEST_CHANNEL, "fax")

            assert refused.message == "there is no such channel; known are team, pager"

    run_virtually(scene())


def test_whoever_may_only_look_changes_no_alert() -> None:
    async def scene() -> None:
        async with inbox() as there:
            for action in (Action.ACKNOWLEDGE, Action.RESOLVE, Action.ESCALATE, Action.NOTE):
                assert not (await there.say(action, note="x", is_watcher=True)).is_done

            assert there.alert.acknowledged_by is None
            assert there.alert.notes == ()

    run_virtually(scene())
