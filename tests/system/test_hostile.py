"""Every way a provider can misbehave, through the real program: who answers, what counts, what breaks."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from hive_console.adapters.control_socket import fetch_snapshot
from hive_console.core.events import ServiceFailed
from hive_console.core.snapshot import ModelView
from hive_console.sim.port import Port
from tests.system.program import Headless, Provider, eventually

QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello"}]

TIMEOUT = 1.0
"""Seconds until a model that says nothing is given up."""

IDLE_TIMEOUT = 1.0
"""Seconds a stream may be silent in its middle."""

SLACK = 4.0
"""Seconds added to a limit on a busy machine; with `IDLE_TIMEOUT` still far below any other limit there is."""

CLOSED = "closed"
"""Not a fault of the simulation: an endpoint where nobody listens."""

FAULTS = {
    "http:500": "server_error",
    "http:529": "overloaded",
    "rate-limited:60s": "rate_limited",
    "http:429": "rate_limited",
    "key-refused": "key_refused",
    "hang": "timed_out",
    "stall:0": "timed_out",
    "cut:0": "stream_cut",
    "garbage": "malformed",
    "error-in-200": "server_error",
    "hostile": "server_error",
    "reset": "connection_failed",
    CLOSED: "connection_failed",
}
"""What is wrong with the primary, and what docs/outcomes.md calls it."""

OTHERWISE = {("anthropic", "error-in-200", "stream"): "overloaded"}
"""An error inside a stream is what Anthropic's name for it says."""

NEUTRAL = {"rate_limited", "key_refused"}
"""Kinds that count neither for nor against a model."""


@dataclass(frozen=True)
class Case:
    """One primary: its dialect, what is wrong with it, and how it is asked."""

    dialect: str
    fault: str
    mode: str

    @property
    def model(self) -> str:
        return re.sub(r"\W", "-", f"{self.dialect}-{self.fault}-{self.mode}")

    @property
    def kind(self) -> str:
        return OTHERWISE.get((self.dialect, self.fault, self.mode), FAULTS[self.fault])


CASES = [
    Case(dialect, fault, mode)
    for dialect in ("openai", "anthropic")
    for fault in FAULTS
    for mode in ("whole", "stream")
]

ODD = {
    "cut-late": "cut:3",
    "stall-late": "stall:3",
    "bad": "http:400",
    "down-a": "http:500",
    "down-b": "reset",
    "limited": "rate-limited:60s",
}
"""Further models of the first provider, and what is wrong with them."""


class Fleet:
    """One engine on two sick providers and a well one."""

    def __init__(self, engine: Headless, client: openai.OpenAI) -> None:
        self.engine = engine
        self.client = client

    def view(self, model: str) -> ModelView:
        snapshot = asyncio.run(fetch_snapshot(self.engine.data))
        return next(view for view in snapshot.models if view.model_id == model)

    def judged(self, model: str, calls: int = 1) -> ModelView:
        """The model's view once it shows so many calls."""

        def look() -> ModelView | None:
            view = self.view(model)
            return view if view.requests >= calls else None

        found = eventually(look, what=f"{calls} calls to {model} are counted")
        assert found is not None
        return found

    def ask(self, model: str, mode: str = "whole") -> tuple[Mapping[str, str], str]:
        """The answer's headers and its text."""
        if mode == "stream":
            streamed = self.client.chat.completions.with_raw_response.create(
                model=model, messages=QUESTION, max_tokens=3, stream=True
            )
            parts = [chunk.choices[0].delta.content or "" for chunk in streamed.parse() if chunk.choices]
            return streamed.headers, "".join(parts)
        raw = self.client.chat.completions.with_raw_response.create(model=model, messages=QUESTION, max_tokens=3)
        return raw.headers, raw.parse().choices[0].message.content or ""


def set_fault(provider: Provider, model: str, fault: str) -> None:
    httpx.post(provider.control, json={"model": model, "fault": fault}, trust_env=False).raise_for_status()


def write_settings(folder: Path, endpoints: dict[str, str], closed: int) -> Path:
    """Every case is a model of its own, so that no case sees another's breaker."""
    lines = [
        "gateway: {port: 0, maxBody: 100KiB}",
        "groups:",
        f"  sick: {{probe: none, timeout: {TIMEOUT:g}s, idleTimeout: {IDLE_TIMEOUT:g}s, maxRetries: 0}}",
        "models:",
        f"  well: {{provider: well-inc, endpoint: '{endpoints['well']}', timeout: 20s}}",
    ]
    for case in CASES:
        endpoint = f"http://127.0.0.1:{closed}/v1" if case.fault == CLOSED else endpoints[case.dialect]
        lines.append(
            f"  {case.model}: {{groups: [sick], provider: {case.dialect}-inc, endpoint: '{endpoint}',"
            f" dialect: {case.dialect}, fallbacks: [well]}}"
        )
    for model in ODD:
        fallbacks = {"down-a": "[down-b]", "down-b": "[]"}.get(model, "[well]")
        lines.append(
            f"  {model}: {{groups: [sick], provider: openai-inc, endpoint: '{endpoints['openai']}',"
            f" circuitBreakerThreshold: 3, recoveryTimeout: 60s, fallbacks: {fallbacks}}}"
        )
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


def failed_services(data: Path) -> list[str]:
    """Errors nobody expected, as the recording has them."""
    with closing(sqlite3.connect(f"file:{data / 'hive.db'}?mode=ro", uri=True)) as recording:
        rows = recording.execute("SELECT * FROM event").fetchall()
    return [str(row) for row in rows if ServiceFailed.__name__ in row]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("hostile")
    closed = Port()
    providers = [
        Provider(folder, *(case.model for case in CASES if case.dialect == "openai"), *ODD),
        Provider(folder, *(case.model for case in CASES if case.dialect == "anthropic"), dialect="anthropic"),
        Provider(folder, "well"),
    ]
    for case in CASES:
        if case.fault != CLOSED:
            set_fault(providers[case.dialect == "anthropic"], case.model, case.fault)
    for model, fault in ODD.items():
        set_fault(providers[0], model, fault)
    openai_like, anthropic_like, well = (one.endpoint for one in providers)
    endpoints = {"openai": openai_like, "anthropic": anthropic_like, "well": well}
    engine = Headless(folder, str(write_settings(folder, endpoints, closed.number)))
    try:
        with openai.OpenAI(base_url=engine.gateway(), api_key="none", max_retries=0, timeout=20) as client:
            yield Fleet(engine, client)
        assert engine.stop() == 0, engine.log()
        assert "Traceback" not in engine.log()
        assert failed_services(engine.data) == []
    finally:
        engine.kill()
        for provider in providers:
            provider.kill()
        closed.release()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.model)
def test_fallback_answers_and_breaker_counts_what_the_page_says(fleet: Fleet, case: Case) -> None:
    headers, text = fleet.ask(case.model, case.mode)

    assert text
    assert (headers["x-hive-model"], headers["x-hive-fallback"], headers["x-hive-attempts"]) == ("well", "1", "2")
    assert headers["x-hive-trail"].startswith(f"{case.model} {case.kind} "), headers["x-hive-trail"]
    view = fleet.judged(case.model)
    assert view.breaker.consecutive_failures == (0 if case.kind in NEUTRAL else 1), view.breaker


def test_limited_model_is_left_alone_for_as_long_as_it_asked(fleet: Fleet) -> None:
    fleet.ask("limited")
    headers, _ = fleet.ask("limited")

    assert (headers["x-hive-model"], headers["x-hive-attempts"]) == ("well", "1")
    assert fleet.view("limited").breaker.consecutive_failures == 0


@pytest.mark.parametrize(("model", "words"), [("cut-late", "broke off"), ("stall-late", "stopped talking")])
def test_stream_that_breaks_after_content_raises_and_is_not_spliced(fleet: Fleet, model: str, words: str) -> None:
    began = time.monotonic()
    raw = fleet.client.chat.completions.with_raw_response.create(model=model, messages=QUESTION, stream=True)
    pieces: list[str] = []
    with pytest.raises(openai.APIError, match=words):
        pieces.extend(chunk.choices[0].delta.content or "" for chunk in raw.parse())

    assert time.monotonic() - began < IDLE_TIMEOUT + SLACK
    assert len([piece for piece in pieces if piece]) == 3
    assert raw.headers["x-hive-model"] == model
    assert fleet.judged(model).breaker.consecutive_failures == 1


def test_whole_chain_down_is_told_with_a_status_and_then_with_when_to_come_back(fleet: Fleet) -> None:
    for _ in range(3):
        with pytest.raises(openai.InternalServerError) as failed:
            fleet.ask("down-a")
        assert failed.value.response.headers["x-hive-tried"] == "down-a, down-b"

    for mode in ("whole", "stream"):
        with pytest.raises(openai.InternalServerError) as refused:
            fleet.ask("down-a", mode)
        assert refused.value.status_code == 503
        assert 0 < int(refused.value.response.headers["retry-after"]) <= 60
        assert "x-hive-tried" not in refused.value.response.headers


@pytest.mark.parametrize("mode", ["whole", "stream"])
def test_unknown_model_is_not_found_and_hears_of_those_there_are(fleet: Fleet, mode: str) -> None:
    with pytest.raises(openai.NotFoundError, match="well"):
        fleet.ask("nobody\x1b[2J", mode)


@pytest.mark.parametrize("mode", ["whole", "stream"])
def test_request_that_its_provider_refuses_is_a_bad_request_and_asked_of_nobody_else(
    fleet: Fleet, mode: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        fleet.ask("bad", mode)

    assert refused.value.response.headers["x-hive-tried"] == "bad"
    assert "retry-after" not in refused.value.response.headers
    assert fleet.judged("bad").breaker.consecutive_failures == 0


def test_request_that_is_none_is_a_bad_request(fleet: Fleet) -> None:
    with pytest.raises(openai.BadRequestError, match="messages"):
        fleet.client.post("/chat/completions", body={"model": "well"}, cast_to=object)


@pytest.mark.parametrize("size", [101 * 1024, 32 * 1024 * 1024])
def test_request_that_is_too_large_hears_so(fleet: Fleet, size: int) -> None:
    with pytest.raises(openai.APIStatusError, match="maxBody") as refused:
        fleet.client.chat.completions.create(model="well", messages=[{"role": "user", "content": "a" * size}])

    assert refused.value.status_code == 413


def test_well_model_answers_for_itself_and_the_recorder_keeps_up(fleet: Fleet) -> None:
    headers, _ = fleet.ask("well")
    recorder = asyncio.run(fetch_snapshot(fleet.engine.data)).recorder

    assert headers["x-hive-fallback"] == "0"
    assert (recorder.error, recorder.dropped) == ("", 0)
