"""What came of one call to a model, and what each kind of outcome means for breaker, retry and fallback.

This table is the only place that says so (docs/outcomes.md is generated from it by hand and tested against it).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How an outcome counts for the model's breaker and health."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"  # says nothing about the model: a caller's fault, a throttle, a cancelled call


class Onward(Enum):
    """Whether another model may answer instead."""

    ANY = "any"
    LARGER_CONTEXT = "larger_context"  # only a model that can hold what this one could not
    NOWHERE = "nowhere"


class OutcomeKind(Enum):
    """The taxonomy of call outcomes; values are written to the recorder and must not change.

    Attributes:
        judgement: what the kind means, from `JUDGEMENTS`: kept at the member, because looking an enum up in a
            table costs more than the rest of a judgement.
    """

    judgement: Judgement

    SUCCESS = "success"
    CONNECTION_FAILED = "connection_failed"
    TIMED_OUT = "timed_out"
    STREAM_STALLED = "stream_stalled"
    STREAM_CUT = "stream_cut"
    SERVER_ERROR = "server_error"
    OVERLOADED = "overloaded"
    REQUEST_TIMEOUT = "request_timeout"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    KEY_REFUSED = "key_refused"
    MODEL_NOT_FOUND = "model_not_found"
    BAD_REQUEST = "bad_request"
    TOO_LARGE = "too_large"
    CONTEXT_LENGTH = "context_length"
    CONTENT_FILTER = "content_filter"
    MALFORMED = "malformed"
    REFUSED = "refused"  # no call was made: open breaker, throttled, deactivated
    NO_ROOM = "no_room"  # no call was made: every place of the bulkhead is taken
    SHED = "shed"  # no call was made: the fleet is degraded and serves more important work first
    CANCELLED = "cancelled"
    THROTTLED = "throttled"  # no call was made: a rate limit, the provider's or our own, says to wait
    UNFIT = "unfit"  # no call was made: this model cannot serve such a request; another may
    ENDPOINT_REFUSED = "endpoint_refused"  # no call was made: the settings do not allow such an address
    KILLED = "killed"  # a kill switch: no call was made, or the one under way was ended


@dataclass(frozen=True, slots=True)
class Judgement:
    """The consequences of one kind of outcome.

    Attributes:
        verdict: what the breaker and the health window count.
        may_retry: whether the same model may be asked again, where the provider says nothing about it.
        onward: whether a fallback may answer.
    """

    verdict: Verdict
    may_retry: bool
    onward: Onward


_FAILURE = Verdict.FAILURE
_NEUTRAL = Verdict.NEUTRAL

JUDGEMENTS: dict[OutcomeKind, Judgement] = {
    OutcomeKind.SUCCESS: Judgement(Verdict.SUCCESS, may_retry=False, onward=Onward.NOWHERE),
    OutcomeKind.CONNECTION_FAILED: Judgement(_FAILURE, may_retry=True, onward=Onward.ANY),
    OutcomeKind.TIMED_OUT: Judgement(_FAILURE, may_retry=True, onward=Onward.ANY),
    OutcomeKind.STREAM_STALLED: Judgement(_FAILURE, may_retry=False, onward=Onward.ANY),
    OutcomeKind.STREAM_CUT: Judgement(_FAILURE, may_retry=True, onward=Onward.ANY),
    OutcomeKind.SERVER_ERROR: Judgement(_FAILURE, may_retry=True, onward=Onward.ANY),
    OutcomeKind.OVERLOADED: Judgement(_FAILURE, may_retry=True, onward=Onward.ANY),
    OutcomeKind.REQUEST_TIMEOUT: Judgement(_FAILURE, may_retry=True, onward=Onward.ANY),
    OutcomeKind.CONFLICT: Judgement(_NEUTRAL, may_retry=True, onward=Onward.ANY),
    OutcomeKind.RATE_LIMITED: Judgement(_NEUTRAL, may_retry=True, onward=Onward.ANY),
    OutcomeKind.QUOTA_EXHAUSTED: Judgement(_NEUTRAL, may_retry=False, onward=Onward.ANY),
    OutcomeKind.KEY_REFUSED: Judgement(_NEUTRAL, may_retry=False, onward=Onward.ANY),
    OutcomeKind.MODEL_NOT_FOUND: Judgement(_NEUTRAL, may_retry=False, onward=Onward.ANY),
    OutcomeKind.BAD_REQUEST: Judgement(_NEUTRAL, may_retry=False, onward=Onward.NOWHERE),
    OutcomeKind.TOO_LARGE: Judgement(_NEUTRAL, may_retry=False, onward=Onward.NOWHERE),
    OutcomeKind.CONTEXT_LENGTH: Judgement(_NEUTRAL, may_retry=False, onward=Onward.LARGER_CONTEXT),
    OutcomeKind.CONTENT_FILTER: Judgement(_NEUTRAL, may_retry=False, onward=Onward.NOWHERE),
    OutcomeKind.MALFORMED: Judgement(_FAILURE, may_retry=True, onward=Onward.ANY),
    OutcomeKind.REFUSED: Judgement(_NEUTRAL, may_retry=False, onward=Onward.ANY),
    OutcomeKind.NO_ROOM: Judgement(_NEUTRAL, may_retry=False, onward=Onward.ANY),
    OutcomeKind.SHED: Judgement(_NEUTRAL, may_retry=False, onward=Onward.NOWHERE),
    OutcomeKind.CANCELLED: Judgement(_NEUTRAL, may_retry=False, onward=Onward.NOWHERE),
    OutcomeKind.THROTTLED: Judgement(_NEUTRAL, may_retry=False, onward=Onward.ANY),
    OutcomeKind.UNFIT: Judgement(_NEUTRAL, may_retry=False, onward=Onward.ANY),
    OutcomeKind.ENDPOINT_REFUSED: Judgement(_NEUTRAL, may_retry=False, onward=Onward.ANY),
    OutcomeKind.KILLED: Judgement(_NEUTRAL, may_retry=False, onward=Onward.ANY),
}


for _kind, _judgement in JUDGEMENTS.items():
    _kind.judgement = _judgement


@dataclass(frozen=True, slots=True)
class Outcome:
    """One classified result of one call.

    Attributes:
        kind: the taxonomy's word for it.
        status: the HTTP status, where there was one.
        retry_after: seconds the provider asked us to stay away, already clamped to 0..900.
        message: one short, sanitised, redacted line for people; never a prompt, an answer or a key.
        should_retry: what the provider itself said about asking the same model again (`x-should-retry`).
        is_uncertain: whether the request was sent and nobody knows what became of it: no status came back.
    """

    kind: OutcomeKind
    status: int | None = None
    retry_after: float | None = None
    message: str = ""
    should_retry: bool | None = None
    is_uncertain: bool = False

    @property
    def judgement(self) -> Judgement:
        """The consequences of this outcome's kind."""
        return self.kind.judgement

    @property
    def verdict(self) -> Verdict:
        """What breaker and health count."""
        return self.kind.judgement.verdict

    @property
    def may_retry(self) -> bool:
        """Whether the same model may be asked again: the provider's own word, else what the kind says.

        The provider knows whether a 500 was of the request or of the moment (Anthropic's client does the same).
        """
        return self.kind.judgement.may_retry if self.should_retry is None else self.should_retry

    @property
    def is_success(self) -> bool:
        """Whether the model answered."""
        return self.kind is OutcomeKind.SUCCESS


SUCCESS = Outcome(OutcomeKind.SUCCESS)
CANCELLED = Outcome(OutcomeKind.CANCELLED)
