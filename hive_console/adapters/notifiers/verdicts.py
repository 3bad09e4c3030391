"""From what came back over HTTP to what to do now. Services that mean something else say so themselves."""

from __future__ import annotations

from http import HTTPStatus

from hive_console.adapters.notifiers.http import Said
from hive_console.core.notifying.notice import Receipt, Verdict

SHORTEST_WAIT = 1.0
"""Seconds: a `Retry-After` of zero, or of the past, is no leave to hammer."""

NOT_NOW = frozenset({408, 425, 429})
"""Of the 4xx, those that pass: too slow, too early, too many."""

NEVER_HERE = frozenset({401, 402, 403, 404, 405, 407, 410})
"""What is wrong with the channel: who we are, or where it is. The next notice would fare no better."""


def receipt_of(said: Said, told: str) -> Receipt:
    """The receipt of an answer, of which `told` may be told."""
    status = said.status
    if status is None:
        verdict = Verdict.REFUSED if said.is_forbidden else Verdict.RETRY
        return Receipt(verdict=verdict, answer=told, is_channel_at_fault=said.is_forbidden)
    if 200 <= status < 300:
        return Receipt(verdict=Verdict.DELIVERED, answer=told, status=status)
    if 300 <= status < 400:
        answer = "it answers with a redirect, and none is followed"
        return Receipt(verdict=Verdict.REFUSED, answer=answer, status=status, is_channel_at_fault=True)
    answer = told or phrase_of(status)
    if status >= 500 or status in NOT_NOW:
        wait = None if said.retry_after is None else max(SHORTEST_WAIT, said.retry_after)
        return Receipt(verdict=Verdict.RETRY, answer=answer, status=status, retry_after=wait)
    at_fault = status in NEVER_HERE
    return Receipt(verdict=Verdict.REFUSED, answer=answer, status=status, is_channel_at_fault=at_fault)


def phrase_of(status: int) -> str:
    """The usual words of a status, such as `not found`; empty for one that nobody knows."""
    try:
        return HTTPStatus(status).phrase.lower()
    except ValueError:
        return ""


def at_fault(answer: str) -> Receipt:
    """The receipt of a channel that a person must mend before anything can be sent."""
    return Receipt(verdict=Verdict.REFUSED, answer=answer, is_channel_at_fault=True)
