"""The demo fleet as a running thing: simulated providers, the script of incidents, and traffic through the gateway.

Ports are taken before anything heavy is imported, so that settings exist at once and the screen can paint while
the servers come up; the kernel keeps early connections meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from hive_console.core.settings import Settings
from hive_console.sim.demo_settings import FLEET, demo_settings
from hive_console.sim.incidents import DEMO_SCRIPT, Incident, Script, current, faults_at, until_change
from hive_console.sim.port import LOOPBACK, Port
from hive_console.sim.weather import EVERYTHING

if TYPE_CHECKING:
    from hive_console.sim.faults import Fault
    from hive_console.sim.provider import SimulatedProvider
    from hive_console.sim.traffic import TrafficCounts

__all__ = ["DemoFleet", "DemoThread", "demo_settings"]

SEED = "demo"
"""Every demo of one machine goes the same way, as far as its clock lets it."""

STOP_SECONDS = 2.0
"""How long `DemoThread.stop` waits; the thread is a daemon, so that a slower one cannot keep the program."""


class DemoFleet:
    """Everything simulated of one demo. `start`, `run` and `stop` belong to one event loop.

    Args:
        gateway_port: where the settings let the gateway listen; 0 takes any free port.
        seed: of all dice.
        script: what goes wrong when.
    """

    def __init__(self, *, gateway_port: int = 8484, seed: str = SEED, script: Script = DEMO_SCRIPT) -> None:
        self._gateway_port = gateway_port
        self._seed = seed
        self._script = script
        self._ports: dict[str, Port] = {}
        self._providers: dict[str, SimulatedProvider] = {}
        self._settings: Settings | None = None
        self._incidents: tuple[Incident, ...] = ()
        self._counts: Callable[[], TrafficCounts] | None = None

    def bind(self) -> Settings:
        """Takes a port for each provider and returns the settings; takes well under a millisecond.

        Raises `OSError` when there is no free port.
        """
        if not self._ports:
            try:
                for provider in FLEET:
                    self._ports[provider.name] = Port()
                    self._ports[provider.name].open()
            except BaseException:
                self._release()
                raise
            endpoints = {name: f"http://{LOOPBACK}:{port.number}/v1" for name, port in self._ports.items()}
            self._settings = demo_settings(endpoints, gateway_port=self._gateway_port)
        return self.settings

    @property
    def settings(self) -> Settings:
        """The settings to watch this fleet with; `RuntimeError` before `bind` or `start`."""
        if self._settings is None:
            raise RuntimeError("the demo fleet has no ports yet; call bind() or start() first")
        return self._settings

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What the script is doing right now."""
        return self._incidents

    @property
    def counts(self) -> TrafficCounts | None:
        """What came of the traffic so far; `None` before `run`."""
        return None if self._counts is None else self._counts()

    async def start(self) -> None:
        """Brings every provider up."""
        # The server's library takes longer to import than the screen to paint.
        from hive_console.sim.provider import SimulatedProvider

        self.bind()
        for provider in FLEET:
            self._providers[provider.name] = SimulatedProvider(
                provider.name,
                tuple(model.profile for model in provider.models),
                port=self._ports[provider.name],
                dialect=provider.dialect,
                latency_rng=Random(f"{self._seed}/latency/{provider.name}"),
                reply_rng=Random(f"{self._seed}/reply/{provider.name}"),
            )
        for started in self._providers.values():
            await started.start()

    async def run(self, gateway_url: Callable[[], str]) -> None:
        """Plays the script and makes traffic until cancelled.

        `gateway_url` gives the gateway's root, or nothing while it is not up.
        """
        from hive_console.sim.traffic import Traffic  # as in `start`

        shares = [(model.profile.id, model.traffic) for provider in FLEET for model in provider.models]
        traffic = Traffic(shares, rng=Random(f"{self._seed}/traffic"))
        self._counts = lambda: traffic.counts
        async with asyncio.TaskGroup() as group:
            group.create_task(self._play(), name="demo-script")
            group.create_task(traffic.run(gateway_url), name="demo-traffic")

    async def set_fault(self, target: str, fault: Fault | None) -> None:
        """Sets or ends the fault of a provider (`openai`) or a model (`openai/gpt-5`).

        Raises `KeyError` for an unknown provider, `SettingsError` for an unknown model.
        """
        provider, _, model = target.partition("/")
        await self._providers[provider].set_fault(model or EVERYTHING, fault)

    async def stop(self) -> None:
        """Ends every provider and gives the ports back."""
        for provider in self._providers.values():
            await provider.stop()
        self._providers.clear()
        self._release()

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        faults: dict[str, Fault] = {}
        while True:
            elapsed = loop.time() - began
            self._incidents = current(self._script, elapsed)
            wanted = faults_at(self._script, elapsed)
            for target in faults:
                if target not in wanted:
                    await self.set_fault(target, None)
            for target, fault in wanted.items():
                # Only changes: a flapping fault that is set again would begin again.
                if faults.get(target) != fault:
                    await self.set_fault(target, fault)
            faults = wanted
            await asyncio.sleep(until_change(self._script, elapsed))

    def _release(self) -> None:
        for port in self._ports.values():
            port.release()
        self._ports.clear()


class DemoThread:
    """A demo fleet on a thread and an event loop of its own, so that neither screen nor engine waits for it.

    Args:
        gateway_url: gives the gateway's root, or nothing while it is not up; called on the demo's thread.
        gateway_port: where the settings let the gateway listen.
        seed: of all dice.
        script: what goes wrong when.
    """

    def __init__(
        self,
        gateway_url: Callable[[], str],
        *,
        gateway_port: int = 8484,
        seed: str = SEED,
        script: Script = DEMO_SCRIPT,
    ) -> None:
        self._gateway_url = gateway_url
        self._fleet = DemoFleet(gateway_port=gateway_port, seed=seed, script=script)
        self._thread = threading.Thread(target=self._main, name="demo-fleet", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._life: asyncio.Task[None] | None = None
        self._is_alive = threading.Event()
        self._is_up = threading.Event()
        self.failure: Exception | None = None

    @property
    def fleet(self) -> DemoFleet:
        """The fleet; only its properties may be read from other threads."""
        return self._fleet

    def start(self) -> Settings:
        """Takes the ports, lets the servers come up in the background, and returns the settings.

        Raises `OSError` when there is no free port.
        """
        settings = self._fleet.bind()
        self._thread.start()
        return settings

    def wait_until_up(self, timeout: float) -> bool:
        """Waits until every server answers; `False` when that took longer than `timeout` seconds."""
        return self._is_up.wait(timeout)

    def stop(self) -> bool:
        """Ends the fleet; `False` when it did not end within `STOP_SECONDS`."""
        if self._thread.ident is None:
            return True
        self._is_alive.wait(STOP_SECONDS)
        if self._loop is not None and self._life is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # it ended by itself in this very moment
                self._loop.call_soon_threadsafe(self._life.cancel)
        self._thread.join(STOP_SECONDS)
        return not self._thread.is_alive()

    def _main(self) -> None:
        try:
            asyncio.run(self._live())
        except asyncio.CancelledError:  # `stop` asked for it, and nothing is above
            pass
        except Exception as failure:  # noqa: BLE001 - a thread has nobody to raise to; its owner reads `failure`
            self.failure = failure
        finally:
            self._is_alive.set()

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._life = asyncio.current_task()
        self._is_alive.set()
        try:
            await self._fleet.start()
            self._is_up.set()
            await self._fleet.run(self._gateway_url)
        finally:
            await self._fleet.stop()
