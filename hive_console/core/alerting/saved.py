"""The alert book in the parts in which it is kept over a restart: as JSON values of a bounded size, and back.

Parts, so that an alert or a silence costs the writing of a few and not of all of them. Fields that earlier versions
did not write may be missing; what is there must be what it is meant to be, or the part is left out as a whole.
One piece, since alerts, silences and what waits are written by the same rules and read by the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hive_console.core.alerting.matching import Matcher
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.errors import SettingsError
from hive_console.core.holds import STOP_FILE
from hive_console.core.saved_state import (
    Check,
    Checks,
    UnreadableState,
    is_count,
    is_flag,
    is_instant,
    is_name,
    is_number,
    is_text,
    is_word_of,
    record_of,
)
from hive_console.core.snapshot import AlertView, SilenceView
from hive_console.core.states import EVERYTHING, PROVIDER_PREFIX, AlertRule, AlertState, Severity

SLOTS = 256
"""Parts of the book; an alert is in the one that its number leaves. With the largest fleet all out each has 25."""

SILENCE_SLOTS = 32
"""Parts of the silences; each has seven when there are as many as can be."""

ROW_LIMIT = 60_000
"""Bytes of one part: the recording takes 65,536 of one row, and the rest of the part is small."""

TEXT_LIMIT = 2_000
"""Characters of one text: a key that 2,000 models use has them all in its alert's."""

_Pairs = tuple[tuple[str, str], ...]


def _is_pairs(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(map(is_text, pair)) for pair in value
    )


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_history(value: object) -> bool:
    if not isinstance(value, list):
        return value is None
    return len(value) == 2 and is_number(value[0]) and is_count(value[1])


def _is_ends(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and is_text(pair[0]) and is_number(pair[1]) for pair in value
    )


_SLOT: Checks = {"numbers": is_count, "alerts": _is_list}
_SILENCES: Checks = {"numbers": is_count, "silences": _is_list, "ended_windows": _is_ends}
_PENDING: Checks = {"pending": _is_list}
_ALERT: Checks = {
    "number": is_count,
    "rule": is_word_of(AlertRule),
    "severity": is_word_of(Severity),
    "subject": is_text,
    "text": is_text,
    "raised_at": is_number,
    "resolved_at": is_instant,
    "acknowledged_by": is_name,
    "acknowledged_at": is_instant,
    "note": is_text,
    "last": is_instant,
}
_LATER: Mapping[
    str, tuple[Check, object]
] = {  # what versions before those of episodes did not write, as it is then
    "labels": (_is_pairs, None),
    "name": (is_text, ""),
    "times": (is_count, 0),
    "acknowledged_until": (is_instant, None),
    "silenced_by": (is_text, ""),
    "inhibited_by": (is_text, ""),
    "is_flapping": (is_flag, False),
    "cause": (is_text, ""),
    "notes": (_is_texts, ()),
    "changed": (is_count, 0),
    "began_at": (is_instant, None),
    "taken_at_rank": (is_count, 0),
    "good_since": (is_instant, None),
    "good_cause": (is_text, ""),
    "is_held": (is_flag, False),
    "is_away": (is_flag, False),
    "history": (_is_history, None),
}
_SILENCE: Checks = {
    "number": is_count,
    "matchers": _is_texts,
    "by": is_text,
    "reason": is_text,
    "begins": is_number,
    "until": is_number,
    "is_maintenance": is_flag,
    "ends_on_resolve": is_flag,
    "hid": is_count,
    "window": is_text,
}
_WAITING: Checks = {
    "rule": is_word_of(AlertRule),
    "name": is_text,
    "subject": is_text,
    "text": is_text,
    "severity": lambda value: value is None or is_word_of(Severity)(value),
    "labels": _is_pairs,
    "since": is_number,
}


@dataclass(frozen=True, slots=True)
class SavedAlert:
    """One alert of the book.

    Attributes:
        number: what its id ends in.
        alert: as people see it.
        last: when its condition was last met, where only time ends it.
        began_at: since when it fires without a break; `None` is since it was raised.
        taken_at_rank: how much it weighed when somebody took it.
        good_since: since when its condition does not hold, while it fires.
        good_cause: why that is so.
        is_held: whether it fires only because it flaps.
        is_away: whether it was put away by hand, and its condition has not been good since.
        history: of its turns, when the latest state was taken and which of the latest ones were changes.
    """

    number: int
    alert: AlertView
    last: float | None = None
    began_at: float | None = None
    taken_at_rank: int = 0
    good_since: float | None = None
    good_cause: str = ""
    is_held: bool = False
    is_away: bool = False
    history: tuple[float, int] | None = None


@dataclass(frozen=True, slots=True)
class SavedSlot:
    """One part of the book.

    Attributes:
        numbers: how many alerts the book had ever raised when it was kept.
        alerts: what it holds, the dearest first.
    """

    numbers: int
    alerts: tuple[SavedAlert, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedSilence:
    """One silence: its number, itself, and the window of the settings file that made it, if one did."""

    number: int
    view: SilenceView
    window: str = ""


@dataclass(frozen=True, slots=True)
class SavedSilences:
    """One part of the silences.

    Attributes:
        numbers: how many were ever placed.
        silences: what the part holds.
        ended_windows: windows of the settings file that somebody ended, and until when their hours last.
    """

    numbers: int
    silences: tuple[SavedSilence, ...] = ()
    ended_windows: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class SavedPending:
    """A condition that waits to become an alert: what was said of it, and since when it holds."""

    seen: Sighting
    since: float


# --- alerts ----------------------------------------------------------------------------------------


def record_of_slot(slot: SavedSlot) -> dict[str, Any]:
    """The part as JSON values; alerts that would make it too large are left out, the last first."""
    return {"numbers": slot.numbers, "alerts": _within_row(map(_record_of_alert, slot.alerts))}


def slot_of_record(saved: object, number: int) -> SavedSlot:
    """The part of this number; raises `UnreadableState` for what is not whole."""
    record = record_of(saved, _SLOT)
    alerts = tuple(_alert_of(one) for one in record["alerts"])
    if any(one.number % SLOTS != number for one in alerts):
        raise UnreadableState("alerts. are of another part of the book")
    return SavedSlot(record["numbers"], alerts)


def _within_row(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first entries, as many as one row holds."""
    fitting: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        size += len(json.dumps(entry)) + 1
        if size > ROW_LIMIT:
            break
        fitting.append(entry)
    return fitting


def _record_of_alert(one: SavedAlert) -> dict[str, Any]:
    alert = one.alert
    said: dict[str, Any] = {
        "number": one.number,
        "rule": alert.rule.value,
        "severity": alert.severity.value,
        "subject": alert.subject,
        "text": alert.text[:TEXT_LIMIT],
        "raised_at": alert.raised_at,
        "resolved_at": alert.resolved_at,
        "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": alert.acknowledged_at,
        "note": alert.note[:TEXT_LIMIT],
        "last": one.last,
    }
    later: dict[str, Any] = {
        "labels": [list(pair) for pair in alert.labels],
        "name": alert.name,
        "times": alert.times,
        "acknowledged_until": alert.acknowledged_until,
        "silenced_by": alert.silenced_by,
        "inhibited_by": alert.inhibited_by,
        "is_flapping": alert.is_flapping,
        "cause": alert.cause[:TEXT_LIMIT],
        "notes": list(alert.notes),
        "changed": alert.changed,
        "began_at": one.began_at,
        "taken_at_rank": one.taken_at_rank,
        "good_since": one.good_since,
        "good_cause": one.good_cause[:TEXT_LIMIT],
        "is_held": one.is_held,
        "is_away": one.is_away,
        "history": None if one.history is None else list(one.history),
    }
    # Labels are always written: without them a row is one of an earlier version.
    told = {name: value for name, value in later.items() if name == "labels" or value not in (None, "", 0, [])}
    return {**said, **told}


def _alert_of(saved: object) -> SavedAlert:
    record = record_of(saved, _ALERT, "alerts.")
    for name, (is_good, missing) in _LATER.items():
        if not is_good(record.setdefault(name, missing)) and record[name] is not missing:
            raise UnreadableState(f"alerts.{name} has a value this version does not know")
    is_over = record["resolved_at"] is not None
    rule, subject, labels = AlertRule(record["rule"]), record["subject"], record["labels"]
    alert = AlertView(
        alert_id=str(record["number"]),
        rule=rule,
        severity=Severity(record["severity"]),
        subject=subject,
        text=record["text"],
        state=AlertState.RESOLVED if is_over else AlertState.FIRING,
        raised_at=record["raised_at"],
        resolved_at=record["resolved_at"],
        acknowledged_by=record["acknowledged_by"],
        acknowledged_at=record["acknowledged_at"],
        note=record["note"],
        labels=_usual_labels(rule, subject) if labels is None else _pairs(labels),
        name=record["name"],
        times=record["times"],
        acknowledged_until=record["acknowledged_until"],
        silenced_by=record["silenced_by"],
        inhibited_by=record["inhibited_by"],
        is_flapping=record["is_flapping"],
        cause=record["cause"],
        notes=tuple(record["notes"]),
        changed=record["changed"],
    )
    history = record["history"]
    return SavedAlert(
        number=record["number"],
        alert=alert,
        last=record["last"],
        began_at=record["began_at"],
        taken_at_rank=record["taken_at_rank"],
        good_since=record["good_since"],
        good_cause=record["good_cause"],
        is_held=record["is_held"],
        is_away=record["is_away"],
        history=None if history is None else (history[0], history[1]),
    )


def _usual_labels(rule: AlertRule, subject: str) -> _Pairs:
    """What an alert of a version that kept no labels is about: one without any would be about everything."""
    match rule:
        case AlertRule.MODEL_UNAVAILABLE | AlertRule.BREAKER_OPEN | AlertRule.KEY_REFUSED:
            return (("model", subject),)
        case AlertRule.FALLBACKS_EXHAUSTED:
            return (("route", subject),)
        case AlertRule.KILL_SWITCH if subject.startswith(PROVIDER_PREFIX):
            return (("provider", subject.removeprefix(PROVIDER_PREFIX)),)
        case AlertRule.KILL_SWITCH if subject not in {EVERYTHING, STOP_FILE}:
            return (("model", subject),)
        case _:
            return ()


def _pairs(saved: list[list[str]]) -> _Pairs:
    return tuple((name, value) for name, value in saved)


# --- silences --------------------------------------------------------------------------------------


def record_of_silences(part: SavedSilences) -> dict[str, Any]:
    """The part as JSON values; silences that would make it too large are left out, the last first."""
    return {
        "numbers": part.numbers,
        "silences": _within_row(map(_record_of_silence, part.silences)),
        "ended_windows": [list(pair) for pair in part.ended_windows],
    }


def silences_of_record(saved: object, number: int) -> SavedSilences:
    """The part of this number; raises `UnreadableState` for what is not whole."""
    record = record_of(saved, _SILENCES)
    silences = tuple(_silence_of(one) for one in record["silences"])
    if any(one.number % SILENCE_SLOTS != number for one in silences):
        raise UnreadableState("silences. are of another part")
    ended = tuple((name, at) for name, at in record["ended_windows"])
    return SavedSilences(record["numbers"], silences, ended)


def _record_of_silence(one: SavedSilence) -> dict[str, Any]:
    view = one.view
    return {
        "number": one.number,
        "matchers": list(view.matchers),
        "by": view.by,
        "reason": view.reason,
        "begins": view.begins,
        "until": view.until,
        "is_maintenance": view.is_maintenance,
        "ends_on_resolve": view.ends_on_resolve,
        "hid": view.hid,
        "window": one.window,
    }


def _silence_of(saved: object) -> SavedSilence:
    record = record_of(saved, _SILENCE, "silences.")
    try:
        matchers = tuple(str(Matcher.parse(text)) for text in record["matchers"])
    except SettingsError as error:
        raise UnreadableState(f"silences.matchers: {error}") from error
    if not matchers:
        raise UnreadableState("silences.matchers are none")
    view = SilenceView(
        silence_id=str(record["number"]),
        matchers=matchers,
        by=record["by"],
        reason=record["reason"],
        begins=record["begins"],
        until=record["until"],
        is_maintenance=record["is_maintenance"],
        ends_on_resolve=record["ends_on_resolve"],
        hid=record["hid"],
    )
    return SavedSilence(record["number"], view, record["window"])


# --- pending conditions ----------------------------------------------------------------------------


def record_of_pending(waiting: Iterable[SavedPending]) -> dict[str, Any]:
    """What waits, as JSON values; what would make the row too large begins its wait anew after a restart."""
    return {"pending": _within_row(map(_record_of_pending, waiting))}


def pending_of_record(saved: object) -> tuple[SavedPending, ...]:
    """What waited; raises `UnreadableState` for what is not whole."""
    return tuple(_pending_of(one) for one in record_of(saved, _PENDING)["pending"])


def _record_of_pending(one: SavedPending) -> dict[str, Any]:
    seen = one.seen
    return {
        "rule": seen.rule.value,
        "name": seen.name,
        "subject": seen.subject,
        "text": seen.text[:TEXT_LIMIT],
        "severity": None if seen.severity is None else seen.severity.value,
        "labels": [list(pair) for pair in seen.labels],
        "since": one.since,
    }


def _pending_of(saved: object) -> SavedPending:
    record = record_of(saved, _WAITING, "pending.")
    seen = Sighting(
        rule=AlertRule(record["rule"]),
        subject=record["subject"],
        is_bad=True,
        text=record["text"],
        severity=None if record["severity"] is None else Severity(record["severity"]),
        labels=_pairs(record["labels"]),
        name=record["name"],
    )
    return SavedPending(seen, record["since"])
