"""Whom an operator's deed was about and where it led, in words that log, digest and report share."""

from __future__ import annotations

from hive_console.core.events import OperatorActed
from hive_console.core.states import Action

_SHOWN = 4
"""Alerts of one deed that are named; more are counted."""

_ON_ALERTS = frozenset(
    {Action.ACKNOWLEDGE, Action.UNACKNOWLEDGE, Action.ESCALATE, Action.RESOLVE, Action.NOTE, Action.UNSILENCE}
)
"""Deeds whose parameter is for the machine: how far whoever did it had seen the alert."""


def whom(act: OperatorActed) -> str:
    """What it was about: a model, a fleet, or alerts, of many the first."""
    if act.action not in _ON_ALERTS:
        return act.target
    ids = act.target.split(",")
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"{', '.join(ids[:_SHOWN])}{more}"


def where_to(act: OperatorActed, arrow: str = "→") -> str:
    """` → gpt-5` of traffic that was sent away, ` (maintenance)` of a silence; empty where there is nothing."""
    if not act.parameter or act.action in _ON_ALERTS:
        return ""
    return f" ({act.parameter})" if act.action is Action.SILENCE else f" {arrow} {act.parameter}"
