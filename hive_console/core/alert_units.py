"""In which unit the file writes what a rule's number, or a metric of one's own, is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from hive_console.core.alert_settings import Metric
from hive_console.core.states import AlertRule


class Unit(Enum):
    """How a threshold is written; values are how messages call it."""

    SHARE = "a share"  # 0..1; 5% or 0.05 in the file
    GROWTH = "a share that may be more than all"  # 1.5 is 150%
    SECONDS = "a duration"
    COUNT = "a whole number"
    FACTOR = "a number"  # so many times something
    MONEY = "dollars"  # micro-dollars inside


RULE_UNITS: Mapping[AlertRule, Unit] = {
    AlertRule.OPERATION_BURN_FAST: Unit.FACTOR,
    AlertRule.OPERATION_BURN_SLOW: Unit.FACTOR,
    AlertRule.OPERATION_BUDGET: Unit.FACTOR,
    AlertRule.PROVIDER_DOWN: Unit.COUNT,
    AlertRule.MODEL_ERRORS: Unit.SHARE,
    AlertRule.MODEL_SLOW: Unit.SECONDS,
    AlertRule.FIRST_TOKEN_SLOW: Unit.SECONDS,
    AlertRule.HUNG_REQUESTS: Unit.SECONDS,
    AlertRule.RATE_LIMITED: Unit.SHARE,
    AlertRule.FALLBACK_SLOWER: Unit.GROWTH,
    AlertRule.FAILURE_IMPACT: Unit.SHARE,
    AlertRule.RECOVERY_SLOW: Unit.SECONDS,
    AlertRule.RECOVERY_FLAPPING: Unit.COUNT,
    AlertRule.PROBER_STALLED: Unit.FACTOR,
    AlertRule.ENGINE_LATE: Unit.SECONDS,
    AlertRule.NOTIFIER_FAILING: Unit.SECONDS,
    AlertRule.SILENCE_ENDING: Unit.SECONDS,
    AlertRule.UNACKNOWLEDGED: Unit.SECONDS,
}
"""The rules whose number a file may change; the others only see that something is so."""

FLEET_WIDE = frozenset(
    {
        AlertRule.PROVIDER_DOWN,
        AlertRule.DEGRADED_MODE,
        AlertRule.PROBER_STALLED,
        AlertRule.ENGINE_LATE,
        AlertRule.NOTIFIER_FAILING,
        AlertRule.RECORDER_FAILING,
        AlertRule.AUDIT_BROKEN,
        AlertRule.SETTINGS_REFUSED,
        AlertRule.SILENCE_ENDING,
        AlertRule.UNACKNOWLEDGED,
    }
)
"""Rules about no model and no route: what is said of a group of models would never count."""

METRIC_UNITS: Mapping[Metric, Unit] = {
    Metric.ERROR_RATE: Unit.SHARE,
    Metric.RATE_LIMITED: Unit.SHARE,
    Metric.P95: Unit.SECONDS,
    Metric.FIRST_TOKEN_P95: Unit.SECONDS,
    Metric.REQUESTS: Unit.FACTOR,
    Metric.TOKENS: Unit.FACTOR,
    Metric.COST: Unit.MONEY,
}
