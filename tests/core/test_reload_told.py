"""What a reload does to alerts and metrics, and how it is told."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.alerting.book import AlertBook
from hive_console.core.metrics import ResilienceMeter
from hive_console.core.narration import CHANGES_SHOWN, narrate
from hive_console.core.states import AlertRule, BreakerState, ModelStatus
from tests.core.alert_driver import breaker, exhausted, firing, operation, status, told, tripped
from tests.core.samples import NOW

S = ModelStatus
REFUSED = e.SettingsRefused(at=NOW, source="file", problem="hive.yaml:3: models.a.timeout: 30 has no unit", count=2)


def reloaded(*models: str, changes: tuple[str, ...] = ("x",), actor: str = "") -> e.SettingsReloaded:
    return e.SettingsReloaded(
        at=NOW, source="command", changes=changes, count=len(changes), models=models, actor=actor
    )


def test_refused_settings_are_an_alert_until_good_ones_are_read() -> None:
    book = AlertBook()
    told(book, REFUSED, REFUSED)
    assert firing(book) == [(AlertRule.SETTINGS_REFUSED, "settings")]

    told(book, reloaded(changes=()))
    assert firing(book) == []


def test_alerts_on_a_model_that_left_are_over_and_others_stay() -> None:
    book = AlertBook()
    tripped(book)
    told(book, status(S.UNAVAILABLE), exhausted(), exhausted(model="b"))
    told(book, e.DegradedModeEntered(at=NOW, available_share=0.1, threshold=0.6))

    over = told(book, reloaded("b", "c"))

    assert sum(isinstance(event, e.AlertResolved) for event in over) == 3
    assert set(firing(book)) == {(AlertRule.FALLBACKS_EXHAUSTED, "b"), (AlertRule.DEGRADED_MODE, "fleet")}
    assert told(book, operation(NOW + 100)) == []
    assert [event for event in book.tick(NOW + 1000) if isinstance(event, e.AlertRaised)] == []


def test_a_model_that_returns_after_it_left_deactivated_is_no_old_story() -> None:
    book = AlertBook()
    told(book, breaker(BreakerState.ISOLATED), reloaded("b"), reloaded("a", "b"))

    told(book, status(S.UNAVAILABLE))

    assert firing(book) == [(AlertRule.MODEL_UNAVAILABLE, "a")]


def test_alerts_on_a_route_that_stays_go_on() -> None:
    book = AlertBook()
    told(book, exhausted(model="fast"))

    told(book, e.SettingsReloaded(at=NOW, source="file", models=("a",), routes=("fast",)))
    assert firing(book) == [(AlertRule.FALLBACKS_EXHAUSTED, "fast")]

    told(book, e.SettingsReloaded(at=NOW, source="file", models=("a",), routes=()))
    assert firing(book) == []


def test_a_reload_that_keeps_the_fleet_keeps_its_alerts() -> None:
    book = AlertBook()
    told(book, status(S.UNAVAILABLE), reloaded())

    assert firing(book) == [(AlertRule.MODEL_UNAVAILABLE, "a")]


def test_the_meter_counts_the_models_that_are_there() -> None:
    meter = ResilienceMeter(("a", "b"), NOW)
    meter.observe(e.StatusChanged(at=NOW, model="b", old=S.UNKNOWN, new=S.AVAILABLE, cause="ok"))

    meter.observe(reloaded("b", "c"))
    meter.observe(e.StatusChanged(at=NOW, model="c", old=S.UNKNOWN, new=S.UNAVAILABLE, cause="down"))
    meter.observe(reloaded())

    assert meter.view(NOW + 10).model_availability == (("b", 1.0), ("c", 0.0))


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (reloaded(changes=()), "settings read again (command): nothing changed"),
        (reloaded(changes=("a.timeout: 1s → 2s",), actor="ann"), "settings reloaded by ann: a.timeout: 1s → 2s"),
        (
            reloaded(changes=tuple("123456")),
            f"settings reloaded (command): 1; 2; 3; 4; and {6 - CHANGES_SHOWN} more",
        ),
        (
            REFUSED,
            f"settings refused (file), those before stay in force: {REFUSED.problem} (and 1 more)",
        ),
        (
            e.SettingsRefused(at=NOW, source="command", problem="p", actor="ann"),
            "settings refused by ann, those before stay in force: p",
        ),
        (
            e.SettingsNoticed(at=NOW, changes=("c",), count=1),
            "the settings file changed (c); hive-console reload applies it",
        ),
    ],
)
def test_it_is_told_in_one_sentence(event: e.Event, text: str) -> None:
    assert narrate(event).text == text
