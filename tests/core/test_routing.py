"""In which order models are asked: explainable, exact, without dice."""

from __future__ import annotations

from collections import Counter

import pytest

from hive_console.core.member import Member
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.peak_ewma import PeakEwma
from hive_console.core.route import Route, route_of, virtual_route_of
from hive_console.core.routing import (
    Plan,
    WeightedTurns,
    chain_of,
    effective_weight,
    plan_for,
    serving_of,
    strategy_for,
)
from hive_console.core.settings import ModelSettings, RouteSettings, Strategy
from hive_console.core.transitions import Permit
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
    return plan_for(route_of(members["a"].settings), members, turns or WeightedTurns(), NOW)


def take_out(member: Member) -> None:
    member.isolate(NOW, "for the test")


def test_the_model_itself_comes_first_then_its_fallbacks_in_order() -> None:
    assert plan(chain()) == Plan("a", ("a", "b", "c"), Strategy.SEQUENTIAL)


def test_fallback_lists_are_not_followed_further() -> None:
    assert "d" not in plan(chain()).candidates


def test_two_models_that_back_each_other_up_make_no_circle() -> None:
    members = members_of(model_settings("a", fallbacks=("b",)), model_settings("b", fallbacks=("a",)))

    assert chain_of(route_of(members["a"].settings), members) == ("a", "b")
    assert chain_of(route_of(members["b"].settings), members) == ("b", "a")


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
    assert serving_of(route_of(members["a"].settings), members, NOW) == "d"


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


def test_f1_a_weight_that_fell_to_zero_gets_nothing_whatever_turn_was_due() -> None:
    turns = WeightedTurns()
    assert turns.next([("a", 1.0), ("b", 1.5)]) == "b"  # so that the next turn is a's

    assert turns.next([("a", 0.0), ("b", 1.0)]) == "b"


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
    assert serving_of(route_of(members["a"].settings), members, NOW) == "b"


def test_a_chain_without_any_weight_has_nobody_to_ask() -> None:
    members = chain(Strategy.WEIGHTED, 0, 0, 0)

    assert plan(members).candidates == ()
    assert serving_of(route_of(members["a"].settings), members, NOW) is None


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

    assert serving_of(route_of(members["a"].settings), members, NOW) == "a"


def test_the_first_of_the_chain_that_admits_a_call_serves() -> None:
    members = chain()
    take_out(members["a"])
    assert serving_of(route_of(members["a"].settings), members, NOW) == "b"

    take_out(members["b"])
    assert serving_of(route_of(members["a"].settings), members, NOW) == "c"

    take_out(members["c"])
    assert serving_of(route_of(members["a"].settings), members, NOW) is None


def test_a_model_that_only_a_person_can_mend_is_not_said_to_serve() -> None:
    members = chain()
    members["a"].observe(Outcome(OutcomeKind.QUOTA_EXHAUSTED), NOW, latency=0.1)

    assert serving_of(route_of(members["a"].settings), members, NOW + 1e6) == "b"


@pytest.mark.parametrize(
    ("strategy", "serving"), [(Strategy.SEQUENTIAL, "b"), (Strategy.PARALLEL, "b"), (Strategy.WEIGHTED, "c")]
)
def test_a_weight_means_something_under_the_weighted_strategy_only(strategy: Strategy, serving: str) -> None:
    members = chain(strategy, 1, 0, 1)
    take_out(members["a"])

    assert serving_of(route_of(members["a"].settings), members, NOW) == serving


def test_planning_changes_no_member() -> None:
    model: ModelSettings = model_settings("a", strategy=Strategy.WEIGHTED)
    members = members_of(model)

    plan_for(route_of(members["a"].settings), members, WeightedTurns(), NOW)

    assert members["a"].record.requests == 0
    assert members["a"].breaker.generation == 0


# --- what a weight is worth now ------------------------------------------------------------------


def test_an_idle_model_has_its_whole_weight() -> None:
    assert effective_weight(members_of(model_settings("a", weight=4.0))["a"]) == 4.0


def test_each_place_that_is_taken_takes_its_part_of_the_weight() -> None:
    member = members_of(model_settings("a", weight=4.0, max_concurrent_requests=10))["a"]

    member.in_flight = 5

    assert effective_weight(member) == 2.0


@pytest.mark.parametrize("in_flight", [10, 11])
def test_a_full_model_has_no_weight_and_never_a_negative_one(in_flight: int) -> None:
    member = members_of(model_settings("a", weight=4.0, max_concurrent_requests=10))["a"]

    member.in_flight = in_flight

    assert effective_weight(member) == 0.0


def failing(member: Member) -> None:
    """One failed call of real traffic."""
    permit, _ = member.acquire(NOW)
    assert isinstance(permit, Permit)
    member.settle(permit, Outcome(OutcomeKind.SERVER_ERROR), NOW, latency=1.0)


def recovering(member: Member, *, calls: int = 0) -> Member:
    """`member` on the way back: tripped at NOW, well again at LATER, and `calls` good answers since."""
    member.trip(NOW, "for the test")
    for number in range(1 + calls):
        permit, _ = member.acquire(LATER, is_probe=number == 0)
        assert isinstance(permit, Permit)
        member.settle(permit, SUCCESS, LATER, latency=1.0, is_probe=number == 0)
    assert member.ramp is not None
    return member


LATER = NOW + 20.0


def test_a_recovering_model_has_the_weight_of_its_share() -> None:
    member = recovering(members_of(model_settings("a", weight=4.0))["a"])

    assert effective_weight(member) == pytest.approx(0.4)


def plan_at(members: dict[str, Member], turns: WeightedTurns, draws: tuple[float, float] = (0.0, 0.0)) -> Plan:
    return plan_for(route_of(members["a"].settings), members, turns, LATER, draws=draws)


def test_a_busy_model_has_fewer_turns() -> None:
    members = chain(Strategy.WEIGHTED, 1, 1, 0)
    members["a"].in_flight = 5  # of 10 places
    turns = WeightedTurns()

    firsts = Counter(plan(members, turns).candidates[0] for _ in range(30))

    assert firsts == {"a": 10, "b": 20}


def test_a_full_model_stays_in_the_plan_behind_the_others() -> None:
    members = chain(Strategy.WEIGHTED, 5, 1, 1)
    members["a"].in_flight = 10

    assert plan(members).candidates[0] != "a"
    assert "a" in plan(members).candidates


# --- shares of the recovering --------------------------------------------------------------------


@pytest.mark.parametrize(("calls", "share"), [(0, 10), (20, 25), (40, 50)])
def test_a_recovering_model_is_asked_first_exactly_as_often_as_its_share(calls: int, share: int) -> None:
    members = chain()
    recovering(members["a"], calls=calls)

    firsts = Counter(plan_at(members, WeightedTurns()).candidates[0] for _ in range(100))

    assert firsts == {"a": share, "b": 100 - share}


def test_a_recovering_model_whose_turn_it_is_not_waits_at_the_end() -> None:
    members = chain()
    recovering(members["a"])

    assert plan_at(members, WeightedTurns()).candidates == ("b", "c", "a")


def test_a_recovering_fallback_is_spared_like_a_recovering_primary() -> None:
    members = chain()
    take_out(members["a"])
    recovering(members["b"])

    firsts = [plan_at(members, WeightedTurns()).candidates[1] for _ in range(20)]

    assert firsts.count("b") == 2


def test_a_recovering_model_serves_all_of_it_when_nobody_else_can() -> None:
    members = chain()
    recovering(members["a"])
    take_out(members["b"])
    take_out(members["c"])

    assert [plan_at(members, WeightedTurns()).candidates[0] for _ in range(20)] == ["a"] * 20


def test_a_recovering_model_is_asked_for_its_turn_once_an_operation() -> None:
    members = chain()
    recovering(members["a"])
    ramp = members["a"].ramp
    assert ramp is not None

    for _ in range(7):
        plan_at(members, WeightedTurns())

    assert ramp._credit == 700_000


def test_under_weights_a_recovering_model_gets_its_share_of_its_weight_and_no_less() -> None:
    members = chain(Strategy.WEIGHTED, 1, 1, 1)
    recovering(members["a"])
    turns = WeightedTurns()

    firsts = Counter(plan_at(members, turns).candidates[0] for _ in range(210))

    assert firsts["a"] == 10  # 0.1 of 2.1


def test_a_suspect_gets_one_turn_in_four_while_others_are_ready() -> None:
    members = chain()
    for _ in range(2):
        failing(members["a"])

    firsts = Counter(plan_at(members, WeightedTurns()).candidates[0] for _ in range(20))

    assert members["a"].is_suspect
    assert firsts == {"a": 5, "b": 15}


def test_a_frozen_model_is_no_suspect() -> None:
    members = chain()
    members["a"].freeze(NOW, "by ann")
    for _ in range(9):
        failing(members["a"])

    assert plan_at(members, WeightedTurns()).candidates[0] == "a"


def test_a_recovering_model_gets_all_that_an_operator_sends_to_it() -> None:
    members = chain()
    recovering(members["c"])
    members["a"].pinned_to = "c"

    firsts = Counter(plan_at(members, WeightedTurns()).candidates[0] for _ in range(20))

    assert firsts == {"c": 20}


# --- why the model that was asked for waits ------------------------------------------------------


def reasons(members: dict[str, Member], times: int = 20) -> Counter[str]:
    turns = WeightedTurns()
    return Counter(plan_at(members, turns).passed_over for _ in range(times))


def test_a_recovering_model_is_passed_over_but_on_its_turns() -> None:
    members = chain()
    recovering(members["a"])

    assert reasons(members) == {"recovering": 18, "": 2}


def test_a_suspect_is_passed_over_but_on_its_turns() -> None:
    members = chain()
    for _ in range(2):
        failing(members["a"])

    assert reasons(members) == {"failed lately": 15, "": 5}


def test_a_model_that_refuses_is_not_passed_over() -> None:
    members = chain()
    recovering(members["a"])
    members["a"].restraint.throttled_until = LATER + 1

    assert not members["a"].would_admit(LATER)
    assert reasons(members) == {"": 20}


def test_a_model_behind_a_pin_is_not_passed_over() -> None:
    members = chain()
    members["a"].pinned_to = "b"
    recovering(members["c"])

    assert reasons(members) == {"": 20}


def test_a_model_that_another_outruns_is_not_passed_over() -> None:
    members = timed(2.0, 1.0, 3.0)
    recovering(members["c"])

    assert plan_at(members, WeightedTurns()).candidates[0] == "b"
    assert reasons(members) == {"": 20}


# --- who serves while some recover ---------------------------------------------------------------


@pytest.mark.parametrize(("calls", "serving"), [(0, "b"), (20, "b"), (40, "a")])
def test_traffic_counts_as_the_models_own_from_the_half_on(calls: int, serving: str) -> None:
    members = chain()
    recovering(members["a"], calls=calls)

    assert serving_of(route_of(members["a"].settings), members, LATER) == serving


def test_the_first_of_the_recovering_serves_when_nobody_is_whole() -> None:
    members = chain()
    recovering(members["a"])
    recovering(members["b"])
    take_out(members["c"])

    assert serving_of(route_of(members["a"].settings), members, LATER) == "a"


# --- the fastest of two --------------------------------------------------------------------------


def timed(*seconds: float, strategy: Strategy = Strategy.FASTEST) -> dict[str, Member]:
    members = chain(strategy)
    for name, answered_in in zip("abc", seconds, strict=True):
        members[name].record.ewma.add(NOW, answered_in)
    return members


def fastest(members: dict[str, Member], first: float, second: float) -> tuple[str, ...]:
    return plan_for(
        route_of(members["a"].settings), members, WeightedTurns(), NOW, draws=(first, second)
    ).candidates


@pytest.mark.parametrize(
    ("draws", "chosen"),
    [
        ((0.0, 0.0), "b"),  # a against b
        ((0.0, 0.5), "a"),  # a against c
        ((0.0, 0.99), "a"),  # a against c
        ((0.0, 1.0), "b"),  # a draw of exactly one is the first again: a against b
        ((1.0, 0.0), "b"),  # a against b
        ((0.4, 0.0), "b"),  # b against c
        ((0.4, 0.99), "b"),  # b against a
        ((0.99, 0.0), "a"),  # c against a
        ((0.99, 0.99), "b"),  # c against b
    ],
)
def test_the_better_of_the_two_drawn_is_asked_first(draws: tuple[float, float], chosen: str) -> None:
    assert fastest(timed(2.0, 1.0, 3.0), *draws)[0] == chosen


def test_behind_the_chosen_the_others_go_from_fast_to_slow() -> None:
    assert fastest(timed(2.0, 1.0, 3.0), 0.0, 0.99) == ("a", "b", "c")


def test_a_draw_of_exactly_one_is_a_draw_like_any_other() -> None:
    assert sorted(fastest(timed(2.0, 1.0, 3.0), 1.0, 1.0)) == ["a", "b", "c"]


def test_of_two_alike_the_earlier_of_the_chain_is_chosen() -> None:
    members = timed(1.0, 1.0, 1.0)

    assert fastest(members, 0.4, 0.99)[0] == "a"
    assert fastest(members, 0.0, 0.0)[0] == "a"


def test_load_makes_a_fast_model_slow() -> None:
    members = timed(2.0, 1.0, 9.0)
    members["b"].in_flight = 2

    assert fastest(members, 0.0, 0.0)[0] == "a"


def test_two_different_models_are_always_drawn() -> None:
    members = timed(1.0, 2.0, 3.0)
    draws = [step / 50 for step in range(50)]

    # the slowest is never chosen: it always has a faster one beside it
    assert {fastest(members, first, second)[0] for first in draws for second in draws} == {"a", "b"}


def test_who_would_refuse_is_not_drawn_and_stays_behind() -> None:
    members = timed(1.0, 2.0, 3.0)
    take_out(members["a"])

    assert {fastest(members, first, 0.5) for first in (0.0, 0.5, 0.99)} == {("b", "c", "a")}


def test_of_exactly_two_that_are_ready_the_better_is_chosen() -> None:
    members = timed(9.0, 3.0, 2.0)
    take_out(members["a"])

    assert {fastest(members, first, 0.5) for first in (0.0, 0.5, 0.99)} == {("c", "b", "a")}


@pytest.mark.parametrize("out", ["ab", "abc"])
def test_with_fewer_than_two_that_are_ready_nothing_is_drawn(out: str) -> None:
    members = timed(1.0, 2.0, 3.0)
    for name in out:
        take_out(members[name])

    assert fastest(members, 0.5, 0.5) == (("c", "a", "b") if out == "ab" else ("a", "b", "c"))


def test_a_model_of_which_nothing_is_known_is_tried_first() -> None:
    members = timed(1.0, 2.0, 3.0)
    members["c"].record.ewma = PeakEwma()

    assert fastest(members, 0.99, 0.0)[0] == "c"


# --- routes --------------------------------------------------------------------------------------


def test_a_virtual_model_has_a_chain_of_its_own() -> None:
    route = virtual_route_of(RouteSettings("smart", "a", ("c",), Strategy.PARALLEL, 2.0))

    found = plan_for(route, chain(), WeightedTurns(), NOW)

    assert found == Plan("a", ("a", "c"), Strategy.PARALLEL, hedge_after=2.0)
    assert (route.name, route.virtual_name) == ("smart", "smart")


def test_a_plain_model_is_its_own_route() -> None:
    route = route_of(model_settings("a", fallbacks=("b",), hedge_after=None))

    assert route == Route("a", "a", ("b",), Strategy.SEQUENTIAL, None)
    assert route.virtual_name == ""


@pytest.mark.parametrize(
    ("own", "wish", "may_copy", "found"),
    [
        (Strategy.PARALLEL, None, True, Strategy.PARALLEL),
        (Strategy.PARALLEL, None, False, Strategy.SEQUENTIAL),
        (Strategy.SEQUENTIAL, Strategy.PARALLEL, True, Strategy.PARALLEL),
        (Strategy.SEQUENTIAL, Strategy.PARALLEL, False, Strategy.SEQUENTIAL),
        (Strategy.PARALLEL, Strategy.FASTEST, False, Strategy.FASTEST),
        (Strategy.SEQUENTIAL, Strategy.WEIGHTED, True, Strategy.WEIGHTED),
    ],
)
def test_a_wish_goes_before_the_routes_own_way_where_it_can_be_had(
    own: Strategy, wish: Strategy | None, found: Strategy, *, may_copy: bool
) -> None:
    members = chain(own)

    assert strategy_for(route_of(members["a"].settings), wish, members, may_copy=may_copy) is found


def test_turns_by_weight_where_nobody_has_weight_are_a_plain_order() -> None:
    members = chain(Strategy.SEQUENTIAL, 0.0, 0.0, 0.0)
    route = route_of(members["a"].settings)

    assert strategy_for(route, Strategy.WEIGHTED, members, may_copy=True) is Strategy.SEQUENTIAL


def test_a_doubted_model_is_asked_behind_those_that_are_ready() -> None:
    members = chain()
    members["a"].doubt.is_silent = True
    for _ in range(members["a"].settings.breaker_threshold):
        members["a"].acquire(NOW)

    found = plan(members)

    assert (found.candidates, found.passed_over) == (("b", "c", "a"), "failed lately")
