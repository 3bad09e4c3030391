"""The control address of a simulated provider: faults over HTTP, on loopback only.

It has a port of its own, because a provider in an outage listens no more.
"""

from __future__ import annotations

from aiohttp import web

from hive_console.core.errors import SettingsError
from hive_console.sim.fault_words import fault_word, parse_fault
from hive_console.sim.faults import Fault
from hive_console.sim.port import LOOPBACK, Port
from hive_console.sim.provider import STOP_SECONDS, SimulatedProvider
from hive_console.sim.weather import EVERYTHING

PATH = "/__fault__"
TRAFFIC_PATH = "/__traffic__"
"""Paths that no provider has."""

MAX_BODY = 4096
"""Bytes of a control request: a name and a word."""


class ControlServer:
    """Sets and tells the faults of one provider."""

    def __init__(self, provider: SimulatedProvider, port: Port) -> None:
        self._provider = provider
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://{LOOPBACK}:{self._port.number}{PATH}"

    @property
    def routes(self) -> tuple[web.AbstractRouteDef, ...]:
        """The same, for the provider's own port: handy, but gone while it is out."""
        return (web.get(PATH, self._told), web.post(PATH, self._set), web.get(TRAFFIC_PATH, self._traffic))

    async def start(self) -> None:
        """Listens."""
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes(self.routes)
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=STOP_SECONDS)
        await self._runner.setup()
        await web.SockSite(self._runner, self._port.take()).start()

    async def stop(self) -> None:
        """Ends it and gives the port back."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._port.release()

    async def _told(self, request: web.Request) -> web.Response:
        if problem := _stranger(request):
            return problem
        return self._faults()

    async def _traffic(self, request: web.Request) -> web.Response:
        if problem := _stranger(request):
            return problem
        provider = self._provider
        return web.json_response(
            {"in_flight": provider.in_flight, "taken": provider.taken, "asked": provider.asked}
        )

    async def _set(self, request: web.Request) -> web.Response:
        if problem := _stranger(request):
            return problem
        if request.content_type != "application/json":
            # A web page can post anything but this to a loopback address without asking first.
            return web.json_response({"error": "send application/json"}, status=415)
        try:
            target, fault = _wish(await request.json())
            await self._provider.set_fault(target, fault)
        except web.HTTPRequestEntityTooLarge:
            return web.json_response({"error": f"body: more than {MAX_BODY} bytes"}, status=413)
        except (SettingsError, ValueError, RecursionError) as problem:
            return web.json_response({"error": str(problem)}, status=400)
        return self._faults()

    def _faults(self) -> web.Response:
        return web.json_response(
            {"faults": {target: fault_word(fault) for target, fault in self._provider.faults.items()}}
        )


def _wish(body: object) -> tuple[str, Fault | None]:
    if isinstance(body, dict):
        target, word = body.get("model", EVERYTHING), body.get("fault")
        if isinstance(target, str) and isinstance(word, str):
            return target, parse_fault(word)
    raise SettingsError("body", 'is not understood; send {"model": "*", "fault": "outage"}')


def _stranger(request: web.Request) -> web.Response | None:
    """Refuses requests that were sent to another name than loopback's: a rebound name of some web page."""
    if request.host.rpartition(":")[0] in {LOOPBACK, "localhost"}:
        return None
    return web.json_response({"error": f"ask for {LOOPBACK}"}, status=403)
