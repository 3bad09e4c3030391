"""Chat completions, whole and streamed, become messages that Anthropic's official client can read."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from hive_console.adapters.providers.foreign_thoughts import UNSIGNED
from hive_console.adapters.providers.openai import OpenAIForAnthropic
from hive_console.adapters.providers.openai_stream import OpenAIReader
from hive_console.adapters.providers.sse import EventSplitter, ServerEvent
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Task, Usage

CODEC = OpenAIForAnthropic()
MODEL = ModelSettings("house-gpt", "openai", "https://x.invalid/v1", "gpt-wire")
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def task(*, thinks: bool) -> Task:
    return Task("m", THINKING if thinks else {}, dialect=Dialect.ANTHROPIC)


def translated(body: bytes, *, thinks: bool = False) -> tuple[dict[str, Any], Usage | None]:
    answer, usage = CODEC.answer(body, model=MODEL, task=task(thinks=thinks), veil=Veil(), now=0.0)
    decoded: dict[str, Any] = json.loads(answer)
    Message.model_validate(decoded)
    return decoded, usage


def answered(finish: str = "stop", *, thinks: bool = False, **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": finish}
    return translated(json.dumps({"id": "c1", "model": "gpt-wire", "choices": [choice]}).encode(), thinks=thinks)[0]


def call(at: int, arguments: Any, **more: Any) -> dict[str, Any]:
    return {
        "index": at,
        "id": f"t{at}",
        "type": "function",
        "function": {"name": "w", "arguments": arguments},
        **more,
    }


def test_a_completion_becomes_a_message() -> None:
    completion = {
        "id": "c1",
        "model": "gpt-wire",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
    }

    message, usage = translated(json.dumps(completion).encode())

    assert message == {
        "id": "c1",
        "type": "message",
        "role": "assistant",
        "model": "house-gpt",
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 6,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 4,
            "output_tokens": 2,
        },
    }
    assert usage == Usage(10, 2)


def test_tool_calls_get_their_arguments_parsed() -> None:
    calls = [call(0, '{"city":"Rome"}'), call(1, ""), call(2, {"a": 1}), call(3, "{}", id=None)]

    message = answered("tool_calls", content="see", tool_calls=calls)

    assert message["content"][0] == {"type": "text", "text": "see"}
    assert [(block["id"], block["input"]) for block in message["content"][1:]] == [
        ("t0", {"city": "Rome"}),
        ("t1", {}),
        ("t2", {"a": 1}),
        ("toolu_c1_3", {}),
    ]
    assert message["stop_reason"] == "tool_use"


def test_half_an_emoji_in_arguments_is_passed_on() -> None:
    message = answered("tool_calls", tool_calls=[call(0, '{"a":"\\ud83d"}')])

    assert message["content"][0]["input"] == {"a": "\ud83d"}


@pytest.mark.parametrize("arguments", ["[1]", "{", '"x"', "[" * 100_000, 17])
def test_a_call_with_what_is_no_object_is_malformed(arguments: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        answered("tool_calls", tool_calls=[call(0, arguments)])

    assert caught.value.outcome.kind is OutcomeKind.MALFORMED


def test_a_call_that_the_token_limit_cut_is_left_out() -> None:
    message = answered("length", content="a", tool_calls=[call(0, "{}"), call(1, '{"city":"Ro')])

    assert [block["type"] for block in message["content"]] == ["text", "tool_use"]
    assert message["stop_reason"] == "max_tokens"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_are_told_when_asked_for_and_marked_as_unsigned(field: str) -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": UNSIGNED}

    assert answered(thinks=True, content="a", **{field: "hm"})["content"] == [
        thought,
        {"type": "text", "text": "a"},
    ]
    assert answered(thinks=False, content="a", **{field: "hm"})["content"] == [{"type": "text", "text": "a"}]


@pytest.mark.parametrize(
    ("finish", "calls", "expected"),
    [
        ("stop", [], "end_turn"),
        ("stop", [call(0, "{}")], "tool_use"),  # OpenAI, where a tool was forced
        ("length", [], "max_tokens"),
        ("content_filter", [], "refusal"),
        ("function_call", [], "tool_use"),
        ("eos", [], "end_turn"),
    ],
)
def test_the_reason_of_the_end_is_translated(finish: str, calls: list[Any], expected: str) -> None:
    assert answered(finish, content="a", tool_calls=calls or None)["stop_reason"] == expected


def test_refusals_and_texts_in_parts_are_text() -> None:
    assert answered(refusal="No.")["content"] == [{"type": "text", "text": "No."}]
    assert answered(content=[{"type": "text", "text": "a"}, {"type": "x"}, 17])["content"] == [
        {"type": "text", "text": "a"}
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error":{"type":"overloaded_error"}}', OutcomeKind.OVERLOADED),
        (b'{"choices":[]}', OutcomeKind.MALFORMED),
        (b'{"choices":[{}]}', OutcomeKind.MALFORMED),
        (b'{"choices":[{"message":{}}]}', OutcomeKind.MALFORMED),
        (b"<html>", OutcomeKind.MALFORMED),
        (b"", OutcomeKind.MALFORMED),
    ],
)
def test_what_is_no_completion_is_classified(body: bytes, kind: OutcomeKind) -> None:
    with pytest.raises(ProviderError) as caught:
        translated(body)

    assert caught.value.outcome.kind is kind


def reader(*, thinks: bool = False) -> OpenAIReader:
    return CODEC.reader(model=MODEL, task=task(thinks=thinks), veil=Veil(), now=0.0)


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "c1", "model": "gpt-wire", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}


def streamed(
    *chunks: dict[str, Any] | str, thinks: bool = False, done: bool = True
) -> tuple[list[dict[str, Any]], list[bool]]:
    """The events of the whole stream, and which of the provider's said something."""
    reading = reader(thinks=thinks)
    frames = [piece if isinstance(piece, str) else f"data: {json.dumps(piece)}\n\n" for piece in chunks]
    wire = "".join(frames) + ("data: [DONE]\n\n" if done else "")
    told = [reading.feed(event) for event in EventSplitter().feed(wire.encode())]
    out = b"".join(data for data, _ in told) + reading.finish()
    assert reading.is_done
    events = []
    for event in EventSplitter().feed(out):
        if event.data is not None:
            decoded = json.loads(event.data)
            assert event.name == decoded["type"]
            if event.name != "ping":
                EVENT.validate_json(event.data)
            events.append(decoded)
    return events, [has_content for _, has_content in told]


def accumulated(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The content as a client puts it together; checks that blocks open, go on and close in order."""
    blocks: list[dict[str, Any]] = []
    closed: set[int] = set()
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append({**event["content_block"], "json": ""})
        elif event["type"] == "content_block_delta":
            assert event["index"] not in closed
            delta, block = event["delta"], blocks[event["index"]]
            match delta["type"]:
                case "text_delta":
                    block["text"] += delta["text"]
                case "thinking_delta":
                    block["thinking"] += delta["thinking"]
                case "signature_delta":
                    block["signature"] = delta["signature"]
                case "input_json_delta":
                    block["json"] += delta["partial_json"]
        elif event["type"] == "content_block_stop":
            closed.add(event["index"])
    assert closed == set(range(len(blocks)))
    for block in blocks:
        written = block.pop("json")
        if block["type"] == "tool_use":
            block["input"] = json.loads(written or "{}")
    return blocks


def test_a_streamed_text_becomes_events() -> None:
    events, has_content = streamed(
        chunk(role="assistant", content=""), chunk(content="hel"), chunk(content="lo"), chunk("stop"), USAGE
    )

    assert [event["type"] for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert (events[0]["message"]["id"], events[0]["message"]["model"]) == ("c1", "house-gpt")
    assert accumulated(events) == [{"type": "text", "text": "hello"}]
    assert events[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert (events[-2]["usage"]["input_tokens"], events[-2]["usage"]["output_tokens"]) == (5, 7)
    assert has_content == [False, True, True, True, False, False]


def test_streamed_thoughts_text_and_tools_become_blocks() -> None:
    events, _ = streamed(
        chunk(reasoning_content="h"),
        chunk(reasoning="m"),
        chunk(content="I see."),
        chunk(tool_calls=[call(0, "")]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"city":'}}]),
        chunk(tool_calls=[call(1, ""), {"index": 0, "function": {"arguments": '"Rome"}'}}]),
        chunk("tool_calls"),
        thinks=True,
    )

    assert accumulated(events) == [
        {"type": "thinking", "thinking": "hm", "signature": UNSIGNED},
        {"type": "text", "text": "I see."},
        {"type": "tool_use", "id": "t0", "name": "w", "input": {"city": "Rome"}},
        {"type": "tool_use", "id": "t1", "name": "w", "input": {}},
    ]
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


def test_calls_without_a_number_are_told_apart_by_their_ids() -> None:
    events, _ = streamed(
        chunk(tool_calls=[{"id": "a", "function": {"name": "f", "arguments": "{"}}]),
        chunk(tool_calls=[{"function": {"arguments": "}"}}]),
        chunk(tool_calls=[{"id": "b", "function": {"name": "g", "arguments": {"x": 1}}}]),
        chunk("stop"),
    )

    assert [(block["id"], block["input"]) for block in accumulated(events)] == [("a", {}), ("b", {"x": 1})]


def test_thoughts_that_nobody_asked_for_are_a_sign_of_life() -> None:
    events, has_content = streamed(chunk(reasoning_content="hm"), chunk(content="a"), chunk("stop"))

    assert [event["type"] for event in events][:2] == ["message_start", "ping"]
    assert accumulated(events) == [{"type": "text", "text": "a"}]
    assert has_content[0]


def test_keep_alives_are_pings_once_the_message_has_begun() -> None:
    reading = reader()
    first, second = EventSplitter().feed(b": wait\n\n: wait\n\n")
    [start] = EventSplitter().feed(f"data: {json.dumps(chunk(role='assistant'))}\n\n".encode())

    assert reading.feed(first) == (b": ping\n\n", False)
    reading.feed(start)
    assert reading.feed(second) == (b'event: ping\ndata: {"type":"ping"}\n\n', False)


def test_a_stream_that_closes_after_its_finish_reason_is_whole() -> None:
    events, _ = streamed(chunk(content="a"), chunk("length"), done=False)

    assert events[-2]["delta"]["stop_reason"] == "max_tokens"


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        (({"error": {"type": "overloaded_error"}},), OutcomeKind.OVERLOADED),
        (("event: error\ndata: {}\n\n",), OutcomeKind.SERVER_ERROR),
        (("data: [DONE]\n\n",), OutcomeKind.MALFORMED),
        ((chunk(role="assistant"), "data: [DONE]\n\n"), OutcomeKind.MALFORMED),
        (("data: x\n\n",), OutcomeKind.MALFORMED),
        ((), OutcomeKind.STREAM_CUT),
        ((chunk(content="a"),), OutcomeKind.STREAM_CUT),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_stream_that_goes_wrong_is_classified(chunks: tuple[Any, ...], kind: OutcomeKind) -> None:
    with pytest.raises(ProviderError) as caught:
        streamed(*chunks, done=False)

    assert caught.value.outcome.kind is kind


SAID = st.lists(
    st.tuples(st.sampled_from(["text", "thinking", "tool"]), st.text(min_size=1, max_size=5), st.integers(0, 2)),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=150)
@given(SAID)
def test_nothing_that_is_streamed_is_lost_or_moved_between_blocks(said: list[tuple[str, str, int]]) -> None:
    chunks: list[dict[str, Any]] = []
    tools: dict[int, str] = {}
    for kind, word, at in said:
        if kind == "text":
            chunks.append(chunk(content=word))
        elif kind == "thinking":
            chunks.append(chunk(reasoning_content=word))
        else:
            opening = {} if at in tools else {"id": f"t{at}"}
            function = {"name": "f", "arguments": word} if opening else {"arguments": word}
            chunks.append(chunk(tool_calls=[{"index": at, **opening, "function": function}]))
            tools[at] = tools.get(at, "") + word

    reading = reader(thinks=True)
    out = b""
    for piece in [*chunks, chunk("stop")]:
        [event] = EventSplitter().feed(f"data: {json.dumps(piece)}\n\n".encode())
        out += reading.feed(event)[0]
    out += reading.finish()
    events = [json.loads(event.data) for event in EventSplitter().feed(out) if event.data]

    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(delta.get("text", "") for delta in deltas) == "".join(w for k, w, _ in said if k == "text")
    assert "".join(delta.get("thinking", "") for delta in deltas) == "".join(
        word for kind, word, _ in said if kind == "thinking"
    )
    names = {
        event["index"]: event["content_block"]["id"]
        for event in events
        if event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use"
    }
    written = dict.fromkeys(names.values(), "")
    for event in events:
        if event["type"] == "content_block_delta" and event["delta"]["type"] == "input_json_delta":
            written[names[event["index"]]] += event["delta"]["partial_json"]
    assert written == {f"t{at}": arguments for at, arguments in tools.items()}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "delta", "content", "tool_calls", "function", "arguments", "index", "id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=100)
@given(JSON, st.sampled_from(["choices", "usage", "error", "id"]))
def test_any_answer_and_any_chunk_is_translated_or_classified(value: Any, field: str) -> None:
    body = json.dumps({"choices": [{"message": value, "delta": value}], field: value}).encode()

    with suppress(ProviderError):
        translated(body)
    with suppress(ProviderError):
        reader().feed(ServerEvent(b"", "", body))
