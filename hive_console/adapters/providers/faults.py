"""The outcomes that both dialects find in answers that look well and are not."""

from __future__ import annotations

from hive_console.core.outcome import Outcome, OutcomeKind

NO_CHUNK = Outcome(OutcomeKind.MALFORMED, message="the stream holds an event that is no JSON chunk")
NOTHING_IN_STREAM = Outcome(OutcomeKind.MALFORMED, message="the stream ended with nothing said")


def not_an_answer(body: bytes) -> Outcome:
    """The outcome of a body that is no JSON object of the expected shape."""
    what = "the answer is no completion in JSON" if body.strip() else "the answer is empty"
    return Outcome(OutcomeKind.MALFORMED, message=what)


def stream_cut(*, has_spoken: bool) -> Outcome:
    """The outcome of a stream that ended without its end."""
    where = "in the middle of the answer" if has_spoken else "before the first token"
    return Outcome(OutcomeKind.STREAM_CUT, message=f"the stream was cut {where}")


def no_content() -> Outcome:
    """The outcome of a message without content blocks and without a reason for that."""
    return Outcome(OutcomeKind.MALFORMED, message="the answer has no content")
