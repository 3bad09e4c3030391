"""What a simulated model says: tools, images, embeddings, counts, rate limits; through the official clients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

import anthropic
import openai
import pytest
from anthropic.types import MessageParam, ToolParam
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from hive_console.core.settings import Dialect
from hive_console.sim.allowances import Allowances
from hive_console.sim.anthropic_shape import AnthropicShape
from hive_console.sim.faults import LimitedTo, QuotaExhausted
from hive_console.sim.openai_shape import OpenAIShape
from hive_console.sim.question import ANY_TOOL, Question, Tool, call_of, called_tools, spoken
from tests.adapters.test_sim_provider import (
    BOTH,
    anthropic_client,
    ask,
    openai_client,
    plain_client,
    question,
    running,
)

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"place": {"type": "string"}, "unit": {"enum": ["C", "F"]}, "days": {"type": "integer"}},
}
WEATHER: ChatCompletionToolParam = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
CLOCK: ChatCompletionToolParam = {"type": "function", "function": {"name": "clock", "parameters": {}}}
MESSAGES_WEATHER: ToolParam = {"name": "weather", "input_schema": {**SCHEMA, "type": "object"}}

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""The smallest picture there is: 70 bytes of PNG."""


# --- tools ---------------------------------------------------------------------------------------


async def test_the_openai_client_gets_a_tool_call_and_an_answer_to_its_result() -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "ask the weather tool"}]
    async with running() as provider, openai_client(provider) as client:
        called = await client.chat.completions.create(model="quick", messages=messages, tools=[WEATHER])
        calls = called.choices[0].message.tool_calls
        assert calls is not None
        (call,) = calls
        assert call.type == "function"
        messages += [
            {
                "role": "assistant",
                "tool_calls": [
                    {"id": call.id, "type": "function", "function": {"name": "weather", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "tool_call_id": call.id, "content": "rain"},
        ]
        answered = await client.chat.completions.create(model="quick", messages=messages, tools=[WEATHER])

    assert called.choices[0].finish_reason == "tool_calls"
    assert called.choices[0].message.content is None
    assert json.loads(call.function.arguments) == {"place": "harbor", "unit": "C", "days": 7}
    assert (answered.choices[0].message.content or "").startswith("The tool said rain.")


async def test_the_anthropic_client_gets_a_tool_call_and_an_answer_to_its_result() -> None:
    messages: list[MessageParam] = [{"role": "user", "content": "ask the weather tool"}]
    async with running(Dialect.ANTHROPIC) as provider, anthropic_client(provider) as client:
        called = await client.messages.create(
            model="quick", messages=messages, tools=[MESSAGES_WEATHER], max_tokens=90
        )
        (call,) = called.content
        assert call.type == "tool_use"
        following: list[MessageParam] = [
            {"role": "assistant", "content": [{"type": "tool_use", "id": call.id, "name": "weather", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"}]},
        ]
        answered = await client.messages.create(
            model="quick", messages=[*messages, *following], tools=[MESSAGES_WEATHER], max_tokens=90
        )

    assert called.stop_reason == "tool_use"
    assert call.input == {"place": "harbor", "unit": "C", "days": 7}
    assert answered.content[0].type == "text"
    assert answered.content[0].text.startswith("The tool said rain.")


async def test_streamed_tool_calls_come_in_fragments_that_make_whole_arguments() -> None:
    fragments: dict[int, str] = {}
    names: dict[int, str] = {}
    async with running() as provider, openai_client(provider) as client:
        stream = await client.chat.completions.create(
            model="quick",
            messages=[{"role": "user", "content": "weather, clock."}],
            tools=[WEATHER, CLOCK],
            stream=True,
        )
        async for chunk in stream:
            for call in chunk.choices[0].delta.tool_calls or ():
                assert call.function is not None
                names[call.index] = names.get(call.index, "") + (call.function.name or "")
                fragments[call.index] = fragments.get(call.index, "") + (call.function.arguments or "")

    assert names == {0: "weather", 1: "clock"}
    assert [json.loads(fragments[index]) for index in (0, 1)] == [{"place": "harbor", "unit": "C", "days": 7}, {}]


async def test_the_anthropic_client_assembles_a_streamed_tool_call() -> None:
    async with (
        running(Dialect.ANTHROPIC) as provider,
        anthropic_client(provider) as client,
        client.messages.stream(
            model="quick",
            messages=[{"role": "user", "content": "go"}],
            tools=[MESSAGES_WEATHER],
            tool_choice={"type": "any"},
            max_tokens=90,
        ) as stream,
    ):
        message = await stream.get_final_message()

    assert [block.type for block in message.content] == ["tool_use"]
    assert message.content[0].type == "tool_use"
    assert message.content[0].input == {"place": "harbor", "unit": "C", "days": 7}
    assert message.stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("asked", "called"),
    [
        (Question("use clock.", (Tool("weather"), Tool("clock"))), ["clock"]),
        (Question("hello", (Tool("weather"), Tool("clock"))), []),
        (Question("hello", (Tool("weather"), Tool("clock")), ANY_TOOL), ["weather"]),
        (Question("hello", (Tool("weather"), Tool("clock")), "clock"), ["clock"]),
        (Question("weather", (Tool("weather"),), results=("rain",)), []),
        (Question("weather"), []),
    ],
)
def test_a_tool_is_called_when_the_message_names_it_or_the_request_demands_it(
    asked: Question, called: list[str]
) -> None:
    assert [tool.name for tool in called_tools(asked)] == called


def test_arguments_are_made_up_for_every_type_a_schema_knows() -> None:
    kinds = {"a": "string", "b": "integer", "c": "number", "d": "boolean", "e": "array", "f": "object"}
    schema = {"properties": {name: {"type": kind} for name, kind in kinds.items()}}

    made_up = json.loads(call_of(Tool("t", schema), "1").arguments)

    assert made_up == {"a": "harbor", "b": 7, "c": 7.5, "d": True, "e": [], "f": {}}


KEYS = st.sampled_from(
    ["messages", "role", "content", "tools", "function", "name", "type", "source", "tool_choice"]
)
WORDS = st.sampled_from(["weather", "user", "tool", "text", "image", "image_url", "tool_result", "any"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_no_request_breaks_the_reading_of_it(value: object) -> None:
    body: Mapping[str, Any] = value if isinstance(value, dict) else {"messages": value, "tools": value}
    for shape in (OpenAIShape(), AnthropicShape()):
        asked = shape.question(body)

        assert isinstance(asked, Question)
        assert len(called_tools(asked)) <= len(asked.tools)


# --- images and words ----------------------------------------------------------------------------


async def test_images_are_taken_and_counted_in_both_dialects() -> None:
    async with running() as provider, openai_client(provider) as client:
        seen = await client.chat.completions.create(
            model="quick",
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "what is this?"},
                        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                        {"type": "image_url", "image_url": {"url": "https://pictures.invalid/1.png"}},
                    ],
                }
            ],
        )
    async with running(Dialect.ANTHROPIC) as provider, anthropic_client(provider) as messages:
        seen_there = await messages.messages.create(
            model="quick",
            max_tokens=90,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                        {"type": "image", "source": {"type": "url", "url": "https://pictures.invalid/1.png"}},
                    ],
                }
            ],
        )

    says = "I see 2 image(s): image/png of 70 bytes, by its address."
    assert (seen.choices[0].message.content or "").startswith(says)
    assert seen_there.content[0].type == "text"
    assert seen_there.content[0].text.startswith(says)


@given(st.integers(0, 50), st.none() | st.integers(1, 60), st.lists(st.text(max_size=20), max_size=2))
def test_no_answer_is_longer_than_its_limit(seed: int, limit: int | None, results: list[str]) -> None:
    words, is_whole = spoken(Question(results=tuple(results)), Random(seed), limit)

    assert words
    assert limit is None or len(words) <= limit
    assert is_whole or (limit is not None and len(words) == limit)
    assert not words[0].startswith(" ")
    assert all(word.startswith(" ") for word in words[1:])


# --- other work ----------------------------------------------------------------------------------


async def test_embeddings_of_one_text_are_the_same_and_of_two_differ() -> None:
    async with running() as provider, openai_client(provider) as client:
        given_one = await client.embeddings.create(model="quick", input="river")
        given_two = await client.embeddings.create(model="quick", input=["river", "lamp"], dimensions=8)
        plain = await client.embeddings.create(model="quick", input="river", encoding_format="float")

    assert given_one.data[0].embedding == given_two.data[0].embedding == plain.data[0].embedding
    assert given_two.data[0].embedding != given_two.data[1].embedding
    assert len(given_one.data[0].embedding) == 8
    assert given_two.usage.total_tokens > 0


@pytest.mark.parametrize(
    "body",
    [
        {"input": "x"},
        {"model": "quick"},
        {"model": "quick", "input": []},
        {"model": "quick", "input": 7},
        {"model": "quick", "input": ["x"] * 2049},
        {"model": "quick", "input": "x", "dimensions": 9999},
    ],
    ids=["no model", "no input", "empty", "a number", "too many", "too wide"],
)
async def test_a_wrong_request_for_embeddings_is_a_400(body: dict[str, Any]) -> None:
    async with running() as provider, plain_client() as client:
        response = await client.post(provider.base_url + "/embeddings", json=body)

    assert response.status_code == 400


async def test_texts_as_token_numbers_are_embedded_too() -> None:
    async with running() as provider, openai_client(provider) as client:
        one = await client.embeddings.create(model="quick", input=[1, 2])
        two = await client.embeddings.create(model="quick", input=[[1, 2], [3]])

    assert [len(one.data), len(two.data)] == [1, 2]


async def test_the_anthropic_client_counts_tokens_without_a_bound_of_its_own() -> None:
    async with running(Dialect.ANTHROPIC) as provider, anthropic_client(provider) as client:
        short = await client.messages.count_tokens(model="quick", messages=[{"role": "user", "content": "x"}])
        long = await client.messages.count_tokens(
            model="quick", messages=[{"role": "user", "content": "x" * 400}], system="y" * 400
        )

    assert long.input_tokens >= short.input_tokens + 200


async def test_anthropic_demands_its_version() -> None:
    async with running(Dialect.ANTHROPIC) as provider, plain_client() as client:
        del client.headers["anthropic-version"]
        for end in ("/messages", "/messages/count_tokens"):
            response = await client.post(provider.base_url + end, json=question(Dialect.ANTHROPIC))

            assert response.status_code == 400
            assert "anthropic-version" in response.json()["error"]["message"]


async def test_the_other_dialects_work_is_an_unknown_path() -> None:
    async with running() as provider, plain_client() as client:
        count = await client.post(provider.base_url + "/messages/count_tokens", json={})
    async with running(Dialect.ANTHROPIC) as provider, plain_client() as client:
        embed = await client.post(provider.base_url + "/embeddings", json={})

    assert [count.status_code, embed.status_code] == [404, 404]


# --- rate limits ---------------------------------------------------------------------------------


def told(headers: Mapping[str, str]) -> tuple[str, str]:
    """Requests allowed and left, in either dialect."""
    if "x-ratelimit-limit-requests" in headers:
        return headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"]
    return headers["anthropic-ratelimit-requests-limit"], headers["anthropic-ratelimit-requests-remaining"]


@BOTH
async def test_every_answer_tells_what_is_left_of_the_limit_and_the_one_beyond_it_is_a_429(
    dialect: Dialect,
) -> None:
    async with running(dialect, LimitedTo(2, 900)) as provider:
        answers = [await ask(provider, dialect, stream=stream) for stream in (False, True, False)]
        other = await ask(provider, dialect, model="other")

    assert [told(answer.headers) for answer in answers] == [("2", "1"), ("2", "0"), ("2", "0")]
    assert [answer.status_code for answer in (*answers, other)] == [200, 200, 429, 200]
    assert 890 < int(answers[-1].headers["retry-after"]) <= 900


@BOTH
async def test_answers_of_a_calm_day_tell_a_limit_that_is_far_away(dialect: Dialect) -> None:
    async with running(dialect) as provider:
        limits = [told((await ask(provider, dialect)).headers) for _ in range(3)]

    assert {int(limit) - int(left) for limit, left in limits} == {1}
    assert all(int(left) > 100 for _, left in limits)


def test_a_new_window_begins_after_the_last_one_and_with_a_new_limit() -> None:
    allowances = Allowances(500)
    limit = LimitedTo(1, 10)

    taken = [allowances.take("m", limit, now)[1] for now in (0, 1, 9.9, 10, 11)]
    renewed = allowances.take("m", LimitedTo(2, 10), 11)

    assert taken == [True, False, False, True, False]
    assert (renewed[1], renewed[0].requests_left, renewed[0].reset) == (True, 1, 10)


def test_the_two_clients_are_told_when_the_limit_is_reset() -> None:
    allowance, _ = Allowances(500).take("m", LimitedTo(1, 90), now=1_767_225_600)

    there = AnthropicShape().headers("1", None, allowance)
    here = OpenAIShape().headers("1", None, allowance)

    assert there["anthropic-ratelimit-requests-reset"] == "2026-01-01T00:01:30Z"
    assert here["x-ratelimit-reset-requests"] == "1m30s"


async def test_both_clients_see_an_empty_account_as_their_providers_tell_it() -> None:
    async with running(fault=QuotaExhausted()) as provider, openai_client(provider) as client:
        with pytest.raises(openai.RateLimitError) as empty:
            await client.chat.completions.create(model="quick", messages=[{"role": "user", "content": "x"}])
        assert (empty.value.code, empty.value.type) == ("insufficient_quota", "insufficient_quota")
    async with running(Dialect.ANTHROPIC, QuotaExhausted(400)) as provider, anthropic_client(provider) as messages:
        with pytest.raises(anthropic.BadRequestError, match="credit balance is too low"):
            await messages.messages.create(model="quick", messages=[{"role": "user", "content": "x"}], max_tokens=5)
        await provider.set_fault("*", QuotaExhausted(402))
        with pytest.raises(anthropic.APIStatusError) as unpaid:
            await messages.messages.create(model="quick", messages=[{"role": "user", "content": "x"}], max_tokens=5)
    assert unpaid.value.status_code == 402
    assert "billing_error" in str(unpaid.value)
