"""What must be remembered over a restart: as rows on their way to the disk, and as they come back.

A row by a model's id is that model's; names that begin with `!` are the fleet's. What a state means is the
engine's; here it is JSON of a bounded size. Rows that cannot be read come back as `None`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hive_storage.micros import microseconds
from hive_storage.request_rows import Row

STATE_LIMIT = 65_536
"""Bytes of one model's state: a breaker that judges its last 10,000 calls takes 20,000, most take 600."""

MAX_STATES = 6_000
"""Rows a recording remembers: of the largest fleet its 2,000 models, as many keys, the alert book's 256 parts and a
few of the fleet as a whole; the rest are of models and keys no longer configured, of which the oldest make room."""


class States:
    """The newest state of each model that is not on disk yet."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}

    def take(self, model: str, state: Mapping[str, Any], at: float) -> None:
        """Takes a state in place of an older one; raises `ValueError` for what no file can hold."""
        model.encode()  # refuses a lone surrogate here, and not with a whole batch
        try:
            body = json.dumps(state, separators=(",", ":"), allow_nan=False)
        except (TypeError, RecursionError) as error:
            raise ValueError(f"the state of a model is no JSON: {error}") from error
        if len(body) > STATE_LIMIT:
            raise ValueError(f"the state of a model takes {len(body)} bytes; {STATE_LIMIT} are kept")
        if len(self._rows) >= MAX_STATES and model not in self._rows:
            raise ValueError(f"{MAX_STATES} models wait already")
        self._rows[model] = (model, microseconds(at), body)

    def rows(self) -> tuple[Row, ...]:
        """All that wait."""
        return tuple(self._rows.values())

    def settle(self, rows: Iterable[Row]) -> None:
        """These are on disk; what was taken meanwhile still waits."""
        for row in rows:
            if self._rows.get(row[0]) is row:
                del self._rows[row[0]]


def states_of_rows(rows: Iterable[Row]) -> dict[str, Any]:
    """States by model as they were taken; `None` for a body that is no JSON, or was too large to be fetched."""
    return {name.decode(errors="replace"): _state_of(body) for name, body in rows}


def _state_of(body: bytes | None) -> Any:  # whatever the JSON says: who asked for it checks it
    if body is None:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
