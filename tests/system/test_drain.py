"""SIGTERM while answers are under way: what can end well does, what cannot is told so, and the exit is clean."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import openai
import pytest

from tests.system.program import Headless, Provider, console, eventually, settings_for, status

DRAIN_SECONDS = 5.0
"""What the settings here give answers to finish: more than two seconds."""

SLACK = 5.0
"""Seconds added to the drain on a busy machine."""

TOKENS = 24
"""Tokens of an answer: at a tenth of the simulation's pace of 120 a second they take two seconds."""


class Listener(threading.Thread):
    """Reads one streamed answer and notes how it ended."""

    def __init__(self, base_url: str, model: str) -> None:
        super().__init__(daemon=True)
        self._base_url = base_url
        self._model = model
        self.pieces: list[str] = []
        self.finish = ""
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            with openai.OpenAI(base_url=self._base_url, api_key="none", max_retries=0, timeout=30) as client:
                self._listen(client)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def _listen(self, client: openai.OpenAI) -> None:
        stream = client.chat.completions.create(
            model=self._model, messages=[{"role": "user", "content": "tell"}], max_tokens=TOKENS, stream=True
        )
        for chunk in stream:
            self.pieces.append(chunk.choices[0].delta.content or "")
            self.finish = chunk.choices[0].finish_reason or self.finish


@pytest.fixture
def config(tmp_path: Path, provider: Callable[[str], Provider]) -> str:
    """`alpha` takes two seconds for an answer, `beta` never comes to an end."""
    providers = provider("alpha"), provider("beta")
    for one, fault in zip(providers, ("slow:10", "stall:3"), strict=True):
        httpx.post(one.control, json={"fault": fault}, trust_env=False).raise_for_status()
    path = settings_for(tmp_path, *providers)
    patient = path.read_text().replace("timeout: 5s", "timeout: 20s\n    idleTimeout: 60s")
    path.write_text(patient.replace("port: 0", f"port: 0, drain: {DRAIN_SECONDS:g}s"))
    return str(path)


def under_way(gateway: str, *models: str) -> list[Listener]:
    listeners = [Listener(gateway, model) for model in models]
    eventually(lambda: all(len(one.pieces) > 3 for one in listeners), what="the answers are under way")
    return listeners


def test_streams_under_way_end_within_the_drain_and_the_exit_is_clean(
    tmp_path: Path, config: str, headless: Callable[..., Headless]
) -> None:
    engine = headless(config)
    slow, stalled = under_way(engine.gateway(), "alpha", "beta")

    began = time.monotonic()
    assert engine.stop() == 0
    assert time.monotonic() - began < DRAIN_SECONDS + SLACK
    for listener in (slow, stalled):
        listener.join(SLACK)

    assert (slow.error, slow.finish) == (None, "length")
    assert isinstance(stalled.error, openai.APIError)
    assert "Traceback" not in engine.log()


def test_a_request_without_an_answer_yet_is_told_to_come_back_and_the_exit_is_in_time(
    tmp_path: Path, provider: Callable[[str], Provider], headless: Callable[..., Headless]
) -> None:
    hanging = provider("alpha")
    httpx.post(hanging.control, json={"fault": "hang"}, trust_env=False).raise_for_status()
    path = settings_for(tmp_path, hanging)
    path.write_text(path.read_text().replace("timeout: 5s", "timeout: 20s"))
    engine = headless(str(path))
    gateway = engine.gateway()
    answers: list[httpx.Response] = []

    def ask() -> None:
        body = {"model": "alpha", "messages": [{"role": "user", "content": "hello"}]}
        answers.append(httpx.post(f"{gateway}/chat/completions", json=body, timeout=60, trust_env=False))

    asking = threading.Thread(target=ask)
    asking.start()
    eventually(lambda: status(tmp_path / "data")["models"][0]["in_flight"] == 1, what="the request is under way")

    began = time.monotonic()
    assert engine.stop() == 0
    assert time.monotonic() - began < DRAIN_SECONDS + SLACK
    asking.join(SLACK)

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(503, "stopping")]


def test_console_that_is_told_to_end_lets_answers_finish_and_restores_the_terminal(
    tmp_path: Path, config: str
) -> None:
    with console(tmp_path, config) as terminal:
        gateway = eventually(lambda: str(status(tmp_path / "data").get("gateway", "")), what="the gateway listens")
        (slow,) = under_way(gateway, "alpha")

        terminal.signal(signal.SIGTERM)
        code = terminal.ended()
        slow.join(SLACK)

        assert (slow.error, slow.finish) == (None, "length")
        assert code in {0, 128 + signal.SIGTERM}
        assert b"Traceback" not in terminal.drawn
        assert b"\x1b[?1049l" in terminal.drawn
