"""The promise: a provider dies under load, no client notices, and its return needs nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from hive_console.core.events import BreakerChanged
from hive_console.core.states import BreakerState
from hive_console.core.store import Wanted
from hive_storage.store import SqliteStore
from tests.system.program import Headless, Provider, console, eventually, settings_for, status
from tests.system.traffic import Load

BREAKER_OPEN_WITHIN = 2.0
"""Seconds from the kill: at ten requests a second five failures take half a second."""

BACK_WITHIN = 5.0
"""Seconds from the server's return, beside the breaker's timeout."""

RECOVERY = 3.0


def breaker_of(data: Path, model: str) -> str:
    for view in status(data).get("models", ()):
        if view["model_id"] == model:
            return str(view["breaker"]["state"])
    return ""


async def opened_at(data: Path, model: str) -> float:
    """When the recording says the model's breaker opened, in Unix seconds."""
    async with SqliteStore.open(data) as recording:
        events = await recording.events(Wanted())
    moves = (event for event in events if isinstance(event, BreakerChanged) and event.model == model)
    return next(event.at for event in moves if event.new is BreakerState.OPEN)


async def test_no_request_fails_while_the_primary_dies_and_returns(
    tmp_path: Path, provider: Callable[[str], Provider], headless: Callable[..., Headless]
) -> None:
    primary, second, third = (provider(name) for name in ("alpha", "beta", "gamma"))
    engine = headless(str(settings_for(tmp_path, primary, second, third, recovery=f"{RECOVERY:g}s")))
    with Load(engine.gateway(), "alpha") as load:
        eventually(lambda: "alpha" in load.served_since(0), what="the primary serves")

        killed_at, killed_at_utc = time.monotonic(), time.time()
        primary.kill()
        eventually(lambda: breaker_of(engine.data, "alpha") == "open", what="the breaker opens")
        eventually(lambda: load.served_since(killed_at + 1).count("beta") >= 10, what="the fallback serves")

        primary.start()
        returned_at = time.monotonic()
        eventually(lambda: "alpha" in load.served_since(returned_at), what="traffic is back")
        back_after = time.monotonic() - returned_at

    assert engine.stop() == 0
    assert load.errors() == []
    assert await opened_at(engine.data, "alpha") - killed_at_utc <= BREAKER_OPEN_WITHIN
    assert back_after <= BACK_WITHIN + RECOVERY


def test_the_screen_tells_of_the_outage_and_of_the_recovery(
    tmp_path: Path, provider: Callable[[str], Provider]
) -> None:
    primary, second, third = (provider(name) for name in ("alpha", "beta", "gamma"))
    config = str(settings_for(tmp_path, primary, second, third))
    with console(tmp_path, config) as terminal:
        gateway = eventually(lambda: str(status(tmp_path / "data").get("gateway", "")), what="the gateway listens")
        with Load(gateway, "alpha") as load:
            eventually(lambda: "alpha" in load.served_since(0), what="the primary serves")
            primary.kill()
            eventually(lambda: "alpha DOWN" in terminal.text(), what="the headline tells of the outage")
            eventually(lambda: "traffic on beta" in terminal.text(), what="the headline tells who serves")
            primary.start()
            eventually(lambda: "alpha recovered" in terminal.text(), what="the log tells of the recovery")

        assert load.errors() == []
