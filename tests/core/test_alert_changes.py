"""What changed under `alerts:` is told one by one, in the file's words, and never an address or a mailbox."""

from __future__ import annotations

from dataclasses import fields, replace
from enum import Enum
from typing import Any

import pytest

from hive_console.core.alert_changes import alert_changes
from hive_console.core.alert_settings import (
    AlertRoute,
    AlertSettings,
    ChannelKind,
    ChannelSettings,
    Heartbeat,
    MailSecurity,
    Maintenance,
    Metric,
    Override,
    OwnRule,
    Person,
    RuleChange,
    Shift,
    Step,
)
from hive_console.core.alerting.matching import Matcher
from hive_console.core.local_time import WeeklyWindow
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.settings_diff import changes_between
from hive_console.core.states import AlertRule, Severity

MAIL = ChannelSettings(
    "mail",
    ChannelKind.EMAIL,
    "smtp.example.com",
    "env:PASSWORD",
    587,
    "hive",
    "hive@example.com",
    ("oncall@example.com",),
)
HOOK = ChannelSettings("hook", ChannelKind.WEBHOOK, "https://hooks.example.com/x", "env:SECRET")
OWN = OwnRule("slow", Metric.P95, above=2.0, models=("a",), text="Slow.", runbook="https://w.example/slow")
BASE = AlertSettings(
    channels=(MAIL, HOOK),
    routes=(AlertRoute((Severity.CRITICAL,), steps=(Step(0, ("mail",)),)), AlertRoute(steps=(Step(0, ("hook",)),))),
    rules=(RuleChange(AlertRule.MODEL_ERRORS, threshold=0.1),),
    own_rules=(OWN,),
    people=(Person("ana", ("mail",)), Person("bo", ("hook",))),
    shifts=(Shift(0, "ana"), Shift(4000, "bo")),
    overrides=(Override(0.0, 3600.0, "bo"),),
    quiet=WeeklyWindow(22 * 60, 7 * 60, (0, 1)),
    maintenance=(Maintenance(WeeklyWindow(120, 240, (6,)), (Matcher("provider", "openai"),), "upgrade"),),
    heartbeat=Heartbeat("env:BEAT"),
)


def lines(new: AlertSettings, old: AlertSettings = BASE) -> list[str]:
    model = ModelSettings("a", "p", "https://x/v1", "a")
    return list(map(str, changes_between(Settings((model,), alerts=old), Settings((model,), alerts=new))))


def another(value: Any) -> Any:  # any field's value
    match value:
        case bool():
            return not value
        case Enum():
            return next(other for other in type(value) if other is not value)
        case int() | float():
            return value + 60
        case tuple():
            return (*value, "x@y.example")
        case _:
            return f"{value or 'env:'}X"


def with_channel(channel: ChannelSettings) -> AlertSettings:
    return replace(BASE, channels=tuple(channel if one.name == channel.name else one for one in BASE.channels))


def test_equal_settings_differ_in_nothing() -> None:
    assert lines(replace(BASE)) == []


def test_a_default_that_is_written_down_changes_nothing() -> None:
    assert lines(replace(BASE, rules=(*BASE.rules, RuleChange(AlertRule.RATE_LIMITED, threshold=0.1)))) == []


@pytest.mark.parametrize(
    "field", [field.name for field in fields(ChannelSettings) if field.name not in {"name", "kind"}]
)
def test_every_field_of_a_channel_is_told(field: str) -> None:
    (line,) = lines(with_channel(replace(MAIL, **{field: another(getattr(MAIL, field))})))

    assert line.startswith("alerts.channels.mail.")


SCALARS = [
    field.name for field in fields(AlertSettings) if isinstance(getattr(BASE, field.name), int | float | str)
]


@pytest.mark.parametrize("field", SCALARS)
def test_every_number_of_alerts_is_told(field: str) -> None:
    (line,) = lines(replace(BASE, **{field: another(getattr(BASE, field))}))

    assert "→" in line


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("is_enabled", False, "enabled: true → false"),
        ("severity", Severity.CRITICAL, "severity: warning → critical"),
        ("threshold", 0.125, "threshold: 10% → 12.5%"),
        ("wait", 0.0, "for: 60s → 0s"),
        ("keep", 3600.0, "keep: 5m → 1h"),
        ("minimum", 20, "minimum: 10 → 20"),
    ],
)
def test_every_field_of_a_default_rule_is_told(field: str, value: Any, told: str) -> None:  # any field's value
    changed = replace(BASE.rules[0], **{field: value})

    assert lines(replace(BASE, rules=(changed,))) == [f"alerts.rules.model-error-rate.{told}"]


def test_what_is_said_of_a_group_is_told_of_the_group_alone() -> None:
    group = RuleChange(AlertRule.MODEL_ERRORS, "reasoning", threshold=0.2)

    assert lines(replace(BASE, rules=(*BASE.rules, group))) == [
        "alerts.rules.model-error-rate.groups.reasoning.threshold: 10% → 20%"
    ]
    assert lines(replace(BASE, rules=()), replace(BASE, rules=(*BASE.rules, group))) == [
        "alerts.rules.model-error-rate.threshold: 10% → 5%",
        "alerts.rules.model-error-rate.groups.reasoning.threshold: 20% → 5%",
    ]


@pytest.mark.parametrize(
    ("rule", "threshold", "told"),
    [
        (AlertRule.MODEL_SLOW, 8.0, "model-latency-p95.threshold: of the model → 8s"),
        (AlertRule.OPERATION_BURN_FAST, 10.0, "op-burn-fast.threshold: 14.4 → 10"),
        (AlertRule.PROVIDER_DOWN, 3.0, "provider-down.threshold: 2 → 3"),
        (AlertRule.FALLBACK_SLOWER, 1.5, "fallback-latency-increase.threshold: 10% → 150%"),
        (AlertRule.UNACKNOWLEDGED, 1800.0, "unacked-critical.threshold: 15m → 30m"),
    ],
)
def test_thresholds_are_told_in_their_units(rule: AlertRule, threshold: float, told: str) -> None:
    assert lines(replace(BASE, rules=(*BASE.rules, RuleChange(rule, threshold=threshold)))) == [
        f"alerts.rules.{told}"
    ]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"metric": Metric.FIRST_TOKEN_P95}, ["metric: p95 → first-token-p95"]),
        ({"above": None, "below": 1.0}, ["above: 2s → not set", "below: not set → 1s"]),
        ({"window": 600.0}, ["over: 5m → 10m"]),
        ({"minimum": 1}, ["minimum: 10 → 1"]),
        ({"wait": 5.0}, ["for: 0s → 5s"]),
        ({"keep": 5.0}, ["keep: 60s → 5s"]),
        ({"severity": Severity.ERROR}, ["severity: warning → error"]),
        ({"models": (), "groups": ("g",)}, ["models: [a] → []", "groups: [] → [g]"]),
        ({"providers": ("p",)}, ["providers: [] → [p]"]),
        ({"text": ""}, ["text: Slow. → not set"]),
        ({"runbook": "https://w.example/other"}, ["runbook: changed"]),
    ],
)
def test_every_field_of_an_own_rule_is_told(changed: dict[str, Any], told: list[str]) -> None:  # likewise
    assert lines(replace(BASE, own_rules=(replace(OWN, **changed),))) == [
        f"alerts.rules.slow.{line}" for line in told
    ]


def test_money_is_told_in_dollars() -> None:
    dear, dearer = (OwnRule("dear", Metric.COST, above=above) for above in (2_500_000, 3_000_000))

    assert lines(replace(BASE, own_rules=(dearer,)), replace(BASE, own_rules=(dear,))) == [
        "alerts.rules.dear.above: $2.5 → $3"
    ]


def test_added_removed_and_moved_things_are_told() -> None:
    bell = ChannelSettings("bell", ChannelKind.TERMINAL)

    assert lines(replace(BASE, channels=(HOOK, bell, MAIL), own_rules=(replace(OWN, name="late"),))) == [
        "alerts.channels.bell: added",
        "alerts.channels: in another order",
        "alerts.rules.late: added",
        "alerts.rules.slow: removed",
    ]


def test_a_route_that_is_put_before_others_is_told_alone() -> None:
    first = AlertRoute((Severity.INFO,))

    assert lines(replace(BASE, routes=(first, *BASE.routes))) == ["alerts.routes.1: added"]
    assert lines(BASE, replace(BASE, routes=(first, *BASE.routes))) == ["alerts.routes.1: removed"]


def test_what_changed_in_a_route_is_told_by_its_number() -> None:
    steps = (Step(0, ("hook",)), Step(300, ("mail", "hook"), 3, 900, 3600))
    changed = AlertRoute((Severity.ERROR,), (Matcher("model", "a*"),), steps, goes_on=True)

    told = "{after: 5m, channels: [mail, hook], repeats: 3, every: 15m, thenEvery: 1h}"

    assert lines(replace(BASE, routes=(BASE.routes[0], changed))) == [
        "alerts.routes.2.severity: [] → [error]",
        "alerts.routes.2.match: [] → [model=a*]",
        "alerts.routes.2.continue: false → true",
        f"alerts.routes.2.steps.2: not set → {told}",
    ]


def test_who_is_on_call_is_told() -> None:
    new = replace(
        BASE,
        people=(Person("ana", ("mail", "hook")),),
        shifts=(Shift(9 * 60, "ana"),),
        overrides=(Override(0.0, 7200.0, "ana"),),
    )

    assert lines(new) == [
        "alerts.onCall.people.ana: [mail] → [mail, hook]",
        "alerts.onCall.people.bo: [hook] → not set",
        "alerts.onCall.rota.1.from: mon 00:00 → mon 09:00",
        "alerts.onCall.rota.2: removed",
        "alerts.onCall.overrides.1.to: 1970-01-01 01:00 UTC → 1970-01-01 02:00 UTC",
        "alerts.onCall.overrides.1.who: bo → ana",
    ]


def test_hours_are_told() -> None:
    window = WeeklyWindow(130, 240, (5, 6))
    changed = Maintenance(window, (Matcher("model", "a", is_not=True),), "repair")

    assert lines(replace(BASE, quiet=None, maintenance=(changed,))) == [
        'alerts.quietHours: {from: "22:00", to: "07:00", days: [mon, tue]} → not set',
        "alerts.maintenance.1.from: 02:00 → 02:10",
        "alerts.maintenance.1.days: [sun] → [sat, sun]",
        "alerts.maintenance.1.match: [provider=openai] → [model!=a]",
        "alerts.maintenance.1.reason: upgrade → repair",
    ]


def test_neither_address_nor_mailbox_shows() -> None:
    mail = replace(
        MAIL, address="mx.secret.example", user="u", sender="s@secret.example", recipients=("secret@x.example",)
    )
    new = replace(
        BASE,
        channels=(mail, replace(HOOK, address="https://secret.example/y", secret="SECRET")),
        heartbeat=Heartbeat("https://secret.example/z", 30),
    )

    assert lines(new) == [
        "alerts.heartbeat.url: changed",
        "alerts.heartbeat.every: 60s → 30s",
        "alerts.channels.mail.host: changed",
        "alerts.channels.mail.user: changed",
        "alerts.channels.mail.from: changed",
        "alerts.channels.mail.to: changed",
        "alerts.channels.hook.url: changed",
        "alerts.channels.hook.secret: changed",
    ]


def test_references_show_as_what_they_are() -> None:
    new = replace(
        BASE, channels=(replace(MAIL, secret="file:keys/mail"), replace(HOOK, secret=None)), heartbeat=None
    )

    assert lines(new) == [
        "alerts.heartbeat.url: env:BEAT → not set",
        "alerts.heartbeat.every: 60s → not set",
        "alerts.channels.mail.password: env:PASSWORD → file:keys/mail",
        "alerts.channels.hook.secret: env:SECRET → not set",
    ]


def test_another_type_of_channel_is_told_with_the_keys_of_both() -> None:
    new = with_channel(ChannelSettings("hook", ChannelKind.PAGERDUTY, secret="env:KEY"))

    assert lines(new) == [
        "alerts.channels.hook.type: webhook → pagerduty",
        "alerts.channels.hook.url: changed",
        "alerts.channels.hook.secret: env:SECRET → not set",
        "alerts.channels.hook.key: not set → env:KEY",
    ]


def test_security_of_mail_is_told() -> None:
    assert lines(with_channel(replace(MAIL, security=MailSecurity.TLS, port=465))) == [
        "alerts.channels.mail.port: 587 → 465",
        "alerts.channels.mail.security: starttls → tls",
    ]


def test_control_characters_never_reach_a_line() -> None:
    wild = "\x1b[2J\r\n"
    new = replace(
        BASE,
        channels=(*BASE.channels, ChannelSettings(wild, ChannelKind.TERMINAL)),
        own_rules=(replace(OWN, text=wild),),
        people=(*BASE.people, Person(wild, ("mail",))),
        rules=(RuleChange(AlertRule.MODEL_ERRORS, wild, threshold=0.5),),
    )

    assert all(line.isprintable() for line in lines(new))
    assert len(lines(new)) == 5


def test_no_change_needs_a_restart() -> None:
    assert not any("restart" in line for line in lines(AlertSettings()))
    assert list(alert_changes(BASE, AlertSettings()))
