"""What callers meet: budgets that burn, operations that failures touch, fallbacks that are slower."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hive_console.core import events as e
from hive_console.core.alerting.burn import SPANS, Burn, BurnMeter
from hive_console.core.alerting.effective import EffectiveRules
from hive_console.core.alerting.labels import FleetLabels
from hive_console.core.alerting.rules import Rule
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.alerting.standing import FLEET
from hive_console.core.histogram import Histogram
from hive_console.core.settings import MAX_MODELS
from hive_console.core.states import AlertRule, OperationResult
from hive_console.core.wording import latency, percent, span

BUCKET = 90.0
"""Seconds of one bucket of the quarter of an hour, which looks back up to one bucket less than it says."""

BUCKETS = 10

MOST_TOUCHED = 4_096
"""Operations under way that met a failure and are remembered at most: four times what a fleet takes at once."""

MOST_ROUTES = 2 * MAX_MODELS
"""Routes that are counted: every model's own and every virtual one."""

_ANSWERED, _FAILED, _SHED = OperationResult.ANSWERED, OperationResult.FAILED, OperationResult.SHED


class _Part:
    """One bucket: operations, those that failures touched, and how long primary and fallbacks took."""

    __slots__ = ("fallback", "primary", "total", "touched")

    def __init__(self) -> None:
        self.total = 0
        self.touched = 0
        self.primary = Histogram()
        self.fallback: Histogram | None = None


class _Route:
    """One route's windows."""

    __slots__ = ("burn", "index", "part", "parts", "touched", "usual")

    def __init__(self) -> None:
        self.burn = BurnMeter()
        self.index = -1
        self.parts: deque[tuple[int, _Part]] = deque()
        self.part = _Part()
        self.touched = 0
        self.usual: float | None = None  # the primary's median when it last answered enough

    def begin(self, index: int) -> None:
        """Goes on in the bucket `index` and forgets what is too old."""
        self.age(index)
        self.index = index
        self.part = _Part()
        self.parts.append((index, self.part))

    def age(self, index: int) -> None:
        """Forgets the buckets that the quarter of an hour up to `index` does not hold."""
        while self.parts and self.parts[0][0] <= index - BUCKETS:
            self.touched -= self.parts.popleft()[1].touched

    def medians(self, minimum: int) -> tuple[float, float, int] | None:
        """Median seconds of primary and of fallbacks, and answers of these; `None` where too few tell.

        What the primary took when it last answered enough stands in for it while it does not.
        """
        primaries = [part.primary for _, part in self.parts]
        if sum(one.count for one in primaries) >= minimum:
            self.usual = _merged(primaries).quantile(0.5)
        fallbacks = _merged(part.fallback for _, part in self.parts if part.fallback is not None)
        slower = fallbacks.quantile(0.5)
        if fallbacks.count < minimum or slower is None or not self.usual:
            return None
        return self.usual, slower, fallbacks.count


class OperationsSeen:
    """Every route, and all of them together.

    Attributes:
        labels: those of the fleet; replaced with the settings.
        rules: those in force; replaced with the settings.
    """

    __slots__ = ("_all", "_burning", "_routes", "_touched", "labels", "rules")

    def __init__(self, labels: FleetLabels, rules: EffectiveRules) -> None:
        self.labels = labels
        self.rules = rules
        self._all = BurnMeter()
        self._routes: dict[str, _Route] = {}
        self._touched: OrderedDict[str, None] = OrderedDict()
        self._burning: frozenset[AlertRule] = frozenset()  # of all routes together, at the last look

    def touch(self, operation: str) -> None:
        """An operation met a failure, or was answered by another model than it asked for."""
        self._touched[operation] = None
        if len(self._touched) > MOST_TOUCHED:
            self._touched.popitem(last=False)

    def on_operation(self, event: e.OperationFinished) -> None:
        """Counts an operation that ended; what its caller took back or did wrong says nothing."""
        touched = self._touched
        was_touched = bool(touched) and event.operation in touched
        if was_touched:
            del touched[event.operation]
        result = event.result
        if result is not _ANSWERED and result is not _FAILED and result is not _SHED:
            return
        at, is_bad = event.at, result is not _ANSWERED
        self._all.add(at, is_bad=is_bad)
        route = self._routes.get(event.route or event.requested)
        if route is None:
            route = self._begin(event.route or event.requested)
        route.burn.add(at, is_bad=is_bad)
        index = int(at // BUCKET)
        if index > route.index:
            route.begin(index)
        part = route.part
        part.total += 1
        if not is_bad and not was_touched:
            if event.served_by == event.requested:
                part.primary.add(event.latency)
            return
        part.touched += 1
        route.touched += 1
        if not is_bad and event.served_by != event.requested:
            if part.fallback is None:
                part.fallback = Histogram()
            part.fallback.add(event.latency)

    def look(self, now: float) -> Iterator[Sighting]:
        """What holds now."""
        burning: set[AlertRule] = set()
        for name, route in self._routes.items():
            burnt = list(self._burns(route.burn, self.labels.groups_of_route(name), now))
            burning.update(burn.rule for burn, _ in burnt)
            labels = self.labels.of_route(name)
            for burn, rule in burnt:
                yield _burning(burn, rule, name, name, labels=labels)
            yield from self._met(name, route, now)
        # What one route tells needs no second word; but a word that was given is not taken back for another.
        whole = list(self._burns(self._all, (), now))
        told = [(burn, rule) for burn, rule in whole if burn.rule in self._burning or burn.rule not in burning]
        self._burning = frozenset(burn.rule for burn, _ in told)
        for burn, rule in told:
            yield _burning(burn, rule, FLEET, "all routes together", labels=())

    def become(self, labels: FleetLabels, rules: EffectiveRules, stays: set[str]) -> None:
        """Goes on by other settings, without the routes that have left."""
        self.labels, self.rules = labels, rules
        for name in [name for name in self._routes if name not in stays]:
            del self._routes[name]

    def save(self, now: float, most: int) -> dict[str, Any]:
        """The budgets as JSON values: of all, and of the `most` first routes with failures."""
        failing = [name for name, route in self._routes.items() if route.burn.has_failures]
        kept = {name: self._routes[name].burn.save(now) for name in failing[:most]}
        return {"all": self._all.save(now), "routes": kept}

    def restore(self, saved: Mapping[str, Any], now: float) -> None:
        """Takes what `save` gave; raises `UnreadableState` for what is not whole."""
        self._all.restore(saved["all"], now)
        for name, burn in saved["routes"].items():
            self._begin(name).burn.restore(burn, now)

    # --- inside -----------------------------------------------------------------------------------

    def _begin(self, name: str) -> _Route:
        route = _Route()
        if len(self._routes) < MOST_ROUTES:
            self._routes[name] = route
        return route

    def _burns(self, meter: BurnMeter, groups: tuple[str, ...], now: float) -> Iterator[tuple[Burn, Rule]]:
        if not meter.has_failures:
            return
        for name in SPANS:
            rule = self.rules.of(name, groups)
            burn = meter.burns(name, rule.bound, rule.minimum, now)
            if burn is not None:
                yield burn, rule

    def _met(self, name: str, route: _Route, now: float) -> Iterator[Sighting]:
        if not route.touched:  # as nearly always
            return
        route.age(int(now // BUCKET))
        total, touched = sum(part.total for _, part in route.parts), route.touched
        groups, labels = self.labels.groups_of_route(name), self.labels.of_route(name)
        rule = self.rules.of(AlertRule.FAILURE_IMPACT, groups)
        if total >= rule.minimum and touched > rule.bound * total:
            text = f"{percent(touched / total)} % of {total} operations on {name} met a failure in 15 m"
            yield Sighting(rule=rule.rule, subject=name, is_bad=True, text=text, labels=labels)
        rule = self.rules.of(AlertRule.FALLBACK_SLOWER, groups)
        found = route.medians(rule.minimum)
        if found is None:
            return
        usual, slower, count = found
        if slower > usual * (1 + rule.bound):
            took = f"fallbacks of {name} took {latency(slower)} (median of {count})"
            text = f"{took}, its primary {latency(usual)}: {(slower / usual - 1) * 100:.0f} % more"
            yield Sighting(rule=rule.rule, subject=name, is_bad=True, text=text, labels=labels)


def _burning(burn: Burn, rule: Rule, subject: str, where: str, *, labels: tuple[tuple[str, str], ...]) -> Sighting:
    told = f"{burn.bad} of {burn.total} operations failed in {span(rule.window)} on {where}"
    lately = f"{burn.lately_bad} of {burn.lately} in the last {span(rule.window / 12)}"
    text = f"{told}, {lately}: {burn.rate:.1f} times the budget of 99.9 %"
    return Sighting(rule=burn.rule, subject=subject, is_bad=True, text=text, labels=labels)


def _merged(parts: Iterable[Histogram]) -> Histogram:
    whole = Histogram()
    for part in parts:
        whole.merge(part)
    return whole
