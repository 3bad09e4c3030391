"""Model names and words as small integers, so that a row is a few numbers. Each file has its own."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from hive_console.core.errors import HiveError

MAX_NAMES = 10_000
"""Distinct model names and words a recording may hold: 20 times the largest fleet; a bound on hostile ones."""


Name = tuple[int, str]
"""A number and the text it stands for."""


class NamesExhausted(HiveError):
    """A recording holds as many different names as it may."""


class Names:
    """Model names and words as small integers; new ones wait in `fresh` until a commit has kept them.

    Attributes:
        shapes: what was put together from texts to become a name, with its number: putting it together costs more.
    """

    def __init__(self, known: Iterable[Name] = ()) -> None:
        self._ids = {text: number for number, text in known}
        self._next = max(self._ids.values(), default=0) + 1
        self._fresh: list[Name] = []
        self.shapes: dict[Hashable, int] = {}

    def id_of(self, text: str) -> int:
        """The number of a name, a new one where it has none; raises `NamesExhausted` past the bound,
        `UnicodeEncodeError` for text that no file can hold.
        """
        number = self._ids.get(text)
        if number is None:
            if len(self._ids) >= MAX_NAMES:
                raise NamesExhausted(f"the recording already holds {MAX_NAMES} different names")
            text.encode()  # refuses a lone surrogate here, with its event, and not with every later batch
            number = self._next
            self._next += 1
            self._ids[text] = number
            self._fresh.append((number, text))
        return number

    @property
    def fresh(self) -> tuple[Name, ...]:
        """Names that no commit has kept yet."""
        return tuple(self._fresh)

    def kept(self, names: tuple[Name, ...]) -> None:
        """A commit has kept these."""
        kept = set(names)
        self._fresh = [name for name in self._fresh if name not in kept]

    def id_or_none(self, text: str | None) -> int | None:
        """The number of a name, `None` for none."""
        return None if text is None else self.id_of(text)
