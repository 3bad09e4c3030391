"""The app: holds the screens, the themes and the way out; everything it shows comes through `EngineClient`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, assert_never, runtime_checkable

from rich.console import COLOR_SYSTEMS
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.filter import Monochrome
from textual.notifications import SeverityLevel
from textual.screen import Screen

from hive_console.core.console_settings import FASTEST, SLOWEST
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import ModelStatus
from hive_console.engine.client import EngineClient
from hive_console.engine.history import History
from hive_console.ui.app_traits import READ_ONLY_REFUSAL
from hive_console.ui.asides import Asides
from hive_console.ui.attention import Attention, window_title
from hive_console.ui.crash import crash_words
from hive_console.ui.digest_pane import LOOK_PERIOD, Digest, DigestLook
from hive_console.ui.driver import SafeDriver
from hive_console.ui.fleet_screen import FleetScreen
from hive_console.ui.look import Look
from hive_console.ui.painting import PaintedApp, Painter
from hive_console.ui.plain_signs import in_ascii
from hive_console.ui.terminal import notification_sequence
from hive_console.ui.theming import Colorless, PlainSigns, Sixteen, theme_of
from hive_console.ui.title import DEMO
from hive_console.ui.way_out import Tie
from hive_themes.shelf import DEFAULT, WITHOUT_COLOR, read_all
from hive_widgets.pieces import harmless

if TYPE_CHECKING:  # loaded with the first copy, and with the first question about the end
    from hive_console.core.command import CommandResult
    from hive_console.ui.copying import KeepCopy
    from hive_console.ui.quit_dialog import Way

STARTING_PERIOD, STARTING_FOR = 0.1, 5.0
"""Seconds between two readings while the first checks come in, and how long they may take: a person who just
started the console waits for them; later ones stand on their rows at the refresh rate."""

STOP_WAIT = 2.0
"""Seconds that the audit of an ordered end may take before the screen goes all the same."""

QUIT = "quit on its own screen"
"""The reason that the audit trail has for that."""

PASTE_LIMIT = 4096
"""Characters of a paste that are looked at: eight times the longest field. A megabyte holds up every thread."""

TERMINAL_GONE = 129
"""The return code after a hang-up: 128 + SIGHUP, what a shell would say."""


@runtime_checkable
class Answering(Protocol):
    """A screen that can answer a key."""

    def say(self, text: str) -> None:
        """Shows the text for a few seconds."""
        ...


class HiveApp(PaintedApp, inherit_bindings=False):
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
        look: theme, colour, signs and refresh rate, and how else this terminal is spoken to; it takes their place.
        keep_copy: keeps a copied text in a file and returns its path.
        environ: by which a copy finds the terminal's clipboard.
        tie: what becomes of the engine when the screen is left.
        history: the past beyond the engine's latest events; `None` where there is none to ask.
        digest: asks what this user missed since they last looked; shown on the fleet's screen when it is known.
    """

    TITLE = "HIVE"
    CSS_PATH = Path(__file__).with_name("hive.tcss")
    ENABLE_COMMAND_PALETTE = False  # ours is another one
    BINDING_GROUP_TITLE = "Everywhere"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", id="help", key_display="?"),
        Binding("q,ctrl+c,ctrl+q", "ask_to_quit", "quit", id="quit"),
        Binding("2", "show_alerts", "alerts", id="alerts"),
        Binding("3", "show_timeline", "timeline", id="timeline"),
        Binding("4", "show_routes", "routes", id="routes"),
        Binding("5", "show_audit", "audit", id="audit"),
        Binding("1", "show_fleet", "fleet", id="fleet", show=False),
        Binding("exclamation_mark", "worst", "go to the worst", id="worst", show=False, key_display="!"),
        Binding("colon,ctrl+p", "command_palette", "commands", id="palette", show=False, key_display=":"),
        Binding("T", "next_theme", "next theme", id="theme", show=False),
        Binding("y", "copy_row", "copy the row", id="copy.row", show=False),
        Binding("Y", "copy_summary", "copy the incident", id="copy.summary", show=False),
        Binding("m", "mute", "bell off, or on", id="mute", show=False),
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
        look: Look | None = None,
        keep_copy: KeepCopy | None = None,
        environ: Mapping[str, str] | None = None,
        history: History | None = None,
        tie: Tie = Tie.SHARED_END,
        digest: Digest | None = None,
    ) -> None:
        super().__init__(driver_class=SafeDriver)
        if look is None:
            look = Look(
                theme=theme, no_color=no_color or self.no_color, is_ascii=is_ascii, refresh_rate=refresh_rate
            )
        self._look = look
        # The library's own answer calls terminals truecolor that are not, and others poor that are not.
        self.console._color_system = COLOR_SYSTEMS[look.depth.value]  # noqa: SLF001 - it can be said only before it is asked
        self.animation_level = "none"
        self.client = client
        self.now = now
        self.wall = now if wall is None else wall
        self.read_only = read_only
        self.refusal_to_act = READ_ONLY_REFUSAL
        self.zone = zone
        self.is_ascii = look.is_ascii
        self._attention = Attention(is_muted=not look.has_bell)
        self._keep_copy, self._environ = keep_copy, environ or {}
        self.history = history
        self._tie = tie
        self.is_left = False
        self.has_failed = False
        self.has_stopped_engine = False
        self._digest = digest
        self._on_terminal_gone = on_terminal_gone
        self._on_first_paint = on_first_paint
        self._period = 1 / min(FASTEST, max(SLOWEST, look.refresh_rate))
        self.painter = Painter(self._period, self.wall)
        # The library's answer to NO_COLOR is shades of grey; ours is no colour at all.
        self._filters = [kept for kept in self._filters if not isinstance(kept, Monochrome)]
        self._colorless = Colorless(enabled=False)
        self._filters.append(self._colorless)
        if self.is_ascii:
            self._filters.append(PlainSigns())
        palettes = read_all()
        self.theme_titles = tuple((palette.name, palette.title) for palette in palettes)
        self._colorful = frozenset(palette.name for palette in palettes if palette.has_color and not look.no_color)
        self._sixteen = {palette.name: Sixteen(palette, enabled=False) for palette in palettes if palette.is_ansi}
        self._filters += self._sixteen.values()
        for palette in palettes:
            self.register_theme(theme_of(palette))
        self.theme = WITHOUT_COLOR if look.no_color else look.theme
        self._take_colors_out()
        if look.keys:
            from hive_console.ui.keymap import keymap_of  # only where somebody has other keys

            self.set_keymap(keymap_of(look.keys))
        self._fleet_screen = FleetScreen(client, now=now, wall=self.wall, zone=zone, is_ascii=self.is_ascii)

    def get_default_screen(self) -> FleetScreen:
        """The fleet is what one sees first."""
        return self._fleet_screen

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, lambda _: self._repaint())
        self.set_interval(self._period, self._fleet_screen.tick)
        self.set_interval(self._period, self.call_for_attention)
        self.call_after_refresh(self.call_for_attention)
        self._starting_since, self._starting_at = self.wall(), self.client.snapshot().sequence
        self._starting = self.set_interval(STARTING_PERIOD, self._look_for_first_news)
        self.call_after_refresh(self._on_first_paint)
        if self._digest is not None:
            self._look_for_digest(self._digest)

    def _look_for_digest(self, digest: Digest) -> None:
        look = DigestLook(self.client, digest, self._fleet_screen.show_digest)

        def look_again() -> None:
            if look.is_over():
                looking.stop()

        looking = self.set_interval(LOOK_PERIOD, look_again)

    def _look_for_first_news(self) -> None:
        """Draws each snapshot at once until something is known of every model."""
        fleet = self.client.snapshot()
        if fleet.sequence != self._starting_at:
            self._starting_at = fleet.sequence
            self._fleet_screen.tick()
        is_known = fleet.sequence and all(model.status is not ModelStatus.UNKNOWN for model in fleet.models)
        if is_known or self.wall() - self._starting_since > STARTING_FOR:
            self._starting.stop()

    def _take_colors_out(self) -> None:
        self._colorless.enabled = self.theme not in self._colorful
        for name, sixteen in self._sixteen.items():
            sixteen.enabled = name == self.theme and name in self._colorful

    @property
    def _asides(self) -> Asides | None:
        """What is told beside the picture, where the driver can tell anything."""
        driver: object = self._driver
        return driver if isinstance(driver, Asides) else None

    def call_for_attention(self) -> None:
        """Tells the window how many critical alerts wait, and calls for what is new.

        By the notices to this terminal where the settings have a channel for it, else by the bell for each new
        critical alert.
        """
        fleet = self.client.snapshot()
        driver = self._asides
        if driver is not None:
            if self._look.has_title:
                title = window_title(fleet)
                driver.name_window(in_ascii(title) if self.is_ascii else title)
            self._ring(driver, fleet)

    def _ring(self, driver: Asides, fleet: FleetSnapshot) -> None:
        attention, wall = self._attention, self.wall()
        attention.take(self.client.events(attention.cursor), fleet)
        is_new = attention.rings(fleet, wall)
        call = attention.call(fleet, wall)
        if is_new if call is None and not attention.has_channel(fleet) else call is not None and call.is_loud:
            driver.ring()
        if call is not None and self._look.has_title:  # a terminal that knows such orders, or drops them
            texts = (window_title(fleet), call.text)
            title, text = map(in_ascii, texts) if self.is_ascii else texts
            driver.order(notification_sequence(title, text, self._environ))

    def _repaint(self) -> None:
        self._take_colors_out()
        self.screen.refresh(layout=True)
        for widget in self.screen.walk_children():
            widget.refresh()

    async def on_event(self, event: events.Event) -> None:
        """Sees every key before any binding does, and every paste before any field: fields draw what they hold."""
        if isinstance(event, events.Paste):
            event.text = harmless(next(iter(event.text[:PASTE_LIMIT].splitlines()), ""))
        if isinstance(event, events.Key):
            self._fleet_screen.somebody_is_here()
        await super().on_event(event)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Shows a toast; never markup, whoever asks for it, and nothing that orders the terminal about."""
        del markup
        super().notify(harmless(message), title=harmless(title), severity=severity, timeout=timeout, markup=False)

    # --- the terminal ---

    def terminal_gone(self, reason: str) -> None:
        """Leaves the run loop; the engine goes on, if whoever is told of it lets it."""
        tell, self._on_terminal_gone = self._on_terminal_gone, None
        if tell is not None:
            tell(reason)
        self.exit(return_code=TERMINAL_GONE)

    def terminal_drained(self) -> None:
        """Sends all of the screen again: it is not known what the terminal shows."""
        if (driver := self._asides) is not None:
            driver.forget_window()
        self.painter.begin_anew()

    def _fatal_error(self) -> None:
        """Ends by an error: where it was is told, and never what the screen held.

        The library's own answer prints every local variable, and with them what models and upstreams said.
        """
        self.has_failed = True
        error = self._exception or sys.exc_info()[1]
        if error is not None:
            self._exit_renderables.append(Text(crash_words(error)))
        self._close_messages_no_wait()

    def terminate(self, return_code: int) -> None:
        """Ends in order, as a signal asked."""
        self.exit(return_code=return_code)

    # --- going places ---

    def action_show_fleet(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_show_alerts(self) -> None:
        from hive_console.ui.alerts_screen import AlertsScreen

        self._show_place("alerts", AlertsScreen)

    def show_alerts_pane(self, name: str) -> None:
        """Shows one of the panes beside the inbox."""
        from hive_console.ui.alerts_screen import AlertsScreen

        self.action_show_alerts()
        screen = self.screen
        if isinstance(screen, AlertsScreen):
            screen.call_after_refresh(screen.go_to_pane, name)

    def action_show_timeline(self) -> None:
        from hive_console.ui.timeline_screen import TimelineScreen

        self._show_place("timeline", TimelineScreen)

    def action_show_routes(self) -> None:
        from hive_console.ui.routes_screen import RoutesScreen

        self._show_place("routes", RoutesScreen)

    def action_show_audit(self) -> None:
        from hive_console.ui.audit_screen import AuditScreen

        self._show_place("audit", AuditScreen)

    def _show_place(self, name: str, make: Callable[[EngineClient, Callable[[], float]], Screen[None]]) -> None:
        """Shows a place above the fleet. There is one of each, made when first asked for, that keeps its state."""
        if not self.is_screen_installed(name):
            self.install_screen(make(self.client, self.now), name)
        if self.screen is not self.get_screen(name):
            self.action_show_fleet()
            self.push_screen(name)

    def action_worst(self) -> None:
        """The worst model of the fleet, from wherever one is."""
        self.action_show_fleet()
        self._fleet_screen.action_worst()

    def go_to(self, model_id: str) -> None:
        """Shows the fleet with the cursor on this model."""
        self.action_show_fleet()
        self._fleet_screen.select(model_id)

    def filter_fleet(self, words: str) -> None:
        """Shows the fleet, narrowed to what these words admit."""
        self.action_show_fleet()
        self._fleet_screen.set_filter(words)

    def action_command_palette(self) -> None:
        from hive_console.ui.palette import HivePalette
        from hive_console.ui.palette_offers import Offers

        if not isinstance(self.screen, HivePalette):
            self.push_screen(HivePalette(Offers(self)), self._run)

    def _run(self, chosen: Callable[[], None] | None) -> None:
        if chosen is not None:
            chosen()

    def action_help(self) -> None:
        from hive_console.ui.help_screen import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def offers(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What the palette offers of this kind of console alone: what is shown, and what it does."""
        yield "settings: reload the file (asks first)", self.action_reload
        if self._tie is not Tie.SHARED_END:
            yield "engine: stop it (asks, and has it typed)", self.action_stop_engine

    def action_next_theme(self) -> None:
        names = [name for name, _ in self.theme_titles]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.answer(f"theme: {dict(self.theme_titles)[self.theme]}")

    def action_mute(self) -> None:
        self._attention.is_muted = not self._attention.is_muted
        self.answer("the bell is off" if self._attention.is_muted else "the bell rings for new critical alerts")

    def action_copy_row(self) -> None:
        from hive_console.ui.copying import Copyable

        row = self.screen.copied_row() if isinstance(self.screen, Copyable) else ""
        if row:
            self._copy("row", row)
        else:
            self.answer("there is no row to copy here")

    def action_copy_summary(self) -> None:
        from hive_console.ui.incident_words import incident_summary

        self._copy("incident", incident_summary(self.client.snapshot(), self.now(), self.zone))

    def _copy(self, what: str, text: str) -> None:
        """Gives the text to the terminal, and to a file on a thread: a home directory may hang."""
        from hive_console.ui.copying import clipboard_sequence, copied_words, harmless_text

        text = harmless_text(text)
        sequence = clipboard_sequence(text, self._environ)
        if (driver := self._asides) is not None and sequence:
            driver.order(sequence)
        keep = self._keep_copy
        if keep is None:
            self.answer(copied_words(what, is_sent=bool(sequence), kept=""))
            return

        def write() -> None:
            try:
                kept = f"also in {keep(text)}"
            except OSError as exc:
                kept = f"no file has it: {exc.strerror or exc}"
            self.call_from_thread(self.answer, copied_words(what, is_sent=bool(sequence), kept=kept))

        self.run_worker(write, thread=True, exit_on_error=False, group="copy")

    def answer(self, text: str) -> None:
        """Answers a key on the screen in front, where that can say something, or on the fleet."""
        screen = self.screen if isinstance(self.screen, Answering) else self._fleet_screen
        screen.say(text)

    def action_become_read_only(self) -> None:
        """There is no key back: whoever hands over the keyboard wants it to stay so."""
        self.read_only = True
        self.client.become_read_only()
        self._fleet_screen.say("read-only from here on; start the console anew to act again")
        self.refresh_bindings()

    def action_reload(self) -> None:
        """Shows what the settings file would change, and asks; a read-only console shows it and does nothing."""
        from hive_console.ui.reload_dialog import ReloadDialog

        if not isinstance(self.screen, ReloadDialog):
            self.push_screen(ReloadDialog(self.client))

    # --- the way out ---

    def action_ask_to_quit(self) -> None:
        """A guest just goes; in the engine's own process it matters whether that ends, too."""
        match self._tie:
            case Tie.GUEST:
                self.leave()
            case Tie.HOUSE:
                from hive_console.ui.quit_dialog import QuitDialog

                if not isinstance(self.screen, QuitDialog):
                    self.push_screen(QuitDialog(self.client.snapshot(), self.client.session), self._go)
            case Tie.SHARED_END:
                self._ask_to_end()
            case _:
                assert_never(self._tie)

    def leave(self) -> None:
        """Ends the screen; the engine goes on."""
        self.is_left = True
        self.exit()

    def _go(self, way: Way | None) -> None:
        from hive_console.ui.quit_dialog import Way

        if way is Way.LEAVE:
            self.leave()
        elif way is Way.STOP:
            # Audited where that is possible; whoever sits at the engine's own process can end it anyhow.
            loop, stopping = asyncio.get_running_loop(), self.client.stop(QUIT)
            self.set_timer(STOP_WAIT, self.exit)
            stopping.add_done_callback(lambda _: loop.call_soon_threadsafe(self.exit))

    def action_stop_engine(self) -> None:
        """Asks, and has it typed."""
        from hive_console.ui.stop_dialog import StopDialog

        if not isinstance(self.screen, StopDialog):
            self.push_screen(StopDialog(self.client), self._stopped)

    def _stopped(self, result: CommandResult | None) -> None:
        if result is not None and result.is_done:
            self.has_stopped_engine = True
            self.exit()

    def _ask_to_end(self) -> None:
        from hive_console.ui.confirm_dialog import ConfirmDialog

        if isinstance(self.screen, ConfirmDialog):
            return
        fleet = self.client.snapshot()
        gateway = f"; programs that use {fleet.gateway} lose their gateway" if fleet.gateway else ""
        text = f"Quit stops the engine: {len(fleet.models)} models are no longer watched{gateway}."
        if fleet.environment.lower() == DEMO:
            text = "Quit ends the demo, with its models, its traffic and its recording."
        self.push_screen(ConfirmDialog("Quit?", text, yes="Quit", no="Stay"), self._quit_if)

    def _quit_if(self, is_sure: bool | None) -> None:  # noqa: FBT001 - Textual's callback shape
        if is_sure:
            self.exit()
