"""Histograms under any values: what they promise of rank and error holds, and adding up loses nothing."""

from __future__ import annotations

import math
import random
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hive_console.core.histogram import ACCURACY, SMALLEST, Histogram
from hive_console.core.packed_counts import BUCKETS, pack, unpack
from tests.property.modest import MODEST

DURATIONS = st.one_of(
    st.floats(SMALLEST, 200_000.0),
    st.floats(math.log(SMALLEST), math.log(200_000.0)).map(math.exp),
    st.sampled_from([0.0, -1.0, 0.5, 30.0]),
)
VALUES = st.lists(DURATIONS, max_size=60)
SHARES = st.integers(0, 1_000).map(lambda permille: permille / 1_000)
COUNTS = st.one_of(st.integers(1, 20), st.integers(1, 300), st.integers(1, 70_000), st.integers(1, 2**40))
BUCKET_COUNTS = st.one_of(
    st.dictionaries(st.integers(0, BUCKETS - 1), COUNTS, max_size=40),
    st.dictionaries(st.integers(300, 420), COUNTS, max_size=120),
)


def filled(values: list[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@MODEST
@given(values=VALUES.filter(bool), share=SHARES)
def test_a_quantile_is_the_value_of_its_exact_rank_within_one_percent(values: list[float], share: float) -> None:
    told = filled(values).quantile(share)

    rank = max(1, math.ceil(Fraction(str(share)) * len(values)))
    exact = sorted(values)[rank - 1]
    assert told is not None
    assert abs(told - max(exact, 0.0)) <= ACCURACY * (1 + 1e-9) * max(exact, 0.0)


@MODEST
@given(parts=st.lists(VALUES, max_size=5), order=st.randoms(use_true_random=False))
def test_the_sum_of_parts_is_the_histogram_of_everything_in_any_order(
    parts: list[list[float]], order: random.Random
) -> None:
    whole = filled([value for part in parts for value in part])
    shuffled = sorted(parts, key=lambda _: order.random())
    one_by_one, from_bytes = Histogram(), Histogram.merged(filled(part).encode() for part in shuffled)
    for part in shuffled:
        one_by_one.merge(filled(part))

    assert one_by_one == from_bytes == whole
    assert one_by_one.count == from_bytes.count == whole.count == sum(map(len, parts))


@MODEST
@given(values=VALUES)
def test_encoding_loses_nothing(values: list[float]) -> None:
    histogram = filled(values)

    decoded = Histogram.decode(histogram.encode())

    assert decoded == histogram
    assert decoded.count == histogram.count


@MODEST
@given(counts=BUCKET_COUNTS)
def test_any_counts_come_back(counts: dict[int, int]) -> None:
    runs = unpack(pack(counts))

    assert {at + step: count for at, run in runs for step, count in enumerate(run) if count} == counts


@MODEST
@given(
    blob=st.one_of(
        st.binary(max_size=60),
        st.builds(lambda form, rest: bytes((form,)) + rest, st.integers(0x10, 0x14), st.binary(max_size=60)),
        st.builds(
            lambda packed, at, byte: packed[:at] + bytes((byte,)) + packed[at + 1 :],
            BUCKET_COUNTS.map(pack),
            st.integers(0, 40),
            st.integers(0, 255),
        ),
    )
)
def test_any_bytes_are_counts_or_refused(blob: bytes) -> None:
    try:
        runs = unpack(blob)
    except ValueError:
        return
    assert sum(len(run) for _, run in runs) <= BUCKETS
    assert all(at >= 0 and at + len(run) <= BUCKETS for at, run in runs)
    assert Histogram.decode(Histogram.decode(blob).encode()) == Histogram.decode(blob)
