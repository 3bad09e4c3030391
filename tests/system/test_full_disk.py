"""The real program on a disk that somebody else fills to the last byte and keeps full: no client notices it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest

from tests.system.program import COMMAND, Headless, Provider, environment, eventually, settings_for, status
from tests.system.traffic import Load

pytestmark = pytest.mark.system

_CHUNK = 256 * 1024
_SMALLEST = 4096
_WELL_AGAIN = 10.0
"""Seconds from the return of space to a recording that goes on."""


@pytest.fixture
def small_data(tmp_path: Path) -> Iterator[Path]:
    """A data folder on a file system of 32 MiB; only root may mount one."""
    place, mount = tmp_path / "data", shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a small disk needs root")
    place.mkdir(mode=0o700)
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=32m,mode=0700", "tmpfs", place], check=False)
    if made.returncode:
        pytest.skip("this root may not mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


class Filler:
    """Takes every byte of a disk, and every one that is freed, until the block ends; then gives all back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._fill, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._path.unlink()

    def _fill(self) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        size = _CHUNK
        while not self._end.is_set():
            try:
                os.write(handle, bytes(size))
                size = _CHUNK
            except OSError:
                if size > _SMALLEST:
                    size //= 2
                else:
                    self._end.wait(0.002)
        os.close(handle)


def _reload(engine: Headless) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*COMMAND, "reload", "--data", str(engine.data)),
        capture_output=True,
        text=True,
        check=False,
        env=environment(engine.folder),
    )


def _refused(engine: Headless) -> str:
    """Why an action is refused; empty when it is not."""
    ran = _reload(engine)
    return ran.stdout + ran.stderr if ran.returncode == 1 else ""


def _recorder(engine: Headless) -> dict[str, object]:
    return dict(status(engine.data)["recorder"])


def test_full_disk_costs_rows_of_the_record_and_no_request(
    tmp_path: Path, small_data: Path, provider: Callable[[str], Provider], headless: Callable[..., Headless]
) -> None:
    settings = settings_for(tmp_path, provider("alpha"), provider("beta"))
    engine = headless(str(settings))
    with Load(engine.gateway(), "alpha", rate=100) as load:
        eventually(lambda: _recorder(engine)["recorded"], what="it records")
        with Filler(small_data / "somebody-elses"):
            said = eventually(lambda: _recorder(engine)["error"], what="status says that it cannot write")
            settings.write_text(settings.read_text().replace("timeout: 5s", "timeout: 6s"))
            # Not always the first: between two tries the recorder finds room that the other has not taken yet.
            refused = eventually(lambda: _refused(engine), what="an action is refused")
            count = len(load.results)
            eventually(lambda: len(load.results) > count + 50, what="requests go on")
        freed_at = time.monotonic()
        eventually(lambda: not _recorder(engine)["error"], what="it is well again")
        before = _recorder(engine)["recorded"]
        eventually(lambda: _recorder(engine)["recorded"] > before, what="it records again")  # type: ignore[operator]
        took = time.monotonic() - freed_at
        accepted = _reload(engine)
    assert engine.stop() == 0

    assert load.errors() == []
    assert "SQLITE_" in str(said)
    assert "could not be recorded" in refused
    assert accepted.returncode == 0, accepted.stderr
    assert took <= _WELL_AGAIN
    with closing(sqlite3.connect(engine.data / "hive.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        gaps = file.execute("SELECT cause, dropped FROM gap").fetchall()
    assert gaps
    assert gaps[0][0] in {"write failed", "disk full"}
