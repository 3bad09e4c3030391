"""The official clients put translated streams together, helpers and all; no network, only their own code."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx2
import openai

from hive_console.adapters.providers.codecs import CODECS
from hive_console.adapters.providers.sse import EventSplitter
from hive_console.adapters.providers.veil import Veil
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Task, Work

MODEL = ModelSettings("house", "provider", "https://x.invalid/v1", "wire")
THINKING = {"type": "enabled", "budget_tokens": 1024}


def client_for(wire: str, caller: Dialect, model: Dialect, request: dict[str, Any]) -> httpx2.Client:
    """An HTTP client whose every answer is the provider's stream `wire`, translated for the caller."""
    task = Task("m", request, dialect=caller)
    reader = CODECS[caller, model, Work.CHAT].reader(model=MODEL, task=task, veil=Veil(), now=1.0)
    body = b"".join(reader.feed(event)[0] for event in EventSplitter().feed(wire.encode())) + reader.finish()
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    )
    return httpx2.Client(transport=transport)


def chunk(finish: str | None = None, **delta: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({'id': 'c1', 'model': 'wire', 'choices': [choice]})}\n\n"


def call(at: int, arguments: str, **opening: Any) -> dict[str, Any]:
    name = {"name": "weather"} if opening else {}
    return {"index": at, **opening, "function": {**name, "arguments": arguments}}


def test_anthropics_client_reads_the_stream_of_an_openai_model() -> None:
    usage = json.dumps({"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}})
    wire = "".join(
        (
            chunk(role="assistant"),
            ": keep-alive\n\n",
            chunk(reasoning_content="The user wants"),
            chunk(reasoning_content=" the weather."),
            chunk(content="Let me "),
            chunk(content="see."),
            chunk(tool_calls=[call(0, "", id="t0"), call(1, "", id="t1")]),
            chunk(tool_calls=[call(0, '{"city":')]),
            chunk(tool_calls=[call(1, '{"city":"Oslo"}'), call(0, '"Rome"}')]),
            chunk("tool_calls"),
            f"data: {usage}\n\ndata: [DONE]\n\n",
        )
    )
    with (
        client_for(wire, Dialect.ANTHROPIC, Dialect.OPENAI, {"thinking": THINKING}) as http,
        anthropic.Anthropic(api_key="k", base_url="http://x.invalid", http_client=http) as client,
        client.messages.stream(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "weather?"}]
        ) as stream,
    ):
        text = "".join(stream.text_stream)
        message = stream.get_final_message()

    assert text == "Let me see."
    assert (message.model, message.stop_reason) == ("house", "tool_use")
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert [block.input for block in message.content if block.type == "tool_use"] == [
        {"city": "Rome"},
        {"city": "Oslo"},
    ]
    assert (message.usage.input_tokens, message.usage.output_tokens) == (11, 7)


def event(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


def test_openais_client_reads_the_stream_of_an_anthropic_model() -> None:
    head = {"id": "msg_1", "model": "wire", "content": [], "usage": {"input_tokens": 11, "output_tokens": 1}}
    wire = "".join(
        (
            event("message_start", message=head),
            event("ping"),
            event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Let me see."}),
            event("content_block_stop", index=0),
            event(
                "content_block_start", index=1, content_block={"type": "tool_use", "id": "t0", "name": "weather"}
            ),
            event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": '{"city":'}),
            event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": '"Rome"}'}),
            event("content_block_stop", index=1),
            event("content_block_start", index=2, content_block={"type": "tool_use", "id": "t1", "name": "now"}),
            event("content_block_stop", index=2),
            event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 7}),
            event("message_stop"),
        )
    )
    request = {"stream_options": {"include_usage": True}}
    with (
        client_for(wire, Dialect.OPENAI, Dialect.ANTHROPIC, request) as http,
        openai.OpenAI(api_key="k", base_url="http://x.invalid/v1", http_client=http) as client,
        client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "weather?"}]) as stream,
    ):
        completion = stream.get_final_completion()

    message = completion.choices[0].message
    assert (completion.model, completion.choices[0].finish_reason, message.content) == (
        "house",
        "tool_calls",
        "Let me see.",
    )
    calls = [tool.function for tool in message.tool_calls or ()]
    assert [(function.name, function.arguments) for function in calls] == [
        ("weather", '{"city":"Rome"}'),
        ("now", "{}"),
    ]
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (11, 7)
