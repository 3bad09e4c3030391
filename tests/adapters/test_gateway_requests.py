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
from hive_console.adapters.gateway.failures import RequestRefused
from hive_console.adapters.gateway.intake import task_of
from hive_console.adapters.gateway.limits import Limits
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.raw_body import RawBody
from hive_console.core.settings import Dialect, Replay, Strategy
from hive_console.core.states import OperationClass, Priority
from hive_console.core.task import Task, Work
from tests.adapters.operations import FLEET, KEY, SETTINGS, FakeOperations

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
        fleet=lambda: SETTINGS,
        on_error=lambda service, message: errors.append(f"{service}: {message}"),
        limits=Limits(head_timeout=0.3, body_timeout=0.2, lingering_time=0.2),
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
        assert response.content_type == "application/json"


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
        ("x-hive-strategy", "random"),
        ("x-hive-replay", "perhaps"),
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
    wishes = {
        "x-hive-priority": "Background",
        "x-hive-class": "identity-bound",
        "x-hive-strategy": "fastest",
        "x-hive-replay": "deny",
    }
    async with http.post(root + CHAT, json=GOOD, headers=wishes) as response:
        assert response.status == 200

    assert operations.tasks[0].priority is Priority.BACKGROUND
    assert operations.tasks[0].operation_class is OperationClass.IDENTITY_BOUND
    assert not operations.tasks[0].may_fall_back
    assert operations.tasks[0].strategy is Strategy.FASTEST
    assert operations.tasks[0].replay is Replay.DENY


async def test_a_request_without_wishes_leaves_them_to_the_settings(
    root: str, http: aiohttp.ClientSession, operations: FakeOperations
) -> None:
    async with http.post(root + CHAT, json=GOOD) as response:
        assert response.status == 200

    task = operations.tasks[0]
    assert (task.deadline, task.strategy, task.replay, task.may_fall_back) == (None, None, None, True)


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/v1/chat/completions", GOOD, (Dialect.OPENAI, Work.CHAT)),
        ("/chat/completions", GOOD, (Dialect.OPENAI, Work.CHAT)),
        ("/v1/embeddings", {"model": "gpt-4", "input": ["a"]}, (Dialect.OPENAI, Work.EMBEDDINGS)),
        ("/v1/messages", GOOD, (Dialect.ANTHROPIC, Work.CHAT)),
        ("/v1/messages?beta=true", GOOD, (Dialect.ANTHROPIC, Work.CHAT)),
        ("/v1/v1/messages", GOOD, (Dialect.ANTHROPIC, Work.CHAT)),
        ("/v1/messages/count_tokens", GOOD, (Dialect.ANTHROPIC, Work.COUNT)),
    ],
)
async def test_each_path_is_work_of_its_kind_in_its_dialect(
    root: str, operations: FakeOperations, path: str, body: dict[str, Any], kind: tuple[Dialect, Work]
) -> None:
    async with aiohttp.ClientSession() as http, http.post(root + path, json=body) as response:
        assert response.status == 200

    task = operations.tasks[0]
    assert ((task.dialect, task.work), dict(task.request)) == (kind, body)


async def test_the_bodys_bytes_reach_the_engine_as_they_came(
    root: str, http: aiohttp.ClientSession, operations: FakeOperations
) -> None:
    body = b'{ "unknown": [1, {"a": null}],"model":"gpt-4", "messages": [ {"role":"user","content":"\xc3\xa9"} ] }'

    async with http.post(root + CHAT, data=body) as response:
        assert response.status == 200

    request = operations.tasks[0].request
    assert isinstance(request, RawBody)
    assert request.raw == body
    assert request["unknown"] == [1, {"a": None}]


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/embeddings", b'{"model":"gpt-4"}', "input"),
        ("/v1/embeddings", b'{"input":"a"}', "model"),
        ("/v1/messages/count_tokens", b'{"model":"gpt-4"}', "messages"),
    ],
)
async def test_what_each_work_needs_is_asked_for(
    root: str, http: aiohttp.ClientSession, path: str, body: bytes, param: str
) -> None:
    async with http.post(root + path, data=body) as response:
        page = await response.json()

    assert response.status == 400
    assert repr(param) in page["error"]["message"]


async def test_what_the_quick_look_skips_is_checked_too(
    root: str, http: aiohttp.ClientSession, operations: FakeOperations
) -> None:
    async with http.post(root + CHAT, data=b'{"model":"gpt-4","messages":[{"content":"\xff"}]}') as response:
        error = await error_of(response)

    assert (response.status, error["code"]) == (400, "invalid_json")
    assert not operations.tasks


def test_a_body_that_is_nested_beyond_all_bounds_is_refused() -> None:
    body = b'{"model":"gpt-4","messages":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}"

    with pytest.raises(RequestRefused, match="nested too deeply"):
        task_of(body, {}, work=Work.CHAT, dialect=Dialect.OPENAI)


async def test_a_number_beyond_all_bounds_is_the_callers_to_mend_where_somebody_reads_it(
    root: str, http: aiohttp.ClientSession, operations: FakeOperations
) -> None:
    async def read(task: Task) -> None:
        task.request.get("temperature")

    operations.look = read
    async with http.post(root + CHAT, data=b'{"model":"m","messages":[],"temperature":1e999}') as response:
        error = await error_of(response)

    assert (response.status, error["code"]) == (400, "invalid_json")


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


def of_head(lines: bytes, body: bytes = b"") -> bytes:
    return b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n\r\n" + body


MALFORMED = {
    "tls": (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
    "garbage": (b"FOO\r\n\r\n", 400),
    "http2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "two-hosts": (of_head(b"Host: localhost"), 400),
    "two-lengths": (of_head(b"Content-Length: 5\r\nContent-Length: 6"), 400),
    "length-and-chunks": (of_head(b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"), 400),
    "no-length": (of_head(b"Content-Length: many"), 400),
    "negative": (of_head(b"Content-Length: -1"), 400),
    "bad-chunk": (of_head(b"Transfer-Encoding: chunked", b"zz\r\n"), 400),
    "bad-name": (of_head(b"Bad Name: x"), 400),
    "zero": (of_head(b"X: a\x00b"), 400),
    "large-header": (of_head(b"X: " + b"y" * 9000), 431),
    "endless-header": (b"GET / HTTP/1.1\r\nX: " + b"y" * 99_999, 431),
    "long-path": (b"GET /" + b"y" * 9000 + b" HTTP/1.1\r\n\r\n", 431),
    "many-headers": (of_head(b"\r\n".join(b"X%d: y" % number for number in range(150))), 431),
    "other-encoding": (of_head(b"Content-Encoding: br\r\nContent-Length: 3", b"abc"), 415),
    "other-expectation": (of_head(b"Expect: tea\r\nContent-Length: 3"), 417),
}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_what_cannot_be_read_is_told_in_json_and_is_no_news(
    root: str, kind: str, errors: list[str], operations: FakeOperations
) -> None:
    request, status = MALFORMED[kind]

    head, _, body = (await raw(root, request)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Server: hive-console\r\n" in head
    assert b"Connection: close" in head
    error = json.loads(body)["error"]
    assert error["type"] == "invalid_request_error"
    assert not any(word in body for word in (b"bytearray", b"b'", b"yyy", b"Error:", b"aiohttp"))
    assert not errors
    assert not operations.tasks


async def test_headers_that_come_too_slowly_are_cut_off(root: str) -> None:
    answer = await raw(root, b"POST /v1/chat/completions HTTP/1.1\r\nHost: local")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"request_timeout" in answer


async def test_a_later_request_has_its_own_time_for_its_headers(root: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(root.rsplit(":", 1)[1]))
    writer.write(b"GET /v1/models/best HTTP/1.1\r\nHost: localhost\r\n\r\n")
    first = await asyncio.wait_for(reader.readuntil(b"}"), 10)

    writer.write(b"GET /v1/mod")
    rest = await asyncio.wait_for(reader.read(), 10)
    writer.close()

    assert first.startswith(b"HTTP/1.1 200 ")
    assert rest.startswith(b"HTTP/1.1 408 ")


async def test_a_connection_that_says_nothing_at_all_is_closed_without_a_word(root: str) -> None:
    assert await raw(root, b"") == b""


async def test_a_client_that_asks_first_is_invited_to_send_its_body(root: str) -> None:
    body = json.dumps(GOOD).encode()
    port = int(root.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(of_head(b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: %d" % len(body)))

    invited = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.write(body)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()

    assert invited == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_an_old_client_gets_a_whole_answer_and_a_closed_connection(root: str) -> None:
    answer = await raw(root, b"GET /v1/models HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")

    assert b"Connection: close\r\n" in answer
    assert answer.endswith(b"}")


async def test_head_is_get_without_the_body(root: str, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{root}/v1/models") as whole, http.head(f"{root}/v1/models") as head:
        assert (head.status, head.headers["Content-Length"]) == (200, whole.headers["Content-Length"])
        assert await head.read() == b""


async def test_requests_sent_in_one_go_are_answered_in_order(root: str) -> None:
    asked = b"GET /v1/models/best HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /v1/models/gpt-4 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    answer = await raw(root, asked + last)

    assert answer.index(b'"id":"best"') < answer.index(b'"id":"gpt-4"')


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
    assert (await raw(root, b"GET /healthz HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "/", (404, "unknown_path")),
        ("POST", "/v1/completions", (404, "unknown_path")),
        ("POST", "/v1/responses", (404, "responses_not_served")),
        ("GET", "/v1/responses/resp_1?stream=true", (404, "responses_not_served")),
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


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"http://localhost/v1/models/best?x=1", 200),
        (b"/v1/models/meta%2Fllama-3", 200),
        (b"/v1/models/", 404),
        (b"/v1/models%0d%0aX", 404),
        (b"//[", 404),
        (b"*", 400),
    ],
)
async def test_every_spelling_of_a_target_is_understood_or_not_found(root: str, target: bytes, status: int) -> None:
    answer = await raw(root, b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % target)

    assert answer.startswith(b"HTTP/1.1 %d " % status)


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
