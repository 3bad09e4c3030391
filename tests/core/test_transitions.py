"""The table of transitions is the whole truth: each of its rows happens, and nothing else ever does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hive_console.core.breaker import Breaker
from hive_console.core.breaker_policy import BreakerPolicy, OpenTime, TrialRule, TripRule
from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState
from hive_console.core.transitions import TRANSITIONS, Move, Permit, Trigger, as_markdown
from tests.core.samples import NOW

S = BreakerState
THRESHOLD = 3
OPEN_SECONDS = 20.0
EXPIRES = 60.0
POLICY = BreakerPolicy(
    TripRule(consecutive=THRESHOLD),
    OpenTime(OPEN_SECONDS),
    TrialRule(expires_after=EXPIRES),
    prober_goes_first=False,
)
DUE = NOW + OPEN_SECONDS
Deed = Callable[[Breaker, list[Permit]], Move | None]


def in_state(state: BreakerState) -> tuple[Breaker, list[Permit]]:
    """A breaker in this state at NOW, and the permits that are out."""
    breaker = Breaker(POLICY, NOW, state=state)
    if state in {S.OPEN, S.ISOLATED}:
        return breaker, []
    permits = [breaker.acquire(NOW) for _ in range(1 if state is S.HALF_OPEN else THRESHOLD)]
    return breaker, [permit for permit in permits if isinstance(permit, Permit)]


def settle_all(verdict: Verdict) -> Deed:
    def settle(breaker: Breaker, permits: list[Permit]) -> Move | None:
        moves = [breaker.settle(permit, verdict, NOW, cause="boom") for permit in permits]
        return next((move for move in moves if move is not None), None)

    return settle


def expire_hold(breaker: Breaker, permits: list[Permit]) -> Move | None:
    if breaker.state is S.ISOLATED:
        breaker.holders = {"drill": NOW + 5}
    return breaker.age(NOW + 5)


BY_HAND: dict[str, Deed] = {
    "trip": lambda breaker, _: breaker.trip(NOW, "x"),
    "half-open": lambda breaker, _: breaker.half_open(NOW, "x"),
    "reset": lambda breaker, _: breaker.reset(NOW, "x"),
    "isolate": lambda breaker, _: breaker.isolate(NOW, "x"),
    "release": lambda breaker, _: breaker.release(NOW, "x"),
    "release trusted": lambda breaker, _: breaker.release(NOW, "x", is_trusted=True),
    "hold runs out": expire_hold,
    "observe only": lambda breaker, _: breaker.observe_only(NOW, "x"),
    "disable": lambda breaker, _: breaker.disable(NOW, "x"),
}
BY_ITSELF: dict[str, Deed] = {
    "ask early": lambda breaker, _: breaker.acquire(DUE - 0.001).move,
    "ask when due": lambda breaker, _: breaker.acquire(DUE).move,
    "failures": settle_all(Verdict.FAILURE),
    "successes": settle_all(Verdict.SUCCESS),
    "neutral": settle_all(Verdict.NEUTRAL),
    "trials expire": lambda breaker, _: breaker.age(NOW + EXPIRES),
    "time passes": lambda breaker, _: breaker.age(NOW + EXPIRES - 0.001),
    "recovery fails": lambda breaker, _: breaker.trip(NOW, "x", trigger=Trigger.RECOVERY_FAILED),
    "last resort": lambda breaker, _: breaker.half_open(NOW, "x", trigger=Trigger.LAST_RESORT),
}
DEEDS = BY_HAND | BY_ITSELF

EVERYWHERE = tuple(S)
HAPPENS: dict[tuple[BreakerState, str], tuple[BreakerState, Trigger]] = {
    (S.CLOSED, "failures"): (S.OPEN, Trigger.THRESHOLD),
    (S.CLOSED, "recovery fails"): (S.OPEN, Trigger.RECOVERY_FAILED),
    (S.OPEN, "ask when due"): (S.HALF_OPEN, Trigger.TRIAL_ASKED),
    (S.OPEN, "last resort"): (S.HALF_OPEN, Trigger.LAST_RESORT),
    (S.OPEN, "half-open"): (S.HALF_OPEN, Trigger.HALF_OPENED),
    (S.HALF_OPEN, "successes"): (S.CLOSED, Trigger.TRIALS_PASSED),
    (S.HALF_OPEN, "failures"): (S.OPEN, Trigger.TRIALS_FAILED),
    (S.HALF_OPEN, "trials expire"): (S.OPEN, Trigger.TRIALS_EXPIRED),
    (S.ISOLATED, "release"): (S.HALF_OPEN, Trigger.RELEASED),
    (S.ISOLATED, "release trusted"): (S.CLOSED, Trigger.RELEASED),
    (S.ISOLATED, "hold runs out"): (S.HALF_OPEN, Trigger.RELEASED),
    **{(state, "trip"): (S.OPEN, Trigger.TRIPPED) for state in (S.CLOSED, S.HALF_OPEN, S.METRICS_ONLY, S.DISABLED)},
    **{(state, "reset"): (S.CLOSED, Trigger.RESET) for state in EVERYWHERE if state is not S.CLOSED},
    **{(state, "isolate"): (S.ISOLATED, Trigger.ISOLATED) for state in EVERYWHERE if state is not S.ISOLATED},
    **{
        (state, "observe only"): (S.METRICS_ONLY, Trigger.OBSERVED)
        for state in EVERYWHERE
        if state is not S.METRICS_ONLY
    },
    **{(state, "disable"): (S.DISABLED, Trigger.DISABLED) for state in EVERYWHERE if state is not S.DISABLED},
}
"""What happens, written down beside the code's own table; every other pair of state and deed moves nothing."""


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("state", S)
def test_a_deed_moves_the_breaker_as_the_diagram_says_or_not_at_all(state: BreakerState, deed: str) -> None:
    breaker, permits = in_state(state)

    move = DEEDS[deed](breaker, permits)

    happened = None if move is None else (move.new, move.trigger)
    assert happened == HAPPENS.get((state, deed))
    assert breaker.state is (state if move is None else move.new)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("state", S)
def test_a_freeze_stops_what_happens_by_itself_and_nothing_else(state: BreakerState, deed: str) -> None:
    breaker, permits = in_state(state)
    breaker.freeze()

    move = DEEDS[deed](breaker, permits)

    happened = None if move is None else (move.new, move.trigger)
    assert happened == (HAPPENS.get((state, deed)) if deed in BY_HAND else None)


def test_every_row_of_the_table_happens_and_nothing_beside_it() -> None:
    rows = {
        (old, row.new, trigger) for trigger, listed in TRANSITIONS.items() for row in listed for old in row.olds
    }

    assert {(old, new, trigger) for (old, _), (new, trigger) in HAPPENS.items()} == rows


def test_every_trigger_has_a_row() -> None:
    assert set(TRANSITIONS) == set(Trigger)


@pytest.mark.parametrize("trigger", Trigger)
def test_a_freeze_of_the_table_is_the_freeze_of_the_code(trigger: Trigger) -> None:
    deeds = {deed for (_, deed), (_, found) in HAPPENS.items() if found is trigger}

    assert all(row.is_by_hand is (deeds <= set(BY_HAND)) for row in TRANSITIONS[trigger])


def test_a_move_that_is_not_in_the_table_is_a_bug_and_says_so() -> None:
    breaker, _ = in_state(S.CLOSED)

    with pytest.raises(AssertionError, match="closed → half-open by RELEASED is not in the table"):
        breaker._move(Trigger.RELEASED, S.HALF_OPEN, "x", NOW)
    assert breaker.state is S.CLOSED


@pytest.mark.parametrize(("state", "deed"), HAPPENS)
def test_each_move_begins_a_new_generation_and_a_new_time(state: BreakerState, deed: str) -> None:
    breaker, permits = in_state(state)
    before = breaker.generation

    DEEDS[deed](breaker, permits)

    assert breaker.generation == before + 1
    assert breaker.since >= NOW


@pytest.mark.parametrize(("state", "deed"), HAPPENS)
@pytest.mark.parametrize("verdict", Verdict)
def test_what_was_under_way_before_a_move_counts_for_nothing_after_it(
    state: BreakerState, deed: str, verdict: Verdict
) -> None:
    breaker, permits = in_state(state)
    late = permits[:1] or [Permit(breaker.generation)]
    DEEDS[deed](breaker, permits)
    counters, after = breaker.counters(NOW), breaker.state

    assert [breaker.settle(permit, verdict, NOW) for permit in late] == [None]
    assert (breaker.state, breaker.counters(NOW)) == (after, counters)


@pytest.mark.parametrize(("state", "deed"), HAPPENS)
def test_a_breaker_has_an_end_of_its_open_time_exactly_while_it_is_open(state: BreakerState, deed: str) -> None:
    breaker, permits = in_state(state)

    DEEDS[deed](breaker, permits)

    assert (breaker.open_until is not None) is (breaker.state is S.OPEN)


@pytest.mark.parametrize(("state", "deed"), HAPPENS)
def test_a_breaker_has_holders_exactly_while_it_is_isolated(state: BreakerState, deed: str) -> None:
    breaker, permits = in_state(state)

    DEEDS[deed](breaker, permits)

    assert bool(breaker.holders) is (breaker.state is S.ISOLATED)


def test_the_table_for_people_has_a_line_for_each_row() -> None:
    lines = as_markdown().splitlines()

    assert lines[0] == "| from | to | when | while frozen |"
    assert len(lines) == 2 + sum(len(rows) for rows in TRANSITIONS.values())
    assert "| `closed` | `open` | a threshold of its trip rule is reached | does not happen |" in lines
    assert "| `isolated` | `half-open` | activated by hand, or the hold expired | happens: by hand |" in lines
