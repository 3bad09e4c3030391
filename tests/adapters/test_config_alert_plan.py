"""`check` tells who is told of what when, who is on call and what is quiet, and neither addresses nor mailboxes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hive_console.cli import check
from tests.adapters.alert_files import ENVIRON, HEAD, WHOLE, with_alerts

MONDAY, FRIDAY = (
    1_767_596_400.0 + 12 * 3600,
    1_767_596_400.0 + 4 * 86_400,
)  # 2026-01-05 12:00 in Berlin, and the Friday


@pytest.fixture(autouse=True)
def _clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("time.time", lambda: MONDAY)


def run_check(text: str, *options: str) -> Result:
    Path("f.yaml").write_text(text)
    Path("f.yaml").chmod(0o600)
    result = CliRunner().invoke(check.command, ["f.yaml", *options])
    assert result.exit_code == 0, result.output
    return result


def rows_of(text: str) -> dict[str, str]:
    """The rows of the part about alerts, lines of one joined."""
    part = next(part for part in run_check(text).output.split("\n\n") if part.startswith("alerts\n"))
    rows: dict[str, str] = {}
    label = ""
    for line in part.splitlines()[1:]:
        label = line[:14].strip() or label
        rows[label] = f"{rows.get(label, '')} {line[14:]}".strip()
    return rows


def test_whole_of_alerts_is_told() -> None:
    assert rows_of(WHOLE) == {
        "channels": "team-slack: slack at env:SLACK_URL (found)"
        " mail: email to 2 mailboxes by smtp.example.com (tls) as hive env:SMTP_PASSWORD (found)"
        " hook: webhook at hooks.example.com, signed with the secret env:HOOK_SECRET (found)"
        " pager: pagerduty, key env:PAGERDUTY_KEY (found)"
        " am: alertmanager at 127.0.0.1:9093"
        " bell: terminal, whoever looks at a console"
        " other: apprise at env:APPRISE_URL (found)"
        " bo-mail: email to 1 mailbox by 127.0.0.1 (none)",
        "route 1": "critical, error of provider=openai, rule!=breaker-open: at once team-slack, bell;"
        " after 5 min mail, whoever is on call;"
        " after 30 min team-slack, 3 times more every 15 min, then every 60 min; later routes too",
        "critical": "at once hook, am, other; every 2 h again hook, other",
        "error": "at once hook, am, other; every 2 h again hook, other",
        "warning": "at once hook, am, other; every 2 h again hook, other",
        "info": "nobody beyond the screen",
        "on call": "ana now, by the clock of Europe/Berlin; also bo",
        "quiet": "warnings wait 22:00-07:00 on mon, tue, wed, thu, sun, by the clock of Europe/Berlin",
        "maintenance": "02:00-00:00 on sun of model=gpt-5: weekly upgrade",
        "rules": "28 default rules on; off: recovery-flap; changed: model-error-rate, ttft-p95;"
        " your own: slow-thinking, dear, quiet",
        "heartbeat": "every 30 s env:HEARTBEAT_URL (found)",
    }


def test_who_is_on_call_is_whoever_has_the_shift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: FRIDAY)

    assert rows_of(WHOLE)["on call"].startswith("bo now")


def test_without_routes_the_usual_ones_are_told() -> None:
    rows = rows_of(
        with_alerts("channels: {bell: {type: terminal}, page: {type: pagerduty, key: env:PAGERDUTY_KEY}}")
    )

    assert rows["critical"] == (
        "at once bell; after 15 min page; after 30 min bell, page, 2 times more every 15 min, then every 60 min"
    )
    assert rows["warning"] == "after 10 min bell; every 4 h again bell"
    assert rows["info"] == "nobody beyond the screen"


def test_without_alerts_the_screen_alone_is_told() -> None:
    said = run_check(HEAD.replace("groups: [reasoning], ", "")).output

    assert "  alerts      told on the screen alone: no channel is set\n" in said


def test_rules_without_channels_are_told_on_the_screen_alone() -> None:
    rows = rows_of(with_alerts("rules: {recovery-flap: {enabled: false}}"))

    assert rows == {
        "channels": "told on the screen alone: no channel is set",
        "rules": "28 default rules on; off: recovery-flap",
    }


def test_missing_secret_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAGERDUTY_KEY")

    assert "pager: pagerduty, key env:PAGERDUTY_KEY (NOT FOUND: nothing is sent)" in rows_of(WHOLE)["channels"]


def test_json_tells_the_same_to_programs() -> None:
    alerts = json.loads(run_check(WHOLE, "--json").stdout)["alerts"]

    assert alerts["onCall"] == "ana"
    assert alerts["rulesOff"] == ["recovery-flap"]
    assert alerts["channels"][0] == {
        "name": "team-slack",
        "type": "slack",
        "secretsFound": True,
        "sendResolved": True,
    }
    assert alerts["told"]["critical"][0] == {
        "after": 0.0,
        "channels": ["hook", "am", "other"],
        "repeats": 0,
        "every": 900.0,
        "thenEvery": 0.0,
    }


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_secret_and_no_mailbox_is_told(options: tuple[str, ...]) -> None:
    said = run_check(WHOLE, *options).output

    assert all(value not in said for value in ENVIRON.values())
    assert "oncall@" not in said
    assert "hooks.example.com/x" not in said


def test_plan_fits_80_columns() -> None:
    assert max(map(len, run_check(WHOLE).output.splitlines())) <= 80
