"""What is told of one model: its checks and calls, its breaker's story, its chain, marks for its charts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.snapshot import SERIES_LENGTH
from hive_console.core.states import BreakerState
from hive_console.engine.client import EventPage
from hive_console.ui.model_chain import chain_lines
from hive_console.ui.model_record import CHECKS_KEPT, MOVES_KEPT, ModelRecord
from hive_console.ui.model_story import limit_lines
from hive_widgets.line_pane import Pieces
from hive_widgets.plot_parts import Part
from tests.screens import posted
from tests.screens.payloads import PAYLOADS
from tests.screens.posted import NOW, model


def text_of(lines: tuple[Pieces, ...]) -> list[str]:
    return ["".join(piece.text for piece in line) for line in lines]


def record_of(*events: e.Event, name: str = "claude-4-sonnet") -> ModelRecord:
    record = ModelRecord(name)
    record.take(EventPage(events, cursor=len(events)))
    return record


def checks_of(*events: e.Event) -> list[str]:
    return text_of(record_of(*events).check_lines(UTC))


def test_checks_and_calls_are_told_newest_first_with_their_class_their_time_and_one_line_of_why() -> None:
    said = checks_of(*posted.model_events())

    assert said[0] == " 03:00:16 ✖ trial    10s timed out  no answer in 10 s"
    assert " 02:58:18 ✖ call   440ms server error 503  upstream connect error, key sk-… redacted" in said
    assert " 02:58:26 · call    90ms rate limited 429  rate limit of 50 requests a minute" in said
    assert said[-1] == " 02:57:54 ● call    1.4s ok"


def test_a_message_of_several_lines_is_told_on_one() -> None:
    call = e.ProbeFinished(
        at=NOW, model="claude-4-sonnet", kind=OutcomeKind.MALFORMED, latency=1.0, message="a\n  b\tc"
    )

    assert checks_of(call) == [" 03:12:44 ✖ check   1.0s malformed  a b c"]


def test_what_belongs_to_another_model_is_left_out() -> None:
    assert checks_of(*posted.incident_events()) == [" 02:58:43 ✖ check    10s timed out  no answer in 10 s"]


def test_the_breakers_story_tells_when_why_and_by_whom() -> None:
    said = text_of(record_of(*posted.model_events()).story_lines(UTC))

    assert said[0] == " 03:07:54 ✖ half-open → open  timed out"
    assert said[1] == " 03:07:44 · open → half-open  by maria: vendor says so"
    assert "maria: half-open claude-4-sonnet “vendor says it is mended” ✔" in said[2]
    assert said[-1] == " 02:58:44 ✖ closed → open  5 failures: timed out"


def test_a_model_of_which_nothing_is_known_says_so() -> None:
    record = record_of(name="nobody")

    assert "no check or call" in text_of(record.check_lines(UTC))[0]
    assert "not moved" in text_of(record.story_lines(UTC))[0]


def test_a_record_is_bounded() -> None:
    calls = tuple(
        e.ProbeFinished(at=NOW + place, model="a", kind=OutcomeKind.SUCCESS, latency=1.0)
        for place in range(CHECKS_KEPT + 50)
    )
    moves = tuple(
        e.BreakerChanged(at=NOW + place, model="a", old=BreakerState.CLOSED, new=BreakerState.OPEN, cause="x")
        for place in range(MOVES_KEPT + 50)
    )

    record = record_of(*calls, *moves, name="a")

    assert len(record.check_lines(UTC)) == CHECKS_KEPT
    assert len(record.story_lines(UTC)) == MOVES_KEPT


def test_a_recording_that_is_moved_through_begins_anew() -> None:
    record = record_of(*posted.model_events())

    record.take(EventPage((), cursor=9, is_anew=True))

    assert "no check or call" in text_of(record.check_lines(UTC))[0]


def test_trips_hands_and_moved_traffic_are_marked_where_they_were() -> None:
    marks = record_of(*posted.model_events()).marks(NOW)

    # 14 minutes ago are 84 buckets, 5 minutes ago 30.
    assert {(mark.bucket, mark.part) for mark in marks} == {
        (SERIES_LENGTH - 1 - 84, Part.MOVE),
        (SERIES_LENGTH - 1 - 84, Part.TROUBLE),
        (SERIES_LENGTH - 1 - 30, Part.HAND),
    }
    assert marks[-1].part is Part.TROUBLE  # the gravest is drawn last, over the others


def test_what_is_older_than_the_charts_has_no_mark() -> None:
    assert record_of(*posted.model_events()).marks(NOW + 3600) == ()


def test_a_breaker_that_closed_is_marked() -> None:
    closed = e.BreakerChanged(
        at=NOW, model="a", old=BreakerState.HALF_OPEN, new=BreakerState.CLOSED, cause="its trial succeeded"
    )

    assert [mark.sign for mark in record_of(closed, name="a").marks(NOW, plain=True)] == ["o"]


def test_the_chain_tells_of_each_link_its_state_its_numbers_and_who_serves() -> None:
    fleet = posted.incident()
    said = text_of(chain_lines(fleet.models[0], fleet, NOW, plain=False))

    assert said[0] == " gpt-5 ● serves"
    assert said[1].split() == ["claude-4-sonnet", "✖", "DOWN", "OPEN", "0:21", "—", "100", "%", "2/10"]
    assert said[2].split() == ["═►", "1", "gpt-5", "●", "OK", "CLOSED", "2.1s", "0.4", "%", "8/10", "serving"]
    assert said[3].split() == ["2", "deepseek-v3", "▲", "DEGRADED", "HALF", "probing", "4.8s", "12.5", "%", "2/10"]
    assert said[4] == "   used sequential, weight 1"
    assert said[5] == " held by nobody"


def test_a_chain_without_stand_ins_or_with_unknown_ones_says_so() -> None:
    alone = model("a", fallbacks=())
    ghost = model("b", fallbacks=("ghost",), serving=None)
    fleet = replace(posted.healthy(), models=(alone, ghost))

    assert "it has no fallback" in "\n".join(text_of(chain_lines(alone, fleet, NOW, plain=True)))
    said = text_of(chain_lines(ghost, fleet, NOW, plain=True))
    assert "NOBODY serves" in said[0]
    assert "ghost ? not in the fleet" in said[2]


def test_a_hold_is_told_with_owner_countdown_and_reason() -> None:
    fleet = posted.held()
    opus = fleet.model("claude-4-opus")
    assert opus is not None

    assert text_of(chain_lines(opus, fleet, NOW, plain=False))[1] == (
        " pinned → gpt-5 by maria, 12:30 left  since 17 m ago  “INC-4412”"
    )


def test_the_rules_of_a_breaker_are_told_as_far_as_they_are_known() -> None:
    view = model("a")
    rated = replace(view, limits=replace(view.limits, trip_error_rate=0.5))
    unknown = replace(view, breaker=replace(view.breaker, failure_threshold=0))

    assert text_of(limit_lines(view)) == [" Opens    at 5 failures in a row; its first trial after 20 s"]
    assert "at 5 failures in a row or 50.0 % of calls failing" in text_of(limit_lines(rated))[0]
    assert limit_lines(unknown) == ()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_messages_make_one_line(payload: str) -> None:
    call = e.ProbeFinished(
        at=NOW, model="claude-4-sonnet", kind=OutcomeKind.SERVER_ERROR, latency=1.0, message=payload
    )

    (said,) = checks_of(call)

    assert len(said.splitlines()) == 1
