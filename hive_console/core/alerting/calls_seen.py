"""What the calls of each model tell: how many fail, are told to come later, are slow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hive_console.core import events as e
from hive_console.core.alerting.call_window import (
    BUCKET,
    FAILED,
    LATE,
    LIMITED,
    OK,
    SLOW,
    STREAMED,
    CallWindow,
    is_p95_above,
)
from hive_console.core.alerting.effective import EffectiveRules
from hive_console.core.alerting.labels import FleetLabels
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.alerting.usual import Usual
from hive_console.core.histogram import Histogram
from hive_console.core.outcome import OutcomeKind, Verdict
from hive_console.core.settings import MAX_MODELS, ModelSettings, Settings
from hive_console.core.states import AlertRule, Severity
from hive_console.core.wording import latency, percent

FEWEST = 3
"""Failed or limited calls before a share of them is told: one of ten is no rate."""

MANY = 4.0
"""How many times its threshold a model's error rate is an error and no warning (20 % of 5 %)."""

SLOWER = 2.0
"""How many times its usual p95 a model is slow; half of its timeout is never slow enough to be called usual."""

LATER = 3.0
"""How many times its usual p95 a first token is late."""

LATEST = 10.0
"""Seconds to a first token's p95 that are late whatever is usual: people leave."""

SOONEST = 1.0
"""Seconds to a first token's p95 that are never late: nobody notices less."""

TIMEOUT = 30.0
"""Seconds that stand in for a timeout that is not known (BIP-03's)."""

SAMPLE = 600.0
"""Seconds of one sample of what is usual."""

SAMPLE_MINIMUM = 20
"""Answers of one sample."""

MEASURED = (
    AlertRule.MODEL_ERRORS,
    AlertRule.RATE_LIMITED,
    AlertRule.MODEL_SLOW,
    AlertRule.FIRST_TOKEN_SLOW,
)
"""The rules that are measured here."""

_SUCCESS, _LIMITED, _FAILURE = OutcomeKind.SUCCESS, OutcomeKind.RATE_LIMITED, Verdict.FAILURE


class _Model:
    """One model: its window, the ten minutes that run, and what is usual."""

    __slots__ = ("answers", "firsts", "sample", "usual_answers", "usual_firsts", "window")

    def __init__(self, window: CallWindow, sample: int) -> None:
        self.window = window
        self.sample = sample
        self.answers = Histogram()
        self.firsts = Histogram()
        self.usual_answers: Usual | None = None
        self.usual_firsts: Usual | None = None


class CallsSeen:
    """Every model that was called.

    Attributes:
        labels: those of the fleet; replaced with the settings.
        rules: those in force; replaced with the settings.
    """

    __slots__ = ("_models", "_settings", "labels", "rules")

    def __init__(self, labels: FleetLabels, rules: EffectiveRules, settings: Settings | None) -> None:
        self.labels = labels
        self.rules = rules
        self._settings = _by_id(settings)
        self._models: dict[str, _Model] = {}

    def on_attempt(self, event: e.AttemptFinished) -> bool:
        """Counts a call; whether it failed, or was told to come later."""
        model = self._models.get(event.model)
        if model is None:
            model = self._begin(event.model, event.at)
        window = model.window
        if event.at // BUCKET > window.index:
            window.age(event.at)
        bucket, sums = window.bucket, window.sums
        kind = event.kind
        if kind is not _SUCCESS:
            what = FAILED if kind.judgement.verdict is _FAILURE else LIMITED if kind is _LIMITED else None
            if what is None:
                return False
            bucket[what] += 1
            sums[what] += 1
            return True
        bucket[OK] += 1
        sums[OK] += 1
        seconds = event.latency
        if event.first_token is not None:
            seconds = event.first_token
            bucket[STREAMED] += 1
            sums[STREAMED] += 1
            model.firsts.add(seconds)
            if seconds > window.late_above:
                bucket[LATE] += 1
                sums[LATE] += 1
        model.answers.add(seconds)
        if seconds > window.slow_above:
            bucket[SLOW] += 1
            sums[SLOW] += 1
        return False

    def on_recovery(self, event: e.ModelRecovered) -> list[Sighting]:
        """A model is available again: what it did before it was not is no news, and it is judged afresh."""
        model = self._models.get(event.model)
        if model is None:
            return []
        old = model.window
        model.window = CallWindow(event.at, slow_above=old.slow_above, late_above=old.late_above)
        labels, cause = self.labels.of_model(event.model), "it recovered and is judged afresh"
        return [
            Sighting(rule=rule, subject=event.model, is_bad=False, labels=labels, cause=cause, is_gone=True)
            for rule in MEASURED
        ]

    def look(self, now: float) -> Iterator[Sighting]:
        """What holds now."""
        sample = int(now // SAMPLE)
        for name, model in self._models.items():
            window = model.window
            window.age(now)
            sums = window.sums
            is_bad = False
            if sums[FAILED] >= FEWEST or sums[LIMITED] >= FEWEST:
                yield from self._shares(name, window)
            if sums[SLOW] or sums[LATE]:
                for seen in self._speeds(name, model):
                    is_bad = True
                    yield seen
            if sample != model.sample:
                self._learn(name, model, sample, now, is_bad=is_bad)

    def become(self, labels: FleetLabels, rules: EffectiveRules, settings: Settings, now: float) -> None:
        """Goes on by other settings, without the models that have left."""
        self.labels, self.rules, self._settings = labels, rules, _by_id(settings)
        self._models = {name: model for name, model in self._models.items() if name in self._settings}
        for name, model in self._models.items():
            self._bound(name, model, now)

    # --- inside -----------------------------------------------------------------------------------

    def _begin(self, name: str, now: float) -> _Model:
        model = _Model(CallWindow(now, slow_above=0.0, late_above=0.0), int(now // SAMPLE))
        self._bound(name, model, now)
        if len(self._models) < MAX_MODELS:
            self._models[name] = model
        return model

    def _bound(self, name: str, model: _Model, now: float) -> None:
        """Reckons from when on an answer of this model is slow, and a first token late."""
        groups = self.labels.groups_of(name)
        slow = self.rules.of(AlertRule.MODEL_SLOW, groups).threshold
        late = self.rules.of(AlertRule.FIRST_TOKEN_SLOW, groups).threshold
        settings = self._settings.get(name)
        half = (TIMEOUT if settings is None else settings.timeout) / 2
        usual = None if model.usual_answers is None else model.usual_answers.at(now)
        first = None if model.usual_firsts is None else model.usual_firsts.at(now)
        model.window.slow_above = slow if slow is not None else max(half, SLOWER * (usual or 0.0))
        model.window.late_above = (
            late if late is not None else LATEST if first is None else max(SOONEST, min(LATEST, LATER * first))
        )

    def _learn(self, name: str, model: _Model, sample: int, now: float, *, is_bad: bool) -> None:
        """Ten minutes are over: what they tell of what is usual, and the bounds that follow."""
        if not is_bad and sample == model.sample + 1:
            before = sample * SAMPLE - 1  # its last second, so that an hour's last sample is that hour's
            if model.answers.count >= SAMPLE_MINIMUM:
                model.usual_answers = model.usual_answers or Usual()
                model.usual_answers.note(before, model.answers.quantile(0.95) or 0.0)
            if model.firsts.count >= SAMPLE_MINIMUM:
                model.usual_firsts = model.usual_firsts or Usual()
                model.usual_firsts.note(before, model.firsts.quantile(0.95) or 0.0)
        model.sample = sample
        model.answers, model.firsts = Histogram(), Histogram()
        self._bound(name, model, now)

    def _shares(self, name: str, window: CallWindow) -> Iterator[Sighting]:
        answered, failed, limited = window.lately()
        groups = self.labels.groups_of(name)
        rule = self.rules.of(AlertRule.MODEL_ERRORS, groups)
        judged = answered + failed
        if failed >= FEWEST and judged >= rule.minimum and failed > rule.bound * judged:
            share = failed / judged
            text = f"{percent(share)} % of {judged} calls of {name} failed in 5 m (bound {percent(rule.bound)} %)"
            severity = Severity.ERROR if share > min(1.0, MANY * rule.bound) else None
            yield self._seen(AlertRule.MODEL_ERRORS, name, text, severity=severity)
        rule = self.rules.of(AlertRule.RATE_LIMITED, groups)
        asked = judged + limited
        if limited >= FEWEST and asked >= rule.minimum and limited > rule.bound * asked:
            share = limited / asked
            text = f"{percent(share)} % of {asked} calls of {name} were rate limited in 5 m"
            yield self._seen(AlertRule.RATE_LIMITED, name, f"{text} (bound {percent(rule.bound)} %)")

    def _speeds(self, name: str, model: _Model) -> Iterator[Sighting]:
        window = model.window
        sums = window.sums
        groups = self.labels.groups_of(name)
        fewest = self.rules.of(AlertRule.MODEL_SLOW, groups).minimum
        if sums[OK] >= fewest and is_p95_above(sums[SLOW], sums[OK]):
            told = (
                f"{sums[SLOW]} of {sums[OK]} answers of {name} took more than {latency(window.slow_above)} in 10 m"
            )
            yield self._seen(AlertRule.MODEL_SLOW, name, told)
        fewest = self.rules.of(AlertRule.FIRST_TOKEN_SLOW, groups).minimum
        if sums[STREAMED] >= fewest and is_p95_above(sums[LATE], sums[STREAMED]):
            told = f"{sums[LATE]} of {sums[STREAMED]} streams of {name} began after {latency(window.late_above)}"
            yield self._seen(AlertRule.FIRST_TOKEN_SLOW, name, f"{told} in 10 m")

    def _seen(self, rule: AlertRule, name: str, text: str, **further: Any) -> Sighting:  # fields of a sighting
        return Sighting(
            rule=rule, subject=name, is_bad=True, text=text, labels=self.labels.of_model(name), **further
        )


def _by_id(settings: Settings | None) -> dict[str, ModelSettings]:
    return {} if settings is None else {model.id: model for model in settings.models}
