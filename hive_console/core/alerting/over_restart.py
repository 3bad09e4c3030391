"""What of the alert book is kept over a restart, and how it is taken back: under its ids, and never raised anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from hive_console.core.alerting.conditions import Conditions
from hive_console.core.alerting.episodes import Episodes
from hive_console.core.alerting.firing import Firing, sighting_of
from hive_console.core.alerting.flapping import History
from hive_console.core.alerting.identity import Key, key_of
from hive_console.core.alerting.matching import Matcher
from hive_console.core.alerting.resolved import KEPT_RESOLVED, ended_at
from hive_console.core.alerting.saved import (
    SILENCE_SLOTS,
    SLOTS,
    SavedAlert,
    SavedPending,
    SavedSilence,
    SavedSilences,
    SavedSlot,
)
from hive_console.core.alerting.silences import SILENCE_PREFIX, Silence, Silences
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertRule, AlertState


class OverRestart:
    """Reads and writes the parts of one alert book."""

    __slots__ = ("_conditions", "_episodes", "_silences")

    def __init__(self, conditions: Conditions, episodes: Episodes, silences: Silences) -> None:
        self._conditions = conditions
        self._episodes = episodes
        self._silences = silences

    def slot_of(self, alert_id: str) -> int:
        """The part of the book that holds this alert: its number tells."""
        return self._episodes.number_of(alert_id) % SLOTS

    def slot_of_exhausted(self, wanted: str) -> int | None:
        """The part that holds the alert of this route's exhausted fallbacks; `None` when none fires."""
        one = self._episodes.firing.get((AlertRule.FALLBACKS_EXHAUSTED, "", wanted))
        return None if one is None else self.slot_of(one.alert.alert_id)

    def save(self, slot: int) -> SavedSlot:
        """One part of the book; firing alerts first, since a bound on its size drops the last."""
        firing: list[SavedAlert] = []
        resolved: list[SavedAlert] = []
        for alert_id in self._episodes.ids_in(slot):
            key = self._episodes.key_of(alert_id)
            if key is not None:
                firing.append(self._saved_firing(self._episodes.firing[key]))
            else:
                resolved.append(self._saved_resolved(self._episodes.alert(alert_id)))
        resolved.sort(key=_ended_at, reverse=True)
        return SavedSlot(self._episodes.numbers, (*firing, *resolved))

    def silence_slot_of(self, silence_id: str) -> int:
        """The part of the silences that holds, or held, this one."""
        return int(silence_id.removeprefix(SILENCE_PREFIX)) % SILENCE_SLOTS

    def save_silences(self, slot: int) -> SavedSilences:
        """One part of the silences."""
        found = (one for one in self._silences if one.number % SILENCE_SLOTS == slot)
        silences = tuple(SavedSilence(one.number, one.shown(), one.window) for one in found)
        return SavedSilences(self._silences.numbers, silences, self._silences.ended_windows)

    def save_pending(self) -> tuple[SavedPending, ...]:
        """What waits to become an alert, in the order in which it came."""
        return tuple(SavedPending(one.seen, one.since) for one in self._episodes.waiting)

    def restore(
        self,
        slots: Iterable[SavedSlot],
        now: float,
        *,
        silences: Iterable[SavedSilences] = (),
        pending: Iterable[SavedPending] = (),
        is_whole: bool = True,
    ) -> None:
        """Takes back what `save` and the others gave; see `AlertBook.restore`."""
        missing = 0 if is_whole else SLOTS
        saved = tuple(slots)
        kept = sorted((one for slot in saved for one in slot.alerts), key=_number)
        given = [slot.numbers for slot in saved] + [one.number for one in kept]
        self._episodes.numbers = max(given, default=0) + missing
        for one in kept:
            if one.alert.state is AlertState.FIRING:
                self._restore_firing(one, now)
        ended = sorted((one for one in kept if one.alert.state is AlertState.RESOLVED), key=_ended_at)
        for one in (*(one for one in ended[:-KEPT_RESOLVED] if one.is_away), *ended[-KEPT_RESOLVED:]):
            alert = replace(one.alert, alert_id=self._episodes.id_of(one.number))
            self._episodes.restore_resolved(alert, is_away=one.is_away)
            if one.is_away:
                self._conditions.recall(alert)  # so that it is told when it is well
        for waiting in pending:
            if key_of(waiting.seen) not in self._episodes.firing:
                rule = self._conditions.rule_of(waiting.seen)
                self._episodes.waiting.restore(waiting.seen, rule, waiting.since, now)
        self._restore_silences(tuple(silences), now, missing)

    def forgotten(self, holds: Callable[[AlertRule, str], bool]) -> list[Key]:
        """The alerts that fire but whose conditions did not outlive the restart; conditions forget them, too."""
        over: list[Key] = []
        for key, one in self._episodes.firing.items():
            rule, name, subject = key
            if not holds(rule, subject) or self._is_forgotten(one.alert):
                self._conditions.forget(rule, subject, name)
                over.append(key)
        for rule, name, subject in tuple(self._episodes.away):
            if not holds(rule, subject):
                self._conditions.forget(rule, subject, name)
                self._episodes.no_longer_away((rule, name, subject))
        return over

    # --- inside -----------------------------------------------------------------------------------

    def _saved_firing(self, one: Firing) -> SavedAlert:
        alert = one.alert
        history = self._episodes.histories.get(key_of(alert))
        return SavedAlert(
            number=self._episodes.number_of(alert.alert_id),
            alert=alert,
            last=self._conditions.last_of(alert.rule, alert.subject),
            began_at=one.began_at,
            taken_at_rank=one.taken_at_rank,
            good_since=one.good_since,
            good_cause=one.good_cause,
            is_held=one.is_held,
            history=None if history is None else (history.at, history.changes),
        )

    def _saved_resolved(self, alert: AlertView) -> SavedAlert:
        is_away = self._episodes.is_away(alert)
        return SavedAlert(number=self._episodes.number_of(alert.alert_id), alert=alert, is_away=is_away)

    def _restore_firing(self, one: SavedAlert, now: float) -> None:
        raised_at = min(one.alert.raised_at, now)
        alert = replace(one.alert, alert_id=self._episodes.id_of(one.number), raised_at=raised_at)
        firing = Firing(
            alert=alert,
            rule=self._conditions.rule_of(sighting_of(alert)),
            began_at=raised_at if one.began_at is None else min(one.began_at, now),
            taken_at_rank=one.taken_at_rank,
            good_since=None if one.good_since is None else min(one.good_since, now),
            good_cause=one.good_cause,
            is_held=one.is_held and alert.is_flapping,
            text_at=now,  # what the restart itself tells is no better text
        )
        history = None if one.history is None else History(min(one.history[0], now), one.history[1])
        if self._episodes.restore_firing(firing, history):
            self._conditions.recall(alert, None if one.last is None else min(one.last, now))

    def _restore_silences(self, parts: tuple[SavedSilences, ...], now: float, missing: int) -> None:
        kept = sorted((one for part in parts for one in part.silences), key=_number_of_silence)
        given = [part.numbers for part in parts] + [one.number for one in kept]
        ended = tuple(end for part in parts for end in part.ended_windows)
        self._silences.restore_past(max(given, default=0) + missing, ended, now)
        for one in kept:
            view = replace(one.view, silence_id=f"{SILENCE_PREFIX}{one.number}")
            self._silences.restore(Silence(view, one.number, tuple(map(Matcher.parse, view.matchers)), one.window))

    def _is_forgotten(self, alert: AlertView) -> bool:
        """Whether nothing but this alert remembers that a route was exhausted, so that nothing would end it."""
        rule, subject = alert.rule, alert.subject
        return rule is AlertRule.FALLBACKS_EXHAUSTED and self._conditions.last_of(rule, subject) is None


def _number(one: SavedAlert) -> int:
    return one.number


def _number_of_silence(one: SavedSilence) -> int:
    return one.number


def _ended_at(one: SavedAlert) -> float:
    return ended_at(one.alert)
