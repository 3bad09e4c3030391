"""Answers one request as a simulated model would, with whatever fault holds at that moment."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from random import Random
from typing import Any, NoReturn

from aiohttp import web

from hive_console.sim.faults import (
    Cut,
    ErrorIn200,
    Garbage,
    Hang,
    Hostile,
    HttpError,
    KeyRefused,
    Outage,
    RateLimited,
    Reset,
    Slow,
    Stall,
    SteadyFault,
)
from hive_console.sim.hostile import GARBAGE, HOSTILE_MESSAGE
from hive_console.sim.profile import ModelProfile, draw_words
from hive_console.sim.shape import Problem, Shape, Simulated, encoded, prompt_tokens
from hive_console.sim.weather import EVERYTHING, Weather

KEEP_ALIVE_SECONDS = 1.0
"""A stream that has nothing to say shows this often that it is open; real ones do so every 1 to 15 s."""

LIST_SECONDS = 0.03
"""How long the list of models takes: it is no inference."""

ERROR_SECONDS = 0.015
"""How long an error takes: providers fail fast."""

Active = Outage | SteadyFault | None

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger on, for no time: close sends a reset


def reset_transport(transport: asyncio.BaseTransport | None) -> None:
    """Ends a connection with a TCP reset."""
    if not isinstance(transport, asyncio.Transport):
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):  # the other side was quicker
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


async def _never() -> NoReturn:
    """Waits until the connection's end cancels the handler."""
    while True:
        await asyncio.Event().wait()


class Answering:
    """The handlers of one simulated provider."""

    def __init__(
        self,
        profiles: tuple[ModelProfile, ...],
        shape: Shape,
        *,
        weather: Weather,
        latency_rng: Random,
        reply_rng: Random,
    ) -> None:
        self._profiles = {profile.id: profile for profile in profiles}
        self._shape = shape
        self._weather = weather
        self._latency_rng = latency_rng
        self._reply_rng = reply_rng
        self.in_flight = 0

    async def completion(self, request: web.Request) -> web.StreamResponse:
        """`POST` of the dialect's completion path."""
        with self._counted():
            body = await self._body(request)
            if isinstance(body, web.Response):
                return body
            complaint = self._shape.complaint(body)
            if complaint:
                return self._problem(Problem(400, complaint))
            profile = self._profiles.get(body["model"])
            if profile is None:
                return self._problem(Problem(404))
            fault = await self._survive(request, profile.id)
            if isinstance(fault, web.Response):
                return fault
            words, is_whole = draw_words(self._reply_rng, self._shape.token_limit(body))
            options = body.get("stream_options")
            answer = Simulated(
                self._id(),
                profile.id,
                words,
                prompt_tokens(body),
                is_whole=is_whole,
                tells_usage=isinstance(options, dict) and options.get("include_usage") is True,
            )
            factor = fault.factor if isinstance(fault, Slow) else 1.0
            first_token = profile.draw_first_token(self._latency_rng) * factor
            pace = profile.pace / factor
            if body.get("stream") is True:
                return await self._stream(request, answer, fault=fault, first_token=first_token, pace=pace)
            await asyncio.sleep(first_token + len(words) / pace)
            return await self._whole(request, encoded(self._shape.whole(answer)), fault)

    async def models(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/models`."""
        return await self._listed(request, EVERYTHING, encoded(self._shape.models(tuple(self._profiles))))

    async def model(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/models/{model}`."""
        model = request.match_info["model"]
        if model not in self._profiles:
            return self._problem(Problem(404))
        return await self._listed(request, model, encoded(self._shape.model(model)))

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Every other path."""
        with self._counted():
            return self._problem(Problem(404, f"Invalid URL ({request.method} {request.path})"))

    async def _listed(self, request: web.Request, target: str, payload: bytes) -> web.StreamResponse:
        with self._counted():
            fault = await self._survive(request, target)
            if isinstance(fault, web.Response):
                return fault
            await asyncio.sleep(LIST_SECONDS * (fault.factor if isinstance(fault, Slow) else 1.0))
            return await self._whole(request, payload, fault)

    async def _survive(self, request: web.Request, target: str) -> Active | web.Response:
        """The fault that the answer itself must show, or the error that stands in for an answer."""
        fault = self._weather.over(target, asyncio.get_running_loop().time())
        match fault:
            case Outage() | Reset():
                reset_transport(request.transport)
                return await _never()
            case Hang():
                return await _never()
            case HttpError(status):
                problem = Problem(status)
            case RateLimited(retry_after):
                problem = Problem(429, retry_after=retry_after)
            case KeyRefused():
                problem = Problem(401)
            case Hostile():
                problem = Problem(500, HOSTILE_MESSAGE)
            case _:
                return fault
        await asyncio.sleep(ERROR_SECONDS)
        return self._problem(problem)

    async def _body(self, request: web.Request) -> dict[str, Any] | web.Response:
        try:
            raw = await request.read()
            body = json.loads(raw)
        except web.HTTPRequestEntityTooLarge:
            return self._problem(Problem(413))
        except (ValueError, RecursionError):
            return self._problem(Problem(400))
        return body if isinstance(body, dict) else self._problem(Problem(400))

    async def _whole(self, request: web.Request, payload: bytes, fault: Active) -> web.StreamResponse:
        headers = self._shape.headers(self._id(), None)
        match fault:
            case Garbage():
                payload = GARBAGE
            case ErrorIn200():
                payload = encoded(self._shape.error(Problem(500), self._id()))
            case Cut() | Stall():
                response = web.StreamResponse(headers=headers)
                response.content_type = "application/json"
                response.content_length = len(payload)
                await response.prepare(request)
                await response.write(payload[: len(payload) // 2])
                if isinstance(fault, Cut) and request.transport is not None:
                    request.transport.close()
                await _never()
            case _:
                pass
        return web.Response(body=payload, headers=headers, content_type="application/json")

    async def _stream(
        self, request: web.Request, answer: Simulated, *, fault: Active, first_token: float, pace: float
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=self._shape.headers(self._id(), None))
        response.content_type = "text/event-stream"
        response.headers["cache-control"] = "no-cache"
        with contextlib.suppress(ConnectionError):  # the client left, or an outage began, between two events
            await response.prepare(request)
            await self._wait(response, first_token)
            async for data in self._events(answer, fault, pace):
                await response.write(data)
            match fault:
                case Cut():
                    if request.transport is not None:
                        request.transport.close()
                    await _never()
                case Stall():
                    while True:
                        await asyncio.sleep(KEEP_ALIVE_SECONDS)
                        await response.write(self._shape.keep_alive)
                case _:
                    await response.write_eof()
        return response

    async def _events(self, answer: Simulated, fault: Active, pace: float) -> AsyncIterator[bytes]:
        """The events of a stream, as far as the fault lets them come."""
        match fault:
            case Garbage():
                yield b"data: " + GARBAGE + b"\n\n"
                return
            case ErrorIn200():
                yield self._shape.error_event(Problem(529), self._id())
                return
            case Cut(tokens) | Stall(tokens):
                words = answer.words[:tokens]
            case _:
                words = answer.words
        yield self._shape.opening(answer)
        for index, word in enumerate(words):
            if index:
                await asyncio.sleep(1 / pace)
            yield self._shape.piece(answer, word)
        if not isinstance(fault, (Cut, Stall)):
            yield self._shape.closing(answer)

    async def _wait(self, response: web.StreamResponse, seconds: float) -> None:
        """Sleeps, and shows meanwhile that the line is open."""
        while seconds > KEEP_ALIVE_SECONDS:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            await response.write(self._shape.keep_alive)
            seconds -= KEEP_ALIVE_SECONDS
        await asyncio.sleep(seconds)

    def _problem(self, problem: Problem) -> web.Response:
        request_id = self._id()
        return web.Response(
            status=problem.status,
            body=encoded(self._shape.error(problem, request_id)),
            headers=self._shape.headers(request_id, problem),
            content_type="application/json",
        )

    def _id(self) -> str:
        return f"{self._reply_rng.getrandbits(96):024x}"

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
