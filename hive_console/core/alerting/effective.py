"""The rules as they are in force: the defaults, what the settings file says of them, and the file's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hive_console.core.alert_settings import AlertSettings, OwnRule, RuleChange
from hive_console.core.alerting.rules import RULES, Rule
from hive_console.core.states import AlertRule, Severity


class EffectiveRules:
    """What counts for whom: a default, then what is said of it for all, then for the groups of the model.

    Of two changes that say the same thing of one rule and group the later one counts.
    """

    __slots__ = ("_changes", "_known", "_off", "own")

    def __init__(self, settings: AlertSettings | None = None) -> None:
        changes = settings.rules if settings is not None else ()
        for_all = [change for change in changes if not change.group]
        self._changes = (*for_all, *(change for change in changes if change.group))
        self._off = frozenset(change.rule for change in changes if change.is_enabled is False)
        self._known: dict[tuple[AlertRule, tuple[str, ...]], Rule] = {}
        self.own = {rule.name: rule for rule in (settings.own_rules if settings is not None else ())}

    def of(self, rule: AlertRule, groups: tuple[str, ...] = ()) -> Rule:
        """A default rule for a model in these groups."""
        key = rule, groups
        found = self._known.get(key)
        if found is None:
            found = RULES[rule]
            for change in self._that_concern(rule, groups):
                found = replace(found, **_said(change))
            self._known[key] = found  # bounded: combinations of groups are at most as many as models
        return found

    def of_own(self, name: str) -> Rule:
        """A rule of the settings file; of a name that is there no longer what every alert must have."""
        own = self.own.get(name)
        if own is None:
            return Rule(rule=AlertRule.OWN, title=name, severity=Severity.WARNING)
        return _made_of(own)

    def is_on(self, rule: AlertRule, groups: tuple[str, ...] = ()) -> bool:
        """Whether a default rule is looked at for a model in these groups."""
        if rule not in self._off:
            return True
        said = [change.is_enabled for change in self._that_concern(rule, groups) if change.is_enabled is not None]
        return not said or said[-1]

    def _that_concern(self, rule: AlertRule, groups: tuple[str, ...]) -> list[RuleChange]:
        return [change for change in self._changes if change.rule is rule and change.group in {"", *groups}]


def _said(change: RuleChange) -> dict[str, Any]:
    fields = ("severity", "threshold", "wait", "keep", "minimum")
    said = {name: getattr(change, name) for name in fields}
    return {name: value for name, value in said.items() if value is not None}


def _made_of(own: OwnRule) -> Rule:
    bound = own.above if own.above is not None else own.below
    return Rule(
        rule=AlertRule.OWN,
        title=own.text or own.name,
        severity=own.severity,
        wait=own.wait,
        keep=own.keep,
        threshold=bound,
        minimum=own.minimum,
        window=own.window,
        ends="the number is within its bound again, or nothing is measured any more",
        advice=f"A rule of the settings file; {own.runbook or 'it names no runbook'}.",
    )
