"""Thoughts of a model that is not Anthropic's, told to an Anthropic client, and what happens when they come back.

Anthropic signs its models' thoughts and refuses a conversation that brings others. A client sends back what it
got, so ours bear a mark by which they are found and taken out again: they were for reading only.
"""

from __future__ import annotations

from typing import Any

from hive_console.core.raw_body import RawBody
from hive_console.core.task import Body

UNSIGNED = "hive-console-unsigned"
"""Stands where Anthropic's own signature would; nothing in base64 looks like it."""

_MARK = UNSIGNED.encode()


def without_foreign_thoughts(request: Body) -> Body:
    """The request itself, or a copy without the marked thoughts when it has any."""
    if isinstance(request, RawBody) and _MARK not in request.raw:
        return request
    messages = request.get("messages")
    if not isinstance(messages, list) or not any(_has_mark(message) for message in messages):
        return request
    kept: list[Any] = []  # decoded JSON
    for message in messages:
        if _has_mark(message):
            content = [block for block in message["content"] if not _is_marked(block)]
            # A turn of nothing but thoughts says nothing any more, and no empty turn is accepted.
            kept += [{**message, "content": content}] if content else []
        else:
            kept.append(message)
    return {**request, "messages": kept}


def _has_mark(message: Any) -> bool:  # decoded JSON
    content = message.get("content") if isinstance(message, dict) else None
    return isinstance(content, list) and any(_is_marked(block) for block in content)


def _is_marked(block: Any) -> bool:  # decoded JSON
    return isinstance(block, dict) and block.get("type") == "thinking" and block.get("signature") == UNSIGNED
