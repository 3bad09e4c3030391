"""The alert book: once per rule and subject, acknowledged by a person, resolved when the cause is over."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.alerting.book import KEPT_RESOLVED, AlertBook
from hive_console.core.alerting.standing import EXHAUSTED_CALM, EXHAUSTED_KEEP, FLEET
from hive_console.core.states import AlertRule, AlertState, BreakerState, ModelStatus, OperationResult, Severity
from tests.core.alert_driver import breaker, down, exhausted, firing, operation, status, told, tripped, up
from tests.core.samples import NOW, every_event

R = AlertRule
S = BreakerState


def test_an_empty_book_shows_nothing() -> None:
    assert AlertBook().views() == ()


def test_an_unavailable_model_raises_an_alert_that_says_why() -> None:
    book = AlertBook(prefix="run-")

    raised = told(book, down())

    assert raised == [
        e.AlertRaised(
            at=NOW,
            alert_id="run-1",
            rule=R.MODEL_UNAVAILABLE,
            severity=Severity.WARNING,
            subject="a",
            text="a is unavailable: server error",
            labels=("model=a",),
        )
    ]
    assert [alert.alert_id for alert in book.views()] == ["run-1"]


def test_an_open_breaker_raises_an_alert_that_says_why() -> None:
    raised = tripped(AlertBook())

    assert [(event.rule, event.text) for event in raised if isinstance(event, e.AlertRaised)] == [
        (R.BREAKER_OPEN, "breaker of a is open: 5 failures in a row")
    ]


def test_h5_a_condition_that_stays_raises_once() -> None:
    book = AlertBook()

    events = told(
        book,
        *(breaker(S.OPEN, NOW + second) for second in range(20)),
        *(status(ModelStatus.UNAVAILABLE, NOW + second) for second in range(20)),
        *(exhausted(NOW + second) for second in range(20)),
    )

    assert [type(event) for event in events] == [e.AlertRaised, e.AlertRaised]
    assert firing(book) == [(R.MODEL_UNAVAILABLE, "a"), (R.FALLBACKS_EXHAUSTED, "a")]


def test_h5_severities_are_of_the_one_enum() -> None:
    book = AlertBook()
    told(book, down(), exhausted())

    assert [alert.severity for alert in book.views()] == [Severity.WARNING, Severity.CRITICAL]


def test_a1_the_alert_of_one_model_does_not_swallow_that_of_another() -> None:
    book = AlertBook()

    raised = told(book, down(model="a"), down(model="b"))

    assert [event.subject for event in raised if isinstance(event, e.AlertRaised)] == ["a", "b"]


def test_a2_an_alert_is_resolved_when_its_condition_ends() -> None:
    book = AlertBook()
    tripped(book)
    told(book, down())

    resolved = told(book, breaker(S.CLOSED, NOW + 30, old=S.HALF_OPEN), up(NOW + 30))

    assert resolved == [
        e.AlertResolved(
            at=NOW + 30, alert_id="A1", rule=R.BREAKER_OPEN, subject="a", lasted=30.0, cause="5 failures in a row"
        ),
        e.AlertResolved(
            at=NOW + 30, alert_id="A2", rule=R.MODEL_UNAVAILABLE, subject="a", lasted=30.0, cause="server error"
        ),
    ]
    assert firing(book) == []
    assert {alert.resolved_at for alert in book.views()} == {NOW + 30}


def test_a2_the_book_does_not_grow_for_ever() -> None:
    book = AlertBook()

    for number in range(KEPT_RESOLVED + 50):
        told(book, down(NOW + 700 * number), up(NOW + 700 * number))

    views = book.views()
    assert len(views) == KEPT_RESOLVED
    assert views[0].alert_id == f"A{KEPT_RESOLVED + 50}"
    assert views[-1].alert_id == "A51"


def test_an_end_without_a_beginning_is_no_news() -> None:
    assert told(AlertBook(), breaker(S.CLOSED), status(ModelStatus.AVAILABLE)) == []


def test_a_new_episode_is_a_new_alert() -> None:
    book = AlertBook()

    raised = told(book, down(), up(NOW + 1), down(NOW + 602))[-1]

    assert isinstance(raised, e.AlertRaised)
    assert raised.alert_id == "A2"


def test_a_trial_neither_raises_nor_resolves() -> None:
    book = AlertBook()
    tripped(book)

    assert told(book, breaker(S.HALF_OPEN, NOW + 20, old=S.OPEN)) == []
    assert firing(book) == [(R.BREAKER_OPEN, "a")]


@pytest.mark.parametrize("new", [ModelStatus.UNKNOWN, ModelStatus.AVAILABLE, ModelStatus.DEGRADED])
def test_every_status_but_unavailable_ends_the_alert(new: ModelStatus) -> None:
    book = AlertBook()
    told(book, status(ModelStatus.UNAVAILABLE))

    told(book, status(new, NOW + 1))

    assert firing(book) == []


# --- the fleet -----------------------------------------------------------------------------------


def test_a3_the_text_of_degraded_mode_is_in_percent() -> None:
    book = AlertBook()

    raised = told(book, e.DegradedModeEntered(at=NOW, available_share=0.5, threshold=0.6))[0]

    assert isinstance(raised, e.AlertRaised)
    assert raised.text == "only 50.0 % of models available, threshold 60.0 %"
    assert (raised.subject, raised.severity) == (FLEET, Severity.CRITICAL)
    assert "{" not in raised.text


def test_leaving_degraded_mode_resolves_it() -> None:
    book = AlertBook()
    told(book, e.DegradedModeEntered(at=NOW, available_share=0.5, threshold=0.6))

    resolved = told(book, e.DegradedModeLeft(at=NOW + 9, available_share=1.0, threshold=0.6, lasted=9.0))

    assert [type(event) for event in resolved] == [e.AlertResolved]


# --- exhausted routes ----------------------------------------------------------------------------


def test_an_exhausted_route_is_critical_and_says_what_came_last() -> None:
    book = AlertBook()

    raised = told(book, exhausted())[0]

    assert isinstance(raised, e.AlertRaised)
    assert (raised.rule, raised.severity) == (R.FALLBACKS_EXHAUSTED, Severity.CRITICAL)
    assert raised.text == "no model answered for a: timed out"


def test_a_good_answer_ends_it_only_after_a_calm_time() -> None:
    book = AlertBook()
    told(book, exhausted())

    assert told(book, operation(NOW + EXHAUSTED_CALM - 0.001)) == []
    assert [type(event) for event in told(book, operation(NOW + EXHAUSTED_CALM))] == [e.AlertResolved]


def test_another_exhausted_operation_begins_the_calm_time_anew() -> None:
    book = AlertBook()
    told(book, exhausted(), exhausted(NOW + EXHAUSTED_CALM))

    assert told(book, operation(NOW + EXHAUSTED_CALM + 1)) == []


@pytest.mark.parametrize("result", [kind for kind in OperationResult if kind is not OperationResult.ANSWERED])
def test_only_an_answer_ends_it(result: OperationResult) -> None:
    book = AlertBook()
    told(book, exhausted())

    assert told(book, operation(NOW + EXHAUSTED_CALM, result)) == []


def test_an_answer_on_another_route_ends_nothing() -> None:
    book = AlertBook()
    told(book, exhausted(model="a"))

    assert told(book, operation(NOW + EXHAUSTED_CALM, model="b")) == []


def test_without_any_traffic_it_ends_after_a_while() -> None:
    book = AlertBook()
    told(book, exhausted(model="a"), exhausted(NOW + 10, model="b"))

    assert book.tick(NOW + EXHAUSTED_KEEP - 0.001) == []
    first = book.tick(NOW + EXHAUSTED_KEEP)
    second = book.tick(NOW + EXHAUSTED_KEEP + 10)

    assert [event.subject for event in first if isinstance(event, e.AlertResolved)] == ["a"]
    assert [event.subject for event in second if isinstance(event, e.AlertResolved)] == ["b"]
    assert book.tick(NOW + 1e6) == []


# --- acknowledgement -----------------------------------------------------------------------------


def test_a4_a_firing_alert_can_be_acknowledged_once() -> None:
    book = AlertBook()
    told(book, down(model="a"), down(model="b"))

    acknowledged = book.acknowledge("A2", "ada", "on it", NOW + 5)

    assert acknowledged == [
        e.AlertAcknowledged(
            at=NOW + 5,
            alert_id="A2",
            rule=R.MODEL_UNAVAILABLE,
            subject="b",
            actor="ada",
            note="on it",
            until=NOW + 5 + 14_400,
        )
    ]
    assert book.acknowledge("A2", "bob", "me too", NOW + 6) == []
    by_id = {alert.alert_id: alert for alert in book.views()}
    assert (by_id["A2"].acknowledged_by, by_id["A2"].acknowledged_at, by_id["A2"].note) == ("ada", NOW + 5, "on it")
    assert not by_id["A2"].wants_attention
    assert by_id["A1"].wants_attention


def test_an_acknowledged_alert_goes_on_firing_and_does_not_raise_again() -> None:
    book = AlertBook()
    told(book, down())
    book.acknowledge("A1", "ada", "", NOW)

    assert told(book, down(NOW + 1)) == []
    assert firing(book) == [(R.MODEL_UNAVAILABLE, "a")]


def test_an_acknowledged_alert_is_resolved_like_any_other_and_keeps_its_name() -> None:
    book = AlertBook()
    told(book, down())
    book.acknowledge("A1", "ada", "", NOW)

    resolved = told(book, up(NOW + 5))

    assert [type(event) for event in resolved] == [e.AlertResolved]
    assert book.views()[0].acknowledged_by == "ada"


def test_an_acknowledgement_that_races_the_end_revives_nothing() -> None:
    book = AlertBook()
    told(book, down(), up(NOW + 1))

    assert book.acknowledge("A1", "ada", "", NOW + 2) == []
    assert book.views()[0].state is AlertState.RESOLVED
    assert book.acknowledge("A99", "ada", "", NOW) == []


# --- the view ------------------------------------------------------------------------------------


def test_firing_alerts_come_first_newest_first_then_the_resolved_ones_newest_first() -> None:
    book = AlertBook()
    told(
        book,
        down(NOW, "a"),
        down(NOW + 1, "b"),
        down(NOW + 2, "c"),
        down(NOW + 3, "d"),
        up(NOW + 4, "c"),
        up(NOW + 5, "a"),
    )

    assert [alert.subject for alert in book.views()] == ["d", "b", "a", "c"]


def test_the_view_is_made_once_until_something_changes() -> None:
    book = AlertBook()
    told(book, down())
    first = book.views()

    told(book, down())
    assert book.views() is first

    book.acknowledge("A1", "ada", "", NOW)
    assert book.views() != first


def test_f7_two_books_share_nothing() -> None:
    first, second = AlertBook(), AlertBook()

    told(first, down())

    assert second.views() == ()
    assert told(second, down()) != []


def test_any_event_may_be_observed() -> None:
    book = AlertBook()

    caused = [event for event in every_event() for event in book.observe(event)]

    assert {type(event) for event in caused} <= {e.AlertRaised, e.AlertReopened, e.AlertResolved, e.AlertMuted}


# --- refused keys --------------------------------------------------------------------------------


def test_a_refused_key_is_critical_and_says_whom_it_concerns_and_what_to_do() -> None:
    book = AlertBook()
    quarantined = e.KeyQuarantined(at=NOW, key="env:ACME_KEY", provider="acme", models=("a", "b"))

    raised = told(book, quarantined)[0]

    assert isinstance(raised, e.AlertRaised)
    assert (raised.rule, raised.subject, raised.severity) == (R.KEY_REFUSED, "a", Severity.CRITICAL)
    assert raised.text.startswith("acme refuses the key env:ACME_KEY: a, b left alone; replace it")
    assert told(book, quarantined) == []


def test_a_key_that_is_taken_again_ends_its_alert() -> None:
    book = AlertBook()
    told(book, e.KeyQuarantined(at=NOW, key="", provider="acme", models=("a",)))

    resolved = told(book, e.KeyRestored(at=NOW + 60, key="", provider="acme", models=("a",)))

    assert [type(event) for event in resolved] == [e.AlertResolved]


def test_an_exhausted_virtual_model_has_its_own_alert() -> None:
    book = AlertBook()
    told(book, exhausted(route="smart"))

    plain = told(book, operation(NOW + EXHAUSTED_CALM))
    virtual = told(book, operation(NOW + EXHAUSTED_CALM, route="smart"))

    assert plain == []
    assert [event.subject for event in virtual if isinstance(event, e.AlertResolved)] == ["smart"]
