"""The console's settings: bounds, and actions with other keys."""

from __future__ import annotations

import pytest

from hive_console.core.console_settings import MOST_REMAPS, ConsoleSettings, Remap
from hive_console.core.errors import SettingsError


@pytest.mark.parametrize("refresh", [0.1, 1.0, 4.0])
def test_a_refresh_rate_within_bounds_is_taken(refresh: float) -> None:
    assert ConsoleSettings(refresh=refresh).refresh == refresh


@pytest.mark.parametrize("refresh", [0.0, 0.09, 4.1, float("nan")])
def test_a_refresh_rate_out_of_bounds_is_refused(refresh: float) -> None:
    with pytest.raises(SettingsError, match=r"must be from 0\.1 to 4"):
        ConsoleSettings(refresh=refresh)


@pytest.mark.parametrize("word", ["", "a b", "\x1b", "x" * 41])
def test_what_is_no_word_is_neither_an_action_nor_a_key(word: str) -> None:
    with pytest.raises(SettingsError, match="neither an action nor a key"):
        Remap(word, ("o",))
    with pytest.raises(SettingsError, match="neither an action nor a key"):
        Remap("fleet.sort", (word,))


@pytest.mark.parametrize("count", [0, 5])
def test_an_action_has_one_to_four_keys(count: int) -> None:
    with pytest.raises(SettingsError, match=f"fleet.sort has {count} keys; must be from 1 to 4"):
        Remap("fleet.sort", tuple("abcde"[:count]))


def test_more_remaps_than_there_are_actions_are_refused() -> None:
    with pytest.raises(SettingsError, match=f"has {MOST_REMAPS + 1} entries"):
        ConsoleSettings(keys=(Remap("fleet.sort", ("o",)),) * (MOST_REMAPS + 1))


def test_a_remap_is_told_as_the_file_may_write_it() -> None:
    assert str(Remap("help", ("?", '"'))) == 'help: ["?", \'"\']'
