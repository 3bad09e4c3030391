"""What a dialog asks, what of it is a promise, and how its outcome is told; without a terminal."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import pytest

from hive_console.core.command import CommandResult
from hive_console.core.errors import RecordingFailed
from hive_console.core.events import OperatorActed
from hive_console.core.evidence import Check, Standing
from hive_console.core.states import Action, ActionPhase
from hive_console.ui.deed_errand import ENDED_EARLY, Errand, Outcome
from hive_console.ui.deed_outcome import Aftermath, outcome_lines, verdict
from hive_console.ui.deed_question import CHANGED, Question, fact_lines, story_of
from hive_console.ui.deeds import RECENT, recent_reasons
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import Pieces
from tests.screens.payloads import PAYLOADS
from tests.screens.posted import NOW

ASKED = Question(
    "Fail over a → gpt-5",
    now="unavailable",
    effect="gpt-5 is asked first",
    capacity="gpt-5 carries 8 of 10 calls now and would carry 10",
    chain="behind gpt-5: b",
    warnings=("gpt-5 is degraded",),
)


def text_of(lines: list[Pieces]) -> str:
    return "\n".join("".join(piece.text for piece in line) for line in lines)


def test_other_figures_are_the_same_promise() -> None:
    busier = replace(ASKED, capacity="gpt-5 carries 9 of 10 calls now and would carry 11", now="degraded")

    assert busier.promise == ASKED.promise


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, effect="gpt-4 is asked first"),
        replace(ASKED, capacity="gpt-5 carries 8 of 10 calls now and would carry 12: 2 too many, which wait"),
        replace(ASKED, chain="thin: nobody who could serve stands behind gpt-5"),
        replace(ASKED, warnings=()),
        replace(ASKED, must_type="a"),
        replace(ASKED, refusal="gone"),
    ],
)
def test_other_words_are_another_promise(other: Question) -> None:
    assert other.promise != ASKED.promise


def test_what_changed_is_marked_and_the_rest_is_not() -> None:
    told = text_of(story_of(replace(ASKED, chain="behind gpt-5: c"), 72, read=ASKED))

    assert told.count(CHANGED) == 1
    assert f"Chain    {CHANGED}behind gpt-5: c" in told


def test_what_is_missing_takes_the_place_of_what_would_happen() -> None:
    told = text_of(story_of(replace(ASKED, missing="type the new weight"), 72))

    assert "Missing  type the new weight" in told
    assert "Effect" not in told


def test_a_fact_takes_as_many_lines_as_it_is_given() -> None:
    assert [len(fact_lines("Now", "word " * 60, 40, most=most)) for most in (4, 2, 1)] == [4, 2, 1]


# --- what became of it ---


def future_of(result: CommandResult) -> Future[CommandResult]:
    future: Future[CommandResult] = Future()
    future.set_result(result)
    return future


def test_an_errand_under_way_has_no_outcome() -> None:
    held: Future[CommandResult] = Future()
    errand = Errand(lambda: [future_of(CommandResult(is_done=True, message="")), held])
    before = errand.outcome()
    held.set_result(CommandResult(is_done=False, message="too late"))

    assert before is None
    assert errand.outcome() == Outcome(CommandResult(is_done=False, message="too late"))


def test_an_errand_that_could_not_be_said_ends_at_once() -> None:
    def fail() -> list[Future[CommandResult]]:
        raise RecordingFailed("no loop")

    assert Errand(fail).outcome() == Outcome(None, "no loop")


def test_an_errand_whose_engine_ended_says_so() -> None:
    held: Future[CommandResult] = Future()
    held.cancel()

    assert Errand(lambda: [held]).outcome() == Outcome(None, ENDED_EARLY)


DONE = Outcome(CommandResult(is_done=True, message="fail-over a done", action_id="a-1"))
SEEN, AWAITED = Check("route moved", Standing.SEEN), Check("no request came yet", Standing.AWAITED)
UNSEEN, FAILED = Check("no request came yet", Standing.UNSEEN), Check("it failed", Standing.FAILED)


def test_a_checklist_says_each_state_by_sign_and_by_word() -> None:
    lines = outcome_lines("Deed", DONE, Aftermath((SEEN, AWAITED, UNSEEN, FAILED)), 72, most=4, plain=False)

    assert text_of(lines).splitlines()[2:] == [
        "✔ done, audited as a-1",
        "✔ route moved",
        "… waiting: no request came yet",
        "▲ not seen: no request came yet",
        "✖ not so: it failed",
    ]


def test_a_checklist_has_plain_signs() -> None:
    told = text_of(outcome_lines("Deed", DONE, Aftermath((SEEN, AWAITED, UNSEEN, FAILED)), 72, most=4, plain=True))

    assert told.isascii()
    assert [line[0] for line in told.splitlines()[2:]] == ["v", "v", ".", "!", "X"]


@pytest.mark.parametrize(
    ("checks", "words", "role"),
    [
        ((), "", Role.GOOD),
        ((SEEN,), "it worked", Role.GOOD),
        ((SEEN, AWAITED), "watching until it is proven", Role.WARN),
        ((SEEN, UNSEEN), "not all of it was seen in time", Role.WARN),
        ((SEEN, AWAITED, FAILED), "not all is well", Role.BAD),
    ],
)
def test_the_verdict_is_never_better_than_its_worst_line(checks: tuple[Check, ...], words: str, role: Role) -> None:
    said, looks = verdict(DONE, checks)

    assert words in said
    assert looks is role


def test_nothing_is_watched_after_a_refusal() -> None:
    refused = Outcome(CommandResult(is_done=False, message="no"))

    assert verdict(refused, (SEEN,)) == ("nothing was changed", Role.BAD)
    assert "route moved" not in text_of(outcome_lines("D", refused, Aftermath((SEEN,)), 72, most=4, plain=False))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_texts_of_an_outcome_stay_within_their_lines(payload: str) -> None:
    outcome = Outcome(CommandResult(is_done=True, message=payload, action_id=payload))
    after = Aftermath((Check(payload, Standing.FAILED),), (("Now", payload),))

    lines = outcome_lines(payload, outcome, after, 40, most=2, plain=False)

    assert len(lines) <= 2 + 2 + 2 + 1 + 2
    assert "\x1b" not in text_of(lines[1:])


# --- reasons that were given before ---


def acted(reason: str, phase: ActionPhase = ActionPhase.INTENDED) -> OperatorActed:
    return OperatorActed(
        at=NOW, action_id="a", actor="maria", action=Action.TRIP, phase=phase, target="x", reason=reason
    )


def test_recent_reasons_are_told_once_the_latest_first() -> None:
    events = [acted("a"), acted("b"), acted("a"), acted("", ActionPhase.INTENDED), acted("c", ActionPhase.DONE)]

    assert recent_reasons(events) == ("a", "b")


def test_what_an_undo_says_of_itself_is_no_reason() -> None:
    assert recent_reasons([acted("undo trip")]) == ()


def test_recent_reasons_are_bounded() -> None:
    assert len(recent_reasons([acted(str(number)) for number in range(100)])) == RECENT
