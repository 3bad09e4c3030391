"""Deeds: the rows of one action told as one."""

from __future__ import annotations

from hive_console.core.events import OperatorActed
from hive_console.core.states import Action, ActionPhase
from hive_console.core.trail import Trail
from tests.core.samples import NOW


def row(action_id: str, phase: ActionPhase, at: float = NOW) -> OperatorActed:
    return OperatorActed(at=at, action_id=action_id, actor="maria", action=Action.TRIP, phase=phase, target="a")


def test_an_intent_and_its_outcome_are_one_deed() -> None:
    trail = Trail()

    trail.put(row("d", ActionPhase.INTENDED), number=1, digest="aa")
    trail.put(row("d", ActionPhase.DONE, NOW + 2), number=2, digest="bb")

    (deed,) = trail.deeds
    assert (deed.at, deed.act.at, deed.act.phase) == (NOW, NOW + 2, ActionPhase.DONE)
    assert (deed.numbers, deed.digest) == ((1, 2), "bb")


def test_rows_may_come_in_any_order_and_again() -> None:
    trail = Trail()

    trail.put(row("d", ActionPhase.DONE, NOW + 2))
    trail.put(row("d", ActionPhase.DONE, NOW + 2), number=2, digest="bb")
    trail.put(row("d", ActionPhase.INTENDED), number=1, digest="aa")

    (deed,) = trail.deeds
    assert (deed.at, deed.act.phase, deed.numbers, deed.digest) == (NOW, ActionPhase.DONE, (1, 2), "bb")


def test_what_the_feed_tells_takes_no_place_away() -> None:
    trail = Trail()

    trail.put(row("d", ActionPhase.INTENDED), number=1, digest="aa")
    trail.put(row("d", ActionPhase.REFUSED, NOW + 1))

    (deed,) = trail.deeds
    assert (deed.act.phase, deed.numbers, deed.digest) == (ActionPhase.REFUSED, (1,), "aa")


def test_deeds_stand_in_the_order_they_were_said() -> None:
    trail = Trail()
    for name, at in (("b", NOW + 1), ("c", NOW), ("a", NOW + 1)):
        trail.put(row(name, ActionPhase.DONE, at))

    assert [deed.act.action_id for deed in trail.deeds] == ["c", "a", "b"]


def test_a_trail_is_bounded_at_either_end() -> None:
    trail = Trail()
    for place in range(5):
        trail.put(row(str(place), ActionPhase.DONE, NOW + place))

    assert trail.keep_newest(4)
    assert trail.keep_oldest(2)
    assert not trail.keep_newest(2)
    assert [deed.act.action_id for deed in trail.deeds] == ["1", "2"]
