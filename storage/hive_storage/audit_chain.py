"""The chain of the audit trail: each row's digest is made of the row and of the digest before it.

Pure: rows in, rows or a verdict out. `canonical` must give the same bytes for ever, or every recording breaks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from json.encoder import encode_basestring_ascii
from typing import Any, cast

from hive_console.core.events import Event, OperatorActed
from hive_console.core.journal import from_record
from hive_console.core.store import AuditCheck, AuditRow

GENESIS = bytes(32)
"""What the first row follows."""

TEXTS = (
    "action_id",
    "phase",
    "actor",
    "origin",
    "action",
    "target",
    "reason",
    "parameter",
    "before",
    "after",
    "detail",
)
"""The texts of a row, in the order of its canonical bytes."""

FORM = "hive-audit-1"
"""Which list of fields the canonical bytes are. A later field is a nullable column: a row where it is NULL keeps
this form, and one where it is not gets the next, so that no old digest ever changes."""

NOT_CHAINED = (
    "the trail is not chained yet: it was written by an older version, and is when it is next recorded into"
)

Row = tuple[Any, ...]  # what SQLite takes and gives

Link = tuple[int, int, tuple[str, ...]]
"""A row before it has its place: `seq`, `skew`, its texts."""

TrailRow = tuple[Any, ...]
"""A row as `audit_sql` selects it: number, seq, at_us, texts as UTF-8, digest. Any: a damaged file holds all."""


def canonical(number: int, seq: int, at_us: int, texts: Iterable[str]) -> bytes:
    """The bytes of a row that its digest is made of: a compact JSON list in ASCII, in which a tag comes first.

    Raises `ValueError` or `TypeError` for what no row can hold.
    """
    strings = ",".join(map(encode_basestring_ascii, texts))
    return f'["{FORM}",{number:d},{seq:d},{at_us:d},{strings}]'.encode("ascii")


def digest_of(previous: bytes, number: int, seq: int, *, at_us: int, texts: Iterable[str]) -> bytes:
    """SHA-256 of the digest before and the row's canonical bytes; 32 bytes. Raises as `canonical`."""
    return hashlib.sha256(previous + canonical(number, seq, at_us, texts)).digest()


class AuditChain:
    """Where the chain stands on disk, and the links of a batch that is on its way there.

    Attributes:
        number: the number of the last row that a commit has kept; 0 before the first.
        head: its digest.
    """

    def __init__(self, number: int = 0, head: bytes = GENESIS) -> None:
        self.number = number
        self.head = head
        self._next = (number, head)

    def rows(self, taken: Iterable[tuple[int, int, Event]]) -> list[Row]:
        """The rows to insert for one batch, in its order; what is no `OperatorActed` in it is passed over.

        Always goes on from the last row that was kept, so that a batch that failed leaves no trace.
        """
        return self.linked(
            (seq, skew, _texts_of(event)) for seq, skew, event in taken if isinstance(event, OperatorActed)
        )

    def linked(self, links: Iterable[Link]) -> list[Row]:
        """The same for rows that are no events any more."""
        number, head = self.number, self.head
        rows: list[Row] = []
        for seq, skew, texts in links:
            number += 1
            head = digest_of(head, number, seq, at_us=seq - skew, texts=texts)
            rows.append((seq, skew, number, *texts, head))
        self._next = (number, head)
        return rows

    def kept(self) -> None:
        """The batch is committed."""
        self.number, self.head = self._next

    def undone(self) -> None:
        """The batch was rolled back."""
        self._next = (self.number, self.head)


def _texts_of(act: OperatorActed) -> tuple[str, ...]:
    return (
        act.action_id,
        act.phase.value,
        act.actor,
        act.origin,
        act.action.value,
        act.target,
        act.reason,
        act.parameter,
        act.before,
        act.after,
        act.detail,
    )


def unchained_row(row: Row) -> Link:
    """A row of a trail that was not chained and knew no origin: seq, skew, the other texts."""
    seq, skew, action_id, phase, actor, *rest = row
    return seq, skew, (action_id, phase, actor, "", *rest)


def audit_row_of(row: TrailRow) -> AuditRow:
    """A row as the console shows it; number 0 and no digest where the trail is not chained.

    Raises `UnknownEvent`, `ValueError` or `TypeError` for a row that holds what this version does not know.
    """
    number, _, at_us, *texts, digest = row
    record = dict(zip(TEXTS, map(_text, texts), strict=True))
    act = from_record(OperatorActed.__name__, {**record, "at": at_us / 1_000_000})
    return AuditRow(number=number or 0, act=cast("OperatorActed", act), digest=(digest or b"").hex())


def _text(stored: bytes) -> str:
    """A text of the file; bytes that are none become escapes, which no text that was written holds."""
    return stored.decode("utf-8", "surrogateescape")


class Verification:
    """Looks at the rows of a trail one after the other, in the memory of two of them.

    Give it rows in the order of `seq` with `take` until that says no, and ask for `result`.
    """

    def __init__(
        self,
        anchors: Iterable[tuple[int, str]] = (),
        *,
        number: int = 0,
        head: bytes = GENESIS,
        is_whole: bool = True,
    ) -> None:
        """Begins after row `number` with digest `head`.

        Args:
            anchors: (number, digest) pairs kept elsewhere; bounded by whoever reads them.
            number: the last row that is not looked at.
            head: its digest.
            is_whole: whether nothing may come after the last row; an excerpt may end anywhere.
        """
        self._anchors: dict[int, set[str]] = {}
        for place, digest in anchors:
            if place > number:
                self._anchors.setdefault(place, set()).add(digest.lower())
        self._number = number
        self._head = head
        self._seq: int | None = None
        self._is_whole = is_whole
        self._rows = 0
        self._compared = 0
        self._agreed = number  # the last anchor that was right
        self._stranger: TrailRow | None = None
        self._bad: tuple[int | None, str] | None = None

    def take(self, rows: Iterable[TrailRow]) -> bool:
        """Looks at some rows; `False` when no further one can change the answer."""
        for row in rows:
            if self._bad is not None:
                break
            if self._stranger is None:
                self._look_at(row)
            else:
                self._decide(row)
        return self._bad is None

    def result(self) -> AuditCheck:
        """What was found, once every row was given."""
        if self._bad is None and self._stranger is not None:
            self._bad = self._missing(self._stranger)
        if self._bad is None and self._is_whole:
            self._bad = self._cut()
        first_bad, problem = self._bad or (None, "")
        return AuditCheck(
            rows=self._rows, first_bad=first_bad, problem=problem, head=self._head.hex(), anchors=self._compared
        )

    def _look_at(self, row: TrailRow) -> None:
        self._rows += 1
        number = row[0]
        if number != self._number + 1:
            if number is None and row[-1] is None:
                self._bad = (None, NOT_CHAINED)
            else:
                self._stranger = row
            return
        if not self._follows(row):
            self._bad = (number, self._changed(number))
            return
        self._number, self._seq, self._head = number, row[1], row[-1]
        if number in self._anchors:
            self._compare(number, self._anchors.pop(number))

    def _follows(self, row: TrailRow) -> bool:
        """Whether a row has the digest that it must have after the last good one."""
        number, seq, at_us, *texts, digest = row
        try:
            expected = digest_of(self._head, number, seq, at_us=at_us, texts=map(_text, texts))
        except (ValueError, TypeError, AttributeError):  # a number or a text that is none
            return False
        return bool(digest == expected) and (self._seq is None or seq > self._seq)

    def _decide(self, row: TrailRow) -> None:
        """Which is bad when a row stands where another was due: the stranger if the due one follows, else that."""
        stranger, self._stranger = self._stranger, None
        self._rows += 1
        if stranger is not None and row[0] == self._number + 1 and self._follows(row):
            self._bad = (_named(stranger) or row[0], f"it stands before row {row[0]}, where no row belongs")
        elif stranger is not None:
            self._bad = self._missing(stranger)

    def _missing(self, found: TrailRow) -> tuple[int, str]:
        due = self._number + 1
        return due, f"it is missing: row {_named(found)} stands where it belongs"

    def _changed(self, number: int) -> str:
        after = f"row {number - 1}" if number > 1 else "the beginning"
        return f"it is not what was written: its digest does not follow from {after} and from what it holds"

    def _compare(self, number: int, digests: set[str]) -> None:
        self._compared += len(digests)
        if digests == {self._head.hex()}:
            self._agreed = number
            return
        since = f"rows after {self._agreed}" if self._agreed else "rows from the beginning"
        self._bad = (number, f"its digest is not the one its anchor holds: {since} were written anew")

    def _cut(self) -> tuple[int, str] | None:
        if not self._anchors:
            return None
        return (
            self._number + 1,
            f"it is missing: an anchor knows of {max(self._anchors)} rows, the tail was cut off",
        )


def _named(row: TrailRow) -> int | None:
    return row[0] if isinstance(row[0], int) else None
