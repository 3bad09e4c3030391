"""Times on the command line. What names no offset is UTC there, as everything is that commands print."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC

import click

from hive_console.core.errors import HiveError
from hive_console.core.moments import moment

FORMS = "2h (or s, m, d, w) ago, 14:05, 2026-10-01 or 2026-10-01T12:00; UTC where it has no offset"
"""What is understood, for help texts."""


class Moment(click.ParamType[float]):
    """A time as Unix seconds; see `FORMS`."""

    name = "time"

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The text as a time; refuses what is none, with the forms that are."""
        if not isinstance(value, str):
            return value
        try:
            return moment(value, now=self._now(), zone=UTC)
        except HiveError as error:
            self.fail(str(error), param, ctx)


SPANS = "90s, 15m, 4h, 1d or 1h30m"
"""Durations that are understood, for help texts."""


class Span(click.ParamType[float]):
    """A duration as seconds; see `SPANS`."""

    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The text as seconds; refuses what is none, with the forms that are."""
        if not isinstance(value, str):
            return value
        try:
            seconds = moment(f"+{value}", now=0.0, zone=UTC)
        except HiveError:
            seconds = 0.0
        if seconds <= 0 or value[:1] in "+-@":
            self.fail(f"{value!r} is no duration; take {SPANS}", param, ctx)
        return seconds
