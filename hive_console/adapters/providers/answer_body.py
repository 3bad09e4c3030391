"""What every codec does with an answer in one piece: read it, find the error in it, write our name into it."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import msgspec

from hive_console.adapters.providers.classify import classify_reported
from hive_console.adapters.providers.error_body import read_error
from hive_console.adapters.providers.faults import not_an_answer
from hive_console.adapters.providers.lenient_json import understood_whole
from hive_console.adapters.providers.model_name import quoted, spliced, with_fields
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError


class Answered(Protocol):
    """The fields that are read of an answer."""

    error: Any  # each provider has its own shape


AnsweredT = TypeVar("AnsweredT", bound=Answered)


def read_answer(decoder: msgspec.json.Decoder[AnsweredT], body: bytes, veil: Veil) -> AnsweredT:
    """The answer in `body`; raises `ProviderError` when it is none, or an error that came with a status of 200."""
    read = understood_whole(decoder, body)
    if read is None:
        raise ProviderError(not_an_answer(body))
    if read.error:
        raise ProviderError(classify_reported(read_error(body), veil=veil))
    return read


def under_our_name(body: bytes, model_id: str, *, names_a_model: bool) -> bytes:
    """The same bytes, by the model that our settings call `model_id`; `names_a_model` says whether they had one."""
    name = quoted(model_id)
    named = spliced(body, name) if names_a_model else None
    named = named or with_fields(body, {"model": name})
    if named is None:
        raise ProviderError(not_an_answer(body))
    return named
