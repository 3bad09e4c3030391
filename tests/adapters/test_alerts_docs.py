"""docs/alerts.md says what the code does: rules, numbers, labels, commands, examples."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from hive_console.adapters.config_file import load_text
from hive_console.cli import alerts as cli
from hive_console.core.alert_settings import AlertSettings, ChannelKind, ChannelSettings, Metric
from hive_console.core.alert_units import RULE_UNITS
from hive_console.core.alert_words import number
from hive_console.core.alerting.flapping import CHANGES, START, STOP
from hive_console.core.alerting.matching import LABELS
from hive_console.core.alerting.rules import RULES
from hive_console.core.notifying import outbox, pacing
from hive_console.core.notifying.drafts import LATE
from hive_console.core.notifying.routes import AT_ONCE, steps_of
from hive_console.core.settings_words import in_units
from hive_console.core.states import AlertRule, Severity

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "alerts.md").read_text("utf-8")
ONE_LINE = " ".join(PAGE.split())
DEFAULTS = AlertSettings()
CHANNEL = ChannelSettings("x", ChannelKind.TERMINAL)


def table_under(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    _, found, rest = PAGE.partition(f"{heading}\n")
    assert found, heading
    rows = rest[rest.index("\n|") :].split("\n\n")[0].strip().splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_default_rules_are_those_of_the_code() -> None:
    def row(rule: AlertRule) -> list[str]:
        default, unit = RULES[rule], RULE_UNITS.get(rule)
        bound = "" if unit is None else f"`{number(default.threshold, unit)}`"
        if unit is not None and default.threshold is None:
            bound = "of the model, a duration"
        return [
            f"[`{rule.value}`](runbooks.md#{rule.value})",
            default.title,
            default.severity.value,
            in_units(default.wait),
            in_units(default.keep),
            bound,
            str(default.minimum or ""),
        ]

    assert table_under("### The default rules") == [row(rule) for rule in RULES]


def test_labels_metrics_and_types_are_those_of_the_code() -> None:
    assert [row[0].strip("`") for row in table_under("### Matchers")] == list(LABELS)
    assert [row[0].strip("`") for row in table_under("### Rules of your own")] == [
        metric.value for metric in Metric
    ]
    assert [row[0] for row in table_under("## Channels")] == [kind.value for kind in ChannelKind]


@pytest.mark.parametrize(
    ("told", "is_so"),
    [
        ("`acknowledgeFor` (4 h)", DEFAULTS.acknowledge_for == 4 * 3600),
        ("`reopenWithin` (10 min)", DEFAULTS.reopen_within == 600),
        ("`repeatInterval` (4 h)", DEFAULTS.repeat_interval == 4 * 3600),
        ("`groupWait` (10 s)", DEFAULTS.group_wait == 10),
        ("`groupInterval` (60 s)", DEFAULTS.group_interval == 60),
        ("`stormAbove` (20)", DEFAULTS.storm_above == 20),
        ("`longestSilence` (24 h)", DEFAULTS.longest_silence == 86_400),
        ("Beyond `hourly` (60) only critical", CHANNEL.hourly == 60),
        ("ten more at most", pacing.CRITICAL_EXTRA == 10),
        ("after 2, 4, 8 and up to 300 s", (pacing.BACKOFF, pacing.LONGEST_BACKOFF) == (2, 300)),
        ("(`Retry-After`, 1 s to 15 min)", (pacing.SHORTEST_ASKED, pacing.LONGEST_ASKED) == (1, 900)),
        ("five failures in a row", pacing.FAILURES == 5),
        ("for 30 s, and up to 15 min,", (pacing.OPEN_FOR, pacing.LONGEST_OPEN) == (30, 900)),
        ("After 24 h the notice is given up", outbox.GIVEN_UP_AFTER == 86_400),
        ("1000 notices wait at most", outbox.MOST_QUEUED == 1000),
        ("half of its latest 21 states changed, until it is a quarter", (CHANGES, START, STOP) == (20, 0.5, 0.25)),
        ("when that is more than ten minutes", LATE == 600),
        ("Fifteen minutes before its end", RULES[AlertRule.SILENCE_ENDING].threshold == 900),
        ("Chat is every channel of the types slack, webhook, terminal and apprise", len(AT_ONCE) == 4),
    ],
)
def test_numbers_are_those_of_the_code(told: str, is_so: bool) -> None:  # noqa: FBT001 - a case
    assert told in ONE_LINE
    assert is_so


def test_usual_routes_are_those_of_the_code() -> None:
    channels = tuple(
        ChannelSettings(kind.value, kind, address="x", recipients=("a@b.example",)) for kind in ChannelKind
    )
    settings = AlertSettings(channels=channels)
    chat = tuple(channel.name for channel in channels if channel.kind in AT_ONCE)

    def timed(severity: Severity) -> list[tuple[float, tuple[str, ...]]]:
        return [(step.after, step.channels) for step in steps_of({}, severity, settings) if not step.is_reminder]

    grave = [(0, (*chat, "alertmanager")), (300, ("email",)), (900, ("pagerduty",)), (1800, (*chat, "pagerduty"))]
    assert timed(Severity.CRITICAL) == timed(Severity.ERROR) == grave
    assert timed(Severity.WARNING) == [(0, ("alertmanager",)), (600, chat), (3600, ("email",))]
    assert timed(Severity.INFO) == [(0, ("alertmanager",))]
    last = steps_of({}, Severity.CRITICAL, settings)[-1]
    assert (last.repeats, last.every, last.then_every) == (2, 900, 3600)


COMMANDS = re.findall(r"hive-console alerts ([a-z][^\n`#]*)", PAGE)


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_are_those_of_the_program(line: str) -> None:
    name, *arguments = shlex.split(line)
    command = cli.command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in arguments if word.startswith("--")} <= known
    assert isinstance(command, click.Command)


def test_commands_are_named() -> None:
    assert {line.split()[0] for line in COMMANDS} >= {"ack", "silence", "silences", "unsilence", "resolve", "test"}


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_examples_load(example: str) -> None:
    loaded = load_text(example, "docs", {})

    assert loaded.settings.alerts != DEFAULTS
    assert not [warning for warning in loaded.warnings if "alerts" in warning and "is not set" not in warning]


@pytest.mark.parametrize(("page", "anchor"), re.findall(r"\]\(([a-z]*(?:\.md)?)#([a-z0-9-]+)\)", PAGE))
def test_links_lead_somewhere(page: str, anchor: str) -> None:
    text = (DOCS / page).read_text("utf-8") if page else PAGE
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)

    assert anchor in {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
