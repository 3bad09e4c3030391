"""Tells an alert book what happened, and reads what fires."""

from __future__ import annotations

import json

from hive_console.core import events as e
from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.saved import (
    SILENCE_SLOTS,
    SLOTS,
    pending_of_record,
    record_of_pending,
    record_of_silences,
    record_of_slot,
    silences_of_record,
    slot_of_record,
)
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.events import Event
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import Settings
from hive_console.core.snapshot import AlertView, SilenceView
from hive_console.core.states import (
    AlertRule,
    AlertState,
    BreakerState,
    ModelStatus,
    OperationResult,
    Severity,
)
from tests.core.samples import NOW

PROVIDER = "acme"


def breaker(new: BreakerState, at: float = NOW, model: str = "a", old: BreakerState = BreakerState.CLOSED) -> Event:
    return e.BreakerChanged(at=at, model=model, old=old, new=new, cause="5 failures in a row")


def status(new: ModelStatus, at: float = NOW, model: str = "a") -> Event:
    return e.StatusChanged(at=at, model=model, old=ModelStatus.UNKNOWN, new=new, cause="server error")


def tripped(book: AlertBook, at: float = NOW, model: str = "a") -> list[Event]:
    """A breaker that has been open for long enough to be an alert."""
    return [*told(book, breaker(BreakerState.OPEN, at - 60, model)), *book.tick(at)]


def down(at: float = NOW, model: str = "a") -> Event:
    """What fires at once."""
    return status(ModelStatus.UNAVAILABLE, at, model)


def up(at: float = NOW, model: str = "a") -> Event:
    """What ends it at once."""
    return status(ModelStatus.AVAILABLE, at, model)


def exhausted(at: float = NOW, model: str = "a", route: str = "") -> Event:
    return e.FallbacksExhausted(
        at=at,
        operation="o",
        requested=model,
        tried=("a", "b"),
        kind=OutcomeKind.TIMED_OUT,
        cause="timed out",
        route=route,
    )


def operation(
    at: float, result: OperationResult = OperationResult.ANSWERED, model: str = "a", route: str = ""
) -> Event:
    return e.OperationFinished(
        at=at, operation="o", requested=model, result=result, latency=1.0, attempts=1, route=route
    )


def told(book: AlertBook, *events: Event) -> list[Event]:
    return [caused for event in events for caused in book.observe(event)]


def firing(book: AlertBook) -> list[tuple[AlertRule, str]]:
    return [(alert.rule, alert.subject) for alert in book.views() if alert.state is AlertState.FIRING]


# --- looks at conditions, of which a test says itself what they are -----------------------------------


def bad(
    rule: AlertRule = AlertRule.MODEL_UNAVAILABLE,
    model: str = "a",
    *,
    text: str = "it is out",
    severity: Severity | None = None,
    labels: tuple[tuple[str, str], ...] | None = None,
) -> Sighting:
    """Something is wrong with this model of the one provider."""
    usual = (("model", model), ("provider", PROVIDER))
    return Sighting(
        rule=rule,
        subject=model,
        is_bad=True,
        text=text,
        severity=severity,
        labels=usual if labels is None else labels,
    )


def good(rule: AlertRule = AlertRule.MODEL_UNAVAILABLE, model: str = "a", *, is_gone: bool = False) -> Sighting:
    return Sighting(rule=rule, subject=model, is_bad=False, cause="it answers", is_gone=is_gone)


def provider_down() -> Sighting:
    return bad(AlertRule.PROVIDER_DOWN, PROVIDER, text="all out", labels=(("provider", PROVIDER),))


def see(book: AlertBook, at: float, *sightings: Sighting) -> list[Event]:
    return book.see(sightings, at)


def one(book: AlertBook, alert_id: str = "A1") -> AlertView:
    """An alert that the book knows."""
    alert = book.alert(alert_id)
    assert alert is not None
    return alert


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def wanted(
    *matchers: str, begins: float = NOW, lasts: float = 3600.0, ends_on_resolve: bool = False
) -> SilenceView:
    """A silence as somebody asks for it."""
    return SilenceView("", matchers, "ada", "a move", begins, begins + lasts, ends_on_resolve=ends_on_resolve)


def restarted(book: AlertBook, at: float, settings: Settings | None = None) -> AlertBook:
    """The book of the next process, out of what this one wrote; not reconciled yet."""
    again = AlertBook(settings)
    rows = json.loads(
        json.dumps(
            {
                "alerts": [record_of_slot(book.save(number)) for number in range(SLOTS)],
                "silences": [record_of_silences(book.save_silences(number)) for number in range(SILENCE_SLOTS)],
                "pending": record_of_pending(book.save_pending()),
            }
        )
    )
    again.restore(
        [slot_of_record(row, number) for number, row in enumerate(rows["alerts"])],
        at,
        silences=[silences_of_record(row, number) for number, row in enumerate(rows["silences"])],
        pending=pending_of_record(rows["pending"]),
    )
    return again


def still(_rule: AlertRule, _subject: str) -> bool:
    """Every condition outlived the restart."""
    return True
