"""What mattered, as few lines."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core import summary_lines
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import ModelStatus, Severity
from hive_console.core.summary_lines import MOST_LINES, SummaryLine, SummaryLines

T0 = 1_790_000_000.0


def lines_of(*events: e.Event) -> tuple[tuple[SummaryLine, ...], int]:
    told = SummaryLines()
    for event in events:
        told.observe(event)
    return told.lines()


def failed_check(at: float, model: str = "a") -> e.ProbeFinished:
    return e.ProbeFinished(at=T0 + at, model=model, kind=OutcomeKind.TIMED_OUT, latency=5.0, message="no answer")


def down(at: float) -> e.StatusChanged:
    return e.StatusChanged(
        at=T0 + at, model="a", old=ModelStatus.AVAILABLE, new=ModelStatus.UNAVAILABLE, cause=f"cause {at}"
    )


def test_more_of_the_same_is_one_line_with_its_count() -> None:
    (line,), left_out = lines_of(failed_check(0), failed_check(30), failed_check(60))

    assert (line.at, line.until, line.count, left_out) == (T0, T0 + 60, 3, 0)


def test_the_same_much_later_is_another_line() -> None:
    lines, _ = lines_of(failed_check(0), failed_check(1_000))

    assert [line.count for line in lines] == [1, 1]


def test_steps_of_one_recovery_are_one_line_without_a_count() -> None:
    (line,), _ = lines_of(*(e.RampAdvanced(at=T0 + n, model="a", share=0.1 * n) for n in range(1, 5)))

    assert line.count == 1
    assert "40 %" in line.text


def test_routine_leaves_no_line() -> None:
    good = e.ProbeFinished(at=T0, model="a", kind=OutcomeKind.SUCCESS, latency=0.1)

    assert lines_of(good) == ((), 0)


def test_of_too_many_lines_the_critical_ones_stay_and_the_rest_is_counted() -> None:
    many = [e.EngineStopped(at=T0 + number) for number in range(MOST_LINES + 10)]

    lines, left_out = lines_of(*many, *map(down, range(MOST_LINES + 5)))

    assert {line.severity for line in lines} == {Severity.CRITICAL}
    assert len(lines) == MOST_LINES
    assert lines[-1].text.endswith(f"(cause {MOST_LINES + 4})")
    assert left_out == 10 + 5 + MOST_LINES


def test_lines_are_in_the_order_of_time() -> None:
    lines, _ = lines_of(e.EngineStopped(at=T0), down(1), e.EngineStopped(at=T0 + 2))

    assert [line.at for line in lines] == [T0, T0 + 1, T0 + 2]


def test_topics_that_are_too_many_are_forgotten_and_counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary_lines, "_TOPICS", 1)

    lines, _ = lines_of(failed_check(0), failed_check(1, "b"), failed_check(2))

    assert [line.count for line in lines] == [1, 1, 1]
