"""`hive-console tail`: what is told of a recording, once and in order, while it grows, is replaced, or ends."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import shutil
import signal
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hive_console.cli import main
from hive_console.cli.tail import BELL, _Printer
from hive_console.cli.tailing import Ends, Tail, Told, follow, tell_all
from hive_console.core.errors import HiveError
from hive_console.core.store import Gap, GapCause, Store, Wanted
from hive_storage.store import SqliteStore
from tests.recordings.evening import ReviewedStore, an_evening
from tests.storage.store_contract import T0 as HOUR
from tests.storage.store_contract import Life, plain, probe, started, stopped
from tests.storage.support import T0, action, attempt, breaker, recording, until
from tests.storage.test_store import recorded
from tests.system.program import COMMAND, environment

EVENTS = (
    started(),
    probe(HOUR + 1),
    *plain(HOUR + 2, "run-1"),
    *(breaker(number) for number in range(10_001, 10_004)),
    stopped(HOUR + 20_000),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(recorded(tmp_path / "data", Life(sorted(EVENTS, key=lambda event: event.at), HOUR + 20_000)))
    return tmp_path / "data"


def _run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["tail", "--data", str(data), "--since", "2026-01-01", *words])


def test_one_line_for_each_thing_that_happened_oldest_first(data: Path) -> None:
    ran = _run(data, "--no-follow")

    lines = ran.stdout.splitlines()
    assert ran.exit_code == 0, ran.output
    assert [line.split()[2] for line in lines] == ["info", *["critical"] * 3, "info"]
    assert [line[:20] for line in lines] == sorted(line[:20] for line in lines)
    assert "breaker alpha closed to open (cause 10001)" in lines[1]


def test_requests_and_good_checks_are_told_when_they_are_asked_for(data: Path) -> None:
    usual, requests, routine = (
        _run(data, "--no-follow", *words).stdout for words in ((), ("--requests",), ("--all",))
    )

    assert "answered by alpha" not in usual + routine
    assert "answered by alpha" in requests
    assert "probe alpha ok" not in usual + requests
    assert "probe alpha ok" in routine
    assert [line[:20] for line in requests.splitlines()] == sorted(line[:20] for line in requests.splitlines())


def test_json_lines_are_those_of_an_export(data: Path) -> None:
    told = [json.loads(line) for line in _run(data, "--no-follow", "--json").stdout.splitlines()]

    assert [line["event"] for line in told] == ["EngineStarted", *["BreakerChanged"] * 3, "EngineStopped"]


def test_only_what_is_about_a_model_is_told(data: Path) -> None:
    assert "breaker alpha" in _run(data, "--no-follow", "--model", "alpha").stdout
    assert "breaker" not in _run(data, "--no-follow", "--model", "beta").stdout


def test_the_ten_minutes_before_now_are_told_when_nobody_says_since_when(data: Path) -> None:
    ran = CliRunner().invoke(main, ["tail", "--data", str(data), "--no-follow"])

    assert (ran.exit_code, ran.stdout) == (0, "")


def test_no_recording_is_told_where_nobody_waits_for_one(tmp_path: Path) -> None:
    ran = _run(tmp_path / "none", "--no-follow")

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert ran.stderr.startswith("hive-console: there is no recording at ")


def test_a_full_disk_ends_it_with_its_reason(data: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            (*COMMAND, "tail", "--data", str(data), "--since", "2026-01-01"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=environment(data),
        )

    assert ran.returncode == 1
    assert ran.stderr == "Error: cannot write: No space left on device\n"


# --- following ---------------------------------------------------------------------------------------


class Enough(Exception):
    """Ends a follow."""


@dataclass
class Reader:
    """Takes lines until there are enough."""

    is_enough: Callable[[list[Told]], bool] = lambda _told: True
    told: list[Told] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def ends(self) -> Ends:
        return Ends(tell=self.told.append, pause=self._pause, say=self.said.append)

    def _pause(self) -> None:
        if self.is_enough(self.told):
            raise Enough


async def test_what_is_recorded_while_it_follows_is_told_once(tmp_path: Path) -> None:
    reader = Reader(lambda told: len(told) == 3)
    async with recording(tmp_path) as recorder:
        recorder.record(breaker(1))
        await recorder.record_durably(action(2))
        following = asyncio.ensure_future(
            follow(
                tmp_path / "hive.db",
                lambda: SqliteStore.open(tmp_path),
                Tail(Wanted(begin=T0), with_requests=True, as_json=True),
                reader.ends(),
                poll=0.01,
            )
        )
        await until(lambda: len(reader.told) == 1)
        recorder.record(attempt(3))
        recorder.record(breaker(4))
        with pytest.raises(Enough):
            await following

    kinds = [json.loads(told.text)["event"] for told in reader.told]
    assert kinds == ["BreakerChanged", "AttemptFinished", "BreakerChanged"]
    assert [told.is_new for told in reader.told] == [False, True, True]


async def test_a_recording_that_is_replaced_is_opened_anew_and_goes_on(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    await recorded(first, Life((started(), breaker(10_001), stopped(HOUR + 11_000)), HOUR + 11_000))
    await recorded(second, Life((started(HOUR + 20_000), stopped(HOUR + 20_010)), HOUR + 20_010))
    place = tmp_path / "data"
    first.rename(place)

    def replace_after_three(told: list[Told]) -> bool:
        if len(told) == 3 and second.exists():
            shutil.rmtree(place)
            second.rename(place)
        return len(told) == 5

    reader = Reader(replace_after_three)
    with pytest.raises(Enough):
        await follow(
            place / "hive.db",
            lambda: SqliteStore.open(place),
            Tail(Wanted(begin=HOUR)),
            reader.ends(),
            poll=0.001,
            retry=0.001,
        )

    assert [told.text.split(" ", 3)[3][:14] for told in reader.told] == [
        "engine started",
        "breaker alpha ",
        "engine stopped",
        "engine started",
        "engine stopped",
    ]


async def test_a_recording_that_is_not_there_is_waited_for_and_told_once(tmp_path: Path) -> None:
    tries = 0

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Store, None]:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise HiveError("there is no recording")
        yield ReviewedStore(started(), stopped(HOUR + 10))

    reader = Reader(lambda told: len(told) == 2)
    with pytest.raises(Enough):
        await follow(tmp_path / "none", opened, Tail(Wanted()), reader.ends(), retry=0.001)

    assert reader.said == ["there is no recording; looking again each second"]


async def test_a_gap_is_told_when_it_began_and_when_it_lost_more() -> None:
    gaps = (
        Gap(begin=HOUR, end=HOUR + 5, cause=GapCause.QUEUE_FULL),
        Gap(begin=HOUR + 9, end=HOUR + 10, cause=GapCause.CRASHED),
    )
    store = ReviewedStore(*an_evening(HOUR), gaps=gaps)
    tail = Tail(Wanted(begin=HOUR), as_json=True)
    reader = Reader()

    await tell_all(store, tail, reader.ends())
    before = len(reader.told)
    await tell_all(store, tail, reader.ends())
    store.gap_rows = (*gaps[:1], Gap(begin=HOUR + 9, end=HOUR + 30, cause=GapCause.CRASHED, dropped=3))
    await tell_all(store, tail, reader.ends())

    told = [json.loads(told.text) for told in reader.told if '"Gap"' in told.text]
    assert [gap["dropped"] for gap in told] == [0, 0, 3]
    assert len(reader.told) == before + 1


# --- the bell, and the end ---------------------------------------------------------------------------


class Screen(io.StringIO):
    """An error stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("has_bell", "told", "rings"),
    [
        (True, Told(text="down", is_loud=True, is_new=True), True),
        (True, Told(text="down", is_loud=True), False),
        (True, Told(text="up", is_new=True), False),
        (False, Told(text="down", is_loud=True, is_new=True), False),
    ],
)
def test_the_bell_rings_for_what_is_critical_and_new_beside_the_lines(
    monkeypatch: pytest.MonkeyPatch, told: Told, *, has_bell: bool, rings: bool
) -> None:
    screen, out = Screen(), io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)

    _Printer(out, has_bell=has_bell).tell(told)

    assert out.getvalue() == f"{told.text}\n"
    assert screen.getvalue() == (BELL if rings else "")


def _following(data: Path, stdout: int) -> subprocess.Popen[bytes]:
    command = (*COMMAND, "tail", "--data", str(data), "--since", "2026-01-01")
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, env=environment(data))


def test_a_reader_that_goes_away_ends_it_quietly_though_nothing_is_written(data: Path) -> None:
    with _following(data, subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        for _ in range(5):
            program.stdout.readline()
        program.stdout.close()
        errors = program.stderr.read()

    assert (program.returncode, errors) == (0, b"")


def test_ctrl_c_ends_it_quietly_in_a_terminal(data: Path) -> None:
    ours, theirs = pty.openpty()
    with _following(data, theirs) as program:
        os.close(theirs)
        drawn = b""
        while drawn.count(b"\n") < 5:
            drawn += os.read(ours, 65_536)
        program.send_signal(signal.SIGINT)
        assert program.stderr is not None
        errors = program.stderr.read()
    os.close(ours)

    assert (program.returncode, errors) == (130, b"")
    assert b"\x1b" not in drawn


def test_a_closed_standard_output_ends_it_quietly(data: Path) -> None:
    shell = ("sh", "-c", '"$@" >&-', "sh", *COMMAND, "tail", "--data", str(data))
    ran = subprocess.run(shell, capture_output=True, check=False, env=environment(data))

    assert (ran.returncode, ran.stderr) == (0, b"")
