"""`hive-console export`: what it prints of a recording, in little memory, and how it ends."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result

from hive_console.cli import export, main
from hive_console.cli.export import STEPS_AT_ONCE, export_events, export_sums
from hive_console.core.errors import HiveError
from hive_console.core.events import BreakerChanged, Event, ServiceFailed
from hive_console.core.rollup import Sums, Tier
from hive_console.core.store import Holdings, Series, Store, Wanted
from tests.storage.support import T0, attempt, breaker, recording
from tests.system.program import COMMAND, environment


async def _record(path: Path, count: int) -> None:
    async with recording(path) as taking:
        for number in range(count):
            taking.record(breaker(number))
        taking.record(attempt(count))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(_record(tmp_path / "data", 20))
    return tmp_path / "data"


def _run(data: Path, *words: object) -> Result:
    return CliRunner().invoke(main, ["export", "--data", str(data), *map(str, words)])


def _rows(ran: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ran.stdout)))


def test_json_lines_hold_every_event_oldest_first(data: Path) -> None:
    ran = _run(data)

    told = [json.loads(line) for line in ran.stdout.splitlines()]
    moved = [row for row in told if row["event"] == "BreakerChanged"]
    assert ran.exit_code == 0, ran.output
    assert [row["cause"] for row in moved] == [f"cause {number}" for number in range(20)]
    assert moved[0]["time"] == "2026-09-21T14:13:20.000000Z"
    assert told[-1]["event"] == "AttemptFinished"


def test_csv_of_one_kind_has_the_columns_of_that_kind(data: Path) -> None:
    rows = _rows(_run(data, "--format", "csv", "--kind", "BreakerChanged"))

    assert len(rows) == 20
    assert list(rows[0])[:4] == ["time", "event", "model", "old"]
    assert rows[0]["new"] == "open"


def test_a_window_holds_its_beginning_and_not_its_end(data: Path) -> None:
    ran = _run(data, "--kind", "BreakerChanged", "--from", "2026-09-21T14:13:25", "--to", "2026-09-21 14:13:27")

    assert [json.loads(line)["cause"] for line in ran.stdout.splitlines()] == ["cause 5", "cause 6"]


def test_models_that_are_not_asked_for_are_left_out(data: Path) -> None:
    assert _run(data, "--model", "nobody").stdout == ""
    assert len(_run(data, "--model", "alpha").stdout.splitlines()) == 21


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--kind", "Breaker"), "Breaker is no kind; known are sums-10s"),
        (("--kind", "sums-60s", "--kind", "BreakerChanged"), "name it alone"),
        (("--from", "soon"), "is no time"),
        (("--format", "xlsx"), "xlsx"),
    ],
)
def test_a_question_without_sense_is_refused(data: Path, words: tuple[str, ...], problem: str) -> None:
    ran = _run(data, *words)

    assert ran.exit_code == 2
    assert problem in ran.stderr
    assert ran.stdout == ""


def test_no_recording_is_told(tmp_path: Path) -> None:
    ran = _run(tmp_path / "none")

    assert ran.exit_code == 1
    assert ran.stderr.startswith("hive-console: ")


def test_a_file_is_private_and_appears_when_it_is_whole(data: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    output.write_text("an older one")

    ran = _run(data, "--format", "csv", "-o", output)

    assert (ran.exit_code, ran.stdout) == (0, "")
    assert len(output.read_text().splitlines()) == 22
    assert output.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out.csv"]


def test_a_file_that_cannot_be_written_is_told_and_nothing_stays(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_arguments: object, **_named: object) -> None:
        raise HiveError("the recording went away")

    monkeypatch.setattr(export, "export_events", fails)
    broken = _run(data, "-o", tmp_path / "out.csv")
    nowhere = _run(data, "-o", tmp_path / "none" / "out.csv")

    assert (broken.exit_code, broken.stderr) == (1, "hive-console: the recording went away\n")
    assert (nowhere.exit_code, "No such file" in nowhere.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_ctrl_c_ends_it_without_a_traceback(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stopped(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(export, "export_events", stopped)

    ran = _run(data)

    assert (ran.exit_code, ran.output) == (130, "")


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    asyncio.run(_record(tmp_path / "data", 3_000))
    with subprocess.Popen(
        (*COMMAND, "export", "--data", str(tmp_path / "data")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        first = program.stdout.readline()
        program.stdout.close()
        errors = program.stderr.read()

    assert json.loads(first)["cause"] == "cause 0"
    assert (program.returncode, errors) == (0, b"")


class FakeStore:
    """Endless events, and sums of a model in every tenth window; nothing else is asked of it."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self.taken = 0
        self.asked: list[tuple[float, float]] = []

    async def holdings(self) -> Holdings:
        return self._holdings

    async def export(
        self, wanted: Wanted, kinds: Iterable[type[Event]] | None = None
    ) -> AsyncGenerator[Event, None]:
        while True:
            self.taken += 1
            yield ServiceFailed(at=T0 + self.taken, service="gateway", message="m")

    async def series(self, models: tuple[str, ...], begin: float, end: float, *, step: float) -> dict[str, Series]:
        self.asked.append((begin, end))
        count = round((end - begin) / step)
        points = tuple(Sums(calls=index) if index % 10 == 0 else None for index in range(count))
        return {model: Series(begin=begin, step=step, points=points) for model in models}


def _store(fake: FakeStore) -> Store:
    return cast("Store", fake)


async def test_no_event_is_taken_before_the_last_one_is_written() -> None:
    fake, written = FakeStore(Holdings(begin=None, end=None)), 0

    def write(_line: str) -> None:
        nonlocal written
        written += 1
        if written == 50:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await export_events(_store(fake), write, Wanted(), (BreakerChanged,), is_csv=False)

    assert fake.taken == 50


async def test_sums_are_asked_for_piece_by_piece_within_what_is_held() -> None:
    end = T0 + STEPS_AT_ONCE * 60 * 2.5
    fake, lines = FakeStore(Holdings(begin=T0, end=end, models=("alpha", "beta"))), list[str]()

    await export_sums(_store(fake), lines.append, Wanted(begin=0.0), Tier.MINUTE, is_csv=False)

    told: list[dict[str, Any]] = [json.loads(line) for line in lines]
    assert len(fake.asked) == 6
    assert max(later - begin for begin, later in fake.asked) == STEPS_AT_ONCE * 60
    assert [row["model"] for row in told] == sorted(row["model"] for row in told)
    assert {row["model"] for row in told} == {"alpha", "beta"}


async def test_an_empty_recording_has_no_sums() -> None:
    lines: list[str] = []

    await export_sums(
        _store(FakeStore(Holdings(begin=None, end=None))), lines.append, Wanted(), Tier.HOUR, is_csv=True
    )

    assert len(lines) == 1


def test_sums_of_a_recording_are_a_table_of_their_own(data: Path) -> None:
    rows = _rows(_run(data, "--format", "csv", "--kind", "sums-60s"))

    assert {row["model"] for row in rows} == {"alpha"}
    assert {"calls", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms"} <= set(rows[0])
    assert sum(int(row["calls"]) for row in rows) == 1
