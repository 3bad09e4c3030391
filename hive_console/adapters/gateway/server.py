"""The gateway's life and its one street for all requests: who may come in, who answers, how errors leave."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from aiohttp import web

from hive_console.adapters.gateway import headers as h
from hive_console.adapters.gateway.doorkeeper import check_origin
from hive_console.adapters.gateway.failures import (
    INVALID_REQUEST,
    SERVER,
    Failure,
    RequestRefused,
    failure_of_operation,
    failure_of_unknown_model,
)
from hive_console.adapters.gateway.intake import read_chat
from hive_console.adapters.gateway.limits import Limits
from hive_console.adapters.gateway.listing import Listing, health_page
from hive_console.adapters.gateway.relay import JSON, STOPPING, relay_stream, whole_answer
from hive_console.adapters.gateway.server_log import ServerLog
from hive_console.core.errors import HiveError, OperationFailed, UnknownModel, place_of
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.core.settings import ModelSettings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.task import Operations

SERVICE = "gateway"
"""The name under which its unexpected errors are published."""

OnError = Callable[[str, str], None]
"""Told (service, message) about every error that should not be; the message holds no prompt and no key."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOCALHOST = "127.0.0.1"  # `localhost` may resolve to two addresses, and port 0 would then take two ports

_FULL = Failure(
    503, SERVER, "the gateway handles as many requests as it can; try again soon", code="busy", retry_after=1
)
_STOPPING = Failure(503, SERVER, "the gateway is stopping; try again soon", code="stopping", retry_after=1)


class CannotListen(HiveError):
    """The gateway's address cannot be taken; `host` and `port` say which."""

    def __init__(self, host: str, port: int, problem: str) -> None:
        super().__init__(f"the gateway cannot listen on {host}:{port}: {problem}")
        self.host = host
        self.port = port


class Gateway:
    """An OpenAI-compatible server on loopback; `start` once, `stop` once, both on the engine's loop.

    Args:
        settings: where to listen and how large a request may be.
        operations: the engine.
        snapshot: gives the latest published view; called on every answer, so it must be cheap.
        models: what may be asked for, for `GET /v1/models`.
        on_error: told about unexpected errors.
        limits: see `Limits`.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        operations: Operations,
        *,
        snapshot: Callable[[], FleetSnapshot],
        models: Sequence[ModelSettings],
        on_error: OnError = lambda _service, _message: None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self._settings = settings
        self._operations = operations
        self._snapshot = snapshot
        self._listing = Listing(models)
        self._on_error = on_error
        self._limits = limits
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._handling: dict[asyncio.Task[object], None] = {}  # a dict keeps the order in which they came
        self._all_handled = asyncio.Event()
        self._all_handled.set()
        self._is_stopping = False

    def relist(self, models: Sequence[ModelSettings]) -> None:
        """Lists these models from now on; what may be asked for is the engine's to know."""
        self._listing = Listing(models)

    async def start(self) -> str:
        """Listens; returns the base URL to give to clients, `http://127.0.0.1:8484/v1`, with the real port.

        Raises:
            CannotListen: the port is taken, or not ours to take.
        """
        runner = web.AppRunner(
            self._application(),
            handle_signals=False,
            handler_cancellation=True,  # a client that goes away cancels its operation
            shutdown_timeout=self._limits.flush_timeout,
            keepalive_timeout=self._limits.idle_timeout,
            lingering_time=self._limits.lingering_time,
            access_log=None,
            logger=ServerLog(lambda message: self._on_error(SERVICE, message)),
        )
        host = _LOCALHOST if self._settings.host == "localhost" else self._settings.host
        await runner.setup()
        site = web.TCPSite(runner, host, self._settings.port)
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
        self._is_stopping = True
        runner, site, self._runner, self._site = self._runner, self._site, None, None
        if runner is None or site is None:
            return
        try:
            await site.stop()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._all_handled.wait()
            leftovers = list(self._handling)
            for task in leftovers:
                task.cancel(STOPPING)
            if leftovers:
                await asyncio.wait(leftovers, timeout=self._limits.flush_timeout)
        finally:
            await runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._serve])
        app.on_response_prepare.append(_sign)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/{name:.+}", self._model)
        app.router.add_get("/healthz", self._health)
        return app

    @web.middleware
    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id = secrets.token_hex(8)
        if self._is_stopping:
            return self._marked(_error(_STOPPING, closes=True), request_id)
        # A full house still tells how it fares: only work counts and is turned away.
        if request.method == "POST" and len(self._handling) >= self._limits.max_requests:
            return self._marked(_error(_FULL, closes=True), request_id)
        task = asyncio.current_task()
        if task is not None:
            self._handling[task] = None
            self._all_handled.clear()
        try:
            check_origin(request)
            response = await _until_the_end(handler, request)
        except RequestRefused as refused:
            response = _error(refused.failure)
        except UnknownModel as unknown:
            response = _error(failure_of_unknown_model(unknown))
        except OperationFailed as failed:
            response = _error(failure_of_operation(failed))
            response.headers[h.ATTEMPTS] = str(failed.attempts)
            request_id = h.safe_value(failed.operation) or request_id
        except web.HTTPException as wrong:
            response = _error(_failure_of_http(wrong), allow=wrong.headers.get("Allow"))
        except Exception as exc:  # noqa: BLE001 - one broken request must not look like a broken gateway
            response = _error(self._unexpected(exc, request_id))
        finally:
            if task is not None:
                self._handling.pop(task, None)
            if not self._handling:
                self._all_handled.set()
        return response if response.prepared else self._marked(response, request_id)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        chat = await read_chat(request, max_body=self._settings.max_body, timeout=self._limits.body_timeout)
        if not chat.is_streamed:
            return whole_answer(await self._operations.execute(chat.task))
        stream = await self._operations.open_stream(chat.task)
        operation = stream.provenance.operation
        return await relay_stream(
            request,
            stream,
            stall_timeout=self._limits.stall_timeout,
            unexpected=lambda exc: self._unexpected(exc, operation),
        )

    async def _models(self, _request: web.Request) -> web.Response:
        return _page(self._listing.all(self._created()))

    async def _model(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        page = self._listing.one(name, self._created())
        if page is None:
            raise UnknownModel(name, self._listing.names)
        return _page(page)

    async def _health(self, _request: web.Request) -> web.Response:
        return _page(health_page(self._snapshot()))

    def _created(self) -> int:
        return int(self._snapshot().started_at)

    def _marked(self, response: web.StreamResponse, request_id: str) -> web.StreamResponse:
        """Adds what every answer carries and this one does not have from the engine."""
        response.headers.setdefault(h.REQUEST_ID, request_id)
        response.headers.setdefault(h.DEGRADED, h.flag(self._snapshot().is_degraded))
        return response

    def _unexpected(self, exc: Exception, request_id: str) -> Failure:
        self._on_error(SERVICE, f"{place_of(exc)} (request {request_id})")
        message = f"hive-console met an error it did not expect (request {request_id})"
        return Failure(500, SERVER, message, code="internal_error")


async def _until_the_end(handler: Handler, request: web.Request) -> web.StreamResponse:
    """The handler's answer; one that has none by the end of the drain is told to come back."""
    try:
        return await handler(request)
    except asyncio.CancelledError as cancelled:
        task = asyncio.current_task()
        if task is None or STOPPING not in cancelled.args:  # its client left, or has read the reason already
            raise
        task.uncancel()
        return _error(_STOPPING, closes=True)


def _error(failure: Failure, *, closes: bool = False, allow: str | None = None) -> web.Response:
    headers = failure.headers()
    if allow:
        headers["Allow"] = allow
    if failure.tried:
        headers[h.TRIED] = h.safe_value(", ".join(failure.tried))
    response = web.Response(status=failure.status, body=failure.body(), content_type=JSON, headers=headers)
    if closes or failure.status in {408, 413}:  # the rest of the body is still under way
        response.force_close()
    return response


async def _sign(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Names no versions of what we are made of: they only help whoever looks for a hole."""
    response.headers["Server"] = "hive-console"


def _page(page: dict[str, object]) -> web.Response:
    return web.Response(body=msgspec.json.encode(page), content_type=JSON)


def _failure_of_http(wrong: web.HTTPException) -> Failure:
    match wrong.status:
        case 404:
            words = "there is no such path; try /v1/chat/completions, /v1/models or /healthz"
            return Failure(404, INVALID_REQUEST, words, code="unknown_path")
        case 405:
            words = "this path does not take this method"
            return Failure(405, INVALID_REQUEST, words, code="method_not_allowed")
        case _:
            return Failure(wrong.status, INVALID_REQUEST, wrong.reason)


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
