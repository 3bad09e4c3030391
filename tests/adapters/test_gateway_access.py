"""Who may come in once the gateway has a token, and that no wide address goes without one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import anthropic
import openai
import pytest

from hive_console.adapters.gateway import Gateway
from hive_console.adapters.secrets import KeyRing
from hive_console.core.errors import SettingsError
from hive_console.core.gateway_settings import GatewaySettings
from tests.adapters.operations import FLEET, SETTINGS, FakeOperations

WIDE = "127.0.0.2"
"""An address that counts as reachable from elsewhere, although nobody else reaches it."""

TOKEN = "a-token-of-some-length"
CHAT = {"model": "gpt-4", "messages": [{"role": "user", "content": "hello"}]}


class Locked:
    """A gateway with a token in a file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "token"
        self.write(TOKEN)
        keys = KeyRing({}, folder)
        self.operations = FakeOperations()
        self.gateway = Gateway(
            GatewaySettings(WIDE, 0, token="file:token"),
            self.operations,
            snapshot=lambda: FLEET,
            fleet=lambda: SETTINGS,
            token=lambda: keys.key_of("file:token"),
            metrics=lambda _accept: (b"# a page\n", "text/plain; version=0.0.4"),
        )
        self.root = ""

    def write(self, token: str) -> None:
        self.file.write_text(token)
        self.file.chmod(0o600)


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[Locked]:
    locked = Locked(tmp_path)
    base_url = await locked.gateway.start()
    locked.root = base_url.removesuffix("/v1")
    yield locked
    await locked.gateway.stop(grace=1)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": TOKEN},
        {"x-api-key": ""},
        {"x-api-key": TOKEN.upper()},
        {"x-api-key": "é\udcff"},
    ],
)
async def test_whoever_does_not_send_the_token_is_refused(
    locked: Locked, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    async with http.post(f"{locked.root}/v1/chat/completions", json=CHAT, headers=headers) as response:
        page = await response.json()

    assert (response.status, page["error"]["code"]) == (401, "invalid_api_key")
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert TOKEN not in str(page)
    assert not locked.operations.tasks


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Bearer {TOKEN}"}, {"Authorization": f"bearer  {TOKEN}"}, {"x-api-key": TOKEN}],
)
async def test_either_way_of_sending_the_token_lets_in(
    locked: Locked, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    async with http.post(f"{locked.root}/v1/chat/completions", json=CHAT, headers=headers) as response:
        assert response.status == 200


async def test_the_official_clients_send_it_as_their_key(locked: Locked) -> None:
    async with openai.AsyncOpenAI(base_url=f"{locked.root}/v1", api_key=TOKEN) as client:
        assert (await client.models.list()).data[0].id == "gpt-4"
    async with openai.AsyncOpenAI(base_url=f"{locked.root}/v1", api_key="other") as client:
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()
    async with anthropic.AsyncAnthropic(base_url=locked.root, api_key=TOKEN) as client_:
        assert (await client_.models.list()).data[0].id == "gpt-4"
    async with anthropic.AsyncAnthropic(base_url=locked.root, api_key="other") as client_:
        with pytest.raises(anthropic.AuthenticationError) as raised:
            await client_.models.list()
    assert raised.value.type == "authentication_error"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_told_without_a_token_and_without_a_name(
    locked: Locked, http: aiohttp.ClientSession, path: str
) -> None:
    async with http.get(locked.root + path) as response:
        page = await response.text()

    assert response.status == 200
    assert not any(model.id in page for model in SETTINGS.models)


@pytest.mark.parametrize("path", ["/metrics", "/v1/hive/status", "/v1/models", "/nowhere"])
async def test_everything_else_needs_it(locked: Locked, http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(locked.root + path) as response:
        assert response.status == 401


async def test_any_host_may_be_named_but_no_page_may_ask(locked: Locked, http: aiohttp.ClientSession) -> None:
    named = {"x-api-key": TOKEN, "Host": "gateway.example:443"}

    async with http.get(f"{locked.root}/v1/models", headers=named) as response:
        assert response.status == 200
    async with http.get(f"{locked.root}/v1/models", headers={**named, "Origin": "https://x.example"}) as response:
        assert response.status == 403


async def test_a_new_token_counts_from_the_next_request_on(locked: Locked, http: aiohttp.ClientSession) -> None:
    locked.write("another-token-of-another-length")

    async with http.get(f"{locked.root}/v1/models", headers={"x-api-key": TOKEN}) as old:
        assert old.status == 401
    async with http.get(
        f"{locked.root}/v1/models", headers={"x-api-key": "another-token-of-another-length"}
    ) as new:
        assert new.status == 200


@pytest.mark.parametrize("sent", ["", TOKEN])
async def test_a_token_that_is_lost_lets_nobody_in(locked: Locked, http: aiohttp.ClientSession, sent: str) -> None:
    locked.file.unlink()

    async with http.get(f"{locked.root}/v1/models", headers={"x-api-key": sent}) as response:
        page = await response.json()

    assert (response.status, page["error"]["code"]) == (503, "no_token")


async def test_an_empty_token_lets_nobody_in(http: aiohttp.ClientSession) -> None:
    gateway = Gateway(
        GatewaySettings(port=0, token="env:T"),
        FakeOperations(),
        snapshot=lambda: FLEET,
        fleet=lambda: SETTINGS,
        token=lambda: "",
    )
    base_url = await gateway.start()

    async with http.get(f"{base_url}/models", headers={"Authorization": "Bearer "}) as response:
        assert response.status == 503
    await gateway.stop(grace=1)


async def test_a_token_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    keys = KeyRing({}, tmp_path)
    gateway = Gateway(
        GatewaySettings(WIDE, 0, token="env:NOT_SET"),
        FakeOperations(),
        snapshot=lambda: FLEET,
        fleet=lambda: SETTINGS,
        token=lambda: keys.key_of("env:NOT_SET"),
    )

    with pytest.raises(SettingsError, match="NOT_SET is not set"):
        await gateway.start()


def test_settings_that_ask_for_a_token_are_not_served_without_one() -> None:
    with pytest.raises(SettingsError, match="nobody can say what it is"):
        Gateway(GatewaySettings(token="env:T"), FakeOperations(), snapshot=lambda: FLEET, fleet=lambda: SETTINGS)
