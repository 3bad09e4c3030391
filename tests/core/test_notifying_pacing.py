"""How fast a channel is used: bucket, Retry-After, backoff, the hour's bound, the breaker."""

from __future__ import annotations

import pytest

from hive_console.core.notifying.pacing import FAILURES, LONGEST_OPEN, OPEN_FOR, Pacing, Turn
from hive_console.core.states import Severity
from tests.core.notice_driver import channel

MILD, DIRE = Severity.WARNING, Severity.CRITICAL


def failed(pacing: Pacing, now: float, attempts: int = 1, draw: float = 1.0) -> Turn:
    return pacing.fail(attempts, now, draw=draw, retry_after=None, is_at_fault=False)


def test_a_burst_goes_at_once_and_then_one_a_second() -> None:
    pacing = Pacing(channel(rate=1.0, burst=2), 0.0)

    times = []
    now = 0.0
    for _ in range(4):
        now = pacing.next_at(MILD, now)
        times.append(now)
        pacing.begin(now)

    assert times == [0.0, 0.0, 1.0, 2.0]


def test_the_bucket_never_holds_more_than_its_burst() -> None:
    pacing = Pacing(channel(rate=1.0, burst=1), 0.0)
    pacing.begin(100.0)

    assert pacing.next_at(MILD, 100.0) == 101.0


@pytest.mark.parametrize(("attempts", "wait"), [(1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (1000, 300)])
def test_backoff_doubles_up_to_five_minutes_and_is_spread_over_all_of_it(attempts: int, wait: float) -> None:
    whole, half = Pacing(channel(), 0.0), Pacing(channel(), 0.0)

    failed(whole, 0.0, attempts)
    failed(half, 0.0, attempts, draw=0.5)

    assert (whole.next_at(MILD, 0.0), half.next_at(MILD, 0.0)) == (wait, wait / 2)


@pytest.mark.parametrize(("asked", "waited"), [(0.0, 1.0), (30.0, 30.0), (1e9, 900.0), (-5.0, 1.0)])
def test_what_a_receiver_asks_for_wins_within_bounds(asked: float, waited: float) -> None:
    pacing = Pacing(channel(), 0.0)

    pacing.fail(1, 0.0, draw=0.0, retry_after=asked, is_at_fault=False)

    assert pacing.next_at(MILD, 0.0) == waited


def test_a_receiver_that_only_asks_for_patience_opens_no_breaker() -> None:
    pacing = Pacing(channel(), 0.0)

    turns = [pacing.fail(1, 0.0, draw=0.0, retry_after=1.0, is_at_fault=False) for _ in range(20)]

    assert set(turns) == {Turn.NONE}
    assert not pacing.is_open


def test_five_failures_in_a_row_open_the_breaker_and_trials_grow_rare() -> None:
    pacing = Pacing(channel(), 0.0)

    turns = [failed(pacing, 0.0, draw=0.0) for _ in range(FAILURES)]

    assert turns == [Turn.NONE] * (FAILURES - 1) + [Turn.OPENED]
    waits = []
    for _ in range(8):
        now = pacing.next_at(MILD, 0.0)
        waits.append(now)
        assert failed(pacing, 0.0, draw=0.0) is Turn.NONE
    assert waits == [min(LONGEST_OPEN, OPEN_FOR * 2**n) for n in range(8)]


def test_a_delivery_between_failures_keeps_the_breaker_closed() -> None:
    pacing = Pacing(channel(), 0.0)

    for _ in range(10):
        failed(pacing, 0.0)
        assert pacing.succeed(0.0) is Turn.NONE

    assert not pacing.is_open


def test_a_channel_at_fault_opens_its_breaker_at_once_and_a_delivery_closes_it() -> None:
    pacing = Pacing(channel(), 0.0)

    opened = pacing.fail(1, 0.0, draw=0.0, retry_after=None, is_at_fault=True)

    assert opened is Turn.OPENED
    assert pacing.next_at(MILD, 0.0) == OPEN_FOR
    assert pacing.succeed(OPEN_FOR) is Turn.CLOSED
    assert pacing.next_at(MILD, OPEN_FOR) == OPEN_FOR


def test_the_hours_bound_holds_the_mild_back_and_lets_ten_critical_ones_more_through() -> None:
    pacing = Pacing(channel(hourly=2), 0.0)

    for at in (10.0, 20.0):
        pacing.succeed(at)

    assert pacing.is_full(MILD, 30.0)
    assert pacing.next_at(MILD, 30.0) == 3610.0
    assert pacing.next_at(DIRE, 30.0) == 30.0
    for at in range(30, 40):
        pacing.succeed(float(at))
    assert pacing.next_at(DIRE, 40.0) == 3610.0
    assert not pacing.is_full(MILD, 3640.0)
