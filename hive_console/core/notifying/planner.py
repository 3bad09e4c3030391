"""The planner of notices: who is told of which alert, what, and when. A bus reader after the alert book.

It looks at alerts as the book has them (`alert_of`), not at what events say of them: whatever order they come in,
and whatever was lost in a restart, what is planned fits what is. What was planned is in the ledger, what waits to
be sent in the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings
from hive_console.core.local_time import LocalClock, utc
from hive_console.core.notifying.following import Following
from hive_console.core.notifying.gates import STORM
from hive_console.core.notifying.judging import Judging
from hive_console.core.notifying.ledger import Group
from hive_console.core.notifying.office import Office
from hive_console.core.notifying.outbox import Outbox
from hive_console.core.notifying.over_restart import OverRestart
from hive_console.core.notifying.planning import Planning
from hive_console.core.notifying.queued import Draft
from hive_console.core.notifying.rota import on_call
from hive_console.core.notifying.routes import tellable
from hive_console.core.notifying.saved import Rows
from hive_console.core.notifying.timetable import next_at, overdue, steps_done, told_next
from hive_console.core.snapshot import AlertView, ChannelView
from hive_console.core.states import NoticeKind

_Bus = (
    e.AlertRaised
    | e.AlertReopened
    | e.AlertChanged
    | e.AlertResolved
    | e.AlertAcknowledged
    | e.AlertUnacknowledged
    | e.AlertMuted
    | e.AlertFlapping
    | e.AlertEscalated
)


class Planner:
    """Plans notices and judges those that wait."""

    KINDS: tuple[type[e.Event], ...] = (
        e.AlertRaised,
        e.AlertReopened,
        e.AlertChanged,
        e.AlertResolved,
        e.AlertAcknowledged,
        e.AlertUnacknowledged,
        e.AlertMuted,
        e.AlertFlapping,
        e.AlertEscalated,
    )
    """The events that it looks at; of others it takes no notice."""

    def __init__(
        self,
        settings: AlertSettings,
        *,
        alert_of: Callable[[str], AlertView | None],
        draw: Callable[[], float],
        local: LocalClock = utc,
        environment: str = "",
        now: float = 0.0,
    ) -> None:
        """`alert_of` gives an alert as it is; `draw` numbers uniform in 0..1, for the jitter of backoff."""
        self._office = Office(settings, alert_of=alert_of, local=local)
        judge = Judging(self._office)
        self.outbox = self._office.outbox = Outbox(
            settings, judge=judge, draw=draw, environment=environment, now=now
        )
        self._following = Following(self._office)
        self._planning = Planning(self._office)
        self._over_restart = OverRestart(self._office, self._following)

    # --- what happens -----------------------------------------------------------------------------

    def observe(self, event: e.Event) -> list[e.Event]:
        """Takes an event; what is no longer wanted is withdrawn at once, what is due is told at the next tick."""
        if not isinstance(event, _Bus):
            return []
        if isinstance(event, e.AlertRaised | e.AlertReopened) and self._is_told(event.alert_id):
            self._office.gates.count(event.at)
        events = self._following.sync(event.alert_id, event.at)
        if isinstance(event, e.AlertEscalated):
            events += self._planning.escalate(event)
        return events

    def _is_told(self, alert_id: str) -> bool:
        """Whether people are told of it: what another alert explains, or a silence covers, makes no storm."""
        view = self._office.alert_of(alert_id)
        return view is not None and not view.is_muted

    def tick(self, now: float) -> list[e.Event]:
        """Makes the notices that are due."""
        events = self.outbox.tick(now)
        is_digest = self._office.gates.is_storm(now) and self._office.gates.opens_at(STORM, now) <= now
        woken = [
            one for one in self._office.ledger if one.wake_at is not None and (is_digest or one.wake_at <= now)
        ]
        opened: dict[Group, None] = {}
        swept: dict[tuple[Group, int], None] = {}
        for entry in woken:
            if entry.is_over:
                self._planning.plan_end(entry, now)
            else:
                self._planning.plan(entry, now, opened=opened, swept=swept)
        for group in opened:
            self._office.gates.opened(group, now)
        self._planning.sweep(swept, now)
        events += self._office.queue_all(now)
        self._office.gates.forget(now)
        self._office.ledger.forget({alert_id for item in self.outbox for alert_id in item.alerts})
        return events

    def next_due(self) -> float | None:
        """When `tick` has something to do; `None` when nothing will be due by itself."""
        dues = [one.wake_at for one in self._office.ledger if one.wake_at is not None]
        outbox = self.outbox.next_due()
        return min(dues if outbox is None else [*dues, outbox], default=None)

    def test(self, channel: str, actor: str, now: float) -> list[e.Event]:
        """A notice that says that it is a test; none where the channel is not known."""
        if self._office.settings.channel(channel) is None:
            return []
        draft = Draft(channel=channel, kind=NoticeKind.TEST, thread="test", due=now, remark=f"asked for by {actor}")
        draft.serial = f"{now}/{self.outbox.numbers}"
        return self.outbox.queue(draft, now)

    def reconfigure(self, settings: AlertSettings, now: float, *, local: LocalClock | None = None) -> list[e.Event]:
        """Plans by these settings; what they would have told before now is not made up for."""
        for entry in self._office.ledger:
            if not entry.is_held and not overdue(self._office.steps(entry), entry.since, done=entry.done, now=now):
                entry.done = max(entry.done, now)
            entry.wake_at, entry.steps = now, None
        self._office.settings = settings
        self._office.local = local or self._office.local
        self._office.gates.reconfigure(settings)
        return self.outbox.reconfigure(settings, now)

    # --- what is shown ----------------------------------------------------------------------------

    def dressed(self, views: Iterable[AlertView]) -> tuple[AlertView, ...]:
        """The alerts with who was told, who could not be yet, and when the next step is due."""
        waiting: dict[str, dict[str, None]] = {}
        for item in self.outbox:
            if item.tells_firing:
                for alert_id in item.alerts:
                    waiting.setdefault(alert_id, {})[item.channel] = None
        return tuple(self._dressed(view, tuple(waiting.get(view.alert_id, ()))) for view in views)

    def channels(self, now: float) -> tuple[ChannelView, ...]:
        """The channels, in the order of the settings."""
        return self.outbox.views(now)

    def on_call(self, now: float) -> str:
        """Who is on call now; empty where nobody is named."""
        return on_call(self._office.settings, now, self._office.local)

    def _dressed(self, view: AlertView, untold: tuple[str, ...]) -> AlertView:
        entry = self._office.ledger.get(view.alert_id)
        if entry is None:
            return view
        steps = self._office.steps(entry)
        next_ones = () if entry.is_held else told_next(steps, entry.since, entry.done)
        return replace(
            view,
            told=tuple(entry.told),
            untold=untold,
            step=steps_done(steps, entry.since, entry.done),
            next_step_at=None if entry.is_held else next_at(steps, entry.since, entry.done),
            next_told=tellable(next_ones, self._office.settings, about=entry.about) if next_ones else (),
        )

    # --- over a restart ---------------------------------------------------------------------------

    def save(self) -> Rows:
        """Everything that must outlive a restart, by the name of its row."""
        return self._over_restart.save()

    def changed(self) -> Rows:
        """The rows that changed since this was last asked; keep them with the event that changed them."""
        return self._over_restart.changed()

    def restore(self, rows: Mapping[str, Any], now: float, alerts: Iterable[AlertView] = ()) -> list[e.Event]:
        """Takes what was kept, when the alert book has its own; `alerts` are all that it has.

        What was under way is unsure and tried again with the same key. Alerts that the ledger does not know are
        planned as they are, and what is over and was told is told to be over.
        """
        return self._over_restart.restore(rows, now, alerts)
