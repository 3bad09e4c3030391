"""Sums of windows on disk: whole, additive, exact after a kill, and right where rows of requests are missing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hive_console.core.rolling_up import RollUps
from hive_console.core.rollup import Rolled, Sums, Tier
from hive_console.core.store import GapCause
from hive_storage import windows as module
from hive_storage.folder import DATABASE_NAME
from hive_storage.intake import Bounds
from hive_storage.windows import Windows
from tests.storage.clocked import NOON, Clock, Session, crashed_copy, session, sums, total
from tests.storage.support import database, until

TIERS = tuple(Tier)


async def traffic(one: Session, seconds: int) -> None:
    """A request a second, the latency of each its own."""
    for second in range(seconds):
        one.request(latency=0.2 + second / 1_000)
        one.clock.now += 1
    await one.durable()


async def test_every_tier_holds_every_call_and_is_the_sum_of_the_one_below(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        one.start("alpha", "idle")
        await traffic(one, 150)

    by_tier = {tier: sums(tmp_path, tier) for tier in TIERS}
    assert {total(found)[:2] for found in by_tier.values()} == {total(by_tier[Tier.DAY])[:2]}
    assert {total(by_tier[tier])[2] for tier in TIERS[1:]} == {
        2 * 150_000
    }  # who idles has no window of ten seconds
    assert total(by_tier[Tier.DAY])[0] == 150
    assert by_tier[Tier.TEN_SECONDS]["alpha", int(NOON)][0] == 10
    assert by_tier[Tier.MINUTE]["alpha", int(NOON) + 60][0] == 60
    assert by_tier[Tier.MINUTE]["idle", int(NOON)] == (0, 0, 60_000)


async def test_a_run_goes_on_with_the_windows_of_the_one_before(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(3):
        async with session(tmp_path, clock) as one:
            one.start("alpha")
            await traffic(one, 7)

    for tier in TIERS:
        calls, _, available = total(sums(tmp_path, tier))
        assert (tier, calls, available) == (tier, 21, 21_000)


@pytest.mark.parametrize("seconds", [0, 4, 9, 10, 63, 75])
async def test_after_a_kill_the_windows_are_what_they_would_have_been(tmp_path: Path, seconds: int) -> None:
    clock = Clock(NOON - 30)
    async with session(tmp_path / "killed", clock) as one:
        one.start("alpha")
        await traffic(one, seconds)
        crashed = crashed_copy(tmp_path / "killed", tmp_path / "copy")
        died = clock.now

    async with session(crashed, clock) as two:
        two.start("alpha")
        clock.now += 130
        await two.durable()

    for tier in TIERS:
        mine = {key: each for key, each in sums(crashed, tier).items() if key[1] < died}
        calls, _, _ = total(mine)
        assert (tier, calls) == (tier, seconds)
    tens, minutes = sums(crashed, Tier.TEN_SECONDS), sums(crashed, Tier.MINUTE)
    for (model, begin), minute in minutes.items():
        parts = [each for (name, t), each in tens.items() if name == model and begin <= t < begin + 60]
        assert minute[:2] == (sum(part[0] for part in parts), sum(part[1] for part in parts))


async def test_no_sum_is_on_disk_before_the_requests_it_is_made_of(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path / "live", clock, bounds=Bounds(batch=4)) as one:
        one.start("alpha")
        await one.durable()
        blocker = database(tmp_path / "live")
        blocker.execute("BEGIN IMMEDIATE")
        for _ in range(30):
            one.request()
        clock.now += 25
        blocker.rollback()
        blocker.close()
        await one.durable()
        crashed = crashed_copy(tmp_path / "live", tmp_path / "copy")

    (day,) = (crashed / "raw").glob("req-*.db")
    with closing(sqlite3.connect(day)) as shell:
        (rows,) = shell.execute("SELECT count(*) FROM request").fetchone()
    assert total(sums(crashed, Tier.TEN_SECONDS))[0] <= rows == 30


async def test_requests_that_found_no_place_are_counted_all_the_same(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path, clock, bounds=Bounds(best_effort=10, must_keep=100, batch=5)) as one:
        one.start("alpha")
        await one.durable()
        blocker = database(tmp_path)
        blocker.execute("BEGIN IMMEDIATE")
        for _ in range(200):
            one.request()
        assert one.recorder.view().dropped == 390
        blocker.rollback()
        blocker.close()
        await until(lambda: one.recorder.view().queued == 0)
        clock.now += 20
        await one.durable()

    assert total(sums(tmp_path, Tier.DAY))[0] == 200


async def test_absurd_numbers_of_tokens_stop_nobody(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        one.start("alpha")
        for _ in range(3):
            one.request(read_tokens=2**62)
        clock.now += 15
        await one.durable()
        assert (one.recorder.view().error, one.recorder.view().dropped) == ("", 0)

    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as shell:
        assert shell.execute("SELECT max(read_tokens) FROM r10").fetchone() == (2**63 - 1,)


async def test_a_crash_is_a_gap_until_the_next_start(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path / "killed", clock) as one:
        one.start("alpha")
        await traffic(one, 20)
        crashed = crashed_copy(tmp_path / "killed", tmp_path / "copy")
    clock.now += 300
    async with session(crashed, clock) as two:
        await two.durable()

    with closing(sqlite3.connect(crashed / DATABASE_NAME)) as shell:
        ((cause, begin, end),) = shell.execute("SELECT cause, t0_us, t1_us FROM gap")
        ((available,),) = shell.execute("SELECT sum(available_ms) FROM r86400")
    assert cause == GapCause.CRASHED.value
    assert begin / 1e6 == pytest.approx(NOON + 20, abs=1e-3)
    assert end / 1e6 == NOON + 320
    assert 19_000 <= available <= 20_000


def sums_of(number: int) -> Rolled:
    return Rolled(Tier.TEN_SECONDS, number * 10, "alpha", Sums(calls=number))


def test_windows_that_wait_are_bounded_and_the_shortest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    waiting = Windows(RollUps(begin_us=0), begin_us=0)
    day = Rolled(Tier.DAY, 0, "alpha", Sums(calls=9))

    waiting._keep([day, *map(sums_of, range(5))])

    assert waiting.waiting() == (day, sums_of(3), sums_of(4))
    assert waiting.dropped == 3


def test_a_window_that_was_replaced_meanwhile_still_waits() -> None:
    waiting = Windows(RollUps(begin_us=0), begin_us=0)
    old, new = Rolled(Tier.DAY, 0, "alpha", Sums(calls=1)), Rolled(Tier.DAY, 0, "alpha", Sums(calls=2))
    waiting._keep([old])
    written = waiting.waiting()
    waiting._keep([new])

    waiting.settle(written)

    assert waiting.waiting() == (new,)
    waiting.settle(waiting.waiting())
    assert waiting.waiting() == ()
