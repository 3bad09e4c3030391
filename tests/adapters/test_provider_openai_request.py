"""Messages requests become chat-completion requests; what cannot be said makes a model unfit, by name."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_console.adapters.providers.openai_request import to_chat_request, wants_thoughts
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import OutcomeKind

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
PIXEL = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
LINK = {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}


def said(*messages: dict[str, Any], **options: Any) -> dict[str, Any]:
    return to_chat_request({"messages": list(messages), **options})


def asked(**options: Any) -> dict[str, Any]:
    return said({"role": "user", "content": "hi"}, **options)


def refusal(**options: Any) -> str:
    with pytest.raises(ProviderError) as caught:
        asked(**options)
    assert caught.value.outcome.kind is OutcomeKind.UNFIT
    return caught.value.outcome.message


def text(content: str) -> dict[str, str]:
    return {"type": "text", "text": content}


@pytest.mark.parametrize(
    "system", ["one\n\ntwo", [{**text("one"), "cache_control": {"type": "ephemeral"}}, text("two")]]
)
def test_the_system_text_comes_first(system: Any) -> None:
    assert asked(system=system)["messages"] == [
        {"role": "system", "content": "one\n\ntwo"},
        {"role": "user", "content": "hi"},
    ]


def test_a_system_message_stays_in_its_place() -> None:
    body = said(
        {"role": "user", "content": "a"},
        {"role": "system", "content": [text("now in French")]},
        {"role": "user", "content": "b"},
    )

    assert [message["role"] for message in body["messages"]] == ["user", "system", "user"]


def test_a_conversation_with_tools_keeps_its_calls_and_results() -> None:
    body = said(
        {"role": "user", "content": [text("weather?")]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                text("Let me "),
                text("see."),
                {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Rome"}},
                {"type": "tool_use", "id": "t2", "name": "now", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "sunny"},
                {
                    "type": "tool_result",
                    "tool_use_id": "t2",
                    "content": [text("no"), text("clock")],
                    "is_error": True,
                },
                text("thanks"),
            ],
        },
    )

    assert body["messages"] == [
        {"role": "user", "content": "weather?"},
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}},
                {"id": "t2", "type": "function", "function": {"name": "now", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "t2", "content": "Error: no\nclock"},
        {"role": "user", "content": "thanks"},
    ]


def test_images_of_a_tool_follow_its_text_as_the_users() -> None:
    body = said(
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [text("done"), PIXEL]},
                {"type": "tool_result", "tool_use_id": "t2"},
            ],
        }
    )

    assert body["messages"] == [
        {"role": "tool", "tool_call_id": "t1", "content": "done"},
        {"role": "tool", "tool_call_id": "t2", "content": ""},
        {
            "role": "user",
            "content": [
                text("Images from the tool call t1:"),
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ],
        },
    ]


def test_images_are_passed_by_link_or_as_data() -> None:
    [message] = said({"role": "user", "content": [text("what?"), PIXEL, LINK]})["messages"]

    assert message["content"] == [
        text("what?"),
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
    ]


def test_a_turn_of_nothing_but_thoughts_is_left_out() -> None:
    body = said(
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}]},
        {"role": "user", "content": "b"},
    )

    assert [message["role"] for message in body["messages"]] == ["user", "user"]


def test_options_are_translated() -> None:
    body = asked(
        max_tokens=9,
        temperature=0.5,
        top_p=0.9,
        stop_sequences=["END"],
        metadata={"user_id": "u1"},
        thinking={"type": "enabled", "budget_tokens": 1024},
        output_config={"effort": "high", "format": {"type": "json_schema", "schema": WEATHER}},
        service_tier="auto",
        cache_control={"type": "ephemeral"},
        mcp_servers=[],
        container=None,
        stream=True,
        model="x",
    )

    del body["messages"]
    assert body == {
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
        "user": "u1",
        "reasoning_effort": "high",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": WEATHER},
        },
    }


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, {}),
        ({"type": "auto"}, {"tool_choice": "auto"}),
        ({"type": "none"}, {"tool_choice": "none"}),
        ({"type": "any"}, {"tool_choice": "required"}),
        (
            {"type": "tool", "name": "w", "disable_parallel_tool_use": True},
            {"tool_choice": {"type": "function", "function": {"name": "w"}}, "parallel_tool_calls": False},
        ),
        ({"type": "auto", "disable_parallel_tool_use": False}, {"tool_choice": "auto"}),
    ],
)
def test_tools_and_their_choice_are_translated(choice: Any, expected: dict[str, Any]) -> None:
    tools = [
        {
            "name": "w",
            "description": "d",
            "input_schema": WEATHER,
            "strict": True,
            "cache_control": {"type": "ephemeral"},
            "allowed_callers": ["direct"],
        },
        {"type": "custom", "name": "bare", "input_schema": WEATHER},
    ]
    body = asked(tools=tools, tool_choice=choice)

    assert body.pop("tools") == [
        {"type": "function", "function": {"name": "w", "parameters": WEATHER, "description": "d", "strict": True}},
        {"type": "function", "function": {"name": "bare", "parameters": WEATHER}},
    ]
    del body["messages"]
    assert body == expected


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"top_k": 5}, "top_k"),
        ({"mcp_servers": [{"name": "x"}]}, "mcp_servers"),
        ({"container": "c"}, "container"),
        ({"context_management": {"edits": []}}, "context_management"),
        ({"inference_geo": "eu"}, "inference_geo"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"stop_sequences": ["a", "b", "c", "d", "e"]}, "stop_sequences"),
        ({"stop_sequences": "x"}, "stop_sequences"),
        ({"tools": "x"}, "tools"),
        ({"tools": [17]}, "tools"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools"),
        ({"tools": [{"name": "x", "defer_loading": True}]}, "tools"),
        ({"tools": [{"name": "x", "allowed_callers": ["code_execution_20260120"]}]}, "tools"),
        ({"tools": [{"name": "x"}], "tool_choice": {"type": "x"}}, "tool_choice"),
        ({"output_config": 17}, "output_config"),
        ({"output_config": {"task_budget": 1}}, "output_config"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format"),
        ({"system": [PIXEL]}, "image"),
        ({"system": 17}, "system"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [17]}, "role"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "role"),
        ({"messages": [{"role": "user", "content": 17}]}, "content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "content"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, "end with"),
        ({"messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]}, "document"),
        ({"messages": [{"role": "user", "content": [{"type": "search_result"}]}]}, "search_result"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file"}}]}]},
            "images",
        ),
        ({"messages": [{"role": "assistant", "content": [{"type": "server_tool_use"}]}]}, "server_tool_use"),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "document"}]},
                        ],
                    }
                ]
            },
            "document",
        ),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_what_the_dialect_cannot_say_is_refused_by_name(options: dict[str, Any], named: str) -> None:
    assert named in refusal(**options)


@pytest.mark.parametrize(
    ("thinking", "wanted"),
    [
        (None, False),
        ({"type": "disabled"}, False),
        ({"type": "adaptive", "display": "omitted"}, False),
        ({"type": "adaptive"}, True),
        ({"type": "enabled", "budget_tokens": 1024}, True),
        (17, False),
    ],
)
def test_thoughts_are_told_to_those_who_asked_for_them(thinking: Any, *, wanted: bool) -> None:
    assert wants_thoughts({"thinking": thinking}) is wanted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "source", "name", "input", "id", "tool_use_id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["messages", "tools", "tool_choice", "stop_sequences", "system", "output_config", "metadata", "thinking", "x"]
)
BLOCKS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "image", "tool_use", "tool_result", "thinking"])},
        optional={"text": JSON, "source": JSON, "id": st.text(), "name": st.text(), "input": JSON, "content": JSON},
    ),
    max_size=3,
)
TURNS = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": JSON | BLOCKS}),
    max_size=3,
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(FIELDS, JSON, max_size=5) | st.fixed_dictionaries({"messages": TURNS}))
def test_any_request_is_translated_or_refused(request: dict[str, Any]) -> None:
    with suppress(ProviderError):
        json.dumps(to_chat_request(request))
