"""When models were down, as one fold over what moved something: reports and digests tell the same outages."""

from __future__ import annotations

from dataclasses import dataclass, field

from hive_console.core import events as e
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.store import FleetAt

MOST_OUTAGES = 2_000
"""Outages kept; a month of the wildest fleet has more, and then the oldest that are over are only counted."""

STAND_INS = 5
"""Models named that served meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A stretch in which a model was unavailable.

    Attributes:
        model: whose.
        begin: Unix seconds; before the window where it began before it.
        end: when it was over; `None` while it lasts.
        cause: why, in the words of its status.
        served_by: who answered its requests meanwhile, in the order they took over; at most `STAND_INS`.
        had_nobody: whether for some of the time nobody did.
        is_by_hand: whether an operator began it.
        ended_by_hand: whether an operator ended it.
    """

    model: str
    begin: float
    end: float | None
    cause: str
    served_by: tuple[str, ...] = ()
    had_nobody: bool = False
    is_by_hand: bool = False
    ended_by_hand: bool = False

    def within(self, begin: float, end: float) -> float:
        """Its seconds inside a window."""
        return max(0.0, min(end, end if self.end is None else self.end) - max(begin, self.begin))


@dataclass(slots=True)
class _Down:
    """An outage while it is written down."""

    model: str
    begin: float
    cause: str
    is_by_hand: bool
    end: float | None = None
    served_by: list[str] = field(default_factory=list)
    had_nobody: bool = False
    ended_by_hand: bool = False

    def take_over(self, by: str | None) -> None:
        if by is None:
            self.had_nobody = True
        elif by != self.model and by not in self.served_by and len(self.served_by) < STAND_INS:
            self.served_by.append(by)

    def told(self) -> Outage:
        return Outage(
            model=self.model,
            begin=self.begin,
            end=self.end,
            cause=self.cause,
            served_by=tuple(self.served_by),
            had_nobody=self.had_nobody,
            is_by_hand=self.is_by_hand,
            ended_by_hand=self.ended_by_hand,
        )


class OutageBook:
    """The fold. A restart ends no outage: only the next status tells.

    Args:
        fleet: the fleet as it was when the window began.

    Attributes:
        forgotten: outages that are over and were left out for want of room.
    """

    def __init__(self, fleet: FleetAt) -> None:
        self._open: dict[str, _Down] = {}
        self._all: list[_Down] = []
        self._last: dict[str, _Down] = {}
        self._serving: dict[str, str | None] = {}
        self._isolated: set[str] = set()
        self._degraded: list[tuple[float, float | None]] = []
        self.forgotten = 0
        for model in fleet.models:
            self._serving[model.model] = model.serving
            if model.breaker is BreakerState.ISOLATED:
                self._isolated.add(model.model)
            if model.status is ModelStatus.UNAVAILABLE:
                begin = fleet.at if model.status_since is None else model.status_since
                self._begin(model.model, begin, model.status_cause)
        if fleet.is_degraded:
            self._degraded.append((fleet.at if fleet.degraded_since is None else fleet.degraded_since, None))

    def observe(self, event: e.Event) -> None:
        """Takes an event; events come in their order."""
        match event:
            case e.StatusChanged() if event.new is not ModelStatus.UNAVAILABLE:
                self._end(event.model, event.at)
            case e.StatusChanged() if event.model not in self._open:
                self._begin(event.model, event.at, event.cause)
            case e.BreakerChanged():
                (self._isolated.add if event.new is BreakerState.ISOLATED else self._isolated.discard)(event.model)
            case e.TrafficMoved():
                self._serving[event.model] = event.new
                if event.model in self._open:
                    self._open[event.model].take_over(event.new)
            case e.ModelRecovered():
                self._end(event.model, event.at)
                if event.by_operator and event.model in self._last:
                    self._last[event.model].ended_by_hand = True
            case e.EngineStarted() | e.SettingsReloaded() if event.models:
                for gone in [model for model in self._open if model not in event.models]:
                    self._end(gone, event.at)
            case _:
                self._note_degraded_mode(event)

    def outages(self) -> tuple[Outage, ...]:
        """All of them, in the order they began."""
        return tuple(down.told() for down in sorted(self._all, key=lambda down: down.begin))

    def degraded_for(self, begin: float, end: float) -> float:
        """Seconds of a window in degraded mode."""
        return sum(
            max(0.0, min(end, end if left is None else left) - max(begin, entered))
            for entered, left in self._degraded
        )

    def _note_degraded_mode(self, event: e.Event) -> None:
        match event:
            case e.DegradedModeEntered() if not self._degraded or self._degraded[-1][1] is not None:
                self._degraded.append((event.at, None))
            case e.DegradedModeLeft() if self._degraded:
                self._degraded[-1] = self._degraded[-1][0], event.at
            case _:
                pass

    def _begin(self, model: str, at: float, cause: str) -> None:
        if len(self._all) >= MOST_OUTAGES:
            self._forget()
        down = _Down(model, at, cause, is_by_hand=model in self._isolated)
        serving = self._serving.get(model, model)
        if serving is not None:  # that nobody serves is told when it comes true
            down.take_over(serving)
        self._open[model] = self._last[model] = down
        self._all.append(down)

    def _end(self, model: str, at: float) -> None:
        down = self._open.pop(model, None)
        if down is not None:
            down.end = at

    def _forget(self) -> None:
        """The oldest that is over; where none is, there are as many models as that, and they are all kept."""
        for place, down in enumerate(self._all):
            if down.end is not None:
                del self._all[place]
                self.forgotten += 1
                return
