"""What users of other tools ask for, by the numbers of their reports, through the whole engine."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import Step
from hive_console.core.errors import DataFolderBusy
from hive_console.core.states import Action, NoticeKind
from hive_console.sim.virtual_time import run_virtually
from hive_storage.folder import DataFolder
from tests.engine.outside import BUSY
from tests.engine.scripted import Line
from tests.engine.test_engine_alert_verbs import inbox


def test_am_1860_kuma_1989_7628_grafana_13364_an_alert_is_somebodys_and_all_see_whose() -> None:
    async def scene() -> None:
        async with inbox() as there:
            await there.say(Action.ACKNOWLEDGE, note="on it")

            assert (there.alert.acknowledged_by, there.alert.note) == ("maria", "on it")
            assert there.alert.acknowledged_until is not None
            [taken] = there.stage.happened(e.AlertAcknowledged)
            assert (taken.actor, taken.note) == ("maria", "on it")

    run_virtually(scene())


def test_am_2150_kuma_1315_3516_2397_what_nobody_takes_goes_on_to_the_next_people() -> None:
    async def scene() -> None:
        async with inbox() as there:
            await asyncio.sleep(290)
            assert there.told("pager") == []
            await asyncio.sleep(20)

            assert there.told("pager") == [NoticeKind.ESCALATION]

    run_virtually(scene())


@pytest.mark.parametrize("seconds", [0.0, 1.0, 90.5, 86_400.0])
def test_oncall_2464_a_step_may_wait_for_as_long_as_one_likes(seconds: float) -> None:
    assert Step(seconds, ("pager",)).after == seconds


def test_am_5459_a_silence_may_end_with_the_last_alert_that_it_covers() -> None:
    async def scene() -> None:
        async with inbox() as there:
            await there.say(Action.SILENCE, "model=a", "known", duration=14_400.0, parameter="until-resolved")
            there.stage.provider.lines["a"] = Line()
            for _ in range(5):
                await asyncio.sleep(60)
                await there.stage.ask("a")
            await asyncio.sleep(120)

            assert there.stage.engine.snapshot().silences == ()
            assert len(there.stage.happened(e.SilenceEnded)) == 1

    run_virtually(scene())


def test_am_2112_2128_a_429_is_tried_again_when_the_other_side_says_so() -> None:
    async def scene() -> None:
        async with inbox() as there:
            there.outside.answers["team"] = [BUSY, BUSY]
            await asyncio.sleep(60)

            assert there.told("team") == [NoticeKind.FIRING]
            tries = [tried for tried in there.stage.happened(e.NoticeTried) if tried.took is not None]
            assert [tried.status for tried in tries] == [429, 429, 200]
            waits = [later.at - tried.at for tried, later in pairwise(tries)]
            assert all(wait >= 3.0 for wait in waits)

    run_virtually(scene())


def test_am_4108_2447_no_second_engine_tells_the_same_out_of_one_folder(tmp_path: Path) -> None:
    first = DataFolder.open(tmp_path / "data", started=0.0, command="one")

    with pytest.raises(DataFolderBusy):
        DataFolder.open(tmp_path / "data", started=0.0, command="two")

    first.release()
