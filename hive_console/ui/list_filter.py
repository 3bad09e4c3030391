"""What `/` understands on lists of things that happened: named words, times, plain words; all must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Generic, TypeVar

from hive_console.core.errors import HiveError
from hive_console.core.moments import moment

T = TypeVar("T")

SINCE, UNTIL = "since", "until"


@dataclass(frozen=True, slots=True)
class Grammar(Generic[T]):
    """What can be said of the things of one list.

    Attributes:
        named: of each word before a colon, the texts of a thing that it looks at.
        told: all of a thing's text, for plain words.
        at: when it was, in Unix seconds; of a run when it began and when it ended last.
    """

    named: Mapping[str, Callable[[T], tuple[str, ...]]]
    told: Callable[[T], str]
    at: Callable[[T], tuple[float, float]] | None = None


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """A parsed filter.

    Attributes:
        words: as typed, one a chip.
        problems: what was not understood, for people; such a word narrows nothing.
        claims: what must hold for a thing to be shown.
        since: nothing before is wanted, in Unix seconds; `None` without a bound.
        values: what was asked for by name, without what was asked to be left out.
    """

    words: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    claims: tuple[Callable[[T], bool], ...] = ()
    since: float | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def admits(self, thing: T) -> bool:
        """Whether the thing is to be shown."""
        return all(claim(thing) for claim in self.claims)


def parse(text: str, grammar: Grammar[T], *, now: float, zone: tzinfo | None) -> Query[T]:
    """The filter that these words make; never raises.

    Args:
        text: `model:x kind:breaker since:15m !word word`.
        grammar: what can be said.
        now: Unix seconds, from which spans are counted.
        zone: in which times of day are meant; `None` is the machine's.
    """
    words = tuple(text.split())
    claims: list[Callable[[T], bool]] = []
    problems: list[str] = []
    since: float | None = None
    values: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, colon, value = word.partition(":")
        if colon and value and name in {SINCE, UNTIL} and grammar.at is not None:
            try:
                bound = moment(value, now=now, zone=zone)
            except HiveError:
                problems.append(f"{word}: write {name}:15m, {name}:2h, {name}:14:05 or {name}:2026-11-26")
                continue
            claims.append(_time_claim(grammar.at, bound, is_since=name == SINCE))
            since = bound if name == SINCE else since
            continue
        claims.append(_claim(word, grammar))
        if colon and value and name in grammar.named:
            values[name] = tuple(value.split(","))
    return Query(words, tuple(problems), tuple(claims), since, values)


def _time_claim(at: Callable[[T], tuple[float, float]], bound: float, *, is_since: bool) -> Callable[[T], bool]:
    if is_since:
        return lambda thing: at(thing)[1] >= bound
    return lambda thing: at(thing)[0] <= bound


def _claim(word: str, grammar: Grammar[T]) -> Callable[[T], bool]:
    if word.startswith("!") and len(word) > 1:
        inner = _claim(word[1:], grammar)
        return lambda thing: not inner(thing)
    name, colon, value = word.partition(":")
    if colon and value and name in grammar.named:
        looked_at, wanted = grammar.named[name], value.casefold().split(",")
        return lambda thing: any(one in text.casefold() for text in looked_at(thing) for one in wanted if one)
    folded = word.casefold()
    return lambda thing: folded in grammar.told(thing).casefold()
