"""Every number of a rule has a unit in which the file writes it, and every metric of one's own too."""

from __future__ import annotations

import pytest

from hive_console.core.alert_settings import Metric
from hive_console.core.alert_units import FLEET_WIDE, METRIC_UNITS, RULE_UNITS, Unit
from hive_console.core.alerting.rules import RULES
from hive_console.core.states import AlertRule

BY_MODEL = {AlertRule.MODEL_SLOW, AlertRule.FIRST_TOKEN_SLOW}
"""Rules whose bound is reckoned for each model, unless the file gives one."""


def test_rules_with_a_number_are_those_with_a_unit() -> None:
    measured = {name for name, rule in RULES.items() if rule.threshold is not None}

    assert measured | BY_MODEL == set(RULE_UNITS)


@pytest.mark.parametrize("rule", [rule for rule in RULE_UNITS if rule not in BY_MODEL], ids=lambda rule: rule.value)
def test_default_fits_its_unit(rule: AlertRule) -> None:
    default = RULES[rule].bound
    unit = RULE_UNITS[rule]

    assert default <= 1 if unit in {Unit.SHARE, Unit.GROWTH} else default >= 1
    assert unit is not Unit.COUNT or default == int(default)


def test_every_metric_has_a_unit() -> None:
    assert set(METRIC_UNITS) == set(Metric)


def test_rules_of_the_whole_fleet_are_rules() -> None:
    assert set(RULES) > FLEET_WIDE
