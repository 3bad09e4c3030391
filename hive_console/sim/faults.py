"""What can be wrong with a simulated provider, as frozen values. How they are written stands in `fault_words`;
what a server does about them stands in `provider`.
"""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.errors import SettingsError

MAX_FACTOR = 1000.0
"""A call a thousand times slower hangs for every client there is."""

MAX_SECONDS = 900.0
"""The longest period or Retry-After: a drill is over after 15 minutes."""

MAX_TOKENS = 4096
"""More tokens than a simulated answer has; a later cut would never be seen."""

MAX_REQUESTS = 1_000_000
"""More requests within a window than any drill sends."""

QUOTA_STATUSES = (400, 402, 429)
"""How providers say that an account is empty."""


def _within(field_name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingsError(field_name, f"{value:g} is out of bounds; must be from {low:g} to {high:g}")


@dataclass(frozen=True, slots=True)
class Outage:
    """The port refuses connections and open ones are reset. On a single model, whose port others share, every
    connection that asks for it is reset.
    """


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset before the first byte of an answer."""


@dataclass(frozen=True, slots=True)
class HttpError:
    """An error answer with this status (400..599), in the provider's own shape."""

    status: int = 500

    def __post_init__(self) -> None:
        """Checks the status."""
        _within("status", self.status, 400, 599)


@dataclass(frozen=True, slots=True)
class RateLimited:
    """429 with a Retry-After of so many seconds."""

    retry_after: float = 2.0

    def __post_init__(self) -> None:
        """Checks the wait."""
        _within("retryAfter", self.retry_after, 0, MAX_SECONDS)


@dataclass(frozen=True, slots=True)
class LimitedTo:
    """So many requests within each window are answered, the rest get 429; every answer tells what is left.

    Attributes:
        requests: answered within one window.
        window: seconds; a window begins with the first request after the last one's end.
    """

    requests: int = 10
    window: float = 60.0

    def __post_init__(self) -> None:
        """Checks both."""
        _within("requests", self.requests, 0, MAX_REQUESTS)
        _within("window", self.window, 0.05, MAX_SECONDS)


@dataclass(frozen=True, slots=True)
class QuotaExhausted:
    """The account has no money left. Providers say so with 429 (OpenAI), 402 (DeepSeek) or 400 (Anthropic)."""

    status: int = 429

    def __post_init__(self) -> None:
        """Checks the status."""
        if self.status not in QUOTA_STATUSES:
            raise SettingsError("status", f"{self.status:g} tells no quota; use 400, 402 or 429")


@dataclass(frozen=True, slots=True)
class Slow:
    """Everything takes `factor` times as long: the first token and each later one."""

    factor: float = 4.0

    def __post_init__(self) -> None:
        """Checks the factor."""
        _within("factor", self.factor, 0.001, MAX_FACTOR)


@dataclass(frozen=True, slots=True)
class Hang:
    """The request is taken and never answered, not even with headers."""


@dataclass(frozen=True, slots=True)
class HangAfterHeaders:
    """200 and headers, and nothing after them: not a byte, not a keep-alive."""


@dataclass(frozen=True, slots=True)
class Drip:
    """Every token takes so many seconds; an answer that is not streamed comes in as many slices, as slowly."""

    seconds: float = 1.0

    def __post_init__(self) -> None:
        """Checks the pace."""
        _within("seconds", self.seconds, 0.001, MAX_SECONDS)


@dataclass(frozen=True, slots=True)
class ByteDrip:
    """Every byte of the answer takes so many seconds: the connection is never silent and never says much."""

    seconds: float = 0.1

    def __post_init__(self) -> None:
        """Checks the pace."""
        _within("seconds", self.seconds, 0.001, MAX_SECONDS)


@dataclass(frozen=True, slots=True)
class Huge:
    """One event, or one answer that is not streamed, that never comes to its end, as fast as it is read."""


@dataclass(frozen=True, slots=True)
class Endless:
    """Tokens without end, as fast as they are read; an answer that is not streamed is `Huge`."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends after so many tokens, or in the middle of an answer that is not streamed."""

    tokens: int = 5

    def __post_init__(self) -> None:
        """Checks the number of tokens."""
        _within("tokens", self.tokens, 0, MAX_TOKENS)


@dataclass(frozen=True, slots=True)
class Torn:
    """After so many tokens the next one breaks off in its middle, and the connection with it."""

    tokens: int = 5

    def __post_init__(self) -> None:
        """Checks the number of tokens."""
        _within("tokens", self.tokens, 0, MAX_TOKENS)


@dataclass(frozen=True, slots=True)
class ResetAfter:
    """The connection is reset after so many tokens, or in the middle of an answer that is not streamed."""

    tokens: int = 5

    def __post_init__(self) -> None:
        """Checks the number of tokens."""
        _within("tokens", self.tokens, 0, MAX_TOKENS)


@dataclass(frozen=True, slots=True)
class Stall:
    """After so many tokens only keep-alives come; an answer that is not streamed stops in its middle."""

    tokens: int = 5

    def __post_init__(self) -> None:
        """Checks the number of tokens."""
        _within("tokens", self.tokens, 0, MAX_TOKENS)


@dataclass(frozen=True, slots=True)
class Garbage:
    """200 and a body that says it is JSON and is not."""


@dataclass(frozen=True, slots=True)
class ErrorIn200:
    """200 with an error in the body, or as the first event of a stream."""


@dataclass(frozen=True, slots=True)
class KeyRefused:
    """401; the message echoes something shaped like a key, as real providers do."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """500 with a message full of terminal escapes, markup and forged lines."""


SteadyFault = (
    Reset
    | HttpError
    | RateLimited
    | LimitedTo
    | QuotaExhausted
    | Slow
    | Hang
    | HangAfterHeaders
    | Drip
    | ByteDrip
    | Huge
    | Endless
    | Cut
    | Torn
    | ResetAfter
    | Stall
    | Garbage
    | ErrorIn200
    | KeyRefused
    | Hostile
)


@dataclass(frozen=True, slots=True)
class Flapping:
    """Broken for the first `duty` (0..1) of every `period` (seconds), well for the rest.

    Attributes:
        period: seconds from one break to the next.
        duty: share of the period that is broken.
        during: what is wrong while it is broken. 503 is what a crash-looping server's balancer says.
    """

    period: float = 8.0
    duty: float = 0.5
    during: SteadyFault = HttpError(503)

    def __post_init__(self) -> None:
        """Checks period and duty."""
        _within("period", self.period, 0.05, MAX_SECONDS)
        _within("duty", self.duty, 0, 1)


PASSING: tuple[SteadyFault, ...] = (
    HttpError(500),
    HttpError(503),
    HttpError(529),
    Hang(),
    HangAfterHeaders(),
    Reset(),
    Cut(2),
    Torn(2),
    ResetAfter(2),
    Stall(2),
    Drip(2.0),
    ByteDrip(),
    Garbage(),
    ErrorIn200(),
    Hostile(),
)
"""Every kind that may strike one request and not the next. A rate limit, a refused key and an empty account are the
account's and last; answers without end would be most of a drill's traffic."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """A share (0..1) of the requests meets one of `kinds`, by dice."""

    share: float = 0.1
    kinds: tuple[SteadyFault, ...] = PASSING

    def __post_init__(self) -> None:
        """Checks the share."""
        _within("share", self.share, 0, 1)


Fault = Outage | SteadyFault | Flapping | Mixed


def effective(fault: Fault, elapsed: float, draw: float = 1.0) -> Outage | SteadyFault | None:
    """What a fault does to one request, `None` when nothing.

    Args:
        fault: what is set.
        elapsed: seconds since it began; a flapping one is well for a part of each period.
        draw: uniform in 0..1, for a mixed one; at 1 nothing happens.
    """
    match fault:
        case Flapping(period, duty, during):
            return during if elapsed % period < period * duty else None
        case Mixed(share, kinds):
            return kinds[int(draw / share * len(kinds))] if draw < share else None
        case _:
            return fault
