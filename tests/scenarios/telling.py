"""How a trace ends when it does not pass: it did not match, or it asks for what is not offered."""

from __future__ import annotations


class Mismatch(Exception):
    """A step came out otherwise than the trace expects."""

    def __init__(self, step: int, what: str) -> None:
        super().__init__(f"step {step}: {what}")


class NotOffered(Exception):
    """The trace needs an option that hive-console does not have; the text says which."""
