"""Pictures of the fleet screen at the two sizes that matter, dark and light, under a frozen clock."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hive_console.ui.app import HiveApp
from tests.screens import posted
from tests.screens.posted import FakeClient

Console = Callable[..., HiveApp]
SnapCompare = Callable[..., bool]


@pytest.mark.parametrize("theme", ["hive-dark", "hive-light"])
@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=["80x24", "140x40"])
def test_picture_of_an_incident(
    snap_compare: SnapCompare, console: Console, theme: str, size: tuple[int, int]
) -> None:
    client = FakeClient(posted.incident(), posted.incident_events())

    assert snap_compare(console(client, theme=theme), terminal_size=size)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=["80x24", "140x40"])
def test_picture_of_the_way_back(snap_compare: SnapCompare, console: Console, size: tuple[int, int]) -> None:
    assert snap_compare(console(FakeClient(posted.returning())), terminal_size=size)


def test_picture_without_colour(snap_compare: SnapCompare, console: Console) -> None:
    client = FakeClient(posted.incident(), posted.incident_events())

    assert snap_compare(console(client, no_color=True), terminal_size=(80, 24))


def test_picture_before_the_engine_is_up(snap_compare: SnapCompare, console: Console) -> None:
    assert snap_compare(console(FakeClient(posted.unknown())), terminal_size=(80, 24))


def test_picture_of_help(snap_compare: SnapCompare, console: Console) -> None:
    client = FakeClient(posted.incident())

    assert snap_compare(console(client), terminal_size=(80, 24), press=["question_mark"])


def test_picture_of_a_filtered_fleet_of_fifty(snap_compare: SnapCompare, console: Console) -> None:
    client = FakeClient(posted.many(50))

    assert snap_compare(console(client), terminal_size=(80, 24), press=["slash", *"!00", "enter", "G"])
