"""The states that models, breakers and alerts can be in; values are wire values and never change."""

from __future__ import annotations

from enum import Enum


class ModelStatus(Enum):
    """BIP-03 `ModelAvailabilityStatus.status`, with an honest word for "not checked yet"."""

    UNKNOWN = "unknown"
    AVAILABLE = "available"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


class BreakerState(Enum):
    """BIP-03 `CircuitBreaker.state`, and what a person or the settings can make of it."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    ISOLATED = "isolated"  # held open by an operator
    METRICS_ONLY = "metrics-only"  # counts and tells, never refuses
    DISABLED = "disabled"  # admits everything and counts nothing


class Severity(Enum):
    """How much an alert or a log line wants a person."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


ADMITTING = frozenset({BreakerState.CLOSED, BreakerState.METRICS_ONLY, BreakerState.DISABLED})
"""States in which a breaker stops nobody."""


class DegradationLevel(Enum):
    """How much of the service the fleet can give; each level sheds and reduces more than the one before."""

    FULL = "full"
    REDUCED = "reduced"  # no copies of calls
    ESSENTIAL = "essential"  # shorter answers; background work is turned away
    CRITICAL = "critical"  # only critical work is served


class Priority(Enum):
    """How much an operation matters when not all can be served."""

    CRITICAL = "critical"
    NORMAL = "normal"
    BACKGROUND = "background"


class OperationClass(Enum):
    """Who may answer an operation."""

    GENERAL = "general"  # any model of the chain
    IDENTITY_BOUND = "identity-bound"  # this very model or nobody: a vote, a signature


class AlertState(Enum):
    """Where an alert is in its life; acknowledgement is beside it, not inside it."""

    FIRING = "firing"
    RESOLVED = "resolved"


class AlertRule(Enum):
    """The rules of the default set."""

    MODEL_UNAVAILABLE = "model-unavailable"
    BREAKER_OPEN = "breaker-open"
    DEGRADED_MODE = "degraded-mode"
    FALLBACKS_EXHAUSTED = "all-fallbacks-exhausted"
    SETTINGS_REFUSED = "config-invalid-on-reload"
    KEY_REFUSED = "key-refused"
    KILL_SWITCH = "kill-switch"


class OperationResult(Enum):
    """How an operation ended; every operation ends in exactly one of these."""

    ANSWERED = "answered"
    FAILED = "failed"  # classified; no model answered in time
    REJECTED = "rejected"  # the caller's fault (bad request, too large, filtered)
    SHED = "shed"  # refused at the door: no room to wait
    CANCELLED = "cancelled"  # the caller went away


class Action(Enum):
    """What an operator can ask for; each is one audit entry."""

    TRIP = "trip"
    RESET = "reset"
    DEACTIVATE = "deactivate"
    ACTIVATE = "activate"
    FAIL_OVER = "fail-over"
    FAIL_BACK = "fail-back"
    CHECK_NOW = "check-now"
    HALF_OPEN = "half-open"
    FREEZE = "freeze"
    THAW = "thaw"
    ACKNOWLEDGE = "acknowledge"
    RELOAD = "reload"  # of the settings file
    SET_WEIGHT = "set-weight"  # its share under the weighted strategy, for a while
    RESTORE_WEIGHT = "restore-weight"
    SAFE_MODE = "safe-mode"  # of the whole fleet: the plainest way to serve
    NORMAL_MODE = "normal-mode"
    KILL = "kill"  # the kill switch of a model, a provider or all: nothing is called, calls under way are ended
    REVIVE = "revive"
    ATTACH = "attach"  # of a console
    DETACH = "detach"
    STOP = "stop"  # of the engine


NOT_COMMANDED = frozenset({Action.RELOAD, Action.ATTACH, Action.DETACH, Action.STOP})
"""Words of the audit trail that are no commands to the fleet: they come in ways of their own."""


EVERYTHING = "*"
"""The target of an action on the whole fleet."""

PROVIDER_PREFIX = "provider:"
"""How a target begins that names all models of a provider."""


class HoldKind(Enum):
    """What a person, and nothing else, keeps as it is; values are wire values."""

    PINNED = "pinned"
    DEACTIVATED = "deactivated"
    FROZEN = "frozen"
    WEIGHTED = "weighted"
    SAFE_MODE = "safe-mode"
    KILLED = "killed"


class ActionPhase(Enum):
    """The three audit rows an action can leave: the intent before it, and what became of it."""

    INTENDED = "intended"
    DONE = "done"
    REFUSED = "refused"
