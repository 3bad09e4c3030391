"""The life of alerts: a condition holds (pending), long enough to fire, ends, is resolved, and may fire anew soon.

At most one alert of a key fires. Instants are absolute. What mutes an alert, and who is told of it, is decided
elsewhere; what is kept of all this over a restart stands in `saved`. The life of an alert stands in one piece.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import assert_never

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings
from hive_console.core.alerting.firing import Firing, about, sighting_of
from hive_console.core.alerting.flapping import START, Histories, History
from hive_console.core.alerting.identity import Key, key_of
from hive_console.core.alerting.resolved import KEPT_RESOLVED, Resolved, ended_at
from hive_console.core.alerting.rules import Rule
from hive_console.core.alerting.saved import SLOTS
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.alerting.timers import Timers
from hive_console.core.alerting.waiting import Waiting
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertState, Severity

MOST_FIRING = 10_000
"""Alerts that fire at a time: the largest fleet (2,000 models) with five of each."""

RESERVE = 1_000
"""Critical alerts for which there is room beyond that."""

MOST_AWAY = 1_000
"""Alerts that were put away by hand and whose conditions still hold, at a time."""

MOST_NOTES = 10
"""Notes kept on one alert, the latest; the audit trail keeps them all."""

NOTE_LIMIT = 300
"""Characters kept of one note."""

TEXT_EVERY = 10.0
"""Seconds between two texts of one alert whose number moves: consoles far away are sent what changed."""

TOLD_EVERY = 60.0
"""Seconds between two words about alerts that found no room."""

WEIGHS_MORE = "it weighs more than when it was taken"
FIRES_ANEW = "it fires anew"
TIME_OVER = "its time is over"


class Due(Enum):
    """What time alone brings about an alert that fires."""

    RESOLVE = "resolve"  # its condition has been good for long enough
    RELEASE = "release"  # its acknowledgement ends
    CALM = "calm"  # it flaps no longer


class Episodes:
    """All firing alerts, those that may become some, and the latest resolved ones.

    Attributes:
        firing: by key, in the order in which they began; for reading.
        resolved: those that are over; for reading.
        waiting: the pending conditions; for reading.
        away: alerts that were put away by hand and whose condition has not been good since; for reading.
        histories: how firing alerts and those before them turned; for reading.
        numbers: how many alerts were ever raised.
        untold: parts of the book that changed without an event that tells of it.
        left_out: alerts and conditions that found no room since the start.
        version: moves with every change of an alert that people can see.
        versions: the same of each part of the book, for what is kept.
    """

    __slots__ = (
        "_away_by_id",
        "_keys",
        "_prefix",
        "_settings",
        "_slots",
        "_timers",
        "_told_at",
        "away",
        "firing",
        "histories",
        "left_out",
        "numbers",
        "resolved",
        "untold",
        "version",
        "versions",
        "waiting",
    )

    def __init__(self, settings: AlertSettings, *, prefix: str = "A") -> None:
        self._settings = settings
        self._prefix = prefix
        self.firing: dict[Key, Firing] = {}
        self.resolved = Resolved()
        self.waiting = Waiting()
        self.away: dict[Key, AlertView] = {}
        self.histories = Histories()
        self.numbers = 0
        self.untold: dict[int, None] = {}
        self.left_out = 0
        self.version = 0
        self.versions = [0] * SLOTS
        self._keys: dict[str, Key] = {}
        self._away_by_id: dict[str, AlertView] = {}
        self._slots: tuple[dict[str, None], ...] = tuple({} for _ in range(SLOTS))
        self._timers: Timers[tuple[Due, Key]] = Timers()
        self._told_at = -math.inf

    def reconfigure(self, settings: AlertSettings, rule_of: Callable[[Sighting], Rule]) -> None:
        """Goes on by other settings: what waits, and what is kept, does so by the new numbers."""
        self._settings = settings
        self.waiting.reconfigure(rule_of)
        for key, one in self.firing.items():
            one.rule = rule_of(sighting_of(one.alert))
            self._set_timer(Due.RESOLVE, key, one.resolves_at)

    # --- reading ----------------------------------------------------------------------------------

    def key_of(self, alert_id: str) -> Key | None:
        """The key of a firing alert."""
        return self._keys.get(alert_id)

    def find(self, alert_id: str) -> AlertView | None:
        """The alert of this id: firing, or resolved a short while ago."""
        key = self._keys.get(alert_id)
        return self.firing[key].alert if key is not None else self.resolved.get(alert_id)

    def alert(self, alert_id: str) -> AlertView:
        """One that is known to be there; raises `KeyError` for another."""
        key = self._keys.get(alert_id)
        if key is not None:
            return self.firing[key].alert
        return self.resolved.get(alert_id) or self._away_by_id[alert_id]

    def is_away(self, alert: AlertView) -> bool:
        """Whether a resolved alert was put away by hand, and its condition has not been good since."""
        return alert.alert_id in self._away_by_id

    def number_of(self, alert_id: str) -> int:
        """What the id ends in."""
        return int(alert_id.removeprefix(self._prefix))

    def id_of(self, number: int) -> str:
        """The id that ends in it."""
        return f"{self._prefix}{number}"

    def ids_in(self, slot: int) -> tuple[str, ...]:
        """The alerts, firing and resolved, whose numbers leave this part of the book."""
        return tuple(self._slots[slot])

    def views(self) -> tuple[AlertView, ...]:
        """Firing alerts first, newest first, then the latest resolved ones."""
        firing = sorted((one.alert for one in self.firing.values()), key=lambda alert: -alert.raised_at)
        ended = (alert for alert, _ in zip(self.resolved, range(KEPT_RESOLVED), strict=False))
        return (*firing, *ended)

    def next_at(self) -> float | None:
        """When time alone brings something about."""
        times = [at for at in (self._timers.next(), self.waiting.next_at()) if at is not None]
        return min(times, default=None)

    # --- conditions and time ----------------------------------------------------------------------

    def see(self, seen: Sighting, rule: Rule, now: float) -> list[e.Event]:
        """Takes a look at a condition; what it means for its alert."""
        key = key_of(seen)
        one = self.firing.get(key)
        if seen.is_bad:
            if one is not None:
                return self._goes_on(key, one, seen, rule, now)
            return [] if key in self.away else self._holds(key, seen, rule, now)
        self._return(key)
        self.waiting.drop(key)
        if one is None or (one.good_since is not None and not seen.is_gone):
            return []
        if seen.is_gone:
            self.histories.forget(key)
            return self._end(key, one, now, cause=seen.cause)
        one.good_since, one.good_cause = now, seen.cause
        if rule.keep <= 0:
            return self._was_good(key, one, now)
        one.rule = rule
        self._set_timer(Due.RESOLVE, key, one.resolves_at)
        return []

    def due(self, now: float) -> tuple[Due, Key] | None:
        """What time alone brings about firing alerts first; it is to be handed to `happen` before the next."""
        return self._timers.due(now)

    def happen(self, what: Due, key: Key, now: float) -> list[e.Event]:
        """What is due happens."""
        one = self.firing[key]
        match what:
            case Due.RESOLVE:
                return self._was_good(key, one, now)
            case Due.RELEASE:
                return self._release(key, one, TIME_OVER, now)
            case Due.CALM:
                return self._looks_calm(key, one, now)
            case _:
                assert_never(what)

    def fire(self, seen: Sighting, rule: Rule, now: float) -> list[e.Event]:
        """A condition has held for long enough: an alert fires, anew where it was over a short while ago."""
        key = key_of(seen)
        severity = seen.severity or rule.severity
        if len(self.firing) >= MOST_FIRING + (RESERVE if severity is Severity.CRITICAL else 0):
            return self._find_no_room(now)
        before = self.resolved.latest(key)
        if before is not None and now - ended_at(before) <= self._settings.reopen_within:
            return self._fire_anew(key, before, seen, rule, now)
        self.numbers += 1
        alert = AlertView(
            alert_id=self.id_of(self.numbers),
            rule=seen.rule,
            severity=severity,
            subject=seen.subject,
            text=seen.text,
            state=AlertState.FIRING,
            raised_at=now,
            labels=seen.labels,
            name=seen.name,
        )
        labels = tuple(f"{name}={value}" for name, value in alert.labels)
        raised = e.AlertRaised(
            **about(alert, now), severity=severity, text=alert.text, labels=labels, name=alert.name
        )
        return [raised, *self._turned(key, self._begin(key, alert, rule, now), now)]

    # --- by hand ----------------------------------------------------------------------------------

    def acknowledge(
        self, alert_id: str, actor: str, note: str, now: float, *, until: float | None
    ) -> list[e.Event]:
        """Marks a firing alert as somebody's; `until` is `None` for as long as the settings say, infinity for good.

        Nothing when it does not fire, or somebody has it; whoever has it may say another end.
        """
        key = self._keys.get(alert_id)
        end = now + self._settings.acknowledge_for if until is None else until
        if key is None or end <= now:
            return []
        one, ends = self.firing[key], None if math.isinf(end) else end
        has = one.alert.acknowledged_by
        if has is not None and (has != actor or until is None or ends == one.alert.acknowledged_until):
            return []
        since = now if has is None else one.alert.acknowledged_at
        self._change(one, acknowledged_by=actor, acknowledged_at=since, acknowledged_until=ends, note=note)
        one.taken_at_rank = one.alert.severity.rank
        self._set_timer(Due.RELEASE, key, ends)
        return [e.AlertAcknowledged(**about(one.alert, now), actor=actor, note=note, until=ends)]

    def unacknowledge(self, alert_id: str, actor: str, note: str, now: float) -> list[e.Event]:
        """Makes an alert nobody's again; nothing when it is."""
        key = self._keys.get(alert_id)
        return [] if key is None else self._release(key, self.firing[key], note or f"by {actor}", now, actor=actor)

    def resolve(self, alert_id: str, actor: str, note: str, now: float) -> list[e.Event]:
        """Puts a firing alert away: it does not fire again before its condition has been good once."""
        key = self._keys.get(alert_id)
        if key is None:
            return []
        one = self.firing[key]
        self.histories.forget(key)
        events = self._end(key, one, now, cause=note or f"by {actor}", actor=actor)
        if one.good_since is None:
            self._put_away(one.alert)
            self._touch(alert_id)
        return events

    def escalate(self, alert_id: str, actor: str, note: str, now: float) -> list[e.Event]:
        """Asks that the next people are told of a firing alert now."""
        key = self._keys.get(alert_id)
        if key is None:
            return []
        one = self.firing[key]
        self._change(one)
        return [e.AlertEscalated(**about(one.alert, now), actor=actor, note=note)]

    def note(self, alert_id: str, actor: str, note: str, now: float) -> list[e.Event]:
        """Writes on an alert, whether it fires or is over."""
        alert = self.find(alert_id)
        noted = note.strip()[:NOTE_LIMIT]
        if alert is None or not noted:
            return []
        notes = (*alert.notes, f"{actor}: {noted}")[-MOST_NOTES:]
        key = self._keys.get(alert_id)
        if key is None:
            self.resolved.change(replace(alert, notes=notes, changed=alert.changed + 1))
            self._touch(alert_id)
        else:
            self._change(self.firing[key], notes=notes)
        return [e.AlertNoted(**about(alert, now), actor=actor, note=noted)]

    def mute(self, key: Key, silence_id: str, by_alert: str, now: float) -> list[e.Event]:
        """Has a firing alert muted by these; by neither, people are told of it again."""
        one = self.firing[key]
        self._change(one, silenced_by=silence_id, inhibited_by=by_alert)
        return [e.AlertMuted(**about(one.alert, now), silence_id=silence_id, by_alert=by_alert)]

    # --- over a restart ---------------------------------------------------------------------------

    def restore_firing(self, one: Firing, history: History | None) -> bool:
        """Takes back an alert that fired before a restart; whether there was none of its key."""
        key = key_of(one.alert)
        if key in self.firing:
            return False
        self.firing[key] = one
        self._index(one.alert.alert_id, key)
        if one.alert.is_flapping and history is None:
            history = History(one.began_at)
        if history is not None:
            self.histories.restore(key, history)
            self._set_timer(Due.CALM, key, history.calm_at() if one.alert.is_flapping else None)
        self._set_timer(Due.RELEASE, key, one.alert.acknowledged_until)
        self._set_timer(Due.RESOLVE, key, one.resolves_at)
        self.version += 1
        return True

    def restore_resolved(self, alert: AlertView, *, is_away: bool) -> None:
        """Takes back an alert that was over before a restart; give them in the order in which they ended."""
        self.resolved.add(alert)
        self._index(alert.alert_id, None)
        if is_away:
            self._put_away(alert)
        self.version += 1

    def no_longer_away(self, key: Key) -> None:
        """The condition of what was put away did not outlive a restart."""
        self._return(key)

    def end_restored(self, key: Key, now: float, cause: str) -> list[e.Event]:
        """Ends an alert whose condition did not outlive the restart."""
        self.histories.forget(key)
        return self._end(key, self.firing[key], now, cause=cause)

    # --- inside: firing ---------------------------------------------------------------------------

    def _holds(self, key: Key, seen: Sighting, rule: Rule, now: float) -> list[e.Event]:
        """A condition without an alert holds."""
        if rule.wait <= 0:
            self.waiting.drop(key)
            return self.fire(seen, rule, now)
        return [] if self.waiting.see(seen, rule, now) else self._find_no_room(now)

    def _fire_anew(self, key: Key, before: AlertView, seen: Sighting, rule: Rule, now: float) -> list[e.Event]:
        """The same episode: nobody has it any more, and whoever was told that it is over is told again."""
        self.resolved.take_out(before)
        alert = replace(
            before,
            severity=seen.severity or rule.severity,
            text=seen.text,
            state=AlertState.FIRING,
            resolved_at=None,
            labels=seen.labels,
            times=before.times + 1,
            cause="",
            changed=before.changed + 1,
        )
        one = self._begin(key, alert, rule, now)
        reopened = e.AlertReopened(**about(alert, now), severity=alert.severity, text=alert.text, times=alert.times)
        return [reopened, *self._release(key, one, FIRES_ANEW, now), *self._turned(key, one, now)]

    def _begin(self, key: Key, alert: AlertView, rule: Rule, now: float) -> Firing:
        one = self.firing[key] = Firing(alert, rule, now, text_at=now)
        self._index(alert.alert_id, key)
        self._touch(alert.alert_id)
        return one

    def _goes_on(self, key: Key, one: Firing, seen: Sighting, rule: Rule, now: float) -> list[e.Event]:
        """A firing alert's condition holds, still or again."""
        one.rule = rule
        events: list[e.Event] = []
        one.good_since = None
        self._set_timer(Due.RESOLVE, key, None)
        if one.is_held:
            one.is_held = False
            events = self._turned(key, one, now)
        old, new = one.alert.severity, seen.severity or rule.severity
        if new is not old:
            self._change(one, severity=new, text=seen.text or one.alert.text)
            one.text_at = now
            events.append(e.AlertChanged(**about(one.alert, now), old=old, new=new, text=one.alert.text))
            if new.rank > one.taken_at_rank:
                events += self._release(key, one, WEIGHS_MORE, now)
        elif seen.text and seen.text != one.alert.text and now - one.text_at >= TEXT_EVERY:
            one.alert = replace(one.alert, text=seen.text)
            one.text_at = now
            self.version += 1
        return events

    # --- inside: the end --------------------------------------------------------------------------

    def _was_good(self, key: Key, one: Firing, now: float) -> list[e.Event]:
        """A condition has been good for long enough: the alert is over, unless it flaps."""
        events = self._turned(key, one, now)
        if one.alert.is_flapping:
            one.is_held = True
            return events
        return [*events, *self._end(key, one, now, cause=one.good_cause)]

    def _end(self, key: Key, one: Firing, now: float, *, cause: str, actor: str = "") -> list[e.Event]:
        events = self._flaps(one, now, is_flapping=False) if one.alert.is_flapping else []
        del self.firing[key]
        for what in Due:
            self._timers.drop((what, key))
        self._change(one, state=AlertState.RESOLVED, resolved_at=now, cause=cause, silenced_by="", inhibited_by="")
        del self._keys[one.alert.alert_id]
        self.resolved.add(one.alert)
        for alert_id in self.resolved.forget_oldest(now, self._settings.reopen_within):
            self._forget(alert_id)
        lasted = max(0.0, now - one.began_at)
        return [*events, e.AlertResolved(**about(one.alert, now), lasted=lasted, cause=cause, actor=actor)]

    def _put_away(self, alert: AlertView) -> None:
        key = key_of(alert)
        self.away[key] = self._away_by_id[alert.alert_id] = alert
        if len(self.away) > MOST_AWAY:
            self._return(next(iter(self.away)))

    def _return(self, key: Key) -> None:
        """What was put away may fire again."""
        alert = self.away.pop(key, None)
        if alert is not None:
            del self._away_by_id[alert.alert_id]
            self._touch(alert.alert_id)
            self.untold[self.number_of(alert.alert_id) % SLOTS] = None
            self._forget(alert.alert_id)

    def _forget(self, alert_id: str) -> None:
        """Keeps nothing of an alert over a restart any more, unless it is here for another reason."""
        if self.resolved.get(alert_id) is None and alert_id not in self._away_by_id:
            del self._slots[self.number_of(alert_id) % SLOTS][alert_id]

    # --- inside: flapping -------------------------------------------------------------------------

    def _turned(self, key: Key, one: Firing, now: float) -> list[e.Event]:
        """The alert would fire where it would not have, or the other way round."""
        history = self.histories.of(key, now, self.firing)
        history.turn(now)
        events: list[e.Event] = []
        if not one.alert.is_flapping and history.change(now) >= START:
            events = self._flaps(one, now, is_flapping=True, change=history.change(now))
        if one.alert.is_flapping:
            self._set_timer(Due.CALM, key, history.calm_at())
        return events

    def _looks_calm(self, key: Key, one: Firing, now: float) -> list[e.Event]:
        change = self.histories.of(key, now, self.firing).change(now)
        events = self._flaps(one, now, is_flapping=False, change=change)
        return [*events, *self._end(key, one, now, cause=one.good_cause)] if one.is_held else events

    def _flaps(self, one: Firing, now: float, *, is_flapping: bool, change: float = 0.0) -> list[e.Event]:
        self._change(one, is_flapping=is_flapping)
        return [e.AlertFlapping(**about(one.alert, now), is_flapping=is_flapping, change=round(change, 4))]

    # --- inside: the rest -------------------------------------------------------------------------

    def _release(self, key: Key, one: Firing, cause: str, now: float, *, actor: str = "") -> list[e.Event]:
        if one.alert.acknowledged_by is None:
            return []
        self._change(one, acknowledged_by=None, acknowledged_at=None, acknowledged_until=None, note="")
        self._set_timer(Due.RELEASE, key, None)
        return [e.AlertUnacknowledged(**about(one.alert, now), cause=cause, actor=actor)]

    def _change(self, one: Firing, **fields: object) -> None:
        one.change(**fields)
        self._touch(one.alert.alert_id)

    def _touch(self, alert_id: str) -> None:
        self.version += 1
        self.versions[self.number_of(alert_id) % SLOTS] += 1

    def _index(self, alert_id: str, key: Key | None) -> None:
        self._slots[self.number_of(alert_id) % SLOTS][alert_id] = None
        if key is not None:
            self._keys[alert_id] = key

    def _set_timer(self, what: Due, key: Key, at: float | None) -> None:
        if at is None:
            self._timers.drop((what, key))
        else:
            self._timers.set((what, key), at)

    def _find_no_room(self, now: float) -> list[e.Event]:
        self.left_out += 1
        if now - self._told_at < TOLD_EVERY:
            return []
        self._told_at = now
        message = (
            f"{len(self.firing)} alerts fire and {len(self.waiting)} conditions wait, as many as are kept; "
            f"looks left out since the start: {self.left_out}"
        )
        return [e.ServiceFailed(at=now, service="the alert book", message=message)]
