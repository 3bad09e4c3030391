"""Answers that every client reads are read here too, and relayed byte for byte."""

from __future__ import annotations

import pytest

from hive_console.adapters.providers.openai import OpenAICodec
from hive_console.adapters.providers.sse import EventSplitter
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import OutcomeKind

CODEC = OpenAICodec()

WHOLE = b'{"choices": [{"message": {"role": "assistant", "content": "half \\ud83d"}, "finish_reason": "stop"}]}'


def chunk(delta: bytes, finish: bytes = b"null") -> bytes:
    return b'data: {"choices": [{"delta": {"content": "' + delta + b'"}, "finish_reason": ' + finish + b"}]}\n\n"


def test_emoji_in_two_halves_is_relayed_as_it_came() -> None:
    sent = chunk(b"\\ud83d") + chunk(b"\\ude00") + chunk(b"", b'"stop"') + b"data: [DONE]\n\n"
    reader = CODEC.reader({}, veil=Veil(), now=0.0)

    pieces = [piece for event in EventSplitter().feed(sent) for piece in reader.feed(event)]

    assert b"".join(piece.data for piece in pieces) == sent
    assert [piece.has_content for piece in pieces] == [True, True, True, False]
    assert reader.is_done


def test_answer_that_ends_in_half_an_emoji_is_an_answer() -> None:
    assert CODEC.answer(WHOLE, veil=Veil(), now=0.0) == WHOLE


@pytest.mark.parametrize("body", [WHOLE[:-1], WHOLE.replace(b"half", b"\xff"), b"\\ud83d", b"[" * 100_000])
def test_other_garbage_stays_garbage(body: bytes) -> None:
    with pytest.raises(ProviderError) as refused:
        CODEC.answer(body, veil=Veil(), now=0.0)

    assert refused.value.outcome.kind is OutcomeKind.MALFORMED
