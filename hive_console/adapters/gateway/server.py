"""The gateway's life: taking a port, counting what is under way, letting it finish, cancelling what is left."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable
from typing import cast

from aiohttp import web

from hive_console.adapters.gateway.connection import Connection, Connections, incoming_of
from hive_console.adapters.gateway.doorkeeper import Doorkeeper
from hive_console.adapters.gateway.exchange import Request, Response
from hive_console.adapters.gateway.front import FULL, SERVICE, STOPPING, Front, Metrics, OnError
from hive_console.adapters.gateway.incoming import Incoming
from hive_console.adapters.gateway.limits import Limits
from hive_console.adapters.gateway.server_log import ServerLog
from hive_console.adapters.gateway.writing import STOPPED, Written, write
from hive_console.core.errors import HiveError, SettingsError, place_of
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.settings import Settings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.task import Operations

_LOCALHOST = "127.0.0.1"  # `localhost` may resolve to two addresses, and port 0 would then take two ports

_BACKLOG = 1024
"""Connections that may wait to be accepted: a burst of clients that all start at once."""


class CannotListen(HiveError):
    """The gateway's address cannot be taken; `host` and `port` say which."""

    def __init__(self, host: str, port: int, problem: str) -> None:
        super().__init__(f"the gateway cannot listen on {host}:{port}: {problem}")
        self.host = host
        self.port = port


class Gateway:
    """An HTTP server in front of the engine; `start` once, `stop` once, both on the engine's loop.

    Args:
        settings: where to listen, how large a request may be, whether a token is asked for.
        operations: the engine.
        snapshot: gives the latest published view; called on every page and error, so it must be cheap.
        fleet: gives the fleet's settings: what may be asked for.
        token: gives the token that callers must send; asked on each request. Needed where `settings.token` is.
        metrics: gives the metrics page and its content type.
        on_error: told about unexpected errors.
        limits: see `Limits`.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        operations: Operations,
        *,
        snapshot: Callable[[], FleetSnapshot],
        fleet: Callable[[], Settings],
        token: Callable[[], str] | None = None,
        metrics: Metrics | None = None,
        on_error: OnError = lambda _service, _message: None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        if token is None and (settings.token is not None or not settings.is_local):
            raise SettingsError("token", "is asked for by the settings, and nobody can say what it is")
        self._settings = settings
        self._token = token
        self._front = Front(
            operations,
            snapshot=snapshot,
            settings=fleet,
            doorkeeper=Doorkeeper(token),
            metrics=metrics,
            on_error=on_error,
        )
        self._on_error = on_error
        self._limits = limits
        self._runner: web.ServerRunner | None = None
        self._site: web.TCPSite | None = None
        self._handling: dict[asyncio.Task[object], None] = {}  # a dict keeps the order in which they came
        self._all_handled = asyncio.Event()
        self._all_handled.set()
        self._is_hurried = asyncio.Event()
        # One of each for all answers: the library only asks them whether the connection goes on.
        self._kept = Written(keeps_alive=True)
        self._closed = Written(keeps_alive=False)

    async def start(self) -> str:
        """Listens; returns the base URL to give to clients, `http://127.0.0.1:8484/v1`, with the real port.

        Raises:
            CannotListen: the port is taken, or not ours to take.
            SettingsError: the token cannot be read.
        """
        if self._token is not None:
            self._token()  # now, and not at the first request
        limits = self._limits
        loop = asyncio.get_running_loop()
        server = Connections(
            self._serve,
            limits=limits,
            request_factory=incoming_of(limits, self._settings.max_body, loop),
            handler_cancellation=True,  # a client that goes away cancels its operation
            keepalive_timeout=limits.idle_timeout,
            lingering_time=limits.lingering_time,
            max_headers=limits.max_headers,
            max_field_size=limits.max_field,
            max_line_size=limits.max_field,
            access_log=None,
            logger=ServerLog(lambda message: self._on_error(SERVICE, message)),
        )
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=limits.flush_timeout)
        host = _LOCALHOST if self._settings.host == "localhost" else self._settings.host
        await runner.setup()
        site = web.TCPSite(runner, host, self._settings.port, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError as exc:
            await runner.cleanup()
            raise CannotListen(host, self._settings.port, _problem(exc)) from exc
        self._runner, self._site = runner, site
        return f"http://{f'[{host}]' if ':' in host else host}:{site.port}/v1"

    async def stop(self, *, grace: float) -> None:
        """Stops listening, lets requests finish for up to `grace` seconds, then cancels what is left.

        Requests that still come over connections kept alive are told 503 and to try again.
        """
        self._front.is_stopping = True
        runner, site, self._runner, self._site = self._runner, self._site, None, None
        if runner is None or site is None:
            return
        try:
            await site.stop()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._all_handled_or_hurried()
            leftovers = list(self._handling)
            for task in leftovers:
                task.cancel(STOPPED)
            if leftovers:
                await asyncio.wait(leftovers, timeout=self._limits.flush_timeout)
        finally:
            await runner.cleanup()

    async def _all_handled_or_hurried(self) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (self._all_handled, self._is_hurried)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def hurry(self) -> None:
        """Leaves a `stop` that is under way, or comes, no grace: what has not finished is cancelled."""
        self._is_hurried.set()

    async def _write(self, request: Incoming, response: Response) -> bool:
        """Writes an answer; whether the connection may be used again."""
        try:
            return await write(request, response)
        except ConnectionError:
            return False  # the client is gone
        except Exception as exc:  # noqa: BLE001 - a second answer on this connection would garble the first
            self._on_error(SERVICE, place_of(exc))
            if request.transport is not None:
                request.transport.abort()
            return False

    async def _serve(self, request: Incoming) -> web.StreamResponse:
        asked = cast(Request, request)  # pyright takes the library's cached properties for no attributes
        connection = request.protocol
        if isinstance(connection, Connection):
            connection.head_came()
        task = asyncio.current_task()
        handling = self._handling
        # A full house still tells how it fares: only work counts and is turned away.
        if len(handling) >= self._limits.max_requests and request.method == "POST":
            keeps_alive = await self._write(request, self._front.refuse(asked, FULL))
            return self._kept if keeps_alive else self._closed
        if task is None:
            raise RuntimeError("a request is handled in a task of its own")
        handling[task] = None
        if len(handling) == 1:
            self._all_handled.clear()
        try:
            try:
                response = await self._front.answer(asked)
            except asyncio.CancelledError as cancelled:
                if STOPPED not in cancelled.args:  # its client left
                    raise
                task.uncancel()
                response = self._front.refuse(asked, STOPPING)
            keeps_alive = await self._write(request, response)
        finally:
            del handling[task]
            if not handling:
                self._all_handled.set()
        return self._kept if keeps_alive else self._closed


def _problem(exc: OSError) -> str:
    match exc.errno:
        case errno.EADDRINUSE:
            return "another program has the port; stop it, or set gateway.port (0 takes any free port)"
        case errno.EACCES | errno.EPERM:
            return "this user may not take the port; set gateway.port to 1024 or above"
        case errno.EADDRNOTAVAIL | None:  # asyncio since 3.13 tries all addresses and keeps no number
            return "this machine does not have the address; set gateway.host to 127.0.0.1"
        case _:
            return f"{errno.errorcode.get(exc.errno or 0, 'unknown error')}; set gateway.port to another port"
