"""The alert book under any order of looks, words, restarts and leaps of time: what it says is what it shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hive_console.core import events as e
from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.identity import Key, key_of
from hive_console.core.alerting.matching import Matcher, all_match
from hive_console.core.alerting.rules import RULES
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.snapshot import AlertView, SilenceView
from hive_console.core.states import AlertRule, AlertState, Severity
from tests.core.alert_driver import restarted
from tests.property.modest import MODEST

DAY = 86_400.0
STEPS = st.sampled_from([0.0, 1.0, 29.0, 61.0, 301.0, 700.0, 14_401.0, DAY, 90 * DAY])
PLACES = st.integers(0, 4)
SILENCE_IDS = st.sampled_from(["S1", "S2", "S3"])
ACTORS = st.sampled_from(["ada", "bob"])

OF_MODEL = (("model", "a"), ("provider", "acme"))
OF_OTHER = (("model", "b"), ("provider", "acme"))
OF_PROVIDER = (("provider", "acme"),)
LOOKS = st.sampled_from(
    [
        Sighting(rule=AlertRule.MODEL_UNAVAILABLE, subject="a", is_bad=True, text="out", labels=OF_MODEL),
        Sighting(rule=AlertRule.MODEL_UNAVAILABLE, subject="b", is_bad=True, text="out", labels=OF_OTHER),
        Sighting(rule=AlertRule.BREAKER_OPEN, subject="a", is_bad=True, text="open", labels=OF_MODEL),
        Sighting(rule=AlertRule.MODEL_ERRORS, subject="a", is_bad=True, text="6 %", labels=OF_MODEL),
        Sighting(
            rule=AlertRule.MODEL_ERRORS,
            subject="a",
            is_bad=True,
            text="21 %",
            labels=OF_MODEL,
            severity=Severity.ERROR,
        ),
        Sighting(rule=AlertRule.PROVIDER_DOWN, subject="acme", is_bad=True, text="down", labels=OF_PROVIDER),
        Sighting(rule=AlertRule.KILL_SWITCH, subject="*", is_bad=True, text="killed"),
    ]
)
WANTED = st.sampled_from(["model=a", "provider=acme", "severity=error", "rule!=kill-switch", "A1"])


Change = e.AlertAcknowledged | e.AlertUnacknowledged | e.AlertMuted | e.AlertFlapping | e.AlertChanged


class AlertBookMachine(RuleBasedStateMachine):
    """Drives one book; the model of it is what its own events say, and what the world is like."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000.0
        self.book = AlertBook()
        self.bad: dict[Key, Sighting] = {}
        self.good_since: dict[Key, float] = {}
        self.told: dict[str, AlertView] = {}
        self.over: dict[str, AlertView] = {}
        self.silent: dict[str, e.SilencePlaced] = {}
        self.ended: set[str] = set()

    # --- what the book says -----------------------------------------------------------------------

    def hear(self, caused: list[e.Event]) -> None:
        """Checks that each word fits those before it, and folds it."""
        for event in caused:
            assert event.at == self.now
            match event:
                case e.AlertRaised():
                    assert event.alert_id not in {*self.told, *self.over}
                    assert not [one for one in self.told.values() if same(one, event)]
                    self.told[event.alert_id] = AlertView(
                        event.alert_id,
                        event.rule,
                        event.severity,
                        event.subject,
                        event.text,
                        AlertState.FIRING,
                        event.at,
                    )
                case e.AlertReopened():
                    assert not [one for one in self.told.values() if same(one, event)]
                    before = self.over.pop(event.alert_id)
                    assert same(before, event)
                    assert event.times == before.times + 1
                    self.told[event.alert_id] = replace(before, severity=event.severity, times=event.times)
                case e.AlertResolved():
                    assert event.lasted >= 0
                    before = self.told.pop(event.alert_id)
                    assert not before.is_flapping
                    self.over[event.alert_id] = replace(before, silenced_by="", inhibited_by="")
                case e.SilencePlaced():
                    assert event.silence_id not in {*self.silent, *self.ended}
                    self.silent[event.silence_id] = event
                case e.SilenceEnded():
                    del self.silent[event.silence_id]
                    self.ended.add(event.silence_id)
                case e.AlertsRestored():
                    assert event.count == len(self.told)
                case _:
                    self.hear_of_firing(event)

    def hear_of_firing(self, event: e.Event) -> None:
        """What changes about an alert that goes on firing."""
        match event:
            case e.AlertAcknowledged():
                assert event.until is None or event.until > self.now
                self.change(event, acknowledged_by=event.actor, acknowledged_until=event.until)
            case e.AlertUnacknowledged():
                assert self.told[event.alert_id].acknowledged_by is not None
                self.change(event, acknowledged_by=None, acknowledged_until=None)
            case e.AlertMuted():
                self.change(event, silenced_by=event.silence_id, inhibited_by=event.by_alert)
            case e.AlertFlapping():
                assert self.told[event.alert_id].is_flapping is not event.is_flapping
                self.change(event, is_flapping=event.is_flapping)
            case e.AlertChanged():
                assert self.told[event.alert_id].severity is event.old is not event.new
                self.change(event, severity=event.new)
            case e.AlertNoted():
                assert event.alert_id in {*self.told, *self.over}
            case _:
                assert isinstance(event, e.AlertEscalated)
                assert event.alert_id in self.told

    def change(self, event: Change, **fields: Any) -> None:  # those of AlertView, which checks their names
        self.told[event.alert_id] = replace(self.told[event.alert_id], **fields)

    # --- what happens -----------------------------------------------------------------------------

    @rule(step=STEPS)
    def time_passes(self, step: float) -> None:
        self.now += step
        self.hear(self.book.tick(self.now))

    @rule(seen=LOOKS)
    def something_is_wrong(self, seen: Sighting) -> None:
        self.bad[key_of(seen)] = seen
        self.good_since.pop(key_of(seen), None)
        self.hear(self.book.see([seen], self.now))

    @rule(seen=LOOKS, is_gone=st.booleans())
    def something_is_well(self, seen: Sighting, *, is_gone: bool) -> None:
        self.bad.pop(key_of(seen), None)
        self.good_since.setdefault(key_of(seen), self.now)
        self.hear(self.book.see([replace(seen, is_bad=False, is_gone=is_gone)], self.now))

    @rule(seen=LOOKS, turns=st.integers(5, 20))
    def something_comes_and_goes(self, seen: Sighting, turns: int) -> None:
        for _ in range(turns):
            self.something_is_wrong(seen)
            self.something_is_well(seen, is_gone=False)

    @rule(place=PLACES, actor=ACTORS, lasts=st.sampled_from([None, 60.0, -1.0, float("inf")]))
    def somebody_acknowledges(self, place: int, actor: str, lasts: float | None) -> None:
        alert_id = self.id_at(place)
        until = None if lasts is None else self.now + lasts
        is_open = alert_id in self.told and self.told[alert_id].acknowledged_by is None and lasts != -1.0

        caused = self.book.acknowledge(alert_id, actor, "", self.now, until=until)

        assert caused or not is_open
        assert not caused or alert_id in self.told
        self.hear(caused)

    @rule(place=PLACES, actor=ACTORS)
    def somebody_gives_back(self, place: int, actor: str) -> None:
        alert_id = self.id_at(place)
        self.hear(self.book.unacknowledge(alert_id, actor, "", self.now))

    @rule(place=PLACES, actor=ACTORS)
    def somebody_puts_away(self, place: int, actor: str) -> None:
        alert_id = self.id_at(place)
        caused = self.book.resolve(alert_id, actor, "", self.now)

        self.hear(caused)
        assert bool(caused) or alert_id not in self.told
        for seen in self.bad.values():
            if caused and same(self.over[alert_id], seen):
                self.hear(again := self.book.see([seen], self.now))
                assert again == []

    @rule(place=PLACES, actor=ACTORS)
    def somebody_writes_and_escalates(self, place: int, actor: str) -> None:
        alert_id = self.id_at(place)
        self.hear(self.book.note(alert_id, actor, "look at the bill", self.now))
        self.hear(self.book.escalate(alert_id, actor, "", self.now))

    @rule(
        matcher=WANTED, after=st.sampled_from([0.0, 60.0]), lasts=st.sampled_from([300.0, DAY]), ends=st.booleans()
    )
    def somebody_silences(self, matcher: str, after: float, lasts: float, *, ends: bool) -> None:
        begins = self.now + after
        wanted = SilenceView("", (matcher,), "ada", "work", begins, begins + lasts, ends_on_resolve=ends)

        refusal = self.book.silence_refusal(wanted, self.now)
        caused = self.book.silence(wanted, self.now)

        assert bool(refusal) is not bool(caused)
        self.hear(caused)

    @rule(silence_id=SILENCE_IDS)
    def somebody_ends_a_silence(self, silence_id: str) -> None:
        self.hear(self.book.unsilence(silence_id, "ada", self.now))

    @rule(lasts=STEPS, mended=st.sets(LOOKS.map(key_of)))
    def it_restarts(self, lasts: float, mended: set[Key]) -> None:
        """What was mended while nobody looked is told by nobody."""
        self.now += lasts
        for key in mended & set(self.bad):
            del self.bad[key]
            self.good_since[key] = self.now

        self.book = restarted(self.book, self.now)
        caused = self.book.reconcile(self.holds, self.now)

        assert not [event for event in caused if isinstance(event, e.AlertRaised | e.AlertReopened)]
        self.hear(caused)

    def id_at(self, place: int) -> str:
        """A firing alert, or one that is over, or of which nobody ever heard."""
        known = [*self.told, *reversed(self.over), "A0"]
        return known[min(place, len(known) - 1)]

    def holds(self, rule: AlertRule, subject: str) -> bool:
        """Whether a condition holds by what the world is like."""
        return (rule, "", subject) in self.bad

    @rule()
    def ninety_quiet_days(self) -> None:
        """All is mended; then nothing that was remembered comes back."""
        self.hear(self.book.see([replace(seen, is_bad=False) for seen in self.bad.values()], self.now))
        for key in self.bad:
            self.good_since.setdefault(key, self.now)
        self.bad.clear()
        for _ in range(3):
            self.now += 30 * DAY
            caused = self.book.tick(self.now)
            assert not [event for event in caused if isinstance(event, e.AlertRaised | e.AlertReopened)]
            self.hear(caused)
        assert self.told == {}
        assert self.silent == {}
        assert self.book.pending() == ()
        assert self.book.next_due() is None

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def what_is_shown_is_what_was_said(self) -> None:
        firing = {one.alert_id: one for one in self.book.views() if one.state is AlertState.FIRING}
        assert {name: said_of(one) for name, one in firing.items()} == {
            name: said_of(one) for name, one in self.told.items()
        }
        assert len({key_of(one) for one in firing.values()}) == len(firing)
        assert {view.silence_id for view in self.book.silences()} == set(self.silent)

    @invariant()
    def what_is_over_is_muted_by_nothing_and_flaps_no_more(self) -> None:
        for one in self.book.views():
            assert (one.resolved_at is not None) is (one.state is AlertState.RESOLVED)
            assert one.state is AlertState.FIRING or not (one.is_muted or one.is_flapping)

    @invariant()
    def what_is_muted_has_its_reason(self) -> None:
        firing = {one.alert_id: one for one in self.book.views() if one.state is AlertState.FIRING}
        silences = {view.silence_id: view for view in self.book.silences()}
        for one in firing.values():
            if one.silenced_by:
                matchers = map(Matcher.parse, silences[one.silenced_by].matchers)
                assert all_match(matchers, one.all_labels)
            seen = {one.alert_id}
            root = one
            while root.inhibited_by:
                root = firing[root.inhibited_by]
                assert root.alert_id not in seen
                seen.add(root.alert_id)
        for view in silences.values():
            assert view.hides == sum(one.silenced_by == view.silence_id for one in firing.values()) <= view.hid

    @invariant()
    def what_fires_is_wrong_or_was_a_moment_ago_or_flaps(self) -> None:
        for one in self.book.views():
            key = key_of(one)
            if one.state is AlertState.FIRING and key not in self.bad and not one.is_flapping:
                assert self.now - self.good_since[key] <= RULES[one.rule].keep

    @invariant()
    def nobody_has_it_for_longer_than_said_once_time_was_told(self) -> None:
        due = self.book.next_due()
        for one in self.told.values():
            if one.acknowledged_until is not None:
                assert due is not None
                assert due <= one.acknowledged_until


def same(one: AlertView, other: e.AlertRaised | e.AlertReopened | Sighting) -> bool:
    return (one.rule, one.subject) == (other.rule, other.subject)


def said_of(one: AlertView) -> tuple[object, ...]:
    """What events tell of an alert."""
    return (
        one.rule,
        one.subject,
        one.severity,
        one.times,
        one.acknowledged_by,
        one.acknowledged_until,
        one.silenced_by,
        one.inhibited_by,
        one.is_flapping,
    )


TestAlertBookMachine = AlertBookMachine.TestCase
TestAlertBookMachine.settings = MODEST
