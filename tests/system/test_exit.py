"""The process ends in time after SIGTERM, whatever hangs: requests, another program's lock, the disk."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from hive_console import Engine, load_settings
from hive_console.wiring.last_exit import NOT_IN_ORDER
from tests.system.endings import (
    CONSOLE_ENDS,
    Asked,
    console_end,
    locked,
    on_a_hanging_disk,
    seconds_to_end,
    settings_file,
    under_way,
)
from tests.system.program import Headless, Provider, eventually, set_fault

LIMIT = 8.0
"""Seconds from the signal to the end here: the promise is 3, and a busy machine gets the rest; `tests.bench.exit`
measures. Without a bound of its own each of these would wait for a minute or for ever."""


@pytest.fixture
def endpoints(provider: Callable[[str], Provider]) -> tuple[str, str]:
    """`m0` never answers, `m1` stops in the middle of its stream."""
    hanging, stalled = provider("m0"), provider("m1")
    set_fault(hanging, "*", "hang")
    set_fault(stalled, "*", "stall:3")
    return hanging.endpoint, stalled.endpoint


def asked_both(engine: Headless) -> tuple[Asked, Asked]:
    gateway = engine.gateway()
    request, stream = Asked(gateway, "m0", is_stream=False), Asked(gateway, "m1", is_stream=True)
    under_way(engine, 2)
    eventually(lambda: stream.body, what="the stream is under way")
    return request, stream


def test_an_idle_service_ends_at_once_and_in_order(tmp_path: Path, headless: Callable[..., Headless]) -> None:
    engine = headless(str(settings_file(tmp_path)))
    engine.gateway()

    assert seconds_to_end(engine.process) < LIMIT
    assert engine.process.returncode == 0
    assert engine.log().endswith("stopped\n")


def test_answers_that_never_end_are_cut_with_words_when_the_drain_is_over(
    tmp_path: Path, endpoints: tuple[str, str], headless: Callable[..., Headless]
) -> None:
    engine = headless(str(settings_file(tmp_path, *endpoints)))
    request, stream = asked_both(engine)

    assert seconds_to_end(engine.process) < LIMIT
    assert engine.process.returncode == 0
    request.join(LIMIT)
    stream.join(LIMIT)
    assert (request.status, b'"stopping"' in request.body) == (503, True)
    assert b"the gateway stops; the answer above is incomplete" in stream.body


def test_a_second_signal_cuts_a_long_drain_short(
    tmp_path: Path, endpoints: tuple[str, str], headless: Callable[..., Headless]
) -> None:
    engine = headless(str(settings_file(tmp_path, *endpoints, drain="600s")))
    _, stream = asked_both(engine)

    engine.process.send_signal(signal.SIGINT)
    eventually(lambda: "stopping" in engine.log(), what="the first is heard")
    assert seconds_to_end(engine.process, signal.SIGINT) < LIMIT
    stream.join(LIMIT)
    assert b"the answer above is incomplete" in stream.body


def test_another_programs_lock_on_the_recording_does_not_hold_it_up(
    tmp_path: Path, headless: Callable[..., Headless]
) -> None:
    engine = headless(str(settings_file(tmp_path)))
    engine.gateway()

    with locked(engine.data / "hive.db"):
        assert seconds_to_end(engine.process) < LIMIT

    assert engine.process.returncode in {0, NOT_IN_ORDER}


async def test_another_programs_lock_does_not_hold_up_a_script(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = load_settings(settings_file(tmp_path), {})
    with ExitStack() as stack:
        async with Engine(settings, data=data, environ={}):
            # On a thread: the first batch may be half written, and its rest needs this loop.
            await asyncio.to_thread(stack.enter_context, locked(data / "hive.db"))
            began = time.monotonic()

        assert time.monotonic() - began < LIMIT


def test_a_disk_that_hangs_does_not_hold_it_up_and_is_named(tmp_path: Path) -> None:
    with on_a_hanging_disk(tmp_path, settings_file(tmp_path)) as engine:
        assert seconds_to_end(engine.process) < LIMIT

        assert engine.process.returncode == NOT_IN_ORDER
        assert "hive-console: the recording did not end within" in engine.log()


def test_a_second_signal_does_not_wait_for_a_disk_that_hangs(tmp_path: Path) -> None:
    with on_a_hanging_disk(tmp_path, settings_file(tmp_path, drain="600s")) as engine:
        # Two signals, because a second one of the same kind is lost while the first waits to be taken.
        assert seconds_to_end(engine.process, signal.SIGTERM, signal.SIGINT) < LIMIT

        assert engine.process.returncode == NOT_IN_ORDER


def test_a_signal_during_the_start_ends_it(tmp_path: Path, headless: Callable[..., Headless]) -> None:
    engine = headless(str(settings_file(tmp_path)))
    eventually((engine.data / "hive.lock").exists, what="it starts")

    assert seconds_to_end(engine.process) < LIMIT
    assert engine.process.returncode in {0, -signal.SIGTERM}  # before anything is open, the system's own way
    assert "Traceback" not in engine.log()


@pytest.mark.parametrize(
    ("how", "code"),
    zip(CONSOLE_ENDS, (0, 128 + signal.SIGTERM, 128 + signal.SIGTERM, 128 + signal.SIGINT, 0), strict=True),
    ids=CONSOLE_ENDS,
)
def test_the_console_ends_in_time_and_gives_the_terminal_back(tmp_path: Path, how: str, code: int) -> None:
    seconds, ended, drawn = console_end(tmp_path, settings_file(tmp_path), how)

    assert seconds < LIMIT
    assert ended == code
    assert b"Traceback" not in drawn
    assert b"\x1b[?1049l" in drawn or how.startswith("SIGHUP")  # nothing is written to a terminal that hung up
