"""A conversation that is translated to the other dialect and back is the same conversation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_console.adapters.providers.anthropic import AnthropicForOpenAI
from hive_console.adapters.providers.anthropic_request import to_messages_request
from hive_console.adapters.providers.openai import OpenAIForAnthropic
from hive_console.adapters.providers.openai_request import to_chat_request
from hive_console.adapters.providers.veil import Veil
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Task

MODEL = ModelSettings("house", "provider", "https://x.invalid/v1", "wire")
WORDS = st.text(min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
NAMES = st.text("abc_", min_size=1, max_size=5)
INPUTS = st.dictionaries(NAMES, st.integers(-9, 9) | WORDS | st.lists(st.booleans(), max_size=2), max_size=2)
SCHEMAS = st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(NAMES, st.just({}))})
IMAGES = st.sampled_from(
    [
        {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
    ]
)
TEXTS = WORDS.map(lambda text: {"type": "text", "text": text})


@st.composite
def exchanges(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A user's turn and, mostly, the assistant's, with calls that the next user's turn answers."""
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": draw(st.lists(TEXTS | IMAGES, min_size=1, max_size=3))}
    ]
    for number in range(draw(st.integers(0, 3))):
        calls = [
            {"type": "tool_use", "id": f"t{number}{at}", "name": draw(NAMES), "input": draw(INPUTS)}
            for at in range(draw(st.integers(0, 2)))
        ]
        turns.append({"role": "assistant", "content": [draw(TEXTS), *calls]})
        results = [{"type": "tool_result", "tool_use_id": call["id"], "content": [draw(TEXTS)]} for call in calls]
        turns.append({"role": "user", "content": [*results, *draw(st.lists(TEXTS, min_size=1, max_size=2))]})
    return turns


REQUESTS = st.fixed_dictionaries(
    {"messages": exchanges(), "max_tokens": st.integers(1, 99_999)},
    optional={
        "system": WORDS,
        "temperature": st.floats(0, 1),
        "stop_sequences": st.lists(WORDS, min_size=1, max_size=4),
        "metadata": st.fixed_dictionaries({"user_id": WORDS}),
        "output_config": st.fixed_dictionaries(
            {"effort": st.sampled_from(["low", "medium", "high", "xhigh", "max"])},
            optional={"format": st.fixed_dictionaries({"type": st.just("json_schema"), "schema": SCHEMAS})},
        ),
        "tools": st.lists(
            st.fixed_dictionaries(
                {"name": NAMES, "input_schema": SCHEMAS},
                optional={"description": WORDS, "strict": st.just(value=True)},
            ),
            min_size=1,
            max_size=2,
        ),
    },
)


@settings(deadline=None, max_examples=200)
@given(REQUESTS)
def test_a_messages_request_comes_back_from_chat_completions(request: dict[str, Any]) -> None:
    assert to_messages_request(to_chat_request(request)) == request


CHOICES = st.fixed_dictionaries(
    {"type": st.sampled_from(["auto", "any"])}, optional={"disable_parallel_tool_use": st.just(value=True)}
) | st.sampled_from([{"type": "none"}, {"type": "tool", "name": "w"}])


@settings(deadline=None, max_examples=100)
@given(REQUESTS, CHOICES)
def test_a_choice_of_tools_comes_back_from_chat_completions(
    request: dict[str, Any], choice: dict[str, Any]
) -> None:
    tools = [{"name": "w", "input_schema": {"type": "object"}}]

    back = to_messages_request(to_chat_request({**request, "tools": tools, "tool_choice": choice}))

    assert (back["tools"], back["tool_choice"]) == (tools, choice)


BLOCKS = st.lists(
    st.fixed_dictionaries({"type": st.just("tool_use"), "id": st.uuids().map(str), "name": NAMES, "input": INPUTS}),
    max_size=3,
)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(TEXTS, max_size=1),
    BLOCKS,
    st.sampled_from(["end_turn", "max_tokens", "refusal", "tool_use"]),
    st.tuples(*[st.integers(0, 9999)] * 3),
)
def test_a_message_comes_back_from_chat_completions(
    text: list[Any], calls: list[Any], reason: str, tokens: tuple[int, int, int]
) -> None:
    if (reason == "tool_use") != bool(calls):
        return  # a call is why it stopped, and nothing else is
    usage = {
        "input_tokens": tokens[0],
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": tokens[1],
        "output_tokens": tokens[2],
    }
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "house",
        "content": [*text, *calls],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }

    chat, told = AnthropicForOpenAI().answer(
        json.dumps(message).encode(), model=MODEL, task=Task("m", {}), veil=Veil(), now=0.0
    )
    back, told_again = OpenAIForAnthropic().answer(
        chat, model=MODEL, task=Task("m", {}, dialect=Dialect.ANTHROPIC), veil=Veil(), now=0.0
    )

    assert json.loads(back) == message
    assert told == told_again


@pytest.mark.parametrize("choice", ["auto", "none", "required", {"type": "function", "function": {"name": "w"}}])
def test_a_chat_request_comes_back_from_messages(choice: Any) -> None:
    request = {
        "messages": [
            {"role": "system", "content": "be short"},
            {"role": "user", "content": "weather?"},
            {
                "role": "assistant",
                "content": "see",
                "tool_calls": [{"id": "t", "type": "function", "function": {"name": "w", "arguments": '{"a":1}'}}],
            },
            {"role": "tool", "tool_call_id": "t", "content": "sunny"},
            {"role": "user", "content": "thanks"},
        ],
        "max_tokens": 9,
        "temperature": 0.5,
        "stop": ["END"],
        "tools": [{"type": "function", "function": {"name": "w", "parameters": {"type": "object"}}}],
        "tool_choice": choice,
        "user": "u",
        "reasoning_effort": "low",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object"}},
        },
    }

    assert to_chat_request(to_messages_request(request)) == request
