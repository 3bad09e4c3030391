"""A screen that ends by an error tells where, and nothing that it held."""

from __future__ import annotations

from hive_console.ui.crash import MOST_FRAMES, crash_words
from tests.screens.posted import FakeClient
from tests.screens.stage import staged

SECRET = "sk-ant-what the caller asked"


def failing(depth: int, secret: str) -> None:
    if depth:
        failing(depth - 1, secret)
    raise KeyError(secret)


def caught(depth: int) -> KeyError:
    try:
        failing(depth, SECRET)
    except KeyError as error:
        return error
    raise AssertionError


def test_the_way_to_the_error_is_told_and_no_text_of_it() -> None:
    told = crash_words(caught(1))

    assert "KeyError at test_crash.py" in told
    assert "in failing" in told
    assert SECRET not in told


def test_a_long_way_is_told_from_its_end() -> None:
    told = crash_words(caught(3 * MOST_FRAMES))

    assert told.count(" in failing") == MOST_FRAMES


async def test_the_app_prints_no_variables_when_it_fails() -> None:
    async with staged(FakeClient()) as stage:
        try:
            failing(0, SECRET)
        except KeyError:
            stage.app._fatal_error()

        told = "".join(map(str, stage.app._exit_renderables))
        assert stage.app.has_failed
        assert "KeyError at test_crash.py" in told
        assert SECRET not in told
