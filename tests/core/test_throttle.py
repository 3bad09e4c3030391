"""Client throttles: how much is held back, and when retries stop."""

from __future__ import annotations

import pytest

from hive_console.core.errors import SettingsError
from hive_console.core.throttle import WINDOW, ClientThrottle, RetryTokens
from tests.core.samples import NOW


def test_nothing_is_held_back_while_half_is_accepted() -> None:
    throttle = ClientThrottle()
    throttle.requested(NOW, 100)
    throttle.accepted(NOW, 50)

    assert throttle.refusal(NOW) == 0
    assert throttle.admits(NOW, 0.0)


def test_the_share_held_back_is_the_sre_books() -> None:
    throttle = ClientThrottle()
    throttle.requested(NOW, 100)
    throttle.accepted(NOW, 10)

    assert throttle.refusal(NOW) == pytest.approx(80 / 101)
    assert not throttle.admits(NOW, 0.79)
    assert throttle.admits(NOW, 0.80)


def test_requests_held_back_count_as_requests() -> None:
    throttle = ClientThrottle()
    throttle.requested(NOW, 9)

    before = throttle.refusal(NOW)
    throttle.admits(NOW, 0.0)

    assert throttle.refusal(NOW) > before


def test_a_throttle_forgets_after_its_window() -> None:
    throttle = ClientThrottle()
    throttle.requested(NOW, 100)

    assert throttle.refusal(NOW + WINDOW) == 0


def test_a_ceiling_always_lets_some_through() -> None:
    throttle = ClientThrottle(k=1 / 0.9, ceiling=0.9)
    throttle.requested(NOW, 1000)

    assert throttle.refusal(NOW) == 0.9


@pytest.mark.parametrize(
    ("field", "k", "window", "ceiling"), [("k", 0.5, 1, 1), ("window", 2, 0, 1), ("ceiling", 2, 1, 1.5)]
)
def test_a_throttle_that_makes_no_sense_is_refused_by_name(
    field: str, k: float, window: float, ceiling: float
) -> None:
    with pytest.raises(SettingsError) as caught:
        ClientThrottle(k, window, ceiling=ceiling)

    assert caught.value.field == field


def test_five_failures_of_ten_tokens_stop_retries() -> None:
    tokens = RetryTokens()

    for _ in range(4):
        tokens.on_failure()
    assert tokens.may_retry
    tokens.on_failure()

    assert tokens.tokens == 5
    assert not tokens.may_retry


def test_one_success_is_enough_to_be_above_half_again() -> None:
    tokens = RetryTokens()
    for _ in range(5):
        tokens.on_failure()

    tokens.on_success()

    assert tokens.tokens == 5.1
    assert tokens.may_retry


def test_tenths_do_not_drift() -> None:
    tokens = RetryTokens()
    for _ in range(3):
        tokens.on_failure()
    for _ in range(20):
        tokens.on_success()

    assert tokens.tokens == 9


def test_tokens_stay_between_none_and_all() -> None:
    tokens = RetryTokens(max_tokens=2)
    tokens.on_success()
    assert tokens.tokens == 2

    for _ in range(5):
        tokens.on_failure()
    assert tokens.tokens == 0


@pytest.mark.parametrize(("field", "most", "ratio"), [("maxTokens", 0, 0.1), ("tokenRatio", 10, 0)])
def test_tokens_that_make_no_sense_are_refused_by_name(field: str, most: float, ratio: float) -> None:
    with pytest.raises(SettingsError) as caught:
        RetryTokens(most, ratio)

    assert caught.value.field == field
