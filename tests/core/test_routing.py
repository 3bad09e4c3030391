"""In which order models are asked: explainable, exact, without dice."""

from __future__ import annotations

from collections import Counter

import pytest

from hive_console.core.member import Member
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.routing import Plan, WeightedTurns, chain_of, plan_for, serving_of
from hive_console.core.settings import ModelSettings, Strategy
from tests.core.samples import NOW, members_of, model_settings


def chain(strategy: Strategy = Strategy.SEQUENTIAL, *weights: float) -> dict[str, Member]:
    """`a` with the fallbacks `b` and `c`; weights default to 1."""
    wa, wb, wc = weights or (1.0, 1.0, 1.0)
    return members_of(
        model_settings("a", fallbacks=("b", "c"), strategy=strategy, weight=wa),
        model_settings("b", weight=wb, fallbacks=("d",)),
        model_settings("c", weight=wc),
        model_settings("d"),
    )


def plan(members: dict[str, Member], turns: WeightedTurns | None = None) -> Plan:
    return plan_for(members["a"], members, turns or WeightedTurns(), NOW)


def take_out(member: Member) -> None:
    member.isolate(NOW, "for the test")


def test_the_model_itself_comes_first_then_its_fallbacks_in_order() -> None:
    assert plan(chain()) == Plan("a", ("a", "b", "c"), Strategy.SEQUENTIAL)


def test_fallback_lists_are_not_followed_further() -> None:
    assert "d" not in plan(chain()).candidates


def test_two_models_that_back_each_other_up_make_no_circle() -> None:
    members = members_of(model_settings("a", fallbacks=("b",)), model_settings("b", fallbacks=("a",)))

    assert chain_of(members["a"]) == ("a", "b")
    assert chain_of(members["b"]) == ("b", "a")


def test_a_parallel_plan_names_the_whole_chain() -> None:
    assert plan(chain(Strategy.PARALLEL)) == Plan("a", ("a", "b", "c"), Strategy.PARALLEL)


# --- pins by hand --------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", Strategy)
def test_a_pin_comes_first_and_the_chain_stays_behind_it(strategy: Strategy) -> None:
    members = chain(strategy)
    members["a"].pinned_to = "c"

    assert plan(members).candidates == ("c", "a", "b")


def test_a_pin_may_be_a_model_that_is_no_fallback() -> None:
    members = chain()
    members["a"].pinned_to = "d"

    assert plan(members).candidates == ("d", "a", "b", "c")
    assert serving_of(members["a"], members, NOW) == "d"


@pytest.mark.parametrize("strategy", Strategy)
def test_f5_the_plan_keeps_what_was_asked_for_whoever_comes_first(strategy: Strategy) -> None:
    members = chain(strategy, 1, 5, 3)
    members["a"].pinned_to = "b"

    assert plan(members).requested == "a"
    members["a"].pinned_to = None
    assert plan(members).requested == "a"


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("pin", [None, "a", "b", "c", "d"])
def test_b2_no_model_stands_in_a_plan_twice(strategy: Strategy, pin: str | None) -> None:
    members = chain(strategy, 2, 1, 3)
    members["a"].pinned_to = pin
    turns = WeightedTurns()

    for _ in range(12):
        candidates = plan(members, turns).candidates
        assert len(set(candidates)) == len(candidates)


# --- weights -------------------------------------------------------------------------------------


def shares(weights: dict[str, float], rounds: int) -> Counter[str | None]:
    turns = WeightedTurns()
    return Counter(turns.next(list(weights.items())) for _ in range(rounds))


def test_shares_are_exact() -> None:
    assert shares({"a": 5, "b": 3, "c": 2}, 1000) == {"a": 500, "b": 300, "c": 200}


def test_fractional_weights_are_exact_too() -> None:
    assert shares({"a": 0.5, "b": 0.25, "c": 0.25}, 400) == {"a": 200, "b": 100, "c": 100}


def test_turns_are_spread_and_not_bunched() -> None:
    turns = WeightedTurns()

    order = [turns.next([("a", 5), ("b", 1), ("c", 1)]) for _ in range(7)]

    assert order == ["a", "a", "b", "a", "c", "a", "a"]


def test_f1_a_weight_of_zero_is_zero_and_gets_nothing() -> None:
    assert shares({"dead": 0.0, "meh": 0.38}, 100) == {"meh": 100}


def test_nobody_has_a_turn_when_all_weights_are_zero() -> None:
    assert WeightedTurns().next([("a", 0.0), ("b", 0.0)]) is None
    assert WeightedTurns().next([]) is None


def test_the_same_history_gives_the_same_turns() -> None:
    weights = [("a", 3.0), ("b", 2.0), ("c", 2.0)]
    first, second = WeightedTurns(), WeightedTurns()

    assert [first.next(weights) for _ in range(50)] == [second.next(weights) for _ in range(50)]


def test_a_weighted_plan_begins_with_whose_turn_it_is_then_by_weight() -> None:
    members = chain(Strategy.WEIGHTED, 1, 5, 3)

    assert plan(members).candidates == ("b", "c", "a")


def test_a_weighted_chain_shares_out_its_requests_exactly() -> None:
    members = chain(Strategy.WEIGHTED, 6, 3, 1)
    turns = WeightedTurns()

    first = Counter(plan(members, turns).candidates[0] for _ in range(100))

    assert first == {"a": 60, "b": 30, "c": 10}


def test_f1_a_weightless_model_is_not_even_a_last_resort() -> None:
    members = chain(Strategy.WEIGHTED, 1, 0, 1)
    take_out(members["a"])

    assert plan(members).candidates == ("c", "a")


def test_f1_a_weightless_model_gets_nothing_behind_a_pin_either() -> None:
    members = chain(Strategy.WEIGHTED, 1, 0, 1)
    members["a"].pinned_to = "c"

    assert plan(members).candidates == ("c", "a")


def test_a_weightless_model_serves_when_an_operator_sends_traffic_to_it() -> None:
    members = chain(Strategy.WEIGHTED, 1, 0, 1)
    members["a"].pinned_to = "b"

    assert plan(members).candidates[0] == "b"
    assert serving_of(members["a"], members, NOW) == "b"


def test_a_chain_without_any_weight_has_nobody_to_ask() -> None:
    members = chain(Strategy.WEIGHTED, 0, 0, 0)

    assert plan(members).candidates == ()
    assert serving_of(members["a"], members, NOW) is None


def test_who_would_refuse_now_has_no_turn_but_stays_in_the_plan() -> None:
    members = chain(Strategy.WEIGHTED, 8, 1, 1)
    take_out(members["a"])
    turns = WeightedTurns()

    firsts = Counter(plan(members, turns).candidates[0] for _ in range(10))

    assert firsts == {"b": 5, "c": 5}
    assert set(plan(members, turns).candidates) == {"a", "b", "c"}


def test_when_all_refuse_the_turns_go_on_as_if_none_did() -> None:
    members = chain(Strategy.WEIGHTED, 2, 1, 1)
    for member in members.values():
        take_out(member)

    assert plan(members).candidates == ("a", "b", "c")


# --- who serves ----------------------------------------------------------------------------------


def test_a_well_model_serves_itself() -> None:
    members = chain()

    assert serving_of(members["a"], members, NOW) == "a"


def test_the_first_of_the_chain_that_admits_a_call_serves() -> None:
    members = chain()
    take_out(members["a"])
    assert serving_of(members["a"], members, NOW) == "b"

    take_out(members["b"])
    assert serving_of(members["a"], members, NOW) == "c"

    take_out(members["c"])
    assert serving_of(members["a"], members, NOW) is None


def test_a_model_that_only_a_person_can_mend_is_not_said_to_serve() -> None:
    members = chain()
    members["a"].observe(Outcome(OutcomeKind.QUOTA_EXHAUSTED), NOW, latency=0.1)

    assert serving_of(members["a"], members, NOW + 1e6) == "b"


@pytest.mark.parametrize(
    ("strategy", "serving"), [(Strategy.SEQUENTIAL, "b"), (Strategy.PARALLEL, "b"), (Strategy.WEIGHTED, "c")]
)
def test_a_weight_means_something_under_the_weighted_strategy_only(strategy: Strategy, serving: str) -> None:
    members = chain(strategy, 1, 0, 1)
    take_out(members["a"])

    assert serving_of(members["a"], members, NOW) == serving


def test_planning_changes_no_member() -> None:
    model: ModelSettings = model_settings("a", strategy=Strategy.WEIGHTED)
    members = members_of(model)

    plan_for(members["a"], members, WeightedTurns(), NOW)

    assert members["a"].requests == 0
    assert members["a"].breaker.generation == 0
