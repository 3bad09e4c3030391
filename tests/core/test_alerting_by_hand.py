"""Alerts about models that an operator deactivates and activates: silence, and no lasting silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.standing import ACTIVATION_CALM
from hive_console.core.holds import STOP_FILE
from hive_console.core.member import Member
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.states import AlertRule, BreakerState, HoldKind, ModelStatus
from hive_console.core.transitions import Permit
from tests.core.alert_driver import breaker, firing, status, told, tripped
from tests.core.samples import NOW, model_settings

R = AlertRule
S = BreakerState


def test_what_an_operator_deactivates_raises_no_alert() -> None:
    book = AlertBook()

    assert told(book, breaker(S.ISOLATED), status(ModelStatus.UNAVAILABLE)) == []


def test_deactivating_a_failing_model_ends_its_alerts() -> None:
    book = AlertBook()
    tripped(book)
    told(book, status(ModelStatus.UNAVAILABLE))

    resolved = told(book, breaker(S.ISOLATED, NOW + 5, old=S.OPEN))

    assert [type(event) for event in resolved] == [e.AlertResolved, e.AlertResolved]
    assert firing(book) == []


@pytest.mark.parametrize("kind", [OutcomeKind.SERVER_ERROR, OutcomeKind.KEY_REFUSED])
def test_an_activated_model_that_still_cannot_serve_raises_an_alert(kind: OutcomeKind) -> None:
    book = AlertBook()
    member = Member(model_settings("a"), NOW)
    told(book, *member.isolate(NOW, "by ada"), *member.release(NOW + 60, "by ada"))
    permit, _ = member.acquire(NOW + 61, is_probe=True)
    assert isinstance(permit, Permit)

    told(book, *member.settle(permit, Outcome(kind), NOW + 61, latency=0.1, is_probe=True))
    book.tick(NOW + 600)

    assert firing(book) != []


def activated_while_down() -> AlertBook:
    """A model that was unavailable when it was deactivated, and was activated at NOW."""
    book = AlertBook()
    told(book, status(ModelStatus.UNAVAILABLE, NOW - 60), breaker(S.ISOLATED, NOW - 30))
    told(book, breaker(S.HALF_OPEN, NOW, old=S.ISOLATED))
    return book


def test_an_activated_model_has_some_time_to_prove_itself() -> None:
    book = activated_while_down()

    assert book.tick(NOW + ACTIVATION_CALM - 0.001) == []
    raised = book.tick(NOW + ACTIVATION_CALM)

    assert [event.text for event in raised if isinstance(event, e.AlertReopened)] == [
        "a is still unavailable after its activation"
    ]
    assert book.tick(NOW + 1e6) == []


def test_an_activated_model_that_proved_itself_raises_nothing() -> None:
    book = activated_while_down()
    told(book, breaker(S.CLOSED, NOW + 1, old=S.HALF_OPEN), status(ModelStatus.AVAILABLE, NOW + 1))

    assert book.tick(NOW + ACTIVATION_CALM) == []


def test_an_activated_model_that_is_deactivated_again_raises_nothing() -> None:
    book = activated_while_down()
    told(book, breaker(S.ISOLATED, NOW + 1, old=S.HALF_OPEN))

    assert book.tick(NOW + ACTIVATION_CALM) == []


def test_a_model_that_came_back_from_deactivation_is_watched_again() -> None:
    book = AlertBook()
    told(book, breaker(S.ISOLATED), breaker(S.HALF_OPEN, old=S.ISOLATED), breaker(S.CLOSED, old=S.HALF_OPEN))

    told(book, status(ModelStatus.UNAVAILABLE, NOW + 60))

    assert firing(book) == [(R.MODEL_UNAVAILABLE, "a")]


def test_deactivating_one_model_says_nothing_about_another() -> None:
    book = AlertBook()
    told(book, breaker(S.ISOLATED, model="a"))

    assert told(book, status(ModelStatus.UNAVAILABLE, model="b")) != []


# --- the kill switch -----------------------------------------------------------------------------


def killed(target: str = "*", by: str = "ada", at: float = NOW) -> e.Event:
    return e.HoldPlaced(at=at, kind=HoldKind.KILLED, target=target, by=by, since=at, reason="a leak")


def revived(target: str = "*", by: str = "ada", at: float = NOW) -> e.Event:
    return e.HoldEnded(at=at, kind=HoldKind.KILLED, target=target, by=by, cause="by ada: mended")


def stopped(model: str = "a") -> e.Event:
    changed = status(ModelStatus.UNAVAILABLE, model=model)
    assert isinstance(changed, e.StatusChanged)
    return replace(changed, is_by_hand=True)


def test_a_kill_fires_for_as_long_as_it_stands_and_its_models_do_not() -> None:
    book = AlertBook()

    told(book, killed("provider:acme"), stopped("a"), stopped("b"))

    assert firing(book) == [(R.KILL_SWITCH, "provider:acme")]
    assert book.views()[0].text == "nothing calls all models of acme: killed by ada: a leak"
    told(book, revived("provider:acme"))
    assert firing(book) == []


def test_the_kill_of_the_file_fires_beside_a_persons() -> None:
    book = AlertBook()
    told(book, killed(), killed(by=STOP_FILE))

    told(book, revived())

    assert firing(book) == [(R.KILL_SWITCH, STOP_FILE)]


def test_other_holds_wake_nobody() -> None:
    placed = e.HoldPlaced(at=NOW, kind=HoldKind.FROZEN, target="*", by="ada", since=NOW)

    assert told(AlertBook(), placed) == []


def test_what_is_not_well_a_while_after_the_last_kill_is_an_alert() -> None:
    book = AlertBook()
    told(book, killed(), killed("a"), stopped("a"), stopped("b"), revived("a"))
    book.tick(NOW + 100)
    assert firing(book) == [(R.KILL_SWITCH, "*")]

    told(book, revived(at=NOW + 100), status(ModelStatus.AVAILABLE, NOW + 101, "b"))
    book.tick(NOW + 100 + ACTIVATION_CALM)

    assert firing(book) == [(R.MODEL_UNAVAILABLE, "a")]


def test_a_reload_ends_no_kill_and_forgets_who_left() -> None:
    book = AlertBook()
    told(book, killed(), stopped("a"))

    told(book, e.SettingsReloaded(at=NOW, source="file", models=("b",)), revived())
    book.tick(NOW + 100)

    assert firing(book) == []
