"""Everything that lives on the engine's thread, started in order and stopped in the opposite order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from hive_console.adapters.control_socket import ControlServer, socket_path
from hive_console.adapters.gateway import Gateway
from hive_console.adapters.metrics_page import MetricsPage
from hive_console.adapters.transport import HttpProviders
from hive_console.core.events import ServiceFailed
from hive_console.core.snapshot import FleetSnapshot
from hive_console.engine.clock import SystemClock
from hive_console.engine.supervisor import ResilienceEngine
from hive_console.version import VERSION
from hive_console.wiring.audit_watch import AuditWatch
from hive_console.wiring.emergency_stop import StopFile
from hive_console.wiring.launch import Launch
from hive_console.wiring.outlets import Outlets
from hive_console.wiring.reloading import Reloader
from hive_storage.recorder import Recorder

THE_RECORDING = "the recording"
"""How the part is called that opens first and ends last."""


@dataclass(frozen=True, slots=True)
class House:
    """What lives there and is spoken to from outside.

    Attributes:
        engine: the engine.
        reloader: applies the settings file anew.
        hurry: ends the drain under way; called on the house's own loop.
    """

    engine: ResilienceEngine
    reloader: Reloader
    hurry: Callable[[], None]


@asynccontextmanager
async def open_house(
    launch: Launch,
    *,
    say: Callable[[str], None] = lambda _line: None,
    asked_to_reload: asyncio.Event | None = None,
    note: Callable[[str], None] = lambda _part: None,
    stop: Callable[[], None] | None = None,
) -> AsyncGenerator[House, None]:
    """Runs recorder, engine, gateway and control socket for as long as the block lasts.

    Stopping drains: the gateway refuses what is new, lets requests finish (`gateway.drain`), and only then the
    engine ends; the recorder is last, so that it has heard everything.

    Args:
        launch: what to run.
        say: told what a service's log should hold while it runs.
        asked_to_reload: set to have the settings file read again and applied.
        note: told which part is being opened or ended, for whoever wants to say what hangs.
        stop: begins the end of all this, where a console asks for it; it returns at once.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        note(THE_RECORDING)
        recorder = await stack.enter_async_context(
            # A demo's models are nobody's: they begin afresh, and the next real fleet in this folder knows none.
            Recorder.open(
                launch.folder,
                now=clock.now,
                version=VERSION,
                keeps_states=not launch.is_demo,
                keeping=launch.settings.recording,
            )
        )
        stack.callback(note, THE_RECORDING)
        provider = await stack.enter_async_context(
            HttpProviders(launch.keys, now=clock.now, network=launch.settings.network)
        )

        def snapshot() -> FleetSnapshot:
            return engine.snapshot()

        outlets = Outlets(launch.settings, launch.keys, now=clock.now)
        stack.push_async_callback(outlets.close)
        stop_file = StopFile(launch.folder.path)
        metrics = MetricsPage(snapshot, version=VERSION)
        engine = await stack.enter_async_context(
            ResilienceEngine(
                launch.settings,
                provider=provider,
                clock=clock,
                recorder=recorder,
                version=VERSION,
                saved=recorder.saved_state(),
                readers=(metrics.take,),
                is_stopped=bool(await stop_file.is_there()),
                notifiers=outlets.notifier,
                heart=outlets.heart,
                local=outlets.local,
            )
        )
        engine.follow(outlets.use)

        engine.serve("the watch over EMERGENCY_STOP", partial(stop_file.watch, engine.heed_stop_file))
        audit_watch = AuditWatch(launch.folder.path, publish=engine.publish, now=clock.now)
        engine.serve("the watch over the audit trail", audit_watch.watch)
        stack.callback(note, "the engine's calls to models")

        def on_error(service: str, message: str) -> None:
            engine.publish(ServiceFailed(at=clock.now(), service=service, message=message))

        gateway = Gateway(
            launch.settings.gateway,
            engine,
            snapshot=engine.snapshot,
            fleet=lambda: engine.settings,
            token=token_of(launch),
            metrics=metrics.render,
            on_error=on_error,
        )
        url = await gateway.start()
        engine.follow(lambda settings: provider.use(settings.network))
        stack.push_async_callback(gateway.stop, grace=launch.settings.gateway.drain)
        stack.callback(note, "requests under way")
        reloader = Reloader(engine, launch.file, say=say, asked=asked_to_reload)
        stack.callback(reloader.end)
        if stop is not None:
            engine.say_how_to_stop(stop)
        control = ControlServer(
            socket_path(launch.folder.path),
            engine.snapshot,
            reload=reloader.reload,
            engine=engine,
            version=VERSION,
            settings=lambda: engine.settings.console,
        )
        await control.start()
        stack.push_async_callback(control.stop)
        stack.callback(note, "the control socket")
        launch.folder.note(gateway=url)
        engine.say_gateway(url)
        launch.say_gateway(url)
        engine.serve("the watch over the settings file", reloader.watch)
        yield House(engine, reloader, gateway.hurry)


def token_of(launch: Launch) -> Callable[[], str] | None:
    """Fetches the token that the gateway's callers must send, anew each time; `None` where none is asked for."""
    reference = launch.settings.gateway.token
    return None if reference is None else partial(launch.keys.key_of, reference)
