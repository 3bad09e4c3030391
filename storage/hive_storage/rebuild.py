"""The windows that were open when the last run ended, put together again from what is on disk.

Windows of ten seconds come from the events themselves, longer ones go on as they were last written: what an
uninterrupted run would have written, but for events that a kill kept from the disk.
"""

# ruff: noqa: S608  # statements are put together from constants of this house, never from what comes from outside

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import aiosqlite

from hive_console.core.rolling_up import RollUps
from hive_console.core.rollup import Rolled, Tier
from hive_storage import sql
from hive_storage.micros import MICROSECONDS
from hive_storage.rolled_rows import COLUMNS, rolled_of
from hive_storage.since import events_since
from hive_storage.windows import Windows

_SINCE = f"""
SELECT {", ".join(COLUMNS)} FROM name CROSS JOIN {{table}} WHERE model = name.id AND t >= :begin AND t <= :until
"""
"""Every name by one seek, for models are names: to read the rows for their models would be to read them all."""


async def windows_at_start(
    connection: aiosqlite.Connection, folder: Path, names: dict[int, str], *, rolled_until: int, now_us: int
) -> Windows:
    """The windows as the last run would have gone on with them, ended where they are over by now.

    The engine of that run counts as stopped from its last sign on: what came after it is known to nobody.
    """
    rolls = RollUps(begin_us=rolled_until)
    rolls.resume(await _open_rows(connection, names, rolled_until))
    windows = Windows(rolls, begin_us=rolled_until)
    for seq, event in await events_since(connection, folder, rolled_until, names=names):
        windows.observe(event, seq)
    rolls.interrupt()
    windows.close(now_us)
    return windows


async def rolled_until(connection: aiosqlite.Connection) -> int | None:
    """The key from which on windows have to be put together again; `None` where none was ever written."""
    for row in await connection.execute_fetchall(sql.ROLLED_UNTIL):
        with suppress(ValueError):
            return int(row[0])
    return None


async def _open_rows(connection: aiosqlite.Connection, names: dict[int, str], until_us: int) -> list[Rolled]:
    """The rows of windows that are open at `until_us`, as `RollUps.resume` wants them."""
    until = until_us // MICROSECONDS
    minute = until - until % Tier.MINUTE
    begins = {
        Tier.TEN_SECONDS: minute,
        Tier.MINUTE: minute - Tier.MINUTE,  # the last minute tells what each model was
        Tier.HOUR: until - until % Tier.HOUR,
        Tier.DAY: until - until % Tier.DAY,
    }
    found: list[Rolled] = []
    for tier, begin in begins.items():
        asked = {"begin": begin, "until": until}
        for row in await connection.execute_fetchall(_SINCE.format(table=sql.ROLL_UP_TABLES[tier]), asked):
            with suppress(KeyError, ValueError, TypeError):  # a damaged row costs its window, not the start
                found.append(rolled_of(tier, tuple(row), names))
    return found
