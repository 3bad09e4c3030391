"""What verifying the audit trail costs: `python -m tests.bench.audit`. Only the ratio means something elsewhere.

The floor is reading the same rows with the same statement and doing nothing with them.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hive_console.core.store import Wanted
from hive_storage.audit_chain import AuditChain
from hive_storage.audit_file import AuditFile
from hive_storage.audit_lines import line_of, verify_lines
from hive_storage.audit_sql import PAGE, TRAIL_PAGE
from tests.storage.audit_samples import append, trail_database

_ROWS = 200_000
_ROUNDS = 3
_BATCH = 20_000


def _made(file: Path) -> float:
    """Writes the trail; rows a second of chaining and inserting them."""
    connection = trail_database(file)
    chain = AuditChain()
    began = time.perf_counter()
    for start in range(1, _ROWS + 1, _BATCH):
        append(connection, chain, range(start, start + _BATCH))
    spent = time.perf_counter() - began
    connection.close()
    return _ROWS / spent


def _read(file: Path) -> int:
    with AuditFile.open(file) as trail:
        connection = trail._connection
        after, rows = 0, 0
        while page := connection.execute(TRAIL_PAGE, {"after": after, "limit": PAGE}).fetchall():
            after, rows = page[-1][1], rows + len(page)
    return rows


def _verified(file: Path) -> int:
    with AuditFile.open(file) as trail:
        found = trail.verify()
    if found.problem:
        raise RuntimeError(found.problem)
    return found.rows


def _rate(run: Callable[[Path], int], file: Path) -> float:
    rates: list[float] = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        rows = run(file)
        rates.append(rows / (time.perf_counter() - began))
    return statistics.median(rates)


def _exported(file: Path) -> list[bytes]:
    with AuditFile.open(file) as trail:
        return [line_of(*pair).encode() for pair in trail.rows(Wanted())]


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "hive.db"
        written = _made(file)
        read, verified = _rate(_read, file), _rate(_verified, file)
        began = time.perf_counter()
        lines = _exported(file)
        exported = time.perf_counter()
        verify_lines(lines)
        checked = time.perf_counter()
    print(f"audit trail of {_ROWS:,} rows: chained and written {written:,.0f} rows/s")
    print(f"read {read:,.0f} rows/s; verified {verified:,.0f} rows/s: {verified / read:.2f} x plain reading")
    print(
        f"exported {_ROWS / (exported - began):,.0f} lines/s; verified {_ROWS / (checked - exported):,.0f} lines/s"
    )


if __name__ == "__main__":
    main()
