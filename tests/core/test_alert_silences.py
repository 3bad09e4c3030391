"""Silences and maintenance: who placed them, what they hide, and that they end."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings, Maintenance
from hive_console.core.alerting import silences
from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.matching import MOST_MATCHERS, Matcher
from hive_console.core.alerting.silences import BY_SETTINGS, EXPIRED, FARTHEST_BEGIN, LEFT_SETTINGS, REASON_LIMIT
from hive_console.core.local_time import LocalTime, WeeklyWindow, utc
from hive_console.core.settings import Settings
from hive_console.core.snapshot import SilenceView
from hive_console.core.states import AlertRule, Severity
from tests.core.alert_driver import bad, good, kinds, one, provider_down, restarted, see, still, wanted
from tests.core.samples import NOW, model_settings

R = AlertRule
DAY = 86_400.0


def test_a_silence_hides_what_all_of_its_matchers_match_and_nothing_else() -> None:
    book = AlertBook()
    see(book, NOW, bad(model="a"), bad(model="b"), bad(R.HUNG_REQUESTS, "a"))

    placed, muted = book.silence(wanted("model=a", "rule=model-*"), NOW + 1)

    assert placed == e.SilencePlaced(
        at=NOW + 1,
        silence_id="S1",
        matchers=("model=a", "rule=model-*"),
        by="ada",
        reason="a move",
        begins=NOW + 1,
        until=NOW + 3600,
    )
    assert muted == e.AlertMuted(at=NOW + 1, alert_id="A1", rule=R.MODEL_UNAVAILABLE, subject="a", silence_id="S1")


def test_what_begins_under_a_silence_is_muted_as_it_begins() -> None:
    book = AlertBook()
    book.silence(wanted("model=a"), NOW)

    assert kinds(see(book, NOW + 1, bad())) == [e.AlertRaised, e.AlertMuted]
    assert one(book).silenced_by == "S1"


def test_a_silence_on_an_alert_is_one_of_its_rule_and_subject() -> None:
    book = AlertBook()
    see(book, NOW, bad())

    book.silence(wanted("A1"), NOW)

    assert book.silences()[0].matchers == ("rule=model-unavailable", "subject=a")
    assert one(book).silenced_by == "S1"
    assert book.silence(wanted("A9"), NOW) == []


def test_a_silence_that_lies_ahead_hides_from_its_beginning_on() -> None:
    book = AlertBook()
    see(book, NOW, bad())

    placed = book.silence(wanted("model=a", begins=NOW + 60), NOW)

    assert kinds(placed) == [e.SilencePlaced]
    assert book.next_due() == NOW + 60
    assert book.tick(NOW + 59) == []
    assert kinds(book.tick(NOW + 60)) == [e.AlertMuted]


def test_ending_it_by_hand_tells_who_and_ends_it_once() -> None:
    book = AlertBook()
    book.silence(wanted("model=a"), NOW)

    [ended] = book.unsilence("S1", "bob", NOW + 1)

    assert ended == e.SilenceEnded(at=NOW + 1, silence_id="S1", cause="by bob", hid=0, actor="bob")
    assert book.unsilence("S1", "bob", NOW + 2) == []


def test_of_two_silences_the_other_goes_on_hiding() -> None:
    book = AlertBook()
    see(book, NOW, bad())
    book.silence(wanted("model=a", lasts=60), NOW)
    book.silence(wanted("provider=acme", lasts=120), NOW)
    assert one(book).silenced_by == "S1"  # reasons do not change without need

    ended, muted = book.tick(NOW + 60)

    assert isinstance(ended, e.SilenceEnded)
    assert isinstance(muted, e.AlertMuted)
    assert muted.silence_id == "S2"


def test_a_new_alert_is_hidden_by_the_silence_that_ends_last() -> None:
    book = AlertBook()
    book.silence(wanted("model=a", lasts=60), NOW)
    book.silence(wanted("provider=acme", lasts=120), NOW)

    see(book, NOW, bad())

    assert one(book).silenced_by == "S2"


def test_an_alert_that_weighs_otherwise_may_leave_a_silence() -> None:
    book = AlertBook()
    book.silence(wanted("severity=warning"), NOW)
    see(book, NOW, bad())

    events = see(book, NOW + 1, bad(severity=Severity.ERROR))

    assert kinds(events) == [e.AlertChanged, e.AlertMuted]
    assert (one(book).silenced_by, book.silences()[0].hides) == ("", 0)


def test_what_is_silenced_and_then_explained_is_hidden_once() -> None:
    book = AlertBook()
    book.silence(wanted("model=a"), NOW)
    see(book, NOW, bad())

    see(book, NOW + 1, provider_down())

    assert (one(book).silenced_by, one(book).inhibited_by) == ("S1", "A2")
    assert [(silence.hides, silence.hid) for silence in book.silences()] == [(1, 1)]


def test_silences_are_shown_in_the_order_in_which_they_end() -> None:
    book = AlertBook()
    for lasts in (300, 100, 200):
        book.silence(wanted("model=a", lasts=lasts), NOW)

    assert [silence.until - NOW for silence in book.silences()] == [100, 200, 300]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"reason": "  "}, "a reason is required"),
        ({"until": NOW}, "it would be over before it begins"),
        ({"until": math.inf}, "it would be over before it begins"),
        ({"until": NOW + DAY + 1}, "it would last longer than 1 d"),
        (
            {"begins": NOW + 2 * FARTHEST_BEGIN, "until": NOW + 2 * FARTHEST_BEGIN + 60},
            "it would begin in more than",
        ),
        ({"matchers": ()}, "it would hide everything"),
        ({"matchers": ("model=a",) * (MOST_MATCHERS + 1)}, "its matchers are too long"),
        ({"matchers": (f"model={'x' * 190}",) * 6}, "its matchers are too long"),
        ({"matchers": ("planet=mars",)}, "match: 'planet' is no label"),
        ({"matchers": ("A9",)}, "match: 'A9' is no matcher"),
    ],
)
def test_what_cannot_be_silenced_says_why(change: dict[str, object], why: str) -> None:
    book = AlertBook()
    asked = replace(wanted("model=a"), **change)  # type: ignore[arg-type]

    assert book.silence_refusal(asked, NOW).startswith(why)
    assert book.silence(asked, NOW) == []


def test_there_are_only_so_many_silences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silences, "MOST_SILENCES", 1)
    book = AlertBook()
    book.silence(wanted("model=a"), NOW)

    assert book.silence_refusal(wanted("model=b"), NOW) == "there are 1 silences already; end one first"


def test_a_long_reason_is_cut_and_counts_of_others_are_not_taken() -> None:
    book = AlertBook()

    book.silence(replace(wanted("model=a"), reason="x" * 1000, hid=7, hides=7), NOW)

    [silence] = book.silences()
    assert (len(silence.reason), silence.hid, silence.hides) == (REASON_LIMIT, 0, 0)


def test_it_does_not_end_with_one_alert_while_it_hides_another() -> None:
    book = AlertBook()
    see(book, NOW, bad(model="a"), bad(model="b"))
    book.silence(wanted("provider=acme"), NOW)

    see(book, NOW + 1, good(model="a"), good(model="b"))

    assert [silence.hides for silence in book.silences()] == [0]  # it was not asked to end with them


# --- the windows of the settings file ----------------------------------------------------------------


def maintained(*windows: WeeklyWindow) -> Settings:
    """`acme` is worked on; `NOW` is Thursday 02:46:40."""
    work = tuple(Maintenance(window, (Matcher("provider", "acme"),), "patches") for window in windows)
    return Settings((model_settings("a"),), alerts=AlertSettings(maintenance=work))


NIGHTLY = WeeklyWindow(180, 240)
THREE = 10_800.0
FOUR = 14_400.0


def test_the_hours_of_the_settings_file_are_a_maintenance_of_the_settings() -> None:
    book = AlertBook(maintained(NIGHTLY))
    assert book.tick(THREE - 1) == []

    [placed] = book.tick(THREE)

    assert placed == e.SilencePlaced(
        at=THREE,
        silence_id="S1",
        matchers=("provider=acme",),
        by=BY_SETTINGS,
        reason="patches",
        begins=THREE,
        until=FOUR,
        is_maintenance=True,
    )
    assert book.tick(THREE + 1) == []
    assert [event.cause for event in book.tick(FOUR) if isinstance(event, e.SilenceEnded)] == [EXPIRED]


def test_the_hours_come_again_the_next_day() -> None:
    book = AlertBook(maintained(NIGHTLY))
    book.tick(THREE)
    book.tick(FOUR)

    [placed] = book.tick(THREE + DAY)

    assert isinstance(placed, e.SilencePlaced)
    assert placed.silence_id == "S2"


def test_a_maintenance_that_somebody_ended_does_not_come_back_before_its_next_hours() -> None:
    book = AlertBook(maintained(NIGHTLY))
    book.tick(THREE)
    book.unsilence("S1", "ada", THREE + 60)

    after = restarted(book, THREE + 90, maintained(NIGHTLY))

    assert book.tick(THREE + 120) == after.reconcile(still, THREE + 100) == after.tick(THREE + 120) == []
    assert book.tick(FOUR) == []
    assert kinds(book.tick(THREE + DAY)) == [e.SilencePlaced]
    assert kinds(restarted(after, THREE + DAY, maintained(NIGHTLY)).tick(THREE + DAY)) == [e.SilencePlaced]


def test_a_maintenance_goes_on_over_a_restart_as_the_same() -> None:
    book = AlertBook(maintained(NIGHTLY))
    book.tick(THREE)

    after = restarted(book, THREE + 60, maintained(NIGHTLY))

    assert after.reconcile(still, THREE + 60) == []
    assert after.silences() == book.silences()


def test_a_maintenance_ends_when_it_is_taken_out_of_the_settings() -> None:
    book = AlertBook(maintained(NIGHTLY))
    book.tick(THREE)
    book.unsilence("S1", "ada", THREE + 60)
    late = WeeklyWindow(180, 300)

    events = book.reconfigure(maintained(late), THREE + 90)
    ended = book.reconfigure(maintained(), THREE + 100)

    assert kinds(events) == [e.SilencePlaced]
    assert [event.cause for event in ended if isinstance(event, e.SilenceEnded)] == [LEFT_SETTINGS]


def test_the_wall_clock_decides_where_it_is_moved_within_the_hours() -> None:
    def moved(at: float) -> LocalTime:
        """At 03:30 clocks are set back to 02:30, and at 05:00 forward again."""
        return utc(at - 3600 if at >= THREE + 1800 else at)

    book = AlertBook(maintained(NIGHTLY), local=moved)
    book.tick(THREE)

    early = book.tick(THREE + 1800)  # 02:30 once more
    again = book.tick(THREE + 3600)

    assert kinds(early) == [e.SilenceEnded]
    assert kinds(again) == [e.SilencePlaced]


def test_hours_that_last_longer_than_foreseen_are_followed() -> None:
    whole_days = WeeklyWindow(0, 0)
    book = AlertBook(maintained(whole_days))
    book.tick(NOW)

    assert book.tick(NOW + DAY) == []
    assert [silence.until for silence in book.silences()] == [2 * DAY]


def test_the_longest_silence_binds_persons_and_not_the_settings() -> None:
    settings = maintained(NIGHTLY)
    bound = replace(settings, alerts=replace(settings.alerts, longest_silence=60.0))
    book = AlertBook(bound)

    assert kinds(book.tick(THREE)) == [e.SilencePlaced]
    assert book.silence(wanted("model=a", begins=THREE, lasts=61), THREE) == []


def test_a_silence_that_was_asked_for_in_the_past_begins_now() -> None:
    book = AlertBook()

    book.silence(SilenceView("", ("model=a",), "ada", "late", NOW - 100, NOW + 100), NOW)

    assert [silence.begins for silence in book.silences()] == [NOW]
