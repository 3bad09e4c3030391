"""A request that is kept as bytes: read when somebody looks inside, once, and never shown."""

from __future__ import annotations

import json

from hive_console.core.raw_body import RawBody

RAW = b'{"model": "gpt-5", "messages": [{"role": "user", "content": "a secret"}]}'


def test_it_reads_like_the_object_it_holds() -> None:
    body = RawBody(RAW)

    assert body["model"] == "gpt-5"
    assert list(body) == ["model", "messages"]
    assert len(body) == 2
    assert {**body} == json.loads(RAW)


def test_it_is_decoded_once_and_only_when_somebody_looks() -> None:
    seen: list[bytes] = []

    def decode(raw: bytes) -> object:
        seen.append(raw)
        return json.loads(raw)

    body = RawBody(RAW, decode)
    assert (body.raw, seen) == (RAW, [])

    assert body.get("model") == body["model"]
    assert seen == [RAW]


def test_its_repr_shows_its_size_and_nothing_of_it() -> None:
    assert repr(RawBody(RAW)) == f"RawBody({len(RAW)} bytes)"
