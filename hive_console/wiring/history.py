"""The past for a live console: the recording of its data folder, opened beside whoever records into it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path

from hive_console.core.store import Store
from hive_console.engine.digest_reading import digest_of
from hive_console.engine.recorded_history import Anchor, HistoryThread, StoreHistory


class FolderHistory(StoreHistory):
    """A history that is closed when the console ends."""

    def __init__(self, folder: Path) -> None:
        self._thread = HistoryThread(lambda: _open(folder))
        super().__init__(self._thread, anchors=lambda: _anchors(folder))

    def digest(self, since: float, now: float, *, actor: str) -> Future[tuple[str, ...]]:
        """What somebody missed who last looked at `since`, in a few lines."""
        return self._thread.ask(lambda store: digest_of(store, since, now, actor=actor))

    def close(self) -> bool:
        """Closes the recording, if it was ever opened; `False` when that took too long."""
        return self._thread.close()


def open_history(folder: Path) -> FolderHistory:
    """The history of a data folder. Nothing is opened, and no thread begun, before something is asked."""
    return FolderHistory(folder)


@asynccontextmanager
async def _open(folder: Path) -> AsyncGenerator[Store, None]:
    from hive_storage.store import SqliteStore  # 60 ms that nobody pays who looks at no past

    async with SqliteStore.open(folder) as store:
        yield store


def _anchors(folder: Path) -> Iterable[Anchor]:
    from hive_storage import anchors

    file = folder / anchors.ANCHOR_NAME
    return anchors.read(file).pairs if file.exists() else ()
