"""A request for a model of its own dialect: its bytes as they came, and only the model's name replaced."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_console.adapters.providers.model_name import quoted, spliced, with_fields
from hive_console.adapters.providers.request import write_json
from hive_console.core.raw_body import RawBody
from hive_console.core.task import Body


class _Head(msgspec.Struct):
    model: Any = None  # what a caller writes there is not ours to trust
    stream: Any = None


_HEAD = msgspec.json.Decoder(_Head)


def relayed_request(request: Body, wire_name: str, *, stream: bool) -> bytes:
    """The request's JSON with the provider's name for the model, and with `stream` as it is wanted.

    Raises `ProviderError` (the caller's fault) for what JSON cannot say.
    """
    if isinstance(request, RawBody):
        kept = _kept(request.raw, wire_name, stream=stream)
        if kept is not None:
            return kept
    body = {**request, "model": wire_name}
    body.pop("stream", None)
    if stream:
        body["stream"] = True
    return write_json(body)


def _kept(raw: bytes, wire_name: str, *, stream: bool) -> bytes | None:
    try:
        head = _HEAD.decode(raw)
    except (ValueError, RecursionError):
        return None
    name = quoted(wire_name)
    fits = head.stream is True if stream else head.stream is None or head.stream is False
    if fits and isinstance(head.model, str):
        exact = spliced(raw, name)
        if exact is not None:
            return exact
    return with_fields(raw, {"model": name, "stream": b"true" if stream else None})
