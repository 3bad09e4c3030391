"""How a simulated model behaves while nothing is wrong with it: how long it thinks, how fast it talks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from hive_console.core.errors import SettingsError

USUAL_TOKENS = 36
"""The median length of an answer: two sentences, over in half a second."""

TOKENS_SPREAD = 0.4
"""Sigma of the logarithm of answers' lengths: nine in ten have between 19 and 70 tokens."""

MAX_TOKENS = 400
"""No answer is longer, whatever the dice say."""

_WORDS = """
the a model answer steady river lamp signal quiet harbor table window maple copper night morning engine letter
garden silver station simple bright paper mountain branch yellow circle winter open close turn hold keep carry
"""
VOCABULARY = tuple(_WORDS.split())
"""What simulated answers are made of: words that mean nothing, so that nobody mistakes them for a model's."""


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """One simulated model.

    Attributes:
        id: its name on the wire.
        first_token: median seconds until the first token.
        spread: sigma of the logarithm of that time; 0.25 puts p95 at 1.5 times the median, as providers publish.
        pace: tokens per second after the first one.
    """

    id: str
    first_token: float = 0.3
    spread: float = 0.25
    pace: float = 120.0

    def __post_init__(self) -> None:
        """Checks every bound."""
        if not self.id:
            raise SettingsError("models", "has an empty name")
        for name, value, high in (
            ("firstToken", self.first_token, 900.0),
            ("spread", self.spread, 3.0),
            ("pace", self.pace, 100_000.0),
        ):
            if not 0 <= value <= high:
                raise SettingsError(name, f"{value:g} is out of bounds; must be from 0 to {high:g}")
        if self.pace == 0:
            raise SettingsError("pace", "must be more than 0 tokens per second")

    def draw_first_token(self, rng: Random) -> float:
        """Seconds until the first token of one answer (log-normal)."""
        return self.first_token * math.exp(rng.gauss(0.0, self.spread))


def draw_words(rng: Random, limit: int | None) -> tuple[tuple[str, ...], bool]:
    """The tokens of one answer, and whether it ended before the limit cut it short."""
    length = min(MAX_TOKENS, max(3, round(USUAL_TOKENS * math.exp(rng.gauss(0.0, TOKENS_SPREAD)))))
    kept = length if limit is None else min(length, limit)
    words = rng.choices(VOCABULARY, k=kept)
    return tuple(word if index == 0 else f" {word}" for index, word in enumerate(words)), kept == length
