"""The name, and nothing but the name, is replaced: in any JSON, however it is written."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hive_console.adapters.providers.model_name import Renamer, quoted, spliced, with_fields

KEYS = st.sampled_from(["model", "a", '"model"', "mo", "model:", "x\nmodel", "é"])
TEXTS = st.text(alphabet='model":\\ué\n{}, ', max_size=12) | st.just("model")
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=4)


@st.composite
def spellings(draw: st.DrawFn, objects: st.SearchStrategy[dict[str, Any]]) -> tuple[dict[str, Any], bytes]:
    """An object and one of its spellings: with or without spaces and escapes, letters of keys escaped or not."""
    value = draw(objects)
    indent = draw(st.sampled_from([None, 1]))
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=indent)
    if draw(st.booleans()):
        text = text.replace("model", draw(st.sampled_from(["mod\\u0065l", "\\u006dodel", "mode\\u006C"])), 1)
    return value, text.encode()


@settings(deadline=None, max_examples=300)
@given(spellings(OBJECTS.map(lambda value: {**value, "model": "gpt"}) | OBJECTS), TEXTS)
def test_a_splice_changes_the_name_and_nothing_else_or_is_not_made(
    spelled: tuple[dict[str, Any], bytes], name: str
) -> None:
    value, raw = spelled
    if not isinstance(value.get("model"), str):
        return  # what the caller of `spliced` has made sure of

    done = spliced(raw, quoted(name))

    assert done is None or json.loads(done) == {**value, "model": name}


@settings(deadline=None, max_examples=300)
@given(spellings(OBJECTS), TEXTS)
def test_taken_apart_and_put_together_it_is_always_made(spelled: tuple[dict[str, Any], bytes], name: str) -> None:
    value, raw = spelled

    done = with_fields(raw, {"model": quoted(name), "a": None})

    assert done is not None
    assert json.loads(done) == {key: inner for key, inner in {**value, "model": name}.items() if key != "a"}


@settings(deadline=None, max_examples=300)
@given(st.lists(spellings(OBJECTS.map(lambda value: {"id": 1, "model": "gpt", **value, "z": 0})), max_size=4))
def test_a_renamer_of_a_stream_is_right_in_every_chunk_or_in_doubt(
    chunks: list[tuple[dict[str, Any], bytes]],
) -> None:
    renamer = Renamer("ours")
    for value, raw in chunks:
        if isinstance(value["model"], str):
            done = renamer.renamed(raw) or renamer.rewritten(raw)
        else:
            done = renamer.rewritten(raw)

        assert done is not None
        assert json.loads(done) == {**value, "model": "ours"}


def test_the_usual_chunk_is_spliced_and_not_taken_apart() -> None:
    renamer = Renamer("ours")
    raw = b'data: {"id":"c","model":"gpt","choices":[{"delta":{"content":"%s"}}]}\n\n'

    for word in (b"one", b"two", b"the model says"):
        assert renamer.renamed(raw % word) == raw.replace(b"gpt", b"ours") % word


def test_what_is_no_object_is_not_named() -> None:
    assert with_fields(b"[1]", {"model": b'"x"'}) is None
    assert Renamer("x").rewritten_within(b"[1]", "message") is None
    assert Renamer("x").rewritten_within(b"{}", "message") is None
    assert Renamer("x").rewritten_within(b'{"message":17}', "message") is None
