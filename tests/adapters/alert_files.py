"""Settings files with `alerts:` for tests: a whole good one, and a frame for single keys."""

from __future__ import annotations

HEAD = "models:\n  gpt-5: {groups: [reasoning], endpoint: http://127.0.0.1:9/v1, provider: openai}\n"
"""The first two lines of every file here."""

GROUPS = "groups:\n  reasoning: {timeout: 60s}\n"

ENVIRON = {
    "SLACK_URL": "https://hooks.slack.com/services/T0/B0/XXXXXXXXXXXX",
    "SMTP_PASSWORD": "correct-horse-battery",
    "HOOK_SECRET": "0123456789abcdef0123456789abcdef",
    "PAGERDUTY_KEY": "abcdefabcdefabcdefabcdefabcdefab",
    "APPRISE_URL": "ntfy://topic-of-ours",
    "HEARTBEAT_URL": "https://beat.example/ping",
}

WHOLE = f"""\
{HEAD}{GROUPS}routes:
  smart: {{primary: gpt-5}}
alerts:
  groupWait: 5s
  groupInterval: 2m
  repeatInterval: 2h
  acknowledgeFor: 1h
  reopenWithin: 5m
  stormAbove: 30
  longestSilence: 12h
  timezone: Europe/Berlin
  channels:
    team-slack: {{type: slack, url: env:SLACK_URL, rate: 0.5, burst: 3, hourly: 40, timeout: 5s}}
    mail:
      type: email
      host: smtp.example.com
      port: 465
      security: tls
      user: hive
      password: env:SMTP_PASSWORD
      from: hive@example.com
      to: [oncall@example.com, boss@example.com]
    hook: {{type: webhook, url: https://hooks.example.com/x, secret: env:HOOK_SECRET, sendResolved: false}}
    pager: {{type: pagerduty, key: env:PAGERDUTY_KEY}}
    am: {{type: alertmanager, url: http://127.0.0.1:9093}}
    bell: {{type: terminal}}
    other: {{type: apprise, url: env:APPRISE_URL}}
    bo-mail: {{type: email, host: 127.0.0.1, security: none, from: hive@example.com, to: bo@example.com}}
  routes:
    - severity: [critical, error]
      match: [provider=openai, rule!=breaker-open]
      continue: true
      steps:
        - {{channels: [team-slack, bell]}}
        - {{after: 5m, channels: [mail, on-call]}}
        - {{after: 30m, channels: [team-slack], repeats: 3, every: 15m, thenEvery: 1h}}
    - {{severity: info, steps: []}}
    - steps: [{{channels: [hook, am, other]}}]
  rules:
    model-error-rate:
      threshold: 10%
      for: 2m
      keep: 5m
      severity: error
      minimum: 20
      groups: {{reasoning: {{threshold: 0.2}}}}
    ttft-p95: {{threshold: 8s}}
    recovery-flap: {{enabled: false}}
    slow-thinking:
      metric: p95
      above: 90s
      over: 10m
      for: 1m
      groups: reasoning
      severity: error
      text: Thinks too long.
      runbook: https://wiki.example.com/slow
    dear: {{metric: cost, above: $20, models: [gpt-5], keep: 10m, minimum: 0}}
    quiet: {{metric: requests, below: 1, providers: [openai]}}
  onCall:
    people: {{ana: [mail, pager], bo: bo-mail}}
    rota: [{{from: thu 09:00, who: bo}}, {{from: mon 9:00, who: ana}}]
    overrides: [{{from: 2026-12-24 08:00, to: 2026-12-27, who: bo}}]
  quietHours: {{from: 22:00, to: 07:00, days: [mon-thu, sun]}}
  maintenance:
    - {{from: "02:00", to: 24:00, days: sun, match: model=gpt-5, reason: weekly upgrade}}
  heartbeat: {{url: env:HEARTBEAT_URL, every: 30s}}
"""
"""Says something of every key. `22:00` without quotes is a number to base 60 for YAML."""


def with_alerts(*lines: str) -> str:
    """A file whose `alerts:` has these lines; the first of them stands on line 6."""
    return f"{HEAD}{GROUPS}alerts:\n" + "".join(f"  {line}\n" for line in lines)


FIRST_LINE = 6


def channel(body: str) -> str:
    """A file with the channel `x` on line 7."""
    return with_alerts("channels:", f"  x: {{{body}}}")


def rule(name: str, body: str) -> str:
    """A file with one rule on line 7."""
    return with_alerts("rules:", f"  {name}: {{{body}}}")


def route(*bodies: str) -> str:
    """A file with a channel `bell` on line 7 and routes from line 9 on."""
    return with_alerts("channels:", "  bell: {type: terminal}", "routes:", *(f"  - {{{body}}}" for body in bodies))
