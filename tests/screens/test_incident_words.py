"""What is copied for a ticket: a row, and the incident in a few plain lines."""

from __future__ import annotations

from datetime import UTC

from hive_console.ui.incident_words import MOST_LINES, incident_summary, model_row
from tests.screens import posted
from tests.screens.posted import NOW


def test_a_row_tells_state_breaker_who_serves_and_the_last_error() -> None:
    said = model_row(posted.down_model(), NOW)

    for words in ("claude-4-sonnet  (anthropic)  DOWN  for 14 m", "breaker OPEN", "traffic on gpt-5", "timed out"):
        assert words in said


def test_a_summary_begins_with_time_and_sentence_and_tells_alerts_and_holds_with_their_owners() -> None:
    lines = incident_summary(posted.held(), NOW, UTC).splitlines()

    assert lines[0] == "HIVE prod 2026-03-14 03:12:44Z"
    assert lines[1].startswith("KILL SWITCH on for provider mistral by maria")
    assert any(line.startswith("CRITICAL  claude-4-sonnet is unavailable") for line in lines)
    assert "HELD  claude-4-opus  pinned → gpt-5 by maria, 12:30 left  reason: INC-4412" in lines


def test_a_summary_is_bounded_and_counts_the_rest() -> None:
    lines = incident_summary(posted.many(500), NOW, UTC).splitlines()

    assert len(lines) == MOST_LINES + 3
    assert lines[-1].startswith("and ")
