"""Clients of sick models that the fault matrix does not ask: whole chains that are down, odd requests, errors
that end a call for good."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from hive_console.adapters.control_socket import fetch_snapshot
from hive_console.core.snapshot import ModelView
from tests.system.program import Headless, Provider, eventually, failed_services, set_fault

QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello"}]

TIMEOUT = 1.0
"""Seconds until a model that says nothing is given up."""

IDLE_TIMEOUT = 1.0
"""Seconds a stream may be silent in its middle."""

SLACK = 4.0
"""Seconds added to a limit on a busy machine; with `IDLE_TIMEOUT` still far below any other limit there is."""

ODD = {
    "cut-late": "cut:3",
    "stall-late": "stall:3",
    "bad": "http:400",
    "down-a": "http:500",
    "down-b": "reset",
    "limited": "rate-limited:60s",
}
"""Models of the sick provider, and what is wrong with them."""


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


def write_settings(folder: Path, endpoints: dict[str, str]) -> Path:
    """Each fault is a model of its own, so that none sees another's breaker."""
    lines = [
        "gateway: {port: 0, maxBody: 100KiB}",
        "groups:",
        f"  sick: {{probe: none, timeout: {TIMEOUT:g}s, idleTimeout: {IDLE_TIMEOUT:g}s, maxRetries: 0}}",
        "models:",
        f"  well: {{provider: well-inc, endpoint: '{endpoints['well']}', timeout: 20s}}",
    ]
    for model in ODD:
        fallbacks = {"down-a": "[down-b]", "down-b": "[]"}.get(model, "[well]")
        lines.append(
            f"  {model}: {{groups: [sick], provider: openai-inc, endpoint: '{endpoints['sick']}',"
            f" circuitBreakerThreshold: 3, recoveryTimeout: 60s, fallbacks: {fallbacks}}}"
        )
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("hostile")
    providers = [Provider(folder, *ODD), Provider(folder, "well")]
    for model, fault in ODD.items():
        set_fault(providers[0], model, fault)
    sick, well = (one.endpoint for one in providers)
    endpoints = {"sick": sick, "well": well}
    engine = Headless(folder, str(write_settings(folder, endpoints)))
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
