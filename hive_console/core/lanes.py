"""Each model's status as a strip of equal cells: what the timeline draws above its list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from hive_console.core import events as e
from hive_console.core.past import Stretch
from hive_console.core.states import ModelStatus


class Cell(IntEnum):
    """What a cell shows; of several things within one, the largest."""

    UNKNOWN = 0
    OK = 1
    GAP = 2
    DEGRADED = 3
    DOWN = 4


_CELLS = {
    ModelStatus.UNKNOWN: Cell.UNKNOWN,
    ModelStatus.AVAILABLE: Cell.OK,
    ModelStatus.DEGRADED: Cell.DEGRADED,
    ModelStatus.UNAVAILABLE: Cell.DOWN,
}


@dataclass(frozen=True, slots=True)
class Lane:
    """One model's strip, oldest cell first."""

    model: str
    cells: tuple[Cell, ...]

    @property
    def trouble(self) -> int:
        """Cells that are not well, a bad one counting more than all mild ones: how lanes are ordered."""
        return sum({Cell.DOWN: 1000, Cell.DEGRADED: 1}.get(cell, 0) for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch that strips are drawn of.

    Attributes:
        begin: Unix seconds.
        end: likewise, after `begin`.
        cells: how many cells that is.
        known_from: nothing is known of the time before.
        known_to: nothing is known yet of the time from then on.
    """

    begin: float
    end: float
    cells: int
    known_from: float
    known_to: float


def lanes_of(
    window: Window,
    moved: Iterable[e.Event],
    gaps: Iterable[Stretch],
    *,
    now: Mapping[str, tuple[ModelStatus, float]],
) -> tuple[Lane, ...]:
    """The strips, most trouble first, of equals in the order of `now`.

    Args:
        window: the stretch.
        moved: changes of status, starts and ends of engines since `known_from`, oldest first; others are ignored.
        gaps: stretches that were not recorded whole.
        now: each model's status, and since when.
    """
    told: dict[str, list[tuple[float, ModelStatus]]] = {name: [] for name in now}
    for event in moved:
        match event:
            case e.StatusChanged() if event.model in told:
                changes = told[event.model]
                before, was = changes[-1] if changes else (window.known_from, None)
                if was is not event.old:  # nobody told when it became that: a restart took it over
                    changes.append((before, event.old))
                changes.append((event.at, event.new))
            case e.EngineStarted() | e.EngineStopped():
                for changes in told.values():
                    changes.append((event.at, ModelStatus.UNKNOWN))
            case _:
                pass
    holes = tuple(gaps)
    lanes = [_lane(window, name, _until_now(window, changes, now[name]), holes) for name, changes in told.items()]
    return tuple(sorted(lanes, key=lambda lane: -lane.trouble))


def _until_now(
    window: Window, changes: list[tuple[float, ModelStatus]], now: tuple[ModelStatus, float]
) -> list[tuple[float, ModelStatus]]:
    """The changes, and what is so now where no event tells it: a status that a restart took over."""
    status, since = now
    if changes and changes[-1][1] is status:
        return changes
    begin = changes[-1][0] if changes else window.known_from
    return [*changes, (max(since, begin), status)]


def _lane(
    window: Window, name: str, changes: Sequence[tuple[float, ModelStatus]], holes: Sequence[Stretch]
) -> Lane:
    cells = [Cell.UNKNOWN] * window.cells
    ends = [at for at, _ in changes[1:]]
    for (begin, status), end in zip(changes, [*ends, window.known_to], strict=True):
        _paint(cells, window, (begin, min(end, window.known_to)), _CELLS[status])
    for hole in holes:
        _paint(cells, window, hole, Cell.GAP)
    return Lane(name, tuple(cells))


def _paint(cells: list[Cell], window: Window, stretch: Stretch, cell: Cell) -> None:
    """Marks the cells that a stretch touches, where they do not show something graver."""
    begin, end = max(stretch[0], window.begin), min(stretch[1], window.end)
    if begin > end or stretch[0] > stretch[1]:
        return
    scale = window.cells / (window.end - window.begin)
    first, last = int((begin - window.begin) * scale), int((end - window.begin) * scale)
    for place in range(first, min(last, window.cells - 1) + 1):
        cells[place] = max(cells[place], cell)
