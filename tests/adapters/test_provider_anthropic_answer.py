"""Messages, whole and streamed, become chat completions that the official client can read."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from anthropic.types import Message as SdkMessage
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from hive_console.adapters.providers.anthropic import AnthropicForOpenAI
from hive_console.adapters.providers.anthropic_stream import AnthropicReader
from hive_console.adapters.providers.sse import EventSplitter, ServerEvent
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Task

NOW = 1_700_000_000.0
CODEC = AnthropicForOpenAI()
MODEL = ModelSettings("house-claude", "anthropic", "https://x.invalid/v1", "claude", dialect=Dialect.ANTHROPIC)
TASK = Task("m", {})


def completed(body: bytes) -> bytes:
    return CODEC.answer(body, model=MODEL, task=TASK, veil=Veil(), now=NOW)[0]


def reader_for(request: dict[str, Any]) -> AnthropicReader:
    return CODEC.reader(model=MODEL, task=Task("m", request), veil=Veil(), now=NOW)


def text(content: str) -> dict[str, str]:
    return {"type": "text", "text": content}


def answered(**message: Any) -> dict[str, Any]:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [text("hello")],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 2},
        **message,
    }
    SdkMessage.model_validate(body)  # what we feed is what the provider's own client reads
    answer = completed(json.dumps(body).encode())
    ChatCompletion.model_validate_json(answer)  # what comes out is what the other's client reads
    decoded: dict[str, Any] = json.loads(answer)
    return decoded


def test_a_message_becomes_a_completion() -> None:
    assert answered() == {
        "id": "msg_1",
        "object": "chat.completion",
        "created": int(NOW),
        "model": "house-claude",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "hello"},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 1,
            "completion_tokens": 2,
            "total_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }


def test_tool_calls_and_thoughts_become_a_completion() -> None:
    answer = answered(
        content=[
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Rome"}},
        ],
        stop_reason="tool_use",
    )

    [choice] = answer["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"] == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "hm",
        "tool_calls": [
            {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}
        ],
    }


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("max_tokens", "length"), ("stop_sequence", "stop"), ("refusal", "content_filter"), ("pause_turn", "stop")],
)
def test_the_reason_of_the_end_is_translated(reason: str, expected: str) -> None:
    assert answered(stop_reason=reason)["choices"][0]["finish_reason"] == expected


def test_what_came_from_a_cache_counts_as_prompt() -> None:
    usage = answered(
        usage={
            "input_tokens": 1,
            "output_tokens": 2,
            "cache_read_input_tokens": 10,
            "cache_creation_input_tokens": 100,
        }
    )["usage"]

    assert (usage["prompt_tokens"], usage["total_tokens"]) == (111, 113)
    assert usage["prompt_tokens_details"] == {"cached_tokens": 10}


def test_an_empty_turn_is_an_answer() -> None:
    assert answered(content=[])["choices"][0]["message"] == {"role": "assistant", "content": ""}


def test_an_error_in_an_answer_is_classified() -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'

    with pytest.raises(ProviderError) as caught:
        completed(body)

    assert caught.value.outcome.kind is OutcomeKind.OVERLOADED


START = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "claude", "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}},
}
STOP = {"type": "message_stop"}


def ended(reason: str, tokens: int) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": tokens}}


def delta(index: int, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": fields}


def block(index: int, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": fields}


def streamed(*events: dict[str, Any], usage: bool = False, ends: bool = True) -> tuple[list[Any], list[bool]]:
    reader = reader_for({"stream_options": {"include_usage": usage}})
    wire = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
    told = [reader.feed(event) for event in EventSplitter().feed(wire)]
    if ends:
        told.append((reader.finish(), False))
        assert reader.is_done
    relayed = b"".join(data for data, _ in told)
    chunks: list[Any] = []
    for frame in relayed.removesuffix(b"data: [DONE]\n\n").split(b"\n\n"):
        if frame.startswith(b"data: "):
            ChatCompletionChunk.model_validate_json(frame[6:])
            chunks.append(json.loads(frame[6:]))
    return chunks, [has_content for data, has_content in told if data]


def test_a_streamed_text_becomes_chunks() -> None:
    chunks, has_content = streamed(
        START,
        block(0, type="text", text=""),
        {"type": "ping"},
        delta(0, type="text_delta", text="hel"),
        delta(0, type="text_delta", text="lo"),
        {"type": "content_block_stop", "index": 0},
        ended("end_turn", 7),
        STOP,
    )

    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": ""},
        {"content": "hel"},
        {"content": "lo"},
        {},
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, None, "stop"]
    assert {(chunk["id"], chunk["model"], chunk["created"]) for chunk in chunks} == {
        ("msg_1", "house-claude", int(NOW))
    }
    assert has_content == [False, False, True, True, True, False]  # the second is the ping, the last the end


def test_streamed_tools_and_thoughts_become_chunks() -> None:
    chunks, _ = streamed(
        START,
        block(0, type="thinking", thinking=""),
        delta(0, type="thinking_delta", thinking="hm"),
        delta(0, type="signature_delta", signature="s"),
        block(1, type="tool_use", id="t1", name="weather", input={}),
        delta(1, type="input_json_delta", partial_json=""),
        delta(1, type="input_json_delta", partial_json='{"city":'),
        block(2, type="tool_use", id="t2", name="now", input={}),
        delta(2, type="input_json_delta", partial_json="{}"),
        ended("tool_use", 7),
        STOP,
    )

    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[1:6] == [
        {"reasoning_content": "hm"},
        {
            "tool_calls": [
                {"index": 0, "id": "t1", "type": "function", "function": {"name": "weather", "arguments": ""}}
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]},
        {
            "tool_calls": [
                {"index": 1, "id": "t2", "type": "function", "function": {"name": "now", "arguments": ""}}
            ]
        },
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
    ]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def arguments_of(chunks: list[Any]) -> str:
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    return "".join(call["function"]["arguments"] for delta in deltas for call in delta.get("tool_calls", ()))


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_streamed_call_without_arguments_has_an_empty_object(*, is_closed: bool) -> None:
    closing = [{"type": "content_block_stop", "index": 0}] if is_closed else []

    chunks, _ = streamed(
        START,
        block(0, type="tool_use", id="t1", name="now", input={}),
        delta(0, type="input_json_delta", partial_json=""),
        *closing,
        ended("tool_use", 7),
        STOP,
    )

    assert arguments_of(chunks) == "{}"


def test_a_streamed_call_that_opens_with_its_arguments_keeps_them() -> None:
    opening = block(0, type="tool_use", id="t1", name="weather", input={"city": "Rome"})

    chunks, _ = streamed(START, opening, {"type": "content_block_stop", "index": 0}, ended("tool_use", 7), STOP)

    assert arguments_of(chunks) == '{"city":"Rome"}'


def test_tokens_of_thinking_are_told() -> None:
    usage = answered(usage={"input_tokens": 1, "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 7}})

    assert usage["usage"]["completion_tokens_details"] == {"reasoning_tokens": 7}


def test_odd_usage_breaks_no_answer() -> None:
    body = {"id": "m", "content": [text("a")], "stop_reason": "end_turn", "usage": {"input_tokens": "x"}}

    assert json.loads(completed(json.dumps(body).encode()))["usage"]["total_tokens"] == 0


def test_the_usage_comes_last_when_it_was_asked_for() -> None:
    chunks, _ = streamed(START, delta(0, type="text_delta", text="a"), ended("end_turn", 7), STOP, usage=True)

    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == 12


def test_a_stream_that_closes_after_its_stop_reason_is_whole() -> None:
    chunks, _ = streamed(START, delta(0, type="text_delta", text="a"), ended("end_turn", 7))

    assert len(chunks) == 3


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        (({"type": "error", "error": {"type": "overloaded_error"}},), OutcomeKind.OVERLOADED),
        ((START, STOP), OutcomeKind.MALFORMED),
        ((START,), OutcomeKind.STREAM_CUT),
        ((START, delta(0, type="text_delta", text="a")), OutcomeKind.STREAM_CUT),
        (({"type": "message_start", "message": 17},), OutcomeKind.MALFORMED),
    ],
)
def test_a_stream_that_goes_wrong_is_classified(events: tuple[dict[str, Any], ...], kind: OutcomeKind) -> None:
    with pytest.raises(ProviderError) as caught:
        streamed(*events)

    assert caught.value.outcome.kind is kind


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


@settings(deadline=None, max_examples=50)
@given(JSON, JSON, st.sampled_from(["content", "usage", "stop_reason", "error", "id"]))
def test_any_answer_is_translated_or_classified(value: Any, content: Any, field: str) -> None:
    with suppress(ProviderError):
        completed(json.dumps({"content": content, field: value}).encode())


@settings(deadline=None, max_examples=50)
@given(JSON, st.sampled_from(["index", "message", "content_block", "delta", "usage", "error"]), JSON)
def test_any_event_is_translated_or_classified(value: Any, field: str, kind: Any) -> None:
    for name in (kind, "message_start", "content_block_start", "content_block_delta", "message_delta", "error"):
        event = ServerEvent(b"", "", json.dumps({"type": name, field: value}).encode())
        with suppress(ProviderError):
            reader_for({}).feed(event)
