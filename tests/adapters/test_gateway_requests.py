"""What the gateway reads and refuses, seen by a plain HTTP client and by raw sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from hive_console.adapters.gateway import Gateway
from hive_console.adapters.gateway.limits import Limits
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.states import OperationClass, Priority
from tests.adapters.operations import FLEET, KEY, MODELS, FakeOperations

CHAT = "/v1/chat/completions"
GOOD: dict[str, Any] = {"model": "gpt-4", "messages": [{"role": "user", "content": "hello"}]}
MAX_BODY = 4096


@pytest.fixture
def operations() -> FakeOperations:
    return FakeOperations()


@pytest.fixture
def errors() -> list[str]:
    return []


@pytest.fixture
async def root(operations: FakeOperations, errors: list[str]) -> AsyncIterator[str]:
    """The gateway's address, without `/v1`."""
    gateway = Gateway(
        GatewaySettings(port=0, max_body=MAX_BODY),
        operations,
        snapshot=lambda: FLEET,
        models=MODELS,
        on_error=lambda service, message: errors.append(f"{service}: {message}"),
        limits=Limits(body_timeout=0.2, lingering_time=0.2),
    )
    base_url = await gateway.start()
    yield base_url.removesuffix("/v1")
    await gateway.stop(grace=1)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def error_of(response: aiohttp.ClientResponse) -> dict[str, Any]:
    body = await response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    error: dict[str, Any] = body["error"]
    return error


async def raw(root: str, request: bytes) -> bytes:
    """Sends bytes as they are and reads until the server hangs up."""
    port = int(root.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b'"text"', None),
        (b"\xff\xfe", None),
        (b'{"model":"\xed\xa0\x80"}', None),
        (b'{"model": NaN}', None),
        (b"[" * 3000, None),
        (b'{"messages":[]}', "model"),
        (b'{"model":7,"messages":[]}', "model"),
        (b'{"model":"","messages":[]}', "model"),
        (b'{"model":"' + b"x" * 201 + b'","messages":[]}', "model"),
        (b'{"model":"gpt-4"}', "messages"),
        (b'{"model":"gpt-4","messages":"hello"}', "messages"),
        (b'{"model":"gpt-4","messages":[],"stream":"yes"}', "stream"),
        (b'{"model":"gpt-4","messages":[],"stream":1}', "stream"),
    ],
)
async def test_a_body_that_is_no_chat_is_a_bad_request(
    root: str, http: aiohttp.ClientSession, operations: FakeOperations, body: bytes, param: str | None
) -> None:
    async with http.post(root + CHAT, data=body) as response:
        error = await error_of(response)

    assert (response.status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert not operations.tasks


async def test_a_null_stream_is_no_stream(
    root: str, http: aiohttp.ClientSession, operations: FakeOperations
) -> None:
    async with http.post(root + CHAT, json={**GOOD, "stream": None}) as response:
        assert response.status == 200

    assert "stream" not in operations.tasks[0].request


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-hive-deadline", "0"),
        ("x-hive-deadline", "-1"),
        ("x-hive-deadline", "nan"),
        ("x-hive-deadline", "inf"),
        ("x-hive-deadline", "30s"),
        ("x-hive-deadline", "86401"),
        ("x-hive-fallback", "maybe"),
        ("x-hive-priority", "urgent"),
        ("x-hive-class", "voting"),
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused(
    root: str, http: aiohttp.ClientSession, name: str, value: str
) -> None:
    async with http.post(root + CHAT, json=GOOD, headers={name: value}) as response:
        error = await error_of(response)

    assert (response.status, error["param"]) == (400, name)


async def test_priority_and_class_of_the_work_reach_the_engine(
    root: str, http: aiohttp.ClientSession, operations: FakeOperations
) -> None:
    wishes = {"x-hive-priority": "Background", "x-hive-class": "identity-bound"}
    async with http.post(root + CHAT, json=GOOD, headers=wishes) as response:
        assert response.status == 200

    assert operations.tasks[0].priority is Priority.BACKGROUND
    assert operations.tasks[0].operation_class is OperationClass.IDENTITY_BOUND
    assert not operations.tasks[0].may_fall_back


async def test_a_body_announced_too_large_is_refused_before_it_is_read(root: str) -> None:
    answer = await raw(
        root, b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n{"
    )

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"request_too_large" in answer


async def test_a_chunked_body_too_large_is_refused(root: str, http: aiohttp.ClientSession) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 1000

    async with http.post(root + CHAT, data=chunks()) as response:
        error = await error_of(response)

    assert (response.status, error["code"]) == (413, "request_too_large")


async def test_a_compressed_body_counts_by_what_it_unpacks_to(root: str, http: aiohttp.ClientSession) -> None:
    bomb = gzip.compress(b" " * 1_000_000)
    assert len(bomb) < MAX_BODY

    async with http.post(root + CHAT, data=bomb, headers={"Content-Encoding": "gzip"}) as response:
        error = await error_of(response)

    assert (response.status, error["code"]) == (413, "request_too_large")


async def test_a_compressed_chat_is_answered(root: str, http: aiohttp.ClientSession) -> None:
    body = gzip.compress(json.dumps(GOOD).encode())

    async with http.post(root + CHAT, data=body, headers={"Content-Encoding": "gzip"}) as response:
        assert response.status == 200


async def test_a_body_that_cannot_be_unpacked_is_a_bad_request(
    root: str, http: aiohttp.ClientSession, errors: list[str]
) -> None:
    async with http.post(root + CHAT, data=b"not gzip", headers={"Content-Encoding": "gzip"}) as response:
        error = await error_of(response)

    assert (response.status, error["type"]) == (400, "invalid_request_error")
    assert not errors


async def test_a_body_that_never_comes_times_out(root: str) -> None:
    answer = await raw(
        root, b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"
    )

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"request_timeout" in answer


@pytest.mark.parametrize(
    "request_", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 99_999]
)
async def test_what_is_no_http_gets_a_400_and_is_no_news(root: str, request_: bytes, errors: list[str]) -> None:
    assert (await raw(root, request_)).startswith(b"HTTP/1.")

    assert not errors


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8484"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": "localhost@evil.example"},
        {"Host": "10.0.0.5"},
        {"Host": "[::1"},
        {"Host": ""},
    ],
)
async def test_web_pages_are_kept_out(
    root: str, http: aiohttp.ClientSession, operations: FakeOperations, headers: dict[str, str]
) -> None:
    async with http.post(root + CHAT, json=GOOD, headers=headers) as response:
        error = await error_of(response)

    assert (response.status, error["code"]) == (403, "not_local")
    assert not operations.tasks


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8484", "127.1.2.3", "[::1]:8484"])
async def test_every_name_of_loopback_is_let_in(root: str, http: aiohttp.ClientSession, host: str) -> None:
    async with http.post(root + CHAT, json=GOOD, headers={"Host": host}) as response:
        assert response.status == 200


async def test_a_request_without_a_host_is_refused(root: str) -> None:
    assert (await raw(root, b"GET /healthz HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.0 403 ")


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "/", (404, "unknown_path")),
        ("POST", "/v1/embeddings", (404, "unknown_path")),
        ("GET", "/v1/chat/completions", (405, "method_not_allowed")),
        ("DELETE", "/v1/models/gpt-4", (405, "method_not_allowed")),
    ],
)
async def test_other_paths_and_methods_are_refused_in_the_same_shape(
    root: str, http: aiohttp.ClientSession, method: str, path: str, refusal: tuple[int, str]
) -> None:
    async with http.request(method, root + path) as response:
        error = await error_of(response)

    assert (response.status, error["code"]) == refusal
    assert ("Allow" in response.headers) == (response.status == 405)


async def test_every_answer_has_a_request_id_and_tells_degraded_mode(
    root: str, http: aiohttp.ClientSession
) -> None:
    for path in ("/healthz", "/v1/models", "/nowhere"):
        async with http.get(root + path) as response:
            assert len(response.headers["x-hive-request-id"]) == 16
            assert response.headers["x-hive-degraded"] == "0"


async def test_an_unexpected_error_tells_neither_client_nor_log_what_was_said(
    root: str, http: aiohttp.ClientSession, operations: FakeOperations, errors: list[str]
) -> None:
    operations.error = RuntimeError(f"prompt and {KEY}")

    async with http.post(root + CHAT, json=GOOD) as response:
        error = await error_of(response)

    assert (response.status, error["code"]) == (500, "internal_error")
    request_id = response.headers["x-hive-request-id"]
    assert error["message"] == f"hive-console met an error it did not expect (request {request_id})"
    assert len(errors) == 1
    assert errors[0].startswith("gateway: RuntimeError at operations.py:")
    assert KEY not in errors[0]
    assert request_id in errors[0]


async def test_health_tells_that_it_lives_and_how_the_fleet_fares(root: str, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{root}/healthz") as response:
        page = await response.json()

    assert response.status == 200
    assert page["status"] == "ok"
    assert page["models"] == {
        "total": 2,
        "served": 2,
        "unknown": 0,
        "available": 2,
        "degraded": 0,
        "unavailable": 0,
    }
