"""The words of a notice say how bad, what, since when, who has it and what to do."""

from __future__ import annotations

import pytest

from hive_console.adapters.notifiers import escaping, wording
from hive_console.core.states import NoticeKind, Severity
from tests.adapters.notices import HOSTILE, NOW, brief, notice, over


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (NoticeKind.FIRING, "✖ CRITICAL: model unavailable: gpt_4"),
        (NoticeKind.REPEAT, "✖ CRITICAL, still: model unavailable: gpt_4"),
        (NoticeKind.ESCALATION, "✖ CRITICAL, nobody has taken it: model unavailable: gpt_4"),
        (NoticeKind.FLAPPING, "✖ CRITICAL, comes and goes: model unavailable: gpt_4"),
        (NoticeKind.DIGEST, "✖ CRITICAL: model unavailable: gpt_4"),
        (NoticeKind.RESOLVED, "○ resolved: model unavailable: gpt_4"),
        (NoticeKind.PASSED, "○ resolved, fired and passed before anybody was told: model unavailable: gpt_4"),
        (NoticeKind.ACKNOWLEDGED, "✖ CRITICAL, somebody has it: model unavailable: gpt_4"),
        (NoticeKind.TEST, "test: nothing is wrong: model unavailable: gpt_4"),
    ],
)
def test_a_headline_says_the_news_of_one_alert(kind: NoticeKind, words: str) -> None:
    assert wording.headline(notice(brief(), kind=kind)) == f"[prod] {words}"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (NoticeKind.FIRING, "✖ CRITICAL: 2 alerts"),
        (NoticeKind.REPEAT, "✖ CRITICAL, still: 2 alerts"),
        (NoticeKind.ESCALATION, "✖ CRITICAL, nobody has taken them: 2 alerts"),
        (NoticeKind.FLAPPING, "✖ CRITICAL, come and go: 2 alerts"),
        (NoticeKind.DIGEST, "✖ CRITICAL, a storm: 2 alerts"),
        (NoticeKind.RESOLVED, "○ resolved: 2 alerts"),
        (NoticeKind.PASSED, "○ resolved, fired and passed before anybody was told: 2 alerts"),
        (NoticeKind.ACKNOWLEDGED, "taken: 2 alerts"),
    ],
)
def test_a_headline_says_the_news_of_many(kind: NoticeKind, words: str) -> None:
    both = (brief(severity=Severity.INFO), brief(subject="b"))

    assert wording.headline(notice(*both, kind=kind, environment="")) == (
        f"{words}: model unavailable: gpt_4, model unavailable: b"
    )


def test_a_test_says_that_nothing_is_wrong() -> None:
    asked = notice(kind=NoticeKind.TEST, remark="asked for by mona")

    assert wording.headline(asked) == "[prod] test: nothing is wrong"
    assert wording.remarks(asked, told=0) == ("asked for by mona",)
    assert wording.headline(notice(brief(), brief(), kind=NoticeKind.TEST)) == "[prod] test: nothing is wrong"


def test_a_paragraph_says_how_bad_what_since_when_who_and_how_to_take_it() -> None:
    assert wording.paragraph(brief(times=2), NOW).lines == (
        "✖ CRITICAL: model unavailable: gpt_4",
        "5 of 5 calls failed",
        "Since 2027-01-15 07:55:00Z, for 5 m, fired anew 2 times",
        "nobody has it yet",
        "To do: Look at its last error.",
        "Runbook: docs/runbooks.md#model-unavailable",
        "To take it: hive-console alerts ack A12",
    )


def test_who_has_it_needs_no_taker() -> None:
    told = wording.paragraph(brief(acknowledged_by="mona", times=1), NOW)

    assert (told.owner, told.command) == ("mona has it", "")
    assert told.times.endswith("fired anew once")


def test_what_is_over_says_how_long_it_took_and_asks_for_nothing() -> None:
    told = wording.paragraph(over(), NOW, kind=NoticeKind.RESOLVED)

    assert told.lines == (
        "○ resolved: model unavailable: gpt_4",
        "5 of 5 calls failed",
        "From 2027-01-15 07:55:00Z to 2027-01-15 07:59:00Z, for 4 m",
    )


@pytest.mark.parametrize("severity", list(Severity))
def test_a_severity_is_a_glyph_and_a_word(severity: Severity) -> None:
    glyph, word = wording.badge_of(severity).split()

    assert len(glyph) == 1
    assert word.lower() == severity.value


def test_what_is_not_told_one_by_one_is_counted_and_a_doubtful_attempt_is_owned_up_to() -> None:
    lines = wording.remarks(notice(brief(), count=26, is_unsure=True, remark="late by 20 m"), told=1)

    assert lines[0] == "late by 20 m"
    assert "second time" in lines[1]
    assert lines[2] == "And 25 more: hive-console alerts list"
    assert "26 alerts" in wording.headline(notice(brief(), count=26, kind=NoticeKind.DIGEST))


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_hostile_words_stay_on_their_lines(kind: NoticeKind) -> None:
    alert = brief(text=HOSTILE, subject=HOSTILE, title=HOSTILE, advice=HOSTILE, acknowledged_by=HOSTILE)
    said = notice(alert, kind=kind, environment=HOSTILE, remark=HOSTILE)

    for line in (
        wording.headline(said),
        *wording.paragraph(alert, NOW, kind=kind).lines,
        *wording.remarks(said, told=1),
    ):
        assert line.isprintable()


def test_slack_reads_nothing_into_hostile_words() -> None:
    escaped = escaping.slack(HOSTILE)

    assert not set("<>*~`") & set(escaped)
    for live in ("://", "@here", "evil.example", "mailto:", "_i_"):
        assert live not in escaped
    assert (
        escaping.slack("gpt_4 at 3.5 % in 0.2 s, 14:05:03Z, a&b") == "gpt_4 at 3.5 % in 0.2 s, 14:05:03Z, a&amp;b"
    )
    assert escaping.slack_code("a`b<c>&") == "aˋb&lt;c&gt;&amp;"
    assert not set("<>&") & set(escaping.slack_plain(HOSTILE))


def test_a_header_is_one_line_of_120() -> None:
    header = escaping.mail_header(HOSTILE * 3)

    assert header.isprintable()
    assert len(header) == 120


@pytest.mark.parametrize(
    ("name", "label"),
    [("a-b c", "a_b_c"), ("9x", "_9x"), ("__name__", "name__"), ("", ""), ("é", ""), ("ok_1", "ok_1")],
)
def test_a_labels_name_is_one_that_prometheus_takes(name: str, label: str) -> None:
    assert escaping.label_name(name) == label
