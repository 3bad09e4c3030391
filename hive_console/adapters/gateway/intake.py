"""A request from its bytes to a task. The bytes are read once, and only what must be known is read in them.

Fields that are not named here are the provider's business: they are relayed as they came.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from hive_console.adapters.gateway.exchange import Headers
from hive_console.adapters.gateway.failures import RequestRefused, bad_request
from hive_console.adapters.gateway.headers import options_of, wishes_of
from hive_console.core.raw_body import RawBody
from hive_console.core.settings import Dialect
from hive_console.core.task import Task, Work

MODEL_LIMIT = 200
"""Characters of a model's name: four times the longest name any provider uses."""


class _Chat(msgspec.Struct, gc=False):
    model: str
    messages: list[msgspec.Raw]
    stream: bool | None = None


class _Embeddings(msgspec.Struct, gc=False):
    model: str
    input: msgspec.Raw


class _Count(msgspec.Struct, gc=False):
    model: str
    messages: list[msgspec.Raw]


_Fields = _Chat | _Embeddings | _Count

_DECODE: dict[Work, Callable[[bytes], _Fields]] = {
    Work.CHAT: msgspec.json.Decoder(_Chat).decode,
    Work.EMBEDDINGS: msgspec.json.Decoder(_Embeddings).decode,
    Work.COUNT: msgspec.json.Decoder(_Count).decode,
}


def task_of(body: bytes, headers: Headers, *, work: Work, dialect: Dialect) -> tuple[Task, bool]:
    """The task of a request, and whether its answer is wanted piece by piece; raises `RequestRefused` with 400."""
    wishes = wishes_of(headers)
    fields = _read(body, work)
    if not 0 < len(fields.model) <= MODEL_LIMIT:
        raise _bad_model()
    task = Task(
        fields.model,
        RawBody(body, _decode_late),
        deadline=wishes.deadline,
        allow_fallback=wishes.allow_fallback,
        priority=wishes.priority,
        operation_class=wishes.operation_class,
        dialect=dialect,
        work=work,
        replay=wishes.replay,
        strategy=wishes.strategy,
        options=options_of(headers, dialect),
    )
    return task, isinstance(fields, _Chat) and bool(fields.stream)


def _read(body: bytes, work: Work) -> _Fields:
    try:
        if not body.isascii():
            body.decode()  # the reader below skips over what it does not need, wrong letters included
        return _DECODE[work](body)
    except msgspec.ValidationError:
        raise _explained(body, work) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _no_json() from None
    except RecursionError:
        raise _too_deep() from None


def _decode_late(body: bytes) -> Any:  # JSON has no narrower Python type at its leaves
    """The whole body, for whoever looks inside; numbers beyond all bounds show only here."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _no_json() from None
    except RecursionError:
        raise _too_deep() from None


def _explained(body: bytes, work: Work) -> RequestRefused:
    """Which field is wrong, and what it must be."""
    fields = _decode_late(body)
    if not isinstance(fields, dict):
        return bad_request("the request's body must be a JSON object", code="invalid_json")
    if not isinstance(fields.get("model"), str):
        return _bad_model()
    if work is Work.EMBEDDINGS and "input" not in fields:
        return bad_request("'input' is missing", param="input")
    if work is not Work.EMBEDDINGS and not isinstance(fields.get("messages"), list):
        return bad_request("'messages' must be a list", param="messages")
    return bad_request("'stream' must be true or false", param="stream")


def _bad_model() -> RequestRefused:
    return bad_request(f"'model' must be a string of 1 to {MODEL_LIMIT} characters", param="model")


def _no_json() -> RequestRefused:
    # The decoder's own words may quote the body; the place alone would not help a caller much.
    return bad_request("the request's body is not valid JSON", code="invalid_json")


def _too_deep() -> RequestRefused:
    return bad_request("the request's body is nested too deeply", code="invalid_json")
