"""Snapshots to plain JSON data and back, so that another process can read what the engine published.

The field names and the enums' wire values are the format. Fields of a newer engine are ignored by an older
reader, and fields an older engine does not send take their defaults.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hive_console.core.errors import HiveError
from hive_console.core.snapshot import FleetSnapshot

Data = dict[str, Any]
"""A decoded JSON object: JSON has no narrower Python type than Any at its leaves."""


class UnreadableSnapshot(HiveError):
    """Data that is no snapshot of this version, or of one near enough to be read."""


def snapshot_to_data(fleet: FleetSnapshot) -> Data:
    """The snapshot as plain data: strings, numbers, booleans, `None`, tuples and dictionaries."""
    data: Data = msgspec.to_builtins(fleet)
    return data


def status_to_data(fleet: FleetSnapshot) -> Data:
    """The snapshot for people's scripts: as `snapshot_to_data`, with what they would have to work out.

    Each breaker has `retry_in`: seconds until it admits a probe, 0 when it would now, `None` where it is not open.
    """
    data = snapshot_to_data(fleet)
    for model in data["models"]:
        until = model["breaker"]["open_until"]
        model["breaker"]["retry_in"] = None if until is None else max(0.0, until - fleet.at)
    return data


def snapshot_from_data(data: Data) -> FleetSnapshot:
    """Builds the snapshot back, exactly; lists may stand for tuples, as JSON has no tuples.

    Raises:
        UnreadableSnapshot: a field is missing that has no default, or a value is not of its field's type.
    """
    try:
        return msgspec.convert(data, FleetSnapshot)
    except msgspec.ValidationError as exc:
        raise _unreadable(exc) from exc


def snapshot_to_json(fleet: FleetSnapshot) -> bytes:
    """The snapshot as one line of JSON; 500 models take about 10 ms, so the engine's loop may call it."""
    return msgspec.json.encode(fleet)


def snapshot_from_json(line: bytes) -> FleetSnapshot:
    """Builds the snapshot back from JSON.

    Raises:
        UnreadableSnapshot: it is no JSON, or not a snapshot's.
    """
    try:
        return msgspec.json.decode(line, type=FleetSnapshot)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise _unreadable(exc) from exc


def _unreadable(exc: Exception) -> UnreadableSnapshot:
    return UnreadableSnapshot(
        f"the engine's snapshot cannot be read ({exc}); run the same version of hive-console on both sides"
    )
