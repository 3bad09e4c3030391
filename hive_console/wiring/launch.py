"""What is to be run: settings from a file or from the demo fleet, keys, and the data folder it records into."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hive_console.adapters.folders import default_data_folder
from hive_console.adapters.secrets import KeyRing
from hive_console.core.errors import HiveError
from hive_console.core.settings import Settings
from hive_console.wiring.settings_file import SettingsFile, with_port
from hive_storage.folder import DataFolder


class NothingToRun(HiveError):
    """No settings file was named or found."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line asked for; `None` and empty take the defaults."""

    config: Path | None = None
    data: Path | None = None
    port: int | None = None
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything an engine needs to start.

    Attributes:
        settings: the fleet.
        keys: where keys are fetched.
        folder: the data folder, held by this process.
        warnings: what somebody should know before the screen covers it.
        say_gateway: told the gateway's address once it listens (the demo's traffic waits for it).
        is_demo: whether nobody depends on it.
        file: where the settings came from, to be read again; `None` in the demo, which has none.
        name: of that file, as messages call it.
        key_lines: the line in it of each action with other keys.
    """

    settings: Settings
    keys: KeyRing
    folder: DataFolder
    warnings: tuple[str, ...]
    say_gateway: Callable[[str], None]
    is_demo: bool = False
    file: SettingsFile | None = None
    name: str = ""
    key_lines: Mapping[str, int] = field(default_factory=dict)


def prepared(choice: Choice) -> AbstractContextManager[Launch]:
    """Prepares a launch and gives everything back at the end; raises `HiveError` with what to do."""
    return _demo(choice) if choice.is_demo else _from_file(choice)


@contextmanager
def _from_file(choice: Choice) -> Iterator[Launch]:
    from hive_console.adapters.config_file import find, search_path  # 50 ms that the demo does not need

    path = find(choice.config, os.environ)
    if path is None:
        looked = ", ".join(map(str, search_path(os.environ)))
        raise NothingToRun(
            f"no settings file: looked for {looked}; write one with `hive-console init`, name one, "
            "or try `hive-console --demo`, which needs none"
        )
    file = SettingsFile(path, os.environ, port=choice.port)
    loaded = file.load()
    folder = _held(choice.data or default_data_folder(os.environ))
    try:
        yield Launch(
            loaded.settings,
            loaded.secrets,
            folder,
            loaded.warnings,
            lambda _url: None,
            file=file,
            name=loaded.name,
            key_lines=loaded.key_lines,
        )
    finally:
        folder.release()


@contextmanager
def _demo(choice: Choice) -> Iterator[Launch]:
    """The demo records into a folder of its own, so that it never mixes with a real fleet's history."""
    from hive_console.sim.demo import DemoThread  # a real fleet needs no simulation

    gateway = ""

    def say_gateway(url: str) -> None:
        nonlocal gateway
        gateway = url.removesuffix("/v1")

    with tempfile.TemporaryDirectory(prefix="hive-console-demo-") as temporary:
        folder = _held(choice.data or Path(temporary))
        demo = DemoThread(lambda: gateway, gateway_port=0)
        try:
            settings = with_port(demo.start(), choice.port)
            yield Launch(settings, KeyRing({}, Path.cwd()), folder, (), say_gateway, is_demo=True)
        finally:
            demo.stop()
            folder.release()


def _held(path: Path) -> DataFolder:
    return DataFolder.open(path, started=time.time(), command=" ".join(sys.argv))
