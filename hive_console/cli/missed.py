"""What this user missed since they last looked, for commands: it is read from the recording, engine or not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from hive_console.adapters.identity import current_actor
from hive_console.adapters.last_look import LastLook
from hive_console.core.errors import HiveError
from hive_console.core.plain_words import in_words
from hive_console.engine.digest_reading import digest_of
from hive_storage.store import SqliteStore

NEVER = "You have not looked before: from now on this tells what you missed."
NOTHING = "Nothing happened since you last looked."


def missed_since_last(data: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The lines, at least one; reading them is a look, and is remembered."""
    look, now = LastLook(data, environ), time.time()
    since = look.at()
    if since is None:
        told: tuple[str, ...] = (NEVER,)
    else:
        try:
            told = asyncio.run(_digest(data, since, now)) or (NOTHING,)
        except HiveError as error:
            return (in_words(f"What you missed is not known: {error}"),)
    look.note(now)
    return told


async def _digest(data: Path, since: float, now: float) -> tuple[str, ...]:
    async with SqliteStore.open(data) as store:
        return await digest_of(store, since, now, actor=current_actor())
