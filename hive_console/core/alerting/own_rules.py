"""The rules of a settings file: a number of each model that they are about, above or below a bound.

Counted in rings of twenty buckets, one for windows up to a minute, one up to ten minutes and one up to an hour, and
only in those that a rule needs; a window is rounded up to whole buckets, of which the latest is still filling. Each
look judges a part of the models, so that many rules over many models cost no more than a few; every model has its
turn within ten looks.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from typing import assert_never

from hive_console.core import events as e
from hive_console.core.alert_settings import Metric, OwnRule
from hive_console.core.alerting.labels import FleetLabels
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.histogram import Histogram
from hive_console.core.outcome import OutcomeKind, Verdict
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.states import AlertRule
from hive_console.core.wording import dollars, latency, percent, span

SPANS = (60.0, 600.0, 3_600.0)
"""Longest window of each ring, in seconds."""

BUCKETS = 20
"""Of the longest window of a ring."""

TURNS = 10
"""Looks within which every model has its turn."""

AT_ONCE = 50
"""Models that are judged in one look at least."""

_SHARES = frozenset({Metric.ERROR_RATE, Metric.RATE_LIMITED})
_P95S = frozenset({Metric.P95, Metric.FIRST_TOKEN_P95})
_PER = {Metric.REQUESTS: 60.0, Metric.TOKENS: 60.0, Metric.COST: 3_600.0}
"""Seconds that a rate is told per."""

_NAMES = {
    Metric.ERROR_RATE: "error rate",
    Metric.RATE_LIMITED: "share of rate limited calls",
    Metric.P95: "p95",
    Metric.FIRST_TOKEN_P95: "p95 to the first token",
    Metric.REQUESTS: "calls a minute",
    Metric.TOKENS: "tokens a minute",
    Metric.COST: "cost an hour",
}


class _Bucket:
    """What one bucket counts."""

    __slots__ = ("answers", "calls", "cost", "failed", "firsts", "good", "index", "limited", "tokens")

    def __init__(self, index: int) -> None:
        self.index = index
        self.calls = self.good = self.failed = self.limited = self.tokens = self.cost = 0
        self.answers = Histogram()
        self.firsts = Histogram()

    def take(self, event: e.AttemptFinished) -> None:
        self.calls += 1
        self.tokens += (event.read_tokens or 0) + (event.written_tokens or 0)
        self.cost += event.cost or 0
        if event.kind is OutcomeKind.SUCCESS:
            self.good += 1
            self.answers.add(event.latency if event.first_token is None else event.first_token)
            if event.first_token is not None:
                self.firsts.add(event.first_token)
        elif event.kind.judgement.verdict is Verdict.FAILURE:
            self.failed += 1
        elif event.kind is OutcomeKind.RATE_LIMITED:
            self.limited += 1


class _Ring:
    """The latest buckets of one model."""

    __slots__ = ("_buckets", "width")

    def __init__(self, longest: float) -> None:
        self.width = longest / BUCKETS
        self._buckets: deque[_Bucket] = deque(maxlen=BUCKETS)

    def add(self, event: e.AttemptFinished) -> None:
        index = int(event.at // self.width)
        if not self._buckets or self._buckets[-1].index < index:
            self._buckets.append(_Bucket(index))
        self._buckets[-1].take(event)

    def within(self, window: float, now: float) -> tuple[list[_Bucket], float]:
        """The buckets of a window, and the seconds that they cover."""
        first = int(now // self.width) - math.ceil(window / self.width) + 1
        return [bucket for bucket in self._buckets if bucket.index >= first], now - first * self.width


class _Model:
    """One model that rules are about."""

    __slots__ = ("name", "rings", "rules")

    def __init__(self, name: str, rules: tuple[OwnRule, ...]) -> None:
        self.name = name
        self.rules = rules
        self.rings = {place: _Ring(SPANS[place]) for place in {_place(rule.window) for rule in rules}}


class OwnRules:
    """Every rule of the file over every model that it is about."""

    __slots__ = ("_bad", "_began_at", "_labels", "_models", "_order", "_turn")

    def __init__(self, labels: FleetLabels, settings: Settings | None, now: float) -> None:
        self._models: dict[str, _Model] = {}
        self._bad: dict[tuple[str, str], Sighting] = {}
        self.become(labels, settings, now)

    def become(self, labels: FleetLabels, settings: Settings | None, now: float) -> None:
        """Goes on by other settings; a model whose rules changed is counted anew."""
        self._labels = labels
        self._began_at = now
        old, self._models = self._models, {}
        for model in () if settings is None else settings.models:
            rules = tuple(rule for rule in settings.alerts.own_rules if _concerns(rule, model)) if settings else ()
            known = old.get(model.id)
            if rules:
                stays = known is not None and known.rules == rules
                self._models[model.id] = known if known is not None and stays else _Model(model.id, rules)
        self._order = list(self._models.values())
        self._turn = 0
        names = {(rule.name, model.name) for model in self._order for rule in model.rules}
        self._bad = {key: seen for key, seen in self._bad.items() if key in names}

    def on_attempt(self, event: e.AttemptFinished) -> None:
        """Counts a call."""
        model = self._models.get(event.model)
        if model is not None:
            for ring in model.rings.values():
                ring.add(event)

    def look(self, now: float, held: frozenset[str]) -> Iterator[Sighting]:
        """What held when each model last had its turn."""
        count = len(self._order)
        if count:
            many = min(count, max(AT_ONCE, math.ceil(count / TURNS)))
            for step in range(many):
                self._judge(self._order[(self._turn + step) % count], now, held)
            self._turn = (self._turn + many) % count
        yield from self._bad.values()

    # --- inside -----------------------------------------------------------------------------------

    def _judge(self, model: _Model, now: float, held: frozenset[str]) -> None:
        for rule in model.rules:
            value = None if model.name in held else self._value(rule, model, now)
            is_bad = value is not None and _is_beyond(rule, value)
            if is_bad and value is not None:
                self._bad[rule.name, model.name] = self._seen(rule, model.name, value)
            else:
                self._bad.pop((rule.name, model.name), None)

    def _value(self, rule: OwnRule, model: _Model, now: float) -> float | None:
        """The rule's number; `None` where too little was seen to tell."""
        buckets, seconds = model.rings[_place(rule.window)].within(rule.window, now)
        calls = sum(bucket.calls for bucket in buckets)
        if rule.below is not None and rule.metric in _PER:
            if now - self._began_at < rule.window:  # less than a window was seen: everything is few
                return None
        elif calls < max(1, rule.minimum):
            return None
        return _measured(rule.metric, buckets, seconds)

    def _seen(self, rule: OwnRule, model: str, value: float) -> Sighting:
        bound = f"above {_said(rule.metric, rule.above)}" if rule.above is not None else ""
        bound = bound or f"below {_said(rule.metric, rule.below or 0.0)}"
        what = f"{rule.text}: " if rule.text else ""
        told = f"{_NAMES[rule.metric]} of {model} is {_said(rule.metric, value)} over {span(rule.window)}"
        return Sighting(
            rule=AlertRule.OWN,
            subject=model,
            is_bad=True,
            text=f"{what}{told}, {bound}",
            labels=self._labels.of_model(model),
            name=rule.name,
        )


def _measured(metric: Metric, buckets: list[_Bucket], seconds: float) -> float | None:
    match metric:
        case Metric.P95:
            return _p95(bucket.answers for bucket in buckets)
        case Metric.FIRST_TOKEN_P95:
            return _p95(bucket.firsts for bucket in buckets)
        case Metric.ERROR_RATE | Metric.RATE_LIMITED:
            failed = sum(bucket.failed for bucket in buckets)
            judged = failed + sum(bucket.good for bucket in buckets)
            limited = sum(bucket.limited for bucket in buckets)
            part, whole = (failed, judged) if metric is Metric.ERROR_RATE else (limited, judged + limited)
            return part / whole if whole else None
        case Metric.REQUESTS:
            count = sum(bucket.calls for bucket in buckets)
        case Metric.TOKENS:
            count = sum(bucket.tokens for bucket in buckets)
        case Metric.COST:
            count = sum(bucket.cost for bucket in buckets)
        case _:
            assert_never(metric)
    return count * _PER[metric] / seconds


def _p95(parts: Iterable[Histogram]) -> float | None:
    whole = Histogram()
    for part in parts:
        whole.merge(part)
    return whole.quantile(0.95)


def _is_beyond(rule: OwnRule, value: float) -> bool:
    if rule.above is not None:
        return value > rule.above
    return rule.below is not None and value < rule.below


def _said(metric: Metric, value: float) -> str:
    if metric in _SHARES:
        return f"{percent(value)} %"
    if metric in _P95S:
        return latency(value)
    return dollars(round(value)) if metric is Metric.COST else f"{value:,.4g}"


def _concerns(rule: OwnRule, model: ModelSettings) -> bool:
    if not (rule.models or rule.groups or rule.providers):
        return True
    return (
        model.id in rule.models or model.provider in rule.providers or not set(rule.groups).isdisjoint(model.groups)
    )


def _place(window: float) -> int:
    return next(place for place, longest in enumerate(SPANS) if window <= longest)
