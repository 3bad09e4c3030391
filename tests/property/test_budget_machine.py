"""Budgets under any order of operations, extras and time: never more than the share or the floor."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hive_console.core.budget import InFlightBudget, RetryBudget
from hive_console.core.rolling import BUCKETS
from tests.property.modest import MODEST

TTL = 10.0
SLICE = TTL / BUCKETS
RATIO = 0.2
FLOOR = 3
EPSILON = 1e-6


class BudgetMachine(RuleBasedStateMachine):
    """Drives a windowed budget; the model of it remembers every moment."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.budget = RetryBudget(RATIO, TTL, floor=FLOOR)
        self.operations: list[tuple[float, int]] = []
        self.extras: list[tuple[float, int]] = []

    def within(self, entries: list[tuple[float, int]], seconds: float) -> int:
        return sum(count for at, count in entries if self.now - at < seconds - EPSILON)

    @rule(step=st.sampled_from([0.0, SLICE / 2, SLICE, 1.0, TTL - SLICE, TTL]))
    def time_passes(self, step: float) -> None:
        self.now += step

    @rule(count=st.integers(1, 100))
    def operations_begin(self, count: int) -> None:
        self.budget.deposit(self.now, count)
        self.operations.append((self.now, count))

    @rule(count=st.integers(1, 50))
    def extras_are_asked_for(self, count: int) -> None:
        before = self.budget.balance(self.now)

        granted = self.budget.withdraw(self.now, count)

        assert granted == min(count, before)
        assert self.budget.balance(self.now) == before - granted
        if granted:
            self.extras.append((self.now, granted))
            # A bucket is forgotten up to its own length early: what is kept for sure is that much shorter.
            allowed = max(FLOOR, RATIO * self.within(self.operations, TTL + SLICE))
            assert self.within(self.extras, TTL - SLICE) <= allowed + EPSILON

    @invariant()
    def what_is_surely_there_is_granted(self) -> None:
        surely = max(FLOOR, int(RATIO * self.within(self.operations, TTL - SLICE) + EPSILON))
        assert self.budget.balance(self.now) >= surely - self.within(self.extras, TTL + SLICE)

    @invariant()
    def the_floor_is_there_after_a_quiet_while(self) -> None:
        assert deepcopy(self.budget).balance(self.now + TTL + SLICE) == FLOOR


class InFlightMachine(RuleBasedStateMachine):
    """Drives a budget of what is in flight."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = InFlightBudget(0.5, 2)
        self.firsts = 0
        self.extras = 0

    @rule()
    def a_call_begins(self) -> None:
        self.budget.begin()
        self.firsts += 1

    @precondition(lambda self: self.firsts)
    @rule()
    def a_call_ends(self) -> None:
        self.budget.end()
        self.firsts -= 1

    @rule()
    def an_extra_is_asked_for(self) -> None:
        share_before = self.extras - 0.5 * (self.firsts + self.extras)
        granted = self.budget.acquire()
        self.extras += granted
        assert granted or self.extras >= 2
        if granted and self.extras > 2:
            assert share_before <= EPSILON

    @precondition(lambda self: self.extras)
    @rule()
    def an_extra_ends(self) -> None:
        self.budget.release()
        self.extras -= 1

    @invariant()
    def nothing_is_lost(self) -> None:
        assert (self.budget.in_flight, self.budget.extras) == (self.firsts + self.extras, self.extras)


TestBudgetMachine = BudgetMachine.TestCase
TestBudgetMachine.settings = MODEST
TestInFlightMachine = InFlightMachine.TestCase
TestInFlightMachine.settings = MODEST
