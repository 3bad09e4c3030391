"""How numbers are said in words, so that log, sentence and status command agree."""

from __future__ import annotations

_MINUTE = 60
_HOUR = 3600
_DAY = 86_400


def span(seconds: float) -> str:
    """A duration for people: `850 ms`, `12 s`, `4 m`, `2 h 5 m`, `3 d 4 h`; negative ones count as zero."""
    seconds = max(0.0, seconds)
    if 0 < seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    whole = int(seconds + 0.0005)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} m"
    if whole < _DAY:
        return _two(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "m")
    return _two(whole // _DAY, "d", whole % _DAY // _HOUR, "h")


def whole_span(seconds: float) -> str:
    """The same in whole seconds, for what a screen tells each second anew: `0 s`, `12 s`, `4 m`."""
    return span(float(max(0, int(seconds))))


def ago(seconds: float) -> str:
    """How long something is past: `just now` within its first second, then `12 s ago`."""
    return "just now" if seconds < 1 else f"{whole_span(seconds)} ago"


def failure(kind: str, message: str) -> str:
    """What went wrong, once: the kind's words, unless the message begins with or holds the first of them.

    `connection failed` and `connection refused` are told as `connection refused`, `timed out` and `no answer
    within 4 s` as both.
    """
    words = kind.replace("_", " ")
    if not message:
        return words
    if words.partition(" ")[0] in message.lower().split():
        return message
    return f"{words}: {message}"


def refused_key(key: str, provider: str, models: tuple[str, ...]) -> str:
    """That a provider refused a key, whom it concerns, and what to do."""
    what = f"the key {key}" if key else "calls without a key"
    mend = "replace it, or its permissions" if key else "configure a key"
    return f"{provider} refuses {what}: {', '.join(models)} left alone; {mend}, then reset or wait a minute"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def countdown(seconds: float) -> str:
    """Time left as `m:ss`, rounded up so that it never says 0:00 too early."""
    whole = max(0, -int(-seconds // 1))
    return f"{whole // _MINUTE}:{whole % _MINUTE:02d}"


def percent(share: float) -> str:
    """A share as a percentage with one decimal, without it at the ends: `0`, `12.5`, `100`.

    Only nothing is said as 0 and only all as 100.
    """
    value = share * 100
    return f"{value:.0f}" if value in {0.0, 100.0} else f"{min(max(value, 0.1), 99.9):.1f}"


def whole_percent(share: float) -> str:
    """A share that somebody chose, such as a step of a ramp: `10`, `25`; anything above nothing is at least 1."""
    return f"{max(1, round(share * 100)) if share > 0 else 0}"


def dollars(micro: int) -> str:
    """Micro-dollars as money: `$1.00`, `$0.0003`."""
    whole_cents = micro % 10_000 == 0
    return f"${micro / 1_000_000:,.2f}" if whole_cents else f"${micro / 1_000_000:,.6f}".rstrip("0")


def latency(seconds: float) -> str:
    """A latency in at most five columns: `85ms`, `4.8s`, `31s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    return f"{seconds:.1f}s" if seconds < 9.95 else f"{seconds:.0f}s"
