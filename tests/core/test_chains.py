"""Chains: who serves, who is next, how many failures are left, what is shared."""

from __future__ import annotations

from typing import Any

import pytest

from hive_console.core.chains import Chain, SharedRisk, Standing, can_serve, chains_of, shared_risks
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import FleetSnapshot, HoldView, ModelView, RouteView
from hive_console.core.states import BreakerState, HoldKind, ModelStatus
from tests.core.samples import NOW, breaker_view, model_view

DOWN: dict[str, Any] = {"status": ModelStatus.UNAVAILABLE, "breaker": breaker_view(BreakerState.OPEN)}


def fleet(*models: ModelView, sequence: int = 1, **changes: Any) -> FleetSnapshot:
    return FleetSnapshot(sequence=sequence, at=NOW, started_at=NOW, models=models, **changes)


def chain(name: str, *models: ModelView, **changes: Any) -> Chain:
    return next(one for one in chains_of(fleet(*models, **changes)) if one.name == name)


def shares(found: Chain) -> dict[str, float | None]:
    return {link.name: None if link.share is None else round(link.share, 3) for link in found.links}


def test_a_model_that_serves_itself_has_its_fallback_next() -> None:
    found = chain("a", model_view("a", fallbacks=("b", "c")), model_view("b"), model_view("c"))

    assert (found.serving, found.next, found.spare, found.failures_left) == ("a", "b", 2, 3)
    assert found.standing is Standing.ITSELF
    assert shares(found) == {"a": 1, "b": 0, "c": 0}
    assert [link.is_next for link in found.links] == [False, True, False]


def test_one_more_failure_exhausts_a_chain_whose_others_are_down() -> None:
    found = chain(
        "a", model_view("a", fallbacks=("b", "c"), serving="b", **DOWN), model_view("b"), model_view("c", **DOWN)
    )

    assert (found.standing, found.next, found.failures_left) == (Standing.LAST, None, 1)
    assert shares(found) == {"a": 0, "b": 1, "c": 0}


def test_nobody_serves_an_exhausted_chain() -> None:
    found = chain("a", model_view("a", fallbacks=("b",), serving=None, **DOWN), model_view("b", **DOWN))

    assert (found.standing, found.failures_left, shares(found)) == (Standing.NOBODY, 0, {"a": 0, "b": 0})


def test_another_serves_and_one_is_behind() -> None:
    found = chain("a", model_view("a", fallbacks=("b", "c"), serving="b", **DOWN), model_view("b"), model_view("c"))

    assert (found.standing, found.primary) == (Standing.MOVED, "a")


def test_a_model_without_fallbacks_is_alone() -> None:
    assert chain("a", model_view("a")).standing is Standing.ALONE


def test_a_pin_stands_behind_the_primary_and_says_whose_it_is() -> None:
    hold = HoldView(HoldKind.PINNED, "a", "maria", NOW, NOW + 600, "INC-1", "c")
    others = (HoldView(HoldKind.FROZEN, "a", "joe", NOW), HoldView(HoldKind.PINNED, "b", "joe", NOW))

    found = chain(
        "a",
        model_view("a", fallbacks=("b", "c"), pinned_to="c", serving="c"),
        model_view("b"),
        model_view("c"),
        holds=(*others, hold),
    )

    assert [link.name for link in found.links] == ["a", "c", "b"]
    assert (found.standing, found.hold, shares(found)) == (Standing.PINNED, hold, {"a": 0, "c": 1, "b": 0})


def test_whoever_serves_is_in_the_chain_also_where_no_setting_names_it() -> None:
    found = chain("a", model_view("a", serving="z", **DOWN), model_view("z"))

    assert [link.name for link in found.links] == ["a", "z"]


def test_a_link_that_the_fleet_does_not_know_cannot_serve() -> None:
    found = chain("a", model_view("a", fallbacks=("gone",)))

    assert (found.links[1].model, found.links[1].can_serve, found.next) == (None, False, None)


def test_a_recovering_model_gets_its_part_and_the_next_the_rest() -> None:
    found = chain("a", model_view("a", fallbacks=("b",), serving="b", ramp=0.25), model_view("b"))

    assert shares(found) == {"a": 0.25, "b": 0.75}


def test_a_recovering_model_that_serves_already_gets_all_that_is_counted() -> None:
    found = chain("a", model_view("a", fallbacks=("b",), ramp=0.5), model_view("b"))

    assert shares(found) == {"a": 1, "b": 0}


def test_whoever_serves_is_believed_even_if_it_does_not_look_able() -> None:
    found = chain("a", model_view("a", fallbacks=("b",), serving="b", **DOWN), model_view("b", **DOWN))

    assert shares(found) == {"a": 0, "b": 1}


def test_weights_are_shares() -> None:
    found = chain(
        "a",
        model_view("a", fallbacks=("b", "c"), strategy=Strategy.WEIGHTED, weight=3.0),
        model_view("b", weight=1.0),
        model_view("c", weight=5.0, **DOWN),
    )

    assert shares(found) == {"a": 0.75, "b": 0.25, "c": 0}


def test_without_any_weight_whoever_serves_gets_all() -> None:
    found = chain(
        "a", model_view("a", fallbacks=("b",), strategy=Strategy.WEIGHTED, weight=0.0), model_view("b", weight=0.0)
    )

    assert shares(found) == {"a": 1, "b": 0}


@pytest.mark.parametrize("strategy", [Strategy.PARALLEL, Strategy.FASTEST])
def test_shares_that_nobody_knows_beforehand_are_not_told(strategy: Strategy) -> None:
    found = chain(
        "a", model_view("a", fallbacks=("b", "c"), strategy=strategy), model_view("b"), model_view("c", **DOWN)
    )

    assert shares(found) == {"a": None, "b": None, "c": 0}


def test_a_route_has_a_chain_of_its_own() -> None:
    route = RouteView("fast", "b", "b", Strategy.SEQUENTIAL, ("b", "a"))

    found = chain("fast", model_view("a"), model_view("b"), routes=(route,))

    assert (found.is_virtual, found.primary, found.next) == (True, "b", "a")


def test_a_route_of_which_a_recording_tells_no_chain_has_its_primary() -> None:
    found = chain("fast", model_view("b"), routes=(RouteView("fast", "b", "b", Strategy.SEQUENTIAL, ()),))

    assert [link.name for link in found.links] == ["b"]


def test_before_anything_is_known_nothing_is_wrong() -> None:
    unknown = model_view("a", status=ModelStatus.UNKNOWN, fallbacks=("b",))

    assert chain("a", unknown, model_view("b")).standing is Standing.UNKNOWN
    assert chain("a", model_view("a"), sequence=0).standing is Standing.UNKNOWN
    assert (
        chain("fast", routes=(RouteView("fast", "x", "x", Strategy.SEQUENTIAL, ("x",)),)).standing is Standing.ALONE
    )


def test_the_gravest_stands_first() -> None:
    found = chains_of(
        fleet(
            model_view("fine", fallbacks=("alone",)),
            model_view("alone"),
            model_view("dead", fallbacks=("worse",), serving=None, **DOWN),
            model_view("worse", serving=None, **DOWN),
        )
    )

    assert [one.name for one in found] == ["dead", "worse", "alone", "fine"]


@pytest.mark.parametrize(
    "changes",
    [
        DOWN,
        {"fault": "key refused"},
        {"ejected_until": NOW + 5},
        {"breaker": breaker_view(BreakerState.HALF_OPEN)},
    ],
)
def test_what_would_refuse_a_call_is_not_next(changes: dict[str, Any]) -> None:
    assert not can_serve(model_view("a", **changes))


def test_one_model_that_is_next_for_several_is_a_shared_risk() -> None:
    models = (
        model_view("a", fallbacks=("c",), in_flight=6),
        model_view("b", fallbacks=("c",), in_flight=3),
        model_view("c", fallbacks=("a",), in_flight=2, max_in_flight=10),
        model_view("d", fallbacks=("a",), serving=None, **DOWN),
    )

    risks = shared_risks(chains_of(fleet(*models)))

    assert {risk.model for risk in risks} == {"a", "c"}
    risk = next(risk for risk in risks if risk.model == "c")
    assert (set(risk.chains), risk.load, risk.places, risk.is_too_much) == ({"a", "b"}, 11, 10, True)


def test_two_names_of_one_failure_are_no_shared_risk() -> None:
    route = RouteView("fast", "a", "a", Strategy.SEQUENTIAL, ("a", "b"))

    assert shared_risks(chains_of(fleet(model_view("a", fallbacks=("b",)), model_view("b"), routes=(route,)))) == ()


def test_places_that_nobody_knows_are_not_too_few() -> None:
    assert not SharedRisk("a", ("b", "c"), 100, 0).is_too_much
