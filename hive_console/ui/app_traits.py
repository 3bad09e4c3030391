"""What a screen may know of the app it runs in; an app that does not know the word has the plain answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, cast

from textual.app import App

from hive_console.engine.client import EngineClient
from hive_console.engine.history import History

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


def trouble_of(app: AnyApp) -> str:
    """Why nothing comes from the engine (`HiveApp.client`); ``""`` while all is well."""
    return str(getattr(getattr(app, "client", None), "trouble", ""))


def wall_clock(app: AnyApp, now: Now) -> float:
    """The time that answers to keys are shown by (`HiveApp.wall`): it goes on while a recording stands still."""
    wall: object = getattr(app, "wall", None)
    return cast("Now", wall)() if callable(wall) else now()


def link_words(app: AnyApp) -> str:
    """What the title says of a slow line to the terminal (`HiveApp.link`); `""` when there is nothing to say."""
    link: object = getattr(app, "link", None)
    return str(getattr(link, "words", ""))


def is_painted_since(app: AnyApp, moment: float) -> bool:
    """Whether the terminal has drawn what was put together at this moment, by the app's wall clock, or later.

    An app that cannot know it (`HiveApp.is_painted_since`) says yes.
    """
    tell: object = getattr(app, "is_painted_since", None)
    return bool(tell(moment)) if callable(tell) else True


def is_ascii(app: AnyApp) -> bool:
    """Whether the terminal has no Unicode (`HiveApp.is_ascii`)."""
    return bool(getattr(app, "is_ascii", False))


def zone_of(app: AnyApp) -> tzinfo | None:
    """The zone in which moments are shown (`HiveApp.zone`); `None` is the machine's own."""
    zone: object = getattr(app, "zone", None)
    return zone if isinstance(zone, tzinfo) else None


def history_of(app: AnyApp) -> History | None:
    """The past beyond the engine's latest events (`HiveApp.history`); `None` where there is none to ask."""
    return cast("History | None", getattr(app, "history", None))


def moment(app: AnyApp, client: EngineClient, now: Now | None) -> float:
    """The time by the clock that was given, by the app's (`HiveApp.now`), or by the latest snapshot."""
    if now is not None:
        return now()
    clock: object = getattr(app, "now", None)
    return cast("Now", clock)() if callable(clock) else client.snapshot().at
