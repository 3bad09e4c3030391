"""The whole vocabulary of what can happen: past-tense, frozen, and all of it goes to the recorder.

Fields are only ever added, with a default. A field is a `str`, `int`, `float`, `bool`, an `Enum`, `None`
or a tuple of `str`; that is what lets `core.journal` write and read every event with one codec.
Prompts, answers and keys never enter an event; messages were sanitised where they came in. More than 400 lines in
one piece, because the recording's readers go by this file as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import (
    Action,
    ActionPhase,
    AlertRule,
    BreakerState,
    DegradationLevel,
    HoldKind,
    ModelStatus,
    NoticeEnd,
    NoticeKind,
    OperationResult,
    Priority,
    Severity,
)

MANY_CHANGES = 50
"""Changes of one reload that are told one by one; more are only counted: an event has a bounded size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at `at` (Unix seconds)."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStarted(Event):
    """An engine began to work; everything before it in a recording belongs to an earlier run."""

    version: str
    models: tuple[str, ...]
    environment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStopped(Event):
    """An engine ended in order."""

    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleAttached(Event):
    """A screen began to show this engine, in its process or attached to it."""

    actor: str = ""
    origin: str = ""
    is_read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleDetached(Event):
    """A screen went away (it was left, or its terminal is gone) and the engine goes on."""

    cause: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFailed(Event):
    """A service loop met an error it did not expect, and goes on."""

    service: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFinished(Event):
    """A health check came back; `latency` in seconds."""

    model: str
    kind: OutcomeKind
    latency: float
    status: int | None = None
    message: str = ""
    is_recovery: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFinished(Event):
    """One call to one model for one operation came back; times in seconds.

    Tokens are those that the provider told; `None` where it told none. `cost` in micro-dollars is of those, by the
    prices of the settings (`core.cost`); `None` where a price or the tokens are not known.
    """

    operation: str
    model: str
    number: int
    kind: OutcomeKind
    latency: float
    first_token: float | None = None
    status: int | None = None
    message: str = ""
    read_tokens: int | None = None
    written_tokens: int | None = None
    cost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFinished(Event):
    """A caller's operation ended; `latency` is all of it, waits included, in seconds.

    `route` names the virtual model that was asked for, whose primary `requested` is then.
    """

    operation: str
    requested: str
    result: OperationResult
    latency: float
    attempts: int
    served_by: str | None = None
    kind: OutcomeKind = OutcomeKind.SUCCESS
    is_degraded: bool = False
    priority: Priority = Priority.NORMAL
    level: DegradationLevel = DegradationLevel.FULL
    route: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedOver(Event):
    """An operation was answered by another model than the one asked for."""

    operation: str
    from_model: str
    to_model: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbacksExhausted(Event):
    """An operation failed on every model of its plan; `route` names the virtual model that was asked for."""

    operation: str
    requested: str
    tried: tuple[str, ...]
    kind: OutcomeKind
    cause: str
    route: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyQuarantined(Event):
    """A provider refused a key: the models that use it are left alone, save for one look a minute.

    `key` is the reference (`env:NAME`, of a file its name only), never the key; empty where none is configured.
    `cause` says so when it was refused before a restart already.
    """

    key: str
    provider: str
    models: tuple[str, ...]
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRestored(Event):
    """A key that was refused is taken again, or a person said so: its models may be called."""

    key: str
    provider: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChanged(Event):
    """A breaker really moved; `open_until` (Unix seconds) is set when it moved to open.

    `trigger` names the row of the table of transitions, or is `configured` when it begins like that, `restored`
    when a restart took back what was before it, `reloaded` when other settings moved it; calls and failures are
    what was counted until then.
    """

    model: str
    old: BreakerState
    new: BreakerState
    cause: str
    open_until: float | None = None
    trigger: str = ""
    calls: int = 0
    failures: int = 0
    consecutive_failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdCrossed(Event):
    """A breaker that only counts (metrics only, warming up, frozen) would have opened now."""

    model: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RampAdvanced(Event):
    """A recovering model gets `share` (0..1) of its traffic from now on."""

    model: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryEnded(Event):
    """A model has all of its traffic again, `took` seconds after it became unavailable.

    `ramp` seconds of them were spent on the traffic's return.
    """

    model: str
    took: float
    ramp: float = 0.0
    by_operator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationFrozen(Event):
    """An operator stopped the automatic moves of a model; `until` is `None` when only a word ends it.

    Of several freezes that cover it, such as its own and its provider's, the last to end is told.
    """

    model: str
    until: float | None
    cause: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationThawed(Event):
    """The automatic moves of a model happen again."""

    model: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierEjected(Event):
    """A model fails far more often than the others and is left alone until `until`."""

    model: str
    until: float
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierReturned(Event):
    """An ejected model may be called again."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBudgetSpent(Event):
    """Paid probes have cost their daily budget (micro-dollars); free ones take their place until midnight UTC."""

    spent: int
    budget: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradationChanged(Event):
    """The fleet's level of degradation moved; the share of available models is 0..1.

    `cause` says so when the level is that from before a restart.
    """

    old: DegradationLevel
    new: DegradationLevel
    available_share: float
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Event):
    """A model's availability status really changed; `is_by_hand` says that a person keeps it from being called."""

    model: str
    old: ModelStatus
    new: ModelStatus
    cause: str
    is_by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecovered(Event):
    """A model is available again after `down_for` seconds."""

    model: str
    down_for: float
    by_operator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePinned(Event):
    """An operator sent a model's traffic elsewhere (`target`), or that ended (`target` is `None`).

    `until` is when it ends by itself, `by` whose it is.
    """

    model: str
    target: str | None
    cause: str
    until: float | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPlaced(Event):
    """From now on a person keeps something as it is, in place of what was held of the same kind on that target.

    `since` is when it was made, which is earlier when a restart or an undo took it back. See `HoldView`.
    """

    kind: HoldKind
    target: str
    by: str
    since: float
    until: float | None = None
    reason: str = ""
    detail: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEnded(Event):
    """A hold is over: somebody lifted it, its time is over, or what it held has left. `by` is whose it was."""

    kind: HoldKind
    target: str
    by: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficMoved(Event):
    """A model's requests are answered by another model from now on; `None` means by nobody.

    Of a virtual model `model` is its name and `primary` the model that should answer.
    """

    model: str
    old: str | None
    new: str | None
    primary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradedModeEntered(Event):
    """Fewer models than the threshold are available; shares are 0..1."""

    available_share: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradedModeLeft(Event):
    """Enough models are available again; `lasted` in seconds."""

    available_share: float
    threshold: float
    lasted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorActed(Event):
    """One audit row: an operator's intent, or what became of it.

    `actor` is whom the system attests; `origin` is how they came, such as `ssh 10.0.0.5`: a hint, not a proof.
    """

    action_id: str
    actor: str
    action: Action
    phase: ActionPhase
    target: str
    reason: str = ""
    parameter: str = ""
    before: str = ""
    after: str = ""
    detail: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsReloaded(Event):
    """Other settings are in force, or the settings file was read again and is what is in force.

    `changes` are told as they stand in the file, at most `MANY_CHANGES` of `count`; those that need a restart were
    left as they were and say so. `models` and `routes` are all names from now on, where they are others than
    before; `actor` is empty when no person asked.
    """

    source: str
    changes: tuple[str, ...] = ()
    count: int = 0
    models: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetConfigured(Event):
    """How the fleet is set up from now on: follows an engine's start, and each reload that changed something.

    An entry is a JSON object as `core.configured` writes and reads it; the share is 0..1.
    """

    model_setups: tuple[str, ...]
    route_setups: tuple[str, ...]
    degraded_threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRefused(Event):
    """Settings that cannot be used were read; what was in force stays so. `problem` is the first of `count`."""

    source: str
    problem: str
    count: int = 1
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsNoticed(Event):
    """The settings file changed and can be used; somebody has to say that it shall be."""

    changes: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised(Event):
    """An alert began to fire: a new episode, with an id of its own.

    `labels` are `name=value`, the identity by which it is told from others of its rule; `name` is that of a rule of
    the settings file (`AlertRule.OWN`), else empty.
    """

    alert_id: str
    rule: AlertRule
    severity: Severity
    subject: str
    text: str
    labels: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertReopened(Event):
    """An alert that was resolved a short while ago fires again: the same episode, for the `times`-th time."""

    alert_id: str
    rule: AlertRule
    severity: Severity
    subject: str
    text: str
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChanged(Event):
    """A firing alert weighs more, or less, than before."""

    alert_id: str
    rule: AlertRule
    subject: str
    old: Severity
    new: Severity
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertResolved(Event):
    """An alert's condition ended, or somebody put it away (`actor`)."""

    alert_id: str
    rule: AlertRule
    subject: str
    lasted: float
    cause: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAcknowledged(Event):
    """Somebody has the alert, until `until` (Unix seconds; `None` is for as long as it fires)."""

    alert_id: str
    rule: AlertRule
    subject: str
    actor: str
    note: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertUnacknowledged(Event):
    """Nobody has the alert any more: its time is over, it weighs more, it fires anew, or somebody said so."""

    alert_id: str
    rule: AlertRule
    subject: str
    cause: str
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNoted(Event):
    """Somebody wrote something on an alert."""

    alert_id: str
    rule: AlertRule
    subject: str
    actor: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMuted(Event):
    """From now on nobody is told of an alert: a silence (`silence_id`) covers it, or another alert (`by_alert`)
    explains it. With neither, people are told again.
    """

    alert_id: str
    rule: AlertRule
    subject: str
    silence_id: str = ""
    by_alert: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFlapping(Event):
    """An alert comes and goes so often that it is kept firing, or (`is_flapping` is false) no longer does."""

    alert_id: str
    rule: AlertRule
    subject: str
    is_flapping: bool
    change: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEscalated(Event):
    """Somebody asked that the next people are told of an alert now."""

    alert_id: str
    rule: AlertRule
    subject: str
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilencePlaced(Event):
    """Of what all `matchers` (`label=pattern`, `label!=pattern`) match, nobody is told from `begins` to `until`.

    A maintenance (`is_maintenance`) is announced work: it is told so, and kept out of nobody's numbers.
    """

    silence_id: str
    matchers: tuple[str, ...]
    by: str
    reason: str
    begins: float
    until: float
    is_maintenance: bool = False
    ends_on_resolve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceEnded(Event):
    """A silence is over; it hid `hid` alerts."""

    silence_id: str
    cause: str
    hid: int = 0
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeQueued(Event):
    """A notice waits to be sent from `due` on; `key` is what a receiver may tell repeats by.

    `alert_ids` are the first `MANY_CHANGES` of `count`; `step` is that of the escalation.
    """

    notice_id: str
    channel: str
    kind: NoticeKind
    alert_ids: tuple[str, ...]
    count: int
    due: float
    key: str
    step: int = 0
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTried(Event):
    """An attempt to send a notice is about to begin (`answer` is empty and `took` is `None`), or came back.

    `answer` is what the other side said, sanitised and short; `next_at` is when it is tried again.
    """

    notice_id: str
    channel: str
    number: int
    took: float | None = None
    is_delivered: bool = False
    status: int | None = None
    answer: str = ""
    next_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSettled(Event):
    """Nothing more is done about a notice."""

    notice_id: str
    channel: str
    end: NoticeEnd
    kind: NoticeKind
    alert_ids: tuple[str, ...]
    attempts: int = 0
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChanged(Event):
    """Nothing is sent over a channel for a while (`is_open`, its breaker), or it is used again."""

    channel: str
    is_open: bool
    cause: str
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChecked(Event):
    """The audit trail was verified: `rows` of it, and what is wrong, if anything is."""

    rows: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsRestored(Event):
    """Alerts that fired before a restart go on firing under their ids; none of them is raised anew.

    `alert_ids` are the first `MANY_CHANGES` of `count`; somebody has `acknowledged` of them.
    """

    alert_ids: tuple[str, ...]
    count: int
    acknowledged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsDropped(Event):
    """A slow reader lost events; the count is kept so that nothing is lost silently."""

    reader: str
    count: int


def event_types() -> tuple[type[Event], ...]:
    """Every kind of event, in the order they are defined.

    Not `__subclasses__()`: a slotted dataclass leaves its unslotted twin there until it is collected.
    """
    found = (value for value in globals().values() if isinstance(value, type))
    return tuple(kind for kind in found if issubclass(kind, Event) and kind is not Event)
