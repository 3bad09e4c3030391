"""The gateway's one street for all requests, without a socket: who may come in, who answers, how errors leave.

The HTTP server and the in-process transport both go through here, so that a client gets the very same service
either way.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

import msgspec

from hive_console.adapters.gateway import endpoints
from hive_console.adapters.gateway.doorkeeper import Doorkeeper
from hive_console.adapters.gateway.endpoints import Endpoint, Page
from hive_console.adapters.gateway.event_stream import EventStream
from hive_console.adapters.gateway.exchange import Headers, Request, Response
from hive_console.adapters.gateway.failures import (
    INVALID_REQUEST,
    SERVER,
    Failure,
    RequestRefused,
    failure_of_operation,
    failure_of_unknown_model,
)
from hive_console.adapters.gateway.headers import (
    DEGRADED,
    ID_HEADERS,
    REQUEST_ID,
    flag,
    headers_of,
    headers_of_failure,
)
from hive_console.adapters.gateway.intake import task_of
from hive_console.adapters.gateway.listing import Listing
from hive_console.adapters.gateway.pages import health_page, readiness_page, status_page
from hive_console.core.errors import OperationFailed, UnknownModel, place_of
from hive_console.core.settings import Dialect, Settings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.task import Operations, Work

SERVICE = "gateway"
"""The name under which its unexpected errors are published."""

OnError = Callable[[str, str], None]
"""Told (service, message) about every error that should not be; the message holds no prompt and no key."""

Metrics = Callable[[str], tuple[bytes, str]]
"""Gives the metrics page and its content type for an `Accept` header; called on a thread of its own."""

JSON = "application/json"

_EVENTS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # a proxy in between must not collect the events
}

STOPPING = Failure(
    503, SERVER, "the gateway is stopping; try again soon", code="stopping", retry_after=1, closes=True
)
FULL = Failure(
    503,
    SERVER,
    "the gateway handles as many requests as it can; try again soon",
    code="busy",
    retry_after=1,
    closes=True,
)


class Front:
    """Answers requests.

    Args:
        operations: the engine.
        snapshot: gives the latest published view; called on every page and error, so it must be cheap.
        settings: gives the fleet's settings, for the models' list.
        doorkeeper: who may come in; `None` lets everybody in (who is in this process is in already).
        metrics: gives the metrics page; `None` has none.
        on_error: told about unexpected errors.

    Attributes:
        is_stopping: set when the gateway stops: what comes now is told to go elsewhere.
    """

    def __init__(
        self,
        operations: Operations,
        *,
        snapshot: Callable[[], FleetSnapshot],
        settings: Callable[[], Settings],
        doorkeeper: Doorkeeper | None = None,
        metrics: Metrics | None = None,
        on_error: OnError = lambda _service, _message: None,
    ) -> None:
        self._operations = operations
        self._snapshot = snapshot
        self._settings = settings
        self._listing = Listing(settings())
        self._doorkeeper = doorkeeper
        self._metrics = metrics
        self._on_error = on_error
        self.is_stopping = False

    async def answer(self, request: Request) -> Response:
        """The answer to one request; raises nothing but what cancels it."""
        endpoint, name = endpoints.find(request.target)
        try:
            if self._doorkeeper is not None:
                self._doorkeeper.check(request, is_open=endpoint is not None and endpoint.is_open)
            if endpoint is None or request.method not in endpoint.methods:
                return self.refuse(request, _no_such_path(request, endpoint))
            if self.is_stopping and endpoint.page is not Page.READY:
                return self.refuse(request, STOPPING)
            if endpoint.work is not None and endpoint.dialect is not None:
                return await self._work(request, endpoint.work, endpoint.dialect)
            if endpoint.page is Page.METRICS:
                return await self._metrics_page(request.headers)
            return self._page(request.headers, endpoint, name)
        except RequestRefused as refused:
            return self.refuse(request, refused.failure)
        except UnknownModel as unknown:
            return self.refuse(request, failure_of_unknown_model(unknown))
        except OperationFailed as failed:
            return self.refuse(request, failure_of_operation(failed), request_id=failed.operation)
        except Exception as exc:  # noqa: BLE001 - one broken request must not look like a broken gateway
            request_id = _new_id()
            return self.refuse(request, self._unexpected(exc, request_id), request_id=request_id)

    def refuse(self, request: Request, failure: Failure, *, request_id: str = "") -> Response:
        """An error as the request's client can read it."""
        dialect = _dialect_of(request)
        request_id = request_id or _new_id()
        headers = headers_of_failure(
            failure, request_id=request_id, is_degraded=self._snapshot().is_degraded, dialect=dialect
        )
        headers["Content-Type"] = JSON
        return Response(
            failure.status_in(dialect), headers, failure.body(dialect, request_id), closes=failure.closes
        )

    async def _work(self, request: Request, work: Work, dialect: Dialect) -> Response:
        task, is_streamed = task_of(await request.body(), request.headers, work=work, dialect=dialect)
        if not is_streamed:
            reply = await self._operations.execute(task)
            headers = headers_of(reply.provenance, dialect)
            headers["Content-Type"] = JSON
            return Response(200, headers, reply.answer.body)
        stream = await self._operations.open_stream(task)
        headers = headers_of(stream.provenance, dialect)
        headers.update(_EVENTS)
        return Response(200, headers, EventStream(stream, dialect, self._unexpected))

    def _page(self, headers: Headers, endpoint: Endpoint, name: str) -> Response:
        fleet = self._snapshot()
        match endpoint.page:
            case Page.MODELS:
                return _json(fleet, self._models(fleet, name, dialect_of_headers(headers)))
            case Page.READY:
                page, is_ready = readiness_page(fleet, is_stopping=self.is_stopping)
                return _json(fleet, page, status=200 if is_ready else 503)
            case Page.STATUS:
                return _json(fleet, status_page(fleet, self._settings()))
            case _:
                return _json(fleet, health_page(fleet))

    async def _metrics_page(self, headers: Headers) -> Response:
        if self._metrics is None:
            raise RequestRefused(_NO_METRICS)
        # A large fleet takes a second to write down, and the first page loads a library: no request waits for it.
        body, content_type = await asyncio.to_thread(self._metrics, headers.get("Accept") or "")
        return Response(200, {**_marks(self._snapshot()), "Content-Type": content_type}, body)

    def _models(self, fleet: FleetSnapshot, name: str, dialect: Dialect) -> dict[str, object]:
        settings = self._settings()
        if settings is not self._listing.settings:
            self._listing = Listing(settings)
        if not name:
            return self._listing.all(fleet.started_at, dialect)
        page = self._listing.one(name, fleet.started_at, dialect)
        if page is None:
            raise UnknownModel(name, self._listing.names)
        return page

    def _unexpected(self, exc: Exception, request_id: str) -> Failure:
        self._on_error(SERVICE, f"{place_of(exc)} (request {request_id})")
        message = f"hive-console met an error it did not expect (request {request_id})"
        return Failure(500, SERVER, message, code="internal_error")


_NO_METRICS = Failure(404, INVALID_REQUEST, "this gateway keeps no metrics page", code="unknown_path")


def dialect_of_headers(headers: Headers) -> Dialect:
    """Whose client asks, where the path does not say: Anthropic's always name the API's version."""
    return Dialect.OPENAI if headers.get("anthropic-version") is None else Dialect.ANTHROPIC


def _dialect_of(request: Request) -> Dialect:
    endpoint, _ = endpoints.find(request.target)
    known = None if endpoint is None else endpoint.dialect
    return known or dialect_of_headers(request.headers)


def _no_such_path(request: Request, endpoint: Endpoint | None) -> Failure:
    if endpoint is not None:
        allow = ", ".join(endpoint.methods)
        words = f"{endpoint.path} takes {allow} only"
        return Failure(405, INVALID_REQUEST, words, code="method_not_allowed", allow=allow)
    if endpoints.is_responses_api(request.target):
        words = (
            "OpenAI's Responses API is not served here; chat completions are: POST /v1/chat/completions"
            " (client.chat.completions.create)"
        )
        return Failure(404, INVALID_REQUEST, words, code="responses_not_served")
    served = ", ".join(known.path for known in endpoints.ENDPOINTS)
    return Failure(404, INVALID_REQUEST, f"there is no such path; served: {served}", code="unknown_path")


def _json(fleet: FleetSnapshot, page: dict[str, object], *, status: int = 200) -> Response:
    return Response(status, {**_marks(fleet), "Content-Type": JSON}, msgspec.json.encode(page))


def _marks(fleet: FleetSnapshot) -> dict[str, str]:
    """What every answer carries and a page does not have from the engine."""
    request_id = _new_id()
    ids = dict.fromkeys((REQUEST_ID, *ID_HEADERS.values()), request_id)
    return {**ids, DEGRADED: flag(fleet.is_degraded)}


def _new_id() -> str:
    return secrets.token_hex(8)
