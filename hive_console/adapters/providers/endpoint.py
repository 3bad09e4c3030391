"""What each dialect's endpoints want beside the body: paths, and headers with the key."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hive_console.adapters.providers.request import EVENT_STREAM_TYPE, JSON_TYPE, HttpRequest, join_endpoint
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Work

API_VERSION = "2023-06-01"
"""The version that is named where the caller names none: it is the one that every compatible server knows, and that
still takes `temperature` and `top_p`, which 2026-10-21 answers with 400."""

PASSED_ON = frozenset({"anthropic-version", "anthropic-beta"})
"""Headers of a caller that an endpoint of the same dialect gets, where a task brings them."""

_LONGEST_OPTION = 1024
"""Characters of such a header: a few dozen names of betas."""

PATHS: Mapping[tuple[Dialect, Work], str] = MappingProxyType(
    {
        (Dialect.OPENAI, Work.CHAT): "/chat/completions",
        (Dialect.OPENAI, Work.EMBEDDINGS): "/embeddings",
        (Dialect.ANTHROPIC, Work.CHAT): "/messages",
        (Dialect.ANTHROPIC, Work.COUNT): "/messages/count_tokens",
    }
)
"""The work that endpoints of each dialect do, and where."""


def posted(
    model: ModelSettings,
    path: str,
    body: bytes,
    *,
    key: str | None,
    stream: bool,
    options: tuple[tuple[str, str], ...] = (),
) -> HttpRequest:
    """`POST {endpoint}{path}` with `body`.

    Args:
        model: whose endpoint it is.
        path: from `PATHS`.
        body: JSON.
        key: the key, or `None` where none is wanted.
        stream: whether server-sent events are wanted.
        options: a task's headers; those of `PASSED_ON` go along.
    """
    headers = {
        **_identity(model.dialect, key),
        "content-type": JSON_TYPE,
        "accept": EVENT_STREAM_TYPE if stream else JSON_TYPE,
    }
    headers.update((name, value) for name, value in options if _is_passed_on(name, value))
    return HttpRequest("POST", join_endpoint(model.endpoint, path), headers, body)


def _is_passed_on(name: str, value: str) -> bool:
    # Control characters would end the header and begin another.
    return name in PASSED_ON and value.isascii() and value.isprintable() and len(value) <= _LONGEST_OPTION


def models_list(model: ModelSettings, *, key: str | None) -> HttpRequest:
    """`GET {endpoint}/models`."""
    headers = {**_identity(model.dialect, key), "accept": JSON_TYPE}
    return HttpRequest("GET", join_endpoint(model.endpoint, "/models"), headers)


def _identity(dialect: Dialect, key: str | None) -> dict[str, str]:
    if dialect is Dialect.ANTHROPIC:
        named = {"anthropic-version": API_VERSION}
        return named if key is None else {**named, "x-api-key": key}
    return {} if key is None else {"authorization": f"Bearer {key}"}
