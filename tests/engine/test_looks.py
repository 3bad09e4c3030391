"""That a user looked is remembered when their console ends, and what they missed is told when it opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_console.adapters.last_look import LastLook
from hive_console.wiring.last_looks import Looks
from tests.recordings.evening import an_evening
from tests.storage.store_contract import T0, Life
from tests.storage.test_store import recorded

PATIENCE = 10.0


def looks(tmp_path: Path, *, at: float, is_remembered: bool = True) -> Looks:
    return Looks(
        tmp_path / "data", environ=state(tmp_path), actor="ann", now=lambda: at, is_remembered=is_remembered
    )


def state(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def last(tmp_path: Path) -> float | None:
    return LastLook(tmp_path / "data", state(tmp_path)).at()


def test_who_never_looked_missed_nothing(tmp_path: Path) -> None:
    assert looks(tmp_path, at=T0).digest().result(PATIENCE) == ()


async def test_what_happened_since_the_console_was_left_is_told(tmp_path: Path) -> None:
    events = sorted(an_evening(T0), key=lambda event: event.at)
    await recorded(tmp_path / "data", Life(events, T0 + 2_400))
    looks(tmp_path, at=T0 + 60).until_left(lambda: None)

    coming_back = looks(tmp_path, at=T0 + 3_600)
    try:
        (line,) = coming_back.digest().result(PATIENCE)
    finally:
        coming_back.history.close()

    assert line.startswith("Since you last looked 59 m ago: 1 outage: gpt-5 for 5 m")


def test_a_console_that_ends_by_an_error_was_looked_at_too(tmp_path: Path) -> None:
    def fails() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        looks(tmp_path, at=T0).until_left(fails)

    assert last(tmp_path) == T0


def test_nobody_misses_anything_of_a_demo(tmp_path: Path) -> None:
    LastLook(tmp_path / "data", state(tmp_path)).note(T0)
    demo = looks(tmp_path, at=T0 + 60, is_remembered=False)

    demo.until_left(lambda: None)

    assert demo.digest().result(PATIENCE) == ()
    assert last(tmp_path) == T0
