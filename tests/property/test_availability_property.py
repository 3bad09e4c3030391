"""Availability under any history: in 0..1, and equal to a recount (invariant 8)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hive_console.core.events import StatusChanged
from hive_console.core.metrics import ResilienceMeter
from hive_console.core.states import ModelStatus
from tests.property.modest import MODEST

QUARTERS = st.integers(0, 2400).map(lambda quarters: quarters / 4)
"""Seconds whose sums are exact in binary, so that the recount needs no tolerance."""

HISTORY = st.lists(st.tuples(QUARTERS, st.sampled_from(ModelStatus), st.booleans()), max_size=30)


@MODEST
@given(history=HISTORY, rest=QUARTERS)
def test_availability_equals_a_recount(history: list[tuple[float, ModelStatus, bool]], rest: float) -> None:
    now, status, known, available = 1000.0, ModelStatus.UNKNOWN, 0.0, 0.0
    meter = ResilienceMeter(("a",), now)
    for step, new, is_looked_at in [*history, (rest, ModelStatus.UNKNOWN, True)]:
        now += step
        known += step if status is not ModelStatus.UNKNOWN else 0.0
        available += step if status in {ModelStatus.AVAILABLE, ModelStatus.DEGRADED} else 0.0
        if is_looked_at:
            meter.availability("a", now)
        meter.observe(StatusChanged(at=now, model="a", old=status, new=new, cause="x"))
        status = new

    share = meter.availability("a", now)

    assert share == (available / known if known else None)
    assert share is None or 0.0 <= share <= 1.0
