"""Bugs of other alert systems that this book must not have, each named by its number.

A1..A3 and H5 are those of the reference package; AM is Alertmanager, the rest are Grafana OnCall, Pulse, Gatus and
Uptime Kuma.
"""

from __future__ import annotations

from dataclasses import replace

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings, Maintenance
from hive_console.core.alerting.book import KEPT_RESOLVED, AlertBook
from hive_console.core.alerting.matching import Matcher
from hive_console.core.alerting.silences import EXPIRED, RESOLVED
from hive_console.core.local_time import WeeklyWindow
from hive_console.core.settings import Settings
from hive_console.core.states import AlertRule, AlertState, Severity
from tests.core.alert_driver import bad, firing, good, kinds, one, restarted, see, still, wanted
from tests.core.samples import NOW, model_settings

R = AlertRule
DAY = 86_400.0


def test_a1_the_rule_that_fires_for_one_model_fires_for_the_next_at_once() -> None:
    book = AlertBook()

    events = see(book, NOW, bad(model="a"), bad(model="b"))

    assert [event.subject for event in events if isinstance(event, e.AlertRaised)] == ["a", "b"]


def test_a2_what_is_over_is_resolved_and_what_is_kept_of_it_is_bounded() -> None:
    book = AlertBook()

    for number in range(KEPT_RESOLVED + 20):
        see(book, NOW + 700 * number, bad())
        see(book, NOW + 700 * number + 1, good())

    assert firing(book) == []
    assert len(book.views()) == KEPT_RESOLVED


def test_a3_what_is_told_is_the_text_with_its_numbers_and_never_a_pattern() -> None:
    book = AlertBook()

    book.observe(e.DegradedModeEntered(at=NOW, available_share=0.7, threshold=0.9))

    assert one(book).text == "only 70.0 % of models available, threshold 90.0 %"


def test_a3_a_condition_must_hold_for_as_long_as_its_rule_says() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))

    assert book.tick(NOW + 59.9) == []
    assert kinds(book.tick(NOW + 60)) == [e.AlertRaised]


def test_h5_ten_thousand_looks_at_what_stays_wrong_are_one_alert() -> None:
    book = AlertBook()

    events = see(book, NOW, *(bad() for _ in range(10_000)))

    assert kinds(events) == [e.AlertRaised]


def test_am_878_nothing_is_resolved_that_did_not_fire() -> None:
    book = AlertBook()

    assert see(book, NOW, good(), bad(R.MODEL_ERRORS), good(R.MODEL_ERRORS)) == []
    assert book.tick(NOW + DAY) == []


def test_am_2398_what_flaps_is_resolved_in_the_end() -> None:
    book = AlertBook()
    for turn in range(40):
        see(book, NOW + turn, bad() if turn % 2 == 0 else good())
    assert one(book).is_flapping

    events = [event for minute in range(30) for event in book.tick(NOW + 60 * minute)]

    assert kinds(events) == [e.AlertFlapping, e.AlertResolved]


def test_am_3457_an_ended_silence_does_not_come_back() -> None:
    book = AlertBook()
    book.silence(wanted("model=a", lasts=60), NOW)
    assert [event.cause for event in book.tick(NOW + 60) if isinstance(event, e.SilenceEnded)] == [EXPIRED]

    after = restarted(book, NOW + 61)
    set_back = restarted(book, NOW - DAY)

    assert after.reconcile(still, NOW + 61) == book.tick(NOW + 61) == []
    assert set_back.reconcile(still, NOW - DAY) == set_back.tick(NOW) == []
    assert after.silences() == set_back.silences() == book.silences() == ()
    assert [one(after).silenced_by for _ in see(after, NOW + 62, bad())] == [""]


def test_am_3457_a_silence_that_ran_out_while_nothing_ran_is_ended_once() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    book.silence(wanted("model=a", lasts=60), NOW)

    after = restarted(book, NOW + DAY)
    events = after.reconcile(still, NOW + DAY)

    assert kinds(events) == [e.SilenceEnded, e.AlertMuted, e.AlertsRestored]
    assert kinds(restarted(after, NOW + DAY).reconcile(still, NOW + DAY)) == [e.AlertsRestored]
    assert after.tick(NOW + 2 * DAY) == []


def test_am_1639_a_silence_tells_how_many_alerts_it_hides_and_hid_and_has_an_end() -> None:
    book = AlertBook()
    book.silence(wanted("provider=acme"), NOW)
    see(book, NOW + 1, bad(model="a"), bad(model="b"))
    see(book, NOW + 2, good(model="b"))

    [silence] = book.silences()
    refusal = book.silence_refusal(wanted("provider=acme", lasts=2 * DAY), NOW)

    assert (silence.hides, silence.hid) == (1, 2)
    assert refusal == "it would last longer than 1 d, the longest that the settings allow"


def test_am_1639_a_silence_may_end_with_the_last_alert_that_it_covers() -> None:
    book = AlertBook()
    see(book, NOW, bad(model="a"), bad(model="b"))
    book.silence(wanted("provider=acme", ends_on_resolve=True), NOW)

    first = see(book, NOW + 1, good(model="a"))
    last = see(book, NOW + 2, good(model="b"))

    assert kinds(first) == [e.AlertResolved]
    assert [(event.cause, event.hid) for event in last if isinstance(event, e.SilenceEnded)] == [(RESOLVED, 2)]
    assert book.silences() == ()


def test_am_730_the_end_of_a_silence_is_told_with_what_fires_under_it() -> None:
    book = AlertBook()
    book.silence(wanted("model=a", lasts=60), NOW)
    see(book, NOW + 1, bad())

    ended = book.tick(NOW + 60)

    assert ended == [
        e.SilenceEnded(at=NOW + 60, silence_id="S1", cause=EXPIRED, hid=1),
        e.AlertMuted(at=NOW + 60, alert_id="A1", rule=R.MODEL_UNAVAILABLE, subject="a"),
    ]
    assert book.next_due() is None


def test_oncall_3161_an_acknowledgement_that_races_the_resolve_revives_nothing() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    see(book, NOW + 1, good())
    before = one(book)

    assert book.acknowledge("A1", "ada", "", NOW + 1) == []
    assert book.unacknowledge("A1", "ada", "", NOW + 1) == []
    assert book.resolve("A1", "ada", "", NOW + 1) == []
    assert book.escalate("A1", "ada", "", NOW + 1) == []
    assert one(book) == before
    assert before.state is AlertState.RESOLVED


def test_oncall_3161_a_resolve_that_races_the_acknowledgement_stands() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    seen = one(book).changed
    book.acknowledge("A1", "ada", "", NOW + 1)

    assert one(book).changed != seen  # whoever acts on what they saw before is told apart
    assert kinds(book.resolve("A1", "bob", "", NOW + 1)) == [e.AlertResolved]
    assert book.acknowledge("A1", "ada", "", NOW + 2) == []


def test_oncall_3111_an_acknowledgement_ends_when_it_said_and_not_months_later() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    book.acknowledge("A1", "ada", "", NOW)

    over = restarted(book, NOW + 90 * DAY)
    over.reconcile(still, NOW + 90 * DAY)

    assert book.next_due() == NOW + 14_400
    assert kinds(over.tick(NOW + 90 * DAY)) == [e.AlertUnacknowledged]
    assert over.tick(NOW + 91 * DAY) == []


def test_pulse_975_an_acknowledgement_outlives_a_restart_and_raises_nothing() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    book.acknowledge("A1", "ada", "on it", NOW + 1)

    after = restarted(book, NOW + 60)
    events = [*after.reconcile(still, NOW + 60), *see(after, NOW + 61, bad())]

    assert kinds(events) == [e.AlertsRestored]
    assert one(after) == one(book)
    assert after.next_due() == NOW + 1 + 14_400


def test_gatus_679_an_alert_that_fired_before_a_restart_is_resolved_after_it() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    after = restarted(book, NOW + 60)
    after.reconcile(still, NOW + 60)

    [over] = see(after, NOW + 70, good())

    assert isinstance(over, e.AlertResolved)
    assert (over.alert_id, over.lasted) == ("A1", 70.0)


def test_gatus_764_what_has_waited_before_a_restart_does_not_begin_to_wait_anew() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    after = restarted(book, NOW + 50)
    after.reconcile(still, NOW + 50)

    see(after, NOW + 51, bad(R.MODEL_ERRORS))

    assert kinds(after.tick(NOW + 60)) == [e.AlertRaised]


def test_gatus_764_what_waited_and_is_seen_no_more_after_a_restart_never_fires() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    after = restarted(book, NOW + 50)
    after.reconcile(still, NOW + 50)

    events = [event for minute in range(30) for event in after.tick(NOW + 60 * minute)]

    assert events == []
    assert after.pending() == ()


def test_kuma_4792_no_up_without_a_down() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    book.resolve("A1", "ada", "", NOW + 1)

    events = see(book, NOW + 2, good(), good(R.PROVIDER_DOWN))

    assert events == []


def maintained() -> Settings:
    """`acme` is worked on from 03:00 to 04:00; `NOW` is 02:46:40."""
    work = Maintenance(WeeklyWindow(180, 240), (Matcher("provider", "acme"),), "patches")
    return Settings((model_settings("a"),), alerts=AlertSettings(maintenance=(work,)))


def test_kuma_2846_what_was_down_before_the_maintenance_is_not_raised_after_it() -> None:
    book = AlertBook(maintained())
    see(book, NOW, bad())

    during = book.tick(NOW + 800)
    after = book.tick(NOW + 800 + 3600)

    assert kinds(during) == [e.SilencePlaced, e.AlertMuted]
    assert kinds(after) == [e.SilenceEnded, e.AlertMuted]
    assert (one(book).raised_at, one(book).times, one(book).is_muted) == (NOW, 0, False)


def test_kuma_2846_what_was_well_again_within_the_maintenance_is_not_told_after_it() -> None:
    book = AlertBook(maintained())
    book.tick(NOW + 800)
    see(book, NOW + 900, bad())
    see(book, NOW + 1000, good())

    assert kinds(book.tick(NOW + 800 + 3600)) == [e.SilenceEnded]


def test_kuma_3031_what_ends_for_a_moment_goes_on_for_as_long_as_its_rule_keeps_it() -> None:
    book = AlertBook()
    see(book, NOW, bad(R.MODEL_ERRORS))
    book.tick(NOW + 60)

    see(book, NOW + 70, good(R.MODEL_ERRORS))
    events = [*book.tick(NOW + 300), *see(book, NOW + 301, bad(R.MODEL_ERRORS)), *book.tick(NOW + 400)]

    assert events == []
    assert firing(book) == [(R.MODEL_ERRORS, "a")]


def test_nothing_old_fires_after_ninety_days_in_which_nothing_ran() -> None:
    book = AlertBook()
    see(book, NOW, bad(), bad(R.MODEL_ERRORS, "b"), replace(bad(model="c"), severity=Severity.ERROR))
    book.acknowledge("A1", "ada", "", NOW, until=NOW + DAY)
    book.silence(wanted("model=c", lasts=DAY), NOW)

    later = NOW + 90 * DAY
    after = restarted(book, later)
    events = after.reconcile(lambda _rule, _subject: False, later)
    events += [event for day in range(3) for event in after.tick(later + day * DAY)]

    assert not [event for event in events if isinstance(event, e.AlertRaised | e.AlertReopened)]
    assert firing(after) == []
    assert after.next_due() is None
