"""The sanitiser under any text at all."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from hive_console.core.text import clean, clean_message
from tests.property.modest import MODEST

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=400)
SECRETS = st.text("abcXYZ019-_/+=", min_size=4, max_size=60).map(lambda middle: f"z{middle}k")
"""With letters that no escape of a character holds."""

UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@MODEST
@given(text=ANY_TEXT, limit=st.integers(1, 200))
def test_any_text_becomes_one_short_harmless_line(text: str, limit: int) -> None:
    shown = clean(text, limit)

    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(character) for character in shown} & UNSAFE
    shown.encode("utf-8")


@MODEST
@given(text=ANY_TEXT)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    shown = clean(text)

    assert clean(shown) == shown


@MODEST
@given(before=ANY_TEXT, secret=SECRETS, after=ANY_TEXT)
def test_a_loaded_secret_never_comes_through(before: str, secret: str, after: str) -> None:
    shown = clean_message(f"{before}{secret}{after}", (secret,))

    assert secret not in shown.replace("[redacted]", " ")
