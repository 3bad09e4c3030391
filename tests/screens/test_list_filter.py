"""What the filter of timeline, routes and audit understands."""

from __future__ import annotations

from datetime import UTC

from hive_console.ui.list_filter import Grammar, Query, parse
from tests.screens.posted import NOW

Thing = tuple[str, float]


def name_of(thing: Thing) -> tuple[str, ...]:
    return (thing[0],)


def words_of(thing: Thing) -> str:
    return f"told of {thing[0]}"


def times_of(thing: Thing) -> tuple[float, float]:
    return thing[1], thing[1]


GRAMMAR: Grammar[Thing] = Grammar(
    named={"model": name_of},
    told=words_of,
    at=times_of,
)


def query(text: str) -> Query[Thing]:
    return parse(text, GRAMMAR, now=NOW, zone=UTC)


def admitted(text: str) -> list[str]:
    things = [("gpt-5", NOW - 60), ("Claude", NOW - 3600)]
    return [thing[0] for thing in things if query(text).admits(thing)]


def test_nothing_typed_narrows_nothing() -> None:
    assert admitted("") == ["gpt-5", "Claude"]


def test_a_named_word_looks_at_its_texts_whatever_their_case() -> None:
    assert admitted("model:CLAUDE") == ["Claude"]


def test_one_of_several_values_is_enough() -> None:
    assert admitted("model:claude,gpt") == ["gpt-5", "Claude"]


def test_a_plain_word_looks_at_all_that_is_told() -> None:
    assert admitted("told gpt") == ["gpt-5"]


def test_an_exclamation_mark_turns_a_word_round() -> None:
    assert admitted("!model:gpt") == ["Claude"]


def test_since_and_until_bound_the_time() -> None:
    assert (admitted("since:15m"), admitted("until:15m")) == (["gpt-5"], ["Claude"])
    assert query("since:15m").since == NOW - 900


def test_a_time_that_is_none_is_told_and_narrows_nothing() -> None:
    assert admitted("since:soon") == ["gpt-5", "Claude"]
    assert query("since:soon").problems == (
        "since:soon: write since:15m, since:2h, since:14:05 or since:2026-11-26",
    )


def test_a_word_that_names_nothing_known_is_a_plain_one() -> None:
    assert admitted("colour:red") == []


def test_values_asked_for_by_name_are_known() -> None:
    assert query("model:a,b !model:c").values == {"model": ("a", "b")}
