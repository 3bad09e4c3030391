"""What a client is told when it gets no answer: status, and an error in its dialect.

This table is the only place that turns outcomes into HTTP. What a provider said is repeated only where the
caller can mend the request with it; everything else is told in our own words, so that no upstream address
leaves the machine.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from hive_console.adapters.gateway.error_shapes import OVERLOADED, error_body, error_event
from hive_console.core.errors import HiveError, OperationFailed, UnknownModel
from hive_console.core.hop import Hop
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Dialect
from hive_console.core.text import NAME_LIMIT, clean, clean_message

NAMES_TOLD = 30
"""Names listed in one error: more than most fleets have, less than a header-sized wall of text."""

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>]*", re.IGNORECASE)

INVALID_REQUEST = "invalid_request_error"
RATE_LIMIT = "rate_limit_error"
SERVER = "server_error"
UPSTREAM = "upstream_error"
TIMEOUT = "timeout_error"
PERMISSION = "permission_error"
AUTHENTICATION = "authentication_error"

_OVERLOADED_CODE = "overloaded"

KILLED_WAIT = 30.0
"""Seconds after which the caller of a killed model may ask again: nobody knows when a person revives it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One answer that is an error.

    Attributes:
        status: the HTTP status.
        kind: OpenAI's `type`.
        message: for people; sanitised by whoever made it.
        code: OpenAI's `code`, for programs.
        param: the field of the request that is wrong.
        retry_after: seconds after which another try makes sense; `None` says nothing.
        may_retry: `False` tells the official clients not to try again by themselves.
        tried: the models that were really called.
        attempts: calls made; `None` where the engine was not asked.
        trail: every hop in order.
        closes: whether the connection ends with it: the rest of the request is under way.
        allow: the methods that the path takes, with 405.
        challenges: whether a token is asked for, with 401.
    """

    status: int
    kind: str
    message: str
    code: str | None = None
    param: str | None = None
    retry_after: float | None = None
    may_retry: bool = True
    tried: tuple[str, ...] = ()
    attempts: int | None = None
    trail: tuple[Hop, ...] = ()
    closes: bool = False
    allow: str = ""
    challenges: bool = False

    def status_in(self, dialect: Dialect) -> int:
        """The status as the dialect has it: Anthropic has one of its own for an overloaded model."""
        if dialect is Dialect.ANTHROPIC and self.code == _OVERLOADED_CODE:
            return OVERLOADED
        return self.status

    def body(self, dialect: Dialect = Dialect.OPENAI, request_id: str = "") -> bytes:
        """The error as JSON, in the dialect's shape."""
        return error_body(
            dialect,
            status=self.status_in(dialect),
            kind=self.kind,
            message=self.message,
            code=self.code,
            param=self.param,
            request_id=request_id,
        )

    def event(self, dialect: Dialect = Dialect.OPENAI, request_id: str = "") -> bytes:
        """The error as one server-sent event."""
        return error_event(dialect, self.body(dialect, request_id))

    def headers(self) -> dict[str, str]:
        """The headers that belong to the error; seconds are rounded up, and never 0."""
        headers: dict[str, str] = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after)))
        if not self.may_retry:
            headers["x-should-retry"] = "false"
        if self.allow:
            headers["Allow"] = self.allow
        if self.challenges:
            headers["WWW-Authenticate"] = 'Bearer realm="hive-console"'
        return headers


class RequestRefused(HiveError):
    """A request that does not reach the engine; `failure` is what its client is told."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def bad_request(message: str, *, param: str | None = None, code: str | None = None) -> RequestRefused:
    """A refusal with status 400: the caller can mend it."""
    return RequestRefused(Failure(400, INVALID_REQUEST, message, code=code, param=param))


@dataclass(frozen=True, slots=True)
class _Rule:
    status: int
    kind: str
    words: str
    code: str | None
    is_callers_to_mend: bool = False
    may_retry: bool = True
    tells_why: bool = False
    wait: float = 1.0


_RULES: dict[OutcomeKind, _Rule] = {
    OutcomeKind.CONNECTION_FAILED: _Rule(502, UPSTREAM, "could not be reached", "connection_failed"),
    OutcomeKind.TIMED_OUT: _Rule(504, TIMEOUT, "did not answer in time", "timed_out"),
    OutcomeKind.STREAM_STALLED: _Rule(504, TIMEOUT, "stopped talking in the middle", "stream_stalled"),
    OutcomeKind.STREAM_CUT: _Rule(502, UPSTREAM, "broke off in the middle", "stream_cut"),
    OutcomeKind.SERVER_ERROR: _Rule(502, UPSTREAM, "failed", "server_error"),
    OutcomeKind.OVERLOADED: _Rule(503, UPSTREAM, "is overloaded", _OVERLOADED_CODE),
    OutcomeKind.REQUEST_TIMEOUT: _Rule(504, TIMEOUT, "gave up waiting", "request_timeout"),
    OutcomeKind.CONFLICT: _Rule(502, UPSTREAM, "reported a conflict", "conflict"),
    OutcomeKind.RATE_LIMITED: _Rule(429, RATE_LIMIT, "is rate limited", "rate_limit_exceeded"),
    # The next three need a person at the console: trying again only adds load.
    OutcomeKind.QUOTA_EXHAUSTED: _Rule(502, UPSTREAM, "has used up its quota", "quota_exhausted", may_retry=False),
    OutcomeKind.KEY_REFUSED: _Rule(502, UPSTREAM, "refused our key", "key_refused", may_retry=False),
    OutcomeKind.MODEL_NOT_FOUND: _Rule(
        502, UPSTREAM, "is not known to its provider", "upstream_model_not_found", may_retry=False
    ),
    OutcomeKind.BAD_REQUEST: _Rule(
        400, INVALID_REQUEST, "refused the request", "bad_request", is_callers_to_mend=True
    ),
    OutcomeKind.TOO_LARGE: _Rule(
        413, INVALID_REQUEST, "finds the request too large", "request_too_large", is_callers_to_mend=True
    ),
    OutcomeKind.CONTEXT_LENGTH: _Rule(
        400, INVALID_REQUEST, "cannot hold that much text", "context_length_exceeded", is_callers_to_mend=True
    ),
    OutcomeKind.CONTENT_FILTER: _Rule(
        400, INVALID_REQUEST, "filtered the request's content", "content_filter", is_callers_to_mend=True
    ),
    OutcomeKind.MALFORMED: _Rule(502, UPSTREAM, "answered what nobody can read", "malformed"),
    OutcomeKind.REFUSED: _Rule(503, SERVER, "takes no calls", "no_model_available"),
    OutcomeKind.THROTTLED: _Rule(429, RATE_LIMIT, "is at its rate limit", "rate_limit_exceeded"),
    OutcomeKind.NO_ROOM: _Rule(503, SERVER, "has no place free", "busy"),
    OutcomeKind.SHED: _Rule(503, SERVER, "is kept for more important work", "shed"),
    OutcomeKind.CANCELLED: _Rule(503, SERVER, "was interrupted", "cancelled"),
    OutcomeKind.UNFIT: _Rule(
        400, INVALID_REQUEST, "cannot serve such a request", "unsupported", is_callers_to_mend=True
    ),
    OutcomeKind.ENDPOINT_REFUSED: _Rule(502, UPSTREAM, "may not be called", "endpoint_refused", may_retry=False),
    # Only a person ends it: who tries again by itself is told to wait, and others not to.
    OutcomeKind.KILLED: _Rule(
        503, SERVER, "may not be called", "killed", may_retry=False, tells_why=True, wait=KILLED_WAIT
    ),
    # No operation fails with a success; a status for it keeps the table total.
    OutcomeKind.SUCCESS: _Rule(500, SERVER, "answered, and the answer was lost", "internal_error"),
}

_SAYS_WHEN = frozenset({429, 503})
"""Statuses that always carry Retry-After."""


def failure_of_operation(failed: OperationFailed) -> Failure:
    """What the client of an operation that no model answered is told."""
    rule = _RULES[failed.outcome.kind]
    requested = clean(failed.requested, NAME_LIMIT)
    if rule.is_callers_to_mend:
        message = f"{_last_tried(failed)} {rule.words}{_said(failed.outcome)}"
    elif not failed.tried:
        message = f"no model can serve {requested} now: the last one asked {rule.words}"
    else:
        message = f"no model answered for {requested}: tried {_listed(failed.tried)}; the last one {rule.words}"
    if rule.tells_why:
        message += _said(failed.outcome)
    return Failure(
        rule.status,
        rule.kind,
        message,
        code=rule.code,
        retry_after=_retry_after(rule, failed),
        may_retry=rule.may_retry,
        tried=failed.tried,
        attempts=failed.attempts,
        trail=failed.trail,
    )


def failure_of_stream(outcome: Outcome, served_by: str) -> Failure:
    """What a client is told when its stream broke after the first content; the text so far stands."""
    rule = _RULES[outcome.kind]
    why = _said(outcome) if rule.tells_why else ""
    message = f"{clean(served_by, NAME_LIMIT)} {rule.words}{why}; the answer above is incomplete"
    return Failure(rule.status, rule.kind, message, code=rule.code)


def failure_of_unknown_model(unknown: UnknownModel) -> Failure:
    """404 with the names that would work."""
    message = (
        f"the model {clean(unknown.model, NAME_LIMIT)!r} is not configured; configured: {_listed(unknown.known)}"
    )
    return Failure(404, INVALID_REQUEST, message, code="model_not_found", param="model")


def _retry_after(rule: _Rule, failed: OperationFailed) -> float | None:
    if rule.is_callers_to_mend:
        return None  # the same request meets the same refusal, however long its caller waits
    known = [seconds for seconds in (failed.outcome.retry_after, failed.retry_after) if seconds is not None]
    if known:
        return min(known)
    return rule.wait if rule.status in _SAYS_WHEN else None


def _last_tried(failed: OperationFailed) -> str:
    return clean((failed.tried or (failed.requested,))[-1], NAME_LIMIT)


def _said(outcome: Outcome) -> str:
    said = clean_message(_ADDRESS.sub("[address]", outcome.message))
    return f": {said}" if said else ""


def _listed(names: tuple[str, ...]) -> str:
    told = ", ".join(clean(name, NAME_LIMIT) for name in names[:NAMES_TOLD])
    more = len(names) - NAMES_TOLD
    return f"{told} and {more} more (GET /v1/models lists them)" if more > 0 else told
