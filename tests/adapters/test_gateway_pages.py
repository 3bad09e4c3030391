"""What the gateway tells without asking a model: lists, health, readiness, status, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import anthropic
import pytest

from hive_console.adapters.gateway import Gateway
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.snapshot import BreakerView, FleetSnapshot
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.wire import status_to_data
from tests.adapters.operations import FLEET, SETTINGS, FakeOperations, view_of

OPEN = BreakerView(BreakerState.OPEN, 0.0, failure_threshold=5, recovery_timeout=20.0, open_until=FLEET.at + 12.5)


class Shown:
    """A gateway whose fleet a test can change."""

    def __init__(self) -> None:
        self.fleet: FleetSnapshot = FLEET
        self.settings: Settings = SETTINGS
        self.metrics = b"# HELP a_metric\n"
        self.root = ""
        self.gateway = Gateway(
            GatewaySettings(port=0),
            FakeOperations(),
            snapshot=lambda: self.fleet,
            fleet=lambda: self.settings,
            metrics=lambda _accept: (self.metrics, "text/plain; version=0.0.4; charset=utf-8"),
        )

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession() as http,
            http.get(
                self.root + path, headers={name.replace("_", "-"): value for name, value in headers.items()}
            ) as response,
        ):
            return response.status, await response.json()


@pytest.fixture
async def shown() -> AsyncIterator[Shown]:
    shown = Shown()
    shown.root = (await shown.gateway.start()).removesuffix("/v1")
    yield shown
    await shown.gateway.stop(grace=1)


def without_a_server(shown: Shown) -> FleetSnapshot:
    down = [replace(model, serving=None, status=ModelStatus.UNAVAILABLE) for model in shown.fleet.models]
    return replace(shown.fleet, models=tuple(down))


async def test_a_fleet_that_serves_is_ready(shown: Shown) -> None:
    assert await shown.get("/readyz") == (200, {"status": "ready", "why": "2 of 2 models are served"})


async def test_one_served_model_is_enough(shown: Shown) -> None:
    shown.fleet = replace(FLEET, models=(view_of("gpt-4"), view_of("x", ModelStatus.UNAVAILABLE, None)))

    assert (await shown.get("/readyz"))[0] == 200


async def test_a_fleet_that_cannot_serve_lives_and_is_not_ready(shown: Shown) -> None:
    shown.fleet = without_a_server(shown)

    assert await shown.get("/readyz") == (503, {"status": "not ready", "why": "none of 2 models can serve"})
    status, page = await shown.get("/healthz")
    assert (status, page["status"]) == (200, "unavailable")


async def test_a_gateway_that_stops_is_not_ready() -> None:
    shown = Shown()
    operations = FakeOperations()
    operations.hold = asyncio.Event()
    gateway = Gateway(
        GatewaySettings(port=0), operations, snapshot=lambda: shown.fleet, fleet=lambda: shown.settings
    )
    shown.root = (await gateway.start()).removesuffix("/v1")
    async with aiohttp.ClientSession() as http, aiohttp.ClientSession() as other:
        async with http.get(f"{shown.root}/readyz") as response:
            assert response.status == 200
        chat = {"model": "gpt-4", "messages": []}
        asking = asyncio.ensure_future(other.post(f"{shown.root}/v1/chat/completions", json=chat))
        await asyncio.wait_for(operations.asked.wait(), 10)

        stopping = asyncio.ensure_future(gateway.stop(grace=10))
        await asyncio.sleep(0)
        async with http.get(f"{shown.root}/readyz") as response:
            page = await response.json()
        operations.hold.set()
        (await asking).release()
        await stopping

    assert (response.status, page["why"]) == (503, "the gateway is stopping")


async def test_the_status_page_is_what_the_command_prints_and_the_routes(shown: Shown) -> None:
    shown.fleet = replace(FLEET, models=(replace(FLEET.models[0], breaker=OPEN), *FLEET.models[1:]))

    status, page = await shown.get("/v1/hive/status")

    assert status == 200
    printed = status_to_data(shown.fleet)
    assert [page["models"][0]["breaker"][key] for key in ("state", "retry_in")] == ["open", 12.5]
    assert set(page) == {*printed, "routes"}
    assert page["routes"] == [
        {
            "name": "fast",
            "primary": "claude-3",
            "fallbacks": ["gpt-4"],
            "strategy": "fastest",
            "hedge_after": 0.0,
        }
    ]


async def test_metrics_are_served_as_they_are_given(shown: Shown) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{shown.root}/metrics") as response:
        assert await response.read() == shown.metrics

    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_without_a_metrics_page_there_is_no_such_path() -> None:
    gateway = Gateway(GatewaySettings(port=0), FakeOperations(), snapshot=lambda: FLEET, fleet=lambda: SETTINGS)
    shown = Shown()
    shown.root = (await gateway.start()).removesuffix("/v1")

    status, page = await shown.get("/metrics")
    await gateway.stop(grace=1)

    assert (status, page["error"]["code"]) == (404, "unknown_path")


async def test_new_settings_are_listed_at_once(shown: Shown) -> None:
    await shown.get("/v1/models")
    shown.settings = Settings((ModelSettings("new", "openai", "https://upstream.invalid/v1", "new"),))

    _, page = await shown.get("/v1/models")

    assert [entry["id"] for entry in page["data"]] == ["new"]


async def test_anthropics_clients_get_their_own_list(shown: Shown) -> None:
    shown.settings = Settings((replace(SETTINGS.models[1], context_window=200_000, fallbacks=()),))

    async with anthropic.AsyncAnthropic(base_url=shown.root, api_key="unused") as client:
        listed = [model async for model in client.models.list()]
        one = await client.models.retrieve("claude-3")
        with pytest.raises(anthropic.NotFoundError) as raised:
            await client.models.retrieve("nobody")

    assert [(model.id, model.max_input_tokens) for model in listed] == [("claude-3", 200_000)]
    assert one.created_at.timestamp() == FLEET.started_at
    assert raised.value.type == "not_found_error"


async def test_anthropics_list_names_its_ends(shown: Shown) -> None:
    _, page = await shown.get("/v1/models", anthropic_version="2023-06-01")

    assert (page["first_id"], page["last_id"], page["has_more"]) == ("gpt-4", "fast", False)
