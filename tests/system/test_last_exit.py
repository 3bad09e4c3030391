"""The last resort: what each ask does, and that nothing can hold it up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from hive_console.wiring.last_exit import AFTER_DRAIN, NOT_IN_ORDER, LastExit

LONG = 3600.0
"""Seconds of a drain that no test sees the end of."""

SOON = 30.0
"""Seconds in which anything must have happened, on a busy machine."""


class Process:
    """Notes in order what is done to it."""

    def __init__(self, drain: float, **more: Callable[..., Any]) -> None:
        self.happened: SimpleQueue[object] = SimpleQueue()
        note = self.happened.put
        does: dict[str, Callable[..., Any]] = {
            "stop": lambda: note("stop"),
            "hurry": lambda: note("hurry"),
            "undone": lambda: "the recording",
            "say": note,
            "on_signal": note,
            "end": note,
        }
        self.exit = LastExit(drain, **{**does, **more})

    def next(self) -> object:
        return self.happened.get(timeout=SOON)


def test_the_first_ask_stops_in_order_and_the_end_comes_when_the_time_is_over() -> None:
    process = Process(-AFTER_DRAIN)

    process.exit.ask()

    assert [process.next(), process.next()] == ["stop", signal.SIGTERM]
    assert str(process.next()).startswith("the recording did not end within ")
    assert process.next() == NOT_IN_ORDER


def test_nothing_but_the_stop_happens_while_there_is_time() -> None:
    process = Process(LONG)

    process.exit.ask()
    process.exit.ask(signal.SIGHUP)

    assert [process.next() for _ in range(3)] == ["stop", signal.SIGTERM, signal.SIGHUP]
    assert process.happened.empty()


def test_a_second_ask_hurries_and_leaves_half_a_second_of_an_hour() -> None:
    process = Process(LONG)

    process.exit.ask()
    process.exit.ask()

    assert [process.next() for _ in range(4)] == ["stop", signal.SIGTERM, "hurry", signal.SIGTERM]
    assert "did not end" in str(process.next())
    assert process.next() == NOT_IN_ORDER


def test_a_third_ask_ends_it_before_the_second_ones_time_is_over() -> None:
    process = Process(LONG)

    for _ in range(3):
        process.exit.ask()

    assert [process.next() for _ in range(6)][::2] == ["stop", "hurry", "hurry"]
    assert "did not end" in str(process.next())
    assert process.next() == NOT_IN_ORDER


def test_an_end_that_begins_by_itself_is_no_second_ask() -> None:
    process = Process(LONG)

    process.exit.ask()
    process.exit.begin()
    process.exit.begin()
    process.exit.ask(signal.SIGHUP)

    assert [process.next() for _ in range(3)] == ["stop", signal.SIGTERM, signal.SIGHUP]


def test_an_end_that_begins_by_itself_is_watched_over() -> None:
    process = Process(-AFTER_DRAIN)

    process.exit.begin()

    assert process.next() == "stop"
    assert "did not end" in str(process.next())
    assert process.next() == NOT_IN_ORDER


def test_last_words_that_nobody_takes_do_not_hold_it_up() -> None:
    is_over = threading.Event()
    process = Process(-AFTER_DRAIN, say=lambda _line: is_over.wait())

    process.exit.ask()

    assert [process.next() for _ in range(3)] == ["stop", signal.SIGTERM, NOT_IN_ORDER]
    is_over.set()
