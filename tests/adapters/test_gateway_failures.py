"""What clients are told when no model answers: statuses, texts, and what must never be in them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hive_console.adapters.gateway.failures import (
    Failure,
    failure_of_operation,
    failure_of_stream,
    failure_of_unknown_model,
)
from hive_console.adapters.gateway.headers import headers_of
from hive_console.adapters.gateway.pages import health_page
from hive_console.core.errors import OperationFailed, UnknownModel
from hive_console.core.hop import Hop
from hive_console.core.outcome import Onward, Outcome, OutcomeKind
from hive_console.core.states import ModelStatus
from tests.adapters.operations import BY_FALLBACK, FLEET, KEY, view_of


def failed(
    outcome: Outcome, *, tried: tuple[str, ...] = ("gpt-4", "claude-3"), retry_after: float | None = None
) -> Failure:
    return failure_of_operation(OperationFailed("gpt-4", outcome, tried=tried, retry_after=retry_after))


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_every_kind_of_outcome_has_an_error_status(kind: OutcomeKind) -> None:
    assert 400 <= failed(Outcome(kind)).status < 600


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_only_what_the_caller_can_mend_is_a_4xx(kind: OutcomeKind) -> None:
    is_callers = Outcome(kind).judgement.onward is not Onward.ANY and kind not in {
        OutcomeKind.SUCCESS,
        OutcomeKind.CANCELLED,
        OutcomeKind.SHED,
    }

    is_told_as_such = kind in {OutcomeKind.RATE_LIMITED, OutcomeKind.THROTTLED, OutcomeKind.UNFIT}

    assert (failed(Outcome(kind)).status < 500) == (is_callers or is_told_as_such)


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_no_address_key_or_control_character_is_told(kind: OutcomeKind) -> None:
    hostile = f"\x1b[2J https://upstream.invalid/v1?key={KEY} said {KEY} \u202e"

    body = failed(Outcome(kind, message=hostile)).body().decode()

    assert "upstream.invalid" not in body
    assert KEY not in body
    assert json.loads(body)["error"]["message"].isprintable()


def test_callers_of_what_is_killed_are_told_the_reason_and_not_to_try_again() -> None:
    failure = failed(Outcome(OutcomeKind.KILLED, message="stopped by hand: data leak"), tried=())

    assert failure.message == (
        "no model can serve gpt-4 now: the last one asked may not be called: stopped by hand: data leak"
    )
    assert (failure.status, failure.code) == (503, "killed")
    assert failure.headers() == {"Retry-After": "30", "x-should-retry": "false"}


def test_a_stream_that_a_kill_ends_says_why() -> None:
    failure = failure_of_stream(Outcome(OutcomeKind.KILLED, message="stopped by hand: data leak"), "gpt-4")

    assert failure.message == (
        "gpt-4 may not be called: stopped by hand: data leak; the answer above is incomplete"
    )
    assert failure.code == "killed"


def test_the_providers_own_words_reach_a_caller_who_can_mend_the_request() -> None:
    failure = failed(Outcome(OutcomeKind.BAD_REQUEST, message="temperature must be at most 2"))

    assert failure.message == "claude-3 refused the request: temperature must be at most 2"


def test_an_upstreams_words_about_itself_stay_here() -> None:
    failure = failed(Outcome(OutcomeKind.CONNECTION_FAILED, message="cannot connect to 10.0.0.5 port 443"))

    assert (
        failure.message == "no model answered for gpt-4: tried gpt-4, claude-3; the last one could not be reached"
    )


@pytest.mark.parametrize(
    ("outcome_says", "engine_says", "told"),
    [(None, None, "1"), (None, 0.2, "1"), (None, 12.01, "13"), (30.0, None, "30"), (30.0, 5.0, "5")],
)
def test_retry_after_is_the_earliest_chance_in_whole_seconds(
    outcome_says: float | None, engine_says: float | None, told: str
) -> None:
    failure = failed(Outcome(OutcomeKind.RATE_LIMITED, retry_after=outcome_says), retry_after=engine_says)

    assert failure.headers()["Retry-After"] == told


def test_what_the_caller_must_mend_is_not_said_to_mend_itself() -> None:
    assert "Retry-After" not in failed(Outcome(OutcomeKind.BAD_REQUEST), retry_after=0.0).headers()


def test_nothing_tried_means_nothing_could_be() -> None:
    failure = failed(Outcome(OutcomeKind.REFUSED), tried=(), retry_after=7.5)

    assert failure.status == 503
    assert failure.headers()["Retry-After"] == "8"
    assert failure.message == "no model can serve gpt-4 now: the last one asked takes no calls"


@pytest.mark.parametrize(
    "kind", [OutcomeKind.KEY_REFUSED, OutcomeKind.QUOTA_EXHAUSTED, OutcomeKind.MODEL_NOT_FOUND]
)
def test_clients_are_told_not_to_repeat_what_only_a_person_can_mend(kind: OutcomeKind) -> None:
    assert failed(Outcome(kind)).headers()["x-should-retry"] == "false"


def test_an_unknown_model_lists_some_of_many_names() -> None:
    failure = failure_of_unknown_model(UnknownModel("x\r\ny", tuple(f"model-{number}" for number in range(100))))

    assert failure.message.isprintable()
    assert "model-29 and 70 more" in failure.message


def test_headers_hold_one_line_of_ascii() -> None:
    provenance = replace(BY_FALLBACK, served_by="évil\r\nx-other: 1\x1b", trail=(Hop("é", "\n", 0.1),) * 500)

    for value in headers_of(provenance).values():
        assert value.isascii()
        assert value.isprintable()
        assert len(value) <= 1000


def test_no_trail_is_no_header() -> None:
    assert "x-hive-trail" not in headers_of(replace(BY_FALLBACK, trail=()))


def test_the_trail_tells_the_last_hops_and_counts_the_rest() -> None:
    provenance = replace(BY_FALLBACK, trail=tuple(Hop(f"m{number}", "server_error", 0.1) for number in range(15)))

    assert headers_of(provenance)["x-hive-trail"].startswith("3 earlier, m3 server_error 100ms, m4 ")


def test_health_says_unavailable_when_no_model_can_serve() -> None:
    fleet = replace(FLEET, models=(view_of("gpt-4", ModelStatus.UNAVAILABLE, None),), is_degraded=True)

    assert health_page(fleet)["status"] == "unavailable"


def test_health_says_degraded_in_degraded_mode() -> None:
    assert health_page(replace(FLEET, is_degraded=True))["status"] == "degraded"
