"""Lines for pipes and screen readers: words, no signs, one line each, whatever comes from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.plain_words import LINE_LIMIT, in_words, utc_time
from hive_console.core.states import Action, ActionPhase, AlertRule, BreakerState, OperationResult, Severity
from hive_console.core.store import Gap, GapCause
from hive_console.core.tail_lines import gap_line, is_loud, is_told, tail_line

AT = 1_790_000_000.0
OPENED = e.BreakerChanged(
    at=AT, model="gpt-5", old=BreakerState.CLOSED, new=BreakerState.OPEN, cause="5 failures in a row"
)
GOOD_CHECK = e.ProbeFinished(at=AT, model="gpt-5", kind=OutcomeKind.SUCCESS, latency=0.2)
GOOD_CALL = e.OperationFinished(
    at=AT, operation="1", requested="gpt-5", result=OperationResult.ANSWERED, latency=1.0, attempts=1
)
LOST_CALL = e.OperationFinished(
    at=AT,
    operation="1",
    requested="gpt-5",
    result=OperationResult.FAILED,
    latency=1.0,
    attempts=1,
    kind=OutcomeKind.TIMED_OUT,
)
RAISED = e.AlertRaised(
    at=AT,
    alert_id="1",
    rule=AlertRule.MODEL_UNAVAILABLE,
    severity=Severity.CRITICAL,
    subject="gpt-5",
    text="gpt-5 is down",
)


def test_a_line_has_time_loudness_and_a_sentence_in_words() -> None:
    assert tail_line(OPENED) == "2026-09-21 14:13:20Z critical breaker gpt-5 closed to open (5 failures in a row)"


def test_a_deed_is_told_without_signs() -> None:
    done = e.OperatorActed(
        at=AT,
        action_id="1",
        actor="ann",
        action=Action.FAIL_OVER,
        phase=ActionPhase.DONE,
        target="gpt-5",
        reason="it lies",
        parameter="claude",
    )

    assert tail_line(done).endswith('ann: fail-over gpt-5 to claude "it lies" done')


@pytest.mark.parametrize("hostile", ["\x1b[2J", "a\nb", "a\r\x07b", "\u202ecba", "\x9b2J", "x" * 10_000])
def test_hostile_words_stay_one_harmless_line(hostile: str) -> None:
    line = tail_line(e.ServiceFailed(at=AT, service="gateway", message=hostile))

    assert line.isprintable()
    assert len(line.splitlines()) == 1
    assert len(line) <= LINE_LIMIT


@pytest.mark.parametrize("at", [1e300, float("nan"), float("inf"), -1e300])
def test_a_time_on_no_calendar_is_told_as_its_number(at: float) -> None:
    assert utc_time(at) == repr(at)


def test_letters_of_any_language_stay() -> None:
    assert in_words("“größer” → 日本…") == '"größer" to 日本...'


def test_a_gap_tells_how_long_why_and_what_was_lost() -> None:
    lossy = Gap(begin=AT - 20, end=AT, cause=GapCause.DISK_FULL, dropped=17, detail="no room")
    whole = Gap(begin=AT - 20, end=AT, cause=GapCause.QUEUE_FULL)

    assert gap_line(lossy) == (
        "2026-09-21 14:13:20Z warning recording not whole for 20 s (disk full, 17 events lost): no room"
    )
    assert gap_line(whole).endswith("(queue full, nothing lost)")


@pytest.mark.parametrize(
    ("event", "is_expected"), [(OPENED, True), (RAISED, True), (GOOD_CALL, True), (GOOD_CHECK, False)]
)
def test_good_checks_are_left_out_unless_asked_for(event: e.Event, *, is_expected: bool) -> None:
    assert is_told(event, with_routine=False) is is_expected
    assert is_told(event, with_routine=True)


@pytest.mark.parametrize(
    ("event", "is_expected"), [(OPENED, True), (RAISED, True), (LOST_CALL, False), (GOOD_CHECK, False)]
)
def test_a_bell_is_for_what_is_critical_and_never_for_one_request(event: e.Event, *, is_expected: bool) -> None:
    assert is_loud(event) is is_expected


def test_no_sign_of_the_narration_is_left_as_it_is() -> None:
    told = Path(e.__file__).with_name("narration.py").read_text()

    assert in_words("".join(sorted({sign for sign in told if ord(sign) > 127}))).isascii()
