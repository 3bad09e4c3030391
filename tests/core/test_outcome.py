"""What each kind of outcome means for breaker, retry and fallback: the whole table, line by line."""

from __future__ import annotations

import pytest

from hive_console.core.outcome import CANCELLED, JUDGEMENTS, SUCCESS, Onward, Outcome, OutcomeKind, Verdict

K = OutcomeKind

BY_REFERENCE = [
    # kind, counts as, retried on the same model, who may answer instead
    (K.SUCCESS, Verdict.SUCCESS, False, Onward.NOWHERE),
    (K.CONNECTION_FAILED, Verdict.FAILURE, True, Onward.ANY),
    (K.TIMED_OUT, Verdict.FAILURE, True, Onward.ANY),
    (K.STREAM_STALLED, Verdict.FAILURE, False, Onward.ANY),
    (K.STREAM_CUT, Verdict.FAILURE, True, Onward.ANY),
    (K.SERVER_ERROR, Verdict.FAILURE, True, Onward.ANY),
    (K.OVERLOADED, Verdict.FAILURE, True, Onward.ANY),
    (K.REQUEST_TIMEOUT, Verdict.FAILURE, True, Onward.ANY),
    (K.MALFORMED, Verdict.FAILURE, True, Onward.ANY),
    (K.CONFLICT, Verdict.NEUTRAL, True, Onward.ANY),
    (K.RATE_LIMITED, Verdict.NEUTRAL, True, Onward.ANY),
    (K.QUOTA_EXHAUSTED, Verdict.NEUTRAL, False, Onward.ANY),
    (K.KEY_REFUSED, Verdict.NEUTRAL, False, Onward.ANY),
    (K.MODEL_NOT_FOUND, Verdict.NEUTRAL, False, Onward.ANY),
    (K.REFUSED, Verdict.NEUTRAL, False, Onward.ANY),
    (K.NO_ROOM, Verdict.NEUTRAL, False, Onward.ANY),
    (K.BAD_REQUEST, Verdict.NEUTRAL, False, Onward.NOWHERE),
    (K.TOO_LARGE, Verdict.NEUTRAL, False, Onward.NOWHERE),
    (K.CONTENT_FILTER, Verdict.NEUTRAL, False, Onward.NOWHERE),
    (K.CONTEXT_LENGTH, Verdict.NEUTRAL, False, Onward.LARGER_CONTEXT),
    (K.SHED, Verdict.NEUTRAL, False, Onward.NOWHERE),
    (K.CANCELLED, Verdict.NEUTRAL, False, Onward.NOWHERE),
    (K.THROTTLED, Verdict.NEUTRAL, False, Onward.ANY),
    (K.UNFIT, Verdict.NEUTRAL, False, Onward.ANY),
    (K.ENDPOINT_REFUSED, Verdict.NEUTRAL, False, Onward.ANY),
    (K.KILLED, Verdict.NEUTRAL, False, Onward.ANY),
]


@pytest.mark.parametrize(("kind", "verdict", "may_retry", "onward"), BY_REFERENCE)
def test_the_table_says_what_the_reference_says(
    kind: OutcomeKind, verdict: Verdict, *, may_retry: bool, onward: Onward
) -> None:
    judgement = Outcome(kind).judgement

    assert judgement.verdict is verdict
    assert judgement.may_retry is may_retry
    assert judgement.onward is onward


def test_every_kind_has_exactly_one_line_in_the_table() -> None:
    assert {line[0] for line in BY_REFERENCE} == set(OutcomeKind) == set(JUDGEMENTS)
    assert len(BY_REFERENCE) == len(OutcomeKind)


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_outcomes_verdict_is_its_judgements(kind: OutcomeKind) -> None:
    outcome = Outcome(kind)

    assert outcome.verdict is outcome.judgement.verdict
    assert outcome.is_success is (kind is K.SUCCESS)


@pytest.mark.parametrize("kind", OutcomeKind)
def test_a_providers_word_about_a_retry_goes_before_the_kinds(kind: OutcomeKind) -> None:
    assert Outcome(kind).may_retry is Outcome(kind).judgement.may_retry
    assert Outcome(kind, should_retry=True).may_retry
    assert not Outcome(kind, should_retry=False).may_retry


def test_a_providers_word_about_a_retry_changes_no_verdict() -> None:
    assert Outcome(K.BAD_REQUEST, should_retry=True).verdict is Verdict.NEUTRAL
    assert Outcome(K.SERVER_ERROR, should_retry=False).verdict is Verdict.FAILURE


def test_only_a_success_counts_as_one() -> None:
    successes = [kind for kind in OutcomeKind if Outcome(kind).verdict is Verdict.SUCCESS]

    assert successes == [K.SUCCESS]


@pytest.mark.parametrize("kind", [K.MALFORMED, K.STREAM_CUT, K.STREAM_STALLED])
def test_f3_an_answer_that_came_but_is_no_answer_counts_as_a_failure(kind: OutcomeKind) -> None:
    assert Outcome(kind, status=200).verdict is Verdict.FAILURE


@pytest.mark.parametrize("kind", [K.KEY_REFUSED, K.QUOTA_EXHAUSTED, K.BAD_REQUEST, K.MODEL_NOT_FOUND])
def test_what_cannot_succeed_is_not_retried(kind: OutcomeKind) -> None:
    assert not Outcome(kind).judgement.may_retry


@pytest.mark.parametrize("kind", [K.SERVER_ERROR, K.KEY_REFUSED])
@pytest.mark.parametrize("word", [True, False])
def test_the_providers_own_word_about_a_retry_is_stronger_than_the_table(kind: OutcomeKind, *, word: bool) -> None:
    assert Outcome(kind, should_retry=word).may_retry is word


@pytest.mark.parametrize("kind", OutcomeKind)
def test_without_a_word_of_the_provider_the_table_says_whether_to_retry(kind: OutcomeKind) -> None:
    assert Outcome(kind).may_retry is JUDGEMENTS[kind].may_retry


def test_a_full_bulkhead_is_no_failure_of_the_model() -> None:
    assert Outcome(K.NO_ROOM).verdict is Verdict.NEUTRAL


def test_the_named_outcomes_are_of_their_kind() -> None:
    assert SUCCESS.kind is K.SUCCESS
    assert CANCELLED.kind is K.CANCELLED
