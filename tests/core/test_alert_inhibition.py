"""One alert explains others: in whatever order they come, for as long as it fires, and never in a circle."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.identity import Key
from hive_console.core.alerting.inhibition import Inhibition
from hive_console.core.states import AlertRule
from tests.core.alert_driver import PROVIDER, bad, good, kinds, one, provider_down, restarted, see, still, wanted
from tests.core.samples import NOW

R = AlertRule
PROVIDER_UP = good(R.PROVIDER_DOWN, PROVIDER)


def test_what_a_firing_alert_explains_is_muted_as_it_begins() -> None:
    book = AlertBook()
    see(book, NOW, provider_down())

    raised, muted = see(book, NOW + 1, bad())

    assert isinstance(raised, e.AlertRaised)
    assert muted == e.AlertMuted(at=NOW + 1, alert_id="A2", rule=R.MODEL_UNAVAILABLE, subject="a", by_alert="A1")
    assert not one(book, "A2").wants_attention
    assert one(book, "A1").wants_attention


def test_what_began_before_its_explanation_is_muted_then() -> None:
    book = AlertBook()
    see(book, NOW, bad(model="a"), bad(model="b"))

    events = see(book, NOW + 1, provider_down())

    assert kinds(events) == [e.AlertRaised, e.AlertMuted, e.AlertMuted]
    assert [one(book, name).inhibited_by for name in ("A1", "A2")] == ["A3", "A3"]


def test_people_are_told_again_when_the_explanation_is_over() -> None:
    book = AlertBook()
    see(book, NOW, provider_down(), bad())

    over, muted = see(book, NOW + 1, PROVIDER_UP)

    assert isinstance(over, e.AlertResolved)
    assert isinstance(muted, e.AlertMuted)
    assert (muted.alert_id, muted.by_alert, muted.silence_id) == ("A2", "", "")


def test_when_one_explanation_is_over_another_may_explain() -> None:
    book = AlertBook()
    see(book, NOW, provider_down(), bad(), bad(R.BREAKER_OPEN))
    book.tick(NOW + 60)
    assert [one(book, name).inhibited_by for name in ("A2", "A3")] == ["A1", "A2"]

    see(book, NOW + 61, good())

    assert one(book, "A3").inhibited_by == "A1"


def test_a_provider_explains_nothing_of_another_one() -> None:
    book = AlertBook()
    other = bad(labels=(("model", "a"), ("provider", "other")))

    see(book, NOW, provider_down(), other, provider_down())

    assert one(book, "A2").inhibited_by == ""


def test_a_model_explains_nothing_of_another_one() -> None:
    book = AlertBook()
    see(book, NOW, bad(model="a"), bad(R.BREAKER_OPEN, "b"))

    book.tick(NOW + 60)

    assert one(book, "A2").inhibited_by == ""


def test_what_is_about_everything_explains_everything_that_its_rule_is_named_for() -> None:
    book = AlertBook()
    see(book, NOW, bad(), bad(R.SECRET_UNRESOLVED, "b"))

    see(book, NOW + 1, bad(R.KILL_SWITCH, "*", labels=()))

    assert [one(book, name).inhibited_by for name in ("A1", "A2")] == ["A3", ""]


def test_nothing_that_was_put_away_explains_anything() -> None:
    book = AlertBook()
    see(book, NOW, provider_down(), bad())

    book.resolve("A1", "ada", "", NOW + 1)
    see(book, NOW + 2, provider_down())

    assert one(book, "A2").inhibited_by == ""


def test_a_silenced_alert_still_explains_and_an_explained_one_may_be_silenced() -> None:
    book = AlertBook()
    book.silence(wanted("provider=acme"), NOW)

    see(book, NOW, provider_down(), bad())
    ended = book.unsilence("S1", "ada", NOW + 1)

    assert kinds(ended) == [e.SilenceEnded, e.AlertMuted, e.AlertMuted]
    assert (one(book, "A2").silenced_by, one(book, "A2").inhibited_by) == ("", "A1")
    assert one(book, "A1").wants_attention


def test_over_a_restart_the_same_explains_the_same_and_nothing_is_told() -> None:
    book = AlertBook()
    see(book, NOW, bad(), provider_down())

    after = restarted(book, NOW + 1)

    assert kinds(after.reconcile(still, NOW + 1)) == [e.AlertsRestored]
    assert kinds(see(after, NOW + 2, PROVIDER_UP)) == [e.AlertResolved, e.AlertMuted]


def test_an_explanation_that_did_not_outlive_the_restart_mutes_nobody() -> None:
    book = AlertBook()
    see(book, NOW, bad(), provider_down())

    after = restarted(book, NOW + 1)
    events = after.reconcile(lambda rule, _subject: rule is not R.PROVIDER_DOWN, NOW + 1)

    assert kinds(events) == [e.AlertResolved, e.AlertMuted, e.AlertsRestored]
    assert one(after, "A1").wants_attention


# --- circles -----------------------------------------------------------------------------------------


def key(rule: AlertRule, subject: str = "a") -> Key:
    return rule, "", subject


def test_nobody_explains_itself() -> None:
    inhibition = Inhibition()
    itself = key(R.PROVIDER_DOWN)

    inhibition.add(itself, (), (R.PROVIDER_DOWN,))

    assert inhibition.reason_of(itself) is None
    assert inhibition.unexplained_by(itself) == []


def test_of_a_circle_of_explanations_one_stays_unexplained() -> None:
    inhibition = Inhibition()
    rules = (R.PROVIDER_DOWN, R.KEY_REFUSED, R.KILL_SWITCH)
    for place, rule in enumerate(rules):
        inhibition.add(key(rule), (), (rules[place - 1],))

    reasons = [inhibition.reason_of(key(rule)) for rule in rules]

    assert reasons.count(None) == 1
    assert not inhibition.take(key(R.KILL_SWITCH), key(R.KEY_REFUSED)) or None in reasons


def test_two_that_explain_each_other_do_not_mute_both() -> None:
    inhibition = Inhibition()
    first, second = key(R.PROVIDER_DOWN), key(R.KEY_REFUSED)
    inhibition.add(first, (), (R.KEY_REFUSED,))
    inhibition.add(second, (), (R.PROVIDER_DOWN,))

    assert inhibition.reason_of(first) == second
    assert inhibition.reason_of(second) is None
    assert not inhibition.take(second, first)


def test_whoever_bears_other_labels_than_before_is_explained_anew() -> None:
    inhibition = Inhibition()
    cause, effect = key(R.PROVIDER_DOWN), key(R.MODEL_UNAVAILABLE)
    inhibition.add(cause, (("provider", "x"),), ())
    inhibition.add(effect, (("model", "a"), ("provider", "x")), (R.PROVIDER_DOWN,))
    assert inhibition.reason_of(effect) == cause

    inhibition.add(effect, (("model", "a"), ("provider", "y")), (R.PROVIDER_DOWN,))

    assert inhibition.reason_of(effect) is None
    assert inhibition.remove(cause) == []
