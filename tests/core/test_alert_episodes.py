"""The life of an alert: pending, firing, changed, taken, put away, resolved, and firing anew."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings, RuleChange
from hive_console.core.alerting import episodes, resolved, waiting
from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.episodes import (
    FIRES_ANEW,
    MOST_NOTES,
    NOTE_LIMIT,
    TEXT_EVERY,
    TIME_OVER,
    TOLD_EVERY,
    WEIGHS_MORE,
)
from hive_console.core.alerting.identity import fingerprint
from hive_console.core.alerting.resolved import KEPT_RESOLVED
from hive_console.core.alerting.saved import SLOTS
from hive_console.core.settings import Settings
from hive_console.core.states import AlertRule, AlertState, Severity
from tests.core.alert_driver import bad, firing, good, kinds, one, restarted, see, still, wanted
from tests.core.samples import NOW, fleet_view, model_settings

R = AlertRule


def settings(**alerts: object) -> Settings:
    return Settings((model_settings("a"),), alerts=replace(AlertSettings(), **alerts))  # type: ignore[arg-type]


# --- identity --------------------------------------------------------------------------------------


def test_a_fingerprint_is_the_same_in_every_run_and_another_for_another_subject() -> None:
    assert fingerprint("breaker-open", "a") == "3335a6f4344b7563"
    assert len({fingerprint("x", "ab"), fingerprint("xa", "b"), fingerprint("x", "\ud800")}) == 3


# --- pending -----------------------------------------------------------------------------------------


def test_what_waits_is_shown_until_it_fires_with_what_was_last_said() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS, text="6 %"))
    see(book, NOW + 30, bad(R.MODEL_ERRORS, text="9 %"))

    [pending] = book.pending()
    book.tick(NOW + 60)

    assert (pending.text, pending.since, pending.fires_at) == ("9 %", NOW, NOW + 60)
    assert (one(book).text, one(book).raised_at) == ("9 %", NOW + 60)
    assert book.pending() == ()


def test_what_is_well_before_its_time_never_fires() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    assert book.next_due() == NOW + 60

    see(book, NOW + 59, good(R.MODEL_ERRORS))

    assert book.tick(NOW + 60) == []
    assert book.next_due() is None


def test_those_that_fire_next_are_shown_first() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_SLOW, "a"), bad(R.MODEL_ERRORS, "b"), bad(R.MODEL_ERRORS, "a"))

    assert [pending.subject for pending in book.pending()] == ["b", "a", "a"]


def test_a_rule_that_waits_no_longer_fires_at_the_next_look() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    book.reconfigure(settings(rules=(RuleChange(R.MODEL_ERRORS, wait=0.0),)), NOW + 1)

    assert kinds(see(book, NOW + 2, bad(R.MODEL_ERRORS))) == [e.AlertRaised]
    assert book.pending() == ()


def test_a_rule_that_waits_longer_does_so_from_where_it_began() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))

    book.reconfigure(settings(rules=(RuleChange(R.MODEL_ERRORS, wait=100.0),)), NOW + 1)

    assert book.next_due() == NOW + 100


def test_what_waited_before_a_restart_waits_by_the_new_number_once_it_is_seen() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    after = restarted(book, NOW + 30)

    after.reconfigure(settings(rules=(RuleChange(R.MODEL_ERRORS, wait=70.0),)), NOW + 31)
    unseen = after.next_due()
    see(after, NOW + 32, bad(R.MODEL_ERRORS))

    assert (unseen, after.next_due()) == (NOW + 90, NOW + 70)


def test_what_fires_already_does_not_wait_after_a_restart() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    waited = book.save_pending()
    version = book.pending_version
    book.tick(NOW + 60)
    parts = [book.save(number) for number in range(SLOTS)]

    after = AlertBook()
    after.restore(parts, NOW + 61, pending=waited)  # of a kill between the two writings

    assert after.pending() == ()
    assert firing(after) == [(R.MODEL_ERRORS, "a")]
    assert book.pending_version > version


def test_a_look_at_the_fleet_is_a_look_at_its_conditions() -> None:
    book = AlertBook()
    late = fleet_view(loop_lag=5.0)

    book.look(late, NOW)

    assert [pending.rule for pending in book.pending()] == [R.ENGINE_LATE]


def test_what_waited_long_before_a_restart_begins_to_wait_anew() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))

    after = restarted(book, NOW + 3600)
    see(after, NOW + 3600, bad(R.MODEL_ERRORS))

    assert after.next_due() == NOW + 3660


# --- firing, changing --------------------------------------------------------------------------------


def test_it_weighs_what_the_look_says_or_what_its_rule_says() -> None:
    book = AlertBook()
    see(book, NOW, bad(model="a"), bad(model="b", severity=Severity.ERROR))

    assert [one(book, name).severity for name in ("A1", "A2")] == [Severity.WARNING, Severity.ERROR]


def test_a_rise_is_told_and_makes_it_nobodys() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    book.acknowledge("A1", "ada", "mine", NOW)

    changed, released = see(book, NOW + 1, bad(severity=Severity.ERROR, text="worse"))

    assert isinstance(changed, e.AlertChanged)
    assert (changed.old, changed.new, changed.text) == (Severity.WARNING, Severity.ERROR, "worse")
    assert isinstance(released, e.AlertUnacknowledged)
    assert released.cause == WEIGHS_MORE
    assert (one(book).acknowledged_by, one(book).note, one(book).text) == (None, "", "worse")


def test_a_fall_and_a_rise_back_to_where_it_was_taken_wake_nobody() -> None:
    book = AlertBook()
    see(book, NOW, bad(severity=Severity.ERROR))
    book.acknowledge("A1", "ada", "", NOW)

    fall = see(book, NOW + 1, bad(text=""))
    rise = see(book, NOW + 2, bad(severity=Severity.ERROR))

    assert kinds([*fall, *rise]) == [e.AlertChanged, e.AlertChanged]
    assert one(book).acknowledged_by == "ada"


def test_a_text_whose_number_moves_is_shown_anew_only_now_and_then() -> None:
    book = AlertBook()
    see(book, NOW, bad(text="1 s"))

    see(book, NOW + TEXT_EVERY - 1, bad(text="9 s"))
    early = one(book).text
    see(book, NOW + TEXT_EVERY, bad(text="10 s"))

    assert (early, one(book).text, one(book).changed) == ("1 s", "10 s", 0)
    assert book.views()[0].text == "10 s"


def test_what_is_gone_ends_at_once_whatever_its_rule_keeps() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    book.tick(NOW + 60)

    assert kinds(see(book, NOW + 61, good(R.MODEL_ERRORS, is_gone=True))) == [e.AlertResolved]


def test_what_is_gone_while_it_is_kept_ends_at_once() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    book.tick(NOW + 60)
    see(book, NOW + 61, good(R.MODEL_ERRORS), good(R.MODEL_ERRORS))

    assert kinds(see(book, NOW + 62, good(R.MODEL_ERRORS, is_gone=True))) == [e.AlertResolved]
    assert book.next_due() is None


def test_what_is_kept_is_kept_by_the_new_number_from_where_it_began() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    book.tick(NOW + 60)
    see(book, NOW + 61, good(R.MODEL_ERRORS))

    book.reconfigure(settings(rules=(RuleChange(R.MODEL_ERRORS, keep=10.0),)), NOW + 62)

    [over] = book.tick(NOW + 71)
    assert isinstance(over, e.AlertResolved)
    assert over.cause == "it answers"


# --- firing anew -------------------------------------------------------------------------------------


def test_what_fires_again_soon_is_the_same_episode_and_nobodys() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    book.acknowledge("A1", "ada", "mine", NOW)
    see(book, NOW + 1, good())

    reopened, released = see(book, NOW + 601, bad(severity=Severity.ERROR, text="again"))

    assert reopened == e.AlertReopened(
        at=NOW + 601,
        alert_id="A1",
        rule=R.MODEL_UNAVAILABLE,
        severity=Severity.ERROR,
        subject="a",
        text="again",
        times=1,
    )
    assert isinstance(released, e.AlertUnacknowledged)
    assert released.cause == FIRES_ANEW
    alert = one(book)
    assert (alert.state, alert.raised_at, alert.resolved_at, alert.times) == (AlertState.FIRING, NOW, None, 1)


def test_what_fires_again_later_is_another_episode() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    see(book, NOW + 1, good())

    [raised] = see(book, NOW + 601.5, bad())

    assert isinstance(raised, e.AlertRaised)
    assert raised.alert_id == "A2"
    assert [alert.alert_id for alert in book.views()] == ["A2", "A1"]


def test_each_firing_lasts_from_its_own_beginning() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    see(book, NOW + 100, good())
    see(book, NOW + 200, bad())

    [over] = see(book, NOW + 207, good())

    assert isinstance(over, e.AlertResolved)
    assert over.lasted == 7.0


# --- acknowledging -----------------------------------------------------------------------------------


def test_an_acknowledgement_ends_by_time_once() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    book.acknowledge("A1", "ada", "", NOW, until=NOW + 60)

    assert book.next_due() == NOW + 60
    [released] = book.tick(NOW + 60)
    assert isinstance(released, e.AlertUnacknowledged)
    assert (released.cause, released.actor) == (TIME_OVER, "")
    assert one(book).wants_attention
    assert book.tick(NOW + 61) == []


def test_an_acknowledgement_for_good_has_no_end() -> None:
    book = AlertBook()
    see(book, NOW, bad())

    [taken] = book.acknowledge("A1", "ada", "", NOW, until=math.inf)

    assert isinstance(taken, e.AlertAcknowledged)
    assert (taken.until, one(book).acknowledged_until, book.next_due()) == (None, None, None)


def test_who_has_it_may_say_another_end_and_nobody_else() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    book.acknowledge("A1", "ada", "mine", NOW, until=NOW + 60)

    assert book.acknowledge("A1", "bob", "", NOW + 1, until=NOW + 90) == []
    assert book.acknowledge("A1", "ada", "", NOW + 1) == []  # the same word again
    assert book.acknowledge("A1", "ada", "", NOW + 1, until=NOW + 60) == []
    assert kinds(book.acknowledge("A1", "ada", "longer", NOW + 2, until=NOW + 90)) == [e.AlertAcknowledged]
    assert (one(book).acknowledged_at, one(book).acknowledged_until) == (NOW, NOW + 90)
    assert book.next_due() == NOW + 90


def test_an_acknowledgement_that_is_over_already_is_none() -> None:
    book = AlertBook()
    see(book, NOW, bad())

    assert book.acknowledge("A1", "ada", "", NOW, until=NOW) == []


def test_it_can_be_given_back_once() -> None:
    book = AlertBook()
    see(book, NOW, bad(), bad(model="b"))
    book.acknowledge("A1", "ada", "", NOW)
    book.acknowledge("A2", "ada", "", NOW)

    [released] = book.unacknowledge("A1", "bob", "", NOW + 1)
    [told] = book.unacknowledge("A2", "bob", "ada is ill", NOW + 1)

    assert isinstance(released, e.AlertUnacknowledged)
    assert isinstance(told, e.AlertUnacknowledged)
    assert (released.actor, released.cause, told.cause) == ("bob", "by bob", "ada is ill")
    assert book.unacknowledge("A1", "bob", "", NOW + 2) == []


# --- by hand -----------------------------------------------------------------------------------------


def test_what_is_put_away_stays_away_until_it_was_well_once() -> None:
    book = AlertBook()
    see(book, NOW, bad())

    [over] = book.resolve("A1", "ada", "known, and harmless", NOW + 1)
    silent = see(book, NOW + 2, *(bad() for _ in range(3)))
    see(book, NOW + 3, good())
    anew = see(book, NOW + 4, bad())

    assert isinstance(over, e.AlertResolved)
    assert (over.actor, over.cause, one(book, "A1").cause) == ("ada", "known, and harmless", "")
    assert silent == []
    assert kinds(anew) == [e.AlertReopened]


def test_what_is_put_away_while_it_is_well_fires_again_as_usual() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    book.tick(NOW + 60)
    see(book, NOW + 61, good(R.MODEL_ERRORS))

    book.resolve("A1", "ada", "", NOW + 62)
    see(book, NOW + 63, bad(R.MODEL_ERRORS))

    assert kinds(book.tick(NOW + 123)) == [e.AlertReopened]


def test_what_is_put_away_stays_so_over_other_alerts_and_a_restart() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    book.resolve("A1", "ada", "", NOW)
    for number in range(KEPT_RESOLVED + 5):
        see(book, NOW + 700 * number, bad(model="b"))
        see(book, NOW + 700 * number, good(model="b"))
    assert book.alert("A1") is None

    later = NOW + 10 * 86_400
    after = restarted(book, later)
    after.reconcile(still, later)

    assert see(book, later, bad()) == see(after, later, bad()) == []
    see(after, later, good())
    assert kinds(see(after, later, bad())) == [e.AlertRaised]
    assert book.save(1).alerts[-1].is_away
    assert not [one for one in after.save(1).alerts if one.is_away]


def test_what_is_put_away_and_is_well_after_a_restart_may_fire_again() -> None:
    book = AlertBook()
    see(book, NOW, bad(), bad(model="b"))
    book.resolve("A1", "ada", "", NOW)
    book.resolve("A2", "ada", "", NOW)

    after = restarted(book, NOW + 1)
    after.reconcile(lambda _rule, subject: subject == "a", NOW + 1)

    assert kinds(see(after, NOW + 2, bad(), bad(model="b"))) == [e.AlertReopened]
    assert after.take_untold() == (2,)
    assert after.take_untold() == ()


def test_of_too_many_put_away_the_first_may_fire_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodes, "MOST_AWAY", 1)
    book = AlertBook()
    see(book, NOW, bad(model="a"), bad(model="b"))
    book.resolve("A1", "ada", "", NOW)
    book.resolve("A2", "ada", "", NOW)

    assert kinds(see(book, NOW + 1, bad(model="a"), bad(model="b"))) == [e.AlertReopened]


def test_escalating_is_told_and_moves_what_was_seen() -> None:
    book = AlertBook()
    see(book, NOW, bad())

    [asked] = book.escalate("A1", "ada", "nobody answers", NOW + 1)

    assert isinstance(asked, e.AlertEscalated)
    assert (asked.actor, asked.note, one(book).changed) == ("ada", "nobody answers", 1)


def test_notes_are_written_on_what_fires_and_on_what_is_over_and_are_bounded() -> None:
    book = AlertBook()
    see(book, NOW, bad())

    for number in range(MOST_NOTES + 2):
        book.note("A1", "ada", f" {number} ", NOW)
    see(book, NOW + 1, good())
    [noted] = book.note("A1", "bob", "x" * 1000, NOW + 2)

    assert isinstance(noted, e.AlertNoted)
    assert noted.note == "x" * NOTE_LIMIT
    notes = book.views()[0].notes
    assert (len(notes), notes[0], notes[-1]) == (MOST_NOTES, "ada: 3", f"bob: {'x' * NOTE_LIMIT}")
    assert book.note("A1", "bob", "  ", NOW + 3) == book.note("A9", "bob", "x", NOW + 3) == []


def test_what_is_kept_of_an_alert_moves_with_every_word_about_it_and_with_no_other() -> None:
    book = AlertBook()
    see(book, NOW, bad(), bad(model="b"))
    versions = [book.version_of(number) for number in (1, 2)]

    book.note("A1", "ada", "x", NOW)
    told = [book.version_of(number) for number in (1, 2)]
    silences = book.silences_version
    book.silence(wanted("model=b"), NOW)

    assert (told[0] > versions[0], told[1] == versions[1]) == (True, True)
    assert book.version_of(2) > told[1]
    assert book.silences_version > silences


# --- bounds ------------------------------------------------------------------------------------------


def test_what_finds_no_room_is_counted_and_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodes, "MOST_FIRING", 1)
    monkeypatch.setattr(episodes, "RESERVE", 1)
    book = AlertBook()
    see(book, NOW, bad(model="a"))

    first = see(book, NOW, bad(model="b"))
    quiet = see(book, NOW + 1, bad(model="b"))
    later = see(book, NOW + TOLD_EVERY, bad(model="b"))
    critical = see(book, NOW, bad(model="c", severity=Severity.CRITICAL))

    assert kinds([*first, *quiet, *later]) == [e.ServiceFailed, e.ServiceFailed]
    assert kinds(critical) == [e.AlertRaised]
    assert book.left_out == 3


def test_conditions_that_find_no_room_to_wait_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_PENDING", 1)
    book = AlertBook()

    events = see(book, NOW, bad(R.MODEL_ERRORS, "a"), bad(R.MODEL_ERRORS, "b"))

    assert kinds(events) == [e.ServiceFailed]
    assert (len(book.pending()), book.left_out) == (1, 1)


def test_resolved_alerts_whose_end_is_still_to_be_told_are_kept_beyond_those_shown() -> None:
    book = AlertBook()
    for number in range(KEPT_RESOLVED + 5):
        see(book, NOW, bad(model=f"{number}"), good(model=f"{number}"))

    assert len(book.views()) == KEPT_RESOLVED
    assert book.alert("A1") is not None


def test_resolved_alerts_are_bounded_even_in_a_storm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolved, "MOST_RESOLVED", KEPT_RESOLVED)
    book = AlertBook()
    for number in range(KEPT_RESOLVED + 1):
        see(book, NOW, bad(model=f"{number}"), good(model=f"{number}"))

    assert book.alert("A1") is None
    [raised] = see(book, NOW + 1, bad(model="0"))
    assert isinstance(raised, e.AlertRaised)


def test_many_changes_of_one_timer_leave_none_behind() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    for number in range(500):
        book.acknowledge("A1", "ada", "", NOW, until=NOW + 1000 - number)

    assert book.next_due() == NOW + 501
    assert kinds(book.tick(NOW + 501)) == [e.AlertUnacknowledged]
    assert book.next_due() is None


def test_what_ends_in_the_tick_in_which_its_acknowledgement_does_is_ended_once() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    book.tick(NOW + 60)
    book.acknowledge("A1", "ada", "", NOW + 60, until=NOW + 1000)
    see(book, NOW + 61, good(R.MODEL_ERRORS))

    assert kinds(book.tick(NOW + 5000)) == [e.AlertResolved]
    assert firing(book) == []
