"""The outbox: what waits to be sent, by channel. It decides what goes next and when, and what an answer means.

At most one notice of a channel is under way; of one alert a channel hears in the order in which it happened; what
weighs more goes first. Whether a notice is still wanted is asked of a `Judge` until the moment it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings
from hive_console.core.notifying.drafts import LATE
from hive_console.core.notifying.lane import Judge, Lane
from hive_console.core.notifying.notice import MOST_BRIEFS, AlertBrief, Notice, Receipt, Verdict
from hive_console.core.notifying.pacing import Pacing
from hive_console.core.notifying.queued import Draft, Queued, key_of, weightiest
from hive_console.core.snapshot import ChannelView
from hive_console.core.states import NoticeEnd, NoticeKind
from hive_console.core.text import clean_message
from hive_console.core.wording import span

MOST_QUEUED = 1000
"""Notices that wait at once, of all channels; beyond it the mildest and oldest is dropped, and counted."""

GIVEN_UP_AFTER = 86_400.0
"""Seconds after which a notice that nobody took is given up: a day later it is no news."""

REMINDERS = frozenset({NoticeKind.REPEAT, NoticeKind.FLAPPING})
"""What is told again; where the hour's bound is reached it is left out, and everything else waits."""

GONE = "the channel left the settings"
_TEXTS: dict[NoticeEnd, str] = {
    NoticeEnd.DEAD: f"not taken within {span(GIVEN_UP_AFTER)}",
    NoticeEnd.SUPERSEDED: "no longer wanted",
    NoticeEnd.DROPPED: f"more than {MOST_QUEUED} notices wait",
}


class Outbox:
    """All notices that wait."""

    __slots__ = ("_draw", "_environment", "_items", "_judge", "_lanes", "_left_out_told", "dirty", "numbers")

    def __init__(
        self,
        settings: AlertSettings,
        *,
        judge: Judge,
        draw: Callable[[], float],
        environment: str = "",
        now: float = 0.0,
    ) -> None:
        """`draw` gives numbers uniform in 0..1, for the jitter of backoff."""
        self._judge = judge
        self._draw = draw
        self._environment = environment
        self._items: dict[int, Queued] = {}
        self._lanes = {channel.name: Lane(Pacing(channel, now)) for channel in settings.channels}
        self._left_out_told: dict[int, int] = {}
        self.numbers = 0
        self.dirty: dict[int, None] = {}

    def __iter__(self) -> Iterator[Queued]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    # --- in ---------------------------------------------------------------------------------------

    def queue(self, draft: Draft, now: float) -> list[e.Event]:
        """Takes a notice; what of it must be dropped so that all fit is dropped."""
        self.numbers += 1
        item = Queued(
            number=self.numbers,
            key=key_of(draft, self._environment),
            channel=draft.channel,
            kind=draft.kind,
            thread=draft.thread,
            step=draft.step,
            alerts=draft.alerts,
            briefs=dict(list(draft.briefs.items())[:MOST_BRIEFS]),
            severity=draft.severity,
            queued_at=now,
            due=draft.due,
            remark=draft.remark,
            is_by_hand=draft.is_by_hand,
        )
        self._items[item.number] = item
        self.dirty[item.number] = None
        told = e.NoticeQueued(
            at=now,
            notice_id=item.notice_id,
            channel=item.channel,
            kind=item.kind,
            alert_ids=_ids(item),
            count=len(item.alerts),
            due=item.due,
            key=item.key,
            step=item.step,
            cause=draft.cause,
        )
        return [told, *self._make_room(now)]

    def put_back(self, item: Queued) -> None:
        """Takes what waited before a restart."""
        self._items[item.number] = item
        self.numbers = max(self.numbers, item.number)

    def waiting_on(self, channel: str, alert_id: str) -> Iterator[Queued]:
        """The notices of this alert that wait or are under way there, the oldest first."""
        return (one for one in self if one.channel == channel and alert_id in one.alerts)

    def absorb(self, draft: Draft, now: float) -> list[e.Event]:
        """Puts what waits untried of the same kind, step and incident into the draft, so that it is told in one."""
        events: list[e.Event] = []
        for item in list(self):
            same = (item.channel, item.kind, item.thread, item.step) == (
                draft.channel,
                draft.kind,
                draft.thread,
                draft.step,
            )
            fits = len(item.alerts) + len(draft.alerts) <= draft.room and now - item.queued_at < GIVEN_UP_AFTER / 2
            if same and fits and item.attempts == 0 and item.is_by_hand is draft.is_by_hand:
                draft.alerts = {**item.alerts, **draft.alerts}
                draft.briefs = {**item.briefs, **draft.briefs}
                draft.severity = weightiest((item.severity, draft.severity))
                draft.due = min(item.due, draft.due)
                events += self._settle(item, NoticeEnd.SUPERSEDED, now, "told together with later ones")
        return events

    # --- out --------------------------------------------------------------------------------------

    def next(self, channel: str, now: float) -> Notice | None:
        """What is to be sent over this channel now; `None` when nothing is."""
        picked = self._pick(channel, now)
        return self._rendered(picked[1], now) if picked is not None and picked[0] <= now else None

    def next_at(self, channel: str, now: float) -> float | None:
        """When `next` gives something, unless something changes; `None` when nothing waits, or one is under way."""
        picked = self._pick(channel, now)
        return None if picked is None else picked[0]

    def begin(self, notice_id: str, now: float) -> list[e.Event]:
        """An attempt begins; let it be on disk before the notice goes out."""
        item = self._find(notice_id)
        if item is None or item.is_in_flight:
            return []
        item.attempts += 1
        item.is_in_flight = True
        self.dirty[item.number] = None
        self._lanes[item.channel].pacing.begin(now)
        return [e.NoticeTried(at=now, notice_id=notice_id, channel=item.channel, number=item.attempts)]

    def is_wanted(self, notice_id: str) -> bool:
        """Whether anybody must still be told this: to be asked when the disk has the attempt, before it is made."""
        item = self._find(notice_id)
        return item is not None and self._is_wanted(item)

    def recall(self, notice_id: str, now: float) -> list[e.Event]:
        """The attempt that began is not made after all: nothing of it went out."""
        item = self._find(notice_id)
        if item is None:
            return []
        item.is_in_flight = False
        self.dirty[item.number] = None
        return self.recheck(now, [item])

    def settle(self, notice_id: str, receipt: Receipt, now: float, took: float) -> list[e.Event]:
        """An attempt came back."""
        item = self._find(notice_id)
        if item is None:
            return []
        item.is_in_flight = False
        self.dirty[item.number] = None
        lane = self._lanes.get(item.channel)
        is_delivered = receipt.verdict is Verdict.DELIVERED
        is_well = is_delivered or receipt.verdict is Verdict.NOBODY
        answer = clean_message(receipt.answer)
        turned: list[e.Event] = []
        if lane is not None:
            lane.last_error = "" if is_well else answer or "it failed"
            turned = lane.turn(receipt, now, attempts=item.attempts, draw=self._draw())
        ended = self._judged(item, receipt, now, answer)
        tried = e.NoticeTried(
            at=now,
            notice_id=notice_id,
            channel=item.channel,
            number=item.attempts,
            took=took,
            is_delivered=is_delivered,
            status=receipt.status,
            answer=answer,
            next_at=self.next_at(item.channel, now) if item.number in self._items else None,
        )
        return [tried, *turned, *ended]

    def firing_on(self, channel: str) -> tuple[AlertBrief, ...]:
        """What was told there and still fires: for receivers that forget what is not said again."""
        return self._judge.firing_on(channel)

    # --- by itself --------------------------------------------------------------------------------

    def recheck(self, now: float, items: Iterable[Queued] | None = None) -> list[e.Event]:
        """Takes out of what waits what is no longer wanted; what is under way is judged when it comes back."""
        events: list[e.Event] = []
        for item in list(self if items is None else items):
            if item.is_in_flight or item.kind is NoticeKind.TEST or item.number not in self._items:
                continue
            if item.channel not in self._lanes:
                events += self._settle(item, NoticeEnd.SUPERSEDED, now, GONE)
                continue
            wanted = set(self._judge.wanted(item))
            unwanted = [alert_id for alert_id in item.alerts if alert_id not in wanted]
            if not unwanted:
                continue
            events += self._take_out(item, unwanted, now)
        return events

    def tick(self, now: float) -> list[e.Event]:
        """Gives up what is too old, and leaves out reminders for which the hour has no room."""
        events: list[e.Event] = []
        for item in list(self):
            lane = self._lanes.get(item.channel)
            if item.is_in_flight or lane is None or item.number not in self._items:
                continue
            if now - item.queued_at >= GIVEN_UP_AFTER:
                events += self._settle(item, NoticeEnd.DEAD, now)
            elif item.kind in REMINDERS and lane.pacing.is_full(item.severity, now):
                bound = f"more than {lane.pacing.settings.hourly} notices in an hour"
                events += self._settle(item, NoticeEnd.DROPPED, now, bound)
        return events

    def next_due(self) -> float | None:
        """When `tick` has something to do: the next notice is too old, or a reminder may have no room."""
        return min((item.queued_at + GIVEN_UP_AFTER for item in self if not item.is_in_flight), default=None)

    def reconfigure(self, settings: AlertSettings, now: float) -> list[e.Event]:
        """Uses the channels of these settings; one that is another than before is tried at once."""
        lanes: dict[str, Lane] = {}
        for channel in settings.channels:
            lane = self._lanes.get(channel.name)
            if lane is None:
                lane = Lane(Pacing(channel, now))
            elif lane.pacing.settings != channel:
                lane.pacing = Pacing(channel, now)
            lanes[channel.name] = lane
        self._lanes = lanes
        return self.recheck(now)

    def is_open(self, channel: str) -> bool:
        """Whether the channel's breaker keeps notices back."""
        lane = self._lanes.get(channel)
        return lane is not None and lane.pacing.is_open

    def views(self, now: float) -> tuple[ChannelView, ...]:
        """The channels as people see them, in the order of the settings."""
        waiting: dict[str, list[float]] = {name: [] for name in self._lanes}
        for item in self:
            if item.channel in waiting:
                waiting[item.channel].append(item.queued_at)
        return tuple(
            lane.view(waiting=waiting[name], next_at=self.next_at(name, now), now=now)
            for name, lane in self._lanes.items()
        )

    # --- inside -----------------------------------------------------------------------------------

    def _find(self, notice_id: str) -> Queued | None:
        number = notice_id.removeprefix("N")
        return self._items.get(int(number)) if number.isdecimal() else None

    def _pick(self, channel: str, now: float) -> tuple[float, Queued] | None:
        """What goes next, and when."""
        lane = self._lanes.get(channel)
        items = [item for item in self if item.channel == channel]
        if lane is None or any(item.is_in_flight for item in items):
            return None
        earlier: set[str] = set()
        found: list[tuple[float, int, int, Queued]] = []
        for item in sorted(items, key=lambda one: one.number):
            if now - item.queued_at >= GIVEN_UP_AFTER or not self._is_wanted(item):
                continue
            if earlier.isdisjoint(item.alerts):
                is_test = item.kind is NoticeKind.TEST
                ready = now if is_test else lane.pacing.next_at(item.severity, now)
                found.append((max(now, ready, item.due), -1 if is_test else 0, -item.severity.rank, item))
            earlier.update(item.alerts)
        first = min(found, key=lambda one: (*one[:3], one[3].number), default=None)
        return None if first is None else (first[0], first[3])

    def _is_wanted(self, item: Queued) -> bool:
        return item.kind is NoticeKind.TEST or bool(self._judge.wanted(item))

    def _rendered(self, item: Queued, now: float) -> Notice:
        wanted = self._judge.wanted(item)
        briefs = [self._judge.brief(alert_id) or item.briefs.get(alert_id) for alert_id in wanted]
        known = sorted((brief for brief in briefs if brief is not None), key=lambda one: -one.severity.rank)
        lane = self._lanes[item.channel]
        late = f"late by {span(now - item.due)}" if now - item.due > LATE else ""
        parts = [item.remark, late, lane.remark]
        self._left_out_told[item.number] = lane.left_out
        return Notice(
            notice_id=item.notice_id,
            key=item.key,
            channel=item.channel,
            kind=item.kind,
            thread=item.thread,
            alerts=tuple(known[:MOST_BRIEFS]),
            count=len(wanted),
            queued_at=item.queued_at,
            due=item.due,
            step=item.step,
            environment=self._environment,
            remark="; ".join(part for part in parts if part),
            attempts=item.attempts + 1,
            is_unsure=item.is_unsure,
        )

    def _judged(self, item: Queued, receipt: Receipt, now: float, answer: str) -> list[e.Event]:
        """What the answer means for the notice."""
        if receipt.verdict is Verdict.DELIVERED:
            return self._settle(item, NoticeEnd.DELIVERED, now)
        if receipt.verdict is Verdict.NOBODY:
            return self._settle(item, NoticeEnd.SUPERSEDED, now, answer)
        if receipt.verdict is Verdict.RETRY and receipt.status is None:
            item.is_unsure = True  # nothing came back: it may have arrived
        is_final = receipt.verdict is Verdict.REFUSED and not receipt.is_channel_at_fault
        if is_final or item.kind is NoticeKind.TEST:
            return self._settle(item, NoticeEnd.DEAD, now, answer)
        if now - item.queued_at >= GIVEN_UP_AFTER:
            return self._settle(item, NoticeEnd.DEAD, now)
        return self.recheck(now, [item])

    def _take_out(self, item: Queued, alert_ids: list[str], now: float) -> list[e.Event]:
        """These alerts are not told by this notice; the notice is over when none is left."""
        before = replace(item, alerts=dict(item.alerts))
        events: list[e.Event] = []
        if len(alert_ids) == len(item.alerts):
            events += self._settle(item, NoticeEnd.SUPERSEDED, now)
        else:
            for alert_id in alert_ids:
                del item.alerts[alert_id]
                item.briefs.pop(alert_id, None)
            self.dirty[item.number] = None
        return [*events, *self._judge.withdrawn(before, alert_ids, now)]

    def _settle(self, item: Queued, end: NoticeEnd, now: float, cause: str = "") -> list[e.Event]:
        """Nothing more is done about it."""
        del self._items[item.number]
        self.dirty[item.number] = None
        left_out = self._left_out_told.pop(item.number, 0)
        lane = self._lanes.get(item.channel)
        if lane is not None:
            lane.count(end, told_left_out=left_out)
        settled = e.NoticeSettled(
            at=now,
            notice_id=item.notice_id,
            channel=item.channel,
            end=end,
            kind=item.kind,
            alert_ids=_ids(item),
            attempts=item.attempts,
            cause=cause or _TEXTS.get(end, ""),
        )
        if end is NoticeEnd.SUPERSEDED:
            return [settled]
        return [settled, *self._judge.ended(item, end, now)]

    def _make_room(self, now: float) -> list[e.Event]:
        if len(self._items) <= MOST_QUEUED:
            return []
        spare = [item for item in self if not item.is_in_flight]
        victim = min(spare, key=_dearness)
        return self._settle(victim, NoticeEnd.DROPPED, now)


def _ids(item: Queued) -> tuple[str, ...]:
    return tuple(item.alerts)[: e.MANY_CHANGES]


def _dearness(item: Queued) -> tuple[bool, int, bool, int]:
    """What is dropped last: that something is over, then what weighs more, then news, then the younger."""
    is_end = item.kind is NoticeKind.RESOLVED
    return is_end, item.severity.rank, item.kind not in REMINDERS, item.number
