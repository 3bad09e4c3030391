"""What a hostile provider says orders no terminal about, and keys, prompts and answers are kept nowhere."""

from __future__ import annotations

import base64
import re
import subprocess
import unicodedata
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
from openai.types.chat import ChatCompletionMessageParam

from tests.screens.emulator import Emulator
from tests.system.echoing import WAYS, echoing_provider
from tests.system.program import COMMAND, Headless, Terminal, console, environment, eventually, status

COLUMNS, ROWS = 140, 40

KEY = "Numbat.Key.7f3a9c.OfNobody"
"""Shaped like no known key: only the exact text can be taken out."""

QUESTION: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "You keep the Wombatprompt of the house to yourself."},
    {"role": "user", "content": "Where did I leave the Bilbyprompt on \x1b[2J Tuesday night?"},
]

CANARIES = (KEY, base64.b64encode(KEY.encode()).decode(), "Wombatprompt", "Bilbyprompt", "quokkaanswer", "cXVva2th")
"""Must be found nowhere, in whatever case."""

ORDERS = (b"\x1b]0;PWNED", b"\x1b]52", b"\x1b]8;;http://evil", b"\x1b[1;1HALL MODELS OK", b"\x1bP$q")
"""What the hostile message tells the terminal to do; our own screen asks for the cursor only."""


def write_settings(folder: Path, endpoint: str) -> str:
    """Each way to be hostile is a model; nobody stands in, so that each error is told to its end."""
    lines = ["resilience: {healthCheckInterval: 1s}", "gateway: {port: 0}", "models:"]
    for way in WAYS:
        limits = "key: 'file:the.key', maxRetries: 0, circuitBreakerThreshold: 1000"
        probe = "models" if way == "message" else "none"
        lines.append(f"  {way}: {{provider: evil-inc, endpoint: '{endpoint}', probe: {probe}, {limits}}}")
    (folder / "the.key").write_text(KEY)
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    for private in (path, folder / "the.key"):
        private.chmod(0o600)
    return str(path)


def ask_everything(gateway: str) -> str:
    """Asks each model, whole and streamed; gives back all the errors' texts."""
    told: list[str] = []
    with openai.OpenAI(base_url=gateway, api_key="none", max_retries=0, timeout=20) as client:
        for way in WAYS:
            for is_streamed in (False, True):
                try:
                    answer = client.chat.completions.create(model=way, messages=QUESTION, stream=is_streamed)
                    for _ in answer if is_streamed else ():
                        pass
                except openai.APIError as error:
                    headers = error.response.headers if isinstance(error, openai.APIStatusError) else {}
                    told.append(f"{error} {error.body} {dict(headers)}")
                else:
                    assert way == "well"
    assert len(told) == 2 * (len(WAYS) - 1), told
    return "\n".join(told)


def canaries_in(text: bytes | str) -> list[str]:
    shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return [canary for canary in CANARIES if canary.lower() in shown.lower()]


def commands_in(text: str) -> set[str]:
    """Characters that a terminal would obey, or that would hide others."""
    return {sign for sign in text if sign != "\n" and unicodedata.category(sign) in {"Cc", "Cf", "Cs"}}


def assert_recorded_nothing_secret(data: Path) -> None:
    files = [path for path in data.iterdir() if path.is_file()]
    assert any(path.name == "hive.db" for path in files)
    for path in files:
        assert canaries_in(path.read_bytes()) == [], path.name


def status_text(data: Path) -> str:
    command = (*COMMAND, "status", "--data", str(data))
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(data))
    assert ran.stderr == ""
    return ran.stdout


@contextmanager
def hostile_fleet(folder: Path) -> Iterator[str]:
    with echoing_provider() as endpoint:
        yield write_settings(folder, endpoint)


def test_nothing_of_it_reaches_terminal_status_callers_or_recording(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with hostile_fleet(tmp_path) as config, console(tmp_path, config, columns=COLUMNS, rows=ROWS) as terminal:
        gateway = eventually(lambda: str(status(data).get("gateway", "")), what="the gateway listens")
        told = ask_everything(gateway)
        eventually(lambda: "PWNED" in terminal.text(), what="the screen shows the hostile words, made harmless")
        walk_through_the_screens(terminal)
        plain, whole = status_text(data), str(status(data))

        assert terminal.is_alive()
        assert [order for order in ORDERS if order in terminal.drawn] == []
        assert not re.search("[\x80-\x9f\u202e\u200b]", terminal.drawn.decode("utf-8", "replace"))
        assert commands_in(plain + told + whole) == set()
        for shown in (terminal.drawn, terminal.text(), plain, whole, told):
            assert canaries_in(shown) == []
        assert "Traceback" not in terminal.text()
        assert_recorded_nothing_secret(data)


def walk_through_the_screens(terminal: Terminal) -> None:
    """Shows alerts, fleet, one model, help and the palette, each with the hostile words around."""
    steps = (
        ("2", "━ inbox "),
        ("1", "LATENCY"),
        ("\r", " of 10 "),
        ("?", "HELP"),
        ("\x1b", " of 10 "),
        ("\x1b", "LATENCY"),
        (":", "a command, a model"),
        ("message", "message: "),
    )
    seen = Seen(terminal)
    for keys, words in steps:
        terminal.press(keys)
        seen.wait_for(words, keys)


class Seen:
    """What stands on the terminal: only changes are sent. Fails on orders that we never give."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._emulator = Emulator(COLUMNS, ROWS)
        self._taken = 0
        self._decode = getincrementaldecoder("utf-8")("strict").decode

    def wait_for(self, words: str, keys: str) -> None:
        """Waits until the words stand there; `keys` were pressed for it."""
        eventually(lambda: words in self.now(), what=f"{words} after {keys!r}")

    def now(self) -> str:
        """The lines of the screen, one after the other."""
        drawn = self._terminal.drawn
        news, self._taken = drawn[self._taken :], len(drawn)
        self._emulator.feed(self._decode(news))
        return "\n".join(self._emulator.lines)


def test_headless_log_and_recording_hold_nothing_of_it(tmp_path: Path) -> None:
    with hostile_fleet(tmp_path) as config:
        engine = Headless(tmp_path, config)
        try:
            ask_everything(engine.gateway())
            assert engine.stop() == 0
        finally:
            engine.kill()

    assert commands_in(engine.log()) == set()
    assert canaries_in(engine.log()) == []
    assert_recorded_nothing_secret(engine.data)
