"""The fault matrix: what is wrong with a primary, and what its clients get. docs/fault-matrix.md is made of it.

Each cell is one request for a primary with one fault, while one healthy fallback stands by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import product

from hive_console.core.outcome import OutcomeKind, Verdict
from hive_console.core.settings import Dialect

TOKENS = 4
"""After so many tokens a stream breaks, where it breaks in its middle."""


class Mode(Enum):
    """How an answer is wanted."""

    WHOLE = "whole"
    STREAM = "stream"


class Wait(Enum):
    """How long the fault keeps its client waiting."""

    NONE = "at once"
    TIMEOUT = "after `timeout`"
    IDLE = "after `idleTimeout`"


@dataclass(frozen=True, slots=True)
class Ending:
    """What a request comes to.

    Attributes:
        kind: the outcome of the primary's call, as docs/outcomes.md names it.
        wait: how long that took.
        tokens: what the client got of the primary's answer before its stream broke; `None` when the fallback
            answered instead.
    """

    kind: OutcomeKind
    wait: Wait = Wait.NONE
    tokens: int | None = None

    @property
    def is_fallback(self) -> bool:
        return self.tokens is None

    @property
    def verdict(self) -> Verdict:
        return self.kind.judgement.verdict


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    Attributes:
        name: as the page calls it.
        fault: as the simulated provider knows it; empty for an endpoint where nobody listens.
        whole: what comes of a request for an answer in one piece.
        stream: what comes of a request for a stream.
        otherwise: endings of single (primary's dialect, mode) pairs that differ.
    """

    name: str
    fault: str
    whole: Ending
    stream: Ending
    otherwise: Mapping[tuple[Dialect, Mode], Ending] = field(default_factory=dict, hash=False)

    def ending(self, dialect: Dialect, mode: Mode) -> Ending:
        usual = self.whole if mode is Mode.WHOLE else self.stream
        return self.otherwise.get((dialect, mode), usual)


def _alike(name: str, fault: str, kind: OutcomeKind, wait: Wait = Wait.NONE) -> Row:
    return Row(name, fault, Ending(kind, wait), Ending(kind, wait))


_CUT = Ending(OutcomeKind.STREAM_CUT)
_CUT_LATE = Ending(OutcomeKind.STREAM_CUT, tokens=TOKENS)
_TIMED_OUT = Ending(OutcomeKind.TIMED_OUT, Wait.TIMEOUT)

ROWS = (
    _alike("500", "http:500", OutcomeKind.SERVER_ERROR),
    _alike("529", "http:529", OutcomeKind.OVERLOADED),
    _alike("429 with Retry-After", "rate-limited:60s", OutcomeKind.RATE_LIMITED),
    _alike("429 without Retry-After", "http:429", OutcomeKind.RATE_LIMITED),
    _alike("out of quota", "quota-exhausted", OutcomeKind.QUOTA_EXHAUSTED),
    _alike("401", "key-refused", OutcomeKind.KEY_REFUSED),
    _alike("hang before headers", "hang", OutcomeKind.TIMED_OUT, Wait.TIMEOUT),
    _alike("hang after headers", "hang-after-headers", OutcomeKind.TIMED_OUT, Wait.TIMEOUT),
    Row("cut after k tokens", f"cut:{TOKENS}", _CUT, _CUT_LATE),
    Row("torn in the middle of an event", f"torn:{TOKENS}", _CUT, _CUT_LATE),
    Row("reset after k tokens", f"reset-after:{TOKENS}", _CUT, _CUT_LATE),
    _alike("cut before the first token", "cut:0", OutcomeKind.STREAM_CUT),
    Row(
        "stall after k tokens",
        f"stall:{TOKENS}",
        _TIMED_OUT,
        Ending(OutcomeKind.STREAM_STALLED, Wait.IDLE, TOKENS),
    ),
    _alike("stall before the first token", "stall:0", OutcomeKind.TIMED_OUT, Wait.TIMEOUT),
    Row("slow drip of tokens", "drip:600ms", _TIMED_OUT, Ending(OutcomeKind.STREAM_STALLED, Wait.IDLE, 1)),
    _alike("slow drip of bytes", "byte-drip:20ms", OutcomeKind.TIMED_OUT, Wait.TIMEOUT),
    _alike("garbage", "garbage", OutcomeKind.MALFORMED),
    Row(
        "200 with an error in it",
        "error-in-200",
        Ending(OutcomeKind.SERVER_ERROR),
        Ending(OutcomeKind.SERVER_ERROR),
        # An error inside Anthropic's stream is what its name says.
        {(Dialect.ANTHROPIC, Mode.STREAM): Ending(OutcomeKind.OVERLOADED)},
    ),
    _alike("500 full of terminal escapes", "hostile", OutcomeKind.SERVER_ERROR),
    _alike("closed port", "", OutcomeKind.CONNECTION_FAILED),
    _alike("reset before headers", "reset", OutcomeKind.CONNECTION_FAILED),
    _alike("huge body", "huge", OutcomeKind.MALFORMED),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One request: the fault, the primary's dialect, the client's, and how the answer is wanted."""

    row: Row
    primary: Dialect
    client: Dialect
    mode: Mode

    @property
    def model(self) -> str:
        """A name of its own, so that no cell sees another's breaker."""
        name = "".join(letter if letter.isalnum() else "-" for letter in self.row.name.lower())
        return f"{name}-{self.primary.value}-for-{self.client.value}-{self.mode.value}"

    @property
    def ending(self) -> Ending:
        return self.row.ending(self.primary, self.mode)


CELLS = tuple(
    Cell(row, primary, client, mode) for row, primary, client, mode in product(ROWS, Dialect, Dialect, Mode)
)

BEGIN = "<!-- matrix: written by `python -m tests.make_docs` -->"
END = "<!-- end of the matrix -->"


def as_markdown() -> str:
    """The matrix as a table."""
    head = (
        "| what is wrong with the primary | simulated by | not streamed: who answers, and when | streamed "
        "| the call's outcome | counts |\n| --- | --- | --- | --- | --- | --- |"
    )
    return "\n".join([head, *(_line(row) for row in ROWS)])


def _line(row: Row) -> str:
    endings = list(dict.fromkeys(row.ending(dialect, mode) for mode in Mode for dialect in Dialect))
    kinds = list(dict.fromkeys(f"`{ending.kind.value}`" for ending in endings))
    verdicts = list(dict.fromkeys(ending.verdict.value for ending in endings))
    fault = f"`{row.fault}`" if row.fault else "nobody listens"
    cells = [row.name, fault, _said(row.whole), _said(row.stream), ", ".join(kinds), ", ".join(verdicts)]
    return f"| {' | '.join(cells)} |"


def _said(ending: Ending) -> str:
    if ending.is_fallback:
        return f"the fallback, {ending.wait.value}"
    told = "1 token" if ending.tokens == 1 else f"{ending.tokens} tokens"
    return f"{told} of the primary, then an error event {ending.wait.value}"
