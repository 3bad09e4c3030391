"""The engine for scripts: `async with Engine(settings) as engine`, on the script's own loop, with no screen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hive_console.adapters.config_file import load
from hive_console.adapters.identity import current_actor, current_origin
from hive_console.adapters.secrets import KeyReference, KeyRing, KeySource
from hive_console.adapters.transport import HttpProviders
from hive_console.core.alert_settings import AlertSettings
from hive_console.core.command import Command, CommandResult
from hive_console.core.settings import Settings
from hive_console.core.settings_diff import Change
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.task import Reply, ReplyStream, Task
from hive_console.engine.clock import SystemClock
from hive_console.engine.supervisor import ResilienceEngine
from hive_console.engine.task_stream import TaskStream
from hive_console.version import VERSION
from hive_console.wiring.audit_watch import AuditWatch
from hive_console.wiring.emergency_stop import StopFile
from hive_console.wiring.outlets import Outlets
from hive_storage.folder import DataFolder
from hive_storage.recorder import Recorder


def load_settings(path: str | Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a YAML file; raises `ConfigurationError` with every problem at once.

    Args:
        path: the file; relative `file:` keys start from its folder, wherever the settings are used later.
        environ: where `env:` keys are looked up; the process's environment when left out.
    """
    settings = load(Path(path), os.environ if environ is None else environ).settings
    folder = Path(path).absolute().parent
    models = tuple(replace(model, key=_anchored(model.key, folder)) for model in settings.models)
    return replace(settings, models=models, alerts=_anchored_alerts(settings.alerts, folder))


def _anchored(reference: str | None, folder: Path) -> str | None:
    """The reference with its path from the root; what is none stays."""
    if reference is None or not reference.startswith(f"{KeySource.FILE.value}:"):
        return reference
    where = KeyReference.parse(reference)
    return f"{KeySource.FILE.value}:{folder / Path(where.where).expanduser()}"


def _anchored_alerts(alerts: AlertSettings, folder: Path) -> AlertSettings:
    channels = tuple(
        replace(
            channel,
            address=_anchored(channel.address, folder) or "",
            secret=_anchored(channel.secret, folder),
        )
        for channel in alerts.channels
    )
    heartbeat = alerts.heartbeat
    if heartbeat is not None:
        heartbeat = replace(heartbeat, address=_anchored(heartbeat.address, folder) or "")
    return replace(alerts, channels=channels, heartbeat=heartbeat)


class Engine:
    """BIP-03's resilience framework behind one object.

    Health checks, breakers, retries and fallbacks run on the loop that enters it. Calls are
    `execute(task)`, `stream(task)`, `open_stream(task)`, `command(command)` and `snapshot()`; clients that exist
    already come in through `hive_console.AsyncOpenAITransport`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        data: Path | None = None,
        environ: Mapping[str, str] | None = None,
        key_folder: Path | None = None,
    ) -> None:
        """Takes what it needs; nothing runs before `async with`.

        Args:
            settings: the fleet.
            data: a data folder to record into; nothing is recorded when left out.
            environ: where `env:` keys are looked up; the process's environment when left out.
            key_folder: where relative `file:` keys start from; the working directory when left out.
        """
        self._settings = settings
        self._data = data
        self._environ = os.environ if environ is None else environ
        self._keys = KeyRing(self._environ, key_folder or Path.cwd())
        self._stack = AsyncExitStack()
        self._engine: ResilienceEngine | None = None

    async def __aenter__(self) -> Self:
        """Opens recording and connections and starts the engine; raises `DataFolderBusy` and other `HiveError`s."""
        clock = SystemClock()
        async with AsyncExitStack() as stack:
            recorder = None
            saved: Mapping[str, Any] = {}
            stop_file = None if self._data is None else StopFile(self._data)
            if self._data is not None:
                folder = DataFolder.open(self._data, started=clock.now(), command="hive_console.Engine")
                stack.callback(folder.release)
                recorder = await stack.enter_async_context(
                    Recorder.open(folder, now=clock.now, version=VERSION, keeping=self._settings.recording)
                )
                saved = recorder.saved_state()
            provider = await stack.enter_async_context(
                HttpProviders(self._keys, now=clock.now, network=self._settings.network)
            )
            outlets = Outlets(self._settings, self._keys, now=clock.now)
            stack.push_async_callback(outlets.close)
            engine = ResilienceEngine(
                self._settings,
                provider=provider,
                clock=clock,
                recorder=recorder,
                version=VERSION,
                saved=saved,
                is_stopped=stop_file is not None and bool(await stop_file.is_there()),
                notifiers=outlets.notifier,
                heart=outlets.heart,
                local=outlets.local,
            )
            engine.follow(outlets.use)
            engine.follow(lambda settings: provider.use(settings.network))
            self._engine = await stack.enter_async_context(engine)
            if self._data is not None:
                audit_watch = AuditWatch(self._data, publish=engine.publish, now=clock.now)
                engine.serve("the watch over the audit trail", audit_watch.watch)
            if stop_file is not None:
                engine.serve("the watch over EMERGENCY_STOP", partial(stop_file.watch, engine.heed_stop_file))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the engine, then closes connections and recording."""
        self._engine = None
        await self._stack.__aexit__(kind, error, trace)

    async def execute(self, task: Task) -> Reply:
        """Runs a task on its model or a fallback; raises `UnknownModel` or `OperationFailed`."""
        return await self._running().execute(task)

    async def open_stream(self, task: Task) -> ReplyStream:
        """The same, streamed; returns when the first content is there."""
        return await self._running().open_stream(task)

    def stream(self, task: Task) -> TaskStream:
        """The answer piece by piece: `async for events in engine.stream(task)`; see `TaskStream`."""
        return TaskStream(self, task)

    async def command(self, command: Command) -> CommandResult:
        """Does what an operator asks, in the name of the user who runs this process; audited where recorded."""
        said = replace(command, actor=current_actor(), origin=current_origin(self._environ))
        return await self._running().command(said)

    def reconfigure(self, settings: Settings) -> tuple[Change, ...]:
        """Applies other settings at once while operations run; what changed. See `docs/configuration.md`."""
        return self._running().reconfigure(settings)

    @property
    def settings(self) -> Settings:
        """The fleet's settings, as they are in force."""
        return self._settings if self._engine is None else self._engine.settings

    def snapshot(self) -> FleetSnapshot:
        """The latest view of the fleet."""
        return self._running().snapshot()

    def _running(self) -> ResilienceEngine:
        if self._engine is None:
            raise RuntimeError("the engine is not running; use it inside `async with Engine(settings) as engine:`")
        return self._engine
