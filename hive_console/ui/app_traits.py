"""What a screen may know of the app it runs in; an app that does not know the word has the plain answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, cast

from textual.app import App

from hive_console.engine.client import EngineClient

READ_ONLY_REFUSAL = "this console is read-only"

AnyApp = App[Any]
"""An app, whatever it ends with: its result plays no part in what screens ask of it."""

Now = Callable[[], float]
"""A clock that tells Unix seconds."""


def is_read_only(app: AnyApp) -> bool:
    """Whether the console only watches (`HiveApp.read_only`)."""
    return bool(getattr(app, "read_only", False))


def is_review(app: AnyApp) -> bool:
    """Whether the console shows a recording (`ReviewApp`)."""
    return bool(getattr(app, "is_review", False))


def refusal_to_act(app: AnyApp) -> str:
    """Why nothing can be acted on where only watching is possible (`HiveApp.refusal_to_act`)."""
    return str(getattr(app, "refusal_to_act", READ_ONLY_REFUSAL))


def wall_clock(app: AnyApp, now: Now) -> float:
    """The time that answers to keys are shown by (`HiveApp.wall`): it goes on while a recording stands still."""
    wall: object = getattr(app, "wall", None)
    return cast("Now", wall)() if callable(wall) else now()


def is_ascii(app: AnyApp) -> bool:
    """Whether the terminal has no Unicode (`HiveApp.is_ascii`)."""
    return bool(getattr(app, "is_ascii", False))


def zone_of(app: AnyApp) -> tzinfo | None:
    """The zone in which moments are shown (`HiveApp.zone`); `None` is the machine's own."""
    zone: object = getattr(app, "zone", None)
    return zone if isinstance(zone, tzinfo) else None


def moment(app: AnyApp, client: EngineClient, now: Now | None) -> float:
    """The time by the clock that was given, by the app's (`HiveApp.now`), or by the latest snapshot."""
    if now is not None:
        return now()
    clock: object = getattr(app, "now", None)
    return cast("Now", clock)() if callable(clock) else client.snapshot().at
