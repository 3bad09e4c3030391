"""What `alerts:` can get wrong: all of it is told at once, each with its line and key, and never a secret."""

from __future__ import annotations

import pytest

from hive_console.adapters.config_file import load_text
from hive_console.adapters.config_file.alert_schema import (
    ALERTS,
    CHANNEL_KEYS,
    HEARTBEAT,
    MAINTENANCE_ALONE,
    OVERRIDE,
    OWN_RULE,
    ROUTE,
    RULE,
    SHIFT,
    STEP,
    WINDOW,
    channel_shape,
)
from hive_console.core.errors import ConfigurationError
from tests.adapters.alert_files import ENVIRON, channel, route, rule, with_alerts


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load_text(text, "hive.yaml", ENVIRON)
    return caught.value.problems


def mail(body: str) -> str:
    return channel(f"type: email, host: m.example, from: a@b.example, to: c@d.example, {body}")


def on_call(*lines: str) -> str:
    """A file with lines of `onCall:` from line 8 on, beside the channel `bell` and Ana."""
    return with_alerts(
        "channels: {bell: {type: terminal}}", "onCall:", *(f"  {line}" for line in ("people: {ana: bell}", *lines))
    )


def maintenance(body: str) -> str:
    return with_alerts(f"maintenance: [{{{body}}}]")


BAD = {
    "list for alerts": ("models: {gpt-5: {}}\nalerts: []\n", 2, "alerts: is a list; write a mapping"),
    "misspelt section": (
        "models: {gpt-5: {}}\nalert: {}\n",
        2,
        "alert: is no known key; did you mean alerts?",
    ),
    "misspelt key": (with_alerts("repeatIntervall: 4h"), 6, "did you mean repeatInterval?"),
    "misspelt part": (with_alerts("oncall: {}"), 6, "alerts.oncall: is no known key; did you mean onCall?"),
    "another tool's part": (with_alerts("receivers: []"), 6, "did you mean channels?"),
    "another tool's quiet hours": (with_alerts("mute_time_intervals: []"), 6, "did you mean quietHours?"),
    "bare duration": (with_alerts("groupWait: 10"), 6, "alerts.groupWait: 10 has no unit; write 10s"),
    "silence too short": (with_alerts("longestSilence: 1s"), 6, "1 is out of bounds; must be from 60 to"),
    "storm of none": (with_alerts("stormAbove: 0"), 6, "0 is out of bounds; must be from 1 to 10000 alerts"),
    "zone": (with_alerts("timezone: Europe/Berln"), 6, '"Europe/Berln" is no time zone; write one such as'),
    "zone, near": (with_alerts("timezone: Europe/Berln"), 6, "did you mean Europe/Berlin?"),
    "zone by its city": (with_alerts("timezone: New York"), 6, "did you mean America/New_York?"),
    "zone out of its folder": (with_alerts("timezone: ../etc/passwd"), 6, "is no time zone"),
    "folder of zones": (with_alerts("timezone: Europe"), 6, "is no time zone"),
    # channels
    "list of channels": (with_alerts("channels: [slack]"), 6, "is a list; write a mapping: team-slack: {type"),
    "channel without a type": (channel("url: env:X"), 7, "x.type: is missing; write one of slack, email"),
    "channel that is a word": (
        with_alerts("channels: {x: slack}"),
        6,
        '"slack" stands where a mapping is expected',
    ),
    "unknown type": (channel("type: slak"), 7, 'x.type: "slak" is not one of slack, email, webhook'),
    "unknown type, near": (channel("type: slak"), 7, "did you mean slack?"),
    "reserved channel": (
        with_alerts("channels:", "  on-call: {type: terminal}"),
        7,
        "alerts.channels.on-call: on-call names whoever is on call; choose another name",
    ),
    "boolean as a channel": (with_alerts("channels:", "  on: {type: terminal}"), 7, "the key on is a boolean"),
    "odd channel": (with_alerts("channels:", "  'a b': {type: terminal}"), 7, '"a b" is no name'),
    "key of another type": (
        channel("type: terminal, url: env:X"),
        7,
        "x.url: belongs to another type of channel; terminal has burst, hourly, rate",
    ),
    "key of no type": (channel("type: slack, url: env:X, channel: c"), 7, "x.channel: is no known key"),
    "another tool's key": (channel("type: slack, webhook_url: env:SLACK_URL"), 7, "did you mean url?"),
    "slack without a url": (channel("type: slack"), 7, "x.url: is missing, and slack needs it; write url: env:"),
    "plain slack url": (
        channel("type: slack, url: https://hooks.slack.com/services/T/B/SECRET"),
        7,
        "x.url: is a secret and never stands here; say where it is: env:NAME or file:PATH",
    ),
    "odd variable": (channel("type: slack, url: 'env:A B'"), 7, "must say where the key is, as env:NAME"),
    "slack url in a webhook": (
        channel("type: webhook, url: https://hooks.slack.com/services/T/B/SECRET"),
        7,
        "x.url: is a secret with these hosts; put the whole URL into a variable",
    ),
    "webhook url with a query": (
        channel("type: webhook, url: 'https://a.example/?token=SECRET'"),
        7,
        "has a query or a fragment, which may hold a secret",
    ),
    "webhook url with a password": (
        channel("type: webhook, url: https://u:SECRET@a.example/"),
        7,
        "holds a user name or password",
    ),
    "plain webhook secret": (
        channel("type: webhook, url: https://a.example, secret: SECRET"),
        7,
        "x.secret: must say where the key is",
    ),
    "plain http": (channel("type: webhook, url: http://a.example/x"), 7, "x.url: is plain http"),
    "private address": (
        channel("type: webhook, url: https://10.0.0.1/x"),
        7,
        "is a private address; if it is meant",
    ),
    "metadata address": (channel("type: alertmanager, url: http://169.254.169.254"), 7, "is a link-local address"),
    "other scheme": (channel("type: webhook, url: ftp://a.example/x"), 7, "speaks ftp; write a URL such as"),
    "no url": (channel("type: alertmanager, url: am"), 7, "x.url: is no URL"),
    "plain apprise url": (channel("type: apprise, url: 'ntfy://SECRET'"), 7, "is a secret and never stands here"),
    "plain pagerduty key": (channel("type: pagerduty, key: abcSECRET"), 7, "x.key: must say where the key is"),
    "pagerduty without a key": (channel("type: pagerduty"), 7, "x.key: is missing, and pagerduty needs it"),
    "mail without anything": (channel("type: email"), 7, "x.to: is missing, and email needs it"),
    "mail in the clear": (mail("security: none"), 7, "x.security: none would send passwords and alerts"),
    "mail security by another word": (mail("security: ssl"), 7, '"ssl" is not one of starttls, tls or none'),
    "mail security no": (mail("security: no"), 7, "no is a boolean to YAML; write starttls, tls or none"),
    "plain mail password": (mail("user: u, password: SECRET"), 7, "x.password: must say where the key is"),
    "user without a password": (mail("user: u"), 7, "x.password: is missing for the user u"),
    "password without a user": (mail("password: env:SMTP_PASSWORD"), 7, "x.user: is missing for the password"),
    "mail port": (mail("port: 70000"), 7, "x.port: 70000 is out of bounds; must be from 1 to 65535"),
    "mail host with a port": (mail("").replace("m.example", "m.example:25"), 7, "x.host: is no host"),
    "mail host that is a url": (mail("").replace("m.example", "smtp://m.example"), 7, "x.host: is no host"),
    "mail host at a private address": (
        mail("").replace("m.example", "10.0.0.9"),
        7,
        "x.host: is a private address",
    ),
    "mail host in an odd spelling": (mail("").replace("m.example", "0x7f.1"), 7, "x.host: is an odd spelling"),
    "mail address": (mail("").replace("c@d.example", "nobody"), 7, "x.to: is no mail address"),
    "mail address with a name": (
        mail("").replace("c@d.example", "C <c@d.example>"),
        7,
        "without a name and brackets",
    ),
    "mail header": (
        mail("").replace("c@d.example", '"c@d.example\\r\\nBcc: e@f.example"'),
        7,
        "is no mail address",
    ),
    "mail to nobody": (mail("").replace("c@d.example", "[]"), 7, "x.to: is empty"),
    "rate of nothing": (
        channel("type: terminal, rate: 0"),
        7,
        "0 is out of bounds; must be from 0.01 to 100 notices",
    ),
    "sendResolved in words": (
        channel("type: terminal, sendResolved: on"),
        7,
        "on is a boolean to YAML; write true",
    ),
    "heartbeat without a url": (with_alerts("heartbeat: {every: 60s}"), 6, "alerts.heartbeat.url: is missing"),
    "heartbeat too often": (
        with_alerts("heartbeat: {url: env:X, every: 1s}"),
        6,
        "must be from 10 to 86400 seconds",
    ),
    "plain heartbeat": (with_alerts("heartbeat: {url: http://a.example}"), 6, "heartbeat.url: is plain http"),
    "heartbeat as a url": (with_alerts("heartbeat: env:X"), 6, "stands where a mapping is expected: url:"),
    # routes
    "mapping for routes": (with_alerts("routes: {a: {}}"), 6, "is a mapping; write a list: [{severity: critical"),
    "word for routes": (with_alerts("routes: slack"), 6, "is a single value; write a list"),
    "route that is a word": (with_alerts("routes: [slack]"), 6, 'alerts.routes.1: "slack" stands where a mapping'),
    "route without steps": (route("severity: info"), 9, "routes.1.steps: is missing; write steps: [{after: 5m"),
    "route with channels": (route("channels: bell"), 9, "routes.1.channels: is no known key"),
    "unknown channel": (
        route("steps: [{channels: bel}]"),
        9,
        "steps.1.channels: there is no channel bel; did you mean",
    ),
    "unknown channel among none": (
        with_alerts("routes: [{steps: [{channels: x}]}]"),
        6,
        "there is no channel x; there is none",
    ),
    "on call without people": (
        route("steps: [{channels: on-call}]"),
        9,
        "nobody can be on-call; name people under",
    ),
    "step without channels": (route("steps: [{after: 5m}]"), 9, "routes.1.steps.1.channels: is missing"),
    "step with no channels": (route("steps: [{channels: []}]"), 9, "steps.1.channels: is empty"),
    "step that is a word": (route("steps: [bell]"), 9, 'routes.1.steps.1: "bell" stands where a mapping'),
    "steps that are one": (route("steps: {channels: bell}"), 9, "routes.1.steps: is a mapping; write a list"),
    "steps out of order": (
        route("steps: [{after: 5m, channels: bell}, {channels: bell}]"),
        9,
        "routes.1.steps: are not in the order of time",
    ),
    "too many steps": (
        route(f"steps: [{', '.join(['{channels: bell}'] * 21)}]"),
        9,
        "routes.1.steps: 21 is out of bounds; must be from 0 to 20",
    ),
    "repeats out of bounds": (route("steps: [{channels: bell, repeats: 101}]"), 9, "repeats: 101 is out of bounds"),
    "repeats too close": (route("steps: [{channels: bell, every: 1s}]"), 9, "every: 1 is out of bounds"),
    "unknown severity": (route("severity: critcal, steps: []"), 9, "did you mean critical?"),
    "unknown severity in a matcher": (route("match: severity=fatal, steps: []"), 9, "there is no severity fatal"),
    "unknown rule in a matcher": (
        route("match: rule=brekaer-open, steps: []"),
        9,
        "routes.1.match: there is no rule brekaer-open; did you mean breaker-open?",
    ),
    "matcher without a sign": (route("match: openai, steps: []"), 9, "'openai' is no matcher; write label=pattern"),
    "matcher of no label": (route("match: zone=eu, steps: []"), 9, "'zone' is no label; known are rule, severity"),
    "too many matchers": (
        route(f"match: [{', '.join(['model=*'] * 21)}], steps: []"),
        9,
        "routes.1.match: 21 is out of bounds",
    ),
    "too many routes": (
        route(*["continue: true, steps: [{channels: bell}]"] * 101),
        8,
        "alerts.routes: 101 is out of bounds; must be from 0 to 100",
    ),
    # rules
    "misspelt rule": (rule("model-error-rat", "threshold: 5%"), 7, "is no rule; did you mean model-error-rate?"),
    "own rule without a metric": (
        rule("zzz", "above: 2s"),
        7,
        "rules.zzz: is no rule; one of your own needs metric",
    ),
    "own rule with a default's name": (rule("ttft-p95", "metric: p95, above: 2s"), 7, "is a default rule's name"),
    "own rule called own": (rule("own", "metric: p95, above: 2s"), 7, "rules.own: is taken; choose another name"),
    "own rule with an odd name": (rule("'a b'", "metric: p95, above: 2s"), 7, '"a b" is no name'),
    "rule that is switched off by a word": (
        with_alerts("rules:", "  recovery-flap: off"),
        7,
        'rules.recovery-flap: "off" stands where a mapping is expected',
    ),
    "seconds for a share": (rule("model-error-rate", "threshold: 2s"), 7, '"2s" is text; write a share such as 5%'),
    "percent without its sign": (rule("rate-limited", "threshold: 10"), 7, "10 is more than all; write 10% for"),
    "too much percent": (rule("rate-limited", "threshold: 110%"), 7, "is out of bounds; must be from 0% to 100%"),
    "share for seconds": (rule("recovery-slow", "threshold: 5%"), 7, '"5%" is not a duration; write a duration'),
    "bare number for seconds": (rule("recovery-slow", "threshold: 30"), 7, "30 has no unit; write 30s"),
    "seconds for a count": (rule("recovery-flap", "threshold: 3s"), 7, '"3s" is text; write a whole number'),
    "threshold of a rule without": (
        rule("audit-chain-broken", "threshold: 1"),
        7,
        "audit-chain-broken.threshold: belongs to other rules; this one has for, keep, severity, enabled",
    ),
    "minimum of a rule that counts nothing": (
        rule("kill-switch", "minimum: 5"),
        7,
        "kill-switch.minimum: belongs to other rules; this one has for, keep, severity, enabled, groups",
    ),
    "groups of a rule of the fleet": (
        rule("provider-down", "groups: {reasoning: {threshold: 3}}"),
        7,
        "provider-down.groups: belongs to other rules; this one has threshold, for, keep, severity, enabled",
    ),
    "growth without its sign": (
        rule("fallback-latency-increase", "threshold: 150"),
        7,
        "150 could mean much; write 150% for percent",
    ),
    "bound of a default rule": (rule("model-error-rate", "above: 1%"), 7, "above: belongs to other rules"),
    "unknown group": (
        rule("model-error-rate", "groups: {reasonin: {threshold: 5%}}"),
        7,
        "rules.model-error-rate.groups.reasonin: there is no group reasonin; did you mean reasoning?",
    ),
    "list of groups": (rule("model-error-rate", "groups: [reasoning]"), 7, "groups: is a list; write a mapping"),
    "share in a group": (
        rule("model-error-rate", "groups: {reasoning: {threshold: 5s}}"),
        7,
        'groups.reasoning.threshold: "5s" is text; write a share',
    ),
    "groups in a group": (
        rule("model-error-rate", "groups: {reasoning: {groups: {}}}"),
        7,
        "groups.reasoning.groups: is no known key",
    ),
    "unknown metric": (rule("x", "metric: p59, above: 2s"), 7, 'x.metric: "p59" is not one of error-rate'),
    "metric's share": (rule("x", "metric: error-rate, above: 2s"), 7, 'x.above: "2s" is text; write a share'),
    "metric's seconds": (rule("x", "metric: p95, below: 2"), 7, "x.below: 2 has no unit; write 2s"),
    "metric's money": (rule("x", "metric: cost, above: 5"), 7, "x.above: 5 has no unit; write $5 for dollars"),
    "metric's number": (rule("x", "metric: tokens, above: 5m"), 7, 'x.above: "5m" is text; write a number'),
    "no bound": (rule("x", "metric: p95"), 7, "rules.x: says neither above nor below which value it fires"),
    "two bounds": (rule("x", "metric: p95, above: 2s, below: 1s"), 7, "x.below: stands beside above; keep one"),
    "threshold of one's own": (rule("x", "metric: p95, threshold: 2s"), 7, "x.threshold: belongs to default rules"),
    "window too long": (rule("x", "metric: p95, above: 2s, over: 2h"), 7, "must be from 10 to 3600 seconds"),
    "unknown model": (
        rule("x", "metric: p95, above: 2s, models: gtp-5"),
        7,
        "there is no model gtp-5; did you mean",
    ),
    "unknown provider": (
        rule("x", "metric: p95, above: 2s, providers: xai"),
        7,
        "there is no provider xai; there are",
    ),
    "unknown group of one's own": (rule("x", "metric: p95, above: 2s, groups: g"), 7, "there is no group g"),
    "endless text": (rule("x", f"metric: p95, above: 2s, text: {'a' * 301}"), 7, "has 301 characters; at most 300"),
    "runbook that is no page": (rule("x", "metric: p95, above: 2s, runbook: wiki"), 7, "x.runbook: is no URL"),
    "runbook with a password": (
        rule("x", "metric: p95, above: 2s, runbook: https://u:SECRET@w.example/"),
        7,
        "x.runbook: holds a user name or password",
    ),
    # who and when
    "unknown channel of a person": (
        with_alerts("onCall: {people: {ana: bel}}"),
        6,
        "alerts.onCall.people.ana: there is no channel bel",
    ),
    "person without channels": (
        with_alerts("onCall: {people: {ana: []}}"),
        6,
        "people.ana: is empty; name at least",
    ),
    "person on call through on-call": (
        with_alerts("channels: {b: {type: terminal}}", "onCall: {people: {ana: on-call}}"),
        7,
        "there is no channel on-call",
    ),
    "unknown person": (
        on_call("rota: [{from: mon, who: anna}]"),
        9,
        "rota.1.who: there is no person anna; did you",
    ),
    "shift without a person": (on_call("rota: [{from: mon 09:00}]"), 9, "onCall.rota.1.who: is missing"),
    "shift without a day": (on_call("rota: [{from: 09:00, who: ana}]"), 9, '"09:00" is no time of a week'),
    "shift on no day": (
        on_call("rota: [{from: mo 09:00, who: ana}]"),
        9,
        "write a day and a time such as mon 09:00",
    ),
    "shift at no time": (on_call("rota: [{from: mon 25:00, who: ana}]"), 9, '"mon 25:00" is no time of a week'),
    "two shifts at once": (
        on_call("rota: [{from: mon, who: ana}, {from: mon 00:00, who: ana}]"),
        9,
        "onCall.rota: has two shifts that begin at the same time",
    ),
    "override that ends first": (
        on_call("overrides: [{from: 2026-12-24, to: 2026-12-23, who: ana}]"),
        9,
        "overrides.1.to: is not after from",
    ),
    "override on no day": (on_call("overrides: [{from: 2026-02-30, to: 2026-12-23, who: ana}]"), 9, "is no time"),
    "override of another age": (
        on_call("overrides: [{from: 0001-01-01, to: 9999-12-31, who: ana}]"),
        9,
        "is no time",
    ),
    "override with a zone": (
        on_call("overrides: [{from: 2026-02-03T08:00Z, to: 2026-12-23, who: ana}]"),
        9,
        "as the clock there shows it",
    ),
    "override of nobody": (
        on_call("overrides: [{from: 2026-02-03, to: 2026-12-23, who: x}]"),
        9,
        "there is no person",
    ),
    "quiet hours without an end": (with_alerts("quietHours: {from: 22:00}"), 6, "alerts.quietHours.to: is missing"),
    "quiet hours as a word": (with_alerts("quietHours: night"), 6, '"night" stands where a mapping'),
    "quiet hour": (
        with_alerts("quietHours: {from: 22, to: 07:00}"),
        6,
        '"22" is no time; write a time of day such',
    ),
    "quiet day": (with_alerts("quietHours: {from: 22:00, to: 7:00, days: monday}"), 6, '"monday" is no weekday'),
    "quiet on no day": (with_alerts("quietHours: {from: 22:00, to: 7:00, days: []}"), 6, "days: is empty"),
    "maintenance of everything": (
        maintenance("from: 1:00, to: 2:00, reason: x"),
        6,
        "maintenance.1.match: is missing",
    ),
    "maintenance of a list of nothing": (
        maintenance("from: 1:00, to: 2:00, reason: x, match: []"),
        6,
        "match: is empty",
    ),
    "maintenance without a reason": (
        maintenance("from: 1:00, to: 2:00, match: model=*"),
        6,
        "1.reason: is missing",
    ),
    "maintenance with an empty reason": (
        maintenance("from: 1:00, to: 2:00, match: model=*, reason: ' '"),
        6,
        "1.reason: is missing",
    ),
    "maintenance without times": (maintenance("match: model=*, reason: x"), 6, "maintenance.1.from: is missing"),
    "maintenance with an unknown key": (
        maintenance("from: 1:00, to: 2:00, match: model=*, reason: x, matches: model=*"),
        6,
        "maintenance.1.matches: is no known key; did you mean match?",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_problem_is_told_with_line_and_key(case: str) -> None:
    text, line, told = BAD[case]

    problems = problems_of(text)

    assert any(problem.startswith(f"hive.yaml:{line}: alert") and told in problem for problem in problems), problems
    assert not any("SECRET" in problem for problem in problems)


FRAMES = {
    "": (ALERTS, with_alerts("KEY: VALUE")),
    **{
        f"channels.x ({kind.value})": (channel_shape(kind), channel(f"type: {kind.value}, KEY: VALUE"))
        for kind in CHANNEL_KEYS
    },
    "routes.1": (ROUTE, route("steps: [], KEY: VALUE")),
    "routes.1.steps.1": (STEP, route("steps: [{KEY: VALUE}]")),
    "rules.model-error-rate": (RULE, rule("model-error-rate", "KEY: VALUE")),
    "rules.x": (OWN_RULE, rule("x", "metric: p95, KEY: VALUE")),
    "onCall.rota.1": (SHIFT, with_alerts("onCall: {rota: [{KEY: VALUE}]}")),
    "onCall.overrides.1": (OVERRIDE, with_alerts("onCall: {overrides: [{KEY: VALUE}]}")),
    "quietHours": (WINDOW, with_alerts("quietHours: {KEY: VALUE}")),
    "maintenance.1": (MAINTENANCE_ALONE, with_alerts("maintenance: [{KEY: VALUE}]")),
    "heartbeat": (HEARTBEAT, with_alerts("heartbeat: {KEY: VALUE}")),
}
"""For each shape a file in which one of its keys can stand, below `alerts.` and the text before the blank."""

NEVER_RIGHT = ("{a: {b: c}}", "[[x]]", "'\\e[2J <!channel>'", "-1", "2025-13-32 10:00:00", "", "~", "0x1F!", "yes")

SENTENCES = {"text", "reason", "user"}
"""Keys that take nearly any text."""

KEYS = [
    pytest.param(where, key.name, id=f"{where}.{key.name}")
    for where, (shape, _) in FRAMES.items()
    for key in shape.keys
    if key.name not in {"type", "metric", *SENTENCES}
]


@pytest.mark.parametrize(("where", "key"), KEYS)
def test_no_key_takes_just_anything(where: str, key: str) -> None:
    path = ".".join(word for word in ("alerts", where.partition(" ")[0], key) if word)
    for value in NEVER_RIGHT:
        problems = problems_of(FRAMES[where][1].replace("KEY", key).replace("VALUE", value))

        assert any(f": {path}: " in problem for problem in problems), (value, problems)
        assert all(problem.isprintable() for problem in problems)


def test_all_problems_are_told_at_once() -> None:
    text = with_alerts(
        "groupWait: 10",
        "channels:",
        "  a: {type: slack}",
        "  b: {type: mail}",
        "routes:",
        "  - {severity: fatal, steps: [{after: 5, channels: [a, b, c]}]}",
        "rules:",
        "  model-errors: {threshold: 5%}",
        "onCall: {people: {ana: [b, d]}, rota: [{from: mon, who: bo}]}",
        "quietHours: {from: 8, to: 9}",
    )

    assert [problem.split(": ", 2)[1] for problem in problems_of(text)] == [
        "alerts.groupWait",
        "alerts.channels.a.url",
        "alerts.channels.b.type",
        "alerts.routes.1.severity",
        "alerts.routes.1.steps.1.after",
        "alerts.routes.1.steps.1.channels",
        "alerts.rules.model-errors",
        "alerts.onCall.people.ana",
        "alerts.onCall.rota.1.who",
        "alerts.quietHours.from",
        "alerts.quietHours.to",
    ]
