"""What comes and goes too often is kept firing until it is calm."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings, RuleChange
from hive_console.core.alerting import flapping
from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.flapping import SAMPLE_EVERY, START, STOP, Histories, History
from hive_console.core.alerting.identity import Key
from hive_console.core.settings import Settings
from hive_console.core.states import AlertRule
from tests.core.alert_driver import bad, firing, good, kinds, one, restarted, see, still
from tests.core.samples import NOW, model_settings


def turned(book: AlertBook, times: int, every: float = 1.0, at: float = NOW) -> list[e.Event]:
    """So many turns, beginning with a bad one."""
    return [
        event for turn in range(times) for event in see(book, at + turn * every, bad() if turn % 2 == 0 else good())
    ]


def test_the_weights_are_those_of_nagios() -> None:
    assert History(0.0, 2**20 - 1).change(0.0) == pytest.approx(1.0)
    assert History(0.0, 1).change(0.0) == pytest.approx(1.2 / 20)
    assert History(0.0, 2**19).change(0.0) == pytest.approx(0.8 / 20)


def test_it_flaps_at_the_ninth_quick_turn_and_is_told_once() -> None:
    book = AlertBook()

    before = turned(book, 8)
    after = [*turned(book, 1, at=NOW + 8), *see(book, NOW + 9, good()), *see(book, NOW + 10, bad())]

    assert e.AlertFlapping not in kinds(before)
    assert kinds(after) == [e.AlertReopened, e.AlertFlapping]
    flapping_now = after[-1]
    assert isinstance(flapping_now, e.AlertFlapping)
    assert flapping_now.change >= START
    assert one(book).is_flapping


def test_while_it_flaps_it_fires_though_its_condition_is_well() -> None:
    book = AlertBook()
    turned(book, 9)

    assert see(book, NOW + 10, good()) == []
    assert firing(book) == [(AlertRule.MODEL_UNAVAILABLE, "a")]


def test_a_calm_alert_leaves_flapping_by_time_and_is_resolved_then() -> None:
    book = AlertBook()
    turned(book, 9)
    see(book, NOW + 10, good())

    calm_at = book.next_due()
    assert calm_at is not None
    assert NOW + 10 < calm_at <= NOW + 10 + 20 * SAMPLE_EVERY
    assert book.tick(calm_at - 1) == []
    calm, over = book.tick(calm_at)
    assert isinstance(calm, e.AlertFlapping)
    assert (calm.is_flapping, calm.change <= STOP) == (False, True)
    assert isinstance(over, e.AlertResolved)
    assert over.cause == "it answers"
    assert book.next_due() is None


def test_what_stays_wrong_leaves_flapping_and_goes_on_firing() -> None:
    book = AlertBook()
    turned(book, 9)

    calm_at = book.next_due()
    assert calm_at is not None
    assert kinds(book.tick(calm_at)) == [e.AlertFlapping]
    assert firing(book) == [(AlertRule.MODEL_UNAVAILABLE, "a")]


def test_what_turns_every_two_minutes_does_not_flap() -> None:
    book = AlertBook()

    events = turned(book, 60, every=120.0)

    assert e.AlertFlapping not in kinds(events)


def test_what_turns_while_it_leaves_flaps_on_for_longer() -> None:
    book = AlertBook()
    turned(book, 20)
    calm_at = book.next_due()
    assert calm_at is not None

    see(book, calm_at - 1, bad())
    see(book, calm_at - 1, good())

    later = book.next_due()
    assert later is not None
    assert later > calm_at
    assert book.tick(calm_at) == []
    assert kinds(book.tick(later)) == [e.AlertFlapping, e.AlertResolved]


def test_after_a_long_pause_what_was_kept_and_flapped_is_over_in_one_step() -> None:
    book = AlertBook()
    turned(book, 9)
    changed = AlertSettings(rules=(RuleChange(AlertRule.MODEL_UNAVAILABLE, keep=100.0),))
    book.reconfigure(Settings((model_settings("a"),), alerts=changed), NOW + 9)
    see(book, NOW + 10, good())

    assert kinds(book.tick(NOW + 90 * 86_400)) == [e.AlertFlapping, e.AlertResolved]
    assert book.next_due() is None


def test_what_is_put_away_while_it_flaps_begins_afresh() -> None:
    book = AlertBook()
    turned(book, 9)

    events = book.resolve("A1", "ada", "", NOW + 9)
    see(book, NOW + 10, good())
    again = see(book, NOW + 11, bad())

    assert kinds(events) == [e.AlertFlapping, e.AlertResolved]
    assert kinds(again) == [e.AlertReopened]
    assert not one(book).is_flapping


def test_flapping_goes_on_over_a_restart_and_ends_by_time() -> None:
    book = AlertBook()
    turned(book, 9)
    see(book, NOW + 10, good())

    after = restarted(book, NOW + 20)
    after.reconcile(still, NOW + 20)

    assert after.next_due() == book.next_due()
    assert kinds(after.tick(NOW + 3600)) == [e.AlertFlapping, e.AlertResolved]


def test_histories_of_what_fires_no_longer_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flapping, "MOST_HISTORIES", 2)
    key: list[Key] = [(AlertRule.MODEL_SLOW, "", name) for name in "abc"]
    histories = Histories()
    first = histories.of(key[0], NOW, {})
    histories.of(key[1], NOW, {})

    histories.of(key[2], NOW, {key[0]: None})

    assert histories.get(key[0]) is first
    assert histories.get(key[1]) is None
