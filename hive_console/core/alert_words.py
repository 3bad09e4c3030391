"""What a settings file says under `alerts:`, key by key, as it would stand there; and what of it must not show.

Addresses and who is written to are told as changed, never as what they are; references show as references.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple, assert_never

from hive_console.core.alert_settings import (
    AlertRoute,
    AlertSettings,
    ChannelKind,
    ChannelSettings,
    Maintenance,
    OwnRule,
    RuleChange,
    Step,
)
from hive_console.core.alert_units import METRIC_UNITS, RULE_UNITS, Unit
from hive_console.core.alerting.rules import RULES
from hive_console.core.local_time import DAY_MINUTES, WeeklyWindow
from hive_console.core.settings_words import MICRO_DOLLARS, NOT_SET, VALUE_LIMIT, in_units, plain
from hive_console.core.states import AlertRule
from hive_console.core.text import clean

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As the file writes them; the place is `LocalTime.weekday`."""

BY_MODEL = "of the model"
"""Stands for a bound that is reckoned for each model, where the file gives none."""

_ADDRESS = {ChannelKind.EMAIL: "host"}
_SECRET = {ChannelKind.EMAIL: "password", ChannelKind.PAGERDUTY: "key"}
"""What `ChannelSettings.address` and `.secret` are called for some types."""


class Said(NamedTuple):
    """A value as the file would write it.

    Attributes:
        text: it, cut to a line.
        whole: what is compared.
        is_shown: whether it may be told.
    """

    text: str
    whole: object
    is_shown: bool = True


Record = Mapping[str, Said]
"""The keys of one thing."""


def said(text: str, whole: object = None) -> Said:
    """A value that may be told."""
    return Said(clean(text, VALUE_LIMIT), text if whole is None else whole)


def _hidden(value: object) -> Said:
    """A value that must not be told, unless it is a reference or not there."""
    text = str(value or NOT_SET)
    is_shown = not value or text.startswith(("env:", "file:"))
    return Said(clean(text, VALUE_LIMIT) if is_shown else "", value, is_shown)


def general(alerts: AlertSettings) -> Record:
    """What stands directly under `alerts:`, and its single parts."""
    beat = alerts.heartbeat
    return {
        "groupWait": said(in_units(alerts.group_wait)),
        "groupInterval": said(in_units(alerts.group_interval)),
        "repeatInterval": said(in_units(alerts.repeat_interval)),
        "acknowledgeFor": said(in_units(alerts.acknowledge_for)),
        "reopenWithin": said(in_units(alerts.reopen_within)),
        "stormAbove": said(str(alerts.storm_above)),
        "longestSilence": said(in_units(alerts.longest_silence)),
        "timezone": said(alerts.timezone or "UTC"),
        "quietHours": said(window(alerts.quiet) if alerts.quiet is not None else NOT_SET),
        "heartbeat.url": _hidden(beat.address if beat is not None else None),
        "heartbeat.every": said(in_units(beat.every) if beat is not None else NOT_SET),
    }


def channel(one: ChannelSettings) -> Record:
    """The keys of a channel."""
    return {
        "type": said(one.kind.value),
        _ADDRESS.get(one.kind, "url"): _hidden(one.address),
        _SECRET.get(one.kind, "secret"): _hidden(one.secret),
        "port": said(str(one.port or NOT_SET)),
        "security": said(one.security.value),
        "user": Said("", one.user, is_shown=False),
        "from": Said("", one.sender, is_shown=False),
        "to": Said("", one.recipients, is_shown=False),
        "timeout": said(in_units(one.timeout)),
        "rate": said(plain(one.rate)),
        "burst": said(str(one.burst)),
        "hourly": said(str(one.hourly)),
        "sendResolved": said(_yes(one.sends_resolved)),
    }


def route(one: AlertRoute) -> Record:
    """The keys of a route, each step as a whole."""
    return {
        "severity": said(listed(severity.value for severity in one.severities)),
        "match": said(listed(one.matchers)),
        "continue": said(_yes(one.goes_on)),
        **{f"steps.{place}": said(step(each)) for place, each in enumerate(one.steps, 1)},
    }


def step(one: Step) -> str:
    """A step in one line, with what differs from the usual."""
    parts = [f"after: {in_units(one.after)}", f"channels: {listed(one.channels)}"]
    if one.repeats:
        parts += [f"repeats: {one.repeats}", f"every: {in_units(one.every)}"]
    if one.then_every:
        parts.append(f"thenEvery: {in_units(one.then_every)}")
    return f"{{{', '.join(parts)}}}"


def default_rule(rule: AlertRule, changes: Sequence[RuleChange], group: str = "") -> Record:
    """The keys of a default rule as they are in force for all models, or for those of a group.

    Those of a group are compared by what is said of it alone: what it takes from all is told there.
    """
    usual = RULES[rule]
    in_force = RuleChange(
        rule,
        is_enabled=True,
        severity=usual.severity,
        threshold=usual.threshold,
        wait=usual.wait,
        keep=usual.keep,
        minimum=usual.minimum or None,
    )
    for change in changes:
        if change.rule is rule and not change.group:
            in_force = _over(in_force, change)
    own = RuleChange(rule, group)
    for change in changes:
        if change.rule is rule and change.group == group:
            own = _over(own, change)
    in_force = _over(in_force, own)
    compared = own if group else in_force
    spelled = {
        "threshold": number(in_force.threshold, RULE_UNITS.get(rule, Unit.FACTOR)),
        "for": in_units(in_force.wait or 0.0),
        "keep": in_units(in_force.keep or 0.0),
        "severity": (in_force.severity or usual.severity).value,
        "minimum": str(in_force.minimum or 0),
        "enabled": _yes(in_force.is_enabled),
    }
    return {key: Said(text, getattr(compared, _FIELDS[key])) for key, text in spelled.items()}


_FIELDS = {
    "threshold": "threshold",
    "for": "wait",
    "keep": "keep",
    "severity": "severity",
    "minimum": "minimum",
    "enabled": "is_enabled",
}


def _over(below: RuleChange, above: RuleChange) -> RuleChange:
    """What the one says, where the other says nothing."""
    said_above = {name: getattr(above, name) for name in _FIELDS.values()}
    return replace(below, **{name: value for name, value in said_above.items() if value is not None})


def own_rule(one: OwnRule) -> Record:
    """The keys of a rule of one's own."""
    unit = METRIC_UNITS[one.metric]
    return {
        "metric": said(one.metric.value),
        "above": said(number(one.above, unit, missing=NOT_SET)),
        "below": said(number(one.below, unit, missing=NOT_SET)),
        "over": said(in_units(one.window)),
        "for": said(in_units(one.wait)),
        "keep": said(in_units(one.keep)),
        "severity": said(one.severity.value),
        "minimum": said(str(one.minimum)),
        "models": said(listed(one.models)),
        "groups": said(listed(one.groups)),
        "providers": said(listed(one.providers)),
        "text": said(one.text or NOT_SET),
        "runbook": Said("", one.runbook, is_shown=False),
    }


def rota(alerts: AlertSettings) -> list[Record]:
    """The keys of each shift."""
    return [{"from": said(week_time(shift.begins)), "who": said(shift.person)} for shift in alerts.shifts]


def overrides(alerts: AlertSettings) -> list[Record]:
    """The keys of each override, in UTC: the zone's table is not for `core`."""
    return [
        {"from": said(_instant(one.begins)), "to": said(_instant(one.ends)), "who": said(one.person)}
        for one in alerts.overrides
    ]


def maintenance(one: Maintenance) -> Record:
    """The keys of an announced window."""
    return {
        "from": said(_clock(one.window.begin)),
        "to": said(_clock(one.window.end)),
        "days": said(days(one.window)),
        "match": said(listed(one.matchers)),
        "reason": said(one.reason),
    }


def window(one: WeeklyWindow) -> str:
    """A window in one line."""
    return f'{{from: "{_clock(one.begin)}", to: "{_clock(one.end)}", days: {days(one)}}}'


def days(one: WeeklyWindow) -> str:
    """The days on which it begins."""
    return listed(WEEKDAYS[day] for day in one.days)


def week_time(minute: int) -> str:
    """A minute of the week: `mon 09:00`."""
    day, rest = divmod(minute, DAY_MINUTES)
    return f"{WEEKDAYS[day]} {_clock(rest)}"


def number(value: float | None, unit: Unit, *, missing: str = BY_MODEL) -> str:
    """A threshold in its unit."""
    if value is None:
        return missing
    match unit:
        case Unit.SHARE | Unit.GROWTH:
            return f"{plain(round(value * 100, 9))}%"
        case Unit.SECONDS:
            return in_units(value)
        case Unit.MONEY:
            return f"${plain(value / MICRO_DOLLARS)}"
        case Unit.COUNT | Unit.FACTOR:
            return plain(value)
    assert_never(unit)


def listed(values: Iterable[object]) -> str:
    """A list as the file writes it."""
    return f"[{', '.join(map(str, values))}]"


def _yes(value: object) -> str:
    return "true" if value else "false"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _instant(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
