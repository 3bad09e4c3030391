"""How fast operations burn the month's budget of failures: multi-window, multi-burn-rate (SRE workbook, chapter 5).

A rule looks at a long window and at its last twelfth, and both must burn: the long one says that it matters, the
short one that it still goes on. A window holds 120 buckets, so that it forgets up to a hundred-and-twentieth early.

Few events prove little: one of fifty operations is no two percent. So a long window is judged by the lower bound
of Wilson's interval (1927), and from 10 failures or 100 operations on; and a page needs three failures of late,
since two an hour are no outage that somebody can still catch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hive_console.core.saved_state import Checks, UnreadableState, is_count, record_of
from hive_console.core.states import AlertRule

BUDGET = 0.001
"""Share of operations that may fail: BIP-03 asks for 99.9 %."""

AFTERMATH = 1_800.0
"""Seconds after a fast burn within which a slow one must still go on: it looks back at the same failures for half
an hour, and whoever had the one alert need not be called for the other when all is well again."""

GOES_ON = 240.0
"""Seconds since the last failure after which a burn does not go on: sooner than the fast one ends."""

BUCKETS = 120
"""Of one long window; the short one has a twelfth of them."""

SHORT_BUCKETS = BUCKETS // 12

ENOUGH_BAD = 10
"""Failures in the long window from which on it is judged, however few operations there were."""

LATELY = {AlertRule.OPERATION_BURN_FAST: 3, AlertRule.OPERATION_BURN_SLOW: 3, AlertRule.OPERATION_BUDGET: 1}
"""Failures that the short window must hold."""

CONFIDENCE = 3.0
"""Standard deviations of what is taken for proof: each look judges anew, so that the usual two would err daily.
A full outage of ten operations a second pages after 58 s by it, and not after 52."""

SPANS = {
    AlertRule.OPERATION_BURN_FAST: 3_600.0,
    AlertRule.OPERATION_BURN_SLOW: 21_600.0,
    AlertRule.OPERATION_BUDGET: 259_200.0,
}
"""Seconds of the long window of each rule."""

_RULES = tuple(SPANS)
_FINEST = SPANS[AlertRule.OPERATION_BURN_FAST] / BUCKETS
_SAVED: Checks = {rule.value: lambda value: isinstance(value, list) for rule in _RULES}


@dataclass(frozen=True, slots=True)
class Burn:
    """One rule's two windows.

    Attributes:
        rule: whose.
        bad: failed operations of the long window.
        total: all operations of it.
        lately_bad: failed operations of the short window.
        lately: all operations of it.
    """

    rule: AlertRule
    bad: int
    total: int
    lately_bad: int
    lately: int

    @property
    def rate(self) -> float:
        """How many times faster than allowed the long window burns."""
        return self.bad / self.total / BUDGET if self.total else 0.0

    def exceeds(self, factor: float, minimum: int) -> bool:
        """Whether both windows burn more than `factor` times too fast, on enough evidence."""
        if self.lately_bad < LATELY[self.rule] or (self.bad < ENOUGH_BAD and self.total < minimum):
            return False
        bound = factor * BUDGET
        return self.lately_bad > bound * self.lately and wilson_lower(self.bad, self.total) > bound


def wilson_lower(bad: int, total: int) -> float:
    """The share that `bad` of `total` prove at least, by three standard deviations; 0 where nothing was seen."""
    if not total:
        return 0.0
    square = CONFIDENCE * CONFIDENCE
    share = bad / total
    middle = share + square / (2 * total)
    spread = CONFIDENCE * math.sqrt((share * (1 - share) + square / (4 * total)) / total)
    return max(0.0, (middle - spread) / (1 + square / total))


class _Ring:
    """One long window: good and bad operations per bucket."""

    __slots__ = ("_bads", "_index", "_totals", "_width", "bad", "total")

    def __init__(self, span: float) -> None:
        self._width = span / BUCKETS
        self._index = -1
        self._totals = [0] * BUCKETS
        self._bads = [0] * BUCKETS
        self.total = 0
        self.bad = 0

    def add(self, at: float, total: int, bad: int) -> None:
        self.age(at)
        place = self._index % BUCKETS
        self._totals[place] += total
        self._bads[place] += bad
        self.total += total
        self.bad += bad

    def age(self, now: float) -> None:
        index = int(now // self._width)
        for step in range(max(self._index + 1, index - BUCKETS + 1), index + 1):
            place = step % BUCKETS
            self.total -= self._totals[place]
            self.bad -= self._bads[place]
            self._totals[place] = self._bads[place] = 0
        self._index = max(self._index, index)

    def lately(self) -> tuple[int, int]:
        places = [(self._index - back) % BUCKETS for back in range(SHORT_BUCKETS)]
        return sum(self._bads[place] for place in places), sum(self._totals[place] for place in places)

    def failed_at(self, now: float) -> float:
        """When the last failure was, at the latest; `-inf` where there is none."""
        steps = range(self._index, self._index - BUCKETS, -1)
        last = next((step for step in steps if self._bads[step % BUCKETS]), None)
        return -math.inf if last is None else min(now, (last + 1) * self._width)

    def save(self) -> list[list[int]]:
        steps = range(max(0, self._index - BUCKETS + 1), self._index + 1)
        rows = ([step, self._totals[step % BUCKETS], self._bads[step % BUCKETS]] for step in steps)
        return [row for row in rows if row[1]]

    def restore(self, saved: Sequence[Any], now: float) -> None:
        newest = int(now // self._width)
        for row in saved:
            if not (isinstance(row, list) and len(row) == 3 and all(map(is_count, row)) and row[2] <= row[1]):
                raise UnreadableState("burn. holds a bucket that is none")
            step, total, bad = row
            if newest - BUCKETS < step <= newest:
                self.add(step * self._width, total, bad)


class BurnMeter:
    """The operations of one route, or of all, over the windows of every rule.

    What comes is counted in two plain numbers, and put into the windows when their finest bucket is over: an
    operation costs the same whatever the windows are.
    """

    __slots__ = ("_bad", "_failed_at", "_fast_at", "_index", "_rings", "_total")

    def __init__(self) -> None:
        self._failed_at = -math.inf
        self._fast_at = -math.inf
        self._index = -1
        self._total = 0
        self._bad = 0
        self._rings = {rule: _Ring(span) for rule, span in SPANS.items()}

    @property
    def has_failures(self) -> bool:
        """Whether an operation of the longest window failed."""
        return bool(self._bad or self._rings[AlertRule.OPERATION_BUDGET].bad)

    def add(self, at: float, *, is_bad: bool) -> None:
        """Counts an operation."""
        index = int(at // _FINEST)
        if index != self._index:
            self._settle(index)
        self._total += 1
        if is_bad:
            self._bad += 1
            self._failed_at = at

    def burns(self, rule: AlertRule, factor: float, minimum: int, now: float) -> Burn | None:
        """The windows of this rule when it holds: more than `factor` times too fast; `None` when it does not.

        Ask for the fast burn first: what it leaves behind is no slow one.
        """
        if not self.may_exceed(rule, factor, now):
            return None
        burn = self.read(rule, now)
        if not burn.exceeds(factor, minimum):
            return None
        if rule is AlertRule.OPERATION_BURN_FAST:
            self._fast_at = now
        is_aftermath = now - self._fast_at < AFTERMATH and now - self._failed_at >= GOES_ON
        return None if rule is AlertRule.OPERATION_BURN_SLOW and is_aftermath else burn

    def read(self, rule: AlertRule, now: float) -> Burn:
        """The two windows of this rule."""
        self._settle(int(now // _FINEST))
        ring = self._rings[rule]
        ring.age(now)
        lately_bad, lately = ring.lately()
        return Burn(rule, bad=ring.bad, total=ring.total, lately_bad=lately_bad, lately=lately)

    def may_exceed(self, rule: AlertRule, factor: float, now: float) -> bool:
        """Whether the long window alone burns too fast: nearly always not, and cheaper to know than the rest."""
        self._settle(int(now // _FINEST))
        ring = self._rings[rule]
        ring.age(now)
        return ring.bad > factor * BUDGET * ring.total

    def save(self, now: float) -> dict[str, Any]:
        """What is counted, as JSON values."""
        self._settle(int(now // _FINEST))
        return {rule.value: ring.save() for rule, ring in self._rings.items()}

    def restore(self, saved: Mapping[str, Any], now: float) -> None:
        """Takes what `save` gave before a restart; raises `UnreadableState` for what is not whole."""
        record = record_of(saved, _SAVED, "burn.")
        for rule, ring in self._rings.items():
            ring.restore(record[rule.value], now)
        self._failed_at = self._rings[AlertRule.OPERATION_BURN_FAST].failed_at(now)

    def _settle(self, index: int) -> None:
        """Puts what was counted into the windows, and goes on in the bucket `index`."""
        if self._total:
            at = self._index * _FINEST
            for ring in self._rings.values():
                ring.add(at, self._total, self._bad)
            self._total = self._bad = 0
        self._index = max(self._index, index)
