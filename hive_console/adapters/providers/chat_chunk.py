"""The fields of a chat-completion chunk that matter here."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_console.adapters.providers.token_usage import NO_RAW


class ChunkDelta(msgspec.Struct, gc=False):
    """What a chunk adds; each provider has its own shapes, so nothing is demanded of them."""

    content: Any = None
    tool_calls: Any = None
    function_call: Any = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    audio: Any = None

    def says_something(self) -> bool:
        """Whether the model said anything in it."""
        return bool(
            self.content
            or self.tool_calls
            or self.reasoning_content
            or self.reasoning
            or self.refusal
            or self.function_call
            or self.audio
        )


class ChunkChoice(msgspec.Struct, gc=False):
    """One of the answers that are written side by side; mostly there is one."""

    delta: ChunkDelta | None = None
    finish_reason: str | None = None
    index: Any = 0


class Chunk(msgspec.Struct, gc=False):
    """One chunk."""

    id: Any = None
    model: Any = None
    choices: list[ChunkChoice] | None = None
    usage: msgspec.Raw = NO_RAW
    error: Any = None

    def says_something(self) -> bool:
        """Whether it carries text, thoughts, a tool call, or the reason of the end."""
        for choice in self.choices or ():
            if choice.finish_reason or (choice.delta is not None and choice.delta.says_something()):
                return True
        return False

    def is_finish(self) -> bool:
        """Whether a reason of the end is in it."""
        return any(choice.finish_reason for choice in self.choices or ())


CHUNK = msgspec.json.Decoder(Chunk)
