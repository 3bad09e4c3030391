"""What `/` understands in the inbox: words that narrow it, all of which must hold; pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hive_console.core.snapshot import AlertView, FleetSnapshot, PendingView
from hive_console.core.states import AlertState, Severity
from hive_console.ui.filter_words import (
    LONGEST,
    Completion,
    Problem,
    Word,
    claims_of,
    completed,
    is_subsequence,
    mistyped_key,
    word_before,
)

HINT = "rule:x provider:x severity:critical by:x mine waiting silenced since<15m !word ~fzy word"
"""The grammar by example."""


class Subject(NamedTuple):
    """An alert and what it is judged with."""

    alert: AlertView
    fleet: FleetSnapshot
    now: float
    me: str
    is_pending: bool = False


Claim = Callable[[Subject], bool]


def provider_of(alert: AlertView, fleet: FleetSnapshot) -> str:
    """The provider that the alert names, or that of its model; empty where it has none."""
    labels = dict(alert.labels)
    if labels.get("provider"):
        return labels["provider"]
    model = fleet.model(labels.get("model") or alert.subject)
    return "" if model is None else model.provider


def _label(name: str) -> Callable[[Subject], str]:
    return lambda it: dict(it.alert.labels).get(name, "")


def _model(it: Subject) -> str:
    named = dict(it.alert.labels).get("model", "")
    return named or (it.alert.subject if it.fleet.model(it.alert.subject) is not None else "")


NAMED: Mapping[str, Callable[[Subject], str]] = {
    "rule": lambda it: it.alert.rule_id,
    "severity": lambda it: it.alert.severity.value,
    "provider": lambda it: provider_of(it.alert, it.fleet),
    "model": _model,
    "subject": lambda it: it.alert.subject,
    "group": _label("group"),
    "route": _label("route"),
    "channel": _label("channel"),
    "key": _label("key"),
    "by": lambda it: it.alert.acknowledged_by or "",
    "told": lambda it: " ".join(it.alert.told),
}
"""Words before a colon, and the text of an alert that each looks at."""

FLAGS: Mapping[str, Claim] = {
    "waiting": lambda it: it.alert.wants_attention and not it.is_pending,
    "mine": lambda it: bool(it.me) and it.alert.acknowledged_by == it.me,
    "taken": lambda it: it.alert.acknowledged_by is not None,
    "firing": lambda it: it.alert.state is AlertState.FIRING and not it.is_pending,
    "pending": lambda it: it.is_pending,
    "resolved": lambda it: it.alert.state is AlertState.RESOLVED,
    "silenced": lambda it: bool(it.alert.silenced_by),
    "inhibited": lambda it: bool(it.alert.inhibited_by),
    "muted": lambda it: it.alert.is_muted,
    "flapping": lambda it: it.alert.is_flapping,
    "reopened": lambda it: it.alert.times > 0,
    "untold": lambda it: bool(it.alert.untold),
}
"""Words that stand alone."""

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBER = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([smhd]?)")

SINCE = "since"
KEYS = (*NAMED, SINCE)
"""What may stand before an operator."""


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """A parsed filter.

    Attributes:
        words: as typed, one a chip.
        problems: what was not understood; such a word narrows nothing.
        claims: what must hold for an alert to be shown.
    """

    words: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    claims: tuple[Claim, ...] = ()

    @property
    def line(self) -> str:
        """What can be typed to have it again."""
        return " ".join(self.words)

    def admits(self, alert: AlertView, fleet: FleetSnapshot, now: float, *, me: str) -> bool:
        """Whether the alert is to be shown to `me`, the actor of this console."""
        subject = Subject(alert, fleet, now, me)
        return all(claim(subject) for claim in self.claims)

    def admits_pending(self, pending: PendingView, fleet: FleetSnapshot, now: float) -> bool:
        """The same of what is no alert yet: it is nobody's, and nothing mutes it."""
        as_alert = AlertView(
            alert_id="",
            rule=pending.rule,
            severity=Severity.INFO,
            subject=pending.subject,
            text=pending.text,
            state=AlertState.FIRING,
            raised_at=pending.since,
            name=pending.name,
        )
        subject = Subject(as_alert, fleet, now, "", is_pending=True)
        return all(claim(subject) for claim in self.claims)


def parse(line: str) -> AlertFilter:
    """The filter that this line makes; never raises."""
    return AlertFilter(*claims_of(line, KEYS, _claim))


def _claim(word: Word) -> Claim | str:
    """What the word claims without its `!`, or why it is not understood."""
    value = word.value
    if word.is_fuzzy:
        return lambda it: is_subsequence(value, it.alert.subject.lower())
    if word.key == SINCE:
        return _of_age(word)
    if word.key:
        return _of_text(word)
    if value in FLAGS:
        return FLAGS[value]
    meant = mistyped_key(word, KEYS)
    if meant:
        return f"{word.text} is no word of this filter; did you mean {meant}?"
    return lambda it: value in _shown(it.alert)


def _shown(alert: AlertView) -> str:
    """All that is shown of it."""
    texts = (alert.subject, alert.text, alert.rule_id, alert.severity.value, alert.state.value)
    return " ".join((*texts, alert.acknowledged_by or "", alert.note, *alert.notes)).casefold()


def _of_text(word: Word) -> Claim | str:
    values, read = word.values, NAMED[word.key]
    if word.operator != ":" or not values:
        return f"write {word.key}: and then what is wanted"
    return lambda it: any(value in read(it).casefold() for value in values)


def _of_age(word: Word) -> Claim | str:
    compare, number = _COMPARISONS.get(word.operator), _NUMBER.fullmatch(word.value)
    if compare is None or number is None:
        return f"{word.text}: write since<15m or since>2h"
    bound = float(number[1]) * _UNITS[number[2]]
    return lambda it: compare(it.now - it.alert.raised_at, bound)


def complete(line: str, cursor: int, fleet: FleetSnapshot) -> Completion:
    """What tab makes of the line: keys, and the values that alerts have now; never raises."""
    typed = word_before(line[:LONGEST], cursor).removeprefix("!")
    key, colon, value = typed.lower().partition(":")
    if colon and key in NAMED:
        read = NAMED[key]
        known: Iterable[str] = (read(Subject(alert, fleet, fleet.at, "")).lower() for alert in fleet.alerts)
        vocabulary = tuple(one.value for one in Severity) if key == "severity" else tuple(dict.fromkeys(known))
        return completed(line, cursor, value.rpartition(",")[2], [one for one in vocabulary if one])
    keys = (*(f"{name}:" for name in NAMED), f"{SINCE}<", *FLAGS)
    return completed(line, cursor, typed, keys)
