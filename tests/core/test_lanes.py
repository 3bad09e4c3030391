"""The strips above the timeline: which cell shows what."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.lanes import Cell, Lane, Window, lanes_of
from hive_console.core.past import Stretch
from hive_console.core.states import BreakerState, ModelStatus
from tests.core.samples import NOW

HOUR = Window(begin=NOW, end=NOW + 60, cells=6, known_from=NOW - 100, known_to=NOW + 60)
SIGNS = {Cell.UNKNOWN: ".", Cell.OK: "=", Cell.GAP: "/", Cell.DEGRADED: "%", Cell.DOWN: "#"}


def drawn(lane: Lane) -> str:
    return "".join(SIGNS[cell] for cell in lane.cells)


def strip(
    *moved: e.Event,
    window: Window = HOUR,
    gaps: tuple[Stretch, ...] = (),
    now: tuple[ModelStatus, float] = (ModelStatus.AVAILABLE, NOW - 1000),
) -> str:
    return drawn(lanes_of(window, moved, gaps, now={"a": now})[0])


def changed(at: float, old: ModelStatus, new: ModelStatus, model: str = "a") -> e.StatusChanged:
    return e.StatusChanged(at=at, model=model, old=old, new=new, cause="")


def test_a_model_that_never_moved_is_what_it_is_now() -> None:
    assert strip() == "======"


def test_what_is_not_known_is_not_drawn_as_well() -> None:
    short = Window(begin=NOW, end=NOW + 60, cells=6, known_from=NOW + 20, known_to=NOW + 45)

    assert strip(window=short) == "..===."


def test_a_move_shows_what_was_before_and_after_it() -> None:
    down = changed(NOW + 25, ModelStatus.AVAILABLE, ModelStatus.UNAVAILABLE)

    assert strip(down, now=(ModelStatus.UNAVAILABLE, NOW + 25)) == "==####"


def test_of_several_things_in_a_cell_the_worst_is_seen() -> None:
    moves = (
        changed(NOW + 21, ModelStatus.AVAILABLE, ModelStatus.UNAVAILABLE),
        changed(NOW + 24, ModelStatus.UNAVAILABLE, ModelStatus.DEGRADED),
        changed(NOW + 36, ModelStatus.DEGRADED, ModelStatus.AVAILABLE),
    )

    assert strip(*moves) == "==#%=="


def test_a_gap_hides_what_was_well_and_never_what_was_down() -> None:
    down = changed(NOW + 35, ModelStatus.AVAILABLE, ModelStatus.UNAVAILABLE)

    assert strip(down, gaps=((NOW + 15, NOW + 45),), now=(ModelStatus.UNAVAILABLE, NOW + 35)) == "=//###"


def test_nothing_is_known_while_no_engine_runs() -> None:
    lives = (
        e.EngineStopped(at=NOW + 15),
        e.EngineStarted(at=NOW + 35, version="1", models=("a",)),
        changed(NOW + 45, ModelStatus.UNKNOWN, ModelStatus.AVAILABLE),
    )

    assert strip(changed(NOW - 50, ModelStatus.UNKNOWN, ModelStatus.AVAILABLE), *lives) == "==..=="


def test_a_status_that_a_restart_took_over_is_drawn_from_there() -> None:
    started = e.EngineStarted(at=NOW + 20, version="1", models=("a",))

    assert strip(started, now=(ModelStatus.DEGRADED, NOW - 500)) == "..%%%%"


def test_moves_outside_the_window_are_not_seen() -> None:
    past = changed(NOW - 50, ModelStatus.UNAVAILABLE, ModelStatus.AVAILABLE)

    assert strip(past, gaps=((NOW - 90, NOW - 80), (NOW + 100, NOW + 110))) == "======"


def test_the_worst_model_stands_on_top() -> None:
    well = (ModelStatus.AVAILABLE, NOW - 1000)
    now: dict[str, tuple[ModelStatus, float]] = {"a": well, "b": well, "c": well}
    moved = (
        changed(NOW + 10, ModelStatus.AVAILABLE, ModelStatus.UNAVAILABLE, "c"),
        changed(NOW + 10, ModelStatus.AVAILABLE, ModelStatus.DEGRADED, "b"),
        changed(NOW + 10, ModelStatus.AVAILABLE, ModelStatus.DEGRADED, "stranger"),
        e.BreakerChanged(at=NOW, model="a", old=BreakerState.CLOSED, new=BreakerState.OPEN, cause=""),
    )

    assert [lane.model for lane in lanes_of(HOUR, moved, (), now=now)] == ["c", "b", "a"]
