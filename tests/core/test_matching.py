"""Matchers: a label, and what its value must be or must not be."""

from __future__ import annotations

import pytest

from hive_console.core.alerting.matching import LONGEST_MATCHER, Matcher, all_match
from hive_console.core.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "value", "fits"),
    [
        ("model=gpt-5", "gpt-5", True),
        ("model=gpt-5", "gpt-5-mini", False),
        ("model=gpt-*", "gpt-5", True),
        ("model=gpt-*", "claude", False),
        ("model=*-mini", "gpt-5-mini", True),
        ("model=*-mini", "gpt-5", False),
        ("model=a*b*c", "axxbxxc", True),
        ("model=a*b*c", "axxc", False),
        ("model=a*b*b", "ab", False),
        ("model=aba*aba", "aba", False),
        ("model=*", "", True),
        ("model=a.c", "abc", False),
        ("model!=gpt-5", "gpt-5", False),
        ("model!=gpt-5", "claude", True),
        (" model = gpt-5 ", "gpt-5", True),
    ],
)
def test_a_pattern_fits_what_it_says_and_only_the_star_has_a_meaning(text: str, value: str, *, fits: bool) -> None:
    assert Matcher.parse(text).matches({"model": value}) is fits


def test_a_label_that_is_not_there_is_empty() -> None:
    assert not Matcher.parse("route=smart").matches({"model": "a"})
    assert Matcher.parse("route!=smart").matches({"model": "a"})


def test_all_must_fit_and_none_fits_everything() -> None:
    matchers = [Matcher.parse("model=a"), Matcher.parse("severity!=info")]

    assert all_match(matchers, {"model": "a", "severity": "error"})
    assert not all_match(matchers, {"model": "a", "severity": "info"})
    assert all_match([], {})


@pytest.mark.parametrize("text", ["model", "model=", "planet=mars", "=a", f"model={'x' * (LONGEST_MATCHER + 1)}"])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        Matcher.parse(text)


def test_it_reads_as_it_was_written() -> None:
    assert [str(Matcher.parse(text)) for text in ("model=a", "model != b*")] == ["model=a", "model!=b*"]
