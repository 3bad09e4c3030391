"""`hive-console review`: what it takes, what it refuses, and what it never loads."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from hive_console.cli import main
from hive_console.core.errors import HiveError
from hive_console.core.store import Store
from hive_console.engine.review_client import ReviewClient
from hive_console.wiring.review import NoRecording, StoreThread, recording_at
from tests.recordings.evening import ReviewedStore, an_evening
from tests.system.program import environment

PATIENCE = 10.0


def database(path: Path) -> Path:
    path.write_bytes(b"SQLite format 3\x00" + bytes(100))
    return path


@pytest.mark.parametrize("arguments", [["nowhere"], ["nowhere.db"], ["."], ["notes.txt"]])
def test_what_is_no_recording_is_refused_with_what_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    (tmp_path / "notes.txt").write_text("a note")
    monkeypatch.chdir(tmp_path)

    ran = CliRunner().invoke(main, ["review", *arguments])

    assert ran.exit_code == 2
    assert "name a data folder, the hive.db in it, or a copy of it" in ran.output


def test_a_time_that_is_none_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["review", str(database(tmp_path / "hive.db")), "--at", "noonish"])

    assert ran.exit_code == 2
    assert "'noonish' is no time; take 14:05" in ran.output


def test_without_a_terminal_it_ends_with_the_reason(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["review", str(database(tmp_path / "hive.db")), "--at", "-2h"])

    assert ran.exit_code == 2
    assert "input or output is not a terminal" in ran.output
    assert "serve" not in ran.output


def test_a_folder_stands_for_the_recording_in_it(tmp_path: Path) -> None:
    file = database(tmp_path / "hive.db")

    assert recording_at(tmp_path) == file
    assert recording_at(file) == file


def test_what_may_not_be_read_is_refused_with_the_systems_reason(tmp_path: Path) -> None:
    with pytest.raises(NoRecording, match="cannot read"):
        recording_at(tmp_path / ("x" * 300))


def test_a_review_loads_neither_network_nor_engine(tmp_path: Path) -> None:
    dear = ("aiohttp", "httpx", "yaml", "hive_console.engine.supervisor", "hive_console.adapters.gateway")
    script = (
        "import sys, hive_console.cli.review, hive_console.wiring.review, hive_console.ui.review_app;"
        f" print([name for name in {dear!r} if name in sys.modules])"
    )

    done = subprocess.run(
        (sys.executable, "-c", script), capture_output=True, text=True, check=True, env=environment(tmp_path)
    )

    assert done.stdout.strip() == "[]"


# --- the store's thread ---


def opening(store: ReviewedStore, closed: threading.Event):  # type: ignore[no-untyped-def]  # noqa: ANN201 - an opener of a fake
    @asynccontextmanager
    async def open_store(_: Path) -> AsyncIterator[Store]:
        try:
            yield store
        finally:
            closed.set()

    return open_store


def test_the_thread_opens_the_recording_and_closes_it() -> None:
    client = ReviewClient("evening.db")
    closed = threading.Event()
    failures: list[str] = []
    store = ReviewedStore(*an_evening(7_200.0))
    thread = StoreThread(Path("x"), client, on_failure=failures.append, open_store=opening(store, closed))
    thread.start()

    async def shown() -> None:
        async with asyncio.timeout(PATIENCE):
            while not client.snapshot().models:  # noqa: ASYNC110 - another thread's
                await asyncio.sleep(0.001)

    asyncio.run(shown())

    assert thread.stop()
    assert closed.is_set()
    assert failures == []


class Refusing(AbstractAsyncContextManager[Store]):
    """A recording that cannot be opened."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def __aenter__(self) -> Store:
        raise self._error

    async def __aexit__(self, *_: object) -> None:
        """Never reached."""


def said_of(error: Exception) -> str:
    """What is told of a recording whose opening fails so."""
    told = threading.Event()
    failures: list[str] = []

    def on_failure(message: str) -> None:
        failures.append(message)
        told.set()

    thread = StoreThread(Path("x"), ReviewClient("x"), on_failure=on_failure, open_store=lambda _: Refusing(error))
    thread.start()
    assert told.wait(PATIENCE)
    assert thread.stop()
    return failures[0]


def test_a_recording_that_cannot_be_opened_is_told() -> None:
    assert said_of(HiveError("x is of a newer hive-console")) == "x is of a newer hive-console"


def test_an_error_of_our_own_is_told_by_its_place() -> None:
    said = said_of(KeyError("secret"))

    assert said.startswith("the review ended by an error: KeyError at")
    assert "secret" not in said


def test_a_thread_that_never_began_stops_at_once() -> None:
    assert StoreThread(Path("x"), ReviewClient("x"), on_failure=lambda _: None).stop()
