"""What may be told of an error text from outside: never a key, never a part of the prompt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hive_console.adapters.providers.error_body import ErrorBody
from hive_console.core.task import Body
from hive_console.core.text import MESSAGE_LIMIT, clean_message, redact

WITHHELD = "[text withheld: it repeats the request]"
UNCOMPARED = "[text withheld: the request is too large to be compared]"

_WINDOW = 16
"""Characters. Shorter runs of a prompt also stand in honest messages by chance."""

_STRIDE = 8
"""Half a window: every repeated run of 24 characters holds a whole window."""

_SHORTEST_PROMPT = 8
"""Characters. A shorter prompt is a common word, and would hide every message that has it."""

_LOOKED_AT = 2 * MESSAGE_LIMIT + 16
"""Characters of a text that can get into a message: what is cut off anyway need not be compared."""

_MAX_LEAVES = 10_000
"""Strings of a request compared: far above any real conversation."""

_MAX_PROMPT = 1024 * 1024
"""Characters of a request compared. Each error of a larger one would hold the engine's loop for tenths of a
second; what its provider says is withheld unseen."""

_TOO_MANY = "more than anybody compares"
"""Stands, by identity, for all the strings that were not looked at."""

_NAME = re.compile(r"[a-z]{2,24}(?:_[a-z]{2,24}){1,4}")
"""An error's name as all providers write them; nothing like a sentence."""

_SPOKEN = ("messages", "system", "input")
"""Fields of a request, in all dialects and works, that hold what people wrote."""

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
        shown_name = self.shown(name)
        if shown_name == UNCOMPARED and _NAME.fullmatch(name):
            shown_name = name
        parts = (shown_name, self.shown(error.text))
        return clean_message(": ".join(part for part in parts if part) or otherwise, self.secrets())

    def shown(self, text: str) -> str:
        """`text` from outside without keys, withheld when it may repeat the request; still to be cleaned."""
        told = redact(text, self.secrets())[:_LOOKED_AT]
        repeats = self._repeats(told.lower())
        if repeats is None:
            return UNCOMPARED
        return WITHHELD if repeats else told

    def _repeats(self, text: str) -> bool | None:
        """Whether `text`, in small letters as names are, has a part of the request; `None`: too much to compare."""
        if self.request is None or len(text) < _SHORTEST_PROMPT:
            return False
        windows = [text[start : start + _WINDOW] for start in range(0, len(text) - _WINDOW + 1, _STRIDE)]
        left = _MAX_PROMPT
        for said in _leaves([self.request.get(name) for name in _SPOKEN]):
            left -= len(said)
            if said is _TOO_MANY or left < 0:
                return None
            if len(said) < _SHORTEST_PROMPT:
                continue
            prompt = said.lower()
            if len(prompt) < _WINDOW + _STRIDE and prompt in text:
                return True
            if any(window in prompt for window in windows):
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
    if waiting:
        yield _TOO_MANY
