"""Who is told, under any order of what happens, with failures, kills and jumps of time.

At most one notice per alert, episode, step, channel and repeat; exactly one word to each channel that was told,
that it is over; nothing about an alert that somebody has; nothing old; nobody forgotten. Invariant 9 of the engine.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from hive_console.core import events as e
from hive_console.core.notifying.notice import Notice, Receipt
from hive_console.core.notifying.queued import TELLS_FIRING
from hive_console.core.notifying.saved import NOTICES, notices_of, parts_of
from hive_console.core.states import AlertRule, AlertState, NoticeEnd, NoticeKind, Severity
from tests.core.notice_driver import BUSY, CLOSED, CUT, DELIVERED, REFUSED, Desk
from tests.property.modest import MODEST

NAMES = st.sampled_from(["slack", "email", "pagerduty"])
RULES = st.sampled_from([AlertRule.MODEL_UNAVAILABLE, AlertRule.BREAKER_OPEN])
LOUD = st.sampled_from([Severity.WARNING, Severity.ERROR, Severity.CRITICAL])
DAY = 86_400.0
STEPS = st.sampled_from([0.0, 1.0, 10.0, 61.0, 301.0, 900.0, 1801.0, 4000.0, DAY, 90 * DAY])
WHICH = st.integers(0, 3)


class NoticesMachine(RuleBasedStateMachine):
    """A desk, a receiver that tells repeats by their key, and what it heard."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.count = 0
        self.under_way: dict[str, Notice] = {}
        self.heard: dict[tuple[str, str], NoticeKind] = {}  # by key
        self.words: dict[tuple[str, str, int, str, int, bool], str] = {}  # of one alert: the key it came with
        self.fires: dict[tuple[str, str], bool] = {}  # what a channel believes of an alert; False: may believe
        self.given_up: set[tuple[str, str]] = set()
        self.seen = 0
        self.flush()

    # --- the alerts -------------------------------------------------------------------------------

    def some(self, which: int, *, firing: bool = True) -> str | None:
        wanted = AlertState.FIRING if firing else AlertState.RESOLVED
        fitting = [name for name, alert in self.desk.alerts.items() if alert.state is wanted]
        return fitting[which % len(fitting)] if fitting else None

    @precondition(lambda self: self.count < 6)
    @rule(severity=LOUD, kind=RULES)
    def one_is_raised(self, severity: Severity, kind: AlertRule) -> None:
        self.count += 1
        self.desk.fire(f"A{self.count}", severity, rule=kind)

    @rule(which=WHICH)
    def one_fires_anew(self, which: int) -> None:
        if (name := self.some(which, firing=False)) is not None:
            self.desk.fire_anew(name)

    @rule(which=WHICH)
    def one_is_resolved(self, which: int) -> None:
        if (name := self.some(which)) is not None:
            self.desk.resolve(name)

    @rule(which=WHICH)
    def somebody_takes_one(self, which: int) -> None:
        if (name := self.some(which)) is not None:
            self.desk.take(name)

    @rule(which=WHICH)
    def an_acknowledgement_ends(self, which: int) -> None:
        if (name := self.some(which)) is not None:
            self.desk.leave(name)

    @rule(which=WHICH, firing=st.booleans())
    def one_is_muted(self, which: int, *, firing: bool) -> None:
        if (name := self.some(which, firing=firing)) is not None:
            self.desk.mute(name)

    @rule(which=WHICH, firing=st.booleans())
    def a_silence_ends(self, which: int, *, firing: bool) -> None:
        if (name := self.some(which, firing=firing)) is not None:
            self.desk.unmute(name)

    @rule(which=WHICH, severity=LOUD)
    def one_weighs_otherwise(self, which: int, severity: Severity) -> None:
        if (name := self.some(which)) is not None:
            self.desk.weigh(name, severity)

    @rule(which=WHICH, is_flapping=st.booleans())
    def one_comes_and_goes(self, which: int, *, is_flapping: bool) -> None:
        if (name := self.some(which)) is not None:
            self.desk.flap(name, is_flapping=is_flapping)

    @rule(which=WHICH)
    def somebody_asks_for_the_next_people(self, which: int) -> None:
        if (name := self.some(which)) is not None:
            self.desk.escalate(name)

    # --- time and the courier ---------------------------------------------------------------------

    @rule(step=STEPS)
    def time_passes(self, step: float) -> None:
        self.desk.now += step
        self.plan()

    def plan(self) -> None:
        due = self.desk.planner.next_due()
        while due is not None and due <= self.desk.now:
            self.desk.events += self.desk.planner.tick(self.desk.now)
            due, before = self.desk.planner.next_due(), due
            assert due is None or due > self.desk.now or due != before, "it would never rest"
        self.desk.keep()

    @rule(name=NAMES)
    def an_attempt_begins(self, name: str) -> None:
        self.plan()
        notice = self.desk.begin(name)
        if notice is not None:
            assert name not in self.under_way, "one at a time"
            self.under_way[name] = notice
            self.is_right(notice)
            self.flush()

    @rule(name=NAMES, answer=st.sampled_from([DELIVERED, BUSY, CUT, REFUSED]), arrived=st.booleans())
    def one_goes_out(self, name: str, answer: Receipt, *, arrived: bool) -> None:
        self.an_attempt_begins(name)
        self.it_comes_back(name, answer, arrived=arrived)

    @rule(
        name=NAMES,
        answer=st.sampled_from([DELIVERED, DELIVERED, DELIVERED, BUSY, CUT, REFUSED, CLOSED]),
        arrived=st.booleans(),
    )
    def it_comes_back(self, name: str, answer: Receipt, *, arrived: bool) -> None:
        notice = self.under_way.pop(name, None)
        if notice is not None:
            if answer is DELIVERED or (answer is CUT and arrived):
                self.receive(notice)
            elif answer is CUT and notice.kind in TELLS_FIRING:
                self.may_have_heard(notice.channel, (brief.alert_id for brief in notice.alerts))
            self.desk.settle(notice, answer)
            self.look()

    @rule()
    def all_is_on_disk(self) -> None:
        self.flush()

    @rule(arrived=st.booleans())
    def it_is_killed(self, *, arrived: bool) -> None:
        """What was not on disk is as if it had not been: alerts and notices alike."""
        for notice in self.under_way.values():
            if arrived:
                self.receive(notice)
            elif notice.kind in TELLS_FIRING:
                self.may_have_heard(notice.channel, (brief.alert_id for brief in notice.alerts))
        self.under_way.clear()
        alerts, disk = self.flushed
        self.desk.alerts.clear()
        self.desk.alerts.update(alerts)
        self.desk.disk = copy.deepcopy(disk)
        for row in parts_of(disk, NOTICES).values():
            for item in notices_of(row):
                if item.is_unsure and item.tells_firing:  # what came of it may be what was not on disk
                    self.may_have_heard(item.channel, item.alerts)
        self.desk.restart()
        self.look()

    def flush(self) -> None:
        self.desk.keep()
        self.flushed: tuple[dict[str, Any], dict[str, Any]] = dict(self.desk.alerts), copy.deepcopy(self.desk.disk)

    # --- what must hold ---------------------------------------------------------------------------

    def is_right(self, notice: Notice) -> None:
        """What is about to be sent is wanted by somebody now."""
        assert self.desk.now - notice.queued_at < DAY
        assert self.desk.now - notice.due <= 2 * DAY
        item = next(one for one in self.desk.planner.outbox if one.notice_id == notice.notice_id)
        for brief in notice.alerts:
            alert = self.desk.alerts[brief.alert_id]
            if notice.kind in TELLS_FIRING:
                assert alert.state is AlertState.FIRING
                assert item.is_by_hand or (alert.acknowledged_by is None and not alert.is_muted)
            elif notice.kind is NoticeKind.ACKNOWLEDGED:
                assert alert.acknowledged_by is not None
            else:
                assert alert.state is AlertState.RESOLVED or item.is_unsure

    def may_have_heard(self, channel: str, names: Iterable[str]) -> None:
        for name in names:
            self.fires.setdefault((channel, name), False)

    def receive(self, notice: Notice) -> None:
        if (notice.channel, notice.key) in self.heard:
            assert notice.is_unsure, "a repeat that nobody marked"
            return
        self.heard[notice.channel, notice.key] = notice.kind
        item = next((one for one in self.desk.planner.outbox if one.notice_id == notice.notice_id), None)
        for brief in notice.alerts:
            place = notice.channel, brief.alert_id
            if item is not None and brief.alert_id in item.alerts:
                told = item.alerts[brief.alert_id]
                word = (*place, told.times, told.serial, notice.step, notice.kind in TELLS_FIRING)
                assert word not in self.words or item.is_unsure, "one alert, episode, step, channel and repeat"
                self.words[word] = notice.key
            if notice.kind in TELLS_FIRING:
                self.fires[place] = True
            elif notice.kind is NoticeKind.RESOLVED:
                assert self.fires.pop(place, None) is not None, "over, and nobody was told that it fires"
            elif notice.kind is NoticeKind.PASSED:
                assert self.fires.get(place) is not True, "it was told that it fires, and must hear that it is over"

    def look(self) -> None:
        """Notices that end otherwise than delivered."""
        for event in self.desk.events[self.seen :]:
            is_lost = isinstance(event, e.NoticeSettled) and event.end in {NoticeEnd.DEAD, NoticeEnd.DROPPED}
            if is_lost and isinstance(event, e.NoticeSettled) and event.kind is NoticeKind.RESOLVED:
                self.given_up.update((event.channel, alert_id) for alert_id in event.alert_ids)
        self.seen = len(self.desk.events)

    def teardown(self) -> None:
        """In the end everything is over, and everybody who was told hears so."""
        for name in list(self.under_way):
            notice = self.under_way.pop(name)
            self.receive(notice)
            self.desk.settle(notice)
        self.live(6 * 3600)
        for name, alert in self.desk.alerts.items():
            if alert.wants_attention:
                assert any(alert_id == name for _, alert_id in self.fires), "it fires, and nobody was told"
        for name, alert in list(self.desk.alerts.items()):
            if alert.state is AlertState.FIRING:
                self.desk.resolve(name)
        self.live(2 * DAY)
        self.look()
        assert not [place for place, fires in self.fires.items() if fires and place not in self.given_up]
        assert not self.desk.planner.outbox.firing_on("slack")
        assert len(self.desk.planner.outbox) == 0

    def live(self, seconds: float) -> None:
        """For a while everything works."""
        end = self.desk.now + seconds
        due: float | None = self.desk.now
        while due is not None and due <= end:
            self.desk.now = max(due, self.desk.now)
            self.plan()
            for one in self.desk.settings.channels:
                while (notice := self.desk.begin(one.name)) is not None:
                    self.is_right(notice)
                    self.receive(notice)
                    self.desk.settle(notice)
            due = self.desk.next_due()
        self.desk.now = end


TestNoticesMachine = NoticesMachine.TestCase
TestNoticesMachine.settings = MODEST
