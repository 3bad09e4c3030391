"""From a provider's answer to the taxonomy: status, headers and error body become one `Outcome`.

The table is docs/outcomes.md; what each kind means for breaker, retry and fallback is `core.outcome`.
"""

from __future__ import annotations

from collections.abc import Mapping

from hive_console.adapters.providers.error_body import ErrorBody
from hive_console.adapters.providers.retry_after import retry_after_of
from hive_console.adapters.providers.veil import Veil
from hive_console.core.outcome import Outcome, OutcomeKind

_BY_STATUS = {
    401: OutcomeKind.KEY_REFUSED,
    402: OutcomeKind.QUOTA_EXHAUSTED,
    403: OutcomeKind.KEY_REFUSED,
    404: OutcomeKind.MODEL_NOT_FOUND,
    408: OutcomeKind.REQUEST_TIMEOUT,
    409: OutcomeKind.CONFLICT,
    410: OutcomeKind.MODEL_NOT_FOUND,  # how a retired model answers
    413: OutcomeKind.TOO_LARGE,
    429: OutcomeKind.RATE_LIMITED,
    529: OutcomeKind.OVERLOADED,
}

_BY_WORD = {
    "overloaded_error": OutcomeKind.OVERLOADED,
    "overloaded": OutcomeKind.OVERLOADED,
    "engine_overloaded": OutcomeKind.OVERLOADED,
    "engine_overloaded_error": OutcomeKind.OVERLOADED,
    "server_overloaded": OutcomeKind.OVERLOADED,
    "insufficient_quota": OutcomeKind.QUOTA_EXHAUSTED,
    "billing_error": OutcomeKind.QUOTA_EXHAUSTED,
    "billing_hard_limit_reached": OutcomeKind.QUOTA_EXHAUSTED,
    "billing_not_active": OutcomeKind.QUOTA_EXHAUSTED,
    "insufficient_balance": OutcomeKind.QUOTA_EXHAUSTED,
    "exceeded_current_quota_error": OutcomeKind.QUOTA_EXHAUSTED,
    "authentication_error": OutcomeKind.KEY_REFUSED,
    "permission_error": OutcomeKind.KEY_REFUSED,
    "invalid_api_key": OutcomeKind.KEY_REFUSED,
    "api_key_invalid": OutcomeKind.KEY_REFUSED,
    "model_not_found": OutcomeKind.MODEL_NOT_FOUND,
    "not_found_error": OutcomeKind.MODEL_NOT_FOUND,
    "context_length_exceeded": OutcomeKind.CONTEXT_LENGTH,
    "string_above_max_length": OutcomeKind.CONTEXT_LENGTH,
    "content_filter": OutcomeKind.CONTENT_FILTER,
    "content_policy_violation": OutcomeKind.CONTENT_FILTER,
    "responsibleaipolicyviolation": OutcomeKind.CONTENT_FILTER,
    "moderation_blocked": OutcomeKind.CONTENT_FILTER,
    "request_too_large": OutcomeKind.TOO_LARGE,
    "rate_limit_error": OutcomeKind.RATE_LIMITED,
    "rate_limit_exceeded": OutcomeKind.RATE_LIMITED,
    "timeout_error": OutcomeKind.REQUEST_TIMEOUT,
    "invalid_request_error": OutcomeKind.BAD_REQUEST,
}
"""Error types and codes as OpenAI, Anthropic, Azure, Moonshot, DeepSeek and Google name them."""

_PHRASES = (
    ("prompt is too long", OutcomeKind.CONTEXT_LENGTH),  # Anthropic gives it no code of its own
    ("maximum context length", OutcomeKind.CONTEXT_LENGTH),
    ("context window", OutcomeKind.CONTEXT_LENGTH),
    ("exceed context limit", OutcomeKind.CONTEXT_LENGTH),
    ("exceeds the maximum number of tokens", OutcomeKind.CONTEXT_LENGTH),  # Google
    ("credit balance is too low", OutcomeKind.QUOTA_EXHAUSTED),  # Anthropic says so with a 400
    ("incorrect api key", OutcomeKind.KEY_REFUSED),  # xAI says so with a 400
    ("api key not valid", OutcomeKind.KEY_REFUSED),  # Google says so with a 400
    ("content management policy", OutcomeKind.CONTENT_FILTER),  # Azure
    ("content filtering policy", OutcomeKind.CONTENT_FILTER),  # Anthropic
)

_CALLER_FAULTS = frozenset(
    {
        OutcomeKind.OVERLOADED,  # some providers say so with a 400
        OutcomeKind.QUOTA_EXHAUSTED,
        OutcomeKind.KEY_REFUSED,
        OutcomeKind.MODEL_NOT_FOUND,
        OutcomeKind.CONTEXT_LENGTH,
        OutcomeKind.CONTENT_FILTER,
    }
)

_REFINEMENTS = {
    400: _CALLER_FAULTS,
    403: frozenset({OutcomeKind.QUOTA_EXHAUSTED, OutcomeKind.CONTENT_FILTER}),
    413: frozenset({OutcomeKind.CONTEXT_LENGTH}),
    422: _CALLER_FAULTS,
    429: frozenset({OutcomeKind.QUOTA_EXHAUSTED, OutcomeKind.OVERLOADED}),
}
"""What the body may make of a status; on every 5xx it may only say that the model is overloaded."""

_SERVER_REFINEMENTS = frozenset({OutcomeKind.OVERLOADED})

_SHOULD_RETRY = {"true": True, "false": False}
"""The values of `x-should-retry` that Anthropic and OpenAI send; any other says nothing, as in their clients."""


def classify(status: int, headers: Mapping[str, str], error: ErrorBody, *, veil: Veil, now: float) -> Outcome:
    """The outcome of an answer whose status is not 2xx.

    Args:
        status: the HTTP status.
        headers: the answer's headers, found by their lower-case names.
        error: what its body said.
        veil: hides what the message must not tell.
        now: Unix seconds, for a `Retry-After` that is a date.
    """
    if 300 <= status < 400:
        return Outcome(
            OutcomeKind.MALFORMED,
            status,
            message=f"redirects (HTTP {status}) are not followed; correct the endpoint",
        )
    return Outcome(
        _kind_of(status, error),
        status,
        retry_after_of(headers, now),
        veil.message(error, _nothing_said(status)),
        _SHOULD_RETRY.get(headers.get("x-should-retry", "")),
    )


def classify_reported(error: ErrorBody, *, veil: Veil) -> Outcome:
    """The outcome of an error object that came inside an answer of status 200, in one piece or in a stream."""
    status = error.status
    if status is not None and status >= 400:
        return Outcome(_kind_of(status, error), status, message=veil.message(error, _nothing_said(status)))
    # The outer 200 is left out: it would claim that the call went well.
    kind = _worded(error) or OutcomeKind.SERVER_ERROR
    return Outcome(kind, message=veil.message(error, "reported an error inside its answer"))


def _kind_of(status: int, error: ErrorBody) -> OutcomeKind:
    if 400 <= status < 500:
        plain, allowed = OutcomeKind.BAD_REQUEST, _REFINEMENTS.get(status, frozenset())
    elif 500 <= status < 600:
        plain, allowed = OutcomeKind.SERVER_ERROR, _SERVER_REFINEMENTS
    else:
        return OutcomeKind.MALFORMED
    said = _worded(error) if allowed else None
    # A 429's text speaks of quotas for ordinary limits too (Google): there only a code counts.
    is_told = status != 429 or any(_BY_WORD.get(word) is said for word in error.words)
    if said is not None and said in allowed and is_told:
        return said
    return _BY_STATUS.get(status, plain)


def _worded(error: ErrorBody) -> OutcomeKind | None:
    """What the error's own words say; the narrow code first, then the text, then the broad type."""
    if error.code in _BY_WORD:
        return _BY_WORD[error.code]
    broad = _BY_WORD.get(error.type)
    if broad not in {None, OutcomeKind.BAD_REQUEST}:
        return broad
    text = error.text.lower()
    return next((kind for phrase, kind in _PHRASES if phrase in text), broad)


def _nothing_said(status: int) -> str:
    return f"HTTP {status} with no readable explanation"
