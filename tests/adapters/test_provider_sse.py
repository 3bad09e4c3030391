"""The event splitter gives the same events however the bytes are cut, and never holds more than its cap."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_console.adapters.providers.sse import EventSplitter, EventTooLarge, with_data

STREAM = ': keep-alive\r\n\r\ndata: {"a":\r\ndata: "ä€𝄞"}\r\n\r\nevent: error\ndata:x\n\ndata\r\rid: 7\n\n'.encode()
EVENTS = [
    (b": keep-alive\r\n\r\n", "", None),
    ('data: {"a":\r\ndata: "ä€𝄞"}\r\n\r\n'.encode(), "", '{"a":\n"ä€𝄞"}'.encode()),
    (b"event: error\ndata:x\n\n", "error", b"x"),
    (b"data\r\r", "", b""),
    (b"id: 7\n\n", "", None),
]


def split(*parts: bytes) -> list[tuple[bytes, str, bytes | None]]:
    splitter = EventSplitter()
    return [(event.raw, event.name, event.data) for part in parts for event in splitter.feed(part)]


def test_events_keep_their_bytes_and_give_their_fields() -> None:
    assert split(STREAM) == EVENTS


def test_events_are_the_same_byte_by_byte() -> None:
    assert split(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == EVENTS


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_events_are_the_same_for_every_cut(cuts: list[int]) -> None:
    marks = [0, *sorted(cuts), len(STREAM)]

    assert split(*(STREAM[start:end] for start, end in pairwise(marks))) == EVENTS


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([b"data: a", b"\r", b"\n", b"\r\n", b": c", b"x"]), max_size=30))
def test_no_byte_is_lost_or_doubled(parts: list[bytes]) -> None:
    splitter = EventSplitter()

    relayed = b"".join(event.raw for part in parts for event in splitter.feed(part))
    rest = b"".join(event.raw for event in splitter.finish())

    whole = b"".join(parts)
    assert whole.startswith(relayed)
    assert (relayed + rest).rstrip(b"\r\n") == whole.rstrip(b"\r\n")


def test_a_byte_order_mark_is_no_part_of_the_first_event() -> None:
    assert split(b"\xef", b"\xbb", b"\xbfdata: 1\n\n") == [(b"data: 1\n\n", "", b"1")]


def test_a_last_event_without_its_empty_line_is_given_at_the_end() -> None:
    splitter = EventSplitter()

    assert splitter.feed(b"data: [DONE]\n") == []
    assert [(event.raw, event.data) for event in splitter.finish()] == [(b"data: [DONE]\n\n", b"[DONE]")]
    assert splitter.finish() == []


@pytest.mark.parametrize("tail", [b"", b"\n\n"])
def test_an_event_above_the_cap_is_refused(tail: bytes) -> None:
    splitter = EventSplitter(cap=100)
    splitter.feed(b"data: " + b"x" * 80)

    with pytest.raises(EventTooLarge, match="100 bytes"):
        splitter.feed(b"x" * 80 + tail)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
@pytest.mark.parametrize("is_ended", [True, False])
def test_events_before_one_that_is_too_large_are_given_first(end: bytes, *, is_ended: bool) -> None:
    splitter = EventSplitter(cap=100)

    events = splitter.feed(b"data: 1" + end + b"data: " + b"x" * 200 + (end if is_ended else b""))

    assert [event.data for event in events] == [b"1"]
    with pytest.raises(EventTooLarge):
        splitter.feed(b"y")
    with pytest.raises(EventTooLarge):
        splitter.finish()


def test_a_drip_of_single_bytes_is_searched_once() -> None:
    splitter = EventSplitter()
    for byte in b"data: " + b"x" * 1000:
        assert splitter.feed(bytes([byte])) == []
    assert splitter._scanned == len(splitter._held) - 1


def test_other_data_leaves_the_events_other_lines() -> None:
    [event] = EventSplitter().feed(b"id: 7\nevent: x\ndata: a\n: note\ndata: b\n\n")

    assert with_data(event, b"1\n2") == b"id: 7\nevent: x\n: note\ndata: 1\ndata: 2\n\n"


def test_an_event_shows_none_of_its_bytes() -> None:
    [event] = EventSplitter().feed(b"data: secret\n\n")

    assert "secret" not in repr(event)


def test_many_small_events_in_one_read_are_not_one_large_event() -> None:
    assert len(split((b"data: " + b"x" * 1000 + b"\n\n") * 2000)) == 2000
