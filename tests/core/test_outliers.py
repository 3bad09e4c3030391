"""Who is ejected from a pool, for how long, and who may not be."""

from __future__ import annotations

import pytest

from hive_console.core.errors import SettingsError
from hive_console.core.outliers import OutlierPolicy, OutlierPool, SuccessRatePolicy
from tests.core.samples import NOW

HOSTS = tuple(f"h{number}" for number in range(10))
WIDE = OutlierPolicy(max_ejected=1.0, base_ejection=10)


def fail(pool: OutlierPool, name: str, now: float = NOW, times: int = 5, draw: float = 0.0) -> list[bool]:
    return [pool.record(name, now, is_failure=True, draw=draw) for _ in range(times)]


def test_five_failures_in_a_row_eject() -> None:
    pool = OutlierPool(HOSTS, WIDE)

    assert fail(pool, "h3") == [False] * 4 + [True]
    assert pool.ejected == ("h3",)


def test_a_success_in_between_starts_the_count_again() -> None:
    pool = OutlierPool(HOSTS, WIDE)
    fail(pool, "h0", times=4)
    pool.record("h0", NOW, is_failure=False)

    assert fail(pool, "h0", times=4) == [False] * 4
    assert pool.ejected == ()


def test_what_comes_of_an_ejected_host_counts_for_nothing() -> None:
    pool = OutlierPool(HOSTS, WIDE)
    fail(pool, "h0")

    assert fail(pool, "h0", times=50) == [False] * 50
    assert (pool.detected, pool.ejections) == (1, 1)


def test_no_more_than_the_share_is_out_and_the_rest_is_counted() -> None:
    pool = OutlierPool(HOSTS, OutlierPolicy(max_ejected=0.2))
    for name in HOSTS[:4]:
        fail(pool, name)

    assert pool.ejected == ("h0", "h1")
    assert (pool.detected, pool.ejections, pool.overflow) == (4, 2, 2)


def test_one_host_may_always_be_out() -> None:
    pool = OutlierPool(HOSTS[:2], OutlierPolicy(max_ejected=0.01))
    fail(pool, "h0")
    fail(pool, "h1")

    assert pool.ejected == ("h0",)


def test_without_that_right_not_even_one_is_out() -> None:
    pool = OutlierPool(HOSTS[:2], OutlierPolicy(max_ejected=0.01, always_eject_one=False))
    fail(pool, "h0")

    assert pool.ejected == ()
    assert pool.overflow == 1


def test_in_shadow_mode_outliers_are_counted_and_stay() -> None:
    pool = OutlierPool(HOSTS, OutlierPolicy(enforcing=0))
    fail(pool, "h0")

    assert pool.ejected == ()
    assert (pool.detected, pool.ejections, pool.overflow) == (1, 0, 0)


@pytest.mark.parametrize(("draw", "is_ejected"), [(0.29, True), (0.3, False)])
def test_a_share_of_detections_is_enforced(draw: float, is_ejected: bool) -> None:  # noqa: FBT001 - pytest's form
    pool = OutlierPool(HOSTS, OutlierPolicy(enforcing=0.3))

    assert fail(pool, "h0", draw=draw)[-1] is is_ejected


def test_an_ejection_ends_at_the_first_sweep_after_its_time() -> None:
    pool = OutlierPool(HOSTS, WIDE)
    fail(pool, "h0")

    assert pool.ejected_until("h0") == NOW + 10
    pool.sweep(NOW + 9.999)
    assert "h0" in pool.ejected
    pool.sweep(NOW + 10)
    assert not pool.ejected
    assert pool.ejected_until("h0") is None


def test_each_ejection_is_longer_and_each_healthy_sweep_takes_one_off() -> None:
    pool, now, times = OutlierPool(HOSTS[:1], WIDE), NOW, []
    for healthy_sweeps in (0, 0, 0, 2, 9):
        for _ in range(healthy_sweeps):
            pool.sweep(now)
        fail(pool, "h0", now)
        until = pool.ejected_until("h0")
        assert until is not None
        times.append(until - now)
        now = until
        pool.sweep(now)

    assert times == [10, 20, 30, 20, 10]


def test_an_ejection_is_never_longer_than_the_longest() -> None:
    pool, now = OutlierPool(HOSTS[:1], OutlierPolicy(max_ejected=1, base_ejection=10, max_ejection=25)), NOW
    for _ in range(20):
        fail(pool, "h0", now)
        now = pool.ejected_until("h0") or now
        pool.sweep(now)
    fail(pool, "h0", now)
    assert pool.ejected_until("h0") == now + 25

    # 10, 20, 25: three healthy sweeps forget all of it, not twenty.
    pool.health_passed("h0")
    for _ in range(3):
        pool.sweep(now)
    fail(pool, "h0", now)
    assert pool.ejected_until("h0") == now + 10


def test_a_base_above_the_longest_is_kept() -> None:
    pool = OutlierPool(HOSTS, OutlierPolicy(base_ejection=60, max_ejection=30))
    fail(pool, "h0")

    assert pool.ejected_until("h0") == NOW + 60


def test_a_passing_health_check_ends_an_ejection_but_not_its_memory() -> None:
    pool = OutlierPool(HOSTS, WIDE)
    fail(pool, "h0")

    assert pool.health_passed("h0")
    assert not pool.health_passed("h0")
    assert pool.ejected == ()
    fail(pool, "h0")
    assert pool.ejected_until("h0") == NOW + 20


def rated(hosts: int, bad: dict[str, int], *, policy: SuccessRatePolicy, calls: int = 200) -> OutlierPool:
    """A pool in which each host had 200 calls, and some of them failures (every other one first)."""
    pool = OutlierPool(
        HOSTS[:hosts], OutlierPolicy(consecutive_failures=None, max_ejected=0.5, success_rate=policy)
    )
    for name in HOSTS[:hosts]:
        for number in range(calls):
            pool.record(name, NOW, is_failure=number < bad.get(name, 0))
    return pool


def test_a_success_rate_far_below_the_others_ejects_at_the_sweep() -> None:
    pool = rated(5, {"h4": 100}, policy=SuccessRatePolicy())
    assert pool.ejected == ()

    assert pool.sweep(NOW + 10) == ("h4",)
    assert pool.last_rates is not None
    assert pool.last_rates.mean == pytest.approx(0.9)
    assert pool.last_rates.threshold == pytest.approx(0.52)


def test_a_pool_that_is_bad_all_over_has_no_outlier() -> None:
    pool = rated(5, dict.fromkeys(HOSTS, 100), policy=SuccessRatePolicy())

    assert pool.sweep(NOW + 10) == ()


@pytest.mark.parametrize(
    ("policy", "hosts"), [(SuccessRatePolicy(min_hosts=6), 5), (SuccessRatePolicy(min_volume=201), 5)]
)
def test_too_few_hosts_or_calls_are_not_compared(policy: SuccessRatePolicy, hosts: int) -> None:
    pool = rated(hosts, {"h4": 100}, policy=policy)

    assert pool.sweep(NOW + 10) == ()
    assert pool.last_rates is None


def test_calls_before_the_last_sweep_are_not_compared() -> None:
    pool = rated(5, {}, policy=SuccessRatePolicy())
    pool.sweep(NOW + 10)

    pool.sweep(NOW + 20)

    assert pool.last_rates is None


def test_a_part_of_the_outliers_of_a_sweep_is_enforced() -> None:
    pool = rated(8, {"h6": 200, "h7": 200}, policy=SuccessRatePolicy(stdev_factor=1))

    assert pool.sweep(NOW + 10, draws=(1.0, 0.0)) == ("h7",)
    assert pool.detected == 2


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("consecutiveFailures", {"consecutive_failures": 0}),
        ("baseEjection", {"base_ejection": 0}),
        ("maxEjected", {"max_ejected": 1.5}),
        ("enforcing", {"enforcing": -0.5}),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_name(field: str, wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError) as caught:
        OutlierPolicy(**wrong)  # type: ignore[arg-type]  # one field at a time, ints among floats

    assert caught.value.field == field
