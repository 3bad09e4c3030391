"""Chat-completion requests become messages requests; what cannot be said makes a model unfit, by name."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_console.adapters.providers.anthropic_request import to_messages_request
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import OutcomeKind

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}


def said(*messages: dict[str, Any], **options: Any) -> dict[str, Any]:
    return to_messages_request({"messages": list(messages), **options})


def asked(**options: Any) -> dict[str, Any]:
    return said({"role": "user", "content": "hi"}, **options)


def refusal(**options: Any) -> str:
    with pytest.raises(ProviderError) as caught:
        asked(**options)
    assert caught.value.outcome.kind is OutcomeKind.UNFIT
    return caught.value.outcome.message


def text(content: str) -> dict[str, str]:
    return {"type": "text", "text": content}


def test_system_and_developer_messages_become_the_system_text() -> None:
    body = said(
        {"role": "system", "content": "one"},
        {"role": "user", "content": "hi"},
        {"role": "developer", "content": [text("two")]},
    )

    assert body["system"] == "one\n\ntwo"
    assert body["messages"] == [{"role": "user", "content": [text("hi")]}]


def test_neighbouring_turns_of_one_role_become_one() -> None:
    body = said(
        {"role": "user", "content": "a"},
        {"role": "user", "content": [text("b")], "name": "jane"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "c"},
    )

    assert body["messages"] == [{"role": "user", "content": [text("a"), text("b"), text("c")]}]


def test_a_conversation_with_tools_keeps_its_calls_and_results() -> None:
    call = {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}
    bare = {"id": "t2", "type": "function", "function": {"name": "now", "arguments": ""}}
    body = said(
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": None, "tool_calls": [call, bare]},
        {"role": "tool", "tool_call_id": "t1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "t2", "content": ""},
        {"role": "user", "content": "thanks"},
    )

    assert body["messages"][1]["content"] == [
        {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Rome"}},
        {"type": "tool_use", "id": "t2", "name": "now", "input": {}},
    ]
    assert body["messages"][2] == {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": [text("sunny")]},
            {"type": "tool_result", "tool_use_id": "t2"},
            text("thanks"),
        ],
    }


def test_images_are_passed_by_link_or_as_data() -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    [message] = said({"role": "user", "content": parts})["messages"]

    assert [block["source"] for block in message["content"]] == [
        {"type": "url", "url": "https://x/y.png"},
        {"type": "base64", "media_type": "image/png", "data": "AAAA"},
    ]


def test_options_are_translated() -> None:
    body = asked(max_tokens=9, stop="END", temperature=1.7, top_p=0.5, user="u1", seed=3, n=1, logprobs=False)

    del body["messages"]
    assert body == {
        "max_tokens": 9,
        "stop_sequences": ["END"],
        "temperature": 1.0,
        "metadata": {"user_id": "u1"},
    }
    assert (
        asked(max_completion_tokens=5, stop=["a", "b"], top_p=0.5).items()
        >= {
            "max_tokens": 5,
            "stop_sequences": ["a", "b"],
            "top_p": 0.5,
        }.items()
    )
    assert asked()["max_tokens"] == 4096


def test_a_strict_schema_and_the_effort_are_asked_for_of_the_output() -> None:
    strict = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": WEATHER}}

    assert asked(response_format=strict, reasoning_effort="minimal")["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": WEATHER},
    }
    assert "output_config" not in asked(response_format={"type": "text"}, reasoning_effort="none")


def test_a_strict_tool_stays_strict() -> None:
    function = {"name": "w", "parameters": WEATHER, "strict": True}

    [tool] = asked(tools=[{"type": "function", "function": function}])["tools"]

    assert tool == {"name": "w", "input_schema": WEATHER, "strict": True}


def test_a_pdf_becomes_a_document() -> None:
    file = {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}

    [message] = said({"role": "user", "content": [{"type": "file", "file": file}]})["messages"]
    [untitled] = said({"role": "user", "content": [{"type": "file", "file": {**file, "filename": None}}]})[
        "messages"
    ]

    assert message["content"] == [{"type": "document", "source": source, "title": "a.pdf"}]
    assert untitled["content"] == [{"type": "document", "source": source}]


def test_blocks_of_white_space_are_left_out() -> None:
    body = said(
        {"role": "system", "content": " "},
        {"role": "user", "content": [text("\n"), text("a")]},
        {"role": "assistant", "content": " ", "refusal": "\t"},
        {"role": "user", "content": "b"},
    )

    assert "system" not in body
    assert body["messages"] == [{"role": "user", "content": [text("a"), text("b")]}]


def test_a_safety_identifier_stands_in_for_the_user() -> None:
    assert asked(safety_identifier="s")["metadata"] == {"user_id": "s"}
    assert asked(safety_identifier="s", user="u")["metadata"] == {"user_id": "u"}


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (None, None, None),
        ("auto", None, {"type": "auto"}),
        ("none", False, {"type": "none"}),
        ("required", None, {"type": "any"}),
        ({"type": "function", "function": {"name": "w"}}, None, {"type": "tool", "name": "w"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", False, {"type": "any", "disable_parallel_tool_use": True}),
    ],
)
def test_tools_and_their_choice_are_translated(choice: Any, parallel: Any, expected: Any) -> None:
    tools = [
        {"type": "function", "function": {"name": "w", "description": "d", "parameters": WEATHER}},
        {"type": "function", "function": {"name": "bare"}},
    ]
    body = asked(tools=tools, tool_choice=choice, parallel_tool_calls=parallel)

    assert body["tools"] == [
        {"name": "w", "description": "d", "input_schema": WEATHER},
        {"name": "bare", "input_schema": {"type": "object", "properties": {}}},
    ]
    assert body.get("tool_choice") == expected


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}, "not strict"),
        ({"stop": ["END", "\n"]}, "stop"),
        ({"stop": 17}, "stop"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, "end with"),
        ({"messages": [{"role": "assistant", "audio": {"id": "x"}}]}, "audio"),
        ({"messages": [{"role": "assistant", "function_call": {}}]}, "function_call"),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}, "files"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"moderation": {"model": "x"}}, "moderation"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"functions": []}, "functions"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"\x1b[2J": 1}, "␛[2J"),
        ({"tools": {}, "tool_choice": "auto", "temperature": "hot"}, "temperature"),
        ({"tools": [{"type": "custom"}]}, "tools"),
        ({"tools": "x"}, "tools"),
        ({"tools": [{"type": "function", "function": {"name": "w"}}], "tool_choice": {"type": "x"}}, "tool_choice"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [17]}, "role"),
        ({"messages": [{"role": "function", "content": "x"}]}, "role"),
        ({"messages": [{"role": "user", "content": 17}]}, "content"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input_audio"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "content"),
        (
            {"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "image_url",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://x"}}]}]},
            "image",
        ),
        ({"messages": [{"role": "assistant", "tool_calls": [{"type": "custom"}]}]}, "tool_calls"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]}]},
            "arguments",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]},
            "arguments",
        ),
        (
            {
                "messages": [
                    {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}
                ]
            },
            "arguments",
        ),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_what_the_dialect_cannot_say_is_refused_by_name(options: dict[str, Any], named: str) -> None:
    assert named in refusal(**options)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "type", "text", "url", "function", "image_url", "name", "arguments", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["messages", "tools", "tool_choice", "stop", "temperature", "n", "max_tokens", "user", "x"]
)
ROLES = st.sampled_from(["system", "user", "assistant", "tool"])
TURNS = st.lists(
    st.fixed_dictionaries({"role": ROLES, "content": JSON}, optional={"tool_calls": JSON, "refusal": JSON}),
    max_size=3,
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(FIELDS, JSON, max_size=5) | st.fixed_dictionaries({"messages": TURNS}))
def test_any_request_is_translated_or_refused(request: dict[str, Any]) -> None:
    with suppress(ProviderError):
        json.dumps(to_messages_request(request))
