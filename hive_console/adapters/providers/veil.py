"""What may be told of an error text from outside: never a key, never a part of the prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hive_console.adapters.providers.error_body import ErrorBody
from hive_console.core.task import Body
from hive_console.core.text import clean_message

WITHHELD = "[text withheld: it repeats the request]"

_WINDOW = 16
"""Characters. Shorter runs of a prompt also stand in honest messages by chance."""

_STRIDE = 8
"""Half a window: every repeated run of 24 characters holds a whole window."""

_SHORTEST_PROMPT = 8
"""Characters. A shorter prompt is a common word, and would hide every message that has it."""

_MAX_LEAVES = 10_000
"""Strings of a request looked at: far above any real conversation, and bounds the work on an error."""

_NOT_PROMPT = frozenset({"role", "type", "id", "tool_call_id", "name"})


@dataclass(frozen=True, slots=True)
class Veil:
    """Hides what one call must not tell.

    Attributes:
        secrets: asked for exact texts to take out: every key handed out by then, in every spelling.
        request: the request whose words an error may repeat; `None` for probes.
    """

    secrets: Callable[[], tuple[str, ...]] = field(default=tuple, repr=False)
    request: Body | None = field(default=None, repr=False)

    def message(self, error: ErrorBody, otherwise: str) -> str:
        """One short harmless line: the error's name and text, or `otherwise` when it said nothing."""
        name = error.code or error.type
        if error.status is not None:
            name = error.type
        text = WITHHELD if self._is_echo(error.text) else error.text
        line = ": ".join(part for part in (name, text) if part) or otherwise
        return clean_message(line, self.secrets())

    def _is_echo(self, text: str) -> bool:
        if self.request is None or len(text) < _SHORTEST_PROMPT:
            return False
        windows = [text[start : start + _WINDOW] for start in range(0, len(text) - _WINDOW + 1, _STRIDE)]
        for said in _leaves(self.request.get("messages")):
            if len(said) < _SHORTEST_PROMPT:
                continue
            if len(said) < _WINDOW + _STRIDE and said in text:
                return True
            if any(window in said for window in windows):
                return True
        return False


def _leaves(value: Any) -> Iterator[str]:  # decoded JSON
    waiting: list[Any] = [value]
    left = _MAX_LEAVES
    while waiting and left > 0:
        item = waiting.pop()
        left -= 1
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += [inner for key, inner in item.items() if key not in _NOT_PROMPT]
        elif isinstance(item, list | tuple):
            waiting += item
