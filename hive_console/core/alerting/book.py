"""The alert book: what is wrong (conditions), what of it is an alert (episodes), and who is spared of it (muting).

A fold over events and looks at the fleet, and the words that persons say about alerts. It sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings
from hive_console.core.alerting.conditions import Conditions
from hive_console.core.alerting.episodes import Episodes
from hive_console.core.alerting.muting import Muting
from hive_console.core.alerting.over_restart import OverRestart
from hive_console.core.alerting.resolved import KEPT_RESOLVED
from hive_console.core.alerting.saved import SavedPending, SavedSilences, SavedSlot
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.alerting.silences import Silences
from hive_console.core.local_time import LocalClock, utc
from hive_console.core.settings import Settings
from hive_console.core.snapshot import AlertView, FleetSnapshot, PendingView, SilenceView
from hive_console.core.states import AlertRule

ALERTING = Conditions.KINDS
"""The events that the alert book looks at; of others it takes no notice."""

DID_NOT_OUTLIVE = "its condition did not outlive the restart"

__all__ = ["ALERTING", "KEPT_RESOLVED", "AlertBook"]


class AlertBook:
    """All firing alerts, the latest resolved ones, what may become one, and all silences."""

    __slots__ = ("_conditions", "_episodes", "_kept", "_local", "_muting", "_shown", "_silences", "_views")

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        local: LocalClock = utc,
        prefix: str = "A",
        now: float = 0.0,
    ) -> None:
        """Nothing fires.

        Args:
            settings: the models and the rules; without them the rules are the default ones.
            local: the wall clock by which the settings' maintenance is announced.
            prefix: what the alerts' ids begin with.
            now: the time.
        """
        alerts = settings.alerts if settings is not None else AlertSettings()
        self._local = local
        self._conditions = Conditions(settings, now)
        self._episodes = Episodes(alerts, prefix=prefix)
        self._silences = Silences(alerts, local)
        self._muting = Muting(self._episodes, self._silences)
        self._kept = OverRestart(self._conditions, self._episodes, self._silences)
        self._views: tuple[AlertView, ...] = ()
        self._shown = self._episodes.version

    # --- what happens -----------------------------------------------------------------------------

    def observe(self, event: e.Event) -> list[e.Event]:
        """Takes an event; returns what it means for alerts."""
        seen = self._conditions.observe(event)
        return self.see(seen, event.at) if seen else []

    def look(self, fleet: FleetSnapshot, now: float) -> list[e.Event]:
        """Looks at the whole, about once a second."""
        return self.see(self._conditions.look(fleet, now), now)

    def see(self, sightings: Iterable[Sighting], now: float) -> list[e.Event]:
        """Takes looks at conditions; returns what they mean for alerts."""
        return [
            event
            for seen in sightings
            for event in self._muting.follow(self._episodes.see(seen, self._conditions.rule_of(seen), now), now)
        ]

    def tick(self, now: float) -> list[e.Event]:
        """What time alone brings about; ask at `next_due`, and at least each second."""
        events = self.see(self._conditions.tick(now), now)
        for pending in self._episodes.waiting.due(now):
            events += self._muting.follow(self._episodes.fire(pending.seen, pending.rule, now), now)
        while (due := self._episodes.due(now)) is not None:
            events += self._muting.follow(self._episodes.happen(*due, now), now)
        return [*events, *self._turn_silences(now)]

    def next_due(self) -> float | None:
        """When time alone brings something about next; what conditions wait for, each second's `tick` tells."""
        times = [at for at in (self._episodes.next_at(), self._silences.next_at()) if at is not None]
        return min(times, default=None)

    def reconfigure(self, settings: Settings, now: float, *, local: LocalClock | None = None) -> list[e.Event]:
        """Goes on by other settings; ends what is of a model, a rule or a window that has left."""
        self._local = local or self._local
        gone = self._conditions.reconfigure(settings, now)
        self._episodes.reconfigure(settings.alerts, self._conditions.rule_of)
        self._silences.reconfigure(settings.alerts, self._local)
        return [*self.see(gone, now), *self._turn_silences(now)]

    # --- what persons say -------------------------------------------------------------------------

    def acknowledge(
        self, alert_id: str, actor: str, note: str, now: float, *, until: float | None = None
    ) -> list[e.Event]:
        """Marks a firing alert as somebody's until then; nothing when it is not firing or somebody has it.

        Args:
            alert_id: which one.
            actor: who takes it.
            note: what they say.
            now: the time.
            until: when nobody has it any more; `None` is after what the settings say, infinity never. Whoever has
                the alert may say another end.
        """
        return self._episodes.acknowledge(alert_id, actor, note, now, until=until)

    def unacknowledge(self, alert_id: str, actor: str, note: str, now: float) -> list[e.Event]:
        """Makes an alert nobody's again; nothing when it is."""
        return self._episodes.unacknowledge(alert_id, actor, note, now)

    def resolve(self, alert_id: str, actor: str, note: str, now: float) -> list[e.Event]:
        """Puts a firing alert away until its condition has been good once; nothing when it does not fire."""
        return self._muting.follow(self._episodes.resolve(alert_id, actor, note, now), now)

    def escalate(self, alert_id: str, actor: str, note: str, now: float) -> list[e.Event]:
        """Asks that the next people are told of an alert now; nothing when it does not fire."""
        return self._episodes.escalate(alert_id, actor, note, now)

    def note(self, alert_id: str, actor: str, note: str, now: float) -> list[e.Event]:
        """Writes on an alert, firing or over; nothing when it is not known or nothing is said."""
        return self._episodes.note(alert_id, actor, note, now)

    def silence(self, wanted: SilenceView, now: float) -> list[e.Event]:
        """Places a silence or a maintenance; nothing where `silence_refusal` says why.

        Its one matcher may be an alert's id: then it is of that rule and subject.
        """
        placed = self._silences.place(self._about_alert(wanted), now)
        return [] if placed is None else self._muting.place(placed, now)

    def silence_refusal(self, wanted: SilenceView, now: float) -> str:
        """Why a silence cannot be placed, for a person; empty when it can."""
        return self._silences.refusal(self._about_alert(wanted), now)

    def unsilence(self, silence_id: str, actor: str, now: float) -> list[e.Event]:
        """Ends a silence; nothing when it is over already."""
        return self._muting.end(silence_id, f"by {actor}", now, actor=actor)

    # --- what is shown ----------------------------------------------------------------------------

    def views(self) -> tuple[AlertView, ...]:
        """Firing alerts first, newest first, then the resolved ones; made once until something changes."""
        if self._shown != self._episodes.version:
            self._views = self._episodes.views()
            self._shown = self._episodes.version
        return self._views

    def alert(self, alert_id: str) -> AlertView | None:
        """The alert of this id: firing, or resolved a short while ago."""
        return self._episodes.find(alert_id)

    def pending(self) -> tuple[PendingView, ...]:
        """Conditions that are no alerts yet, those first that become one first; bounded."""
        return self._episodes.waiting.views()

    def silences(self) -> tuple[SilenceView, ...]:
        """Silences that hold or will, those first that end first."""
        return self._silences.views()

    @property
    def left_out(self) -> int:
        """Looks at conditions for which there was no room since the start."""
        return self._episodes.left_out

    @property
    def pending_version(self) -> int:
        """Moves when a pending condition comes, goes, or fires at another time."""
        return self._episodes.waiting.version

    # --- over a restart ---------------------------------------------------------------------------

    def take_untold(self) -> tuple[int, ...]:
        """The parts of the book that changed since this was last asked and of which no event tells."""
        untold = tuple(self._episodes.untold)
        self._episodes.untold.clear()
        return untold

    def slot_of(self, alert_id: str) -> int:
        """The part of the book that holds this alert: its number tells."""
        return self._kept.slot_of(alert_id)

    def version_of(self, slot: int) -> int:
        """Moves when something changes in this part of the book."""
        return self._episodes.versions[slot]

    @property
    def silences_version(self) -> int:
        """Moves when a silence comes, goes, or hides another alert."""
        return self._silences.version

    def slot_of_exhausted(self, wanted: str) -> int | None:
        """The part that holds the alert of this route's exhausted fallbacks; `None` when none fires."""
        return self._kept.slot_of_exhausted(wanted)

    def save(self, slot: int) -> SavedSlot:
        """One part of the book; firing alerts first, since a bound on its size drops the last."""
        return self._kept.save(slot)

    def silence_slot_of(self, silence_id: str) -> int:
        """The part of the silences that holds, or held, this one."""
        return self._kept.silence_slot_of(silence_id)

    def save_silences(self, slot: int) -> SavedSilences:
        """One part of the silences."""
        return self._kept.save_silences(slot)

    def save_pending(self) -> tuple[SavedPending, ...]:
        """What waits to become an alert, in the order in which it came."""
        return self._kept.save_pending()

    def save_conditions(self, now: float) -> dict[str, Any]:
        """What conditions remember for longer than a run lasts: the budgets that operations burn."""
        return self._conditions.save(now)

    def restore_conditions(self, saved: object, now: float) -> None:
        """Takes back what `save_conditions` gave; raises `UnreadableState` for what is not whole."""
        self._conditions.restore(saved, now)

    def restore(
        self,
        slots: Iterable[SavedSlot],
        now: float,
        *,
        silences: Iterable[SavedSilences] = (),
        pending: Iterable[SavedPending] = (),
        is_whole: bool = True,
    ) -> None:
        """Takes back what was saved before a restart.

        When a part is missing (`is_whole`), the numbers that it may have given are left out, so that ids do not
        repeat.
        """
        self._kept.restore(slots, now, silences=silences, pending=pending, is_whole=is_whole)
        self._muting.restore(now)

    def reconcile(self, holds: Callable[[AlertRule, str], bool], now: float) -> list[e.Event]:
        """Ends what did not outlive a restart, and tells how many alerts go on firing."""
        events = self._turn_silences(now)
        for key in self._kept.forgotten(holds):
            events += self._muting.follow(self._episodes.end_restored(key, now, DID_NOT_OUTLIVE), now)
        events += self._muting.reconcile(now)
        firing = [one.alert for one in self._episodes.firing.values()]
        if firing:
            names = tuple(alert.alert_id for alert in firing[: e.MANY_CHANGES])
            taken = sum(alert.acknowledged_by is not None for alert in firing)
            events.append(e.AlertsRestored(at=now, alert_ids=names, count=len(firing), acknowledged=taken))
        return events

    # --- inside -----------------------------------------------------------------------------------

    def _turn_silences(self, now: float) -> list[e.Event]:
        """Ends silences whose time is over, and begins those whose time has come."""
        events: list[e.Event] = []
        for silence, cause in self._silences.over(now):
            events += self._muting.end(silence.silence_id, cause, now)
        for window, wanted in self._silences.windows(now):
            placed = self._silences.place(wanted, now, window=window)
            events += self._muting.place(placed, now) if placed is not None else []
        return [*events, *self._muting.look_at_silences(now)]

    def _about_alert(self, wanted: SilenceView) -> SilenceView:
        """The silence by matchers, where it names an alert."""
        match wanted.matchers:
            case (one,) if (alert := self._episodes.find(one)) is not None:
                matchers = (f"rule={alert.rule_id}", f"subject={alert.subject}")
                return replace(wanted, matchers=matchers)
            case _:
                return wanted
