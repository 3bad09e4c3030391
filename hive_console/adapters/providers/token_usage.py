"""How many tokens a call took, as each dialect tells it. What is told wrongly is told not at all."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from hive_console.core.task import Usage

_Tokens = TypeVar("_Tokens")

NO_RAW = msgspec.Raw()
"""Stands where a field was left out."""

_MOST = 10**12
"""Tokens of one call; what is larger was not meant."""


class ChatTokens(msgspec.Struct):
    """`usage` of chat completions and embeddings; everything that was read stands in the prompt."""

    prompt_tokens: Any = None  # each provider has its own shapes
    completion_tokens: Any = None
    prompt_tokens_details: Any = None


class MessageTokens(msgspec.Struct):
    """`usage` of messages: what came from a cache or went into one stands beside the input, not in it."""

    input_tokens: Any = None
    output_tokens: Any = None
    cache_read_input_tokens: Any = None
    cache_creation_input_tokens: Any = None
    output_tokens_details: Any = None

    @property
    def prompt(self) -> int:
        """Everything that was read."""
        parts = (self.input_tokens, self.cache_read_input_tokens, self.cache_creation_input_tokens)
        return sum(count_of(part) or 0 for part in parts)

    def updated(self, later: MessageTokens) -> MessageTokens:
        """With what a later event tells: its counts are totals, and replace earlier ones where they are given."""
        return MessageTokens(
            **{
                name: getattr(self, name) if getattr(later, name) is None else getattr(later, name)
                for name in MessageTokens.__struct_fields__
            }
        )

    def as_usage(self) -> Usage | None:
        """The two numbers that matter here; `None` when nothing was told."""
        if count_of(self.input_tokens) is None and count_of(self.output_tokens) is None:
            return None
        return Usage(self.prompt, count_of(self.output_tokens) or 0)


_CHAT = msgspec.json.Decoder(ChatTokens)
_MESSAGE = msgspec.json.Decoder(MessageTokens)


def count_of(value: Any) -> int | None:  # decoded JSON
    """`value` where it is a number of tokens."""
    if type(value) is int and 0 <= value <= _MOST:
        return value
    return None


def chat_tokens(raw: msgspec.Raw) -> ChatTokens | None:
    """The object in `raw`; `None` for null, for nothing, and for whatever is no object."""
    return _decoded(_CHAT, raw)


def message_tokens(raw: msgspec.Raw) -> MessageTokens | None:
    """The object in `raw`; `None` for null, for nothing, and for whatever is no object."""
    return _decoded(_MESSAGE, raw)


def chat_usage(raw: msgspec.Raw) -> Usage | None:
    """The two numbers that matter here; `None` when nothing was told."""
    tokens = chat_tokens(raw)
    read = None if tokens is None else count_of(tokens.prompt_tokens)
    return None if tokens is None or read is None else Usage(read, count_of(tokens.completion_tokens) or 0)


def _decoded(decoder: msgspec.json.Decoder[_Tokens], raw: msgspec.Raw) -> _Tokens | None:
    if not raw or bytes(raw) == b"null":
        return None
    try:
        return decoder.decode(raw)
    except (ValueError, RecursionError):
        return None
