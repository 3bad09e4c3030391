"""Events as plain sentences: the event log, `tail` and the audit list all read them from here."""

from __future__ import annotations

from typing import assert_never

from hive_console.core import events as e
from hive_console.core.alert_lines import of_alert, of_audit, of_notice, of_silence
from hive_console.core.deed_words import where_to, whom
from hive_console.core.holds import STOP_FILE, target_words
from hive_console.core.level_words import CONSEQUENCES
from hive_console.core.line import Line
from hive_console.core.outcome import OutcomeKind
from hive_console.core.restart import AS_BEFORE
from hive_console.core.states import (
    Action,
    ActionPhase,
    BreakerState,
    DegradationLevel,
    HoldKind,
    ModelStatus,
    OperationResult,
    Severity,
)
from hive_console.core.wording import dollars, failure, latency, percent, refused_key, span, whole_percent

CHANGES_SHOWN = 4
"""Changes of settings that a line tells; more are counted."""

_WORSE = {
    ModelStatus.UNAVAILABLE: Severity.CRITICAL,
    ModelStatus.DEGRADED: Severity.WARNING,
}


def _words(kind: OutcomeKind) -> str:
    return str(kind.value).replace("_", " ")


def _with(message: str) -> str:
    return f": {message}" if message else ""


def narrate(event: e.Event) -> Line:  # noqa: C901, PLR0912, PLR0915 - one case per kind of event is the plainest table
    """The event in one sentence of plain text (already sanitised where it came in)."""
    match event:
        case e.EngineStarted():
            return Line(f"engine started with {len(event.models)} models (version {event.version})")
        case e.EngineStopped():
            return Line(f"engine stopped{_with(event.cause)}")
        case e.ConsoleAttached():
            came = f"{event.actor} ({event.origin})" if event.origin else event.actor
            return Line(f"console attached{_with(came)}{', read-only' if event.is_read_only else ''}")
        case e.ConsoleDetached():
            whose = f" of {event.actor}" if event.actor else ""
            return Line(f"console{whose} detached{_with(event.cause)}; the engine goes on", Severity.WARNING)
        case e.ServiceFailed():
            said = f"{event.service} failed and goes on: {event.message}"
            return Line(said, Severity.CRITICAL, topic=f"service {event.service}")
        case e.ProbeFinished():
            return _probe(event)
        case e.AttemptFinished():
            return _attempt(event)
        case e.OperationFinished():
            return _operation(event)
        case e.FailedOver():
            return Line(f"failover {event.from_model} → {event.to_model} ({event.cause})", is_routine=True)
        case e.FallbacksExhausted():
            tried = ", ".join(event.tried) or "no model"
            wanted = event.route or event.requested
            said = f"no model answered for {wanted}: tried {tried}; {event.cause}"
            return Line(said, Severity.CRITICAL, topic=f"exhausted {wanted}")
        case e.KeyQuarantined():
            said = refused_key(event.key, event.provider, event.models)
            return Line(f"{said} ({event.cause})" if event.cause else said, Severity.CRITICAL)
        case e.KeyRestored():
            return Line(f"{event.key or 'a call without a key'} is accepted by {event.provider} again")
        case e.BreakerChanged():
            return _breaker(event)
        case e.ThresholdCrossed():
            said = f"breaker {event.model} would open now{_with(event.cause)}"
            return Line(said, Severity.WARNING, topic=f"crossing {event.model}")
        case e.RampAdvanced():
            return _ramp(event)
        case e.RecoveryEnded():
            return _recovery(event)
        case e.AutomationFrozen():
            # Told by the operator's deed that did it, as a pinned route is; a restart has no deed.
            lasts = "until somebody thaws it" if event.until is None else f"for {span(event.until - event.at)}"
            return Line(
                f"{event.model} frozen {lasts} ({event.cause})",
                Severity.WARNING,
                is_routine=event.cause != AS_BEFORE,
            )
        case e.AutomationThawed():
            # Many at once where a provider or the fleet is thawed.
            return Line(f"{event.model} moves by itself again ({event.cause})", topic=f"thawed {event.cause}")
        case e.OutlierEjected():
            said = f"{event.model} left alone for {span(event.until - event.at)}: {event.cause}"
            return Line(said, Severity.WARNING)
        case e.OutlierReturned():
            return Line(f"{event.model} may be called again, no longer an outlier")
        case e.ProbeBudgetSpent():
            said = (
                f"paid probes have cost {dollars(event.spent)} of {dollars(event.budget)} a day:"
                " free ones until midnight UTC"
            )
            return Line(said, Severity.WARNING)
        case e.DegradationChanged():
            return _degradation(event)
        case e.StatusChanged():
            return _status(event)
        case e.ModelRecovered():
            by = ", by an operator" if event.by_operator else ""
            return Line(f"{event.model} recovered after {span(event.down_for)}{by}")
        case e.RoutePinned():
            return _pinned(event)
        case e.HoldPlaced():
            return _held(event)
        case e.HoldEnded():
            return _let_go(event)
        case e.TrafficMoved():
            return _moved(event)
        case e.DegradedModeEntered():
            share = (
                f"{percent(event.available_share)} % of models available, threshold {percent(event.threshold)} %"
            )
            return Line(f"DEGRADED MODE: {share}", Severity.CRITICAL)
        case e.DegradedModeLeft():
            share = f"{percent(event.available_share)} % of models available"
            return Line(f"degraded mode left after {span(event.lasted)}: {share}")
        case e.OperatorActed():
            return _acted(event)
        case e.SettingsReloaded() | e.SettingsRefused() | e.SettingsNoticed():
            return _settings(event)
        case e.FleetConfigured():
            # The start or the reload before it says what a person wants to know.
            return Line(f"settings of {len(event.model_setups)} models noted", is_routine=True)
        case (
            e.AlertRaised()
            | e.AlertReopened()
            | e.AlertChanged()
            | e.AlertResolved()
            | e.AlertAcknowledged()
            | e.AlertUnacknowledged()
            | e.AlertNoted()
            | e.AlertMuted()
            | e.AlertFlapping()
            | e.AlertEscalated()
            | e.AlertsRestored()
        ):
            return of_alert(event)
        case e.SilencePlaced() | e.SilenceEnded():
            return of_silence(event)
        case e.NoticeQueued() | e.NoticeTried() | e.NoticeSettled() | e.ChannelChanged():
            return of_notice(event)
        case e.AuditChecked():
            return of_audit(event)
        case e.EventsDropped():
            return Line(f"{event.count} events dropped by {event.reader}", Severity.WARNING)
        case _:
            return Line(type(event).__name__)


def _probe(event: e.ProbeFinished) -> Line:
    name = "recovery probe" if event.is_recovery else "probe"
    if event.kind is OutcomeKind.SUCCESS:
        return Line(f"{name} {event.model} ok in {latency(event.latency)}", is_routine=True)
    # What came of a trial is told by the breaker's next move.
    return Line(
        f"{name} {event.model} {failure(event.kind.value, event.message)}",
        Severity.WARNING,
        is_routine=event.is_recovery,
        topic=f"probe {event.model} {event.kind.value}",
    )


def _attempt(event: e.AttemptFinished) -> Line:
    if event.kind in {OutcomeKind.SUCCESS, OutcomeKind.CANCELLED}:
        return Line(f"call {event.model} {_words(event.kind)} in {latency(event.latency)}", is_routine=True)
    said = f"call {event.model} {failure(event.kind.value, event.message)}, after {latency(event.latency)}"
    return Line(said, Severity.WARNING, topic=f"call {event.model} {event.kind.value}")


def _operation(event: e.OperationFinished) -> Line:
    wanted = event.route or event.requested
    if event.result is OperationResult.ANSWERED:
        return Line(f"{wanted} answered by {event.served_by} in {latency(event.latency)}", is_routine=True)
    is_failure = event.result in {OperationResult.FAILED, OperationResult.SHED}
    said = f"request for {wanted} {event.result.value}: {_words(event.kind)}"
    severity = Severity.CRITICAL if is_failure else Severity.INFO
    topic = f"request {wanted} {event.kind.value}"
    return Line(said, severity, is_routine=not is_failure, topic=topic)


def _status(event: e.StatusChanged) -> Line:
    """The first good check and a recovery are no news here: the fleet starts, `ModelRecovered` tells the rest."""
    is_routine = event.new is ModelStatus.AVAILABLE and event.old is not ModelStatus.DEGRADED
    said = f"{event.model} {event.old.value} → {event.new.value} ({event.cause})"
    if event.is_by_hand:  # somebody meant it, and it may be all models at once
        return Line(said, Severity.WARNING, topic=f"by hand {event.cause}")
    return Line(said, _WORSE.get(event.new, Severity.INFO), is_routine)


def _pinned(event: e.RoutePinned) -> Line:
    """Told by the operator's deed that did it, and by the traffic that moves."""
    if event.target is None:
        return Line(f"traffic of {event.model} goes to itself again ({event.cause})", is_routine=True)
    said = f"traffic of {event.model} sent to {event.target} ({event.cause})"
    return Line(said, Severity.WARNING, is_routine=True)


_TOLD_BY_MODEL = frozenset({HoldKind.DEACTIVATED, HoldKind.FROZEN})
"""Holds of which the events of the models tell that they were taken back or that their time is over."""


def _held(event: e.HoldPlaced) -> Line:
    """Told by the operator's deed that did it; by nobody's where a restart or the file did."""
    to = f" {event.detail}" if event.detail else ""
    lasts = "" if event.until is None else f" for {span(event.until - event.at)}"
    why = f" “{event.reason}”" if event.reason else ""
    said = f"{target_words(event.target)} {event.kind.value}{to}{lasts} by {event.by}{why}{_aside(event.cause)}"
    is_kill = event.kind is HoldKind.KILLED
    is_told = event.by != STOP_FILE and (event.cause != AS_BEFORE or event.kind in _TOLD_BY_MODEL)
    return Line(said, Severity.CRITICAL if is_kill else Severity.WARNING, is_routine=is_told)


def _let_go(event: e.HoldEnded) -> Line:
    """Told by the operator's deed where somebody's word ended it."""
    is_told = event.cause.startswith("by ") or event.kind in _TOLD_BY_MODEL
    said = f"{target_words(event.target)} no longer {event.kind.value} ({event.cause})"
    return Line(said, Severity.WARNING, is_routine=is_told)


def _aside(words: str) -> str:
    return f" ({words})" if words == AS_BEFORE else ""


def _moved(event: e.TrafficMoved) -> Line:
    if event.new is None:
        return Line(f"NOBODY serves the traffic of {event.model} now", Severity.CRITICAL)
    if event.new == event.model:
        return Line(f"{event.model} serves its own traffic again")
    if event.new == event.primary:
        return Line(f"{event.primary} serves the traffic of {event.model} again")
    return Line(f"traffic of {event.model} now on {event.new}", Severity.WARNING)


def _ramp(event: e.RampAdvanced) -> Line:
    """One line that moves on with the steps; the last one is told by `RecoveryEnded`."""
    said = f"{event.model} gets {whole_percent(event.share)} % of its traffic again"
    return Line(said, is_routine=event.share >= 1, topic=f"ramp {event.model}", is_progress=True)


def _recovery(event: e.RecoveryEnded) -> Line:
    """Routine where all traffic came back at once: `ModelRecovered` has just said so."""
    steps = f" ({span(event.ramp)} in steps)" if event.ramp else ""
    by = ", by an operator" if event.by_operator else ""
    said = f"{event.model} has all of its traffic again after {span(event.took)}{steps}{by}"
    return Line(said, is_routine=not event.ramp)


_LEVELS = tuple(DegradationLevel)


def _degradation(event: e.DegradationChanged) -> Line:
    """Degraded mode itself, entered and left, has lines of its own."""
    is_worse = _LEVELS.index(event.new) > _LEVELS.index(event.old)
    means = _with(CONSEQUENCES[event.new])
    said = (
        f"degradation {event.old.value} → {event.new.value}{means}"
        f" ({percent(event.available_share)} % of models available)"
    )
    is_told = DegradationLevel.FULL in {event.old, event.new} and not event.cause
    said = f"{said} ({event.cause})" if event.cause else said
    return Line(said, Severity.CRITICAL if is_worse else Severity.WARNING, is_routine=is_told)


_BREAKER_SEVERITY = {BreakerState.OPEN: Severity.CRITICAL, BreakerState.ISOLATED: Severity.WARNING}


def _breaker(event: e.BreakerChanged) -> Line:
    severity = _BREAKER_SEVERITY.get(event.new, Severity.INFO)
    said = f"breaker {event.model} {event.old.value} → {event.new.value} ({event.cause})"
    match event.old, event.new:
        case BreakerState.OPEN, BreakerState.HALF_OPEN:
            return Line(said, severity, is_routine=True)  # the trial's end is told
        case BreakerState.HALF_OPEN, BreakerState.OPEN:
            return Line(f"{event.model} still down: {event.cause}", Severity.WARNING, topic=f"trial {event.model}")
        case _:
            return Line(said, severity)


def _by(event: e.SettingsReloaded | e.SettingsRefused) -> str:
    return f" by {event.actor}" if event.actor else f" ({event.source})"


def _listed(changes: tuple[str, ...], count: int) -> str:
    """The first changes, and how many there are besides."""
    shown = "; ".join(changes[:CHANGES_SHOWN])
    return f"{shown}; and {count - CHANGES_SHOWN} more" if count > CHANGES_SHOWN else shown


def _settings(event: e.SettingsReloaded | e.SettingsRefused | e.SettingsNoticed) -> Line:
    match event:
        case e.SettingsReloaded(changes=()):
            return Line(f"settings read again{_by(event)}: nothing changed")
        case e.SettingsReloaded():
            said = f"settings reloaded{_by(event)}: {_listed(event.changes, event.count)}"
        case e.SettingsRefused():
            more = f" (and {event.count - 1} more)" if event.count > 1 else ""
            said = f"settings refused{_by(event)}, those before stay in force: {event.problem}{more}"
        case e.SettingsNoticed():
            changes = _listed(event.changes, event.count)
            said = f"the settings file changed ({changes}); hive-console reload applies it"
        case _:
            assert_never(event)
    return Line(said, Severity.WARNING)


def _acted(event: e.OperatorActed) -> Line:
    why = f" “{event.reason}”" if event.reason else ""
    who = f"{event.actor} ({event.origin})" if event.origin else event.actor
    deed = f"{who}: {event.action.value} {whom(event)}{where_to(event)}{why}"
    if event.action in {Action.ATTACH, Action.DETACH}:
        return Line(deed, is_routine=True)  # an event of its own tells it
    match event.phase:
        case ActionPhase.INTENDED:
            return Line(f"{deed} …", is_routine=True)
        case ActionPhase.DONE:
            return Line(f"{deed} ✔", Severity.WARNING)
        case ActionPhase.REFUSED:
            return Line(f"{deed} refused: {event.detail}", Severity.WARNING)
        case _:
            assert_never(event.phase)
