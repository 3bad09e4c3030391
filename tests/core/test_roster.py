"""Who is configured, and who is only still remembered."""

from __future__ import annotations

import pytest

from hive_console.core.roster import Roster


def test_a_model_that_leaves_is_found_by_those_who_know_its_name_and_by_nobody_else() -> None:
    roster = Roster({"a": 1, "b": 2})

    roster.become({"c": 3, "b": 2})

    assert roster["a"] == 1
    assert "a" not in roster
    assert roster.get("a") is None
    assert list(roster.items()) == [("c", 3), ("b", 2)]


def test_a_name_that_never_was_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Roster({"a": 1})["ghost"]


def test_a_model_that_returns_leaves_no_more() -> None:
    roster = Roster({"a": 1})
    roster.become({})

    roster.become({"a": 7})

    assert roster["a"] == 7
    assert roster.leaving == {}


def test_known_are_those_who_are_there_and_those_who_leave() -> None:
    roster = Roster({"a": 1, "b": 2})
    roster.become({"a": 1})

    assert [roster.known(name) for name in ("a", "b", "ghost")] == [1, 2, None]


def test_a_model_that_left_is_forgotten() -> None:
    roster = Roster({"a": 1})
    roster.become({})

    roster.forget(["a", "ghost"])

    with pytest.raises(KeyError):
        roster["a"]
