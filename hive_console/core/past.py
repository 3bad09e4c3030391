"""A fleet that is read from a recording: the view of it that screens get, and where in the recording it is.

Screens that show a running engine know nothing of this; those that can show both ask `past_of`.
"""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import Severity

Stretch = tuple[float, float]
"""From when until when, in Unix seconds."""

Mark = tuple[float, Severity]
"""When something happened, and how loud it was."""


OPENING = "The recording is being opened."
"""Said until something of it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLine:
    """A stretch of a recording as a line to look along.

    Attributes:
        begin: its left end, in Unix seconds.
        end: its right end.
        marks: what moved something, oldest first; bounded, of what is near to each other only the loudest.
        gaps: stretches that were not recorded whole.
        runs: stretches in which an engine ran; outside of them there is nothing to record.
    """

    begin: float
    end: float
    marks: tuple[Mark, ...] = ()
    gaps: tuple[Stretch, ...] = ()
    runs: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Where in a recording the fleet is shown, and what to know before believing it.

    Attributes:
        name: what the recording is called.
        cursor: where the person went; the fleet is shown as of `FleetSnapshot.at`, which follows.
        line: the stretch around the cursor.
        step: seconds of one step.
        leap: seconds of one large step.
        begin: the recording's first event; `None` while nothing is recorded, or nothing is known yet.
        end: its last one.
        is_live: whether somebody records into it now.
        is_loading: whether the fleet is not yet the cursor's.
        is_running: whether an engine ran then.
        gap: why the recording is not whole then; empty where it is.
        caution: what to know of the whole recording; mostly empty.
        problem: why it could not be read; empty while it can.
        note: what came of the last move where it did not go as asked.
    """

    name: str
    cursor: float
    line: TimeLine
    step: float
    leap: float
    begin: float | None = None
    end: float | None = None
    is_live: bool = False
    is_loading: bool = False
    is_running: bool = True
    gap: str = ""
    caution: str = ""
    problem: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PastFleet(FleetSnapshot):
    """A fleet as it was; what a recording does not tell is zero, empty or `None` here, and is drawn as unknown.

    Attributes:
        past: where it is from; `None` never, but a default has to be one.
    """

    past: Past | None = None


def past_of(fleet: FleetSnapshot) -> Past | None:
    """Where the fleet is from, when it is from a recording; `None` when an engine published it."""
    return fleet.past if isinstance(fleet, PastFleet) else None
