"""The file that stops everything, in the whole house: before it opens, while it runs, and when it goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hive_console import Engine, Task
from hive_console.adapters.secrets import KeyRing
from hive_console.core.command import Command
from hive_console.core.errors import OperationFailed
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import ModelSettings, ProbeKind, Settings
from hive_console.core.states import Action
from hive_console.wiring import emergency_stop
from hive_console.wiring.emergency_stop import FILE_NAME, StopFile
from hive_console.wiring.house import House, open_house
from hive_console.wiring.launch import Launch
from hive_storage.folder import DataFolder

MODEL = ModelSettings("alpha", "local", "http://127.0.0.1:9/v1", "alpha", probe=ProbeKind.NONE, max_retries=0)
ASKED = {"model": "alpha", "messages": [{"role": "user", "content": "hello"}]}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    told: list[str] = []
    data = DataFolder.open(folder, started=0.0, command="test")
    settings = Settings((MODEL,), gateway=GatewaySettings("127.0.0.1", 0))
    try:
        async with (
            open_house(Launch(settings, KeyRing({}, folder), data, (), told.append)) as house,
            httpx.AsyncClient(base_url=told[0]) as client,
        ):
            yield house, client
    finally:
        data.release()


async def error_of(client: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:  # JSON
    answer = await client.post("/chat/completions", json=ASKED)
    return answer.status_code, answer.json()["error"]


async def until_held(house: House, *, is_held: bool) -> None:
    async with asyncio.timeout(10):
        while bool(house.engine.snapshot().holds) is not is_held:  # noqa: ASYNC110 - a view tells, it does not call
            await asyncio.sleep(0.005)


async def test_the_file_stops_everything_with_no_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emergency_stop, "LOOK", 0.005)
    file = tmp_path / FILE_NAME
    async with opened(tmp_path) as (house, client):
        file.symlink_to("nowhere")
        await until_held(house, is_held=True)
        status, error = await error_of(client)
        file.unlink()
        await until_held(house, is_held=False)
        after, _ = await error_of(client)

    assert (status, error["code"]) == (503, "killed")
    assert error["message"].endswith("stopped by the file EMERGENCY_STOP")
    assert after == 502  # it was called again, and nobody listens there


async def test_a_house_that_opens_beside_the_file_calls_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with opened(folder):
        pass
    (folder / FILE_NAME).touch()

    async with opened(folder) as (_, client):
        status, error = await error_of(client)

    assert (status, error["code"]) == (503, "killed")


async def test_a_kill_by_hand_is_told_to_callers_and_outlives_the_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as (house, client):
        said = await house.engine.command(Command(Action.KILL, "alpha", "a leak", actor="ann"))
        answer = await client.post("/chat/completions", json=ASKED)

    async with opened(tmp_path) as (house, client):
        _, again = await error_of(client)
        [hold] = house.engine.snapshot().holds

    assert said.is_done
    assert (answer.status_code, answer.headers["x-should-retry"], answer.headers["retry-after"]) == (
        503,
        "false",
        "30",
    )
    assert answer.json()["error"]["message"] == again["message"]
    assert again["message"].endswith("stopped by hand: a leak")
    assert (hold.by, hold.target, hold.reason) == ("ann", "alpha", "a leak")


async def test_an_engine_in_a_script_heeds_the_file_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()

    async with Engine(Settings((MODEL,)), data=tmp_path) as engine:
        with pytest.raises(OperationFailed) as caught:
            await engine.execute(Task("alpha", {"messages": []}))

    assert caught.value.outcome.kind is OutcomeKind.KILLED


async def test_where_nobody_can_tell_nothing_is_stopped_or_started(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()

    assert await StopFile(blocked).is_there() is None
    assert await StopFile(tmp_path).is_there() is False
