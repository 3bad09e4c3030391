"""The simulated provider, asked by real clients: plain HTTP, the openai SDK and the anthropic SDK."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import anthropic
import httpx
import openai
import pytest

from hive_console.core.errors import SettingsError
from hive_console.core.settings import Dialect
from hive_console.core.text import clean_message
from hive_console.sim.faults import (
    ByteDrip,
    Cut,
    Drip,
    Endless,
    ErrorIn200,
    Fault,
    Flapping,
    Garbage,
    Hang,
    HangAfterHeaders,
    Hostile,
    HttpError,
    Huge,
    KeyRefused,
    Outage,
    RateLimited,
    Reset,
    ResetAfter,
    Slow,
    Stall,
    Torn,
)
from hive_console.sim.port import Port
from hive_console.sim.profile import ModelProfile
from hive_console.sim.provider import SimulatedProvider

QUICK = ModelProfile("quick", first_token=0.001, pace=50_000)
OTHER = ModelProfile("other", first_token=0.001, pace=50_000)
LONG = 1000.0
"""Seconds of a wait that no test sees the end of."""

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loopback speaks plain HTTP; loading certificates for every client would be most of these tests' time."""

VERSION = {"anthropic-version": "2023-06-01"}
"""What Anthropic's API demands, and OpenAI's does not mind."""

TOKEN_MARKS = {Dialect.OPENAI: b'"delta":{"content":"', Dialect.ANTHROPIC: b'"text_delta"'}

BOTH = pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: dialect.value)


@asynccontextmanager
async def running(
    dialect: Dialect = Dialect.OPENAI, fault: Fault | None = None
) -> AsyncIterator[SimulatedProvider]:
    before = asyncio.all_tasks()
    provider = SimulatedProvider(
        "test", (QUICK, OTHER), port=Port(), dialect=dialect, latency_rng=Random(1), reply_rng=Random(2)
    )
    await provider.start()
    try:
        if fault is not None:
            await provider.set_fault("*", fault)
        yield provider
    finally:
        await provider.stop()
        await settled(lambda: asyncio.all_tasks() <= before)


async def settled(condition: Callable[[], bool]) -> None:
    for _ in range(100):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError(f"still going on: {asyncio.all_tasks()}")


def plain_client(timeout: float = 10) -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=timeout, verify=NO_TLS, headers=VERSION)


def question(dialect: Dialect, *, stream: bool = False, model: str = "quick", tokens: int = 40) -> dict[str, Any]:
    messages = [{"role": "user", "content": "hello"}]
    return {"model": model, "messages": messages, "max_tokens": tokens, "stream": stream}


def path(dialect: Dialect) -> str:
    return "/chat/completions" if dialect is Dialect.OPENAI else "/messages"


async def ask(provider: SimulatedProvider, dialect: Dialect, **options: Any) -> httpx.Response:
    async with plain_client() as client:
        return await client.post(provider.base_url + path(dialect), json=question(dialect, **options))


async def read_stream(provider: SimulatedProvider, dialect: Dialect, look: Callable[[bytes], object]) -> None:
    url, body = provider.base_url + path(dialect), question(dialect, stream=True)
    async with plain_client() as client, client.stream("POST", url, json=body) as response:
        async for piece in response.aiter_bytes():
            look(piece)


def openai_client(provider: SimulatedProvider, timeout: float = 10) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=provider.base_url, api_key="none", max_retries=0, timeout=timeout)


def anthropic_client(provider: SimulatedProvider, timeout: float = 10) -> anthropic.AsyncAnthropic:
    root = provider.base_url.removesuffix("/v1")
    return anthropic.AsyncAnthropic(base_url=root, api_key="none", max_retries=0, timeout=timeout)


async def refused(provider: SimulatedProvider) -> bool:
    port = int(provider.base_url.rsplit(":", 1)[1].removesuffix("/v1"))
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    writer.close()
    await writer.wait_closed()
    return False


# --- a calm day ----------------------------------------------------------------------------------


async def test_the_openai_client_gets_a_completion_with_usage() -> None:
    async with running() as provider, openai_client(provider) as client:
        reply = await client.chat.completions.create(
            model="quick", messages=[{"role": "user", "content": "hello"}], max_tokens=5
        )

    assert reply.model == "quick"
    assert reply.choices[0].message.content
    assert reply.usage is not None
    assert reply.usage.completion_tokens <= 5
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.id.startswith("chatcmpl-")


async def test_the_openai_client_gets_a_stream_that_ends_with_reason_and_usage() -> None:
    async with running() as provider, openai_client(provider) as client:
        stream = await client.chat.completions.create(
            model="quick",
            messages=[{"role": "user", "content": "hello"}],
            max_tokens=2,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]

    texts = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    assert len(texts) == 2
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 2


async def test_the_anthropic_client_gets_a_message_with_usage() -> None:
    async with running(Dialect.ANTHROPIC) as provider, anthropic_client(provider) as client:
        reply = await client.messages.create(
            model="quick", messages=[{"role": "user", "content": "hello"}], max_tokens=1
        )

    assert reply.content[0].type == "text"
    assert reply.content[0].text
    assert reply.stop_reason == "max_tokens"
    assert reply.usage.output_tokens == 1
    assert reply.usage.input_tokens > 0


async def test_the_anthropic_client_gets_a_whole_stream() -> None:
    async with (
        running(Dialect.ANTHROPIC) as provider,
        anthropic_client(provider) as client,
        client.messages.stream(
            model="quick", messages=[{"role": "user", "content": "hello"}], max_tokens=400
        ) as stream,
    ):
        message = await stream.get_final_message()

    assert message.stop_reason == "end_turn"
    assert message.content[0].type == "text"
    assert len(message.content[0].text.split()) == message.usage.output_tokens


async def test_both_clients_list_the_models() -> None:
    async with running() as provider, openai_client(provider) as client:
        listed = [model.id async for model in client.models.list()]
        one = await client.models.retrieve("other")
    async with running(Dialect.ANTHROPIC) as provider, anthropic_client(provider) as messages:
        listed_there = [model.id async for model in messages.models.list()]

    assert listed == listed_there == ["quick", "other"]
    assert one.id == "other"


async def test_the_same_seed_gives_the_same_answer() -> None:
    async with running() as provider:
        first = (await ask(provider, Dialect.OPENAI)).content
    async with running() as provider:
        second = (await ask(provider, Dialect.OPENAI)).content

    assert first == second


@BOTH
async def test_an_unknown_model_is_a_404_in_the_providers_shape(dialect: Dialect) -> None:
    async with running(dialect) as provider:
        response = await ask(provider, dialect, model="nobody")

    assert response.status_code == 404
    assert response.json()["error"]["message"]


@BOTH
@pytest.mark.parametrize("body", [b"{", b"[]", b'{"model": 7}', b'{"model": "quick"}', b"[" * 100_000, b"\xff"])
async def test_a_bad_request_is_a_400(dialect: Dialect, body: bytes) -> None:
    async with running(dialect) as provider, plain_client() as client:
        response = await client.post(provider.base_url + path(dialect), content=body)

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_an_unknown_path_is_a_json_404() -> None:
    async with running() as provider, plain_client() as client:
        response = await client.get(provider.base_url + "/audio")

    assert response.status_code == 404
    assert "error" in response.json()


# --- faults --------------------------------------------------------------------------------------


@BOTH
async def test_an_outage_refuses_connections_and_the_same_port_comes_back(dialect: Dialect) -> None:
    async with running(dialect) as provider:
        for _ in range(3):
            await provider.set_fault("*", Outage())
            assert await refused(provider)
            with pytest.raises(httpx.ConnectError):
                await ask(provider, dialect)
            await provider.set_fault("*", None)
            assert (await ask(provider, dialect)).status_code == 200


async def test_an_outage_resets_open_connections_and_ends_their_handlers() -> None:
    async with running(fault=Hang()) as provider:
        asking = asyncio.ensure_future(ask(provider, Dialect.OPENAI))
        await until(lambda: provider.in_flight == 1)

        await provider.set_fault("*", Outage())

        with pytest.raises(httpx.ReadError):
            await asking
        await until(lambda: provider.in_flight == 0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(0.001)


async def test_a_second_server_cannot_take_the_port_during_an_outage() -> None:
    async with running(fault=Outage()) as provider:
        number = int(provider.base_url.rsplit(":", 1)[1].removesuffix("/v1"))

        assert all(await asyncio.gather(*[refused(provider) for _ in range(20)]))
        await provider.set_fault("*", None)
        with pytest.raises(OSError, match="in use"):
            Port(number)


async def test_an_outage_of_one_model_resets_its_calls_and_spares_the_others() -> None:
    async with running() as provider:
        await provider.set_fault("other", Outage())

        with pytest.raises(httpx.ReadError):
            await ask(provider, Dialect.OPENAI, model="other")
        assert (await ask(provider, Dialect.OPENAI)).status_code == 200


@BOTH
async def test_a_reset_reaches_the_client_as_a_connection_error(dialect: Dialect) -> None:
    async with running(dialect, Reset()) as provider:
        with pytest.raises(httpx.ReadError):
            await ask(provider, dialect)
        with pytest.raises(httpx.ReadError):
            await ask(provider, dialect, stream=True)


@pytest.mark.parametrize("status", [500, 503, 529])
async def test_the_openai_client_sees_a_server_error(status: int) -> None:
    async with running(fault=HttpError(status)) as provider, openai_client(provider) as client:
        with pytest.raises(openai.InternalServerError) as failed:
            await client.chat.completions.create(model="quick", messages=[{"role": "user", "content": "x"}])

    assert failed.value.status_code == status


@pytest.mark.parametrize("status", [500, 503, 529])
async def test_the_anthropic_client_sees_a_server_error(status: int) -> None:
    async with running(Dialect.ANTHROPIC, HttpError(status)) as provider, anthropic_client(provider) as client:
        with pytest.raises(anthropic.APIStatusError) as failed:
            await client.messages.create(model="quick", messages=[{"role": "user", "content": "x"}], max_tokens=5)

    assert failed.value.status_code == status
    assert ("overloaded_error" in str(failed.value)) == (status == 529)


@BOTH
async def test_a_rate_limit_says_how_long_to_wait(dialect: Dialect) -> None:
    async with running(dialect, RateLimited(1.5)) as provider:
        response = await ask(provider, dialect)

    assert response.status_code == 429
    assert response.headers["retry-after"] == "2"
    assert "rate limit" in response.json()["error"]["message"].lower()


async def test_both_clients_know_a_rate_limit_and_a_refused_key() -> None:
    async with running(fault=RateLimited()) as provider, openai_client(provider) as client:
        with pytest.raises(openai.RateLimitError):
            await client.chat.completions.create(model="quick", messages=[{"role": "user", "content": "x"}])
        await provider.set_fault("*", KeyRefused())
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()
    async with running(Dialect.ANTHROPIC, KeyRefused()) as provider, anthropic_client(provider) as messages:
        with pytest.raises(anthropic.AuthenticationError):
            await messages.messages.create(model="quick", messages=[{"role": "user", "content": "x"}], max_tokens=5)


@BOTH
async def test_a_refused_key_echoes_something_that_must_be_redacted(dialect: Dialect) -> None:
    async with running(dialect, KeyRefused()) as provider:
        message = (await ask(provider, dialect)).json()["error"]["message"]

    assert "sk-" in message
    assert "sk-" not in clean_message(message)


@BOTH
async def test_a_hostile_message_carries_escapes_that_cleaning_takes_away(dialect: Dialect) -> None:
    async with running(dialect, Hostile()) as provider:
        response = await ask(provider, dialect)

    message = response.json()["error"]["message"]
    assert response.status_code == 500
    assert {"\x1b", "\x9b", "\u202e", "\r", "\x00"} <= set(message)
    assert clean_message(message).isprintable()


@BOTH
@pytest.mark.parametrize("kind", ["whole", "streamed"])
async def test_a_hanging_provider_never_answers(dialect: Dialect, kind: str) -> None:
    async with running(dialect, Hang()) as provider, plain_client(0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(provider.base_url + path(dialect), json=question(dialect, stream=kind == "streamed"))
        await until(lambda: provider.in_flight == 0)


async def test_a_slow_model_outlasts_a_patience_that_it_satisfied_before() -> None:
    async with running() as provider, openai_client(provider) as client, openai_client(provider, 0.3) as impatient:
        await client.chat.completions.create(model="quick", messages=[{"role": "user", "content": "x"}])

        await provider.set_fault("quick", Slow(LONG))

        with pytest.raises(openai.APITimeoutError):
            await impatient.chat.completions.create(model="quick", messages=[{"role": "user", "content": "x"}])


@BOTH
async def test_a_cut_stream_ends_without_its_end(dialect: Dialect) -> None:
    seen: list[bytes] = []
    async with running(dialect, Cut(3)) as provider:
        with pytest.raises(httpx.RemoteProtocolError):
            await read_stream(provider, dialect, seen.append)

    text = b"".join(seen)
    assert text.count(TOKEN_MARKS[dialect]) == 3
    assert b"[DONE]" not in text
    assert b"message_stop" not in text


@BOTH
async def test_a_cut_answer_is_shorter_than_promised(dialect: Dialect) -> None:
    async with running(dialect, Cut()) as provider:
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(provider, dialect)


@BOTH
async def test_a_stalled_stream_keeps_alive_and_says_no_more(dialect: Dialect) -> None:
    seen = bytearray()
    keep_alive = {Dialect.OPENAI: b": keep-alive", Dialect.ANTHROPIC: b"event: ping"}[dialect]
    is_kept_alive = asyncio.Event()

    def look(piece: bytes) -> None:
        seen.extend(piece)
        if TOKEN_MARKS[dialect] in seen and bytes(seen).rstrip().split(b"\n\n")[-1].startswith(keep_alive):
            is_kept_alive.set()

    async with running(dialect, Stall(2)) as provider:
        reading = asyncio.ensure_future(read_stream(provider, dialect, look))
        async with asyncio.timeout(10):
            await is_kept_alive.wait()
        reading.cancel()
        await asyncio.wait([reading])
        await until(lambda: provider.in_flight == 0)

    assert seen.count(TOKEN_MARKS[dialect]) == 2


@BOTH
async def test_a_stalled_answer_stops_in_its_middle(dialect: Dialect) -> None:
    async with running(dialect, Stall()) as provider, plain_client(0.3) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(provider.base_url + path(dialect), json=question(dialect))


@BOTH
@pytest.mark.parametrize("kind", ["whole", "streamed"])
async def test_headers_come_and_nothing_after_them(dialect: Dialect, kind: str) -> None:
    url, body = path(dialect), question(dialect, stream=kind == "streamed")
    async with running(dialect, HangAfterHeaders()) as provider, plain_client(0.3) as client:
        async with client.stream("POST", provider.base_url + url, json=body) as response:
            with pytest.raises(httpx.ReadTimeout):
                await response.aread()
        await until(lambda: provider.in_flight == 0)

    assert response.status_code == 200


@BOTH
async def test_a_torn_stream_ends_in_the_middle_of_an_event(dialect: Dialect) -> None:
    seen: list[bytes] = []
    async with running(dialect, Torn(3)) as provider:
        with pytest.raises(httpx.RemoteProtocolError):
            await read_stream(provider, dialect, seen.append)

    text = b"".join(seen)
    assert text.count(TOKEN_MARKS[dialect]) >= 3
    assert not text.endswith(b"\n")


@BOTH
@pytest.mark.parametrize("fault", [Torn(3), ResetAfter(3)], ids=["torn", "reset"])
async def test_an_answer_that_is_not_streamed_breaks_off_in_its_middle(dialect: Dialect, fault: Fault) -> None:
    async with running(dialect, fault) as provider:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await ask(provider, dialect)


@BOTH
async def test_a_stream_that_is_reset_ends_with_a_connection_error(dialect: Dialect) -> None:
    async with running(dialect, ResetAfter(3)) as provider:
        with pytest.raises(httpx.ReadError):
            await read_stream(provider, dialect, lambda _: None)


@BOTH
@pytest.mark.parametrize("fault", [Drip(0.002), ByteDrip(0.001)], ids=["tokens", "bytes"])
async def test_what_drips_comes_in_many_small_pieces_and_is_whole(dialect: Dialect, fault: Fault) -> None:
    sizes: list[int] = []
    async with running(dialect, fault) as provider:
        whole = await ask(provider, dialect, tokens=4)
        url, body = provider.base_url + path(dialect), question(dialect, stream=True, tokens=4)
        async with plain_client() as client, client.stream("POST", url, json=body) as response:
            sizes = [len(piece) async for piece in response.aiter_raw()]

    assert whole.json()["model"] == "quick"
    assert len(sizes) >= 4
    assert max(sizes) < sum(sizes) / 2


@pytest.mark.parametrize(("fault", "kind"), [(Huge(), "whole"), (Huge(), "streamed"), (Endless(), "streamed")])
async def test_an_endless_answer_comes_as_long_as_it_is_read_and_no_longer(fault: Fault, kind: str) -> None:
    read = 0
    async with running(fault=fault) as provider:
        url, body = path(Dialect.OPENAI), question(Dialect.OPENAI, stream=kind == "streamed")
        async with plain_client() as client, client.stream("POST", provider.base_url + url, json=body) as response:
            async for piece in response.aiter_raw():
                read += len(piece)
                if read > 1_000_000:
                    break
        await until(lambda: provider.in_flight == 0)

    assert read > 1_000_000


@BOTH
async def test_garbage_says_that_it_is_json_and_is_not(dialect: Dialect) -> None:
    async with running(dialect, Garbage()) as provider:
        whole = await ask(provider, dialect)
        streamed = await ask(provider, dialect, stream=True)

    assert whole.status_code == 200
    assert whole.headers["content-type"].startswith("application/json")
    with pytest.raises(ValueError):
        json.loads(whole.content)
    with pytest.raises(ValueError):
        json.loads(streamed.content.removeprefix(b"data: "))


@BOTH
async def test_an_error_in_200_has_a_body_that_is_an_error(dialect: Dialect) -> None:
    async with running(dialect, ErrorIn200()) as provider:
        whole = await ask(provider, dialect)
        streamed = await ask(provider, dialect, stream=True)

    assert whole.status_code == streamed.status_code == 200
    assert whole.json()["error"]["message"]
    assert b'"error"' in streamed.content
    assert b"delta" not in streamed.content


async def test_the_anthropic_client_raises_an_error_in_a_stream() -> None:
    async with running(Dialect.ANTHROPIC, ErrorIn200()) as provider, anthropic_client(provider) as client:
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            async with client.messages.stream(
                model="quick", messages=[{"role": "user", "content": "x"}], max_tokens=5
            ) as stream:
                await stream.get_final_message()


async def test_a_flapping_model_fails_while_it_is_broken() -> None:
    async with running() as provider:
        await provider.set_fault("quick", Flapping(period=900, duty=1))
        assert (await ask(provider, Dialect.OPENAI)).status_code == 503
        await provider.set_fault("quick", Flapping(period=900, duty=0))
        assert (await ask(provider, Dialect.OPENAI)).status_code == 200


async def test_a_fault_of_everything_shows_in_the_list_of_models_and_one_models_fault_in_its_entry() -> None:
    async with running() as provider, plain_client() as client:
        await provider.set_fault("other", HttpError(503))
        statuses = [
            (await client.get(f"{provider.base_url}/{entry}")).status_code
            for entry in ("models", "models/other", "models/quick", "models/nobody")
        ]
        await provider.set_fault("*", HttpError(500))
        statuses.append((await client.get(f"{provider.base_url}/models")).status_code)

    assert statuses == [200, 503, 200, 404, 500]


async def test_every_change_of_a_fault_is_told() -> None:
    told: list[tuple[str, Fault | None]] = []
    async with running() as provider:
        provider.on_fault = lambda target, fault: told.append((target, fault))
        await provider.set_fault("*", Outage())
        await provider.set_fault("*", None)
        with pytest.raises(SettingsError, match="nobody"):
            await provider.set_fault("nobody", Outage())

    assert told == [("*", Outage()), ("*", None)]


# --- start and stop ------------------------------------------------------------------------------


async def test_connections_wait_in_the_kernel_until_the_server_is_up() -> None:
    port = Port()
    port.open()
    provider = SimulatedProvider("late", (QUICK,), port=port, latency_rng=Random(1), reply_rng=Random(2))
    asking = asyncio.ensure_future(ask(provider, Dialect.OPENAI))
    assert not await refused(provider)

    await provider.start()

    assert (await asking).status_code == 200
    await provider.stop()


async def test_an_outage_set_before_the_start_holds_from_the_start() -> None:
    provider = SimulatedProvider("dark", (QUICK,), port=Port(), latency_rng=Random(1), reply_rng=Random(2))
    await provider.set_fault("*", Outage())
    await provider.start()
    assert await refused(provider)
    await provider.set_fault("*", None)
    assert not await refused(provider)
    await provider.stop()


@pytest.mark.parametrize("fault", [None, Hang(), Stall(1), Slow(LONG)], ids=str)
async def test_a_stop_ends_open_requests_at_once(fault: Fault | None) -> None:
    async with running(fault=fault) as provider:
        asking = [asyncio.ensure_future(ask(provider, Dialect.OPENAI, stream=True)) for _ in range(5)]
        await until(lambda: provider.in_flight == 5 or all(task.done() for task in asking))

        async with asyncio.timeout(5):
            await provider.stop()

        assert await refused(provider)
        await asyncio.gather(*asking, return_exceptions=True)


async def test_a_second_stop_does_nothing() -> None:
    async with running() as provider:
        await provider.stop()
        await provider.stop()


async def test_streams_that_an_outage_resets_leave_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as provider:
        url, body = provider.base_url + path(Dialect.OPENAI), question(Dialect.OPENAI, stream=True, tokens=400)

        async def reads(client: httpx.AsyncClient) -> None:
            with contextlib.suppress(httpx.TransportError):
                async with client.stream("POST", url, json=body) as response:
                    async for _ in response.aiter_bytes():
                        await provider.set_fault("*", Outage())

        async with plain_client() as client:
            await asyncio.gather(*(reads(client) for _ in range(10)))

    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
