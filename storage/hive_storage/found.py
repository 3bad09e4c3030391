"""What a recording holds when it is opened for writing, as far as writing on needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite

from hive_console.core.rolling_up import RollUps
from hive_storage import sql
from hive_storage.audit_chain import AuditChain
from hive_storage.audit_sql import LAST_LINK
from hive_storage.micros import microseconds
from hive_storage.names import Names
from hive_storage.rebuild import rolled_until, windows_at_start
from hive_storage.since import last_seq
from hive_storage.states import MAX_STATES, STATE_LIMIT, states_of_rows
from hive_storage.windows import Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where the last run ended.

    Attributes:
        names: model names and words of the main file.
        trail: where the chain of the audit trail stands.
        windows: the sums of windows that were open.
        last_seq: the newest key that is in use.
        last_sign: until when the last run surely lived, in microseconds; 0 where nothing was recorded.
        max_skew: how far keys run ahead of their events' times, in microseconds at most.
        saved: what models must remember, by model, as JSON has it.
    """

    names: Names
    trail: AuditChain
    windows: Windows
    last_seq: int
    last_sign: int
    max_skew: int
    saved: Mapping[str, Any]


async def found_in(connection: aiosqlite.Connection, folder: Path, *, now: float) -> Found:
    """Reads it, in milliseconds whatever the recording's size; raises `sqlite3.Error` when that fails."""
    rows = [(int(number), str(text)) for number, text in await connection.execute_fetchall(sql.ALL_NAMES)]
    states = await connection.execute_fetchall(sql.STATES, {"longest": STATE_LIMIT, "most": MAX_STATES})
    links = [tuple(row) for row in await connection.execute_fetchall(LAST_LINK)]
    skews = [row[0] for row in await connection.execute_fetchall(sql.MAX_SKEW)]
    now_us = microseconds(now)
    newest, rolled = await last_seq(connection, folder), await rolled_until(connection)
    if rolled is None:
        begin = max(now_us, newest + 1)
        windows = Windows(RollUps(begin_us=begin), begin_us=begin)
    else:
        windows = await windows_at_start(connection, folder, dict(rows), rolled_until=rolled, now_us=now_us)
    return Found(
        names=Names(rows),
        trail=AuditChain(*links[0]) if links else AuditChain(),
        windows=windows,
        last_seq=max(newest, windows.final_us - 1),
        last_sign=max(newest, rolled or 0),
        max_skew=int(skews[0]) if skews else 0,
        saved=states_of_rows((name, body) for name, body in states),
    )
