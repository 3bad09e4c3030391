"""The screens on a recording: the store on its own thread and loop, no engine, no network."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

from hive_console.adapters.copies import Copies
from hive_console.core.errors import HiveError, place_of
from hive_console.core.store import Store
from hive_console.core.text import clean
from hive_console.engine.recorded_history import StoreHistory
from hive_console.engine.review_client import ReviewClient
from hive_console.ui.look import Look
from hive_console.ui.splash import splash
from hive_console.wiring.startup import collect_garbage_from_now_on
from hive_storage.folder import DATABASE_NAME

FAILED = 1

STOP_SECONDS = 3.0
"""Seconds that closing the store may take: nothing is written, so nothing is worth a longer wait."""

WHAT_TO_NAME = f"name a data folder, the {DATABASE_NAME} in it, or a copy of it"

_MAGIC = b"SQLite format 3\x00"


Opening = Callable[[Path], AbstractAsyncContextManager[Store]]
"""Opens a recording; raises `HiveError` where it cannot be read."""


def _open_sqlite(file: Path) -> AbstractAsyncContextManager[Store]:
    from hive_storage.store import SqliteStore  # 60 ms: the screen paints meanwhile

    opened: AbstractAsyncContextManager[Store] = SqliteStore.open(file)
    return opened


class NoRecording(HiveError):
    """There is nothing to review at a path."""


def recording_at(path: Path) -> Path:
    """The recording's file; raises `NoRecording` for what cannot be one, without opening a database."""
    try:
        file = path / DATABASE_NAME if path.is_dir() else path
        if not file.exists():
            where = f"{path} is a folder without {DATABASE_NAME}" if path.is_dir() else f"there is no {path}"
            raise NoRecording(f"{where}; {WHAT_TO_NAME}")
        with file.open("rb") as opened:
            if opened.read(len(_MAGIC)) != _MAGIC:
                raise NoRecording(f"{file} is no recording; {WHAT_TO_NAME}")
    except OSError as error:
        raise NoRecording(f"cannot read {path}: {error.strerror}; {WHAT_TO_NAME}") from error
    return file


def show(file: Path, look: Look, *, first: Callable[[float], float] | None = None) -> int:
    """Shows the recording until it is quit; the exit code, or raises `HiveError` where it cannot be opened.

    Args:
        file: the recording.
        look: how the screen looks and answers.
        first: from its end to where to begin; the end itself when not given.
    """
    client = ReviewClient(_name_of(file), first=first)
    with splash(client.snapshot(), is_ascii=look.is_ascii):
        return _show(file, client, look)


def _name_of(file: Path) -> str:
    """What the recording is called: a folder's `hive.db` by its folder, a copy by its own name."""
    return clean(file.resolve().parent.name or file.name if file.name == DATABASE_NAME else file.name)


def _show(file: Path, client: ReviewClient, look: Look) -> int:
    from hive_console.ui.review_app import ReviewApp  # 300 ms, spent behind the first frame

    failure: list[str] = []

    def on_failure(message: str) -> None:
        failure.append(message)
        with suppress(RuntimeError):  # the screen is gone already
            app.call_from_thread(app.exit, None, FAILED)

    def on_first_paint() -> None:
        collect_garbage_from_now_on()
        store.start()

    app = ReviewApp(
        client,
        wall=time.monotonic,
        on_first_paint=on_first_paint,
        look=look,
        keep_copy=Copies(os.environ, time.time).keep,
        environ=os.environ,
        history=StoreHistory(client),
    )
    store = StoreThread(file, client, on_failure=on_failure)
    try:
        app.run(mouse=look.has_mouse)
    finally:
        store.stop()
    if failure:
        raise NoRecording(failure[0])
    return app.return_code or 0


class StoreThread:
    """Reads a recording for a client, on a thread with a loop of its own, until `stop`.

    Args:
        file: the recording.
        client: follows the store as soon as it is open.
        on_failure: told, on that thread, when the recording could not be opened.
        open_store: opens it.
    """

    def __init__(
        self,
        file: Path,
        client: ReviewClient,
        *,
        on_failure: Callable[[str], None],
        open_store: Opening = _open_sqlite,
    ) -> None:
        self._file, self._client, self._on_failure = file, client, on_failure
        self._open = open_store
        self._thread = threading.Thread(target=self._main, name="recording", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._is_stopping = False
        self._guard = threading.Lock()

    def start(self) -> None:
        """Begins; returns at once."""
        self._thread.start()

    def stop(self) -> bool:
        """Closes the recording and ends; `False` when that took longer than `STOP_SECONDS`."""
        with self._guard:
            self._is_stopping = True
            if self._loop is not None and self._end is not None and self._thread.is_alive():
                self._loop.call_soon_threadsafe(self._end.set)
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)
        return not self._thread.is_alive()

    def _main(self) -> None:
        try:
            asyncio.run(self._live())
        except HiveError as error:
            self._on_failure(str(error))
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; its owner is told
            self._on_failure(f"the review ended by an error: {place_of(error)}")

    async def _live(self) -> None:
        end = asyncio.Event()
        with self._guard:
            self._loop, self._end = asyncio.get_running_loop(), end
            if self._is_stopping:
                return
        async with self._open(self._file) as store, asyncio.TaskGroup() as group:
            following = group.create_task(self._client.follow(store))
            await end.wait()
            following.cancel()
