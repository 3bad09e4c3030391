"""The planner behind the real alert book: a fault comes in, notices go out."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertRoute, AlertSettings, Step
from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.notifying.notice import Notice, Receipt, Verdict
from hive_console.core.notifying.planner import Planner
from hive_console.core.states import AlertRule, NoticeKind
from tests.core.notice_driver import SLACK, T0

K = NoticeKind
SETTINGS = AlertSettings(channels=(SLACK,), routes=(AlertRoute(steps=(Step(0, ("slack",)),)),))


class House:
    """Book, planner, and a courier whom nothing stops."""

    def __init__(self) -> None:
        self.book = AlertBook(now=T0)
        self.planner = Planner(SETTINGS, alert_of=self.book.alert, draw=lambda: 0.0, now=T0)
        self.now = T0

    def publish(self, events: list[e.Event]) -> None:
        for event in events:
            self.planner.observe(event)

    def see(self, rule: AlertRule, *, is_bad: bool) -> None:
        self.publish(self.book.see([Sighting(rule=rule, subject="gpt-5", is_bad=is_bad, text="out")], self.now))

    def until(self, seconds: float) -> list[Notice]:
        sent: list[Notice] = []
        end = T0 + seconds
        while self.now < end:
            self.now = min(end, self.now + 1)
            self.publish(self.book.tick(self.now))
            self.planner.tick(self.now)
            while (notice := self.planner.outbox.next("slack", self.now)) is not None:
                self.planner.outbox.begin(notice.notice_id, self.now)
                receipt = Receipt(verdict=Verdict.DELIVERED)
                self.planner.outbox.settle(notice.notice_id, receipt, self.now, took=0.1)
                sent.append(notice)
        return sent


def test_a_fault_is_told_and_its_end_too() -> None:
    house = House()

    house.see(AlertRule.SETTINGS_REFUSED, is_bad=True)
    firing = house.until(15)
    house.see(AlertRule.SETTINGS_REFUSED, is_bad=False)
    over = house.until(30)

    assert [one.kind for one in firing] == [K.FIRING]
    assert [one.kind for one in over] == [K.RESOLVED]
    assert firing[0].alerts[0].advice


def test_who_takes_an_alert_in_the_book_stops_the_planner() -> None:
    house = House()
    house.see(AlertRule.SETTINGS_REFUSED, is_bad=True)
    (alert,) = house.book.views()

    house.publish(house.book.acknowledge(alert.alert_id, "ada", "", house.now))

    assert house.until(60) == []
    house.publish(house.book.unacknowledge(alert.alert_id, "ada", "", house.now))
    assert [one.kind for one in house.until(75)] == [K.FIRING]


def test_what_the_book_reopens_is_told_anew() -> None:
    house = House()
    house.see(AlertRule.SETTINGS_REFUSED, is_bad=True)
    house.until(15)
    house.see(AlertRule.SETTINGS_REFUSED, is_bad=False)
    house.until(30)

    house.see(AlertRule.SETTINGS_REFUSED, is_bad=True)
    sent = house.until(100)

    assert [(one.kind, one.alerts[0].times) for one in sent] == [(K.FIRING, 1)]
