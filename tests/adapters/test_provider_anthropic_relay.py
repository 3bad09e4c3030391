"""What Anthropic clients get from models of their own dialect: the bytes that came, under our name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hive_console.adapters.providers.anthropic_relay import AnthropicRelay, AnthropicRelayReader
from hive_console.adapters.providers.foreign_thoughts import UNSIGNED
from hive_console.adapters.providers.sse import EventSplitter
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import OutcomeKind
from hive_console.core.raw_body import RawBody
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Task, Usage, Work

MODEL = ModelSettings("house-claude", "anthropic", "https://x.invalid/v1", "claude-wire", dialect=Dialect.ANTHROPIC)
MESSAGES, COUNT = AnthropicRelay(Work.CHAT), AnthropicRelay(Work.COUNT)


def task(request: Any = None, *options: tuple[str, str]) -> Task:
    body = RawBody(request) if isinstance(request, bytes) else request or {}
    return Task("m", body, dialect=Dialect.ANTHROPIC, options=options)


def answer(body: bytes, codec: AnthropicRelay = MESSAGES) -> tuple[bytes, Usage | None]:
    return codec.answer(body, model=MODEL, task=task(), veil=Veil(), now=0.0)


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def start(**message: Any) -> bytes:
    return event("message_start", message={"id": "msg_1", "model": "claude-wire", "content": [], **message})


def delta(**fields: Any) -> bytes:
    return event("content_block_delta", index=0, delta=fields)


def ended(reason: str | None = "end_turn", **usage: int) -> bytes:
    return event("message_delta", delta={"stop_reason": reason}, usage=usage)


STOP = event("message_stop")
TEXT = delta(type="text_delta", text="hi")


def relayed(*events: bytes) -> tuple[bytes, list[bool], AnthropicRelayReader]:
    reader = MESSAGES.reader(model=MODEL, task=task(), veil=Veil(), now=0.0)
    told = [reader.feed(event) for event in EventSplitter().feed(b"".join(events))]
    return b"".join(data for data, _ in told), [has_content for _, has_content in told], reader


def test_a_message_is_relayed_under_our_name() -> None:
    body = (
        b'{ "id":"msg_1", "model": "claude-wire", "content": [{"type":"text","text":"a"},'
        b'{"type":"tool_use","id":"t","name":"w","input":{"x":1.50}}], "usage": {"input_tokens":1,'
        b'"cache_read_input_tokens":10,"cache_creation_input_tokens":100,"output_tokens":2}}'
    )

    assert answer(body) == (body.replace(b"claude-wire", b"house-claude"), Usage(111, 2))


def test_a_message_with_another_model_in_a_tools_input_is_renamed_at_the_top_only() -> None:
    came, _ = answer(b'{"content":[{"type":"tool_use","input":{"model":"x"}}],"model":"claude-wire"}')

    assert json.loads(came) == {"content": [{"type": "tool_use", "input": {"model": "x"}}], "model": "house-claude"}


def test_an_empty_turn_with_a_reason_is_an_answer() -> None:
    assert answer(b'{"content":[],"stop_reason":"end_turn"}')[1] is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", OutcomeKind.MALFORMED),
        (b"<html>", OutcomeKind.MALFORMED),
        (b"{}", OutcomeKind.MALFORMED),
        (b'{"content":[]}', OutcomeKind.MALFORMED),
        (b'{"content":[{"x":"\xff"}],"stop_reason":"end_turn"}', OutcomeKind.MALFORMED),
        (b'{"type":"error","error":{"type":"overloaded_error"}}', OutcomeKind.OVERLOADED),
    ],
)
def test_what_is_no_message_is_classified(body: bytes, kind: OutcomeKind) -> None:
    with pytest.raises(ProviderError) as caught:
        answer(body)

    assert caught.value.outcome.kind is kind


def test_a_count_is_relayed_as_it_is() -> None:
    assert answer(b'{ "input_tokens": 14 }', COUNT) == (b'{ "input_tokens": 14 }', None)


@pytest.mark.parametrize("body", [b"{}", b'{"input_tokens":"x"}', b'{"input_tokens":-1}'])
def test_an_answer_without_a_count_is_none(body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        answer(body, COUNT)

    assert caught.value.outcome.kind is OutcomeKind.MALFORMED


def test_a_count_is_asked_for_where_it_is_made() -> None:
    asked = COUNT.request(MODEL, task(b'{"model":"m","messages":[]}'), key="k", stream=False)

    assert (asked.url, asked.body) == (
        "https://x.invalid/v1/messages/count_tokens",
        b'{"model":"claude-wire","messages":[]}',
    )


def test_version_and_betas_of_the_client_go_along_and_nothing_else() -> None:
    options = (
        ("anthropic-version", "2023-01-01"),
        ("anthropic-beta", "files-api-2025-04-14,mcp-client-2025-11-20"),
        ("x-api-key", "other"),
        ("authorization", "other"),
    )

    headers = MESSAGES.request(MODEL, task(b"{}", *options), key="k", stream=True).headers

    assert headers == {
        "anthropic-version": "2023-01-01",
        "anthropic-beta": "files-api-2025-04-14,mcp-client-2025-11-20",
        "x-api-key": "k",
        "content-type": "application/json",
        "accept": "text/event-stream",
    }


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "é", "x" * 1025])
def test_a_header_that_could_harm_is_left_out(value: str) -> None:
    request = MESSAGES.request(MODEL, task(b"{}", ("anthropic-beta", value)), key=None, stream=False)

    assert "anthropic-beta" not in request.headers
    assert request.headers["anthropic-version"] == "2023-06-01"


def test_events_are_relayed_with_their_names_and_ours() -> None:
    sent = [
        start(usage={"input_tokens": 5, "output_tokens": 1}),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        event("ping"),
        b": comment\n\n",
        TEXT,
        delta(type="citations_delta", citation={}),
        event("content_block_stop", index=0),
        ended(output_tokens=7),
        STOP,
    ]

    came, has_content, reader = relayed(*sent)

    assert came == b"".join(sent).replace(b"claude-wire", b"house-claude")
    assert has_content == [False, False, False, False, True, True, False, True, False]
    assert reader.is_done
    assert reader.usage == Usage(5, 7)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (delta(type="thinking_delta", thinking="hm"), True),
        (delta(type="thinking_delta", thinking=""), False),
        (delta(type="signature_delta", signature="s"), False),
        (delta(type="input_json_delta", partial_json=""), False),
        (delta(type="input_json_delta", partial_json="{"), True),
        (delta(type="text_delta", text=""), False),
        (event("content_block_start", index=0, content_block={"type": "tool_use", "name": "w"}), True),
        (event("content_block_start", index=0, content_block={"type": "redacted_thinking", "data": "x"}), True),
        (event("content_block_start", index=0, content_block={"type": "text", "text": "a"}), True),
        (event("content_block_start", index=0), False),
        (event("content_block_delta", index=0), False),
        (event("message_delta", delta={}), False),
        (event("message_delta"), False),
        (event("yet_unknown"), False),
    ],
)
def test_what_the_model_says_is_content(sent: bytes, *, says: bool) -> None:
    assert relayed(sent)[:2] == (sent, [says])


@pytest.mark.parametrize("name", [{}, {"model": None}, {"model": "x", "nested": {"model": "y"}}])
def test_a_message_gets_our_name_however_it_was_named(name: dict[str, Any]) -> None:
    sent = event("message_start", message={"id": "msg_1", **name})

    came, _, _ = relayed(sent)

    [start] = EventSplitter().feed(came)
    assert start.data is not None
    assert start.name == "message_start"
    assert json.loads(start.data)["message"] == {"id": "msg_1", **name, "model": "house-claude"}


def test_a_stream_that_closes_after_its_stop_reason_gets_its_end() -> None:
    _, _, reader = relayed(start(), TEXT, ended())

    assert reader.finish() == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    assert reader.is_done
    assert reader.finish() == b""


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ((event("error", error={"type": "overloaded_error"}),), OutcomeKind.OVERLOADED),
        ((b"event: error\ndata: {}\n\n",), OutcomeKind.SERVER_ERROR),
        ((start(), STOP), OutcomeKind.MALFORMED),
        ((b"data: x\n\n",), OutcomeKind.MALFORMED),
        ((event("message_start"),), OutcomeKind.MALFORMED),
        ((start(),), OutcomeKind.STREAM_CUT),
        ((start(), TEXT), OutcomeKind.STREAM_CUT),
        ((start(), TEXT, ended(None)), OutcomeKind.STREAM_CUT),
    ],
)
def test_a_stream_that_goes_wrong_is_classified(events: tuple[bytes, ...], kind: OutcomeKind) -> None:
    with pytest.raises(ProviderError) as caught:
        relayed(*events)[2].finish()

    assert caught.value.outcome.kind is kind


def sent_for(request: Any) -> Any:
    body = MESSAGES.request(MODEL, task(request), key=None, stream=False).body
    assert body is not None
    return json.loads(body)


THOUGHT = {"type": "thinking", "thinking": "hm", "signature": UNSIGNED}
SIGNED = {"type": "thinking", "thinking": "hm", "signature": "EqQBCg=="}
WORDS = {"type": "text", "text": "a"}


@pytest.mark.parametrize("write", [lambda request: request, lambda request: json.dumps(request).encode()])
def test_thoughts_of_another_model_do_not_come_back_to_anthropics(write: Any) -> None:
    request = {
        "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [THOUGHT, SIGNED, WORDS]},
            {"role": "assistant", "content": [THOUGHT]},
            {"role": "assistant", "content": []},
            17,
        ]
    }

    assert sent_for(write(request))["messages"] == [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": [SIGNED, WORDS]},
        {"role": "assistant", "content": []},
        17,
    ]


@pytest.mark.parametrize("messages", [UNSIGNED, [{"role": "user", "content": UNSIGNED}], [WORDS, 17], None])
def test_a_request_without_such_thoughts_stays_as_it_is(messages: Any) -> None:
    request = {"model": "m", "messages": messages}

    assert sent_for(json.dumps(request).encode()) == {"model": "claude-wire", "messages": messages}
