"""The page of the transports says what the code does."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from hive_console.adapters.config_file import load_text
from hive_console.adapters.notifiers import email, pagerduty, slack, verdicts
from hive_console.adapters.notifiers.body import body_of
from hive_console.adapters.notifiers.webhook import signature_of
from hive_console.core.alert_settings import AlertSettings, ChannelKind, MailSecurity
from hive_console.core.states import NoticeKind
from tests.adapters.notices import SECRET, brief, notice

PAGE = (Path(__file__).parents[2] / "docs" / "transports.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", list(ChannelKind))
def test_each_transport_has_its_section(kind: ChannelKind) -> None:
    assert f"\n## {kind.value}\n" in PAGE


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_each_example_is_a_file_that_is_taken(example: str) -> None:
    assert load_text(example, "hive.yaml", {}).settings.alerts != AlertSettings()


def test_each_field_of_the_json_is_explained_in_its_order() -> None:
    body = json.loads(body_of(notice(brief())))
    webhook = PAGE.partition("## webhook")[2].partition("## pagerduty")[0]
    rows = re.findall(r"^\| `(\w+)` \|", webhook, re.MULTILINE)

    assert rows == [*body, *body["alerts"][0]]


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_each_kind_of_notice_is_named(kind: NoticeKind) -> None:
    assert f"`{kind.value}`" in PAGE


def test_the_code_that_verifies_a_signature_does() -> None:
    code = PAGE.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}  # what the page defines
    exec(code, names)  # noqa: S102 - the page is ours
    body, now = body_of(notice()), time.time()

    assert names["is_genuine"](body, signature_of(body, SECRET, now), SECRET)
    assert not names["is_genuine"](body + b" ", signature_of(body, SECRET, now), SECRET)
    assert not names["is_genuine"](body, signature_of(body, "another", now), SECRET)
    assert not names["is_genuine"](body, signature_of(body, SECRET, now - 3600), SECRET)


@pytest.mark.parametrize("security", list(MailSecurity))
def test_each_ports_row_is_true(security: MailSecurity) -> None:
    assert re.search(rf"^\| `{security.value}`[^|]*\| {email.PORTS[security]} \|", PAGE, re.MULTILINE)


def test_limits_and_statuses_are_the_codes() -> None:
    for number in (slack.MOST_BLOCKS, slack.HEADER_LIMIT, slack.SECTION_LIMIT, slack.ALL_LIMIT):
        assert f"{number:,}" in PAGE.partition("## slack")[2].partition("## email")[0]
    for number in (pagerduty.EVENT_LIMIT, pagerduty.SUMMARY_LIMIT, pagerduty.DEDUP_LIMIT):
        assert f"{number:,}" in PAGE
    told = PAGE.partition("What an answer means")[2].partition("## slack")[0]
    for status in {*verdicts.NEVER_HERE, *verdicts.NOT_NOW}:
        assert str(status) in told
