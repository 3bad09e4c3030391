"""The ledger and the outbox in the parts in which they are kept over a restart: bounded JSON values, and back.

Times are absolute. What was under way when the engine ended may have arrived: it comes back as unsure.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hive_console.core.notifying.ledger import Entry
from hive_console.core.notifying.notice import AlertBrief
from hive_console.core.notifying.queued import Queued, Told
from hive_console.core.saved_state import (
    Check,
    Checks,
    UnreadableState,
    is_count,
    is_flag,
    is_instant,
    is_number,
    is_text,
    is_word_of,
    record_of,
)
from hive_console.core.settings import OWN_ROW
from hive_console.core.states import AlertRule, AlertState, NoticeKind, Severity

LEDGER, NOTICES = f"{OWN_ROW}ledger/", f"{OWN_ROW}notices/"
"""Begin the names of the parts, which end in their number."""

NUMBERS = f"{NOTICES}numbers"
"""The row that knows how many notices there ever were, so that no id is given twice."""

SLOTS = 256
"""Parts of each: an alert is in the one that its id's checksum tells, a notice in that which its number leaves."""

ROW_LIMIT = 60_000
"""Bytes of one part: the recording takes 65,536 of one row."""

MARGIN = 1000
"""Numbers left out when the row that knows them is lost: as many as could wait, were given since."""

Rows = dict[str, dict[str, Any]]
"""JSON values by the name of their row."""


def _dict_of(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _list_of(check: Check, *, count: int | None = None) -> Check:
    return lambda value: (
        isinstance(value, list) and all(map(check, value)) and (count is None or len(value) == count)
    )


def _is_told(value: object) -> bool:
    match value:
        case [str(), times, str()]:
            return is_count(times)
        case _:
            return False


def _is_missed(value: object) -> bool:
    match value:
        case [step, str()]:
            return is_count(step)
        case _:
            return False


_BRIEF: Checks = {
    "alert_id": is_text,
    "fingerprint": is_text,
    "rule": is_word_of(AlertRule),
    "name": is_text,
    "title": is_text,
    "severity": is_word_of(Severity),
    "subject": is_text,
    "labels": _list_of(_list_of(is_text, count=2)),
    "text": is_text,
    "state": is_word_of(AlertState),
    "raised_at": is_number,
    "resolved_at": is_instant,
    "acknowledged_by": is_text,
    "advice": is_text,
    "runbook": is_text,
    "times": is_count,
}
_ENTRY: Checks = {
    "alert_id": is_text,
    "group": _list_of(is_text, count=2),
    "thread": is_text,
    "since": is_number,
    "done": is_number,
    "times": is_count,
    "peak": is_word_of(Severity),
    "is_over": is_flag,
    "is_acknowledged": is_flag,
    "is_muted": is_flag,
    "is_flapping": is_flag,
    "asked": _list_of(is_text),
    "told": _dict_of(is_number),
    "owed": _dict_of(is_flag),
    "missed": _dict_of(_is_missed),
    "over_at": is_instant,
    "flapped_at": is_instant,
    "by_hand": is_count,
    "taken": is_count,
}
_NOTICE: Checks = {
    "number": is_count,
    "key": is_text,
    "channel": is_text,
    "kind": is_word_of(NoticeKind),
    "thread": is_text,
    "step": is_count,
    "alerts": _dict_of(_is_told),
    "severity": is_word_of(Severity),
    "queued_at": is_number,
    "due": is_number,
    "remark": is_text,
    "is_by_hand": is_flag,
    "attempts": is_count,
    "is_in_flight": is_flag,
    "is_unsure": is_flag,
}


def slot_of(alert_id: str) -> int:
    """The part of the ledger that holds this alert."""
    return zlib.crc32(alert_id.encode(errors="surrogatepass")) % SLOTS


def row_of_entries(entries: Iterable[Entry]) -> dict[str, Any]:
    """A part of the ledger; what would make it too large is left out, those that are over first."""
    lasting = sorted(entries, key=lambda one: one.is_over)
    return {"entries": _within_row(map(_record_of_entry, lasting))}


def row_of_notices(items: Iterable[Queued]) -> dict[str, Any]:
    """A part of the outbox; the texts of what would make it too large are left out."""
    return {"notices": _within_row(_record_of_notice(item) for item in items)}


def entries_of(row: object) -> list[Entry]:
    """The entries of a part; raises `UnreadableState` for what is not whole."""
    return [_entry_of(one) for one in _many(row, "entries")]


def notices_of(row: object) -> list[Queued]:
    """The notices of a part; raises `UnreadableState` for what is not whole."""
    return [_notice_of(one) for one in _many(row, "notices")]


def numbers_of(row: object) -> int:
    """How many notices there were; raises `UnreadableState` where it does not say."""
    return int(record_of(row, {"numbers": is_count})["numbers"])


def parts_of(saved: Mapping[str, Any], prefix: str) -> dict[str, object]:
    """The rows of this kind that were kept, by name."""
    names = (f"{prefix}{number}" for number in range(SLOTS))
    return {name: saved[name] for name in names if name in saved}


def _many(row: object, name: str) -> list[Any]:
    is_list: Callable[[object], bool] = lambda value: isinstance(value, list)  # noqa: E731 - a check like the others
    return list(record_of(row, {name: is_list})[name])


def _within_row(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    fitting: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        size += len(json.dumps(entry)) + 1
        if size > ROW_LIMIT:
            break
        fitting.append(entry)
    return fitting


def _record_of_brief(brief: AlertBrief) -> dict[str, Any]:
    return {
        "alert_id": brief.alert_id,
        "fingerprint": brief.fingerprint,
        "rule": brief.rule.value,
        "name": brief.name,
        "title": brief.title,
        "severity": brief.severity.value,
        "subject": brief.subject,
        "labels": [list(pair) for pair in brief.labels],
        "text": brief.text,
        "state": brief.state.value,
        "raised_at": brief.raised_at,
        "resolved_at": brief.resolved_at,
        "acknowledged_by": brief.acknowledged_by,
        "advice": brief.advice,
        "runbook": brief.runbook,
        "times": brief.times,
    }


def _brief_of(saved: object) -> AlertBrief:
    known = record_of(saved, _BRIEF, "brief.")
    record = {name: known[name] for name in _BRIEF}
    record["rule"] = AlertRule(record["rule"])
    record["severity"] = Severity(record["severity"])
    record["state"] = AlertState(record["state"])
    record["labels"] = tuple((name, value) for name, value in record["labels"])
    return AlertBrief(**record)


def _record_of_entry(entry: Entry) -> dict[str, Any]:
    return {
        "alert_id": entry.alert_id,
        "brief": _record_of_brief(entry.brief),
        "group": list(entry.group),
        "thread": entry.thread,
        "since": entry.since,
        "done": entry.done,
        "times": entry.times,
        "peak": entry.peak.value,
        "is_over": entry.is_over,
        "is_acknowledged": entry.is_acknowledged,
        "is_muted": entry.is_muted,
        "is_flapping": entry.is_flapping,
        "asked": list(entry.asked),
        "told": dict(entry.told),
        "owed": dict(entry.owed),
        "missed": {name: list(missed) for name, missed in entry.missed.items()},
        "over_at": entry.over_at,
        "flapped_at": entry.flapped_at,
        "by_hand": entry.by_hand,
        "taken": entry.taken,
    }


def _entry_of(saved: object) -> Entry:
    known = record_of(saved, _ENTRY, "entries.")
    record = {name: known[name] for name in _ENTRY}
    first, second = record["group"]
    record["group"] = first, second
    record["missed"] = {name: (step, serial) for name, (step, serial) in record["missed"].items()}
    record["peak"] = Severity(record["peak"])
    record["asked"] = dict.fromkeys(record["asked"])
    return Entry(brief=_brief_of(known.get("brief")), **record)


def _record_of_notice(item: Queued) -> dict[str, Any]:
    record = {
        "number": item.number,
        "key": item.key,
        "channel": item.channel,
        "kind": item.kind.value,
        "thread": item.thread,
        "step": item.step,
        "alerts": {alert_id: [told.fingerprint, told.times, told.serial] for alert_id, told in item.alerts.items()},
        "briefs": [_record_of_brief(brief) for brief in item.briefs.values()],
        "severity": item.severity.value,
        "queued_at": item.queued_at,
        "due": item.due,
        "remark": item.remark,
        "is_by_hand": item.is_by_hand,
        "attempts": item.attempts,
        "is_in_flight": item.is_in_flight,
        "is_unsure": item.is_unsure,
    }
    return record if len(json.dumps(record)) <= ROW_LIMIT // 2 else {**record, "briefs": []}


def _notice_of(saved: object) -> Queued:
    known = record_of(saved, _NOTICE, "notices.")
    if not isinstance(known.get("briefs"), list):
        raise UnreadableState("notices.briefs is missing")
    record = {name: known[name] for name in _NOTICE}
    briefs = [_brief_of(one) for one in known["briefs"]]
    record["kind"] = NoticeKind(record["kind"])
    record["severity"] = Severity(record["severity"])
    record["alerts"] = {alert_id: Told(*told) for alert_id, told in record["alerts"].items()}
    record["is_unsure"] = record["is_unsure"] or record["is_in_flight"]
    record["is_in_flight"] = False
    return Queued(briefs={brief.alert_id: brief for brief in briefs}, **record)
