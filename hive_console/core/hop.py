"""One step of an operation on its way from model to model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hop:
    """One model on an operation's way: who, what came of it, how long it took in seconds."""

    model: str
    cause: str
    seconds: float
