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
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the mildest; a greater one wants a person more."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


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
    """The default rules, which `core.alerting.rules` tells of, and `OWN` for those that a settings file adds."""

    OPERATION_BURN_FAST = "op-burn-fast"
    OPERATION_BURN_SLOW = "op-burn-slow"
    OPERATION_BUDGET = "op-budget-ticket"
    FALLBACKS_EXHAUSTED = "all-fallbacks-exhausted"
    DEGRADED_MODE = "degraded-mode"
    MODEL_UNAVAILABLE = "model-unavailable"
    BREAKER_OPEN = "breaker-open"
    PROVIDER_DOWN = "provider-down"
    MODEL_ERRORS = "model-error-rate"
    MODEL_SLOW = "model-latency-p95"
    FIRST_TOKEN_SLOW = "ttft-p95"  # noqa: S105 - a rule's name
    HUNG_REQUESTS = "hung-requests"
    RATE_LIMITED = "rate-limited"
    QUOTA_EXHAUSTED = "quota-exhausted"
    KEY_REFUSED = "key-refused"
    SECRET_UNRESOLVED = "secret-unresolved"  # noqa: S105 - likewise
    FALLBACK_SLOWER = "fallback-latency-increase"
    FAILURE_IMPACT = "failure-impact"
    RECOVERY_SLOW = "recovery-slow"
    RECOVERY_FLAPPING = "recovery-flap"
    PROBER_STALLED = "health-checker-stalled"
    ENGINE_LATE = "engine-late"
    NOTIFIER_FAILING = "notifier-failing"
    RECORDER_FAILING = "recorder-failing"
    AUDIT_BROKEN = "audit-chain-broken"
    SETTINGS_REFUSED = "config-invalid-on-reload"
    SILENCE_ENDING = "silence-ending-soon"
    UNACKNOWLEDGED = "unacked-critical"
    KILL_SWITCH = "kill-switch"
    OWN = "own"


class NoticeKind(Enum):
    """What a notice tells; values are wire values."""

    FIRING = "firing"
    REPEAT = "repeat"  # it still fires
    ESCALATION = "escalation"  # nobody has taken it, so somebody else is told
    FLAPPING = "flapping"
    DIGEST = "digest"  # a storm: many alerts in one
    RESOLVED = "resolved"
    PASSED = "passed"  # it fired and was resolved before anybody could be told
    ACKNOWLEDGED = "acknowledged"  # for transports that keep an incident of their own
    TEST = "test"


class NoticeEnd(Enum):
    """How a notice ended; values are wire values."""

    DELIVERED = "delivered"
    DEAD = "dead"  # given up, and told on another channel
    SUPERSEDED = "superseded"  # what it would have told is over, or told by a later one
    DROPPED = "dropped"  # the outbox was full, or the hour's bound was reached


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
    UNACKNOWLEDGE = "unacknowledge"
    SILENCE = "silence"  # no notices of what matches, until a time
    UNSILENCE = "unsilence"
    ESCALATE = "escalate"  # the next step, now
    RESOLVE = "resolve"  # of an alert, by hand
    NOTE = "note"  # on an alert
    TEST_CHANNEL = "test-channel"
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


ALERT_ACTIONS = frozenset(
    {
        Action.ACKNOWLEDGE,
        Action.UNACKNOWLEDGE,
        Action.SILENCE,
        Action.UNSILENCE,
        Action.ESCALATE,
        Action.RESOLVE,
        Action.NOTE,
        Action.TEST_CHANNEL,
    }
)
"""Words about alerts and about who is told of them: no model moves by them."""

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
