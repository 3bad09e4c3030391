"""Who is spared of a firing alert: a silence covers it, or another alert explains it. Nothing else mutes one.

A change of either is told once (`AlertMuted`); what fires is looked at when it begins, when it weighs otherwise,
when what explained it ends, and when a silence begins or ends.
"""

from __future__ import annotations

from collections.abc import Iterable

from hive_console.core import events as e
from hive_console.core.alerting.episodes import Episodes
from hive_console.core.alerting.identity import Key, key_of
from hive_console.core.alerting.inhibition import Inhibition
from hive_console.core.alerting.silences import RESOLVED, Silence, Silences
from hive_console.core.snapshot import AlertView


class Muting:
    """Keeps `silenced_by` and `inhibited_by` of the firing alerts true."""

    __slots__ = ("_episodes", "_inhibition", "_silences")

    def __init__(self, episodes: Episodes, silences: Silences) -> None:
        self._episodes = episodes
        self._silences = silences
        self._inhibition = Inhibition()

    def follow(self, events: Iterable[e.Event], now: float) -> list[e.Event]:
        """These events of one alert, each with what it means for who is told."""
        found: list[e.Event] = []
        for event in events:
            found.append(event)
            match event:
                case e.AlertRaised() | e.AlertReopened() | e.AlertChanged():
                    found += self._began(event.alert_id, now)
                case e.AlertResolved():
                    found += self._ended(event.alert_id, now)
                case _:
                    pass
        return found

    # --- silences ---------------------------------------------------------------------------------

    def place(self, silence: Silence, now: float) -> list[e.Event]:
        """Tells of a silence that was placed, and of what it covers from now on."""
        view = silence.view
        placed = e.SilencePlaced(
            at=now,
            silence_id=view.silence_id,
            matchers=view.matchers,
            by=view.by,
            reason=view.reason,
            begins=view.begins,
            until=view.until,
            is_maintenance=view.is_maintenance,
            ends_on_resolve=view.ends_on_resolve,
        )
        return [placed, *self.look_at_silences(now)]

    def look_at_silences(self, now: float) -> list[e.Event]:
        """Has silences hold whose time has come."""
        if not self._silences.begun(now):
            return []
        return [event for key in tuple(self._episodes.firing) for event in self._look(key, now)]

    def end(self, silence_id: str, cause: str, now: float, *, actor: str = "") -> list[e.Event]:
        """Ends a silence, once; people are told again of what it hid and nothing else does."""
        silence = self._silences.end(silence_id, now)
        if silence is None:
            return []
        ended = e.SilenceEnded(at=now, silence_id=silence_id, cause=cause, hid=silence.view.hid, actor=actor)
        hidden = tuple(silence.hides)
        return [ended, *(event for key in hidden for event in self._look(key, now))]

    # --- over a restart ---------------------------------------------------------------------------

    def restore(self, now: float) -> None:
        """Takes over what muted the alerts before a restart, as far as it is still there."""
        self._silences.begun(now)
        by_id = {one.alert.alert_id: key for key, one in self._episodes.firing.items()}
        for key, one in self._episodes.firing.items():
            self._inhibition.add(key, one.alert.labels, one.rule.explained_by)
        for key, one in self._episodes.firing.items():
            reason = by_id.get(one.alert.inhibited_by)
            if reason is not None:
                self._inhibition.take(key, reason)
            silence = self._silences.find(one.alert.silenced_by)
            if silence is not None:
                silence.hides[key] = None

    def reconcile(self, now: float) -> list[e.Event]:
        """Tells what is muted otherwise than before the restart."""
        return [event for key in tuple(self._episodes.firing) for event in self._look(key, now)]

    # --- inside -----------------------------------------------------------------------------------

    def _began(self, alert_id: str, now: float) -> list[e.Event]:
        alert = self._episodes.alert(alert_id)
        key = key_of(alert)
        self._inhibition.add(key, alert.labels, self._episodes.firing[key].rule.explained_by)
        near = [key, *self._inhibition.unexplained_by(key)]
        return [event for other in near for event in self._look(other, now)]

    def _ended(self, alert_id: str, now: float) -> list[e.Event]:
        key = key_of(self._episodes.alert(alert_id))
        events = [event for orphan in self._inhibition.remove(key) for event in self._look(orphan, now)]
        return [*events, *self._unhide(key, now)]

    def _unhide(self, key: Key, now: float) -> list[e.Event]:
        """Takes a resolved alert from the silence that hid it, which may end with it."""
        events: list[e.Event] = []
        for silence in self._silences:
            if key in silence.hides:
                del silence.hides[key]
                if silence.view.ends_on_resolve and not silence.hides:
                    events += self.end(silence.silence_id, RESOLVED, now)
        return events

    def _look(self, key: Key, now: float) -> list[e.Event]:
        """Says anew what mutes a firing alert, where that is not what did before."""
        one = self._episodes.firing[key]
        silence = self._silence_of(key, one.alert)
        reason = self._inhibition.reason_of(key)
        silence_id = silence.silence_id if silence is not None else ""
        by_alert = self._episodes.firing[reason].alert.alert_id if reason is not None else ""
        if (silence_id, by_alert) == (one.alert.silenced_by, one.alert.inhibited_by):
            return []
        if silence is not None:
            self._silences.hide(silence, key)
        return self._episodes.mute(key, silence_id, by_alert, now)

    def _silence_of(self, key: Key, alert: AlertView) -> Silence | None:
        """The silence that covers it: the one before while it does."""
        labels = alert.all_labels
        before = self._silences.find(alert.silenced_by)
        if before is not None:
            if before.covers(labels):
                return before
            before.hides.pop(key, None)
        return self._silences.covering(labels)
