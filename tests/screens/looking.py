"""Looking at the fleet screen in a test: its panes and rows as text, and keys as a person presses them."""

from __future__ import annotations

from collections.abc import Callable

from textual.pilot import Pilot

from hive_console.ui.app import HiveApp
from hive_console.ui.fleet_screen import FleetScreen
from hive_widgets.fleet_table import FleetTable
from hive_widgets.line_pane import LinePane

Console = Callable[..., HiveApp]
SMALL = (80, 24)


def pane(app: HiveApp, name: str) -> str:
    return fleet_screen(app).query_one(f"#{name}", LinePane).text


def fleet_screen(app: HiveApp) -> FleetScreen:
    screen = app.screen_stack[0]
    assert isinstance(screen, FleetScreen)
    return screen


def table(app: HiveApp) -> FleetTable:
    return fleet_screen(app).query_one(FleetTable)


def rows(app: HiveApp) -> list[str]:
    """The table as it is drawn, header first."""
    shown = table(app)
    return ["".join(segment.text for segment in shown.render_line(y)) for y in range(shown.size.height)]


def selected(app: HiveApp) -> str:
    model = table(app).selected
    assert model is not None
    return model.model_id


async def typed(pilot: Pilot[None], *keys: str) -> None:
    await pilot.pause()
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def ticked(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, HiveApp)
    fleet_screen(app).tick()
    await pilot.pause()


def is_at_fleet(app: HiveApp) -> bool:
    """Whether nothing stands before the fleet screen."""
    return len(app.screen_stack) == 1
