"""One event as one line, for `tail`: a time, how loud it is, and a sentence in words."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.narration import narrate
from hive_console.core.plain_words import in_words, utc_time
from hive_console.core.sifting import REQUESTS
from hive_console.core.states import Severity
from hive_console.core.store import Gap
from hive_console.core.wording import span

ALERTS = (e.AlertRaised, e.AlertReopened, e.AlertChanged, e.AlertResolved)
"""Routine on a screen that has an inbox; here nothing else tells of them."""


def tail_line(event: e.Event) -> str:
    """`2026-11-26 14:05:03Z critical breaker gpt-5 closed to open (5 failures in a row)`."""
    line = narrate(event)
    return in_words(f"{utc_time(event.at)} {line.severity.value} {line.text}")


def gap_line(gap: Gap) -> str:
    """A stretch that is not whole, told when it ended."""
    lost = f", {gap.dropped} events lost" if gap.dropped else ", nothing lost"
    detail = f": {gap.detail}" if gap.detail else ""
    said = f"recording not whole for {span(gap.end - gap.begin)} ({gap.cause.value}{lost}){detail}"
    return in_words(f"{utc_time(gap.end)} {Severity.WARNING.value} {said}")


def is_told(event: e.Event, *, with_routine: bool) -> bool:
    """Whether the event gets a line: a request always, since whoever reads them asked for them."""
    return with_routine or isinstance(event, (*REQUESTS, *ALERTS)) or not narrate(event).is_routine


def is_loud(event: e.Event) -> bool:
    """Whether it wants a person at once; one failed request of many does not."""
    if isinstance(event, REQUESTS):
        return False
    return narrate(event).severity is Severity.CRITICAL
