"""Calls models over HTTP, in whichever dialect they speak; fits `engine.ports.Provider` by shape."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Protocol, Self, assert_never
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver

from hive_console.adapters.endpoints import EndpointRules
from hive_console.adapters.providers.amendments import MOST_REPEATS, Amendments, amended, amendment_for
from hive_console.adapters.providers.classify import classify
from hive_console.adapters.providers.codec import Codec
from hive_console.adapters.providers.codecs import codec_of
from hive_console.adapters.providers.endpoint import models_list
from hive_console.adapters.providers.error_body import NOTHING_SAID, ErrorBody, read_error
from hive_console.adapters.providers.rate_limit_headers import rate_limits_of
from hive_console.adapters.providers.request import HttpRequest
from hive_console.adapters.providers.veil import Veil
from hive_console.adapters.transport.clocks import Clocks
from hive_console.adapters.transport.pace import Pace
from hive_console.adapters.transport.relay import relay
from hive_console.adapters.transport.wire import Received, Wire
from hive_console.core.errors import HiveError, ProviderError, SettingsError
from hive_console.core.gateway_settings import NetworkSettings
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings, ProbeKind, Replay
from hive_console.core.task import Answer, Body, Piece, Task, Work
from hive_console.core.text import clean_message

BODY_CAP = 32 * 1024 * 1024
"""Bytes of one answer (32 MiB): audio in base64 fits, a flood does not."""

ERROR_CAP = 64 * 1024
"""Bytes of an error's body that are read; what matters stands in the first kilobyte."""

ERROR_SECONDS = 2.0
"""Seconds an error's body may take after its status: the status alone decides nearly everything."""

MODELS_CAP = 8 * 1024 * 1024
"""Bytes of a models list: routers list thousands of models at 1 to 2 kB each."""

PROBE_TOKENS = 16
"""Tokens of a probing completion: reasoning models refuse or fail on 1."""

SKIPPED_CAP = 16 * 1024
SKIP_SECONDS = 0.5
"""Bytes, and seconds, of a health page that are read and ignored: mostly it is a word, and its status is here."""

_PROBE: Body = {"messages": [{"role": "user", "content": "ping"}]}


class KeySource(Protocol):
    """Where keys are kept."""

    def key_of(self, reference: str) -> str:
        """The key behind `env:NAME` or `file:PATH`; raises a `HiveError` when there is none."""
        ...

    def known(self) -> tuple[str, ...]:
        """Every key handed out so far, in each spelling (URL-encoded, base64): taken out of all messages."""
        ...


class HttpProviders:
    """All providers behind one pool of connections; open it with `async with`, on the loop that will use it.

    Args:
        keys: where keys are kept.
        now: the clock's Unix seconds, for dates in `Retry-After` and for `created`.
        network: which endpoints may be called; raises `SettingsError` for what it cannot mean.
        resolver: who knows the hosts' names; the system's own when left out.
    """

    def __init__(
        self,
        keys: KeySource,
        *,
        now: Callable[[], float],
        network: NetworkSettings | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._keys = keys
        self._now = now
        self._wire = Wire(_rules_of(network or NetworkSettings()), resolver)
        self._amendments = Amendments()

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.__aexit__(kind, error, trace)

    def unfit(self, model: ModelSettings, task: Task) -> str:
        """Why this model cannot serve such a task, or ``""``; a raw body keeps what was worked out for the call."""
        if task.dialect is model.dialect and task.work is Work.CHAT:
            return ""
        try:
            codec_of(model, task).check(task)
        except ProviderError as error:
            return error.outcome.message
        return ""

    def fault_of(self, model: ModelSettings) -> str:
        """Why this model cannot be called before a person acts, such as ``no key: set NAME``; ``""`` if it can."""
        refusal = self._wire.refusal_of(model.endpoint)
        return f"endpoint not allowed: it {refusal}" if refusal else self._key_or_fault(model)[1]

    def use(self, network: NetworkSettings) -> None:
        """Other rules of which endpoints may be called, from the next new connection on."""
        self._wire.use(_rules_of(network))

    async def complete(self, model: ModelSettings, task: Task) -> Answer:
        """One answer in the task's dialect, named after `model.id`; raises `ProviderError`.

        The model's connect, headers and total timeouts bound it; the caller bounds the rest by cancelling.
        """
        return await self._answer(model, task, Clocks.of_answer(model))

    async def stream(self, model: ModelSettings, task: Task) -> AsyncGenerator[Piece, None]:
        """A streamed answer in the task's dialect, its end included; closing it frees the connection.

        Raises `ProviderError`. The model's timeouts bound each wait, except `model.timeout`: up to the first
        content the caller bounds the whole by cancelling.
        """
        if task.work is not Work.CHAT:
            raise ProviderError(Outcome(OutcomeKind.UNFIT, message="only conversations are streamed"))
        clocks, veil = Clocks.of_stream(model), self._veil(task.request)
        codec = codec_of(model, task)
        received = await self._ask(codec, model, task, clocks, stream=True)
        try:
            now = self._now()
            reader = codec.reader(model=model, task=task, veil=veil, now=now)
            pieces = relay(
                received,
                reader,
                veil=veil,
                clocks=clocks,
                pace=Pace(model.stream_pace),
                limits=rate_limits_of(received.headers, now),
            )
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
        finally:
            received.close()

    async def probe(self, model: ModelSettings) -> Outcome:
        """The cheapest honest question after the model's health, within `model.probe_timeout` seconds."""
        try:
            async with asyncio.timeout(model.probe_timeout):
                match model.probe:
                    case ProbeKind.MODELS:
                        return await self._probe_models(model)
                    case ProbeKind.COMPLETION:
                        return await self._probe_completion(model)
                    case ProbeKind.GET:
                        return await self._probe_get(model)
                    case ProbeKind.NONE:
                        return Outcome(OutcomeKind.REFUSED, message="probes are switched off for this model")
                    case _:
                        assert_never(model.probe)
        except TimeoutError:
            return Outcome(OutcomeKind.TIMED_OUT, message=f"no answer to a probe within {model.probe_timeout:g} s")
        except ProviderError as error:
            return error.outcome

    async def _answer(self, model: ModelSettings, task: Task, clocks: Clocks) -> Answer:
        codec = codec_of(model, task)
        received = await self._ask(codec, model, task, clocks, stream=False)
        try:
            body = await clocks.wait(received.read(BODY_CAP))
        finally:
            received.close()
        now = self._now()
        named, usage = codec.answer(body, model=model, task=task, veil=self._veil(task.request), now=now)
        return Answer(named, received.status, usage, rate_limits_of(received.headers, now))

    async def _ask(
        self, codec: Codec, model: ModelSettings, task: Task, clocks: Clocks, *, stream: bool
    ) -> Received:
        """An answer of status 2xx, its body yet to be read; the caller closes it. Raises `ProviderError`.

        A request that is refused for a name it can do without is put right and sent again (see `amendments`).
        """
        veil, is_translated = self._veil(task.request), task.dialect is not model.dialect
        plain = codec.request(model, task, key=self._key(model), stream=stream)
        known = self._amendments.of(model)
        tried = known
        while True:
            asked = amended(plain, tried, is_translated=is_translated) if tried else plain
            received = await self._wire.send(asked, clocks, may_repeat=task.replay is not Replay.DENY)
            try:
                failure = await self._refusal(received, veil, clocks)
            except BaseException:
                received.close()
                raise
            if failure is None:
                if tried is not known:
                    self._amendments.learn(model, tried)
                return received
            received.close()
            outcome, error = failure
            further = amendment_for(outcome, error, asked, tried, is_translated=is_translated)
            if further is None or len(tried) - len(known) >= MOST_REPEATS:
                raise ProviderError(outcome)
            tried = (*tried, further)
            clocks.ask_again()

    async def _probe_models(self, model: ModelSettings) -> Outcome:
        veil, clocks = self._veil(None), Clocks.of_probe(model)
        received = await self._wire.send(models_list(model, key=self._key(model)), clocks)
        try:
            if received.status in {404, 405}:
                advice = "this endpoint has no models list; set `probe: completion`"
                return Outcome(OutcomeKind.MODEL_NOT_FOUND, received.status, message=advice)
            await self._raise_unless_well(received, veil, clocks)
            body = await received.read(MODELS_CAP)
        finally:
            received.close()
        if not body.lstrip().startswith((b"{", b"[")):
            return Outcome(OutcomeKind.MALFORMED, received.status, message="the models list is no JSON")
        return SUCCESS

    async def _probe_completion(self, model: ModelSettings) -> Outcome:
        # Reasoning models of OpenAI know only the newer name of the bound; `amendments` finds it.
        request = {**_PROBE, "max_tokens": PROBE_TOKENS}
        await self._answer(model, Task(model.id, request), Clocks.of_probe(model))
        return SUCCESS

    async def _probe_get(self, model: ModelSettings) -> Outcome:
        """A plain GET of `probe_path` at the root of the endpoint's host; its body says nothing to us."""
        veil, clocks = self._veil(None), Clocks.of_probe(model)
        parts = urlsplit(model.endpoint)
        url = f"{parts.scheme}://{parts.netloc}{model.probe_path}"
        headers = models_list(model, key=self._key(model)).headers
        received = await self._wire.send(HttpRequest("GET", url, headers), clocks)
        try:
            if not 200 <= received.status < 300:
                await self._raise_unless_well(received, veil, clocks)
            await self._skip(received)
        finally:
            received.close()
        return SUCCESS

    async def _skip(self, received: Received) -> None:
        """Reads a small body to its end, so that the connection is kept; a large or slow one costs it."""
        try:
            async with asyncio.timeout(SKIP_SECONDS):
                await received.read(SKIPPED_CAP)
        except (ProviderError, TimeoutError):
            return

    async def _raise_unless_well(self, received: Received, veil: Veil, clocks: Clocks) -> None:
        failure = await self._refusal(received, veil, clocks)
        if failure is not None:
            raise ProviderError(failure[0])

    async def _refusal(self, received: Received, veil: Veil, clocks: Clocks) -> tuple[Outcome, ErrorBody] | None:
        """What is wrong with an answer's head, and what its body said of it; `None` when it is well."""
        if not 200 <= received.status < 300:
            error = await _error_of(received, clocks)
            return classify(received.status, received.headers, error, veil=veil, now=self._now()), error
        if not received.is_plain:
            compressed = "the answer is compressed against our wish"
            return Outcome(OutcomeKind.MALFORMED, received.status, message=compressed), NOTHING_SAID
        return None

    def _veil(self, request: Body | None) -> Veil:
        return Veil(self._keys.known, request)

    def _key(self, model: ModelSettings) -> str | None:
        key, fault = self._key_or_fault(model)
        if fault:
            raise ProviderError(Outcome(OutcomeKind.KEY_REFUSED, message=fault))
        return key

    def _key_or_fault(self, model: ModelSettings) -> tuple[str | None, str]:
        if model.key is None:
            return None, ""
        try:
            key = self._keys.key_of(model.key)
        except HiveError as error:
            kind, _, name = model.key.partition(":")
            # A settings error names its field first, which would say "key" twice.
            told = error.problem if isinstance(error, SettingsError) else error
            why = f"no key: set {name}" if kind == "env" else f"no key: {told}"
            return None, clean_message(why, self._keys.known())
        if not key or not key.isascii() or not key.isprintable():
            return None, "no key: it is empty or has characters that no header may carry"
        return key, ""


def _rules_of(network: NetworkSettings) -> EndpointRules:
    return EndpointRules(network.allowed_endpoints)


async def _error_of(received: Received, clocks: Clocks) -> ErrorBody:
    if not received.is_plain:
        return NOTHING_SAID
    try:
        async with asyncio.timeout(ERROR_SECONDS):
            return read_error(await clocks.wait(received.read(ERROR_CAP)))
    except (ProviderError, TimeoutError):
        return NOTHING_SAID
