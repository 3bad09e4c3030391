"""What screen tests share: the console on a posted fleet, under a frozen clock, in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import pytest

from hive_console.ui.app import HiveApp
from tests.screens.posted import FakeClient, FrozenClock

Console = Callable[..., HiveApp]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def console(clock: FrozenClock) -> Console:
    """Makes the console on a client; the rest as `HiveApp` takes it."""

    def make(
        client: FakeClient, *, theme: str = "hive-dark", read_only: bool = False, no_color: bool = False
    ) -> HiveApp:
        return HiveApp(client, now=clock, zone=UTC, theme=theme, read_only=read_only, no_color=no_color)

    return make
