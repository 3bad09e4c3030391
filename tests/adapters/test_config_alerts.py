"""`alerts:` of a settings file is read whole, and warns of what would tell nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hive_console.adapters.config_file import load_text
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
from hive_console.core.states import AlertRule, Severity
from tests.adapters.alert_files import ENVIRON, HEAD, WHOLE, channel, route, rule, with_alerts


def warnings_of(text: str, environ: dict[str, str] | None = None) -> list[str]:
    return list(load_text(text, "f.yaml", ENVIRON if environ is None else environ).warnings)


def alerts_of(text: str) -> AlertSettings:
    return load_text(text, "f.yaml", ENVIRON).settings.alerts


def at(day: int, hour: int) -> float:
    return datetime(2026, 12, day, hour, tzinfo=UTC).timestamp()


def test_every_key_reaches_its_field() -> None:
    mail = ChannelSettings(
        "mail",
        ChannelKind.EMAIL,
        "smtp.example.com",
        "env:SMTP_PASSWORD",
        465,
        "hive",
        "hive@example.com",
        ("oncall@example.com", "boss@example.com"),
        MailSecurity.TLS,
    )
    bo_mail = ChannelSettings(
        "bo-mail",
        ChannelKind.EMAIL,
        "127.0.0.1",
        sender="hive@example.com",
        recipients=("bo@example.com",),
        security=MailSecurity.NONE,
    )

    assert alerts_of(WHOLE) == AlertSettings(
        channels=(
            ChannelSettings(
                "team-slack", ChannelKind.SLACK, "env:SLACK_URL", timeout=5, rate=0.5, burst=3, hourly=40
            ),
            mail,
            ChannelSettings(
                "hook",
                ChannelKind.WEBHOOK,
                "https://hooks.example.com/x",
                "env:HOOK_SECRET",
                sends_resolved=False,
            ),
            ChannelSettings("pager", ChannelKind.PAGERDUTY, secret="env:PAGERDUTY_KEY"),
            ChannelSettings("am", ChannelKind.ALERTMANAGER, "http://127.0.0.1:9093"),
            ChannelSettings("bell", ChannelKind.TERMINAL),
            ChannelSettings("other", ChannelKind.APPRISE, "env:APPRISE_URL"),
            bo_mail,
        ),
        routes=(
            AlertRoute(
                (Severity.CRITICAL, Severity.ERROR),
                (Matcher("provider", "openai"), Matcher("rule", "breaker-open", is_not=True)),
                (
                    Step(0, ("team-slack", "bell")),
                    Step(300, ("mail", "on-call")),
                    Step(1800, ("team-slack",), 3, 900, 3600),
                ),
                goes_on=True,
            ),
            AlertRoute((Severity.INFO,)),
            AlertRoute(steps=(Step(0, ("hook", "am", "other")),)),
        ),
        rules=(
            RuleChange(
                AlertRule.MODEL_ERRORS, severity=Severity.ERROR, threshold=0.1, wait=120, keep=300, minimum=20
            ),
            RuleChange(AlertRule.MODEL_ERRORS, "reasoning", threshold=0.2),
            RuleChange(AlertRule.FIRST_TOKEN_SLOW, threshold=8),
            RuleChange(AlertRule.RECOVERY_FLAPPING, is_enabled=False),
        ),
        own_rules=(
            OwnRule(
                "slow-thinking",
                Metric.P95,
                above=90,
                window=600,
                wait=60,
                severity=Severity.ERROR,
                groups=("reasoning",),
                text="Thinks too long.",
                runbook="https://wiki.example.com/slow",
            ),
            OwnRule("dear", Metric.COST, above=20_000_000, models=("gpt-5",), keep=600, minimum=0),
            OwnRule("quiet", Metric.REQUESTS, below=1, providers=("openai",)),
        ),
        people=(Person("ana", ("mail", "pager")), Person("bo", ("bo-mail",))),
        shifts=(Shift(9 * 60, "ana"), Shift(3 * 24 * 60 + 9 * 60, "bo")),
        overrides=(Override(at(24, 7), at(26, 23), "bo"),),
        quiet=WeeklyWindow(22 * 60, 7 * 60, (0, 1, 2, 3, 6)),
        maintenance=(Maintenance(WeeklyWindow(120, 0, (6,)), (Matcher("model", "gpt-5"),), "weekly upgrade"),),
        heartbeat=Heartbeat("env:HEARTBEAT_URL", 30),
        timezone="Europe/Berlin",
        group_wait=5,
        group_interval=120,
        repeat_interval=7200,
        acknowledge_for=3600,
        reopen_within=300,
        storm_above=30,
        longest_silence=43_200,
    )
    assert warnings_of(WHOLE) == []


def test_file_without_alerts_has_the_defaults() -> None:
    assert alerts_of(HEAD.replace("groups: [reasoning], ", "")) == AlertSettings()


@pytest.mark.parametrize(
    "line", ["channels:", "routes:", "rules: {}", "onCall:", "maintenance: []", "timezone: UTC", "onCall: {rota: }"]
)
def test_empty_part_says_nothing(line: str) -> None:
    assert alerts_of(with_alerts(line)) == AlertSettings()


@pytest.mark.parametrize(
    ("written", "zone", "begins"),
    [
        ("2026-07-01 08:00", "America/New_York", "2026-07-01T12:00"),
        ("2026-07-01T08:00:30", "UTC", "2026-07-01T08:00:30"),
        ("2026-12-01", "Asia/Kolkata", "2026-11-30T18:30"),
        ("2026-03-29 02:30", "Europe/Berlin", "2026-03-29T01:30"),  # skipped: the clock is put forward at 2
        ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30"),  # comes twice: the first
    ],
)
def test_override_is_read_by_the_wall_clock_of_the_zone(written: str, zone: str, begins: str) -> None:
    text = with_alerts(
        f"timezone: {zone}",
        "channels: {bell: {type: terminal}}",
        f"onCall: {{people: {{ana: bell}}, overrides: [{{from: {written}, to: 2027-01-01, who: ana}}]}}",
    )

    (override,) = alerts_of(text).overrides

    assert override.begins == datetime.fromisoformat(f"{begins}+00:00").timestamp()


WARNINGS = {
    "unset variable": (
        channel("type: slack, url: env:NO_SUCH"),
        7,
        "alerts.channels.x.url: environment variable NO_SUCH is not set; set NO_SUCH; nothing is sent there",
    ),
    "missing password": (
        channel("type: email, host: m.example, from: a@b.example, to: c@d.example, user: u, password: env:NO_SUCH"),
        7,
        "alerts.channels.x.password: environment variable NO_SUCH is not set",
    ),
    "missing file": (channel("type: pagerduty, key: file:/none/such"), 7, "alerts.channels.x.key: file /none/such"),
    "missing heartbeat": (with_alerts("heartbeat: {url: env:NO_SUCH}"), 6, "alerts.heartbeat.url: environment"),
    "reference to plain http": (channel("type: webhook, url: env:PLAIN"), 7, "url: leads to what is plain http"),
    "reference to no host": (channel("type: webhook, url: env:HOSTLESS"), 7, "url: leads to what names no host"),
    "short secret": (
        channel("type: webhook, url: https://a.example, secret: env:SHORT"),
        7,
        "secret: leads to fewer than 16 characters, which can be guessed",
    ),
    "channel nobody is told on": (
        with_alerts("channels: {a: {type: terminal}, b: {type: terminal}}", "routes: [{steps: [{channels: a}]}]"),
        6,
        "alerts.channels.b: no route tells anything there",
    ),
    "on call nobody is told": (
        with_alerts(
            "channels: {a: {type: terminal}}",
            "routes: [{steps: [{channels: a}]}]",
            "onCall: {people: {ana: a}, rota: [{from: mon, who: ana}]}",
        ),
        8,
        "alerts.onCall: no route tells on-call, so nobody on call is told anything",
    ),
    "nobody on call": (
        with_alerts(
            "channels: {a: {type: terminal}}",
            "routes: [{steps: [{channels: on-call}]}]",
            "onCall: {people: {ana: a}}",
        ),
        8,
        "alerts.onCall.rota: is missing: nobody is ever on call, and on-call tells everybody",
    ),
    "route below one for all": (
        route("steps: [{channels: bell}]", "severity: critical, steps: []"),
        10,
        "alerts.routes.2: can never match: the routes above it take every alert of it",
    ),
    "route whose severities are all taken": (
        route(
            "severity: [critical, error], steps: [{channels: bell}]",
            "match: severity=warning, steps: []",
            "match: [severity!=info, provider=openai], steps: []",
        ),
        11,
        "alerts.routes.3: can never match",
    ),
    "route that a wider pattern takes": (
        route("match: model=gpt-*, steps: [{channels: bell}]", "match: [key=x, model=gpt-5], steps: []"),
        10,
        "alerts.routes.2: can never match",
    ),
    "matcher of a model that there is not": (
        route("match: model=claude*, steps: [{channels: bell}]"),
        9,
        "alerts.routes.1.match: model=claude* fits no model of this file",
    ),
    "matcher by an alias": (
        route("match: model=big, steps: [{channels: bell}]").replace("provider:", "aliases: [big], provider:"),
        9,
        "model=big fits no model of this file; alerts name the model gpt-5",
    ),
    "maintenance of a provider that there is not": (
        with_alerts("maintenance: [{from: 1:00, to: 2:00, match: provider=xai, reason: x}]"),
        6,
        "alerts.maintenance.1.match: provider=xai fits no provider of this file",
    ),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_what_would_tell_nobody_is_a_warning_with_its_line(case: str) -> None:
    text, line, told = WARNINGS[case]
    environ = {"SHORT": "abc", "PLAIN": "http://secret-host.example/x", "HOSTLESS": "https:///x"}

    (warning,) = warnings_of(text, environ)

    assert warning.startswith(f"f.yaml:{line}: ")
    assert told in warning
    assert "secret-host" not in warning


FINE = {
    "later route after one that goes on": route("continue: true, steps: []", "steps: [{channels: bell}]"),
    "narrower route first": route("severity: critical, steps: []", "steps: [{channels: bell}]"),
    "routes of other models": route(
        "match: model=gpt-5, steps: []", "match: model!=gpt-5, steps: [{channels: bell}]"
    ),
    "patterns that only overlap": route(
        "match: model=gpt-*, steps: []", "match: model=*-5, steps: [{channels: bell}]"
    ),
    "rule of one's own in a matcher": (
        route("match: rule=slow, steps: [{channels: bell}]") + "  rules: {slow: {metric: p95, above: 2s}}\n"
    ),
    "channels without routes": channel("type: terminal"),
    "own rule of an alias": rule("slow", "metric: p95, above: 2s, models: big").replace(
        "provider:", "aliases: [big], provider:"
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_what_somebody_may_well_mean_is_no_warning(case: str) -> None:
    assert warnings_of(FINE[case]) == []


def test_rule_of_ones_own_names_models_by_their_ids() -> None:
    (own,) = alerts_of(FINE["own rule of an alias"]).own_rules

    assert own.models == ("gpt-5",)


def test_nothing_of_a_secret_shows() -> None:
    loaded = load_text(WHOLE, "f.yaml", {**ENVIRON, "SLACK_URL": "http://hooks.slack.com/services/TOPSECRET"})

    told = f"{loaded.warnings}{loaded.settings!r}"

    assert loaded.warnings
    assert "TOPSECRET" not in told
    assert all(value not in told for value in ENVIRON.values())
