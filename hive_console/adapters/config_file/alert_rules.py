"""Reads `alerts.rules:`: what a file changes of default rules, and the rules it adds (those that have `metric`)."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from hive_console.adapters.config_file.alert_ground import Ground, told_refusal, unknown
from hive_console.adapters.config_file.alert_schema import change_shape, own_shape
from hive_console.adapters.config_file.problems import Place
from hive_console.adapters.config_file.readers import Name, choice, is_name
from hive_console.adapters.config_file.section import Section, part_of, read_section, table
from hive_console.adapters.config_file.tree import Entry, Node
from hive_console.core.alert_settings import Metric, OwnRule, RuleChange
from hive_console.core.alert_units import FLEET_WIDE
from hive_console.core.errors import SettingsError
from hive_console.core.states import AlertRule

RULE_NAMES = tuple(rule.value for rule in AlertRule if rule is not AlertRule.OWN)
"""The default rules, as the file names them."""

_EXAMPLE = "model-error-rate: {threshold: 10%}"

_read_metric = choice(Metric)


class Rules(NamedTuple):
    """What `rules:` says; `own_names` has those with problems too."""

    changes: tuple[RuleChange, ...] = ()
    own: tuple[OwnRule, ...] = ()
    own_names: tuple[str, ...] = ()


def read_rules(node: Node | None, place: Place, ground: Ground) -> Rules:
    """The changed and the added rules in the order of the file."""
    mapping = table(node, place, _EXAMPLE) if node is not None else None
    changes: list[RuleChange] = []
    own: list[OwnRule] = []
    names: list[str] = []
    for entry in mapping.entries if mapping is not None else ():
        below = place.below(entry.key.text)
        metric = part_of(entry.value, "metric")
        if entry.key.text in RULE_NAMES:
            if metric is not None:
                below.wrong(entry.key.line, "is a default rule's name; choose another for a rule of your own")
            else:
                changes += _changes(AlertRule(entry.key.text), entry, below, ground)
        elif metric is None:
            advice = below.suggestion(entry.key.text, RULE_NAMES)
            below.wrong(entry.key.line, f"is no rule{advice or '; one of your own needs metric:'}")
        elif is_name(entry.key, below):
            if entry.key.text == AlertRule.OWN.value:
                below.wrong(entry.key.line, "is taken; choose another name")
                continue
            names.append(entry.key.text)
            rule = _own(entry, metric, below, ground)
            own += [rule] if rule is not None else []
    return Rules(tuple(changes), tuple(own), tuple(names))


def _changes(rule: AlertRule, entry: Entry, place: Place, ground: Ground) -> list[RuleChange]:
    """What is said of all models, then what is said of those of each group."""
    section = read_section(entry.value, place, change_shape(rule))
    found = [RuleChange(rule, **_values(section))] if section else []
    node = part_of(entry.value, "groups") if rule not in FLEET_WIDE else None
    below = place.below("groups")
    mapping = table(node, below, "reasoning: {threshold: ...}") if node is not None else None
    for group in mapping.entries if mapping is not None else ():
        at = below.below(group.key.text)
        if unknown(Name(group.key.text, group.key.line), ground.names.groups, at, "group"):
            continue
        special = read_section(group.value, at, change_shape(rule, is_group=True))
        if special:
            found.append(RuleChange(rule, group.key.text, **_values(special)))
    return found


# The values' types are those of the fields: each was read by the reader of its own key.
def _values(section: Section) -> dict[str, Any]:
    return {field: given.value for field, given in section.items()}


_SUBJECTS = ("models", "groups", "providers")


def _own(entry: Entry, metric_node: Node, place: Place, ground: Ground) -> OwnRule | None:
    metric = _read_metric(metric_node, place.below("metric"))
    if not isinstance(metric, Metric):
        return None
    section = read_section(entry.value, place, own_shape(metric))
    _check_subjects(section, ground)
    line = entry.key.line
    bounds = [section[field] for field in ("above", "below") if field in section]
    if len(bounds) == 2:
        bounds[1].place.wrong(bounds[1].line, "stands beside above; keep one of them")
        return None
    if not bounds:
        if not any(place.problems.concerns(place.below(key).path) for key in ("above", "below")):
            place.wrong(line, "says neither above nor below which value it fires")
        return None
    values = _values(section)
    for field in _SUBJECTS:
        values[field] = tuple(name.text for name in _names(section, field))
    values["models"] = tuple(dict.fromkeys(ground.names.models.get(name, name) for name in values["models"]))
    if "below" in values:
        values["above"] = None
    try:
        return OwnRule(entry.key.text, **values)
    except SettingsError as exc:
        told_refusal(exc, section, {}, place, line)
        return None


def _check_subjects(section: Section, ground: Ground) -> None:
    known = {"models": ground.names.models, "groups": ground.names.groups, "providers": ground.names.providers}
    for field, there in known.items():
        for name in _names(section, field) if there is not None else ():
            unknown(name, there or (), section[field].place, field.removesuffix("s"))


def _names(section: Section, field: str) -> tuple[Name, ...]:
    given = section.get(field)
    return cast("tuple[Name, ...]", given.value) if given is not None else ()
