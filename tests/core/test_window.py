"""The rolling window and the drawn series: both bounded, both forget by time."""

from __future__ import annotations

import pytest

from hive_console.core.snapshot import SERIES_BUCKET, SERIES_LENGTH
from hive_console.core.window import WINDOW_SAMPLES, WINDOW_SECONDS, Sample, Trend, Window
from tests.core.samples import NOW


def good(at: float, latency: float = 1.0, *, is_probe: bool = False) -> Sample:
    return Sample(at, latency, is_failure=False, is_probe=is_probe)


def bad(at: float, latency: float = 30.0) -> Sample:
    return Sample(at, latency, is_failure=True)


def window_of(*samples: Sample) -> Window:
    window = Window()
    for sample in samples:
        window.add(sample)
    return window


def test_an_empty_window_claims_nothing() -> None:
    window = Window()

    assert (window.calls, window.failures, window.error_rate, window.p95) == (0, 0, None, None)
    assert not window.has_real_answers


def test_the_error_rate_is_a_share_of_all_judged_calls() -> None:
    window = window_of(good(NOW), good(NOW), good(NOW), bad(NOW))

    assert (window.calls, window.failures, window.error_rate) == (4, 1, 0.25)


def test_a_sample_exactly_as_old_as_the_window_is_out() -> None:
    window = window_of(bad(NOW), good(NOW + 1))

    window.age(NOW + WINDOW_SECONDS - 0.001)
    assert window.calls == 2

    window.age(NOW + WINDOW_SECONDS)
    assert (window.calls, window.failures) == (1, 0)


def test_an_idle_time_leaves_nothing_stale_behind() -> None:
    window = window_of(*(bad(NOW + second) for second in range(60)))

    window.age(NOW + 3600)

    assert (window.calls, window.error_rate) == (0, None)


def test_the_window_is_bounded_by_count() -> None:
    window = window_of(*(bad(NOW) for _ in range(50)), *(good(NOW) for _ in range(WINDOW_SAMPLES)))

    assert (window.calls, window.failures) == (WINDOW_SAMPLES, 0)


def test_a_cleared_window_judges_afresh() -> None:
    window = window_of(bad(NOW), good(NOW))
    assert window.p95 == 1.0

    window.clear()

    assert window.calls == 0
    assert window.p95 is None


@pytest.mark.parametrize(("count", "p95"), [(1, 1.0), (2, 2.0), (19, 19.0), (20, 19.0), (100, 95.0)])
def test_the_p95_is_the_nearest_rank(count: int, p95: float) -> None:
    window = window_of(*(good(NOW, float(latency)) for latency in range(count, 0, -1)))

    assert window.p95 == p95


def test_d1_the_p95_is_of_answers_and_not_of_averages() -> None:
    slow = [good(NOW, 10.0) for _ in range(10)]
    quick = [good(NOW + 20, 0.1) for _ in range(90)]

    assert window_of(*slow, *quick).p95 == 10.0


def test_failures_say_nothing_about_how_fast_answers_are() -> None:
    window = window_of(good(NOW, 0.5), *(bad(NOW, 30.0) for _ in range(50)))

    assert window.p95 == 0.5


def test_a_p95_that_was_read_is_not_kept_when_samples_come_or_go() -> None:
    window = window_of(good(NOW, 9.0))
    assert window.p95 == 9.0

    window.add(good(NOW + 1, 20.0))
    assert window.p95 == 20.0

    window.age(NOW + 1 + WINDOW_SECONDS)
    assert window.p95 is None


def test_probes_count_for_speed_only_while_there_is_no_real_call() -> None:
    window = window_of(good(NOW, 0.01, is_probe=True))
    assert window.p95 == 0.01
    assert not window.has_real_answers

    window.add(good(NOW, 4.0))

    assert window.p95 == 4.0
    assert window.has_real_answers


def test_a_failed_real_call_is_no_real_answer() -> None:
    assert not window_of(bad(NOW)).has_real_answers


# --- the series ----------------------------------------------------------------------------------


def trend_of(*samples: Sample) -> Trend:
    trend = Trend()
    for sample in samples:
        trend.add(sample)
    return trend


def test_a_series_of_nothing_is_empty() -> None:
    assert Trend().series(NOW) == ((), ())


def test_each_bucket_is_the_mean_of_its_answers_and_the_share_of_its_failures() -> None:
    trend = trend_of(good(NOW, 1.0), good(NOW + 9.9, 3.0), bad(NOW + 9.9), good(NOW + SERIES_BUCKET, 5.0))

    latencies, rates = trend.series(NOW + SERIES_BUCKET)

    assert latencies == (2.0, 5.0)
    assert rates == pytest.approx((1 / 3, 0.0))


def test_m2_a_bucket_without_measurement_is_a_gap_and_never_a_number() -> None:
    trend = trend_of(good(NOW, 1.0), good(NOW + 3 * SERIES_BUCKET, 2.0))

    assert trend.series(NOW + 4 * SERIES_BUCKET) == ((1.0, None, None, 2.0, None), (0.0, None, None, 0.0, None))


def test_a_bucket_of_failures_has_a_rate_and_no_latency() -> None:
    assert trend_of(bad(NOW)).series(NOW) == ((None,), (1.0,))


def test_a_young_engine_claims_no_past() -> None:
    latencies, _ = trend_of(good(NOW)).series(NOW + SERIES_BUCKET)

    assert len(latencies) == 2


def test_a_series_is_bounded_and_ends_now() -> None:
    trend = trend_of(*(good(NOW + number * SERIES_BUCKET, float(number)) for number in range(SERIES_LENGTH + 50)))

    latencies, rates = trend.series(NOW + (SERIES_LENGTH + 49) * SERIES_BUCKET)

    assert len(latencies) == len(rates) == SERIES_LENGTH
    assert (latencies[0], latencies[-1]) == (50.0, SERIES_LENGTH + 49.0)


def test_buckets_leave_by_time_although_nothing_comes() -> None:
    trend = trend_of(good(NOW), good(NOW + SERIES_BUCKET))

    edge = NOW + SERIES_LENGTH * SERIES_BUCKET
    assert len(trend.series(edge)[0]) == SERIES_LENGTH
    assert trend.series(edge + SERIES_BUCKET) == ((), ())


def test_a_series_is_drawn_once_until_something_changes() -> None:
    trend = trend_of(good(NOW, 1.0))

    first = trend.series(NOW)
    assert trend.series(NOW + 1) is first

    trend.add(good(NOW + 1, 3.0))
    assert trend.series(NOW + 1) == ((2.0,), (0.0,))


def test_a_probe_draws_a_bucket_only_where_no_real_call_did() -> None:
    probes = trend_of(good(NOW, 0.2, is_probe=True), good(NOW, 0.4, is_probe=True))
    assert probes.series(NOW)[0] == pytest.approx((0.3,))

    probes.add(good(NOW, 6.0))

    assert probes.series(NOW)[0] == (6.0,)


# --- the spread ----------------------------------------------------------------------------------


def test_the_spread_is_the_shortest_and_the_p95_of_each_bucket() -> None:
    trend = trend_of(*(good(NOW, float(number)) for number in range(1, 101)), bad(NOW + 2 * SERIES_BUCKET))

    shortest, p95s = trend.spread(NOW + 2 * SERIES_BUCKET)

    assert shortest == (1.0, None, None)
    assert p95s == (95.0, None, None)


def test_the_spread_of_probes_gives_way_to_that_of_real_calls() -> None:
    trend = trend_of(good(NOW, 9.0, is_probe=True))
    before = trend.spread(NOW)
    trend.add(good(NOW, 1.0))

    assert before == ((9.0,), (9.0,))
    assert trend.spread(NOW) == ((1.0,), (1.0,))


def test_the_p95_of_a_busy_bucket_is_of_an_even_choice_of_bounded_size() -> None:
    trend = trend_of(*(good(NOW, number / 1000) for number in range(10_000)))

    (p95,) = trend.spread(NOW)[1]

    assert p95 == pytest.approx(9.5, rel=0.02)


def test_a_spread_of_nothing_is_empty() -> None:
    assert Trend().spread(NOW) == ((), ())
