"""Charts for pages."""

from __future__ import annotations

import pytest

from hive_console.core.block_chart import ROWS, chart

WINDOW = (1_790_000_000.0, 1_790_003_600.0)


def body(values: tuple[float | None, ...], *, top: float = 1.0, is_ascii: bool = False) -> list[str]:
    lines = chart(values, top=top, top_label="1s", window=WINDOW, is_ascii=is_ascii)
    return [line.partition("|")[2].ljust(len(values)) for line in lines[:-1]]


def test_a_column_is_as_high_as_its_value() -> None:
    columns = ["".join(column) for column in zip(*body((0.0, 0.2, 0.5, 1.0)), strict=True)]

    assert columns == ["    ▁", "    █", "  ▄██", "█████"]


def test_what_is_not_known_is_blank_and_zero_is_not() -> None:
    assert [line[0] for line in body((None, 0.0))] == [" "] * ROWS
    assert body((None, 0.0))[-1] == " ▁"


def test_nothing_but_zeros_is_a_chart_too() -> None:
    assert body((0.0, 0.0), top=0.0)[-1] == "▁▁"


def test_without_unicode_it_is_ascii() -> None:
    lines = chart((0.0, 0.5, 1.0, None), top=1.0, top_label="1s", window=WINDOW, is_ascii=True)

    assert all(line.isascii() for line in lines)
    assert lines[0] == "      1s |  #"


@pytest.mark.parametrize(("width", "axis"), [(30, "09-21 14:13        09-21 15:13"), (12, "09-21 14:13")])
def test_both_ends_of_the_window_stand_below_where_there_is_room(width: int, axis: str) -> None:
    lines = chart((0.5,) * width, top=1.0, top_label="1s", window=WINDOW)

    assert lines[-1].strip() == axis
