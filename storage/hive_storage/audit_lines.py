"""The audit trail as JSON lines, for people who have no SQLite and no reason to trust us.

One object a line, in ASCII: the row's place and texts, the digest before it and its own. Whoever has one line can
compute its digest; whoever has all of them can verify the whole chain.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from hive_console.core.store import AuditCheck
from hive_storage.audit_chain import GENESIS, TEXTS, TrailRow, Verification

LINE_LIMIT = 1_048_576
"""Bytes of one line that are looked at; ours have at most some thousand."""

_KEYS = ("number", "seq", "at_us", "utc", *TEXTS, "previous", "digest")


def fields_of(row: TrailRow) -> dict[str, Any]:
    """A row of the trail as plain data; number and digest are `None` where the trail is not chained."""
    number, seq, at_us, *texts, digest = row
    return {
        "number": number,
        "seq": seq,
        "at_us": at_us,
        "utc": _utc(at_us),
        **dict(zip(TEXTS, map(_shown, texts), strict=True)),
        "digest": digest.hex() if isinstance(digest, bytes) else None,
    }


def line_of(row: TrailRow, previous: bytes) -> str:
    """One line of an export, without its end; `previous` is the digest of the row before."""
    fields = fields_of(row)
    digest = fields.pop("digest")
    return json.dumps({**fields, "previous": previous.hex(), "digest": digest}, separators=(",", ":"))


def verify_lines(lines: Iterable[bytes], anchors: Iterable[tuple[int, str]] = ()) -> AuditCheck:
    """Whether an export is what was written, from its first row to its last; it may be an excerpt of a trail.

    What came before the first row and after the last one is not judged; an anchor outside is not compared.
    """
    verification: Verification | None = None
    pairs = tuple(anchors)
    due, head = 1, GENESIS
    for place, line in enumerate(lines, 1):
        try:
            row, previous = _row_of(line)
        except (ValueError, TypeError, AttributeError, RecursionError):
            return _stopped(verification, due, f"line {place} is not as it was exported")
        if verification is None:
            due, head = row[0], previous
            verification = Verification(pairs, number=due - 1, head=head, is_whole=False)
        if row[0] == due and previous != head:
            return _stopped(
                verification, due, f"line {place} names another digest before it than the line before has"
            )
        if not verification.take((row,)):
            break
        due, head = row[0] + 1, row[-1]
    return AuditCheck(rows=0) if verification is None else verification.result()


def _row_of(line: bytes) -> tuple[TrailRow, bytes]:
    """A row and the digest before it; raises `ValueError` and its like for anything that `line_of` never made."""
    text = line.decode("ascii").removesuffix("\n")
    fields = json.loads(text)
    if tuple(fields) != _KEYS:
        raise ValueError("other fields")
    numbers = [fields[name] for name in ("number", "seq", "at_us")]
    if not all(type(number) is int for number in numbers):
        raise ValueError("a number that is none")
    texts = (fields[name].encode("utf-8", "surrogateescape") for name in TEXTS)
    previous = bytes.fromhex(fields["previous"])
    row = (*numbers, *texts, bytes.fromhex(fields["digest"]))
    if numbers[0] < 1 or line_of(row, previous) != text or (numbers[0] == 1 and previous != GENESIS):
        raise ValueError("other bytes")
    return row, previous


def _shown(text: object) -> str:
    """A text of a row; a damaged file holds anything in its place."""
    return text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else str(text)


def _stopped(verification: Verification | None, due: int, problem: str) -> AuditCheck:
    if verification is None:
        return AuditCheck(rows=1, first_bad=due, problem=problem)
    found = verification.result()
    if found.first_bad is not None:
        return found
    return AuditCheck(rows=found.rows + 1, first_bad=due, problem=problem, head=found.head, anchors=found.anchors)


def _utc(at_us: int) -> str:
    """To the microsecond, and empty for a time that no calendar has."""
    try:
        moment = datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000)
    except (OverflowError, ValueError, OSError, TypeError):
        return ""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
