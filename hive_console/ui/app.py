"""The app: holds the screens, the themes and the way out; everything it shows comes through `EngineClient`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import tzinfo
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.filter import Monochrome

from hive_console.core.states import ModelStatus
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import READ_ONLY_REFUSAL
from hive_console.ui.driver import SafeDriver
from hive_console.ui.fleet_screen import FleetScreen
from hive_console.ui.theming import Colorless, PlainSigns, theme_of
from hive_themes.shelf import DEFAULT, WITHOUT_COLOR, read_all

SLOWEST, FASTEST = 0.1, 4.0
"""Bounds of the refresh rate in hertz: above four, a slow line only falls behind."""

STARTING_PERIOD, STARTING_FOR = 0.1, 5.0
"""Seconds between two readings while the first checks come in, and how long they may take: a person who just
started the console waits for them; later ones stand on their rows at the refresh rate."""

TERMINAL_GONE = 129
"""The return code after a hang-up: 128 + SIGHUP, what a shell would say."""


def commands() -> type[Provider]:
    """The palette's offers, loaded when the palette is opened."""
    from hive_console.ui.palette import HiveCommands

    return HiveCommands


class HiveApp(App[None], inherit_bindings=False):
    """The console's screens on one engine.

    Args:
        client: the way to the engine; it may still be starting.
        now: the clock, Unix seconds.
        wall: the clock by which keys are answered, when `now` may stand still.
        read_only: grays out everything that acts.
        on_terminal_gone: called once, with the reason, when the terminal went away; the app ends itself.
        on_first_paint: called once the first frame is drawn; heavy work begins there, not before.
        refresh_rate: readings a second, 0.1 to 4.
        zone: of the times shown; `None` is the machine's own.
        theme: one of `hive_themes.shelf.ORDER`.
        no_color: takes every colour out (`NO_COLOR`).
        is_ascii: draws without Unicode (`TERM=linux`).
    """

    TITLE = "HIVE"
    CSS_PATH = Path(__file__).with_name("hive.tcss")
    COMMANDS = {commands}  # noqa: RUF012 - the library's own shape
    ENABLE_COMMAND_PALETTE = True
    BINDING_GROUP_TITLE = "Everywhere"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", id="help", key_display="?"),
        Binding("q,ctrl+c,ctrl+q", "ask_to_quit", "quit", id="quit"),
        Binding("2", "show_alerts", "alerts", id="alerts"),
        Binding("1", "show_fleet", "fleet", id="fleet", show=False),
        Binding("colon", "command_palette", "commands", id="palette", show=False, key_display=":"),
        Binding("T", "next_theme", "next theme", id="theme", show=False),
        Binding("R", "become_read_only", "read-only from here on", id="read-only", show=False),
    ]

    def __init__(
        self,
        client: EngineClient,
        *,
        now: Callable[[], float],
        wall: Callable[[], float] | None = None,
        read_only: bool = False,
        on_terminal_gone: Callable[[str], None] | None = None,
        on_first_paint: Callable[[], None] = lambda: None,
        refresh_rate: float = 1.0,
        zone: tzinfo | None = None,
        theme: str = DEFAULT,
        no_color: bool = False,
        is_ascii: bool = False,
    ) -> None:
        super().__init__(driver_class=SafeDriver)
        self.animation_level = "none"
        self.client = client
        self.now = now
        self.wall = now if wall is None else wall
        self.read_only = read_only
        self.refusal_to_act = READ_ONLY_REFUSAL
        self.zone = zone
        self.is_ascii = is_ascii
        self._on_terminal_gone = on_terminal_gone
        self._on_first_paint = on_first_paint
        self._period = 1 / min(FASTEST, max(SLOWEST, refresh_rate))
        # The library's answer to NO_COLOR is shades of grey; ours is no colour at all.
        self._filters = [kept for kept in self._filters if not isinstance(kept, Monochrome)]
        self._colorless = Colorless(enabled=False)
        self._filters.append(self._colorless)
        if is_ascii:
            self._filters.append(PlainSigns())
        palettes = read_all()
        self.theme_titles = tuple((palette.name, palette.title) for palette in palettes)
        self._colorful = frozenset(palette.name for palette in palettes if palette.has_color)
        for palette in palettes:
            self.register_theme(theme_of(palette))
        self.theme = WITHOUT_COLOR if no_color or self.no_color else theme
        self._colorless.enabled = self.theme not in self._colorful
        self._fleet_screen = FleetScreen(client, now=now, wall=self.wall, zone=zone, is_ascii=is_ascii)

    def get_default_screen(self) -> FleetScreen:
        """The fleet is what one sees first."""
        return self._fleet_screen

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, lambda _: self._repaint())
        self.set_interval(self._period, self._fleet_screen.tick)
        self._starting_since, self._starting_at = self.wall(), self.client.snapshot().sequence
        self._starting = self.set_interval(STARTING_PERIOD, self._look_for_first_news)
        self.call_after_refresh(self._on_first_paint)

    def _look_for_first_news(self) -> None:
        """Draws each snapshot at once until something is known of every model."""
        fleet = self.client.snapshot()
        if fleet.sequence != self._starting_at:
            self._starting_at = fleet.sequence
            self._fleet_screen.tick()
        is_known = fleet.sequence and all(model.status is not ModelStatus.UNKNOWN for model in fleet.models)
        if is_known or self.wall() - self._starting_since > STARTING_FOR:
            self._starting.stop()

    def _repaint(self) -> None:
        self._colorless.enabled = self.theme not in self._colorful
        self.screen.refresh(layout=True)
        for widget in self.screen.walk_children():
            widget.refresh()

    async def on_event(self, event: events.Event) -> None:
        """Sees every key before any binding does."""
        if isinstance(event, events.Key):
            self._fleet_screen.somebody_is_here()
        await super().on_event(event)

    # --- the terminal ---

    def terminal_gone(self, reason: str) -> None:
        """Leaves the run loop; the engine goes on, if whoever is told of it lets it."""
        tell, self._on_terminal_gone = self._on_terminal_gone, None
        if tell is not None:
            tell(reason)
        self.exit(return_code=TERMINAL_GONE)

    def terminal_drained(self) -> None:
        """Draws all of the screen again: the terminal missed changes while it did not read."""
        self._repaint()

    def terminate(self, return_code: int) -> None:
        """Ends in order, as a signal asked."""
        self.exit(return_code=return_code)

    # --- going places ---

    def action_show_fleet(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_show_alerts(self) -> None:
        from hive_console.ui.alerts_screen import AlertsScreen

        if not isinstance(self.screen, AlertsScreen):
            self.action_show_fleet()
            self.push_screen(AlertsScreen(self.client, self.now))

    def go_to(self, model_id: str) -> None:
        """Shows the fleet with the cursor on this model."""
        self.action_show_fleet()
        self._fleet_screen.select(model_id)

    def action_command_palette(self) -> None:
        from hive_console.ui.palette import HivePalette

        if not isinstance(self.screen, HivePalette):
            self.push_screen(HivePalette())

    def action_help(self) -> None:
        from hive_console.ui.help_screen import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def offers(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What the palette offers of this kind of console alone: what is shown, and what it does."""
        yield "settings: reload the file (asks first)", self.action_reload

    def action_next_theme(self) -> None:
        names = [name for name, _ in self.theme_titles]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self._fleet_screen.say(f"theme: {dict(self.theme_titles)[self.theme]}")

    def action_become_read_only(self) -> None:
        """There is no key back: whoever hands over the keyboard wants it to stay so."""
        self.read_only = True
        self._fleet_screen.say("read-only from here on; start the console anew to act again")
        self.refresh_bindings()

    def action_reload(self) -> None:
        """Shows what the settings file would change, and asks; a read-only console shows it and does nothing."""
        from hive_console.ui.reload_dialog import ReloadDialog

        if not isinstance(self.screen, ReloadDialog):
            self.push_screen(ReloadDialog(self.client))

    # --- the way out ---

    def action_ask_to_quit(self) -> None:
        from hive_console.ui.confirm_dialog import ConfirmDialog

        if isinstance(self.screen, ConfirmDialog):
            return
        fleet = self.client.snapshot()
        gateway = f"; programs that use {fleet.gateway} lose their gateway" if fleet.gateway else ""
        text = f"Quit stops the engine: {len(fleet.models)} models are no longer watched{gateway}."
        self.push_screen(ConfirmDialog("Quit?", text, yes="Quit", no="Stay"), self._quit_if)

    def _quit_if(self, is_sure: bool | None) -> None:  # noqa: FBT001 - Textual's callback shape
        if is_sure:
            self.exit()
