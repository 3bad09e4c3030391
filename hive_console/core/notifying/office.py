"""What the parts of the planner share: settings, the wall clock, alerts, ledger, gates, drafts and the outbox."""

from __future__ import annotations

from collections.abc import Callable

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings, ChannelKind
from hive_console.core.local_time import LocalClock
from hive_console.core.notifying.brief import brief_of
from hive_console.core.notifying.drafts import Drafts
from hive_console.core.notifying.gates import Gates
from hive_console.core.notifying.ledger import Entry, Ledger
from hive_console.core.notifying.notice import AlertBrief
from hive_console.core.notifying.outbox import Outbox
from hive_console.core.notifying.routes import steps_of
from hive_console.core.notifying.timetable import Timed
from hive_console.core.snapshot import AlertView

STATEFUL = frozenset({ChannelKind.PAGERDUTY, ChannelKind.ALERTMANAGER})
"""Channels that keep an incident of their own: they get each alert, no digests, and are told of its end at once."""


class Office:
    """One planner's things, and the questions that all of its parts ask."""

    __slots__ = ("alert_of", "drafts", "gates", "ledger", "local", "outbox", "settings")

    outbox: Outbox
    """Given by the planner, when there is a judge for it."""

    def __init__(
        self, settings: AlertSettings, *, alert_of: Callable[[str], AlertView | None], local: LocalClock
    ) -> None:
        self.settings = settings
        self.alert_of = alert_of
        self.local = local
        self.ledger = Ledger()
        self.gates = Gates(settings)
        self.drafts = Drafts()

    @property
    def mirrors(self) -> tuple[str, ...]:
        """Channels that show alerts to people by rules of their own."""
        return tuple(one.name for one in self.settings.channels if one.kind is ChannelKind.ALERTMANAGER)

    def kind_of(self, name: str) -> ChannelKind | None:
        """A channel's transport; `None` of a channel that left."""
        channel = self.settings.channel(name)
        return None if channel is None else channel.kind

    def brief(self, alert_id: str) -> AlertBrief | None:
        """The alert as it is now; `None` when it is forgotten."""
        view = self.alert_of(alert_id)
        if view is not None:
            return brief_of(view, self.settings)
        entry = self.ledger.get(alert_id)
        return None if entry is None else entry.brief

    def steps(self, entry: Entry) -> tuple[Timed, ...]:
        """The escalation of an alert."""
        if entry.steps is None:
            brief = entry.brief
            own = {"rule": brief.name, "severity": brief.severity.value, "subject": brief.subject}
            entry.steps = steps_of({**dict(brief.labels), **own}, brief.severity, self.settings)
        return entry.steps

    def waits(self, name: str, entry: Entry) -> bool:
        """Whether a channel is about to hear that an alert fires."""
        return any(item.tells_firing for item in self.outbox.waiting_on(name, entry.alert_id))

    def queue_all(self, now: float) -> list[e.Event]:
        """Puts what is drafted into the outbox."""
        events: list[e.Event] = []
        for draft in self.drafts.made(self.kind_of, now):
            events += self.outbox.absorb(draft, now)
            events += self.outbox.queue(draft, now)
        return events
