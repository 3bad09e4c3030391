"""The data folder: private files, and one process at a time that records into it.

The lock is an flock, so it dies with its holder however that ends; the text in the file only says who holds it.
Nothing here knows what the files mean.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from hive_console.core.errors import DataFolderBusy, HiveError
from hive_console.core.text import NAME_LIMIT, clean, redact
from hive_storage.file_systems import MOUNTS, network_under

LOCK_NAME = "hive.lock"
"""The file that is locked while somebody records."""

DATABASE_NAME = "hive.db"
"""The recording."""

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600  # a recording names customers' models, operators and failures: the owner's alone

_ANYBODY_WRITES = 0o002

_LOCK_LOOKS = 5
"""Looks at the lock before it counts as held: `holder_of` of another process holds it for microseconds."""

_LOCK_PAUSE = 0.02
"""Seconds between two of those looks; five of them are too short to be noticed."""

_LOCK_TEXT_LIMIT = 4096
"""Bytes read of the lock file; ours has about 200."""

_COMMAND_LIMIT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who records into a data folder, as far as it has said.

    Attributes:
        pid: its process; 0 while it has not said it yet.
        host: the machine it runs on.
        started: when it took the folder, in Unix seconds; 0 while unknown.
        command: how it was started, sanitised.
        gateway: base URL of its gateway; empty while that does not listen.
    """

    pid: int = 0
    host: str = ""
    started: float = 0.0
    command: str = ""
    gateway: str = ""

    def __str__(self) -> str:
        """One sentence part for people: process, command, machine, since when, gateway."""
        if not self.pid:
            return "another process that has not said its name yet"
        command = f" ({self.command})" if self.command else ""
        host = f" on {self.host}" if self.host else ""
        since = f" since {_utc(self.started)}" if self.started > 0 else ""
        gateway = f", gateway {self.gateway}" if self.gateway else ""
        return f"process {self.pid}{command}{host}{since}{gateway}"


class DataFolder:
    """A data folder that this process holds until `release`."""

    def __init__(self, path: Path, lock: int, *, holder: Holder) -> None:
        self._path = path
        self._lock: int | None = lock
        self._holder = holder

    @classmethod
    def open(cls, path: Path, *, started: float, command: str = "", mounts: Path = MOUNTS) -> DataFolder:
        """Creates the folder where it is missing (0700) and takes it for this process.

        `started` is now, in Unix seconds; `command` is how the process was started, for whoever comes second;
        `mounts` is where the system tells what is mounted. Raises `DataFolderBusy` naming the holder, and
        `HiveError` when the folder cannot be used: it cannot be made or written, it lies on a network, or anybody
        may change what is in it. A folder that was there keeps its mode: it may hold more than ours.
        """
        _create(path)
        _check(path, mounts)
        lock = _open_lock(path)
        try:
            _take(lock, path)
            holder = Holder(
                pid=os.getpid(),
                host=clean(socket.gethostname(), NAME_LIMIT),
                started=started,
                command=clean(redact(command), _COMMAND_LIMIT),
            )
            _write_holder(lock, holder, path=path)
        except BaseException:
            os.close(lock)
            raise
        return cls(path, lock, holder=holder)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    @property
    def holder(self) -> Holder:
        """What this process has said about itself."""
        return self._holder

    def note(self, *, gateway: str) -> None:
        """Tells others the base URL of our gateway; nothing happens after `release`."""
        if self._lock is None:
            return
        self._holder = replace(self._holder, gateway=clean(gateway))
        _write_holder(self._lock, self._holder, path=self._path)

    def private_file(self, name: str) -> Path:
        """The path of a file that exists and that only its owner can read, whatever the umask says.

        SQLite gives its `-wal` and `-shm` files the mode of the database.
        """
        path = self._path / name
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE_FILE)
        except OSError as error:
            raise HiveError(f"cannot write {path}: {error.strerror}") from error
        try:
            os.fchmod(handle, _PRIVATE_FILE)
        except OSError as error:
            raise HiveError(f"cannot make {path} private: {error.strerror}") from error
        finally:
            os.close(handle)
        return path

    def release(self) -> None:
        """Lets the next process have it; safe to call again. The lock file stays: unlinking it would race."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        try:
            os.ftruncate(lock, 0)
        finally:
            os.close(lock)


def holder_of(path: Path) -> Holder | None:
    """Who holds the data folder now, or `None`; writes nothing, and a stale lock file is nobody.

    Raises `HiveError` when the lock cannot be read, because then nobody knows.
    """
    try:
        lock = os.open(path / LOCK_NAME, os.O_RDONLY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise HiveError(f"cannot look at {path / LOCK_NAME}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(lock)
    finally:
        os.close(lock)
    return None


def _create(path: Path) -> None:
    try:
        path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise HiveError(f"data folder {path} is not a folder; choose another one with --data") from error
    except OSError as error:
        raise HiveError(
            f"cannot create the data folder {path}: {error.strerror}; choose another with --data"
        ) from error


def _check(path: Path, mounts: Path) -> None:
    kind = network_under(path, mounts)
    if kind:
        raise HiveError(
            f"data folder {path} is on a network file system ({clean(kind, NAME_LIMIT)}), where SQLite's log can"
            " lose or damage a recording; choose a folder on a disk of this machine with --data"
        )
    # Files are 0600 whatever their folder is; but who may write in it can put another one in their place.
    if path.stat().st_mode & _ANYBODY_WRITES:
        raise HiveError(
            f"anybody on this machine can put files into the data folder {path}: chmod o-w it, or choose another"
            " with --data"
        )


def _open_lock(path: Path) -> int:
    try:
        return os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE_FILE)
    except OSError as error:
        raise HiveError(
            f"cannot write in the data folder {path}: {error.strerror}; choose another with --data"
        ) from error


def _take(lock: int, path: Path) -> None:
    pause = threading.Event()
    for _ in range(_LOCK_LOOKS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pause.wait(_LOCK_PAUSE)
        else:
            return
    raise DataFolderBusy(str(path), str(_read_holder(lock)))


def _write_holder(lock: int, holder: Holder, *, path: Path) -> None:
    data = json.dumps(asdict(holder)).encode()
    try:
        os.pwrite(lock, data, 0)
        os.ftruncate(lock, len(data))
    except OSError as error:
        raise HiveError(f"cannot write in the data folder {path}: {error.strerror}") from error


def _read_holder(lock: int) -> Holder:
    """What the lock file says; half-written or foreign text is an unknown holder, never an error."""
    text = os.pread(lock, _LOCK_TEXT_LIMIT, 0).decode("utf-8", "replace")
    try:
        said, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return Holder()
    if not isinstance(said, dict):
        return Holder()
    pid, started = said.get("pid"), said.get("started")
    return Holder(
        pid=pid if isinstance(pid, int) else 0,
        host=clean(str(said.get("host", "")), NAME_LIMIT),
        started=float(started) if isinstance(started, int | float) else 0.0,
        command=clean(str(said.get("command", "")), _COMMAND_LIMIT),
        gateway=clean(str(said.get("gateway", ""))),
    )


def _utc(moment: float) -> str:
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return "an unreadable time"
