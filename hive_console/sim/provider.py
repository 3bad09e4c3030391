"""A simulated provider: a real HTTP server on loopback whose faults can be set while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from aiohttp import web

from hive_console.core.settings import Dialect
from hive_console.engine.clock import SystemClock
from hive_console.sim.answering import Answering
from hive_console.sim.anthropic_shape import COUNT_PATH, AnthropicShape
from hive_console.sim.delivery import reset_transport
from hive_console.sim.faults import Fault
from hive_console.sim.openai_shape import OpenAIShape
from hive_console.sim.port import LOOPBACK, Port
from hive_console.sim.profile import ModelProfile
from hive_console.sim.shape import Shape
from hive_console.sim.weather import Weather

MAX_BODY = 8 * 1024 * 1024
"""Bytes a request may have; as much as the gateway lets through."""

STOP_SECONDS = 0.2
"""How long a stop waits for handlers whose connections are gone already: they only have to notice."""

STOP_TURNS = 50
"""Turns of the loop that cancelled handlers get; three are enough."""

FaultListener = Callable[[str, Fault | None], None]
"""Called with the target and its new fault, `None` when it ended."""


def shape_of(dialect: Dialect) -> Shape:
    """The wire shape of a dialect."""
    match dialect:
        case Dialect.OPENAI:
            return OpenAIShape()
        case Dialect.ANTHROPIC:
            return AnthropicShape()


class SimulatedProvider:
    """One provider on one port that the caller took. All methods belong to one event loop.

    Args:
        name: who it plays.
        models: what it serves.
        port: where; given back by `stop`.
        dialect: the protocol it speaks.
        latency_rng: the dice for response times.
        reply_rng: the dice for answers and ids.
        on_fault: told every change of a fault; may be set later.
    """

    def __init__(
        self,
        name: str,
        models: tuple[ModelProfile, ...],
        *,
        port: Port,
        dialect: Dialect = Dialect.OPENAI,
        latency_rng: Random,
        reply_rng: Random,
        on_fault: FaultListener | None = None,
    ) -> None:
        self.name = name
        self._port = port
        self._weather = Weather(tuple(model.id for model in models))
        self._dialect = dialect
        self._shape = shape_of(dialect)
        self._answering = Answering(
            models,
            self._shape,
            weather=self._weather,
            now=SystemClock().now,
            latency_rng=latency_rng,
            reply_rng=reply_rng,
        )
        self.on_fault = on_fault
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        self._changing = asyncio.Lock()

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL, and settings as the endpoint."""
        return endpoint_on(self._port)

    @property
    def faults(self) -> dict[str, Fault]:
        """The faults that are set, by target."""
        return self._weather.faults()

    @property
    def in_flight(self) -> int:
        """Requests that have come and are not answered to their end."""
        return self._answering.in_flight

    @property
    def taken(self) -> int:
        """Requests that ever came, probes included."""
        return self._answering.taken

    @property
    def asked(self) -> dict[str, int]:
        """Completions, embeddings and counts that each model was ever asked for."""
        return dict(self._answering.asked)

    async def start(self, *routes: web.AbstractRouteDef) -> None:
        """Serves, unless an outage was set before; `routes` come before the provider's own."""
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes(routes)
        app.router.add_post(self._shape.path, self._answering.completion)
        match self._dialect:
            case Dialect.OPENAI:
                app.router.add_post("/v1/embeddings", self._answering.embeddings)
            case Dialect.ANTHROPIC:
                app.router.add_post(COUNT_PATH, self._answering.count)
        app.router.add_get("/v1/models", self._answering.models)
        app.router.add_get("/v1/models/{model}", self._answering.model)
        app.router.add_route("*", "/{path:.*}", self._answering.unknown)
        runner = web.AppRunner(
            app, handle_signals=False, handler_cancellation=True, access_log=None, shutdown_timeout=STOP_SECONDS
        )
        await runner.setup()
        async with self._changing:
            self._runner = runner
            await self._heed_outage()

    async def set_fault(self, target: str, fault: Fault | None) -> None:
        """Sets, replaces or (`None`) ends the fault of a model or of `*`; done when it holds.

        Raises `SettingsError` for a model that is not served here.
        """
        async with self._changing:
            self._weather.put(target, fault, now=asyncio.get_running_loop().time())
            await self._heed_outage()
        if self.on_fault is not None:
            self.on_fault(target, fault)

    async def stop(self) -> None:
        """Resets what is open, ends every handler and gives the port back. A second call does nothing."""
        async with self._changing:
            runner, self._runner = self._runner, None
            self._close_listener()
            if runner is not None:
                _reset_connections(runner)
                for _ in range(STOP_TURNS):
                    if self.in_flight == 0 and not _connections(runner):
                        break
                    await asyncio.sleep(0)
                await runner.cleanup()
            self._port.release()

    async def _heed_outage(self) -> None:
        if self._weather.is_dark:
            self._close_listener()
            if self._runner is not None:
                _reset_connections(self._runner)
        elif self._listening is None and self._runner is not None and self._runner.server is not None:
            loop = asyncio.get_running_loop()
            listener = self._port.take()
            try:
                self._listening = await loop.create_server(self._runner.server, sock=listener)
            except BaseException:
                listener.close()
                raise

    def _close_listener(self) -> None:
        self._port.close()
        if self._listening is not None:
            self._listening.close()
            self._listening = None


def endpoint_on(port: Port) -> str:
    """The base URL of a provider on this port."""
    return f"http://{LOOPBACK}:{port.number}/v1"


def _connections(runner: web.AppRunner) -> list[asyncio.BaseTransport]:
    handlers = [] if runner.server is None else runner.server.connections
    return [handler.transport for handler in handlers if handler.transport is not None]


def _reset_connections(runner: web.AppRunner) -> None:
    for transport in _connections(runner):
        reset_transport(transport)
