"""The filter line: whatever is typed, nothing raises, and what was understood can be typed again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hive_console.ui.filter_words import LONGEST, is_subsequence, words_of
from hive_console.ui.filtering import BREAKER_WORDS, FLAGS, KEYS, STATUS_WORDS, complete, parse
from tests.property.modest import MODEST
from tests.screens.posted import NOW, incident

FLEET = incident()

PARTS = st.one_of(
    st.sampled_from([*(f"{key}{sign}" for key in KEYS for sign in (":", ">", ">=", "<", "<=", "=")), *FLAGS]),
    st.sampled_from([*STATUS_WORDS, *BREAKER_WORDS, "2s", "5%", "800ms", "!", "~", ",", " ", "any", "pinned"]),
    st.text(max_size=8),
)
LINES = st.lists(PARTS, max_size=12).map("".join)


@MODEST
@given(line=LINES)
def test_any_line_is_understood_or_told_with_its_place(line: str) -> None:
    chosen = parse(line)

    assert len(chosen.problems) + len(chosen.claims) == len(chosen.words)
    assert all(line[problem.at :].startswith(problem.word) for problem in chosen.problems)
    for model in FLEET.models:
        assert chosen.admits(model, FLEET, NOW) in {True, False}


@MODEST
@given(line=LINES)
def test_a_line_that_is_typed_again_means_the_same(line: str) -> None:
    chosen = parse(line)

    again = parse(chosen.line)

    assert again.words == chosen.words
    assert [model.model_id for model in FLEET.models if chosen.admits(model, FLEET, NOW)] == [
        model.model_id for model in FLEET.models if again.admits(model, FLEET, NOW)
    ]


@MODEST
@given(line=LINES, place=st.integers(0, LONGEST))
def test_tab_only_ever_adds_to_the_line(line: str, place: int) -> None:
    cursor = min(place, len(line))

    found = complete(line, cursor, FLEET)

    assert len(found.line) >= len(line)
    assert found.line.endswith(line[cursor:])
    assert 0 <= found.cursor <= len(found.line)


@MODEST
@given(text=st.text(max_size=20), letters=st.text(max_size=4))
def test_a_word_says_where_it_stands_and_a_part_of_it_is_a_subsequence(text: str, letters: str) -> None:
    for word in words_of(text, KEYS):
        assert text[word.at :].startswith(word.text)
    assert is_subsequence(letters, f"x{'-'.join(letters)}y")
