"""The whole house with a token: who sends it is served, and without it the house does not open."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from hive_console.adapters.secrets import KeyRing
from hive_console.core.errors import SettingsError
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.settings import ModelSettings, ProbeKind, Settings
from hive_console.wiring.house import open_house
from hive_console.wiring.launch import Launch
from hive_storage.folder import DataFolder

TOKEN = "a-token-of-some-length"
MODEL = ModelSettings("alpha", "local", "http://127.0.0.1:9/v1", "alpha", probe=ProbeKind.NONE)


def launch_of(folder: Path, told: list[str], environ: dict[str, str]) -> Launch:
    # 127.0.0.2 counts as reachable from elsewhere, although nobody else reaches it.
    settings = Settings((MODEL,), gateway=GatewaySettings("127.0.0.2", 0, token="env:GATEWAY_TOKEN"))
    data = DataFolder.open(folder / "data", started=0.0, command="test")
    return Launch(settings, KeyRing(environ, folder), data, (), told.append)


async def test_a_wide_gateway_serves_who_sends_its_token(tmp_path: Path) -> None:
    told: list[str] = []
    launch = launch_of(tmp_path, told, {"GATEWAY_TOKEN": TOKEN})
    try:
        async with open_house(launch), httpx.AsyncClient(base_url=told[0]) as client:
            refused = await client.get("/models")
            listed = await client.get("/models", headers={"Authorization": f"Bearer {TOKEN}"})
            alive = await client.get("/healthz".replace("/", told[0].removesuffix("v1"), 1))
    finally:
        launch.folder.release()

    assert (refused.status_code, alive.status_code) == (401, 200)
    assert [model["id"] for model in listed.json()["data"]] == ["alpha"]


async def test_a_wide_gateway_whose_token_is_not_there_does_not_start(tmp_path: Path) -> None:
    told: list[str] = []
    launch = launch_of(tmp_path, told, {})
    try:
        with pytest.raises(SettingsError, match="GATEWAY_TOKEN is not set"):
            async with open_house(launch):
                pass
    finally:
        launch.folder.release()

    assert not told
