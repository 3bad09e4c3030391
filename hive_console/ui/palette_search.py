"""What the palette finds: plain offers, every model, and every action on every model; pure, and of bounded cost.

Actions and models are matched apart and put together by number only, so that 17 actions on 500 models are no 8,500
texts a key.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_WORDS = 8
"""Words of a query that are looked at."""

_WHOLE, _BEGIN, _WITHIN, _SCATTERED, _NOT = 0, 1, 2, 4, 99
"""How well a word fits a text: less is better."""

_BREAKS = str.maketrans("-_./: ", "      ")


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to do.

    Attributes:
        offer: the place of a plain offer; -1 where it is about a model.
        model: the place of the model; -1 for plain offers.
        action: the place of the action on it; -1 to go there.
    """

    offer: int = -1
    model: int = -1
    action: int = -1


@dataclass(frozen=True, slots=True)
class Catalog:
    """What can be found, in the order in which equals are shown.

    Attributes:
        offers: texts of plain offers.
        models: names of models.
        actions: words of actions on a model; empty where nothing can be acted on.
        selected: the place of the model that is selected; -1 for none.
        leading: plain offers that come before it while nothing is typed.
    """

    offers: tuple[str, ...]
    models: tuple[str, ...]
    actions: tuple[str, ...]
    selected: int = -1
    leading: int = 0

    def first(self, limit: int) -> tuple[Found, ...]:
        """What is shown before anything is typed."""
        acts = [Found(model=self.selected, action=place) for place in range(len(self.actions))]
        plain = [Found(offer=place) for place in range(len(self.offers))]
        selected = acts if self.selected >= 0 else []
        return tuple([*plain[: self.leading], *selected, *plain[self.leading :]][:limit])

    def best(self, query: str, limit: int) -> tuple[Found, ...]:
        """What fits all words of the query, the best first, at most `limit`."""
        words = query.lower().split()[:MOST_WORDS]
        if not words:
            return self.first(limit)
        ranked = heapq.nsmallest(limit, self._ranked(words), key=lambda pair: pair[0])
        return tuple(found for _, found in ranked)

    def _ranked(self, words: Sequence[str]) -> Iterator[tuple[tuple[int, int, int, int], Found]]:
        for place, text in enumerate(self.offers):
            rank = sum(_fits(word, text.lower()) for word in words)
            if rank < _NOT:
                yield (rank, 1, place, 0), Found(offer=place)
        models = [[_fits(word, name.lower()) for word in words] for name in self.models]
        actions = [[_fits(word, text.lower()) for word in words] for text in self.actions]
        named = [place for place, text in enumerate(actions) if min(text) < _NOT]
        for place, fits in enumerate(models):
            order = -1 if place == self.selected else place
            rank = sum(fits)
            if rank < _NOT:  # all words are in its name: go there, or do something to it
                yield (rank, 0, order, -1), Found(model=place)
                for action in range(len(self.actions)):
                    yield (rank + _SCATTERED, 2, order, action), Found(model=place, action=action)
                continue
            for action in named:
                both = sum(map(min, fits, actions[action]))
                if both < _NOT:
                    yield (both, 1, order, action), Found(model=place, action=action)


def _fits(word: str, text: str) -> int:
    """How well a word fits a text, both in small letters."""
    at = text.find(word)
    if at >= 0:
        parts = text.translate(_BREAKS).split()
        if word == text or word in parts:
            return _WHOLE
        return _BEGIN if at == 0 or not text[at - 1].isalnum() else _WITHIN
    letters = iter(text)
    return _SCATTERED if len(word) > 1 and all(letter in letters for letter in word) else _NOT
