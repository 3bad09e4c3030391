"""The shape of `alerts:` as tables of keys; loaded only for files that have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from hive_console.adapters.config_file import alert_addresses, alert_readers, readers
from hive_console.adapters.config_file.references import key_reference
from hive_console.adapters.config_file.schema import Key, Shape
from hive_console.core.alert_settings import (
    AlertRoute,
    AlertSettings,
    ChannelKind,
    ChannelSettings,
    Heartbeat,
    MailSecurity,
    Maintenance,
    Metric,
    OwnRule,
    RuleChange,
    Shift,
    Step,
)
from hive_console.core.alert_units import FLEET_WIDE, METRIC_UNITS, RULE_UNITS, Unit
from hive_console.core.alerting.matching import Matcher
from hive_console.core.alerting.rules import RULES
from hive_console.core.local_time import WeeklyWindow
from hive_console.core.states import AlertRule


def _duration(name: str, field: str) -> Key:
    return Key(name, field, readers.duration, unit="seconds")


ALERTS = Shape(
    (
        _duration("groupWait", "group_wait"),
        _duration("groupInterval", "group_interval"),
        _duration("repeatInterval", "repeat_interval"),
        _duration("acknowledgeFor", "acknowledge_for"),
        _duration("reopenWithin", "reopen_within"),
        Key("stormAbove", "storm_above", readers.whole_number, unit="alerts"),
        _duration("longestSilence", "longest_silence"),
        Key("timezone", "timezone", alert_readers.zone_name),
    ),
    AlertSettings(),
    parts=("channels", "routes", "rules", "onCall", "quietHours", "maintenance", "heartbeat"),
)

_KIND = Key("type", "kind", readers.choice(ChannelKind))
_URL = Key("url", "address", alert_addresses.address)
_SECRET_URL = Key("url", "address", alert_addresses.secret_address)
_COMMON = (
    _duration("timeout", "timeout"),
    Key("rate", "rate", readers.number, unit="notices a second"),
    Key("burst", "burst", readers.whole_number, unit="notices"),
    Key("hourly", "hourly", readers.whole_number, unit="notices"),
    Key("sendResolved", "sends_resolved", readers.boolean),
)
_MAIL = (
    Key("host", "address", alert_readers.mail_host),
    Key("port", "port", readers.whole_number),
    Key("security", "security", readers.choice(MailSecurity)),
    Key("user", "user", alert_readers.text),
    Key("password", "secret", key_reference),
    Key("from", "sender", alert_readers.mail_address),
    Key("to", "recipients", alert_readers.mail_addresses),
)
_WEBHOOK_SECRET = Key("secret", "secret", key_reference)
_ROUTING_KEY = Key("key", "secret", key_reference)

CHANNEL_KEYS: Mapping[ChannelKind, tuple[Key, ...]] = {
    ChannelKind.SLACK: (_SECRET_URL,),
    ChannelKind.EMAIL: _MAIL,
    ChannelKind.WEBHOOK: (_URL, _WEBHOOK_SECRET),
    ChannelKind.PAGERDUTY: (_ROUTING_KEY, _URL),
    ChannelKind.ALERTMANAGER: (_URL,),
    ChannelKind.TERMINAL: (),
    ChannelKind.APPRISE: (_SECRET_URL,),
}
"""The keys of one type of channel alone."""

NEEDED: Mapping[ChannelKind, tuple[str, ...]] = {
    ChannelKind.SLACK: ("url",),
    ChannelKind.EMAIL: ("host", "from", "to"),
    ChannelKind.WEBHOOK: ("url",),
    ChannelKind.PAGERDUTY: ("key",),
    ChannelKind.ALERTMANAGER: ("url",),
    ChannelKind.TERMINAL: (),
    ChannelKind.APPRISE: ("url",),
}
"""The keys without which a channel leads nowhere."""

_CHANNEL = ChannelSettings("?", ChannelKind.TERMINAL)

CHANNEL = Shape((_KIND, _URL, *_MAIL, _WEBHOOK_SECRET, _ROUTING_KEY, *_COMMON), _CHANNEL)
"""Every key that some channel has."""


def channel_shape(kind: ChannelKind) -> Shape:
    """What a channel of this type may hold."""
    own = (_KIND, *CHANNEL_KEYS[kind], *_COMMON)
    names = {key.name for key in own}
    others = tuple(key.name for key in CHANNEL.keys if key.name not in names)
    return Shape(own, _CHANNEL, others, f"to another type of channel; {kind.value} has {', '.join(sorted(names))}")


ROUTE = Shape(
    (
        Key("severity", "severities", alert_readers.severities),
        Key("match", "matchers", alert_readers.matchers),
        Key("continue", "goes_on", readers.boolean),
    ),
    AlertRoute(),
    parts=("steps",),
)

STEP = Shape(
    (
        _duration("after", "after"),
        Key("channels", "channels", alert_readers.names),
        Key("repeats", "repeats", readers.whole_number),
        _duration("every", "every"),
        _duration("thenEvery", "then_every"),
    ),
    Step(0.0, ("?",)),
)


def _threshold(name: str, field: str, unit: Unit, beside: Mapping[str, object] = MappingProxyType({})) -> Key:
    spell = readers.in_dollars if unit is Unit.MONEY else None
    said = "seconds" if unit is Unit.SECONDS else ""
    return Key(name, field, alert_readers.threshold_of(unit), unit=said, beside=beside, spell=spell)


_CHANGE_KEYS = (
    _duration("for", "wait"),
    _duration("keep", "keep"),
    Key("severity", "severity", alert_readers.severity),
    Key("minimum", "minimum", readers.whole_number, unit="events"),
    Key("enabled", "is_enabled", readers.boolean),
)

OWN_ONLY = ("metric", "above", "below", "over", "models", "providers", "text", "runbook")
"""Keys that only rules of one's own have."""

_RULE_WORDS = ("threshold", "minimum", "groups", *OWN_ONLY)

RULE = Shape(
    (_threshold("threshold", "threshold", Unit.SHARE), *_CHANGE_KEYS),
    RuleChange(AlertRule.MODEL_ERRORS),
    parts=("groups",),
)
"""Every key that some default rule has; the unit of `threshold` is the rule's."""


def change_shape(rule: AlertRule, *, is_group: bool = False) -> Shape:
    """What a file may say of this default rule, for all models or for those of a group."""
    unit = RULE_UNITS.get(rule)
    measured = () if unit is None else (_threshold("threshold", "threshold", unit),)
    keys = measured + tuple(key for key in _CHANGE_KEYS if key.name != "minimum" or RULES[rule].minimum)
    parts = () if is_group or rule in FLEET_WIDE else ("groups",)
    known = [*(key.name for key in keys), *parts]
    elsewhere = tuple(name for name in _RULE_WORDS if name not in known and not (is_group and name == "groups"))
    return Shape(keys, RuleChange(rule), elsewhere, f"to other rules; this one has {', '.join(known)}", parts)


_NO_BOUND = MappingProxyType({"above": None})


def own_shape(metric: Metric) -> Shape:
    """What a rule of one's own may hold that looks at this metric."""
    unit = METRIC_UNITS[metric]
    return Shape(
        (
            Key("metric", "metric", readers.choice(Metric)),
            _threshold("above", "above", unit),
            _threshold("below", "below", unit, _NO_BOUND),
            _duration("over", "window"),
            *_OWN_KEYS,
        ),
        OwnRule("?", metric, above=1.0),
        ("threshold", "enabled"),
        "to default rules; a rule of one's own has above or below, and is removed where it is not wanted",
    )


_OWN_KEYS = (
    _duration("for", "wait"),
    _duration("keep", "keep"),
    Key("severity", "severity", alert_readers.severity),
    Key("minimum", "minimum", readers.whole_number, unit="calls"),
    Key("models", "models", alert_readers.names),
    Key("groups", "groups", alert_readers.names),
    Key("providers", "providers", alert_readers.names),
    Key("text", "text", alert_readers.text),
    Key("runbook", "runbook", alert_addresses.page),
)

OWN_RULE = own_shape(Metric.ERROR_RATE)

ON_CALL_PARTS = Shape((), AlertSettings(), parts=("people", "rota", "overrides"))

SHIFT = Shape(
    (Key("from", "begins", alert_readers.minute_of_week), Key("who", "person", readers.name)), Shift(0, "?")
)


@dataclass(frozen=True, slots=True)
class WallStretch:
    """An override as the file gives it, by the wall clock."""

    begins: datetime | None = None
    ends: datetime | None = None
    person: str = "?"


OVERRIDE = Shape(
    (
        Key("from", "begins", alert_readers.wall_time),
        Key("to", "ends", alert_readers.wall_time),
        Key("who", "person", readers.name),
    ),
    WallStretch(),
)

_WINDOW_KEYS = (
    Key("from", "begin", alert_readers.time_of_day),
    Key("to", "end", alert_readers.time_of_day),
    Key("days", "days", alert_readers.days),
)

WINDOW = Shape(_WINDOW_KEYS, WeeklyWindow(0, 0))

MAINTENANCE_ALONE = Shape(
    (Key("match", "matchers", alert_readers.matchers), Key("reason", "reason", alert_readers.text)),
    Maintenance(WeeklyWindow(0, 0), (Matcher("model", "*"),), "?"),
)
MAINTENANCE = Shape(_WINDOW_KEYS, WINDOW.prototype, parts=("match", "reason"))

HEARTBEAT = Shape(
    (Key("url", "address", alert_addresses.address), _duration("every", "every")),
    Heartbeat("?"),
)
