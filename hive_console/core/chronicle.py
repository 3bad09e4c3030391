"""What happened, in order, on one axis: events and gaps as moments, runs of the same folded, causes linked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from hive_console.core import events as e
from hive_console.core.narration import narrate
from hive_console.core.sifting import MOVING, models_of
from hive_console.core.states import ActionPhase, AlertRule, Severity
from hive_console.core.store import Gap
from hive_console.core.wording import span

TOLD: tuple[type[e.Event], ...] = (*MOVING, e.OperatorActed)
"""The kinds of event that moments are made of: what moved something, and what was done by hand. Requests and checks
are left out, in the recording as in the feed, so that both tell the same story; what they moved is told."""

FOLD_WITHIN = 180.0
"""Seconds within which one more of the same belongs to the run: a breaker's trials come at most this far apart."""

FOLD_REACH = 12
"""Moments back that a run is looked for: one that began further up is out of sight, and a new one says it anew."""

CAUSE_WITHIN = 5.0
"""Seconds within which a breaker's move explains what moved after it; everything it causes is published at once."""

STORY_LENGTH = 12
"""Moments of one story at most: more than a screen has room for."""


class Kind(Enum):
    """What a moment is about; the value is the word for people, and the word of the filter."""

    STATUS = "status"
    BREAKER = "breaker"
    TRAFFIC = "traffic"
    ALERT = "alert"
    NOTICE = "notice"
    HAND = "by-hand"
    MODE = "mode"
    FAULT = "fault"
    SETTINGS = "settings"
    CONSOLE = "console"
    ENGINE = "engine"
    GAP = "gap"


_KINDS: Mapping[type[e.Event], Kind] = {
    e.EngineStarted: Kind.ENGINE,
    e.EngineStopped: Kind.ENGINE,
    e.ConsoleAttached: Kind.CONSOLE,
    e.ConsoleDetached: Kind.CONSOLE,
    e.ServiceFailed: Kind.FAULT,
    e.FallbacksExhausted: Kind.FAULT,
    e.KeyQuarantined: Kind.FAULT,
    e.KeyRestored: Kind.FAULT,
    e.BreakerChanged: Kind.BREAKER,
    e.ThresholdCrossed: Kind.BREAKER,
    e.AutomationFrozen: Kind.BREAKER,
    e.AutomationThawed: Kind.BREAKER,
    e.RampAdvanced: Kind.TRAFFIC,
    e.RecoveryEnded: Kind.TRAFFIC,
    e.RoutePinned: Kind.TRAFFIC,
    e.TrafficMoved: Kind.TRAFFIC,
    e.OutlierEjected: Kind.STATUS,
    e.OutlierReturned: Kind.STATUS,
    e.StatusChanged: Kind.STATUS,
    e.ModelRecovered: Kind.STATUS,
    e.DegradationChanged: Kind.MODE,
    e.DegradedModeEntered: Kind.MODE,
    e.DegradedModeLeft: Kind.MODE,
    e.ProbeBudgetSpent: Kind.MODE,
    e.OperatorActed: Kind.HAND,
    e.HoldPlaced: Kind.HAND,
    e.HoldEnded: Kind.HAND,
    e.SettingsReloaded: Kind.SETTINGS,
    e.SettingsRefused: Kind.SETTINGS,
    e.SettingsNoticed: Kind.SETTINGS,
    **dict.fromkeys(
        (
            e.AlertRaised,
            e.AlertReopened,
            e.AlertChanged,
            e.AlertResolved,
            e.AlertAcknowledged,
            e.AlertUnacknowledged,
            e.AlertNoted,
            e.AlertMuted,
            e.AlertFlapping,
            e.AlertEscalated,
            e.AlertsRestored,
            e.SilencePlaced,
            e.SilenceEnded,
        ),
        Kind.ALERT,
    ),
    e.NoticeSettled: Kind.NOTICE,
    e.ChannelChanged: Kind.NOTICE,
    e.EventsDropped: Kind.GAP,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of the timeline.

    Attributes:
        number: its place; grows with time, and stays what it was when older ones come before it.
        at: Unix seconds; of the first, when it stands for several.
        last: the same of the last one.
        kind: what it is about.
        text: the sentence.
        severity: how much it wants a person.
        models: the models and routes it names; empty where it is about the whole fleet.
        count: how many it stands for.
        cause: the number of the moment that it follows from; `None` where nothing tells.
        event: what happened, of several the last; `None` for a gap.
    """

    number: int
    at: float
    last: float
    kind: Kind
    text: str
    severity: Severity = Severity.INFO
    models: frozenset[str] = frozenset()
    count: int = 1
    cause: int | None = None
    event: e.Event | None = None

    @property
    def matters(self) -> bool:
        """Whether somebody who goes through what happened stops here."""
        return self.severity is not Severity.INFO or self.kind in {Kind.HAND, Kind.GAP}


class Chronicle:
    """Takes what happened, oldest first, and keeps it as moments.

    Its owner bounds it: whoever gives it no more than so many events has no more than so many moments.
    """

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self._topics: list[str] = []
        self._leads: dict[tuple[str, str], int] = {}
        self._stopped_at: float | None = None

    def take(self, number: int, happened: e.Event | Gap) -> None:
        """Adds one thing that happened; `number` is even, and larger than all before."""
        if isinstance(happened, Gap):
            self._add(_of_gap(number, happened), "")
            return
        self._note_silence(number, happened)
        kind = _KINDS.get(type(happened))
        if kind is None:
            return
        line = narrate(happened)
        if line.is_routine and not isinstance(happened, _TOLD_HERE):
            return
        moment = Moment(
            number=number,
            at=happened.at,
            last=happened.at,
            kind=kind,
            text=_without_kind(line.text, kind),
            severity=line.severity,
            models=frozenset() if kind is Kind.ENGINE else models_of(happened),
            cause=self._cause_of(happened),
            event=happened,
        )
        folded = self._ended(moment) or self._folded(moment, line.topic, is_progress=line.is_progress)
        if folded is None:
            self._add(moment, line.topic)
        self._lead(number if folded is None else folded.number, happened)

    def place_of(self, number: int) -> int | None:
        """The place among the moments of this number, or of the one before it; `None` before all."""
        place = bisect_right(self.moments, number, key=lambda moment: moment.number) - 1
        return place if place >= 0 else None

    def story_of(self, moment: Moment) -> tuple[Moment, ...]:
        """The chain that a moment belongs to, from its first cause to what came of it, itself included."""
        first = moment
        # A cause comes before what it causes: this ends.
        while first.cause is not None and (before := self._exact(first.cause)) is not None:
            first = before
        told = {first.number: first, moment.number: moment}
        for later in self.moments[self.place_of(first.number) :]:
            if len(told) >= STORY_LENGTH:
                break
            if later.cause in told:
                told[later.number] = later
        return tuple(told[number] for number in sorted(told))

    def _exact(self, number: int) -> Moment | None:
        place = self.place_of(number)
        found = None if place is None else self.moments[place]
        return found if found is not None and found.number == number else None

    def _add(self, moment: Moment, topic: str) -> None:
        self.moments.append(moment)
        self._topics.append(topic or moment.text)

    def _folded(self, moment: Moment, topic: str, *, is_progress: bool) -> Moment | None:
        """The run that one more of the same was counted in; `None` where it begins one."""
        reach = FOLD_REACH if topic else 1
        for place in range(len(self.moments) - 1, max(-1, len(self.moments) - 1 - reach), -1):
            run = self.moments[place]
            if self._topics[place] != (topic or moment.text) or run.kind is not moment.kind:
                continue
            if moment.at - run.last > FOLD_WITHIN:
                return None
            count = run.count if is_progress else run.count + 1
            return self._put(place, moment, count)
        return None

    def _ended(self, moment: Moment) -> Moment | None:
        """The deed whose outcome this is: told where it began, before what came of it."""
        act = moment.event
        if not isinstance(act, e.OperatorActed) or act.phase is ActionPhase.INTENDED:
            return None
        number = self._leads.get((_DEED, act.action_id))
        place = None if number is None else self.place_of(number)
        return None if place is None else self._put(place, moment, 1)

    def _put(self, place: int, latest: Moment, count: int) -> Moment:
        run = self.moments[place]
        self.moments[place] = replace(
            run, last=latest.at, text=latest.text, severity=latest.severity, count=count, event=latest.event
        )
        return self.moments[place]

    def _note_silence(self, number: int, event: e.Event) -> None:
        """Between two engines there is time that nobody watched."""
        if isinstance(event, e.EngineStopped):
            self._stopped_at = event.at
        elif isinstance(event, e.EngineStarted):
            stopped, self._stopped_at = self._stopped_at, None
            self._leads.clear()
            if stopped is not None and event.at > stopped:
                said = f"no engine ran for {span(event.at - stopped)}: nothing was watched"
                gap = Moment(
                    number=number - 1,  # numbers of events are even: there is one between
                    at=stopped,
                    last=event.at,
                    kind=Kind.GAP,
                    text=said,
                    severity=Severity.WARNING,
                )
                self._add(gap, "")

    # --- causes ----------------------------------------------------------------------------------------

    def _lead(self, number: int, event: e.Event) -> None:
        """Notes what later moments may follow from."""
        match event:
            case e.BreakerChanged():
                self._leads[_BROKE, event.model] = number
            case e.StatusChanged() | e.ModelRecovered() | e.OutlierEjected():
                self._leads[_MOVED, event.model] = number
            case e.FallbacksExhausted():
                self._leads[AlertRule.FALLBACKS_EXHAUSTED.value, event.route or event.requested] = number
            case e.AlertRaised() | e.AlertReopened():
                self._leads[_RAISED, event.alert_id] = number
            case e.SilencePlaced():
                self._leads[_SILENCED, event.silence_id] = number
            case e.DegradedModeEntered():
                self._leads[AlertRule.DEGRADED_MODE.value, ""] = number
            case e.SettingsRefused():
                self._leads[AlertRule.SETTINGS_REFUSED.value, ""] = number
            case e.KeyQuarantined():
                self._leads[AlertRule.KEY_REFUSED.value, ""] = number
            case e.OperatorActed():
                self._leads[_DEED, event.action_id] = number
                self._leads[_BY_HAND, event.target] = number
            case _:
                pass

    def _cause_of(self, event: e.Event) -> int | None:
        """The number of what it follows from."""
        match event:
            case e.BreakerChanged():
                return self._recent(event, (_BY_HAND, event.model))
            case e.StatusChanged() | e.ModelRecovered():
                return self._recent(event, (_BROKE, event.model))
            case e.TrafficMoved():
                # The hand that moved it, or what befell whoever served before or serves now.
                names = (event.primary or event.model, event.old or "", event.new or "")
                return self._recent(event, *((by, name) for by in (_BY_HAND, _BROKE, _MOVED) for name in names))
            case e.AlertRaised() | e.AlertReopened():
                rule = event.rule.value
                return self._recent(
                    event, (_BROKE, event.subject), (_MOVED, event.subject), (rule, event.subject), (rule, "")
                )
            case e.AlertMuted() if event.silence_id:
                return self._leads.get((_SILENCED, event.silence_id))
            case e.AlertMuted() if event.by_alert:
                return self._leads.get((_RAISED, event.by_alert))
            case e.SilenceEnded():
                return self._leads.get((_SILENCED, event.silence_id))
            case e.NoticeSettled():
                return self._leads.get((_RAISED, event.alert_ids[0])) if event.alert_ids else None
            case (
                e.AlertAcknowledged()
                | e.AlertUnacknowledged()
                | e.AlertChanged()
                | e.AlertMuted()
                | e.AlertFlapping()
                | e.AlertResolved()
            ):
                return self._leads.get((_RAISED, event.alert_id))
            case _:
                return None

    def _recent(self, event: e.Event, *wanted: tuple[str, str]) -> int | None:
        """The first of these that happened just before."""
        for key in wanted:
            number = self._leads.get(key)
            known = None if number is None else self._exact(number)
            if known is not None and event.at - known.last <= CAUSE_WITHIN:
                return number
        return None


_DEED, _BY_HAND, _BROKE, _MOVED, _RAISED, _SILENCED = "deed", "by hand", "broke", "moved", "raised", "silenced"

_TOLD_HERE = (e.AlertRaised, e.AlertReopened, e.AlertChanged, e.AlertResolved, e.AlertMuted, e.OperatorActed)
"""What a log leaves out, as others tell it, and a timeline needs: it shows what came of what."""


_SPOKEN = {
    Kind.ALERT: ("alert: ", "alert "),
    Kind.NOTICE: ("notice ",),
    Kind.BREAKER: ("breaker ",),
    Kind.TRAFFIC: ("traffic of ",),
    Kind.CONSOLE: ("console ",),
    Kind.ENGINE: ("engine ",),
    Kind.SETTINGS: ("settings ",),
}
"""How sentences begin that name their kind."""


def _without_kind(text: str, kind: Kind) -> str:
    """The sentence without the words that stand in the kind's own column."""
    for spoken in _SPOKEN.get(kind, ()):
        if text.startswith(spoken):
            return text.removeprefix(spoken)
    return text


def _of_gap(number: int, gap: Gap) -> Moment:
    lost = f", {gap.dropped} events lost" if gap.dropped else ""
    detail = f" ({gap.detail})" if gap.detail else ""
    return Moment(
        number=number,
        at=gap.begin,
        last=gap.end,
        kind=Kind.GAP,
        text=f"not recorded whole for {span(gap.end - gap.begin)}: {gap.cause.value}{lost}{detail}",
        severity=Severity.WARNING,
    )
