"""Who recorded when, and which stretches are not whole."""

from __future__ import annotations

from hive_console.core.store import Gap, GapCause, Run
from hive_storage.micros import seconds
from hive_storage.request_rows import Row

SELECT_RUNS = "SELECT id, started_us, ended_us, clean, pid, host, version FROM run ORDER BY id DESC LIMIT :limit"
"""The newest first."""

SELECT_GAPS = (
    "SELECT t0_us, t1_us, cause, dropped, detail FROM gap"
    " WHERE t1_us >= :first AND t0_us < :end ORDER BY id DESC LIMIT :limit"
)
"""Those that touch a window, the newest first."""

_CAUSES = {cause.value: cause for cause in GapCause}


def run_of_row(row: Row) -> Run:
    """A run from a row of `SELECT_RUNS`."""
    run_id, started_us, ended_us, clean, pid, host, version = row
    return Run(
        run_id=run_id,
        started=seconds(started_us),
        ended=None if ended_us is None else seconds(ended_us),
        is_clean=bool(clean),
        pid=pid,
        host=host,
        version=version,
    )


def gap_of_row(row: Row) -> Gap:
    """A gap from a row of `SELECT_GAPS`; a cause of a newer version counts as a failed write, with its word."""
    begin_us, end_us, cause, dropped, detail = row
    known = _CAUSES.get(cause)
    return Gap(
        begin=seconds(begin_us),
        end=seconds(end_us),
        cause=known or GapCause.WRITE_FAILED,
        dropped=dropped,
        detail=detail if known else f"{cause}: {detail}",
    )
