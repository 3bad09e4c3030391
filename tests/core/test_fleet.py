"""All members by name, and whose traffic is answered by whom."""

from __future__ import annotations

import pytest

from hive_console.core.errors import UnknownModel
from hive_console.core.events import StatusChanged, TrafficMoved
from hive_console.core.fleet import Fleet
from hive_console.core.outcome import SUCCESS
from hive_console.core.settings import Settings, Strategy
from hive_console.core.transitions import Permit
from tests.core.samples import FAILED, NOW, fleet_settings, model_settings


def fleet() -> Fleet:
    return Fleet(fleet_settings(), NOW)


def fail(fleet: Fleet, model_id: str, now: float = NOW) -> None:
    """Opens the breaker of a model through failures."""
    member = fleet.members[model_id]
    for _ in range(5):
        permit, _ = member.acquire(now)
        assert isinstance(permit, Permit)
        member.settle(permit, FAILED, now, latency=1.0)


def test_a_member_is_found_by_id_and_by_alias() -> None:
    aliased = Fleet(fleet_settings(model_settings("a", aliases=("fast", "best")), model_settings("b")), NOW)

    assert aliased.member("fast") is aliased.member("best") is aliased.member("a") is aliased.members["a"]


def test_a_name_that_nobody_has_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="'ghost' is not configured; configured: a, b, c"):
        fleet().member("ghost")


def test_members_keep_the_order_of_the_settings() -> None:
    assert list(fleet().members) == ["a", "b", "c"]


def test_at_first_everybody_serves_itself() -> None:
    known = fleet()

    assert [known.serving(model) for model in ("a", "b", "c")] == ["a", "b", "c"]
    assert known.refresh(NOW) == []


def test_traffic_that_moves_is_said_once() -> None:
    known = fleet()
    fail(known, "a")

    events = known.refresh(NOW + 1)

    assert events == [TrafficMoved(at=NOW + 1, model="a", old="a", new="b")]
    assert known.serving("a") == "b"
    assert known.refresh(NOW + 1) == []


def test_traffic_that_nobody_takes_is_said_too() -> None:
    known = fleet()
    for model in ("a", "b", "c"):
        fail(known, model)

    events = known.refresh(NOW)

    assert [(event.model, event.new) for event in events if isinstance(event, TrafficMoved)] == [
        ("a", None),
        ("b", None),
        ("c", None),
    ]
    assert known.serving("a") is None


def test_time_alone_changes_statuses_and_routes() -> None:
    known = fleet()
    permit, _ = known.members["a"].acquire(NOW)
    assert isinstance(permit, Permit)
    known.members["a"].settle(permit, SUCCESS, NOW, latency=0.1)
    known.members["a"].throttled_until = NOW + 10
    throttled = known.refresh(NOW)
    well = known.refresh(NOW + 10)

    assert [type(event) for event in throttled] == [StatusChanged, TrafficMoved]
    assert [type(event) for event in well] == [StatusChanged, TrafficMoved]
    assert known.serving("a") == "a"


def test_each_model_has_turns_of_its_own() -> None:
    models = (
        model_settings("a", fallbacks=("c",), strategy=Strategy.WEIGHTED),
        model_settings("b", fallbacks=("c",), strategy=Strategy.WEIGHTED),
        model_settings("c"),
    )
    known = Fleet(Settings(models), NOW)

    firsts = [known.plan(known.members[name], NOW).candidates[0] for name in ("a", "b", "a", "b")]

    assert firsts == ["a", "b", "c", "c"]


def test_the_first_of_a_chain_to_come_back_says_when() -> None:
    known = fleet()
    fail(known, "a", NOW)
    fail(known, "b", NOW + 3)

    assert known.retry_in(("a", "b"), NOW + 4) == pytest.approx(1.0)
    assert known.retry_in(("b",), NOW + 4) == pytest.approx(4.0)


def test_nobody_knows_when_all_are_held_out_by_hand() -> None:
    known = fleet()
    known.members["a"].isolate(NOW, "by ada")

    assert known.retry_in(("a",), NOW) is None
    assert known.retry_in(("a", "b"), NOW) == 0.0
    assert known.retry_in((), NOW) is None


def test_f7_two_fleets_of_the_same_settings_share_nothing() -> None:
    first, second = fleet(), fleet()

    fail(first, "a")

    assert not first.members["a"].would_admit(NOW)
    assert second.members["a"].would_admit(NOW)
