"""Notices in the making: words about single alerts become one notice a channel, kind and incident."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hive_console.core.alert_settings import ChannelKind
from hive_console.core.notifying.ledger import Entry
from hive_console.core.notifying.notice import MOST_BRIEFS
from hive_console.core.notifying.queued import MOST_ALERTS, Draft, Told, weightiest
from hive_console.core.notifying.timetable import Occurrence
from hive_console.core.states import NoticeKind

LATE = 600.0
"""Seconds after which a notice says how late it is."""

STORM_THREAD = "storm"
"""The incident that digests belong to."""

_Bucket = tuple[str, NoticeKind, str, int, str]


@dataclass(frozen=True, slots=True)
class _Word:
    entry: Entry
    at: float
    serial: str


class Drafts:
    """Collects what is to be told within one tick."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets: dict[_Bucket, list[_Word]] = {}

    def add(
        self, entry: Entry, channel: str, kind: NoticeKind, one: Occurrence, *, serial: str, remark: str = ""
    ) -> None:
        """One word about one alert; `serial` tells it from other words of its kind about it."""
        thread = STORM_THREAD if kind is NoticeKind.DIGEST else entry.thread
        bucket = channel, kind, thread, one.step, remark
        self._buckets.setdefault(bucket, []).append(_Word(entry, one.at, serial))

    def made(self, kind_of: Callable[[str], ChannelKind | None], now: float) -> Iterator[Draft]:
        """The notices, which are then forgotten here."""
        buckets, self._buckets = self._buckets, {}
        for (channel, kind, thread, step, remark), words in buckets.items():
            size = _size(kind_of(channel))
            heavy = sorted(words, key=lambda word: -word.entry.severity.rank)
            for begin in range(0, len(heavy), size):
                part = heavy[begin : begin + size]
                yield Draft(
                    channel=channel,
                    kind=kind,
                    thread=thread,
                    step=step,
                    alerts={
                        word.entry.alert_id: Told(word.entry.brief.fingerprint, word.entry.times, word.serial)
                        for word in part
                    },
                    briefs={word.entry.alert_id: word.entry.brief for word in part},
                    severity=weightiest(word.entry.severity for word in part),
                    due=_due(part, now),
                    remark=remark,
                    room=size,
                )


def _due(words: list[_Word], now: float) -> float:
    """Since when it should have been told, where that is long ago: a group's wait makes nothing late."""
    earliest = min(word.at for word in words)
    return earliest if now - earliest > LATE else now


def _size(kind: ChannelKind | None) -> int:
    """Alerts of one notice: an incident of a pager is one alert, and Alertmanager must see each of them."""
    if kind is ChannelKind.PAGERDUTY:
        return 1
    return MOST_BRIEFS if kind is ChannelKind.ALERTMANAGER else MOST_ALERTS
