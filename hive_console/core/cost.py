"""What a call cost, by the prices of the settings; no price is ever guessed."""

from __future__ import annotations

from hive_console.core.settings import ModelSettings

_TOKENS = 1_000_000
"""That a price is of, as providers publish theirs."""


def cost_of(model: ModelSettings, *, read: int, written: int) -> int | None:
    """Whole micro-dollars of a call with so many tokens, rounded to the nearest, halves up.

    `None` when it has tokens of a kind whose price the settings do not tell. Tokens from a cache cost as much as
    others here: what a provider takes off for them is its own affair.
    """
    total = 0
    for tokens, price in ((read, model.input_price), (written, model.output_price)):
        if tokens and price is None:
            return None
        total += tokens * (price or 0)
    return (total + _TOKENS // 2) // _TOKENS
