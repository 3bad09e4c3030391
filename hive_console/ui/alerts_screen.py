"""The inbox: what wants somebody, who has it, and what it is about."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from hive_console.core.command import Command, CommandResult
from hive_console.core.past import past_of
from hive_console.core.snapshot import AlertView, FleetSnapshot
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.acknowledge_dialog import AcknowledgeDialog
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.alert_story import HINT, admits, detail_lines, empty_words, summary
from hive_console.ui.app_traits import (
    Now,
    is_ascii,
    is_read_only,
    moment,
    refusal_to_act,
    wall_clock,
    zone_of,
)
from hive_console.ui.filter_prompt import FilterPrompt
from hive_console.ui.incident_words import alert_row
from hive_console.ui.key_bar import key_bar
from hive_console.ui.model_screen import ModelScreen
from hive_console.ui.past_words import draw_bar
from hive_console.ui.place_line import place_line
from hive_console.ui.undo_dialog import UndoDialog
from hive_widgets.alert_list import AlertList
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane
from hive_widgets.pieces import Piece
from hive_widgets.time_bar import TimeBar

TICK = 1.0
"""Seconds between two drawings; ages are said in seconds."""

SAID_FOR = 6.0
"""Seconds that an answer to a key stands: time to read one line twice."""


class AlertsScreen(Screen[None]):
    """Shows the alerts of the engine and lets a person take them."""

    DEFAULT_CSS = """
    AlertsScreen { layout: vertical; }
    AlertsScreen LinePane { height: 1; width: 1fr; }
    AlertsScreen #alerts-place, AlertsScreen #alerts-said, AlertsScreen #alerts-keys { background: $panel; }
    AlertsScreen #alerts-detail { height: 7; }
    AlertsScreen.-tiny #alerts-detail { display: none; }
    """

    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-tiny"), (16, "-short")]  # type: ignore[misc]  # Textual declares it on the instance

    BINDING_GROUP_TITLE = "The inbox"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="alerts.back"),
        Binding("a", "acknowledge", "acknowledge", id="alerts.acknowledge"),
        Binding("space", "mark", "mark", id="alerts.mark"),
        Binding("slash", "filter", "filter", id="alerts.filter", key_display="/"),
        Binding("u", "undo", "undo the last action", id="alerts.undo", show=False),
    ]

    AUTO_FOCUS = "AlertList"
    place_name = "alerts"

    def __init__(self, client: EngineClient, now: Now | None = None) -> None:
        """Shows the inbox.

        Args:
            client: the engine.
            now: Unix seconds; the app's clock when not given.
        """
        super().__init__()
        self.client = client
        self._given_now = now
        self._filter = ""
        self._said: tuple[str, float] | None = None

    @property
    def text(self) -> str:
        """What the screen says, as plain text."""
        lines = [pane.text for pane in self.query(LinePane)]
        return "\n".join([*lines, self._list.text])

    def now(self) -> float:
        """Unix seconds."""
        return moment(self.app, self.client, self._given_now)

    def compose(self) -> ComposeResult:
        """Place, summary, list, detail and keys, from the top."""
        yield LinePane(id="alerts-place")
        yield LinePane(id="alerts-summary")
        yield AlertList(is_ascii=is_ascii(self.app), id="alerts-list")
        yield LinePane(id="alerts-said")
        yield LinePane(id="alerts-detail")
        if past_of(self.client.snapshot()) is not None:
            yield TimeBar(id="time")
        yield LinePane(id="alerts-keys")

    def on_mount(self) -> None:
        """Begins to follow the inbox."""
        self.tick()
        self.set_interval(TICK, self.tick)

    def on_resize(self, _: events.Resize) -> None:
        """Lines are cut to the width."""
        self.call_after_refresh(self.tick)

    def on_screen_resume(self) -> None:
        """What happened under a dialog is shown at once."""
        self.call_after_refresh(self.tick)

    @property
    def _list(self) -> AlertList:
        return self.query_one(AlertList)

    def tick(self) -> None:
        """Reads what is new and draws it."""
        if not self.is_current:
            return
        fleet, now = self.client.snapshot(), self.now()
        shown = tuple(alert for alert in fleet.alerts if admits(alert, self._filter))
        empty = "no alert matches the filter; esc clears it" if fleet.alerts else empty_words(fleet, now)
        self._list.show(shown, now, empty_text=empty)
        self._draw_lines(fleet, now)

    def _draw_lines(self, fleet: FleetSnapshot, now: float) -> None:
        width = self.size.width
        line = place_line(
            ("fleet", "alerts"), "", fleet, now=now, zone=zone_of(self.app), width=width, app=self.app
        )
        self._pane("alerts-place").show((line,))
        chips = (Piece(f"  [{self._filter}] esc clears", Role.HELD, is_bold=True),) if self._filter else ()
        self._pane("alerts-summary").show(((summary(fleet, now), *chips),))
        if self._said is not None and wall_clock(self.app, self.now) - self._said[1] > SAID_FOR:
            self._said = None
        said = (
            Piece(f" {self._said[0]}", Role.WARN, is_bold=True)
            if self._said is not None
            else Piece(self._list_words(), Role.MUTED)
        )
        self._pane("alerts-said").show(((said,),))
        self._pane("alerts-detail").show(
            detail_lines(
                self._list.current, fleet, now=now, zone=zone_of(self.app), width=width, plain=is_ascii(self.app)
            )
        )
        for bar in self.query(TimeBar):
            draw_bar(bar, fleet, zone_of(self.app), is_ascii=is_ascii(self.app))
        self._pane("alerts-keys").show((key_bar(self.app, self, width),))

    def _list_words(self) -> str:
        marked = len(self._list.marked)
        if marked:
            return f" {marked} marked: a takes them, esc clears"
        return " Details" if self._list.current is not None else ""

    def _pane(self, name: str) -> LinePane:
        return self.query_one(f"#{name}", LinePane)

    # --- keys ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grays out what a read-only console must not do."""
        del parameters
        return None if action in {"acknowledge", "undo"} and is_read_only(self.app) else True

    def on_key(self, event: events.Key) -> None:
        """A grayed key says why it is gray."""
        active = self.active_bindings.get(event.key)
        if active is not None and not active.enabled and is_read_only(self.app):
            self.say(f"{active.binding.description}: {refusal_to_act(self.app)}")

    def say(self, text: str) -> None:
        """Answers a key, for a few seconds."""
        self._said = (text, wall_clock(self.app, self.now))
        self._draw_lines(self.client.snapshot(), self.now())

    def on_alert_list_moved(self) -> None:
        """The details follow the cursor."""
        if self.is_current:
            self._draw_lines(self.client.snapshot(), self.now())

    def on_alert_list_opened(self) -> None:
        """Shows the model that the alert is about."""
        alert = self._list.current
        if alert is None or self.client.snapshot().model(alert.subject) is None:
            self.say("this alert is about the whole fleet")
            return
        self.app.push_screen(ModelScreen(self.client, alert.subject, self._given_now))

    def copied_row(self) -> str:
        """The alert under the cursor in one line, to be copied."""
        alert = self._list.current
        return "" if alert is None else alert_row(alert, self.now())

    def action_mark(self) -> None:
        """Marks the alert under the cursor, and goes on."""
        self._list.toggle_mark()
        self._draw_lines(self.client.snapshot(), self.now())

    def action_acknowledge(self) -> None:
        """Takes the marked alerts, or the one under the cursor."""
        chosen: tuple[AlertView, ...] = self._list.marked
        if len(chosen) > 1:
            dialog = AcknowledgeDialog(self.client, tuple(alert.alert_id for alert in chosen))
            self.app.push_screen(dialog, self._clear_marks_if_done)
            return
        alert = chosen[0] if chosen else self._list.current
        if alert is None:
            self.say("there is no alert to acknowledge")
            return
        command = Command(Action.ACKNOWLEDGE, alert.alert_id)
        self.app.push_screen(ActionDialog(self.client, command, self.now), self._clear_marks_if_done)

    def _clear_marks_if_done(self, result: CommandResult | None) -> None:
        if result is not None and result.is_done:
            self._list.clear_marks()
            self.tick()

    def action_undo(self) -> None:
        """Takes the last action back."""
        self.app.push_screen(UndoDialog(self.client, self.now))

    def action_filter(self) -> None:
        """Narrows the list to alerts that hold all the words typed."""
        if not self.query(FilterPrompt):
            self.mount(FilterPrompt(self._filter, hint=HINT), before="#alerts-keys")

    def on_filter_prompt_typed(self, event: FilterPrompt.Typed) -> None:
        """The list narrows while one types."""
        self._filter = " ".join(event.text.split())
        if event.is_final:
            self.query(FilterPrompt).remove()
            self._list.focus()
        self.tick()

    def action_back(self) -> None:
        """Clears marks, then the filter, then leaves."""
        if self._list.marked:
            self._list.clear_marks()
        elif self._filter:
            self._filter = ""
        else:
            self.app.pop_screen()
            return
        self.tick()
