"""What `/` understands in the inbox."""

from __future__ import annotations

import pytest

from hive_console.ui.alert_filter import FLAGS, KEYS, complete, parse, provider_of
from tests.screens.alert_scenes import busy
from tests.screens.payloads import PAYLOADS
from tests.screens.posted import NOW, alert

FLEET = busy()


def admitted(line: str, me: str = "maria") -> list[str]:
    asked = parse(line)
    return [one.alert_id for one in FLEET.alerts if asked.admits(one, FLEET, NOW, me=me)]


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("rule:breaker", ["A-4"]),
        ("provider:deepseek", ["A-5", "A-6"]),
        ("severity:error,info", ["A-2", "A-5"]),
        ("model:gpt-5", ["A-3"]),
        ("subject:grok", ["A-2", "A-0"]),
        ("by:maria", ["A-4"]),
        ("told:pager", ["A-1"]),
        ("group:x", []),
        ("mine", ["A-4"]),
        ("waiting", ["A-1", "A-2", "A-3"]),
        ("taken", ["A-4"]),
        ("silenced", ["A-5", "A-6"]),
        ("inhibited", ["A-7"]),
        ("muted", ["A-5", "A-6", "A-7"]),
        ("resolved", ["A-0"]),
        ("flapping", ["A-3"]),
        ("reopened", ["A-1"]),
        ("untold", ["A-1"]),
        ("firing !muted !taken !severity:warning", ["A-1", "A-2"]),
        ("since<4m", ["A-2", "A-5", "A-6"]),
        ("since>=2h", ["A-0"]),
        ("~gk3", ["A-2", "A-0"]),
        ("status page", ["A-4"]),
        ("pending", []),
    ],
)
def test_words_narrow_the_inbox(line: str, ids: list[str]) -> None:
    assert admitted(line) == ids


def test_nothing_is_mine_while_nobody_knows_who_i_am() -> None:
    assert admitted("mine", me="") == []


@pytest.mark.parametrize(
    ("line", "is_shown"),
    [("pending", True), ("429", True), ("waiting", False), ("firing", False), ("rule:slow", False)],
)
def test_what_is_no_alert_yet_is_narrowed_too(line: str, is_shown: bool) -> None:  # noqa: FBT001 - pytest passes parameters by name
    assert parse(line).admits_pending(FLEET.pending[0], FLEET, NOW) is is_shown


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rule:", "at 1: write rule: and then what is wanted"),
        ("x since:5", "at 3: since:5: write since<15m or since>2h"),
        ("rulr:breaker", "at 1: rulr:breaker is no word of this filter; did you mean rule?"),
    ],
)
def test_what_is_not_understood_is_told_with_its_place(line: str, said: str) -> None:
    (problem,) = parse(line).problems

    assert str(problem) == said


def test_a_word_that_is_not_understood_narrows_nothing() -> None:
    assert admitted("since<x waiting") == admitted("waiting")


def test_the_provider_of_an_alert_without_labels_is_that_of_its_model() -> None:
    assert provider_of(alert("a"), FLEET) == "anthropic"
    assert provider_of(alert("a", subject="nobody"), FLEET) == ""


def test_tab_completes_keys_flags_and_values() -> None:
    assert complete("prov", 4, FLEET).line == "provider:"
    assert complete("!sil", 4, FLEET).line == "!silenced"
    assert complete("severity:cr", 11, FLEET).line == "severity:critical"
    assert complete("provider:de", 11, FLEET).line == "provider:deepseek"
    assert set(complete("", 0, FLEET).offers) >= {*FLAGS, "since<"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_breaks_it(payload: str) -> None:
    for key in KEYS:
        parse(f"{key}:{payload} !{payload}").admits(FLEET.alerts[0], FLEET, NOW, me=payload)
    complete(payload, len(payload), FLEET)
