"""What OpenAI clients get from models of their own dialect: the bytes that came, under our name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse

from hive_console.adapters.providers.openai_relay import OpenAIRelay, OpenAIRelayReader
from hive_console.adapters.providers.sse import EventSplitter
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import OutcomeKind
from hive_console.core.raw_body import RawBody
from hive_console.core.settings import ModelSettings
from hive_console.core.task import Task, Usage, Work

MODEL = ModelSettings("house-gpt", "openai", "https://x.invalid/v1?v=2", "gpt-wire")
CHAT, EMBEDDINGS = OpenAIRelay(Work.CHAT), OpenAIRelay(Work.EMBEDDINGS)
TASK = Task("m", {})

WHOLE = b'{"model":"gpt-wire", "choices": [{"message": {"content": "half \\ud83d"}, "finish_reason": "stop"}]}'
OURS = WHOLE.replace(b"gpt-wire", b"house-gpt")


def answer(body: bytes, codec: OpenAIRelay = CHAT) -> tuple[bytes, Usage | None]:
    return codec.answer(body, model=MODEL, task=TASK, veil=Veil(), now=0.0)


def reader() -> OpenAIRelayReader:
    return CHAT.reader(model=MODEL, task=TASK, veil=Veil(), now=0.0)


def relayed(sent: bytes) -> tuple[bytes, list[bool], OpenAIRelayReader]:
    reading = reader()
    told = [reading.feed(event) for event in EventSplitter().feed(sent)]
    return b"".join(data for data, _ in told), [has_content for _, has_content in told], reading


def chunk(delta: bytes, finish: bytes = b"null", model: bytes = b'"model": "gpt-wire", ') -> bytes:
    return (
        b"data: {"
        + model
        + b'"choices": [{"delta": {"content": "'
        + delta
        + b'"}, "finish_reason": '
        + finish
        + b"}]}\n\n"
    )


def sent_for(request: dict[str, Any] | bytes, *, stream: bool = False) -> bytes:
    body = RawBody(request) if isinstance(request, bytes) else request
    sent = CHAT.request(MODEL, Task("m", body), key="k", stream=stream).body
    assert sent is not None
    return sent


def test_emoji_in_two_halves_is_relayed_as_it_came() -> None:
    sent = chunk(b"\\ud83d") + chunk(b"\\ude00") + chunk(b"", b'"stop"') + b"data: [DONE]\n\n"

    came, has_content, reading = relayed(sent)

    assert came == sent.replace(b"gpt-wire", b"house-gpt")
    assert has_content == [True, True, True, False]
    assert reading.is_done


def test_every_chunk_bears_our_name_wherever_the_provider_wrote_its_own() -> None:
    sent = [
        chunk(b"a"),
        chunk(b"a", model=b""),
        chunk(b'say \\"model\\": \\"x\\"'),
        chunk(b"nested", model=b'"x": {"model": "y"}, "model": "gpt-wire", '),
        chunk(b"escaped", model=b'"x": {"model": "y"}, "mod\\u0065l": "gpt-wire", '),
        chunk(b"twice", model=b'"model": "gpt-wire", "model": "other", '),
        chunk(b"null", model=b'"model": null, '),
        b'id: 7\ndata: {"model"\ndata: : "x",\ndata: "choices": []}\n\n',
        b'data: {"choices": [{"delta": {"content": "model"}}], "model": "gpt-wire"}\n\n',
    ]

    came, _, _ = relayed(b"".join(sent))

    for event, raw in zip(EventSplitter().feed(came), sent, strict=True):
        [original] = EventSplitter().feed(raw)
        assert event.data is not None
        assert original.data is not None
        assert json.loads(event.data) == {**json.loads(original.data), "model": "house-gpt"}


def test_what_follows_the_cached_beginning_is_still_searched_for_another_name() -> None:
    sneaky = chunk(b"a")[:-3] + b', "mod\\u0065l": "gpt-wire"}\n\n'

    came, _, _ = relayed(chunk(b"a") + sneaky)

    assert b"gpt-wire" not in came


def test_other_lines_of_an_event_stay() -> None:
    came, _, _ = relayed(b'id: 7\n: note\ndata: {"choices":[{"delta":{"content":"a"}}]}\n\n')

    assert came == b'id: 7\n: note\ndata: {"choices":[{"delta":{"content":"a"}}],"model":"house-gpt"}\n\n'


def test_usage_is_read_and_changes_nothing() -> None:
    sent = (
        chunk(b"a")
        + b'data: {"model":"gpt-wire","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}\n\n'
    )

    came, _, reading = relayed(sent)

    assert came == sent.replace(b"gpt-wire", b"house-gpt")
    assert reading.usage == Usage(5, 2)


@pytest.mark.parametrize("usage", [b"null", b"{}", b"[]", b'{"prompt_tokens":"5"}', b'{"prompt_tokens":-1}', b"17"])
def test_odd_usage_is_none_and_breaks_no_stream(usage: bytes) -> None:
    _, _, reading = relayed(b'data: {"choices":[{"delta":{"content":"a"}}],"usage":' + usage + b"}\n\n")

    assert reading.usage is None


def test_answer_that_ends_in_half_an_emoji_is_an_answer() -> None:
    assert answer(WHOLE) == (OURS, None)


def test_an_answer_without_a_name_gets_ours_and_tells_its_tokens() -> None:
    body = b'{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":4}}'

    assert answer(body) == (body[:-1] + b',"model":"house-gpt"}', Usage(3, 4))


@pytest.mark.parametrize("body", [WHOLE[:-1], WHOLE.replace(b"half", b"\xff"), b"\\ud83d", b"[" * 100_000])
def test_other_garbage_stays_garbage(body: bytes) -> None:
    with pytest.raises(ProviderError) as refused:
        answer(body)

    assert refused.value.outcome.kind is OutcomeKind.MALFORMED


def test_vectors_are_relayed_under_our_name() -> None:
    body = (
        b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.125,1e-7]}],'
        b'"model":"gpt-wire","usage":{"prompt_tokens":8,"total_tokens":8}}'
    )

    came, usage = answer(body, EMBEDDINGS)

    assert came == body.replace(b"gpt-wire", b"house-gpt")
    assert CreateEmbeddingResponse.model_validate_json(came).model == "house-gpt"
    assert usage == Usage(8, 0)


@pytest.mark.parametrize("body", [b'{"data":[]}', b"{}", WHOLE])
def test_an_answer_without_vectors_is_no_embedding(body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        answer(body, EMBEDDINGS)

    assert caught.value.outcome.kind is OutcomeKind.MALFORMED


def test_vectors_are_asked_for_where_they_are_made() -> None:
    asked = EMBEDDINGS.request(MODEL, Task("m", RawBody(b'{"model":"m","input":"x"}')), key=None, stream=False)

    assert (asked.url, asked.body) == ("https://x.invalid/v1/embeddings?v=2", b'{"model":"gpt-wire","input":"x"}')


@pytest.mark.parametrize(
    ("raw", "stream", "expected"),
    [
        (b'{ "model" : "m" , "messages": [1.50] }', False, b'{ "model" : "gpt-wire" , "messages": [1.50] }'),
        (b'{"stream":true,"model":"m"}', True, b'{"stream":true,"model":"gpt-wire"}'),
        (b'{"stream":false,"model":"m"}', False, b'{"stream":false,"model":"gpt-wire"}'),
        (b'{"stream":true,"model":"m","x":1.50}', False, b'{"model":"gpt-wire","x":1.50}'),
        (b'{"model":"m","x":1.50}', True, b'{"model":"gpt-wire","x":1.50,"stream":true}'),
        (b'{"x":1.50}', False, b'{"x":1.50,"model":"gpt-wire"}'),
        (b'{"model":"m","tools":[{"model":"n"}]}', False, b'{"model":"gpt-wire","tools":[{"model":"n"}]}'),
        (b'{"model":"a","model":"b"}', False, b'{"model":"gpt-wire"}'),
        (b'{"mod\\u0065l":"a","t":{"model":"b"}}', False, b'{"model":"gpt-wire","t":{"model":"b"}}'),
        (b'{"model":"a\\"b"}', False, b'{"model":"gpt-wire"}'),
        (b'{"model":17}', False, b'{"model":"gpt-wire"}'),
    ],
)
def test_a_request_keeps_its_bytes(raw: bytes, *, stream: bool, expected: bytes) -> None:
    assert sent_for(raw, stream=stream) == expected


def test_a_request_with_a_key_cut_in_half_is_sent_all_the_same() -> None:
    assert json.loads(sent_for(b'{"model":"m","\\ud83d":1}')) == {"model": "gpt-wire", "\ud83d": 1}


def test_a_decoded_request_is_written_anew() -> None:
    assert json.loads(sent_for({"messages": [], "stream": True}, stream=False)) == {
        "messages": [],
        "model": "gpt-wire",
    }
