"""Answers one request as a simulated model would, with whatever fault holds at that moment."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from aiohttp import web

from hive_console.sim.allowances import Allowances
from hive_console.sim.anthropic_shape import AnthropicShape
from hive_console.sim.delivery import Active, Delivery, never, reset_transport
from hive_console.sim.embedding import complaint_of_embeddings, embeddings
from hive_console.sim.faults import (
    Hang,
    Hostile,
    HttpError,
    KeyRefused,
    LimitedTo,
    Outage,
    QuotaExhausted,
    RateLimited,
    Reset,
    Slow,
)
from hive_console.sim.hostile import HOSTILE_MESSAGE
from hive_console.sim.profile import ModelProfile
from hive_console.sim.question import call_of, called_tools, spoken
from hive_console.sim.shape import Allowance, Problem, Shape, Simulated, encoded, prompt_tokens
from hive_console.sim.weather import EVERYTHING, Weather

LIST_SECONDS = 0.03
"""How long the list of models takes: it is no inference."""

ERROR_SECONDS = 0.015
"""How long an error takes: providers fail fast."""

_ALLOWANCE = web.RequestKey("allowance", Allowance)


class Answering:
    """The handlers of one simulated provider.

    Args:
        profiles: its models.
        shape: the dialect.
        weather: which fault holds.
        now: Unix seconds, for what headers tell of rate limits.
        latency_rng: the dice for response times, and for faults that strike by dice.
        reply_rng: the dice for answers and ids.

    Attributes:
        in_flight: requests that have come and are not answered to their end.
        taken: requests that ever came.
        asked: of those, what was asked of each model.
    """

    def __init__(
        self,
        profiles: tuple[ModelProfile, ...],
        shape: Shape,
        *,
        weather: Weather,
        now: Callable[[], float],
        latency_rng: Random,
        reply_rng: Random,
    ) -> None:
        self._profiles = {profile.id: profile for profile in profiles}
        self._shape = shape
        self._weather = weather
        self._now = now
        self._allowances = Allowances(shape.requests_per_minute)
        self._latency_rng = latency_rng
        self._reply_rng = reply_rng
        self.in_flight = 0
        self.taken = 0
        self.asked = dict.fromkeys(self._profiles, 0)

    async def completion(self, request: web.Request) -> web.StreamResponse:
        """`POST` of the dialect's completion path."""
        with self._counted():
            asked = await self._asked(request, lambda body: self._shape.complaint(body, request.headers))
            if isinstance(asked, web.StreamResponse):
                return asked
            body, profile, fault = asked
            answer = self._drawn(profile.id, body)
            factor = fault.factor if isinstance(fault, Slow) else 1.0
            first_token = profile.draw_first_token(self._latency_rng) * factor
            pace = profile.pace / factor
            delivery = self._delivery(request, fault)
            if body.get("stream") is True:
                return await delivery.stream(answer, first_token=first_token, pace=pace)
            await asyncio.sleep(first_token + answer.tokens / pace)
            return await delivery.whole(encoded(self._shape.whole(answer)), slices=answer.tokens)

    async def embeddings(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/embeddings`."""
        with self._counted():
            asked = await self._asked(request, complaint_of_embeddings)
            if isinstance(asked, web.StreamResponse):
                return asked
            body, profile, fault = asked
            return await self._quick(request, encoded(embeddings({**body, "model": profile.id})), fault)

    async def count(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/messages/count_tokens`."""
        with self._counted():
            shape = AnthropicShape()
            asked = await self._asked(request, lambda body: shape.complaint_of_count(body, request.headers))
            if isinstance(asked, web.StreamResponse):
                return asked
            body, _, fault = asked
            return await self._quick(request, encoded({"input_tokens": prompt_tokens(body)}), fault)

    async def models(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/models`."""
        return await self._listed(request, EVERYTHING, encoded(self._shape.models(tuple(self._profiles))))

    async def model(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/models/{model}`."""
        model = request.match_info["model"]
        if model not in self._profiles:
            return self._problem(request, Problem(404))
        return await self._listed(request, model, encoded(self._shape.model(model)))

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Every other path."""
        with self._counted():
            return self._problem(request, Problem(404, f"Invalid URL ({request.method} {request.path})"))

    async def _listed(self, request: web.Request, target: str, payload: bytes) -> web.StreamResponse:
        with self._counted():
            fault = await self._survive(request, target)
            if isinstance(fault, web.Response):
                return fault
            return await self._quick(request, payload, fault)

    async def _quick(self, request: web.Request, payload: bytes, fault: Active) -> web.StreamResponse:
        await asyncio.sleep(LIST_SECONDS * (fault.factor if isinstance(fault, Slow) else 1.0))
        return await self._delivery(request, fault).whole(payload)

    async def _asked(
        self, request: web.Request, complaint_of: Callable[[dict[str, Any]], str]
    ) -> tuple[dict[str, Any], ModelProfile, Active] | web.Response:
        """The request's body, who is asked, and the fault that the answer must show; or an error."""
        body = await self._body(request)
        if isinstance(body, web.Response):
            return body
        complaint = complaint_of(body)
        if complaint:
            return self._problem(request, Problem(400, complaint))
        profile = self._profiles.get(body["model"])
        if profile is None:
            return self._problem(request, Problem(404))
        self.asked[profile.id] += 1
        fault = await self._survive(request, profile.id)
        return fault if isinstance(fault, web.Response) else (body, profile, fault)

    def _drawn(self, model: str, body: dict[str, Any]) -> Simulated:
        question = self._shape.question(body)
        calls = tuple(call_of(tool, self._id()) for tool in called_tools(question))
        words, is_whole = spoken(question, self._reply_rng, self._shape.token_limit(body))
        options = body.get("stream_options")
        return Simulated(
            self._id(),
            model,
            () if calls else words,
            prompt_tokens(body),
            is_whole=is_whole,
            tells_usage=isinstance(options, dict) and options.get("include_usage") is True,
            calls=calls,
        )

    async def _survive(self, request: web.Request, target: str) -> Active | web.Response:
        """The fault that the answer itself must show, or the error that stands in for an answer."""
        fault = self._weather.over(target, asyncio.get_running_loop().time(), self._latency_rng.random)
        allowance, is_within = self._allowances.take(
            target, fault if isinstance(fault, LimitedTo) else None, self._now()
        )
        request[_ALLOWANCE] = allowance
        match fault:
            case Outage() | Reset():
                reset_transport(request.transport)
                return await never()
            case Hang():
                return await never()
            case HttpError(status):
                problem = Problem(status)
            case RateLimited(retry_after):
                problem = Problem(429, retry_after=retry_after)
            case LimitedTo() if not is_within:
                problem = Problem(429, retry_after=allowance.reset)
            case QuotaExhausted(status):
                problem = Problem(status, is_about_money=True)
            case KeyRefused():
                problem = Problem(401)
            case Hostile():
                problem = Problem(500, HOSTILE_MESSAGE)
            case _:
                return fault
        await asyncio.sleep(ERROR_SECONDS)
        return self._problem(request, problem)

    async def _body(self, request: web.Request) -> dict[str, Any] | web.Response:
        try:
            raw = await request.read()
            body = json.loads(raw)
        except web.HTTPRequestEntityTooLarge:
            return self._problem(request, Problem(413))
        except (ValueError, RecursionError):
            return self._problem(request, Problem(400))
        return body if isinstance(body, dict) else self._problem(request, Problem(400))

    def _delivery(self, request: web.Request, fault: Active) -> Delivery:
        headers = self._shape.headers(self._id(), None, self._allowance(request))
        return Delivery(request, self._shape, headers=headers, fault=fault, new_id=self._id)

    def _problem(self, request: web.Request, problem: Problem) -> web.Response:
        request_id = self._id()
        allowance = self._allowance(request)
        if problem.status == 429:
            reset = allowance.reset if problem.retry_after is None else problem.retry_after
            allowance = Allowance(allowance.requests, 0, reset, self._now() + reset)
        return web.Response(
            status=problem.status,
            body=encoded(self._shape.error(problem, request_id)),
            headers=self._shape.headers(request_id, problem, allowance),
            content_type="application/json",
        )

    def _allowance(self, request: web.Request) -> Allowance:
        """What the request's limits are; of one that reached no model, those of the provider."""
        known: Allowance | None = request.get(_ALLOWANCE)
        return known or self._allowances.usual(self._now())

    def _id(self) -> str:
        return f"{self._reply_rng.getrandbits(96):024x}"

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self.in_flight += 1
        self.taken += 1
        try:
            yield
        finally:
            self.in_flight -= 1
