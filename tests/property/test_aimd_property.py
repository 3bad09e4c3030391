"""The learned limit under any results: within its bounds, down at each drop, up one at a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hive_console.core.concurrency import AimdLimit
from tests.property.modest import MODEST

RESULTS = st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=200)


@MODEST
@given(
    start=st.integers(-5, 500),
    minimum=st.integers(1, 20),
    span=st.integers(0, 200),
    backoff=st.floats(0.5, 0.99),
    results=RESULTS,
)
def test_the_limit_stays_within_its_bounds_and_moves_by_the_rule(
    start: int, minimum: int, span: int, backoff: float, results: list[tuple[int, bool]]
) -> None:
    maximum = minimum + span
    limit = AimdLimit(start, minimum, maximum, backoff=backoff)

    for in_flight, is_drop in results:
        before = limit.limit
        after = limit.on_result(in_flight, is_drop=is_drop)
        assert minimum <= after <= maximum
        if is_drop:
            assert after < before or after == minimum
        else:
            assert after - before == (2 * in_flight >= before and before < maximum)


@MODEST
@given(start=st.integers(1, 200))
def test_it_recovers_from_any_storm(start: int) -> None:
    limit = AimdLimit(start)
    for _ in range(100):
        limit.on_result(limit.limit, is_drop=True)
    assert limit.limit == 1

    for _ in range(start - 1):
        limit.on_result(limit.limit, is_drop=False)

    assert limit.limit == start
