"""The settings file of one run, as the command line named it: read at the start, and again when asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hive_console.core.errors import ConfigurationError
from hive_console.core.settings import Settings

if TYPE_CHECKING:  # 50 ms that the demo does not need
    from hive_console.adapters.config_file import Loaded

Identity = tuple[int, int, int, int]
"""Device, inode, size and time of the last change of a file: what tells that it is another one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The file as it stood at one moment.

    Attributes:
        identity: of the file just before it was read; `None` when there was none.
        digest: of the very bytes that were checked; empty when they could not be read.
        settings: what they amount to; `None` when they cannot be used.
        problems: why not, each as `file:line: key: text`.
        warnings: what somebody should know all the same.
    """

    identity: Identity | None
    digest: str
    settings: Settings | None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class SettingsFile:
    """One file, with what the command line puts over it.

    Attributes:
        loaded: which file it was just before `load` read it.
    """

    def __init__(self, path: Path, environ: Mapping[str, str], *, port: int | None = None) -> None:
        """Names the file; nothing is read yet.

        Args:
            path: the file; a relative one stays that file wherever the process goes.
            environ: where `env:` keys are looked up.
            port: the gateway's port, whatever the file says.
        """
        self._named = path
        self._path = path.absolute()
        self._environ = environ
        self._port = port
        self.loaded: Identity | None = None

    def load(self) -> Loaded:
        """What the file amounts to; raises `ConfigurationError` with every problem it has."""
        from hive_console.adapters.config_file import read_bytes

        self.loaded = self.identity()
        return self._loaded(read_bytes(self._path))

    def identity(self) -> Identity | None:
        """Which file it is now; `None` when there is none."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def read(self) -> Reading:
        """The file as it is now. It is opened once: what was checked is what can be applied."""
        from hive_console.adapters.config_file import read_bytes

        identity = self.identity()
        digest = ""
        try:
            content = read_bytes(self._path)
            digest = hashlib.sha256(content).hexdigest()
            loaded = self._loaded(content)
        except ConfigurationError as error:
            return Reading(identity, digest, None, error.problems)
        return Reading(identity, digest, loaded.settings, warnings=loaded.warnings)

    def _loaded(self, content: bytes) -> Loaded:
        from hive_console.adapters.config_file import load_bytes

        loaded = load_bytes(content, self._named, self._environ)
        return replace(loaded, settings=with_port(loaded.settings, self._port))


def with_port(settings: Settings, port: int | None) -> Settings:
    """The settings with another port of the gateway, where one is given."""
    if port is None:
        return settings
    return replace(settings, gateway=replace(settings.gateway, port=port))
