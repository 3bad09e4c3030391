"""How a line typed after `/` falls into words: `!status:down,degraded p95>2s ~fuzzy bare`.

Pure; what the words mean is said elsewhere. Every screen that filters reads its line here: one grammar for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

LONGEST = 200
"""Characters of a line that are read; what is longer was pasted by mistake."""

_WORD = re.compile(r"\S+")
_KEYED = re.compile(r"([a-z0-9_-]+)(:|>=|<=|>|<|=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the line.

    Attributes:
        text: as typed.
        at: the place of its first character, from 0.
        is_negated: whether it began with `!`.
        is_fuzzy: whether `~` stood before it: its letters in this order, with anything between them.
        key: what stands before the operator, in small letters; empty for a bare word.
        operator: `:`, `>`, `>=`, `<`, `<=` or `=`; empty for a bare word.
        value: what stands after it, or the bare word, in small letters.
    """

    text: str
    at: int
    is_negated: bool = False
    is_fuzzy: bool = False
    key: str = ""
    operator: str = ""
    value: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        """The alternatives of a list such as `down,degraded`; empty ones are left out."""
        return tuple(value for value in self.value.split(",") if value)


@dataclass(frozen=True, slots=True)
class Problem:
    """A word that is not understood.

    Attributes:
        at: the place of its first character, from 0.
        word: as typed.
        why: what is wrong with it, and what is possible.
    """

    at: int
    word: str
    why: str

    def __str__(self) -> str:
        return f"at {self.at + 1}: {self.why}"


def words_of(line: str, keys: Collection[str]) -> tuple[Word, ...]:
    """The words of a line; never raises.

    Only a key that is known makes a keyed word: names of models may hold colons themselves.
    """
    return tuple(_word(match[0], match.start(), keys) for match in _WORD.finditer(line[:LONGEST]))


def _word(text: str, at: int, keys: Collection[str]) -> Word:
    rest = text.lower()
    is_negated = len(rest) > 1 and rest.startswith("!")
    rest = rest[1:] if is_negated else rest
    if len(rest) > 1 and rest.startswith("~"):
        return Word(text, at, is_negated, is_fuzzy=True, value=rest[1:])
    keyed = _KEYED.fullmatch(rest)
    if keyed is not None and keyed[1] in keys:
        return Word(text, at, is_negated, key=keyed[1], operator=keyed[2], value=keyed[3])
    return Word(text, at, is_negated, value=rest)


def mistyped_key(word: Word, keys: Iterable[str]) -> str:
    """The key that a bare word such as `staus:down` meant; empty where it is none."""
    keyed = _KEYED.fullmatch(word.value)
    if keyed is None or word.key:
        return ""
    return next((key for key in keys if _is_near(keyed[1], key)), "")


def _is_near(typed: str, meant: str) -> bool:
    """Whether the two differ by one letter too many, too few, wrong, or by two that changed places."""
    if abs(len(typed) - len(meant)) > 1 or len(meant) < _SHORTEST_NEAR:
        return False
    start = next((place for place, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), None)
    if start is None:
        return True
    a, b = typed[start:], meant[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[1::-1] == b[:2] and a[2:] == b[2:])


_SHORTEST_NEAR = 4
"""Letters of a key from which a near miss is no chance."""


def is_subsequence(letters: str, text: str) -> bool:
    """Whether the letters stand in the text in this order, with anything between them."""
    rest = iter(text)
    return all(letter in rest for letter in letters)


@dataclass(frozen=True, slots=True)
class Completion:
    """What tab makes of a line.

    Attributes:
        line: the line with as much added as all offers have in common.
        cursor: where the cursor goes.
        offers: what could stand there, in order.
    """

    line: str
    cursor: int
    offers: tuple[str, ...] = ()


def word_before(line: str, cursor: int) -> str:
    """The part of a word that stands directly before the cursor."""
    return line[:cursor].rpartition(" ")[2]


It = TypeVar("It")


def claims_of(
    line: str, keys: Collection[str], claim_of: Callable[[Word], Callable[[It], bool] | str]
) -> tuple[tuple[str, ...], tuple[Problem, ...], tuple[Callable[[It], bool], ...]]:
    """The words of a filter as typed, what of them is not understood, and what the others claim; never raises.

    Args:
        line: the filter.
        keys: what may stand before an operator.
        claim_of: what a word claims without its `!`, or why it is not understood.
    """
    words = words_of(line, keys)
    claims: list[Callable[[It], bool]] = []
    problems: list[Problem] = []
    for word in words:
        claim = claim_of(word)
        if isinstance(claim, str):
            problems.append(Problem(word.at, word.text, claim))
        else:
            claims.append(_negated(claim) if word.is_negated else claim)
    return tuple(word.text for word in words), tuple(problems), tuple(claims)


def _negated(claim: Callable[[It], bool]) -> Callable[[It], bool]:
    return lambda it: not claim(it)


def completed(line: str, cursor: int, typed: str, offers: Iterable[str]) -> Completion:
    """The line after tab.

    Args:
        line: as it stands.
        cursor: where in it.
        typed: the part before the cursor that offers begin with.
        offers: what could stand there; those that begin otherwise are left out.
    """
    fitting = tuple(offer for offer in offers if offer.lower().startswith(typed.lower()))
    if not fitting:
        return Completion(line, cursor)
    shared = fitting[0]
    for offer in fitting[1:]:
        while not offer.lower().startswith(shared.lower()):
            shared = shared[:-1]
    begin = cursor - len(typed)
    return Completion(f"{line[:begin]}{shared}{line[cursor:]}", begin + len(shared), fitting)
