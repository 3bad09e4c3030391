"""The windows that have not ended, of ten seconds, a minute, an hour and a day, and how they end into rows.

What happened is put into the window of ten seconds only; when that ends it is added to the longer ones. This module
knows time and sums, and no events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from hive_console.core.rollup import Rolled, Sums, Tier
from hive_console.core.states import BreakerState, ModelStatus

MAX_MODELS = 4_000
"""Models of one day that are summed; what happens to one more is counted in `left_out` only."""

MAX_WAITING = 100_000
"""Rows that may wait to be fetched; the oldest of more are lost, and counted."""

LEAP_US = 3_600_000_000
"""A stretch without a word that is longer (a laptop that slept) has no windows: nobody saw what was in it."""

_SECOND_US = 1_000_000
_TEN_US, _MINUTE_US, _HOUR_US, _DAY_US = (tier * _SECOND_US for tier in Tier)


@dataclass(slots=True)
class Standing:
    """A model of the running engine: what it is, and the instant up to which that was added to its sums."""

    status: ModelStatus
    breaker: BreakerState | None
    since_us: int

    def tell(self, sums: Sums, until_us: int) -> None:
        """Adds the time up to an instant, in whole milliseconds of the clock, so that parts add up to the whole."""
        if self.status is not ModelStatus.UNKNOWN:
            elapsed = max(0, until_us // 1_000 - self.since_us // 1_000)
            sums.known_ms += elapsed
            if self.status is not ModelStatus.UNAVAILABLE:
                sums.available_ms += elapsed
        self.since_us = max(self.since_us, until_us)


@dataclass(slots=True)
class Ending:
    """A minute that is over and not yet in its hour and its day.

    Attributes:
        end_us: when it ended.
        left: its sums, of those models that are still to be added; `None` for one whose minute was added before.
        ends_hour: whether the hour ended with it.
        ends_day: whether the day did.
    """

    end_us: int
    left: dict[str, Sums | None]
    ends_hour: bool
    ends_day: bool


class OpenWindows:
    """The open windows of all models.

    When a minute ends, the sketches of all models are added to their hours and days: 100 ms for 500 busy ones. So
    `turn` only sets the minute aside, and `advance` does that work in as small parts as its caller wants.

    Args:
        begin_us: microseconds since 1970 at which they begin to be filled.

    Attributes:
        tens: the sums of the open window of ten seconds, of those models of which there is anything to tell.
        standings: the models of the running engine.
        ten_end: when the open window of ten seconds ends, in microseconds since 1970.
        left_out: how often there was no room for another model.
        lost: rows that nobody fetched in time.
    """

    __slots__ = (
        "_days",
        "_ended",
        "_ending",
        "_hours",
        "_minutes",
        "_names",
        "begin_us",
        "left_out",
        "lost",
        "standings",
        "ten_end",
        "tens",
    )

    def __init__(self, begin_us: int) -> None:
        self.begin_us = begin_us
        self.ten_end = _floor(begin_us, _TEN_US) + _TEN_US
        self.standings: dict[str, Standing] = {}
        self.tens: dict[str, Sums] = {}
        self.left_out = 0
        self.lost = 0
        # The longer ones hold what ended: the open minute lacks its open ten seconds, and so on.
        self._minutes: dict[str, Sums] = {}
        self._hours: dict[str, Sums] = {}
        self._days: dict[str, Sums] = {}
        self._names: set[str] = set()
        self._ended: dict[tuple[Tier, int, str], Rolled] = {}
        self._ending: Ending | None = None

    def open(self, model: str) -> Sums | None:
        """The sums of a model in the open ten seconds; `None` when there are too many models."""
        return _sums_in(self.tens, model) if self._admit(model) else None

    def standing(self, model: str, at_us: int) -> Standing:
        """What a model is that `open` had room for; one that is new is of unknown status."""
        found = self.standings.get(model)
        if found is None:
            found = self.standings[model] = Standing(ModelStatus.UNKNOWN, None, at_us)
        return found

    def leave(self, model: str, at_us: int) -> None:
        """A model is none of the running engine any more."""
        self.standings.pop(model).tell(_sums_in(self.tens, model), at_us)

    def turn(self, to_us: int) -> None:
        """Ends every window that ended by an instant; the last minute among them is left to `advance`."""
        is_leap = to_us - self.ten_end > LEAP_US
        last = self.ten_end if is_leap else _floor(to_us, _TEN_US)
        while self.ten_end <= last:
            end = self.ten_end
            self._end_tens(end)
            if is_leap or end % _MINUTE_US == 0:
                self._end_minutes(
                    end,
                    ends_hour=is_leap or end % _HOUR_US == 0,
                    ends_day=end % _DAY_US == 0 or (is_leap and end < _floor(to_us, _DAY_US)),
                )
            # Nothing happened since, or it would have ended windows itself: idle minutes need no smaller steps.
            self.ten_end = max(end + _TEN_US, min(_floor(end, _MINUTE_US) + _MINUTE_US, last))
        if is_leap:
            self.finish()
            self._land(to_us)

    def advance(self, models: int) -> bool:
        """Adds the minute that ended to hour and day, of so many models at most; whether nothing is left of it."""
        ending = self._ending
        if ending is None:
            return True
        for model in list(islice(ending.left, models)):
            self._add_up(ending, model)
            self._tell_open(ending, model)
        if ending.left:
            return False
        self._end_longer(ending)
        return True

    def finish(self) -> None:
        """`advance` for all models at once."""
        self.advance(MAX_MODELS)

    def fetch(self) -> list[Rolled]:
        """Every row since it was last asked, an open hour or day once; when nothing is left to `advance`."""
        rows = list(self._ended.values())
        self._ended.clear()
        return rows

    def as_they_stand(self, at_us: int) -> list[Rolled]:
        """Rows of all open windows, up to an instant in the open ten seconds."""
        rows: list[Rolled] = []
        for model in dict.fromkeys((*self.standings, *self.tens, *self._minutes)):
            ten, standing = self.tens.get(model, Sums()).copy(), self.standings.get(model)
            if standing is not None:
                Standing(standing.status, None, standing.since_us).tell(ten, at_us)
            _stand(ten, standing)
            if model in self.tens:
                rows.append(self._row(Tier.TEN_SECONDS, model, ten))
            minute = _joined(self._minutes, model, ten)
            rows.append(self._row(Tier.MINUTE, model, minute))
            rows.append(self._row(Tier.HOUR, model, _joined(self._hours, model, minute)))
            rows.append(self._row(Tier.DAY, model, _joined(self._days, model, minute)))
        return rows

    def refill(self, rows: Iterable[Rolled]) -> None:
        """Takes back rows, as `RollUps.resume` says, while nothing happened yet."""
        minute, hour, day = (self._begin_us(tier) for tier in (Tier.MINUTE, Tier.HOUR, Tier.DAY))
        tens: list[Rolled] = []
        parts: list[Rolled] = []
        for row in rows:
            begin = row.begin * _SECOND_US
            if begin >= self.begin_us or not self._admit(row.model):
                continue
            if row.tier is Tier.TEN_SECONDS and begin >= minute:
                tens.append(row)
            elif row.tier is Tier.MINUTE and begin == minute - _MINUTE_US:
                self._take_standing(row, minute)
            elif row.tier is Tier.MINUTE and begin == minute:
                parts.append(row)
            elif row.tier is Tier.HOUR and begin == hour:
                _add(self._hours, row.model, row.sums)
            elif row.tier is Tier.DAY and begin == day:
                _add(self._days, row.model, row.sums)
        for part in parts:  # the open minute was in them as it stood, and comes again with its ten seconds
            _sums_in(self._hours, part.model).take_out(part.sums)
            _sums_in(self._days, part.model).take_out(part.sums)
        for row in sorted(tens, key=lambda ten: ten.begin):
            self._refill_ten(row, row.begin * _SECOND_US)
        self._tell_idle(self.ten_end - _TEN_US)

    def _refill_ten(self, row: Rolled, begin: int) -> None:
        before = self.standings.pop(row.model, None)
        if before is not None:
            before.tell(_sums_in(self._minutes, row.model), begin)
        end = begin + _TEN_US
        _add(self.tens if end == self.ten_end else self._minutes, row.model, row.sums)
        self._take_standing(row, min(end, self.begin_us))

    def _take_standing(self, row: Rolled, since_us: int) -> None:
        if row.sums.status is not None:
            self.standings[row.model] = Standing(row.sums.status, row.sums.breaker, since_us)

    def _land(self, to_us: int) -> None:
        """Begins after a leap, and hands out empty windows just before: they tell what each model was meanwhile."""
        begin = _floor(to_us, _TEN_US)
        self.ten_end = begin + _TEN_US
        for tier in (Tier.TEN_SECONDS, Tier.MINUTE):
            if begin % (tier * _SECOND_US) == 0:
                empty = {model: Sums() for model in self.standings}
                for model, standing in self.standings.items():
                    standing.since_us = begin
                    _stand(empty[model], standing)
                self._hand_out(tier, begin, empty)

    def _end_tens(self, end: int) -> None:
        self._tell_idle(end)
        for model, sums in self.tens.items():
            standing = self.standings.get(model)
            if standing is not None:
                standing.tell(sums, end)
            _stand(sums, standing)
            _add(self._minutes, model, sums)
        self._hand_out(Tier.TEN_SECONDS, end, self.tens)

    def _tell_idle(self, until_us: int) -> None:
        """Adds to the minute how long those models stood as they are of which there is nothing else to tell."""
        for model, standing in self.standings.items():
            if model not in self.tens:
                standing.tell(_sums_in(self._minutes, model), until_us)

    def _end_minutes(self, end: int, *, ends_hour: bool, ends_day: bool) -> None:
        """Ends the minute as the models stand now, and sets it aside.

        One that is set aside already is added up, without rows of the open hour and day: those come once, with
        the last minute.
        """
        left: dict[str, Sums | None] = dict(self._minutes)
        if self._ending is not None:
            before = tuple(self._ending.left)
            for model in before:
                self._add_up(self._ending, model)
            self._end_longer(self._ending)
            left |= {model: None for model in before if model not in left}
        for model, sums in self._minutes.items():
            _stand(sums, self.standings.get(model))
        self._ending, self._minutes = Ending(end, left, ends_hour, ends_day), {}
        if ends_day:
            self._names = set(self.standings)

    def _add_up(self, ending: Ending, model: str) -> None:
        """Adds one model's minute to its hour and day, and makes a row of it."""
        minute = ending.left.pop(model)
        if minute is not None:
            self._put(Tier.MINUTE, ending.end_us, model, minute)
            _add(self._hours, model, minute)
            _add(self._days, model, minute)

    def _tell_open(self, ending: Ending, model: str) -> None:
        """Makes rows of one model's open hour and day as they stand."""
        for tier, sums, is_over in (
            (Tier.HOUR, self._hours, ending.ends_hour),
            (Tier.DAY, self._days, ending.ends_day),
        ):
            if model in sums and not is_over:
                self._put(tier, ending.end_us, model, sums[model].copy())

    def _end_longer(self, ending: Ending) -> None:
        """Ends hour and day, if they ended with the minute that is now all in them."""
        if ending.ends_hour:
            self._hand_out(Tier.HOUR, ending.end_us, self._hours)
        if ending.ends_day:
            self._hand_out(Tier.DAY, ending.end_us, self._days)
        self._ending = None

    def _hand_out(self, tier: Tier, end: int, sums: dict[str, Sums]) -> None:
        """Makes rows of a window's sums and empties it."""
        for model, each in sums.items():
            self._put(tier, end, model, each)
        sums.clear()

    def _put(self, tier: Tier, end: int, model: str, sums: Sums) -> None:
        """Keeps a row of the window that `end` is in, or ends."""
        begin = _floor(end - _TEN_US, tier * _SECOND_US) // _SECOND_US
        key = (tier, begin, model)
        if len(self._ended) >= MAX_WAITING and key not in self._ended:
            del self._ended[next(iter(self._ended))]
            self.lost += 1
        self._ended[key] = Rolled(tier, begin, model, sums)

    def _row(self, tier: Tier, model: str, sums: Sums) -> Rolled:
        return Rolled(tier, self._begin_us(tier) // _SECOND_US, model, sums)

    def _begin_us(self, tier: Tier) -> int:
        """When the open window of a tier begins."""
        return _floor(self.ten_end - _TEN_US, tier * _SECOND_US)

    def _admit(self, model: str) -> bool:
        if model not in self._names:
            if len(self._names) >= MAX_MODELS:
                self.left_out += 1
                return False
            self._names.add(model)
        return True


def _floor(instant: int, step: int) -> int:
    return instant - instant % step


def _stand(sums: Sums, standing: Standing | None) -> None:
    sums.status, sums.breaker = (None, None) if standing is None else (standing.status, standing.breaker)


def _sums_in(window: dict[str, Sums], model: str) -> Sums:
    found = window.get(model)
    if found is None:
        found = window[model] = Sums()
    return found


def _add(window: dict[str, Sums], model: str, sums: Sums) -> None:
    _sums_in(window, model).add(sums)


def _joined(window: dict[str, Sums], model: str, later: Sums) -> Sums:
    whole = window.get(model, Sums()).copy()
    whole.add(later)
    return whole
