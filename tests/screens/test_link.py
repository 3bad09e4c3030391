"""Frames go when the terminal says that it has drawn the last one; all in numbers, no clock runs."""

from __future__ import annotations

import pytest

from hive_console.ui.link import (
    FIRST_PATIENCE,
    IN_FLIGHT,
    LONGEST_PERIOD,
    LOST_PATIENCE,
    SEEN_AFTER,
    Link,
)

START = 1000.0
SIZE = 500


def link_that_answers(period: float = 1.0) -> Link:
    link = Link(period)
    link.sent(START - 1, SIZE, START - 1, mark=1, is_urgent=False)
    link.painted(link.answered(START - 0.99, 1))
    return link


def exchange(link: Link, at: float, took: float) -> None:
    link.sent(at, SIZE, at, mark=1, is_urgent=False)
    link.painted(link.answered(at + took, 1))


def test_the_next_picture_waits_until_the_last_one_is_drawn() -> None:
    link = link_that_answers()
    assert link.wait(START, is_urgent=False) == 0

    link.sent(START, SIZE, START, mark=1, is_urgent=False)

    assert link.wait(START + 1, is_urgent=False) > 0
    link.answered(START + 1.1, 1)
    assert link.wait(START + 1.1, is_urgent=False) == 0 or link.is_slow


def test_the_answer_to_a_key_does_not_wait_for_a_picture() -> None:
    link = link_that_answers()

    link.sent(START, SIZE, START, mark=1, is_urgent=False)

    assert link.wait(START, is_urgent=True) == 0


def test_held_keys_wait_once_the_link_is_full_of_their_answers() -> None:
    link = link_that_answers()

    link.sent(START, IN_FLIGHT, START, mark=1, is_urgent=True)

    assert link.wait(START, is_urgent=True) == LOST_PATIENCE


def test_a_slow_answer_halves_the_rate_and_a_quick_one_doubles_it() -> None:
    link = link_that_answers()

    exchange(link, START, 0.4)

    assert (link.rate, link.is_slow, link.words) == (0.5, True, "link 400 ms 0.5 Hz")
    assert link.wait(START + 1.0, is_urgent=False) == pytest.approx(1.0)
    exchange(link, START + 2, 0.05)
    assert (link.rate, link.is_slow, link.words) == (1.0, False, "")


def test_the_slowest_link_still_gets_a_picture_now_and_then() -> None:
    link = link_that_answers()

    for number in range(20):
        exchange(link, START + 10 * number, 5.0)

    assert link.rate == 1 / LONGEST_PERIOD
    assert link.wait(START + 195, is_urgent=False) <= LONGEST_PERIOD


def test_a_terminal_that_never_answers_is_drawn_on_by_the_clock_and_not_asked_again() -> None:
    link = Link(1.0)
    link.sent(START, SIZE, START, mark=1, is_urgent=False)
    assert link.wait(START + 0.5, is_urgent=False) == FIRST_PATIENCE - 0.5
    assert link.wait(START + 0.5, is_urgent=True) == 0

    assert link.wait(START + FIRST_PATIENCE, is_urgent=False) == 0

    assert not link.asks
    link.sent(START + 2, SIZE, START + 2, mark=1, is_urgent=False)
    assert link.wait(START + 2, is_urgent=False) == 0
    assert link.wait(START + 2, is_urgent=True) == 0


def test_a_first_answer_that_comes_late_counts() -> None:
    link = Link(1.0)
    link.sent(START, SIZE, START, mark=1, is_urgent=False)
    link.wait(START + FIRST_PATIENCE, is_urgent=False)

    link.answered(START + 2, 1)

    assert link.asks


def test_a_picture_is_painted_when_the_answer_to_its_frame_comes() -> None:
    link = link_that_answers()
    link.sent(START, SIZE, START, mark=1, is_urgent=False)
    assert link.painted_until(START + 5) < START

    link.painted(link.answered(START + 5.1, 1))

    assert link.painted_until(START + 5.1) == START


def test_without_answers_a_picture_is_held_to_be_painted_after_a_moment() -> None:
    link = Link(1.0)
    link.sent(START, SIZE, START, mark=1, is_urgent=False)
    link.wait(START + FIRST_PATIENCE, is_urgent=False)
    later = START + 10
    link.sent(later, SIZE, later, mark=1, is_urgent=True)

    assert link.painted_until(later + SEEN_AFTER / 2) == START
    assert link.painted_until(later + 2 * SEEN_AFTER) == later


def test_after_a_stall_each_answer_is_taken_for_its_own_frame() -> None:
    link = link_that_answers()
    link.sent(START, SIZE, START, mark=7, is_urgent=False)
    stalled = START + LOST_PATIENCE
    assert link.wait(stalled, is_urgent=False) == 0
    link.sent(stalled, SIZE, stalled, mark=8, is_urgent=False)

    link.painted(link.answered(stalled + 1, 7))

    assert link.painted_until(stalled + 1) == START
    link.painted(link.answered(stalled + 1.1, 8))
    assert link.painted_until(stalled + 1.1) == stalled


def test_a_lost_answer_is_made_good_by_the_next_one() -> None:
    link = link_that_answers()
    link.sent(START, SIZE, START, mark=7, is_urgent=False)
    link.sent(START + 1, SIZE, START + 1, mark=8, is_urgent=True)

    link.painted(link.answered(START + 1.1, 8))

    assert link.painted_until(START + 1.1) == START + 1
    assert link.rtt == pytest.approx(0.1)
    assert link.wait(START + 1.1, is_urgent=False) == 0


def test_an_answer_that_nobody_waits_for_changes_nothing() -> None:
    link = link_that_answers()

    link.sent(START, SIZE, START, mark=7, is_urgent=False)

    assert link.answered(START, 9) == link.painted_until(START) == START - 1
    assert link.rtt == pytest.approx(0.01)


def test_a_terminal_that_begins_anew_owes_no_answer() -> None:
    link = link_that_answers()
    link.sent(START, IN_FLIGHT, START, mark=1, is_urgent=False)

    link.lost()

    assert link.wait(START, is_urgent=False) == 0
