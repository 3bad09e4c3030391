"""What a dead and a hanging primary cost many clients at once: counted in calls and ratios, not in milliseconds."""

from __future__ import annotations

import pytest

from tests.system.callers import median
from tests.system.outages import OPEN, OUTAGES, RECOVERY, SECONDS, THRESHOLD, Costs, Outage, outage_costs

CLOSE = 1.5
"""How far two medians of one run may lie apart on a busy machine."""


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Costs:
    return outage_costs(tmp_path_factory.mktemp("outage"))


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.model)
def test_an_outage_makes_as_many_callers_wait_as_the_threshold_and_one_for_each_trial(
    costs: Costs, outage: Outage
) -> None:
    # However many ask at once: whoever waits beside those by whom the model is judged is moved on.
    assert costs.slow(outage) <= THRESHOLD + int(SECONDS / RECOVERY)


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.model)
def test_an_outage_is_met_by_those_who_asked_before_anybody_could_know(costs: Costs, outage: Outage) -> None:
    called = costs.of(outage.model)
    costly = costs.costly(outage)

    # Callers who were already waiting when the breaker opened had asked before anybody could know.
    assert 0 < costly <= THRESHOLD + (outage.callers - 1) + int(SECONDS / RECOVERY)
    assert {(one.status, one.served_by) for one in called} == {(200, "well")}
    # A connection that was kept alive and is reset at once is replaced and asked once more.
    assert costly <= costs.asked[outage.model] <= costly * (2 if outage.fault == "reset" else 1)


def test_with_the_breaker_open_answers_take_as_long_as_the_fallbacks_own(costs: Costs) -> None:
    instead, own = costs.of(OPEN)[THRESHOLD:], costs.of("well")

    assert {(one.served_by, one.attempts) for one in instead} == {("well", 1)}
    assert median(instead) < CLOSE * median(own)
    assert costs.asked[OPEN] == THRESHOLD
